"""OpenDocument spreadsheets: repeated rows and cells at no cost, error cells, formulas, what is hidden."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from sscbtool.core.model import Area, FileFormat, Flag, Grid, Kind, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers.grid import CellBudget, GridBuilder
from sscbtool.edge.readers.parts import Parts, broken, parse_xml
from sscbtool.edge.readers.stored import clock_text, iso_text, stored_number
from sscbtool.errors import InputRefused

BLANK, TEXT, NUMBER, DATE, BOOL, ERROR = (
    int(k) for k in (Kind.BLANK, Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.BOOL, Kind.ERROR)
)
FORMULA, UNCACHED = int(Flag.FORMULA), int(Flag.FORMULA | Flag.UNCACHED)
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384

NAMESPACES = {
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text",
    "urn:oasis:names:tc:opendocument:xmlns:style:1.0": "style",
    "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0": "draw",
    "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0": "number",
    "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0": "manifest",
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext",
}
ASIDE = frozenset(
    (
        "office:annotation",
        "table:tracked-changes",
        "table:dde-links",
        "table:shapes",
        "text:ruby-text",
        "draw:frame",
        "draw:custom-shape",
        "draw:g",
    )
)
"""Elements whose text is not the sheet's: comments, pictures, what was changed."""
ERROR_TEXT = re.compile(r"#(?:REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|NULL!)|Err:\d{3}")
TIME = re.compile(r"(-?)P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?")
OUTSIDE = re.compile(r"'(?:file|https?|ftp|smb):[^']*'#", re.IGNORECASE)
SPACES = re.compile(r"[ \t\r\n]+")
SPACED = re.compile(r"[ \t\r\n]{2}|[\t\r\n]")
MOST_SPACES = 32_767
"""As many characters as a cell may have."""

DATA_STYLES = frozenset(("number:number-style", "number:currency-style"))
LITERALS = frozenset(("number:currency-symbol", "number:text"))
LONGEST_LITERAL = 40

Attributes = dict[str, str]


def read_ods(data: bytes | memoryview, limits: Limits) -> Workbook:
    """The visible sheets of an ods file. InputRefused for a file that is broken, protected or beyond the limits."""
    parts = Parts(data, limits)
    _refuse_protected(parts)
    reader = _Reader(CellBudget(limits), limits.sheets, limits.part_bytes)
    if "styles.xml" in parts:
        parse_xml(
            parts.read("styles.xml"),
            start=reader.styles.start,
            end=reader.styles.end,
            text=reader.styles.text,
            namespaces=NAMESPACES,
        )
    parse_xml(parts.read("content.xml"), start=reader.start, end=reader.end, text=reader.text, namespaces=NAMESPACES)
    if any(name.startswith("basic/") and name.endswith(".xml") for name in parts.ending(".xml")):
        reader.remarks.append(Remark(RemarkKind.MACROS))
    return Workbook(
        format=FileFormat.ODS,
        grids=tuple(reader.grids),
        hidden_sheets=tuple(reader.hidden_sheets),
        remarks=tuple(reader.remarks),
    )


def _refuse_protected(parts: Parts) -> None:
    if "META-INF/manifest.xml" not in parts:
        return

    def start(tag: str, _: Attributes) -> None:
        if tag == "manifest:encryption-data":
            message = "it is protected by a password"
            raise InputRefused(message, "Ask for the workbook without a password, or for the password.")

    parse_xml(parts.read("META-INF/manifest.xml"), start=start, namespaces=NAMESPACES)


@dataclass(frozen=True)
class _Row:
    """The cells of one row that hold something, side by side as ``GridBuilder.add_row`` takes them."""

    columns: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    formats: list[int] = field(default_factory=list)


