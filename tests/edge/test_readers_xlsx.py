"""What the xlsx reader keeps, trap by trap, on workbooks whose XML is written here by hand."""

from __future__ import annotations

import contextlib
import io
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from sscbtool.core.model import Area, FileFormat, Flag, Grid, Kind, Limits, Remark, RemarkKind, Workbook, column_letters
from sscbtool.edge.readers import read
from sscbtool.edge.readers.grid import CellBudget, string_array
from sscbtool.edge.readers.stored import DateClass, number_cell
from sscbtool.edge.readers.xlsx_bulk import bulk_sheet, bulk_strings, dates_in_bulk
from sscbtool.edge.readers.xlsx_cells import Book, Styles
from sscbtool.edge.readers.xlsx_stream import stream_sheet, stream_strings
from sscbtool.errors import InputRefused

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_LINKS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="4"><numFmt numFmtId="164" formatCode="[$-809]dd\\ mmmm\\ yyyy"/>'
    '<numFmt numFmtId="165" formatCode="0 &quot;days&quot;"/><numFmt numFmtId="166" formatCode="[h]:mm"/>'
    '<numFmt numFmtId="167" formatCode="General"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/>'
    '<xf numFmtId="20"/><xf numFmtId="22"/><xf numFmtId="167"/><xf numFmtId="9"/></cellXfs></styleSheet>'
)


def sheet_xml(rows: str, *, before: str = "", after: str = "", space: str = MAIN) -> str:
    return f'{HEAD}<worksheet xmlns="{space}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def strings_xml(*items: str) -> str:
    return f'{HEAD}<sst xmlns="{MAIN}" count="1">{"".join(items)}</sst>'


def package(
    sheets: dict[str, str],
    *,
    strings: str | None = None,
    states: dict[str, str] | None = None,
    workbook_properties: str = "",
    extra_parts: dict[str, str] | None = None,
    extra_relations: str = "",
    links: str = LINKS,
    space: str = MAIN,
) -> bytes:
    """A workbook of hand-written sheets by name; sheet parts are named against the order of the sheets."""
    states = states or {}
    names = list(sheets)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"'
        + (f' state="{states[name]}"' if name in states else "")
        + "/>"
        for n, name in enumerate(names, 1)
    )
    parts = {
        "_rels/.rels": (
            f'<Relationships><Relationship Id="r" Type="{links}/officeDocument" Target="/xl/workbook.xml"/>'
            "</Relationships>"
        ),
        "xl/workbook.xml": (
            f'{HEAD}<workbook xmlns="{space}" xmlns:r="{links}">{workbook_properties}'
            f"<sheets>{listed}</sheets></workbook>"
        ),
        "xl/styles.xml": STYLES,
    }
    relations = [f'<Relationship Id="s" Type="{links}/styles" Target="styles.xml"/>', extra_relations]
    for n, name in enumerate(names, 1):
        part = f"worksheets/data{len(names) - n}.xml"
        relations.append(f'<Relationship Id="rId{n}" Type="{links}/worksheet" Target="{part}"/>')
        parts[f"xl/{part}"] = sheets[name]
    if strings is not None:
        relations.append(f'<Relationship Id="t" Type="{links}/sharedStrings" Target="sharedStrings.xml"/>')
        parts["xl/sharedStrings.xml"] = strings
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{''.join(relations)}</Relationships>"
    parts.update(extra_parts or {})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def opened(data: bytes, limits: Limits | None = None) -> Workbook:
    return read(data, FileFormat.XLSX, limits or Limits())


def grid_of(rows: str, **around: str) -> Grid:
    return opened(package({"Data": sheet_xml(rows, **around)})).grids[0]


def cells(grid: Grid) -> dict[str, tuple[str, Kind]]:
    """Address -> text and kind, blanks left out."""
    rows, columns = grid.shape
    return {
        grid.address(i, j): (grid.text(i, j), grid.kind(i, j))
        for i in range(rows)
        for j in range(columns)
        if grid.kind(i, j) is not Kind.BLANK
    }


def flag(grid: Grid, address: str) -> Flag:
    places = {grid.address(i, j): (i, j) for i in range(grid.shape[0]) for j in range(grid.shape[1])}
    return Flag(int(grid.flags[places[address]]))


def lone(cell: str) -> tuple[str, Kind]:
    """Text and kind of a sheet's only cell, A1."""
    return cells(grid_of(f'<row r="1">{cell}</row>'))["A1"]


def book(*, strings: tuple[str, ...] = (), linked: bool = False, epoch_1904: bool = False) -> Book:
    styles = Styles(
        ("General", "dd/mm/yyyy", "hh:mm", "[h]:mm"),
        (0, 1, 2, 3, 0),
        (DateClass.NONE, DateClass.DATE, DateClass.TIME, DateClass.ELAPSED, DateClass.NONE),
    )
    return Book(list(strings), styles, epoch_1904, linked)


