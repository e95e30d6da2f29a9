"""The workbook is read back as a reviewer's program would: nothing live in it, every link leads somewhere."""

import re
import time
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from tests.render.factories import FIGURES, HOSTILE, RESULTS, figure, hostile_result, result

from sscbtool.core.model import Evidence, Outcome, Severity, Status
from sscbtool.core.neutral import inert
from sscbtool.errors import BadUsage
from sscbtool.render import OutputFormat, render
from sscbtool.render.as_workbook import MOST_ROWS
from sscbtool.render.as_workbook import as_workbook as written
from sscbtool.render.report import Book, Chart, ChartKind, Column, ColumnType, Quantity, Sheet, Table

HEADER = 4
"""The row of every sheet's header but that of the contents."""


def _bytes(name):
    return render(RESULTS[name] if isinstance(name, str) else name, OutputFormat.XLSX)


def _open(name):
    return load_workbook(BytesIO(_bytes(name)))


def _rows(sheet):
    header, *rows = sheet.iter_rows(min_row=HEADER, values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_the_register_says_of_each_figure_what_it_is_and_how_it_stands():
    register = _rows(_open("reconcile")["Register"])
    assert [row["Figure"] for row in register] == [f.figure.figure_id for f in FIGURES]
    wrong = register[0]
    assert (wrong["Status"], wrong["Published"], wrong["Evidenced"], wrong["Difference"]) == (
        "Does not agree", 1340, 1338, -2,
    )  # fmt: skip
    assert wrong["Measure"] == "Individuals trained face to face"
    assert wrong["SQL"] == (
        "select count(distinct learner_id) from training_attendance where (booking_status in ('attended', 'walk_in'))"
    )
    assert (wrong["Rows counted"], wrong["Why"]) == (411, "The returns evidence 2 fewer than the report says.")
    assert register[2]["SQL"] == "select sum(amount) from contributions where (organisation = 'FIRE')"


def test_amounts_are_numbers_to_the_penny_with_a_pounds_sign_and_counts_have_none():
    register = _open("reconcile")["Register"]
    cells = {register.cell(row, 1).value: register.cell(row, 5) for row in range(HEADER + 1, register.max_row + 1)}
    assert cells["M07"].value == 1234471.5
    assert cells["M07"].number_format == "£#,##0.00;-£#,##0.00"
    assert cells["T01"].number_format == "#,##0;-#,##0"
    assert cells["N01"].value == "2031-07"


def test_every_link_leads_to_the_row_that_it_names_and_back():
    book = _open("reconcile")
    found = {}
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.hyperlink:
                    assert cell.hyperlink.target is None
                    name, place = re.fullmatch(r"'([^']+)'!([A-Z]+\d+)", cell.hyperlink.location).groups()
                    assert book[name][place].value is not None
                    found[sheet.title, cell.coordinate] = (cell.value, book[name][place].value)
    evidence = [(text, target) for (sheet, _), (text, target) in found.items() if sheet == "Evidence"]
    assert [pair for pair in evidence if pair[0] != "Back to contents"] == [(i, i) for i in ("T01", "M01", "M07")]
    register = [pair for (sheet, place), pair in found.items() if sheet == "Register" and not place.startswith("A")]
    assert register == [("1 sheet", "T01"), ("1 sheet", "M01"), ("1 sheet", "M07")]
    contents = [text for (sheet, _), (text, _) in found.items() if sheet == "Contents"]
    assert contents == book.sheetnames[1:]


def test_evidence_names_file_sheet_cells_and_the_file_s_fingerprint():
    rows = _rows(_open("reconcile")["Evidence"])
    assert rows[0] == {
        "Figure": "T01",
        "File": "returns/2031-32/training/attendance.csv",
        "Sheet": "[z]",
        "Cells": "B2:B19, B21:B432",
        "SHA-256 of the file": "b" * 64,
    }


def test_no_cell_of_evidence_is_lost_however_many_there_are():
    cells = ", ".join(f"B{row}" for row in range(2, 20_000, 2))
    many = replace(FIGURES[3], evidence=(Evidence("a.csv", None, cells), Evidence("b.csv", None, "C1")))
    rows = _rows(_open(result("reconcile", figures=(many,)))["Evidence"])
    assert ", ".join(row["Cells"] for row in rows if row["File"] == "a.csv") == cells
    assert max(len(row["Cells"]) for row in rows) <= 200
    assert rows[-1]["Cells"] == "C1"


def test_files_are_told_with_their_fingerprints_and_rows_that_add_up():
    files = _rows(_open(replace(RESULTS["reconcile"], files=RESULTS["validate"].files))["Files"])
    assert [row["SHA-256"][0] for row in files] == ["a", "b", "c"]
    for row in files[:2]:
        assert row["Rows read"] == row["Rows kept"] + row["Rows set aside"]
    assert files[1]["Why set aside or refused"] == "19 rows dated outside the period"
    assert (files[2]["Status"], files[2]["Why set aside or refused"]) == (
        "Refused", "It is protected by a password. Ask the sender for a copy without one.",
    )  # fmt: skip


def test_findings_stand_gravest_first_and_all_of_them():
    findings = _rows(_open("reconcile")["Findings"])
    assert len(findings) == len(RESULTS["reconcile"].findings)
    assert [row["Severity"] for row in findings] == ["Error"] * 17 + ["Query", "Warning"]


def test_the_document_s_own_checks_come_first_after_the_contents():
    book = _open("reconcile")
    assert book.sheetnames[:3] == ["Contents", "Document checks", "Register"]
    checks = _rows(book["Document checks"])
    assert [row["Status"] for row in checks] == ["Agrees", "Agrees", "Different definition", "Does not agree"]
    assert book["Contents"]["A2"].value.startswith("2 of 4 checks of the report's own figures hold; 1 does not")


def test_a_figure_never_to_be_published_shows_no_value_count_or_cell():
    told = figure(
        "Q07", "4", "the death of a young person", "7717", "young people", Status.CONTRADICTED, 7718, 7719,
        rows_counted=7720, set_aside=(("not in the year", 7721),), evidence=(Evidence("q.csv", None, "B7722"),),
    )  # fmt: skip
    hidden = replace(told, figure=replace(told.figure, publish="never"))
    for each, shown in ((told, True), (hidden, False)):
        book = _open(result("reconcile", Outcome.FINDINGS, figures=(each,)))
        text = " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
        assert all((str(number) in text) is shown for number in range(7717, 7723))
    for output_format in (OutputFormat.TABLE, OutputFormat.CSV, OutputFormat.MARKDOWN):
        assert "7717" not in render(result("reconcile", figures=(hidden,)), output_format)
        assert "7718" not in render(result("reconcile", figures=(hidden,)), output_format)


@pytest.mark.parametrize("name", RESULTS)
def test_each_sheet_is_one_table_with_one_header_row_and_no_gaps(name):
    book = _open(name)
    for sheet in book:
        assert not sheet.merged_cells.ranges
        assert sheet.freeze_panes or sheet.title == "Contents"
        for table in sheet.tables.values():
            assert table.autoFilter is not None
            header, *body = sheet[table.ref]
            assert len({cell.value for cell in header}) == len(header)
            assert all(cell.value not in (None, "") for row in (header, *body) for cell in row)
        assert len(sheet.tables) <= 1
        filled = [row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 1).value is not None]
        assert filled == list(range(1, sheet.max_row + 1))


