"""A sender gets the own workbook back with its faults marked; what comes back mended reads clean."""

import json
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import jsonschema
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from tests.cli.conftest import ROOT, run

SCHEMA = json.loads((ROOT / "src" / "sscbtool" / "render" / "result.schema.json").read_text(encoding="utf-8"))

YEAR = ("--period", "2018-19")


def found(ran):
    """The faults of a run by code and cell."""
    return sorted((f["code"], f["sheet"], f["cell"]) for f in ran.json["findings"])


@pytest.fixture
def sent(tmp_path):
    """A workbook with three faults, styles, a formula, a comment and a second sheet."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Police's money"
    sheet.append(["Organisation", "Amount", "Date received"])
    sheet.append(["Police (MOPAC)", 5000, "14/06/2018"])
    sheet.append(["London Fire Brigade", "five hundred", "15/06/2018"])
    sheet.append(["=1+1|nobody", 12.5, "15/06/2018"])
    sheet.append(["Nobody we know", None, "16/06/2018"])
    sheet["A4"].data_type = "s"
    sheet["B3"].font = Font(bold=True, name="Courier New")
    sheet["B3"].number_format = "#,##0.00"
    sheet["B3"].comment = Comment("Ask Jo about this", "Jo")
    sheet["A1"].fill = PatternFill("solid", fgColor="FF00FF00")
    sheet.column_dimensions["A"].width = 33
    other = book.create_sheet("Workings")
    other["A1"] = "carried over"
    other["B2"] = "='Police''s money'!B2*2"
    path = tmp_path / "sent" / "mopac.xlsx"
    path.parent.mkdir()
    book.save(path)
    return path


def test_the_sender_s_own_workbook_comes_back_with_everything_it_held(sent, tmp_path):
    before = sent.read_bytes()
    copy = tmp_path / "back.xlsx"
    ran = run("annotate", sent, *YEAR, "--output", copy, "--format", "json")
    assert ran.code == 1
    assert sent.read_bytes() == before
    jsonschema.validate(ran.json, SCHEMA)
    (told,) = ran.json["annotate"]["copies"]
    assert told["copy"] == copy.as_posix()
    assert told["not_kept"] == []
    book = load_workbook(copy)
    assert book.sheetnames == ["Faults found", "Police's money", "Workings"]
    sheet = book["Police's money"]
    assert book["Workings"]["B2"].value == "='Police''s money'!B2*2"
    assert sheet["A1"].fill.fgColor.rgb == "FF00FF00"
    assert sheet.column_dimensions["A"].width == 33
    faulty = sheet["B3"]
    assert (faulty.value, faulty.font.name, faulty.number_format) == ("five hundred", "Courier New", "#,##0.00")
    assert (faulty.fill.fill_type, faulty.border.left.style) == ("solid", "thick")
    assert sheet["B2"].fill.fill_type is None


def test_a_comment_leads_with_the_remedy_ends_with_the_code_and_leaves_the_sender_s_own(sent, tmp_path):
    run("annotate", sent, *YEAR, "--output", tmp_path / "back.xlsx")
    sheet = load_workbook(tmp_path / "back.xlsx")["Police's money"]
    text = sheet["B3"].comment.text
    assert text.startswith("Type the amount as a plain number")
    assert "Error, SSCB-AMT-2\n" in text
    assert text.endswith("Your own comment:\nAsk Jo about this")
    assert sheet["B5"].comment.text.rstrip().endswith("Error, SSCB-AMT-1")
    with ZipFile(tmp_path / "back.xlsx") as parts:
        drawing = next(parts.read(name).decode() for name in parts.namelist() if name.endswith(".vml"))
    assert drawing.count('ObjectType="Note"') == 4
    assert drawing.count("width:218pt") == 4


def test_the_first_sheet_lists_every_fault_with_a_link_to_its_cell(sent, tmp_path):
    ran = run("annotate", sent, *YEAR, "--output", tmp_path / "back.xlsx", "--format", "json")
    listed = load_workbook(tmp_path / "back.xlsx")["Faults found"]
    links = {cell.hyperlink.location for row in listed.iter_rows() for cell in row if cell.hyperlink}
    assert links == {f"'Police''s money'!{f['cell']}" for f in ran.json["findings"]}
    codes = [row[5].value for row in listed.iter_rows() if row[0].value and str(row[0].value).isdigit()]
    assert sorted(codes) == sorted(f["code"] for f in ran.json["findings"])
    assert not any(cell.data_type == "f" for row in listed.iter_rows() for cell in row)
    assert "five hundred" not in str([cell.value for row in listed.iter_rows() for cell in row])


def test_the_copy_has_the_same_faults_and_reads_clean_once_they_are_mended(sent, tmp_path):
    copy = tmp_path / "back.xlsx"
    run("annotate", sent, *YEAR, "--output", copy)
    assert found(run("validate", copy, *YEAR, "--format", "json")) == found(
        run("validate", sent, *YEAR, "--format", "json")
    )
    book = load_workbook(copy)
    sheet = book["Police's money"]
    sheet["B3"] = 500
    sheet["A4"] = "SLAM"
    sheet["A5"], sheet["B5"] = "SLAM", 10
    mended = tmp_path / "mended.xlsx"
    book.save(mended)
    ran = run("validate", mended, *YEAR)
    assert ran.code == 0, ran.out
    assert "carries the list of faults" in ran.err


def test_marks_of_an_earlier_round_are_taken_off(sent, tmp_path):
    copy, again = tmp_path / "back.xlsx", tmp_path / "again.xlsx"
    run("annotate", sent, *YEAR, "--output", copy)
    book = load_workbook(copy)
    book["Police's money"]["B3"] = 500
    book.save(copy)
    run("annotate", copy, *YEAR, "--output", again)
    book = load_workbook(again)
    assert book.sheetnames == ["Faults found", "Police's money", "Workings"]
    sheet = book["Police's money"]
    assert sheet["B3"].fill.fill_type is None
    assert sheet["B3"].comment.text.strip() == "Ask Jo about this"
    assert sheet["B5"].comment.text.count("SSCB-AMT-1") == 1
    assert sheet["B5"].border.left.style == "thick"


def test_a_sheet_that_only_poses_as_the_list_is_told_and_read(sent, tmp_path):
    copy = tmp_path / "back.xlsx"
    run("annotate", sent, *YEAR, "--output", copy)
    book = load_workbook(copy)
    listed = book["Faults found"]
    for row in (["Organisation", "Amount", "Date received"], ["SLAM", 60000, "01/05/2018"]):
        listed.append([None] * 8 + row)
    book.save(copy)
    ran = run("validate", copy, *YEAR, "--format", "json")
    assert "SSCB-ANN-1" in {f["code"] for f in ran.json["findings"]}
    assert ran.json["totals"][0]["total"] == "65012.50"


def test_a_text_file_comes_back_as_a_workbook_with_the_same_rows_and_columns(tmp_path):
    sent = tmp_path / "lfb.csv"
    sent.write_text("Note\n\nOrganisation,Amount,Date\nLFB,5OO,01/05/2018\n=cmd(),1,01/05/2018\n", encoding="utf-8")
    copy = tmp_path / "out" / "lfb.xlsx"
    before = found(run("validate", sent, *YEAR, "--format", "json"))
    run("annotate", sent, *YEAR, "--output", copy.parent)
    book = load_workbook(copy)
    assert book.sheetnames == ["Faults found", "Data"]
    assert book["Data"]["B4"].value == "5OO"
    assert book["Data"]["A5"].data_type == "s"
    after = found(run("validate", copy, *YEAR, "--format", "json"))
    assert [(code, cell) for code, _, cell in after] == [(code, cell) for code, _, cell in before]


def test_what_was_sent_is_never_written_over(sent, tmp_path):
    before = sent.read_bytes()
    for target in (sent, sent.parent):
        ran = run("annotate", sent, *YEAR, "--output", target)
        assert ran.code == 2
        assert "what was sent" in ran.err
    other = tmp_path / "other.xlsx"
    other.write_bytes(b"somebody's work")
    assert run("annotate", sent, *YEAR, "--output", other).code == 2
    assert run("annotate", sent, *YEAR, "--output", tmp_path / "x.xlsx", "--note", sent).code == 2
    assert (sent.read_bytes(), other.read_bytes()) == (before, b"somebody's work")


def test_a_folder_is_annotated_in_one_go_and_again(faulty, tmp_path):
    ran = run("annotate", faulty / "MOPAC", faulty / "SLAM", *YEAR, cwd=tmp_path)
    assert ran.code == 1
    made = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.xlsx"))
    assert made == ["annotated/MOPAC/MOPAC payments to SSCB.xlsx", "annotated/SLAM/SLaM remittances.xlsx"]
    assert run("annotate", faulty / "MOPAC", faulty / "SLAM", *YEAR, cwd=tmp_path).code == 1
    shutil.copytree(faulty / "MOPAC", tmp_path / "here" / "MOPAC")
    run("annotate", ".", *YEAR, cwd=tmp_path / "here")
    again = run("annotate", ".", *YEAR, "--format", "json", cwd=tmp_path / "here")
    assert [each["path"] for each in again.json["annotate"]["copies"]] == ["MOPAC/MOPAC payments to SSCB.xlsx"]


def test_the_note_is_courteous_and_holds_counts_and_no_value(faulty, tmp_path):
    note = tmp_path / "note.txt"
    run("annotate", faulty / "SLAM", *YEAR, "--output", tmp_path / "out", "--note", note)
    text = note.read_text(encoding="utf-8")
    assert text.startswith("To: South London and Maudsley NHS Foundation Trust\n\nDear colleague,")
    assert "SLaM remittances.xlsx: 5 errors and 1 query." in text
    values = {
        str(cell.value)
        for row in load_workbook(faulty / "SLAM" / "SLaM remittances.xlsx").active.iter_rows(min_row=4, max_row=8)
        for cell in row
        if cell.value is not None
    }
    assert not [value for value in values if value.strip() != "SLaM" and len(value) > 3 and value in text]
    assert max(map(len, text.splitlines())) <= 78


def test_beyond_five_hundred_marks_the_rest_stand_on_the_list(tmp_path):
    sent = tmp_path / "many.csv"
    rows = "".join(f"LFB,x{n},01/05/2018\n" for n in range(620))
    sent.write_text("Organisation,Amount,Date received\nLFB,5,02/05/2018\n" + rows, encoding="utf-8")
    ran = run("annotate", sent, *YEAR, "--output", tmp_path / "many.xlsx", "--format", "json")
    assert ran.json["annotate"]["copies"][0]["marked"] == 500
    book = load_workbook(tmp_path / "many.xlsx")
    assert sum(cell.comment is not None for row in book["Data"].iter_rows() for cell in row) == 500
    listed = [row[0].value for row in book["Faults found"].iter_rows() if str(row[0].value).isdigit()]
    assert len(listed) == len(ran.json["findings"]) >= 620
    assert any("120 more" in str(row[0].value) for row in book["Faults found"].iter_rows(max_row=8))


def test_a_refused_file_costs_the_others_nothing_and_clean_ones_have_no_copy(faulty, sample, tmp_path):
    ran = run("annotate", faulty / "NPS", faulty / "SLAM", *YEAR, "--output", tmp_path / "out", "--format", "json")
    assert ran.code == 3
    assert len(ran.json["annotate"]["copies"]) == 1
    clean = run("annotate", sample / "LFB", *YEAR, "--output", tmp_path / "none", "--format", "json")
    assert clean.json["annotate"]["copies"] == []
    assert not Path(tmp_path / "none").exists()


def test_an_answer_on_the_list_is_told_and_the_list_still_known(sent, tmp_path):
    copy = tmp_path / "back.xlsx"
    run("annotate", sent, *YEAR, "--output", tmp_path)
    (tmp_path / "mopac.xlsx").rename(copy)
    book = load_workbook(copy)
    listed = book["Faults found"]
    row = next(row[0].row for row in listed.iter_rows() if str(row[0].value) == "1")
    listed.cell(row, 7).value = "=It is right, see our letter"
    listed.cell(row, 7).data_type = "s"
    listed.delete_rows(row + 1)
    book.save(copy)
    ran = run("validate", copy, *YEAR)
    assert f"answered on the list of faults, in G{row}" in ran.err
    assert "SSCB-ANN-1" not in ran.out


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_comments_links_and_the_list_outlive_libreoffice(sent, tmp_path):
    copy = tmp_path / "back.xlsx"
    run("annotate", sent, *YEAR, "--output", copy)
    home = f"-env:UserInstallation=file://{tmp_path}/profile"
    kind = "xlsx:Calc MS Excel 2007 XML"
    asked = ["soffice", home, "--headless", "--convert-to", kind, "--outdir", tmp_path / "saved", copy]
    subprocess.run(asked, check=True, capture_output=True, timeout=180)
    saved = tmp_path / "saved" / "back.xlsx"
    before, after = load_workbook(copy), load_workbook(saved)
    for sheet in before:
        for row in sheet.iter_rows():
            for cell in row:
                own = after[sheet.title][cell.coordinate]
                assert (cell.comment is None) == (own.comment is None)
                assert (cell.hyperlink is None) == (own.hyperlink is None)
                if cell.hyperlink:
                    assert own.hyperlink.location == cell.hyperlink.location
    assert found(run("validate", saved, *YEAR, "--format", "json")) == found(
        run("validate", sent, *YEAR, "--format", "json")
    )