def assert_same(bulk: Grid, streamed: Grid) -> None:
    for name in ("sheet", "merges", "hidden_rows", "hidden_columns", "format_codes"):
        assert getattr(bulk, name) == getattr(streamed, name), name
    for name in ("rows", "columns", "kinds", "flags", "formats"):
        mine, other = getattr(bulk, name), getattr(streamed, name)
        assert mine.dtype == other.dtype, name
        assert np.array_equal(mine, other), name
    assert [column.to_pylist() for column in bulk.texts] == [column.to_pylist() for column in streamed.texts]


# --------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("63421.5", "63421.5"),
        ("0.10000000000000001", "0.1"),
        ("1.1000000000000001", "1.1"),
        ("134471.50", "134471.5"),
        ("1E-7", "0.0000001"),
        ("1.5E+3", "1500"),
        ("1E+22", "10000000000000000000000"),
        ("1.2345678901234567E+16", "12345678901234568"),
        ("12345678901234567", "12345678901234567"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012.25", "123456789012.25"),
        ("10000000001", "10000000001"),
        ("007", "7"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("5.", "5"),
        (".5", "0.5"),
        ("+3", "3"),
        (" 42 ", "42"),
        ("-12.30", "-12.3"),
        ("1.005", "1.005"),
    ],
)
def test_a_number_is_the_shortest_decimal_of_what_is_stored(stored, text):
    assert lone(f'<c r="A1"><v>{stored}</v></c>') == (text, Kind.NUMBER)


@pytest.mark.parametrize(
    "stored", ["NaN", "inf", "1e400", "0x10", "1_000", "twelve", "1,5", "--1", "1.2.3", "٣", "&amp;"]
)
def test_what_is_no_number_stays_text(stored):
    text = "&" if stored == "&amp;" else stored
    assert lone(f'<c r="A1"><v>{stored}</v></c>') == (text, Kind.TEXT)


# --------------------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("style", "stored", "expected"),
    [
        (1, "43221", ("2018-05-01", Kind.DATE)),
        (2, "43221", ("2018-05-01", Kind.DATE)),
        (6, "43221.395833333336", ("2018-05-01T09:30:00", Kind.DATE)),
        (6, "43221.999999", ("2018-05-02", Kind.DATE)),
        (5, "0.39583333333333331", ("09:30:00", Kind.DATE)),
        (5, "0", ("00:00:00", Kind.DATE)),
        (4, "1.5", ("36:00:00", Kind.DATE)),
        (1, "1", ("1900-01-01", Kind.DATE)),
        (1, "59", ("1900-02-28", Kind.DATE)),
        (1, "60", ("60", Kind.NUMBER)),
        (1, "61", ("1900-03-01", Kind.DATE)),
        (1, "0", ("0", Kind.NUMBER)),
        (1, "-5", ("-5", Kind.NUMBER)),
        (1, "2958465", ("9999-12-31", Kind.DATE)),
        (1, "2958466", ("2958466", Kind.NUMBER)),
        (3, "43221", ("43221", Kind.NUMBER)),
        (7, "43221", ("43221", Kind.NUMBER)),
        (8, "0.5", ("0.5", Kind.NUMBER)),
        (99, "43221", ("43221", Kind.NUMBER)),
    ],
)
def test_a_serial_is_a_date_only_under_a_date_format_and_on_a_day_that_exists(style, stored, expected):
    assert lone(f'<c r="A1" s="{style}"><v>{stored}</v></c>') == expected


@pytest.mark.parametrize("value", ["1", "true", "on"])
def test_the_1904_system_counts_from_1904(value):
    data = package(
        {"Data": sheet_xml('<row r="1"><c r="A1" s="1"><v>41759</v></c><c r="B1" s="1"><v>0</v></c></row>')},
        workbook_properties=f'<workbookPr date1904="{value}"/>',
    )
    assert cells(opened(data).grids[0]) == {"A1": ("2018-05-01", Kind.DATE), "B1": ("1904-01-01", Kind.DATE)}


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("2018-05-01", ("2018-05-01", Kind.DATE)),
        ("2018-05-01T00:00:00", ("2018-05-01", Kind.DATE)),
        ("2018-05-01T09:30:00.600Z", ("2018-05-01T09:30:01", Kind.DATE)),
        ("T09:30:00", ("09:30:00", Kind.DATE)),
        ("2018-02-30", ("2018-02-30", Kind.TEXT)),
    ],
)
def test_an_iso_date_cell_is_a_date(stored, expected):
    assert lone(f'<c r="A1" t="d"><v>{stored}</v></c>') == expected


