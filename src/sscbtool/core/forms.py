"""What a form for partners is made of, and how its sheets are known when it comes back filled in.

A form has a cover sheet, a sheet for the rows, and sheets that only explain: guidance, and the lists behind drop-downs.
A sheet that explains is passed over without a word only where all of it is as we write it and no return answers to it:
a mark alone could be faked. What answers to a return is read whatever sheet it stands on.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sscbtool.core.model import ColumnSpec, Grid, Kind, ReturnSchema
from sscbtool.core.organisations import Register
from sscbtool.core.values import fold

MARK = "This sheet explains the form of sscbtool; nothing on it is read as data."
COVER, ROWS, GUIDE, LISTS = "Cover", "Rows", "How to fill this in", "Lists"
LABELS = {
    "return": "Return",
    "partner": "Partner",
    "period": "Period",
    "nil": "Nil return",
    "rows": "Control total rows",
    "value": "Control total value",
    "role": "Prepared by role",
}
"""What stands in the first column of a cover sheet; ``core.recognise`` reads these names."""


GUIDANCE = ("Heading", "Needed", "What to enter", "What will be asked about")
NEEDED, OPTIONAL = "needed", "if you have it"
FIRST_OF_LIST = 5
"""The row of the lists in which the first choices stand."""


def bears_mark(grid: Grid) -> bool:
    """Whether a sheet says that it only explains; ``only_explains`` says whether that is true."""
    return any(grid.text(i, j) == MARK for i in range(min(5, len(grid.rows))) for j in range(min(3, grid.shape[1])))


def only_explains(grid: Grid, schemas: Iterable[ReturnSchema], register: Register) -> bool:
    """Whether a sheet is one of ours that explains: marked, nothing but text, and each text where it belongs."""
    if grid.sheet is None or not len(grid.rows) or bool(grid.flags.any()) or grid.merges:
        return False
    if not np.isin(grid.kinds, (int(Kind.BLANK), int(Kind.TEXT))).all():
        return False
    lines = {
        int(row): {int(n): grid.text(i, j) for j, n in enumerate(grid.columns) if grid.kinds[i, j]}
        for i, row in enumerate(grid.rows)
    }
    if lines.get(2) != {1: MARK}:
        return False
    schemas = tuple(schemas)
    head = next((row for row, line in lines.items() if tuple(line.values()) == GUIDANCE), None)
    if head is not None:
        names = {heading(spec) for schema in schemas for spec in schema.columns}
        above = all(set(line) == {1} for row, line in lines.items() if row < head)
        below = (line for row, line in lines.items() if row > head)
        return above and all(
            set(line) == {1, 2, 3, 4} and line[1] in names and line[2] in (NEEDED, OPTIONAL) for line in below
        )
    offered = {choice for schema in schemas for spec in schema.columns for choice in choices(spec)}
    listed = (text for row, line in lines.items() if row >= FIRST_OF_LIST for text in line.values())
    return all(text in offered or text in register for text in listed)


def heading(spec: ColumnSpec) -> str:
    """What a form calls a column: its title, where that leads back to it, else its own name."""
    own = spec.name.replace("_", " ")
    known = {fold(own), *(fold(alias) for alias in spec.aliases)}
    return spec.title if fold(spec.title) in known else own[:1].upper() + own[1:]


def choices(spec: ColumnSpec) -> tuple[str, ...]:
    """What a drop-down of a code column offers: each value that is kept, in words where words mean it."""
    found = []
    for kept in dict.fromkeys(spec.values.values()):
        plain = kept.replace("_", " ")
        found.append(plain if spec.values.get(fold(plain)) == kept else kept)
    return tuple(found)


def totalled(schema: ReturnSchema) -> str:
    """The columns whose sum is the control total of value, by their headings; nothing where there is none."""
    return " and ".join(heading(schema.column(name)) for name in schema.totals)
