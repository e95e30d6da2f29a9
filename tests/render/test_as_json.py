"""The JSON object: its keys, its exactness, its ids, and that it answers to the schema that ships."""

import json
from dataclasses import replace
from decimal import Decimal
from importlib import resources

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.render.factories import FINDINGS, HOSTILE, RESULTS, hostile_result, result

from sscbtool import __version__
from sscbtool.core.identity import finding_ids
from sscbtool.core.model import ColumnTotal, Finding, MeasureValue, Place, Severity
from sscbtool.render import OutputFormat, render
from sscbtool.render.as_json import as_json, as_object

KEYS = [
    "tool",
    "version",
    "command",
    "period",
    "outcome",
    "files",
    "totals",
    "findings",
    "figures",
    "measures",
    "ledger",
]
SCHEMA = json.loads(resources.files("sscbtool.render").joinpath("result.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_answers_to_the_published_schema(name):
    VALIDATOR.validate(json.loads(as_json(RESULTS[name])))


@pytest.mark.parametrize("name", ["inspect", "reconcile", "summary", "validate"])
def test_the_json_is_as_expected(name, golden):
    golden(f"{name}.json", render(RESULTS[name], OutputFormat.JSON).replace(f'"{__version__}"', '"VERSION"'))


def test_the_schema_itself_is_sound_and_refuses_a_missing_or_unknown_key():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    whole = as_object(RESULTS["reconcile"])
    for key in KEYS:
        assert not VALIDATOR.is_valid({k: v for k, v in whole.items() if k != key})
    assert not VALIDATOR.is_valid({**whole, "surprise": 1})
    assert not VALIDATOR.is_valid({**whole, "totals": [{**whole["totals"][0], "total": 1234471.5}]})
    assert not VALIDATOR.is_valid({**whole, "totals": [{**whole["totals"][0], "total": "1234471.5"}]})


@pytest.mark.parametrize("name", RESULTS)
def test_every_key_is_always_present_and_in_order(name):
    assert list(as_object(RESULTS[name]))[: len(KEYS)] == KEYS


def test_what_has_no_key_stands_under_the_command():
    assert as_object(RESULTS["ingest"])["ingest"]["stored"] == 2


def test_amounts_are_text_with_two_decimals_and_counts_are_integers():
    whole = as_object(
        result(
            "summary",
            totals=(
                ColumnTotal("a", "amount", "GBP", 10_000, Decimal("1000")),
                ColumnTotal("b", "people", "people", 2, Decimal("12")),
                ColumnTotal("c", "amount", "GBP", 1, Decimal("123456789012345678901234567890.1")),
            ),
            measures=(
                MeasureValue("a", "received", None, None, Decimal("0.1"), "GBP"),
                MeasureValue("a", "payers", None, None, 6, "organisations"),
                MeasureValue("b", "days", None, None, Decimal("2.5"), "days"),
                MeasureValue("b", "none", None, None, None, "days"),
            ),
        )
    )
    assert [t["total"] for t in whole["totals"]] == ["1000.00", 12, "123456789012345678901234567890.10"]
    assert {m["measure"]: m["value"] for m in whole["measures"]} == {
        "received": "0.10",
        "payers": 6,
        "days": "2.5",
        "none": None,
    }


def test_notes_are_given_by_inspect_only():
    def texts(command):
        files = as_object(replace(RESULTS["inspect"], command=command))["files"]
        return [note["text"] for file in files for table in file["tables"] for note in table["notes"]]

    assert texts("inspect") == ["Contributions to the board", "1. Provisional until the audit is signed."]
    assert texts("validate") == [None, None]


def test_arrival_order_does_not_show():
    given_order = RESULTS["validate"]
    turned = replace(given_order, files=given_order.files[::-1], findings=given_order.findings[::-1])
    assert as_json(given_order) == as_json(turned)


def test_partner_text_keeps_its_characters_but_none_of_them_live():
    text = as_json(hostile_result("inspect"))
    assert json.loads(text)["files"][0]["hidden_sheets"] == [HOSTILE]
    for live in ("\x1b", "\x9b", "\u202e", "\x07"):
        assert live not in text
    assert "£" in as_json(RESULTS["inspect"])


# --------------------------------------------------------------------------- ids of findings


def test_an_id_does_not_depend_on_the_folder_or_on_other_findings():
    alone = finding_ids(FINDINGS[:1])
    moved = replace(FINDINGS[0], place=replace(FINDINGS[0].place, file="elsewhere/attendance.csv"))
    assert finding_ids((moved,)) == alone
    assert finding_ids(FINDINGS)[0] == alone[0]


def test_an_id_is_the_same_in_every_version_of_the_tool():
    assert finding_ids(FINDINGS[:1]) == ("F-nge45vz5",)


def test_like_named_files_are_told_apart_by_their_folders():
    one = Finding("SSCB-A-1", Severity.ERROR, "m", "f", Place("x/p/a.csv", None, 2, 1))
    two = replace(one, place=replace(one.place, file="x/q/a.csv"))
    ids = finding_ids((one, two))
    assert len(set(ids)) == 2
    assert finding_ids((two, one)) == ids[::-1]


@given(
    st.lists(
        st.builds(
            Finding,
            st.sampled_from(["SSCB-A-1", "SSCB-A-2"]),
            st.just(Severity.ERROR),
            st.sampled_from(["one", "two"]),
            st.just("fix"),
            st.builds(
                Place,
                st.sampled_from([None, "a.csv", "x/a.csv", "y/a.csv", "x/b.csv"]),
                st.sampled_from([None, "S1"]),
                st.sampled_from([None, 2, 3]),
                st.sampled_from([None, 1]),
            ),
            st.sampled_from([None, "amount"]),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_ids_are_unique_and_stay_with_their_findings_in_any_order(findings, random):
    ids = finding_ids(findings)
    assert len(set(ids)) == len(findings)
    order = list(range(len(findings)))
    random.shuffle(order)
    turned = finding_ids([findings[i] for i in order])
    by_finding = {}
    pairs = [*zip(findings, ids, strict=True), *zip([findings[i] for i in order], turned, strict=True)]
    for finding, identity in pairs:
        by_finding.setdefault(finding, set()).add(identity)
    for finding, seen in by_finding.items():
        assert len(seen) == findings.count(finding)
