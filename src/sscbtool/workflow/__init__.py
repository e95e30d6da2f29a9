"""The order of the stages for each command; the only package that joins them.

``receiving`` goes from paths to rows, ``judging`` from rows to verdicts; here each command puts them in order and says
what the run came to.
"""
