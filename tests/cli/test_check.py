"""``check``: the run that nobody watches, as the reader of its mail sees it."""

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time

import openpyxl
import pytest
from tests.cli.boards import EXPECTS, Board
from tests.cli.conftest import run

HEADLINE = re.compile(r"Check [^\n]*; head [0-9a-f]{12}")


@pytest.fixture
def board(tmp_path):
    made = Board(tmp_path / "board")
    made.put_both()
    return made


def test_a_clean_run_is_one_line_and_a_quiet_one_none(board):
    first = board("check")
    assert first.code == 0, first.err
    (line,) = first.out.splitlines()
    assert HEADLINE.fullmatch(line)
    assert "clean; 2 of 2 returns in; 2 files, 2 new" in line
    quiet = board("check", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_the_head_on_the_line_is_in_the_log(board):
    head = board("check").out.split()[-1]
    assert board("history", "verify", head).code == 0


def test_findings_are_led_by_what_changed_and_grouped_by_partner(board):
    board.put("LFB", "London Fire Brigade,500.00,31/02/2018", "London Fire Brigade,one pound,01/05/2018")
    first = board("check")
    assert first.code == 1
    assert first.out.splitlines()[0].startswith("Check 2018-19: new 2, still open 0, mended 0; ")
    assert "LFB, London Fire Brigade: new 2, still open 0, mended 0" in first.out
    assert "CCG" not in first.out.split("What was looked at")[0]
    board.put("LFB", "London Fire Brigade,500.00,31/02/2018", "London Fire Brigade,1.00,01/05/2018")
    board.put("CCG", "Southwark CCG,60000.00,01/06/2018", "Southwark CCG,?,02/06/2018")
    second = board("check", "--quiet")
    assert second.code == 1
    assert second.out.splitlines()[0].startswith("Check 2018-19: new 1, still open 1, mended 1; ")
    assert second.out.index("CCG") < second.out.index("LFB, London Fire Brigade: new 0, still open 1, mended 1")
    board.put_both()
    third = board("check")
    assert third.code == 0
    assert "new 0, still open 0, mended 2" in third.out


def test_what_is_missing_and_due_ends_with_four_and_says_whom_to_chase(board):
    (board.folder / "returns/2018-19/CCG/payments.csv").unlink()
    ran = board("check", "--quiet")
    assert ran.code == 4
    assert re.search(r"→ Chase  CCG: Financial contributions received 2018-19; [\d,]+ days late\.", ran.out)


def test_a_refused_file_outranks_what_is_late_and_is_to_be_sent_again(board):
    (board.folder / "returns/2018-19/CCG/payments.csv").write_bytes(b"")
    ran = board("check")
    assert ran.code == 3
    assert ran.err.count("refused") == 1
    assert "Ask again for returns/2018-19/CCG/payments.csv" in ran.out


def test_an_overwritten_file_is_counted_once_and_the_old_rows_are_kept_as_superseded(board):
    board("check")
    board.put("LFB", "London Fire Brigade,700.00,01/05/2018")
    ran = board("check", "--format", "json")
    assert [t["total"] for t in ran.json["totals"]] == ["60700.00"]
    (lfb,) = [r for r in board("status", "--format", "json").json["status"]["returns"] if r["partner"] == "LFB"]
    assert (lfb["state"], lfb["superseded"]) == ("received", 1)


def test_a_dry_run_changes_nothing(board):
    before = board.files
    ran = board("check", "--dry-run")
    assert (ran.code, board.files) == (0, before)
    assert "dry run: nothing was changed" in ran.out
    board("check")
    board.put("LFB", "London Fire Brigade,nothing,01/05/2018")
    before = board.files
    assert board("check", "--dry-run").code == 1
    assert board.files == before


@pytest.mark.parametrize("stored_before", [False, True])
def test_a_returns_folder_that_is_not_there_is_one_line_and_not_a_row_of_late_returns(board, stored_before):
    if stored_before:
        board("check")
    (board.folder / "returns").rename(board.folder / "elsewhere")
    ran = board("check", "--quiet")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (3, "", 1)
    assert "is not there" in ran.err
    assert "mounted" in ran.err


def test_an_empty_mount_point_is_told_from_partners_who_sent_nothing(board):
    board("check")
    (board.folder / "returns").rename(board.folder / "elsewhere")
    (board.folder / "returns").mkdir()
    ran = board("check")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (3, "", 1)
    assert "2 files came from it before" in ran.err


def test_an_empty_folder_of_a_new_board_makes_everything_late(tmp_path):
    ran = Board(tmp_path / "board")("check")
    assert ran.code == 4
    assert "0 of 2 returns in, 2 late" in ran.out


def test_a_board_that_expects_nothing_and_has_nothing_has_checked_nothing(tmp_path):
    board = Board(tmp_path / "board", settings="")
    ran = board("check")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (4, "", 1)
    assert board("check", "--format", "json").json["outcome"] == "incomplete"


def test_a_file_that_is_still_being_written_is_left_for_the_next_run(board):
    path = board.put("LFB", "London Fire Brigade,500.00,01/05/2018", name="slow.csv")
    done = threading.Event()

    def write():
        while not done.wait(0.2):
            with path.open("a", encoding="utf-8") as file:
                file.write("London Fire Brigade,1.00,02/05/2018\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        ran = board("check")
    finally:
        done.set()
        writer.join()
    assert ran.code == 4
    assert "returns/2018-19/LFB/slow.csv is still being written; it is left for the next run." in ran.err.splitlines()
    assert "1 file still being written" in ran.out
    assert "still being written" not in board("check").err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who has a file open")
def test_a_file_that_another_process_holds_open_for_writing_is_left_alone(board):
    path = board.put("LFB", "London Fire Brigade,500.00,01/05/2018", name="held.csv")
    old = time.time() - 3600
    os.utime(path, (old, old))
    with path.open("a", encoding="utf-8"):
        ran = board("check")
    assert ran.code == 4
    assert "held.csv is still being written" in ran.err


def test_an_owner_lock_file_is_one_line_and_the_workbook_beside_it_is_read(board):
    (board.folder / "returns/2018-19/LFB/~$payments.csv").write_bytes(b"\x05Ann Officer")
    ran = board("check")
    assert ran.code == 0
    said = "returns/2018-19/LFB/payments.csv is open in a spreadsheet program; what was last saved is read."
    assert said in ran.err.splitlines()
    assert "Ann" not in ran.err + ran.out


def test_a_word_for_the_period_is_resolved_once_printed_and_logged(board):
    ran = board("check", "--period", "last-quarter")
    assert re.search(r"^The period last-quarter is 20\d\d-\d\d Q[1-4]\.$", ran.err, re.MULTILINE)
    period = re.search(r"is (20\S+ Q[1-4])\.", ran.err)[1]
    assert f"Check {period} (last-quarter): " in ran.out
    assert board("history", "--format", "json").json["history"]["runs"][0]["period"] == period


def test_what_is_long_overdue_stays_in_sight_whatever_quarter_it_is(board):
    (board.folder / "returns/2018-19/CCG/payments.csv").unlink()
    assert "1 late" in board("check", "--period", "last-quarter").out
    assert "late" not in board("check", "--period", "2017-18").out.splitlines()[0]


def test_reports_stand_whole_under_their_names_with_the_mode_of_the_settings(tmp_path):
    asked = '[check]\nreports = ["markdown", "xlsx", "json", "csv"]'
    board = Board(tmp_path / "board", settings='file_mode = "0640"\n' + EXPECTS.replace("[check]", asked))
    board.put_both()
    ran = board("check")
    assert ran.code == 0, ran.err
    reports = board.folder / "reports"
    names = ["check-2018-19.csv", "check-2018-19.json", "check-2018-19.md", "check-2018-19.xlsx"]
    assert sorted(path.name for path in reports.iterdir()) == names
    assert {stat.S_IMODE(path.stat().st_mode) for path in reports.iterdir()} == {0o640}
    markdown = (reports / "check-2018-19.md").read_text(encoding="utf-8")
    assert ran.out.split()[-1] in markdown, "the head stands on the report"
    assert "London Fire Brigade" not in markdown.split("Returns")[0]
    assert json.loads((reports / "check-2018-19.json").read_text(encoding="utf-8"))["outcome"] == "clean"


def test_its_page_and_workbook_are_the_boards_report_with_what_is_late_refused_and_broken(tmp_path, sample):
    folder = tmp_path / "board"
    assert run("init", folder, "--sample").code == 0
    settings = folder / "sscbtool.toml"
    words = settings.read_text(encoding="utf-8").replace("# [check]", "[check]", 1)
    settings.write_text(words.replace("# reports = ", "reports = ", 1), encoding="utf-8")
    returns = folder / "returns" / "2018-19"
    (returns / "MPS" / "Knife crime by month 2018-19.csv").unlink()
    (returns / "CAFCASS" / "broken.xlsx").write_bytes(b"")
    ledger = returns / "LBS" / "SSCB debtor invoices 2018-19.csv"
    (returns / "LBS" / "SSCB contributions agreed 2018-19.xlsx").unlink()
    agreed = "Organisation,Fund,Agreed contribution\nSouthwark CCG,SSCB,60100\n"
    (ledger.parent / "agreed 2018-19.csv").write_text(agreed, encoding="utf-8")
    ran = run("--workspace", folder, "check", "--format", "json")
    assert ran.code == 3
    (fund,) = ran.json["check"]["ledgers"]
    assert fund["fund"] == "SSCB"
    page = (folder / "reports" / "check-2018-19.html").read_text(encoding="utf-8")
    assert "Do the figures of 2018-19 stand?" in page
    assert "Not all the figures stand" in page
    assert all(each in page for each in fund["open"])
    for words in ("32 of 33 returns in, 1 late.", "Whom to chase", "1 file could not be read", "Since the last check"):
        assert words in page, words
    assert run("--workspace", folder, "history", "--format", "json").json["history"]["head"] in page
    book = openpyxl.load_workbook(folder / "reports" / "check-2018-19.xlsx")
    files = {row[0]: row[-1] for row in book["Files"].iter_rows(min_row=5, values_only=True)}
    payments = next(name for name in files if name.endswith("LFB contribution.xls"))
    assert files[payments] == hashlib.sha256((returns / "LFB" / "LFB contribution.xls").read_bytes()).hexdigest()
    evidence = {row[1]: row[-1] for row in book["Evidence"].iter_rows(min_row=5, values_only=True)}
    assert evidence[payments] == files[payments]
    assert "Ledger SSCB breaks" in book.sheetnames


@pytest.mark.skipif(os.name == "nt", reason="no such modes there")
def test_a_store_is_opened_to_those_whom_the_settings_name_later(board):
    board("check")
    store, settings = board.folder / "store", board.folder / "sscbtool.toml"
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.rglob("*") if path.is_file()} == {0o600}
    settings.write_text('file_mode = "0660"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    board("check")
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.rglob("*") if path.is_file()} == {0o660}
    assert stat.S_IMODE((store / "submissions").stat().st_mode) & 0o070 == 0o070


def test_a_report_that_cannot_be_written_ends_with_74(board):
    settings = board.folder / "sscbtool.toml"
    asked = '[check]\nreports = ["json"]\nfolder = "sscbtool.toml"'
    settings.write_text(settings.read_text(encoding="utf-8").replace("[check]\nsettle", f"{asked}\nsettle"), "utf-8")
    ran = board("check")
    assert ran.code == 74


def test_a_settings_file_that_expects_what_nobody_knows_is_usage(tmp_path):
    board = Board(tmp_path / "board", settings=EXPECTS.replace('"LFB"', '"Nobody"'))
    board.put_both()
    ran = board("check")
    assert (ran.code, "'Nobody'" in ran.err) == (2, True)


def test_check_needs_a_workspace(tmp_path):
    assert run("check", cwd=tmp_path).code == 2


def test_it_runs_as_cron_runs_it_without_a_home_a_terminal_or_a_locale(board, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sscbtool", "--workspace", board.folder, "check"],
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"There is no register of published figures for 2018-19.\n")
    assert done.stdout.startswith(b"Check 2018-19: clean; ")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_closed_standard_output_is_74_in_one_sentence_and_the_run_is_logged(board):
    command = f'"{sys.executable}" -m sscbtool --workspace "{board.folder}" check >&-'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=120)
    said = [line for line in done.stderr.splitlines() if "register of published figures" not in line]
    assert (done.returncode, len(said)) == (74, 1)
    assert board("history", "--format", "json").json["history"]["runs"][0]["command"] == "check"


