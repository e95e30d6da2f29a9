"""The year, or quarter of one, that rows state in a column of which their return's schema knows nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sscbtool.core.model import Grid, Table
from sscbtool.core.recognise import HeaderMatch, stored_column
from sscbtool.core.values import Period, fold, parse_period

_YEAR = re.compile(
    r"(?:(?:financial|fiscal|reporting|accounting|payment|board) )?(?:year|period)|fy|(?:year and )?quarter"
)
_CALENDAR = re.compile(r"(?:19|20)\d\d(?:\.0)?")


@dataclass(frozen=True)
class RowYears:
    """What one column says of the rows."""

    column: int
    """The sheet's column."""
    periods: Mapping[int, Period]
    """The sheet's row -> what it states; empty where the column gives years that are not the board's."""
    first_unclear: int | None = None
    """The first row whose year is a calendar year, in part in one of the board's and in part in another."""


def row_years(grid: Grid, table: Table, match: HeaderMatch) -> RowYears | None:
    """The column headed as years in which every filled cell is one; None where there is none, or several."""
    read = {*match.columns.values(), *match.wide.values(), *match.controls}
    found = []
    for head in table.heads:
        if head.number in read or not head.path or not _YEAR.fullmatch(fold(head.path[-1])):
            continue
        j = stored_column(grid, head.number)
        if j is not None and (said := _read(grid, table, j, head.number)):
            found.append(said)
    return found[0] if len(found) == 1 else None


def _read(grid: Grid, table: Table, j: int, number: int) -> RowYears | None:
    at = np.searchsorted(grid.rows, table.data_rows).tolist()
    texts = {int(grid.rows[i]): grid.text(i, j).strip() for i in at}
    filled = {row: text for row, text in texts.items() if text}
    if not filled:
        return None
    periods = {row: parse_period(text) for row, text in filled.items()}
    stated = {row: period for row, period in periods.items() if isinstance(period, Period)}
    if len(stated) == len(filled):
        return RowYears(number, stated)
    unclear = [row for row, text in filled.items() if row in stated or _CALENDAR.fullmatch(text)]
    return RowYears(number, {}, unclear[0]) if len(unclear) == len(filled) else None
