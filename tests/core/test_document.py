from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sscbtool.core.document import check_document, implied_whole, printed
from sscbtool.core.model import CheckKind, Comparator, DocumentCheck, Figure, Status
from sscbtool.core.precision import exactly, rounding


def figure(figure_id, value, unit="", tolerance=None, comparator=Comparator.EQUALS, publish=None):
    return Figure(figure_id, "1", "it is so", "r", "m", None, comparator, value, unit, None, tolerance, None, publish)


def hundreds(figure_id, value):
    return figure(figure_id, value, "children", "100", Comparator.ROUNDED)


def percent(figure_id, value):
    return figure(figure_id, value, "%", "1dp", Comparator.ROUNDED)


def checked(kind, ids, *figures, note="", expects=None):
    (result,) = check_document([DocumentCheck("D1", kind, tuple(ids.split()), note, expects)], figures)
    return result


LOCAL = (hundreds("P04a", "21,100"), percent("P04b", "6.7"), hundreds("P07a", "70,800"), percent("P07b", "22.5"))


def test_a_rounded_count_at_a_rounded_percentage_implies_a_population():
    whole = implied_whole(rounding(21_100, Fraction(100)), rounding(Fraction("6.7"), Fraction(1, 10)))
    assert whole.low is not None
    assert whole.high is not None
    assert (311_851 < whole.low <= 311_852, 318_045 <= whole.high < 318_046) == (True, True)


def test_two_counts_with_their_percentages_agree_where_their_populations_overlap():
    result = checked(CheckKind.IMPLIED_DENOMINATOR, "P04a/P04b P07a/P07b", *LOCAL)
    assert result.status is Status.HOLDS_WITHIN_ROUNDING
    assert "21,100 at 6.7% means 311,852 to 318,045 in all" in result.reason
    assert result.reason.endswith("313,748 to 315,590 fits them all.")


def test_a_slip_of_one_digit_leaves_no_population_that_fits():
    slipped = (*LOCAL[:2], LOCAL[2], percent("P07b", "2.25"))
    result = checked(CheckKind.IMPLIED_DENOMINATOR, "P04a/P04b P07a/P07b", *slipped)
    assert result.status is Status.CONTRADICTED


PUPILS = (figure("P13a", "32034"), percent("P13b", "79.0"), figure("P16a", "1089"), percent("P16b", "2.6"))


@pytest.mark.parametrize(
    ("expects", "status"), [(Status.DEFINITION_DIFFERS, Status.DEFINITION_DIFFERS), (None, Status.CONTRADICTED)]
)
def test_shares_of_different_wholes_fail_unless_the_difference_is_declared(expects, status):
    result = checked(
        CheckKind.IMPLIED_DENOMINATOR, "P13a/P13b P16a/P16b", *PUPILS, note="Known ethnicity.", expects=expects
    )
    assert result.status is status
    assert ("Known ethnicity." in result.reason) == (expects is not None)


def test_a_declared_difference_that_is_not_there_is_not_reported():
    result = checked(CheckKind.IMPLIED_DENOMINATOR, "P04a/P04b P07a/P07b", *LOCAL, expects=Status.DEFINITION_DIFFERS)
    assert result.status is Status.HOLDS_WITHIN_ROUNDING


def test_a_percentage_that_rounds_to_nought_bounds_the_whole_from_below_only():
    few = (figure("A", "5"), figure("B", "0", "%", "0dp", Comparator.ROUNDED))
    result = checked(CheckKind.IMPLIED_DENOMINATOR, "A/B C/D", *few, figure("C", "5"), percent("D", "0.2"))
    assert result.status is Status.HOLDS_WITHIN_ROUNDING
    assert result.reason.startswith("5 at 0% means 1,000 or more in all")
    result = checked(CheckKind.IMPLIED_DENOMINATOR, "A/B C/D", *few, figure("C", "5"), percent("D", "2.0"))
    assert result.status is Status.CONTRADICTED


def test_no_whole_follows_from_exactly_nought():
    figures = (figure("A", "0"), figure("B", "0"), figure("C", "5"), percent("D", "2.0"))
    assert checked(CheckKind.IMPLIED_DENOMINATOR, "A/B C/D", *figures).status is Status.NOT_COMPUTABLE


