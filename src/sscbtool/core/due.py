"""Which returns are due by a day, and how each stands: received, nil, late or awaited. Pure: the day is given.

An expectation is a board's rule ("the fire brigade sends contributions each year, 30 days after its end"); a due return
is one period of it. What a partner sent or a person said of it decides how it stands.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sscbtool.core.values import Period

MOST_PERIODS = 400
"""A century of quarters: more than that is a slip in a year, not an expectation."""


class Every(StrEnum):
    """How often a return is expected."""

    YEAR = "year"
    QUARTER = "quarter"


@dataclass(frozen=True)
class Expectation:
    """A return that a partner must send for each period."""

    partner: str | None
    """As the settings name it; None for the return's usual sender."""
    return_name: str
    every: Every
    due: int | dt.date
    """Days after the period's end, or the day itself where ``first`` is the only period."""
    first: Period | None = None
    """From which period on; None for the last that has ended."""
    last: Period | None = None

    def periods(self, today: dt.date) -> Iterator[Period]:
        """Each period from the first to the last, or to the one that runs today."""
        running = Period.quarter_of(today) if self.every is Every.QUARTER else Period.of(today)
        period = self.first or running.previous()
        last = running if self.last is None else self.last
        for _ in range(MOST_PERIODS):
            if last < period:
                return
            yield period
            period = period.following()

    def covers(self, year: Period) -> bool:
        """Whether the return is expected for that year or quarters of it, by its own bounds alone."""
        after = self.first is None or self.first.year <= year.year
        return after and (self.last is None or self.last.year >= year.year)

    def due_on(self, period: Period) -> dt.date:
        """The last day on which the return of a period is in time."""
        return self.due if isinstance(self.due, dt.date) else period.end + dt.timedelta(days=self.due)


class Standing(StrEnum):
    """How a due return stands."""

    RECEIVED = "received"
    NIL = "nil"
    """The partner has nothing to send, and said so or somebody did for it."""
    LATE = "late"
    AWAITED = "awaited"
    """Not received, and not due yet."""


Slot = tuple[str, str, str]
"""Return, partner's code, period: what one due return is known by."""


@dataclass(frozen=True)
class Arrival:
    """A submission that stands: what it is for, and when it came."""

    return_name: str
    partner: str
    periods: frozenset[str]
    """The year it is for and each quarter that it holds rows of."""
    path: str
    on: dt.date | None
    nil: bool = False
    """Its own cover says that there is nothing to send."""


@dataclass(frozen=True)
class Said:
    """What a person recorded of a due return."""

    by: str
    reason: str
    until: dt.date | None = None
    """The later day, for an extension."""


@dataclass(frozen=True)
class Sent:
    """All that is known of what came and what was said, by slot or partner."""

    arrivals: tuple[Arrival, ...] = ()
    superseded: Mapping[Slot, int] = field(default_factory=dict)
    refused: Mapping[tuple[str, str | None], tuple[str, ...]] = field(default_factory=dict)
    """Partner and year -> the files of it that could not be read."""
    nils: Mapping[Slot, Said] = field(default_factory=dict)
    extensions: Mapping[Slot, Said] = field(default_factory=dict)


@dataclass(frozen=True)
class DueReturn:
    """One return of one partner for one period, and how it stands on a day."""

    return_name: str
    partner: str
    period: str
    due: dt.date | None
    """None for what came without being expected."""
    standing: Standing
    days_late: int = 0
    """Days past the due day: until today while it is missing, until it came where it came late."""
    received_on: dt.date | None = None
    files: tuple[str, ...] = ()
    superseded: int = 0
    refused: tuple[str, ...] = ()
    extended: bool = False
    said: Said | None = None
    """Who said that it is nil or may come later, and why."""

    @property
    def missing(self) -> bool:
        """Whether it is past its day and not there."""
        return self.standing is Standing.LATE


def standings(
    expected: Iterable[Expectation], sent: Sent, today: dt.date, within: Period | None = None
) -> tuple[DueReturn, ...]:
    """Every due return and every one that came unasked, those of ``within`` only if given; by period, partner, return.

    Each expectation names its partner by code. A return that two expectations ask for has the earlier day.
    """
    days: dict[Slot, dt.date] = {}
    for each in expected:
        for period in each.periods(today):
            if each.partner is not None and touches(period, within):
                slot = (each.return_name, each.partner, str(period))
                day = each.due_on(period)
                days[slot] = min(day, days.get(slot, day))
    came: defaultdict[Slot, list[Arrival]] = defaultdict(list)
    for arrival in sent.arrivals:
        own = [slot for slot in days if slot[:2] == (arrival.return_name, arrival.partner)]
        answered = [slot for slot in own if slot[2] in arrival.periods]
        year = min(arrival.periods, key=len, default="")
        if not answered and year and _within(year, within):
            answered = [(arrival.return_name, arrival.partner, year)]
        for slot in answered:
            came[slot].append(arrival)
    slots = {*days, *came, *(slot for slot in sent.nils if _within(slot[2], within))}
    ordered = sorted(slots, key=lambda slot: (slot[2], slot[1], slot[0]))
    return tuple(_standing(slot, days.get(slot), came.get(slot, []), sent, today) for slot in ordered)


def touches(period: Period, within: Period | None) -> bool:
    """Whether a period lies in ``within`` or holds it; any does where nothing is given."""
    if within is None:
        return True
    return period.year == within.year and (period.quarter is None or within.quarter in (None, period.quarter))


def _within(period: str, within: Period | None) -> bool:
    return within is None or period[:7] == str(Period(within.year))


def _standing(slot: Slot, due: dt.date | None, came: list[Arrival], sent: Sent, today: dt.date) -> DueReturn:
    extension, nil = sent.extensions.get(slot), sent.nils.get(slot)
    extended = due is not None and extension is not None and extension.until is not None and extension.until > due
    if extended and extension is not None:
        due = extension.until
    days = sorted(arrival.on for arrival in came if arrival.on)
    received_on = days[0] if days else None
    with_rows = [arrival for arrival in came if not arrival.nil]
    if with_rows:
        standing = Standing.RECEIVED
    elif came or nil:
        standing = Standing.NIL
    elif due is not None and due < today:
        standing = Standing.LATE
    else:
        standing = Standing.AWAITED
    until = today if standing is Standing.LATE else received_on if standing is Standing.RECEIVED else None
    return DueReturn(
        *slot,
        due=due,
        standing=standing,
        days_late=max(0, (until - due).days) if until and due else 0,
        received_on=received_on,
        files=tuple(sorted({arrival.path for arrival in came})),
        superseded=sent.superseded.get(slot, 0),
        refused=sent.refused.get((slot[1], slot[2][:7]), ()),
        extended=extended,
        said=nil if standing is Standing.NIL and nil else extension if extended else None,
    )
