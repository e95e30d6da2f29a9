"""The streaming reader of a worksheet: any well-formed XML, whatever it looks like."""

from __future__ import annotations

import re
from collections.abc import Callable

from sscbtool.core.model import Grid, address
from sscbtool.edge.readers.grid import CellBudget, GridBuilder
from sscbtool.edge.readers.parts import parse_xml
from sscbtool.edge.readers.xlsx_cells import (
    LAST_COLUMN,
    Attributes,
    Book,
    SheetFacts,
    area,
    cell,
    cell_place,
    hidden_columns,
    hides,
    no_address,
    row_is_hidden,
    row_number,
    unescaped,
    whole,
)
from sscbtool.errors import InputRefused

EXTERNAL = re.compile(r"(?<![\w\].])\[\d+\][^\[\]]*!")
"""``[1]Sheet1!A1``, the form in which a formula names another workbook (not ``Table1[2018]``)."""


def stream_sheet(name: str, content: bytes, book: Book, budget: CellBudget) -> tuple[Grid, SheetFacts]:
    """One worksheet by the streaming XML parser, whatever its XML looks like."""
    builder = GridBuilder(name, budget)
    for code in book.styles.codes:
        builder.format(code)
    facts = sheet_facts(content, book, builder)
    builder.hidden_rows = facts.hidden_rows
    builder.hidden_columns = hidden_columns(facts)
    return builder.build(), facts


def sheet_facts(content: bytes, book: Book, builder: GridBuilder) -> SheetFacts:
    """What a sheet's XML says around its cells; the cells go to the builder."""
    reader = _SheetReader(builder, book)
    parse_xml(content, start=reader.start, end=reader.end, text=reader.text)
    reader.facts.merges = builder.merges
    return reader.facts


class _SheetReader:
    """Follows one worksheet's XML and adds its cells to a builder."""

    def __init__(self, builder: GridBuilder, book: Book) -> None:
        self.facts = SheetFacts()
        self._builder = builder
        self._book = book
        self._row = 0
        self._column = 0
        self._cell_row = 0
        self._style = 0
        self._type = "n"
        self._value: str | None = None
        self._formula: str | None = None
        self._inline: list[str] | None = None
        self._into: list[str] | None = None
        self._phonetic = False
        self._in_cell = False
        self._outside_groups: set[str] = set()
        self._aside = 0
        self._starts: dict[str, Callable[[Attributes], None]] = {
            "c": self._start_cell,
            "v": self._start_value,
            "f": self._start_formula,
            "is": self._start_inline,
            "t": self._start_text,
            "rPh": self._start_phonetic,
            "row": self._start_row,
            "col": self._start_column,
            "mergeCell": self._start_merge,
            "autoFilter": self._start_filter,
            "filterColumn": self._start_filter_column,
        }
        self._ends: dict[str, Callable[[], None]] = {
            "v": self._end_value,
            "c": self._end_cell,
            "f": self._end_formula,
            "t": self._end_text,
            "rPh": self._end_phonetic,
        }
        self._filter_area = ""
        self._group: str | None = None

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag in ("extLst", "customSheetViews", "AlternateContent"):
            self._aside += 1
        handler = self._starts.get(tag)
        if handler is not None and not self._aside:
            handler(attributes)

    def end(self, tag: str) -> None:
        if tag in ("extLst", "customSheetViews", "AlternateContent"):
            self._aside -= 1
        handler = self._ends.get(tag)
        if handler is not None and not self._aside:
            handler()

    def text(self, piece: str) -> None:
        if self._into is not None:
            self._into.append(piece)

    def _start_row(self, attributes: Attributes) -> None:
        stated = attributes.get("r")
        self._row = row_number(stated) if stated is not None else self._row + 1
        self._column = 0
        if row_is_hidden(attributes):
            self.facts.hidden_rows.append(self._row)

    def _start_cell(self, attributes: Attributes) -> None:
        stated = attributes.get("r")
        if stated is None:
            self._cell_row = self._row
            self._column += 1
            if self._column > LAST_COLUMN:
                raise no_address()
        else:
            self._cell_row, self._column = cell_place(stated)
        self._style = whole(attributes.get("s"))
        self._type = attributes.get("t", "n")
        self._value = self._formula = self._inline = self._group = None
        self._in_cell = True

    def _start_value(self, _: Attributes) -> None:
        if self._in_cell:
            self._into = []

    def _end_value(self) -> None:
        if self._into is not None:
            value, self._into = "".join(self._into), None
            if self._value not in (None, value):
                raise InputRefused(
                    f"it states cell {address(self._cell_row, self._column)} twice with different values",
                    "Ask for the workbook opened in Excel and saved again.",
                )
            self._value = value

    def _start_formula(self, attributes: Attributes) -> None:
        if self._in_cell:
            self._into = []
            self._group = attributes.get("si")

    def _end_formula(self) -> None:
        if self._into is not None:
            self._formula, self._into = "".join(self._into), None

    def _start_inline(self, _: Attributes) -> None:
        if self._in_cell:
            self._inline = []

    def _start_text(self, _: Attributes) -> None:
        if self._inline is not None and not self._phonetic:
            self._into = []

    def _end_text(self) -> None:
        if self._into is not None and self._inline is not None:
            self._inline.extend(self._into)
            self._into = None

    def _start_phonetic(self, _: Attributes) -> None:
        self._phonetic = True

    def _end_phonetic(self) -> None:
        self._phonetic = False

    def _end_cell(self) -> None:
        self._in_cell = False
        if self._formula is not None and self._book.linked:
            self._note_outside(self._formula)
        inline = None if self._inline is None else "".join(self._inline)
        self._inline = None
        text, kind, flag = cell(
            self._type, self._value, inline, self._style, self._book, formula=self._formula is not None
        )
        if text or flag:
            style = self._book.styles.format(self._style)
            self._builder.add(self._cell_row, self._column, text, kind, flag, style)

    def _note_outside(self, formula: str) -> None:
        if EXTERNAL.search(formula):
            if self._group is not None:
                self._outside_groups.add(self._group)
        elif formula or self._group not in self._outside_groups:
            return
        self.facts.outside.append((self._cell_row, self._column))

    def _start_column(self, attributes: Attributes) -> None:
        if hides(attributes, "width"):
            self.facts.hidden_spans.append((whole(attributes.get("min")), whole(attributes.get("max"))))

    def _start_merge(self, attributes: Attributes) -> None:
        self._builder.merge(area(attributes.get("ref", "")))

    def _start_filter(self, attributes: Attributes) -> None:
        self._filter_area = attributes.get("ref", "")

    def _start_filter_column(self, _: Attributes) -> None:
        self.facts.filtered = self._filter_area


def stream_strings(content: bytes) -> list[str]:
    """The shared strings in order: runs of rich text joined, phonetic guides left out."""
    reader = _StringsReader()
    parse_xml(content, start=reader.start, end=reader.end, text=reader.text)
    return reader.strings


class _StringsReader:
    def __init__(self) -> None:
        self.strings: list[str] = []
        self._pieces: list[str] = []
        self._taking = False
        self._phonetic = False

    def start(self, tag: str, _: Attributes) -> None:
        if tag == "t":
            self._taking = not self._phonetic
        elif tag == "si":
            self._pieces = []
        elif tag == "rPh":
            self._phonetic = True

    def end(self, tag: str) -> None:
        if tag == "t":
            self._taking = False
        elif tag == "si":
            self.strings.append(unescaped("".join(self._pieces)))
        elif tag == "rPh":
            self._phonetic = False

    def text(self, piece: str) -> None:
        if self._taking:
            self._pieces.append(piece)
