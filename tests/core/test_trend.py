from decimal import Decimal

from sscbtool.core.trend import steps


def told(values):
    given = {year: None if value is None else Decimal(value) for year, value in values.items()}
    return [
        (str(step.period), *(None if v is None else str(v) for v in (step.value, step.change, step.percent_change)))
        for step in steps(given)
    ]


def test_each_year_is_told_with_its_change_from_the_year_before():
    assert told({2017: "812", 2018: "731"}) == [
        ("2017-18", "812", None, None),
        ("2018-19", "731", "-81", "-10.0"),
    ]


def test_a_year_between_that_is_missing_leaves_no_change_on_either_side():
    assert told({2016: "10", 2018: "20"}) == [
        ("2016-17", "10", None, None),
        ("2017-18", None, None, None),
        ("2018-19", "20", None, None),
    ]


def test_no_percentage_is_taken_of_nought_or_of_less():
    assert [each[2:] for each in told({2017: "0", 2018: "5", 2019: "-5", 2020: "5"})] == [
        (None, None),
        ("5", None),
        ("-10", "-200.0"),
        ("10", None),
    ]


def test_a_change_of_pence_is_exact():
    assert told({2017: "0.30", 2018: "0.10"})[1] == ("2018-19", "0.10", "-0.20", "-66.7")


def test_nothing_gives_nothing():
    assert told({}) == []