def test_the_sample_year_and_its_faulty_twin(tmp_path, sample, faulty):
    import shutil

    board = tmp_path / "board"
    assert run("init", board, "--sample").code == 0
    clean = run("--workspace", board, "check")
    assert clean.code == 0, clean.out
    shutil.copytree(faulty, board / "returns" / "2018-19", dirs_exist_ok=True)
    wrong = run("--workspace", board, "check", "--format", "json")
    assert wrong.code == 3
    opened = [f for f in wrong.json["findings"] if f["severity"] != "warning" and not f["explained"]]
    again = run("--workspace", board, "check")
    assert f"new 0, still open {len(opened)}, mended 0" in again.out.splitlines()[0]
    shutil.rmtree(board / "returns" / "2018-19")
    shutil.copytree(sample, board / "returns" / "2018-19")
    mended = run("--workspace", board, "check")
    assert mended.code == 0, mended.out
    assert f"new 0, still open 0, mended {len(opened)}" in mended.out


def test_a_file_that_is_gone_still_counts_and_is_asked_about_until_it_is_settled(board):
    board.put("LFB", "London Fire Brigade,700.00,02/05/2018", name="sent twice.csv")
    assert board("check").code == 0
    (board.folder / "returns/2018-19/LFB/sent twice.csv").unlink()
    gone = board("check", "--format", "json")
    (finding,) = gone.json["findings"]
    assert (gone.code, finding["code"], finding["severity"]) == (1, "SSCB-STO-1", "query")
    assert finding["file"] == "returns/2018-19/LFB/sent twice.csv"
    version = re.search(r"store forget ([0-9a-f]+)", finding["fix"])[1]
    assert board("explain", finding["id"], "--reason", "kept in the archive").code == 0
    assert board("check", "--quiet").code == 0
    assert board("store", "forget", version).code == 0
    settled = board("check", "--format", "json")
    assert (settled.code, settled.json["findings"]) == (0, [])
    assert [total["total"] for total in settled.json["totals"]] == ["60500.00"]


