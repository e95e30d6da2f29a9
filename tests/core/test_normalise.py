"""A table's rows under the schema's names, exactly, each with its place."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.factories import REGISTER, contributions, grid_of, table_of

from sscbtool.core.model import Flag, Kind, Wide
from sscbtool.core.normalise import normalise
from sscbtool.core.values import FaultKind, Period

YEAR = Period(2018, None)
QUARTERS = Wide(("Q1", "Q2", "Q3", "Q4"), "quarter", "amount")


def read(rows, columns=None, wide=None, **more):
    grid = grid_of(rows, flags=more.pop("flags", None))
    table = table_of(grid, **more)
    columns = columns or {"organisation": 1, "amount": 2}
    layout = QUARTERS if wide else None
    return normalise(grid, table, contributions(), columns, REGISTER, YEAR, wide=wide, layout=layout)


def test_names_become_codes_and_money_exact_decimals():
    got = read([("Agency", "Amount"), ("the ccg", "£60,000.00"), ("Nobody Ltd", 0.1)])
    assert list(got.frame["organisation"]) == ["CCG", "Nobody Ltd"]
    assert list(got.frame["amount"]) == [Decimal("60000.00"), Decimal("0.10")]
    assert list(got.rows) == [2, 3]
    assert list(got.cells["amount"]) == [2, 2]


def test_a_cell_that_cannot_be_read_is_a_fault_at_its_place_and_not_a_value():
    got = read([("Agency", "Amount"), ("LFB", "£1.005"), ("LFB", "#REF!"), ("LFB", "about £5")])
    assert [(fault.kind, fault.row, fault.number) for fault in got.faults] == [
        (FaultKind.SUB_PENNY, 2, 2),
        (FaultKind.ERROR_CELL, 3, 2),
        (FaultKind.NOT_MONEY, 4, 2),
    ]
    assert got.frame["amount"].isna().all()


def test_a_formula_never_calculated_is_a_fault_and_not_a_blank():
    got = read([("Agency", "Amount"), ("LFB", None), ("CCG", 5)], flags={"B2": Flag.FORMULA | Flag.UNCACHED})
    assert [(fault.kind, fault.row) for fault in got.faults] == [(FaultKind.UNCACHED_FORMULA, 2)]


def test_quarters_as_columns_become_rows_that_know_their_cell_and_quarter():
    got = read(
        [("Agency", "Q1", "Q2", "Q3", "Q4"), ("CCG", 1, 2, 3, 4)],
        columns={"organisation": 1},
        wide={"Q1": 2, "Q2": 3, "Q3": 4, "Q4": 5},
    )
    assert list(got.frame["amount"]) == [Decimal(n) for n in (1, 2, 3, 4)]
    assert list(got.rows) == [2, 2, 2, 2]
    assert list(got.cells["amount"]) == [2, 3, 4, 5]
    assert got.quarters == ("2018-19 Q1", "2018-19 Q2", "2018-19 Q3", "2018-19 Q4")


def test_a_rows_own_date_tells_its_year_and_a_blank_one_takes_the_years_given():
    got = read(
        [("Agency", "Amount", "Date"), ("LFB", 1, "31/03/2018"), ("LFB", 2, "01/04/2018"), ("LFB", 3, None)],
        columns={"organisation": 1, "amount": 2, "received_on": 3},
    )
    assert got.periods == ("2017-18", "2018-19", "2018-19")
    assert got.quarters == ("2017-18 Q4", "2018-19 Q1", None)


def test_a_year_or_quarter_that_a_row_states_is_its_own_unless_it_is_dated():
    grid = grid_of([("Agency", "Amount", "Date", "Year"), *[("LFB", 1, None, "")] * 3, ("LFB", 1, "01/05/2018", "")])
    columns = {"organisation": 1, "amount": 2, "received_on": 3}
    stated = {2: Period(2017), 3: Period(2018, 3), 5: Period(2017)}
    got = normalise(grid, table_of(grid), contributions(), columns, REGISTER, YEAR, stated=stated)
    assert got.periods == ("2017-18", "2018-19", "2018-19", "2018-19")
    assert got.quarters == (None, "2018-19 Q3", None, "2018-19 Q1")


def test_a_label_given_once_stands_for_the_rows_below():
    got = read([("Agency", "Amount"), ("LFB", 1), (None, 2)], carried={1: {3: 2}})
    assert list(got.frame["organisation"]) == ["LFB", "LFB"]


@given(st.lists(st.tuples(st.sampled_from(["LFB", "CCG", "x"]), st.integers(-(10**9), 10**9)), min_size=1, max_size=30))
def test_rows_in_are_rows_out_and_their_sum_is_exact(payments):
    rows = [("Agency", "Amount"), *((name, f"{Decimal(pence) / 100:,.2f}") for name, pence in payments)]
    got = read(rows)
    assert len(got.frame) == len(payments)
    assert sum(got.frame["amount"]) == Decimal(sum(pence for _, pence in payments)) / 100


def test_the_factory_knows_what_a_cell_is():
    grid = grid_of([("a", 1, None), (True, "#N/A", 2.5)])
    assert [grid.kind(1, j) for j in range(3)] == [Kind.BOOL, Kind.ERROR, Kind.NUMBER]


def test_a_merged_amount_is_not_counted_for_every_row_it_spans():
    got = read([("Agency", "Amount"), ("LFB", 5), ("CCG", None)], carried={2: {3: 2}})
    assert got.frame["amount"].isna().tolist() == [False, True]
