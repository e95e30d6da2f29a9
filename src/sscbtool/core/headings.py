"""What a heading or a title says besides a name: its unit, its year, its quarter or month."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from sscbtool.core.values import Period, fold, parse_period

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
SCALED_ALONE = re.compile(r"\b(?:thousands?|millions?|pence|000s?)\b|\(p\)", re.IGNORECASE)
"""The same where nothing but a unit is expected; in prose these speak of anything."""
PENCE = re.compile(r"\(?\b(?:in )?pence\b\)?|\(p\)", re.IGNORECASE)
FOREIGN = re.compile(
    r"[€¥₹]|(?<![A-Za-z])(?:us|a|c|nz)?\$|\b(?:eur|euros?|usd|dollars?|chf|jpy|yen|inr|aud|cad)\b", re.IGNORECASE
)
YEAR_ENDED = re.compile(r"\byear (?:ended|ending|to) (?:31(?:st)? march|march) ((?:19|20)\d\d)\b", re.IGNORECASE)
UNIT_NOTE = 40
"""Characters of a note that may be a unit; a longer one is prose."""
QUARTER = re.compile(r"(?:q|quarter|qtr) ?([1-4])|([1-4])(?:st|nd|rd|th) quarter|(first|second|third|fourth) quarter")
_ORDINALS = ("first", "second", "third", "fourth")
MONTH = re.compile(r"(apr|may|jun|jul|aug|sept?|oct|nov|dec|jan|feb|mar)(?:[a-z]*)(?: (?:\d\d|20\d\d))?")
_MONTHS = {
    "apr": "april", "may": "may", "jun": "june", "jul": "july", "aug": "august", "sep": "september",
    "oct": "october", "nov": "november", "dec": "december", "jan": "january", "feb": "february", "mar": "march",
}  # fmt: skip


class Unit(StrEnum):
    """A unit under which numbers must not be read as pounds."""

    SCALED = "scaled"
    PENCE = "pence"
    FOREIGN = "foreign"


def unit_of(heading: str) -> Unit | None:
    """The unit that a heading states, if numbers under it are not plain pounds."""
    if FOREIGN.search(heading):
        return Unit.FOREIGN
    if PENCE.search(heading) and not re.search(r"pounds? (?:and|&) pence", heading, re.IGNORECASE):
        return Unit.PENCE
    return Unit.SCALED if SCALED.search(heading) or SCALED_ALONE.search(heading) else None


def scaled(text: str) -> Unit | None:
    """Whether a text that is no heading of amounts states thousands or millions of pounds all the same."""
    return Unit.SCALED if SCALED.search(text) else None


def unit_by_note(note: str) -> Unit | None:
    """The unit that a title or note states: as a whole where it is short, within brackets or as ``£000`` where not."""
    if len(note) <= UNIT_NOTE:
        return unit_of(note)
    bracketed = " ".join(BRACKETED.findall(note))
    return unit_of(bracketed) or (Unit.SCALED if re.search(rf"(?:£|\bgbp) ?{_ZEROES}\b", note, re.IGNORECASE) else None)


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
    folded = fold(heading)
    for each in (key, folded):
        if (month := MONTH.fullmatch(each)) and _MONTHS[month[1][:3]].startswith(re.split(r"[ \d]", each)[0]):
            return month[1][:3].capitalize()
    return None


def quarter_of(name: str) -> str:
    """``Q1`` for ``Q1``, ``Apr``, ``May`` and ``Jun``."""
    months = list(_MONTHS)
    return name if name.startswith("Q") else f"Q{months.index(name.lower()) // 3 + 1}"
