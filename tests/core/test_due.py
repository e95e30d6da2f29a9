"""What is due, and how it stands on a day."""

import datetime as dt

import pytest

from sscbtool.core.due import Arrival, DueReturn, Every, Expectation, Said, Sent, Standing, standings
from sscbtool.core.values import Period

YEAR, NEXT = Period(2030), Period(2031)
DAY = dt.date(2031, 4, 30)
"""30 days after the end of 2030-31."""
YEARLY = Expectation("FIRE", "money", Every.YEAR, 30, first=YEAR, last=YEAR)
QUARTERLY = Expectation("POL", "crime", Every.QUARTER, 10, first=Period(2030, 1))
SLOT = ("money", "FIRE", "2030-31")


def came(period="2030-31", *, on=dt.date(2031, 4, 20), partner="FIRE", return_name="money", nil=False):
    return Arrival(return_name, partner, frozenset({period, period[:7]}), f"{partner}.csv", on, nil)


def one(sent=None, today=DAY, expected=YEARLY) -> DueReturn:
    (only,) = standings([expected], sent or Sent(), today)
    return only


@pytest.mark.parametrize(
    ("today", "standing", "days"),
    [
        (dt.date(2030, 6, 1), Standing.AWAITED, 0),
        (DAY, Standing.AWAITED, 0),
        (DAY + dt.timedelta(days=1), Standing.LATE, 1),
        (DAY + dt.timedelta(days=40), Standing.LATE, 40),
    ],
)
def test_a_return_is_late_from_the_day_after_it_was_due(today, standing, days):
    due = one(today=today)
    assert (due.standing, due.days_late, due.due, due.missing) == (standing, days, DAY, standing is Standing.LATE)


def test_what_came_is_received_and_how_late_it_came_is_kept():
    in_time = one(Sent((came(),)), today=dt.date(2032, 1, 1))
    late = one(Sent((came(on=dt.date(2031, 5, 3)),)), today=dt.date(2032, 1, 1))
    assert (in_time.standing, in_time.days_late) == (Standing.RECEIVED, 0)
    assert (late.standing, late.days_late, late.missing) == (Standing.RECEIVED, 3, False)


def test_a_nil_return_satisfies_what_is_due_whoever_said_it():
    later = dt.date(2031, 9, 1)
    recorded = one(Sent(nils={SLOT: Said("ann", "letter of 3 May")}), today=later)
    by_cover = one(Sent((came(nil=True),)), today=later)
    assert (recorded.standing, recorded.said) == (Standing.NIL, Said("ann", "letter of 3 May"))
    assert (by_cover.standing, by_cover.said) == (Standing.NIL, None)


def test_rows_that_come_after_all_outweigh_a_nil():
    assert one(Sent((came(),), nils={SLOT: Said("ann", "")})).standing is Standing.RECEIVED


def test_an_extension_moves_the_day_and_an_earlier_one_does_not():
    later, earlier = dt.date(2031, 6, 30), dt.date(2031, 4, 1)
    assert one(Sent(extensions={SLOT: Said("ann", "sick leave", later)}), today=later).standing is Standing.AWAITED
    over = one(Sent(extensions={SLOT: Said("ann", "sick leave", later)}), today=later + dt.timedelta(days=2))
    assert (over.standing, over.days_late, over.extended, over.due) == (Standing.LATE, 2, True, later)
    assert one(Sent(extensions={SLOT: Said("ann", "slip", earlier)})).due == DAY


def test_another_partner_s_return_or_year_does_not_satisfy():
    sent = Sent((came(partner="POL"), came("2029-30"), came(return_name="crime")))
    (ours,) = [d for d in standings([YEARLY], sent, DAY + dt.timedelta(days=5)) if d.due]
    assert ours.standing is Standing.LATE


def test_what_came_unasked_is_listed_and_never_late():
    others = [d for d in standings([YEARLY], Sent((came(partner="POL"),)), dt.date(2040, 1, 1)) if not d.due]
    assert [(d.partner, d.standing, d.missing) for d in others] == [("POL", Standing.RECEIVED, False)]


def test_quarters_are_due_one_by_one_up_to_the_one_that_runs():
    due = standings([QUARTERLY], Sent((came("2030-31 Q2", partner="POL", return_name="crime"),)), dt.date(2030, 12, 1))
    assert [(d.period, d.due, d.standing) for d in due] == [
        ("2030-31 Q1", dt.date(2030, 7, 10), Standing.LATE),
        ("2030-31 Q2", dt.date(2030, 10, 10), Standing.RECEIVED),
        ("2030-31 Q3", dt.date(2031, 1, 10), Standing.AWAITED),
    ]


def test_without_a_first_period_only_the_last_that_ended_and_the_running_one_are_looked_at():
    rule = Expectation("FIRE", "money", Every.YEAR, 30)
    assert [d.period for d in standings([rule], Sent(), dt.date(2031, 6, 1))] == ["2030-31", "2031-32"]


@pytest.mark.parametrize(
    ("within", "periods"),
    [
        (None, ["2030-31", "2030-31 Q1", "2030-31 Q2"]),
        (YEAR, ["2030-31", "2030-31 Q1", "2030-31 Q2"]),
        (Period(2030, 2), ["2030-31", "2030-31 Q2"]),
        (NEXT, []),
    ],
)
def test_a_period_asked_for_narrows_what_is_shown(within, periods):
    assert [d.period for d in standings([YEARLY, QUARTERLY], Sent(), dt.date(2030, 9, 1), within)] == periods


def test_the_earlier_of_two_days_stands():
    sooner = Expectation("FIRE", "money", Every.YEAR, dt.date(2031, 4, 2), first=YEAR, last=YEAR)
    assert one(expected=YEARLY).due == DAY
    (both,) = standings([YEARLY, sooner], Sent(), DAY)
    assert both.due == dt.date(2031, 4, 2)


def test_a_slip_in_a_year_does_not_run_for_ever():
    rule = Expectation("FIRE", "money", Every.QUARTER, 30, first=Period(1000, 1))
    assert len(standings([rule], Sent(), DAY)) == 400
