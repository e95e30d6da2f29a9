"""The gate: what may be opened at all, told by content, and what to ask the sender for."""

import hashlib
import io
import os
import random
import socket
import struct
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from sscbtool.core.model import FileFormat, Limits, RemarkKind
from sscbtool.edge import intake
from sscbtool.edge.intake import archive, compound
from sscbtool.errors import InputRefused

openpyxl = pytest.importorskip("openpyxl")
xlrd = pytest.importorskip("xlrd")
xlwt = pytest.importorskip("xlwt")

LIMITS = Limits()
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="{}"/></Types>'
)
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>'
)
PARTS = {
    "[Content_Types].xml": TYPES.format(SHEET_TYPE),
    "_rels/.rels": RELATIONS,
    "xl/workbook.xml": "<workbook><sheets><sheet name='A'/></sheets></workbook>",
    "xl/worksheets/sheet1.xml": "<worksheet><sheetData/></worksheet>",
}


def zipped(parts: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def workbook() -> bytes:
    return zipped(PARTS)


def with_part(name: str, content: str | bytes) -> bytes:
    return zipped(PARTS | {name: content})


@pytest.fixture
def admit(tmp_path):
    def admitting(data: bytes, name: str = "return.xlsx", limits: Limits = LIMITS, password: str | None = None):
        path = tmp_path / name
        path.write_bytes(data)
        return intake.admit(path, limits, password)

    return admitting


@pytest.fixture
def refusal(admit):
    def refusing(data: bytes, name: str = "return.xlsx", limits: Limits = LIMITS, password: str | None = None) -> str:
        with pytest.raises(InputRefused) as refused:
            admit(data, name, limits, password)
        assert refused.value.hint
        assert "\n" not in refused.value.message + refused.value.hint
        return refused.value.message

    return refusing


# --------------------------------------------------------------------------- what may be opened


def refused(path: Path) -> str:
    with pytest.raises(InputRefused) as error:
        intake.admit(path, LIMITS)
    return error.value.message


def test_a_missing_file_is_refused(tmp_path):
    assert refused(tmp_path / "none.csv") == "there is no such file"
    assert refused(tmp_path / "none.csv" / "below.csv") == "there is no such file"


def test_a_folder_named_like_a_file_is_refused(tmp_path):
    (tmp_path / "return.xlsx").mkdir()
    assert refused(tmp_path / "return.xlsx") == "it is a folder"


def test_a_link_is_refused_even_to_a_sound_file(tmp_path):
    (tmp_path / "real.csv").write_text("a,b\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert refused(tmp_path / "link.csv") == "it is a link, not a file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_or_a_device_or_a_socket_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    assert refused(tmp_path / "pipe.csv") == "it is not a regular file"
    assert refused(Path("/dev/zero")) == "it is not a regular file"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.csv"))
        assert refused(tmp_path / "s.csv") == "it is not a regular file"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n")
    (tmp_path / "a.csv").chmod(0)
    assert "permission denied" in refused(tmp_path / "a.csv")


def test_names_no_file_can_have_are_refused():
    assert "name" in refused(Path("a\0b.csv"))
    assert "name" in refused(Path("x" * 5000))


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf", bytes(5000), b"\xff\xfe"])
def test_a_file_of_nothing_or_of_blanks_is_refused(refusal, data):
    assert refusal(data, "a.csv") in ("it is empty: it has no bytes", "it holds nothing but blanks")


@pytest.mark.parametrize("name", ["~$return.xlsx", ".~lock.return.ods#"])
def test_the_mark_of_an_open_workbook_is_named(refusal, name):
    assert "while a workbook is open" in refusal(b"\x05owner", name)


def test_no_descriptor_is_left_open(tmp_path):
    if not Path("/proc/self/fd").exists():
        pytest.skip("the system does not list open files")
    (tmp_path / "f").mkdir()
    (tmp_path / "a.csv").write_text("a,b\n")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        refused(tmp_path / "f")
        intake.admit(tmp_path / "a.csv", LIMITS)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_size_limit_is_for_workbooks_and_text_is_bounded_by_memory(admit, refusal):
    small = replace(LIMITS, file_bytes=200)
    assert "larger than" in refusal(workbook(), limits=small)
    assert admit(b"a,b\n" * 200, "a.csv", small).format is FileFormat.CSV
    assert "larger than" in refusal(b"a,b\n" * 2000, "a.csv", replace(small, memory_bytes=1000))
    assert "larger than" in refusal(b"<table>" + b"<tr><td>1" * 100, "a.html", small)


# --------------------------------------------------------------------------- what it is


def legacy(**sheets: str) -> bytes:
    book = xlwt.Workbook()
    for name in sheets or {"A": ""}:
        book.add_sheet(name).write(0, 0, "Org")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


ODS = {
    "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
    "content.xml": "<office:document-content xmlns:office='o'/>",
}


@pytest.mark.parametrize(
    ("data", "name", "format"),
    [
        (workbook(), "a.xlsx", FileFormat.XLSX),
        (
            zipped(
                PARTS | {"[Content_Types].xml": TYPES.format("application/vnd.ms-excel.sheet.macroEnabled.main+xml")}
            ),
            "a.xlsm",
            FileFormat.XLSM,
        ),
        (
            zipped(
                PARTS | {"[Content_Types].xml": TYPES.format("application/vnd.ms-excel.sheet.binary.macroEnabled.main")}
            ),
            "a.xlsb",
            FileFormat.XLSB,
        ),
        (zipped(ODS), "a.ods", FileFormat.ODS),
        (legacy(), "a.xls", FileFormat.XLS),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(12) + b"\x0a\0\0\0", "a.xls", FileFormat.XLS),
        (b"<html><table><tr><td>1</table>", "a.html", FileFormat.HTML),
        (b"\xef\xbb\xbf \r\n<!-- made by a finance system -->\n<TABLE border=1>", "a.htm", FileFormat.HTML),
        ("<html><table>".encode("utf-16"), "a.htm", FileFormat.HTML),
        (b"<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'>", "a.html", FileFormat.HTML),
        (b"Org,Amount\n", "a.csv", FileFormat.CSV),
        ("Org\tAmount\n".encode("utf-16"), "a.txt", FileFormat.CSV),
        ("Org\tAmount\n".encode("utf-16-le"), "a.txt", FileFormat.CSV),
        (b"<5,[c],x\n", "a.csv", FileFormat.CSV),
        (b"[c],1\n", "a.csv", FileFormat.CSV),
        (b"<div><h1>Returns</h1><table><tr><td>1</table>", "a.html", FileFormat.HTML),
        (b"<b>Org</b>,Amount\nLFB,1\n", "a.csv", FileFormat.CSV),
        (b"<name>,<amount>\n", "a.csv", FileFormat.CSV),
        (b"ID;Partner;Amount\n1;LFB;500\n", "a.csv", FileFormat.CSV),
        (b"From: Police\nTo: Board\nOrg,Amount\n", "a.csv", FileFormat.CSV),
        (b"PK,Amount\n1,2\n", "a.csv", FileFormat.CSV),
        (b"Org,Amount\nCaf\xe9 \x81,5\n", "a.csv", FileFormat.CSV),
    ],
)
def test_what_a_file_is_follows_from_its_content(admit, data, name, format):  # noqa: A002
    admitted = admit(data, name)
    assert admitted.format is format
    assert not [r for r in admitted.remarks if r.kind is RemarkKind.NAME_MISMATCH]
    assert admit(data, "a.dat").remarks == admitted.remarks


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"<table><tr><td>1</table>", "a.xls"), (b"a,b\n", "a.xls"), (workbook(), "a.csv"), (legacy(), "A.XLSX")],
)
def test_a_name_that_promises_another_format_is_remarked(admit, data, name):
    (remark,) = admit(data, name).remarks
    assert remark.kind is RemarkKind.NAME_MISMATCH
    assert remark.detail == admit(data, name).format


