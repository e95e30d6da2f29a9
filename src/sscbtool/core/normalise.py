"""A located table and the schema it answers to -> typed rows, each with its place, and what could not be read.

Rows read = rows kept + rows set aside. No cell's text is ever part of a fault: a fault is a kind and a place.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, assert_never

import numpy as np
import pandas as pd
import pyarrow as pa

from sscbtool.core.headings import quarter_of
from sscbtool.core.model import ColumnKind, ColumnSpec, Flag, Grid, Kind, ReturnSchema, Table, Wide
from sscbtool.core.organisations import Register
from sscbtool.core.values import (
    Fault,
    FaultKind,
    Interval,
    Marker,
    Period,
    fold,
    has_hidden_characters,
    parse_count,
    parse_date,
    parse_money,
    parse_number,
    parse_percent,
    parse_period,
)

MONEY = pd.ArrowDtype(pa.decimal128(18, 2))
PERCENT = pd.ArrowDtype(pa.decimal128(18, 6))
COUNT = pd.Int64Dtype()
TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
LABELS = frozenset(
    {ColumnKind.ORGANISATION, ColumnKind.CODE, ColumnKind.PERSON, ColumnKind.TEXT, ColumnKind.DATE, ColumnKind.PERIOD}
)
"""Kinds whose value, given once or merged over rows, is meant for each of them."""
NUMBERS = frozenset({ColumnKind.MONEY, ColumnKind.COUNT, ColumnKind.PERCENT, ColumnKind.NUMBER})
DATE = np.dtype("datetime64[ns]")


@dataclass(frozen=True)
class CellFault:
    """A cell that could not be read as its column's kind, or that was read with a doubt."""

    kind: FaultKind | Marker
    column: str
    row: int
    number: int
    """The sheet's column."""


@dataclass(frozen=True, eq=False)
class Normalised:
    """A table's rows under the schema's names.

    ``frame`` has an index 0..n-1; ``rows[k]`` and ``cells[name][k]`` are the sheet's row and column of each value.
    """

    frame: pd.DataFrame
    rows: np.ndarray[Any, np.dtype[np.int32]]
    cells: Mapping[str, np.ndarray[Any, np.dtype[np.int32]]]
    faults: tuple[CellFault, ...]
    periods: tuple[str | None, ...]
    """Of each row: the year its own date falls in, else the year given for the table."""
    quarters: tuple[str | None, ...]


def normalise(
    grid: Grid,
    table: Table,
    schema: ReturnSchema,
    columns: Mapping[str, int],
    register: Register,
    period: Period | None,
    *,
    wide: Mapping[str, int] | None = None,
    layout: Wide | None = None,
    epoch_1904: bool = False,
    stated: Mapping[int, Period] | None = None,
) -> Normalised:
    """Read every data row of ``table``.

    Args:
        grid: the sheet's cells.
        table: where the rows are.
        schema: what the columns should be.
        columns: schema column -> the sheet's column number.
        register: organisations by any of their names.
        period: the year given for the table, for rows whose own date does not say.
        wide: name of each column to unpivot -> its number; none for a long table.
        layout: what they are unpivoted into.
        epoch_1904: whether the workbook counts its days from 1904.
        stated: the sheet's row -> the year or quarter that it states of itself, for rows that are not dated.
    """
    reader = _Reader(grid, table, register, epoch_1904=epoch_1904)
    wide = wide or {}
    numbers, names = list(wide.values()), list(wide)
    rows = np.repeat(table.data_rows, len(wide)) if wide else table.data_rows
    values: dict[str, list[Any]] = {}
    cells: dict[str, np.ndarray[Any, np.dtype[np.int32]]] = {}
    for spec in schema.columns:
        if layout and spec.name == layout.value:
            parts = [reader.column(spec, number) for number in numbers]
            values[spec.name] = [part[k] for k in range(len(table.data_rows)) for part in parts]
            cells[spec.name] = np.tile(np.array(numbers, dtype=np.int32), len(table.data_rows))
            continue
        number = columns.get(spec.name, 0)
        own = bool(schema.key) and spec.nullable and spec.name not in schema.key
        read = reader.column(spec, number, given_once=not own) if number else [None] * len(table.data_rows)
        values[spec.name] = [value for value in read for _ in range(len(wide))] if wide else read
        cells[spec.name] = np.full(len(rows), number, dtype=np.int32)
    frame = pd.DataFrame(
        {spec.name: _series(spec, values[spec.name]) for spec in schema.columns}, index=pd.RangeIndex(len(rows))
    )
    for spec in schema.columns:
        if any(isinstance(value, Interval) for value in values[spec.name]):
            frame[f"{spec.name}__low"], frame[f"{spec.name}__high"] = _bounds(values[spec.name])
    dates = values[schema.period_from] if schema.period_from else [None] * len(rows)
    given = [quarter_of(name) for name in names] * len(table.data_rows) if layout else None
    own_years = [(stated or {}).get(int(row), period) for row in rows]
    periods, quarters = _periods(dates, given, own_years)
    years = next((spec.name for spec in schema.columns if spec.kind is ColumnKind.PERIOD), None)
    if years is not None and not schema.period_from:
        periods = tuple(_year(said) or period for said, period in zip(values[years], periods, strict=True))
    return Normalised(frame, rows, cells, tuple(reader.faults), periods, quarters)


