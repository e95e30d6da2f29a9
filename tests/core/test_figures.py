import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sscbtool.core.figures import Known, Near, hint, judge
from sscbtool.core.model import Comparator, Evidence, Figure, Measured, Status
from sscbtool.core.values import Interval, Period
from sscbtool.errors import BadConfiguration

YEAR = Period(2018)
H, R, C, E = Status.HOLDS, Status.HOLDS_WITHIN_ROUNDING, Status.CONTRADICTED, Status.NOT_EVIDENCED
N, S = Status.NOT_COMPUTABLE, Status.SUPPRESSED
ROWS = (0, 1, 2)


def figure(comparator, value="", tolerance=None, unit="", **more):
    given = {"where": None, "section": "2", "statement": "it is so", "return_name": "meetings", "measure": "held"}
    return Figure(figure_id="X01", comparator=comparator, value=value, unit=unit, tolerance=tolerance, **given | more)


def known(value, *, whole=None, prior=None, prior_whole=None, **more):
    before = None if prior is None else Measured(prior, prior_whole, ROWS)
    return Known(period=YEAR, measured=Measured(value, whole, ROWS), prior=before, **more)


def dates(*texts):
    return tuple(dt.date.fromisoformat(text) for text in texts)


QUARTERLY = ("2018-05-01", "2018-09-30", "2018-10-01", "2019-03-31")

