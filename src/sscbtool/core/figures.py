"""A published figure and what the returns evidence -> whether it holds.

Three outcomes: it agrees, it does not agree, or it could not be checked, because something named is missing. Every
tolerance stands in the register; the default is exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sscbtool.core.model import Comparator, Evidence, Figure, FigureResult, Status
from sscbtool.errors import BadConfiguration

MONEY_UNITS = frozenset({"GBP"})


@dataclass(frozen=True)
class Known:
    """What is known of one figure when it is judged."""

    missing: tuple[str, ...] = ()
    """Returns that the figure's measure looks at and that were not among what was read."""
    empty: bool = False
    """The return was read, but holds nothing for the period."""
    value: Any = None
    prior: Any = None
    """The measure over the year before, where the comparator asks for it."""
    rows_counted: int = 0
    evidence: tuple[Evidence, ...] = ()
    set_aside: tuple[tuple[str, int], ...] = ()
    expected: bool = False
    """Whether the missing return was expected: then its absence is a break."""
    parts: Mapping[str, Decimal] = field(default_factory=dict)


def judge(figure: Figure, known: Known) -> FigureResult:
    """Hold one figure against what is known."""
    published = number(figure.value)
    if figure.comparator is None:
        return _result(figure, known, Status.NARRATIVE, figure.note or "No return can evidence this sentence.")
    if known.missing:
        status = Status.NOT_EVIDENCED if known.expected else Status.NOT_CHECKED
        return _result(figure, known, status, f"No {_listed(known.missing)} was read.")
    if known.empty or known.value is None:
        return _result(figure, known, Status.NOT_EVIDENCED, "No row of the return answers to this figure.")
    if published is None:
        raise BadConfiguration(
            f"The figure {figure.figure_id} has no value that can be compared.", "Mend the register."
        )
    verdict = COMPARE.get(figure.comparator)
    if verdict is None:
        return _result(figure, known, Status.NOT_COMPUTABLE, f"The comparator {figure.comparator} is not known here.")
    status, reason = verdict(figure, published, known)
    return _result(figure, known, status, reason)


def number(text: str) -> Decimal | None:
    """The number that a register's value or tolerance states, exactly; None where it states none."""
    plain = text.strip().replace(",", "").replace("£", "").removesuffix("%").strip()
    return Decimal(plain) if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", plain) else None


def shown(value: Any, unit: str) -> str | int | None:
    """A value as results show it: amounts as text with two decimals, counts as integers, all else as text."""
    match value:
        case None:
            return None
        case int():
            return f"{Decimal(value):.2f}" if unit in MONEY_UNITS else value
        case Decimal() if unit in MONEY_UNITS:
            return f"{value:.2f}"
        case Decimal():
            return int(value) if value == value.to_integral_value() else str(value.normalize())
        case _:
            return str(value)


def _result(figure: Figure, known: Known, status: Status, reason: str) -> FigureResult:
    published, evidenced = number(figure.value), exact(known.value)
    difference = evidenced - published if evidenced is not None and published is not None else None
    return FigureResult(
        figure=figure,
        status=status,
        published=shown(published, figure.unit) if published is not None else figure.value or None,
        evidenced=shown(known.value if evidenced is None else evidenced, figure.unit),
        difference=shown(difference, figure.unit),
        reason=reason,
        evidence=known.evidence,
        rows_counted=known.rows_counted,
        set_aside=known.set_aside,
    )


def exact(value: Any) -> Decimal | None:
    """A measure's value as an exact number; None where it is none. A float is a schema file's mistake."""
    if isinstance(value, bool | float):
        raise BadConfiguration("A measure gave a floating-point number.", "Use sums and counts of exact columns.")
    return Decimal(value) if isinstance(value, int | Decimal) else None


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join(names)


# --------------------------------------------------------------------------- the comparators

Verdict = tuple[Status, str]


def _holds(holds: bool, sentence: str) -> Verdict:  # noqa: FBT001 - the verdict itself
    return (Status.HOLDS if holds else Status.CONTRADICTED), sentence


def _evidenced(known: Known) -> Decimal:
    value = exact(known.value)
    if value is None:
        raise BadConfiguration("A figure with a numeric comparator has a measure that gives no number.", "")
    return value


def _equals(figure: Figure, published: Decimal, known: Known) -> Verdict:
    evidenced, tolerance = _evidenced(known), number(figure.tolerance or "0") or Decimal(0)
    difference = evidenced - published
    if difference == 0:
        return Status.HOLDS, "The returns come to exactly the published value."
    if abs(difference) <= tolerance:
        return Status.HOLDS_WITHIN_ROUNDING, f"The difference is within the declared tolerance of {figure.tolerance}."
    return (
        Status.CONTRADICTED,
        f"The returns come to {_by(figure, difference)} than published.{hint(difference, figure)}",
    )


def _over(figure: Figure, published: Decimal, known: Known) -> Verdict:
    return _holds(_evidenced(known) > published, f"Over {figure.value} means more than {figure.value}.")


def _at_least(figure: Figure, published: Decimal, known: Known) -> Verdict:
    return _holds(_evidenced(known) >= published, f"At least {figure.value} is asked for.")


def _by(figure: Figure, difference: Decimal) -> str:
    """``£5.00 more`` or ``3 fewer``."""
    if figure.unit in MONEY_UNITS:
        return f"£{abs(difference):,.2f} {'more' if difference > 0 else 'less'}"
    return f"{abs(difference).normalize():f} {'more' if difference > 0 else 'fewer'}"


def hint(difference: Decimal, figure: Figure) -> str:
    """A likely cause where arithmetic gives one."""
    if figure.unit not in MONEY_UNITS:
        return ""
    pence = Fraction(difference) * 100
    if abs(pence) < 100:
        return " A difference of pence points to rounding."
    if pence % 9 == 0:
        return " A difference divisible by nine points to two digits transposed."
    return ""


COMPARE = {
    Comparator.EQUALS: _equals,
    Comparator.SUM_OF: _equals,
    Comparator.OVER: _over,
    Comparator.AT_LEAST: _at_least,
}