def test_a_file_that_was_moved_is_not_gone(board):
    board("check")
    folder = board.folder / "returns/2018-19/LFB"
    (folder / "payments.csv").rename(folder / "LFB payments.csv")
    assert board("check").code == 0


def test_what_an_overwriting_file_leaves_out_still_counts_and_is_asked_about(board):
    other = board.folder / "returns/2018-19/CCG/sent in June.csv"
    other.write_text(
        "Invoice number,Customer,Net amount,Date raised\nINV 1,Southwark CCG,60000.00,01/05/2018\n", encoding="utf-8"
    )
    assert board("check").code == 0
    board.put("CCG", "Southwark CCG,5.00,02/06/2018", name=other.name)
    ran = board("check", "--format", "json")
    assert (ran.code, [finding["code"] for finding in ran.json["findings"]]) == (1, ["SSCB-STO-2"])
    assert "contributions invoiced" in ran.json["findings"][0]["message"]


def test_of_versions_under_one_name_the_one_that_counts_is_replaced(board):
    for amount in ("600.00", "700.00"):
        board.put("LFB", f"London Fire Brigade,{amount},01/05/2018")
        assert board("check").code == 0
    path = board.put("LFB", "London Fire Brigade,800.00,01/05/2018", name="third.csv")
    ran = board("ingest", path, "--replaces", "returns/2018-19/LFB/payments.csv")
    assert ran.code == 0, ran.err
    totals = board("validate", "--stored", "--format", "json").json["totals"]
    assert [total["total"] for total in totals] == ["60800.00"]