CASES = [
    # equals: exact unless a tolerance is declared
    ("equals", "45", None, 45, None, None, H),
    ("equals", "45", None, 44, None, None, C),
    ("equals", "134471.50", None, Decimal("134471.50"), None, None, H),
    ("equals", "0.30", None, Decimal("0.29"), None, None, C),
    ("equals", "100", "5", 95, None, None, R),
    ("equals", "100", "5", 94, None, None, C),
    ("equals", "2019", None, "2019", None, None, H),
    ("equals", "Good", None, "good ", None, None, H),
    ("equals", "Good", None, "Outstanding", None, None, C),
    ("equals", "12", None, Interval(10, 14), None, None, S),
    ("equals", "12", None, Interval(13, 17), None, None, C),
    ("equals", "12", "5", Interval(10, 14), None, None, R),
    ("equals", "0", None, None, None, None, N),
    # over is strict, at least is not
    ("over", "90", None, 90, None, None, C),
    ("over", "90", None, 91, None, None, H),
    ("over", "90", None, Interval(91, 95), None, None, H),
    ("over", "90", None, Interval(90, 95), None, None, S),
    ("over", "90", None, Interval(86, 90), None, None, C),
    ("at_least", "3", None, 3, None, None, H),
    ("at_least", "3", None, 2, None, None, C),
    ("at_least", "3", None, Interval(3, 7), None, None, H),
    # approximately: the declared band, its ends included
    ("approximately", "90", "10%", 90, None, None, H),
    ("approximately", "90", "10%", 81, None, None, R),
    ("approximately", "90", "10%", 99, None, None, R),
    ("approximately", "90", "10%", 100, None, None, C),
    ("approximately", "90", "5", 95, None, None, R),
    ("approximately", "90", "5", 96, None, None, C),
    # half: what rounds to 50%, so that half of an odd number can hold
    ("half", "50", None, 164, 328, None, H),
    ("half", "50", None, 164, 329, None, R),
    ("half", "50", None, 166, 329, None, R),
    ("half", "50", None, 167, 329, None, C),
    ("half", "50", "2.5pp", 172, 329, None, R),
    ("half", "50", "2.5pp", 173, 329, None, C),
    ("half", "50", None, Interval(163, 166), 329, None, R),
    ("half", "50", None, Interval(160, 166), 329, None, S),
    ("half", "50", None, 0, 0, None, N),
    # a majority is more than half
    ("majority", ">50%", None, 74, 146, None, H),
    ("majority", ">50%", None, 73, 146, None, C),
    ("majority", "", None, Interval(73, 77), 146, None, S),
    ("majority", "", None, 40, Interval(70, 79), None, H),
    # the year before, with a declared band for "slightly"
    ("lower_than", "", None, 329, None, 330, H),
    ("lower_than", "", None, 329, None, 329, C),
    ("lower_than", "", "5%", 329, None, 346, H),
    ("lower_than", "", "5%", 329, None, 347, C),
    ("lower_than", "", "5", 329, None, 334, H),
    ("lower_than", "", "5", 329, None, 335, C),
    ("lower_than", "", None, Interval(328, 332), None, 330, S),
    ("lower_than", "", None, 329, None, Interval(330, 334), H),
    ("lower_than", "", None, 329, None, None, N),
    ("lower_than", "", None, 0, None, 0, C),
    ("greater_than", "", None, 331, None, 330, H),
    ("greater_than", "", None, 330, None, 330, C),
    ("greater_than", "", "10%", 363, None, 330, H),
    ("greater_than", "", "10%", 364, None, 330, C),
    # percent change: whatever rounds to the printed percentage
    ("percent_change", "-10", "0", 900, None, 1000, H),
    ("percent_change", "-10", "0", 905, None, 1000, R),
    ("percent_change", "-10", "0", 906, None, 1000, C),
    ("percent_change", "-10", "0", 895, None, 1000, R),
    ("percent_change", "-10", "0", 894, None, 1000, C),
    ("percent_change", "-25", "0", 745, None, 1000, C),
    ("percent_change", "-25", "0", 746, None, 1000, R),
    ("percent_change", "-10.0", None, 905, None, 1000, C),
    ("percent_change", "-10", "0", Interval(898, 902), None, 1000, R),
    ("percent_change", "-10", "0", 5, None, 0, N),
    ("percent_change", "-10", "0", Decimal(-5), None, 10, N),
    ("percent_change", "-10", "0", 900, None, None, N),
    # rounded: to a base, or to decimal places of a share
    ("rounded", "21100", "100", 21100, None, None, H),
    ("rounded", "21100", "100", 21050, None, None, R),
    ("rounded", "21100", "100", 21149, None, None, R),
    ("rounded", "21100", "100", 21150, None, None, C),
    ("rounded", "6.7", "1dp", 21087, 314200, None, R),
    ("rounded", "6.7", "1dp", 21300, 314200, None, C),
    ("rounded", "6.7", "1dp", Decimal("6.700000"), None, None, H),
    # lists
    ("count_of_list", "3", None, ("a", "b", "c"), None, None, H),
    ("count_of_list", "3", None, ("a", "b"), None, None, C),
    ("count_of_list", "3", None, (), None, None, N),
    ("same_set", "Neglect; Disability", None, ("disability", "Neglect"), None, None, H),
    ("same_set", "Neglect; Disability", None, ("Neglect",), None, None, C),
    ("same_set", "Neglect", None, ("Neglect", "Knives"), None, None, C),
    ("exists", "", None, 1, None, None, H),
    ("exists", "", None, 0, None, None, E),
    ("exists", "", None, ("a",), None, None, H),
    ("exists", "", None, Interval(1, 4), None, None, H),
    ("exists", "", None, Decimal("0.00"), None, None, E),
    # one in each quarter, term and month, not merely three or four
    ("every", "quarter", None, dates(*QUARTERLY), None, None, H),
    ("every", "quarter", None, dates("2018-04-01", "2018-05-01", "2018-10-01", "2019-03-31"), None, None, C),
    ("every", "term", None, dates("2018-08-31", "2018-09-01", "2019-01-01"), None, None, H),
    ("every", "term", None, dates("2018-09-01", "2018-12-31", "2019-01-01"), None, None, C),
    ("every", "month", None, tuple(dt.date(2018 + (m < 4), m, 28) for m in range(1, 13)), None, None, H),
    ("every", "month", None, tuple(dt.date(2018 + (m < 4), m, 28) for m in range(2, 13)), None, None, C),
    ("every", "year", None, dates("2018-04-01"), None, None, H),
    ("every", "year", None, dates("2018-03-31"), None, None, C),
    ("every", "year", None, ("some day",), None, None, N),
    # dates: within the published one, or not after it
    ("on", "2018-09-07", None, dt.date(2018, 9, 7), None, None, H),
    ("on", "2018-09-07", None, dt.date(2018, 9, 6), None, None, C),
    ("on", "2018-10", None, dates("2018-05-01", "2018-10-31"), None, None, H),
    ("on", "2018-10", None, dates("2018-09-30", "2018-11-01"), None, None, C),
    ("on", "2018", None, dates("2018-12-31"), None, None, H),
    ("on", "2018-19", None, dates("2019-04-01"), None, None, C),
    ("on", "2018/20", None, ("2018/20",), None, None, H),
    ("on", "2018/2020", None, ("2018-19",), None, None, H),
    ("on", "2018-19", None, ("2018/20",), None, None, C),
    ("by", "2019-20", None, dates("2020-03-31"), None, None, H),
    ("by", "2019-20", None, dates("2019-04-01", "2020-04-01"), None, None, C),
    ("by", "2020", None, (dt.date(2020, 12, 31)), None, None, H),
]


