"""Before or after, never between: a short run of the killing script, a full disk, and twenty runs at once."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.crash import crash

from sscbtool.edge.store import Store

SCRIPT = Path(crash.__file__)
COMMAND = [sys.executable, "-m", "sscbtool", "ingest", "--format", "json", "--output", "report.json"]


@pytest.fixture
def board(tmp_path):
    crash.lay_out(tmp_path / "board")
    return tmp_path / "board"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks")
def test_a_run_that_is_stopped_at_a_random_moment_leaves_the_store_before_or_after():
    few = ["--kill", "8", "--terminate", "4", "--interrupt", "4", "--seed", str(int(time.time()))]
    done = subprocess.run([sys.executable, SCRIPT, *few], capture_output=True, text=True)
    assert done.returncode == 0, f"{few} {done.stdout} {done.stderr}"
    assert done.stdout.count("none between before and after") == 3


def mounted(size: int) -> Path | None:
    """A file system of ``size`` bytes; None where this user may not mount one."""
    folder = Path(tempfile.mkdtemp())
    asked = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if shutil.which("mount") and subprocess.run(asked, capture_output=True).returncode == 0:
        return folder
    folder.rmdir()
    return None


@pytest.mark.parametrize("kilobytes", [8, 64, 128, 160, 192, 224, 4096])
def test_a_full_disk_is_said_and_leaves_the_store_before_or_after(board, kilobytes):
    disk = mounted(kilobytes << 10)
    if disk is None:
        pytest.skip("only who may mount a file system can fill one")
    try:
        (board / "sscbtool.toml").write_text(f'store = "{disk / "store"}"\n')
        done = subprocess.run(COMMAND, cwd=board, capture_output=True, text=True)
        assert done.returncode in (0, 74), done.stderr
        assert "Traceback" not in done.stderr
        assert "bug" not in done.stderr
        assert (board / "report.json").exists() == (done.returncode == 0)
        if kilobytes == 4096:
            assert done.returncode == 0
        subprocess.run(["mount", "-o", f"remount,size={4 << 20}", str(disk)], check=True)
        if (disk / "store" / "catalogue.sqlite").exists():
            with Store.open(disk / "store") as store:
                landed = [run for run in store.runs() if run.landed]
                assert store.damages() == ()
                assert len(landed) == len(store.submissions())
        assert subprocess.run(COMMAND, cwd=board, capture_output=True).returncode == 0, "with room again all lands"
        with Store.open(disk / "store") as store:
            assert len(store.submissions()) == crash.FILES
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
        disk.rmdir()


def test_a_report_on_a_full_disk_never_stands_half_under_its_name(board):
    disk = mounted(8 << 10)
    if disk is None:
        pytest.skip("only who may mount a file system can fill one")
    try:
        (disk / "filler").write_bytes(bytes(8 << 10))
        done = subprocess.run([*COMMAND[:-1], str(disk / "report.json")], cwd=board, capture_output=True, text=True)
        assert done.returncode == 74
        assert [path.name for path in disk.iterdir()] == ["filler"]
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
        disk.rmdir()


def test_of_twenty_runs_at_once_each_lands_or_is_turned_away_by_name_and_nothing_lands_twice(board):
    runs = [
        subprocess.Popen(
            [*COMMAND[:-1], f"report{n}.json"], cwd=board, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for n in range(20)
    ]
    said = [process.communicate()[1] for process in runs]
    codes = Counter(process.returncode for process in runs)
    assert set(codes) <= {0, 75}, said
    assert codes[0] >= 1
    for process, words in zip(runs, said, strict=True):
        if process.returncode == 75:
            assert "another run is writing" in words
            assert ": process " in words
    with Store.open(board / "store") as store:
        assert len(store.submissions(current_only=False)) == crash.FILES
        assert len([run for run in store.runs() if run.landed]) == crash.FILES
        assert store.damages() == ()


HOLD = """
import sys, time
from pathlib import Path
from sscbtool.edge.lock import kept
from sscbtool.edge.sharing import Sharing
with kept(Path(sys.argv[1]), Sharing()):
    print("held", flush=True)
    time.sleep(60)
"""


def test_readers_work_while_a_writer_runs(board):
    subprocess.run(COMMAND, cwd=board, check=True)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(board / "store")], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout.readline() == "held\n"
            for words in (["summary", "contributions"], ["history"], ["store", "verify"], ["store", "list"]):
                done = subprocess.run(
                    [sys.executable, "-m", "sscbtool", *words], cwd=board, capture_output=True, text=True
                )
                assert done.returncode == 0, f"{words}: {done.stderr}"
            assert subprocess.run(COMMAND, cwd=board, capture_output=True).returncode == 75
        finally:
            holder.kill()
    assert subprocess.run(COMMAND, cwd=board).returncode == 0, "a holder that was killed locks nobody out"
