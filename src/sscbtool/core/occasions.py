"""Days, months and years as a figures register states them, and the quarters, terms and months of a financial year."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator

from sscbtool.core.values import Period, parse_period
from sscbtool.errors import BadConfiguration

_CALENDAR_YEARS = re.compile(r"([0-9]{4})[-/]([0-9]{4}|[0-9]{2})")


def span(text: str) -> tuple[dt.date, dt.date] | None:
    """First and last day of what a register states: a day, month, year, financial year or quarter; None if neither.

    ``2018-09`` is a month, ``2018-19`` and ``2018/2019`` a financial year, ``2018/20`` and ``2018/2020`` the calendar
    years 2018 to 2020; ``2019-06..2019-08`` is from the first of the one to the last of the other.
    """
    text = text.strip()
    if ".." in text:
        first, last = (span(part) for part in text.split("..", maxsplit=1))
        return (first[0], last[1]) if first and last and first[0] <= last[1] else None
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return (day := dt.date.fromisoformat(text)), day
        if re.fullmatch(r"[0-9]{4}", text):
            return dt.date(int(text), 1, 1), dt.date(int(text), 12, 31)
        if re.fullmatch(r"[0-9]{4}-(?:0[1-9]|1[0-2])", text):
            year, month = int(text[:4]), int(text[5:])
            return dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])
    except ValueError:
        return None
    period = parse_period(text)
    if isinstance(period, Period):
        return period.start, period.end
    if years := _CALENDAR_YEARS.fullmatch(text):
        start, end = int(years[1]), int(years[1][: 4 - len(years[2])] + years[2])
        return (dt.date(start, 1, 1), dt.date(end, 12, 31)) if 0 < start < end else None
    return None


SLOTS = ("quarter", "term", "month", "year")


def slots_of(year: Period, kind: str) -> Iterator[tuple[str, dt.date, dt.date]]:
    """The quarters, terms or months of a financial year, or itself: name, first day, last day.

    The terms are those of schools: summer April to August, autumn September to December, spring January to March.
    """
    first = year.year
    match kind:
        case "quarter":
            for number_ in (1, 2, 3, 4):
                quarter = Period(first, number_)
                yield f"{quarter.start:%B} to {quarter.end:%B %Y}", quarter.start, quarter.end
        case "term":
            yield f"the summer term of {first}", dt.date(first, 4, 1), dt.date(first, 8, 31)
            yield f"the autumn term of {first}", dt.date(first, 9, 1), dt.date(first, 12, 31)
            yield f"the spring term of {first + 1}", dt.date(first + 1, 1, 1), dt.date(first + 1, 3, 31)
        case "month":
            for k in range(12):
                start = dt.date(first + (k + 3) // 12, (k + 3) % 12 + 1, 1)
                yield f"{start:%B %Y}", start, start.replace(day=calendar.monthrange(start.year, start.month)[1])
        case "year":
            yield str(year), year.start, year.end
        case _:
            raise BadConfiguration(f"A figure asks for one in every {kind!r}.", f"Choose one of {', '.join(SLOTS)}.")
