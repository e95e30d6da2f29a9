"""Closing the year: what was agreed, what was invoiced, what the general ledger shows, and every penny between them.

``close`` takes agreements, invoices and ledger lines and gives a ``Closing``: a line for each agreement with its
verdict and matches, the receipts that no agreement identifies, and a bridge from agreed to received that foots.
Money is whole pence in int64 throughout; nothing here is ever a float.
"""

from sscbtool.core.ledger.closing import close
from sscbtool.core.ledger.inputs import Agreement, Invoices, Lines, Terms, pence_of
from sscbtool.core.ledger.references import Join, join_references, reference_keys
from sscbtool.core.ledger.results import SETTLED, Class, ClosedLine, Closing, Match, Proposal, Receipt, Step, Unmatched

__all__ = [
    "SETTLED",
    "Agreement",
    "Class",
    "ClosedLine",
    "Closing",
    "Invoices",
    "Join",
    "Lines",
    "Match",
    "Proposal",
    "Receipt",
    "Step",
    "Terms",
    "Unmatched",
    "close",
    "join_references",
    "pence_of",
    "reference_keys",
]
