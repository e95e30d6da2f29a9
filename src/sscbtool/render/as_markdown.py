"""A report as Markdown, for an e-mail or a ticket. Partner text is spelled out: it makes no markup of its own."""

from __future__ import annotations

import re

from sscbtool.core.neutral import printable
from sscbtool.render.report import Cell, Column, Facts, Line, Lines, Quantity, Report, Row, Section, Table, cell_text

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&@]|:(?=//)|(?<=www)\.)")
"""The marks of Markdown and HTML, and what would make a link of an address."""


def as_markdown(report: Report) -> str:
    """Headings, lists and pipe tables, ending in what to do next."""
    blocks = [f"# {_escaped(report.title)}", *(_section(section) for section in report.sections)]
    if report.closing:
        blocks.append(f"**{_escaped(report.closing)}**")
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(section: Section) -> str:
    heading = f"## {_escaped(section.heading)}\n\n" if section.heading else ""
    match section:
        case Facts():
            return heading + "\n".join(f"- {_escaped(name)}: {_cell(value)}" for name, value in section.items)
        case Lines():
            return heading + "\n".join(f"- {_line(line)}" for line in section.lines)
        case Table():
            return heading + _table(section)


def _line(line: Line) -> str:
    return f"{_cell(line.mark)} {_escaped(line.text)}" if line.mark else _escaped(line.text)


def _table(table: Table) -> str:
    lines = [_row(tuple(column.heading for column in table.columns)), f"| {' | '.join(map(_rule, table.columns))} |"]
    lines += [_row(row) for row in table.rows]
    if table.total:
        lines.append(f"| {' | '.join(f'**{_cell(cell)}**' if _cell(cell) else '' for cell in table.total)} |")
    return "\n".join([*lines, *(f"\n{_escaped(note)}" for note in table.notes)])


def _rule(column: Column) -> str:
    return "---:" if column.type.numeric else "---"


def _row(row: Row) -> str:
    return f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(cell: Cell) -> str:
    return cell.text if isinstance(cell, Quantity) else _escaped(cell_text(cell))


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", printable(text))
