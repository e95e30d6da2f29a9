"""The published document held against itself: totals, nested ages, areas within areas, shares of one population, lists.

No return is needed. A figure printed as rounded stands for every value that rounds to it, so a check fails only where
no such values could agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any, assert_never

from sscbtool.core.model import CheckKind, Comparator, DocumentCheck, Figure, Status
from sscbtool.core.precision import (
    PERCENT_UNITS,
    Bounds,
    Measuring,
    exactly,
    number,
    places,
    rounding,
    said,
    said_apart,
    tolerance,
)
from sscbtool.core.values import fold


@dataclass(frozen=True)
class CheckResult:
    """What became of one check of the document against itself."""

    check: DocumentCheck
    status: Status
    reason: str

    def as_plain(self) -> dict[str, Any]:
        """As results carry it, in plain JSON values."""
        return {
            "check": self.check.check_id,
            "kind": str(self.check.kind),
            "figures": list(self.check.figures),
            "status": str(self.status),
            "reason": self.reason,
        }


def check_document(checks: Iterable[DocumentCheck], figures: Iterable[Figure]) -> tuple[CheckResult, ...]:
    """Hold the figures of one year's register against each other as its checks ask, in their order."""
    register = {figure.figure_id: figure for figure in figures}
    return tuple(_checked(check, register) for check in checks)


def printed(figure: Figure) -> Bounds | None:
    """The values that a printed figure may stand for; None where it prints no number.

    A figure that is declared rounded has its base; a percentage the places it is printed to; all else is exact.
    """
    value = number(figure.value)
    if value is None:
        return None
    declared = tolerance(figure.tolerance) if figure.comparator in (Comparator.ROUNDED, None) else None
    if declared and declared.base and declared.measuring in (Measuring.UNITS, Measuring.PLACES):
        return rounding(value, declared.base)
    if figure.unit in PERCENT_UNITS:
        return rounding(value, Fraction(1, 10 ** places(figure.value)))
    return exactly(value)


def implied_whole(count: Bounds, percent: Bounds) -> Bounds:
    """The wholes of which ``count`` is ``percent``, given both as printed; unbounded above where that may be nought."""
    return count.over(percent).times(Fraction(100))


def _checked(check: DocumentCheck, register: Mapping[str, Figure]) -> CheckResult:
    figures = [register[figure_id] for each in check.figures for figure_id in each.split("/")]
    if check.kind is CheckKind.SAME_LIST:
        status, reason = _same_list(figures)
    elif without := [figure.figure_id for figure in figures if printed(figure) is None]:
        status, reason = Status.NOT_COMPUTABLE, f"{without[0]} states no number."
    else:
        status, reason = _of_numbers(check.kind, figures)
    if status is Status.CONTRADICTED and check.expects is Status.DEFINITION_DIFFERS:
        status = Status.DEFINITION_DIFFERS
        reason = f"{reason} {check.note}".strip()
    if any(figure.never_shown for figure in figures):
        reason = "The values are withheld: so small a number could point to a child."
    return CheckResult(check, status, reason)


def _of_numbers(kind: CheckKind, figures: list[Figure]) -> tuple[Status, str]:
    match kind:
        case CheckKind.SUM:
            return _sum(figures)
        case CheckKind.NESTED | CheckKind.ASCENDING:
            return _ascending(figures)
        case CheckKind.IMPLIED_DENOMINATOR:
            return _one_whole(figures)
        case CheckKind.SAME_LIST:
            raise AssertionError(kind)
        case _:
            assert_never(kind)


def _sum(figures: list[Figure]) -> tuple[Status, str]:
    """Whether the figures but the last add up to the last."""
    *parts, total = figures
    values = [_stated(part) for part in parts]
    come_to, published = sum(values, Fraction(0)), _stated(total)
    says = f"The parts come to {said(come_to, total.unit)}"
    if come_to == published:
        return Status.HOLDS, f"{says}, which is the published total."
    by = f"{said_apart(come_to - published, total.unit)} than the published total of {said(published, total.unit)}"
    if not reduce(add, map(_bounds, parts)).apart(_bounds(total)):
        return Status.HOLDS_WITHIN_ROUNDING, f"{says}, {by}: no more than rounding explains."
    return Status.CONTRADICTED, f"{says}, {by}."


def _ascending(figures: list[Figure]) -> tuple[Status, str]:
    """Whether no figure is above the next one."""
    status = Status.HOLDS
    for lower, upper in pairwise(figures):
        if _stated(lower) <= _stated(upper):
            continue
        if (_bounds(lower) - _bounds(upper)).apart(Bounds(None, Fraction(0))):
            above = f"{lower.figure_id} ({_said(lower)}) is above {upper.figure_id} ({_said(upper)})"
            return Status.CONTRADICTED, f"{above}, of which it can only be a part."
        status = Status.HOLDS_WITHIN_ROUNDING
    return status, f"In order: {', '.join(map(_said, figures))}."


def _one_whole(figures: list[Figure]) -> tuple[Status, str]:
    """Whether counts and the percentages beside them can be shares of one population."""
    pairs = list(zip(figures[::2], figures[1::2], strict=True))
    if nought := [percent.figure_id for _, percent in pairs if _bounds(percent).high == 0]:
        return Status.NOT_COMPUTABLE, f"{nought[0]} is nought, of which no whole follows."
    wholes = [implied_whole(_bounds(count), _bounds(percent)) for count, percent in pairs]
    says = "; ".join(
        f"{_said(count)} at {_said(percent)} means {_whole_said(whole)} in all"
        for (count, percent), whole in zip(pairs, wholes, strict=True)
    )
    common: Bounds | None = wholes[0]
    for whole in wholes[1:]:
        common = common & whole if common else None
    if common is None:
        return Status.CONTRADICTED, f"{says}; no one number fits them all."
    return Status.HOLDS_WITHIN_ROUNDING, f"{says}; {_whole_said(common)} fits them all."


def _same_list(figures: list[Figure]) -> tuple[Status, str]:
    """Whether figures state one list, whatever its order."""
    lists = [{fold(item): item.strip() for item in figure.value.split(";") if item.strip()} for figure in figures]
    if not all(lists):
        empty = figures[[bool(items) for items in lists].index(False)]
        return Status.NOT_COMPUTABLE, f"{empty.figure_id} states no list."
    first = lists[0]
    for figure, items in zip(figures[1:], lists[1:], strict=True):
        if only := [*(first[key] for key in first if key not in items), *(items[k] for k in items if k not in first)]:
            return Status.CONTRADICTED, f"{figures[0].figure_id} and {figure.figure_id} differ in {', '.join(only)}."
    return Status.HOLDS, f"Each states the same {len(first)}." if len(first) > 1 else "Each states the same."


def _stated(figure: Figure) -> Fraction:
    return Fraction(number(figure.value) or 0)


def _bounds(figure: Figure) -> Bounds:
    bounds = printed(figure)
    assert bounds is not None, "figures without a number were turned away before"
    return bounds


def _said(figure: Figure) -> str:
    """The figure as it is printed, with its unit."""
    plain = figure.value.strip().rstrip("%")
    return f"{plain}%" if figure.unit in PERCENT_UNITS else said(_stated(figure), figure.unit)


def _whole_said(whole: Bounds) -> str:
    """The ends of an interval of people, in whole people."""
    assert whole.low is not None
    least = f"{math.ceil(whole.low):,}"
    return f"{least} or more" if whole.high is None else f"{least} to {math.floor(whole.high):,}"
