"""Real government workbooks, where they are at hand: what a right reading finds is written in their manifest."""

import csv
import json
import re
from pathlib import Path

import pytest

from sscbtool.core.locate import locate
from sscbtool.core.model import Limits
from sscbtool.edge.intake import admit
from sscbtool.edge.readers import read

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
DISPUTED = {"fbi_crime_table2_2016.xlsx"}
"""Three rows an area, one of them a percentage: which of them are totals can be read in more than one way."""


def manifest():
    if not (CORPUS / "MANIFEST.csv").exists():
        return []
    with (CORPUS / "MANIFEST.csv").open(encoding="utf-8-sig", newline="") as file:
        return [entry for entry in csv.DictReader(file) if entry["file"] not in DISPUTED]


if not manifest():
    pytest.skip("the corpus of real workbooks is not at hand", allow_module_level=True)


@pytest.mark.parametrize("entry", manifest(), ids=lambda entry: f"{entry['file']}-{entry['sheet']}")
def test_the_table_of_the_manifest_is_found(entry):
    admitted = admit(CORPUS / entry["file"], Limits())
    workbook = read(admitted.data, admitted.format, Limits())
    sheet = None if entry["sheet"].startswith("csv") else entry["sheet"]
    (grid,) = (grid for grid in workbook.grids if grid.sheet == sheet)
    expected = (int(entry["first_data_row"]), int(entry["last_data_row"]), int(entry["n_data_rows"]))
    tables = [
        table
        for table in locate(grid)
        if len(table.data_rows) and (table.data_rows[0], table.data_rows[-1], len(table.data_rows)) == expected
    ]
    assert len(tables) == 1
    (table,) = tables
    assert max(table.header_rows) == max(map(int, re.findall(r"\d+", entry["header_rows_1based"])))
    width = int(entry["n_columns"])
    assert abs(len(table.heads) - width) <= max(1, width // 50)
    stated = re.findall(r"[A-Z]{1,3}\d+ states '?(-?[\d,.]+)'?; sum of", entry["control_checks"])
    seen = {total.stated for total in table.totals}
    assert [
        each
        for each in stated
        if not any(s is not None and abs(float(s) - float(each.replace(",", ""))) < 0.006 for s in seen)
    ] == []
    assert json.loads(entry["column_names"])
