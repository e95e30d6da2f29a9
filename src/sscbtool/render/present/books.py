"""Each result as a workbook: the evidence pack of a reconciliation, and for all else one sheet a table."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sscbtool.core.model import Result
from sscbtool.core.neutral import printable
from sscbtool.render.present.board import EVERY_FIGURE, SOURCES, board
from sscbtool.render.present.evidence import evidence_pack
from sscbtool.render.present.figures import column_totals
from sscbtool.render.present.measures import BY_AGENCY, measures_in_one
from sscbtool.render.present.words import nonempty
from sscbtool.render.present.working_paper import working_paper
from sscbtool.render.report import Book, Column, Facts, Line, Lines, Report, Section, Sheet, Table, cell_text

NAME_LENGTH = 31
_GAP = (("[z]", "Not applicable, or nothing given."),)
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")


def book(result: Result, report: Report, *, show_values: bool = False) -> Book:
    """The workbook of a result whose report is at hand."""
    match result.command:
        case "reconcile":
            return evidence_pack(result, report)
        case "report":
            return _board_book(result, report)
        case "ledger" if result.extra.get("ledger"):
            return working_paper(result, report)
        case "validate":
            # Its tables of findings group what the one table of all findings has row by row.
            tables = [section for section in report.sections if isinstance(section, Table)]
            others = [section for section in report.sections if not isinstance(section, Table)]
            return _book(report, [*(tables[:1] if result.files else ()), report.data, *others])
        case "summary":
            # A sheet for each of its many measures could not be found one's way in: one table can be filtered.
            measures = measures_in_one(result.measures, result.catalogue, show_values=show_values)
            kept = [s for s in report.sections if not isinstance(s, Table) or s.heading.endswith(BY_AGENCY)]
            return _book(report, [measures, *nonempty([column_totals(result)]), *kept])
        case _:
            return _book(report, report.sections)


def _board_book(result: Result, report: Report) -> Book:
    """The board's tables, drawn where the page draws them, then the evidence for every figure."""
    brief, pack = board(result, whole=True), evidence_pack(result, report)
    chapters = [chapter for chapter in brief.chapters if chapter.heading not in (EVERY_FIGURE, SOURCES)]
    tables = [section for chapter in chapters for section in chapter.sections if isinstance(section, Table)]
    names = _names((table.heading for table in tables), taken=[sheet.name for sheet in pack.sheets])
    own = tuple(Sheet(name, _about(table), table) for name, table in zip(names, tables, strict=True))
    lines = (brief.headline.text, *(line.text for line in brief.lead), brief.closing)
    return Book(brief.title, lines, (*own, *pack.sheets), pack.words)


def _book(report: Report, sections: Iterable[Section]) -> Book:
    """Sentences and facts that have no heading lead; every headed section has a sheet of its own."""
    lines: list[str] = []
    tables: list[Table] = []
    for section in sections:
        match section:
            case Facts() if not section.heading:
                lines += [f"{name}: {cell_text(value)}" for name, value in section.items]
            case Lines() if not section.heading:
                lines += [_sentence(line) for line in section.lines]
            case Facts():
                tables.append(
                    Table(section.heading, (Column("What", least=24), Column("Value", least=60)), section.items)
                )
            case Lines():
                columns = (Column("What was found", least=90),)
                tables.append(Table(section.heading, columns, tuple((_sentence(line),) for line in section.lines)))
            case Table():
                tables.append(section)
    filled = [table for table in tables if table.rows]
    names = _names([table.heading.removesuffix(BY_AGENCY) for table in filled])
    sheets = tuple(Sheet(name, _about(table), table) for name, table in zip(names, filled, strict=True))
    gaps = any(cell is None for table in filled for row in (*table.rows, table.total or ()) for cell in row)
    return Book(report.title, (*lines, report.closing), sheets, _GAP if gaps else ())


def _about(table: Table) -> str:
    return f"This sheet holds one table of {len(table.rows):,} rows: {table.heading}."


def _sentence(line: Line) -> str:
    return f"{line.mark.word}: {line.text}" if line.mark else line.text


def _names(headings: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """A name of its own for each sheet, within what a workbook allows, told apart by numbers where need be."""
    taken = {"contents", "notes", "history", *(name.casefold() for name in taken)}
    names = []
    for heading in headings:
        plain = " ".join(_NOT_IN_NAMES.sub(" ", printable(heading)).split()) or "Table"
        name, number = _cut(plain, NAME_LENGTH), 1
        while name.casefold() in taken:
            number += 1
            name = f"{_cut(plain, NAME_LENGTH - len(str(number)) - 1)} {number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _cut(name: str, length: int) -> str:
    """As many whole words as fit, or as much of the first."""
    if len(name) <= length:
        return name
    return name[: length + 1].rpartition(" ")[0].strip() or name[:length].strip()
