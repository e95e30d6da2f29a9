"""Office Open XML workbooks, with all that libraries drop: errors, uncached formulas, what is hidden, number formats.

Elements are matched by local name, so Strict and Transitional files read alike. A sheet's stated dimension is not
used. Each sheet goes through ``xlsx_scan`` if its XML is as plain as programs write it, else through the streaming
parser here; both give the same grid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sscbtool.core.model import (
    Area,
    FileFormat,
    Flag,
    Grid,
    Kind,
    Limits,
    Remark,
    RemarkKind,
    Workbook,
)
from sscbtool.edge.readers.grid import CellBudget, GridBuilder
from sscbtool.edge.readers.parts import Parts, broken, parse_xml
from sscbtool.edge.readers.stored import DateClass, builtin_format, date_class, iso_text, number_cell

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
MOST_MERGES = 200_000
TRUE_WORDS = ("1", "true", "on")

BLANK, TEXT, BOOL, ERROR, DATE = (int(k) for k in (Kind.BLANK, Kind.TEXT, Kind.BOOL, Kind.ERROR, Kind.DATE))
FORMULA, UNCACHED = int(Flag.FORMULA), int(Flag.FORMULA | Flag.UNCACHED)

ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
EXTERNAL = re.compile(r"(?<![\w\].])\[\d+\][^\[\]]*!")
"""``[1]Sheet1!A1``, the form in which a formula names another workbook (not ``Table1[2018]``)."""

Attributes = dict[str, str]


@dataclass(frozen=True)
class Styles:
    """What cell styles say about numbers: by style, the number format and what it makes of a number."""

    codes: tuple[str, ...] = ("General",)
    format_of: tuple[int, ...] = ()
    class_of: tuple[DateClass, ...] = ()

    def format(self, style: int) -> int:
        """Index into ``codes`` of a style; General where there is no such style."""
        return self.format_of[style] if 0 <= style < len(self.format_of) else 0

    def shown(self, style: int) -> DateClass:
        """What a style makes of a number."""
        return self.class_of[style] if 0 <= style < len(self.class_of) else DateClass.NONE


@dataclass(frozen=True)
class Book:
    """What all sheets of one workbook share."""

    strings: list[str]
    styles: Styles
    epoch_1904: bool
    linked: bool
    """Whether the workbook has links to other workbooks at all."""


@dataclass
class SheetFacts:
    """What a sheet's XML says around its cells."""

    merges: list[Area] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_spans: list[tuple[int, int]] = field(default_factory=list)
    """First and last column of each hidden span."""
    filtered: str | None = None
    """The area whose rows a filter narrows."""
    outside: list[tuple[int, int]] = field(default_factory=list)
    """Cells whose formula takes its value from another workbook."""


def read_xlsx(data: bytes | memoryview, limits: Limits) -> Workbook:
    """The visible worksheets of an xlsx or xlsm file. InputRefused for a file that is broken or beyond the limits."""
    parts = Parts(data, limits)
    main = next((part for kind, part in parts.relations("").values() if kind == "officeDocument"), None)
    if main is None:
        message = "it is no whole workbook: it does not say which of its parts is the workbook"
        raise broken(message)
    outline = _Outline()
    parse_xml(parts.read(main), start=outline.start)
    relations = parts.relations(main)
    macros = bool(parts.ending("/vbaproject.bin"))
    book = _book(parts, relations, epoch_1904=outline.epoch_1904)
    remarks = [Remark(RemarkKind.MACROS)] if macros else []
    grids: list[Grid] = []
    hidden: list[str] = []
    budget = CellBudget(limits)
    if len(outline.sheets) > limits.sheets:
        message = f"it has more than {limits.sheets} sheets"
        raise broken(message)
    for name, relation, visible in outline.sheets:
        if relation not in relations:
            message = "it is no whole workbook: it names a sheet that it does not hold"
            raise broken(message)
        kind, part = relations[relation]
        if kind != "worksheet":
            continue
        if not visible:
            hidden.append(name)
            remarks.append(Remark(RemarkKind.HIDDEN_SHEET, sheet=name))
            continue
        grid, facts = read_sheet(name, parts.read(part), book, budget)
        grids.append(grid)
        remarks.extend(_sheet_remarks(name, facts))
    return Workbook(
        format=FileFormat.XLSM if macros else FileFormat.XLSX,
        grids=tuple(grids),
        hidden_sheets=tuple(hidden),
        remarks=tuple(remarks),
    )


