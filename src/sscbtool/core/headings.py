"""What a heading or a title says besides a name: its unit, its year, its quarter or month."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from sscbtool.core.values import Period, fold, parse_date, parse_period

YEAR = re.compile(r"\b(?:fy ?)?(?:19|20)\d\d(?: (?:\d\d|(?:19|20)\d\d))?\b")
POUNDS = re.compile(r"(?:£ ?p\b|£|\bgbp\b|\bpounds?\b|\bsterling\b|%)", re.IGNORECASE)
BRACKETED = re.compile(r"[(\[{][^)\]}]*[)\]}]")
STATED_YEAR = re.compile(r"(?<![\d/-])(?:19|20)\d\d ?[-/–] ?(?:(?:19|20)\d\d|\d\d)(?![\d/-])")
_ZEROES = r"['’]?0{3}['’]?s?"
SCALED = re.compile(
    rf"(?:£|\bgbp) ?{_ZEROES}\b|\( ?{_ZEROES} ?\)|['’]0{{3}}s?\b|\b0{{3}}s\b"
    r"|(?:£|\bgbp) ?(?:k|m|mn|mill|bn|th)\b|\( ?k ?\)"
    r"|\b(?:gbp|in|of) ?(?:thousands?|millions?|hundreds)\b|£ ?(?:thousands?|millions?)\b",
    re.IGNORECASE,
)
"""A unit that scales the numbers under it, wherever it stands."""
SCALED_ALONE = re.compile(r"\b(?:thousands?|millions?|hundreds|pence|000s?)\b|\(p\)", re.IGNORECASE)
"""The same where nothing but a unit is expected; in prose these speak of anything."""
PENCE = re.compile(r"\(?\b(?:in )?pence\b\)?|\(p\)", re.IGNORECASE)
FOREIGN = re.compile(
    r"[€¥₹]|(?<![A-Za-z])(?:us|a|c|nz)?\$|\b(?:eur|euros?|usd|dollars?|chf|jpy|yen|inr|aud|cad)\b", re.IGNORECASE
)
YEAR_ENDED = re.compile(r"\byear (?:ended|ending|to) (?:31(?:st)? march|march) ((?:19|20)\d\d)\b", re.IGNORECASE)
UNIT_NOTE = 40
"""Characters of a note that may be a unit; a longer one is prose."""
POUNDS_AND_PENCE = re.compile(r"pounds? (?:sterling )?(?:and|&) pence|£ ?(?:and|&) ?p\b", re.IGNORECASE)
TIMES = re.compile(
    r"\( ?[x×] ?1,?0{2,5} ?\)|^ ?[x×] ?1,?0{2,5} ?$|\b(?:multiply|times|multiplied)\b.{0,60}\b1,?0{2,5}\b",
    re.IGNORECASE,
)
_UNIT_WORD = rf"thousands?|millions?|billions?|hundreds|{_ZEROES}|pence|euros?|eur|(?:us )?dollars?|usd|k\b|mn?\b"
SENTENCE = re.compile(
    r"\b(?:figures?|amounts?|values?|sums?|totals?|numbers?|costs?|prices?|payments?|contributions?|currency|money|data|"
    r"everything|cells?|units?|entries|all)\b[^.;]{0,60}?"
    rf"\b(?:in|as|to the nearest)\s+(?:(?:whole|uk|gbp|units? of|£|pounds?)\s*)*(?:{_UNIT_WORD})"
    rf"|\bcurrency\b[^.;]{{0,40}}?(?:\bis\b|\bare\b|=|:)\s*(?:the\s+)?(?:euros?|eur|(?:us )?dollars?|usd)\b",
    re.IGNORECASE,
)
"""A whole sentence that says the unit of the figures: ``All figures in this workbook are in thousands of pounds``."""
SIGNED_UNIT = re.compile(rf"(?:£|\bgbp) ?(?:{_ZEROES}|k|m|mn|thousands?|millions?)(?![A-Za-z0-9])", re.IGNORECASE)
QUARTER = re.compile(r"(?:q|quarter|qtr) ?([1-4])|([1-4])(?:st|nd|rd|th) quarter|(first|second|third|fourth) quarter")
_ORDINALS = ("first", "second", "third", "fourth")
MONTH = re.compile(r"(apr|may|jun|jul|aug|sept?|oct|nov|dec|jan|feb|mar)(?:[a-z]*)(?: (\d\d|20\d\d))?")
MONTHS = re.compile(rf"{MONTH.pattern} (?:to )?{MONTH.pattern}")
_MONTHS = {
    "apr": "april", "may": "may", "jun": "june", "jul": "july", "aug": "august", "sep": "september",
    "oct": "october", "nov": "november", "dec": "december", "jan": "january", "feb": "february", "mar": "march",
}  # fmt: skip


LONGEST_NOTE = 2_000
"""Characters of a note that are looked at."""


class Unit(StrEnum):
    """A unit under which numbers must not be read as pounds."""

    SCALED = "scaled"
    PENCE = "pence"
    FOREIGN = "foreign"


def unit_of(heading: str) -> Unit | None:
    """The unit that a heading states, if numbers under it are not plain pounds."""
    if FOREIGN.search(heading):
        return Unit.FOREIGN
    heading = POUNDS_AND_PENCE.sub(" ", heading)
    if PENCE.search(heading):
        return Unit.PENCE
    if SCALED.search(heading) or SCALED_ALONE.search(heading) or TIMES.search(heading):
        return Unit.SCALED
    return None


def scaled(text: str) -> Unit | None:
    """Whether a text that is no heading of amounts states thousands or millions of pounds all the same."""
    return Unit.SCALED if SCALED.search(text) else None


def unit_by_note(note: str) -> Unit | None:
    """The unit that a title or note states: short, as a whole; prose, in brackets, as ``£000`` or in a sentence."""
    if len(note) <= UNIT_NOTE:
        return unit_of(note)
    note = POUNDS_AND_PENCE.sub(" ", note[:LONGEST_NOTE])
    if unit := unit_of(" ".join(BRACKETED.findall(note))):
        return unit
    if SIGNED_UNIT.search(note) or TIMES.search(note):
        return Unit.SCALED
    return unit_of(said.group()) if (said := SENTENCE.search(note)) else None


def year_in(text: str) -> Period | None:
    """The one financial year that a heading, title or sheet's name states; None for none or several."""
    found = {parse_period(each.replace(" ", "")) for each in STATED_YEAR.findall(text)}
    years = {Period(each.year, None) for each in found if isinstance(each, Period)}
    years |= {Period(int(each) - 1, None) for each in YEAR_ENDED.findall(text)}
    return years.pop() if len(years) == 1 else None


