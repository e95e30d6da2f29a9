"""What a row of the figures register may say: a comparator, and the value, tolerance and measure that fit it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from fractions import Fraction

from sscbtool.core.model import Comparator, Figure, Measure
from sscbtool.core.occasions import SLOTS, span
from sscbtool.core.precision import PERCENT_UNITS, Measuring, number, tolerance
from sscbtool.core.values import Period, parse_period

OF_A_LIST = frozenset({Comparator.EVERY, Comparator.COUNT_OF_LIST, Comparator.SAME_SET})
OF_A_SHARE = frozenset({Comparator.HALF, Comparator.MAJORITY})
OF_A_NUMBER = frozenset(
    {
        Comparator.SUM_OF,
        Comparator.OVER,
        Comparator.AT_LEAST,
        Comparator.APPROXIMATELY,
        Comparator.ROUNDED,
        Comparator.COUNT_OF_LIST,
        Comparator.PERCENT_CHANGE,
    }
)
"""Comparators whose published value must be a number."""


def mistake(figure: Figure, measure: Measure | None, figures: Mapping[str, Figure]) -> tuple[str, str] | None:
    """The column of the register that cannot be used, and why; None where the row is sound.

    Args:
        figure: the row.
        measure: the measure that it names, if it names one.
        figures: the whole register by id.
    """
    if figure.publish and not figure.never_shown:
        return "publish", "it is blank or never"
    if figure.comparator is None:
        return None
    if measure is None:
        return "measure", "a figure with a comparator names the return and the measure that evidence it"
    return (
        _value_mistake(figure, figure.comparator)
        or _tolerance_mistake(figure, figure.comparator)
        or _measure_mistake(figure, figure.comparator, measure)
        or _parts_mistake(figure, figures)
    )


VALUED = OF_A_NUMBER | {Comparator.EQUALS, Comparator.SAME_SET, Comparator.ON, Comparator.BY}
"""Comparators that hold the returns against a published value; a blank one has not been published yet."""


def _value_mistake(figure: Figure, comparator: Comparator) -> tuple[str, str] | None:
    value = figure.value
    if not value and comparator in VALUED:
        return None
    if comparator in OF_A_NUMBER and number(value) is None:
        return "value", f"{comparator} compares with a number"
    if comparator is Comparator.EVERY and value not in SLOTS:
        return "value", f"every asks for one of {', '.join(SLOTS)}"
    if comparator in (Comparator.ON, Comparator.BY) and span(value) is None:
        return "value", "a date is written 2018-09-07, 2018-09, 2018, 2018-19, 2018/2020 or 2019-06..2019-08"
    return None


def _tolerance_mistake(figure: Figure, comparator: Comparator) -> tuple[str, str] | None:
    try:
        declared = tolerance(figure.tolerance)
    except ValueError:
        return "tolerance", "it is written 100, 10%, 2.5pp or 1dp"
    if declared is None:
        needed = comparator in (Comparator.APPROXIMATELY, Comparator.ROUNDED)
        return ("tolerance", f"{comparator} needs one, declared beforehand") if needed else None
    if comparator is Comparator.ROUNDED:
        if declared.measuring not in (Measuring.UNITS, Measuring.PLACES) or not declared.base:
            return "tolerance", "a rounded value has a base such as 100, or decimal places such as 1dp"
        if Fraction(number(figure.value) or 0) % declared.base:
            return "tolerance", f"{figure.value} is no multiple of that base"
    if comparator is Comparator.PERCENT_CHANGE and (
        declared.measuring not in (Measuring.UNITS, Measuring.PLACES) or declared.size.denominator != 1
    ):
        return "tolerance", "a percentage change has the decimal places of the printed percentage, such as 0"
    return None


def _measure_mistake(figure: Figure, comparator: Comparator, measure: Measure) -> tuple[str, str] | None:
    either = (Comparator.ON, Comparator.BY, Comparator.EXISTS)
    if comparator not in either and measure.listed != (comparator in OF_A_LIST):
        return (
            "measure",
            f"{comparator} takes a measure that {'lists' if comparator in OF_A_LIST else 'counts or sums'}",
        )
    counts = re.match(r"\s*(?:count|sum)\s*\(", measure.sql, re.IGNORECASE)
    if comparator is Comparator.EQUALS and counts and figure.value and number(figure.value) is None:
        return "value", f"the measure {measure.name} gives a number, which no text equals"
    if comparator in OF_A_SHARE and measure.of is None and measure.unit not in PERCENT_UNITS:
        return "measure", f"{comparator} takes a share: the measure needs an of"
    sql = " ".join(part for part in (measure.sql, measure.of, measure.where, figure.where) if part)
    if "{as_at}" in sql and figure.as_at and as_at_of(figure) is None:
        return "as_at", "the measure needs a day, written 2019-03-31"
    return None


def _parts_mistake(figure: Figure, figures: Mapping[str, Figure]) -> tuple[str, str] | None:
    if figure.comparator is not Comparator.SUM_OF:
        return None
    parts = parts_of(figure)
    if not parts:
        return "note", "the parts of a total are named in it, as in parts: M01 M02"
    unsound = [part for part in parts if part not in figures or not _is_part(figures[part])]
    return ("note", f"{unsound[0]} is no figure of the register with a number") if unsound else None


def _is_part(figure: Figure) -> bool:
    return not figure.value or number(figure.value) is not None


def parts_of(figure: Figure) -> tuple[str, ...]:
    """The figures whose published values a total is the sum of: its note names them after ``parts:``."""
    found = re.search(r"\bparts:((?:[ ,]+[A-Z]+[0-9]+[a-z]?\b)+)", figure.note or "")
    return tuple(re.findall(r"\w+", found[1])) if found else ()


def as_at_of(figure: Figure) -> dt.date | None:
    """The day that a figure is stated as at; None where it states none."""
    try:
        return dt.date.fromisoformat(figure.as_at) if figure.as_at else None
    except ValueError:
        return None


AS_AT = "{as_at}"
"""Stands in a measure's SQL for the day that a figure is stated as at."""


def dated(sql: str, day: dt.date | None) -> str:
    """``sql`` with ``{as_at}`` as a date; where no day is known, as none, so that nothing compares with it."""
    return sql.replace(AS_AT, f"DATE '{day.isoformat()}'" if day else "CAST(NULL AS DATE)")


def last_day(period: str | None) -> dt.date | None:
    """The last day of a year as it is written; None where none is."""
    of = parse_period(period) if period else None
    return of.end if isinstance(of, Period) else None


def as_stated(sql: str, figure: Figure, period: str | None) -> str:
    """A measure's SQL with the day that the figure is stated as at, as a reader may try it himself."""
    return dated(sql, as_at_of(figure) or last_day(period))
