"""Two versions of what a partner sent: rows added, removed and changed by key, and what became of earlier findings.

A key that stands twice on either side is named and its rows are compared all the same; nothing is dropped. Rows
without a key, or of a return without one, are compared as they stand: a row that comes twice must come twice again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sscbtool.core.model import Finding, Place, ReturnSchema
from sscbtool.core.rows import Rows

Spot = tuple[str | None, str | None, int | None]
"""File, sheet and row."""
T = TypeVar("T")


class Change(StrEnum):
    """What became of a row."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class CellChange:
    """One column of a row that is not what it was; of a row that came or went, a column that is totalled."""

    column: str
    old: Place | None
    new: Place | None
    old_value: Any
    new_value: Any
    """As they are in the frames, None where blank: whether they may be shown is the caller's to ask."""


@dataclass(frozen=True)
class RowChange:
    """One row that was added, removed or changed."""

    change: Change
    old: Place | None
    new: Place | None
    cells: tuple[CellChange, ...] = ()


@dataclass(frozen=True)
class Repeated:
    """Rows of one side that share a key."""

    old: tuple[Place, ...]
    new: tuple[Place, ...]


@dataclass(frozen=True)
class ReturnChanges:
    """How the rows of one return differ."""

    return_name: str
    key: tuple[str, ...]
    rows_old: int
    rows_new: int
    unchanged: int
    changes: tuple[RowChange, ...]
    repeated: tuple[Repeated, ...]
    paired: Mapping[Spot, Spot]
    """Row of the old version -> the same row of the new one, changed or not."""

    def count(self, change: Change) -> int:
        """How many rows changed so."""
        return sum(each.change is change for each in self.changes)


def compare_rows(schema: ReturnSchema, old: Rows, new: Rows) -> ReturnChanges:
    """How the rows of a return differ between two versions."""
    columns = [spec.name for spec in schema.columns]
    values_old, values_new = _values(old, columns), _values(new, columns)
    positions = [columns.index(name) for name in schema.key]
    totalled = [(name, columns.index(name)) for name in schema.totals]

    def keyed(values: tuple[Any, ...]) -> Hashable:
        key = tuple(values[at] for at in positions)
        return key if positions and None not in key else values

    by_old, by_new = _grouped(values_old, keyed), _grouped(values_new, keyed)
    changes: list[RowChange] = []
    repeated: list[Repeated] = []
    same: list[tuple[int, int]] = []
    changed: list[tuple[int, int]] = []
    for key in {**by_old, **by_new}:
        ours, theirs = by_old.get(key, []), by_new.get(key, [])
        # Rows without a key are grouped by all they hold: coming twice is then no fault.
        if len(key) == len(positions) and (len(ours) > 1 or len(theirs) > 1):
            repeated.append(Repeated(_places(old, ours), _places(new, theirs)))
        alike, ours, theirs = _paired(ours, theirs, values_old.__getitem__, values_new.__getitem__)
        same += alike
        if len(ours) == len(theirs) == 1:
            changed.append((ours[0], theirs[0]))
            cells = _cells(schema, old, new, ours[0], theirs[0], values_old, values_new)
            changes.append(RowChange(Change.CHANGED, old.place(ours[0], None), new.place(theirs[0], None), cells))
        else:
            for k in ours:
                gone = [CellChange(name, old.place(k, name), None, values_old[k][at], None) for name, at in totalled]
                changes.append(RowChange(Change.REMOVED, old.place(k, None), None, tuple(gone)))
            for k in theirs:
                come = [CellChange(name, None, new.place(k, name), None, values_new[k][at]) for name, at in totalled]
                changes.append(RowChange(Change.ADDED, None, new.place(k, None), tuple(come)))
    changes.sort(key=_order)
    paired = {_spot(old.place(one, None)): _spot(new.place(other, None)) for one, other in (*same, *changed)}
    return ReturnChanges(
        schema.name, schema.key, len(old), len(new), len(same), tuple(changes), tuple(repeated), paired
    )


