"""The main job, end to end, on the sample year and on files made here."""

import csv
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from tests.cli.conftest import ROOT, run

PUBLISHED = {
    "M01": "5000.00",
    "M02": "60000.00",
    "M03": "5000.00",
    "M04": "500.00",
    "M05": "63421.50",
    "M06": "550.00",
    "M07": "134471.50",
    "T01": 45,
    "T02": 340,
    "T03": 81,
    "T04": 368,
}


def save(path: Path, *rows: tuple[object, ...]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_the_sample_year_bears_out_every_published_figure(sample):
    ran = run("reconcile", sample, "--period", "2018-19", "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    figures = {f["figure_id"]: f for f in ran.json["figures"]}
    for figure_id, published in PUBLISHED.items():
        assert (figures[figure_id]["published"], figures[figure_id]["evidenced"]) == (published, published)
        assert figures[figure_id]["status"] == "holds"
        assert figures[figure_id]["evidence"]
    assert {
        "return": "contributions",
        "column": "amount",
        "unit": "GBP",
        "rows": 15,
        "total": "134471.50",
    } in ran.json["totals"]


def test_evidence_names_the_very_cells_that_hold_the_money(sample):
    ran = run("trace", "M05", sample, "--period", "2018-19", "--format", "json")
    (figure,) = ran.json["figures"]
    total = Decimal(0)
    for evidence in figure["evidence"]:
        sheet = load_workbook(evidence["file"], data_only=True)[evidence["sheet"]]
        for part in evidence["cells"].split(", "):
            cells = sheet[part]
            total += sum(Decimal(str(cell.value)) for (cell,) in (cells if ":" in part else ((cells,),)))
    assert total == Decimal("63421.50")


def test_every_planted_fault_is_named_at_its_cell(faulty):
    ran = run("validate", faulty, "--period", "2018-19", "--format", "json")
    assert ran.code in (1, 3)
    found = {(Path(f["file"]).name, f["sheet"] or "", f["cell"], f["code"]) for f in ran.json["findings"] if f["file"]}
    with (ROOT / "tests" / "cases" / "planted_faults.csv").open(encoding="utf-8", newline="") as file:
        planted = [row for row in csv.DictReader(file) if row["cell"]]
    assert len({row["code"] for row in planted}) >= 12
    missing = [row for row in planted if (Path(row["file"]).name, row["sheet"], row["cell"], row["code"]) not in found]
    assert missing == []


def test_the_faulty_year_contradicts_what_its_faults_touch(faulty):
    ran = run("reconcile", faulty, "--period", "2018-19", "--format", "json")
    assert ran.code in (1, 3)
    statuses = {f["figure_id"]: f["status"] for f in ran.json["figures"]}
    assert statuses["M07"] == "contradicted"


def test_validate_says_one_line_a_file_first(sample):
    ran = run("validate", sample, "--period", "2018-19")
    assert ran.code == 0
    assert ran.out.index("LFB contribution.xls") < ran.out.index("SSCB-DAT-2")


@pytest.mark.parametrize("columns", [80, 200])
def test_tables_fit_the_terminal(sample, columns):
    import pty  # noqa: F401 - where there is no pty there is no terminal to fit

    from tests.cli.terminal import on_terminal

    shown = on_terminal(["reconcile", str(sample), "--period", "2018-19"], columns)
    assert "£134,471.50" in shown
    assert max(len(line) for line in shown.splitlines()) <= columns


def test_what_is_piped_has_no_escape_sequence(sample):
    assert "\x1b" not in run("reconcile", sample, "--period", "2018-19").out


def test_the_same_run_gives_the_same_bytes_whatever_the_surroundings(sample):
    first = run("reconcile", sample, "--period", "2018-19", "--format", "json", PYTHONHASHSEED="1", TZ="UTC")
    second = run(
        "reconcile", sample, "--period", "2018-19", "--format", "json", PYTHONHASHSEED="2", TZ="Asia/Tokyo", LANG="C"
    )
    assert first.out == second.out


def test_ingest_is_idempotent_and_reconcile_works_from_the_store(tmp_path):
    board = tmp_path / "board"
    assert run("init", board, "--sample").code == 0
    returns = board / "returns"
    first = run("--workspace", board, "ingest", returns, "--period", "2018-19", "--format", "json")
    assert first.code == 0, first.err
    assert all(each["new"] for each in first.json["ingest"]["landed"])
    again = run("--workspace", board, "ingest", returns, "--period", "2018-19", "--format", "json")
    assert not any(each["new"] for each in again.json["ingest"]["landed"])
    from_store = run("--workspace", board, "reconcile", "--period", "2018-19", "--format", "json")
    assert from_store.code == 0, from_store.err
    figures = {f["figure_id"]: f["evidenced"] for f in from_store.json["figures"]}
    assert {figure: figures[figure] for figure in PUBLISHED} == PUBLISHED


def test_two_complementary_files_of_one_partner_add_up(tmp_path):
    save(tmp_path / "first.xlsx", ("Agency", "Amount", "Date received"), ("LFB", 200, "01/05/2018"))
    save(tmp_path / "second.xlsx", ("Agency", "Amount", "Date received"), ("LFB", 300, "01/09/2018"))
    ran = run("reconcile", tmp_path, "--period", "2018-19", "--figure", "M04", "--format", "json")
    assert ran.json["figures"][0]["evidenced"] == "500.00"
    assert ran.code == 0


def test_the_same_bytes_twice_count_once(tmp_path):
    one = save(tmp_path / "one.xlsx", ("Agency", "Amount", "Date received"), ("LFB", 500, "01/05/2018"))
    shutil.copy(one, tmp_path / "copy of one.xlsx")
    ran = run("reconcile", tmp_path, "--period", "2018-19", "--figure", "M04", "--format", "json")
    assert ran.json["figures"][0]["status"] == "holds"


def test_ten_thousand_lines_of_ten_pence_come_to_exactly_one_thousand_pounds(tmp_path):
    save(tmp_path / "many.xlsx", ("Agency", "Amount"), *(("LFB", 0.1) for _ in range(10_000)))
    ran = run("summary", tmp_path, "--period", "2018-19", "--format", "json")
    assert ran.json["totals"][0]["total"] == "1000.00"


def test_a_fraction_of_a_penny_is_refused_at_its_cell(tmp_path):
    save(tmp_path / "half.xlsx", ("Agency", "Amount"), ("LFB", "£1.005"), ("LFB", 2.5))
    ran = run("validate", tmp_path, "--period", "2018-19", "--format", "json")
    assert ran.code == 1
    assert [(f["code"], f["cell"]) for f in ran.json["findings"]] == [("SSCB-CEL-1", "B2")]


def test_a_fifth_return_a_partner_and_a_figure_of_next_year_are_added_by_files_alone(tmp_path):
    board = tmp_path / "board"
    run("init", board)
    (board / "schemas" / "returns" / "room_hire.yaml").write_text(
        """
schema_type: dataframe
version: 1
name: room_hire
title: Rooms lent to the board
columns:
  venue: {dtype: str, nullable: false}
  hours: {dtype: Int64, coerce: true, nullable: false}
  hired_on: {dtype: "datetime64[ns]", coerce: true, nullable: false}
metadata:
  section: "9"
  columns:
    venue: {kind: organisation, sensitivity: public, aliases: [lent by]}
    hours: {kind: count, sensitivity: public, aliases: [hours lent]}
    hired_on: {kind: date, within: period, sensitivity: public, aliases: [day]}
  measures:
    lent: {sql: "sum(hours)", unit: hours, title: Hours lent, evidence: [hours]}
""",
        encoding="utf-8",
    )
    with (board / "schemas" / "organisations.csv").open("a", encoding="utf-8") as register:
        register.write("LIBRARY,Invented Library,local,The Invented Library,community,no,,\n")
    (board / "schemas" / "figures" / "2019-20.csv").write_text(
        "figure_id,section,statement,return,measure,where,comparator,value,unit,as_at,tolerance,scope,publish,note\n"
        "R01,9,Rooms were lent for 7 hours,room_hire,lent,venue = 'LIBRARY',equals,7,hours,,,SSCB,,\n",
        encoding="utf-8",
    )
    assert run("--workspace", board, "schemas", "test").code == 0
    save(board / "returns" / "rooms.xlsx", ("Lent by", "Hours lent", "Day"), ("The invented library", 7, "02/05/2019"))
    ran = run("--workspace", board, "reconcile", board / "returns", "--period", "2019-20", "--format", "json")
    assert (ran.code, ran.json["figures"][0]["status"], ran.json["figures"][0]["evidenced"]) == (0, "holds", 7)


class TestHonestFailures:
    def test_no_such_file_is_one_sentence_and_3(self, tmp_path):
        ran = run("validate", tmp_path / "gone.xlsx", "--format", "json")
        assert ran.code == 3
        assert len(ran.err.splitlines()) == 1
        assert ran.json["files"][0]["status"] == "refused"

    def test_a_folder_without_spreadsheets_is_nothing_to_judge(self, tmp_path):
        (tmp_path / "notes.docx").write_bytes(b"PK")
        ran = run("validate", tmp_path)
        assert ran.code == 4
        assert "nothing was checked" in ran.err

    def test_an_unknown_return_is_wrong_usage(self, sample):
        ran = run("validate", sample, "--return", "contribution")
        assert ran.code == 2
        assert "contributions" in ran.err

    def test_a_broken_schema_file_is_named_with_its_key(self, tmp_path):
        board = tmp_path / "board"
        run("init", board)
        schema = board / "schemas" / "returns" / "contributions.yaml"
        schema.write_text(schema.read_text(encoding="utf-8").replace("kind: money", "kind: cash"), encoding="utf-8")
        ran = run("--workspace", board, "schemas", "test")
        assert ran.code == 2
        assert "returns/contributions.yaml" in ran.err
        assert "metadata.columns.amount.kind" in ran.err

    def test_an_empty_sheet_is_refused(self, tmp_path):
        save(tmp_path / "empty.xlsx")
        assert run("validate", tmp_path / "empty.xlsx").code == 3

    def test_headings_without_rows_are_a_finding(self, tmp_path):
        save(tmp_path / "bare.xlsx", ("Agency", "Amount", "Date received"))
        ran = run("validate", tmp_path, "--period", "2018-19", "--format", "json")
        assert (ran.code, ran.json["findings"][0]["code"]) == (1, "SSCB-TAB-6")

    def test_a_period_without_data_is_not_clean(self, sample):
        assert run("reconcile", sample / "MOPAC", "--period", "2016-17").code == 4

    def test_nothing_half_stored_when_a_file_is_refused(self, tmp_path):
        board = tmp_path / "board"
        run("init", board)
        (board / "returns" / "broken.xlsx").write_bytes(b"PK\x03\x04 cut off")
        ran = run("--workspace", board, "ingest", "--period", "2018-19")
        assert ran.code == 3
        assert not list((board / "store").glob("submissions/*"))


def test_help_and_version_import_nothing_heavy():
    import subprocess
    import sys

    for option in ("--help", "--version"):
        probe = (
            "import sys, runpy; sys.argv = ['sscbtool', sys.argv[1]]\n"
            "try: runpy.run_module('sscbtool', run_name='__main__')\n"
            "except SystemExit: pass\n"
            "heavy = {'pandas', 'pandera', 'duckdb', 'numpy', 'pyarrow', 'lxml', 'openpyxl'} & set(sys.modules)\n"
            "sys.exit(f'imported {heavy}' if heavy else 0)"
        )
        done = subprocess.run([sys.executable, "-c", probe, option], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr


def test_a_result_that_cannot_be_written_is_74_in_one_sentence(tmp_path):
    (tmp_path / "folder").mkdir()
    ran = run("inspect", save(tmp_path / "a.xlsx", ("Agency", "Amount"), ("LFB", 5)), "--output", tmp_path / "folder")
    assert (ran.code, len(ran.err.splitlines())) == (74, 1)


def test_a_summary_of_one_return_leaves_every_file_the_return_that_it_is(sample):
    whole = run("summary", sample, "--period", "2018-19", "--format", "json")
    asked = run("summary", "contributions", sample, "--period", "2018-19", "--format", "json")
    assert (whole.code, asked.code) == (0, 0), asked.err
    assert asked.json["measures"] == [m for m in whole.json["measures"] if m["return"] == "contributions"]
    assert [(t["return"], t["total"]) for t in asked.json["totals"]] == [("contributions", "134471.50")]
    assert {t["return"] for file in asked.json["files"] for t in file["tables"]} == {"contributions"}


def test_a_sum_of_which_nothing_could_be_read_is_not_shown_as_nought(tmp_path):
    file = save(tmp_path / "paid.xlsx", ("Agency", "Amount"), ("CAFCASS", "€5.00"), ("London Fire Brigade", "$6.00"))
    shown = run("summary", "contributions", file, "--period", "2018-19")
    assert shown.code == 1
    assert "£0.00" not in shown.out
    assert "not known" in shown.out


def test_hours_are_shown_without_noughts_at_their_end(tmp_path):
    board = tmp_path / "board"
    run("init", board)
    (board / "schemas" / "returns" / "volunteer_hours.yaml").write_text(
        """schema_type: dataframe
version: 1
name: volunteer_hours
title: Volunteer hours
columns:
  organisation: {title: Charity, dtype: str, nullable: false}
  hours: {title: Hours, dtype: "Decimal(18,6)", coerce: true, nullable: false}
metadata:
  section: "2.9"
  grain: one row a week
  sender: null
  key: []
  columns:
    organisation: {kind: organisation, sensitivity: public, aliases: [charity]}
    hours: {kind: number, unit: hours, sensitivity: public, aliases: [hours given]}
  totals: []
  rules: []
  measures:
    hours: {sql: "sum(hours)", unit: hours, title: Hours given, evidence: [hours]}
"""
    )
    file = save(tmp_path / "hours.xlsx", ("Charity", "Hours given"), ("CAFCASS", 7.5), ("London Fire Brigade", 92.5))
    shown = run("--workspace", board, "summary", "volunteer_hours", file, "--period", "2018-19")
    assert shown.code == 0
    lines = [line.split()[-1] for line in shown.out.splitlines() if line.startswith(("Children and", "London", "All"))]
    assert lines == ["92.5", "7.5", "100"]


def test_a_corrected_copy_beside_the_first_is_told(tmp_path):
    head = ("Organisation", "Amount", "Date")
    (tmp_path / "LFB").mkdir()
    save(tmp_path / "LFB" / "return.xlsx", head, ("London Fire Brigade", 500, "01/05/2018"))
    again = save(tmp_path / "LFB" / "return v2.xlsx", head, ("London Fire Brigade", 550, "01/05/2018"))
    ran = run("validate", tmp_path, "--period", "2018-19", "--format", "json")
    assert (ran.code, [found["code"] for found in ran.json["findings"]]) == (0, ["SSCB-FIL-15"])

    save(again, head, ("London Fire Brigade", 550, "01/08/2018"))
    assert run("validate", tmp_path, "--period", "2018-19").code == 0
