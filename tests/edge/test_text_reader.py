"""Delimited text: encodings, delimiters, quoting, records. The two ways of parsing are held to one grid."""

import codecs
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sscbtool.core.model import FileFormat, Flag, Grid, Kind, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers import text
from sscbtool.edge.readers.text import read_text
from sscbtool.errors import InputRefused

LIMITS = Limits()


def read(data: bytes, limits: Limits = LIMITS) -> Workbook:
    return read_text(data, FileFormat.CSV, limits)


def cells(workbook: Workbook) -> dict[str, str]:
    (grid,) = workbook.grids
    return {
        grid.address(i, j): grid.text(i, j)
        for i in range(len(grid.rows))
        for j in range(len(grid.columns))
        if grid.kind(i, j) is not Kind.BLANK
    }


def told(workbook: Workbook, kind: RemarkKind) -> list[Remark]:
    return [remark for remark in workbook.remarks if remark.kind is kind]


def contents(grid: Grid) -> tuple:
    return grid.rows.tolist(), grid.columns.tolist(), grid.lists, grid.kinds.tolist(), grid.flags.tolist()


# --------------------------------------------------------------------------- values


def test_nothing_is_type_guessed():
    workbook = read(b"Ref,Amount,When,NA\n00123,1.50,01/02/2018,NA\n1e5,5000.00,nan,None\n")
    (grid,) = workbook.grids
    assert cells(workbook)["A2"] == "00123"
    assert cells(workbook)["C3"] == "nan"
    assert set(grid.kinds.flatten().tolist()) == {Kind.TEXT}
    assert grid.sheet is None


def test_blank_fields_are_blank_and_blank_rows_and_columns_are_left_out_with_their_numbers_kept():
    (grid,) = read(b"Title\n\n,\nOrg,,Amount\nLFB,,500\n").grids
    assert grid.rows.tolist() == [1, 4, 5]
    assert grid.columns.tolist() == [1, 3]
    assert grid.kind(0, 1) is Kind.BLANK


def test_a_text_that_excel_escaped_to_keep_its_zeros_is_that_text():
    workbook = read(b'Ref,Amount\n="00123",1\n"=""00124""",2\n="a""b",3\n=SUM(A1),4\n')
    found = cells(workbook)
    assert [found["A2"], found["A3"], found["A4"], found["A5"]] == ["00123", "00124", 'a"b', "=SUM(A1)"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_end_a_record(end):
    found = cells(read(end.join(["Org,Amount", "LFB,500", "", "CRC,250"]).encode()))
    assert found == {"A1": "Org", "B1": "Amount", "A2": "LFB", "B2": "500", "A4": "CRC", "B4": "250"}


def test_a_line_break_inside_quotes_is_part_of_the_field_and_numbers_count_records():
    found = cells(read(b'Org,Note\n"LFB","paid\nin two\r\nparts"\nCRC,x\n'))
    assert found["B2"] == "paid\nin two\r\nparts"
    assert found["A3"] == "CRC"


# --------------------------------------------------------------------------- encodings

POUNDS = "Org,Amount\nBrontë £,£5\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (POUNDS.encode(), "utf-8"),
        (codecs.BOM_UTF8 + POUNDS.encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + POUNDS.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + POUNDS.encode("utf-16-be"), "utf-16"),
        (codecs.BOM_UTF32_LE + POUNDS.encode("utf-32-le"), "utf-32"),
        (codecs.BOM_UTF32_BE + POUNDS.encode("utf-32-be"), "utf-32"),
        (POUNDS.encode("utf-16-le"), "utf-16"),
        (POUNDS.encode("utf-16-be"), "utf-16"),
        (POUNDS.encode("cp1252"), "cp1252"),
    ],
)
def test_each_encoding_gives_the_same_cells_and_is_named(data, encoding):
    workbook = read(data)
    assert workbook.encoding == encoding
    assert cells(workbook) == {"A1": "Org", "B1": "Amount", "A2": "Brontë £", "B2": "£5"}


def test_an_encoding_that_was_only_assumed_is_told_and_a_stated_one_is_not():
    assert told(read(POUNDS.encode("cp1252")), RemarkKind.ASSUMED_ENCODING)[0].detail == "cp1252"
    assert told(read(POUNDS.encode("utf-16-le")), RemarkKind.ASSUMED_ENCODING)[0].detail == "utf-16"
    assert not read(POUNDS.encode()).remarks


