"""Where tables stand on a sheet: which rows are header, which are body, which columns belong.

A header is told by what stands under it: text over columns whose cells below are numbers or dates. A sheet is cut from
left to right at blank columns only where both sides are whole tables, and from top to bottom at every new header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from sscbtool.core.locate.cells import Look, Matrix, Vector
from sscbtool.core.model import Area, Grid

_SAMPLE = 24
"""Rows under a supposed header that are looked at."""
_TESTS = 4_000
"""Supposed headers that are looked at in one sheet; a sheet of alternating rows must not cost more."""
_CODE_ROWS = 6
"""Rows of codes or column numbers that may stand over a header."""
_LABEL_WORDS = re.compile(
    r"\b(?:name|area|authority|authorities|region|code|agency|organi[sz]ation|partner|year|month|period|category|type|"
    r"description|service|age|sex|gender|ethnicity|indicator|measure|date|quarter|council|country|local|item|line)s?\b",
    re.IGNORECASE,
)
UNIT = re.compile(
    r"^\(?\s*(?:%|£|£?\s*'?000s?|£\s*(?:m|k|bn|million|thousand|'000s?|000s?)|no\.?|#|thousands?|millions?)\s*\)?$",
    re.IGNORECASE,
)
"""A header cell that is nothing but the unit of the name above it."""
_PROSE = re.compile(
    r"^\s*(?:notes?\b|source|\*|†|‡|\(?\d{1,2}[.)]\s|\[|https?:|contact|published|©|crown|x\s*=|\.\.?\s*=)",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A grid with the looks of its cells; rows and columns are counted as stored."""

    grid: Grid
    looks: Matrix
    merged: dict[tuple[int, int], Area] = field(default_factory=dict)
    """Top left cell, in the sender's numbers -> the merged area."""

    def text(self, i: int, j: int) -> str:
        """The trimmed text of a cell."""
        return self.grid.text(i, j).strip()

    def row(self, i: int) -> int:
        """The sender's number of stored row ``i``."""
        return int(self.grid.rows[i])

    def column(self, j: int) -> int:
        """The sender's number of stored column ``j``."""
        return int(self.grid.columns[j])

    def area(self, i: int, j: int) -> Area | None:
        """The merged area that starts at a cell."""
        return self.merged.get((self.row(i), self.column(j))) if self.merged else None

    def gap(self, i: int) -> bool:
        """Whether blank rows stand right above stored row ``i``."""
        return i > 0 and self.row(i) - self.row(i - 1) > 1


@dataclass(frozen=True, eq=False)
class Region:
    """One table's rows and columns, as stored indices."""

    header: tuple[int, ...]
    codes: tuple[int, ...]
    """Rows of codes or column numbers within or under the header: neither names nor data."""
    repeats: tuple[int, ...]
    body: Vector
    """Every stored row from the first below the header to the last that is data or a total."""
    columns: Vector
    valued: Vector
    """By column: whether numbers or dates stand in it (as against labels)."""
    span: tuple[int, int]
    """Stored rows whose text belongs to this table: titles above, notes below."""
    sides: tuple[int, int]
    """Likewise stored columns."""


# --------------------------------------------------------------------------- a window and its rows


