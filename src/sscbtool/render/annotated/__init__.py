"""A sender's own workbook with its faults marked: bytes in, bytes out.

Runs where files are read, in a child process with limits, on bytes that the gate let through.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sscbtool.core.faultlist import GRAVITY, MOST_LINES, MOST_MARKS, PART, SHEET, Fault, in_order
from sscbtool.core.model import Severity
from sscbtool.render.annotated.comments import refs, with_boxes, with_comments, words
from sscbtool.render.annotated.listing import listing
from sscbtool.render.annotated.parts import (
    MAIN,
    SPREADSHEET,
    STRICT,
    TRANSITIONAL,
    Element,
    Package,
    Relation,
    Unfit,
    attribute,
    elements,
    spliced,
    with_attributes,
)
from sscbtool.render.annotated.sheet import Cell, MarkedSheet, anchors
from sscbtool.render.annotated.styles import EMPTY, StyleBook

MACRO_KINDS = frozenset({"vbaProject", "xlMacrosheet", "xlIntlMacrosheet", "wordVbaData"})
SIGNATURES = frozenset({"origin", "signature"})


class NotKept:
    """What an annotated workbook could not keep of the one that was sent, in words for its sender."""

    MACROS = "the macros, which are never carried over"
    SIGNATURE = "the digital signature, which holds for the workbook as you sent it only"
    CONVERSATION = "comments of ours on cells that have a conversation of their own: these are on the list only"
    LAYOUT = "styles, formulas and hidden sheets: this is a copy of the values, each in its own row and column"
    TEXT = "the text file as it was: this is a workbook of its values, each in its own row and column"


ASKED = "Please mend each error. Mend each query, or say in the last column why it is right. Notes need nothing."
MARKS = (
    "Marked cells have a fill, a comment that says what to do, and a border: thick for an error, dashed for a query, "
    "dotted for a note. The links lead to the cells."
)


@dataclass(frozen=True)
class Annotated:
    """The workbook, how many of its cells are marked, and what it could not keep."""

    data: bytes
    marked: int
    not_kept: tuple[str, ...] = ()


def annotated(data: bytes, faults: Iterable[Fault], own_sheets: Collection[str] = ()) -> Annotated:
    """Mark the faults in an xlsx or xlsm workbook.

    ``own_sheets`` are lists of ours from an earlier round; they, and the marks of that round, are taken off.
    Raises Unfit (or ValueError, KeyError) for a workbook whose parts do not hang together as they should.
    """
    return _Round(Package(data), in_order(faults)).annotate(frozenset(own_sheets))


class _Round:
    """One workbook on its way to being annotated."""

    def __init__(self, package: Package, faults: Sequence[Fault]) -> None:
        self.package = package
        self.faults = faults
        self.not_kept: list[str] = []
        self.types: dict[str, str] = {}
        self.drawn = False
        self.book = next((r.target for r in package.relations("") if r.kind == "officeDocument"), "")
        self.root = elements(package.part(self.book))[0]
        strict = STRICT.encode() in package.part(self.book)[: self.root.body]
        self.office = STRICT if strict else TRANSITIONAL
        self.main = MAIN[self.office]

    def annotate(self, own_sheets: Collection[str]) -> Annotated:
        """All of it, part by part."""
        self._leave_out_what_runs()
        styles = self._styles()
        book = StyleBook(self.package.part(styles))
        sheets = self._sheets()
        marked = self._mark(sheets, own_sheets, book)
        self.package.put(PART, listing(self.faults[:MOST_LINES], self._lines(marked), book, self.main))
        self.types[PART] = f"{SPREADSHEET}.worksheet+xml"
        self.package.put(styles, book.written())
        self._outline(own_sheets, sheets)
        self.package.declare(self.types, vml=self.drawn)
        return Annotated(self.package.packed(), marked, tuple(dict.fromkeys(self.not_kept)))

    # ----- what is left out

    def _leave_out_what_runs(self) -> None:
        """Macros in whatever form, and signatures that no longer hold."""
        gone = [r for r in self.package.relations(self.book) if r.kind in MACRO_KINDS]
        for relation in gone:
            for inner in self.package.relations(relation.target):
                if inner.kind.startswith("vba") or "Vba" in inner.kind:
                    self.package.drop(inner.target)
            self.package.drop(relation.target)
        left = [
            name for name in self.package.names() if "vbaproject" in name.lower() or "/macrosheets/" in name.lower()
        ]
        for name in left:
            self.package.drop(name)
        if gone or left:
            self.not_kept.append(NotKept.MACROS)
        self.macro_ids = {r.id for r in gone}
        self.package.unrelate(self.book, lambda r: r.kind in MACRO_KINDS)
        signed = [name for name in self.package.names() if name.lower().startswith("_xmlsignatures/")]
        for name in signed:
            self.package.drop(name)
        if signed:
            self.package.unrelate("", lambda r: r.kind in SIGNATURES)
            self.not_kept.append(NotKept.SIGNATURE)
        self.types[self.book] = f"{SPREADSHEET}.sheet.main+xml"

    # ----- styles and sheets

    def _styles(self) -> str:
        """The name of the styles part; a workbook without one is given one."""
        for relation in self.package.relations(self.book):
            if relation.kind == "styles" and relation.target in self.package:
                return relation.target
        name = posixpath.join(posixpath.dirname(self.book), "styles.xml")
        self.package.put(name, EMPTY.format(main=self.main).encode())
        self.package.relate(self.book, f"{self.office}/styles", name)
        self.types[name] = f"{SPREADSHEET}.styles+xml"
        return name

    def _sheets(self) -> list[tuple[Element, str, Relation | None]]:
        """Each sheet's element in the workbook, its name, and where it leads."""
        by_id = {relation.id: relation for relation in self.package.relations(self.book)}
        found = [
            (element, element.attributes.get("name", ""), by_id.get(element.attribute("id") or ""))
            for element in elements(self.package.part(self.book))
            if element.tag == "sheet" and element.inside("sheets", "workbook")
        ]
        if not found:
            raise Unfit
        return found

    def _mark(
        self, sheets: list[tuple[Element, str, Relation | None]], own_sheets: Collection[str], book: StyleBook
    ) -> int:
        """Mark the gravest faults' cells, and take the marks of an earlier round off everywhere."""
        wanted: dict[str, dict[Cell, list[Fault]]] = {}
        cells = set[tuple[str, Cell]]()
        for fault in self.faults:
            if fault.sheet is not None and fault.row:
                cell = (fault.row, fault.column or 1)
                if (fault.sheet, cell) not in cells and len(cells) >= MOST_MARKS:
                    continue
                cells.add((fault.sheet, cell))
                wanted.setdefault(fault.sheet, {}).setdefault(cell, []).append(fault)
        for _, name, relation in sheets:
            if relation and relation.kind == "worksheet" and name not in own_sheets:
                self._mark_sheet(relation.target, wanted.get(name, {}), book)
        return len(cells)

    def _mark_sheet(self, part: str, faults: dict[Cell, list[Fault]], book: StyleBook) -> None:
        content = self.package.part(part)
        shown_at = anchors(content, set(faults))
        here: dict[Cell, list[Fault]] = {}
        for cell, own in faults.items():
            here.setdefault(shown_at[cell], []).extend(own)
        marks = {cell: min((f.severity for f in own), key=GRAVITY.__getitem__) for cell, own in here.items()}
        sheet = MarkedSheet(content, marks, book)
        self._comment(part, sheet, here)
        self.package.put(part, sheet.written())

    def _comment(self, part: str, sheet: MarkedSheet, faults: dict[Cell, list[Fault]]) -> None:
        relations = self.package.relations(part)
        by_kind = {relation.kind: relation.target for relation in relations}
        existing = by_kind.get("comments")
        if not faults and existing is None:
            return
        said = {cell: words(own) for cell, own in faults.items()}
        if threaded := by_kind.get("threadedComment"):
            talked = {cell for cell in refs(self.package.part(threaded), "threadedComment") if cell in said}
            said = {cell: text for cell, text in said.items() if cell not in talked}
            if talked:
                self.not_kept.append(NotKept.CONVERSATION)
        folder = posixpath.dirname(posixpath.dirname(part)) or "xl"
        comments = existing or self.package.free(folder + "/comments/sscbtool{}.xml")
        self.package.put(comments, with_comments(self.package.part(existing) if existing else None, said, self.main))
        if existing is None:
            self.package.relate(part, f"{self.office}/comments", comments)
        self.types[comments] = f"{SPREADSHEET}.comments+xml"
        drawing = next((r.target for r in relations if r.id == sheet.legacy), None) if sheet.legacy else None
        boxes = with_boxes(
            self.package.part(drawing) if drawing else None, said, refs(self.package.part(comments)), sheet.geometry
        )
        if drawing is None:
            drawing = self.package.free(folder + "/drawings/sscbtool{}.vml")
            sheet.refer(self.package.relate(part, f"{self.office}/vmlDrawing", drawing), self.office)
        self.drawn = True
        self.package.put(drawing, boxes)

    # ----- the list and the outline

    def _lines(self, marked: int) -> list[str]:
        counts = {severity: sum(f.severity is severity for f in self.faults) for severity in Severity}
        number = ", ".join(
            f"{counts[severity]:,} {one if counts[severity] == 1 else many}"
            for severity, one, many in (
                (Severity.ERROR, "error", "errors"),
                (Severity.QUERY, "query", "queries"),
                (Severity.WARNING, "note", "notes"),
            )
        )
        lines = [SHEET, f"In this workbook: {number}. {ASKED}", MARKS]
        left = len({(f.sheet, f.row, f.column) for f in self.faults if f.sheet and f.row}) - marked
        if left > 0:
            lines.append(f"Only the gravest {marked:,} cells are marked in the sheets; {left:,} more are listed here.")
        if len(self.faults) > MOST_LINES:
            lines.append(f"The list ends after {MOST_LINES:,} lines; there are {len(self.faults) - MOST_LINES:,} more.")
        lines.append(
            "Mend the cells in this workbook and send it back: fills, borders, comments and this sheet may stay."
        )
        return lines

    def _outline(self, own_sheets: Collection[str], sheets: list[tuple[Element, str, Relation | None]]) -> None:
        """Our sheet first and in view; names that belong to one sheet follow it to its new place."""
        content = self.package.part(self.book)
        found = elements(content)
        gone = {n for n, (e, name, _) in enumerate(sheets) if name in own_sheets or e.attribute("id") in self.macro_ids}
        places = {n: 1 + n - sum(each < n for each in gone) for n in range(len(sheets)) if n not in gone}
        edits = [(sheets[n][0].start, sheets[n][0].end, b"") for n in gone]
        for n in gone:
            relation = sheets[n][2]
            if relation and relation.target in self.package and relation.target != PART:
                self.package.drop(relation.target)
        ids = {sheets[n][0].attribute("id") for n in gone}
        self.package.unrelate(self.book, lambda r: r.id in ids)
        own = self.package.relate(self.book, f"{self.office}/worksheet", PART)
        names = {name.casefold() for n, (_, name, _) in enumerate(sheets) if n not in gone}
        name = next(
            each for n in range(1, 999) if (each := SHEET if n == 1 else f"{SHEET} {n}").casefold() not in names
        )
        number = max((int(e.attributes.get("sheetId", 0)) for e, _, _ in sheets), default=0) + 1
        first = next(e for e in found if e.tag == "sheets")
        p = first.prefix
        new = (
            f'<{p}sheet xmlns:sscb="{self.office}" name={attribute(name)} sheetId="{number}" sscb:id="{own}"/>'
        ).encode()
        edits.append((first.body, first.body, new))
        for element in found:
            start = content[element.start : element.body]
            if element.tag == "workbookView":
                kept = with_attributes(start, add={"activeTab": "0", "firstSheet": "0"})
                edits.append((element.start, element.body, kept))
            elif element.tag == "definedName" and (local := element.attributes.get("localSheetId")) is not None:
                if int(local) in places:
                    kept = with_attributes(start, add={"localSheetId": str(places[int(local)])})
                    edits.append((element.start, element.body, kept))
                else:
                    edits.append((element.start, element.end, b""))
        content = spliced(content, edits)
        names_list = next((e for e in elements(content) if e.tag == "definedNames"), None)
        if names_list is not None and not content[names_list.body : names_list.close].strip():
            content = spliced(content, [(names_list.start, names_list.end, b"")])
        self.package.put(self.book, content)
