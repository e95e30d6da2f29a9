"""Names in no register are proposed, and merged by nobody but a person."""

from tests.cli.conftest import run
from tests.cli.test_main_line import save


def test_a_near_name_is_proposed_and_counts_only_once_a_person_accepts_it(tmp_path):
    board = tmp_path / "board"
    run("init", board)
    file = save(
        board / "returns" / "fire.xlsx", ("Agency", "Amount", "Date"), ("London Fire Brigde", 500, "01/05/2018")
    )
    before = run("--workspace", board, "reconcile", file, "--period", "2018-19", "--figure", "M04", "--format", "json")
    assert (before.code, before.json["figures"][0]["status"]) == (1, "not_evidenced")

    shown = run("--workspace", board, "organisations", file, "--period", "2018-19", "--format", "json")
    assert shown.code == 1
    (name,) = shown.json["organisations"]["unregistered"]
    assert (name["name"], name["rows"], name["proposed_code"]) == ("London Fire Brigde", 1, "LFB")

    assert run("--workspace", board, "organisations", "accept", "London Fire Brigde", "LFB").code == 0
    after = run("--workspace", board, "reconcile", file, "--period", "2018-19", "--figure", "M04", "--format", "json")
    assert (after.code, after.json["figures"][0]["status"]) == (0, "holds")

    run("--workspace", board, "organisations", "reject", "London Fire Brigde", "LFB")
    again = run("--workspace", board, "organisations", file, "--period", "2018-19", "--format", "json")
    assert again.json["organisations"]["unregistered"][0]["proposed_code"] is None


def test_a_name_that_is_known_by_now_counts_in_rows_that_were_stored_before(tmp_path):
    board = tmp_path / "board"
    run("init", board)
    save(
        board / "returns" / "paid.xlsx",
        ("Agency", "Amount", "Date"),
        ("London Fire Brigde", 500, "01/05/2018"),
        ("Fennel Trust", 20, "01/05/2018"),
    )
    assert run("--workspace", board, "ingest", "--period", "2018-19").code == 1
    assert run("--workspace", board, "organisations", "accept", "London Fire Brigde", "LFB").code == 0
    register = board / "schemas" / "organisations.csv"
    register.write_text(register.read_text() + "FEN,Fennel Trust,local,,voluntary,false,,\n")
    summed = run("--workspace", board, "summary", "contributions", "--period", "2018-19", "--format", "json").json
    paid = {each["partner"]: each["value"] for each in summed["measures"] if each["measure"] == "received"}
    assert paid == {"LFB": "500.00", "FEN": "20.00", None: "520.00"}
    assert run("--workspace", board, "validate", "--stored", "--period", "2018-19").code == 0


def test_a_count_of_organisations_says_what_it_would_be_if_proposals_were_accepted(tmp_path):
    save(
        tmp_path / "sessions.xlsx",
        ("Session ref", "Session date", "Mode", "Status"),
        ("S1", "01/05/2018", "face to face", "delivered"),
    )
    save(
        tmp_path / "attendance.xlsx",
        ("Session ref", "Learner ID", "Organisation", "Attended", "Date attended"),
        ("S1", "L1", "London Fire Brigade", "attended", "01/05/2018"),
        ("S1", "L2", "London Fire Brigde", "attended", "01/05/2018"),
        ("S1", "L3", "CAFCASS", "attended", "01/05/2018"),
    )
    ran = run("trace", "T03", tmp_path, "--period", "2018-19", "--format", "json")
    assert ran.json["figures"][0]["evidenced"] == 3
    assert "3 as typed after known aliases; 2 if 1 proposed merge is accepted." in ran.json["trace"]["reason"]
