"""Stops ``sscbtool ingest`` at random moments, again and again, and holds what it leaves against before and after.

    python tests/crash/crash.py --kill 500 --terminate 100 --interrupt 100

Each trial is the command as a person runs it, in a child forked from a process that has everything imported, so that
the moments fall into the run and not into Python's start. The same seed gives the same moments.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from sscbtool.cli import app
from sscbtool.edge.store import Store
from sscbtool.workflow import commands, judging  # noqa: F401 - imported before the fork

FILES = 3
WRITING_SECONDS = 0.06
"""About how long it takes to land them, once the first file of rows is there."""
ROWS = "Organisation,Amount,Date received\n" + "".join(
    f"London Fire Brigade,{{}}.{number:02},01/MONTH/2018\n" for number in range(40)
)
ENDED = {signal.SIGKILL: "kill -9", signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT"}


def lay_out(board: Path) -> None:
    (board / "returns" / "2018-19" / "LFB").mkdir(parents=True)
    (board / "sscbtool.toml").write_text("")
    for number in range(FILES):
        path = board / "returns" / "2018-19" / "LFB" / f"{number}.csv"
        # each its own month: another amount for a day that an earlier file has would be asked about
        path.write_text(ROWS.format(*range(number * 100, number * 100 + 40)).replace("MONTH", f"{number + 5:02}"))


def start(board: Path) -> int:
    """Fork a child that ingests, and writes its report; gives its process id."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.chdir(board)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            app(args=["ingest", "--format", "json", "--output", "report.json"], prog_name="sscbtool")
        except SystemExit as end:
            code = int(end.code or 0)
        except KeyboardInterrupt:
            code = 130
        finally:
            os._exit(code)
    return child


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def held(board: Path, how: str, code: int) -> int:
    """How many files stand in the store; AssertionError where anything is between before and after."""
    report = board / "report.json"
    if report.exists():
        assert json.loads(report.read_text())["command"] == "ingest", "half a report under its final name"
    if how != "kill -9":
        assert not [path for path in board.iterdir() if path.suffix == ".part"], "left aside after an orderly end"
        assert code in (0, 130, -signal.SIGTERM, -signal.SIGINT), code
    if not (board / "store").exists():
        return 0
    with Store.open(board / "store") as store:
        found = store.submissions(current_only=False)
        assert store.damages() == ()
        assert store.verify(store.head()).whole
        assert all(each.rows == 40 for each in found)
        landed = [run for run in store.runs() if run.landed]
        assert len(landed) == len(found) == len({each.sha256 for each in found})
        assert len(store.runs()) - len(landed) in (0, 1)
        with store.writing():
            assert store.orphans() == ()
    if report.exists():
        assert len(found) == FILES, "a report of what is not there"
    return len(found)


def again(board: Path, after: str) -> None:
    """After whatever happened, the next run brings everything, and nothing twice.

    What a killed run left aside of its report is swept an hour later, when nobody can be writing it any more.
    """
    code = ended(start(board))
    assert code == 0, code
    assert held(board, after, 0) == FILES


def wait_for_writing(board: Path, child: int) -> None:
    """Until the first file of rows appears, or the child has ended by itself."""
    rows = board / "store" / "submissions"
    while not (rows.is_dir() and any(rows.iterdir())):
        time.sleep(0.0005)
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return


def trial(template: Path, how: signal.Signals, moment: float, *, writing: bool, follow: bool) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        board = Path(scratch) / "board"
        shutil.copytree(template, board)
        child = start(board)
        if writing:
            wait_for_writing(board, child)
        time.sleep(moment)
        os.kill(child, how)
        found = held(board, ENDED[how], ended(child))
        if follow:
            again(board, ENDED[how])
        return found


def duration(template: Path) -> float:
    """How long a whole run takes."""
    with tempfile.TemporaryDirectory() as scratch:
        board = Path(scratch) / "board"
        shutil.copytree(template, board)
        began = time.monotonic()
        assert ended(start(board)) == 0
        took = time.monotonic() - began
        assert held(board, "whole", 0) == FILES
        return took


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("kill", "terminate", "interrupt"):
        parser.add_argument(f"--{name}", type=int, default=20, metavar="TIMES")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    chance = random.Random(asked.seed)
    wanted = {signal.SIGKILL: asked.kill, signal.SIGTERM: asked.terminate, signal.SIGINT: asked.interrupt}
    with tempfile.TemporaryDirectory() as scratch:
        template = Path(scratch) / "template"
        lay_out(template)
        took = duration(template)
        for how, times in wanted.items():
            found: Counter[int] = Counter()
            for number in range(times):
                # Half of the moments fall into the writing, which is the short end of a run.
                writing = bool(number % 2)
                moment = chance.uniform(0, WRITING_SECONDS if writing else 1.05 * took)
                found[trial(template, how, moment, writing=writing, follow=number % 10 < 2)] += 1
                if number % 20 == 0:
                    took = duration(template)  # the machine may be busier or idler by now
            stood = ", ".join(f"{count} with {files} of {FILES} files" for files, count in sorted(found.items()))
            print(f"{ENDED[how]}: {times} times, none between before and after ({stood}).", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
