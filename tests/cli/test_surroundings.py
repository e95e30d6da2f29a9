"""The same bytes wherever and however it runs; no network; and no partner's cell where it was not asked for."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.cli.boards import CANARY, EXPECTS, Board
from tests.cli.conftest import ROOT, Ran

HERE = Path(__file__).parent / "surroundings"
ROWS = ("Contribution,Total,Date received,Comment", "London Fire Brigade,500.00,01/05/2018,paid", "Nobody,1,?,x", "")
COMMANDS = (
    ("inspect", "returns/2018-19"),
    ("validate",),
    ("summary", "returns/2018-19"),
    ("reconcile", "returns/2018-19"),
    ("ingest",),
    ("check",),
    ("organisations", "returns/2018-19"),
)


def lay(folder: Path, partners: tuple[str, ...]) -> Board:
    board = Board(folder)
    for partner in partners:
        for number in range(3):
            board.put(partner, *ROWS[1:3], name=f"payments {number}.csv")
            path = board.folder / f"returns/2018-19/{partner}/payments {number}.csv"
            path.write_text("\n".join((*ROWS[:3], f"London Fire Brigade,{number}.00,02/05/2018,y", "")), "utf-8")
    shutil.copytree(ROOT / "schemas" / "figures", board.folder / "schemas" / "figures")
    return board


def here(board: Board, *words: str, one_processor: bool = False, **environment: str) -> bytes:
    def bind():
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    period = () if words[0] == "inspect" else ("--period", "2018-19")
    done = subprocess.run(
        [sys.executable, "-m", "sscbtool", *words, *period, "--format", "json"],
        cwd=board.folder,
        env={**os.environ, **environment},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        preexec_fn=bind if one_processor and hasattr(os, "sched_setaffinity") else None,
    )
    assert done.stdout, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_the_same_bytes_whatever_the_surroundings(words, tmp_path):
    partners = ("LFB", "CCG", "MOPAC")
    one = lay(tmp_path / "one", partners)
    other = lay(tmp_path / "another place", partners[::-1])
    first = here(one, *words, PYTHONHASHSEED="1", TZ="UTC", LANG="C", COLUMNS="80")
    second = here(
        other, *words, one_processor=True, PYTHONHASHSEED="4711", TZ="Pacific/Kiritimati", LANG="tr_TR.UTF-8",
        LC_ALL="C.UTF-8", COLUMNS="200", NO_COLOR="1",
    )  # fmt: skip
    assert first == second
    assert str(tmp_path).encode() not in first


def test_a_second_check_of_the_same_files_prints_the_same_json(tmp_path):
    board = lay(tmp_path / "board", ("LFB", "CCG"))
    assert here(board, "check") == here(board, "check")


def test_no_network_is_used_by_any_process_of_a_run(tmp_path):
    board = lay(tmp_path / "board", ("LFB", "CCG"))
    used = tmp_path / "used"
    surroundings = {"PYTHONPATH": str(HERE), "TEST_NETWORK_USED": str(used)}
    assert board("check", "--period", "2018-19", **surroundings).code in (1, 4)
    assert not used.exists()
    probe = "import subprocess, sys; subprocess.run([sys.executable, '-I', '-c', 'import socket; socket.socket()'])"
    subprocess.run([sys.executable, "-c", probe], env={**os.environ, **surroundings}, check=True)
    assert used.read_text() == "socket.__new__\n", "it would have been noticed, also in a child"


# --------------------------------------------------------------------------- discreet


@pytest.fixture(scope="module")
def secret_board(tmp_path_factory):
    """A board whose partners' cells hold the canary wherever a cell may be wrong."""
    asked = '[check]\nreports = ["html", "xlsx", "markdown", "json", "csv", "table"]'
    board = Board(tmp_path_factory.mktemp("secret") / "board", settings=EXPECTS.replace("[check]", asked))
    lines = (
        f"{CANARY} is the title,,,",
        "Contribution,Total,Date received,Comment",
        f"{CANARY},500.00,01/05/2018,{CANARY}",
        f"London Fire Brigade,{CANARY},02/05/2018,",
        f"London Fire Brigade,1.00,{CANARY},",
        f"Total {CANARY},9.00,,",
        f"a note with {CANARY},,,",
        "",
    )
    path = board.put("LFB", name="payments.csv")
    path.write_text("\n".join(lines), encoding="utf-8")
    board.put("CCG", f"{CANARY},{CANARY},{CANARY}")
    attendance = f"Session ref,Learner ref,Agency,Status,Session date\nS1,{CANARY},{CANARY},{CANARY},{CANARY}\n"
    (board.folder / "returns/2018-19/SSCB").mkdir()
    (board.folder / "returns/2018-19/SSCB/attendance.csv").write_text(attendance, encoding="utf-8")
    (board.folder / "returns/2018-19/CCG/odd.csv").write_text(f'"{CANARY},\n', encoding="utf-8")
    return board


def everything(ran: Ran, board: Board, log: Path) -> str:
    """All that a run gave away: both streams, its log, its reports (workbooks unpacked)."""
    parts = [ran.out, ran.err, log.read_text(encoding="utf-8") if log.exists() else ""]
    for path in sorted((board.folder / "reports").glob("*")):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                parts += [book.read(name).decode("utf-8", "replace") for name in book.namelist()]
        else:
            parts.append(path.read_text(encoding="utf-8"))
    return "\n".join(parts)


@pytest.mark.parametrize("output_format", ["table", "json", "markdown"])
def test_no_cell_of_a_partner_is_given_away(secret_board, tmp_path, output_format):
    log = tmp_path / "log"
    ran = secret_board("check", "--period", "2018-19", "--format", output_format, "--log-file", log)
    assert ran.code in (1, 3, 4), ran.err
    told = everything(ran, secret_board, log)
    assert "SSCB-" in told
    assert len(list((secret_board.folder / "reports").iterdir())) == 6
    assert CANARY not in told


STAGES = (
    "sscbtool.core.locate:locate",
    "sscbtool.core.recognise:recognise",
    "sscbtool.core.normalise:normalise",
    "sscbtool.core.validate:validate",
    "sscbtool.workflow.tracking:due_returns",
    "sscbtool.edge.store:Writer.land",
    "sscbtool.edge.store:Writer.log_run",
    "sscbtool.edge.store:Store.load",
    "sscbtool.core.changes:changes",
    "sscbtool.render.present.check:check",
    "sscbtool.render.terminal:terminal",
)


@pytest.mark.parametrize("stage", STAGES)
def test_no_cell_is_given_away_when_a_stage_fails(secret_board, tmp_path, stage):
    log = tmp_path / "log"
    shutil.rmtree(secret_board.folder / "store", ignore_errors=True)
    surroundings = {"PYTHONPATH": str(HERE), "TEST_FAILS_AT": stage, "TEST_CANARY": CANARY}
    ran = secret_board("check", "--period", "2018-19", "--log-file", log, **surroundings)
    assert ran.code in (3, 70), (ran.code, ran.err)
    if ran.code == 70:
        assert "This is a bug in sscbtool" in ran.err
    else:
        assert "fault: RuntimeError" in ran.err
    assert CANARY not in everything(ran, secret_board, log)
