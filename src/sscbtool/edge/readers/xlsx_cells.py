"""What the cells of an Office Open XML sheet mean, however they were found: shared by both of its readers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from sscbtool.core.model import Area, Flag, Kind
from sscbtool.edge.readers.grid import string_array
from sscbtool.edge.readers.parts import broken
from sscbtool.edge.readers.stored import DateClass, iso_text, number_cell
from sscbtool.errors import InputRefused

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
TRUE_WORDS = ("1", "true", "on")

BLANK, TEXT, BOOL, ERROR, DATE = (int(k) for k in (Kind.BLANK, Kind.TEXT, Kind.BOOL, Kind.ERROR, Kind.DATE))
FORMULA, UNCACHED = int(Flag.FORMULA), int(Flag.FORMULA | Flag.UNCACHED)

ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

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

    @cached_property
    def pool(self) -> pa.Array:
        """The shared strings as an Arrow array."""
        return string_array(self.strings)


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


def unescaped(text: str) -> str:
    """Text with ``_x000D_`` and its like as the characters that Excel shows for them."""
    if "_x" not in text:
        return text
    plain = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
        raise no_address()
    return row


def cell_place(reference: str) -> tuple[int, int]:
    """Row and column of ``B7``."""
    letters = reference.rstrip("0123456789")
    column = column_number(letters)
    if not column:
        raise no_address()
    return row_number(reference[len(letters) :]), column


def area(reference: str) -> Area:
    """The area of ``A1:B3``, or of ``A1``; its corners may come in any order."""
    first, _, last = reference.replace("$", "").partition(":")
    top, left = cell_place(first)
    bottom, right = cell_place(last) if last else (top, left)
    return Area(min(top, bottom), min(left, right), max(top, bottom), max(left, right))


def row_is_hidden(attributes: Attributes) -> bool:
    """Whether a row's attributes hide it, by name or by a height of nothing."""
    return hides(attributes, "ht")


def hides(attributes: Attributes, size: str) -> bool:
    """Whether a row or column is hidden by name, or by an extent, in attribute ``size``, of nothing."""
    if attributes.get("hidden") in TRUE_WORDS:
        return True
    extent = attributes.get(size)
    return extent is not None and extent.strip("0.") == "" and "0" in extent


def no_address() -> InputRefused:
    """The refusal of a cell that lies where no sheet reaches."""
    message = "it is no whole workbook: a cell's address lies beyond the sheet"
    return broken(message)


def whole(text: str | None) -> int:
    """A count or an index as an attribute states it; 0 where it states none."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else 0


def hidden_columns(facts: SheetFacts) -> list[int]:
    """The number of every hidden column."""
    marks = bytearray(LAST_COLUMN + 1)
    for first, last in facts.hidden_spans:
        first, last = max(first, 1), min(last, LAST_COLUMN)
        if first <= last:
            marks[first : last + 1] = b"\x01" * (last + 1 - first)
    return [number for number, mark in enumerate(marks) if mark] if facts.hidden_spans else []
