"""Office Open XML workbooks, with all that libraries drop: errors, uncached formulas, what is hidden, number formats.

Elements are matched by local name, so Strict and Transitional files read alike; sheets are found through the
workbook's relations. Each sheet is read in bulk (``xlsx_bulk``) if its XML is as plain as programs write it, else
streamed (``xlsx_stream``); both give the same grid.
"""

from __future__ import annotations

from collections.abc import Iterator

from sscbtool.core.model import FileFormat, Grid, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers.grid import MOST_FORMATS, CellBudget
from sscbtool.edge.readers.parts import Parts, broken, parse_xml
from sscbtool.edge.readers.stored import builtin_format, date_class
from sscbtool.edge.readers.xlsx_bulk import bulk_sheet, bulk_strings
from sscbtool.edge.readers.xlsx_cells import TRUE_WORDS, Attributes, Book, SheetFacts, Styles, unescaped, whole
from sscbtool.edge.readers.xlsx_stream import stream_sheet, stream_strings


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
    book = shared_by_sheets(parts, relations, epoch_1904=outline.epoch_1904)
    remarks = [Remark(RemarkKind.MACROS)] if macros else []
    remarks += [Remark(RemarkKind.EPOCH_1904)] if outline.epoch_1904 else []
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
    """One worksheet, by the quicker reader if that can read all of it."""
    return bulk_sheet(name, content, book, budget) or stream_sheet(name, content, book, budget)


def read_strings(content: bytes) -> list[str]:
    """The shared strings in order: runs of rich text joined, phonetic guides left out."""
    strings = bulk_strings(content)
    return stream_strings(content) if strings is None else strings


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


def shared_by_sheets(parts: Parts, relations: dict[str, tuple[str, str]], *, epoch_1904: bool) -> Book:
    """The shared strings and styles that a workbook's relations lead to."""
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
            custom.setdefault(whole(attributes.get("numFmtId")), attributes.get("formatCode", "General"))
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            numbers.append(whole(attributes.get("numFmtId")))

    def end(tag: str) -> None:
        nonlocal inside
        if tag == "cellXfs":
            inside = False

    parse_xml(content, start=start, end=end)
    index: dict[str, int] = {"General": 0}
    codes = [custom[number] if number in custom else builtin_format(number) for number in numbers]
    for code in codes:
        if len(index) < MOST_FORMATS:
            index.setdefault(code, len(index))
    format_of = tuple(index.get(code, 0) for code in codes)
    return Styles(tuple(index), format_of, tuple(date_class(code) for code in codes))
