"""A workbook as read, written anew as xlsx: each value in its own row and column, so that places stay what they are.

For formats that cannot be marked in place: CSV, xls, xlsb, ods, web pages. Text is written as text, and never as a
formula, a link or a number.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from sscbtool.core.model import Grid, Kind, Workbook

DATA = "Data"
"""The sheet of a file that has none; its name states nothing."""
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
_MADE = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed date, for a workbook has to have one
_EXACT_DIGITS = 15
_LONGEST = 32_767
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LIVE = ("=", "+", "-", "@")
_DAY, _MOMENT, _TIME = "dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss", "[hh]:mm:ss"


class TooLarge(Exception):
    """More rows or columns than a sheet of xlsx holds."""


@dataclass(frozen=True)
class Copy:
    """The bytes, and what each sheet is called in them."""

    data: bytes
    sheets: Mapping[str | None, str]


def plain_copy(workbook: Workbook) -> Copy:
    """The visible sheets of a workbook as xlsx.

    Raises:
        TooLarge: a text file has more rows or columns than a sheet holds.
    """
    out = BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    book.set_properties({"created": _MADE})
    names: dict[str | None, str] = {}
    writer = _Writer(book)
    for grid in workbook.grids:
        names[grid.sheet] = _name(grid.sheet, {name.casefold() for name in names.values()})
        writer.sheet(grid, names[grid.sheet])
    book.close()
    return Copy(out.getvalue(), names)


def _name(name: str | None, taken: set[str]) -> str:
    """A name that xlsx takes."""
    plain = _FORBIDDEN.sub(" ", name or DATA).strip().strip("'")[:31] or DATA
    own, number = plain, 1
    while own.casefold() in taken or own.casefold() == "history":
        number += 1
        own = f"{plain[:27]} {number}"
    return own


class _Writer:
    """Writes grids cell by cell."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats: dict[tuple[str, bool], Any] = {}

    def _format(self, code: str, *, quoted: bool = False) -> Any:
        if (code, quoted) not in self._formats:
            self._formats[code, quoted] = self._book.add_format({"num_format": code, "quote_prefix": quoted})
        return self._formats[code, quoted]

    def sheet(self, grid: Grid, name: str) -> None:
        """One sheet: merges, what is hidden, then the values."""
        if len(grid.rows) and (int(grid.rows[-1]) > MOST_ROWS or int(grid.columns[-1]) > MOST_COLUMNS):
            raise TooLarge
        page = self._book.add_worksheet(name)
        if grid.sheet is None and len(grid.rows):
            page.ignore_errors({"number_stored_as_text": f"A1:XFD{int(grid.rows[-1])}"})
        for area in grid.merges:
            try:
                page.merge_range(area.top - 1, area.left - 1, area.bottom - 1, area.right - 1, "")
            except XlsxWriterException:
                continue  # areas that overlap, or a single cell
        hidden = set(grid.hidden_columns)
        for j, width in enumerate(_widths(grid)):
            at = int(grid.columns[j]) - 1
            page.set_column(at, at, width, None, {"hidden": at + 1 in hidden})
            hidden.discard(at + 1)
        for number in hidden:
            page.set_column(number - 1, number - 1, None, None, {"hidden": True})
        for number in grid.hidden_rows:
            page.set_row(number - 1, None, None, {"hidden": True})
        rows = [int(row) - 1 for row in grid.rows]
        for j, number in enumerate(grid.columns.tolist()):
            for i, text in enumerate(grid.texts[j].to_pylist()):
                if kind := int(grid.kinds[i, j]):
                    self._cell(page, (rows[i], number - 1), text, Kind(kind), grid.format_code(i, j))

    def _cell(self, page: Any, at: tuple[int, int], text: str, kind: Kind, code: str) -> None:
        match kind:
            case Kind.NUMBER if _is_kept(text):
                page.write_number(*at, float(text), self._format(code))
            case Kind.BOOL:
                page.write_boolean(*at, text == "TRUE")
            case Kind.ERROR:
                page.write_formula(*at, f"={text if text.startswith('#') else '#N/A'}", None, text)
            case Kind.DATE if (found := _serial(text)) is not None:
                page.write_number(*at, found[0], self._format(found[1]))
            case _:
                live = text.lstrip().startswith(_LIVE)
                page.write_string(*at, text[:_LONGEST], self._format("General", quoted=True) if live else None)


def _is_kept(text: str) -> bool:
    """Whether a spreadsheet keeps a number: all but whole ones of more digits than it has."""
    plain = text.lower()
    return "." in plain or "e" in plain or len(plain.lstrip("-").rstrip("0")) <= _EXACT_DIGITS


def _serial(text: str) -> tuple[float, str] | None:
    """A date or time as the number that xlsx stores, and how it is shown; None where xlsx has no number for it."""
    day, _, time = text.partition("T") if "-" in text else ("", "", text)
    days = 0
    if day:
        days = (dt.date.fromisoformat(day) - dt.date(1899, 12, 30)).days
        if days < 61:
            return None
    seconds = 0.0
    for part in time.split(":") if time else ():
        seconds = seconds * 60 + float(part)
    return days + seconds / 86_400, _TIME if not day else _MOMENT if time else _DAY


def _widths(grid: Grid) -> Iterator[float]:
    """Room for what the first rows hold, within reason."""
    for j in range(len(grid.columns)):
        longest = max((len(text) for text in grid.texts[j].slice(0, 200).to_pylist()), default=0)
        yield min(max(longest * 1.1 + 2, 8), 42)
