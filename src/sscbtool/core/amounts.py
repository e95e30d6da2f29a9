"""What stands against a recognised table's amounts: each doubt by its cell, none of them a guess at what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from sscbtool.core.headings import Unit, unit_of
from sscbtool.core.model import ColumnKind, Flag, Grid, Kind, ReturnSchema, RowRole, Table
from sscbtool.core.organisations import Register
from sscbtool.core.recognise import HeaderMatch, stored_column
from sscbtool.core.values import fold, parse_money


@dataclass(frozen=True)
class Stray:
    """An amount of a recognised table's column that stands in none of its rows."""

    row: int
    column: int
    certain: bool
    """Whether it stands beside a registered organisation: a payment, and not a figure among notes."""


NO_AMOUNT = re.compile(
    r"\b(?:number|no|nr|count|rows?|records?|version|years?|ye|periods?|quarter|months?|dates?|pages?|codes?|ref|"
    r"reference|tel|phone|telephone|cost cent(?:re|er)|account|id|vat|company|charity|registration|issue|sheet|tab)\b",
    re.IGNORECASE,
)
"""Labels of numbers that are no amounts, as they stand above tables."""


def strays(
    grid: Grid, table: Table, match: HeaderMatch, schema: ReturnSchema, register: Register, tables: Sequence[Table]
) -> Iterator[Stray]:
    """Amounts in line with a table's own, in rows that belong to none of ``tables``, which are all of the sheet.

    A payment typed above the headings, or below the notes, would otherwise be lost without a word. A total stated
    there that the rows bear out is none.
    """
    if not match.money:
        return
    name = next((c.name for c in schema.columns if c.kind is ColumnKind.ORGANISATION and c.name in match.columns), None)
    label = stored_column(grid, match.columns[name]) if name else None
    aside = [row for row, role in table.set_aside if role is RowRole.NOTE and row > min(table.data_rows, default=row)]
    outside = np.isin(grid.rows, aside)
    inside = np.zeros(len(grid.rows), bool)
    for each in tables:
        inside |= (grid.rows >= each.area.top) & (grid.rows <= each.area.bottom)
    outside |= ~inside
    places = [(number, j) for number in match.money if (j := stored_column(grid, number)) is not None]
    for number, j in places:
        sums = None
        for i in np.flatnonzero(outside & (grid.kinds[:, j] != Kind.BLANK)).tolist():
            row = int(grid.rows[i])
            amount = _amount(grid, i, j)
            if not isinstance(amount, Decimal) or not amount:
                continue
            text = grid.text(i, label).strip() if label is not None and label != j else ""
            if text in register:
                yield Stray(row, number, certain=True)
                continue
            if not text and row < table.area.top:
                continue
            if NO_AMOUNT.search(text) or (amount == amount.to_integral_value() and 1990 <= amount <= 2099):
                continue
            sums = sums if sums is not None else _sum(grid, table, j)
            if amount != sums:
                yield Stray(row, number, certain=False)
    yield from _beside(grid, register, tables)


def _beside(grid: Grid, register: Register, tables: Sequence[Table]) -> Iterator[Stray]:
    """Amounts right of a registered organisation in columns that no table of the sheet has a heading for."""
    named = {head.number for each in tables for head in each.heads if head.path}
    for j in range(len(grid.columns) - 1):
        number = int(grid.columns[j])
        if number in named or number + 1 in named or int(grid.columns[j + 1]) != number + 1:
            continue
        texts = (grid.kinds[:, j] == Kind.TEXT) & (grid.kinds[:, j + 1] != Kind.BLANK)
        for i in np.flatnonzero(texts).tolist():
            if isinstance(_amount(grid, i, j + 1), Decimal) and grid.text(i, j).strip() in register:
                yield Stray(int(grid.rows[i]), number + 1, certain=False)


def _sum(grid: Grid, table: Table, j: int) -> Decimal:
    """The amounts of a table's rows in one column; what cannot be read counts nothing."""
    found = (_amount(grid, i, j) for i in np.searchsorted(grid.rows, table.data_rows).tolist())
    return sum((each for each in found if isinstance(each, Decimal)), Decimal(0))


SIGN_COLUMN = frozenset({"dr cr", "cr dr", "debit credit", "credit debit", "d c", "c d", "sign", "plus minus", "+"})
CREDITS = frozenset({"cr", "c", "credit", "credits", "minus", "negative", "-"})


def signed_cells(grid: Grid, table: Table) -> Iterator[tuple[int, int]]:
    """Cells of a column of signs that call their row a credit, where other rows are called otherwise: (row, column)."""
    at = np.searchsorted(grid.rows, table.data_rows).tolist()
    for head in table.heads:
        j = stored_column(grid, head.number)
        if j is None or not head.path or fold(head.path[-1]) not in SIGN_COLUMN:
            continue
        said = [(i, fold(text) or text) for i in at if (text := grid.text(i, j).strip())]
        if len({word for _, word in said}) > 1:
            yield from ((int(grid.rows[i]), head.number) for i, word in said if word in CREDITS)


REFUNDS = frozenset(
    {"refund", "refunds", "refunded", "reversal", "reversals", "credit note", "repayment", "repaid to payer"}
)
UNPAID = frozenset(
    {"cancelled", "canceled", "void", "voided", "reversed", "rejected", "withdrawn", "duplicate", "draft", "forecast"}
    | {"expected", "estimate", "estimated", "pledged", "promised", "proposed", "unpaid", "not paid", "not yet paid"}
    | {"not received", "not yet received", "pending", "awaited", "awaiting payment", "outstanding", "written off"}
)
"""Whole cells that say of their row that its amount never came, or has not come."""


