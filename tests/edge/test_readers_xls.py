"""What the xls reader keeps, on workbooks written by xlwt."""

from __future__ import annotations

import datetime as dt
import io
import struct
from dataclasses import replace

import pytest
import xlwt

from sscbtool.core.model import Area, FileFormat, Flag, Grid, Kind, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers import read
from sscbtool.errors import InputRefused


def saved(book: xlwt.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def opened(data: bytes, limits: Limits | None = None) -> Workbook:
    return read(data, FileFormat.XLS, limits or Limits())


def cells(grid: Grid) -> dict[str, tuple[str, Kind]]:
    rows, columns = grid.shape
    return {
        grid.address(i, j): (grid.text(i, j), grid.kind(i, j))
        for i in range(rows)
        for j in range(columns)
        if grid.kind(i, j) is not Kind.BLANK
    }


def test_values_are_read_by_kind():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    styles = {code: xlwt.easyxf(num_format_str=code) for code in ("dd/mm/yyyy", "dd/mm/yyyy hh:mm", "hh:mm", "[h]:mm")}
    sheet.write(1, 1, "Zoë ")
    sheet.write(1, 2, 1234.56)
    sheet.write(1, 3, dt.date(2018, 5, 1), styles["dd/mm/yyyy"])
    sheet.write(1, 4, 43221 + 9.5 / 24, styles["dd/mm/yyyy hh:mm"])
    sheet.write(1, 5, 0.25, styles["hh:mm"])
    sheet.write(1, 6, 1.5, styles["[h]:mm"])
    sheet.write(1, 7, True)
    sheet.row(1).set_cell_error(8, 0x2A)
    sheet.write(1, 9, 0.1 + 0.2)
    sheet.write(1, 10, 60, styles["dd/mm/yyyy"])
    sheet.write(1, 11, None, styles["dd/mm/yyyy"])
    grid = opened(saved(book)).grids[0]
    assert cells(grid) == {
        "B2": ("Zoë ", Kind.TEXT),
        "C2": ("1234.56", Kind.NUMBER),
        "D2": ("2018-05-01", Kind.DATE),
        "E2": ("2018-05-01T09:30:00", Kind.DATE),
        "F2": ("06:00:00", Kind.DATE),
        "G2": ("36:00:00", Kind.DATE),
        "H2": ("TRUE", Kind.BOOL),
        "I2": ("#N/A", Kind.ERROR),
        "J2": ("0.30000000000000004", Kind.NUMBER),
        "K2": ("60", Kind.NUMBER),
    }
    assert grid.format_code(0, 2) == "dd/mm/yyyy"


def test_the_1904_system_counts_from_1904():
    book = xlwt.Workbook()
    book.dates_1904 = 1
    book.add_sheet("Data").write(0, 0, 41759, xlwt.easyxf(num_format_str="dd/mm/yyyy"))
    assert cells(opened(saved(book)).grids[0]) == {"A1": ("2018-05-01", Kind.DATE)}


def test_formulas_are_flagged_beside_their_results():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    sheet.write(0, 0, 1)
    sheet.write(2, 3, xlwt.Formula("A1+1"))
    data = saved(book).replace(struct.pack("<Q", 0xFFFF000000000003), struct.pack("<d", 2.0))
    grid = opened(data).grids[0]
    assert cells(grid) == {"A1": ("1", Kind.NUMBER), "D3": ("2", Kind.NUMBER)}
    assert [Flag(int(flag)) for flag in grid.flags.ravel()] == [Flag.NONE, Flag.NONE, Flag.NONE, Flag.FORMULA]


def test_what_is_hidden_and_merged_is_kept():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    for row in range(4):
        for column in range(4):
            sheet.write(row, column, row * column)
    sheet.row(1).hidden = True
    sheet.col(2).hidden = True
    sheet.col(9).hidden = True
    sheet.write_merge(6, 7, 0, 1, "note")
    book.add_sheet("Unseen").visibility = 1
    book.add_sheet("Never seen").visibility = 2
    workbook = opened(saved(book))
    grid = workbook.grids[0]
    assert (grid.hidden_rows, grid.hidden_columns, grid.merges) == ((2,), (3,), (Area(7, 1, 8, 2),))
    assert workbook.hidden_sheets == ("Unseen", "Never seen")
    assert [remark.kind for remark in workbook.remarks] == [RemarkKind.HIDDEN_SHEET] * 2


def test_a_stray_cell_in_the_last_corner_costs_nothing():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    sheet.write(0, 0, 1)
    sheet.write(65_535, 255, 2)
    assert cells(opened(saved(book)).grids[0]) == {"A1": ("1", Kind.NUMBER), "IV65536": ("2", Kind.NUMBER)}


def test_macros_are_remarked():
    data = saved_one_cell() + "_VBA_PROJECT_CUR".encode("utf-16-le")
    assert opened(data).remarks == (Remark(RemarkKind.MACROS),)


def saved_one_cell() -> bytes:
    book = xlwt.Workbook()
    book.add_sheet("Data").write(0, 0, 1)
    return saved(book)


@pytest.mark.parametrize("part", [0, 8, 512, 600, 1500, 3000])
def test_a_file_cut_short_is_refused(part, capsys):
    with pytest.raises(InputRefused):
        opened(saved_one_cell()[:part])
    assert capsys.readouterr().out == ""


def test_damage_anywhere_is_a_refusal_or_a_reading_but_no_other_error():
    whole, refused = saved_one_cell(), 0
    for place in range(0, len(whole), 23):
        data = whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :]
        try:
            opened(data)
        except InputRefused:
            refused += 1
    assert 0 < refused < len(whole) // 23


def test_more_cells_than_the_limit_are_refused():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    for row in range(101):
        sheet.write(row, 0, row)
    with pytest.raises(InputRefused, match="more than 100 cells"):
        opened(saved(book), replace(Limits(), cells=100))


def test_too_many_sheets_are_refused():
    book = xlwt.Workbook()
    for number in range(3):
        book.add_sheet(f"S{number}")
    with pytest.raises(InputRefused, match="more than 2 sheets"):
        opened(saved(book), replace(Limits(), sheets=2))


def formulas(*written: str) -> Grid:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    sheet.write(0, 0, 5)
    for i, formula in enumerate(written, 1):
        sheet.write(i, 0, xlwt.Formula(formula))
    return opened(saved(book)).grids[0]


def test_formulas_without_a_result_in_a_sheet_that_has_none_were_never_calculated():
    grid = formulas("A1+1", "SUM(A1:A2)")
    assert grid.rows.tolist() == [1, 2, 3]
    assert [Flag(int(each)) for each in grid.flags[:, 0]] == [Flag.NONE, *[Flag.FORMULA | Flag.UNCACHED] * 2]
    assert [Kind(int(each)) for each in grid.kinds[:, 0]] == [Kind.NUMBER, Kind.BLANK, Kind.BLANK]


def test_a_formula_that_may_be_an_empty_text_is_a_blank_cell():
    assert formulas('IF(A1=5;"";1)').rows.tolist() == [1]
