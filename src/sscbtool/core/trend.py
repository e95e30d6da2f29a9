"""A measure over financial years: each year's change from the year before, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sscbtool.core.precision import to_places
from sscbtool.core.values import Period

PERCENT_PLACES = 1


@dataclass(frozen=True)
class Step:
    """A measure in one year, and how it changed from the year before."""

    period: Period
    value: Decimal | None
    """None where nothing of the year was read, or what was read gives no one number."""
    change: Decimal | None
    """``value`` less that of the year before; None where either is unknown."""
    percent_change: Decimal | None
    """To one place; None also where the year before was nought or below."""


def steps(values: Mapping[int, Decimal | None]) -> Iterator[Step]:
    """Every year from the first to the last that there is, those between without a value included.

    Args:
        values: by the year in which a financial year starts.
    """
    for year in range(min(values), max(values) + 1) if values else ():
        value, before = values.get(year), values.get(year - 1)
        change = None if value is None or before is None else value - before
        percent = None
        if change is not None and before is not None and before > 0:
            percent = to_places(Fraction(change) * 100 / Fraction(before), PERCENT_PLACES)
        yield Step(Period(year), value, change, percent)