def compound_file(*streams: str) -> bytes:
    """An OLE2 container with empty streams of these names: header, one FAT sector, one directory chain."""
    names = ["Root Entry", *streams]
    entries = b""
    for number, name in enumerate(names):
        raw = name.encode("utf-16-le")
        kind, child = (5, 1 if len(names) > 1 else NONE) if number == 0 else (2, NONE)
        right = number + 1 if 0 < number < len(names) - 1 else NONE
        head = raw.ljust(64, b"\0") + struct.pack("<HBBLLL", len(raw) + 2, kind, 1, NONE, right, child)
        entries += head + bytes(36) + struct.pack("<LQ", ENDCHAIN, 0)
    entries = entries.ljust(-len(entries) % 512 + len(entries), b"\0")
    sectors = len(entries) // 512
    fat = [0xFFFFFFFD, *range(2, sectors + 1), ENDCHAIN]
    head = struct.pack(
        "<8s16sHHHHH6sLLLLLLLLLL",
        compound_magic,
        bytes(16),
        62,
        3,
        0xFFFE,
        9,
        6,
        bytes(6),
        0,
        1,
        1,
        0,
        4096,
        ENDCHAIN,
        0,
        ENDCHAIN,
        0,
        0,
    )
    head += struct.pack("<108L", *([NONE] * 108))
    return head + struct.pack("<128L", *(fat + [NONE] * (128 - len(fat)))) + entries