@pytest.mark.parametrize(
    "data",
    [
        b"Org,Amount\nCaf\xe9 \x81,500\n",
        codecs.BOM_UTF8 + b"Org,Amount\nCaf\xe9,500\n",
        codecs.BOM_UTF16_LE + "Org,Amount\nCaf".encode("utf-16-le") + b"\x00\xd8" + ",500\n".encode("utf-16-le"),
        b"Org,Amount\nCaf\0,500\n",
    ],
    ids=["cp1252", "utf-8 by its mark", "utf-16", "NUL"],
)
def test_what_is_no_text_in_the_encoding_is_flagged_at_its_cell(data):
    workbook = read(data)
    (grid,) = workbook.grids
    assert [(r.row, r.column) for r in told(workbook, RemarkKind.UNDECODABLE)] == [(2, 1)]
    assert Flag(int(grid.flags[1, 0])) is Flag.UNDECODABLE
    assert "\ufffd" in grid.text(1, 0)
    assert not grid.flags[0].any()


def test_nul_bytes_at_the_end_are_told_and_do_not_become_a_row():
    workbook = read(b"Org,Amount\nLFB,500\n" + bytes(700))
    assert told(workbook, RemarkKind.UNDECODABLE) == [
        Remark(RemarkKind.UNDECODABLE, detail="700 NUL bytes at the end of the file")
    ]
    assert len(workbook.grids[0].rows) == 2


def test_text_decoded_once_too_often_is_told_at_its_cell():
    twice = "Org,Amount\nPolice,£5\nBrontë’s,1\n".encode().decode("cp1252").encode()
    assert [(r.row, r.column) for r in told(read(twice), RemarkKind.MOJIBAKE)] == [(2, 2), (3, 1)]
    assert not told(read("Org,Amount\nSÃO Âge,1\n".encode()), RemarkKind.MOJIBAKE)


# --------------------------------------------------------------------------- delimiters


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("Org,Amount\nLFB,500\n", ","),
        ("Org\tAmount, GBP\nLFB, London\t1,500\n", "\t"),
        ("Org;Amount\nLFB;1.234,50\nCRC;5,00\n", ";"),
        ("Returns, 2018-19\n\nName;Amount\nSmith, A;12,50\nJones, B;3,50\nBloggs, C;1,00\n", ";"),
        ("Org|Amount|Note\nLFB|500|a;b\n", "|"),
        ('Org,Note\nLFB,"a;b;c"\nCRC,"d;e;f"\n', ","),
        ("sep=;\nOrg;Amount, all\nLFB;500\n", ";"),
        ('"sep=|"\r\na,b|c,d\r\n', "|"),
        ("Title of one column\nLFB\nCRC\n", ","),
    ],
)
def test_the_delimiter_is_told_by_content(content, delimiter):
    assert read(content.encode()).delimiter == delimiter


def test_a_tab_makes_it_tsv_whatever_the_name_said():
    assert read(b"a\tb\n1\t2\n").format is FileFormat.TSV
    assert read(b"a;b\n1;2\n").format is FileFormat.CSV


def test_the_separator_line_is_an_instruction_and_has_no_row_as_in_excel():
    assert cells(read(b"sep=;\r\nOrg;Amount\r\nLFB;500\r\n"))["A1"] == "Org"


# --------------------------------------------------------------------------- ragged rows, quotes


def test_rows_with_more_or_fewer_fields_than_most_are_told_but_empty_fields_too_many_are_not():
    data = b"Title\n\nOrg,Amount,Note\nLFB,5,000.00,x\nCRC,1,,,,\nNPS,2\nMPS,3,\n\n,,\nCAF,1,y\n"
    assert [r.row for r in told(read(data), RemarkKind.RAGGED_ROW)] == [1, 4, 6]


def test_a_delimiter_at_the_end_of_most_lines_makes_no_line_without_it_ragged():
    assert not read(b"Org,Amount\nLFB,500,\nCRC,250,\nNPS,1,,\n").remarks
    assert [r.row for r in told(read(b"Org,Amount\nLFB,500,\nCRC,250,x\n"), RemarkKind.RAGGED_ROW)] == [1]


def test_remarks_of_one_kind_are_bounded_and_say_so():
    lines = ["a,b,c"] * 3000 + ["a,b"] * 2000
    ragged = told(read("\n".join(lines).encode()), RemarkKind.RAGGED_ROW)
    assert len(ragged) == text.REMARKS_A_KIND + 1
    assert ragged[-1].row is None


