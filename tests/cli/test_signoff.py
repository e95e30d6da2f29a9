"""Signing a year off, run as two people run it: a preparer, then a reviewer with another login."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import ROOT, run
from tests.cli.test_ledger import AGREED, INVOICED, LINES, SPLITS, export


@pytest.fixture
def board(tmp_path: Path) -> Path:
    (tmp_path / "sscbtool.toml").write_text('period = "2018-19"\n', encoding="utf-8")
    returns = tmp_path / "returns"
    returns.mkdir()
    (returns / "agreed.csv").write_text(AGREED, encoding="utf-8")
    (returns / "invoices.csv").write_text(INVOICED, encoding="utf-8")
    (returns / "splits.csv").write_text(SPLITS, encoding="utf-8")
    export(returns, LINES)
    return tmp_path


def sign(board: Path, role: str, login: str, *options: str):
    who = {"LOGNAME": login, "USER": login}
    return run("--workspace", board, "signoff", "--as", role, board / "returns", "--format", "json", *options, **who)


def signed(board: Path, command: str = "ledger"):
    return run("--workspace", board, command, board / "returns", "--format", "json").json["signoff"]


def test_a_preparer_and_then_a_reviewer_with_another_login_sign_the_same_inputs(board):
    assert signed(board)["status"] == "unsigned"
    assert sign(board, "preparer", "amal", "--by", "A. Osei").json["signoff"]["status"] == "prepared"
    reviewed = sign(board, "reviewer", "rita")
    assert (reviewed.code, reviewed.json["command"]) == (0, "signoff")
    for command in ("ledger", "reconcile"):
        told = signed(board, command)
        assert (told["status"], told["preparer"]["by"], told["reviewer"]["by"]) == (
            "reviewed",
            "amal (A. Osei)",
            "rita",
        )
        assert told["preparer"]["stood"] == "1 open, 0 explained (£0.00)"
    kinds = {each["kind"] for each in told["inputs"]}
    assert kinds == {"file", "schema", "figures", "organisations", "settings", "decisions"}


def test_nobody_reviews_what_they_prepared_or_what_nobody_prepared(board):
    assert sign(board, "reviewer", "rita").code == 2
    sign(board, "preparer", "amal")
    again = sign(board, "reviewer", "AMAL", "--by", "Somebody else")
    assert (again.code, "cannot review it too" in again.err) == (2, True)
    assert signed(board)["status"] == "prepared"


def test_a_changed_input_voids_both_signatures_and_is_named_wherever_they_are_shown(board):
    sign(board, "preparer", "amal")
    sign(board, "reviewer", "rita")
    (board / "returns" / "agreed.csv").write_text(AGREED.replace("500.00,2018", "600.00,2018"), encoding="utf-8")
    told = signed(board)
    assert (told["status"], told["preparer"]["holds"], told["reviewer"]["holds"]) == ("void", False, False)
    assert told["changed"] == [{"kind": "file", "name": "agreed.csv", "change": "changed"}]
    for command in ("ledger", "reconcile"):
        out = run("--workspace", board, command, board / "returns").out
        assert "Void" in out
        assert "agreed.csv has changed" in out
    refused = sign(board, "reviewer", "rita")
    assert (refused.code, "agreed.csv" in refused.err) == (2, True)
    assert sign(board, "preparer", "amal").json["signoff"]["status"] == "prepared"


def test_a_changed_schema_register_or_setting_voids_it_too_and_a_file_by_another_name_does_not(board):
    schemas = board / "schemas"
    shutil.copytree(ROOT / "schemas", schemas)
    sign(board, "preparer", "amal")
    (board / "returns" / "agreed.csv").rename(board / "returns" / "agreed 2018-19.csv")
    assert signed(board)["status"] == "prepared"
    for changed in (schemas / "returns" / "contributions_ledger.yaml", schemas / "figures" / "2018-19.csv"):
        before = changed.read_bytes()
        changed.write_bytes(before + b"\n")
        told = signed(board)
        assert (told["status"], [each["name"] for each in told["changed"]]) == (
            "void",
            [changed.relative_to(schemas).as_posix()],
        )
        changed.write_bytes(before)
    assert signed(board)["status"] == "prepared"
    (board / "sscbtool.toml").write_text('period = "2018-19"\n[ledger]\ntolerance = "500.00"\n', encoding="utf-8")
    assert [each["kind"] for each in signed(board)["changed"]] == ["settings"]


def test_what_is_stored_and_the_files_it_came_from_are_the_same_inputs(board):
    assert run("--workspace", board, "ingest", board / "returns", "--period", "2018-19").code in (0, 1)
    assert run("--workspace", board, "signoff", "--as", "preparer").code == 0
    assert signed(board)["status"] == "prepared"


def test_without_a_verdict_or_a_workspace_nothing_is_signed(board):
    (board / "returns" / "empty.xlsx").write_bytes(b"")
    assert sign(board, "preparer", "amal").code == 3
    (board / "returns" / "empty.xlsx").unlink()
    (board / "returns" / "agreed.csv").write_text(AGREED.splitlines()[0] + "\n", encoding="utf-8")
    assert sign(board, "preparer", "amal").code == 4
    (board / "sscbtool.toml").unlink()
    assert run("signoff", "--as", "preparer", board / "returns", "--period", "2018-19", cwd=board).code in (2, 4)
