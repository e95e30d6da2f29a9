"""How long a 200,000 x 12 workbook takes to read, and how much memory: ours beside bare calamine and openpyxl.

Every reader runs as a process of its own, imports included; of several rounds the quickest counts.

    python benchmarks/read_large.py [--rows 200000] [--rounds 3] [--without openpyxl]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import xlsxwriter

READERS = {
    "sscbtool": (
        "import sys, pathlib\n"
        "from sscbtool.core.model import FileFormat, Limits\n"
        "from sscbtool.edge.readers import read\n"
        "workbook = read(pathlib.Path(sys.argv[1]).read_bytes(), FileFormat.XLSX, Limits())\n"
        "assert workbook.grids[0].shape == (int(sys.argv[2]), 12)\n"
    ),
    "calamine": (
        "import sys\n"
        "from python_calamine import CalamineWorkbook\n"
        "rows = CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python()\n"
        "assert len(rows) == int(sys.argv[2])\n"
    ),
    "openpyxl": (
        "import sys, openpyxl\n"
        "book = openpyxl.load_workbook(sys.argv[1], read_only=True, data_only=True)\n"
        "rows = list(book.worksheets[0].iter_rows(values_only=True))\n"
        "assert len(rows) == int(sys.argv[2])\n"
    ),
}


def make(path: Path, rows: int) -> None:
    """A plain sheet of texts, numbers and dates with a heading row; all invented, the same on every run."""
    chance = random.Random(7)
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Data")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    money = book.add_format({"num_format": "#,##0.00"})
    names = [f"Organisation {number}" for number in range(500)]
    first = dt.datetime(2018, 4, 1)  # noqa: DTZ001  (a date in a sheet has no zone)
    sheet.write_row(0, 0, [f"Column {number}" for number in range(1, 13)])
    for row in range(1, rows):
        sheet.write_string(row, 0, f"REF-{row:07d}")
        sheet.write_string(row, 1, chance.choice(names))
        sheet.write_datetime(row, 2, first + dt.timedelta(days=chance.randrange(365)), day)
        sheet.write_number(row, 3, chance.randrange(1, 10_000_000) / 100, money)
        sheet.write_number(row, 4, chance.randrange(1000))
        sheet.write_string(row, 5, chance.choice(("Yes", "No", "Unknown")))
        sheet.write_string(row, 6, chance.choice(names))
        sheet.write_datetime(row, 7, first + dt.timedelta(days=chance.randrange(365)), day)
        sheet.write_number(row, 8, chance.random() * 1000)
        sheet.write_number(row, 9, row)
        sheet.write_string(row, 10, chance.choice(("Q1", "Q2", "Q3", "Q4")))
        sheet.write_string(row, 11, f"note {chance.randrange(5000)} & more")
    book.close()


def measure(program: str, path: Path, rows: int) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MiB of one process."""
    started = os.times().elapsed
    process = subprocess.Popen([sys.executable, "-c", program, str(path), str(rows)])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"a reader failed with {process.returncode}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return os.times().elapsed - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="rows with the heading")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", action="append", default=[], choices=[*READERS])
    parser.add_argument("--file", type=Path, help="keep the workbook here, or use the one that stands here")
    options = parser.parse_args()
    chosen = [name for name in READERS if name not in options.without]
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "large.xlsx"
        if not path.exists():
            make(path, options.rows)
        size = path.stat().st_size / (1 << 20)
        print(f"{options.rows:,} x 12, {size:.1f} MiB, quickest of {options.rounds} rounds")
        runs = {name: [] for name in chosen}
        for _ in range(options.rounds):
            for name in chosen:
                runs[name].append(measure(READERS[name], path, options.rows))
    best = {name: tuple(min(column) for column in zip(*results, strict=True)) for name, results in runs.items()}
    base = best.get("calamine")
    for name, (wall, cpu, memory) in best.items():
        ratio = f"{wall / base[0]:5.2f} x calamine" if base else ""
        print(f"{name:10} {wall:7.2f} s wall {cpu:7.2f} s CPU {memory:6.0f} MiB  {ratio}")


if __name__ == "__main__":
    main()