@pytest.mark.parametrize(("comparator", "value", "tolerance", "measured", "whole", "prior", "status"), CASES)
def test_a_comparator_gives_its_status(comparator, value, tolerance, measured, whole, prior, status):
    result = judge(
        figure(Comparator(comparator), value, tolerance),
        known(measured, whole=whole, prior=prior, prior_whole=None),
    )
    assert result.status is status, result.reason
    assert result.reason.endswith((".", "?"))


def test_every_comparator_has_cases_that_hold_and_that_do_not():
    held = {case[0] for case in CASES if case[-1] in (H, R)}
    failed = {case[0] for case in CASES if case[-1] in (C, E)}
    untried = set(Comparator) - {Comparator.SUM_OF}
    assert held == failed == untried


def test_a_share_of_the_year_before_is_compared_as_a_share():
    more_online = known(368, whole=708, prior=300, prior_whole=700)
    assert judge(figure(Comparator.GREATER_THAN), more_online).status is H
    fewer_online = known(368, whole=708, prior=300, prior_whole=500)
    assert judge(figure(Comparator.GREATER_THAN), fewer_online).status is C


# --------------------------------------------------------------------------- could not be checked


def test_without_a_comparator_a_figure_is_narrative_and_says_why():
    result = judge(figure(None, note="A statute says so."), Known())
    assert (result.status, result.reason) == (Status.NARRATIVE, "A statute says so.")


def test_a_return_that_was_not_among_the_paths_leaves_a_figure_unchecked():
    result = judge(figure(Comparator.EQUALS, "45"), Known(missing=("training_sessions",)))
    assert result.status is Status.NOT_CHECKED
    assert "training_sessions" in result.reason


def test_an_expected_return_that_is_missing_is_a_break():
    result = judge(figure(Comparator.EQUALS, "45"), Known(missing=("training_sessions",), expected=True))
    assert result.status is Status.NOT_EVIDENCED


def test_a_return_without_rows_of_the_period_is_no_evidence():
    result = judge(figure(Comparator.EQUALS, "45"), Known(period=YEAR, empty=True, measured=Measured(0)))
    assert result.status is Status.NOT_EVIDENCED
    assert "2018-19" in result.reason


def test_no_row_that_answers_is_no_evidence_and_blank_cells_cannot_be_worked_out():
    asked = figure(Comparator.EQUALS, "45")
    assert judge(asked, Known(measured=Measured(None))).status is Status.NOT_EVIDENCED
    assert judge(asked, Known(measured=Measured(None, rows=(4,)))).status is Status.NOT_COMPUTABLE


def test_withheld_cells_that_nothing_bounds_leave_a_figure_withheld():
    result = judge(figure(Comparator.EQUALS, "45"), Known(measured=Measured(None, rows=(1,), withheld=True)))
    assert result.status is Status.SUPPRESSED
    later = Known(period=YEAR, measured=Measured(5, rows=(1,)), prior=Measured(None, rows=(2,), withheld=True))
    assert judge(figure(Comparator.LOWER_THAN), later).status is Status.SUPPRESSED