def _values(rows: Rows, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Each row as plain values, blank as None; the quarter and year of a row that no column dates stand last."""
    if not len(rows):
        return []
    series = [rows.frame[name].astype(object).where(rows.frame[name].notna(), None) for name in columns]
    return list(zip(*series, rows.periods, rows.quarters, strict=True))


def _grouped(values: Iterable[tuple[Any, ...]], keyed: Callable[[tuple[Any, ...]], Hashable]) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for k, each in enumerate(values):
        found.setdefault(keyed(each), []).append(k)
    return found


def _paired(
    old: Iterable[T], new: Iterable[T], of_old: Callable[[T], Hashable], of_new: Callable[[T], Hashable]
) -> tuple[list[tuple[T, T]], list[T], list[T]]:
    """Those of both sides that say the same, one with one; and what is left of each side."""
    waiting: defaultdict[Hashable, list[T]] = defaultdict(list)
    for each in new:
        waiting[of_new(each)].append(each)
    pairs, left = [], []
    for each in old:
        same = waiting[of_old(each)]
        if same:
            pairs.append((each, same.pop(0)))
        else:
            left.append(each)
    return pairs, left, [each for rest in waiting.values() for each in rest]


def _cells(
    schema: ReturnSchema, old: Rows, new: Rows, one: int, other: int, values_old: Any, values_new: Any
) -> tuple[CellChange, ...]:
    names = [spec.name for spec in schema.columns]
    found = [
        CellChange(name, old.place(one, name), new.place(other, name), before, after)
        for name, before, after in zip(names, values_old[one], values_new[other], strict=False)
        if before != after
    ]
    # The year and quarter follow from a date that changed; only where none did have they changed by themselves.
    for name, at in () if found else (("period", -2), ("quarter", -1)):
        before, after = values_old[one][at], values_new[other][at]
        if before != after:
            found.append(CellChange(name, old.place(one, None), new.place(other, None), before, after))
    return tuple(found)


def _places(rows: Rows, numbers: Iterable[int]) -> tuple[Place, ...]:
    return tuple(rows.place(k, None) for k in numbers)


def _spot(place: Place) -> Spot:
    return place.file, place.sheet, place.row


def _order(change: RowChange) -> tuple[Any, ...]:
    """By where it stands in the new version, and what was removed by where it stood."""
    place = change.new or change.old
    assert place is not None
    return place.sheet or "", place.row or 0, change.change, place.file or ""


# --------------------------------------------------------------------------- findings


@dataclass(frozen=True)
class FindingChanges:
    """What became of the findings of the old version."""

    mended: tuple[Finding, ...]
    outstanding: tuple[tuple[Finding, Finding], ...]
    """The finding as it was, and as it is."""
    new: tuple[Finding, ...]


def compare_findings(old: Iterable[Finding], new: Iterable[Finding], paired: Mapping[Spot, Spot]) -> FindingChanges:
    """Which findings are mended, outstanding and new.

    A finding about a row is followed to where that row stands now; one about a row that is no row of both versions, or
    about a total, a heading or a file, is known again by its cell, then by its sheet, then by its rule alone.
    """
    arrived = set(paired.values())
    outstanding: list[tuple[Finding, Finding]] = []
    before, now = list(old), list(new)

    def follow(finding: Finding) -> Hashable:
        return finding.code, finding.column, paired.get(_spot(finding.place), ("gone",))

    def here(finding: Finding) -> Hashable:
        return finding.code, finding.column, _spot(finding.place)

    found, before, now = _paired(before, now, follow, here)
    outstanding += found
    # What was followed to a row and not found there is mended, whatever stands at its old address now.
    mended = [each for each in before if _spot(each.place) in paired]
    fresh = [each for each in now if _spot(each.place) in arrived]
    before = [each for each in before if _spot(each.place) not in paired]
    now = [each for each in now if _spot(each.place) not in arrived]
    for known in (_by_cell, _by_sheet, _by_rule):
        found, before, now = _paired(before, now, known, known)
        outstanding += found
    return FindingChanges(
        tuple(_in_order((*mended, *before))),
        tuple(sorted(outstanding, key=lambda pair: _finding_order(pair[1]))),
        tuple(_in_order((*fresh, *now))),
    )


def _by_cell(finding: Finding) -> Hashable:
    place = finding.place
    return finding.code, finding.column, place.sheet, place.row, place.column


def _by_sheet(finding: Finding) -> Hashable:
    return finding.code, finding.column, finding.place.sheet


def _by_rule(finding: Finding) -> Hashable:
    return finding.code, finding.column


def _in_order(findings: Iterable[Finding]) -> Iterator[Finding]:
    yield from sorted(findings, key=_finding_order)


def _finding_order(finding: Finding) -> tuple[Any, ...]:
    place = finding.place
    return place.sheet or "", place.row or 0, place.column or 0, finding.code, finding.message
