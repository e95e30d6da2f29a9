"""Legacy xls workbooks (BIFF 5 to 8) by xlrd, which keeps error codes, hidden rows and number formats.

What xlrd does not tell is read from the workbook stream's own records: which cells are formulas, whether a filter
is on.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import xlrd
from xlrd.biffh import (
    XL_CELL_BOOLEAN,
    XL_CELL_DATE,
    XL_CELL_ERROR,
    XL_CELL_NUMBER,
    XL_CELL_TEXT,
    XLRDError,
    error_text_from_code,
)
from xlrd.compdoc import CompDocError

from sscbtool.core.model import Area, FileFormat, Flag, Grid, Kind, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers.grid import CellBudget, GridBuilder
from sscbtool.edge.readers.parts import broken
from sscbtool.edge.readers.stored import DateClass, date_class, number_text, serial_text
from sscbtool.errors import InputRefused

TEXT, NUMBER, DATE, BOOL, ERROR = (int(k) for k in (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.BOOL, Kind.ERROR))
FORMULA = int(Flag.FORMULA)

MACRO_STORAGE = "_VBA_PROJECT_CUR".encode("utf-16-le")
XLRD_TROUBLE = (
    XLRDError,
    CompDocError,
    struct.error,
    ValueError,
    LookupError,
    AssertionError,
    TypeError,
    AttributeError,
    NotImplementedError,
    ArithmeticError,
    EOFError,
)
"""What xlrd has been seen to raise on files that are cut short or made up."""

RECORD_HEAD = struct.Struct("<HH")
CELL_HEAD = struct.Struct("<HH")
END_OF_SHEET, FORMULA_RECORD, FILTER_MODE = 0x000A, 0x0006, 0x009B
BEGINNINGS = (0x0009, 0x0209, 0x0409, 0x0809)


def read_xls(data: bytes | memoryview, limits: Limits) -> Workbook:
    """The visible worksheets of an xls file. InputRefused for a file that is broken, protected or beyond the limits."""
    content = bytes(data)
    book, formatted = _open(content)
    if book.nsheets > limits.sheets:
        message = f"it has more than {limits.sheets} sheets"
        raise broken(message)
    remarks = [Remark(RemarkKind.MACROS)] if MACRO_STORAGE in content else []
    if not formatted:
        remarks.append(Remark(RemarkKind.CANNOT_TELL_HIDDEN))
    budget = CellBudget(limits)
    grids: list[Grid] = []
    hidden: list[str] = []
    for number in range(book.nsheets):
        sheet = _trouble_refused(partial(book.sheet_by_index, number))
        name = str(sheet.name)
        if sheet.visibility:
            hidden.append(name)
            remarks.append(Remark(RemarkKind.HIDDEN_SHEET, sheet=name))
            continue
        records = _records(book, number)
        if records.filtered:
            remarks.append(Remark(RemarkKind.FILTERED, sheet=name))
        grids.append(_trouble_refused(partial(_grid, book, sheet, records, budget)))
        book.unload_sheet(number)
    return Workbook(format=FileFormat.XLS, grids=tuple(grids), hidden_sheets=tuple(hidden), remarks=tuple(remarks))


def _open(content: bytes) -> tuple[Any, bool]:
    """The book, and whether its formats, hidden rows and merges could be read."""
    opened = partial(xlrd.open_workbook, file_contents=content, logfile=io.StringIO(), on_demand=True, ragged_rows=True)
    try:
        return opened(formatting_info=True), True
    except XLRD_TROUBLE as error:
        if "encrypted" in str(error).lower():
            message = "it is protected by a password"
            raise InputRefused(message, "Ask for the workbook without a password, or for the password.") from error
    return _trouble_refused(opened), False


def _trouble_refused(work: Any) -> Any:
    try:
        return work()
    except XLRD_TROUBLE as error:
        message = "it is no whole workbook: its records break off or contradict each other"
        raise broken(message) from error


def _grid(book: Any, sheet: Any, records: _Records, budget: CellBudget) -> Grid:
    builder = GridBuilder(str(sheet.name), budget)
    shown = _Formats(book, builder)
    epoch_1904 = bool(book.datemode)
    formatted = bool(book.formatting_info)
    for i in range(sheet.nrows):
        styles = sheet._cell_xf_indexes[i] if formatted else ()  # noqa: SLF001  (cell by cell it is ten times slower)
        for j, (kind, value) in enumerate(zip(sheet.row_types(i), sheet.row_values(i), strict=True)):
            flag = FORMULA if (i, j) in records.formulas else 0
            form, shows = shown.of(styles[j]) if formatted else (0, DateClass.NONE)
            if kind == XL_CELL_TEXT:
                if value or flag:
                    builder.add(i + 1, j + 1, value, TEXT, flag, form)
            elif kind in (XL_CELL_NUMBER, XL_CELL_DATE):
                if not formatted and kind == XL_CELL_DATE:
                    shows = DateClass.DATE_TIME
                builder.add(i + 1, j + 1, *_number(value, shows, epoch_1904=epoch_1904), flag, form)
            elif kind == XL_CELL_BOOLEAN:
                builder.add(i + 1, j + 1, "TRUE" if value else "FALSE", BOOL, flag, form)
            elif kind == XL_CELL_ERROR:
                builder.add(i + 1, j + 1, error_text_from_code.get(value, "#VALUE!"), ERROR, flag, form)
    builder.merges = [Area(top + 1, left + 1, bottom, right) for top, bottom, left, right in sheet.merged_cells]
    builder.hidden_rows = (i + 1 for i, row in sheet.rowinfo_map.items() if row.hidden or row.height == 0)
    builder.hidden_columns = (j + 1 for j, column in sheet.colinfo_map.items() if column.hidden or column.width == 0)
    return builder.build()


def _number(value: float, shown: DateClass, *, epoch_1904: bool) -> tuple[str, int]:
    if shown is not DateClass.NONE:
        date = serial_text(value, shown, epoch_1904=epoch_1904)
        if date is not None:
            return date, DATE
    return number_text(value), NUMBER


class _Formats:
    """Format index and date class by the book's style number."""

    def __init__(self, book: Any, builder: GridBuilder) -> None:
        self._book = book
        self._builder = builder
        self._known: dict[int, tuple[int, DateClass]] = {}

    def of(self, style: int) -> tuple[int, DateClass]:
        found = self._known.get(style)
        if found is None:
            form = self._book.format_map.get(self._book.xf_list[style].format_key)
            code = str(form.format_str) if form is not None else "General"
            found = self._known[style] = self._builder.format(code), date_class(code)
        return found


# --------------------------------------------------------------------------- records that xlrd passes over


@dataclass
class _Records:
    formulas: set[tuple[int, int]] = field(default_factory=set)
    """Row and column, from 0, of each formula."""
    filtered: bool = False


def _records(book: Any, number: int) -> _Records:
    """Walks one sheet's records in the workbook stream."""
    found = _Records()
    stream = memoryview(book.mem)
    for kind, start, length in _walk(stream, book._sh_abs_posn[number]):  # noqa: SLF001  (xlrd gives no other way)
        if kind == FORMULA_RECORD and length >= CELL_HEAD.size:
            found.formulas.add(CELL_HEAD.unpack_from(stream, start))
        elif kind == FILTER_MODE:
            found.filtered = True
    return found


def _walk(stream: memoryview, position: int) -> Iterator[tuple[int, int, int]]:
    """Record type, start and length of each record of the sheet at ``position``, charts within it left out."""
    depth = 0
    while position + RECORD_HEAD.size <= len(stream):
        kind, length = RECORD_HEAD.unpack_from(stream, position)
        position += RECORD_HEAD.size
        if kind in BEGINNINGS:
            depth += 1
        elif kind == END_OF_SHEET:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1 and position + length <= len(stream):
            yield kind, position, length
        position += length
