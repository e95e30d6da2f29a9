"""The sheet that stands first: every fault a line, with a link to its cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from sscbtool.core.faultlist import HEADINGS, MARK, MOST_WORDS, WHOLE_FILE, WORDS, Fault
from sscbtool.core.model import Severity, address
from sscbtool.core.neutral import inert
from sscbtool.render.annotated.parts import attribute
from sscbtool.render.annotated.styles import BOLD, LINK, PLAIN, TITLE, StyleBook

WIDTHS = (6, 24, 11, 46, 52, 16, 30)
MOST_LINKS = 65_000
"""A spreadsheet takes no more links on one sheet."""


def listing(faults: Sequence[Fault], lines: Sequence[str], styles: StyleBook, main: str) -> bytes:
    """The worksheet as XML. ``lines`` stand above the list, the first as its title; links have no formulas."""
    title, text, head = styles.own(TITLE), styles.own(PLAIN), styles.own(BOLD, boxed=True, head=True)
    cell, link = styles.own(PLAIN, boxed=True), styles.own(LINK, boxed=True)
    grave = {severity: styles.own(BOLD, boxed=True, severity=severity) for severity in Severity}
    rows = [_row(n, [(line, title if n == 1 else text)]) for n, line in enumerate((*lines, MARK), 1)]
    top = len(lines) + 3
    rows.append(_row(top, [(heading, head) for heading in HEADINGS], height=18))
    links = []
    for number, fault in enumerate(faults, 1):
        where = ", ".join(filter(None, (inert(fault.sheet or "")[:60], fault.place))) or WHOLE_FILE
        fix, message = inert(fault.fix)[:MOST_WORDS], inert(fault.message)[:MOST_WORDS]
        linked = bool(fault.sheet and fault.row) and number <= MOST_LINKS
        texts = [
            (str(number), cell),
            (where, link if linked else cell),
            (WORDS[fault.severity], grave[fault.severity]),
            (fix, cell),
            (message, cell),
            (fault.code, cell),
            ("", cell),
        ]
        rows.append(_row(top + number, texts, height=_height([text for text, _ in texts])))
        if linked:
            quoted = (fault.sheet or "").replace("'", "''")
            location = f"'{quoted}'!{address(fault.row, fault.column or 1)}"
            links.append(
                f'<hyperlink ref="B{top + number}" location={attribute(location)} '
                f'display={attribute(where)} tooltip="Go to the cell"/>'
            )
    columns = "".join(f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in enumerate(WIDTHS, 1))
    found = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="{main}">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0"><pane ySplit="{top}" '
        f'topLeftCell="A{top + 1}" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft" '
        f'activeCell="B{top + 1}" sqref="B{top + 1}"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        f"<cols>{columns}</cols><sheetData>{''.join(rows)}</sheetData>"
        + (f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else "")
        + '<pageMargins left="0.4" right="0.4" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    )
    return found.encode("ascii", "xmlcharrefreplace")


def _row(number: int, cells: Sequence[tuple[str, int]], height: float | None = None) -> str:
    written = "".join(
        f'<c r="{address(number, column)}" s="{style}" t="inlineStr"><is>'
        f'<t xml:space="preserve">{escape(text)}</t></is></c>'
        if text
        else f'<c r="{address(number, column)}" s="{style}"/>'
        for column, (text, style) in enumerate(cells, 1)
    )
    tall = f' ht="{height}" customHeight="1"' if height else ""
    return f'<row r="{number}"{tall}>{written}</row>'


def _height(texts: Sequence[str]) -> float:
    """Points for a line whose texts wrap."""
    lines = max(math.ceil(len(text) / (width * 1.12)) for text, width in zip(texts, WIDTHS, strict=True))
    return min(13.5 * max(lines, 1) + 3, 400)
