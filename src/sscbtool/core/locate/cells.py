"""What the cells of a grid look like, before any table is known: their looks, and their numbers read exactly.

Looks say how a cell *reads* (a number typed as text is a number here); nothing in this file decides what it means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from sscbtool.core.model import SHORT, Flag, Grid, Kind

pc: Any = pyarrow.compute
"""The kernels are made at import and have no types."""

Matrix = np.ndarray[Any, Any]
Vector = np.ndarray[Any, Any]


class Look(IntEnum):
    """How a cell reads, whatever its stored kind."""

    BLANK = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    """Dates, times and yes/no values: they stand under a heading as numbers do, but are not added up."""
    MARK = 4
    """Stands where a number would, but is none: suppressed, not applicable, an error, a formula never calculated."""


# An exponent of three digits is no amount or count: it is a code (990E06000010), and beyond what can be added up.
NUMBER = (
    r"^\s*[(+\-−–]?\s*[£$€]?\s*[+\-−–]?\s*(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][+\-]?\d{1,2})?"
    r"\s*(?:%|\*+|\[[a-z]\]|[rpe]|CR|DR)?\s*\)?-?\s*$"
)
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?"
DATE = rf"^\s*(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[/.\-]\d{{1,2}}[/.\-](?:\d{{4}}|\d{{2}})){_TIME}\s*$"
_NUMBER, _DATE = re.compile(NUMBER), re.compile(DATE)

SUPPRESSED = frozenset(
    {"x", "c", "*", "**", "[c]", "[x]", "[low]", "(c)", "s", "<5", "<6", "<10", "<3", "1-4", "1 to 4", "1-5"}
)
"""Marks that stand for a small count withheld."""
_ABSENT = frozenset(
    {
        *("..", ".", "...", "-", "–", "—", "--", ":", "z", "u", "[z]", "[u]", "[w]", "[b]", "[d]", "[e]", "[r]", "[p]"),
        *(
            "n/a",
            "N/A",
            "na",
            "NA",
            "#",
            "~",
            "†",
            "‡",
            "?",
            "??",
            "???",
            "nil",
            "Nil",
            "NIL",
            "[-]",
            "[:]",
            "NULL",
            "null",
        ),
        *(
            "no data",
            "No data",
            "DNR",
            "†",
            "not given",
            "Not given",
            "not held",
            "Not held",
            "X",
            "x*",
            "…",
            "n.a.",
            "N.A.",
        ),
    }
)
MARKS = SUPPRESSED | _ABSENT
_MARK_ARRAY = pa.array(sorted(MARKS), pa.string())
_MARK_CHARS = max(len(mark) for mark in MARKS)
_NUMBER_CHARS = 40
_BLANK, _TEXT, _FIGURE, _DATED, _MARK = (int(look) for look in Look)
"""Members of an enumeration are slow to look up in a loop."""

_KIND_TEXT = int(Kind.TEXT)
_UNCACHED = int(Flag.UNCACHED)
_LOOK_OF_KIND = np.zeros(8, np.uint8)
_LOOK_OF_KIND[[Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.BOOL, Kind.ERROR]] = [
    Look.TEXT,
    Look.NUMBER,
    Look.DATE,
    Look.DATE,
    Look.MARK,
]


def _look(text: str) -> int:
    bare = text.strip()
    if not bare:
        return _BLANK
    if len(bare) > _MARK_CHARS and (bare[0].isalpha() or len(bare) > _NUMBER_CHARS):
        return _TEXT
    if bare in MARKS:
        return _MARK
    if _NUMBER.match(bare):
        return _FIGURE
    return _DATED if bare[0].isdigit() and _DATE.match(bare) else _TEXT


def _looks(texts: pa.Array) -> Vector:
    """The looks of many text cells at once; agrees with ``_look``."""
    bare = pc.utf8_trim_whitespace(texts)
    out = np.full(len(texts), Look.TEXT, np.uint8)
    short = pc.less_equal(pc.utf8_length(bare), _NUMBER_CHARS)
    dates = pc.and_(pc.match_substring_regex(bare, DATE), short).to_numpy(zero_copy_only=False)
    numbers = pc.and_(pc.match_substring_regex(bare, NUMBER), short).to_numpy(zero_copy_only=False)
    out[dates] = Look.DATE
    out[numbers] = Look.NUMBER
    out[pc.is_in(bare, _MARK_ARRAY).to_numpy(zero_copy_only=False)] = Look.MARK
    out[pc.equal(bare, "").to_numpy(zero_copy_only=False)] = Look.BLANK
    return out


def looks_of(grid: Grid) -> Matrix:
    """``Look`` by [i, j]: the stored kinds, with the text cells read."""
    looks: Matrix = _LOOK_OF_KIND[grid.kinds]
    looks[(grid.flags & _UNCACHED) != 0] = _MARK
    seen: dict[str, int] = {}
    for j, texts in enumerate(grid.texts):
        cells = np.flatnonzero(grid.kinds[:, j] == _KIND_TEXT)
        if not len(cells):
            continue
        if len(cells) > SHORT:
            looks[cells, j] = _looks(texts if len(cells) == len(texts) else texts.take(pa.array(cells)))
            continue
        if grid.is_short:
            column = grid.column_texts(j)
            some = [column[i] for i in cells.tolist()]
        else:
            some = texts.take(pa.array(cells)).to_pylist()
        for text in some:
            if text not in seen:
                seen[text] = _look(text)
        looks[cells, j] = [seen[text] for text in some]
    return looks


# --------------------------------------------------------------------------- numbers

_CLEAN = r"^\s*(\()?\s*([+\-−–])?\s*[£$€]?\s*([+\-−–])?\s*([\d,]*\.?\d*(?:[eE][+\-]?\d{1,2})?)\s*(%)?.*?(\)?-?)\s*$"
_CLEANER = re.compile(_CLEAN)
_MINUS = frozenset("-−–")


def exact(text: str) -> Decimal | None:
    """The number that a NUMBER cell's text says, exactly, or None. A percentage is read at its face (5% is 5)."""
    if not _NUMBER.match(text):
        return None
    found = _CLEANER.match(text)
    if found is None:
        return None
    opening, sign, inner, digits, _, tail = found.groups()
    value = Decimal(digits.replace(",", "") or "0")
    if text.rstrip().upper().endswith("DR"):
        return -value
    negative = bool(opening) or (sign or inner) in _MINUS or tail.endswith("-")
    return -value if negative else value