class _Styles:
    """What the document's cell styles show around a number, as the literals of a number format: ``"€" 0``.

    A style of cells may inherit from another and names a data style; both kinds stand in styles.xml or content.xml.
    """

    def __init__(self) -> None:
        self._literals: dict[str, str] = {}
        """Data style -> the currency signs and texts that it shows."""
        self._parents: dict[str, str] = {}
        self._data_styles: dict[str, str] = {}
        self._data_style: str | None = None
        self._pieces: list[str] | None = None
        self._codes: dict[str, str] = {}

    def start(self, tag: str, attributes: Attributes) -> None:
        """A style, or a part of a data style."""
        if tag in DATA_STYLES:
            self._data_style = attributes.get("style:name", "")
            self._literals[self._data_style] = ""
        elif tag in LITERALS and self._data_style is not None:
            self._pieces = []
        elif tag == "style:style" and attributes.get("style:family") == "table-cell":
            name = attributes.get("style:name", "")
            if parent := attributes.get("style:parent-style-name"):
                self._parents[name] = parent
            if data_style := attributes.get("style:data-style-name"):
                self._data_styles[name] = data_style

    def end(self, tag: str) -> None:
        """Closes what ``start`` opened."""
        if tag in DATA_STYLES:
            self._data_style = None
        elif tag in LITERALS and self._pieces is not None:
            if self._data_style is not None:
                self._literals[self._data_style] += "".join(self._pieces)
            self._pieces = None

    def text(self, piece: str) -> None:
        """Text within a data style."""
        if self._pieces is not None:
            self._pieces.append(piece)

    def code(self, name: str | None) -> str | None:
        """The number format of a cell style; None where it shows nothing but the number."""
        if name is None:
            return None
        if name not in self._codes:
            self._codes[name] = self._found(name)
        return self._codes[name] or None

    def _found(self, name: str) -> str:
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            if name in self._data_styles:
                shown = self._literals.get(self._data_styles[name], "")
                shown = "".join(c for c in shown if c not in '"\\' and not c.isspace())[:LONGEST_LITERAL]
                return f'"{shown}"0.00' if any(c.isalpha() or ord(c) > 127 or c == "$" for c in shown) else ""
            name = self._parents.get(name, "")
        return ""


