import datetime as dt
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sscbtool.core.model import Measure
from sscbtool.core.normalise import COUNT, MONEY, TEXT
from sscbtool.core.values import Interval
from sscbtool.edge.engine import Engine, dated
from sscbtool.errors import BadConfiguration

YEARS = ["2018-19", "2018-19", "2018-19", "2018-19", "2017-18"]


def text(*values):
    return pd.Series(values, dtype=TEXT)


def money(*values):
    exact = [None if value is None else Decimal(value) for value in values]
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(exact, pa.decimal128(18, 2))), dtype=MONEY)


def counts(*values):
    return pd.Series(values, dtype=COUNT)


def days(*values):
    return pd.Series(np.array([np.datetime64(value or "NaT", "ns") for value in values]))


def rows(**columns):
    size = len(next(iter(columns.values())))
    return pd.DataFrame(
        {
            "period": text(*YEARS[:size]),
            "quarter": text(*["2018-19 Q1", "2018-19 Q1", "2018-19 Q2", None, None][:size]),
            "partner": text(*["LFB", "CCG", "LFB", "LFB", "LFB"][:size]),
            **columns,
            "_k": np.arange(size, dtype=np.int64),
        }
    )


PAID = rows(
    organisation=text("LFB", "CCG", "LFB", "LFB", "LFB"),
    amount=money("0.10", "0.20", "500.00", None, "7.00"),
    paid_on=days("2018-05-01", "2018-05-01", "2018-09-07", None, "2018-03-01"),
)


def measure(sql, *, of_return="paid", **more):
    return Measure(of_return, "asked", sql, "GBP", "Asked", **more)


@pytest.fixture
def engine():
    with Engine({"paid": PAID, "empty": PAID.iloc[:0]}) as engine:
        yield engine


def test_a_sum_is_exact_and_names_the_rows_that_it_counts(engine):
    found = engine.measure(measure("sum(amount)"), "organisation in ('LFB', 'CCG')", "2018-19")
    assert found.value == Decimal("500.30")
    assert isinstance(found.value, Decimal)
    assert found.rows == (0, 1, 2, 3)


def test_a_figures_condition_narrows_the_measures_own(engine):
    own = measure("count(*)", where="organisation = 'CCG' or amount > 1")
    assert engine.measure(own, None, "2018-19").value == 2
    assert engine.measure(own, "organisation = 'LFB'", "2018-19").rows == (2,)


def test_each_period_is_seen_alone_and_no_period_sees_all(engine):
    asked = measure("count(*)")
    assert [engine.measure(asked, None, period).value for period in ("2018-19", "2017-18", "2016-17", None)] == [
        4,
        1,
        0,
        5,
    ]


def test_a_measure_may_look_at_every_year(engine):
    asked = measure("count(*)", where="organisation in (select organisation from all_paid where period = '2017-18')")
    assert engine.measure(asked, None, "2018-19").rows == (0, 2, 3)


def test_a_return_of_which_nothing_came_is_empty(engine):
    found = engine.measure(measure("sum(amount)", of_return="empty"), None, "2018-19")
    assert (found.value, found.rows) == (None, ())
    assert engine.measure(measure("count(*)", of_return="empty"), None, "2018-19").value == 0


def test_a_share_keeps_its_part_and_its_whole_exact(engine):
    share = measure("sum(case when organisation = 'LFB' then 1 else 0 end)", of="count(*)")
    found = engine.measure(share, "amount is not null", "2018-19")
    assert (found.value, found.whole) == (2, 3)


def test_a_list_is_ordered_distinct_and_without_blanks(engine):
    found = engine.measure(measure("paid_on", listed=True), None, "2018-19")
    assert found.value == (dt.date(2018, 5, 1), dt.date(2018, 9, 7))
    assert found.rows == (0, 1, 2, 3)
    names = engine.measure(measure("lower(organisation)", listed=True), None, "2018-19")
    assert names.value == ("ccg", "lfb")
    assert engine.measure(measure("paid_on", listed=True), "1 = 0", "2018-19").value == ()


