"""What a form for partners is made of, and how its sheets are known when it comes back filled in.

A form has a cover sheet, a sheet for the rows, and sheets that only explain: guidance, and the lists behind drop-downs.
A sheet that explains is passed over without a word only where it bears our mark, holds nothing but text, and no return
answers to it; what answers to a return is read whatever sheet it stands on.
"""

from __future__ import annotations

import numpy as np

from sscbtool.core.model import ColumnSpec, Grid, Kind, ReturnSchema
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


def only_explains(grid: Grid) -> bool:
    """Whether a sheet is one of ours that explains, by its mark and by holding nothing but text."""
    if grid.sheet is None or not len(grid.rows) or bool(grid.flags.any()):
        return False
    marked = any(grid.text(i, j) == MARK for i in range(min(3, len(grid.rows))) for j in range(min(3, grid.shape[1])))
    return marked and bool(np.isin(grid.kinds, (int(Kind.BLANK), int(Kind.TEXT))).all())


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