@pytest.mark.parametrize(
    ("total", "status"), [("134471.50", Status.HOLDS), ("134471.51", Status.CONTRADICTED), ("x", Status.NOT_COMPUTABLE)]
)
def test_parts_add_up_to_their_total_to_the_penny(total, status):
    parts = ["5000.00", "60000.00", "5000.00", "500.00", "63421.50", "550.00", total]
    figures = [figure(f"M{n}", value, "GBP") for n, value in enumerate(parts)]
    assert checked(CheckKind.SUM, " ".join(f.figure_id for f in figures), *figures).status is status


def test_rounded_parts_may_miss_their_total_by_what_rounding_explains():
    figures = [hundreds("A", "100"), hundreds("B", "200"), hundreds("C", "400")]
    assert checked(CheckKind.SUM, "A B C", *figures).status is Status.HOLDS_WITHIN_ROUNDING
    assert checked(CheckKind.SUM, "A B C", *figures[:2], hundreds("C", "500")).status is Status.CONTRADICTED


@pytest.mark.parametrize("kind", [CheckKind.ASCENDING, CheckKind.NESTED])
@pytest.mark.parametrize(
    ("values", "status"),
    [
        (("4381", "126308", "646794"), Status.HOLDS),
        (("7", "7", "7"), Status.HOLDS),
        (("4381", "646794", "126308"), Status.CONTRADICTED),
    ],
)
def test_a_part_is_at_most_its_whole(kind, values, status):
    figures = [figure(name, value) for name, value in zip("ABC", values, strict=True)]
    assert checked(kind, "A B C", *figures).status is status


def test_a_part_printed_above_its_whole_may_be_rounding():
    result = checked(CheckKind.NESTED, "A B", hundreds("A", "300"), figure("B", "280"))
    assert result.status is Status.HOLDS_WITHIN_ROUNDING
    assert checked(CheckKind.NESTED, "A B", hundreds("A", "300"), figure("B", "249")).status is Status.CONTRADICTED


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ("disability; NEGLECT", Status.HOLDS),
        ("Neglect; Disabilities", Status.CONTRADICTED),
        ("Neglect", Status.CONTRADICTED),
        ("", Status.NOT_COMPUTABLE),
    ],
)
def test_the_same_list_in_two_places_is_the_same(other, status):
    result = checked(CheckKind.SAME_LIST, "A B", figure("A", "Neglect; Disability"), figure("B", other))
    assert result.status is status


def test_lists_that_differ_are_told_by_what_only_one_of_them_has():
    result = checked(CheckKind.SAME_LIST, "A B", figure("A", "Neglect; Disability"), figure("B", "Neglect; Knives"))
    assert result.reason == "A and B differ in Disability, Knives."


def test_a_figure_that_is_never_shown_lends_a_check_its_status_and_no_value():
    result = checked(CheckKind.SUM, "A B C", figure("A", "2", publish="never"), figure("B", "3"), figure("C", "9"))
    assert result.status is Status.CONTRADICTED
    assert not any(c.isdigit() for c in result.reason)


def test_a_result_is_carried_in_plain_values():
    result = checked(CheckKind.SUM, "A B C", figure("A", "2"), figure("B", "1"), figure("C", "3"))
    assert result.as_plain() == {
        "check": "D1",
        "kind": "sum",
        "figures": ["A", "B", "C"],
        "status": "holds",
        "reason": "The parts come to 3, which is the published total.",
    }


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [
        (figure("A", "32034", "pupils"), exactly(32_034)),
        (figure("A", "79.0", "%"), rounding(79, Fraction(1, 10))),
        (figure("A", "90", "people", "10%", Comparator.APPROXIMATELY), exactly(90)),
        (figure("A", "76500", "children", "100", None), rounding(76_500, Fraction(100))),
        (figure("A", "half", "%"), None),
    ],
)
def test_a_printed_figure_stands_for_what_rounds_to_it(asked, bounds):
    assert printed(asked) == bounds


@given(st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 9)), min_size=2, max_size=4), st.integers(2001, 9000))
def test_true_shares_of_one_population_are_never_said_to_differ(parts, population):
    figures, pairs = [], []
    for n, (part, _) in enumerate(parts):
        share = round(Fraction(1000 * part, population))
        if share:
            figures += [hundreds(f"C{n}", str(round(Fraction(part, 100)) * 100)), percent(f"S{n}", f"{share / 10:.1f}")]
            pairs.append(f"C{n}/S{n}")
    if len(pairs) > 1:
        assert checked(CheckKind.IMPLIED_DENOMINATOR, " ".join(pairs), *figures).status is Status.HOLDS_WITHIN_ROUNDING
