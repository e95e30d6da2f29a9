"""The sample year bears out every figure of the report, and its faulty twin lets down those that are listed."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "cases"
AGREES = {"holds", "holds_within_rounding"}
SOUND = {*AGREES, "narrative", "definition_differs", "suppressed", "not_checked"}


def reconciled(year):
    ran = subprocess.run(
        [sys.executable, "-m", "sscbtool", "reconcile", year, "--period", "2018-19", "--format", "json"],
        cwd=ROOT / "sample_data",
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, json.loads(ran.stdout)


@pytest.fixture(scope="module")
def clean():
    return reconciled("2018-19")


@pytest.fixture(scope="module")
def faulty():
    return reconciled("2018-19-with-faults")


@pytest.fixture(scope="module")
def breaks():
    with (CASES / "planted_breaks.csv").open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def statuses(result):
    return {figure["figure_id"]: figure["status"] for figure in result["figures"]}


def test_the_clean_year_ends_clean(clean):
    code, result = clean
    assert [f for f in result["findings"] if f["severity"] != "warning"] == []
    assert (code, result["outcome"]) == (0, "clean")


def test_every_table_of_the_clean_year_is_the_return_that_it_should_be(clean):
    _, result = clean
    tables = [(file["path"], table["return"]) for file in result["files"] for table in file["tables"]]
    assert [path for path, found in tables if found is None] == []
    assert {file["status"] for file in result["files"]} == {"read"}
    assert len({found for _, found in tables}) == 28


def test_every_figure_that_can_be_checked_agrees(clean):
    counts = Counter(statuses(clean[1]).values())
    assert set(counts) <= {*AGREES, "narrative"}
    assert counts["holds"] + counts["holds_within_rounding"] >= 90


def test_returns_of_the_year_before_are_compared_with_and_not_counted(clean):
    before = [
        (table["period"], table["rows_kept"])
        for file in clean[1]["files"]
        if "/2017-18/" in file["path"]
        for table in file["tables"]
    ]
    assert len(before) == 3
    assert set(before) == {("2017-18", 0)}


def test_the_twin_lets_down_each_listed_figure_for_a_reason_of_its_own(faulty, breaks):
    found = statuses(faulty[1])
    assert {each["figure_id"]: found[each["figure_id"]] for each in breaks} == {
        each["figure_id"]: each["status"] for each in breaks
    }
    assert len(breaks) >= 25
    assert len({each["reason"] for each in breaks}) == len(breaks)
    assert {each["status"] for each in breaks} == {"contradicted", "not_evidenced", "not_computable"}


def test_the_twin_lets_down_no_figure_that_is_not_listed(faulty, breaks):
    let_down = {figure_id for figure_id, status in statuses(faulty[1]).items() if status not in SOUND}
    assert let_down == {each["figure_id"] for each in breaks}


def test_the_twin_raises_each_planted_fault_where_it_stands(faulty):
    with (CASES / "planted_faults.csv").open(encoding="utf-8", newline="") as source:
        planted = [row for row in csv.DictReader(source) if row["severity"] != "refused"]
    found = {
        (f["file"].split("-with-faults/")[1], f["sheet"] or "", f["cell"], f["code"], f["severity"])
        for f in faulty[1]["findings"]
    }
    assert {(p["file"], p["sheet"], p["cell"], p["code"], p["severity"]) for p in planted} <= found


def test_where_counts_were_withheld_the_interval_decides(clean, faulty):
    """In the clean year half is half whatever was withheld; in the twin no number withheld makes the total good."""
    shown = {}
    for name, (_, result) in {"clean": clean, "faulty": faulty}.items():
        shown |= {(name, each["figure_id"]): (each["status"], each["evidenced"]) for each in result["figures"]}
    status, evidenced = shown["clean", "N01"]
    assert status == "holds_within_rounding"
    assert " to " in evidenced
    assert shown["faulty", "S01"] == ("contradicted", "320 to 324")
    [total] = [each for each in clean[1]["totals"] if each["return"] == "cp_plans"]
    assert " to " in total["total"]


def test_the_disclosive_count_shows_no_value_whether_it_agrees_or_not(clean, faulty):
    for _, result in (clean, faulty):
        [figure] = [each for each in result["figures"] if each["figure_id"] == "Q07"]
        assert (figure["published"], figure["evidenced"], figure["difference"]) == (None, None, None)
        assert figure["evidence"] == []
