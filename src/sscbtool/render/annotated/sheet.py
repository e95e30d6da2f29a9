"""One worksheet with marks on its cells: their styles change, a missing cell is made, and nothing else is touched."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from sscbtool.core.model import Severity, address
from sscbtool.render.annotated.parts import Edit, Element, Unfit, spliced, walk, with_attributes
from sscbtool.render.annotated.styles import StyleBook

AFTER_LEGACY = frozenset(
    {"legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst"}
)
"""What stands behind the reference to comments in a worksheet."""
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["\']([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)["\']')
_SELECTED = re.compile(rb"""\stabSelected\s*=\s*(?:"[^"]*"|'[^']*')""")
_DATA = re.compile(rb"<((?:\w+:)?)sheetData\s*>")
_ROW = re.compile(rb"<(\w+:)?row(?=[\s>/])[^>]*>")
_ROW_NUMBER = re.compile(rb"""\sr=["']([0-9]+)["']""")
_PAIR = re.compile(rb"""(\w+)=["']([^"']*)["']""")
_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
Cell = tuple[int, int]
"""Row and column, from 1."""


@dataclass
class Geometry:
    """Widths of columns in characters and heights of rows in points, where the sheet states them."""

    default_width: float = 8.43
    default_height: float = 15.0
    columns: list[tuple[int, int, float, int]] = field(default_factory=list)
    """First, last, width, style."""
    rows: dict[int, float] = field(default_factory=dict)

    def width(self, column: int) -> float:
        """Of one column."""
        return next((w for first, last, w, _ in self.columns if first <= column <= last), self.default_width)

    def style(self, column: int) -> int:
        """The style of a column's blank cells."""
        return next((s for first, last, _, s in self.columns if first <= column <= last), 0)


def anchors(content: bytes, cells: set[Cell]) -> dict[Cell, Cell]:
    """Each cell -> the cell that shows it: a merged area shows its top left one alone."""
    areas = [(int(r1), number(c1.decode()), int(r2), number(c2.decode())) for c1, r1, c2, r2 in _MERGE.findall(content)]
    found = {}
    for row, column in cells:
        area = next((a for a in areas if a[0] <= row <= a[2] and a[1] <= column <= a[3]), None)
        found[row, column] = (area[0], area[1]) if area else (row, column)
    return found


def number(letters: str) -> int:
    """Column letters as a number, from 1."""
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - 64
    return value


def _data(content: bytes) -> tuple[int, int] | None:
    """Where the rows of a sheet begin and end, if they can be told apart without parsing them."""
    begin = _DATA.search(content)
    if begin is None or b"<!" in content:
        return None
    close = content.rfind(b"</" + begin[1] + b"sheetData")
    return (begin.end(), close) if close > begin.end() else None