def test_a_quote_that_is_never_closed_is_told_with_the_record_it_swallowed_the_rest_in():
    workbook = read(b'Org,Amount\nLFB,500\n"CRC,250\nNPS,100\n')
    assert [(r.row, r.column) for r in told(workbook, RemarkKind.UNCLOSED_QUOTE)] == [(3, 1)]
    assert cells(workbook)["A3"] == "CRC,250\nNPS,100\n"
    assert not told(read(b'Org,Amount\n"LFB","500"'), RemarkKind.UNCLOSED_QUOTE)


# --------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("data", "limits", "says"),
    [
        (b"a,b\n" + b"x" * 200 + b",1\n", replace(LIMITS, field_chars=100), "field of it is longer than 100"),
        (b'a,b\n"' + b"x,y\n" * 50 + b"\n", replace(LIMITS, field_chars=100), "a quote may never be closed"),
        (b",".join([b"x"] * 20) + b"\n", replace(LIMITS, columns=10), "more than 10 fields"),
        (b"a,b\n" * 1000, replace(LIMITS, memory_bytes=1 << 14), "do not fit into memory"),
        (b" , ,\n,,\n", LIMITS, None),
        (b",,\n,,\n", LIMITS, "nothing but blanks"),
    ],
)
def test_what_goes_beyond_the_limits_is_refused_in_one_line(data, limits, says):
    if says is None:
        assert read(data, limits).grids
        return
    with pytest.raises(InputRefused) as refused:
        read(data, limits)
    assert says in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.hint


def test_a_long_field_is_refused_on_the_quick_way_too(monkeypatch):
    monkeypatch.setattr(text, "SMALL", 0)
    monkeypatch.setattr(text, "BLOCK", 64)
    with pytest.raises(InputRefused, match="field of it is longer than 100"):
        read(b"a,b\n" * 20 + b"x" * 101 + b",1\n" + b"a,b\n" * 20, replace(LIMITS, field_chars=100))


# --------------------------------------------------------------------------- the two ways of parsing

FIELDS = st.text(st.sampled_from('ab1,;"\n\r\t £=é\ufeff'), max_size=6)
RFC_RECORDS = st.lists(st.lists(FIELDS, min_size=2, max_size=4), min_size=1, max_size=12)


def quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if set(field) & set(',"\n\r') else field


def both_ways(data: bytes) -> tuple[Workbook, Workbook]:
    slow = read(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "SMALL", 0)
        patch.setattr(text, "BLOCK", 16)
        quick = read(data)
    return slow, quick


@given(RFC_RECORDS, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
@example([["a", "b"], ["1", "2"], ["\ufeffx", "3"], ["4", "5"]], "\n", True)
@settings(max_examples=150, deadline=None)
def test_both_ways_give_the_same_grid_of_what_a_careful_writer_writes(records, end, even):
    if even:
        records = [(record * 2)[:2] for record in records]
    data = "x,y\n" + end.join(",".join(map(quoted, record)) for record in records) + end
    slow, quick = both_ways(data.encode())
    assert contents(slow.grids[0]) == contents(quick.grids[0])
    assert slow.remarks == quick.remarks


CARELESS = ['"a"b', 'a"b', '""', '"', ' "a"', '"a" ', '"a""b"', '"a,b"', '"a\n\nb"', "", " ", "a", '"""a"""', "\ufeff"]


@given(
    st.lists(st.lists(st.sampled_from(CARELESS), min_size=2, max_size=2).map(",".join), max_size=12),
    st.text('ab,"\n\r', max_size=9),
)
@settings(max_examples=300, deadline=None)
def test_both_ways_give_the_same_grid_of_whatever_a_careless_one_writes(lines, rest):
    data = "\n".join(["x,y", "z,w", *lines, rest]).encode()
    slow, quick = both_ways(data)
    assert contents(slow.grids[0]) == contents(quick.grids[0])
    assert slow.remarks == quick.remarks


def test_the_quick_way_is_taken_for_a_plain_ledger(monkeypatch):
    slowly = []
    parse = text._parse_slowly
    monkeypatch.setattr(text, "_parse_slowly", lambda block, *rest: (slowly.append(len(block)), parse(block, *rest)))
    monkeypatch.setattr(text, "BLOCK", 64 << 10)
    data = b"Ledger of payments\n\nOrg,Amount,Note\n" + b'LFB,"5,000.00","paid\nlate"\nCRC,250.00,\n' * 6_000
    workbook = read(data)
    assert workbook.grids[0].shape == (12_002, 3)
    assert sum(slowly) < 0.6 * len(data)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    try:
        workbook = read(data)
    except InputRefused:
        return
    assert workbook.grids[0].rows.tolist()