class _Reader:
    """Follows content.xml and gathers the grids."""

    def __init__(self, budget: CellBudget, most_sheets: int, most_chars: int) -> None:
        self.grids: list[Grid] = []
        self.hidden_sheets: list[str] = []
        self.remarks: list[Remark] = []
        self.styles = _Styles()
        self._budget = budget
        self._most_sheets = most_sheets
        self._style = ""
        self._hidden_styles: set[str] = set()
        self._tables = 0
        self._aside = 0
        self._builder: GridBuilder | None = None
        self._reading = False
        self._cell: Attributes | None = None
        self._paragraphs: list[str] = []
        self._pieces: list[str] | None = None
        self._chars = most_chars
        self._hidden_groups: list[bool] = []
        self._reset()
        self._starts: dict[str, Callable[[Attributes], None]] = {
            "style:style": self._start_style,
            "style:table-properties": self._start_table_properties,
            "table:table": self._start_table,
            "table:table-column": self._column_element,
            "table:table-row-group": self._start_group,
            "table:table-column-group": self._start_group,
            "table:table-row": self._start_row,
            "table:table-cell": self._start_cell,
            "table:covered-table-cell": self._start_cell,
            "text:p": self._start_paragraph,
            "text:s": self._spaces,
            "text:tab": lambda _: self.mark("\t"),
            "text:line-break": lambda _: self.mark("\n"),
        }
        self._ends: dict[str, Callable[[], None]] = {
            "table:table": self._end_table,
            "table:table-row-group": self._end_group,
            "table:table-column-group": self._end_group,
            "table:table-row": self._end_row,
            "table:table-cell": self._end_cell,
            "table:covered-table-cell": self._end_cell,
            "text:p": self._end_paragraph,
        }

    def _reset(self) -> None:
        self._row = 0
        self._column = 0
        self._columns = 0
        self._rows_repeated = 1
        self._row_hidden = False
        self._row_cells = _Row()
        self._hidden_rows: list[range] = []
        self._hidden_columns: list[range] = []
        self._column_styles: list[tuple[int, str]] = []
        """The last column that a default style of cells is for, and the style."""
        self._row_style: str | None = None
        self._filtered = False
        self._outside: list[tuple[int, int]] = []

    def start(self, tag: str, attributes: Attributes) -> None:
        handler = self._starts.get(tag)
        if not self._tables:
            self.styles.start(tag, attributes)
        if handler is not None and not self._aside:
            handler(attributes)
        elif tag in ASIDE:
            self._aside += 1

    def end(self, tag: str) -> None:
        handler = self._ends.get(tag)
        if not self._tables:
            self.styles.end(tag)
        if handler is not None and not self._aside:
            handler()
        elif tag in ASIDE:
            self._aside -= 1

    def text(self, piece: str) -> None:
        if self._pieces is not None and not self._aside:
            self._pieces.append(SPACES.sub(" ", piece) if SPACED.search(piece) else piece)
        elif not self._tables:
            self.styles.text(piece)

    # styles

    def _start_style(self, attributes: Attributes) -> None:
        self._style = attributes.get("style:name", "") if attributes.get("style:family") == "table" else ""

    def _start_table_properties(self, attributes: Attributes) -> None:
        if self._style and attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)

    # sheets

    def _start_table(self, attributes: Attributes) -> None:
        self._tables += 1
        if self._tables > 1:
            self._reading = False
            return
        name = attributes.get("table:name", "")
        self._reset()
        if attributes.get("table:style-name") in self._hidden_styles:
            self.hidden_sheets.append(name)
            self.remarks.append(Remark(RemarkKind.HIDDEN_SHEET, sheet=name))
            self._builder = None
        else:
            self._builder = GridBuilder(name, self._budget)
        self._reading = self._builder is not None
        if len(self.grids) + len(self.hidden_sheets) >= self._most_sheets:
            message = f"it has more than {self._most_sheets} sheets"
            raise broken(message)

    def _end_table(self) -> None:
        self._tables -= 1
        builder = self._builder
        self._reading = self._tables == 1 and builder is not None
        if self._tables or builder is None:
            return
        builder.hidden_rows = (row for rows in self._hidden_rows for row in rows)
        builder.hidden_columns = (column for columns in self._hidden_columns for column in columns)
        self.grids.append(builder.build())
        self._builder = None
        if self._filtered:
            self.remarks.append(Remark(RemarkKind.FILTERED, sheet=builder.sheet))
        if self._outside:
            row, column = self._outside[0]
            self.remarks.append(
                Remark(RemarkKind.EXTERNAL_LINK, builder.sheet, row, column, detail=str(len(self._outside)))
            )

    # columns and rows

    def _start_group(self, attributes: Attributes) -> None:
        self._hidden_groups.append(attributes.get("table:display") == "false")

    def _end_group(self) -> None:
        self._hidden_groups.pop()

    def _hidden(self, attributes: Attributes) -> bool:
        return attributes.get("table:visibility") in ("collapse", "filter") or any(self._hidden_groups)

    def _column_element(self, attributes: Attributes) -> None:
        if not self._reading:
            return
        first = self._columns + 1
        self._columns += _repeats(attributes, "table:number-columns-repeated")
        self._column_styles.append((self._columns, attributes.get("table:default-cell-style-name", "")))
        if self._hidden(attributes):
            self._hidden_columns.append(range(first, min(self._columns, LAST_COLUMN) + 1))

    def _start_row(self, attributes: Attributes) -> None:
        if not self._reading:
            return
        self._column = 0
        self._row_cells = _Row()
        self._rows_repeated = _repeats(attributes, "table:number-rows-repeated")
        self._row_style = attributes.get("table:default-cell-style-name")
        self._row_hidden = self._hidden(attributes)
        self._filtered |= attributes.get("table:visibility") == "filter"

    def _end_row(self) -> None:
        builder, cells = self._builder, self._row_cells
        if builder is None or not self._reading:
            return
        first = self._row + 1
        self._row += self._rows_repeated
        if not cells.columns:
            return
        if self._row > LAST_ROW:
            raise _beyond()
        if self._rows_repeated > MOST_ALIKE:
            raise InputRefused(
                f"one row is said to stand {self._rows_repeated:,} times over",
                "Ask for the rows written out, as .xlsx.",
            )
        rows = range(first, self._row + 1)
        builder.expect(len(rows) * len(cells.columns))
        if self._row_hidden:
            self._hidden_rows.append(rows)
        for row in rows:
            builder.add_row(row, cells.columns, cells.texts, cells.kinds, cells.flags, cells.formats)

    # cells

    def _start_cell(self, attributes: Attributes) -> None:
        if self._reading:
            self._cell = attributes
            self._paragraphs = []

    def _start_paragraph(self, _: Attributes) -> None:
        if self._cell is not None and self._reading:
            self._pieces = []

    def _spaces(self, attributes: Attributes) -> None:
        self.mark(" " * min(_repeats(attributes, "text:c"), MOST_SPACES))

    def mark(self, text: str) -> None:
        """White space that an element stands for; kept whatever stands beside it."""
        if self._pieces is not None:
            self._pieces.append(text)
            self._chars -= len(text)
            if self._chars < 0:
                message = "its cells repeat white space beyond what may be read"
                raise broken(message)

    def _end_paragraph(self) -> None:
        if self._pieces is not None:
            self._paragraphs.append("".join(self._pieces))
            self._pieces = None

    def _end_cell(self) -> None:
        attributes, builder = self._cell, self._builder
        if attributes is None or builder is None or not self._reading:
            return
        self._cell = None
        column = self._column + 1
        self._column += _repeats(attributes, "table:number-columns-repeated")
        if "table:number-columns-spanned" in attributes or "table:number-rows-spanned" in attributes:
            self._note_merge(attributes, column, builder)
        text, kind, flag = _cell(attributes, "\n".join(self._paragraphs))
        if text or flag:
            code = _format_code(attributes)
            if kind == NUMBER and code in NEUTRAL:
                code = self.styles.code(self._style_of(attributes, column)) or code
            self._hold(range(column, self._column + 1), text, kind, flag, builder.format(code))
        formula = attributes.get("table:formula")
        if formula is not None and OUTSIDE.search(formula):
            self._outside.append((self._row + 1, column))

    def _style_of(self, attributes: Attributes, column: int) -> str | None:
        """The style of a cell: its own, else its row's, else its column's."""
        own = attributes.get("table:style-name") or self._row_style
        if own:
            return own
        at = bisect_left(self._column_styles, column, key=lambda each: each[0])
        return self._column_styles[at][1] if at < len(self._column_styles) else None

    def _hold(self, columns: range, text: str, kind: int, flag: int, form: int) -> None:
        if columns[-1] > LAST_COLUMN:
            raise _beyond()
        cells, count = self._row_cells, len(columns)
        cells.columns.extend(columns)
        cells.texts.extend([text] * count)
        cells.kinds.extend([kind] * count)
        cells.flags.extend([flag] * count)
        cells.formats.extend([form] * count)

    def _note_merge(self, attributes: Attributes, column: int, builder: GridBuilder) -> None:
        wide = _repeats(attributes, "table:number-columns-spanned")
        high = _repeats(attributes, "table:number-rows-spanned")
        if wide > 1 or high > 1:
            builder.merge(Area(self._row + 1, column, self._row + high, column + wide - 1))