class _Reader:
    """Reads columns of one table, keeping the faults it meets. Each distinct cell is parsed once."""

    def __init__(self, grid: Grid, table: Table, register: Register, *, epoch_1904: bool) -> None:
        self.grid = grid
        self.table = table
        self.register = register
        self.epoch_1904 = epoch_1904
        self.faults: list[CellFault] = []
        self.rows = np.searchsorted(grid.rows, table.data_rows)
        self.position = {int(number): j for j, number in enumerate(grid.columns)}

    def column(self, spec: ColumnSpec, number: int, *, given_once: bool = True) -> list[Any]:
        """The values of one column over the data rows; None for blank, marker and fault.

        ``given_once`` lets a label stand for the blanks below it. Where each row is a record with a key of its own, a
        blank in an optional column is meant: a ledger line without a payer is nobody's, and not the last one's.
        """
        parse = self._parser(spec)
        known: dict[tuple[str, int, int, int], Any] = {}
        found = []
        for k, cell in enumerate(self._cells(number, labels=spec.kind in LABELS, given_once=given_once)):
            if cell not in known:
                known[cell] = parse(*cell)
            value = known[cell]
            if isinstance(value, (Fault, Marker)):
                kind = value.kind if isinstance(value, Fault) else value
                self.faults.append(CellFault(kind, spec.name, int(self.table.data_rows[k]), number))
                value = None
            found.append(value)
        if spec.kind in NUMBERS:
            self.faults += self._formulas_all_nought(spec, number)
        return found

    def _formulas_all_nought(self, spec: ColumnSpec, number: int) -> Iterator[CellFault]:
        """Formulas of a column that all stand at nought: the sign of a workbook that nobody ever calculated."""
        j = self.position.get(number)
        if j is None:
            return
        at = self.rows[(self.grid.flags[self.rows, j] & Flag.FORMULA) != 0]
        at = at[self.grid.kinds[at, j] == Kind.NUMBER]
        if len(at) and all(self.grid.text(int(i), j) == "0" for i in at):
            for i in at:
                yield CellFault(FaultKind.ZERO_FORMULA, spec.name, int(self.grid.rows[i]), number)

    def _cells(self, number: int, *, labels: bool, given_once: bool = True) -> Iterator[tuple[str, int, int, int]]:
        """Text, kind, number format and flags of each data row's cell; a carried label stands in for a blank one.

        An amount or count is never carried: a merged one would be counted once for every row that it spans.
        """
        j = self.position.get(number)
        if j is None:
            return iter([("", int(Kind.BLANK), 0, 0)] * len(self.rows))
        rows = self.rows
        once = self.table.carried.get(number, {}) if given_once else {}
        carried = {**self._merged(number), **once} if labels else {}
        if carried:
            where = {int(row): i for i, row in enumerate(self.grid.rows)}
            rows = np.array([where[carried.get(int(row), int(row))] for row in self.table.data_rows], dtype=np.int64)
        texts: Sequence[str] = self.grid.texts[j].take(pa.array(rows)).to_pylist()
        kinds, formats, flags = (
            each[rows, j].tolist() for each in (self.grid.kinds, self.grid.formats, self.grid.flags)
        )
        return iter(zip(texts, kinds, formats, flags, strict=True))

    def _merged(self, number: int) -> dict[int, int]:
        """For each row that a merged cell of the column spans, the row that holds its value."""
        spans = (area for area in self.grid.merges if area.left <= number <= area.right and area.bottom > area.top)
        held = set(self.grid.rows.tolist())
        return {row: area.top for area in spans if area.top in held for row in range(area.top + 1, area.bottom + 1)}

    def _parser(self, spec: ColumnSpec) -> Callable[[str, int, int, int], Any]:
        codes = self.grid.format_codes

        def parse(text: str, kind: int, format_index: int, flags: int) -> Any:
            cell, flag = Kind(kind), Flag(flags)
            if flag & Flag.UNCACHED:
                return Fault(FaultKind.UNCACHED_FORMULA)
            if cell is Kind.ERROR:
                return Fault(FaultKind.ERROR_CELL)
            if not text.strip():
                return None
            return self._meaning(spec, text, cell, codes[format_index], flag)

        return parse

    def _meaning(self, spec: ColumnSpec, text: str, kind: Kind, code: str, flag: Flag) -> Any:
        """The value of one cell under its column's grammar."""
        match spec.kind:
            case ColumnKind.MONEY:
                return parse_money(_marked(text, spec.values), kind, code, flags=flag)
            case ColumnKind.COUNT:
                return parse_count(text, kind, code, flags=flag)
            case ColumnKind.PERCENT:
                return parse_percent(text, kind, code, flags=flag)
            case ColumnKind.DATE:
                return parse_date(text, kind, code, flags=flag, epoch_1904=self.epoch_1904)
            case ColumnKind.PERIOD:
                period = parse_period(text, kind)
                return str(period) if isinstance(period, Period) else period
            case ColumnKind.NUMBER:
                return parse_number(text, kind, code, flags=flag)
            case ColumnKind.ORGANISATION:
                organisation = self.register.resolve(text)
                return organisation.code if organisation else _plain(text)
            case ColumnKind.CODE:
                if not spec.values:
                    return _plain(text)
                return spec.values.get(fold(text)) or Fault(FaultKind.NOT_IN_LIST)
            case ColumnKind.PERSON | ColumnKind.TEXT:
                return _plain(text)
            case _:
                assert_never(spec.kind)


