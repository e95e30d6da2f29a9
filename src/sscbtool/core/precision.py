"""What a printed number says: exactly, or to the base it was rounded to; and what is then known of the true value.

A value that was rounded may be any that rounds to it. Halves are rounded away from nought by Excel and to the even
neighbour by most statistical software, and nobody tells which was used: a printed number admits both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

# --------------------------------------------------------------------------- what a register states


def number(text: str) -> Decimal | None:
    """The number that a register's value or tolerance states, exactly; None where it states none."""
    plain = text.strip().replace(",", "").replace("£", "").removesuffix("%").strip()
    return Decimal(plain) if re.fullmatch(r"[+-]?[0-9]+(?:\.[0-9]+)?", plain) else None


class Measuring(StrEnum):
    """What a tolerance is measured in."""

    UNITS = "units"
    PERCENT = "percent"
    """Of the value it stands beside."""
    POINTS = "points"
    """Percentage points."""
    PLACES = "places"
    """Decimal places."""


@dataclass(frozen=True)
class Tolerance:
    """A declared tolerance: ``100``, ``10%``, ``2.5pp`` or ``1dp``; never below nought."""

    size: Fraction
    measuring: Measuring

    @property
    def base(self) -> Fraction:
        """The base that it says a number was rounded to."""
        return Fraction(1, 10 ** int(self.size)) if self.measuring is Measuring.PLACES else self.size


_SUFFIXES = {"%": Measuring.PERCENT, "pp": Measuring.POINTS, "dp": Measuring.PLACES, "": Measuring.UNITS}


def tolerance(text: str | None) -> Tolerance | None:
    """The tolerance that a register's cell states; None where it is blank.

    Raises:
        ValueError: the text states none.
    """
    if text is None or not text.strip():
        return None
    found = re.fullmatch(r"£?([0-9][0-9,]*(?:\.[0-9]+)?) ?(%|pp|dp|)", text.strip())
    if not found:
        raise ValueError(text)
    stated = Tolerance(Fraction(found[1].replace(",", "")), _SUFFIXES[found[2]])
    if stated.measuring is Measuring.PLACES and (stated.size.denominator != 1 or stated.size > 9):
        raise ValueError(text)
    return stated


def places(printed: str) -> int:
    """Decimal places of a number as it is printed: 1 for ``79.0``."""
    return len(printed.strip().rstrip("%").strip().partition(".")[2])


# --------------------------------------------------------------------------- what is known of a value


@dataclass(frozen=True)
class Bounds:
    """The exact values that a quantity may have; an end that is None is unbounded, an open end is not itself meant."""

    low: Fraction | None
    high: Fraction | None
    low_open: bool = False
    high_open: bool = False

    @property
    def exact(self) -> Fraction | None:
        """The one value there is; None where there are several."""
        return self.low if self.low == self.high else None

    def holds(self, value: Fraction) -> bool:
        """Whether ``value`` is one of them."""
        return Bounds(value, value).within(self)

    def within(self, other: Bounds) -> bool:
        """Whether every value of this is one of ``other``."""
        return _from(other) <= _from(self) and _to(self) <= _to(other)

    def apart(self, other: Bounds) -> bool:
        """Whether no value of this is one of ``other``."""
        return _past(self, other) or _past(other, self)

    def __and__(self, other: Bounds) -> Bounds | None:
        """The values of both; None where there is none."""
        if self.apart(other):
            return None
        low = max(self, other, key=_from)
        high = min(self, other, key=_to)
        return Bounds(low.low, high.high, low.low_open, high.high_open)

    def __add__(self, other: Bounds) -> Bounds:
        low = None if self.low is None or other.low is None else self.low + other.low
        high = None if self.high is None or other.high is None else self.high + other.high
        return Bounds(low, high, self.low_open or other.low_open, self.high_open or other.high_open)

    def __neg__(self) -> Bounds:
        low = None if self.high is None else -self.high
        high = None if self.low is None else -self.low
        return Bounds(low, high, self.high_open, self.low_open)

    def __sub__(self, other: Bounds) -> Bounds:
        return self + -other

    def times(self, factor: Fraction) -> Bounds:
        """Every value times a factor above nought."""
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Bounds(low, high, self.low_open, self.high_open)

    def over(self, other: Bounds) -> Bounds:
        """Every value by every value of ``other``, which is not nought throughout; neither is below nought."""
        own, by = self._not_negative(), other._not_negative()
        low = Fraction(0) if own.low is None or by.high is None else own.low / by.high
        high = own.high / by.low if own.high is not None and by.low else None
        return Bounds(low, high, own.low_open or by.high_open, own.high_open or by.low_open)

    def _not_negative(self) -> Bounds:
        """The values that are not below nought."""
        below = self.low is None or self.low < 0
        return Bounds(Fraction(0), self.high, high_open=self.high_open) if below else self


