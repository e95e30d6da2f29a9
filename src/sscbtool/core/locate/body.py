"""What each row of a table's body is: data, a total, a heading, a repeated header, a note."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from sscbtool.core.locate.across import row_breaks
from sscbtool.core.locate.cells import Look, Vector, pc
from sscbtool.core.locate.labels import Claim
from sscbtool.core.locate.lines import Lines
from sscbtool.core.locate.totals import find_totals
from sscbtool.core.model import ControlTotal, RowCheck, RowRole

_NOTE_START = re.compile(r"^\W*(?:notes?\b|source\b|https?:)", re.IGNORECASE)


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


def read_body(lines: Lines) -> Body:
    """Tells the rows of a region apart and holds its totals against them."""
    roles: dict[int, RowRole] = {}
    _name_repeats(lines, roles)
    _name_headings(lines, roles)
    _name_leftovers(lines, roles)
    live = _others(lines, roles)
    total_rows, totals = find_totals(lines, live)
    roles.update(dict.fromkeys(total_rows, RowRole.TOTAL))
    data = _others(lines, roles)
    return Body(
        data=lines.rows[data],
        set_aside=tuple((int(lines.rows[p]), role) for p, role in sorted(roles.items())),
        totals=totals,
        row_breaks=row_breaks(lines, data),
        carried=_carried(lines, data),
    )


def _others(lines: Lines, roles: dict[int, RowRole]) -> Vector:
    free = np.ones(len(lines), bool)
    free[list(roles)] = False
    return np.flatnonzero(free)


# --------------------------------------------------------------------------- rows that are no data by their shape


def _name_repeats(lines: Lines, roles: dict[int, RowRole]) -> None:
    for rows, role in ((lines.region.repeats, RowRole.REPEATED_HEADER), (lines.region.codes, RowRole.NOTE)):
        for r in rows:
            p = int(np.searchsorted(lines.rows, r))
            if p < len(lines) and lines.rows[p] == r:
                roles[p] = role
    for p in _same_as_header(lines):
        roles.setdefault(p, RowRole.REPEATED_HEADER)


def _same_as_header(lines: Lines) -> list[int]:
    """Rows whose every cell says what the lowest header row says in its column: the header over again."""
    if not lines.region.header or len(lines.region.columns) < 2:
        return []
    r = lines.region.header[-1]
    columns = [j for j in lines.region.columns.tolist() if lines.sheet.looks[r, j] != Look.BLANK]
    if len(columns) < 2:
        return []
    places = np.isin(lines.region.columns, columns)
    some = lines.rows[(lines.looks[:, places] != Look.BLANK).all(1) & (lines.looks[:, places] == Look.TEXT).any(1)]
    for j in columns:
        if not len(some):
            return []
        said = lines.sheet.grid.text(r, j)
        if lines.sheet.grid.is_short:
            some = some[[lines.sheet.grid.text(int(each), j) == said for each in some]]
        else:
            some = some[pc.equal(lines.sheet.grid.texts[j], said).to_numpy(zero_copy_only=False)[some]]
    return [int(p) for p in np.searchsorted(lines.rows, some)]


def _name_headings(lines: Lines, roles: dict[int, RowRole]) -> None:
    """Labels without values: headings where data follows a break in it, notes where prose stands among data."""
    if not len(lines):
        return
    valued = lines.region.valued
    filled = (lines.looks != Look.BLANK).sum(1)
    if valued.any():
        bare = ~(lines.looks[:, valued] != Look.BLANK).any(1)
        if bare.mean() > 0.3:
            bare &= filled == 1
    else:
        bare = (filled == 1) & (np.median(filled) >= 2)
    solid = np.flatnonzero(~bare)
    last = int(solid[-1]) if len(solid) else -1
    sections = _in_sections(lines, bare)
    for p in np.flatnonzero(bare).tolist():
        if p not in roles and lines.claims[p] != Claim.TOTAL:
            role = _bare_role(lines, p, begins=sections or _begins(lines, p, bare, roles), last=last)
            if role is not None:
                roles[p] = role


def _in_sections(lines: Lines, bare: Vector) -> bool:
    """Whether the body starts with a heading and goes on in sections, each a heading over rows of its own."""
    at = np.flatnonzero(bare)
    if len(at) < 2 or at[0] != 0 or int(np.diff(at).min()) < 2 or at[-1] == len(bare) - 1:
        return False
    if len(at) > len(bare) / 2:
        return False
    labels = [lines.label(p) for p in at.tolist()]
    filled = (lines.looks[at] != Look.BLANK).sum(1)
    return (
        len(set(labels)) == len(labels)
        and bool((filled == 1).all())
        and not any(map(lines.is_organisation, at.tolist()))
    )


def _begins(lines: Lines, p: int, bare: Vector, roles: dict[int, RowRole]) -> bool:
    """Whether a section can begin at a row: at the top, after a gap, a total or another heading."""
    return p == 0 or lines.gap(p) or bool(bare[p - 1]) or lines.claims[p - 1] >= Claim.BALANCE or (p - 1) in roles


def _bare_role(lines: Lines, p: int, *, begins: bool, last: int) -> RowRole | None:
    text = lines.label(p)
    if len(text) > 100 or _NOTE_START.match(text):
        return RowRole.NOTE
    if p > last or lines.is_organisation(p):
        return None
    heading = begins or text.endswith(":") or text.isupper() or not lines.region.valued.any()
    return RowRole.HEADING if heading else None


def _name_leftovers(lines: Lines, roles: dict[int, RowRole]) -> None:
    """Figures without any label where rows have labels: noughts left by formulas, workings under the last total."""
    labels = ~lines.region.valued
    if not labels.any() or not len(lines):
        return
    labelled = (lines.looks[:, labels] != Look.BLANK).any(1)
    if labelled.mean() < 0.8:
        return
    totals = np.flatnonzero(lines.claims >= Claim.PLACE)
    after = int(totals[-1]) if len(totals) else len(lines)
    workings = False
    for p in np.flatnonzero(~labelled).tolist():
        workings = p > after and (lines.gap(p) or workings)
        if workings or _is_nought(lines, p):
            roles.setdefault(p, RowRole.NOTE)


def _is_nought(lines: Lines, p: int) -> bool:
    figures = lines.looks[p, lines.region.valued]
    return (
        bool((figures == Look.NUMBER).any())
        and not lines.numbers.values[p].any()
        and bool((figures == Look.BLANK).any())
    )


# --------------------------------------------------------------------------- labels given once


def _carried(lines: Lines, data: Vector) -> dict[int, dict[int, int]]:
    """Labels meant for more rows than their own: merged downwards, or given once before rows that leave them blank."""
    if not len(data):
        return {}
    carried = _merged_labels(lines, data)
    inner = np.flatnonzero(~lines.region.valued)
    for k, following in zip(inner[:-1].tolist(), inner[1:].tolist(), strict=True):
        number = lines.heads[k].number
        filled = lines.looks[:, k] != Look.BLANK
        beside = lines.looks[:, following] != Look.BLANK
        given_once = 0 < filled[data].mean() < 0.7 or (filled.any() and not filled[data].any())
        if number in carried or not given_once or beside[data].mean() < 0.9 or not filled[: int(data[0]) + 1].any():
            continue
        source = np.maximum.accumulate(np.where(filled, np.arange(len(filled)), -1))
        rows = lines.row_numbers
        carried[number] = {int(rows[p]): int(rows[source[p]]) for p in data.tolist() if not filled[p] and beside[p]}
    return {number: rows for number, rows in carried.items() if rows}


def _merged_labels(lines: Lines, data: Vector) -> dict[int, dict[int, int]]:
    carried: dict[int, dict[int, int]] = {}
    rows = lines.row_numbers[data]
    columns = {h.number for h in lines.heads}
    for area in lines.sheet.merged.values():
        if area.bottom > area.top and area.left in columns:
            first, last = np.searchsorted(rows, [area.top + 1, area.bottom + 1])
            if first < last:
                carried.setdefault(area.left, {}).update(dict.fromkeys(rows[first:last].tolist(), area.top))
    return carried
