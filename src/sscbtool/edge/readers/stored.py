"""What workbooks store -> canonical text: numbers, date serials and the number formats that tell one from the other."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache

from sscbtool.core.model import Kind

NUMBER, DATE, TEXT = int(Kind.NUMBER), int(Kind.DATE), int(Kind.TEXT)
SECONDS_A_DAY = 86_400
PHANTOM_SERIAL = 60
"""29 February 1900, a day that the 1900 system counts and the calendar does not have."""
SERIALS_END = 2_958_466
"""1 January 10000 in the 1900 system."""
DAYS_1904 = 1462

PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
INTEGER = re.compile(r"[+-]?[0-9]+")
NUMBER_GRAMMAR = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
SAFE_DIGITS = 15
"""Every decimal of up to 15 digits survives the trip through a double."""


class DateClass(IntEnum):
    """What a number format makes of a number."""

    NONE = 0
    DATE = 1
    """Shows a day, a month or a year."""
    TIME = 2
    """Shows a time of day only."""
    DATE_TIME = 3
    ELAPSED = 4
    """Shows hours, minutes or seconds beyond 24 hours: ``[h]:mm``."""


def number_text(value: float) -> str:
    """The shortest decimal of a finite double, without an exponent: ``63421.5``, ``0.1``, ``100000000000000000000``."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def stored_number(text: str) -> str | None:
    """The canonical form of a number's stored text; None where it is no finite number.

    An integer written out in full keeps its digits, although Excel itself would hold it as a double.
    """
    if len(text) <= SAFE_DIGITS and PLAIN_NUMBER.fullmatch(text):
        return "0" if text == "-0" else text
    text = text.strip(" \t\r\n")
    if not NUMBER_GRAMMAR.fullmatch(text):
        return None
    value = float(text)
    if not math.isfinite(value):
        return None
    if INTEGER.fullmatch(text):
        return str(int(text))
    return number_text(value)


# --------------------------------------------------------------------------- number formats

BUILTIN_FORMATS = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"£"#,##0;-"£"#,##0',
    6: '"£"#,##0;[Red]-"£"#,##0',
    7: '"£"#,##0.00;-"£"#,##0.00',
    8: '"£"#,##0.00;[Red]-"£"#,##0.00',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "dd/mm/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "hh:mm",
    21: "hh:mm:ss",
    22: "dd/mm/yyyy hh:mm",
    37: "#,##0;-#,##0",
    38: "#,##0;[Red]-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;[Red]-#,##0.00",
    41: '_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-',
    42: '_-"£"* #,##0_-;-"£"* #,##0_-;_-"£"* "-"_-;_-@_-',
    43: '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-',
    44: '_-"£"* #,##0.00_-;-"£"* #,##0.00_-;_-"£"* "-"??_-;_-@_-',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
}
"""Formats that a workbook names by number alone, as Excel set to British English shows them."""
EAST_ASIAN_DATES = (*range(27, 32), 36, *range(50, 55), 57, 58)
EAST_ASIAN_TIMES = (*range(32, 36), 55, 56)

_LITERALS = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[\$[^\]]*\]')
_BRACKETS = re.compile(r"\[[^\]]*\]")
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]")
_CLOCK = re.compile(r"am/pm|a/p|上午/下午")
_FRACTION = re.compile(r"(s)\.0+")


def builtin_format(number: int) -> str:
    """The code of a format named by number; General for a number that has none."""
    if number in EAST_ASIAN_DATES:
        return "yyyy-mm-dd"
    if number in EAST_ASIAN_TIMES:
        return "hh:mm:ss"
    return BUILTIN_FORMATS.get(number, "General")


@lru_cache(maxsize=4096)
def date_class(code: str) -> DateClass:
    """What format ``code`` makes of a positive number, literals, colours, locales and conditions left aside."""
    section = _LITERALS.sub(" ", code).split(";")[0].lower()
    elapsed = _ELAPSED.search(section) is not None
    letters = _FRACTION.sub(r"\1", _CLOCK.sub("h", _BRACKETS.sub(" ", section)))
    if elapsed:
        return DateClass.ELAPSED
    if re.search(r"[#?0@%]|[ac-fi-ln-rt-xz]", letters.replace("d", " ").replace("e", " ")) or "general" in letters:
        return DateClass.NONE
    time = "h" in letters or "s" in letters
    date = "y" in letters or "d" in letters or ("m" in letters and not time)
    if date:
        return DateClass.DATE_TIME if time else DateClass.DATE
    return DateClass.TIME if time else DateClass.NONE


# --------------------------------------------------------------------------- date serials


@lru_cache(maxsize=20_000)
def serial_text(value: float, shown: DateClass, *, epoch_1904: bool) -> str | None:
    """ISO text of a date serial rounded to the second; None where it names no day of the calendar.

    ``2018-05-01``, ``2018-05-01T09:30:00``, ``09:30:00`` for a bare time, ``36:00:00`` for an elapsed one.
    """
    if not 0 <= value < SERIALS_END:
        return None
    days, seconds = divmod(round(value * SECONDS_A_DAY), SECONDS_A_DAY)
    if shown is DateClass.ELAPSED:
        return clock_text(days * SECONDS_A_DAY + seconds)
    if value < 1 and (shown is DateClass.TIME or not epoch_1904):
        if value == 0 and shown is DateClass.DATE:
            return None
        return clock_text(min(days * SECONDS_A_DAY + seconds, SECONDS_A_DAY - 1))
    if epoch_1904:
        days += DAYS_1904
    elif days == PHANTOM_SERIAL:
        return None
    elif days < PHANTOM_SERIAL:
        days += 1
    if days >= SERIALS_END:
        return None
    day = dt.date(1899, 12, 30) + dt.timedelta(days=days)
    return f"{day.isoformat()}T{clock_text(seconds)}" if seconds else day.isoformat()


def clock_text(seconds: int) -> str:
    """``09:30:00``; hours run on beyond 24."""
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


def number_cell(text: str, shown: DateClass, *, epoch_1904: bool) -> tuple[str, int]:
    """Canonical text and ``Kind`` of a stored number under a format; text that is no number stays TEXT."""
    number = stored_number(text)
    if number is None:
        return text, TEXT
    if shown is not DateClass.NONE:
        date = serial_text(float(text), shown, epoch_1904=epoch_1904)
        if date is not None:
            return date, DATE
    return number, NUMBER


def iso_text(text: str) -> str | None:
    """A stored ISO date, date and time, or time, canonical and rounded to the second; None where it is none."""
    text = text.strip().removesuffix("Z")
    try:
        if ("T" not in text and ":" in text) or text.startswith("T"):
            time = dt.time.fromisoformat(text.removeprefix("T"))
            return time.replace(microsecond=0, tzinfo=None).isoformat()
        moment = dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
    try:
        moment = (moment + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    except OverflowError:
        return None
    midnight = moment.time() == dt.time(0)
    return moment.date().isoformat() if midnight else moment.isoformat()
