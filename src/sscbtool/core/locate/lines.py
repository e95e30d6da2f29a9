"""The rows of one table's body, with what its labels claim and its numbers say; positions ``p`` count these rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

import numpy as np

from sscbtool.core.locate.cells import Look, Matrix, Numbers, Vector, numbers_of
from sscbtool.core.locate.labels import Claim, adds_up, claims_of
from sscbtool.core.locate.regions import Region, Sheet
from sscbtool.core.locate.sums import Columns, columns_of
from sscbtool.core.model import ColumnHead

IsOrganisation = Callable[[str], bool]

_ROUNDED = re.compile(
    r"\bround(?:ed|ing)\b|may not (?:sum|add|total)|£\s*(?:thousands?|millions?|['’]?000s?|k\b|m\b)|"
    r"\bthousands\b|\(000s?\)|\bmillions\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"£|\b(?:amount|contribution|cost|expenditure|income|budget|paid|fees?|grant|payment)s?\b", re.IGNORECASE
)

_REMARK = re.compile(r"\b(?:remarks?|comments?|commentary|notes?|narrative|explanations?)\b", re.IGNORECASE)
"""Headings of columns that hold what somebody has to say of a row."""
_BARE = re.compile(r"^\W*(?:(?:grand|sub)[\s\-]*)?totals?\W*$", re.IGNORECASE)
"""The word and no more: a total wherever it stands."""


class Lines:
    """One region's body rows."""

    def __init__(
        self,
        sheet: Sheet,
        region: Region,
        heads: tuple[ColumnHead, ...],
        around: str,
        is_organisation: IsOrganisation | None,
    ) -> None:
        self.sheet, self.region, self.heads = sheet, region, heads
        self._is_organisation = is_organisation
        self.rows: Vector = region.body
        self.row_numbers: Vector = sheet.grid.rows[region.body]
        self.looks: Matrix = sheet.looks[np.ix_(region.body, region.columns)]
        self.rounded = bool(_ROUNDED.search(around)) or any(_ROUNDED.search(h.name) for h in heads)
        numeric, texts = (self.looks == Look.NUMBER).sum(0), (self.looks == Look.TEXT).sum(0)
        figures = np.flatnonzero(region.valued & (numeric > 0) & (numeric >= texts))
        self.added = np.array([k for k in figures.tolist() if self._adds_up(k)], np.int64)
        """Positions among the table's columns of those that may have control totals."""
        self.money = np.array([self._is_money(k) for k in self.added.tolist()], bool)
        self.numbers: Numbers = numbers_of(sheet.grid, sheet.looks, self.rows, region.columns[self.added])
        self.columns: Columns = columns_of(self.numbers, self.money, rounded=self.rounded)
        self.label_places = np.flatnonzero(~region.valued | (np.arange(len(region.columns)) < 3))
        said, self._where = self._said()
        self.claims = self._spread(said)
        self.claims[np.isin(self._where, self._categories(self._where))] = Claim.NONE

    def __len__(self) -> int:
        return len(self.rows)

    def label(self, p: int) -> str:
        """The text that names a row: the cell that says it is a total or a place, else its name, else any text."""
        r = int(self.rows[p])
        if self.claims[p] >= Claim.PLACE and self._where[p] >= 0:
            return self.sheet.text(r, int(self._where[p]))
        cells = [k for k in self.label_places.tolist() if self.looks[p, k] == Look.TEXT]
        if not cells:
            return self._merged_label(p)
        k = self._name_place if self._name_place in cells else cells[-1]
        return self.sheet.text(r, int(self.region.columns[k]))

    def _merged_label(self, p: int) -> str:
        """The label of the merged area that a row without a label of its own lies in."""
        row, grid = int(self.row_numbers[p]), self.sheet.grid
        for k in self.label_places.tolist():
            number = self.heads[k].number
            for area in self.sheet.merged.values():
                if area.left <= number <= area.right and area.top < row <= area.bottom:
                    top = int(np.searchsorted(grid.rows, area.top))
                    return self.sheet.text(top, int(self.region.columns[k]))
        return ""

    @cached_property
    def _name_place(self) -> int:
        """The column that names rows: of the labels, the one with most different texts that are no codes."""
        some = np.arange(len(self))[:: len(self) // 40 + 1]
        best, place = 0.0, -1
        for k in self.label_places.tolist():
            texts = [
                self.sheet.text(int(self.rows[p]), int(self.region.columns[k]))
                for p in some
                if self.looks[p, k] == Look.TEXT
            ]
            words = [t for t in texts if not re.fullmatch(r"[A-Za-z]{0,3}\d+", t)]
            score = len(set(words)) / max(1, len(some))
            if score > best:
                best, place = score, k
        return place

    def is_organisation(self, p: int) -> bool:
        """Whether one of the row's labels is a registered organisation."""
        if self._is_organisation is None:
            return False
        r = int(self.rows[p])
        cells = [int(self.region.columns[k]) for k in self.label_places.tolist() if self.looks[p, k] == Look.TEXT]
        return any(self._is_organisation(self.sheet.text(r, j)) for j in cells)

    def _said(self) -> tuple[Vector, Vector]:
        """By row: what its labels claim, and where the cell stands that does.

        A remark speaks of its row and names it only where nothing else does; and a row that names an organisation
        and has a date is a record, which words beside the name make no total ("Total contribution").
        """
        places = self.label_places
        remarks = np.array([bool(_REMARK.search(self.heads[k].name)) for k in places.tolist()], bool)
        said, where = self._claimed(places)
        if remarks.any():
            named = (self.looks[:, places[~remarks]] == Look.TEXT).any(1)
            firm, firm_where = self._claimed(places[~remarks])
            said, where = np.where(named, firm, said), np.where(named, firm_where, where)
        dated = (self.looks == Look.DATE).any(1)
        for p in np.flatnonzero((said > Claim.NONE) & dated & (where >= 0)).tolist():
            beside = not self._names_organisation(p, int(where[p])) and self.is_organisation(p)
            if beside and not _BARE.search(self.sheet.text(int(self.rows[p]), int(where[p]))):
                said[p], where[p] = Claim.NONE, -1
        return said, where

    def _claimed(self, places: Vector) -> tuple[Vector, Vector]:
        return claims_of(self.sheet.grid, self.sheet.looks, self.rows, self.region.columns[places])

    def _names_organisation(self, p: int, j: int) -> bool:
        return self._is_organisation is not None and self._is_organisation(self.sheet.text(int(self.rows[p]), j))

    def gap(self, p: int) -> bool:
        """Whether blank rows stand right above a row."""
        return p > 0 and bool(self.row_numbers[p] - self.row_numbers[p - 1] > 1)

    def _spread(self, claims: Vector) -> Vector:
        """A label merged over several rows speaks for each of them."""
        edge = self.heads[min(2, len(self.heads) - 1)].number
        spread = claims.copy()
        for area in self.sheet.merged.values():
            if area.bottom > area.top and area.left <= edge:
                first, last = np.searchsorted(self.row_numbers, [area.top, area.bottom + 1])
                if first < last and self.row_numbers[first] == area.top:
                    spread[first:last] = np.maximum(spread[first:last], claims[first])
        return spread

    def _categories(self, where: Vector) -> list[int]:
        """Stored columns in which half the rows or more claim to be totals: a category of tidy data, not totals."""
        columns, counts = np.unique(where[self.claims == Claim.TOTAL], return_counts=True)
        return [int(c) for c, n in zip(columns, counts, strict=True) if c >= 0 and n >= 4 and n * 2 >= len(where)]

    def claimed_in(self, p: int) -> int:
        """The stored column of the cell that claims; -1 where none does."""
        return int(self._where[p])

    def claimed_where(self, live: Vector) -> Vector:
        """The same for many rows."""
        return np.asarray(self._where[live])

    def _adds_up(self, k: int) -> bool:
        return adds_up(self.heads[k].path) and not any("%" in code for code in self._formats(k))

    def _is_money(self, k: int) -> bool:
        return bool(_MONEY.search(self.heads[k].name)) or any("£" in code for code in self._formats(k))

    def _formats(self, k: int) -> list[str]:
        """Number formats and texts of a few of a column's cells: either may hold a sign."""
        grid, j = self.sheet.grid, int(self.region.columns[k])
        cells = np.flatnonzero(self.looks[:, k] == Look.NUMBER)
        some = self.rows[cells[:: len(cells) // 6 + 1]].tolist()
        return [grid.format_code(i, j) + grid.text(i, j) for i in some]