def test_formats_are_kept_by_cell():
    grid = grid_of(
        '<row r="1"><c r="A1" s="8"><v>0.5</v></c><c r="B1" s="2"><v>43221</v></c><c r="C1"><v>1</v></c></row>'
    )
    assert [grid.format_code(0, j) for j in range(3)] == ["0%", "[$-809]dd\\ mmmm\\ yyyy", "General"]


# --------------------------------------------------------------------------- what libraries drop


def test_error_cells_keep_their_code():
    grid = grid_of('<row r="1"><c r="A1" t="e"><v>#REF!</v></c><c r="B1" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>')
    assert cells(grid) == {"A1": ("#REF!", Kind.ERROR), "B1": ("#DIV/0!", Kind.ERROR)}
    assert flag(grid, "B1") is Flag.FORMULA


@pytest.mark.parametrize("value", ["", "<v></v>", "<v/>"])
@pytest.mark.parametrize("formula", ["<f>SUM(B1:B9)</f>", '<f t="shared" si="0"/>', "<f/>"])
def test_a_formula_without_a_cached_value_is_unknown_not_blank(formula, value):
    grid = grid_of(f'<row r="3"><c r="B3">{formula}{value}</c></row>')
    assert grid.shape == (1, 1)
    assert grid.kind(0, 0) is Kind.BLANK
    assert flag(grid, "B3") == Flag.FORMULA | Flag.UNCACHED


def test_a_formula_that_gave_an_empty_string_is_blank_and_cached():
    grid = grid_of(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="str"><f>""</f><v></v></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><v>3</v></c></row>'
    )
    assert grid.text(0, 1) == ""
    assert flag(grid, "B1") is Flag.FORMULA


def test_rows_that_only_hold_empty_formula_results_are_left_out():
    grid = grid_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2" t="str"><f>""</f><v></v></c></row>')
    assert grid.rows.tolist() == [1]


def test_a_formula_keeps_its_cached_value():
    grid = grid_of('<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"a"</f><v> a </v></c></row>')
    assert cells(grid) == {"A1": ("2", Kind.NUMBER), "B1": (" a ", Kind.TEXT)}
    assert flag(grid, "A1") is flag(grid, "B1") is Flag.FORMULA


@pytest.mark.parametrize(
    ("stored", "expected"),
    [("1", ("TRUE", Kind.BOOL)), ("0", ("FALSE", Kind.BOOL)), ("true", ("TRUE", Kind.BOOL)), ("2", ("2", Kind.TEXT))],
)
def test_booleans(stored, expected):
    assert lone(f'<c r="A1" t="b"><v>{stored}</v></c>') == expected


def test_shared_strings_join_rich_runs_and_leave_phonetic_guides_out():
    strings = strings_xml(
        "<si><t>plain</t></si>",
        '<si><r><t>Total</t></r><r><rPr><vertAlign val="superscript"/></rPr><t xml:space="preserve"> 1</t></r></si>',
        '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>',
        '<si><t xml:space="preserve">  two  spaces </t></si>',
        "<si><t>a_x000D_\nb &amp; c &#163;5</t></si>",
        "<si><t>_x005F_x000D_</t></si>",
        "<si/>",
        "<si><t/></si>",
        "<si><t>last\r\nline</t></si>",
    )
    row = "".join(f'<c r="{letter}1" t="s"><v>{n}</v></c>' for n, letter in enumerate("ABCDEFGHI"))
    grid = opened(package({"Data": sheet_xml(f'<row r="1">{row}</row>')}, strings=strings)).grids[0]
    assert {place: text for place, (text, _) in cells(grid).items()} == {
        "A1": "plain",
        "B1": "Total 1",
        "C1": "東京",
        "D1": "  two  spaces ",
        "E1": "a\r\nb & c £5",
        "F1": "_x000D_",
        "I1": "last\nline",
    }


def test_an_escaped_surrogate_pair_is_one_character_and_a_lone_one_is_marked():
    assert lone('<c r="A1" t="str"><v>_xD83D__xDE00_</v></c>')[0] == "😀"
    assert lone('<c r="A1" t="str"><v>_xD83D_</v></c>')[0] == "\ufffd"


def test_inline_strings_plain_and_rich():
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t xml:space="preserve"> in &lt;line&gt;\nsecond</t></is></c>'
        '<c r="B1" t="inlineStr"><is><r><t>ri</t></r><r><t>ch</t></r><rPh sb="0" eb="1"><t>x</t></rPh></is></c></row>'
    )
    assert cells(grid_of(rows)) == {"A1": (" in <line>\nsecond", Kind.TEXT), "B1": ("rich", Kind.TEXT)}


