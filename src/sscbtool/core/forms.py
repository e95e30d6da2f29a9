"""What a form for partners is made of, and how its sheets are known when it comes back filled in.

A form has a cover sheet, a sheet for the rows, and sheets that only explain: guidance, and the lists behind drop-downs.
A sheet that explains is passed over without a word only where it bears our mark, holds nothing but text, and no return
answers to it; what answers to a return is read whatever sheet it stands on.
"""

from __future__ import annotations

import numpy as np

from sscbtool.core.model import Grid, Kind

MARK = "This sheet explains the form of sscbtool; nothing on it is read as data."
COVER, GUIDE, LISTS = "Cover", "How to fill this in", "Lists"
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
