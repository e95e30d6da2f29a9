"""A book as XLSX bytes: a sheet of contents, then one table a sheet, as government guidance on spreadsheets asks.

One header row, no merged and no blank rows or cells, headings that stay in view, filters, widths and number formats.
Partner text is written as text and never as a formula, a link or markup. The same book gives the same bytes: nothing
in it depends on the clock or the machine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import Any

from xlsxwriter import Workbook

from sscbtool.core.model import column_letters
from sscbtool.core.neutral import inert, printable
from sscbtool.errors import BadUsage
from sscbtool.render.charts import DARK, INK, LIGHT
from sscbtool.render.report import (
    MONEY,
    PERCENT,
    Book,
    Cell,
    Chart,
    ChartKind,
    Column,
    ColumnType,
    Formula,
    Mark,
    Quantity,
    Sheet,
    Table,
    Tone,
)

CONTENTS, NOTES = "Contents", "Notes"
BLANK = "[z]"
MOST_ROWS = 1_000_000
LONGEST = 32_000
"""Characters that a cell holds."""
EXACT_DIGITS = 15
"""Significant digits of a number that a spreadsheet keeps; a longer one is written as text."""
_MADE = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed date, for a workbook has to have one
_A4, _A3 = 9, 8
_HEADER = 3
"""The row, from 0, of every sheet's header: below its title, its description and the way back."""
_WIDEST = {ColumnType.FILE: 44, ColumnType.PLACE: 44, ColumnType.CODE: 34, ColumnType.VALUE: 26}
_LEAST_TEXT = 24
_LINE, _TALLEST = 13.5, 400.0
"""Points of one line, and of the tallest row that a spreadsheet allows."""
_BOXED = {"border": 1, "border_color": "#C8C8C8"}
_LEFT = {"align": "left", "indent": 1, "text_wrap": True}
_FILLS = {Tone.GOOD: "#E3F1E1", Tone.BAD: "#FBDDD8", Tone.DOUBT: "#FFF0C2", Tone.QUIET: "#EEEEEE"}


def as_workbook(book: Book) -> bytes:
    """The book as the bytes of an XLSX file.

    Raises:
        BadUsage: a table has more rows than a sheet holds.
    """
    out = BytesIO()
    workbook = Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    workbook.set_properties({"title": printable(book.title), "created": _MADE, "comments": ""})
    workbook.set_size(2400, 1400)
    numbers = {note: number for number, note in enumerate(dict.fromkeys(_all_notes(book)), 1)}
    writer = _Writer(workbook, numbers)
    sheets = [*book.sheets, *([_notes(book, numbers)] if book.words or numbers else [])]
    writer.contents(book, sheets)
    for sheet in sheets:
        writer.sheet(sheet)
    workbook.close()
    return out.getvalue()


def _all_notes(book: Book) -> Iterator[str]:
    for sheet in book.sheets:
        yield from sheet.table.notes


def _notes(book: Book, numbers: Mapping[str, int]) -> Sheet:
    columns = (Column("Note, word or mark"), Column("What it means", least=80))
    notes = tuple((_mark(number), note) for note, number in numbers.items())
    about = "What the notes, words and marks of this workbook mean."
    return Sheet(NOTES, about, Table("Notes", columns, (*notes, *book.words)))


def _mark(number: int) -> str:
    return f"[note {number}]"


