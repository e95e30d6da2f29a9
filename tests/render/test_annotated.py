"""A workbook is marked in place: what is not marked keeps every byte, and nothing that runs is carried over."""

import re
import zipfile
from io import BytesIO

import pytest
import xlsxwriter
from openpyxl import load_workbook

from sscbtool.core.faultlist import MARK, Fault
from sscbtool.core.model import Severity
from sscbtool.render.annotated import NotKept, annotated
from sscbtool.render.annotated.parts import Package, Unfit, as_utf8, elements, spliced

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported.*:UserWarning")  # openpyxl loses those
DATA = "Data & <more>"


def fault(cell, sheet=DATA, severity=Severity.ERROR, fix="Type the amount as 1234.50.", message="It is no amount."):
    letters, row = re.fullmatch(r"([A-Z]+)([0-9]+)", cell).groups()
    column = sum((ord(letter) - 64) * 26**n for n, letter in enumerate(reversed(letters)))
    return Fault(sheet, int(row), column, severity, fix, message, "SSCB-AMT-2")


@pytest.fixture
def rich():
    """A workbook with what libraries lose: a chart, a text box, icon sets, sparklines, a table, names of one sheet."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    data, chart_sheet = book.add_worksheet(DATA), book.add_worksheet("Chart's")
    for row in range(20):
        data.write_row(row, 0, [f"a{row}", row * 1.5, "x"])
    data.write_comment("A1", "the sender's own note")
    data.conditional_format("B1:B20", {"type": "icon_set", "icon_style": "3_arrows"})
    data.conditional_format("B1:B20", {"type": "data_bar", "data_bar_2010": True})
    data.data_validation("C1:C20", {"validate": "list", "source": ["x", "y"]})
    data.add_table("J1:K5", {"columns": [{"header": "p"}, {"header": "q"}]})
    data.add_sparkline("L2", {"range": f"'{DATA}'!B1:B10"})
    data.merge_range("E2:F4", "merged")
    data.autofilter("A1:C20")
    data.freeze_panes(1, 0)
    data.print_area("A1:C20")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": f"='{DATA}'!$B$1:$B$20"})
    chart_sheet.insert_chart("B2", chart)
    chart_sheet.insert_textbox("F20", "a text box")
    chart_sheet.activate()
    book.close()
    return out.getvalue()


@pytest.fixture
def plain():
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.add_worksheet(DATA).write_row(0, 0, [1, 2, 3])
    book.close()
    return out.getvalue()


def parts(data):
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(data, changed):
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (parts(data) | changed).items():
            if content is not None:
                archive.writestr(name, content)
    return out.getvalue()


def test_all_that_is_not_marked_keeps_every_byte(rich, no_files):
    done = annotated(rich, [fault("A1"), fault("B40"), fault("I9", "Chart's", Severity.WARNING)])
    before, after = parts(rich), parts(done.data)
    changed = {name for name in before if before[name] != after[name]}
    assert set(before) <= set(after)
    assert not {name for name in changed if re.search(r"chart|drawing\d|table|theme|sharedStrings", name)}
    sheet = after["xl/worksheets/sheet1.xml"].decode()
    for kept in ("x14:sparkline", "x14:conditionalFormatting", "<tablePart ", "<dataValidation ", "<mergeCell "):
        assert kept in sheet
    assert (done.marked, done.not_kept) == (3, ())


def test_names_that_belong_to_a_sheet_follow_it_and_only_our_sheet_is_in_view(rich):
    after = parts(annotated(rich, [fault("A1")]).data)
    book = after["xl/workbook.xml"].decode()
    assert re.findall(r'localSheetId="(\d)"', book) == ["1", "1"]
    assert 'activeTab="0"' in book
    assert "tabSelected" not in after["xl/worksheets/sheet1.xml"].decode() + after["xl/worksheets/sheet2.xml"].decode()
    assert load_workbook(BytesIO(annotated(rich, [fault("A1")]).data))[DATA].print_area == f"'{DATA}'!$A$1:$C$20"


def test_a_cell_that_is_not_there_is_made_and_a_merged_one_is_marked_where_it_shows(rich):
    sheet = load_workbook(BytesIO(annotated(rich, [fault("B40"), fault("Z3"), fault("F4")]).data))[DATA]
    marked = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment}
    assert marked == {"A1", "B40", "Z3", "E2"}
    assert {sheet[cell].border.left.style for cell in ("B40", "Z3", "E2")} == {"thick"}
    assert sheet["E2"].value == "merged"


def test_severity_is_told_without_colour(plain):
    faults = [fault(cell, severity=severity) for cell, severity in zip(("A1", "B1", "C1"), Severity, strict=True)]
    sheet = load_workbook(BytesIO(annotated(plain, faults).data))[DATA]
    lines = [sheet[cell].border.left.style for cell in ("A1", "B1", "C1")]
    assert lines == ["thick", "mediumDashed", "dotted"]
    assert [sheet[cell].comment.text.split()[-2] for cell in ("A1", "B1", "C1")] == ["Error,", "Query,", "Note,"]


def test_several_faults_of_a_cell_share_its_comment_the_gravest_first(rich):
    both = [fault("C3", severity=Severity.QUERY, fix="Second."), fault("C3", fix="First.")]
    sheet = load_workbook(BytesIO(annotated(rich, both).data))[DATA]
    assert sheet["C3"].comment.text.index("First.") < sheet["C3"].comment.text.index("Second.")
    assert sheet["C3"].border.left.style == "thick"


def test_words_from_a_sheet_s_name_or_a_schema_are_never_live(plain):
    renamed = repacked(
        plain,
        {"xl/workbook.xml": parts(plain)["xl/workbook.xml"].replace(b"Data &amp; &lt;more&gt;", b"=cmd|' C'!A0")},
    )
    name = "=cmd|' C'!A0"
    done = annotated(renamed, [fault("A1", name, fix="=HYPERLINK(1)", message="+1\x1b[2J"), fault("A2", name)])
    book = load_workbook(BytesIO(done.data))
    cells = [cell for row in book["Faults found"].iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert not [cell for cell in cells if str(cell.value).startswith(("=", "+", "-", "@"))]
    assert "\x1b" not in parts(done.data)["xl/worksheets/sscbtool-faults.xml"].decode()


def test_macros_and_signatures_are_left_out_and_said(rich):
    own = parts(rich)
    types = own["[Content_Types].xml"].replace(
        b"spreadsheetml.sheet.main+xml", b"sheet.macroEnabled.main+xml"
    ).replace(
        b"</Types>", b'<Override PartName="/xl/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        b"</Types>"
    )  # fmt: skip
    relation = b'<Relationship Id="rId99" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" '
    with_macros = repacked(
        rich,
        {
            "[Content_Types].xml": types,
            "xl/_rels/workbook.xml.rels": own["xl/_rels/workbook.xml.rels"].replace(
                b"</Relationships>", relation + b'Target="vbaProject.bin"/></Relationships>'
            ),
            "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macros",
            "_xmlsignatures/sig1.xml": b"<Signature/>",
        },
    )
    done = annotated(with_macros, [fault("A1")])
    after = parts(done.data)
    assert not [name for name in after if "vba" in name.lower() or "signature" in name]
    assert b"vba" not in after["[Content_Types].xml"] + after["xl/_rels/workbook.xml.rels"]
    assert b"macroEnabled" not in after["[Content_Types].xml"]
    assert done.not_kept == (NotKept.MACROS, NotKept.SIGNATURE)
    assert load_workbook(BytesIO(done.data)).sheetnames[0] == "Faults found"


def test_a_sheet_in_another_prefix_without_references_and_without_styles(rich):
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row><x:c>'
        "<x:v>1</x:v></x:c><x:c><x:v>2</x:v></x:c></x:row><x:row/></x:sheetData></x:worksheet>"
    ).encode("utf-16")
    relations = re.sub(rb"<Relationship [^>]*styles[^>]*/>", b"", parts(rich)["xl/_rels/workbook.xml.rels"])
    bare = repacked(
        rich, {"xl/worksheets/sheet1.xml": sheet, "xl/_rels/workbook.xml.rels": relations, "xl/styles.xml": None,
               "xl/worksheets/_rels/sheet1.xml.rels": None, "xl/worksheets/sheet2.xml": sheet}
    )  # fmt: skip
    done = annotated(bare, [fault("B1"), fault("C1"), fault("A2"), fault("A9")])
    book = load_workbook(BytesIO(done.data))[DATA]
    assert [book[cell].value for cell in ("A1", "B1")] == [1, 2]
    assert {c.coordinate for row in book.iter_rows() for c in row if c.fill.fill_type} == {"B1", "C1", "A2", "A9"}


def test_a_workbook_whose_parts_do_not_hang_together_is_refused_in_place(rich):
    with pytest.raises((Unfit, ValueError, KeyError)):
        annotated(repacked(rich, {"xl/worksheets/sheet1.xml": None}), [fault("A1")])
    with pytest.raises(Unfit):
        elements(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(Unfit):
        spliced(b"abc", [(0, 2, b""), (1, 3, b"")])


def test_the_same_workbook_gives_the_same_bytes_and_the_list_bears_its_mark(rich):
    once = annotated(rich, [fault("A1")]).data
    assert once == annotated(rich, [fault("A1")]).data
    assert MARK in {cell.value for cell in load_workbook(BytesIO(once))["Faults found"]["A"]}
    assert as_utf8("<a>é</a>".encode("utf-16")).endswith("<a>é</a>".encode())
    assert "xl/workbook.xml" in Package(once)
