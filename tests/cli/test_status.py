"""``status``: who has sent what, who is late, and what a person says of it."""

import datetime as dt

import pytest
from tests.cli.boards import EXPECTS, Board

TODAY = dt.datetime.now(dt.UTC).astimezone().date()


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """The fire brigade has sent its return, the clinical commissioning group has not."""
    made = Board(tmp_path_factory.mktemp("status") / "board")
    made.put("LFB", "London Fire Brigade,500.00,01/05/2018")
    assert made("check").code == 4
    return made


def returns(ran):
    return {(r["partner"], r["period"]): r for r in ran.json["status"]["returns"]}


def test_what_is_late_is_told_in_days_with_whom_to_chase(board):
    ran = board("status", "--format", "json")
    assert ran.code == 4
    days = (TODAY - dt.date(2019, 4, 30)).days
    here, late = returns(ran)[("LFB", "2018-19")], returns(ran)[("CCG", "2018-19")]
    assert (here["state"], here["received_on"], here["due"]) == ("received", TODAY.isoformat(), "2019-04-30")
    assert (late["state"], late["days_late"], late["received_on"]) == ("late", days, None)
    (chase,) = ran.json["status"]["chase"]
    assert (chase["partner"], chase["days_late"]) == ("CCG", days)
    assert chase["returns"] == [{"return": "contributions", "period": "2018-19"}]
    shown = board("status")
    assert (shown.code, shown.out.index("Whom to chase") < shown.out.index("LFB")) == (4, True)


def test_a_period_in_which_nothing_was_expected_says_so(board):
    ran = board("status", "--period", "2016-17")
    assert (ran.code, "Nothing is expected" in ran.err) == (4, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nil", "Nobody", "contributions"), "There is no partner 'Nobody'"),
        (("nil", "CCG", "pocket_money"), "There is no return 'pocket_money'"),
        (("nil", "CCG"), "Say: sscbtool status nil PARTNER RETURN"),
        (("extend", "CCG", "contributions", "31/13/2019", "--reason", "x"), "is not a day"),
        (("extend", "CCG", "contributions", "31/05/2019"), "It is not said why"),
        (("forgive", "CCG"), "is nothing that status does"),
        (("nil", "CCG", "spend"), "It is not said for which period"),
    ],
)
def test_a_slip_in_what_is_to_be_recorded_is_usage(board, words, says):
    ran = board("status", *words)
    assert (ran.code, says in ran.err) == (2, True), ran.err


def test_a_person_s_word_is_kept_with_who_and_why_and_can_be_taken_back(tmp_path):
    board = Board(tmp_path / "board")
    board.put("LFB", "London Fire Brigade,500.00,01/05/2018")
    later = (TODAY + dt.timedelta(days=30)).isoformat()
    ran = board("status", "extend", "CCG", "contributions", later, "--reason", "merger", "--by", "A. Officer")
    assert ran.code == 0, ran.err
    board("check")
    extended = returns(board("status", "--format", "json"))[("CCG", "2018-19")]
    assert (extended["state"], extended["due"], extended["extended"]) == ("awaited", later, True)
    assert ("A. Officer" in extended["by"], extended["reason"]) == (True, "merger")

    assert board("status", "nil", "Southwark CCG", "contributions", "--reason", "letter of 3 May").code == 0
    ran = board("status", "--format", "json")
    nil = returns(ran)[("CCG", "2018-19")]
    assert (ran.code, nil["state"], nil["reason"]) == (0, "nil", "letter of 3 May")
    assert board("check").code == 0

    assert board("status", "nil", "CCG", "contributions", "--withdraw").code == 0
    assert board("status", "extend", "CCG", "contributions", later, "--withdraw").code == 0
    assert board("status").code == 4
    decisions = [r for r in board("history", "--format", "json").json["history"]["runs"] if r["by"]]
    assert [d["command"] for d in decisions] == ["status extend", "status nil", "status nil", "status extend"]


def test_headings_without_rows_satisfy_nothing_until_somebody_says_nil(tmp_path):
    board = Board(tmp_path / "board")
    board.put("LFB", "London Fire Brigade,500.00,01/05/2018")
    board.put("CCG")
    assert board("validate", "--period", "2018-19").code == 1
    assert board("check").code == 4
    assert board("status", "nil", "CCG", "contributions").code == 0
    ran = board("check")
    assert ran.code == 0, ran.out
    assert board("validate", "--period", "2018-19").code == 0


def test_a_refused_file_stands_beside_the_return_it_was_to_be(tmp_path):
    board = Board(tmp_path / "board")
    board.put_both()
    (board.folder / "returns/2018-19/CCG/payments.csv").write_bytes(b"")
    board("check")
    late = returns(board("status", "--format", "json"))[("CCG", "2018-19")]
    assert (late["state"], late["refused"]) == ("late", ["returns/2018-19/CCG/payments.csv"])


def test_quarters_are_told_apart_by_the_rows_of_one_file(tmp_path):
    rule = EXPECTS.replace('["LFB", "CCG"]', '"LFB"').replace("due = 30", 'due = 30\nevery = "quarter"')
    board = Board(tmp_path / "board", settings=rule)
    board.put("LFB", "London Fire Brigade,500.00,01/05/2018", "London Fire Brigade,500.00,01/11/2018")
    board("check")
    states = {p: r["state"] for (_, p), r in returns(board("status", "--format", "json")).items()}
    assert states == {
        "2018-19 Q1": "received", "2018-19 Q2": "late", "2018-19 Q3": "received", "2018-19 Q4": "late",
    }  # fmt: skip