class _Writer:
    """One workbook in the making: its formats, and how far it has numbered its tables."""

    def __init__(self, workbook: Any, notes: Mapping[str, int]) -> None:
        self._workbook = workbook
        self._notes = notes
        """What is said of a table -> the number of its note."""
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._number = count(1)

    def _format(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._workbook.add_format({"font_name": "Arial", "font_size": 10, **properties})
        return self._formats[key]

    def contents(self, book: Book, sheets: Sequence[Sheet]) -> None:
        """The first sheet: what came out, in sentences, and where each thing stands."""
        page = self._workbook.add_worksheet(CONTENTS)
        lines = [line for line in book.lines if line]
        page.write_string(0, 0, inert(book.title), self._format(bold=True, font_size=14))
        for row, line in enumerate(lines, 1):
            page.write_string(row, 0, inert(line), self._format())
        rows = tuple((sheet.name, sheet.about, Quantity(len(sheet.table.rows))) for sheet in sheets)
        columns = (
            Column("Sheet", ColumnType.CODE),
            Column("What it holds", least=60),
            Column("Rows", ColumnType.COUNT),
        )
        top = -(_HEADER + 1)  # a sheet is entered at its title
        links = {(row, 0): (sheet.name, top) for row, sheet in enumerate(sheets)}
        table = Table("Contents", columns, rows)
        self._table(page, Sheet(CONTENTS, "", table, links), len(lines) + 1)
        _page_set_up(page, _A4, len(lines) + 1)

    def sheet(self, sheet: Sheet) -> None:
        """One table with its title, what it is about, and the way back to the contents."""
        if len(sheet.table.rows) > MOST_ROWS:
            raise BadUsage(f"{sheet.name} has more rows than a sheet holds.", "Use --format csv.")
        page = self._workbook.add_worksheet(sheet.name)
        marks = (_mark(self._notes[note]) for note in dict.fromkeys(sheet.table.notes))
        title = " ".join((inert(sheet.table.heading or sheet.name), *marks))
        page.write_string(0, 0, title, self._format(bold=True, font_size=14))
        page.write_string(1, 0, inert(sheet.about), self._format())
        self._link(page, (2, 0), f"'{CONTENTS}'!A1", f"Back to {CONTENTS.lower()}")
        self._table(page, sheet, _HEADER)
        page.freeze_panes(_HEADER + 1, 1)
        _page_set_up(page, _A3 if sheet.broad else _A4, _HEADER)

    def _table(self, page: Any, sheet: Sheet, top: int) -> None:
        """A native table: header, rows, and a closing total below its filter."""
        table = sheet.table
        last = len(table.columns) - 1
        headings = _headings(table.columns)
        head = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#D9E2EC"}
        total = (table.total,) if table.total else ()
        widths = [
            _width(column, headings[index], [row[index] for row in (*table.rows, *total)])
            for index, column in enumerate(table.columns)
        ]
        for index, width in enumerate(widths):
            page.set_column(index, index, width)
        # Not every program makes room for wrapped text by itself when it opens a file.
        for number, row in enumerate((tuple(headings), *table.rows, *total), top):
            page.set_row(number, _height([_plain(cell) for cell in row], widths))
        columns = [
            {"header": heading, "header_format": self._format(align=_side(column), indent=1, **head)}
            for heading, column in zip(headings, table.columns, strict=True)
        ]
        if table.rows:
            name = f"Table{next(self._number)}"
            page.add_table(top, 0, top + len(table.rows), last, {"columns": columns, "name": name, "style": None})
        else:
            for index, each in enumerate(columns):
                page.write_string(top, index, each["header"], each["header_format"])
        for number, row in enumerate(table.rows):
            for index, cell in enumerate(row):
                link = sheet.links.get((number, index))
                if link:
                    target = f"'{link[0]}'!A{_HEADER + 2 + link[1]}"
                    self._link(page, (top + 1 + number, index), target, inert(_plain(cell)), **_BOXED, **_LEFT)
                else:
                    formula = sheet.formulas.get((number, index))
                    self._cell(page, top + 1 + number, index, cell, table.columns[index], formula)
        if table.total:
            for index, cell in enumerate(table.total):
                formula = sheet.formulas.get((len(table.rows), index))
                row = top + 1 + len(table.rows)
                self._cell(page, row, index, cell, table.columns[index], formula, bold=True, top=1)
        below = top + 3 + len(table.rows) + (1 if table.total else 0)
        if table.chart and any(
            isinstance(row[column], Quantity) for row in table.rows for column in table.chart.series
        ):
            page.insert_chart(
                below,
                0,
                self._drawn(page.get_name(), table, table.chart, top),
                {"description": _said(table.chart)},
            )
        if sheet.below:
            self._form(page, sheet.below, below)

    def _drawn(self, name: str, table: Table, chart: Chart, top: int) -> Any:
        """The table's chart, drawn by the spreadsheet program from the table's own cells."""
        lying = chart.kind is ChartKind.BARS
        native = self._workbook.add_chart({"type": "bar" if lying else "column"})
        last = top + len(table.rows)
        font = {"name": "Arial", "size": 10, "color": INK}
        for number, column in enumerate(chart.series):
            native.add_series(
                {
                    "name": [name, top, column],
                    "categories": [name, top + 1, 0, last, 0],
                    "values": [name, top + 1, column, last, column],
                    "fill": {"color": (DARK, LIGHT)[number % 2]},
                    "border": {"color": DARK, "width": 1},
                    "gap": 60,
                    "invert_if_negative": True,
                    "invert_if_negative_color": LIGHT,
                    "data_labels": {"value": True, "font": font},
                }
            )
        native.set_title(
            {"name": inert(chart.title), "name_font": {**font, "size": 12, "bold": True}, "overlay": False}
        )
        names: dict[str, Any] = {
            "num_font": font,
            "line": {"color": INK},
            "major_tick_mark": "none",
            "label_position": "low",
        }
        numbers: dict[str, Any] = {"visible": False, "major_gridlines": {"visible": False}}
        # The library names the axes of lying bars as they lie: names stand at the side, the first of them on top.
        across, up = (numbers, {**names, "reverse": True}) if lying else (names, numbers)
        native.set_x_axis(across)
        native.set_y_axis(up)
        native.set_legend({"none": True} if len(chart.series) == 1 else {"position": "top", "font": font})
        height = 90 + 34 * len(table.rows) if lying else 320
        native.set_size({"width": 760, "height": min(height, 1200)})
        return native

    def _form(self, page: Any, form: Table, top: int) -> None:
        """Boxes below a table: those that are blank are for a pen."""
        page.write_string(top, 0, inert(form.heading), self._format(bold=True))
        head = self._format(bold=True, bg_color="#D9E2EC", text_wrap=True, valign="top", **_BOXED)
        for index, column in enumerate(form.columns):
            page.write_string(top + 1, index, inert(column.heading), head)
        style = self._format(text_wrap=True, valign="top", align="left", indent=1, **_BOXED)
        for number, row in enumerate(form.rows, top + 2):
            page.set_row(number, 2 * _LINE + 4)
            for index, cell in enumerate(row):
                if cell is None:
                    page.write_blank(number, index, None, style)
                else:
                    page.write_string(number, index, inert(_plain(cell))[:LONGEST], style)

    def _link(self, page: Any, at: tuple[int, int], target: str, text: str, **properties: Any) -> None:
        """A link to a cell of this workbook, in words of its own."""
        style = self._format(font_color="#0B4F9E", underline=1, valign="top", **properties)
        page.write_url(*at, f"internal:{target}", style, text, f"Go to {target.replace(chr(39), '')}")

    def _cell(
        self,
        page: Any,
        row: int,
        index: int,
        cell: Cell,
        column: Column,
        formula: Formula | None = None,
        **properties: Any,
    ) -> None:
        properties = {"valign": "top", **_BOXED, **properties}
        match cell:
            case Quantity() if _is_kept(cell):
                number_format, value = _number(cell)
                style = self._format(num_format=number_format, align="right", indent=1, **properties)
                if formula is None:
                    page.write_number(row, index, value, style)
                else:
                    page.write_formula(row, index, f"={_expression(formula)}", style, value)
            case Mark():
                style = self._format(bg_color=_FILLS[cell.tone], **_LEFT, **properties)
                page.write_string(row, index, inert(cell.word), style)
            case _:
                text = cell.plain if isinstance(cell, Quantity) else inert(cell or BLANK)[:LONGEST]
                style = self._format(text_wrap=True, align=_side(column), indent=1, **properties)
                page.write_string(row, index, text, style)


def _expression(formula: Formula) -> str:
    """The formula over cells as a spreadsheet names them; every table starts at the same row of its sheet."""
    cells = []
    for span in formula.spans:
        column, first, last = column_letters(span.column + 1), _HEADER + 2 + span.first, _HEADER + 2 + span.last
        own = f"${column}${first}" + (f":${column}${last}" if last != first else "")
        cells.append(f"'{span.sheet}'!{own}" if span.sheet else own)
    return formula.expression.format(*cells)


def _said(chart: Chart) -> str:
    """A chart's text alternative."""
    return inert(f"{chart.title}. {chart.about}")


def _side(column: Column) -> str:
    return "right" if column.type.numeric else "left"


def _page_set_up(page: Any, paper: int, header: int) -> None:
    """On paper: as wide as the page, the header on each, numbered."""
    page.set_landscape()
    page.set_paper(paper)
    page.fit_to_pages(1, 0)
    page.repeat_rows(header)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.set_footer("&L&A&RPage &P of &N")
    page.hide_gridlines(2)


def _headings(columns: Sequence[Column]) -> list[str]:
    """The headings, none of them blank and no two alike, as a table asks."""
    headings: list[str] = []
    for number, column in enumerate(columns, 1):
        heading = inert(column.heading) or ("Status" if column.type is ColumnType.STATUS else f"Column {number}")
        taken = {each.casefold() for each in headings}
        name, again = heading, 1
        while name.casefold() in taken:
            again += 1
            name = f"{heading} {again}"
        headings.append(name)
    return headings


def _width(column: Column, heading: str, cells: Sequence[Cell]) -> float:
    """Room for the longest cell and the heading's longest word with its filter, within what the type allows."""
    longest = max((len(_plain(cell)) for cell in cells), default=0)
    least = max(len(word) for word in heading.split()) + 4
    widest = _WIDEST.get(column.type, max(column.least, _LEAST_TEXT))
    return max(least, min(longest * 1.05 + 3, widest))


def _height(texts: Sequence[str], widths: Sequence[float]) -> float:
    """Points for a row whose texts wrap within these widths."""
    lines = max(_lines(text, int((width - 2) * 1.2)) for text, width in zip(texts, widths, strict=True))
    return min(_LINE * lines + 2, _TALLEST)


def _lines(text: str, width: int) -> int:
    """How many lines a text takes, words kept whole where they fit."""
    if len(text) <= width:
        return 1
    lines, at = 1, 0
    for word in text.split(" "):
        if at and at + 1 + len(word) > width:
            lines, at = lines + 1, 0
        at += len(word) + (1 if at else 0)
        lines, at = lines + (at - 1) // width if at else lines, at % width or min(at, width)
    return lines


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return BLANK
        case Quantity():
            return cell.text
        case Mark():
            return cell.word
        case str():
            return cell


def _is_kept(quantity: Quantity) -> bool:
    """Whether a spreadsheet keeps every digit of it."""
    return len(Decimal(quantity.value).normalize().as_tuple().digits) <= EXACT_DIGITS


def _number(quantity: Quantity) -> tuple[str, Decimal]:
    """The number format and the number: a percentage as the fraction that it is, all else as it stands."""
    value = Decimal(quantity.value)
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    if quantity.unit == MONEY:
        places = max(places, 2)
    digits = "#,##0" + ("." + "0" * places if places else "")
    if quantity.unit in PERCENT:
        digits, value = f"{digits}%", value / 100
    if quantity.unit == MONEY:
        digits = f"£{digits}"
    return (f"+{digits};-{digits};{digits}" if quantity.signed else f"{digits};-{digits}"), value
