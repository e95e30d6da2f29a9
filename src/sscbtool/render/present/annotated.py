"""Which files went back annotated, and with what."""

from __future__ import annotations

from sscbtool.core.model import Outcome, Result
from sscbtool.render.present.received import refusals
from sscbtool.render.present.words import Folder, count_of, nonempty, title_of
from sscbtool.render.report import Column, ColumnType, Line, Lines, Quantity, Report, Table


def annotate(result: Result) -> Report:
    """One line a copy; what could not be kept; what has no faults."""
    told = result.extra.get("annotate") or {"copies": [], "without_faults": []}
    folder = Folder(file.path for file in result.files)
    columns = (
        Column("File", ColumnType.FILE, least=20),
        Column("Errors", ColumnType.COUNT),
        Column("Queries", ColumnType.COUNT),
        Column("Notes", ColumnType.COUNT),
        Column("Cells marked", ColumnType.COUNT),
        Column("Annotated copy", ColumnType.FILE, least=20, moves=1),
    )
    rows = tuple(
        (
            folder.short(each["path"]),
            *(Quantity(each[key]) for key in ("errors", "queries", "warnings", "marked")),
            each["copy"],
        )
        for each in told["copies"]
    )
    copies = Table(f"Annotated copies{folder.suffix}", columns, rows)
    lost = tuple(
        Line(f"{folder.short(each['path'])}: {'; '.join(each['not_kept'])}.")
        for each in told["copies"]
        if each["not_kept"]
    )
    clean = len(told["without_faults"])
    which = "it" if clean == 1 else "them"
    sections = [
        copies if rows else None,
        Lines("Not kept in the copies", lost) if lost else None,
        Lines(
            "", (Line(f"{count_of(clean, 'file needs', 'files need')} no mending, and no copy was made of {which}."),)
        )
        if clean
        else None,
        refusals(result.files, folder),
    ]
    closing = (
        f"Send {'it' if len(rows) == 1 else 'them'} back to the sender." if rows else "There is nothing to send back."
    )
    if result.outcome is Outcome.REFUSED:
        closing += " Ask for the refused files again."
    return Report(title_of(result, "Annotate"), result.outcome, nonempty(sections), closing, copies)
