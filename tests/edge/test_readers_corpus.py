"""Real workbooks: each is read, and cell by cell as calamine and openpyxl read it where those keep the cell at all."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from sscbtool.core.model import FileFormat, Flag, Grid, Kind, Limits
from sscbtool.edge.readers import read, xlsx
from sscbtool.edge.readers.grid import CellBudget
from sscbtool.edge.readers.xlsx_bulk import bulk_sheet
from sscbtool.edge.readers.xlsx_stream import stream_sheet

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
WORKBOOKS = sorted(path for path in CORPUS.glob("*") if path.suffix in (".xlsx", ".xls", ".ods"))
XLSX = [path for path in WORKBOOKS if path.suffix == ".xlsx"]
SLOW_READER_SHEET = 300_000
"""Bytes of sheet XML up to which the streaming reader is quick enough for a test."""
MOST_SHEETS = 12
MANY_BYTES = 100_000
"""Size of a workbook from which all its sheets may be too large for that."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real workbooks is not here")
named = {"ids": lambda path: path.name}


def opened(path: Path):
    return read(path.read_bytes(), FileFormat(path.suffix[1:]), Limits())


def shown(grid: Grid) -> dict[tuple[int, int], tuple[str, Kind]]:
    """Row and column -> text and kind, blanks left out."""
    rows, columns = grid.rows.tolist(), grid.columns.tolist()
    return {
        (rows[i], columns[j]): (text, grid.kind(i, j))
        for j, texts in enumerate(grid.lists)
        for i, text in enumerate(texts)
        if text
    }


def meaning(value: object) -> tuple[str, Kind]:
    """What another library's value is in our terms."""
    match value:
        case bool():
            return ("TRUE" if value else "FALSE"), Kind.BOOL
        case int() | float():
            return repr(float(value)), Kind.NUMBER
        case dt.datetime():
            moment = (value + dt.timedelta(milliseconds=500)).replace(microsecond=0)
            return moment.isoformat().removesuffix("T00:00:00"), Kind.DATE
        case dt.date():
            return value.isoformat(), Kind.DATE
        case dt.time():
            return value.isoformat(), Kind.DATE
        case dt.timedelta():
            return str(value), Kind.DATE
        case _:
            return str(value).replace("\r\n", "\n"), Kind.TEXT


def assert_agree(ours: tuple[str, Kind], theirs: object, place: tuple[int, int]) -> None:
    text, kind = ours
    if kind is Kind.NUMBER:
        text = repr(float(text))
    if kind is Kind.TEXT:
        text = text.replace("\r\n", "\n")
    assert (text, kind) == meaning(theirs), place


@pytest.mark.parametrize("path", WORKBOOKS, **named)
def test_a_real_workbook_is_read_as_calamine_reads_it_but_for_errors(path):
    workbook = opened(path)
    book = CalamineWorkbook.from_path(path)
    compared = 0
    for grid in workbook.grids:
        ours = shown(grid)
        theirs = {
            (i, j): value
            for i, row in enumerate(book.get_sheet_by_name(grid.sheet).to_python(skip_empty_area=False), 1)
            for j, value in enumerate(row, 1)
            if value != ""
        }
        errors = {place for place, (_, kind) in ours.items() if kind is Kind.ERROR}
        assert set(ours) - errors == set(theirs) - errors
        for place, value in theirs.items():
            if place not in errors:
                assert_agree(ours[place], value, place)
        compared += len(theirs)
    assert compared


@pytest.mark.filterwarnings("ignore:Cannot parse header or footer:UserWarning")
@pytest.mark.parametrize("path", [path for path in XLSX if path.stat().st_size < 100_000], **named)
def test_a_real_workbook_is_read_as_openpyxl_reads_it(path):
    workbook = opened(path)
    values = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=True)
    for grid in workbook.grids:
        ours, sheet = shown(grid), values[grid.sheet]
        merged = {
            (row, column)
            for area in grid.merges
            for row in range(area.top, area.bottom + 1)
            for column in range(area.left, area.right + 1)
        }
        for (row, column), cell in ours.items():
            theirs = sheet.cell(row, column)
            if cell[1] is Kind.ERROR:
                assert cell[0] == theirs.value
            elif (row, column) not in merged or theirs.value is not None:
                assert_agree(cell, theirs.value, (row, column))
        theirs_count = sum(cell.value not in (None, "") for row in sheet.iter_rows() for cell in row)
        assert len(ours) >= theirs_count
        hidden = {number for number, row in sheet.row_dimensions.items() if row.hidden}
        assert set(grid.hidden_rows) == hidden & set(grid.rows.tolist())


@pytest.mark.parametrize("path", XLSX, **named)
def test_both_readers_of_sheets_agree_on_a_real_workbook(path):
    parts, names = xlsx.Parts(path.read_bytes(), Limits()), []
    relations = parts.relations("xl/workbook.xml")
    book = xlsx.shared_by_sheets(parts, relations, epoch_1904=False)
    for kind, part in relations.values():
        content = parts.read(part) if kind == "worksheet" else b""
        if not content or len(content) > SLOW_READER_SHEET or len(names) == MOST_SHEETS:
            continue
        bulk = bulk_sheet(part, content, book, CellBudget(Limits()))
        streamed = stream_sheet(part, content, book, CellBudget(Limits()))
        assert bulk is not None, part
        names.append(part)
        assert shown(bulk[0]) == shown(streamed[0])
        assert (bulk[0].kinds == streamed[0].kinds).all()
        assert (bulk[0].flags == streamed[0].flags).all()
        assert (bulk[0].formats == streamed[0].formats).all()
        assert bulk[1] == streamed[1]
    assert names or path.stat().st_size > MANY_BYTES


def test_formulas_of_a_real_workbook_are_flagged():
    grid = opened(CORPUS / "cashflow_12_month.xlsx").grids[0]
    assert (grid.flags & Flag.FORMULA).any()