def _beyond() -> InputRefused:
    return broken("it is no whole workbook: a cell's address lies beyond the sheet")


MOST_ALIKE = 10_000
"""Times that one filled row may stand in for itself: a line of text must not become a million payments."""


def _repeats(attributes: Attributes, name: str) -> int:
    text = attributes.get(name)
    if text is None:
        return 1
    if not text.isdecimal() or len(text) > 9:
        message = "it is no whole workbook: a count in it is no number"
        raise broken(message)
    return max(int(text), 1)


def _cell(attributes: Attributes, shown: str) -> tuple[str, int, int]:
    """Canonical text, ``Kind`` and ``Flag`` of a cell; ``shown`` is the text that its paragraphs display."""
    formula = "table:formula" in attributes
    flag = FORMULA if formula else 0
    stated = attributes.get("office:value-type")
    if attributes.get("calcext:value-type") == "error" or (formula and ERROR_TEXT.fullmatch(shown)):
        return shown or "#VALUE!", ERROR, flag
    if formula and stated is None and not shown:
        return "", BLANK, UNCACHED
    text, kind = _typed(stated, attributes, shown)
    return text, kind if text else BLANK, flag


def _typed(stated: str | None, attributes: Attributes, shown: str) -> tuple[str, int]:
    found: str | None
    match stated:
        case "float" | "currency" | "percentage":
            found, kind = stored_number(attributes.get("office:value", "")), NUMBER
        case "date":
            found, kind = iso_text(attributes.get("office:date-value", "")), DATE
        case "time":
            found, kind = _time_text(attributes.get("office:time-value", "")), DATE
        case "boolean":
            found, kind = attributes.get("office:boolean-value", "").upper(), BOOL
            found = found if found in ("TRUE", "FALSE") else None
        case _:
            found, kind = attributes.get("office:string-value", shown), TEXT
    return (shown, TEXT) if found is None else (found, kind)


def _time_text(text: str) -> str | None:
    """``09:30:00`` from ``PT09H30M00S``."""
    found = TIME.fullmatch(text)
    if found is None or found[1]:
        return None
    days, hours, minutes, seconds = (int(found[n] or 0) for n in range(2, 6))
    rounded = round(float(f"0.{found[6] or 0}"))
    return clock_text(((days * 24 + hours) * 60 + minutes) * 60 + seconds + rounded)


NEUTRAL = ("General", "#,##0.00")
"""Formats by which a value type says nothing of a unit; the cell's style may."""


def _format_code(attributes: Attributes) -> str:
    """A number format that says what the cell's value type does."""
    match attributes.get("office:value-type"):
        case "percentage":
            return "0.00%"
        case "currency":
            currency = attributes.get("office:currency", "")
            return f"[${currency}]#,##0.00" if currency.isalpha() and len(currency) == 3 else "#,##0.00"
        case "date":
            return "yyyy-mm-dd"
        case "time":
            return "hh:mm:ss"
        case _:
            return "General"
