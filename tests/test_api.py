"""The commands as functions: what a notebook gets is what the command line prints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import sscbtool
from sscbtool.errors import NothingToJudge

SAMPLE = Path(__file__).parents[1] / "sample_data" / "2018-19"


def test_importing_the_package_imports_nothing_heavy():
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, sscbtool; print(*sorted(sys.modules))"], capture_output=True, text=True
    ).stdout.split()
    assert "sscbtool" in loaded
    assert not {"pandas", "pandera", "duckdb", "sscbtool.api"} & set(loaded)


def test_a_result_is_a_value_with_findings_and_totals():
    result = sscbtool.validate(SAMPLE / "CCG", period="2018-19")
    assert result.outcome == "clean"
    assert [(total.return_name, str(total.total)) for total in result.totals] == [("contributions", "60000.00")]


def test_to_json_is_what_the_command_line_prints():
    result = sscbtool.reconcile(str(SAMPLE / "CCG"), period="2018-19", figure="M02")
    shown = subprocess.run(
        [sys.executable, "-m", "sscbtool", "reconcile", SAMPLE / "CCG", "--period", "2018-19", "--figure", "M02",
         "--format", "json"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(sscbtool.to_json(result)) == json.loads(shown.stdout)


def test_what_an_operator_can_fix_is_raised_with_its_sentence(tmp_path):
    with pytest.raises(NothingToJudge, match="no spreadsheet"):
        sscbtool.inspect(tmp_path)


def test_there_is_nothing_else():
    with pytest.raises(AttributeError):
        _ = sscbtool.check
