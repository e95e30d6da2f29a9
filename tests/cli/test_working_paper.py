"""The working paper: opened as a file, and recalculated by LibreOffice, which knows nothing of what we stated."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.cli.conftest import run
from tests.cli.test_ledger import export

HOSTILE = '=HYPERLINK("http://example.org","open me")'
AGREED = """Organisation,Fund,Agreed amount,Financial year,Amount last year
Police (MOPAC),SSCB,"5,000.00",2018-19,"5,000.00"
Southwark CCG,SSCB,"60,000.00",2018-19,"58,000.00"
London Fire Brigade,SSCB,500.00,2018-19,500.00
London Borough Southwark,SSCB,"63,421.50",2018-19,"61,980.25"
SLAM,SSCB,"5,400.00",2018-19,"5,000.00"
CAFCASS,SSCB,550.00,2018-19,550.00
"""
INVOICED = f"""Invoice no,Organisation,Net,Invoice date,Due date,Credit note of
INV-001,Southwark CCG,30000.00,01/05/2018,31/05/2018,
INV-002,Southwark CCG,30000.00,01/08/2018,31/08/2018,
INV-003,London Fire Brigade,500.00,01/03/2019,31/03/2019,
"{HOSTILE.replace('"', '""')}",Police (MOPAC),5000.00,01/05/2018,31/05/2018,
INV-005,SLAM,5400.00,01/05/2018,31/05/2018,
"""
LINES = (
    ("1000", "1400000001", "1", "14.06.2018", "3", "DZ", "MOPAC", HOSTILE, "remittance", "5,000.00-"),
    ("1000", "1400000002", "1", "14.05.2018", "2", "DZ", "", "INV001", "CCG Q1", "30,000.00-"),
    ("1000", "1400000003", "1", "14.08.2018", "5", "DZ", "", "INV-002", "SOUTHWARK CCG Q2", "30,000.00-"),
    ("1000", "1400000033", "1", "15.08.2018", "5", "DZ", "CCG", "INV-002", "Q2 again", "30,000.00-"),
    ("1000", "1400000004", "1", "01.04.2019", "1", "DZ", "LFB", "INV003", "", "500.00-"),
    ("1000", "1400000005", "1", "31.03.2019", "13", "SA", "LBS", "", "Own share", "63,421.50-"),
    ("1000", "1400000006", "1", "31.05.2018", "2", "DZ", "SLAM", "INV5", "", "4,500.00-"),
    ("1000", "=1+1", "1", "31.05.2018", "2", "DZ", "GSTT", "@SUM(A1)", "", "77.01-"),
)
SPEND = """Document no,Line item,Date posted,Budget heading,Amount
51,1,24/04/2018,Training,1000.10
52,1,31/03/2019,Staffing,2000.20
53,1,01/04/2019,Staffing,7777.77
"""
IN_KIND = """Organisation,Item,Quantity,Unit,Unit value
Southwark CCG,Meeting room,10,hours,1000.00
"""
SETTINGS = 'period = "2018-19"\n[ledger]\nopening_balance = "98575.00"\nclosing_balance = "258573.21"\n'
ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    board = tmp_path_factory.mktemp("board")
    (board / "sscbtool.toml").write_text(SETTINGS, encoding="utf-8")
    returns = board / "returns"
    returns.mkdir()
    (returns / "agreed.csv").write_text(AGREED, encoding="utf-8")
    (returns / "invoices.csv").write_text(INVOICED, encoding="utf-8")
    (returns / "spend.csv").write_text(SPEND, encoding="utf-8")
    (returns / "in kind.csv").write_text(IN_KIND, encoding="utf-8")
    export(returns, LINES)
    told = run("--workspace", board, "ledger", returns, "--format", "json").json["ledger"]
    (late,) = [line["id"] for line in told["lines"] if line["class"] == "cut_off"]
    reason = ("--reason", "=31 March was a Sunday", "--until", "2099-03-31", "--by", "=A. Osei")
    assert run("--workspace", board, "explain", late, returns, *reason).code == 0
    assert run("--workspace", board, "signoff", "--as", "preparer", "--by", "A. Osei", returns).code == 0
    paper = board / "paper.xlsx"
    assert run("--workspace", board, "ledger", returns, "--format", "xlsx", "--output", paper).code == 1
    return board


@pytest.fixture(scope="module")
def told(board: Path) -> dict[str, Any]:
    return run("--workspace", board, "ledger", board / "returns", "--format", "json").json


def formulas(path: Path) -> dict[tuple[str, str], str]:
    book = openpyxl.load_workbook(path)
    cells = ((sheet.title, cell) for sheet in book for row in sheet for cell in row)
    return {(title, cell.coordinate): cell.value for title, cell in cells if cell.data_type == "f"}


def values(path: Path) -> dict[tuple[str, str], Any]:
    book = openpyxl.load_workbook(path, data_only=True)
    return {(s.title, c.coordinate): c.value for s in book for row in s for c in row if c.value is not None}


def test_the_bridge_is_live_formulas_over_the_sheets_that_hold_its_parts(board, told):
    summary = openpyxl.load_workbook(board / "paper.xlsx")["Summary"]
    steps = {row[0].value: row[2].value for row in summary.iter_rows(min_row=5, max_row=12) if row[0].value}
    assert set(steps) >= {
        "Agreed",
        "Paid twice",
        "Short paid",
        "Came after year end",
        "Unexpected",
        "Residual",
        "Received",
    }
    assert all(
        str(steps[name]).startswith("=") for name in steps if name in ("Agreed", "Residual", "Received", "Unpaid")
    )
    stated = openpyxl.load_workbook(board / "paper.xlsx", data_only=True)["Summary"]
    amounts = {row[0].value: row[2].value for row in stated.iter_rows(min_row=5, max_row=12)}
    assert f"{amounts['Received']:.2f}" == told["ledger"]["bridge"][-1]["amount"]
    assert amounts["Residual"] == 0


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_comes_to_the_stated_values_by_its_own_sums(board, tmp_path):
    stated = values(board / "paper.xlsx")
    live = formulas(board / "paper.xlsx")
    assert len(live) > 25
    spoilt = tmp_path / "in" / "paper.xlsx"
    spoilt.parent.mkdir()
    with zipfile.ZipFile(board / "paper.xlsx") as book, zipfile.ZipFile(spoilt, "w") as out:
        for name in book.namelist():
            part = book.read(name)
            if name.startswith("xl/worksheets/sheet"):
                part = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1<v>12345.67</v>", part)
            out.writestr(name, part)
    assert {values(spoilt)[at] for at in live} == {12345.67}
    (tmp_path / "profile" / "user").mkdir(parents=True)
    (tmp_path / "profile" / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE, encoding="utf-8")
    home = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = [
        "soffice",
        home,
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        tmp_path,
        spoilt,
    ]
    subprocess.run(convert, check=True, capture_output=True, timeout=180)
    worked_out = values(tmp_path / "paper.xlsx")
    assert {at: round(worked_out[at], 2) for at in live} == {at: round(stated[at], 2) for at in live}


def test_partner_text_is_never_a_formula_and_money_is_numbers_with_a_pounds_sign(board):
    assert all(re.match(r"=(ROUND|SUM)\(", formula) for formula in formulas(board / "paper.xlsx").values())
    book = openpyxl.load_workbook(board / "paper.xlsx", data_only=True)
    texts = {str(cell.value) for sheet in book for row in sheet for cell in row if isinstance(cell.value, str)}
    assert f"'{HOSTILE}" in texts
    assert not any(text.startswith(("=", "+", "-", "@")) for text in texts)
    amounts = [
        cell for sheet in book for row in sheet.iter_rows(min_row=5) for cell in row if isinstance(cell.value, float)
    ]
    assert amounts
    assert all("£" in cell.number_format or "%" in cell.number_format for cell in amounts)


def test_every_matched_line_names_its_cell_and_every_break_its_explanation(board, told):
    book = openpyxl.load_workbook(board / "paper.xlsx", data_only=True)
    matched = [row for row in book["Matched lines"].iter_rows(min_row=5, values_only=True) if row[5] != "[z]"]
    receipts = [r for line in told["ledger"]["lines"] for m in line["matches"] for r in m["received"]]
    assert sorted(row[13] for row in matched) == sorted(receipt["cell"] for receipt in receipts)
    breaks = [row for row in book["Breaks"].iter_rows(min_row=5, values_only=True) if row[8] == "Yes"]
    assert [row[9:12] for row in breaks] == [("'=31 March was a Sunday", breaks[0][10], "2099-03-31")]


def test_the_inputs_stand_with_their_hashes_and_the_boxes_hold_who_signed(board, told):
    book = openpyxl.load_workbook(board / "paper.xlsx", data_only=True)
    hashes = {row[1]: row[2] for row in book["Inputs"].iter_rows(min_row=5, values_only=True)}
    assert {file["sha256"] for file in told["files"]} <= set(hashes.values())
    assert {"returns/contributions_ledger.yaml", "figures/2018-19.csv", "organisations.csv", "ledger"} <= set(hashes)
    boxes = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True) if row[0]}
    assert "A. Osei" in boxes["Prepared by"]
    assert boxes["Reviewed by"] is None


def test_the_balance_is_opening_and_income_less_spending_and_nothing_in_kind(board, told):
    balance = told["ledger"]["balance"]
    assert balance == {
        "opening": "98575.00",
        "income": "162998.51",
        "spend": "3000.30",
        "closing": "258573.21",
        "stated": "258573.21",
        "difference": "0.00",
    }
    sheet = openpyxl.load_workbook(board / "paper.xlsx", data_only=True)["Balance"]
    assert {row[0]: row[1] for row in sheet.iter_rows(min_row=5, values_only=True)}["Closing balance"] == 258573.21
