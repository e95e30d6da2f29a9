"""Headers are matched in stages; a tie is told, never guessed."""

from dataclasses import replace

import numpy as np
import pytest
from tests.factories import REGISTER, contributions, grid_of, table_of

from sscbtool.core.amounts import split_amounts
from sscbtool.core.headings import Unit, month_in, slot, stem, unit_by_note, year_in
from sscbtool.core.model import Note, RowRole
from sscbtool.core.recognise import (
    blocks,
    folder_says,
    match_headers,
    read_cover,
    recognise,
    units_by_note,
    year_stated,
)
from sscbtool.core.values import Period


def headed(*names, rows=(("LFB", 5),)):
    return table_of(grid_of([names, *rows]))


@pytest.mark.parametrize(
    "amount",
    [
        "Amount",
        "AMOUNT",
        "amount (£)",
        "Amount £",
        "Amount\n2018-19",
        "Total",
        "Sum  paid",
        "sum paid GBP",
        "Amount 2018/19 (£)",
    ],
)
def test_a_heading_answers_whatever_its_case_unit_year_and_line_breaks(amount):
    match = match_headers(headed("Agency", amount), contributions())
    assert (dict(match.columns), match.missing, match.answers) == ({"organisation": 1, "amount": 2}, (), True)


def test_the_order_of_columns_does_not_matter():
    assert match_headers(headed("Amount", "Agency"), contributions()).columns == {"organisation": 2, "amount": 1}


def test_the_columns_own_name_is_surer_than_an_alias():
    match = match_headers(headed("Payer", "Value", "Amount"), contributions())
    assert match.columns["amount"] == 3
    assert match.unnamed == ("Value",)


def test_two_aliases_at_once_are_ambiguous():
    match = match_headers(headed("Payer", "Value", "Sum paid"), contributions())
    assert match.ambiguous == {"amount": (2, 3)}
    assert not match.answers


def test_a_stacked_heading_answers_by_its_lowest_name():
    grid = grid_of([("Money", None), ("Agency", "Amount"), ("LFB", 5)])
    table = table_of(grid, header=2, heads={1: ("Money", "Agency"), 2: ("Money", "Amount")})
    assert match_headers(table, contributions()).columns == {"organisation": 1, "amount": 2}


def test_a_missing_required_column_is_named():
    recognition = recognise(headed("Agency", "Date", "Remarks"), [contributions()])
    assert recognition.match is None
    assert recognition.nearest is not None
    assert recognition.nearest.missing == ("amount",)


def test_a_table_that_the_schema_accounts_for_only_a_little_is_not_its():
    table = headed("Agency", "Amount", "One", "Two", "Three")
    assert recognise(table, [contributions()]).match is None
    assert recognise(table, [contributions()], chosen="contributions").match is not None


def test_two_schemas_that_answer_equally_are_a_tie():
    recognition = recognise(headed("Agency", "Amount"), [contributions(), contributions(name="gifts")])
    assert recognition.match is None
    assert recognition.tied == ("contributions", "gifts")


def test_the_schema_that_accounts_for_more_wins():
    narrower = contributions(name="narrow", columns=contributions().columns[:2])
    recognition = recognise(headed("Agency", "Amount", "Date"), [narrower, contributions()])
    assert recognition.match is not None
    assert recognition.match.return_name == "contributions"


@pytest.mark.parametrize("quarters", [("Q1", "Q2", "Q3", "Q4"), ("Quarter 1", "Quarter 2", "Quarter 3", "Quarter 4")])
def test_quarters_as_columns_are_unpivoted_and_their_total_is_a_control(quarters):
    match = match_headers(headed("Agency", *quarters, "Total"), contributions())
    assert match.wide == {"Q1": 2, "Q2": 3, "Q3": 4, "Q4": 5}
    assert match.controls == (6,)
    assert match.answers


@pytest.mark.parametrize("unit", ["Amount £000", "Amount (£'000)", "Amount £m", "Amount (thousands)", "Amount £k"])
def test_a_heading_in_thousands_is_told(unit):
    assert match_headers(headed("Agency", unit), contributions()).units == {2: Unit.SCALED}


def test_a_short_note_in_thousands_is_told_and_prose_is_not():
    grid = grid_of([("Agency", "Amount"), ("LFB", 5)])
    notes = (Note(1, 1, "£ thousand"), Note(2, 1, "We speak to thousands of young people in the borough every year."))
    assert [(note.row, unit) for note, unit in units_by_note(grid, table_of(grid, notes=notes))] == [(1, Unit.SCALED)]


def test_the_stem_of_a_heading_has_no_unit_year_or_bracket():
    assert stem("Amount received (£) 2018-19") == "amount received"


def test_a_cover_sheet_says_what_the_workbook_is():
    schema = contributions()
    cover = grid_of(
        [
            ("Return type", "contributions"),
            ("Partner", "The CCG"),
            ("Period", "2018/19"),
            ("Control total", "£60,000.00"),
        ],
        sheet="Cover",
    )
    said = read_cover([cover], {"contributions": schema}, REGISTER)
    assert said is not None
    assert (said.return_name, said.partner, said.period, str(said.control_value)) == (
        "contributions",
        "CCG",
        Period(2018, None),
        "60000.00",
    )


def test_a_table_of_payments_is_no_cover():
    assert (
        read_cover([grid_of([("Agency", "Amount"), ("LFB", 5)])], {"contributions": contributions()}, REGISTER) is None
    )


