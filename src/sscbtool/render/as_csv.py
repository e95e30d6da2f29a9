"""The one table that stands for a result, as CSV: plain numbers, and partner text that no spreadsheet runs."""

from __future__ import annotations

import csv
from io import StringIO

from sscbtool.core.neutral import inert
from sscbtool.render.report import Cell, Column, Facts, Lines, Mark, Quantity, Report, Table


def as_csv(report: Report) -> str:
    """A header and one line a row; numbers without signs of currency or thousands."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    data = report.data if report.data.columns else _in_sentences(report)
    writer.writerow([column.heading or _UNNAMED for column in data.columns])
    writer.writerows([_plain(cell) for cell in row] for row in data.rows)
    return out.getvalue()


_UNNAMED = "Status"
"""The heading of a column that a terminal shows without one: its marks speak for themselves there."""


def _in_sentences(report: Report) -> Table:
    """What a result without a table says: each of its sentences and facts a row."""
    rows: list[tuple[str, Cell]] = []
    for section in report.sections:
        match section:
            case Lines():
                rows += [(line.mark.word if line.mark else "", line.text) for line in section.lines]
            case Facts():
                rows += section.items
            case Table():
                pass
    return Table("", (Column("what"), Column("value")), tuple(rows))


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Quantity():
            return cell.plain
        case Mark():
            return cell.word
        case str():
            return inert(cell)