def test_hidden_rows_and_columns_by_name_and_by_no_size_are_named_where_they_hold_something():
    rows = "".join(
        f'<row r="{n}"{words}><c r="A{n}"><v>{n}</v></c><c r="B{n}"><v>1</v></c><c r="C{n}"><v>1</v></c></row>'
        for n, words in enumerate(["", ' hidden="1"', ' ht="0" customHeight="1"', ' ht="15"', ' hidden="0"'], 1)
    )
    columns = (
        '<cols><col min="2" max="2" width="0" customWidth="1"/><col min="3" max="16384" width="9" hidden="1"/></cols>'
    )
    grid = grid_of(rows + '<row r="9" hidden="1"/>', before=columns)
    assert grid.hidden_rows == (2, 3)
    assert grid.hidden_columns == (2, 3)


def test_merges_are_kept_as_areas():
    grid = grid_of('<row r="1"><c r="A1"><v>1</v></c></row>', after='<mergeCells><mergeCell ref="A1:C2"/></mergeCells>')
    assert grid.merges == (Area(1, 1, 2, 3),)


def test_a_filter_is_remarked_only_where_it_narrows_the_rows():
    cell = '<row r="1"><c r="A1"><v>1</v></c></row>'
    view = '<autoFilter ref="A1:A9"><filterColumn/></autoFilter>'
    view = f"<customSheetViews><customSheetView>{view}</customSheetView></customSheetViews>"
    sheets = {
        "Narrowed": sheet_xml(cell, after='<autoFilter ref="A1:A9"><filterColumn colId="0"/></autoFilter>'),
        "Buttons": sheet_xml(cell, after='<autoFilter ref="A1:A9"/>' + view),
    }
    assert opened(package(sheets)).remarks == (Remark(RemarkKind.FILTERED, sheet="Narrowed", detail="A1:A9"),)


def test_hidden_sheets_are_named_and_not_read():
    cell = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>')
    broken = "<worksheet><sheetData>"
    data = package({"One": cell, "Two": broken, "Three": broken}, states={"Two": "hidden", "Three": "veryHidden"})
    workbook = opened(data)
    assert [grid.sheet for grid in workbook.grids] == ["One"]
    assert workbook.hidden_sheets == ("Two", "Three")
    assert [remark.sheet for remark in workbook.remarks if remark.kind is RemarkKind.HIDDEN_SHEET] == ["Two", "Three"]


def test_sheets_are_found_through_relations_not_by_their_parts_names():
    sheets = {
        name: sheet_xml(f'<row r="1"><c r="A1" t="str"><v>{name}</v></c></row>') for name in ("One", "Two", "Three")
    }
    grids = opened(package(sheets)).grids
    assert [(grid.sheet, grid.text(0, 0)) for grid in grids] == [(name, name) for name in sheets]


def test_macros_are_remarked_and_tell_the_format():
    data = package({"One": sheet_xml("")}, extra_parts={"xl/vbaProject.bin": "x"})
    workbook = opened(data)
    assert workbook.format is FileFormat.XLSM
    assert workbook.remarks == (Remark(RemarkKind.MACROS),)


def test_formulas_over_other_workbooks_are_remarked():
    rows = (
        '<row r="4"><c r="B4"><f>Table1[2018]!A1+1</f><v>1</v></c>'
        '<c r="C4"><f t="shared" ref="C4:C5" si="1">[1]Sheet1!A1</f><v>1</v></c></row>'
        '<row r="5"><c r="C5"><f t="shared" si="1"/><v>1</v></c><c r="D5"><f>\'[2]Old year\'!$B$2</f><v>1</v></c></row>'
    )
    link = f'<Relationship Id="x" Type="{LINKS}/externalLink" Target="externalLinks/externalLink1.xml"/>'
    workbook = opened(package({"Data": sheet_xml(rows)}, extra_relations=link))
    assert workbook.remarks == (Remark(RemarkKind.EXTERNAL_LINK, sheet="Data", row=4, column=3, detail="3"),)
    assert opened(package({"Data": sheet_xml(rows)})).remarks == ()


# --------------------------------------------------------------------------- odd but legal


def test_strict_workbooks_read_like_transitional_ones():
    rows = '<row r="1"><c r="A1" t="str"><v>x</v></c><c r="B1" s="1"><v>43221</v></c></row>'
    data = package({"Data": sheet_xml(rows, space=STRICT)}, links=STRICT_LINKS, space=STRICT)
    assert cells(opened(data).grids[0]) == {"A1": ("x", Kind.TEXT), "B1": ("2018-05-01", Kind.DATE)}


def test_prefixed_elements_read_like_plain_ones():
    rows = '<x:row r="1"><x:c r="A1" t="str"><x:v>a</x:v></x:c><x:c r="B1"><x:f>1</x:f><x:v>1</x:v></x:c></x:row>'
    content = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    assert cells(opened(package({"Data": content})).grids[0]) == {"A1": ("a", Kind.TEXT), "B1": ("1", Kind.NUMBER)}
    assert bulk_sheet("Data", content.encode(), book(), CellBudget(Limits())) is not None