def test_a_text_where_a_number_is_compared_is_a_mistake_of_the_register():
    with pytest.raises(BadConfiguration, match="X01"):
        judge(figure(Comparator.OVER, "3"), known("many"))


# --------------------------------------------------------------------------- what is shown


@pytest.mark.parametrize(
    ("asked", "of", "published", "evidenced", "difference"),
    [
        (figure(Comparator.EQUALS, "£1,071.50", unit="GBP"), known(Decimal(1076)), "1071.50", "1076.00", "4.50"),
        (figure(Comparator.EQUALS, "1,089", unit="pupils"), known(1088), 1089, 1088, -1),
        (figure(Comparator.ROUNDED, "79.0", "1dp", "%"), known(Decimal("79.012000")), "79.0", "79.012", "0.012"),
        (figure(Comparator.HALF, "half", unit="%"), known(164, whole=329), "half", "49.85", None),
        (figure(Comparator.HALF, "50", unit="%"), known(1, whole=4), 50, 25, -25),
        (figure(Comparator.EQUALS, "12", unit="children"), known(Interval(10, 14)), 12, "10 to 14", None),
        (figure(Comparator.PERCENT_CHANGE, "-10", "0", "%"), known(180, prior=200), -10, -10, 0),
        (figure(Comparator.ON, "2018"), known(dates("2018-09-07", "2019-01-01")), 2018, "2018-09-07; 2019-01-01", None),
        (figure(Comparator.COUNT_OF_LIST, "3"), known(("a", "b")), 3, 2, -1),
        (figure(Comparator.SAME_SET, "b; a"), known(("a", "b")), "b; a", "a; b", None),
        (figure(Comparator.EXISTS), known(2), None, 2, None),
    ],
)  # fmt: skip
def test_values_are_shown_as_the_contract_writes_them(asked, of, published, evidenced, difference):
    result = judge(asked, of)
    assert (result.published, result.evidenced, result.difference) == (published, evidenced, difference)


def test_a_figure_that_is_never_published_tells_its_status_and_nothing_else():
    evidence = (Evidence("reviews.xlsx", "Sheet1", "B5:B6"),)
    for value in (2, 3):
        result = judge(figure(Comparator.EQUALS, "2", publish="never"), known(value, evidence=evidence))
        told = (result.published, result.evidenced, result.difference, result.evidence, result.rows_counted)
        assert told == (None, None, None, (), 0)
        assert not any(c.isdigit() for c in result.reason)
    assert result.status is Status.CONTRADICTED


def test_items_of_a_personal_column_are_counted_and_not_named():
    asked = figure(Comparator.SAME_SET, "Neglect")
    open_result = judge(asked, known(("Knives", "Neglect")))
    closed_result = judge(asked, known(("Knives", "Neglect"), public=False))
    assert "Knives" in open_result.reason
    assert "Knives" not in closed_result.reason
    assert closed_result.evidenced is None


def test_the_quarter_without_a_meeting_is_named():
    result = judge(figure(Comparator.EVERY, "quarter"), known(dates("2018-05-01", "2018-07-09", "2019-02-01")))
    assert result.reason == "There is none in October to December 2018."


def test_the_items_that_only_one_side_lists_are_named():
    result = judge(figure(Comparator.SAME_SET, "Neglect; Disability"), known(("Neglect", "Knives")))
    assert result.reason == "The returns do not list Disability. The returns list Knives, which the report does not."


def test_half_of_an_odd_number_is_said_to_have_no_exact_answer():
    result = judge(figure(Comparator.HALF, "50", unit="%"), known(164, whole=329))
    assert "164 of 329, 49.85%" in result.reason
    assert "odd number" in result.reason


# --------------------------------------------------------------------------- totals and hints

PARTS = {"M01": Decimal(5000), "M02": Decimal(60000)}


def total(value, evidenced, **more):
    asked = figure(Comparator.SUM_OF, value, unit="GBP", note="parts: M01 M02")
    return judge(asked, known(Decimal(evidenced), parts=PARTS, **more))


