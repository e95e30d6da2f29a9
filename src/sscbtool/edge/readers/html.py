"""The tables of a web page -> one grid each; council finance systems name such pages ``.xls``.

Row numbers count the table's own rows. Every cell is TEXT as a browser shows it: blanks run together, ``<br>`` a line
break, what is hidden inside a cell left out. A table inside a cell is a grid of its own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lxml import etree

from sscbtool.core.model import Area, FileFormat, Flag, Grid, Kind, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers.grid import CellBudget, GridBuilder
from sscbtool.edge.readers.text import LOST, MOJIBAKE, REMARKS_A_KIND
from sscbtool.errors import InputRefused

WIDEST_SPAN = 1_000
"""What browsers make of a larger ``colspan``."""
LONGEST_SPAN = 65_534

BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
STATED_CHARSETS = {
    **dict.fromkeys(("windows-1252", "cp1252", "iso-8859-1", "latin1", "us-ascii", "ascii"), "cp1252"),
    "iso-8859-15": "iso-8859-15",
    "macintosh": "mac-roman",
}
"""What pages from western systems state, and how browsers read it; every other statement is left to the bytes."""
HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))", re.IGNORECASE)
DIGITS = re.compile(r"\s*(\d{1,12})", re.ASCII)
BLANKS = re.compile(r"[ \t\r\n\f]+")
RUN_OF_BLANKS = re.compile(r"[\t\r\n\f]|  ")
BREAKS = re.compile(r" *\n *")
SUSPECT = re.compile(f"{LOST}|{MOJIBAKE}")
PLAIN_NUMBER = re.compile(r"(£?)(-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?)")
STORED_NUMBER = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,20}")
CELLS = frozenset({"td", "th"})
LINES = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})
UNSEEN = frozenset({"script", "style", "template", "noscript", "table"})

GIVEN_UP = frozenset({etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_INTERNAL_ERROR})
"""Errors after which the parser drops the rest of a page without a word."""

ASK = "Ask the sender for the spreadsheet itself, as xlsx or CSV."
ASK_AGAIN = "Ask the sender for the file again, or as xlsx or CSV."


def read_html(data: bytes | memoryview, limits: Limits) -> Workbook:
    """A grid for each table that shows anything: sheet None where there is one, else ``Table 1``, ``Table 2`` ...

    InputRefused for a page without a table, for one that is cut off inside a table, and beyond ``limits``.
    """
    text, encoding, remarks = _decoded(bytes(data))
    _refuse_cut_off(text)
    tables = list(_parsed(text).iter("table"))
    budget = CellBudget(limits)
    grids: list[Grid] = []
    hidden: list[str] = []
    for number, table in enumerate(tables, start=1):
        sheet = f"Table {number}" if len(tables) > 1 else None
        if any(_is_hidden(around) for around in (table, *table.iterancestors())):
            hidden.append(f"Table {number}")
            continue
        layout = _Layout(GridBuilder(sheet, budget), limits)
        _lay_out(table, layout)
        remarks += layout.remarks
        grid = layout.builder.build()
        if len(grid.rows):
            grids.append(grid)
        if len(grids) > limits.sheets:
            raise InputRefused(f"it has more than {limits.sheets} tables", ASK)
    if not grids:
        raise InputRefused("it is a web page without a table", ASK)
    remarks += [Remark(RemarkKind.HIDDEN_SHEET, sheet=name) for name in hidden]
    return Workbook(FileFormat.HTML, tuple(grids), encoding, None, tuple(hidden), tuple(remarks))


# --------------------------------------------------------------------------- the page


def _decoded(data: bytes) -> tuple[str, str, list[Remark]]:
    """The page's text, the encoding's name and what was assumed: mark, then what the page states, UTF-8, cp1252."""
    for mark, name in BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace"), name, []
    for codec in ("utf-16-le", "utf-16-be"):
        if data[:2] == "<".encode(codec):
            return data.decode(codec, "replace"), "utf-16", [Remark(RemarkKind.ASSUMED_ENCODING, detail="utf-16")]
    found = CHARSET.search(data[:4096])
    stated = STATED_CHARSETS.get(found.group(1).decode("ascii", "replace").lower(), "utf-8") if found else "utf-8"
    for name in (stated, "utf-8"):
        try:
            return data.decode(name), name, []
        except UnicodeDecodeError:
            continue
    return data.decode("cp1252", "replace"), "cp1252", [Remark(RemarkKind.ASSUMED_ENCODING, detail="cp1252")]


def _refuse_cut_off(text: str) -> None:
    """A parser mends what is missing at the end and says nothing of the rows that were lost with it."""
    folded = text.lower()
    if len(re.findall(r"<table[\s>/]", folded)) > folded.count("</table"):
        raise InputRefused("it is cut off: a table in it does not end", ASK_AGAIN)


def _parsed(text: str) -> Any:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(text.replace("\0", LOST).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise InputRefused("it is a web page too damaged or too deeply nested to read", ASK_AGAIN) from error
    if root is None:
        raise InputRefused("it is a web page without a table", ASK)
    if any(entry.level == etree.ErrorLevels.FATAL and entry.type in GIVEN_UP for entry in parser.error_log):
        raise InputRefused("it is a web page too deeply nested to read", ASK_AGAIN)
    return root


def _is_hidden(element: Any) -> bool:
    style = element.get("style")
    return (style is not None and bool(HIDDEN.search(style))) or element.get("hidden") is not None


# --------------------------------------------------------------------------- one table


@dataclass
class _Layout:
    """Where the next cell of a table goes: spans from above and from the left keep their places."""

    builder: GridBuilder
    limits: Limits
    row: int = 0
    column: int = 0
    taken: dict[int, int] = field(default_factory=dict)
    """Column -> the last row that a span from above fills in it."""
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    covered: int = 0

    def next_row(self) -> None:
        """Starts a row."""
        self.row += 1
        self.column = 0

    def place(self, width: int, height: int) -> int:
        """The column of a cell so wide and high. InputRefused where spans cover more than a grid may have."""
        column = self.column + 1
        while self.taken.get(column, 0) >= self.row:
            column += 1
        self.column = column + width - 1
        self.covered += width
        if self.column > self.limits.columns or self.covered > self.limits.cells:
            raise InputRefused("its cells span more columns than a sheet can have", ASK)
        if height > 1:
            for number in range(column, self.column + 1):
                self.taken[number] = self.row + height - 1
        return column


def _lay_out(table: Any, layout: _Layout) -> None:
    """Adds the table's cells, merges and hidden rows to the layout's builder."""
    columns = 0
    merges: list[tuple[int, int, int, int]] = []
    walk = etree.iterwalk(table, events=("start",), tag=("tr", "td", "th", "col", "table"))
    for _, element in walk:
        tag = element.tag
        if tag == "tr":
            layout.next_row()
            if _is_hidden(element) or _is_hidden(element.getparent()):
                layout.hidden_rows.append(layout.row)
        elif tag in CELLS:
            if not layout.row:
                layout.next_row()
            _add_cell(element, layout, merges)
            walk.skip_subtree()
        elif tag == "col":
            first, columns = columns + 1, columns + _span(element, "span", WIDEST_SPAN)
            if _is_hidden(element):
                layout.hidden_columns += range(first, columns + 1)
        elif tag == "table" and element is not table:
            walk.skip_subtree()
    for top, left, bottom, right in merges:
        bottom = min(bottom, layout.row)
        if (top, left) != (bottom, right):
            layout.builder.merges.append(Area(top, left, bottom, right))
    layout.builder.hidden_rows = layout.hidden_rows
    layout.builder.hidden_columns = layout.hidden_columns


def _add_cell(element: Any, layout: _Layout, merges: list[tuple[int, int, int, int]]) -> None:
    width = _span(element, "colspan", WIDEST_SPAN)
    height = _span(element, "rowspan", LONGEST_SPAN, zero=LONGEST_SPAN)
    column = layout.place(width, height)
    if _is_hidden(element):
        layout.hidden_columns.append(column)
    if width > 1 or height > 1:
        merges.append((layout.row, column, layout.row + height - 1, column + width - 1))
    text = _unrounded(_shown(element), element.get("x:num"))
    if not text:
        return
    if len(text) > layout.limits.field_chars:
        raise InputRefused(f"a cell of it is longer than {layout.limits.field_chars:,} characters", ASK)
    flag = Flag.UNDECODABLE if LOST in text else Flag.NONE
    layout.builder.add(layout.row, column, text, Kind.TEXT, flag)
    if not text.isascii() and SUSPECT.search(text) and len(layout.remarks) < REMARKS_A_KIND:
        kind = RemarkKind.UNDECODABLE if flag else RemarkKind.MOJIBAKE
        layout.remarks.append(Remark(kind, layout.builder.sheet, layout.row, column))


def _span(element: Any, name: str, most: int, *, zero: int = 1) -> int:
    """A span as browsers take it: digits at the start, at least 1, at most ``most``; 0 means ``zero``."""
    stated = element.get(name)
    digits = DIGITS.match(stated) if stated else None
    if not digits:
        return 1
    return min(int(digits.group(1)) or zero, most)


def _shown(cell: Any) -> str:
    """The text of a cell as a browser shows it."""
    text = "".join(_pieces(cell)) if len(cell) else (cell.text or "").strip()
    if "\v" not in text:
        return BLANKS.sub(" ", text).strip() if RUN_OF_BLANKS.search(text) else text.strip()
    lines = (BLANKS.sub(" ", line).strip() for line in text.split("\v"))
    return BREAKS.sub("\n", "\n".join(line for line in lines if line)).strip()


def _unrounded(shown: str, stored: str | None) -> str:
    """What a cell shows, with the decimals that Excel kept in ``x:num`` where it shows the number rounded."""
    number, kept = PLAIN_NUMBER.fullmatch(shown), STORED_NUMBER.fullmatch(stored or "")
    if not number or not kept:
        return shown
    digits, exact = number[2], Decimal(kept[0])
    places = len(digits.partition(".")[2])
    as_shown = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{number[1]}{exact:f}" if as_shown == Decimal(digits.replace(",", "")) != exact else shown


def _pieces(cell: Any) -> Iterator[str]:
    """The text inside a cell, a vertical tab for a line break; nothing of what is not shown, nor of tables inside."""
    walk = etree.iterwalk(cell, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            if element is not cell:
                if element.tag in LINES:
                    yield "\v"
                yield element.tail or ""
            continue
        if element is not cell and (element.tag in UNSEEN or _is_hidden(element)):
            walk.skip_subtree()
            continue
        if element.tag in LINES and element is not cell:
            yield "\v"
        yield element.text or ""
