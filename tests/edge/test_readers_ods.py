"""What the ods reader keeps, on content written by hand and by odfpy."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from sscbtool.core.model import Area, FileFormat, Flag, Grid, Kind, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers import read
from sscbtool.errors import InputRefused

SPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)
MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
NUMBER = '<table:table-cell office:value-type="float" office:value="{}"><text:p>shown</text:p></table:table-cell>'


def text_cell(text: str) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'


def row(*cells: str, words: str = "") -> str:
    return f"<table:table-row{words}>{''.join(cells)}</table:table-row>"


def package(body: str, *, styles: str = "", extra: dict[str, str] | None = None) -> bytes:
    content = (
        f"<office:document-content {SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        for name, part in (extra or {}).items():
            archive.writestr(name, part)
    return out.getvalue()


def opened(body: str, limits: Limits | None = None, **around: str) -> Workbook:
    return read(package(body, **around), FileFormat.ODS, limits or Limits())


def grid_of(rows: str, *, columns: str = "") -> Grid:
    return opened(f'<table:table table:name="Data">{columns}{rows}</table:table>').grids[0]


def cells(grid: Grid) -> dict[str, tuple[str, Kind]]:
    rows, columns = grid.shape
    return {
        grid.address(i, j): (grid.text(i, j), grid.kind(i, j))
        for i in range(rows)
        for j in range(columns)
        if grid.kind(i, j) is not Kind.BLANK
    }


@pytest.mark.parametrize(
    ("words", "shown", "expected"),
    [
        ('office:value-type="float" office:value="1234.50"', "1,234.50", ("1234.5", Kind.NUMBER)),
        ('office:value-type="percentage" office:value="0.25"', "25%", ("0.25", Kind.NUMBER)),
        ('office:value-type="currency" office:currency="GBP" office:value="5"', "£5", ("5", Kind.NUMBER)),
        ('office:value-type="date" office:date-value="2018-05-01"', "01/05/18", ("2018-05-01", Kind.DATE)),
        (
            'office:value-type="date" office:date-value="2018-05-01T09:30:00"',
            "x",
            ("2018-05-01T09:30:00", Kind.DATE),
        ),
        ('office:value-type="time" office:time-value="PT09H30M00S"', "9:30", ("09:30:00", Kind.DATE)),
        ('office:value-type="time" office:time-value="PT36H00M00.6S"', "x", ("36:00:01", Kind.DATE)),
        ('office:value-type="boolean" office:boolean-value="true"', "WAHR", ("TRUE", Kind.BOOL)),
        ('office:value-type="string"', "as shown", ("as shown", Kind.TEXT)),
        ('office:value-type="string" office:string-value="as stored"', "as shown", ("as stored", Kind.TEXT)),
        ('office:value-type="float" office:value="x"', "seven", ("seven", Kind.TEXT)),
        ('table:formula="of:=1/0" office:value-type="float" office:value="0"', "#DIV/0!", ("#DIV/0!", Kind.ERROR)),
        ('table:formula="of:=x" office:value-type="string" office:string-value=""', "Err:502", ("Err:502", Kind.ERROR)),
        (
            'table:formula="of:=[.#REF!]" office:value-type="string" office:string-value="" calcext:value-type="error"',
            "#REF!",
            ("#REF!", Kind.ERROR),
        ),
        ('office:value-type="string"', "#REF!", ("#REF!", Kind.TEXT)),
    ],
)
def test_a_value_is_read_by_its_type(words, shown, expected):
    grid = grid_of(row(f"<table:table-cell {words}><text:p>{shown}</text:p></table:table-cell>"))
    assert cells(grid) == {"A1": expected}


def test_formats_say_what_the_value_type_does():
    grid = grid_of(
        row(
            '<table:table-cell office:value-type="percentage" office:value="0.5"/>',
            '<table:table-cell office:value-type="currency" office:currency="EUR" office:value="5"/>',
            '<table:table-cell office:value-type="float" office:value="5"/>',
        )
    )
    assert [grid.format_code(0, j) for j in range(3)] == ["0.00%", "[$EUR]#,##0.00", "General"]


def test_paragraphs_are_lines_and_white_space_is_what_elements_say():
    text = 'one<text:s text:c="3"/>two<text:tab/>\n   three<text:line-break/>four'
    text += "</text:p><text:p>five <text:span>six</text:span>"
    assert grid_of(row(text_cell(text))).text(0, 0) == "one   two\t three\nfour\nfive six"


def test_comments_pictures_and_tables_inside_cells_are_not_the_cells_text():
    inside = (
        '<table:table-cell office:value-type="string"><office:annotation><text:p>a comment</text:p></office:annotation>'
        "<draw:frame><draw:text-box><text:p>a picture</text:p></draw:text-box></draw:frame><text:p>text</text:p>"
        f"<table:table>{row(text_cell('inner'))}</table:table></table:table-cell>"
    )
    assert cells(grid_of(row(inside, text_cell("next")))) == {"A1": ("text", Kind.TEXT), "B1": ("next", Kind.TEXT)}


def test_tracked_changes_are_not_rows():
    body = (
        '<table:tracked-changes><table:table-row><table:table-cell office:value-type="float" office:value="9"/>'
        '</table:table-row></table:tracked-changes><table:table table:name="Data">' + row(NUMBER.format(1))
    )
    assert [cells(grid) for grid in opened(body + "</table:table>").grids] == [{"A1": ("1", Kind.NUMBER)}]


def test_repeated_blank_rows_and_cells_cost_nothing():
    blank = '<table:table-cell table:number-columns-repeated="16383"/>'
    grid = grid_of(
        row(blank, NUMBER.format(1))
        + row(
            '<table:table-cell table:number-columns-repeated="16384"/>', words=' table:number-rows-repeated="1048574"'
        )
        + row(NUMBER.format(2))
    )
    assert cells(grid) == {"XFD1": ("1", Kind.NUMBER), "A1048576": ("2", Kind.NUMBER)}
    assert grid.shape == (2, 2)


def test_repeated_rows_and_cells_with_content_are_all_there():
    cell = '<table:table-cell office:value-type="float" office:value="7" table:number-columns-repeated="2"/>'
    grid = grid_of(row(cell, words=' table:number-rows-repeated="3"') + row(NUMBER.format(8)))
    assert list(cells(grid)) == ["A1", "B1", "A2", "B2", "A3", "B3", "A4"]


def test_content_repeated_beyond_the_limit_is_refused_at_once():
    cell = '<table:table-cell office:value-type="float" office:value="7" table:number-columns-repeated="16384"/>'
    with pytest.raises(InputRefused, match="more than"):
        grid_of(row(cell, words=' table:number-rows-repeated="9999"'))


def test_a_filled_row_that_stands_for_a_million_is_refused():
    cell = '<table:table-cell office:value-type="float" office:value="7"/>'
    with pytest.raises(InputRefused, match="times over"):
        grid_of(row(cell, words=' table:number-rows-repeated="1000000"'))


def test_content_beyond_the_last_row_is_refused():
    with pytest.raises(InputRefused, match="beyond the sheet"):
        opened(
            '<table:table table:name="Data">'
            + row("<table:table-cell/>", words=' table:number-rows-repeated="1048576"')
            + row(NUMBER.format(1))
            + "</table:table>"
        )


def test_hidden_rows_columns_and_filters_are_kept():
    rows = "".join(
        row(NUMBER.format(n), NUMBER.format(n), words=words)
        for n, words in enumerate(["", ' table:visibility="collapse"', ' table:visibility="filter"'])
    )
    group = f'<table:table-row-group table:display="false">{row(NUMBER.format(4))}</table:table-row-group>'
    columns = (
        '<table:table-column/><table:table-column table:visibility="collapse" table:number-columns-repeated="1023"/>'
    )
    workbook = opened(f'<table:table table:name="Data">{columns}{rows}{group}{row(NUMBER.format(5))}</table:table>')
    assert workbook.grids[0].hidden_rows == (2, 3, 4)
    assert workbook.grids[0].hidden_columns == (2,)
    assert workbook.remarks == (Remark(RemarkKind.FILTERED, sheet="Data"),)


def test_hidden_sheets_are_named_and_not_read():
    hiding = '<style:table-properties table:display="false"/>'
    style = f'<style:style style:name="ta2" style:family="table">{hiding}</style:style>'
    body = (
        f'<table:table table:name="Seen" table:style-name="ta1">{row(NUMBER.format(1))}</table:table>'
        f'<table:table table:name="Unseen" table:style-name="ta2">{row(NUMBER.format(2))}</table:table>'
    )
    workbook = opened(body, styles=style)
    assert [grid.sheet for grid in workbook.grids] == ["Seen"]
    assert workbook.hidden_sheets == ("Unseen",)


def test_merged_cells_are_areas():
    spanned = (
        '<table:table-cell office:value-type="string" table:number-columns-spanned="2" table:number-rows-spanned="3">'
    )
    grid = grid_of(row("<table:table-cell/>", f"{spanned}<text:p>x</text:p></table:table-cell>"))
    assert grid.merges == (Area(1, 2, 3, 3),)


def test_formulas_are_flagged_and_those_without_a_value_are_unknown():
    grid = grid_of(
        row(
            '<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="2"/>',
            '<table:table-cell table:formula="of:=1+1"/>',
        )
    )
    assert [Flag(int(flag)) for flag in grid.flags[0]] == [Flag.FORMULA, Flag.FORMULA | Flag.UNCACHED]


def test_a_formula_over_another_workbook_is_remarked():
    cell = (
        "<table:table-cell table:formula=\"of:=['file:///c:/old.ods'#$Sheet1.A1]\" "
        'office:value-type="float" office:value="2"/>'
    )
    workbook = opened(f'<table:table table:name="Data">{row(cell)}</table:table>')
    assert workbook.remarks == (Remark(RemarkKind.EXTERNAL_LINK, sheet="Data", row=1, column=1, detail="1"),)


def test_other_prefixes_for_the_same_namespaces_read_alike():
    whole = package(f'<table:table table:name="Data">{row(NUMBER.format(1))}</table:table>')
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        content = archive.read("content.xml").decode()
    for prefix in ("table", "office", "text"):
        content = content.replace(f"{prefix}:", f"my-{prefix}:").replace(f"xmlns:{prefix}=", f"xmlns:my-{prefix}=")
        content = content.replace(f"opendocument:xmlns:my-{prefix}:", f"opendocument:xmlns:{prefix}:")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("content.xml", content)
    assert cells(read(out.getvalue(), FileFormat.ODS, Limits()).grids[0]) == {"A1": ("1", Kind.NUMBER)}


def test_a_password_protected_file_is_named_as_such():
    manifest = (
        f'<m:manifest xmlns:m="{MANIFEST}"><m:file-entry m:full-path="content.xml">'
        '<m:encryption-data m:checksum="x"/></m:file-entry></m:manifest>'
    )
    with pytest.raises(InputRefused, match="password"):
        read(package("", extra={"META-INF/manifest.xml": manifest}), FileFormat.ODS, Limits())


@pytest.mark.parametrize("count", ["x", "-1", "99999999999", "1.5"])
def test_a_count_that_is_none_is_refused(count):
    with pytest.raises(InputRefused):
        grid_of(row(NUMBER.format(1), words=f' table:number-rows-repeated="{count}"'))


def test_a_file_without_content_and_one_cut_short_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "x")
    with pytest.raises(InputRefused):
        read(out.getvalue(), FileFormat.ODS, Limits())
    with pytest.raises(InputRefused):
        read(package("<table:table>"), FileFormat.ODS, Limits())


def test_too_many_sheets_are_refused():
    with pytest.raises(InputRefused, match="more than 2 sheets"):
        opened('<table:table table:name="x"/>' * 3, replace(Limits(), sheets=2))


def test_a_file_of_odfpy_is_read():
    document = OpenDocumentSpreadsheet()
    table = Table(name="Spend")
    for values in (("Name", "Amount"), ("Police", 12.5)):
        line = TableRow()
        for value in values:
            kind = {"valuetype": "string"} if isinstance(value, str) else {"valuetype": "float", "value": str(value)}
            cell = TableCell(**kind)
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.write(out)
    grid = read(out.getvalue(), FileFormat.ODS, Limits()).grids[0]
    assert cells(grid) == {
        "A1": ("Name", Kind.TEXT),
        "B1": ("Amount", Kind.TEXT),
        "A2": ("Police", Kind.TEXT),
        "B2": ("12.5", Kind.NUMBER),
    }


def test_macros_are_remarked():
    data = package('<table:table table:name="Data"/>', extra={"Basic/script-lc.xml": "<x/>"})
    assert read(data, FileFormat.ODS, Limits()).remarks == (Remark(RemarkKind.MACROS),)


STYLES = (
    '<number:currency-style style:name="N1"><number:currency-symbol>{sign}</number:currency-symbol>'
    "<number:number/></number:currency-style>"
    '<style:style style:name="money" style:family="table-cell" style:data-style-name="N1"/>'
    '<style:style style:name="heir" style:family="table-cell" style:parent-style-name="money"/>'
)


@pytest.mark.parametrize("sign", ["€", "£", "EUR"])
@pytest.mark.parametrize("where", ["cell", "row", "column", "heir", "styles"])
def test_a_currency_is_read_from_the_style_of_a_cell_its_row_or_its_column(sign, where):
    styles = STYLES.format(sign=sign)
    own = {"cell": ' table:style-name="money"', "heir": ' table:style-name="heir"'}.get(where, "")
    number = f'<table:table-cell office:value-type="float" office:value="5"{own}/>'
    words = ' table:default-cell-style-name="money"' if where == "row" else ""
    named = {"column": "money", "styles": "heir"}.get(where)
    column = f'<table:table-column table:default-cell-style-name="{named}"/>' if named else ""
    outside = {"styles.xml": f"<office:document-styles {SPACES}>{styles}</office:document-styles>"}
    read_as = opened(
        f'<table:table table:name="Data">{column}{row(number, words=words)}</table:table>',
        styles="" if where == "styles" else styles,
        extra=outside if where == "styles" else {},
    )
    assert read_as.grids[0].format_code(0, 0) == f'"{sign}"0.00'


def test_styles_that_loop_say_nothing():
    styles = "".join(
        f'<style:style style:name="{one}" style:family="table-cell" style:parent-style-name="{other}"/>'
        for one, other in (("a", "b"), ("b", "a"))
    )
    number = '<table:table-cell office:value-type="float" office:value="5" table:style-name="a"/>'
    body = f'<table:table table:name="Data">{row(number)}</table:table>'
    assert opened(body, styles=styles).grids[0].format_code(0, 0) == "General"
