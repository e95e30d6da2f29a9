"""What a closing is worked out from: agreements, invoices and ledger lines, column by column, and the terms.

Amounts are int64 pence and income-positive. A blank text is unknown; a blank day is ``NaT``. ``row`` is the caller's
own number of a row and means nothing here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa

from sscbtool.core.values import Period

Array = np.ndarray[Any, Any]
MONEY = pa.decimal128(18, 2)


def pence_of(amounts: pa.Array | pa.ChunkedArray) -> Array:
    """Whole pence of exact decimals, as int64; nought where there is none.

    An amount of eighteen digits is kept as a whole number of pence in sixteen bytes, of which the lower eight hold all.
    """
    column = amounts.combine_chunks() if isinstance(amounts, pa.ChunkedArray) else amounts
    column = column.cast(MONEY).fill_null(0)
    words = np.frombuffer(column.buffers()[1], dtype="<i8") if len(column) else np.array([], dtype=np.int64)
    return words[2 * column.offset : 2 * (column.offset + len(column)) : 2].astype(np.int64)


@dataclass(frozen=True)
class Agreement:
    """What one organisation agreed to pay towards one fund."""

    organisation: str
    fund: str
    pence: int
    invoiced: bool = True
    """Whether it is collected by invoice; a journal or a remittance is not waited for as an invoice."""
    last_year: int | None = None
    """Pence of the year before, where the agreement states it."""
    row: int = -1


@dataclass(frozen=True, eq=False)
class _Columns:
    """Arrays of one length, taken by position together."""

    pence: Array
    """int64."""

    def __len__(self) -> int:
        return len(self.pence)

    def take(self, positions: Array) -> Self:
        """The rows at ``positions``, in that order."""
        return replace(self, **{each.name: getattr(self, each.name)[positions] for each in fields(self)})


@dataclass(frozen=True, eq=False)
class Invoices(_Columns):
    """Invoices and credit notes; a credit note is negative and may name the invoice that it takes back."""

    number: Array
    organisation: Array
    fund: Array
    raised: Array
    """datetime64[D]."""
    due: Array
    year: Array
    """int64: the year in which the financial year starts that it was raised for."""
    credit_of: Array
    row: Array


@dataclass(frozen=True, eq=False)
class Lines(_Columns):
    """Lines of the general ledger, or parts of lines where a split divides them."""

    organisation: Array
    """Code or name as the ledger states it; blank where it does not say."""
    fund: Array
    """Where a split or an account says so; ``NO_FUND`` where the accounts belong to no fund at all."""
    day: Array
    """datetime64[D]: the date that counts as received."""
    document_day: Array
    doc_no: Array
    line_no: Array
    journal: Array
    """bool: posted by a journal document."""
    credit_note: Array
    """bool: posted by a credit note document."""
    reference: Array
    text: Array
    accounts: Array
    """Account, cost centre and WBS code as one text."""
    row: Array


def day_of(lines: Lines, position: int) -> dt.date | None:
    """The day of a line; None where it has none."""
    day: dt.date | None = lines.day[position].astype(object)
    return day


NO_FUND = "\N{EMPTY SET}"
"""The fund of a line whose accounts belong to none."""


@dataclass(frozen=True)
class Terms:
    """How this closing is to be read; all of it stated before the data is seen."""

    period: Period
    fund: str = ""
    """The fund asked for; blank for every fund."""
    organisation: str = ""
    """The organisation asked for; blank for all."""
    own_authority: str = ""
    """Whose ledger it is: its own share comes by journal."""
    tolerance: int = 0
    """Pence by which a line may differ and still be settled."""
    window_days: int = 92
    """How long after the period's end money may come and still be this year's."""
    invoices_given: bool = True
    names: Mapping[str, str] = field(default_factory=dict)
    """Folded names of organisations -> code, for lines that name theirs only in words."""
    grant_words: frozenset[str] = frozenset({"grant", "grants"})
    """Words that mark money given for something else."""
