"""What each row of a table's body is: data, a total, a heading, a repeated header; and whether its totals add up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa

from sscbtool.core.locate.cells import SUPPRESSED, Look, Matrix, Numbers, Vector, numbers_of
from sscbtool.core.locate.labels import Claim, adds_up, claims_of, folded_label, levels_of
from sscbtool.core.locate.regions import Region, Sheet
from sscbtool.core.locate.sums import Closure, Columns, Search, closures, columns_of, row_rules
from sscbtool.core.model import Area, ColumnHead, ControlTotal, RowCheck, RowRole, column_letters

_ROUNDED = re.compile(
    r"\bround(?:ed|ing)\b|may not (?:sum|add|total)|£\s*(?:thousands?|millions?|'?000|’000|k\b|m\b)|\bthousands\b|\(000s?\)|\bmillions\b",
    re.IGNORECASE,
)
_SUPPRESSED_AT_MOST = Decimal(5)
"""A count withheld as small may be up to this much."""

IsOrganisation = Callable[[str], bool]


@dataclass(frozen=True, eq=False)
class Body:
    """The rows of a region told apart."""

    data: Vector
    """Stored rows that are data."""
    set_aside: tuple[tuple[int, RowRole], ...]
    """Stored rows that are not, and why."""
    totals: tuple[ControlTotal, ...]
    row_breaks: tuple[RowCheck, ...]
    carried: dict[int, dict[int, int]]


def read_body(
    sheet: Sheet, region: Region, heads: tuple[ColumnHead, ...], around: str, is_organisation: IsOrganisation | None
) -> Body:
    """Tells the rows of ``region`` apart. ``around`` is the text above and below it, which may say that figures are rounded."""
    return _Reader(sheet, region, heads, around, is_organisation).read()


class _Reader:
    """One region's rows on the way from cells to roles; positions ``p`` count the region's body rows."""

    def __init__(
        self,
        sheet: Sheet,
        region: Region,
        heads: tuple[ColumnHead, ...],
        around: str,
        is_organisation: IsOrganisation | None,
    ) -> None:
        self.sheet, self.region, self.heads = sheet, region, heads
        self.is_organisation = is_organisation
        self.rows = region.body
        self.looks: Matrix = sheet.looks[np.ix_(region.body, region.columns)]
        self.roles: dict[int, RowRole] = {}
        self.rounded = bool(_ROUNDED.search(around)) or any(_ROUNDED.search(h.name) for h in heads)
        numeric = (self.looks == Look.NUMBER).sum(0)
        texts = (self.looks == Look.TEXT).sum(0)
        self.figures = np.flatnonzero(region.valued & (numeric > 0) & (numeric >= texts))
        self.label_places = np.flatnonzero(~region.valued | (np.arange(len(region.columns)) < 3))
        self.numbers: Numbers = numbers_of(sheet.grid, sheet.looks, self.rows, region.columns[self.figures])

    def read(self) -> Body:
        n = len(self.rows)
        claims, where = claims_of(self.sheet.grid, self.sheet.looks, self.rows, self.region.columns[self.label_places])
        self.claims, self.where = self._spread(claims), where
        self._name_repeats()
        self._name_headings()
        self._name_leftovers()
        live = np.array([p for p in range(n) if p not in self.roles], np.int64)
        self.additive = self._additive()
        totals = self._totals(live) if len(live) else ()
        data = np.array([p for p in range(n) if p not in self.roles], np.int64)
        return Body(
            data=self.rows[data] if len(data) else np.zeros(0, np.int64),
            set_aside=tuple((int(self.rows[p]), role) for p, role in sorted(self.roles.items())),
            totals=totals,
            row_breaks=self._row_breaks(data),
            carried=self._carried(data),
        )

    # ------------------------------------------------------------------ rows that are no data by their shape

    def _spread(self, claims: Vector) -> Vector:
        """A label merged over several rows speaks for each of them."""
        if not self.sheet.merged:
            return claims
        numbers = self.sheet.grid.rows[self.rows]
        spread = claims.copy()
        for area in self.sheet.merged.values():
            if area.bottom == area.top or area.left > self.sheet.column(
                int(self.region.columns[min(2, len(self.region.columns) - 1)])
            ):
                continue
            inside = np.flatnonzero((numbers >= area.top) & (numbers <= area.bottom))
            if len(inside) and numbers[inside[0]] == area.top:
                spread[inside] = np.maximum(spread[inside], claims[inside[0]])
        return spread

    def _name_repeats(self) -> None:
        at = {int(r): p for p, r in enumerate(self.rows)} if self.region.repeats or self.region.codes else {}
        for r in self.region.repeats:
            if r in at:
                self.roles[at[r]] = RowRole.REPEATED_HEADER
        for r in self.region.codes:
            if r in at:
                self.roles[at[r]] = RowRole.NOTE

    def _name_headings(self) -> None:
        """Labels without values: headings where data follows a break in it, notes where prose stands among data."""
        valued = self.region.valued
        filled = (self.looks != Look.BLANK).sum(1)
        if valued.any():
            share = (self.looks[:, valued] != Look.BLANK).any(1).mean()
            bare = ~(self.looks[:, valued] != Look.BLANK).any(1)
            if share < 0.7:
                bare &= filled == 1
        else:
            usual = np.median(filled) if len(filled) else 0
            bare = (filled == 1) & (usual >= 2)
        last = np.flatnonzero(~bare)
        for p in np.flatnonzero(bare).tolist():
            if p not in self.roles and self.claims[p] != Claim.TOTAL:
                role = self._bare_role(p, bare, int(last[-1]) if len(last) else -1)
                if role is not None:
                    self.roles[p] = role

    def _name_leftovers(self) -> None:
        """Figures without any label where rows have labels: noughts left by formulas, workings under the last total."""
        labels = ~self.region.valued
        if not labels.any():
            return
        labelled = (self.looks[:, labels] != Look.BLANK).any(1)
        if labelled.mean() < 0.8:
            return
        totals = np.flatnonzero(self.claims >= Claim.PLACE)
        after = int(totals[-1]) if len(totals) else len(self.rows)
        apart = False
        for p in np.flatnonzero(~labelled).tolist():
            apart = p > after and (self._gap(p) or (apart and p - 1 in self.roles))
            if apart or not self.numbers.values[p].any():
                self.roles.setdefault(p, RowRole.NOTE)

    def _bare_role(self, p: int, bare: Vector, last: int) -> RowRole | None:
        text = self._label(p)
        if len(text) > 100 or re.match(r"^\W*(?:notes?\b|source\b|https?:)", text, re.IGNORECASE):
            return RowRole.NOTE
        if self.is_organisation is not None and self.is_organisation(text):
            return None
        if p > last:
            return None
        begins = p == 0 or self._gap(p) or bare[p - 1] or self.claims[p - 1] >= Claim.BALANCE or (p - 1) in self.roles
        heading = begins or text.endswith(":") or text.isupper() or not self.region.valued.any()
        return RowRole.HEADING if heading else None

    def _gap(self, p: int) -> bool:
        return p > 0 and self.sheet.row(int(self.rows[p])) - self.sheet.row(int(self.rows[p - 1])) > 1

    def _label(self, p: int) -> str:
        """The text that names a row: the cell that claims, else its last text before the figures."""
        r = int(self.rows[p])
        if self.where[p] >= 0:
            return self.sheet.text(r, int(self.where[p]))
        cells = [k for k in self.label_places.tolist() if self.looks[p, k] == Look.TEXT]
        return self.sheet.text(r, int(self.region.columns[cells[-1]])) if cells else ""

    # ------------------------------------------------------------------ totals

    def _additive(self) -> Vector:
        """Positions in ``figures`` of the columns that may have control totals."""
        chosen = []
        for f, k in enumerate(self.figures.tolist()):
            head = self.heads[k]
            if not adds_up(head.name) or self._is_percent(k):
                continue
            chosen.append(f)
        return np.array(chosen, np.int64)

    def _is_percent(self, k: int) -> bool:
        grid, j = self.sheet.grid, int(self.region.columns[k])
        cells = np.flatnonzero(self.looks[:, k] == Look.NUMBER)
        some = self.rows[cells[:: len(cells) // 8 + 1]]
        return any("%" in grid.format_code(int(i), j) or "%" in grid.text(int(i), j) for i in some)

    def _totals(self, live: Vector) -> tuple[ControlTotal, ...]:
        claims = self.claims[live]
        levels = levels_of(self.sheet.grid, self.sheet.looks, self.rows[live], self.region.columns[self.label_places])
        changes = live[claims == Claim.CHANGE]
        self.roles.update(dict.fromkeys(changes.tolist(), RowRole.TOTAL))
        kept = claims != Claim.CHANGE
        live, claims = live[kept], claims[kept]
        levels = levels[kept] if levels is not None else None
        columns = columns_of(self._part(live), self.additive, rounded=self.rounded)
        coarse = self._coarse(live, claims, levels)
        search = self._search(live, claims, columns, coarse)
        found = self._closed(search, levels, coarse)
        found += self._breakdown(search, found)
        balances = self._balances(claims, found)
        for q in {c.row for c in found} | set(np.flatnonzero(coarse | (claims == Claim.TOTAL) | balances).tolist()):
            self.roles[int(live[q])] = RowRole.TOTAL
        return tuple(
            total for c in sorted(found, key=lambda c: c.row) if c.parts for total in self._stated(live, c, columns)
        )

    def _part(self, live: Vector) -> Numbers:
        if len(live) == len(self.rows):
            return self.numbers
        return Numbers(self.numbers.values[live], self.numbers.looks[live], self.numbers.scales, ())

    def _coarse(self, live: Vector, claims: Vector, levels: Vector | None) -> Vector:
        """Rows that stand for a country or region while finer areas stand beside them."""
        coarse = np.zeros(len(live), bool)
        if levels is not None:
            finest = int(levels.max())
            fine = levels == finest
            coarse = (levels >= 0) & (levels < min(finest, 2)) & (fine.sum() > (levels == 0).sum())
            return np.asarray(coarse)
        places = np.flatnonzero(claims == Claim.PLACE)
        if not len(places):
            return coarse
        others = len(live) - len(places) - int((claims == Claim.TOTAL).sum())
        labels = [folded_label(self._label(int(live[q]))) for q in places]
        if len(set(labels)) < len(labels) * 0.8:
            return coarse
        if others >= 2 * len(places):
            coarse[places] = True
        elif len(places) >= 3:
            ends = [q for q in (places[0], places[-1]) if q in (0, len(live) - 1)]
            coarse[[q for q in ends if self._is_country(live, int(q))]] = True
            if sum(self._is_country(live, int(q)) for q in places) > 2:
                coarse[:] = False
        return coarse

    def _is_country(self, live: Vector, q: int) -> bool:
        return folded_label(self._label(int(live[q]))) in {
            "england",
            "england and wales",
            "united kingdom",
            "uk",
            "great britain",
            "scotland",
            "wales",
        }

    def _search(self, live: Vector, claims: Vector, columns: Columns, coarse: Vector) -> Search:
        n = len(live)
        starts = np.zeros(n, bool)
        numbers = self.sheet.grid.rows[self.rows[live]]
        if n:
            starts[1:] = (np.diff(live) > 1) | (np.diff(numbers) > 1)
        starts |= self._new_groups(live)
        blank = self._unlabelled(live)
        labelled = coarse | (claims >= Claim.CHECKED) | blank

        def barred(q: int) -> bool:
            return self.is_organisation is not None and self.is_organisation(self._label(int(live[q])))

        return Search(columns, labelled, coarse | (claims == Claim.TOTAL), starts, barred, blank)

    def _unlabelled(self, live: Vector) -> Vector:
        labels = ~self.region.valued
        if not labels.any():
            return np.zeros(len(live), bool)
        return np.asarray((self.looks[live][:, labels] == Look.BLANK).all(1))

    def _new_groups(self, live: Vector) -> Vector:
        """Rows where a label that stands on runs of rows changes: a new authority, a new section."""
        n = len(live)
        starts = np.zeros(n, bool)
        for k in self.label_places[:3].tolist():
            if n < 6 or (self.looks[live, k] != Look.TEXT).mean() > 0.9:
                continue
            texts = self.sheet.grid.texts[int(self.region.columns[k])].take(pa.array(self.rows[live]))
            codes = texts.dictionary_encode().indices.to_numpy(zero_copy_only=False)
            filled = self.looks[live, k] != Look.BLANK
            changed = np.append(False, codes[1:] != codes[:-1])
            if filled.mean() > 0.9 and 0 < changed.sum() <= n / 3:
                return starts | changed
            if filled.mean() < 0.6:
                starts |= filled
        return starts

    def _closed(self, search: Search, levels: Vector | None, coarse: Vector) -> list[Closure]:
        """Which rows are totals and what they close, read in the direction that agrees better."""
        if not search.columns.values.shape[1]:
            return []
        down = closures(search, upward=False)
        up = closures(search, upward=True)
        ahead = sum(c.share for c in up) - sum(c.share for c in down)
        first = int(np.flatnonzero(search.sure)[0]) if search.sure.any() else -1
        upward = ahead > 0 or (ahead == 0 and 0 <= first < len(search.sure) // 2)
        main, other = (up, down) if upward else (down, up)
        found = {c.row: c for c in main}
        inside = {p for c in main for p in c.parts if c.share > 0}
        for c in other:
            mine = found.get(c.row)
            if mine is None:
                if c.share >= 0.85 and c.row not in inside:
                    found[c.row] = c
            elif c.share > mine.share:
                found[c.row] = c
        for q in np.flatnonzero(search.sure).tolist():
            mine = found.get(q)
            if mine is None or mine.share < 0.85:
                found |= self._elsewhere(search, levels, coarse, q, mine)
        if levels is not None:
            found = {q: c for q, c in found.items() if c.share >= 0.5 or self._is_top(levels, q)}
        return [self._all_leaves(search, c, found) for c in found.values()]

    @staticmethod
    def _is_top(levels: Vector, q: int) -> bool:
        return bool(levels[q] == levels[levels >= 0].min())

    def _elsewhere(
        self, search: Search, levels: Vector | None, coarse: Vector, q: int, mine: Closure | None
    ) -> dict[int, Closure]:
        """A total whose neighbours do not explain it: all rows of the next level, or all rows that are no totals."""
        sets = []
        if levels is not None and levels[q] >= 0:
            for rank in sorted({int(r) for r in levels if r > levels[q]}):
                sets.append(np.flatnonzero(levels == rank))
        leaves = np.flatnonzero(~search.sure & ~coarse)
        sets.append(leaves)
        sets.append(leaves[leaves < q])
        best = mine
        for parts in sets:
            found = self._compare(search, q, parts)
            if found is not None and found.share > (best.share if best else 0.3):
                best = found
        return {q: best} if best is not None else {}

    @staticmethod
    def _compare(search: Search, q: int, parts: Vector) -> Closure | None:
        parts = parts[parts != q]
        if len(parts) < 2:
            return None
        columns = search.columns
        sums = columns.values[parts].sum(0)
        compared = columns.given[q] & ((columns.values[q] != 0) | (sums != 0))
        if not compared.any():
            return None
        near = np.abs(sums - columns.values[q]) <= columns.allowance(np.array([len(parts)]))[0]
        return Closure(q, tuple(parts.tolist()), float((near & compared).sum() / compared.sum()), 0.0)

    @staticmethod
    def _all_leaves(search: Search, closure: Closure, found: dict[int, Closure]) -> Closure:
        return closure

    def _breakdown(self, search: Search, found: list[Closure]) -> list[Closure]:
        """Rows after the grand total that add up to it once more: a breakdown by class, not data."""
        if not found:
            return []
        last = max(found, key=lambda c: (c.row, len(c.parts)))
        grand = max((c for c in found), key=lambda c: len(c.parts))
        n = len(search.labelled)
        closed = {p for c in found for p in c.parts}
        del last
        after = np.array(
            [q for q in range(grand.row + 1, n) if q not in closed and q not in {c.row for c in found}], np.int64
        )
        if len(after) < 2 or grand.parts and max(grand.parts) > grand.row:
            return []
        same = self._compare(search, grand.row, after)
        if same is None or same.share < 0.8:
            return []
        return [Closure(int(q), (), 1.0, 0.0) for q in after]

    @staticmethod
    def _balances(claims: Vector, found: list[Closure]) -> Vector:
        """Opening and closing balances that no total closes, where the table has totals."""
        balances = claims == Claim.BALANCE
        sure = [c for c in found if claims[c.row] == Claim.TOTAL]
        for c in sure:
            balances[[p for p in c.parts if c.share > 0]] = False
        return np.asarray(balances & bool(sure))

    # ------------------------------------------------------------------ totals, stated and computed

    def _stated(self, live: Vector, closure: Closure, columns: Columns) -> list[ControlTotal]:
        """The control totals of one total row, one for each column that adds up."""
        p = int(live[closure.row])
        parts = live[list(closure.parts)]
        label = self._label(p)
        allowed = columns.allowance(np.array([len(parts)]))[0]
        made = []
        for n, f in enumerate(self.additive.tolist()):
            if self.numbers.looks[p, f] != Look.NUMBER:
                continue
            made.append(self._control(p, parts, f, label, Decimal(repr(float(allowed[n])))))
        kept = [t for t in made if t is not None]
        return [t for t, f in kept if t.agrees or not self._is_level(p, parts, f, kept)]

    def _control(self, p: int, parts: Vector, f: int, label: str, allowed: Decimal) -> tuple[ControlTotal, int] | None:
        stated = self.numbers.exact(p, f)
        if stated is None:
            return None
        values = self.numbers.values[parts, f]
        if len(parts) > 1 and (values == self.numbers.values[p, f]).all() and values[0] != 0:
            return None
        k = int(self.figures[f])
        if not (self.numbers.looks[parts, f] == Look.NUMBER).any():
            return None
        computed = self.numbers.total(parts, f)
        difference = computed - stated
        agrees = abs(difference) <= allowed or self._is_suppressed(parts, f, difference, allowed)
        head = self.heads[k]
        return (
            ControlTotal(
                row=self.sheet.row(int(self.rows[p])),
                column=head.number,
                label=label,
                column_name=head.name,
                stated=stated,
                computed=computed,
                difference=difference,
                agrees=agrees,
                closes=_runs(self.sheet.grid.rows[self.rows[parts]], head.number),
            ),
            f,
        )

    def _is_suppressed(self, parts: Vector, f: int, difference: Decimal, allowed: Decimal) -> bool:
        """Whether small counts withheld among the parts can explain why they fall short."""
        if difference >= 0:
            return False
        j = int(self.region.columns[self.figures[f]])
        hidden = [
            p
            for p in parts.tolist()
            if self.numbers.looks[p, f] == Look.MARK and self.sheet.text(int(self.rows[p]), j) in SUPPRESSED
        ]
        return bool(hidden) and -difference <= allowed + _SUPPRESSED_AT_MOST * len(hidden)

    def _is_level(self, p: int, parts: Vector, f: int, kept: list[tuple[ControlTotal, int]]) -> bool:
        """Whether a column that fails while others agree is a level (a rate, an average): no greater than its greatest part."""
        if not any(t.agrees for t, _ in kept) or len(parts) < 2:
            return False
        values = self.numbers.values[parts, f]
        return bool(abs(self.numbers.values[p, f]) <= np.abs(values).max())

    # ------------------------------------------------------------------ across the rows

    def _row_breaks(self, data: Vector) -> tuple[RowCheck, ...]:
        if len(data) < 2 or len(self.additive) < 3:
            return ()
        columns = columns_of(self._part(data), self.additive, rounded=self.rounded)
        names = [
            bool(re.search(r"\btotal|\bnet\b|\ball\b", self.heads[int(self.figures[f])].name, re.IGNORECASE))
            for f in self.additive
        ]
        checks = []
        for rule in row_rules(columns, names):
            for n in rule.breaks:
                checks.append(self._row_check(int(data[n]), rule.total, rule.parts))
        return tuple(sorted((c for c in checks if c is not None), key=lambda c: (c.row, c.column)))

    def _row_check(self, p: int, total: int, parts: tuple[int, ...]) -> RowCheck | None:
        stated = self.numbers.exact(p, int(self.additive[total]))
        if stated is None:
            return None
        computed = Decimal(0)
        columns = []
        for part in parts:
            f = int(self.additive[abs(part) - 1])
            value = self.numbers.exact(p, f) or Decimal(0)
            computed += value if part > 0 else -value
            number = self.heads[int(self.figures[f])].number
            columns.append(number if part > 0 else -number)
        row = self.sheet.row(int(self.rows[p]))
        return RowCheck(
            row, self.heads[int(self.figures[int(self.additive[total])])].number, tuple(columns), stated, computed
        )

    # ------------------------------------------------------------------ labels given once

    def _carried(self, data: Vector) -> dict[int, dict[int, int]]:
        """Labels meant for more rows than their own: merged downwards, or given once before rows that leave them blank."""
        carried = self._merged_labels(data)
        inner = np.flatnonzero(~self.region.valued)
        for k in inner[:-1].tolist():
            number = self.heads[k].number
            if number in carried or not len(data):
                continue
            filled = self.looks[:, k] != Look.BLANK
            share = filled[data].mean()
            following = self.looks[:, inner[inner > k][0]] != Look.BLANK
            if not 0 < share < 0.7 or following[data].mean() < 0.9 or not filled[: int(data[0]) + 1].any():
                continue
            source = np.maximum.accumulate(np.where(filled, np.arange(len(filled)), -1))
            rows = self.sheet.grid.rows[self.rows]
            carried[number] = {
                int(rows[p]): int(rows[source[p]])
                for p in data.tolist()
                if not filled[p] and following[p] and source[p] >= 0
            }
        return carried

    def _merged_labels(self, data: Vector) -> dict[int, dict[int, int]]:
        if not self.sheet.merged or not len(data):
            return {}
        carried: dict[int, dict[int, int]] = {}
        rows = self.sheet.grid.rows[self.rows[data]]
        columns = {h.number for h in self.heads}
        for area in self.sheet.merged.values():
            if area.bottom <= area.top or area.left not in columns or area.bottom < rows[0] or area.top > rows[-1]:
                continue
            inside = rows[(rows > area.top) & (rows <= area.bottom)]
            carried.setdefault(area.left, {}).update({int(r): area.top for r in inside})
        return {number: rows for number, rows in carried.items() if rows}


def _runs(rows: Vector, column: int) -> str:
    """``B5:B10, B12``: the cells of one column in some rows."""
    ordered = np.sort(rows)
    cuts = np.flatnonzero(np.diff(ordered) > 1) + 1
    letters = column_letters(column)
    runs = [Area(int(run[0]), column, int(run[-1]), column) for run in np.split(ordered, cuts)]
    shown = [str(area) for area in runs[:12]]
    if len(runs) > 12:
        shown.append(f"... {letters}{int(ordered[-1])}")
    return ", ".join(shown)