def read_sheet(name: str, content: bytes, book: Book, budget: CellBudget) -> tuple[Grid, SheetFacts]:
    """One worksheet by the quicker reader that keeps everything in it."""
    return parse_sheet(name, content, book, budget)


def parse_sheet(name: str, content: bytes, book: Book, budget: CellBudget) -> tuple[Grid, SheetFacts]:
    """One worksheet by the streaming XML parser, whatever its XML looks like."""
    builder = GridBuilder(name, budget)
    for code in book.styles.codes:
        builder.format(code)
    reader = _SheetReader(builder, book)
    parse_xml(content, start=reader.start, end=reader.end, text=reader.text)
    facts = reader.facts
    builder.merges = facts.merges
    builder.hidden_rows = facts.hidden_rows
    builder.hidden_columns = hidden_columns(facts)
    return builder.build(), facts


def hidden_columns(facts: SheetFacts) -> Iterator[int]:
    """The number of every hidden column."""
    for first, last in facts.hidden_spans:
        yield from range(max(first, 1), min(last, LAST_COLUMN) + 1)


def _sheet_remarks(name: str, facts: SheetFacts) -> Iterator[Remark]:
    if facts.filtered is not None:
        yield Remark(RemarkKind.FILTERED, sheet=name, detail=facts.filtered)
    if facts.outside:
        row, column = facts.outside[0]
        yield Remark(RemarkKind.EXTERNAL_LINK, sheet=name, row=row, column=column, detail=str(len(facts.outside)))


# --------------------------------------------------------------------------- what all sheets share


class _Outline:
    """The sheets and the date system that the workbook part states."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.epoch_1904 = False

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            visible = attributes.get("state", "visible") not in ("hidden", "veryHidden")
            self.sheets.append((unescaped(attributes.get("name", "")), relation, visible))
        elif tag == "workbookPr":
            self.epoch_1904 = attributes.get("date1904", "0") in TRUE_WORDS


def _book(parts: Parts, relations: dict[str, tuple[str, str]], *, epoch_1904: bool) -> Book:
    by_kind = {kind: part for kind, part in relations.values() if part in parts}
    styles, strings = by_kind.get("styles"), by_kind.get("sharedStrings")
    return Book(
        strings=read_strings(parts.read(strings)) if strings else [],
        styles=read_styles(parts.read(styles)) if styles else Styles(),
        epoch_1904=epoch_1904,
        linked="externalLink" in {kind for kind, _ in relations.values()},
    )


def read_styles(content: bytes) -> Styles:
    """The number format of each cell style."""
    custom: dict[int, str] = {}
    numbers: list[int] = []
    inside = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal inside
        if tag == "numFmt" and not inside:
            custom.setdefault(_whole(attributes.get("numFmtId")), attributes.get("formatCode", "General"))
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            numbers.append(_whole(attributes.get("numFmtId")))

    def end(tag: str) -> None:
        nonlocal inside
        if tag == "cellXfs":
            inside = False

    parse_xml(content, start=start, end=end)
    index: dict[str, int] = {"General": 0}
    codes = [custom[number] if number in custom else builtin_format(number) for number in numbers]
    format_of = tuple(index.setdefault(code, len(index)) for code in codes)
    return Styles(tuple(index), format_of, tuple(date_class(code) for code in codes))


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def read_strings(content: bytes) -> list[str]:
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


def unescaped(text: str) -> str:
    """Text with ``_x000D_`` and its like as the characters that Excel shows for them."""
    if "_x" not in text:
        return text
    plain = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# --------------------------------------------------------------------------- one sheet


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
                raise _no_address()
        else:
            self._cell_row, self._column = cell_place(stated)
        self._style = _whole(attributes.get("s"))
        self._type = attributes.get("t", "n")
        self._value = self._formula = self._inline = self._group = None
        self._in_cell = True

    def _start_value(self, _: Attributes) -> None:
        if self._in_cell:
            self._into = []

    def _end_value(self) -> None:
        if self._into is not None:
            self._value, self._into = "".join(self._into), None

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
        if _hides(attributes, "width"):
            self.facts.hidden_spans.append((_whole(attributes.get("min")), _whole(attributes.get("max"))))

    def _start_merge(self, attributes: Attributes) -> None:
        self.facts.merges.append(area(attributes.get("ref", "")))
        if len(self.facts.merges) > MOST_MERGES:
            message = f"a sheet of it merges more than {MOST_MERGES:,} areas"
            raise broken(message)

    def _start_filter(self, attributes: Attributes) -> None:
        self._filter_area = attributes.get("ref", "")

    def _start_filter_column(self, _: Attributes) -> None:
        self.facts.filtered = self._filter_area


def cell(
    kind: str, value: str | None, inline: str | None, style: int, book: Book, *, formula: bool
) -> tuple[str, int, int]:
    """Canonical text, ``Kind`` and ``Flag`` of one cell from what its XML holds; no text and no flag means blank."""
    flag = FORMULA if formula else 0
    if kind == "inlineStr" and inline is not None:
        text = unescaped(inline)
        return text, TEXT if text else BLANK, flag
    if not value:
        cached = value is not None and kind == "str"
        return "", BLANK, UNCACHED if formula and not cached else flag
    text, told = typed_value(kind, value, style, book)
    return text, told if text else BLANK, flag


def typed_value(kind: str, value: str, style: int, book: Book) -> tuple[str, int]:
    """Canonical text and ``Kind`` of a stored value that is not empty, by the cell's type."""
    match kind:
        case "n":
            return number_cell(value, book.styles.shown(style), epoch_1904=book.epoch_1904)
        case "s":
            return shared_string(value, book), TEXT
        case "b":
            word = value.strip().lower()
            if word in TRUE_WORDS:
                return "TRUE", BOOL
            return ("FALSE", BOOL) if word in ("0", "false", "off") else (value, TEXT)
        case "e":
            return value.strip() or "#VALUE!", ERROR
        case "d":
            date = iso_text(value)
            return (value, TEXT) if date is None else (date, DATE)
        case _:
            return unescaped(value), TEXT