@pytest.mark.parametrize("name", RESULTS)
def test_the_same_result_is_the_same_bytes_at_any_time_and_opens_no_file(name, no_files, monkeypatch):
    once = _bytes(name)
    later = time.time() + 100_000
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(later))
    assert _bytes(name) == once
    assert len({entry.date_time for entry in ZipFile(BytesIO(once)).infolist()}) == 1


@pytest.mark.parametrize("command", ["inspect", "validate", "ingest", "reconcile", "trace", "summary", "schemas list"])
def test_hostile_text_is_text_and_nothing_else(command):
    data = render(hostile_result(command), OutputFormat.XLSX, show_values=True)
    for sheet in load_workbook(BytesIO(data)):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in "sn"
                if isinstance(cell.value, str):
                    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", cell.value)
                    assert not cell.value.startswith(("=", "+", "@"))
                assert cell.hyperlink is None or cell.hyperlink.target is None
    parts = ZipFile(BytesIO(data))
    for part in parts.namelist():
        assert b"<f>" not in parts.read(part)
        assert b'TargetMode="External"' not in parts.read(part)


@pytest.mark.parametrize(
    "text", [HOSTILE, "=1+1", "\t=1", "_x003D_1", "\ufffe\uffff", "x" * 100_000, "http://a.test/", "#REF!", "{=1}", "'"]
)
def test_a_text_is_read_back_as_it_was_made_harmless(text):
    table = Table("T", (Column("A"), Column("B", ColumnType.COUNT)), ((text, Quantity(1)),))
    book = load_workbook(BytesIO(written(Book(text, (text,), (Sheet("One", text, table),), ((text, text),)))))
    shown = book["One"].cell(HEADER + 1, 1)
    assert shown.data_type == "s"
    assert shown.hyperlink is None
    if "\uffff" not in text:
        assert shown.value == inert(text)[:32_000]


