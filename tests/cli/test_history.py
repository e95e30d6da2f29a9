"""``history``: past runs, and whether what says so was tampered with."""

import datetime as dt
import json
import re
import sqlite3

import pytest
from tests.cli.boards import Board


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    made = Board(tmp_path_factory.mktemp("history") / "board")
    made.put_both()
    assert made("check").code == 0
    made.put("LFB", "London Fire Brigade,no,01/05/2018")
    assert made("check").code == 1
    return made


@pytest.fixture
def log(board):
    """The catalogue to tamper with; put back as it was afterwards."""
    path = board.folder / "store" / "catalogue.sqlite"
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT * FROM log").fetchall()

        def head():
            return connection.execute("SELECT hash FROM log ORDER BY number DESC LIMIT 1").fetchone()[0]

        def tamper(*statements):
            for statement in statements:
                connection.execute(statement)
            connection.commit()

        tamper.head = head
        yield tamper
        connection.execute("DELETE FROM log")
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    connection.close()


def test_each_run_says_what_it_rested_on_and_what_it_came_to(board):
    runs = board("history", "--format", "json").json["history"]["runs"]
    assert [(r["command"], r["outcome"], r["landed"]) for r in runs] == [
        ("check", "findings", 1),
        ("check", "clean", 2),
    ]
    one = board("history", runs[1]["run"], "--format", "json").json["history"]["run"]
    assert sorted(one["inputs"]) == ["returns/2018-19/CCG/payments.csv", "returns/2018-19/LFB/payments.csv"]
    assert re.fullmatch("[0-9a-f]{64}", one["schemas"]["returns/contributions.yaml"])
    assert one["counts"]["files"] == 2
    shown = board("history", runs[0]["hash"][:12])
    assert (shown.code, "Open when it ended" in shown.out) == (0, True)


def test_a_run_that_never_was_is_usage(board):
    assert board("history", "9999").code == 2


def test_a_whole_log_verifies_with_and_without_a_head(board, log):
    assert board("history", "verify").code == 0
    assert board("history", "verify", log.head()).code == 0
    assert board("history", "verify", "ab").code == 2


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE log SET entry = replace(entry, '\"findings\":', '\"findingz\":') WHERE number = 4",),
        ("DELETE FROM log WHERE number = 2",),
        ("INSERT INTO log SELECT 99, entry, hash, 'f' || substr(hash, 2) FROM log WHERE number = 1",),
        ("UPDATE log SET number = 100 WHERE number = 1", "UPDATE log SET number = 1 WHERE number = 2",
         "UPDATE log SET number = 2 WHERE number = 100"),
    ],
    ids=["edit", "deletion", "insertion", "swap"],
)  # fmt: skip
def test_tampering_is_found(board, log, statements):
    log(*statements)
    ran = board("history", "verify", "--format", "json")
    assert (ran.code, ran.json["history"]["verify"]["whole"]) == (1, False)
    assert ran.json["history"]["verify"]["broken_at"]


def test_a_tail_that_was_cut_shows_against_a_head_that_is_known(board, log):
    head = log.head()
    log("DELETE FROM log WHERE number = (SELECT max(number) FROM log)")
    assert board("history", "verify").code == 0
    ran = board("history", "verify", head[:12])
    assert (ran.code, "cut off" in ran.out) == (1, True)


def test_silence_is_not_taken_for_health(tmp_path, board):
    assert board("history", "--max-age", "1d").code == 0
    empty = Board(tmp_path / "board")
    assert empty("history", "--max-age", "100d").code == 4
    (empty.folder / "returns").rmdir()
    assert empty("check").code == 3
    ran = empty("history", "--max-age", "100d")
    assert (ran.code, "No run ever succeeded" in ran.out) == (4, True)
    assert board("history", "--max-age", "soon").code == 2


def test_a_run_of_long_ago_is_not_lately(board, log):
    old = (dt.datetime.now(dt.UTC) - dt.timedelta(days=120)).isoformat()
    log(f"UPDATE log SET entry = json_set(entry, '$.at', '{old}')")
    ran = board("history", "--max-age", "100d")
    assert (ran.code, "120 days ago" in ran.out) == (4, True)
    assert board("history", "--max-age", "20w").code == 0


def test_the_log_holds_no_cell(board, log):
    with sqlite3.connect(board.folder / "store" / "catalogue.sqlite") as connection:
        entries = [json.loads(entry) for (entry,) in connection.execute("SELECT entry FROM log")]
    connection.close()
    assert "60000" not in json.dumps(entries)


def test_a_decision_says_which_schemas_and_figures_it_rested_on(board):
    def latest(command):
        runs = board("history", "--format", "json").json["history"]["runs"]
        number = next(each["run"] for each in runs if each["command"] == command)
        return board("history", number, "--format", "json").json["history"]["run"]

    assert board("status", "nil", "LFB", "contributions", "--reason", "letter").code == 0
    assert board("organisations", "accept", "Fire men", "LFB").code == 0
    rested_on = latest("check")["schemas"]
    assert rested_on
    assert latest("status nil")["schemas"] == latest("organisations accept")["schemas"] == rested_on