def test_folders_name_period_and_partner_and_the_file_name_says_nothing():
    assert folder_says(("returns", "2018-19", "Fire Brigade", "2019-20 CCG.xlsx"), REGISTER) == (
        Period(2018, None),
        "LFB",
    )
    assert folder_says(("2019-20 CCG.xlsx",), REGISTER) == (None, None)


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("Amount (pence)", Unit.PENCE),
        ("Amount (p)", Unit.PENCE),
        ("Amount (EUR)", Unit.FOREIGN),
        ("Amount €", Unit.FOREIGN),
        ("Amount (£ mn)", Unit.SCALED),
        ("Amount (GBP 000)", Unit.SCALED),
        ("Amount US$", Unit.FOREIGN),
    ],
)
def test_a_heading_in_another_unit_is_told(heading, unit):
    assert match_headers(headed("Agency", heading), contributions()).units == {2: unit}


def test_quarters_of_two_years_are_ambiguous():
    match = match_headers(headed("Agency", *("Q1", "Q2", "Q3", "Q4") * 2), contributions())
    assert set(match.ambiguous) == {"amount"}
    assert not match.answers


def test_months_as_columns_are_unpivoted():
    months = [
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "January",
        "February",
        "March",
    ]
    match = match_headers(headed("Agency", *months, "Total"), contributions())
    assert list(match.wide.values()) == list(range(2, 14))
    assert match.controls == (14,)


@pytest.mark.parametrize(
    ("heading", "named"),
    [
        ("Quarter 1", "Q1"),
        ("1st Quarter 2018-19", "Q1"),
        ("Apr-18", "Apr"),
        ("Mayor", None),
        ("Marked", None),
        ("Sept", "Sep"),
    ],
)
def test_a_slot_is_named_however_it_is_written(heading, named):
    assert slot(heading) == named


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("SSCB 2017/18 (final)", 2017),
        ("2017-18 and 2018-19", None),
        ("Plan 2018/20", None),
        ("tel 020 7525 2018", None),
    ],
)
def test_a_title_states_one_year_or_none(text, year):
    assert year_in(text) == (Period(year, None) if year else None)


def test_a_second_heading_after_a_gap_begins_another_table():
    grid = grid_of(
        [("Agency", "Amount"), ("LFB", 5), (None, None), ("2017-18", None), ("Agency", "Amount"), ("LFB", 4)]
    )
    table = table_of(grid, set_aside=((4, RowRole.HEADING), (5, RowRole.REPEATED_HEADER)))
    table = replace(table, data_rows=np.array([2, 6], dtype=np.int32))
    first, second = blocks(grid, table)
    assert (list(first.data_rows), list(second.data_rows)) == ([2], [6])
    match = match_headers(second, contributions())
    assert year_stated(second, match) == Period(2017, None)


def test_a_heading_repeated_right_below_data_is_a_page_break():
    grid = grid_of([("Agency", "Amount"), ("LFB", 5), ("Agency", "Amount"), ("LFB", 4)])
    table = replace(
        table_of(grid, set_aside=((3, RowRole.REPEATED_HEADER),)), data_rows=np.array([2, 4], dtype=np.int32)
    )
    assert list(blocks(grid, table)) == [table]


def test_a_vat_column_beside_the_amount_is_asked_about():
    columns = (contributions().columns[0], replace(contributions().columns[1], rivals=("VAT",)))
    assert match_headers(headed("Agency", "Amount", "VAT"), contributions(columns=columns)).rivals == {"amount": (3,)}


def test_an_amount_cut_in_two_by_its_own_comma_is_told():
    grid = grid_of(
        [("Agency", "Amount", "Notes"), ("CCG", "60", "000"), ("LFB", "500", "paid"), ("SLAM", "5", "000.50")], None
    )
    table = table_of(grid)
    assert list(split_amounts(grid, table, match_headers(table, contributions()))) == [(2, 2), (4, 2)]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Apr", ("Apr", None)),
        ("April 2018", ("Apr", 2018)),
        ("Apr-18", ("Apr", 2018)),
        ("01/04/2018", ("Apr", 2018)),
        ("2019-03-31", ("Mar", 2019)),
        ("Marching", None),
        ("Decision", None),
        ("Period 1", None),
        ("31/04/2018", None),
    ],
)
def test_a_heading_may_be_a_month_or_a_date_within_one(heading, expected):
    assert month_in(heading) == expected


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("All figures in this workbook are in thousands of pounds", Unit.SCALED),
        ("Values are expressed in £k unless otherwise stated", Unit.SCALED),
        ("Multiply all of the amounts that follow by 1,000", Unit.SCALED),
        ("All of the amounts below are stated in US dollars", Unit.FOREIGN),
        ("The reporting currency of this workbook is the euro", Unit.FOREIGN),
        ("Please note that all values here are given in pence", Unit.PENCE),
        ("All amounts are in pounds and pence, as they were paid", None),
        ("Thousands of children benefit from this work each year", None),
        ("The £1.2m grant of the year is not part of these figures", None),
        ("Contributions are paid in four instalments by each partner", None),
        ("All amounts are rounded to the nearest pound sterling here", None),
    ],
)
def test_a_sentence_about_the_figures_may_state_their_unit(note, expected):
    assert unit_by_note(note) == expected
