"""Files as values: sheets of cells, and the formats that partners send them in.

The same cells give the same bytes on any machine: dates inside the files are fixed and nothing is compressed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import xlsxwriter
import xlwt

STAMP = dt.datetime(2019, 5, 7, 9, 30)  # noqa: DTZ001 - what the files say of their own making
YEAR_START, YEAR_END = dt.date(2018, 4, 1), dt.date(2019, 3, 31)


@dataclass(frozen=True)
class Formula:
    """A formula and the result that Excel stored with it; ``None`` if it never stored one."""

    text: str
    result: Any


@dataclass
class Sheet:
    """The cells of one sheet, by row and column from 1."""

    name: str | None
    cells: dict[tuple[int, int], Any] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    widths: tuple[int, ...] = ()
    hidden: bool = False

    def row(self, number: int, *values: Any) -> None:
        """Fills a row from its first column; ``None`` leaves a cell blank."""
        for column, value in enumerate(values, start=1):
            if value is not None:
                self.cells[number, column] = value

    @property
    def last_row(self) -> int:
        """The lowest row with a cell in it."""
        return max(row for row, _ in self.cells)


@dataclass
class File:
    """One file that a partner sends."""

    path: str
    sheets: list[Sheet]
    write: Callable[[File], bytes]

    def sheet(self, name: str | None) -> Sheet:
        """The sheet of that name."""
        return next(sheet for sheet in self.sheets if sheet.name == name)


def to_xlsx(file: File) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": STAMP, "author": "Sample", "comments": "Invented data"})
    day, bold = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"bold": True})
    money = book.add_format({"num_format": "#,##0.00"})
    for sheet in file.sheets:
        page = book.add_worksheet(sheet.name)
        if sheet.hidden:
            page.hide()
        for number, width in enumerate(sheet.widths):
            page.set_column(number, number, width)
        for top, left, bottom, right in sheet.merges:
            page.merge_range(top - 1, left - 1, bottom - 1, right - 1, "", bold)
        for (row, column), value in sorted(sheet.cells.items()):
            match value:
                case dt.date():
                    page.write_datetime(row - 1, column - 1, dt.datetime.combine(value, dt.time()), day)
                case Formula():
                    stored = "" if value.result is None else value.result
                    stored = float(stored) if isinstance(stored, Decimal) else stored
                    page.write_formula(row - 1, column - 1, value.text, money, stored)
                case Decimal():
                    page.write_number(row - 1, column - 1, float(value), money)
                case int():
                    page.write_number(row - 1, column - 1, value)
                case _:
                    page.write_string(row - 1, column - 1, value)
    book.close()
    return _stored(buffer.getvalue())


def to_xls(file: File) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    day, money = xlwt.easyxf(num_format_str="DD/MM/YYYY"), xlwt.easyxf(num_format_str="#,##0.00")
    for sheet in file.sheets:
        page = book.add_sheet(sheet.name)
        for (row, column), value in sorted(sheet.cells.items()):
            styles = [day] if isinstance(value, dt.date) else [money] if isinstance(value, Decimal) else []
            page.write(row - 1, column - 1, value, *styles)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def to_csv(file: File) -> bytes:
    return _records(file.sheets[0], "utf-8")


def to_csv_with_mark(file: File) -> bytes:
    """As Excel's "CSV UTF-8" and most learning systems write it: with a byte order mark."""
    return _records(file.sheets[0], "utf-8-sig")


def to_unicode_text(file: File) -> bytes:
    """As SAP exports to "spreadsheet": tab-separated UTF-16 under the name of a legacy workbook."""
    return _records(file.sheets[0], "utf-16-le", delimiter="\t", mark=b"\xff\xfe")


def to_nothing(_file: File) -> bytes:
    return b""


def table(name: str | None, heading: Sequence[str], rows: Iterable[Sequence[Any]], *above: str) -> Sheet:
    """A sheet with a heading and rows; ``above`` stands in lines of its own on top, with a blank line under it."""
    sheet = Sheet(name, widths=(18,) * len(heading))
    for number, line in enumerate(above, start=1):
        sheet.row(number, line)
    top = len(above) + 2 if above else 1
    sheet.row(top, *heading)
    for number, row in enumerate(rows, start=top + 1):
        sheet.row(number, *row)
    return sheet


def typed(date: dt.date | None) -> str:
    """A date as people type it."""
    return date.strftime("%d/%m/%Y") if date else ""


def _records(sheet: Sheet, encoding: str, delimiter: str = ",", mark: bytes = b"") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n", delimiter=delimiter)
    heading = max(column for row, column in sheet.cells if row == 1)
    for row in range(1, sheet.last_row + 1):
        width = max(heading, *(column for r, column in sheet.cells if r == row))
        writer.writerow([sheet.cells.get((row, column), "") for column in range(1, width + 1)])
    return mark + text.getvalue().encode(encoding)


def _stored(packed: bytes) -> bytes:
    """The same workbook without compression, so that its bytes do not hang on a machine's zlib."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for part in source.infolist():
            kept = zipfile.ZipInfo(part.filename, (1980, 1, 1, 0, 0, 0))
            kept.external_attr = 0o600 << 16
            kept.create_system = 3
            target.writestr(kept, source.read(part))
    return out.getvalue()
