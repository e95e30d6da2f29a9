"""Writes the sample year 2018-19 and its faulty twin: ``python sample_data/make.py [FOLDER]``.

Every person and every organisation is invented, apart from public bodies that the published report names. The layouts
are those that partners really send; the year before, where it is needed, stands in a folder of its own inside.

The same seed gives the same bytes on any machine. Without FOLDER the two years are written beside this script, and the
lists of what is wrong in the twin to ``tests/cases/``.
"""

from __future__ import annotations

import csv
import random
import shutil
import sys
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from generator.board import board
from generator.breaks import Break, broken
from generator.children import children
from generator.faults import Plant, faulty
from generator.files import File
from generator.money import money
from generator.people import register
from generator.training import learning_export, training_workbook

HERE = Path(__file__).resolve().parent
SEED = 20190331


def clean_year() -> list[File]:
    """Every file of the year in which nothing is wrong."""
    organisations = register()
    training, people = training_workbook(organisations, random.Random(SEED))
    export = learning_export(organisations, people, random.Random(SEED + 1))
    return [
        *money(),
        training,
        export,
        *children(organisations, random.Random(SEED + 2)),
        *board(organisations, random.Random(SEED + 3)),
    ]


def write_year(files: Sequence[File], folder: Path) -> None:
    """Lays the files out by partner; what an earlier run left there is gone."""
    if folder.exists():
        shutil.rmtree(folder)
    for file in files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.write(file))


def write_list(entries: Sequence[Plant] | Sequence[Break], target: Path) -> None:
    """One line an entry, under the names of its parts."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(field.name for field in fields(entries[0]))
        writer.writerows(["" if part is None else part for part in astuple(entry)] for entry in entries)


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else HERE
    lists = folder if arguments else HERE.parent / "tests" / "cases"
    clean = clean_year()
    twin, plants = faulty(clean)
    twin, breaks = broken(twin)
    write_year(clean, folder / "2018-19")
    write_year(twin, folder / "2018-19-with-faults")
    write_list(plants, lists / "planted_faults.csv")
    write_list(breaks, lists / "planted_breaks.csv")
    print(f"{len(clean)} files, {len(plants)} planted faults and {len(breaks)} planted breaks are in {folder}.")


if __name__ == "__main__":
    main(sys.argv[1:])
