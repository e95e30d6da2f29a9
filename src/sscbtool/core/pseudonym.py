"""Identifiers of people -> keyed hashes, so that people can be counted and matched but not looked up.

A plain hash of a small space of identifiers is undone by trying them all; without the key that cannot be done.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from sscbtool.core.model import ColumnKind, ReturnSchema, Submission

LENGTH = 24
"""Hexadecimal digits kept: 96 bits, beyond any chance of two people sharing one."""


def pseudonymised(submission: Submission, schema: ReturnSchema, key: bytes) -> Submission:
    """The submission with every identifier of a person replaced; the same person has the same one in every return."""
    people = [spec.name for spec in schema.columns if spec.kind is ColumnKind.PERSON]
    if not people:
        return submission
    hashed = {
        name: submission.frame[name].map(lambda value: pseudonym(str(value), key), na_action="ignore").astype("str")
        for name in people
    }
    return replace(submission, frame=submission.frame.assign(**hashed))


def pseudonym(identifier: str, key: bytes) -> str:
    """What stands for a person; case and surrounding space make no other person."""
    return hmac.new(key, identifier.strip().casefold().encode(), "sha256").hexdigest()[:LENGTH]