def _plain(text: str) -> str:
    """Text as a value: white space collapsed, characters that cannot be seen removed."""
    text = " ".join(text.split())
    return "".join(c for c in text if not has_hidden_characters(c)) if has_hidden_characters(text) else text


def _series(spec: ColumnSpec, values: list[Any]) -> pd.Series[Any]:
    """Values of one column under its exact dtype; Python decimals go straight into Arrow, never through a float."""
    match spec.kind:
        case ColumnKind.MONEY:
            return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(values, pa.decimal128(18, 2))), dtype=MONEY)
        case ColumnKind.PERCENT | ColumnKind.NUMBER:
            exact = [None if value is None else Decimal(value).quantize(Decimal("0.000001")) for value in values]
            return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(exact, pa.decimal128(18, 6))), dtype=PERCENT)
        case ColumnKind.COUNT:
            return pd.Series([value if isinstance(value, int) else None for value in values], dtype=COUNT)
        case ColumnKind.DATE:
            return pd.Series(np.array([np.datetime64(value or "NaT", "ns") for value in values], dtype=DATE))
        case ColumnKind.ORGANISATION | ColumnKind.CODE | ColumnKind.PERSON | ColumnKind.TEXT | ColumnKind.PERIOD:
            return pd.Series(values, dtype=TEXT)
        case _:
            assert_never(spec.kind)


def empty_frame(schema: ReturnSchema) -> pd.DataFrame:
    """No rows of a return, under its dtypes and the columns that measures see."""
    frame = pd.DataFrame({spec.name: _series(spec, []) for spec in schema.columns})
    system = {name: pd.Series([], dtype="str") for name in ("period", "quarter", "partner")}
    return frame.assign(_k=pd.Series([], dtype="int64"), **system)


def _bounds(values: list[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """The least and the most that each count can be: a suppressed one is an interval."""
    low = [value.low if isinstance(value, Interval) else value for value in values]
    high = [value.high if isinstance(value, Interval) else value for value in values]
    return pd.Series(low, dtype=COUNT), pd.Series(high, dtype=COUNT)


_CLOSED_BY_LETTERS = re.compile(r"(.*[0-9])[ \u00a0]?([A-Za-z]+)", re.DOTALL)


def _marked(text: str, marks: Mapping[str, str]) -> str:
    """An amount whose closing letters mean debit or credit in its ledger (``1,234.50 H``), with the grammar's own."""
    closed = _CLOSED_BY_LETTERS.fullmatch(text.strip()) if marks else None
    return f"{closed[1]} {marks[mark]}" if closed and (mark := fold(closed[2])) in marks else text


def _year(said: object) -> str | None:
    """The year that a row's own column of years states."""
    stated = parse_period(str(said)) if said is not None else None
    return str(Period(stated.year)) if isinstance(stated, Period) else None


def _periods(
    dates: Sequence[dt.date | None], quarters: Sequence[str] | None, given: Sequence[Period | None]
) -> tuple[tuple[str | None, ...], tuple[str | None, ...]]:
    """The year and quarter of each row: by its own date, else by the column it was unpivoted from, else as given."""
    of_date = {date: (str(Period.of(date)), str(Period.quarter_of(date))) for date in set(dates) if date is not None}
    of_given = {
        each: (str(Period(each.year)) if each else None, str(each) if each and each.quarter else None)
        for each in set(given)
    }
    found: list[tuple[str | None, str | None]] = []
    for k, (date, each) in enumerate(zip(dates, given, strict=True)):
        year, quarter = of_given[each]
        if quarters is not None and year is not None:
            found.append((year, f"{year} {quarters[k]}"))
        else:
            found.append((year, quarter) if date is None else of_date[date])
    return tuple(period for period, _ in found), tuple(quarter for _, quarter in found)