compound_magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
NONE, ENDCHAIN = 0xFFFFFFFF, 0xFFFFFFFE


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"{\\rtf1 a}", "Rich Text"),
        (b"SQLite format 3\0", "SQLite"),
        (b"MZ\x90\0\x03" + bytes(60), "a program"),
        (b'{"rows": [1]}', "JSON"),
        (b'[{"a": 1}]', "JSON"),
        (b'[["a", "b"], ["c", 1]]', "JSON"),
        (b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>", "Excel 2003"),
        (b"<?xml version='1.0'?><rows><row/></rows>", "it is XML"),
        ("<?xml version='1.0'?><rows/>".encode("utf-16"), "it is XML"),
        (b"<?xml version='1.0'?><office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:o'>", "flat"),
        (b"From: a@b\nMIME-Version: 1.0\nContent-Type: text/plain\n\nhi", "an e-mail"),
        (b"ID;PWXL;N;E\nP;PGeneral\nC;Y1;X1;K1\nE\n", "SYLK"),
        (bytes(range(1, 32)) * 9, "neither a spreadsheet nor text"),
        (b"PK\x05\x06" + bytes(18), "empty or divided"),
        (zipped({"a.csv": "a,b"}), "a zip archive"),
        (zipped({"Index/Document.iwa": b"x"}), "Numbers"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}), "a text document"),
        (
            zipped(
                PARTS | {"[Content_Types].xml": TYPES.format("application/vnd.x.wordprocessingml.document.main+xml")}
            ),
            "Word",
        ),
        (
            zipped(PARTS | {"[Content_Types].xml": TYPES.format("application/vnd.x.presentationml.main+xml")}),
            "PowerPoint",
        ),
        (compound_file("WordDocument"), "Word"),
        (compound_file("PowerPoint Document"), "PowerPoint"),
        (compound_file("__properties_version1.0"), "Outlook"),
        (compound_file("Nothing"), "without a workbook"),
        (compound_magic + bytes(30), "damaged"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_by_name(refusal, data, says):
    assert says in refusal(data)


def test_a_workbook_with_macros_is_admitted_as_data_and_remarked(admit):
    remarks = admit(with_part("xl/vbaProject.bin", b"\xd0\xcf")).remarks
    assert [remark.kind for remark in remarks] == [RemarkKind.MACROS]
    assert not admit(workbook()).remarks
    ods = zipped(ODS | {"Basic/Standard/Module1.xml": "<a/>"})
    assert [remark.kind for remark in admit(ods, "a.ods").remarks] == [RemarkKind.MACROS]


# --------------------------------------------------------------------------- zip containers


def test_every_kind_of_writer_is_let_through(admit):
    book = openpyxl.Workbook()
    book.active.append(["Org", 500])
    out = io.BytesIO()
    book.save(out)
    streamed = Unseekable()
    with zipfile.ZipFile(streamed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in PARTS.items():
            with file.open(name, "w", force_zip64=name.startswith("xl")) as part:
                part.write(content.encode())
    for data in (
        out.getvalue(),
        zipped(PARTS, zipfile.ZIP_STORED),
        bytes(streamed.written),
        with_part("xl/media/", b""),
    ):
        assert admit(data).format is FileFormat.XLSX


class Unseekable(io.RawIOBase):
    """A stream as of a web server: sizes can only follow the data."""

    def __init__(self):
        self.written = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.written += data
        return len(data)


def edited(data: bytes, old: bytes, new: bytes, *, last: bool = False) -> bytes:
    assert old in data
    at = data.rfind(old) if last else data.find(old)
    return data[:at] + new + data[at + len(old) :]


def renamed(name: str, *, other: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A workbook with a second part, named ``name`` in both places."""
    hold = "x" * len(name.encode())
    return with_part(hold, "<a/>").replace(hold.encode(), name.encode())


@pytest.mark.parametrize(
    "name",
    [
        "xl/workbook.xml",
        "XL/Workbook.XML",
        "xl//workbook.xml",
        "./xl/workbook.xml",
        "xl/%77orkbook.xml",
        "xl/\uff57orkbook.xml",
    ],
)
def test_two_parts_of_one_name_are_refused_however_it_is_spelt(refusal, name):
    data = renamed(name)
    if not name.isascii():
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for part, content in (PARTS | {name: "<a/>"}).items():
                file.writestr(part, content)
        data = out.getvalue()
    assert "two parts of one name" in refusal(data)


@pytest.mark.parametrize(
    "name", ["../evil.xml", "xl/../../evil", "/etc/passwd", "C:/evil.xml", "xl\\evil.xml", "xl/a\0b.xml"]
)
def test_a_name_that_leads_elsewhere_is_refused(refusal, name):
    assert "leads elsewhere" in refusal(renamed(name))


def test_bytes_before_after_or_between_are_refused(refusal):
    assert "neither a spreadsheet" in refusal(b"\x00\x01\x02\x03\x04" * 50 + workbook())
    assert "followed by other data" in refusal(workbook() + b"<html>")
    assert "does not begin where it should" in refusal(workbook()[:4] + workbook())
    data = workbook()
    end = data.rfind(b"PK\x05\x06")
    start = struct.unpack_from("<L", data, end + 16)[0]
    hidden = zipped({"xl/hidden.xml": "<a/>"})
    hidden = hidden[: hidden.find(b"PK\x01\x02")]
    tail = edited(data[start:], struct.pack("<L", start), struct.pack("<L", start + len(hidden)), last=True)
    assert "does not list" in refusal(data[:start] + hidden + tail)


def test_a_truncated_container_is_refused_as_damaged(refusal):
    data = workbook()
    for keep in (30, len(data) // 2, len(data) - 1):
        assert "damaged" in refusal(data[:keep])


def test_parts_that_overlap_are_refused(refusal):
    inner = zipped({"xl/b.xml": "<a/>"})
    inner_end = inner.find(b"PK\x01\x02")
    outer = zipped({"xl/a.xml": inner[:inner_end]} | PARTS, zipfile.ZIP_STORED)
    start, end = outer.find(b"PK\x01\x02"), outer.rfind(b"PK\x05\x06")
    entry = bytearray(inner[inner_end : inner.rfind(b"PK\x05\x06")])
    entry[42:46] = struct.pack("<L", outer.find(inner[:inner_end]))
    count = len(PARTS) + 2
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, end - start + len(entry), start, 0)
    assert "overlap" in refusal(outer[:end] + bytes(entry) + tail)


def test_a_directory_that_says_other_than_the_part_is_refused(refusal):
    data = workbook()
    assert "two things" in refusal(edited(data, b"xl/workbook.xml", b"xl/Workbook.xml", last=True))
    at = data.rfind(b"PK\x01\x02")
    size = struct.unpack_from("<L", data, at + 24)[0]
    lied = bytearray(data)
    lied[at + 24 : at + 28] = struct.pack("<L", size + 1)
    assert "two things" in refusal(bytes(lied))


def test_a_part_that_unpacks_to_other_than_stated_is_refused(refusal):
    content = b"<worksheet>" + b" " * 5000 + b"</worksheet>"
    data = bytearray(with_part("xl/z.xml", content))
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        header = data.rfind(magic)
        data[header + at : header + at + 4] = struct.pack("<L", 100)
    assert "more than it states" in refusal(bytes(data))


def test_a_part_with_a_wrong_checksum_is_refused(refusal):
    data = zipped(PARTS, zipfile.ZIP_STORED)
    assert "damaged" in refusal(edited(data, b"<sheetData/>", b"<sheetDatA/>"))


def test_data_behind_the_end_of_a_part_is_refused(refusal):
    content = zlib.compress(b"<a/>", wbits=-15) + b"stowaway"
    data = bytearray(zipped(PARTS | {"xl/z.bin": content}, zipfile.ZIP_STORED))
    for magic, method, crc in ((b"PK\x03\x04", 8, 14), (b"PK\x01\x02", 10, 16)):
        header = data.rfind(magic)
        data[header + method : header + method + 2] = struct.pack("<H", 8)
        data[header + crc : header + crc + 4] = struct.pack("<L", zlib.crc32(b"<a/>"))
        data[header + crc + 8 : header + crc + 12] = struct.pack("<L", 4)
    assert "behind the end of a part" in refusal(bytes(data))


def test_an_encrypted_or_unusually_packed_zip_is_refused(refusal):
    data = bytearray(workbook())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rfind(magic) + at] |= 1
    assert "encrypted zip" in refusal(bytes(data))
    assert "unusual method" in refusal(zipped(PARTS, zipfile.ZIP_BZIP2))


BIG = b"<worksheet>" + b"<row/>" * 400_000


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (replace(LIMITS, ratio=50), "more than 50 times"),
        (replace(LIMITS, part_bytes=1 << 20), "a part of it unpacks to more than 1 MiB"),
        (replace(LIMITS, inflated_bytes=2 << 20, ratio=10_000), "it unpacks to more than 2 MiB"),
        (replace(LIMITS, parts=3, ratio=10_000), "more than 3 parts"),
    ],
)
def test_a_bomb_is_refused_by_what_it_states(refusal, limits, says):
    assert says in refusal(with_part("xl/worksheets/sheet1.xml", BIG), limits=limits)


def test_sheets_are_counted_where_they_are_listed(refusal, admit):
    listed = "<x:workbook><x:sheets>" + "<x:sheet name='a' r:id='r1'/>" * 300 + "</x:sheets></x:workbook>"
    assert "more than 256 sheets" in refusal(with_part("xl/workbook.xml", listed))
    assert "more than 256 sheets" in refusal(with_part("xl/workbook.xml", listed.encode("utf-16")))
    assert "more than 256 sheets" in refusal(zipped(ODS | {"content.xml": "<table:table a='1'>" * 300}))
    assert "more than 256 sheets" in refusal(legacy(**{f"S{i}": "" for i in range(257)}), "a.xls")
    assert admit(with_part("xl/workbook.xml", "<workbook>" + "<sheetView/>" * 300 + "<sheet/></workbook>"))


def test_sheets_are_counted_across_pieces(monkeypatch, refusal):
    monkeypatch.setattr(archive, "PIECE", 7)
    limits = replace(LIMITS, sheets=9)
    assert "more than 9 sheets" in refusal(with_part("xl/workbook.xml", "<workbook><sheet n='1'/>" * 10), limits=limits)


DTD = "<!DOCTYPE a [<!ENTITY x 'y'>]><worksheet>&x;</worksheet>"


@pytest.mark.parametrize(
    "content",
    [
        DTD.encode(),
        b"<?xml version='1.0'?>\n<!-- c -->\n" + DTD.encode(),
        b"\xef\xbb\xbf" + DTD.encode(),
        DTD.encode("utf-16"),
        DTD.encode("utf-16-le"),
        DTD.encode("utf-16-be"),
        b"<!--" + b"-" * 60_000 + b" --><?p?>" + DTD.encode(),
        b" " * 100 + DTD.encode(),
    ],
    ids=["plain", "after comment", "utf-8 mark", "utf-16", "utf-16-le", "utf-16-be", "long comment", "blanks"],
)
def test_a_document_type_is_refused_in_any_encoding_and_under_any_name(refusal, content):
    for name in ("xl/worksheets/sheet1.xml", "xl/custom.bin"):
        assert "document type" in refusal(with_part(name, content))


@pytest.mark.parametrize(
    "content",
    [
        "<a/>".encode("utf-32"),
        "<a/>".encode("utf-32-be"),
        b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE a+AD4-",
        b"<?xml version='1.0' encoding='cp037'?><a/>",
        "<?xml version='1.0'?><a/>".encode("cp037"),
        b"<!--" + b" " * 70_000 + b"-->" + DTD.encode(),
    ],
    ids=["utf-32", "utf-32-be", "utf-7", "ebcdic stated", "ebcdic", "endless comment"],
)
def test_an_xml_part_whose_beginning_cannot_be_judged_is_refused(refusal, content):
    assert "which no spreadsheet program writes" in refusal(with_part("xl/worksheets/sheet1.xml", content))


def test_a_cell_that_talks_of_a_doctype_is_no_document_type(admit):
    assert admit(with_part("xl/worksheets/sheet1.xml", "<worksheet><t>&lt;!DOCTYPE html></t></worksheet>"))


# --------------------------------------------------------------------------- passwords


FILLED = zipped(PARTS | {"xl/filler.bin": random.Random(1).randbytes(8000)})


def locked(data: bytes, password: str, spins: int = 1000) -> bytes:
    """Encrypted as Excel does; a filler part keeps the package above the size that the library can wrap."""
    from msoffcrypto.method.ecma376_agile import ECMA376Agile

    return ECMA376Agile.encrypt(password, io.BytesIO(data), spin_count=spins)


def test_a_password_protected_workbook_is_named_and_says_how_to_go_on(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(locked(FILLED, "Secret1"))
    with pytest.raises(InputRefused) as error:
        intake.admit(tmp_path / "a.xlsx", LIMITS)
    assert error.value.message == "it is protected by a password"
    assert "--password-prompt" in error.value.hint


def test_the_right_password_opens_it_and_the_gate_stands_inside_too(admit, refusal):
    admitted = admit(locked(FILLED, "Secret1"), password="Secret1")
    assert admitted.data == FILLED
    assert admitted.format is FileFormat.XLSX
    hostile = zipped(PARTS | {"xl/filler.bin": random.Random(1).randbytes(8000), "xl/a.xml": DTD})
    assert "document type" in refusal(locked(hostile, "Secret1"), password="Secret1")


def test_a_wrong_password_is_one_line(refusal):
    message = refusal(locked(FILLED, "Secret1"), password="other")
    assert message == "the password given does not open it"


def test_what_excel_encrypts_without_asking_for_a_password_opens_without_one(admit):
    assert admit(locked(FILLED, compound.OFFICE_PASSWORD)).format is FileFormat.XLSX


def test_a_password_that_would_cost_endless_hashing_is_refused_before_any_is_tried(monkeypatch, refusal):
    data = locked(FILLED, "Secret1")
    monkeypatch.setattr(compound, "MOST_SPINS", 999)
    monkeypatch.setattr(compound, "_try_passwords", None)
    assert "no spreadsheet program uses" in refusal(data, password="Secret1")
    monkeypatch.setattr(compound, "MOST_SPINS", 1000)
    for hostile in (b'spinCount="9e99"', b'spinCount="-999"'):
        assert "no spreadsheet program uses" in refusal(data.replace(b'spinCount="1000"', hostile), password="Secret1")
    entity = data.replace(b'<encryption xmlns="', b"<!DOCTYPE a><e xmln")
    assert entity != data
    assert "no spreadsheet program uses" in refusal(entity)


def test_an_encrypted_open_document_is_named(refusal):
    manifest = "<manifest><encryption-data/></manifest>"
    assert "protected by a password" in refusal(zipped(ODS | {"META-INF/manifest.xml": manifest}), "a.ods")


def test_a_protected_legacy_workbook_is_named(refusal):
    bof = b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(12)
    filepass = b"\x2f\0\x06\0" + bytes(6)
    assert "protected by a password" in refusal(bof + filepass + b"\x0a\0\0\0", "a.xls")
    data = legacy()
    at = data.find(bof[:4])
    record = struct.pack("<HH", 0x2F, 6) + bytes(6)
    interrupted = data[: at + 20] + record + data[at + 20 + len(record) :]
    assert "protected by a password" in refusal(interrupted, "a.xls")


def locked_legacy(data: bytes, password: str) -> bytes:
    """An xls file encrypted by RC4, as Excel 97 does: every record's content but that of a few, in blocks of 1024."""
    import olefile
    from msoffcrypto.method.rc4 import DocumentRC4
    from xlwt.CompoundDoc import XlsDoc

    rng = random.Random(7)
    salt, verifier = rng.randbytes(16), rng.randbytes(16)
    # One keystream for both, as the verifier stands at the start of block 0.
    proof = DocumentRC4.decrypt(password, salt, io.BytesIO(verifier + hashlib.md5(verifier).digest())).read()
    with olefile.OleFileIO(io.BytesIO(data)) as container:
        stream = container.openstream("Workbook").read()
    # xlwt pads with NULs, which the library reads as empty records of four bytes.
    end = 0
    while stream[end : end + 4] not in (bytes(4), b""):
        end += 4 + struct.unpack_from("<H", stream, end + 2)[0]
    align = bytes(-(end + 58) % 4)
    filepass = struct.pack("<HHHHH", 0x2F, 54 + len(align), 1, 1, 1) + salt + proof + align
    plain, shown, at = b"", b"", 0
    while at < end:
        kind, length = struct.unpack_from("<HH", stream, at)
        record = bytearray(stream[at : at + 4 + length])
        if kind == 0x85:
            record[4:8] = struct.pack("<L", struct.unpack_from("<L", record, 4)[0] + len(filepass))
        open_bytes = len(record) if kind == 0x809 else 8 if kind == 0x85 else 4
        plain += bytes(record)
        shown += b"\1" * open_bytes + b"\0" * (len(record) - open_bytes)
        if not at:
            plain += filepass
            shown += b"\1" * len(filepass)
        at += 4 + length
    hidden = DocumentRC4.decrypt(password, salt, io.BytesIO(plain), blocksize=1024).read()
    mixed = bytes(p if s else h for p, s, h in zip(plain, shown, hidden, strict=True))
    out = io.BytesIO()
    XlsDoc().save(out, mixed)
    return out.getvalue()


def test_a_legacy_workbook_opens_with_its_password_and_is_never_written_to_disk(admit, refusal, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", None)
    data = locked_legacy(legacy(Payments=""), "Secret1")
    assert refusal(data, "a.xls") == "it is protected by a password"
    assert refusal(data, "a.xls", password="other") == "the password given does not open it"
    admitted = admit(data, "a.xls", password="Secret1")
    assert admitted.format is FileFormat.XLS
    assert xlrd.open_workbook(file_contents=admitted.data).sheet_by_name("Payments").cell_value(0, 0) == "Org"
    assert admit(locked_legacy(legacy(), compound.OFFICE_PASSWORD), "a.xls").format is FileFormat.XLS


# --------------------------------------------------------------------------- real files


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is not beside this checkout")
def test_every_workbook_of_the_corpus_is_admitted_under_its_own_name():
    for path in sorted(CORPUS.glob("*.*")):
        if path.suffix in (".xlsx", ".xls", ".ods", ".csv"):
            admitted = intake.admit(path, LIMITS)
            assert admitted.format == path.suffix[1:], path.name
            assert not [r for r in admitted.remarks if r.kind is RemarkKind.NAME_MISMATCH]