def test_rows_and_cells_without_addresses_follow_one_another():
    rows = (
        '<row><c><v>1</v></c><c><v>2</v></c></row><row r="4"><c r="C4"><v>3</v></c><c><v>4</v></c></row>'
        "<row><c><v>5</v></c></row>"
    )
    assert {place: text for place, (text, _) in cells(grid_of(rows)).items()} == {
        "A1": "1",
        "B1": "2",
        "C4": "3",
        "D4": "4",
        "A5": "5",
    }


def test_rows_and_cells_out_of_order_are_put_in_order():
    rows = '<row r="3"><c r="B3"><v>1</v></c><c r="A3"><v>2</v></c></row><row r="1"><c r="A1"><v>3</v></c></row>'
    grid = grid_of(rows)
    assert grid.rows.tolist() == [1, 3]
    assert {place: text for place, (text, _) in cells(grid).items()} == {"A1": "3", "A3": "2", "B3": "1"}


def test_a_cell_stated_twice_with_two_values_is_refused():
    with pytest.raises(InputRefused, match="cell B3 twice"):
        grid_of('<row r="3"><c r="B3"><v>1</v></c><c r="B3"><v>2</v></c></row>')


def test_a_cell_stated_twice_alike_is_one_cell():
    assert cells(grid_of('<row r="3"><c r="B3"><v>1</v></c><c r="B3"><v>1</v></c></row>')) == {"B3": ("1", Kind.NUMBER)}


def test_a_stray_cell_in_the_last_corner_costs_nothing():
    grid = grid_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')
    assert grid.shape == (2, 2)
    assert cells(grid) == {"A1": ("1", Kind.NUMBER), "XFD1048576": ("2", Kind.NUMBER)}


@pytest.mark.parametrize("place", ["A1048577", "XFE1", "A0", "1A", "", "A", "AAAA1", "A-1"])
def test_an_address_beyond_the_sheet_is_refused(place):
    with pytest.raises(InputRefused):
        grid_of(f'<row r="1"><c r="{place}"><v>1</v></c></row>')


def test_the_stated_dimension_is_not_believed():
    grid = grid_of('<row r="1"><c r="A1"><v>1</v></c><c r="D1"><v>2</v></c></row>', before='<dimension ref="A1"/>')
    assert list(cells(grid)) == ["A1", "D1"]


def test_styled_cells_without_content_are_not_stored():
    grid = grid_of(
        '<row r="1"><c r="A1" s="1"/><c r="B1"><v>1</v></c><c r="C1" s="1"></c></row><row r="2"><c r="A2" s="1"/></row>'
    )
    assert grid.shape == (1, 1)


def test_a_sheet_without_cells_is_an_empty_grid():
    for content in (
        sheet_xml(""),
        f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
        f'<worksheet xmlns="{MAIN}"/>',
    ):
        assert opened(package({"Data": content})).grids[0].shape == (0, 0)


def test_cells_in_extensions_are_not_cells():
    rows = '<row r="1"><c r="A1"><v>1</v><extLst><ext><v>9</v></ext></extLst></c></row>'
    after = '<extLst><ext><row r="2"><c r="A2"><v>1</v></c></row></ext></extLst>'
    assert cells(grid_of(rows, after=after)) == {"A1": ("1", Kind.NUMBER)}


def test_utf_16_parts_are_read():
    content = sheet_xml('<row r="1"><c r="A1" t="str"><v>Zoë</v></c></row>').replace("UTF-8", "UTF-16")
    data = package({"Data": "placeholder"})
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, content.encode("utf-16") if "worksheets" in name else old.read(name))
    assert cells(opened(out.getvalue()).grids[0]) == {"A1": ("Zoë", Kind.TEXT)}


# --------------------------------------------------------------------------- broken and hostile


@pytest.mark.parametrize(
    "content",
    [
        "<worksheet><sheetData><row>",
        sheet_xml('<row r="1"><c r="A1"><v>1</c></v></row>'),
        sheet_xml('<row r="1"><c r="A1"><v>1</v></row>'),
        sheet_xml('<row r="1"><c r="A1" t="str"><v>&nbsp;</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="str"><v>&#0;</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="str"><v>a & b</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="str"><v>\x01</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" s="1" s="2"><v>1</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1"><v>1</v></c></rox>'),
        sheet_xml('<row r="1"><c r="A1" t="inlineStr"><is><t>1</t></ix></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>') + "<more/>",
        sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>', after="<mergeCells><mergeCell/></mergeCells>"),
    ],
)
def test_a_broken_sheet_is_refused(content):
    with pytest.raises(InputRefused):
        opened(package({"Data": content}))