def bytes_of(texts: pa.Array) -> bytes:
    """The text of a whole column, one cell after another (of a slice, perhaps more)."""
    data = texts.buffers()[2]
    return b"" if data is None else bytes(data)


def _plain(texts: pa.Array) -> tuple[Vector, pa.Array]:
    """Floats of cells known to read as numbers, and their bare digits."""
    # a cast that fails is slow, so what stands in the way is looked for first
    if bytes_of(texts).translate(None, b"0123456789.-eE"):
        texts = pc.replace_substring(pc.replace_substring(pc.utf8_trim_whitespace(texts), ",", ""), "£", "")
        if bytes_of(texts).translate(None, b"0123456789.-eE"):
            return _awkward(texts)
    try:
        return np.asarray(pc.cast(texts, pa.float64())), texts
    except pa.ArrowInvalid:
        return _awkward(texts)


def _awkward(texts: pa.Array) -> tuple[Vector, pa.Array]:
    """Numbers in brackets, with signs behind them, percentages: read one by one."""
    found = [exact(text) or Decimal(0) for text in texts.to_pylist()]
    return np.array([float(value) for value in found]), pa.array([f"{value:f}" for value in found], pa.string())


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of chosen rows and columns of a grid; ``i`` and ``j`` count the chosen rows and columns.

    Searching is done on ``values`` (floats, 0 where there is no number); what is reported is added up by ``total``,
    which is exact.
    """

    values: Matrix
    looks: Matrix
    scales: tuple[int, ...]
    """Decimal places of each column; -1 where its numbers do not fit scaled 64-bit integers."""
    _text: Callable[[int, int], str]

    def exact(self, i: int, j: int) -> Decimal | None:
        """The number in cell [i, j], or None."""
        if self.looks[i, j] != _FIGURE:
            return None
        scale = self.scales[j]
        if scale >= 0:
            return Decimal(round(float(self.values[i, j]) * 10.0**scale)).scaleb(-scale)
        return exact(self._text(i, j))

    def part(self, rows: Vector) -> Numbers:
        """Some of the rows, for searching only."""
        if len(rows) == len(self.values):
            return self
        return Numbers(self.values[rows], self.looks[rows], self.scales, lambda i, j: self._text(int(rows[i]), j))

    def total(self, rows: Vector, j: int) -> Decimal:
        """The exact sum of column ``j`` over ``rows``; cells without a number count as nothing."""
        scale = self.scales[j]
        if scale >= 0:
            scaled = np.rint(self.values[rows, j] * 10.0**scale).astype(np.int64)
            # each is under 2**50, so 4,096 of them cannot overflow
            return Decimal(sum(int(scaled[k : k + 4096].sum()) for k in range(0, len(scaled), 4096))).scaleb(-scale)
        found = (self.exact(int(i), j) for i in rows)
        return sum((value for value in found if value is not None), Decimal(0))


_MOST_PLACES = 300
"""No power of ten beyond is a float."""


def _fits(largest: float, places: int) -> bool:
    """Whether integers scaled by so many decimal places are exact as floats."""
    return places < _MOST_PLACES and largest * 10.0**places < 2**50


def _scale(digits: pa.Array, largest: float) -> int:
    """Decimal places in bare digits, or -1 if scaled integers of that many places would not be exact."""
    dots = pc.find_substring(digits, ".").to_numpy(zero_copy_only=False)
    pointed = dots >= 0
    if not pointed.any():
        places = 0
    else:
        lengths = pc.binary_length(digits).to_numpy(zero_copy_only=False)
        places = int((lengths - dots - 1)[pointed].max())
    if pc.any(pc.match_substring(digits, "e", ignore_case=True)).as_py():
        return -1
    return places if _fits(largest, places) else -1


_BARE = "0123456789.-eE"


def _short_column(texts: list[str]) -> tuple[list[float], int] | None:
    """Floats and decimal places of a few cells, if all are bare digits; agrees with ``_plain`` and ``_scale``."""
    if "".join(texts).strip(_BARE):
        return None
    try:
        values = [float(text) for text in texts]
    except ValueError:
        return None
    if any("e" in text or "E" in text for text in texts):
        return values, -1
    places = max(len(text) - 1 - text.find(".") if "." in text else 0 for text in texts)
    return values, places if _fits(max(map(abs, values)), places) else -1


def numbers_of(grid: Grid, looks: Matrix, rows: Vector, columns: Vector) -> Numbers:
    """Reads the numbers in ``rows`` x ``columns`` of a grid."""
    chosen = np.ascontiguousarray(looks[np.ix_(rows, columns)])
    values = np.zeros(chosen.shape, np.float64)
    scales = []
    for k, j in enumerate(columns.tolist()):
        cells = np.flatnonzero(chosen[:, k] == _FIGURE)
        if not len(cells):
            scales.append(0)
            continue
        if grid.is_short:
            column = grid.column_texts(j)
            if short := _short_column([column[i] for i in rows[cells].tolist()]):
                values[cells, k], scale = short
                scales.append(scale)
                continue
        whole = len(cells) == grid.shape[0]
        found, digits = _plain(grid.texts[j] if whole else grid.texts[j].take(pa.array(rows[cells])))
        values[cells, k] = found
        scales.append(_scale(digits, float(np.abs(found).max())))
    return Numbers(values, chosen, tuple(scales), lambda i, k: grid.text(int(rows[i]), int(columns[k])))
