"""A published figure and what the returns evidence -> whether it holds.

Three outcomes: it agrees, it does not agree, or it could not be checked, because something named is missing. Every
tolerance stands in the register; the default is exact. Where counts were withheld the evidence is an interval: a figure
holds if every value of it would hold, is contradicted if none would, and is otherwise left open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, assert_never

from sscbtool.core.model import Comparator, Evidence, Figure, FigureResult, Measured, Status
from sscbtool.core.occasions import slots_of, span
from sscbtool.core.precision import (
    MONEY_UNITS,
    PERCENT_UNITS,
    Bounds,
    Measuring,
    Tolerance,
    digits,
    exactly,
    number,
    places,
    rounding,
    said,
    said_apart,
    to_places,
    tolerance,
)
from sscbtool.core.register import VALUED, parts_of
from sscbtool.core.values import Interval, Period, fold
from sscbtool.errors import BadConfiguration

OF_PRIOR_YEAR = frozenset({Comparator.LOWER_THAN, Comparator.GREATER_THAN, Comparator.PERCENT_CHANGE})


@dataclass(frozen=True)
class Near:
    """A row of the return whose amount has to do with a difference."""

    cell: str
    """``B7``."""
    file: str
    amount: Decimal
    counted: bool
    """Whether the figure counts the row."""


@dataclass(frozen=True)
class Known:
    """What is known of one figure when it is judged."""

    missing: tuple[str, ...] = ()
    """Titles of the returns that the figure's measure looks at and that were not among what was read."""
    expected: bool = False
    """Whether the missing return was expected: then its absence is a break."""
    period: Period | None = None
    empty: bool = False
    """The return was read, but holds nothing for the period."""
    measured: Measured | None = None
    prior: Measured | None = None
    """The measure over the year before; None where nothing of that year was read."""
    parts: Mapping[str, Decimal] = field(default_factory=dict)
    """Published values of the figures that this one is the sum of."""
    public: bool = True
    """Whether the texts and dates that the measure gives may be shown."""
    near: tuple[Near, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    set_aside: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A status, its sentence, and what the returns come to."""

    status: Status
    reason: str
    evidenced: str | int | None = None
    difference: str | int | None = None


def judge(figure: Figure, known: Known) -> FigureResult:
    """Hold one figure against what is known; of a figure that is never to be published only the status is told."""
    verdict = _verdict(figure, known)
    if figure.never_shown:
        told = verdict.status in (Status.NARRATIVE, Status.NOT_CHECKED, Status.NOT_EVIDENCED)
        why = "Its values are withheld: so small a number could point to a child."
        return FigureResult(figure, verdict.status, None, None, None, verdict.reason if told else why)
    return FigureResult(
        figure=figure,
        status=verdict.status,
        published=_published(figure),
        evidenced=verdict.evidenced,
        difference=verdict.difference,
        reason=verdict.reason,
        evidence=known.evidence,
        rows_counted=len(known.measured.rows) if known.measured else 0,
        set_aside=known.set_aside,
    )


def _verdict(figure: Figure, known: Known) -> Verdict:
    measured = known.measured
    if figure.comparator is None:
        return Verdict(Status.NARRATIVE, figure.note or "No return can evidence this sentence.")
    if known.missing:
        status = Status.NOT_EVIDENCED if known.expected else Status.NOT_CHECKED
        return Verdict(status, f"Nothing was read of {_either(known.missing)}.")
    if known.empty or measured is None:
        return Verdict(Status.NOT_EVIDENCED, f"The return holds no row of {known.period or 'any period'}.")
    if measured.withheld:
        return Verdict(Status.SUPPRESSED, "The sender withheld counts that this rests on, and it cannot be bounded.")
    if measured.value is None or measured.value == ():
        if measured.rows:
            return Verdict(
                Status.NOT_COMPUTABLE, "Rows answer to this figure, but the cells it is taken from are blank."
            )
        return Verdict(Status.NOT_EVIDENCED, "No row of the return answers to this figure.")
    if not figure.value and figure.comparator in VALUED:
        reason = "The register holds no published value of it yet."
        return Verdict(Status.NOT_COMPUTABLE, reason, _come_to(figure, measured, known))
    try:
        return _compared(figure, figure.comparator, measured, known)
    except _CannotTell as why:
        return Verdict(why.status, str(why))


def _compared(figure: Figure, comparator: Comparator, measured: Measured, known: Known) -> Verdict:
    match comparator:
        case Comparator.EVERY:
            return _every(figure, measured, known)
        case Comparator.SAME_SET:
            return _same_set(figure, measured, known)
        case Comparator.ON | Comparator.BY:
            return _dated(figure, measured, known)
        case Comparator.EXISTS:
            return _exists(figure, measured)
        case Comparator.LOWER_THAN | Comparator.GREATER_THAN | Comparator.PERCENT_CHANGE:
            return _settled(figure, _against_prior(figure, _quantity(figure, measured), known), known)
        case Comparator.EQUALS if number(figure.value) is None:
            return _equal_text(figure, measured, known)
        case Comparator.COUNT_OF_LIST:
            return _settled(figure, _of_number(figure, exactly(len(measured.value)), measured), known)
        case Comparator.SUM_OF:
            return _sum_of(figure, measured, known)
        case (
            Comparator.EQUALS
            | Comparator.OVER
            | Comparator.AT_LEAST
            | Comparator.APPROXIMATELY
            | Comparator.ROUNDED
            | Comparator.HALF
            | Comparator.MAJORITY
        ):
            return _settled(figure, _of_number(figure, _quantity(figure, measured), measured), known)
        case _:
            assert_never(comparator)


class _CannotTell(Exception):
    """Why a figure cannot be worked out."""

    def __init__(self, why: str, status: Status = Status.NOT_COMPUTABLE) -> None:
        super().__init__(why)
        self.status = status


# --------------------------------------------------------------------------- numbers


@dataclass(frozen=True)
class _Question:
    """What a comparator asks: each pair is what is known and what is accepted; all must agree."""

    pairs: tuple[tuple[Bounds, Bounds], ...]
    evidenced: Bounds
    """What is held beside the published value."""
    says: str
    """The sentence of the comparison, without its full stop."""
    target: Fraction | None = None
    """Agreement with any other value than this is agreement within rounding."""


def _settled(figure: Figure, question: _Question, known: Known) -> Verdict:
    """The status that the pairs of a question decide, with the values to show."""
    evidenced, published = question.evidenced, number(figure.value)
    reason = f"{question.says}."
    if all(actual.within(accepted) for actual, accepted in question.pairs):
        exact = question.target in (None, evidenced.exact)
        status = Status.HOLDS if exact else Status.HOLDS_WITHIN_ROUNDING
        if evidenced.exact is None:
            reason += " It agrees whatever the withheld counts are."
    elif any(actual.apart(accepted) for actual, accepted in question.pairs):
        status = Status.CONTRADICTED
    else:
        status = Status.SUPPRESSED
        reason += " The withheld counts leave open whether it agrees."
    if evidenced.exact is None:
        return Verdict(status, reason, _interval_shown(evidenced, figure))
    difference = None if published is None else evidenced.exact - Fraction(published)
    if status is Status.CONTRADICTED and difference and figure.comparator in (Comparator.EQUALS, Comparator.SUM_OF):
        reason += hint(difference, figure, known.near)
    return Verdict(status, reason, shown(evidenced.exact, figure.unit), shown(difference, figure.unit))


def _of_number(figure: Figure, evidenced: Bounds, measured: Measured) -> _Question:
    """What the comparators ask that hold a number against the published one, or a share against the half."""
    declared, published = tolerance(figure.tolerance), number(figure.value)
    value = Fraction(published) if published is not None else Fraction(0)
    comes_to = f"The returns come to {_said_whole(figure, evidenced, measured)}"
    match figure.comparator:
        case Comparator.OVER:
            accepted, target = Bounds(value, None, low_open=True), None
            says = f"{comes_to}; over {figure.value} means more than {figure.value}"
        case Comparator.AT_LEAST:
            accepted, target = Bounds(value, None), None
            says = f"{comes_to}; at least {figure.value} is asked for"
        case Comparator.MAJORITY:
            accepted, target = Bounds(Fraction(50), None, low_open=True), None
            says = f"{comes_to}; a majority is more than half"
        case Comparator.HALF:
            accepted, target = _half(declared), Fraction(50)
            says = f"{comes_to}; half is taken as {_range_said(accepted, '%')}"
            if isinstance(measured.whole, int) and measured.whole % 2:
                says += ", and half of an odd number cannot be exact"
        case Comparator.APPROXIMATELY:
            accepted, target = _around(value, declared), value
            says = f"{comes_to}; approximately {figure.value} is taken as {_range_said(accepted, figure.unit)}"
        case Comparator.ROUNDED:
            accepted, target = rounding(value, declared.base if declared else Fraction(1)), value
            says = f"{comes_to}; {figure.value} as printed may be {_range_said(accepted, figure.unit)}"
        case _:
            accepted, target = _around(value, declared), value
            says = _equality(figure, evidenced, value, comes_to)
    return _Question(((evidenced, accepted),), evidenced, says, target)


def _equality(figure: Figure, evidenced: Bounds, value: Fraction, comes_to: str) -> str:
    if evidenced.exact is None:
        return f"{comes_to}; {said(value, figure.unit)} is published"
    if evidenced.exact == value:
        return "The returns come to exactly the published value"
    by = said_apart(evidenced.exact - value, figure.unit)
    allowed = f", and a difference of up to {figure.tolerance} is declared" if figure.tolerance else ""
    return f"{comes_to}, {by} than published{allowed}"


def _sum_of(figure: Figure, measured: Measured, known: Known) -> Verdict:
    """A published total: of its published parts, and of the returns."""
    question = _of_number(figure, _quantity(figure, measured), measured)
    published = Fraction(number(figure.value) or 0)
    if len(known.parts) < len(parts_of(figure)):
        raise _CannotTell("The register holds no published value yet of a part of it.")
    parts = sum(map(Fraction, known.parts.values()), Fraction(0))
    verdict = _settled(figure, question, known)
    if not _around(published, tolerance(figure.tolerance)).holds(parts):
        apart = f"The published parts come to {said(parts, figure.unit)}, {said_apart(parts - published, figure.unit)}"
        reason = f"{apart} than the published total. {verdict.reason}"
        return Verdict(Status.CONTRADICTED, reason, verdict.evidenced, verdict.difference)
    reason = f"{verdict.reason} The {len(known.parts)} published parts add up to it."
    return Verdict(verdict.status, reason, verdict.evidenced, verdict.difference)


def _against_prior(figure: Figure, evidenced: Bounds, known: Known) -> _Question:
    """What the comparators ask that hold a year against the year before."""
    year = str(Period(known.period.year - 1)) if known.period else "the year before"
    if known.prior is None:
        raise _CannotTell(f"No row of {year} was read, so there is nothing to compare with.")
    if known.prior.withheld:
        raise _CannotTell(f"The sender withheld counts of {year} that this rests on.", Status.SUPPRESSED)
    if known.prior.value is None:
        raise _CannotTell(f"The rows of {year} give nothing to compare with.")
    prior = _quantity(figure, known.prior)
    unit = "%" if known.prior.whole is not None else "" if figure.unit in PERCENT_UNITS else figure.unit
    against = f"The returns come to {_bounds_said(evidenced, unit)}, against {_bounds_said(prior, unit)} in {year}"
    if figure.comparator is Comparator.PERCENT_CHANGE:
        return _percent_change(figure, evidenced, prior, against, year)
    lower = figure.comparator is Comparator.LOWER_THAN
    beyond = prior - evidenced if lower else evidenced - prior
    pairs = [(beyond, Bounds(Fraction(0), None, low_open=True))]
    says = f"{against}; {'lower' if lower else 'higher'}"
    if declared := tolerance(figure.tolerance):
        sign = -1 if lower else 1
        if declared.measuring is Measuring.PERCENT:
            limit = prior.times(max(1 + sign * declared.size / 100, Fraction(0)))
        else:
            limit = prior + exactly(sign * declared.size)
        pairs.append((evidenced - limit if lower else limit - evidenced, Bounds(Fraction(0), None)))
        says += f" by no more than {figure.tolerance}"
    return _Question(tuple(pairs), evidenced, f"{says} is stated")


def _percent_change(figure: Figure, evidenced: Bounds, prior: Bounds, against: str, year: str) -> _Question:
    if prior.exact == 0:
        raise _CannotTell(f"It was nought in {year}, and no percentage can be taken of nought.")
    if any(each.low is None or each.low < 0 for each in (evidenced, prior)):
        raise _CannotTell("An amount below nought has no percentage change.")
    declared, value = tolerance(figure.tolerance), Fraction(number(figure.value) or 0)
    decimals = int(declared.size) if declared else places(figure.value)
    change = evidenced.over(prior).times(Fraction(100)) - exactly(100)
    accepted = rounding(value, Fraction(1, 10**decimals))
    says = f"{against}, a change of {_bounds_said(change, '%')}; {figure.value}% may be {_range_said(accepted, '%')}"
    return _Question(((change, accepted),), change, says, value)


def _quantity(figure: Figure, measured: Measured) -> Bounds:
    """What a measure came to as a number; a share as a percentage."""
    value, whole = _bounds(measured.value), _bounds(measured.whole)
    if value is None:
        raise BadConfiguration(
            f"The figure {figure.figure_id} compares numbers, and its measure gives none.",
            "Choose another measure or comparator in the figures register.",
        )
    if whole is None:
        return value
    if whole.exact == 0:
        raise _CannotTell("There is nothing that it could be a share of: the whole is nought.")
    return value.over(whole).times(Fraction(100))


def _bounds(value: Any) -> Bounds | None:
    match value:
        case Interval(low=low, high=high):
            return Bounds(Fraction(low), Fraction(high))
        case str():
            stated = number(value)
            return None if stated is None else exactly(stated)
        case int() | Decimal():
            return exactly(value)
        case _:
            return None


def _around(value: Fraction, declared: Tolerance | None) -> Bounds:
    """The values within a declared tolerance, its ends included; the one value where none is declared."""
    size = Fraction(0) if declared is None else declared.size
    if declared and declared.measuring is Measuring.PERCENT:
        size = abs(value) * size / 100
    elif declared and declared.measuring is Measuring.PLACES:
        return rounding(value, declared.base)
    return Bounds(value - size, value + size)


def _half(declared: Tolerance | None) -> Bounds:
    """What counts as half, in percent: what rounds to it, unless a tolerance is declared."""
    return rounding(50, Fraction(1)) if declared is None else _around(Fraction(50), declared)


def _come_to(figure: Figure, measured: Measured, known: Known) -> str | int | None:
    """What the returns come to where nothing is published to hold it against."""
    if figure.comparator in OF_PRIOR_YEAR:
        return None
    if figure.comparator is Comparator.COUNT_OF_LIST:
        return len(measured.value)
    if _bounds(measured.value) is None:
        return _items_shown(measured, known)
    value = _quantity(figure, measured)
    return _interval_shown(value, figure) if value.exact is None else shown(value.exact, figure.unit)


def _exists(figure: Figure, measured: Measured) -> Verdict:
    value = exactly(len(measured.value)) if isinstance(measured.value, tuple) else _quantity(figure, measured)
    if value.high is not None and value.high <= 0:
        return Verdict(Status.NOT_EVIDENCED, "No row of the return answers to this figure.", 0)
    status = Status.HOLDS if value.low is not None and value.low > 0 else Status.SUPPRESSED
    reason = f"The returns evidence it: {_bounds_said(value, figure.unit)}."
    return Verdict(status, reason, _interval_shown(value, figure) if value.exact is None else shown(value.exact, ""))


# --------------------------------------------------------------------------- lists, texts and dates


def _equal_text(figure: Figure, measured: Measured, known: Known) -> Verdict:
    same = fold(_text(measured.value)) == fold(figure.value)
    status = Status.HOLDS if same else Status.CONTRADICTED
    reason = "The returns say the same." if same else "The returns say otherwise."
    return Verdict(status, reason, _items_shown(measured, known))


def _same_set(figure: Figure, measured: Measured, known: Known) -> Verdict:
    """Whether the list is the published one, whatever the order; which items only one of the two has."""
    published = {fold(item): item.strip() for item in figure.value.split(";") if item.strip()}
    evidenced = {fold(_text(item)): _text(item) for item in measured.value}
    missing = [item for key, item in published.items() if key not in evidenced]
    additional = [item for key, item in evidenced.items() if key not in published]
    shown_items = _items_shown(measured, known)
    if not missing and not additional:
        return Verdict(Status.HOLDS, f"The returns list the same {len(published)}.", shown_items)
    reasons = []
    if missing:
        reasons.append(f"The returns do not list {_both(missing)}.")
    if additional:
        named = _both(additional) if known.public else f"{len(additional)} that the report does not"
        reasons.append(f"The returns list {named}{', which the report does not' if known.public else ''}.")
    return Verdict(Status.CONTRADICTED, " ".join(reasons), shown_items)


def _every(figure: Figure, measured: Measured, known: Known) -> Verdict:
    """Whether at least one date lies in each slot of the year; the slots without one are named."""
    if known.period is None:
        raise _CannotTell("It is not known which year is meant.")
    slots = list(slots_of(Period(known.period.year), figure.value))
    spans = _spans(measured)
    without = [name for name, start, end in slots if not any(start <= a and b <= end for a, b in spans)]
    if without:
        reason = f"There is none in {_both(without)}."
        return Verdict(Status.CONTRADICTED, reason, _items_shown(measured, known))
    which = f"{len(slots)} {figure.value}s" if len(slots) > 1 else f"{figure.value} {slots[0][0]}"
    reason = f"There is at least one in each of the {which}." if len(slots) > 1 else f"There is one in the {which}."
    return Verdict(Status.HOLDS, reason, _items_shown(measured, known))


def _dated(figure: Figure, measured: Measured, known: Known) -> Verdict:
    """Whether some date lies within the published one (``on``), or none lies after it (``by``)."""
    asked = span(figure.value)
    if asked is None:
        raise BadConfiguration(
            f"The figure {figure.figure_id} states no date that is understood.", "Mend the register."
        )
    spans = _spans(measured)
    start, end = asked
    evidenced = _items_shown(measured, known)
    if figure.comparator is Comparator.ON:
        if any(start <= a and b <= end for a, b in spans):
            return Verdict(Status.HOLDS, f"The returns date it {_span_said(start, end)}.", evidenced)
        return Verdict(Status.CONTRADICTED, f"The returns give no date {_span_said(start, end)}.", evidenced)
    if all(b <= end for _, b in spans):
        return Verdict(Status.HOLDS, f"The returns date it no later than {_day_said(end)}.", evidenced)
    return Verdict(Status.CONTRADICTED, f"The returns date it after {_day_said(end)}.", evidenced)


def _spans(measured: Measured) -> list[tuple[dt.date, dt.date]]:
    """Each date, month or year that a measure gives, as its first and last day."""
    found = [(item, item) if isinstance(item, dt.date) else span(_text(item)) for item in _items(measured)]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        raise _CannotTell("The returns give something that is not a date.")
    return known


# --------------------------------------------------------------------------- values in words and in JSON


def shown(value: Any, unit: str) -> str | int | None:
    """A number as results show it: amounts as text with two decimals, whole numbers as integers, else plain digits."""
    if value is None:
        return None
    exact = Fraction(value)
    if unit in MONEY_UNITS:
        return f"{to_places(exact, 2):.2f}"
    return int(exact) if exact.denominator == 1 else f"{digits(exact)}"


def exact(value: Any) -> Decimal | None:
    """A measure's value as an exact number; None where it is none. A float is a schema file's mistake."""
    if isinstance(value, bool | float):
        raise BadConfiguration("A measure gave a floating-point number.", "Use sums and counts of exact columns.")
    return Decimal(value) if isinstance(value, int | Decimal) else None


def hint(difference: Fraction, figure: Figure, near: Iterable[Near] = ()) -> str:
    """A likely cause of a difference where arithmetic gives one: a row's amount, its sign, its digits; else nothing."""
    near = tuple(near)
    same = [each for each in near if each.counted and each.amount == difference]
    if len(same) > 1:
        files = list(dict.fromkeys(each.file for each in same))
        places = [f"{_both([each.cell for each in same if each.file == file])} of {file}" for file in files]
        return f" That is the amount in each of {_both(places)}: one of them may be counted twice."
    if same:
        where = f"{same[0].cell} of {same[0].file}"
        return f" That is the amount in {where}: it may be counted twice, or not belong to this figure."
    for each in near:
        if not each.counted and each.amount == -difference:
            return f" That is the amount in {each.cell} of {each.file}, which is not counted."
        if each.counted and each.amount * 2 == difference:
            return f" That is twice the amount in {each.cell} of {each.file}: its sign may be wrong."
    if figure.unit not in MONEY_UNITS:
        return ""
    if abs(difference) < 1:
        return " A difference of pence points to rounding."
    return " It divides by nine, as when two digits have changed places." if difference * 100 % 9 == 0 else ""


def _published(figure: Figure) -> str | int | None:
    """The published value as results show it: amounts with two decimals, whole numbers, all else as published."""
    stated = number(figure.value)
    if stated is None or (figure.unit not in MONEY_UNITS and stated.as_tuple().exponent):
        return figure.value or None
    return shown(stated, figure.unit)


def _said_whole(figure: Figure, evidenced: Bounds, measured: Measured) -> str:
    """``164 of 329, 49.85%`` for a share, else the value in its unit."""
    if measured.whole is None:
        return _bounds_said(evidenced, figure.unit)
    value, whole = _bounds(measured.value), _bounds(measured.whole)
    assert value is not None
    assert whole is not None
    return f"{_bounds_said(value, '')} of {_bounds_said(whole, '')}, {_bounds_said(evidenced, '%')}"


def _bounds_said(bounds: Bounds, unit: str) -> str:
    return said(bounds.exact, unit) if bounds.exact is not None else f"between {_range_said(bounds, unit, ' and ')}"


def _range_said(bounds: Bounds, unit: str, to: str = " to ") -> str:
    """The ends of an interval; an end that is not itself meant is said to be so."""
    low = "nothing" if bounds.low is None else f"{'above ' * bounds.low_open}{said(bounds.low, unit)}"
    high = "any number" if bounds.high is None else f"{'below ' * bounds.high_open}{said(bounds.high, unit)}"
    return f"{low}{to}{high}"


def _interval_shown(bounds: Bounds, figure: Figure) -> str:
    low = shown(bounds.low, figure.unit)
    return f"{low} to {shown(bounds.high, figure.unit)}" if bounds.high is not None else f"{low} or more"


def _items_shown(measured: Measured, known: Known) -> str | None:
    """Texts and dates that a measure gives, where they may be shown."""
    return "; ".join(map(_text, _items(measured))) if known.public else None


def _items(measured: Measured) -> tuple[Any, ...]:
    return measured.value if isinstance(measured.value, tuple) else (measured.value,)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _day_said(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"


def _span_said(start: dt.date, end: dt.date) -> str:
    return f"on {_day_said(start)}" if start == end else f"between {_day_said(start)} and {_day_said(end)}"


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)


def _both(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