def test_a_moment_is_given_as_its_day(engine):
    assert engine.measure(measure("min(paid_on)"), None, "2018-19").value == dt.date(2018, 5, 1)


@pytest.mark.parametrize(
    "sql",
    ["avg(amount)", "sum(amount) / 3", "count(*) / 2", "median(_k)", "count(*) > 3", "cast(sum(amount) as double)"],
)
@pytest.mark.parametrize("period", ["2018-19", "2016-17"])
def test_what_is_not_exact_is_refused_by_the_name_of_its_measure(engine, sql, period):
    with pytest.raises(BadConfiguration, match=r"paid\.asked gives no exact value"):
        engine.measure(measure(sql), None, period)
    with pytest.raises(BadConfiguration, match=r"paid\.asked gives no exact value"):
        engine.measure(measure("count(*)", of=sql), None, period)
    with pytest.raises(BadConfiguration, match=r"paid\.asked gives no exact value"):
        engine.breakdown(measure(sql), period)


@pytest.mark.parametrize("sql", ["sum(no_such_column)", "amount", "count(*", "(select amount from no_such_return)"])
def test_sql_that_does_not_run_is_refused_by_the_name_of_its_measure(engine, sql):
    with pytest.raises(BadConfiguration, match=r"paid\.asked cannot be worked out"):
        engine.measure(measure(sql), None, "2018-19")


@pytest.mark.parametrize(
    "sql", ["count(*) from read_csv('/etc/passwd') --", "(select content from read_text('/etc/passwd'))"]
)
def test_a_measure_reads_nothing_from_outside(engine, sql):
    with pytest.raises(BadConfiguration):
        engine.measure(measure(sql), None, "2018-19")


# --------------------------------------------------------------------------- the day that a figure is as at

PLANS = rows(
    child=text("a", "b", "c", "d"),
    plan_start=days("2018-01-01", "2019-03-31", "2019-04-01", "2018-06-01"),
    plan_end=days(None, None, None, "2018-12-31"),
)
OPEN = measure(
    "count(*)", of_return="plans", where="plan_start <= {as_at} and (plan_end is null or plan_end > {as_at})"
)


@pytest.mark.parametrize(
    ("as_at", "open_plans"), [(None, (0, 1)), (dt.date(2018, 6, 1), (0, 3)), (dt.date(2019, 4, 1), (0, 1, 2))]
)
def test_a_stock_is_taken_on_its_day_the_last_of_the_period_unless_another_is_stated(as_at, open_plans):
    with Engine({"plans": PLANS}) as engine:
        found = engine.measure(OPEN, None, "2018-19", as_at)
        assert (found.value, found.rows) == (len(open_plans), open_plans)


def test_without_a_day_nothing_is_open():
    with Engine({"plans": PLANS}) as engine:
        assert engine.measure(OPEN, None, None).value == 0
    assert dated("a = {as_at}", dt.date(2019, 3, 31)) == "a = DATE '2019-03-31'"


# --------------------------------------------------------------------------- withheld counts

WITHHELD = rows(
    category=text("NEG", "EMO", "NEG", "PHY"),
    children=counts(160, None, None, None),
    children__low=counts(160, 1, 1, None),
    children__high=counts(160, 5, 4, None),
    visits=counts(1, 2, 3, 4),
)


def withheld(sql, where=None, **more):
    with Engine({"plans": WITHHELD}) as engine:
        return engine.measure(measure(sql, of_return="plans", **more), where, "2018-19")


def test_a_sum_over_withheld_counts_lies_between_their_least_and_their_most():
    assert withheld("sum(children)").value == Interval(162, 169)
    assert withheld("SUM( children )", "category = 'EMO'").value == Interval(1, 5)
    assert withheld("max(children)", "category <> 'NEG'").value == Interval(1, 5)
    assert withheld("sum(coalesce(children, 0))").value == Interval(162, 169)