def test_a_total_holds_where_both_its_parts_and_the_returns_come_to_it():
    result = total("65000", "65000.00")
    assert result.status is Status.HOLDS
    assert "2 published parts" in result.reason


def test_a_total_whose_published_parts_do_not_add_up_is_contradicted_whatever_the_returns_say():
    result = total("65001", "65001.00")
    assert result.status is Status.CONTRADICTED
    assert result.reason.startswith("The published parts come to £65,000.00, £1.00 less than the published total.")


def test_a_total_that_the_returns_do_not_come_to_is_contradicted():
    assert total("65000", "64000.00").status is Status.CONTRADICTED


@pytest.mark.parametrize(
    ("difference", "near", "says"),
    [
        ("500", Near("B7", "a.csv", Decimal(500), counted=True), "the amount in B7 of a.csv: it may be counted twice"),
        ("-500", Near("B7", "a.csv", Decimal(500), counted=False), "the amount in B7 of a.csv, which is not counted"),
        ("-500", Near("B7", "a.csv", Decimal(-250), counted=True), "twice the amount in B7 of a.csv: its sign"),
        ("500", Near("B7", "a.csv", Decimal(250), counted=True), "twice the amount in B7 of a.csv: its sign"),
        ("-500", Near("B7", "a.csv", Decimal(500), counted=True), None),
        ("0.02", None, "pence points to rounding"),
        ("-36", None, "two digits have changed places"),
        ("-35", None, None),
    ],
)
def test_a_hint_is_given_where_arithmetic_gives_one(difference, near, says):
    said = hint(Fraction(difference), figure(Comparator.EQUALS, unit="GBP"), (near,) if near else ())
    assert says in said if says else said == ""


def test_a_hint_stands_in_the_reason_of_a_break():
    near = (Near("B12", "LFB.xls", Decimal(500), counted=False),)
    result = judge(figure(Comparator.EQUALS, "1000", unit="GBP"), known(Decimal("500.00"), near=near))
    assert result.reason == (
        "The returns come to £500.00, £500.00 less than published. "
        "That is the amount in B12 of LFB.xls, which is not counted."
    )


def test_counts_of_people_get_no_hint_about_digits():
    assert hint(Fraction(9), figure(Comparator.EQUALS, unit="people")) == ""


# --------------------------------------------------------------------------- intervals


@given(
    st.sampled_from(["equals", "over", "at_least", "approximately", "lower_than", "greater_than", "percent_change"]),
    st.integers(0, 60),
    st.integers(0, 10),
    st.integers(0, 10),
    st.integers(1, 60),
)
def test_an_interval_holds_or_fails_only_as_every_value_of_it_does(comparator, low, width, inside, prior):
    value = {"percent_change": "-10", "lower_than": "", "greater_than": ""}.get(comparator, "30")
    tolerance = {"approximately": "10%", "percent_change": "0", "lower_than": "50%"}.get(comparator)
    asked = figure(Comparator(comparator), value, tolerance)
    over_all = judge(asked, known(Interval(low, low + width), prior=prior)).status
    of_one = judge(asked, known(low + min(inside, width), prior=prior)).status
    agrees = of_one in (H, R)
    if over_all in (H, R):
        assert agrees
    elif over_all is C:
        assert not agrees
    else:
        assert over_all is S
        assert width > 0


@pytest.mark.parametrize(
    "comparator", [Comparator.EQUALS, Comparator.OVER, Comparator.PERCENT_CHANGE, Comparator.SUM_OF]
)
def test_a_figure_without_a_published_value_cannot_be_worked_out(comparator):
    result = judge(figure(comparator, ""), known(45, prior=40))
    assert result.status is N
    assert "no published value" in result.reason


def test_a_total_is_not_contradicted_by_a_part_that_is_not_published_yet():
    result = judge(figure(Comparator.SUM_OF, "45", note="parts: M01 M02"), known(45, parts={"M01": Decimal(40)}))
    assert result.status is N
