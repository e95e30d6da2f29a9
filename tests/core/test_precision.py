from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sscbtool.core.precision import (
    Bounds,
    Measuring,
    Tolerance,
    digits,
    exactly,
    number,
    places,
    rounding,
    said,
    said_apart,
    tolerance,
)

fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=60)
decimals = st.decimals(min_value=-10_000, max_value=10_000, places=3)


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    low, high = sorted((draw(fractions), draw(fractions)))
    if low == high:
        return exactly(low)
    ends = draw(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()))
    return Bounds(None if ends[0] else low, None if ends[1] else high, ends[2], ends[3])


@pytest.mark.parametrize(
    ("text", "value"),
    [("£134,471.50", "134471.50"), ("22.5%", "22.5"), ("-10", "-10"), ("+3", "3"), (" 7 ", "7")],
)
def test_a_register_states_a_number_exactly(text, value):
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "half", ">50%", "1e3", "2018-19", "٣", "1.", "--2", "1 2"])
def test_what_is_no_plain_number_is_none(text):
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "size", "measuring", "base"),
    [
        ("100", Fraction(100), Measuring.UNITS, Fraction(100)),
        ("£0.05", Fraction(1, 20), Measuring.UNITS, Fraction(1, 20)),
        ("10%", Fraction(10), Measuring.PERCENT, Fraction(10)),
        ("2.5pp", Fraction(5, 2), Measuring.POINTS, Fraction(5, 2)),
        ("1dp", Fraction(1), Measuring.PLACES, Fraction(1, 10)),
        ("0dp", Fraction(0), Measuring.PLACES, Fraction(1)),
    ],
)
def test_a_tolerance_says_its_size_and_what_it_is_measured_in(text, size, measuring, base):
    stated = tolerance(text)
    assert stated == Tolerance(size, measuring)
    assert stated.base == base


@pytest.mark.parametrize("text", ["about", "-5", "1.5dp", "10 %%", "99dp"])
def test_a_tolerance_that_says_nothing_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        tolerance(text)


def test_a_blank_tolerance_is_none():
    assert tolerance(None) is None
    assert tolerance("  ") is None


@pytest.mark.parametrize(("printed", "decimals"), [("79.0", 1), ("23", 0), ("6.75%", 2)])
def test_the_places_of_a_printed_number_count_its_noughts(printed, decimals):
    assert places(printed) == decimals


@given(decimals, st.sampled_from(["1", "0.1", "0.01"]), st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
def test_a_number_is_among_those_that_its_printed_form_may_have_been(value, step, mode):
    printed = value.quantize(Decimal(step), rounding=mode)
    assert rounding(printed, Fraction(step)).holds(Fraction(value))


@given(st.integers(-50, 50), st.integers(-6000, 6000))
def test_a_number_that_rounds_elsewhere_either_way_is_not_among_them(multiple, hundredths):
    value = Decimal(hundredths) / 100
    ways = {value.quantize(Decimal(1), rounding=mode) for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN)}
    assert rounding(multiple, Fraction(1)).holds(Fraction(value)) == (multiple in ways)


def test_halves_are_admitted_both_ways():
    assert rounding(-10, Fraction(1)) == Bounds(Fraction(-21, 2), Fraction(-19, 2))
    assert rounding(-25, Fraction(1)) == Bounds(Fraction(-51, 2), Fraction(-49, 2), low_open=True)
    assert rounding(21_100, Fraction(100)) == Bounds(Fraction(21_050), Fraction(21_150), high_open=True)


@given(bounds(), bounds())
def test_overlap_is_symmetric(one, other):
    assert one.apart(other) == other.apart(one)
    assert (one & other) == (other & one)
    assert one.apart(other) == ((one & other) is None)


@given(bounds(), bounds(), fractions)
def test_a_value_is_in_the_overlap_exactly_if_it_is_in_both(one, other, value):
    both = one & other
    assert (both is not None and both.holds(value)) == (one.holds(value) and other.holds(value))


@given(bounds(), bounds(), fractions)
def test_what_lies_within_holds_no_value_that_the_outer_does_not(one, other, value):
    if one.within(other) and one.holds(value):
        assert other.holds(value)


@given(bounds(), bounds(), fractions, fractions)
def test_sums_and_differences_hold_those_of_their_values(one, other, x, y):
    if one.holds(x) and other.holds(y):
        assert (one + other).holds(x + y)
        assert (one - other).holds(x - y)


@given(
    st.integers(1, 10_000_000),
    st.integers(1, 10_000_000),
    st.sampled_from([Fraction(1), Fraction(10), Fraction(100)]),
    st.sampled_from([Fraction(1, 10), Fraction(1)]),
)
def test_no_true_population_lies_outside_the_interval_that_a_count_and_its_percentage_imply(part, rest, base, step):
    population = part + rest
    count = Fraction(round(Fraction(part) / base)) * base
    percent = Fraction(round(Fraction(100 * part, population) / step)) * step
    if percent:
        implied = rounding(count, base).over(rounding(percent, step)).times(Fraction(100))
        assert implied.holds(Fraction(population))


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (Fraction("134471.5"), "GBP", "£134,471.50"),
        (Fraction(-5), "GBP", "-£5.00"),
        (Fraction(21100), "children", "21,100"),
        (Fraction("6.7"), "%", "6.7%"),
        (Fraction(1, 3), "percent", "0.33%"),
    ],
)
def test_numbers_are_said_in_their_unit(value, unit, words):
    assert said(value, unit) == words


def test_a_difference_is_said_as_people_say_it():
    assert said_apart(Fraction(-5), "GBP") == "£5.00 less"
    assert said_apart(Fraction(3), "sessions") == "3 more"
    assert said_apart(Fraction(-1), "people") == "1 fewer"
    assert said_apart(Fraction("0.4"), "%") == "0.4 percentage points more"


@given(st.decimals(min_value=-10_000, max_value=10_000, places=6))
def test_digits_that_end_are_given_in_full(value):
    assert Fraction(str(digits(Fraction(value)))) == Fraction(value)