def test_a_number_that_a_spreadsheet_would_round_is_kept_as_text():
    exact = Decimal("1234567890123456.78")
    table = Table(
        "T", (Column("A", ColumnType.MONEY),), ((Quantity(exact, "GBP"),), (Quantity(Decimal("0.1"), "GBP"),))
    )
    sheet = load_workbook(BytesIO(written(Book("B", (), (Sheet("One", "", table),)))))["One"]
    assert sheet.cell(HEADER + 1, 1).value == str(exact)
    assert sheet.cell(HEADER + 2, 1).value == 0.1


def test_a_percentage_is_a_fraction_shown_with_its_own_places():
    table = Table("T", (Column("A", ColumnType.VALUE),), ((Quantity(Decimal("6.7"), "%"),),))
    cell = load_workbook(BytesIO(written(Book("B", (), (Sheet("One", "", table),)))))["One"].cell(HEADER + 1, 1)
    assert (cell.value, cell.number_format) == (0.067, "#,##0.0%;-#,##0.0%")


def test_more_rows_than_a_sheet_holds_are_refused_before_any_is_written():
    class Endless(tuple):
        def __len__(self):
            return MOST_ROWS + 1

    table = Table("T", (Column("A"),), Endless((("a",),)))
    with pytest.raises(BadUsage, match="more rows than a sheet holds"):
        written(Book("B", (), (Sheet("One", "", table),)))


def test_validate_and_summary_hold_every_row_in_one_table():
    findings = _rows(_open("validate")["Findings"])
    assert len(findings) == len(RESULTS["validate"].findings)
    assert {row["severity"] for row in findings} == {s.value for s in Severity}
    measures = _rows(_open("summary")["Measures"])
    city = next(r for r in measures if (r["Measure"], r["Organisation"]) == ("Attendances", "Northbridge City Council"))
    assert [city[f"Q{n}"] for n in range(1, 5)] == [12, 30, 8, 1004]
    assert city["Year"] == 1060
    total = list(_open("summary")["Total from contributions"].iter_rows(values_only=True))[-1]
    assert total[0] == "Total"
    assert (total[2], total[3]) == (1234471.5, 1)


def _drawn(data):
    parts = ZipFile(BytesIO(data))
    charts = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/charts/chart")]
    drawings = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/drawings/drawing")]
    return charts, drawings


def test_a_chart_is_drawn_from_the_table_s_own_cells_with_its_text_alternative():
    rows = tuple((name, Quantity(Decimal(value), "GBP")) for name, value in (("a", "1.50"), ("b", "2.25")))
    chart = Chart(ChartKind.BARS, "What came, in pounds", "b is largest", (1,))
    table = Table("T", (Column("Who"), Column("Amount", ColumnType.MONEY)), rows, chart=chart)
    charts, drawings = _drawn(written(Book("T", (), (Sheet("One", "about", table),))))
    assert len(charts) == 1
    assert "One!$B$5:$B$6" in charts[0]
    assert "One!$A$5:$A$6" in charts[0]
    assert 'descr="What came, in pounds. b is largest"' in drawings[0]


def test_a_table_without_numbers_is_not_drawn():
    chart = Chart(ChartKind.COLUMNS, "t", "a", (1,))
    table = Table("T", (Column("Who"), Column("Amount", ColumnType.MONEY)), (("a", None), ("b", "[c]")), chart=chart)
    assert _drawn(written(Book("T", (), (Sheet("One", "about", table),)))) == ([], [])


def test_notes_stand_on_the_sheet_of_notes_and_are_marked_in_the_title():
    def sheet(name, *notes):
        return Sheet(name, "about", Table(name, (Column("A"),), (("a",),), notes=notes))

    book = load_workbook(BytesIO(written(Book("T", (), (sheet("One", "first", "second"), sheet("Two", "second"))))))
    assert book["One"]["A1"].value == "One [note 1] [note 2]"
    assert book["Two"]["A1"].value == "Two [note 2]"
    assert [row[:2] for row in book["Notes"].iter_rows(min_row=HEADER + 1, values_only=True)] == [
        ("[note 1]", "first"), ("[note 2]", "second"),
    ]  # fmt: skip


def test_a_small_count_of_people_is_nowhere_in_the_workbook():
    small = figure("T09", "2.2", "19 people were trained", "19", "people", Status.CONTRADICTED, 3, -16,
                   return_name="training_attendance", measure="individuals", reason="The returns come to 3.",
                   rows_counted=3, evidence=(Evidence("q.csv", None, "B7722"),))  # fmt: skip
    book = _open(result("report", Outcome.FINDINGS, figures=(small,), extra={"report": {}}))
    text = " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
    assert "19" in text
    assert not any(each in text for each in ("come to 3", "-16", "B7722"))