def spoken_against(grid: Grid, table: Table, match: HeaderMatch) -> Iterator[tuple[int, int, bool]]:
    """Cells of columns that the return does not read which say that their row was not paid, or paid back.

    (row, column, whether it is a refund, whose amount has no minus sign).
    """
    read = {*match.columns.values(), *match.wide.values(), *match.controls}
    at = np.searchsorted(grid.rows, table.data_rows).tolist()
    amounts = [j for number in match.money if (j := stored_column(grid, number)) is not None]
    for head in table.heads:
        j = stored_column(grid, head.number)
        if j is None or head.number in read:
            continue
        for i in at:
            said = fold(grid.text(i, j)) if grid.kinds[i, j] == Kind.TEXT else ""
            if said not in UNPAID and said not in REFUNDS:
                continue
            values = [value for k in amounts if isinstance(value := _amount(grid, i, k), Decimal)]
            if any(value > 0 for value in values):
                yield int(grid.rows[i]), head.number, said in REFUNDS


UNIT_COLUMN = frozenset({"unit", "units", "scale", "multiplier", "unit of measure"})


def scaled_cells(grid: Grid, table: Table) -> Iterator[tuple[int, int, Unit]]:
    """Cells of a column of units that say another unit than pounds: (row, column, unit)."""
    at = np.searchsorted(grid.rows, table.data_rows).tolist()
    for head in table.heads:
        j = stored_column(grid, head.number)
        if j is None or not head.path or fold(head.path[-1]) not in UNIT_COLUMN:
            continue
        for i in at:
            if unit := unit_of(grid.text(i, j)):
                yield int(grid.rows[i]), head.number, unit


def covered_amounts(grid: Grid, table: Table, match: HeaderMatch) -> Iterator[tuple[int, int]]:
    """Amounts that a merged cell hides: they count, and nobody sees them. (row, column) of each."""
    rows = set(table.data_rows.tolist())
    for area in grid.merges:
        for number in match.money:
            j = stored_column(grid, number) if area.left <= number <= area.right else None
            if j is None:
                continue
            first, last = np.searchsorted(grid.rows, [area.top, area.bottom + 1])
            for i in range(int(first), int(last)):
                row = int(grid.rows[i])
                if row in rows and (row, number) != (area.top, area.left) and grid.kinds[i, j] != Kind.BLANK:
                    yield row, number


def controls(grid: Grid, table: Table, match: HeaderMatch) -> Iterator[tuple[int, int, Decimal | None]]:
    """Row totals beside unpivoted columns that differ from them: (row, column, sum less total; None if unreadable)."""
    known = {(check.row, check.column) for check in table.row_breaks}
    parts = [j for number in match.wide.values() if (j := stored_column(grid, number)) is not None]

    for number in match.controls:
        j = stored_column(grid, number)
        if j is None or len(parts) < len(match.wide):
            continue
        for i in np.searchsorted(grid.rows, table.data_rows).tolist():
            stated, row = _amount(grid, i, j), int(grid.rows[i])
            if stated is None or (row, number) in known:
                continue
            values = [_amount(grid, i, part) for part in parts]
            if not isinstance(stated, Decimal):
                yield row, number, None
            elif all(value is None or isinstance(value, Decimal) for value in values):
                sums = sum((value for value in values if isinstance(value, Decimal)), Decimal(0))
                if sums != stated:
                    yield row, number, sums - stated


NUMBER_OF_ITS_OWN = re.compile(r"-?[\d,]+(?:\.\d+)?")
"""In the column beside amounts one of these that cannot be their thousands shows that it holds numbers of its own."""
HUNDREDS = re.compile(r"£? ?\d{1,3}")
THOUSANDS_CUT_OFF = re.compile(r"\d{3}(?:,\d{3})*(?:\.\d{1,2})?")


def split_amounts(grid: Grid, table: Table, match: HeaderMatch) -> Iterator[tuple[int, int]]:
    """Amounts of a text file that their own thousands comma seems to have cut in two: (row, column) of the first part.

    ``60,000`` without quotation marks is 60 in its column and 000 in the next one.
    """
    if grid.sheet is not None:
        return
    at = np.searchsorted(grid.rows, table.data_rows).tolist()
    place = {int(number): j for j, number in enumerate(grid.columns)}
    for number in match.money:
        j, after = place.get(number), place.get(number + 1)
        if j is None or after is None or number + 1 in match.money or number + 1 in match.controls:
            continue
        beside = [grid.text(i, after).strip() for i in at]
        if any(NUMBER_OF_ITS_OWN.fullmatch(text) and not THOUSANDS_CUT_OFF.fullmatch(text) for text in beside):
            continue
        for i in at:
            if THOUSANDS_CUT_OFF.fullmatch(grid.text(i, after)) and HUNDREDS.fullmatch(grid.text(i, j)):
                yield int(grid.rows[i]), number


CURRENCY_COLUMN = frozenset({"currency", "ccy", "currency code", "cur"})
POUNDS = frozenset({"gbp", "£", "", "sterling", "pounds", "pound sterling", "uk pounds"})


def foreign_cells(grid: Grid, table: Table) -> Iterator[tuple[int, int]]:
    """Cells of a currency column that say another currency than pounds: (row, column)."""
    at = np.searchsorted(grid.rows, table.data_rows)
    for head in table.heads:
        if head.path and fold(head.path[-1]) in CURRENCY_COLUMN:
            j = int(np.searchsorted(grid.columns, head.number))
            for i in at.tolist():
                if fold(grid.text(i, j)) not in POUNDS and grid.text(i, j).strip() != "£":
                    yield int(grid.rows[i]), head.number


def _amount(grid: Grid, i: int, j: int) -> object:
    """What a stored cell says as an amount of money."""
    return parse_money(grid.text(i, j), grid.kind(i, j), grid.format_code(i, j), flags=Flag(grid.flags[i, j]))