@lru_cache(maxsize=4096)
def stem(heading: str) -> str:
    """A heading without its unit, scale, year and brackets, folded."""
    bare = BRACKETED.sub(" ", heading)
    for unit in (SCALED, FOREIGN, POUNDS):
        bare = unit.sub(" ", bare)
    return " ".join(YEAR.sub(" ", fold(bare)).split())


def slot(heading: str) -> str | None:
    """``Q1`` or ``Apr`` for a heading that names a quarter or a month, however it is written."""
    key = stem(heading)
    if quarter := QUARTER.fullmatch(key):
        return f"Q{quarter[1] or quarter[2] or _ORDINALS.index(quarter[3]) + 1}"
    if month := month_in(heading):
        return month[0]
    for each in (key, fold(heading)):
        if span := MONTHS.fullmatch(each):
            first, last = (list(_MONTHS).index(name[:3]) for name in (span[1], span[3]))
            return f"Q{first // 3 + 1}" if first % 3 == 0 and last == first + 2 else None
    return None


@lru_cache(maxsize=4096)
def month_in(heading: str) -> tuple[str, int | None] | None:
    """``("Apr", 2018)`` for a heading that is a month (``Apr``, ``April 2018``, ``Apr-18``) or a date within one.

    The year is the calendar's; None where the heading gives none.
    """
    for each in (fold(heading), stem(heading)):
        found = MONTH.fullmatch(each)
        if found and _MONTHS[found[1][:3]].startswith(re.split(r"[ \d]", each)[0]):
            year = found[2]
            return found[1][:3].capitalize(), int(year) % 100 + 2000 if year else None
    date = parse_date(heading) if heading[:1].isdigit() else None
    if isinstance(date, dt.date):
        return list(_MONTHS)[(date.month - 4) % 12].capitalize(), date.year
    return None


def month_year(path: Sequence[str]) -> int | None:
    """The financial year (2018 for 2018-19) of a stack of headings that is a month of a stated year; None otherwise."""
    for n, part in enumerate(reversed(path)):
        if month := month_in(part):
            above = [each for each in path[: len(path) - 1 - n] if CALENDAR_YEAR.fullmatch(each.strip())]
            year = month[1] or (int(above[-1]) if above else None)
            return None if year is None else year - (month[0] in ("Jan", "Feb", "Mar"))
    return None


CALENDAR_YEAR = re.compile(r"20\d\d")


def quarter_of(name: str) -> str:
    """``Q1`` for ``Q1``, ``Apr``, ``May`` and ``Jun``."""
    months = list(_MONTHS)
    return name if name.startswith("Q") else f"Q{months.index(name.lower()) // 3 + 1}"
