"""Legacy xls workbooks (BIFF 5 to 8) by xlrd, which keeps error codes, hidden rows and number formats.

What xlrd does not tell is read from the workbook stream's own records: which cells are formulas, which of them were
never calculated, whether a filter is on.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import xlrd
from xlrd.biffh import (
    XL_CELL_BLANK,
    XL_CELL_BOOLEAN,
    XL_CELL_DATE,
    XL_CELL_EMPTY,
    XL_CELL_ERROR,
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
FORMULA, UNCACHED = int(Flag.FORMULA), int(Flag.FORMULA | Flag.UNCACHED)

BIFF8 = 80
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

NOTHING = (XL_CELL_EMPTY, XL_CELL_BLANK)
RECORD_HEAD = struct.Struct("<HH")
CELL = struct.Struct("<HHHH")
"""Type, length, row and column, with which every cell record begins."""
RESULT, TOKENS = 10, 26
"""Where the result of a formula record and its tokens begin."""
NO_RESULT = b"\x03\x00\x00\x00\x00\x00\xff\xff"
"""A result of empty text: what Excel stores for ``=""``, and what other programs leave where they never calculate."""
EMPTY_TEXT = (b"\x17\x00\x00", b"\x17\x00")
"""The token of an empty text, as BIFF 8 and BIFF 5 write it."""
END_OF_SHEET, FORMULA_RECORD, FILTER_MODE = 0x000A, 0x0006, 0x009B
BEGINNINGS = frozenset((0x0009, 0x0209, 0x0409, 0x0809))
TELLING = BEGINNINGS | {END_OF_SHEET, FORMULA_RECORD, FILTER_MODE}


def read_xls(data: bytes | memoryview, limits: Limits) -> Workbook:
    """The visible worksheets of an xls file. InputRefused for a file that is broken, protected or beyond the limits."""
    content = bytes(data)
    book, formatted = _open(content)
    if book.nsheets > limits.sheets:
        message = f"it has more than {limits.sheets} sheets"
        raise broken(message)
    remarks = [Remark(RemarkKind.MACROS)] if MACRO_STORAGE in content else []
    if book.datemode:
        remarks.append(Remark(RemarkKind.EPOCH_1904))
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
    meanings = _Meanings(book, builder)
    for i in range(sheet.nrows):
        columns, texts, kinds, flags, formats = _row(sheet, i, meanings)
        formulas = records.formulas.get(i)
        if formulas is not None:
            unknown = records.without_result.get(i, formulas - formulas)
            flags = [
                UNCACHED if column - 1 in unknown else FORMULA if column - 1 in formulas else 0 for column in columns
            ]
        builder.add_row(i + 1, columns, texts, kinds, flags, formats)
    builder.merges = [Area(top + 1, left + 1, bottom, right) for top, bottom, left, right in sheet.merged_cells]
    builder.hidden_rows = (i + 1 for i, row in sheet.rowinfo_map.items() if row.hidden or row.height == 0)
    builder.hidden_columns = (j + 1 for j, column in sheet.colinfo_map.items() if column.hidden or column.width == 0)
    return builder.build()


def _row(sheet: Any, i: int, meanings: _Meanings) -> tuple[list[int], list[str], list[int], list[int], list[int]]:
    """Column, text, kind, flag and format index of each cell of row ``i`` that is not blank."""
    columns: list[int] = []
    texts: list[str] = []
    kinds: list[int] = []
    formats: list[int] = []
    types, values = sheet.row_types(i), sheet.row_values(i)
    styles = sheet._cell_xf_indexes[i] if meanings.formatted else types  # noqa: SLF001  (by cell it is ten times slower)
    for column, (told, value, style) in enumerate(zip(types, values, styles, strict=True), 1):
        if told in NOTHING:
            continue
        form, shown = meanings.known[style]
        if told == XL_CELL_TEXT:
            text, kind = value, TEXT
        elif told == XL_CELL_BOOLEAN:
            text, kind = "TRUE" if value else "FALSE", BOOL
        elif told == XL_CELL_ERROR:
            text, kind = error_text_from_code.get(value, "#VALUE!"), ERROR
        elif shown is DateClass.NONE:
            text, kind = number_text(value), NUMBER
        else:
            date = serial_text(value, shown, epoch_1904=meanings.epoch_1904)
            text, kind = (number_text(value), NUMBER) if date is None else (date, DATE)
        columns.append(column)
        texts.append(text)
        kinds.append(kind)
        formats.append(form)
    return columns, texts, kinds, [0] * len(columns), formats


class _Meanings:
    """Format index and date class by style number, or by cell type where the book's styles cannot be read."""

    def __init__(self, book: Any, builder: GridBuilder) -> None:
        self.formatted = bool(book.formatting_info)
        self.epoch_1904 = bool(book.datemode)
        if self.formatted:
            codes = [book.format_map.get(style.format_key) for style in book.xf_list]
            texts = ["General" if code is None else str(code.format_str) for code in codes]
            self.known = [(builder.format(text), date_class(text)) for text in texts]
        else:
            dates = {XL_CELL_DATE: (0, DateClass.DATE_TIME)}
            self.known = [dates.get(told, (0, DateClass.NONE)) for told in range(XL_CELL_BLANK + 1)]


# --------------------------------------------------------------------------- records that xlrd passes over


@dataclass
class _Records:
    formulas: dict[int, set[int]] = field(default_factory=dict)
    """Row -> columns, from 0, of its formulas."""
    filtered: bool = False
    without_result: dict[int, set[int]] = field(default_factory=dict)
    """Those never calculated: not one formula of the sheet has a result, and its own could not be an empty text."""


def _records(book: Any, number: int) -> _Records:
    """Walks one sheet's records in the workbook stream, those of charts within it left out."""
    found = _Records()
    stream = memoryview(book.mem)
    position, depth = book._sh_abs_posn[number], 0  # noqa: SLF001  (xlrd gives no other way)
    last = len(stream) - RECORD_HEAD.size
    unpack = RECORD_HEAD.unpack_from
    calculated = False
    empty_text = EMPTY_TEXT[0] if book.biff_version >= BIFF8 else EMPTY_TEXT[1]
    while position <= last:
        kind, length = unpack(stream, position)
        if kind in TELLING:
            depth += (kind in BEGINNINGS) - (kind == END_OF_SHEET)
            if depth <= 0:
                break
            if kind == FORMULA_RECORD and depth == 1 and position + CELL.size <= len(stream):
                _, _, row, column = CELL.unpack_from(stream, position)
                found.formulas.setdefault(row, set()).add(column)
                end = position + RECORD_HEAD.size + length
                if stream[position + RESULT : position + RESULT + len(NO_RESULT)] != NO_RESULT:
                    calculated = True
                elif empty_text not in bytes(stream[position + TOKENS : end]):
                    found.without_result.setdefault(row, set()).add(column)
            found.filtered |= kind == FILTER_MODE and depth == 1
        position += RECORD_HEAD.size + length
    if calculated:
        found.without_result.clear()
    return found