def test_invalid_utf_8_is_refused():
    content = sheet_xml('<row r="1"><c r="A1" t="str"><v>XX</v></c></row>').encode().replace(b"XX", b"\xff\xfe")
    assert bulk_sheet("Data", content, book(), CellBudget(Limits())) is None
    with pytest.raises(InputRefused):
        stream_sheet("Data", content, book(), CellBudget(Limits()))


def test_a_document_type_is_refused_in_any_part():
    declared = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    for content in (
        package({"Data": declared + "<worksheet><sheetData/></worksheet>"}),
        package({"Data": sheet_xml("")}, strings=declared + "<sst><si><t>&a;</t></si></sst>"),
    ):
        with pytest.raises(InputRefused, match="document type"):
            opened(content)


def test_what_is_no_zip_is_refused():
    for data in (b"", b"PK\x03\x04 but no more", b"\xd0\xcf\x11\xe0" * 100):
        with pytest.raises(InputRefused):
            opened(data)


def test_a_workbook_without_its_parts_is_refused():
    whole = package({"Data": sheet_xml("")})
    for missing in ("_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/data0.xml"):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                if name != missing:
                    new.writestr(name, old.read(name))
        with pytest.raises(InputRefused):
            opened(out.getvalue())


def test_a_part_beyond_the_limit_is_refused():
    data = package({"Data": sheet_xml('<row r="1"><c r="A1" t="str"><v>' + "x" * 300_000 + "</v></c></row>")})
    with pytest.raises(InputRefused, match="unpacks to more"):
        opened(data, replace(Limits(), part_bytes=1 << 18))


@pytest.mark.parametrize("odd", ["", "<!-- odd -->"])
def test_more_cells_than_the_limit_are_refused_by_both_readers(odd):
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 102))
    data = package({"Data": sheet_xml(rows + odd)})
    with pytest.raises(InputRefused, match="more than 100 cells"):
        opened(data, replace(Limits(), cells=100))


def test_cells_scattered_on_a_diagonal_are_counted_as_the_grid_they_span():
    rows = "".join(f'<row r="{n}"><c r="{chr(64 + n)}{n}"><v>1</v></c></row>' for n in range(1, 27))
    with pytest.raises(InputRefused, match="more than 600 cells"):
        opened(package({"Data": sheet_xml(rows)}), replace(Limits(), cells=600))


def test_one_long_string_in_many_cells_is_refused_before_it_is_spread_out():
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 101))
    data = package({"Data": sheet_xml(rows)}, strings=strings_xml("<si><t>" + "x" * 30_000 + "</t></si>"))
    with pytest.raises(InputRefused, match="repeat long text"):
        opened(data, replace(Limits(), part_bytes=1 << 20))


def test_too_many_sheets_are_refused():
    data = package({f"S{n}": sheet_xml("") for n in range(5)})
    with pytest.raises(InputRefused, match="more than 4 sheets"):
        opened(data, replace(Limits(), sheets=4))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_anywhere_is_a_refusal_or_a_reading_but_no_other_error(data):
    whole = package({"Data": sheet_xml('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')}, strings=strings_xml("<si/>"))
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + data.draw(st.binary(max_size=4)) + whole[place + data.draw(st.integers(0, 4)) :]
    with contextlib.suppress(InputRefused):
        assert opened(damaged).format is FileFormat.XLSX


# --------------------------------------------------------------------------- the two readers agree


