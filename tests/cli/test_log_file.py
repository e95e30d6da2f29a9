"""``--log-file``: one JSON object a line, for whoever watches many programs."""

import json
import os
import stat

import pytest
from tests.cli.boards import CANARY, Board


@pytest.fixture
def board(tmp_path):
    made = Board(tmp_path / "board")
    made.put("LFB", f"{CANARY},{CANARY},01/05/2018")
    return made


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_every_line_is_one_object_that_says_when_what_and_how_much(board, tmp_path):
    (board.folder / "returns/2018-19/CCG").mkdir()
    (board.folder / "returns/2018-19/CCG/empty.csv").touch()
    log = tmp_path / "log.jsonl"
    ran = board("check", "--log-file", log, "--period", "2018-19")
    assert ran.code == 3
    told = lines(log)
    assert all({"time", "level", "event", "command", "run", "counts"} <= set(each) for each in told)
    assert {(each["command"], each["run"]) for each in told} == {("check", told[0]["run"])}
    assert [each["event"] for each in told] == ["started", "refused", "remark", "result", "ended"]
    result = told[-2]
    assert (result["outcome"], result["period"], result["counts"]["refused"]) == ("refused", "2018-19", 1)
    assert (told[-1]["code"], told[-1]["level"]) == (3, "warning")
    assert CANARY not in log.read_text(encoding="ascii")
    assert os.name == "nt" or stat.S_IMODE(log.stat().st_mode) == 0o600


def test_it_stands_before_any_command_and_goes_on_after_the_log_was_rotated(board, tmp_path):
    log = tmp_path / "log.jsonl"
    from tests.cli.conftest import run

    for _ in range(2):
        run("--log-file", log, "--workspace", board.folder, "history")
        log.rename(tmp_path / "log.jsonl.1")
    run("--log-file", log, "--workspace", board.folder, "schemas", "list")
    assert [each["command"] for each in lines(log)] == ["schemas list"] * 3
    assert [each["event"] for each in lines(tmp_path / "log.jsonl.1")] == ["started", "failed"]


def test_a_log_that_cannot_be_written_is_74_in_one_sentence_and_nothing_was_done(board, tmp_path):
    ran = board("check", "--log-file", tmp_path / "no" / "such" / "folder" / "log")
    assert (ran.code, len(ran.err.splitlines())) == (74, 1), ran.err
    assert not (board.folder / "store").exists()
