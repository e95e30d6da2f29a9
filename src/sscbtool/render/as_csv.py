"""The one table that stands for a result, as CSV: plain numbers, and partner text that no spreadsheet runs."""

from __future__ import annotations

import csv
from io import StringIO

from sscbtool.core.neutral import inert
from sscbtool.render.report import Cell, Mark, Quantity, Report


def as_csv(report: Report) -> str:
    """A header and one line a row; numbers without signs of currency or thousands."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.heading for column in report.data.columns])
    writer.writerows([_plain(cell) for cell in row] for row in report.data.rows)
    return out.getvalue()


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