ODD_CELLS = [
    '<c r="{a}"><v>12.50</v></c>',
    '<c r="{a}"><v>0.30000000000000004</v></c>',
    '<c r="{a}"><v>1E5</v></c>',
    '<c r="{a}"><v>-0</v></c>',
    '<c r="{a}"><v>99999999999999999</v></c>',
    '<c r="{a}"><v>NaN</v></c>',
    '<c r="{a}"><v> 7</v></c>',
    '<c r="{a}" s="1"><v>43221</v></c>',
    '<c r="{a}" s="1"><v>43221.5</v></c>',
    '<c r="{a}" s="2"><v>0.25</v></c>',
    '<c r="{a}" s="3"><v>2.25</v></c>',
    '<c r="{a}" s="3"><v>1</v></c>',
    '<c r="{a}" s="1"><v>1</v></c>',
    '<c r="{a}" s="77"><v>5</v></c>',
    '<c r="{a}" s="1" t="s"><v>0</v></c>',
    '<c r="{a}" t="s"><v>1</v></c>',
    '<c r="{a}" t="s"><v>2</v></c>',
    '<c r="{a}" t="s"><f>A1</f><v>2</v></c>',
    '<c r="{a}" t="b"><v>1</v></c>',
    '<c r="{a}" t="b"><v>0</v></c>',
    '<c r="{a}" t="e"><v>#N/A</v></c>',
    '<c r="{a}" t="e"><f>NA()</f><v>#N/A</v></c>',
    '<c r="{a}" t="d"><v>2018-05-01T09:30:00</v></c>',
    '<c r="{a}" t="str"><f>T(1)</f><v></v></c>',
    '<c r="{a}" t="str"><f>T(1)</f></c>',
    '<c r="{a}" t="str"><f>A1&amp;"x"</f><v xml:space="preserve"> a &lt; b_x000D_ &#163;</v></c>',
    '<c r="{a}"><f>SUM(B1:B2)</f></c>',
    '<c r="{a}"><f>SUM(B1:B2)</f><v/></c>',
    '<c r="{a}"><f t="shared" ref="A1:A2" si="0">B1</f><v>3</v></c>',
    '<c r="{a}"><f t="shared" si="0"/><v>3</v></c>',
    '<c r="{a}"><f>[1]Sheet1!A1</f><v>3</v></c>',
    '<c r="{a}" t="inlineStr"><is><t>in line</t></is></c>',
    '<c r="{a}" t="inlineStr"><is><t xml:space="preserve"> Zoë &gt;\n</t></is></c>',
    '<c r="{a}" t="inlineStr"><is><t/></is></c>',
    '<c r="{a}" t="inlineStr"><is></is></c>',
    '<c r="{a}" s="1"/>',
    '<c r="{a}" s="1"></c>',
    '<c r="{a}"><v></v></c>',
]
STREAMED_ONLY = [
    '<c r="{a}" t="inlineStr"><is><r><t>ri</t></r><r><t>ch</t></r></is></c>',
    '<c r="{a}" t="str"><v><![CDATA[x]]></v></c>',
    '<c r="{a}" t="odd"><v>1</v></c>',
    '<c r="{a}"><!-- c --><v>1</v></c>',
    "<c s='1' r='{a}'><v>1</v></c>",
    '<c s="1" r="{a}"><v>1</v></c>',
    '<c r="{a}">\n<v>1</v></c>',
    '<c r="{a}"><v>1</v><extLst/></c>',
    '<c r="{a}" t="n"><is><t>x</t></is></c>',
    '<c r="{a}" t="inlineStr"><v>x</v></c>',
]
ROW_WORDS = ["", ' spans="1:3"', ' hidden="1"', ' ht="0"', ' x14ac:dyDescent="0.25"', ' s="1" customFormat="1"']


def sheet_of(drawn: list[tuple[int, str, list[tuple[int, str]]]]) -> bytes:
    """Row steps, row words and (column step, cell) -> a sheet whose addresses ascend."""
    number, rows = 0, []
    for step, words, row in drawn:
        number += step
        column, written = 0, []
        for skip, cell in row:
            column += skip
            written.append(cell.format(a=f"{column_letters(column)}{number}"))
        rows.append(f'<row r="{number}"{words}>{"".join(written)}</row>' if row else f'<row r="{number}"{words}/>')
    columns = '<cols><col min="2" max="3" width="0"/></cols>'
    after = '<mergeCells><mergeCell ref="A1:B2"/></mergeCells>'
    return sheet_xml("".join(rows), before=columns, after=after).encode()


def drawn_sheets(pool: list[str]) -> st.SearchStrategy[bytes]:
    cell = st.tuples(st.integers(1, 3), st.sampled_from(pool))
    row = st.tuples(st.sampled_from([1, 1, 2, 9, 95]), st.sampled_from(ROW_WORDS), st.lists(cell, max_size=8))
    return st.lists(row, min_size=1, max_size=12).map(sheet_of)