def shared_string(value: str, book: Book) -> str:
    """The shared string of that index; InputRefused where there is none."""
    index = value.strip()
    if not index.isdecimal() or int(index) >= len(book.strings):
        message = "it is no whole workbook: a cell's text is missing from it"
        raise broken(message)
    return book.strings[int(index)]


# --------------------------------------------------------------------------- places


_COLUMNS: dict[str, int] = {}


def column_number(letters: str) -> int:
    """The number of column ``letters``; 0 where they name none."""
    known = _COLUMNS.get(letters)
    if known is not None:
        return known
    number = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            return 0
        number = number * 26 + ord(letter) - 64
        if number > LAST_COLUMN:
            return 0
    _COLUMNS[letters] = number
    return number


def row_number(digits: str) -> int:
    """A row's number; InputRefused beyond the last row that a sheet has."""
    row = int(digits) if digits.isdecimal() and len(digits) < 9 else 0
    if not 1 <= row <= LAST_ROW:
        raise _no_address()
    return row


def cell_place(reference: str) -> tuple[int, int]:
    """Row and column of ``B7``."""
    letters = reference.rstrip("0123456789")
    column = column_number(letters)
    if not column:
        raise _no_address()
    return row_number(reference[len(letters) :]), column


def area(reference: str) -> Area:
    """The area of ``A1:B3``, or of ``A1``; its corners may come in any order."""
    first, _, last = reference.replace("$", "").partition(":")
    top, left = cell_place(first)
    bottom, right = cell_place(last) if last else (top, left)
    return Area(min(top, bottom), min(left, right), max(top, bottom), max(left, right))


def row_is_hidden(attributes: Attributes) -> bool:
    """Whether a row's attributes hide it, by name or by a height of nothing."""
    return _hides(attributes, "ht")


def _hides(attributes: Attributes, size: str) -> bool:
    if attributes.get("hidden") in TRUE_WORDS:
        return True
    extent = attributes.get(size)
    return extent is not None and extent.strip("0.") == "" and "0" in extent


def _no_address() -> Exception:
    message = "it is no whole workbook: a cell's address lies beyond the sheet"
    return broken(message)