def test_a_sum_that_no_withheld_count_touches_is_exact():
    assert withheld("sum(children)", "category = 'NEG' and visits = 1").value == 160
    assert withheld("sum(visits)").value == 10
    assert withheld("count(*)").value == 4


def test_a_part_and_its_whole_are_both_intervals():
    found = withheld("sum(case when category = 'NEG' then children else 0 end)", of="sum(children)")
    assert (found.value, found.whole, found.withheld) == (Interval(161, 164), Interval(162, 169), False)


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("sum(visits - children)", None),
        ("count(distinct children)", None),
        ("sum(case when children > 3 then children else 0 end)", None),
        ("count(*)", "children > 3"),
        ("count(*)", "children > 3 and category = 'PHY'"),
    ],
)
def test_what_withheld_counts_do_not_bound_is_said_to_be_withheld(sql, where):
    found = withheld(sql, where)
    assert (found.value, found.withheld) == (None, True)


def test_a_list_of_withheld_counts_is_withheld():
    found = withheld("children", listed=True)
    assert found.withheld
    assert found.value == ()


def test_a_text_that_spells_a_column_does_not_name_it():
    assert not withheld("count(*)", "category <> 'children'").withheld


def test_counts_of_a_sender_without_markers_count_beside_those_of_one_with():
    known = WITHHELD.assign(children=counts(160, None, 7, 8), children__low=counts(None, 1, None, None))
    known = known.assign(children__high=counts(None, 5, None, None))
    with Engine({"plans": known}) as engine:
        found = engine.measure(measure("sum(children)", of_return="plans"), None, "2018-19")
    assert found.value == Interval(176, 180)


# --------------------------------------------------------------------------- breakdown, narrowing, rows of an amount


def test_a_breakdown_is_by_partner_and_quarter_with_every_total(engine):
    assert engine.breakdown(measure("sum(amount)"), "2018-19") == [
        (None, None, Decimal("500.30")),
        (None, "2018-19 Q1", Decimal("0.30")),
        (None, "2018-19 Q2", Decimal("500.00")),
        ("CCG", None, Decimal("0.20")),
        ("CCG", "2018-19 Q1", Decimal("0.20")),
        ("LFB", None, Decimal("500.10")),
        ("LFB", "2018-19 Q1", Decimal("0.10")),
        ("LFB", "2018-19 Q2", Decimal("500.00")),
    ]


def overall(engine, asked):
    return engine.breakdown(asked, "2018-19")[0][2]


def test_a_breakdown_counts_the_items_of_a_list_and_takes_the_percentage_of_a_share(engine):
    share = measure("sum(case when organisation = 'LFB' then 1 else 0 end)", of="count(*)")
    assert overall(engine, measure("paid_on", listed=True)) == 2
    assert overall(engine, share) == 3
    assert overall(engine, replace(share, unit="%")) == Decimal("75.0")
    assert overall(engine, replace(share, unit="%", where="1 = 0")) is None


def test_a_breakdown_says_nothing_where_counts_are_withheld():
    with Engine({"plans": WITHHELD}) as engine:
        assert overall(engine, measure("sum(children)", of_return="plans")) is None
        assert overall(engine, measure("sum(children)", of_return="plans", where="visits = 1")) == 160


def test_conditions_narrow_the_rows_one_after_the_other(engine):
    asked = measure("count(*)")
    assert engine.narrowing(asked, ["organisation = 'LFB'", "amount > 1"], "2018-19") == (4, 3, 1)
    assert engine.narrowing(asked, ["amount > 1", "organisation = 'LFB'"], "2018-19") == (4, 1, 1)
    assert engine.narrowing(asked, ["paid_on in (select max(paid_on) from paid)"], "2018-19") == (4, 1)


def test_rows_of_an_amount_are_found_in_any_year(engine):
    found = engine.rows_of(measure("sum(amount)"), "amount", [Decimal("7.00"), Decimal("0.1"), Decimal("0.005")])
    assert found == [(0, Decimal("0.10")), (4, Decimal("7.00"))]