@given(drawn_sheets(ODD_CELLS), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_bulk_and_streaming_readers_agree_on_plain_sheets(content, linked, epoch_1904):
    shared = book(strings=("one", "", "a & b"), linked=linked, epoch_1904=epoch_1904)
    bulk = bulk_sheet("S", content, shared, CellBudget(Limits()))
    streamed = stream_sheet("S", content, shared, CellBudget(Limits()))
    assert bulk is not None or (linked and b"[1]" in content)
    if bulk is not None:
        assert_same(bulk[0], streamed[0])
        assert bulk[1] == streamed[1]


@given(drawn_sheets(ODD_CELLS + STREAMED_ONLY), st.integers(0, 5000), st.binary(max_size=3))
@settings(max_examples=120, deadline=None)
def test_whatever_is_done_to_a_sheet_the_bulk_reader_agrees_or_gives_up(content, place, patch):
    place %= len(content)
    content = content[:place] + patch + content[place + len(patch) :]
    shared = book(strings=("one", "", "a & b"))
    try:
        bulk = bulk_sheet("S", content, shared, CellBudget(Limits()))
    except InputRefused:
        with pytest.raises(InputRefused):
            stream_sheet("S", content, shared, CellBudget(Limits()))
        return
    if bulk is not None:
        streamed = stream_sheet("S", content, shared, CellBudget(Limits()))
        assert_same(bulk[0], streamed[0])
        assert bulk[1] == streamed[1]


@pytest.mark.parametrize("cell", STREAMED_ONLY)
def test_the_bulk_reader_gives_up_on_what_it_does_not_know(cell):
    content = sheet_xml(f'<row r="1">{cell.format(a="A1")}</row>').encode()
    assert bulk_sheet("S", content, book(), CellBudget(Limits())) is None


SERIALS = st.one_of(
    st.floats(-5, 3_000_000).map(repr),
    st.integers(-2, 2_958_470).map(str),
    st.integers(0, 2_958_470 * 86_400).map(lambda second: repr(second / 86_400)),
    st.sampled_from(
        ["60", "60.999999", "61", "59.9999999", "2958465.999999", "1e5", "x", "007.50", "-0", "NaN", "&lt;"]
    ),
)


@given(st.lists(SERIALS, max_size=40), st.sampled_from(list(DateClass)[1:]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_dates_in_bulk_are_the_dates_one_by_one(stored, shows, epoch_1904):
    forms, kinds = dates_in_bulk(string_array(stored), shows, epoch_1904=epoch_1904)
    one_by_one = [number_cell(text.replace("&lt;", "<"), shows, epoch_1904=epoch_1904) for text in stored]
    assert list(zip(forms.to_pylist(), kinds.tolist(), strict=True)) == one_by_one


def test_many_different_dates_read_alike_in_bulk_and_streamed():
    rows = "".join(f'<row r="{n}"><c r="A{n}" s="1"><v>{43221 + n / 86_400}</v></c></row>' for n in range(1, 400))
    content = sheet_xml(rows).encode()
    bulk = bulk_sheet("S", content, book(), CellBudget(Limits()))
    assert_same(bulk[0], stream_sheet("S", content, book(), CellBudget(Limits()))[0])
    assert bulk[0].text(29, 0) == "2018-05-01T00:00:30"


STRING_ITEMS = [
    "<si><t>one</t></si>",
    '<si><t xml:space="preserve"> two </t></si>',
    "<si><t>a &amp; b_x000D_</t></si>",
    "<si><r><t>ri</t></r><r><t>ch</t></r></si>",
    "<si><t>x</t><rPh><t>y</t></rPh></si>",
    "<si/>",
    "<si><t/></si>",
    "<si><t></t></si>",
    "<si><t>Zoë &#x1F600;\r\n</t></si>",
    "\n<si>\n<t>pretty</t>\n</si>\n",
    "<si><!-- c --><t>z</t></si>",
]


@given(st.lists(st.sampled_from(STRING_ITEMS), max_size=12), st.integers(0, 900), st.binary(max_size=2))
@settings(max_examples=100, deadline=None)
def test_both_readers_of_shared_strings_agree(items, place, patch):
    content = strings_xml(*items).encode()
    place %= len(content)
    content = content[:place] + patch + content[place + len(patch) :]
    try:
        bulk = bulk_strings(content)
    except InputRefused:
        bulk = None
    if bulk is not None:
        assert bulk == stream_strings(content)


# --------------------------------------------------------------------------- what other programs write


def test_a_workbook_of_xlsxwriter_is_read_cell_by_cell():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as written:
        sheet = written.add_worksheet("Täbelle")
        sheet.write_row(0, 0, ["Name", "Amount"])
        sheet.write(1, 0, "Zoë\nO'Brien <&>")
        sheet.write(1, 1, 1234.56)
        sheet.write_formula(2, 1, "=SUM(B2:B2)", value=1234.56)
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
        sheet.merge_range(4, 0, 4, 1, "note")
    grid = opened(out.getvalue()).grids[0]
    assert cells(grid) == {
        "A1": ("Name", Kind.TEXT),
        "B1": ("Amount", Kind.TEXT),
        "A2": ("Zoë\nO'Brien <&>", Kind.TEXT),
        "B2": ("1234.56", Kind.NUMBER),
        "B3": ("1234.56", Kind.NUMBER),
        "A5": ("note", Kind.TEXT),
    }
    assert (grid.hidden_rows, grid.hidden_columns, grid.merges) == ((2,), (2,), (Area(5, 1, 5, 2),))


def test_a_formula_written_by_openpyxl_has_no_value():
    written = openpyxl.Workbook()
    written.active.append(["=1+1"])
    out = io.BytesIO()
    written.save(out)
    grid = opened(out.getvalue()).grids[0]
    assert flag(grid, "A1") == Flag.FORMULA | Flag.UNCACHED
