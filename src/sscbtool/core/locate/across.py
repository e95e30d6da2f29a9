"""Checks across a row: a column that adds up others, and the rows in which it does not."""

from __future__ import annotations

import re
from decimal import Decimal

from sscbtool.core.locate.cells import Vector
from sscbtool.core.locate.lines import Lines
from sscbtool.core.locate.sums import row_rules
from sscbtool.core.model import RowCheck

_CLAIMS = re.compile(r"total|\bnet\b|^all\b|\ball (?!other)\w+$", re.IGNORECASE)


def row_breaks(lines: Lines, data: Vector) -> tuple[RowCheck, ...]:
    """The data rows whose own total does not equal the columns it adds up, for every rule that nearly all rows keep."""
    if len(data) < 2 or len(lines.added) < 3:
        return ()
    named = [bool(_CLAIMS.search(lines.heads[k].name)) for k in lines.added.tolist()]
    checks = [
        _check(lines, int(data[n]), rule.total, rule.parts)
        for rule in row_rules(lines.columns.part(data), named)
        for n in rule.breaks
    ]
    return tuple(sorted((c for c in checks if c is not None), key=lambda c: (c.row, c.column)))


def _check(lines: Lines, p: int, total: int, parts: tuple[int, ...]) -> RowCheck | None:
    stated = lines.numbers.exact(p, total)
    if stated is None:
        return None
    computed = Decimal(0)
    columns = []
    for part in parts:
        value = lines.numbers.exact(p, abs(part) - 1) or Decimal(0)
        computed += value if part > 0 else -value
        number = lines.heads[int(lines.added[abs(part) - 1])].number
        columns.append(number if part > 0 else -number)
    if computed == stated:
        return None
    return RowCheck(
        int(lines.row_numbers[p]), lines.heads[int(lines.added[total])].number, tuple(columns), stated, computed
    )