def _from(bounds: Bounds) -> tuple[bool, Fraction, bool]:
    """Bounds in the order of where they begin."""
    return bounds.low is not None, bounds.low or Fraction(0), bounds.low_open


def _to(bounds: Bounds) -> tuple[bool, Fraction, bool]:
    """Bounds in the order of where they end."""
    return bounds.high is None, bounds.high or Fraction(0), not bounds.high_open


def _past(one: Bounds, other: Bounds) -> bool:
    """Whether all of ``one`` lies above all of ``other``."""
    if one.low is None or other.high is None:
        return False
    return one.low > other.high or (one.low == other.high and (one.low_open or other.high_open))


def exactly(value: Fraction | Decimal | int) -> Bounds:
    """One value and no other."""
    return Bounds(Fraction(value), Fraction(value))


def rounding(printed: Fraction | Decimal | int, base: Fraction) -> Bounds:
    """What a number printed as a multiple of ``base`` may have been, halves rounded away from nought or to the even.

    Half a base nearer to nought is always admitted; half a base further out only where ``printed`` is an even multiple.
    """
    value, half = Fraction(printed), base / 2
    open_end = (value / base) % 2 != 0
    if value < 0:
        return -Bounds(-value - half, -value + half, high_open=open_end)
    return Bounds(value - half, value + half, high_open=open_end)


# --------------------------------------------------------------------------- in words

MONEY_UNITS = frozenset({"GBP"})
PERCENT_UNITS = frozenset({"%", "percent"})


def said(value: Fraction, unit: str) -> str:
    """An exact number in words' form: ``£1,234.50``, ``6.7%``, ``21,100``."""
    if unit in MONEY_UNITS:
        return f"{'-' * (value < 0)}£{abs(to_places(value, 2)):,.2f}"
    return f"{digits(value):,}{'%' * (unit in PERCENT_UNITS)}"


def said_apart(difference: Fraction, unit: str) -> str:
    """``£5.00 more``, ``3 fewer`` or ``0.4 percentage points less``."""
    more = difference > 0
    if unit in MONEY_UNITS:
        return f"{said(abs(difference), unit)} {'more' if more else 'less'}"
    if unit in PERCENT_UNITS:
        return f"{said(abs(difference), '')} percentage points {'more' if more else 'less'}"
    return f"{said(abs(difference), '')} {'more' if more else 'fewer'}"


def digits(value: Fraction) -> Decimal | int:
    """An exact number in digits: all of them where they end within six places, else to two."""
    if value.denominator == 1:
        return int(value)
    six = to_places(value, 6)
    return Decimal(f"{six.normalize():f}") if Fraction(six) == value else to_places(value, 2)


def to_places(value: Fraction, decimals: int) -> Decimal:
    """The number to so many decimal places, halves to the even neighbour."""
    scaled = value * 10**decimals
    whole = Decimal(round(scaled))
    return whole.scaleb(-decimals)