class MarkedSheet:
    """The edits that mark cells of one worksheet."""

    def __init__(self, content: bytes, marks: Mapping[Cell, Severity], styles: StyleBook) -> None:
        self.content = content
        self.geometry = Geometry()
        self.legacy: str | None = None
        """The relation that leads to the drawing of comments, where there is one."""
        self.edits: list[Edit] = []
        self._styles = styles
        self._wanted: dict[int, list[int]] = {}
        for row, column in sorted(marks):
            self._wanted.setdefault(row, []).append(column)
        self._marks = marks
        self._rows = sorted(self._wanted)
        self._reached = 0
        self._row = self._column = 0
        self._row_style = 0
        self._left: list[int] = []
        """Columns of the row at hand that have no cell yet."""
        self._made: list[tuple[int, bytes]] = []
        self._root: Element | None = None
        self._after_data = False
        self._place_for_legacy: int | None = None
        self._data = None if styles.marked_before else _data(content)
        if self._data is None:
            walk(content, self._open, self._close)
        else:  # a row that is not marked need not be looked into
            body, close = self._data
            outline = content[:body] + content[close:]
            walk(outline, self._open, self._close, at=lambda here: here if here < body else here + close - body)

    def written(self) -> bytes:
        """The sheet with its edits."""
        return spliced(self.content, self.edits)

    def refer(self, relation: str, namespace: str) -> None:
        """Point to a drawing of comments."""
        assert self._root is not None
        at = self._root.close if self._place_for_legacy is None else self._place_for_legacy
        new = f'<{self._root.prefix}legacyDrawing xmlns:sscb="{namespace}" sscb:id="{relation}"/>'
        self.edits.append((at, at, new.encode()))

    # ----- element by element

    def _open(self, element: Element) -> None:
        tag = element.tag
        if tag == "c":
            self._cell(element)
        elif tag == "row":
            self._open_row(element)
        elif tag == "sheetData" and self._data:
            self._look_for_rows(*self._data)
        elif self._root is None:
            self._root = element
            if tag != "worksheet":
                raise Unfit
        elif tag == "sheetView":
            start = self.content[element.start : element.body]
            self.edits.append((element.start, element.body, _SELECTED.sub(b"", start)))
        elif tag == "sheetFormatPr":
            self.geometry.default_width = _real(element.attributes.get("defaultColWidth"), 8.43)
            self.geometry.default_height = _real(element.attributes.get("defaultRowHeight"), 15.0)
        elif tag == "col":
            self._col(element)
        elif element.parent is self._root and self._after_data:
            if tag == "legacyDrawing":
                self.legacy = element.attribute("id")
            elif self._place_for_legacy is None and (tag in AFTER_LEGACY or tag == "AlternateContent"):
                self._place_for_legacy = element.start

    def _look_for_rows(self, body: int, close: int) -> None:
        """Open and close the rows that are marked; of the others no more than their numbers and heights is read."""
        starts = [*_ROW.finditer(self.content, body, close)]
        ends = [*(row.start() for row in starts[1:]), close]
        before = 0
        for row, end in zip(starts, ends, strict=True):
            said = _ROW_NUMBER.search(row[0])
            before = int(said[1]) if said else before + 1
            if before in self._wanted:
                piece = self.content[row.start() : end].rstrip()
                walk(piece, self._open, self._close, at=row.start().__add__)
                continue
            self._row = before
            prefix = (row[1] or b"").decode()
            self._insert_rows(row.start(), prefix, before=before)
            if b" ht=" in row[0]:
                self._height(before, {key.decode(): value.decode() for key, value in _PAIR.findall(row[0])})

    def _col(self, element: Element) -> None:
        said = element.attributes
        hidden = said.get("hidden") in ("1", "true")
        width = 0.0 if hidden else _real(said.get("width"), self.geometry.default_width)
        bounds = int(said.get("min", 0)), int(said.get("max", 0))
        self.geometry.columns.append((*bounds, width, int(said.get("style", 0))))

    def _open_row(self, element: Element) -> None:
        self._row = int(element.attributes.get("r", self._row + 1))
        self._column = 0
        self._insert_rows(element.start, element.prefix, before=self._row)
        self._height(self._row, element.attributes)
        self._left = []
        self._made = []
        if self._row in self._wanted:
            self._left = list(self._wanted[self._row])
            self._row_style = int(element.attributes.get("s", -1))
            self._reached = max(self._reached, bisect_left(self._rows, self._row + 1))

    def _height(self, row: int, said: Mapping[str, str]) -> None:
        if (height := said.get("ht")) is not None:
            self.geometry.rows[row] = 0.0 if said.get("hidden") in ("1", "true") else _real(height, 15.0)

    def _cell(self, element: Element) -> None:
        said = element.attributes
        place = _REF.fullmatch(said.get("r", ""))
        self._column = number(place[1]) if place else self._column + 1
        style = int(said.get("s", 0))
        while self._left and self._left[0] < self._column:
            self._made.append((element.start, self._blank(self._left.pop(0), element.prefix)))
        if self._left and self._left[0] == self._column:
            self._left.pop(0)
            style = self._styles.marked(style, self._marks[self._row, self._column])
        elif style in self._styles.marked_before:
            style = self._styles.marked_before[style]
        else:
            return
        start = self.content[element.start : element.body]
        self.edits.append((element.start, element.body, with_attributes(start, add={"s": str(style)})))

    def _close(self, element: Element) -> None:
        if element.tag == "row":
            made = self._made
            if self._left:
                rest = b"".join(self._blank(column, element.prefix) for column in self._left)
                self._left = []
                made = [*made, (element.close, rest)]
            if made:
                self._grown(element, made)
            self._made = []
        elif element.tag == "sheetData":
            self._after_data = True
            if self._reached < len(self._rows):
                if element.close == element.body:
                    tag = self.content[element.start : element.body - 2].rstrip() + b">"
                    rows = self._rest_of_rows(element.prefix, None)
                    self.edits.append((element.start, element.body, tag + rows + f"</{element.written}>".encode()))
                else:
                    self._insert_rows(element.close, element.prefix, before=None)

    def _grown(self, row: Element, made: list[tuple[int, bytes]]) -> None:
        """A row with cells that it did not have; what it says of its width no longer holds."""
        start = with_attributes(self.content[row.start : row.body], drop=("spans",))
        if row.close == row.body:
            cells = b"".join(new for _, new in made)
            start = start[:-2].rstrip() + b">" if start.endswith(b"/>") else start
            self.edits.append((row.start, row.body, start + cells + f"</{row.written}>".encode()))
            return
        self.edits.append((row.start, row.body, start))
        self.edits += [(at, at, new) for at, new in made]

    def _insert_rows(self, at: int, prefix: str, *, before: int | None) -> None:
        if rows := self._rest_of_rows(prefix, before):
            self.edits.append((at, at, rows))

    def _rest_of_rows(self, prefix: str, before: int | None) -> bytes:
        """Marked rows that the sheet does not have, as far as they come before a row."""
        rows = []
        while self._reached < len(self._rows) and (before is None or self._rows[self._reached] < before):
            own = self._rows[self._reached]
            self._reached += 1
            self._row_style, row = -1, self._row
            self._row = own
            cells = b"".join(self._blank(column, prefix) for column in self._wanted[own])
            self._row = row
            rows.append(f'<{prefix}row r="{own}">'.encode() + cells + f"</{prefix}row>".encode())
        return b"".join(rows)

    def _blank(self, column: int, prefix: str) -> bytes:
        base = self._row_style if self._row_style >= 0 else self.geometry.style(column)
        style = self._styles.marked(base, self._marks[self._row, column])
        return f'<{prefix}c r="{address(self._row, column)}" s="{style}"/>'.encode()


def _real(text: str | None, otherwise: float) -> float:
    try:
        return float(text) if text is not None else otherwise
    except ValueError:
        return otherwise
