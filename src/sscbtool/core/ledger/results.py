"""What a closing comes to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Class(StrEnum):
    """The verdict on an agreement, or on a receipt that no agreement identifies."""

    SETTLED = "settled"
    NOT_INVOICED = "not_invoiced"
    UNPAID = "unpaid"
    SHORT_PAID = "short_paid"
    OVER_PAID = "over_paid"
    DUPLICATE = "duplicate"
    UNEXPECTED = "unexpected"
    WRONG_FUND = "wrong_fund"
    PRIOR_YEAR = "prior_year"
    CUT_OFF = "cut_off"
    SIGN_ERROR = "sign_error"
    OWN_AUTHORITY_JOURNAL = "own_authority_journal"
    CREDIT_NOTE_UNMATCHED = "credit_note_unmatched"


SETTLED = frozenset({Class.SETTLED, Class.OWN_AUTHORITY_JOURNAL})
"""Verdicts on an agreement that leave nothing open. A receipt that no agreement identifies is open whatever it is."""


@dataclass(frozen=True)
class Receipt:
    """A ledger line, or the part of one that belongs here."""

    doc_no: str
    line_no: str
    pence: int
    row: int
    day: dt.date | None = None
    """When it counts as received."""


@dataclass(frozen=True)
class Match:
    """What was expected and the receipts that answer to it; either side may be missing."""

    expected: int | None
    """Pence; None for receipts that answer to nothing expected."""
    reference: str | None
    """The invoice, where one was raised."""
    receipts: tuple[Receipt, ...]
    how: str
    """``reference``, ``amount``, ``instalments``, ``together``, or what sets the receipts apart."""
    tied: tuple[str, ...] = ()
    """Where several answers are equally good: the invoices or documents among which nothing decides."""


@dataclass(frozen=True)
class ClosedLine:
    """One agreement: agreed, invoiced and received in pence, and why they differ."""

    organisation: str
    fund: str
    agreed: int
    invoiced: int | None
    """None where no invoices were given."""
    received: int
    verdict: Class
    hint: str
    matches: tuple[Match, ...]
    steps: tuple[tuple[str, int], ...]
    """What ``received - agreed`` is made of: class and signed pence; they add up to it exactly."""
    age_days: int | None = None
    """Days from when the oldest open invoice was due to the period's end."""
    last_year: int | None = None
    row: int = -1

    @property
    def difference(self) -> int:
        """``received - agreed``."""
        return self.received - self.agreed


@dataclass(frozen=True)
class Unmatched:
    """A receipt of the period that no agreement identifies."""

    receipt: Receipt
    organisation: str
    fund: str
    verdict: Class
    hint: str = ""
    tied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """A match that arithmetic suggests and only a person may make."""

    receipt: Receipt
    organisation: str
    fund: str
    why: str


@dataclass(frozen=True)
class Step:
    """One step of the bridge, in pence."""

    name: str
    pence: int


@dataclass(frozen=True)
class Closing:
    """The year as far as it can be closed."""

    lines: tuple[ClosedLine, ...]
    unmatched: tuple[Unmatched, ...]
    bridge: tuple[Step, ...]
    """Begins with ``agreed`` and ends with ``received``."""
    residual: int
    """What the ledger holds beyond what the bridge explains: shown, never plugged."""
    proposals: tuple[Proposal, ...] = ()
    other_years: int = 0
    """Ledger lines of other periods that played no part."""
    other_funds: int = 0
    """Ledger lines of the period that belong to funds not asked for."""
