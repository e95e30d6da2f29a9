"""Tables are found by looks alone: header, body, totals and what stands around them."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import REGISTER, grid_of

from sscbtool.core.locate import cells, locate
from sscbtool.core.model import RowRole

PAYMENTS = [("Agency", "Amount"), ("Fire", 500), ("Health", 60000), ("Council", 63421.5)]


def the_table(rows, **more):
    (table,) = locate(grid_of(rows), **more)
    return table


def test_a_plain_sheet_is_one_table():
    table = the_table(PAYMENTS)
    assert (str(table.area), table.header_rows, list(table.data_rows)) == ("A1:B4", (1,), [2, 3, 4])
    assert [head.name for head in table.heads] == ["Agency", "Amount"]


def test_titles_above_and_notes_below_are_not_rows():
    table = the_table(
        [("Contributions received",), ("Year to March",), None or (), *PAYMENTS, (), ("Source: the ledger",)]
    )
    assert (table.header_rows, list(table.data_rows)) == ((4,), [5, 6, 7])
    assert "Contributions received" in [note.text for note in table.notes]


@pytest.mark.parametrize("label", ["Total", "TOTAL", "Grand total", "Total from contributions", "Sub-total"])
def test_a_total_row_is_set_aside_and_checked(label):
    table = the_table([*PAYMENTS, (label, 123921.5)])
    (total,) = table.totals
    assert (total.cell, total.stated, total.computed, total.agrees) == ("B5", Decimal("123921.5"), total.stated, True)
    assert list(table.data_rows) == [2, 3, 4]


def test_a_total_that_does_not_add_up_says_by_how_much():
    (total,) = the_table([*PAYMENTS, ("Total", 123921)]).totals
    assert (total.agrees, total.difference) == (False, Decimal("0.5"))


def test_sums_of_awkward_pennies_are_exact():
    (total,) = the_table([("Agency", "Amount"), *((f"Agency {n}", 0.1) for n in range(30)), ("Total", 3)]).totals
    assert (total.computed, total.agrees) == (Decimal("3.0"), True)


def test_a_stacked_header_is_joined():
    table = the_table([(None, "Children", None), ("Area", "Boys", "Girls"), ("North", 5, 6), ("South", 7, 8)])
    assert table.header_rows == (1, 2)
    assert [head.name for head in table.heads] == ["Area", "Children > Boys", "Children > Girls"]


def test_a_blank_row_inside_a_table_ends_nothing():
    table = the_table([*PAYMENTS[:2], (), *PAYMENTS[2:]])
    assert list(table.data_rows) == [2, 4, 5]


def test_two_tables_side_by_side_are_two():
    rows = [(*row, None, *row) for row in PAYMENTS]
    assert [str(table.area) for table in locate(grid_of(rows))] == ["A1:B4", "D1:E4"]


def test_a_section_heading_is_no_row_of_data():
    table = the_table([("Item", "Amount"), ("Income",), ("Rent", 5), ("Grant", 6), ("Total income", 11)])
    assert list(table.data_rows) == [3, 4]
    assert dict(table.set_aside) == {2: RowRole.HEADING, 5: RowRole.TOTAL}


def test_a_registered_organisation_is_never_a_total_by_arithmetic():
    rows = [("Agency", "Amount"), ("CCG", 100), ("Probation & Rehabilitation", 150), ("London Fire Brigade", 250)]
    table = the_table(rows, is_organisation=REGISTER.__contains__)
    assert list(table.data_rows) == [2, 3, 4]


@pytest.mark.parametrize("heading", ["Remarks", "Comments", "Finance notes", "Narrative"])
@pytest.mark.parametrize("said", ["Total for year", "total", "average", "balance carried forward", "London"])
def test_what_a_remark_says_of_a_row_makes_it_no_total(heading, said):
    rows = [("Name", "Amount", heading), ("Ash", 500, None), ("Birch", 300, None), ("Cedar", 800, said)]
    assert list(the_table(rows).data_rows) == [2, 3, 4]
    rows = [(row[2], *row[:2]) for row in rows]
    assert list(the_table(rows).data_rows) == [2, 3, 4]


def test_a_remark_names_the_row_that_has_no_other_name():
    rows = [("Name", "Amount", "Remarks"), ("Ash", 500, None), ("Birch", 300, None), (None, 800, "Total")]
    table = the_table(rows)
    assert list(table.data_rows) == [2, 3]
    assert [total.agrees for total in table.totals] == [True]


@pytest.mark.parametrize("said", ["Total contribution", "England", "Bank balance", "All quarters"])
def test_a_dated_row_of_a_registered_organisation_is_a_record_whatever_stands_beside_its_name(said):
    rows = [
        ("Agency", "Purpose", "Amount", "Date"),
        ("CCG", "first half", 500, "01/05/2018"),
        ("London Fire Brigade", said, 500, "01/06/2018"),
    ]
    table = the_table(rows, is_organisation=REGISTER.__contains__)
    assert list(table.data_rows) == [2, 3]


def test_the_bare_word_beside_an_organisation_is_its_subtotal():
    rows = [
        ("Agency", "Purpose", "Amount", "Date"),
        ("CCG", "first half", 500, "01/05/2018"),
        ("CCG", "second half", 700, "01/11/2018"),
        ("CCG", "Total", 1200, "01/11/2018"),
    ]
    table = the_table(rows, is_organisation=REGISTER.__contains__)
    assert dict(table.set_aside) == {4: RowRole.TOTAL}


def test_a_row_that_contradicts_its_own_total_is_named():
    rows = [
        ("Area", "Q1", "Q2", "Q3", "Q4", "Total"),
        *((f"Area {n}", n, n + 1, n + 2, n + 3, 4 * n + 6) for n in range(1, 9)),
    ]
    rows[4] = (*rows[4][:5], 99)
    (found,) = the_table(rows).row_breaks
    assert (found.row, found.stated, found.computed) == (5, Decimal(99), Decimal(22))


def test_an_empty_sheet_has_no_table():
    assert locate(grid_of([])) == ()


@given(st.integers(0, 40), st.integers(0, 8))
def test_where_a_table_stands_changes_nothing_but_its_place(down, right):
    moved = [()] * down + [(*[None] * right, *row) for row in [*PAYMENTS, ("Total", 123921.5)]]
    table = the_table(moved)
    assert [row - down for row in table.data_rows] == [2, 3, 4]
    assert [head.number - right for head in table.heads] == [1, 2]
    assert [total.agrees for total in table.totals] == [True]


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=40))
def test_every_row_of_the_rectangle_is_data_set_aside_or_blank(amounts):
    rows = [("Agency", "Amount"), *((f"Agency {n}", amount) for n, amount in enumerate(amounts))]
    for table in locate(grid_of(rows)):
        inside = {*map(int, table.data_rows), *(row for row, _ in table.set_aside), *table.header_rows}
        assert inside == set(range(table.area.top, table.area.bottom + 1))
        assert np.all(np.diff(table.data_rows) > 0)


@given(
    st.lists(
        st.one_of(
            st.decimals(allow_nan=False, allow_infinity=False, places=None).map(str),
            st.sampled_from(
                ["5.", ".5", "1e5", "-1E-3", "1e400", "5e-324", "0." + "0" * 320 + "1", "1" * 60, "-", "."]
            ),
        ),
        min_size=1,
    )
)
def test_a_short_column_of_numbers_reads_as_a_long_one_does(texts):
    short = cells._short_column(texts)
    if short is None:
        return
    values, digits = cells._plain(pa.array(texts, pa.string()))
    assert short[0] == values.tolist()
    assert short[1] == cells._scale(digits, float(np.abs(values).max()))


@given(st.lists(st.text()), st.integers(0, 3))
def test_a_column_as_a_list_is_the_column(texts, start):
    grid = grid_of([("a",)])
    column = pa.array(texts, pa.string())[start:]
    assert replace(grid, texts=(column,)).column_texts(0) == column.to_pylist()


def test_a_number_too_small_for_any_power_of_ten_stops_nobody():
    grid = grid_of([("Agency", "Amount"), ("Fire", 1), ("Health", 7)])
    amounts = pa.array(["Amount", "0." + "0" * 320 + "1", "7"], pa.string())
    (table,) = locate(replace(grid, texts=(grid.texts[0], amounts)))
    assert list(table.data_rows) == [2, 3]


def test_totals_over_withheld_counts_are_totals_however_often_they_come():
    rows = [["Day", "Category", "Children"]]
    for quarter, (neglect, emotional, total) in enumerate([(189, 114, 306), (190, 120, 313), (180, 110, 293)], start=1):
        day = f"0{quarter}/06/2018"
        rows += [[day, "Neglect", neglect], [day, "Emotional", emotional], [day, "Multiple", "[c]"]]
        rows += [["Total", None, total]]
    rows += [["31/03/2019", "Neglect", 164], ["31/03/2019", "Emotional", 113], ["31/03/2019", "Multiple", 3]]
    for last in (280, "[c]"):
        [table] = locate(grid_of([*rows, ["Total", None, last]]))
        assert [row for row, _ in table.set_aside] == [5, 9, 13, 17]
        assert all(total.agrees for total in table.totals)


def test_in_a_table_of_a_thousand_columns_and_more_a_column_named_total_is_still_held_against_the_others():
    wide = [f"Item {n}" for n in range(1, 1200)]
    rows = [[f"Agency {r}", *(r * n % 97 for n in range(1, 1200))] for r in range(1, 9)]
    rows = [[*row, sum(row[-2:])] for row in rows]
    rows[3][-1] += 5
    (broken,) = the_table([("Agency", *wide, "Total"), *rows]).row_breaks
    assert (broken.row, broken.column, broken.difference) == (5, 1201, Decimal(-5))


def test_a_code_that_reads_as_a_number_beyond_all_bounds_stops_nobody():
    table = the_table(
        [("Area", "Count"), ("North", 5), ("South", 12), ("West", "990E06000010"), ("East", 7), ("Total", 24)]
    )
    assert list(table.data_rows) == [2, 3, 4, 5]
    assert table.total_rows == (6,)


@pytest.mark.parametrize("ward", ["East", "London", "North East"])
def test_one_part_of_a_town_that_bears_a_regions_name_is_no_total(ward):
    table = the_table([("Ward", "Count"), ("North", 500), ("South", 1200), (ward, 721), ("Total", 2421)])
    assert (list(table.data_rows), table.total_rows) == ([2, 3, 4], (5,))
