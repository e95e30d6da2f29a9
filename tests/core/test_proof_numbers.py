import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sscbtool.core.proof.numbers import AGE, CODE, CONTACT, IDIOM, LABEL, LEGAL, REFERENCE, NumberKind, numbers

K = NumberKind


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("there were 329 children", K.COUNT, "329"),
        ("a total of 13,169,100 children", K.COUNT, "13169100"),
        ("21\u00a0100 children", K.COUNT, "21100"),
        ("forty-five sessions", K.COUNT, "45"),
        ("Forty five sessions", K.COUNT, "45"),
        ("ninety-\nnine young people", K.COUNT, "99"),
        ("two hundred and thirty-eight people", K.COUNT, "238"),
        ("one hundred thousand people", K.COUNT, "100000"),
        ("a dozen schools", K.COUNT, "12"),
        ("met twice", K.COUNT, "2"),
        ("a three-year period", K.COUNT, "3"),
        ("1.2 million people", K.COUNT, "1200000"),
        ("costs £63,421.50 a year", K.MONEY, "63421.5"),
        ("costs £5k", K.MONEY, "5000"),
        ("costs £1.5 million", K.MONEY, "1500000"),
        ("rose by 22.5%", K.PERCENT, "22.5"),
        ("rose by ten per cent", K.PERCENT, "10"),
        ("for half of all children", K.SHARE, "half"),
        ("three quarters of them", K.SHARE, "three quarters"),
        ("a third of them, two thirds", K.SHARE, "two thirds"),
        ("the majority of deaths", K.SHARE, "majority"),
        ("meets quarterly", K.FREQUENCY, "quarter"),
        ("had been meeting termly", K.FREQUENCY, "term"),
        ("at least monthly", K.FREQUENCY, "month"),
        ("refreshed annually", K.FREQUENCY, "year"),
        ("on 7th September 2018", K.DATE, "2018-09-07"),
        ("on 07/09/2018", K.DATE, "2018-09-07"),
        ("on 2018-09-07", K.DATE, "2018-09-07"),
        ("on September 7, 2018", K.DATE, "2018-09-07"),
        ("26th March\n2019", K.DATE, "2019-03-26"),
        ("in Sept 2018", K.DATE, "2018-09"),
        ("in mid-2017", K.DATE, "2017"),
        ("during 2018/19", K.FINANCIAL_YEAR, "2018-19"),
        ("during 2018-2019", K.FINANCIAL_YEAR, "2018-19"),
        ("during 2018\u201319", K.FINANCIAL_YEAR, "2018-19"),
        ("during 18/19", K.FINANCIAL_YEAR, "2018-19"),
        ("in 1999/00", K.FINANCIAL_YEAR, "1999-00"),
        ("the plan 2018/20", K.YEARS, "2018/2020"),
        ("the pathway (0-25)", K.RANGE, "0-25"),
        ("the service (25+)", K.RANGE, "25+"),
        ("at 3.30pm", K.TIME, "3:30pm"),
    ],
)
def test_a_number_is_found_and_read_however_it_is_written(text, kind, key):
    found = numbers(text)[-1]
    assert (found.kind, found.key, found.not_claimed) == (kind, key, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("call 999", CONTACT),
        ("telephone 020 7525 5000", CONTACT),
        ("write to team2@example.org", CONTACT),
        ("see https://example.org/2019/report", CONTACT),
        ("London SE1 2QH", CONTACT),
        ("the Children Act 2004", LEGAL),
        ("the Children and Social Work Act (2017)", LEGAL),
        ("under section 11 of the Children Act", LEGAL),
        ("as described on page 16", REFERENCE),
        ("see section 3.2", REFERENCE),
        ("Review 1 is complete", LABEL),
        ("event #2", LABEL),
        ("S47 tracking", CODE),
        ("the COVID-19 pandemic", CODE),
        ("young people aged under 18", AGE),
        ("for 16-17 year olds", AGE),
        ("this is one of the reasons", IDIOM),
        ("no one knew", IDIOM),
        ("minority ethnic groups", IDIOM),
        ("once a plan ends", IDIOM),
        ("the annual report", IDIOM),
    ],
)
def test_a_number_that_claims_nothing_says_why(text, why):
    assert [each.not_claimed for each in numbers(text) if each.not_claimed] == [why]


@pytest.mark.parametrize("text", ["quartering troops", "someone phoned", "a tent of tenants", "the often weighted"])
def test_number_words_within_other_words_are_none(text):
    assert numbers(text) == ()


@given(st.integers(0, 999_999))
def test_a_number_with_or_without_commas_is_the_same(value):
    assert {each.key for each in numbers(f"there are {value} and there are {value:,} things")} <= {str(value)}


@given(st.text(alphabet="019 ,.-/£%#aMarchone\n\u2013'", max_size=80))
def test_numbers_never_overlap_and_stand_where_they_say(text):
    end = 0
    for each in numbers(text):
        assert end <= each.start < each.end <= len(text)
        assert " ".join(text[each.start : each.end].split()) == each.text.strip() or each.text
        end = each.end


@pytest.mark.parametrize("unit", ["a.", "1 ", "one ", "£", "May ", "hundred ", "9", "0-", "1/"])
def test_text_made_to_be_slow_to_read_is_read_in_time_that_grows_with_its_length(unit):
    started = time.perf_counter()
    numbers(unit * 4_000)
    assert time.perf_counter() - started < 6