class _Window:
    """Rows ``top:bottom`` and some columns of a sheet, with what each row holds counted once."""

    def __init__(self, sheet: Sheet, top: int, bottom: int, columns: Vector) -> None:
        self.sheet, self.top, self.bottom, self.columns = sheet, top, bottom, columns
        whole = len(columns) == sheet.looks.shape[1]
        looks = sheet.looks[top:bottom] if whole else sheet.looks[top:bottom, columns]
        self.looks = looks
        self.filled = (looks != Look.BLANK).sum(1)
        self.texts = (looks == Look.TEXT).sum(1)
        self.dated = ((looks == Look.NUMBER) | (looks == Look.DATE)).sum(1)
        least = 2 if len(columns) > 1 else 1
        self.data = (self.dated >= 1) & (self.filled >= least)
        self.data_rows = np.flatnonzero(self.data)

    def gap(self, r: int) -> bool:
        """Whether blank rows stand above window row ``r`` (also a row whose cells are all blank here)."""
        return r == 0 or self.sheet.gap(self.top + r) or self.filled[r - 1] == 0

    def below(self, r: int) -> Vector:
        """Up to ``_SAMPLE`` data rows under row ``r``, not going past a row of texts that follows the first of them."""
        at = int(np.searchsorted(self.data_rows, r + 1))
        some: Vector = self.data_rows[at : at + _SAMPLE]
        if len(some) < 2:
            return some
        between = np.flatnonzero(~self.data[some[0] : some[-1]] & (self.texts[some[0] : some[-1]] >= 2))
        return some[some < some[0] + between[0]] if len(between) else some

    def valued(self, rows: Vector) -> Vector:
        """By column: whether most of its cells in ``rows`` are numbers, dates or marks, at least one not a mark."""
        some = self.looks[rows]
        figures = ((some == Look.NUMBER) | (some == Look.DATE)).sum(0)
        marks = (some == Look.MARK).sum(0)
        texts = (some == Look.TEXT).sum(0)
        return np.asarray((figures > 0) & (figures + marks >= 1.5 * texts))


def _numbered(window: _Window, r: int, below: Vector) -> bool:
    """Whether a row of numbers is a header: years or ages in sequence, over figures that are none."""
    cells = np.flatnonzero(window.looks[r] == Look.NUMBER)
    found = _whole(window, r, cells)
    if found is None or len(found) < 2 or not len(below):
        return False
    if _years(found):
        steps = np.diff(found)
        orderly = (np.abs(steps) <= 1010).all() and (np.sign(steps) == np.sign(steps[0])).mean() >= 0.8
        repeated = len(found) >= 4 and len(set(found.tolist())) <= len(found) // 2
        if not orderly and not repeated:
            return False
        under = [_whole(window, int(b), cells) for b in below[:3]]
        return not any(u is not None and len(u) and _years(u) for u in under)
    return len(found) >= 3 and found[0] in (0, 1) and bool((np.diff(found) == 1).mean() >= 0.9)


