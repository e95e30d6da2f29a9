import datetime as dt
from itertools import pairwise

import pytest

from sscbtool.core.occasions import slots_of, span
from sscbtool.core.values import Period

YEAR = Period(2018)


def dates(*texts):
    return tuple(dt.date.fromisoformat(text) for text in texts)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2018-09-07", "2018-09-07", "2018-09-07"),
        ("2019-02", "2019-02-01", "2019-02-28"),
        ("2017", "2017-01-01", "2017-12-31"),
        ("2018-19", "2018-04-01", "2019-03-31"),
        ("2019/2020", "2019-04-01", "2020-03-31"),
        ("2018/20", "2018-01-01", "2020-12-31"),
        ("2018/2020", "2018-01-01", "2020-12-31"),
        ("2019-20 Q1", "2019-04-01", "2019-06-30"),
        ("2019-06..2019-08", "2019-06-01", "2019-08-31"),
    ],
)
def test_a_register_states_dates_months_years_and_spans(text, first, last):
    assert span(text) == dates(first, last)


@pytest.mark.parametrize("text", ["", "soon", "2019-02-30", "2020/2018", "2019-08..2019-06", "2018-13-01", "..2019"])
def test_what_states_no_date_is_none(text):
    assert span(text) is None


@pytest.mark.parametrize(("kind", "count"), [("quarter", 4), ("term", 3), ("month", 12), ("year", 1)])
def test_slots_cover_the_year_without_gap_or_overlap(kind, count):
    slots = list(slots_of(YEAR, kind))
    assert len(slots) == count
    assert slots[0][1] == YEAR.start
    assert slots[-1][2] == YEAR.end
    for (_, _, end), (_, start, _) in pairwise(slots):
        assert start - end == dt.timedelta(days=1)
