"""A thousand small workbooks inspected in one run: ours beside loops over pandas, with openpyxl and with calamine.

``sscbtool inspect`` is run as a person runs it, with start-up, reader processes, the search for tables and the JSON of
them all; the loops read each file's first sheet into a frame and do no more. Every program is a process of its own,
imports included; wall seconds, CPU seconds and peak memory are of the process and its children together.

    python benchmarks/inspect_small.py [--files 1000] [--rounds 3] [--without openpyxl]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import xlsxwriter

LOOP = (
    "import pathlib, sys, pandas\n"
    "frames = [pandas.read_excel(path, engine=sys.argv[2]) for path in sorted(pathlib.Path(sys.argv[1]).iterdir())]\n"
    "assert all(len(frame) > 19 for frame in frames)\n"
)
WATCHED = 0.02
"""Seconds between two looks at the memory of a program and its children."""


def commands(folder: Path) -> dict[str, list[str]]:
    """What is run, by name; the first is ours."""
    return {
        "sscbtool": [sys.executable, "-m", "sscbtool", "inspect", "--format", "json", str(folder)],
        "openpyxl": [sys.executable, "-c", LOOP, str(folder), "openpyxl"],
        "calamine": [sys.executable, "-c", LOOP, str(folder), "calamine"],
    }


# --------------------------------------------------------------------------- the files


def make(folder: Path, files: int) -> None:
    """Invented returns of 20 to 200 rows, half of them written by openpyxl and half by xlsxwriter."""
    chance = random.Random(11)
    for number in range(files):
        rows = _table(chance, chance.randint(20, 200))
        title = f"Return {number} for 2018-19" if chance.random() < 0.5 else None
        path = folder / f"return-{number:04}.xlsx"
        (_by_openpyxl if number % 2 else _by_xlsxwriter)(path, title, rows)


def _table(chance: random.Random, rows: int) -> list[list[object]]:
    kinds = [chance.choice("nmdtc") for _ in range(chance.randint(3, 9))]
    table: list[list[object]] = [["Organisation", *(f"{HEADINGS[kind]} {at}" for at, kind in enumerate(kinds, 1))]]
    table += [[f"Agency {row % 37} and partners", *(_value(chance, kind) for kind in kinds)] for row in range(rows)]
    if chance.random() < 0.5:
        sums = [sum(row[at] for row in table[1:]) if kind in "mc" else None for at, kind in enumerate(kinds, 1)]
        table.append(["Total", *(round(each, 2) if isinstance(each, float) else each for each in sums)])
    return table


HEADINGS = {"n": "Reference", "m": "Amount", "d": "Date", "t": "Comment", "c": "Attended"}


def _value(chance: random.Random, kind: str) -> object:
    match kind:
        case "n":
            return f"REF-{chance.randrange(10**6):06}"
        case "m":
            return chance.randrange(100, 10**7) / 100
        case "d":
            return dt.date(2018, 4, 1) + dt.timedelta(days=chance.randrange(365))
        case "t":
            return chance.choice(("", "paid in full", "to be confirmed", "see the letter of last year", "yes", "no"))
        case _:
            return chance.randrange(60)


def _by_openpyxl(path: Path, title: str | None, rows: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    if title:
        sheet.append([title])
        sheet.append([])
    for row in rows:
        sheet.append(row)
    book.save(path)


def _by_xlsxwriter(path: Path, title: str | None, rows: list[list[object]]) -> None:
    with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet("Data")
        start = 0
        if title:
            sheet.write(0, 0, title, book.add_format({"bold": True}))
            start = 2
        for at, row in enumerate(rows, start):
            sheet.write_row(at, 0, row)


# --------------------------------------------------------------------------- the measure


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds of wall and CPU, and the most MiB that the process and its children held together."""

    wall: float
    cpu: float
    memory: float


def measure(command: list[str]) -> Cost:
    """Runs a program to its end."""
    before, started = os.times(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = [0.0]
    watch = threading.Thread(target=_watch, args=(process, most), daemon=True)
    watch.start()
    status = process.wait()
    wall, after = time.perf_counter() - started, os.times()
    watch.join()
    if status not in (0, 1):
        sys.exit(f"{command[:3]} ended with {status}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall, cpu, most[0])


def _watch(process: subprocess.Popen[bytes], most: list[float]) -> None:
    while process.poll() is None:
        most[0] = max(most[0], _held(process.pid) / (1 << 20))
        time.sleep(WATCHED)


def _held(pid: int) -> int:
    """Bytes of memory that a process and its children hold, shared ones once; 0 where the system does not tell."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) << 10 for line in told.splitlines() if line.startswith("Pss:")), 0)
    return own + sum(_held(int(child)) for child in children)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", action="append", default=[], choices=["openpyxl", "calamine"])
    parser.add_argument("--folder", type=Path, help="keep the workbooks here, or use those that stand here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        if not any(folder.iterdir()):
            make(folder, options.files)
        files = sorted(folder.iterdir())
        size = sum(path.stat().st_size for path in files) / (1 << 20)
        print(f"{len(files):,} workbooks, {size:.1f} MiB, quickest of {options.rounds} rounds")
        chosen = {name: command for name, command in commands(folder).items() if name not in options.without}
        runs: dict[str, list[Cost]] = {name: [] for name in chosen}
        for _ in range(options.rounds):
            for name, command in chosen.items():
                runs[name].append(measure(command))
    best = {
        name: Cost(*(min(getattr(cost, fact) for cost in costs) for fact in ("wall", "cpu", "memory")))
        for name, costs in runs.items()
    }
    ours = best["sscbtool"].wall
    for name, cost in best.items():
        print(
            f"{name:10} {cost.wall:7.2f} s wall {cost.cpu:7.2f} s CPU {cost.memory:6.0f} MiB"
            f"  {cost.wall / len(files) * 1000:5.1f} ms a file  {cost.wall / ours:5.2f} x sscbtool"
        )


if __name__ == "__main__":
    main()