def _years(numbers: Vector) -> bool:
    """Whether all numbers are years, or academic years written together (201516)."""
    plain = (numbers >= 1850) & (numbers <= 2100)
    return bool((plain | ((numbers > 185000) & ((numbers // 100 + 1) % 100 == numbers % 100))).all())


def _whole(window: _Window, r: int, cells: Vector) -> Vector | None:
    """The whole numbers in some cells of a row, marks behind them dropped; None if one is no whole number."""
    found = []
    for k in cells.tolist():
        text = window.sheet.text(window.top + r, int(window.columns[k])).rstrip("*rpe† ").replace(",", "")
        if not text.isdigit() or len(text) > 6:
            return None
        # a year with a footnote digit typed behind it
        found.append(int(text[:4] if len(text) == 5 and text[:2] in ("19", "20") else text))
    return np.array(found)


def _is_header(window: _Window, r: int, *, apart: bool) -> bool:
    """Whether row ``r`` names the columns of the rows under it; ``apart`` if what stands above it is no data."""
    below = window.below(r)
    if not len(below):
        return False
    if window.data[r] and window.dated[r] > 0 and _numbered(window, r, below):
        return True
    valued = window.valued(below)
    looks = window.looks[r]
    if window.filled[r] == 1 and len(window.columns) > 1 and not _names_alone(window, r, valued):
        return False
    names = int(((looks == Look.TEXT) & valued).sum())
    figures = int(((looks == Look.NUMBER) & valued).sum())
    dates = int(((looks == Look.DATE) & valued).sum())
    if dates and _are_numbers(window, below, looks == Look.DATE):
        names, dates = names + dates, 0
    if names == 0 or figures + dates > names // 4:
        return False
    return apart or _differs(window, r, valued)


def _names_alone(window: _Window, r: int, valued: Vector) -> bool:
    """Whether the only cell of a row can be a column's name or a band: over figures, and no title at the left."""
    k = int(np.flatnonzero(window.looks[r])[0])
    if k == 0:
        return False
    return bool(valued[k]) and len(window.sheet.text(window.top + r, int(window.columns[k]))) <= 80


def _are_numbers(window: _Window, below: Vector, cells: Vector) -> bool:
    """Whether the cells under dates are numbers, so that the dates are headings."""
    some = window.looks[below][:, cells]
    return bool((some == Look.NUMBER).sum() > (some == Look.DATE).sum())


def _differs(window: _Window, r: int, valued: Vector) -> bool:
    """Whether a row right under data holds names, not values typed as text: most columns filled, no text seen near."""
    cells = np.flatnonzero((window.looks[r] == Look.TEXT) & valued)
    if len(cells) < max(2, 0.8 * int(valued.sum())):
        return False
    some = cells[:40].tolist()
    texts = [window.sheet.text(window.top + r, int(window.columns[k])) for k in some]
    if len(set(texts)) < 2:
        return False
    around = [b for b in range(max(0, r - 6), min(len(window.data), r + 7)) if b != r and window.texts[b]]
    seen = sum(
        text == window.sheet.text(window.top + b, int(window.columns[k]))
        for b in around
        for k, text in zip(some, texts, strict=True)
        if window.looks[b, k] == Look.TEXT
    )
    return seen == 0 or len(set(texts)) >= 0.8 * len(texts)


# --------------------------------------------------------------------------- from headers to blocks


@dataclass
class _Block:
    rows: list[int]
    codes: list[int] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)


def _headers(window: _Window) -> list[int]:
    above = np.concatenate([[True], ~window.data[:-1]])
    gaps = np.concatenate([[True], np.diff(window.sheet.grid.rows[window.top : window.bottom]) > 1])
    looked = np.flatnonzero((~window.data & (window.texts >= 1)) | (window.data & (above | gaps)))
    found: list[int] = []
    apart = np.zeros(len(above), bool)
    for r in looked[:_TESTS].tolist():
        # at the top, figures over the first header are codes; later, texts right under data are values of its rows
        early = not found and int(np.searchsorted(window.data_rows, r)) <= _CODE_ROWS
        apart[r] = early or window.gap(r) or (not window.data[r - 1] and (window.filled[r - 1] <= 1 or apart[r - 1]))
        if _is_header(window, r, apart=bool(apart[r])):
            found.append(r)
    return found


def _is_code_row(window: _Window, r: int, labels: Vector) -> bool:
    """Whether a row of numbers above a header is codes: whole numbers, few of its label cells filled."""
    looks = window.looks[r]
    if labels.any() and (looks[labels] != Look.BLANK).mean() > 0.5:
        return False
    return bool(window.dated[r] >= 1)


def _blocks(window: _Window) -> list[_Block]:
    """Header rows that belong together: nothing but codes between them."""
    blocks: list[_Block] = []
    for r in _headers(window):
        if blocks:
            last = blocks[-1]
            between = window.data_rows[
                np.searchsorted(window.data_rows, last.rows[-1] + 1) : np.searchsorted(window.data_rows, r)
            ]
            if not len(between) and r - last.rows[-1] <= 4:
                last.rows.append(r)
                continue
            below = window.below(r)
            labels = ~window.valued(below) & ((window.looks[below] != Look.BLANK).mean(0) >= 0.6)
            if len(between) <= _CODE_ROWS and all(_is_code_row(window, b, labels) for b in between.tolist()):
                last.codes += between.tolist()
                last.rows.append(r)
                continue
            if any(_alike(_signature(window, r), _signature(window, h)) for h in (last.rows + last.repeats)[-6:]):
                last.repeats.append(r)
                continue
        blocks.append(_Block([r]))
    return blocks


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a row repeats a header: the same texts, but for one in four of a wide one."""
    same = sum(a == b for a, b in zip(one, other, strict=False))
    return one == other or (len(one) == len(other) >= 4 and same >= 0.75 * len(one))


def _signature(window: _Window, r: int) -> tuple[str, ...]:
    return tuple(
        " ".join(window.sheet.text(window.top + r, int(window.columns[k])).split()).casefold()
        for k in np.flatnonzero(window.looks[r]).tolist()
    )


# --------------------------------------------------------------------------- the rows of a header


def _complete_header(window: _Window, block: _Block, floor: int) -> tuple[list[int], list[int]]:
    """The header's rows and, below the last, the first body row; trims prose above and adds rows that complete it."""
    numbered = _numbers_names(window, block)
    last = block.rows[-2] if numbered else block.rows[-1]
    below = window.below(last)
    used = (window.looks[below] != Look.BLANK).any(0) if len(below) else np.zeros(len(window.columns), bool)
    rows = [last]
    named = _covered(window, last)
    for r in range(last - 1, max(floor, last - 12) - 1, -1):
        if window.filled[r] == 0 or r in block.codes:
            continue
        if window.sheet.row(window.top + rows[0]) - window.sheet.row(window.top + r) > 4:
            break
        if not _belongs_above(window, r, rows, named, used, asked=r in block.rows):
            break
        rows.insert(0, r)
        named |= _covered(window, r)
    rows += _completed_below(window, rows, used)
    codes = [c for c in block.codes if c > rows[0]] + numbered
    return rows, codes or _column_numbers(window, rows[-1])


def _numbers_names(window: _Window, block: _Block) -> list[int]:
    """The block's last row where it only numbers columns that the row above it names."""
    if len(block.rows) < 2 or _column_numbers(window, block.rows[-2]) != block.rows[-1:]:
        return []
    numbers = window.looks[block.rows[-1]] == Look.NUMBER
    return block.rows[-1:] if (window.looks[block.rows[-2]][numbers] == Look.TEXT).all() else []


def _covered(window: _Window, r: int) -> Vector:
    """By column: whether row ``r`` puts a name over it, merged cells counted in full."""
    covered = window.looks[r] != Look.BLANK
    if window.sheet.merged:
        numbers = window.sheet.grid.columns[window.columns]
        for k in np.flatnonzero(covered).tolist():
            area = window.sheet.area(window.top + r, int(window.columns[k]))
            if area is not None:
                covered = covered | ((numbers >= area.left) & (numbers <= area.right))
    return np.asarray(covered)


def _belongs_above(window: _Window, r: int, rows: list[int], named: Vector, used: Vector, *, asked: bool) -> bool:
    """Whether row ``r`` is part of the header that ``rows`` end: a band over them, or names for unnamed columns."""
    looks = window.looks[r]
    cells = np.flatnonzero(looks)
    if window.data[r] and not asked:
        return False
    if len(cells) == 1 and int(cells[0]) == 0 and not _reaches_down(window, r, 0, rows[0]):
        return False
    if any(_reaches_down(window, r, k, rows[0]) for k in cells.tolist()):
        return True
    if not asked and not (looks == Look.TEXT).any():
        return False
    if asked and all(UNIT.match(text) for text in _signature(window, rows[0])):
        return True
    adds = _covered(window, r) & ~named & used
    lone = len(cells) == 2 and adds[0] and adds.sum() == 1 and not any(_is_wide(window, r, k) for k in cells.tolist())
    if adds.any() and (asked or len(cells) > 1) and not lone:
        return True
    return _is_band(window, r, rows)


def _reaches_down(window: _Window, r: int, k: int, to: int) -> bool:
    """Whether the cell is merged downwards to row ``to`` or beyond."""
    area = window.sheet.area(window.top + r, int(window.columns[k]))
    return area is not None and area.bottom > area.top and area.bottom >= window.sheet.row(window.top + to) - 1


def _is_band(window: _Window, r: int, rows: list[int]) -> bool:
    """Whether most labels of row ``r`` span several named columns, or the names under them would not be unique."""
    cells = np.flatnonzero(window.looks[r])
    if not len(cells):
        return False
    lower = np.zeros(len(window.columns), bool)
    for h in rows:
        lower |= window.looks[h] != Look.BLANK
    numbers = window.sheet.grid.columns[window.columns]
    merged = [window.sheet.area(window.top + r, int(window.columns[k])) for k in cells.tolist()]
    wide = [a for a in merged if a is not None and a.right > a.left]
    spans = []
    for n, k in enumerate(cells.tolist()):
        area = merged[n]
        if wide:
            inside = (numbers >= area.left) & (numbers <= area.right) if area else numbers == numbers[k]
        else:
            end = int(cells[n + 1]) if n + 1 < len(cells) else len(numbers)
            inside = (np.arange(len(numbers)) >= k) & (np.arange(len(numbers)) < end)
        spans.append(int((inside & lower).sum()))
    if int(cells[0]) == 0 and len(cells) == 1:
        return False
    if len(cells) == 1 and not wide and spans[0] < 2:
        return False
    if sum(s >= 2 for s in spans) * 2 > len(spans) and max(spans) < max(2, lower.sum()):
        return True
    texts = [t for h in rows[-1:] for t in _signature(window, h)]
    return len(set(texts)) < len(texts) and len(cells) >= 2 and not _codes(window, r)


def _codes(window: _Window, r: int) -> bool:
    """Whether the texts of a row are codes rather than words."""
    texts = _signature(window, r)
    return sum(bool(re.search(r"[\d_]", t)) and " " not in t for t in texts) * 2 > len(texts)


def _completed_below(window: _Window, rows: list[int], used: Vector) -> list[int]:
    """Text rows under the last header row that belong to it: reached by a merged name, or naming unnamed columns."""
    deepest = max((a.bottom for r in rows for a in _areas(window, r)), default=0)
    named = np.zeros(len(window.columns), bool)
    for r in rows:
        named |= (window.looks[r] != Look.BLANK) & ~np.array(
            [_is_wide(window, r, k) for k in range(len(window.columns))]
        )
    added: list[int] = []
    below = window.below(rows[-1])
    stop = int(below[0]) if len(below) else len(window.data)
    for r in range(rows[-1] + 1, min(stop, rows[-1] + 4)):
        if window.filled[r] == 0:
            continue
        cells = window.looks[r] != Look.BLANK
        inside = window.sheet.row(window.top + r) <= deepest
        fresh = not (cells & named).any() and (cells & used).any() and not (window.looks[r] != Look.TEXT)[cells].any()
        label = int(cells.sum()) > 1 or bool(_LABEL_WORDS.search(_signature(window, r)[0]))
        units = all(UNIT.match(text) for text in _signature(window, r)) and bool(named[cells].all())
        if not inside and not (fresh and label) and not units:
            break
        added.append(r)
        named = named | cells
    return added


def _areas(window: _Window, r: int) -> list[Area]:
    if not window.sheet.merged:
        return []
    found = (
        window.sheet.area(window.top + r, int(window.columns[k])) for k in np.flatnonzero(window.looks[r]).tolist()
    )
    return [a for a in found if a is not None]


def _column_numbers(window: _Window, last: int) -> list[int]:
    """A row right under the header that only numbers the columns: 1, 2, 3 ... ."""
    r = last + 1
    if r >= len(window.data) or not window.data[r] or window.texts[r]:
        return []
    cells = np.flatnonzero(window.looks[r] == Look.NUMBER)
    found = _whole(window, r, cells)
    if found is None or len(found) < 3 or found[0] not in (0, 1) or not (np.diff(found) == 1).all():
        return []
    return [r]


# --------------------------------------------------------------------------- the body


def _body_end(window: _Window, first: int, limit: int, valued: Vector) -> int:
    """One past the last row that is data, a total or a label among them; what follows is notes."""
    part = window.looks[first:limit]
    labels = ~valued
    figures = ((part == Look.NUMBER) | (part == Look.DATE) | (part == Look.MARK))[:, valued]
    lone = window.filled[first:limit] == 1
    solid = np.flatnonzero(figures.any(1) & ~(lone & (len(window.columns) > 2)))
    end = first + (int(solid[-1]) + 1 if len(solid) else 0)
    if not len(solid):
        end = first
    share = (part[: end - first] != Look.BLANK).mean(0) if end > first else np.zeros(len(window.columns))
    usual = labels & (share >= 0.6)
    while end < limit:
        if end > first and window.gap(end) and window.filled[end]:
            break
        if not _goes_on(window, end, usual):
            break
        end += 1
    while end > first and window.filled[end - 1] == 0:
        end -= 1
    return end


def _goes_on(window: _Window, r: int, usual: Vector) -> bool:
    """Whether a row without figures, right under the data, is still one of its rows."""
    looks = window.looks[r]
    filled = int(window.filled[r])
    if filled == 0:
        return False
    texts = _signature(window, r)
    if any(_PROSE.match(t) or len(t) > 100 for t in texts):
        return False
    if re.match(r"^\W*(?:grand|sub)?[ -]?totals?\W*$", texts[0]):
        return True
    return bool(filled >= 2 and usual.any() and (looks[usual] != Look.BLANK).mean() > 0.6)


def _columns_of(window: _Window, header: list[int], first: int, end: int) -> Vector:
    """Which columns of the window belong: named, or holding data in more than a stray row."""
    named = np.zeros(len(window.columns), bool)
    for r in header:
        named |= _covered(window, r)
    body = window.looks[first:end] != Look.BLANK
    share = body.mean(0) if end > first else np.zeros(len(window.columns))
    keep = (named & (share > 0)) | (share >= 0.2) | ((share > 0) & ~named & _leads(share))
    for k in np.flatnonzero(named & (share == 0)).tolist():
        own = [r for r in header if window.looks[r, k] != Look.BLANK and not _is_wide(window, r, k)]
        keep[k] = any(len(window.sheet.text(window.top + r, int(window.columns[k]))) <= 80 for r in own)
    if not header:
        keep = share > 0
    return np.flatnonzero(keep)


def _is_wide(window: _Window, r: int, k: int) -> bool:
    """Whether a cell is merged over columns to its right: a band, which names no column of its own."""
    area = window.sheet.area(window.top + r, int(window.columns[k]))
    return area is not None and area.right > area.left


def _leads(share: Vector) -> Vector:
    """Columns at the left of a table may be filled once for many rows."""
    first = int(np.flatnonzero(share >= 0.5)[0]) if (share >= 0.5).any() else 0
    return np.arange(len(share)) < first


# --------------------------------------------------------------------------- cutting


def find_regions(sheet: Sheet) -> list[Region]:
    """Every table of a sheet, from top to bottom and left to right."""
    rows, columns = sheet.looks.shape
    if not rows or not columns:
        return []
    return _cut(sheet, 0, rows, np.arange(columns), depth=0)


def _cut(sheet: Sheet, top: int, bottom: int, columns: Vector, depth: int) -> list[Region]:
    window = _Window(sheet, top, bottom, columns)
    if depth < 3:
        sides = _sides(window)
        if len(sides) > 1:
            return [r for side in sides for r in _cut(sheet, top, bottom, side, depth + 1)]
    blocks = _blocks(window)
    if not blocks:
        region = _without_header(window)
        return [region] if region else []
    found: list[Region] = []
    bounds = _bounds(window, blocks)
    for n, block in enumerate(blocks):
        if len(blocks) > 1 and depth < 3:
            part = _Window(sheet, top + bounds[n], top + bounds[n + 1], columns)
            sides = _sides(part)
            if len(sides) > 1:
                found += [r for side in sides for r in _cut(sheet, part.top, part.bottom, side, depth + 1)]
                continue
        region = _region(window, block, bounds[n], bounds[n + 1])
        if region is not None:
            found.append(region)
    return found


def _bounds(window: _Window, blocks: list[_Block]) -> list[int]:
    """Where each block's rows start: a header takes the texts above it, back to a gap or to data."""
    bounds = [0]
    for before, block in pairwise(blocks):
        r = block.rows[0]
        last = max(before.rows[-1], *(before.repeats or [0]))
        while r - 1 > last and not window.data[r - 1] and (window.filled[r - 1] <= 2 or r - 1 in block.codes):
            r -= 1
        while r - 1 > last and window.data[r - 1] and r - 1 in block.codes:
            r -= 1
        bounds.append(r)
    return [*bounds, len(window.data)]


def _region(window: _Window, block: _Block, start: int, stop: int) -> Region | None:
    header, codes = _complete_header(window, block, start)
    first = max([header[-1], *codes]) + 1
    sample = _sampled(window, first, stop)
    valued = window.valued(sample) if len(sample) else np.zeros(len(window.columns), bool)
    end = _body_end(window, first, stop, valued)
    kept = _columns_of(window, header, first, end)
    if not len(kept):
        return None
    body = _filled_rows(window, first, end, kept)
    return Region(
        header=tuple(window.top + r for r in header),
        codes=tuple(window.top + r for r in codes if r > header[0]),
        repeats=tuple(window.top + r for r in block.repeats),
        body=body,
        columns=window.columns[kept],
        valued=valued[kept],
        span=(window.top + start, window.top + stop),
        sides=(int(window.columns[0]), int(window.columns[-1]) + 1),
    )


def _filled_rows(window: _Window, first: int, end: int, kept: Vector) -> Vector:
    """The rows that hold anything in the table's own columns."""
    inside = (window.looks[first:end][:, kept] != Look.BLANK).any(1)
    return np.flatnonzero(inside) + first + window.top


def _sampled(window: _Window, first: int, stop: int) -> Vector:
    """Some 200 data rows of a body: the first ones and others evenly spread."""
    rows = window.data_rows[np.searchsorted(window.data_rows, first) : np.searchsorted(window.data_rows, stop)]
    if len(rows) <= 200:
        return np.asarray(rows)
    return np.concatenate([rows[:_SAMPLE], rows[_SAMPLE :: len(rows) // 176 + 1]])


# --------------------------------------------------------------------------- side by side


def _sides(window: _Window) -> list[Vector]:
    """The window's columns as whole tables side by side; one group where it is one table."""
    groups = _column_groups(window)
    sides = [groups[0]]
    for group in groups[1:]:
        if _is_apart(window, sides[-1], group):
            sides.append(group)
        else:
            sides[-1] = np.concatenate([sides[-1], group])
    return [window.columns[side] for side in sides]


def _column_groups(window: _Window) -> list[Vector]:
    """Window columns with no blank column between them; at most 64 groups are told apart."""
    filled = (window.looks != Look.BLANK).any(0)
    numbers = window.sheet.grid.columns[window.columns]
    kept = np.flatnonzero(filled)
    if not len(kept):
        return [np.arange(len(window.columns))]
    cuts = np.flatnonzero(np.diff(numbers[kept]) > 1) + 1
    return list(np.split(kept, cuts)) if len(cuts) <= 64 else [kept]


def _is_apart(window: _Window, left: Vector, right: Vector) -> bool:
    """Whether two neighbouring groups of columns are two tables, not one with a spacer between."""
    if len(right) < 2 or len(left) < 2:
        return False
    sides = [_side(window, columns) for columns in (left, right)]
    if any(side is None for side in sides):
        return False
    (top, bottom, labels, head), (top2, bottom2, labels2, head2) = [s for s in sides if s is not None]
    if len(labels2) < 2 or len(set(labels2)) < len(labels2) * 0.8:
        return False
    if len(head2) > 1 and len(set(head) & set(head2)) * 2 >= len(head2):
        return True
    if abs(top - top2) > 1 or abs(bottom - bottom2) > 1:
        return True
    return bool(re.search(r"\btotal\b", labels2[-1])) and len(set(labels)) >= len(labels) * 0.8


def _side(window: _Window, columns: Vector) -> tuple[int, int, list[str], list[str]] | None:
    """First and last row with two cells or more, the labels of its first column, its first such row's texts."""
    looks = window.looks[:, columns]
    rows = np.flatnonzero((looks != Look.BLANK).sum(1) >= 2)
    if len(rows) < 3:
        return None
    some = rows[1:] if len(rows) <= 200 else rows[1:200]
    lead = looks[some, 0]
    figures = ((looks[some] == Look.NUMBER) | (looks[some] == Look.DATE))[:, 1:]
    if (lead == Look.TEXT).mean() < 0.7 or not (figures.mean(0) >= 0.5).any():
        return None
    text = window.sheet.text
    labels = [text(window.top + int(r), int(window.columns[columns[0]])).casefold() for r in some]
    head = [
        text(window.top + int(rows[0]), int(window.columns[k])).casefold()
        for k, look in zip(columns, looks[rows[0]], strict=True)
        if look == Look.TEXT
    ]
    return int(rows[0]), int(rows[-1]), labels, head


# --------------------------------------------------------------------------- no header over figures


def _without_header(window: _Window) -> Region | None:
    """A table of texts only, a list, a header without rows, or figures without a header; None where there is prose."""
    if len(window.data_rows) >= 2:
        return _headless(window)
    wide = np.flatnonzero(window.filled >= 2)
    if len(wide):
        return _of_texts(window, wide)
    return _list(window)


def _headless(window: _Window) -> Region | None:
    """Data from its first row on: figures under nothing."""
    rows = window.data_rows
    valued = window.valued(rows[:200])
    first = int(rows[0])
    end = _body_end(window, first, len(window.data), valued)
    kept = _columns_of(window, [], first, end)
    body = np.arange(first, end)
    return _plain(window, [], body[window.filled[first:end] > 0], kept, valued)


def _plain(window: _Window, header: list[int], body: Vector, kept: Vector, valued: Vector) -> Region:
    return Region(
        header=tuple(window.top + r for r in header),
        codes=(),
        repeats=(),
        body=body + window.top,
        columns=window.columns[kept],
        valued=valued[kept],
        span=(window.top, window.bottom),
        sides=(int(window.columns[0]), int(window.columns[-1]) + 1),
    )


def _of_texts(window: _Window, wide: Vector) -> Region | None:
    """Texts in two columns or more: the first row about as wide as the rest is the header."""
    usual = float(np.median(window.filled[wide]))
    if len(wide) * 3 < int((window.filled > 0).sum()) and len(wide) < 4:
        return None
    first = next((int(r) for r in wide if window.filled[r] >= max(2.0, 0.6 * usual)), int(wide[0]))
    header = [first]
    deepest = max((a.bottom for a in _areas(window, first)), default=0)
    while header[-1] + 1 < len(window.filled) and window.sheet.row(window.top + header[-1] + 1) <= deepest:
        header.append(header[-1] + 1)
    after = wide[wide > header[-1]]
    valued = np.zeros(len(window.columns), bool)
    if not len(after):
        lone = int((window.filled > 0).sum()) - len(header)
        if window.filled[first] < 3 and lone > 1:
            return None
        return _plain(window, header, np.arange(0), np.flatnonzero(window.looks[first] != Look.BLANK), valued)
    start = header[-1] + 1
    end = int(after[-1]) + 1
    while end < len(window.filled) and not window.gap(end) and _goes_on(window, end, np.zeros(0, bool)):
        end += 1
    kept = _columns_of(window, header, start, end)
    body = np.arange(start, end)
    return _plain(window, header, body[window.filled[start:end] > 0], kept, valued)


def _list(window: _Window) -> Region | None:
    """One column of short texts under a heading; None for prose."""
    rows = np.flatnonzero(window.filled)
    columns = np.flatnonzero((window.looks[rows] != Look.BLANK).any(0))
    if len(columns) != 1 or len(rows) < 3:
        return None
    lengths = [len(window.sheet.text(window.top + int(r), int(window.columns[columns[0]]))) for r in rows[:200]]
    together = np.diff(window.sheet.grid.rows[window.top + rows]).max() == 1
    if not together or max(lengths) > 60 or float(np.median(lengths)) > 35:
        return None
    return _plain(window, [int(rows[0])], rows[1:], columns, np.zeros(len(window.columns), bool))
