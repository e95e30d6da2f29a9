"""Arithmetic over rows and columns: which rows a total closes, which columns another column adds up.

Searches run on floats with an allowance for their last digit; whatever is reported is added up exactly elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sscbtool.core.locate.cells import Look, Matrix, Numbers, Vector

_FAR = 256
"""A total without a label is looked for over at most this many items before it."""
_STRICT = 4_000
"""Totals without a label are looked for in tables of at most so many rows."""
_STOPS = 10_000
"""Rows that may be totals that are looked at in one table."""
_ODDS = 20.0
"""Binary digits that must agree before arithmetic alone makes a row a total."""
_ACROSS = 160
"""A column's parts are looked for within so many columns of it."""
_WIDE = 1_000
"""In tables of more columns only those named as totals are held against others: no sheet made to be read is so wide."""
_BROKEN = 0.02
"""Of the rows, so many may break a rule that is still one."""
_STARTS = 48
"""Of the places where a labelled total's rows may begin, the nearest this many and the first of all are tried."""


@dataclass(frozen=True)
class Closure:
    """A total row and the rows it closes, as positions among the rows searched."""

    row: int
    parts: tuple[int, ...]
    share: float
    """Of the columns compared, how many agree."""
    bits: float
    """How unlikely it is that they agree by chance, as binary digits."""


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns that are added up, and how closely each can be expected to agree."""

    values: Matrix
    """Rows x columns; 0 where there is no number."""
    given: Matrix
    """Whether there is a number."""
    grain: Vector
    """By column: what all its numbers are multiples of (1 for whole numbers, 0.01 for pence, 10 for rounded counts)."""
    base: Vector
    """By column: the base its numbers are rounded to; 0 where they are exact."""
    unit: Vector
    """By column: what a row's own total may be off by where its numbers were rounded one by one."""

    def part(self, rows: Vector) -> Columns:
        """Some of the rows."""
        if len(rows) == len(self.values):
            return self
        return replace(self, values=self.values[rows], given=self.given[rows])

    def allowance(self, parts: Vector) -> Matrix:
        """Parts x columns: how far a sum of so many parts may be from its stated total."""
        n = np.asarray(parts, np.float64)[:, None] + 1
        # half a base a row, but no more than the drift that many independent roundings have
        return np.asarray(self.base * np.minimum(n / 2, 4 * np.sqrt(n / 12) + 1) + np.maximum(self.grain, 1e-9) * 1e-3)

    def allowance_at(self, j: int, parts: Vector) -> Vector:
        """As ``allowance`` for one column."""
        n = np.asarray(parts, np.float64) + 1
        drift = np.minimum(n / 2, 4 * np.sqrt(n / 12) + 1)
        return np.asarray(self.base[j] * drift + max(float(self.grain[j]), 1e-9) * 1e-3)

    def allowance_of(self, j: int, involved: Vector) -> float:
        """As ``allowance`` for one column, by what the numbers involved (a total and its parts) are multiples of."""
        n, base, more = len(involved), float(self.base[j]), 0.0
        if base >= 5:
            # parts to the nearest five may stand under a total to the nearest ten
            base, more = (10.0, 0.0) if (involved % 10 == 0).all() else (5.0, 5.0)
        drift = base * min(n / 2, 4 * np.sqrt(n / 12) + 1)
        return float(drift + more + max(float(self.grain[j]), 1e-9) * 1e-3)


