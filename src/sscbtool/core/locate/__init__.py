"""From the cells of a sheet to its tables: where they stand, what their columns are called, which rows are data.

Pure, and without any knowledge of what a return should hold: the same rules serve every spreadsheet.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sscbtool.core.locate.body import read_body
from sscbtool.core.locate.cells import Look, looks_of
from sscbtool.core.locate.lines import Lines
from sscbtool.core.locate.names import heads_of
from sscbtool.core.locate.regions import Region, Sheet, find_regions
from sscbtool.core.model import Area, Grid, Note, Table

__all__ = ["locate"]

_NOTES = 400
"""Notes kept for one table; a sheet of prose is not copied out whole."""


def locate(grid: Grid, *, is_organisation: Callable[[str], bool] | None = None) -> tuple[Table, ...]:
    """The tables of a sheet, from top to bottom and left to right; none for an empty sheet or one of prose.

    ``is_organisation`` says whether a label is a registered organisation: such a row is never made a total by
    arithmetic alone, nor set aside as a heading.
    """
    if not grid.shape[0] or not grid.shape[1]:
        return ()
    sheet = Sheet(grid, looks_of(grid), {(a.top, a.left): a for a in grid.merges})
    return tuple(_table(sheet, region, is_organisation) for region in find_regions(sheet))


def _table(sheet: Sheet, region: Region, is_organisation: Callable[[str], bool] | None) -> Table:
    grid = sheet.grid
    heads = heads_of(sheet, region)
    notes = _notes(sheet, region)
    around = " ".join(note.text for note in notes)
    body = read_body(Lines(sheet, region, heads, around, is_organisation))
    data = grid.rows[body.data].astype(np.int32)
    top = sheet.row(region.header[0]) if region.header else sheet.row(int(region.body[0]))
    bottom = sheet.row(int(region.body[-1])) if len(region.body) else sheet.row(region.header[-1])
    hidden = set(grid.hidden_rows)
    return Table(
        sheet=grid.sheet,
        area=Area(top, heads[0].number, bottom, heads[-1].number),
        header_rows=tuple(sheet.row(r) for r in region.header),
        heads=heads,
        data_rows=data,
        set_aside=tuple((sheet.row(r), role) for r, role in body.set_aside),
        totals=body.totals,
        row_breaks=body.row_breaks,
        notes=notes,
        hidden_rows=tuple(int(r) for r in data if int(r) in hidden) if hidden else (),
        hidden_columns=tuple(h.number for h in heads if h.number in set(grid.hidden_columns)),
        carried=body.carried,
    )


def _notes(sheet: Sheet, region: Region) -> tuple[Note, ...]:
    """The texts of the region's span that are in neither its header nor its body."""
    inside = {*region.header, *region.body.tolist()} if len(region.body) < 5000 else None
    first, last = region.span
    left, right = region.sides
    notes = []
    outside = range(first, last)
    if inside is None:
        top = region.header[0] if region.header else int(region.body[0])
        outside = [*range(first, top), *range(int(region.body[-1]) + 1, last)]  # type: ignore[assignment]
    for i in outside:
        if inside is not None and i in inside:
            continue
        for j in np.flatnonzero(sheet.looks[i, left:right] == Look.TEXT).tolist():
            notes.append(Note(sheet.row(i), sheet.column(left + j), sheet.text(i, left + j)))
            if len(notes) == _NOTES:
                return tuple(notes)
    return tuple(notes)
