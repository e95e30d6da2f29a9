"""Every fault of a return, once, at its own cell."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest
from tests.factories import REGISTER, contributions, grid_of, rule, submission_of, table_of

from sscbtool.core.checks import CHECKS, Surroundings, cancelling
from sscbtool.core.model import Organisation, Severity
from sscbtool.core.normalise import MONEY, normalise
from sscbtool.core.organisations import Register
from sscbtool.core.rows import Rows, ranges
from sscbtool.core.validate import check_definitions, validate
from sscbtool.core.values import Period
from sscbtool.errors import BadConfiguration

AROUND = Surroundings(REGISTER)
COLUMNS = {"organisation": 1, "amount": 2, "received_on": 3}


def rows_of(schema, *files):
    parts = []
    for number, rows in enumerate(files):
        grid = grid_of([("Agency", "Amount", "Date"), *rows])
        read = normalise(grid, table_of(grid), schema, COLUMNS, REGISTER, Period(2018, None))
        parts.append(submission_of(schema, read, path=f"{number}.xlsx"))
    return Rows(schema, parts)


def found(schema, *files):
    return [(f.place.file, f.place.cell, f.code) for f in validate(rows_of(schema, *files), AROUND).findings]


def test_an_unregistered_organisation_is_named_at_its_cell_in_its_own_file():
    schema = contributions(rules=(rule("known_organisation", "organisation"),))
    assert found(schema, [("LFB", 1)], [("LFB", 1), ("Nobody", 2)]) == [("1.xlsx", "A3", "T-known_organisation")]


def test_a_blank_where_none_may_be_is_worded_by_the_schema():
    schema = contributions(rules=(rule("required", "amount"),))
    assert found(schema, [("LFB", None, "01/05/2018"), ("LFB", 5)]) == [("0.xlsx", "B2", "T-required")]


def test_a_blank_without_a_rule_still_is_a_finding():
    assert found(contributions(), [("LFB", None, "01/05/2018"), ("CCG", 5)]) == [("0.xlsx", "B2", "SSCB-SCH-1")]


def test_a_cell_already_reported_is_not_reported_again_as_blank():
    rows = rows_of(contributions(), [("LFB", "no idea", "01/05/2018"), ("LFB", 1)])
    assert validate(rows, AROUND, reported=[rows.place(0, "amount")]).findings == ()


def test_the_same_payment_twice_is_found_across_files():
    schema = contributions(rules=(rule("no_repeat", "organisation", "amount", "received_on"),))
    once = [("LFB", 500, "01/05/2018")]
    assert found(schema, once, once) == [("1.xlsx", "A2", "T-no_repeat")]


def test_a_reversal_and_the_posting_after_it_are_no_repeat():
    schema = contributions(
        rules=(rule("no_repeat", "organisation", "amount", "received_on"), rule("not_negative", "amount"))
    )
    day = "01/05/2018"
    assert found(schema, [("LFB", 500, day), ("LFB", -500, day), ("LFB", 500, day)]) == [("0.xlsx", "B3", "SSCB-CAN-1")]


def test_a_negative_that_nothing_cancels_is_told():
    schema = contributions(rules=(rule("not_negative", "amount"),))
    assert found(schema, [("LFB", 500), ("CCG", -500)]) == [("0.xlsx", "B3", "T-not_negative")]


def test_each_positive_cancels_one_negative_only():
    frame = pd.DataFrame({"organisation": ["A", "A", "A"], "amount": [Decimal(5), Decimal(-5), Decimal(-5)]})
    frame["amount"] = frame["amount"].astype("float")
    assert list(cancelling(frame, "amount")) == [False, True, False]


def test_what_pandera_does_not_take_is_refused_by_file():
    declared = {"schema_type": "dataframe", "columns": {"amount": {"dtype": "str", "checks": {"no_such_check": 1}}}}
    with pytest.raises(BadConfiguration, match=r"contributions.yaml"):
        check_definitions(contributions(declared=declared))


def test_no_finding_holds_a_cells_text():
    schema = contributions(rules=(rule("known_organisation", "organisation", severity=Severity.QUERY),))
    for finding in validate(rows_of(schema, [("Canary Smith", 5)]), AROUND).findings:
        assert "Canary" not in f"{finding}"


def test_every_check_says_what_it_does():
    assert all(check.__doc__ for check in CHECKS.values())


def test_rows_are_told_as_ranges():
    assert list(ranges(2, [7, 5, 6, 9])) == ["B5:B7", "B9"]


PAIRS = [("LFB", "London Fire Brigade"), ("CCG", "London Fire Brigade"), ("RWL", "Invented CCG"), ("X1", "Nobody Ltd")]


def test_a_code_and_a_name_are_believed_only_as_the_pair_that_the_register_has():
    frame = pd.DataFrame(PAIRS, columns=["code", "name"])
    assert list(CHECKS["same_organisation"](frame, rule("same_organisation", "code", "name"), AROUND)) == [
        True,
        False,
        False,
        True,
    ]


def test_an_organisation_is_held_to_the_dates_that_the_register_gives_it():
    gone = Organisation(
        "GONE", "Abolished Body", "local", (), "x", statutory_partner=False, valid_to=dt.date(2019, 3, 31)
    )
    around = Surroundings(Register([gone]))
    frame = pd.DataFrame(
        {"organisation": ["GONE", "GONE", "GONE"], "on": pd.to_datetime(["2019-03-31", "2019-04-01", None])}
    )
    assert list(CHECKS["valid_on"](frame, rule("valid_on", "organisation", other="on"), around)) == [True, False, True]


def test_a_sum_is_exactly_that_of_its_parts():
    money = {
        name: pd.array(values, MONEY)
        for name, values in {
            "gross": [Decimal("1.20"), Decimal("1.21"), None],
            "net": [Decimal("1.00")] * 3,
            "vat": [Decimal("0.20")] * 2 + [None],
        }.items()
    }
    check = rule("adds_up", "gross", parts=["net", "vat"])
    assert list(CHECKS["adds_up"](pd.DataFrame(money), check, AROUND)) == [True, False, True]


def test_a_rule_speaks_only_of_the_years_in_which_it_is_in_force():
    day = rule("not_negative", "amount")
    rows = [("LFB", -5, "01/05/2018")]
    for first, last, told in ((None, "2017-18", 0), ("2018-19", None, 1), ("2019-20", None, 0), (None, "2018-19", 1)):
        schema = contributions(rules=(replace(day, valid_from=first, valid_to=last),))
        assert len(found(schema, rows)) == told, (first, last)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"when": {"organisation": ["LFB"]}}, ["B2"]),
        ({"when": {"received_on": "given"}}, ["B2"]),
        ({"when": {"received_on": "blank"}}, ["B3"]),
        ({"unless": "received_on"}, ["B3"]),
    ],
)
def test_a_rule_looks_only_at_the_rows_that_it_is_about(asked, told):
    schema = contributions(rules=(rule("not_negative", "amount", **asked),))
    rows = [("LFB", -5, "01/05/2018"), ("CCG", -7, None), ("CCG", 1, "01/05/2018")]
    assert [cell for _, cell, _ in found(schema, rows)] == told


def test_a_rule_that_looks_into_a_return_that_did_not_come_is_named_as_not_checked():
    into = rule("references", "organisation", **{"in": "agreed.organisation"})
    schema = contributions(rules=(into,))
    assert validate(rows_of(schema, [("LFB", 1)]), AROUND).not_checked == (into,)
    around = Surroundings(REGISTER, {"agreed": pd.DataFrame({"organisation": ["CCG"]})})
    verdict = validate(rows_of(schema, [("LFB", 1)]), around)
    assert verdict.not_checked == ()
    assert [f.place.cell for f in verdict.findings] == ["A2"]