def columns_of(numbers: Numbers, money: Vector, *, rounded: bool) -> Columns:
    """Numbers made ready for searching; ``rounded`` if the sheet says that it rounds.

    Counts that are all multiples of 5 or 10 are taken as rounded, ``money`` is not: people pay round sums.
    """
    values, given = numbers.values, numbers.looks == Look.NUMBER
    grain = np.array([_grain(values[given[:, k], k], scale) for k, scale in enumerate(numbers.scales)])
    known = grain > 0
    fine = np.array([scale < 0 or scale > 2 for scale in numbers.scales], bool)
    base = np.where(known & rounded, grain, 0.0)
    # figures with thousandths of a penny are worked out; their totals are rounded to pence, or to a whole
    base = np.where(fine, 0.01, base)
    shared = _shared_rounding(values[:, ~money], given[:, ~money], grain[~money])
    if shared:
        base = np.where(
            known & ~money & (np.mod(grain, shared) == 0), np.maximum(base, 10.0 if shared == 5 else shared), base
        )
    some = np.abs(values[:: len(values) // 500 + 1])
    large = np.median(some, axis=0) >= 100 if some.size else np.zeros(len(grain), bool)
    return Columns(values, given, np.where(known, grain, 1e-6), base, np.where(large, 1.0, 0.0))


def _grain(values: Vector, scale: int) -> float:
    """The greatest number that all values are whole multiples of; 0 where they have too many digits to tell."""
    if scale < 0 or not len(values):
        return 0.0
    scaled = np.abs(np.rint(values * 10.0**scale)).astype(np.int64)
    common = int(np.gcd.reduce(scaled))
    return common / 10.0**scale if common else 1.0


def _shared_rounding(values: Matrix, given: Matrix, grain: Vector) -> float:
    """10 or 5 where many different counts are all multiples of it and of nothing greater: a publisher's rounding."""
    whole = given & (values != 0)
    for base in (10.0, 5.0):
        columns = (grain % base == 0) & (grain > 0) & (grain <= 2 * base)
        some = values[:, columns][whole[:, columns]]
        if len(some) >= 30 and len(np.unique(some)) >= 12 and (some % (base * 10) != 0).mean() >= 0.6:
            return base
    return 0.0


# --------------------------------------------------------------------------- rows


@dataclass(frozen=True, eq=False)
class Search:
    """What a search for totals is told of each row, in the order of the sheet."""

    columns: Columns
    labelled: Vector
    """The row's label or place says that it may be a total."""
    sure: Vector
    """The row's label says that it is one, whatever the arithmetic."""
    starts: Vector
    """A section starts at this row: after a heading, a gap, or with a new group label."""
    worded: Vector
    """The row's label holds a word that may mean a total: equality with all rows before it makes it one."""
    barred: Callable[[int], bool]
    """Rows that arithmetic alone must not make a total."""
    eager: Vector
    """Rows without any label: equality makes them a total, however small the numbers."""


def closures(search: Search, *, upward: bool) -> list[Closure]:
    """Each total and what it closes; ``upward`` where totals stand above their parts."""
    n, m = search.columns.values.shape
    order = np.arange(n)[::-1] if upward else np.arange(n)
    if not m or not n:
        return []
    if n > _STRICT:
        return _Stack(search, order, search.labelled, upward=upward).run()
    weights = _weights(search.columns, slice(None))
    pilot = int(np.argmax(weights.sum(0)))
    strong = weights.sum(1) >= _ODDS
    likely = search.labelled | search.eager | (strong & _sums_of_runs(search.columns, pilot, order))
    found = _Stack(search, order, likely, upward=upward, pilot=pilot).run()
    if sum(not search.labelled[c.row] for c in found) < 2:
        return found
    # totals without labels were found: others may add up these
    return _Stack(search, order, likely | strong, upward=upward, pilot=pilot).run()


def _sums_of_runs(columns: Columns, j: int, order: Vector) -> Vector:
    """By row: whether its number in column ``j`` may be the sum of a run of two or more rows right before it."""
    values = columns.values[order, j]
    sums = np.concatenate([[0.0], np.cumsum(values)])
    width = float(columns.allowance_at(j, np.array([_FAR]))[0])
    wanted = sums[1:] - values - values
    ranked = np.sort(sums)
    count = np.searchsorted(ranked, wanted + width, "right") - np.searchsorted(ranked, wanted - width, "left")
    # a row that only equals the one before it is no sum
    count[1:] -= np.abs(np.diff(values)) <= width
    likely = np.zeros(len(values), bool)
    likely[order] = count > 0
    return likely


class _Stack:
    """Rows not yet closed by a total, with running sums, as a reader who goes down (or up) the sheet holds them."""

    def __init__(self, search: Search, order: Vector, stops: Vector, *, upward: bool, pilot: int = -1) -> None:
        self.search, self.order, self.stops, self.pilot = search, order, stops, pilot
        n, m = search.columns.values.shape
        self.values = search.columns.values
        self.sums = np.zeros((n + 1, m))
        self.items: list[int] = []
        self.leaf: list[bool] = []
        self.bounds: list[int] = [0]
        self.found: list[Closure] = []
        self.strict = pilot >= 0
        starts = search.starts
        self.breaks = np.append(starts[1:], False)[order] if upward and n else starts[order]

    def run(self) -> list[Closure]:
        at = np.flatnonzero(self.stops[self.order])[:_STOPS].tolist()
        done = 0
        for step in at:
            self._push_leaves(done, step)
            self._stop(step)
            done = step + 1
        return self.found

    def _stop(self, step: int) -> None:
        row, search = int(self.order[step]), self.search
        if self.breaks[step]:
            self._bound()
        sure = bool(search.sure[row])
        closure = self._labelled(row, sure=sure) if search.labelled[row] else None
        if closure is None and not sure and self.strict:
            closure = self._by_arithmetic(row, eager=bool(search.eager[row]))
        if closure is not None:
            self._close(closure)
        self._push(row, leaf=closure is None)

    def _bound(self) -> None:
        if self.bounds[-1] != len(self.items):
            self.bounds.append(len(self.items))

    def _push_leaves(self, first: int, last: int) -> None:
        """Takes up the rows between two stops at once."""
        rows = self.order[first:last]
        if not len(rows):
            return
        depth = len(self.items)
        self.sums[depth + 1 : depth + 1 + len(rows)] = self.sums[depth] + np.cumsum(self.values[rows], axis=0)
        for n in np.flatnonzero(self.breaks[first:last]).tolist():
            if self.bounds[-1] != depth + n:
                self.bounds.append(depth + n)
        self.items.extend(rows.tolist())
        self.leaf.extend([True] * len(rows))

    def _push(self, row: int, *, leaf: bool) -> None:
        depth = len(self.items)
        self.sums[depth + 1] = self.sums[depth] + self.values[row]
        self.items.append(row)
        self.leaf.append(leaf)
        if not leaf:
            if self.bounds[-1] != depth:
                self.bounds.append(depth)
            self.bounds.append(depth + 1)

    def _close(self, closure: Closure) -> None:
        self.found.append(closure)
        closed = set(closure.parts)
        depth = len(self.items)
        while closed and depth:
            depth -= 1
            closed.discard(self.items[depth])
        kept = [
            (i, f) for i, f in zip(self.items[depth:], self.leaf[depth:], strict=True) if i not in set(closure.parts)
        ]
        del self.items[depth:], self.leaf[depth:]
        while len(self.bounds) > 1 and self.bounds[-1] > depth:
            self.bounds.pop()
        for row, leaf in kept:
            self._push(row, leaf=leaf)

    def _compared(self, row: int, sums: Matrix) -> Matrix:
        """Windows x columns: whether to compare: a number in the total, and something in it or in the rows."""
        return np.asarray(self.search.columns.given[row] & ((self.values[row] != 0) | (sums != 0)))

    def _labelled(self, row: int, *, sure: bool) -> Closure | None:
        depth = len(self.items)
        if not depth:
            return None
        starts = np.unique([0, *[b for b in self.bounds[-_STARTS:] if b < depth]])[::-1]
        best = self._best(row, starts, depth)
        if best is None or best.share < 1:
            best = self._better(best, self._best_without_last(row, starts))
        if (best is None or best.share < 0.5) and self.strict:
            best = self._better(best, self._by_arithmetic(row, eager=False))
        if best is not None and best.share >= 0.5 and self._convinces(best, sure=sure):
            # capitals and the like are no more than looks: they make no total of a registered organisation
            return best if sure or not self.search.barred(row) else None
        return self._default(row, starts) if sure else None

    def _convinces(self, best: Closure, *, sure: bool) -> bool:
        """Whether agreement is more than chance: a row that only may be a total must show more."""
        if self.search.worded[best.row] and len(best.parts) == len(self.items) and self._is_sum(best):
            return True
        if len(best.parts) < 2:
            return best.bits >= 24
        return sure or best.bits >= _ODDS or (best.share >= 0.85 and best.bits >= 12)

    @staticmethod
    def _better(one: Closure | None, other: Closure | None) -> Closure | None:
        if one is None or other is None:
            return one or other
        return other if other.share > one.share else one

    def _best(self, row: int, starts: Vector, end: int) -> Closure | None:
        """Of the windows from each start to ``end``, the one that agrees in most columns; the nearer one if two do."""
        starts = starts[starts < end]
        if not len(starts):
            return None
        sums = self.sums[end] - self.sums[starts]
        near = np.abs(sums - self.values[row]) <= self.search.columns.allowance(end - starts)
        compared = self._compared(row, sums)
        counted = compared.sum(1)
        share = (near & compared).sum(1) / np.maximum(counted, 1)
        # one row that restates another closes nothing unless no longer window does as well
        rank = share - 1e-3 * (end - starts < 2)
        n = int(np.argmax(rank))
        if not counted[n] or not share[n]:
            return None
        bits = float((_weights(self.search.columns, row) * (near[n] & compared[n])).sum())
        return Closure(row, tuple(self.items[starts[n] : end]), float(share[n]), bits)

    def _best_without_last(self, row: int, starts: Vector) -> Closure | None:
        """Windows that stop one or two rows short (``excluding ...``): only against strong odds."""
        for short in (1, 2):
            found = self._best(row, starts, len(self.items) - short)
            if found is not None and found.share >= 0.9 and found.bits >= 24 and len(found.parts) > 1:
                return found
        return None

    def _default(self, row: int, starts: Vector) -> Closure:
        """What a total that agrees with nothing was most likely to close: the rows since the last total or heading."""
        start = int(starts[0])
        if not any(self.leaf[start:]):
            start = int(starts[-1])
        parts = tuple(self.items[start:])
        return Closure(row, parts, 0.0, 0.0)

    def _by_arithmetic(self, row: int, *, eager: bool) -> Closure | None:
        """A window of two or more rows that agrees in every column, against odds that chance cannot explain."""
        depth = len(self.items)
        if depth < 2:
            return None
        first = max(0, depth - _FAR)
        starts = np.arange(first, depth - 1)
        if first:
            starts = np.append(0, starts)
        j = self.pilot
        near = np.abs(self.sums[depth, j] - self.sums[starts, j] - self.values[row, j])
        starts = starts[near <= self.search.columns.allowance_at(j, depth - starts)]
        # Names are looked up only for the few rows that might add up: it costs more than the arithmetic.
        if not len(starts) or self.search.barred(row):
            return None
        found = self._best(row, starts[::-1], depth)
        if found is None or len(found.parts) < 2 or not self._is_sum(found):
            return None
        whole = len(found.parts) == depth
        needed = 0.0 if eager and whole else 12.0 if whole else _ODDS
        return found if found.bits - np.log2(max(1, depth - first)) * (not whole) >= needed else None

    def _is_sum(self, found: Closure) -> bool:
        """Whether all columns agree and at least two parts are not nothing."""
        counted = int(self.search.columns.given[found.row].sum())
        if found.share < (0.85 if counted >= 8 else 1.0):
            return False
        return int((self.values[list(found.parts)] != 0).any(1).sum()) >= 2


def _weights(columns: Columns, rows: int | slice) -> Matrix:
    """The binary digits of each number above what its column is rounded to, at most 14."""
    wide = np.maximum(columns.grain, 2 * columns.base)
    return np.asarray(np.minimum(np.log2(1 + np.abs(columns.values[rows]) / wide), 14.0) * columns.given[rows])


# --------------------------------------------------------------------------- columns


@dataclass(frozen=True)
class Rule:
    """A column that adds up others across a row: ``total`` and the signed positions of its parts (counted from 1)."""

    total: int
    parts: tuple[int, ...]
    breaks: tuple[int, ...]
    """Rows in which it does not hold."""


def row_rules(columns: Columns, named: Sequence[bool]) -> list[Rule]:
    """Columns that equal the sum of a run of others, or the difference of two, in nearly all rows.

    ``named`` says which columns' names claim a total; for these fewer rows suffice.
    """
    n, m = columns.values.shape
    if n < 2 or m < 3:
        return []
    rows = np.arange(n) if n <= 64 else np.linspace(0, n - 1, 64).astype(int)
    found: list[Rule] = []
    for total in range(m) if m <= _WIDE else np.flatnonzero(named)[:_WIDE].tolist():
        some = rows[columns.given[rows, total] & (columns.values[rows, total] != 0)]
        if len(some) < (2 if named[total] else 3):
            continue
        parts = _run(columns, some, total, named=named[total]) or _difference(columns, some, total)
        if parts and not _is_known(found, total, parts):
            rule = _verified(columns, total, parts, named=named[total])
            if rule is not None:
                found.append(rule)
    return found


def _is_known(found: list[Rule], total: int, parts: tuple[int, ...]) -> bool:
    """Whether the same columns already make a rule read another way (net = total - income, total = net + income)."""
    mine = {total + 1, *(abs(p) for p in parts)}
    return any(mine == {rule.total + 1, *(abs(p) for p in rule.parts)} for rule in found)


def _widths(columns: Columns, total: int, count: Vector) -> tuple[Vector, Vector]:
    """By number of parts: how far off a row may be, strictly and at most."""
    strict = columns.allowance_at(total, count)
    return strict, np.maximum(strict, columns.unit[total] * 1.0001)


def _held(columns: Columns, rows: Vector, total: int, sums: Matrix, count: Vector) -> Vector:
    """By candidate: the share of rows in which it holds at most."""
    near = np.abs(sums - columns.values[rows, total][:, None]) <= _widths(columns, total, count)[1][None, :]
    return np.asarray(near.mean(0))


def _run(columns: Columns, rows: Vector, total: int, *, named: bool) -> tuple[int, ...]:
    """The run of columns before or after ``total`` (at most two columns away) that it adds up."""
    m = columns.values.shape[1]
    low, high = max(0, total - _ACROSS), min(m, total + _ACROSS)
    sums = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(columns.values[rows, low:high], axis=1)], axis=1)
    best = 0.0
    parts: tuple[int, ...] = ()
    for gap in (0, 1, 2):
        for runs in (_before(low, total - gap), _after(total + 1 + gap, high)):
            if len(runs):
                starts, ends = runs[:, 0] - low, runs[:, 1] - low
                share = _held(columns, rows, total, sums[:, ends] - sums[:, starts], ends - starts)
                n = int(np.argmax(share))
                if share[n] > best:
                    best, parts = float(share[n]), tuple(range(int(runs[n, 0]) + 1, int(runs[n, 1]) + 1))
    return parts if best >= (0.6 if named else 0.85) and _telling(columns, rows, total, parts) else ()


