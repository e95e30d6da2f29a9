"""What can be read of an xlsb workbook, on records written here by hand."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace

import pytest

from sscbtool.core.model import FileFormat, Grid, Kind, Limits, Remark, RemarkKind
from sscbtool.edge.readers import read
from sscbtool.errors import InputRefused

LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ROW, BLANK, ERROR, BOOL, REAL, STRING = 0, 1, 3, 4, 5, 6
BEGIN_SHEET, END_SHEET, DIMENSION, BEGIN_DATA, END_DATA = 129, 130, 148, 145, 146
BEGIN_BOOK, END_BOOK, BEGIN_SHEETS, END_SHEETS, SHEET = 131, 132, 143, 144, 156
FORMAT, XF, BEGIN_STYLES, END_STYLES, BEGIN_XFS, END_XFS = 44, 47, 278, 279, 617, 618


def record(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, size = len(content), b""
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 127 else 0)])
        length >>= 7
        if not length:
            return head + size + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def cell(kind: int, column: int, value: bytes = b"", style: int = 0) -> bytes:
    return record(kind, struct.pack("<II", column, style) + value)


def sheet(rows: dict[int, list[bytes]]) -> bytes:
    body = b"".join(
        record(ROW, struct.pack("<II", number, 0) + b"\0" * 9) + b"".join(cells) for number, cells in rows.items()
    )
    dimension = struct.pack("<IIII", min(rows, default=0), max(rows, default=0), 0, 9)
    return (record(BEGIN_SHEET) + record(DIMENSION, dimension) + record(BEGIN_DATA) + body + record(END_DATA)) + record(
        END_SHEET
    )


def workbook(sheets: dict[str, tuple[int, bytes]], extra: dict[str, bytes] | None = None) -> bytes:
    """Sheet name -> state and content."""
    listed = b"".join(
        record(SHEET, struct.pack("<II", state, n) + wide(f"rId{n}") + wide(name))
        for n, (name, (state, _)) in enumerate(sheets.items(), 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{LINKS}/worksheet" Target="worksheets/sheet{n}.bin"/>'
        for n in range(1, len(sheets) + 1)
    )
    formats = record(FORMAT, struct.pack("<H", 164) + wide("dd/mm/yyyy"))
    xfs = b"".join(record(XF, struct.pack("<HH", 0, number) + b"\0" * 12) for number in (0, 164))
    parts = {
        "_rels/.rels": f'<Relationships><Relationship Id="r" Type="{LINKS}/officeDocument" Target="xl/workbook.bin"/>'
        "</Relationships>",
        "xl/workbook.bin": record(BEGIN_BOOK) + record(BEGIN_SHEETS) + listed + record(END_SHEETS) + record(END_BOOK),
        "xl/_rels/workbook.bin.rels": f"<Relationships>{relations}</Relationships>",
        "xl/styles.bin": record(BEGIN_STYLES)
        + record(615, struct.pack("<I", 1))
        + formats
        + record(616)
        + record(BEGIN_XFS, struct.pack("<I", 2))
        + xfs
        + record(END_XFS)
        + record(END_STYLES),
        **{f"xl/worksheets/sheet{n}.bin": content for n, (_, content) in enumerate(sheets.values(), 1)},
        **(extra or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def cells(grid: Grid) -> dict[str, tuple[str, Kind]]:
    rows, columns = grid.shape
    return {
        grid.address(i, j): (grid.text(i, j), grid.kind(i, j))
        for i in range(rows)
        for j in range(columns)
        if grid.kind(i, j) is not Kind.BLANK
    }


MIXED = sheet(
    {
        2: [cell(STRING, 1, wide("Zoë")), cell(REAL, 2, struct.pack("<d", 1234.56)), cell(BOOL, 3, b"\1")],
        4: [cell(REAL, 1, struct.pack("<d", 43221.0), style=1), cell(ERROR, 2, b"\x17"), cell(BLANK, 3)],
    }
)


def test_values_are_read_and_what_cannot_be_told_is_said():
    book = read(workbook({"Data": (0, MIXED)}), FileFormat.XLSB, Limits())
    assert cells(book.grids[0]) == {
        "B3": ("Zoë", Kind.TEXT),
        "C3": ("1234.56", Kind.NUMBER),
        "D3": ("TRUE", Kind.BOOL),
        "B5": ("2018-05-01", Kind.DATE),
    }
    assert book.remarks == (Remark(RemarkKind.CANNOT_TELL_HIDDEN),)


def test_hidden_sheets_are_named_and_not_read_and_macros_are_remarked():
    sheets = {"Seen": (0, MIXED), "Unseen": (1, b"broken"), "Never seen": (2, b"broken")}
    book = read(workbook(sheets, {"xl/vbaProject.bin": b"x"}), FileFormat.XLSB, Limits())
    assert [grid.sheet for grid in book.grids] == ["Seen"]
    assert book.hidden_sheets == ("Unseen", "Never seen")
    assert RemarkKind.MACROS in {remark.kind for remark in book.remarks}


def test_a_broken_file_and_too_many_sheets_are_refused():
    whole = workbook({"One": (0, MIXED), "Two": (0, MIXED)})
    for data, limits in ((whole[:-200], Limits()), (b"", Limits()), (whole, replace(Limits(), sheets=1))):
        with pytest.raises(InputRefused):
            read(data, FileFormat.XLSB, limits)
