"""A workbook goes to a file or a pipe, whole, and never to a terminal."""

import os
import pty
import subprocess
import sys
from io import BytesIO

from openpyxl import load_workbook
from tests.cli.conftest import ROOT, run

ASKED = ("reconcile", "sample_data/2018-19", "--period", "2018-19", "--section", "2.4", "--format", "xlsx")


def test_a_terminal_is_refused_in_one_sentence_before_any_work():
    ours, theirs = pty.openpty()
    asked = ("reconcile", "nowhere-at-all", "--format", "xlsx")
    done = subprocess.run(
        [sys.executable, "-m", "sscbtool", *asked],
        cwd=ROOT,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert done.stderr == "A workbook cannot be shown on a terminal. Write it to a file: --output reconcile.xlsx\n"


def test_a_pipe_and_a_file_are_given_the_same_workbook(tmp_path):
    piped = subprocess.run(
        [sys.executable, "-m", "sscbtool", *ASKED], cwd=ROOT, capture_output=True, timeout=300, stdin=subprocess.DEVNULL
    )
    ran = run(*ASKED, "--output", tmp_path / "evidence.xlsx", TZ="Asia/Tokyo", PYTHONHASHSEED="3")
    assert (piped.returncode, ran.code, ran.out) == (0, 0, "")
    assert (tmp_path / "evidence.xlsx").read_bytes() == piped.stdout
    register = load_workbook(BytesIO(piped.stdout))["Register"]
    assert {"M01", "M07"} <= {cell.value for cell in register["A"]}