def _before(low: int, end: int) -> Matrix:
    starts = np.arange(end - 2, low - 1, -1)
    return np.stack([starts, np.full(len(starts), end)], axis=1)


def _after(start: int, high: int) -> Matrix:
    ends = np.arange(start + 2, high + 1)
    return np.stack([np.full(len(ends), start), ends], axis=1)


def _difference(columns: Columns, rows: Vector, total: int) -> tuple[int, ...]:
    """The two columns before ``total`` of which it is the difference."""
    if len(rows) < 3:
        return ()
    for taken in (total - 1, total - 2):
        others = np.arange(taken - 1, max(-1, taken - 13), -1)
        if taken < 1 or not len(others):
            continue
        sums = columns.values[np.ix_(rows, others)] - columns.values[rows, taken][:, None]
        share = _held(columns, rows, total, sums, np.full(len(others), 2))
        n = int(np.argmax(share))
        parts = (int(others[n]) + 1, -(taken + 1))
        if share[n] >= 0.85 and _telling(columns, rows, total, parts):
            return parts
    return ()


def _telling(columns: Columns, rows: Vector, total: int, parts: tuple[int, ...]) -> bool:
    """Whether equality says something: two or more parts are not nothing, in enough rows, with digits enough."""
    places = [abs(p) - 1 for p in parts]
    both = rows[(columns.values[np.ix_(rows, np.array(places))] != 0).sum(1) >= 2]
    if len(both) < min(3, len(rows)):
        return False
    digits = np.log2(
        1 + np.abs(columns.values[both, total]) / np.maximum(columns.grain[total], 2 * columns.base[total])
    )
    return bool(digits.sum() >= _ODDS)


def _verified(columns: Columns, total: int, parts: tuple[int, ...], *, named: bool) -> Rule | None:
    """The rule held against every row, as strictly as nearly all rows allow; None where too many break it."""
    places = np.array([abs(p) - 1 for p in parts])
    sums = columns.values[:, places] @ np.sign(np.array(parts, np.float64))
    readable = columns.given[:, total] & columns.given[:, places].any(1)
    off = np.abs(sums - columns.values[:, total])
    tested = int(readable.sum())
    widths = [float(width[0]) for width in _widths(columns, total, np.array([len(parts)]))]
    few = max(1.0, _BROKEN * tested)
    for width, limit in ((widths[0], few), (widths[1], few), (widths[0], tested / 3 if named and tested < 12 else 0)):
        broken = readable & (off > width)
        count = int(broken.sum())
        if count <= limit and tested - count >= (2 if named else 3):
            return Rule(total, parts, tuple(np.flatnonzero(broken & columns.given[:, places].all(1)).tolist()))
    return None
