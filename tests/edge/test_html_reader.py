"""Web pages named .xls: what a browser shows, cell by cell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sscbtool.core.model import Flag, Kind, Limits, RemarkKind, Workbook
from sscbtool.edge.readers.html import read_html
from sscbtool.errors import InputRefused

LIMITS = Limits()


def read(page: str | bytes, limits: Limits = LIMITS) -> Workbook:
    return read_html(page.encode() if isinstance(page, str) else page, limits)


def cells(workbook: Workbook, number: int = 0) -> dict[str, str]:
    grid = workbook.grids[number]
    return {
        grid.address(i, j): grid.text(i, j)
        for i in range(len(grid.rows))
        for j in range(len(grid.columns))
        if grid.kind(i, j) is not Kind.BLANK
    }


def test_rows_and_columns_count_the_tables_own_cells_blank_ones_too():
    page = "<h1>Title</h1><table><tr><td></td></tr><tr><th>Org<th>&nbsp;<th>Amount</tr><tr><td>LFB<td><td>500</table>"
    assert cells(read(page)) == {"A2": "Org", "C2": "Amount", "A3": "LFB", "C3": "500"}
    assert read(page).grids[0].sheet is None


def test_cells_are_text_as_a_browser_shows_it():
    page = (
        "<table><tr><td>  two\n   words <td>Jo<b>in</b>ed<td>&pound;1,234.50&nbsp;<td>a<br>b<td>A &amp; B"
        "<td><p>one</p><p>two</p><td>00123<td><!-- no -->x<script>alert(1)</script><td>é</table>"
    )
    found = list(cells(read(page)).values())
    assert found == ["two words", "Joined", "£1,234.50", "a\nb", "A & B", "one\ntwo", "00123", "x", "é"]


def test_what_is_hidden_inside_a_cell_is_not_its_value():
    page = "<table><tr><td>When<tr><td><span style='DISPLAY : none'>20180501</span>01/05/2018<i hidden>x</i></table>"
    assert cells(read(page))["A2"] == "01/05/2018"


def test_spans_are_merges_and_move_what_stands_beside_and_below():
    page = (
        "<table><tr><th rowspan=2>Org<th colspan=2>Amount<th>Note</tr><tr><th>Q1<th>Q2<th>n</tr>"
        "<tr><td>LFB<td>1<td>2<td rowspan=9>last</table>"
    )
    workbook = read(page)
    heads = {"A1": "Org", "B1": "Amount", "D1": "Note", "B2": "Q1", "C2": "Q2", "D2": "n"}
    assert cells(workbook) == heads | {"A3": "LFB", "B3": "1", "C3": "2", "D3": "last"}
    assert [str(area) for area in workbook.grids[0].merges] == ["A1:A2", "B1:C1"]


@pytest.mark.parametrize("span", ["0", "-3", "x", "", "1.5", "\u0663"])
def test_a_span_that_is_no_number_is_one(span):
    assert cells(read(f"<table><tr><td colspan='{span}'>a<td>b</table>")) == {"A1": "a", "B1": "b"}


def test_an_endless_span_ends_where_browsers_end_it():
    workbook = read("<table><tr><td colspan=1000000000 rowspan=99999999999>a<td>b<tr><td>c</table>")
    assert cells(workbook) == {"A1": "a", "ALM1": "b", "ALM2": "c"}


def test_spans_that_cover_more_than_a_sheet_are_refused():
    with pytest.raises(InputRefused, match="span more columns"):
        read("<table><tr>" + "<td colspan=1000>a" * 20 + "</table>")
    with pytest.raises(InputRefused, match="span more columns"):
        read("<table>" + "<tr><td colspan=1000>a" * 30 + "</table>", Limits(cells=20_000))


def test_hidden_rows_columns_and_tables_are_told():
    page = (
        "<table><col><col style='display:none' span=2><tr><td>a<td>b<td>c<td>d</tr>"
        "<tr style='mso-x:y;display:none'><td>e</tr><tbody hidden><tr><td>f</tr></tbody></table>"
        "<div style='display:none'><table><tr><td>secret</table></div>"
    )
    workbook = read(page)
    (grid,) = workbook.grids
    assert grid.hidden_rows == (2, 3)
    assert grid.hidden_columns == (2, 3)
    assert workbook.hidden_sheets == ("Table 2",)
    assert [r.sheet for r in workbook.remarks if r.kind is RemarkKind.HIDDEN_SHEET] == ["Table 2"]


def test_each_table_is_a_grid_and_one_inside_a_cell_is_no_text_of_that_cell():
    page = "<table><tr><td>layout<table><tr><td>Org<td>1</table></tr></table>"
    page += "<table><tr><td> </table><table><tr><td>z</table>"
    workbook = read(page)
    assert [grid.sheet for grid in workbook.grids] == ["Table 1", "Table 2", "Table 4"]
    assert cells(workbook, 0) == {"A1": "layout"}
    assert cells(workbook, 1) == {"A1": "Org", "B1": "1"}


def test_missing_tags_of_rows_and_cells_are_forgiven():
    assert cells(read("<TABLE><TD>a<TD>b<TR><FORM><TD>c</TABLE>")) == {"A1": "a", "B1": "b", "A2": "c"}


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("<html><body><form>Please sign in</form></body></html>", "a web page without a table"),
        ("<table></table>", "a web page without a table"),
        ("<table><tr><td> &nbsp; </td></tr></table>", "a web page without a table"),
        ("<table><tr><td>Org<td>Amount<tr><td>LFB<td>50", "cut off"),
        ("<table><tr><td>a</table>" + "<div>" * 5000 + "<table><tr><td>lost</table>", "too deeply nested"),
        ("<table><tr><td>" + "x" * 200_000 + "</table>", "longer than 131,072 characters"),
        ("<table><tr><td>a</table>" * 300, "more than 256 tables"),
    ],
)
def test_what_cannot_be_read_whole_is_refused_in_one_line(page, says):
    with pytest.raises(InputRefused) as refused:
        read(page)
    assert says in refused.value.message
    assert refused.value.hint


POUNDS = "<table><tr><td>Brontë<td>£5</table>"


@pytest.mark.parametrize(
    ("page", "encoding", "assumed"),
    [
        (POUNDS.encode(), "utf-8", False),
        (POUNDS.encode("utf-8-sig"), "utf-8-sig", False),
        (POUNDS.encode("utf-16"), "utf-16", False),
        (POUNDS.encode("utf-16-le"), "utf-16", True),
        (POUNDS.encode("cp1252"), "cp1252", True),
        (b"<meta charset=windows-1252>" + POUNDS.encode("cp1252"), "cp1252", False),
        (
            b"<meta http-equiv=Content-Type content='text/html; charset=utf-8'>" + POUNDS.encode("cp1252"),
            "cp1252",
            True,
        ),
        (b"<meta charset=rot13>" + POUNDS.encode(), "utf-8", False),
        (b"<meta charset=hex>" + POUNDS.encode(), "utf-8", False),
        (b"<meta charset=unicode_escape>" + POUNDS.encode(), "utf-8", False),
    ],
)
def test_the_encoding_is_the_mark_then_what_is_stated_then_utf8_then_cp1252(page, encoding, assumed):
    workbook = read(page)
    assert list(cells(workbook).values()) == ["Brontë", "£5"]
    assert workbook.encoding == encoding
    assert any(r.kind is RemarkKind.ASSUMED_ENCODING for r in workbook.remarks) is assumed


def test_what_is_no_text_or_was_decoded_twice_is_told_at_its_cell():
    workbook = read(b"<table><tr><td>a<td>Caf\xe9 \x81<tr><td>\xc2\xa3</table>")
    places = [(r.kind, r.row, r.column) for r in workbook.remarks if r.kind is not RemarkKind.ASSUMED_ENCODING]
    assert places == [(RemarkKind.UNDECODABLE, 1, 2), (RemarkKind.MOJIBAKE, 2, 1)]
    assert Flag(int(workbook.grids[0].flags[0, 1])) is Flag.UNDECODABLE


PIECES = st.sampled_from(
    [
        *("<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<td colspan=3 rowspan=2>", "<th rowspan=0>", "<p>"),
        *(
            "&nbsp;",
            "&#0;",
            "&#xD800;",
            "<!--",
            "-->",
            "\0",
            "<tbody hidden>",
            "<col span=9>",
            "<![CDATA[",
            "<?x",
            "é a",
        ),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=200, deadline=None)
def test_any_page_is_read_or_refused(page):
    try:
        workbook = read(page)
    except InputRefused:
        return
    assert all(len(grid.rows) for grid in workbook.grids)


@pytest.mark.parametrize(
    ("shown", "stored", "read_as"),
    [
        ("500", "500.25", "500.25"),
        ("&pound;1,500", "1500.25", "£1500.25"),
        ("-3", "-2.5", "-2.5"),
        ("500.25", "500.25", "500.25"),
        ("500", "", "500"),
        ("12%", "0.12", "12%"),
        ("01/05/2018", "43221.5", "01/05/2018"),
        ("&euro;500", "500.25", "€500"),
        ("600", "500.25", "600"),
        ("00123", "123.4", "00123"),
    ],
)
def test_decimals_that_excel_kept_beside_a_rounded_number_are_read(shown, stored, read_as):
    assert cells(read(f"<table><tr><td>Amount<tr><td x:num='{stored}'>{shown}</table>"))["A2"] == read_as
