"""Which rows of a body are totals, what each closes, and whether it agrees: by label, by place, or by arithmetic."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa

from sscbtool.core.locate.cells import SUPPRESSED, Look, Vector, pc
from sscbtool.core.locate.labels import COUNTRIES, WHOLE_COUNTRIES, Claim, folded_label, levels_of
from sscbtool.core.locate.lines import Lines
from sscbtool.core.locate.sums import Closure, Columns, Search, closures, columns_of
from sscbtool.core.model import Area, ControlTotal

_WITHHELD_AT_MOST = 5
"""A count withheld as small may be up to this much."""


def find_totals(lines: Lines, live: Vector) -> tuple[list[int], tuple[ControlTotal, ...]]:
    """The positions of total rows among ``live`` rows, and every figure in them held against the rows it closes."""
    claims = lines.claims[live]
    rows = live[claims == Claim.CHANGE].tolist()
    live = live[claims != Claim.CHANGE]
    if not len(live):
        return rows, ()
    finder = _Finder(lines, live)
    found, others = finder.find()
    rows += [int(live[q]) for q in {c.row for c in found} | set(others)]
    totals = [t for c in sorted(found, key=lambda c: c.row) if c.parts for t in finder.stated(c)]
    return rows, tuple(_without_flows(totals))


def _without_flows(totals: list[ControlTotal]) -> list[ControlTotal]:
    """Leaves out columns that are no sums by nature: every total row falls short of its parts, where others agree.

    Moves between areas are counted once for each area and not at all for the country.
    """
    columns: dict[int, list[ControlTotal]] = {}
    for t in totals:
        columns.setdefault(t.column, []).append(t)
    agreeing = sum(t.agrees for t in totals)
    if agreeing < 0.7 * len(totals):
        return totals
    flows = {
        column
        for column, some in columns.items()
        if len(some) >= 3 and sum(t.agrees for t in some) < 0.3 * len(some) and all(t.agrees or _short(t) for t in some)
    }
    return [t for t in totals if t.agrees or t.column not in flows]


def _short(total: ControlTotal) -> bool:
    return total.difference is not None and total.difference > 0


class _Finder:
    """The search for totals among rows ``live``; positions ``q`` count these."""

    def __init__(self, lines: Lines, live: Vector) -> None:
        self.lines, self.live = lines, live
        self.claims = lines.claims[live]
        self.columns = lines.columns.part(live)
        label_columns = lines.region.columns[lines.label_places]
        self.levels = levels_of(lines.sheet.grid, lines.sheet.looks, lines.rows[live], label_columns)
        self.coarse = self._by_level() if self.levels is not None else self._by_place()
        self.columns = self._with_coarse_rounding()
        blank = self._unlabelled()
        self.search = Search(
            columns=self.columns,
            labelled=self.coarse | (self.claims == Claim.TOTAL) | blank | self._middle() | self._hints(),
            sure=self.coarse | (self.claims == Claim.TOTAL),
            starts=self._starts(),
            worded=self._hints() & (lines.claimed_where(live) >= 0),
            barred=lambda q: lines.is_organisation(int(live[q])),
            eager=blank,
        )

    def find(self) -> tuple[list[Closure], list[int]]:
        """What each total closes; and rows that are totals without closing anything."""
        found = self._closed()
        breakdown = self._breakdown(found)
        found = [self._over_all(c, found) if c.parts and breakdown >= set(c.parts) else c for c in found]
        found = [c for c in found if c.row not in breakdown]
        mere = self._mere_categories(found)
        found = [c for c in found if c.row not in mere]
        self.search.sure[sorted(mere)] = False
        others = np.flatnonzero(self.search.sure | self._balances(found)).tolist()
        return found, others + sorted(breakdown)

    # ------------------------------------------------------------------ rows that may be totals

    def _by_level(self) -> Vector:
        """Rows of a level above the finest, where a column tells levels."""
        levels = self.levels
        assert levels is not None
        finest = int(levels.max())
        coarse = (levels >= 0) & (levels < min(finest, 2))
        return np.asarray(coarse & ((levels == finest).sum() > (levels == 0).sum()))

    def _hints(self) -> Vector:
        """Rows whose label may mean a total; where a good part of all rows is such, it means nothing."""
        hints = (self.claims >= Claim.CHECKED) & (self.claims < Claim.TOTAL)
        return hints if hints.sum() <= max(3.0, 0.35 * len(hints)) else np.zeros(len(hints), bool)

    def _middle(self) -> Vector:
        """Counties between regions and districts: totals where the arithmetic bears it out."""
        if self.levels is None:
            return np.zeros(len(self.live), bool)
        return np.asarray((self.levels == 2) & (int(self.levels.max()) > 2))

    def _by_place(self) -> Vector:
        """Rows that stand for a country or region while finer areas stand beside them."""
        coarse = np.zeros(len(self.live), bool)
        given = self.columns.given.any(1)
        places = np.flatnonzero((self.claims == Claim.PLACE) & given)
        if not len(places):
            return coarse
        labels = [folded_label(self.lines.label(int(self.live[q]))) for q in places]
        others = int((self.claims < Claim.PLACE).sum())
        if len(set(labels)) < len(labels) * 0.8:
            return coarse
        if others >= 2 * len(places):
            # One region alone may be a ward of that name (North, South, East, West): arithmetic may still say more.
            coarse[places] = len(places) > 1 or labels[0] in COUNTRIES
        elif len(places) >= 3:
            whole = [int(q) for q, label in zip(places, labels, strict=True) if label in WHOLE_COUNTRIES]
            if len(whole) <= 2:
                coarse[[q for q in whole if q in (0, len(self.live) - 1)]] = True
        return coarse

    def _with_coarse_rounding(self) -> Columns:
        """Countries and regions may be rounded where the areas under them are exact."""
        rows = self.live[self.coarse]
        if len(rows) < 3:
            return self.columns
        own = columns_of(self.lines.numbers.part(rows), self.lines.money, rounded=False)
        return replace(self.columns, base=np.maximum(self.columns.base, own.base))

    def _unlabelled(self) -> Vector:
        labels = ~self.lines.region.valued
        if not labels.any():
            return np.zeros(len(self.live), bool)
        return np.asarray((self.lines.looks[self.live][:, labels] == Look.BLANK).all(1))

    def _starts(self) -> Vector:
        """Where sections start: after a gap, after a heading, or where a label that stands on runs of rows changes."""
        live, lines = self.live, self.lines
        n = len(live)
        starts = np.zeros(n, bool)
        starts[1:] = (np.diff(live) > 1) | (np.diff(lines.row_numbers[live]) > 1)
        for k in lines.label_places[:3].tolist():
            filled = lines.looks[live, k] == Look.TEXT
            if n < 6 or filled.mean() < 0.1:
                continue
            if filled.mean() < 0.6:
                starts |= filled
                continue
            changed = _changes(lines, live, k)
            if 0 < changed.sum() <= n / 3:
                return np.asarray(starts | changed)
        return starts

    # ------------------------------------------------------------------ what they close

    def _closed(self) -> list[Closure]:
        """Which rows are totals and what they close, read in the direction that agrees better."""
        if not self.columns.values.shape[1]:
            return []
        down, up = closures(self.search, upward=False), closures(self.search, upward=True)
        main, other = (up, down) if self._stands_above(up, down) else (down, up)
        found = {c.row: c for c in main}
        inside = {p for c in main if c.share > 0 for p in c.parts}
        for c in other:
            mine = found.get(c.row)
            if c.share >= 0.85 and len(c.parts) > 1 and (c.row not in inside if mine is None else mine.share < 0.5):
                found[c.row] = c
        for q in np.flatnonzero(self.search.sure).tolist():
            if q not in found or found[q].share < 0.85:
                self._look_elsewhere(q, found)
        if not any(c.share >= 0.5 for c in found.values()):
            found |= {c.row: c for c in self._by_turns()}
        return [c for c in found.values() if c.share > 0 or self._must_agree(c)]

    def _stands_above(self, up: list[Closure], down: list[Closure]) -> bool:
        """Whether totals stand above their parts: by agreement, else by where the first and last stand."""
        ahead = sum(c.share for c in up) - sum(c.share for c in down)
        sure = np.flatnonzero(self.search.sure)
        if ahead or not len(sure):
            return ahead > 0
        return int(sure[0]) < len(self.live) // 2 and int(sure[-1]) < len(self.live) - 1

    def _must_agree(self, closure: Closure) -> bool:
        """Whether a total that agrees with nothing is reported: it must close rows, and stand at the highest level."""
        if all(self.search.sure[p] for p in closure.parts) and len(closure.parts) < 2:
            return False
        return self.levels is None or bool(self.levels[closure.row] == self.levels[self.levels >= 0].min())

    def _look_elsewhere(self, q: int, found: dict[int, Closure]) -> None:
        """A total whose neighbours do not explain it: all rows of a level below it, or all rows that are no totals."""
        sets = []
        levels = self.levels
        if levels is not None and levels[q] >= 0:
            ranks = sorted({int(rank) for rank in levels if rank > levels[q]})
            sets = [self._outermost(np.flatnonzero(levels == rank)) for rank in ranks]
        leaves = np.flatnonzero(~self.search.sure)
        sets += [leaves, leaves[leaves < q]]
        best = found[q].share if q in found else 0.0
        for parts in sets:
            closure = self._compared(q, parts)
            if closure is not None and closure.share > max(best, 0.2):
                best, found[q] = closure.share, closure

    def _outermost(self, rows: Vector) -> Vector:
        """Rows of one level without those that another of them adds up (Inner and Outer London beside London)."""
        if len(rows) < 3 or len(rows) > 200:
            return rows
        some = np.ones(len(rows), bool)
        part = self.columns.part(rows)
        search = Search(part, some, ~some, ~some, ~some, lambda _: False, ~some)
        nested: set[int] = set()
        for upward in (True, False):
            for c in closures(search, upward=upward):
                if c.share >= 0.85 and len(c.parts) < len(rows) - 1:
                    nested |= set(c.parts)
            if nested:
                break
        return np.array([r for n, r in enumerate(rows.tolist()) if n not in nested], np.int64)

    def _compared(self, q: int, parts: Vector) -> Closure | None:
        parts = parts[parts != q]
        if len(parts) < 2:
            return None
        sums = self.columns.values[parts].sum(0)
        counted = self.columns.given[q] & ((self.columns.values[q] != 0) | (sums != 0))
        if not counted.any():
            return None
        near = np.abs(sums - self.columns.values[q]) <= self.columns.allowance(np.array([len(parts)]))[0]
        return Closure(q, tuple(parts.tolist()), float((near & counted).sum() / counted.sum()), 0.0)

    def _by_turns(self) -> list[Closure]:
        """Totals among rows that take turns (2015, 2016, 2015, ...): each turn is searched by itself."""
        turns = _turns(self.lines, self.live)
        if turns is None:
            return []
        found = []
        for turn in range(int(turns.max()) + 1):
            rows = np.flatnonzero(turns == turn)
            part = self._search_of(rows)
            both = [closures(part, upward=upward) for upward in (False, True)]
            best = max(both, key=lambda some: sum(c.share for c in some))
            found += [
                Closure(int(rows[c.row]), tuple(int(rows[p]) for p in c.parts), c.share, c.bits)
                for c in best
                if c.share >= 0.85
            ]
        return found

    def _search_of(self, rows: Vector) -> Search:
        """The search over some of the rows, without sections."""
        whole = self.search
        return Search(
            columns=self.columns.part(rows),
            labelled=whole.labelled[rows],
            sure=whole.sure[rows],
            starts=np.zeros(len(rows), bool),
            worded=whole.worded[rows],
            barred=lambda q: whole.barred(int(rows[q])),
            eager=whole.eager[rows],
        )

    def _breakdown(self, found: list[Closure]) -> set[int]:
        """Rows after the grand total that add up to it once more: a breakdown by class, not data."""
        settled = {c.row for c in found if c.share >= 0.5} | {p for c in found if c.share >= 0.5 for p in c.parts}
        free = ~self.search.sure
        free[list(settled)] = False
        before = np.concatenate([[0], np.cumsum(free)])
        for c in found:
            if c.share >= 0.5 and min(c.parts) > c.row and before[c.row] >= max(8, 3 * len(c.parts)):
                return set(c.parts)
        for grand in sorted(found, key=lambda c: -len(c.parts))[:3]:
            if grand.parts and max(grand.parts) > grand.row:
                continue
            after = np.array([q for q in range(grand.row + 1, len(self.live)) if q not in settled], np.int64)
            same = self._compared(grand.row, after)
            if same is not None and same.share >= 0.8:
                return set(after.tolist())
        return set()

    def _mere_categories(self, found: list[Closure]) -> set[int]:
        """Rows that only say ``Total`` in a column of categories, again and again, and close nothing.

        Where counts are withheld a total agrees that they may make up, and one that is itself withheld tells nothing.
        """
        agreed = {c.row for c in found if c.share >= 0.5 or self._made_up(c)}
        figures = (self.lines.numbers.looks == Look.NUMBER).any(1)
        said: dict[int, list[int]] = {}
        for q in np.flatnonzero((self.claims == Claim.TOTAL) & ~self.coarse).tolist():
            said.setdefault(self.lines.claimed_in(int(self.live[q])), []).append(q)
        mere: set[int] = set()
        for rows in said.values():
            labels = {self.lines.label(int(self.live[q])) for q in rows[:200]}
            told = [q for q in rows if figures[self.live[q]]]
            if len(told) >= 4 and len(labels) * 2 <= len(rows[:200]) and len(agreed & set(told)) < 0.3 * len(told):
                mere |= set(rows)
        return mere

    def _made_up(self, closure: Closure) -> bool:
        """Whether all that a total row states may be what it closes, with what is withheld there."""
        stated = self.stated(closure) if closure.parts else []
        return bool(stated) and all(total.agrees for total in stated)

    def _over_all(self, closure: Closure, found: list[Closure]) -> Closure:
        """A grand total whose breakdown stands below it closes the rows above."""
        rows = {c.row for c in found}
        above = np.array([q for q in range(closure.row) if q not in rows], np.int64)
        return self._compared(closure.row, above) or closure

    def _balances(self, found: list[Closure]) -> Vector:
        """Opening and closing balances that no total closes, where the table has totals."""
        balances = self.claims == Claim.BALANCE
        sure = [c for c in found if self.claims[c.row] == Claim.TOTAL]
        for c in sure:
            balances[[p for p in c.parts if c.share > 0]] = False
        return np.asarray(balances & bool(sure))

    # ------------------------------------------------------------------ stated and computed

    def stated(self, closure: Closure) -> list[ControlTotal]:
        """The control totals of one total row, one for each column that adds up."""
        p, parts = int(self.live[closure.row]), self.live[list(closure.parts)]
        lines, numbers = self.lines, self.lines.numbers
        label = lines.label(p)
        closes = _runs(lines.row_numbers[parts])
        given = (numbers.looks[p] == Look.NUMBER) & (numbers.looks[parts] == Look.NUMBER).any(0)
        made: list[tuple[ControlTotal, bool]] = []
        for f, k in enumerate(lines.added.tolist()):
            if not given[f]:
                continue
            values = numbers.values[parts, f]
            if len(parts) > 1 and values[0] != 0 and (values == numbers.values[p, f]).all():
                continue
            stated, computed = numbers.exact(p, f), numbers.total(parts, f)
            assert stated is not None
            head = lines.heads[k]
            total = ControlTotal(
                row=int(lines.row_numbers[p]),
                column=head.number,
                label=label,
                column_name=head.name,
                stated=stated,
                computed=computed,
                difference=computed - stated,
                agrees=self._agrees(p, parts, f, computed - stated),
                closes=", ".join(str(Area(top, head.number, bottom, head.number)) for top, bottom in closes),
            )
            made.append((total, abs(numbers.values[p, f]) <= np.abs(values).max() and len(parts) > 1))
        # a column that fails while others agree, with a total no greater than its greatest part, is a level, not a sum
        sound = any(t.agrees and t.stated for t, _ in made)
        return [t for t, level in made if t.agrees or not (level and sound)]

    def _agrees(self, p: int, parts: Vector, f: int, difference: Decimal) -> bool:
        numbers = self.lines.numbers
        involved = numbers.values[[p, *parts.tolist()], f]
        allowed = self.columns.allowance_of(f, involved)
        if abs(difference) <= Decimal(repr(float(allowed))):
            return True
        if difference > 0:
            return False
        j = int(self.lines.region.columns[self.lines.added[f]])
        marked = parts[numbers.looks[parts, f] == Look.MARK]
        withheld = sum(self.lines.sheet.text(int(self.lines.rows[m]), j) in SUPPRESSED for m in marked.tolist())
        return -difference <= Decimal(repr(float(allowed))) + _WITHHELD_AT_MOST * withheld and withheld > 0


def _changes(lines: Lines, live: Vector, k: int) -> Vector:
    """By row: whether a column's text differs from that of the row before."""
    texts = lines.sheet.grid.texts[int(lines.region.columns[k])].take(pa.array(lines.rows[live]))
    return np.append(False, pc.not_equal(texts[1:], texts[:-1]).to_numpy(zero_copy_only=False))


def _codes(lines: Lines, live: Vector, k: int) -> Vector:
    """A number for each distinct text of a column."""
    texts = lines.sheet.grid.texts[int(lines.region.columns[k])].take(pa.array(lines.rows[live]))
    return np.asarray(texts.dictionary_encode().indices.to_numpy(zero_copy_only=False))


def _turns(lines: Lines, live: Vector) -> Vector | None:
    """By row: whose turn it is, where one of the first columns repeats two to eight values in one order throughout."""
    for k in range(1, min(4, len(lines.region.columns))):
        codes = _codes(lines, live, k)
        kinds = int(codes.max()) + 1
        if 2 <= kinds <= 8 and len(codes) >= 5 * kinds and (codes[kinds:] == codes[:-kinds]).mean() >= 0.95:
            return codes
    return None


def _runs(rows: Vector) -> list[tuple[int, int]]:
    """First and last of each run of row numbers; of more than 40 runs the first and the last."""
    ordered = np.sort(rows)
    cuts = np.flatnonzero(np.diff(ordered) > 1) + 1
    runs = [(int(run[0]), int(run[-1])) for run in np.split(ordered, cuts)]
    return runs if len(runs) <= 40 else [runs[0], runs[-1]]
