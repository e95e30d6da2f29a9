"""What a file is by its first bytes: one of the families the gate goes on with, or something to refuse by name."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum

from sscbtool.errors import InputRefused

HEAD = 64 << 10
ASK_SPREADSHEET = "Ask the sender for the spreadsheet itself, as xlsx or CSV."
ASK_XLSX = "Ask the sender to open it in Excel and save it as an Excel Workbook (.xlsx)."

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
"""A BOF record, versions 2, 3, 4, 5 and 8, with its length: a workbook stream without a container."""

NAMED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "a PDF"),
    (0, b"\x89PNG\r\n", "a picture"),
    (0, b"\xff\xd8\xff", "a picture"),
    (0, b"GIF87a", "a picture"),
    (0, b"GIF89a", "a picture"),
    (0, b"II*\0", "a picture"),
    (0, b"MM\0*", "a picture"),
    (8, b"WEBP", "a picture"),
    (4, b"ftyphei", "a picture"),
    (4, b"ftypmif1", "a picture"),
    (4, b"ftyp", "a video"),
    (0, b"\x1f\x8b", "a compressed file (gzip)"),
    (4, b"1AY&SY", "a compressed file (bzip2)"),
    (0, b"\xfd7zXZ\0", "a compressed file (xz)"),
    (0, b"\x28\xb5\x2f\xfd", "a compressed file (zstd)"),
    (0, b"7z\xbc\xaf\x27\x1c", "an archive (7z)"),
    (0, b"Rar!\x1a\x07", "an archive (rar)"),
    (257, b"ustar\0", "an archive (tar)"),
    (257, b"ustar ", "an archive (tar)"),
    (0, b"{\\rtf", "a Rich Text document"),
    (0, b"SQLite format 3\0", "a database (SQLite)"),
    (4, b"Standard Jet DB", "a database (Access)"),
    (4, b"Standard ACE DB", "a database (Access)"),
    (0, b"PAR1\x15", "a Parquet file"),
    (0, b"ARROW1\0\0", "an Arrow file"),
    (0, b"\x7fELF", "a program"),
    (0, b"L\0\0\0\x01\x14\x02\0", "a shortcut to another file"),
    (0, b"[InternetShortcut]", "a shortcut to a web page"),
    (0, b"\0\0\x02\0\x06\x04\x06\0", "a Lotus 1-2-3 workbook"),
    (0, b"\0\0\x1a\0", "a Lotus 1-2-3 workbook"),
)

PAGE_TAGS = rb"html|head|body|meta|title|style|script|link|base|table|thead|tbody|tr|td|th|form"
INNER_TAGS = (
    rb"div|span|p|br|hr|b|i|u|center|font|h[1-6]|section|article|main|header|footer|nav|pre|a|img|noscript|strong|em"
)
HTML_START = re.compile(
    rb"\A(?:<!--(?>.*?-->)\s*+)*+<(?:!doctype\s+html|(?:" + PAGE_TAGS + rb")[\s/>])", re.IGNORECASE | re.DOTALL
)
INNER_START = re.compile(rb"\A<(?:" + INNER_TAGS + rb")[\s/>].*<table[\s>]", re.IGNORECASE | re.DOTALL)
"""Tags that may also stand in a cell of a text file make a page only before a table."""
XML_START = re.compile(rb"\A<(?:\?xml|!doctype|!--|[\w.-]+:[\w.-]+[\s>])", re.IGNORECASE)
JSON_START = re.compile(rb'\A(?:\{\s*(?:"[^"\n]*"\s*:|\}\s*\Z)|\[\s*(?:[\[{]\s*["{\[\d]|"[^"\n]*"\s*[,\]]\s*["\]]))')
MAIL_START = re.compile(rb"\A[A-Za-z][A-Za-z-]*: .*?^MIME-Version: ", re.IGNORECASE | re.DOTALL | re.MULTILINE)
SYLK_START = re.compile(rb"\AID;P[^\r\n]*[\r\n]+(?:[A-Z]{1,2};[^\r\n]*[\r\n]+)", re.IGNORECASE)
CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b\0")) + b"\x7f"


class Family(StrEnum):
    """What the gate goes on with."""

    ZIP = "zip"
    OLE2 = "ole2"
    BIFF = "biff"
    HTML = "html"
    TEXT = "text"


def told(data: bytes) -> Family:
    """The family of a file with these bytes. InputRefused, naming what it is, for all that is no spreadsheet."""
    if data.startswith(b"PK\x03\x04"):
        return Family.ZIP
    if data.startswith((b"PK\x05\x06", b"PK\x07\x08")):
        raise InputRefused("it is an empty or divided zip archive", ASK_SPREADSHEET)
    if data.startswith(OLE2):
        return Family.OLE2
    if data.startswith(BIFF):
        return Family.BIFF
    for offset, magic, name in NAMED:
        if data.startswith(magic, offset):
            raise InputRefused(f"it is {name}, not a spreadsheet", ASK_SPREADSHEET)
    if data.startswith(b"MZ") and b"\0" in data[:64]:
        raise InputRefused("it is a program, not a spreadsheet", ASK_SPREADSHEET)
    return _told_text(data[:HEAD])


def is_text(head: bytes) -> bool:
    """Whether a file that begins so may be a text file (and is bounded by memory rather than by size)."""
    try:
        return told(head) is Family.TEXT
    except InputRefused:
        return False


def _told_text(head: bytes) -> Family:
    text = _as_utf8(head)
    if _is_binary(text):
        raise InputRefused("it is neither a spreadsheet nor text", ASK_SPREADSHEET)
    start = text.lstrip(b" \t\r\n\0\x0b\x0c")
    if HTML_START.match(start) or INNER_START.match(start):
        return Family.HTML
    if XML_START.match(start):
        return _told_xml(start)
    for pattern, name, hint in (
        (JSON_START, "JSON, not a spreadsheet", ASK_SPREADSHEET),
        (MAIL_START, "an e-mail or a web archive, not a spreadsheet", ASK_SPREADSHEET),
        (SYLK_START, "a SYLK file, an old exchange format", ASK_XLSX),
    ):
        if pattern.match(start):
            raise InputRefused(f"it is {name}", hint)
    return Family.TEXT


def _told_xml(start: bytes) -> Family:
    lower = start.lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in lower:
        raise InputRefused("it is an XML Spreadsheet of Excel 2003", ASK_XLSX)
    if b"urn:oasis:names:tc:opendocument" in lower:
        raise InputRefused("it is a flat OpenDocument file", "Ask the sender to save it as .ods or .xlsx.")
    if re.search(rb"<html[\s>]|http://www.w3.org/1999/xhtml", lower):
        return Family.HTML
    raise InputRefused("it is XML, not a spreadsheet", ASK_SPREADSHEET)


def _as_utf8(head: bytes) -> bytes:
    """The head as UTF-8, near enough to recognise it; the text reader settles the encoding strictly."""
    for mark, codec in (
        (codecs.BOM_UTF8, None),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            rest = head[len(mark) :]
            return rest.decode(codec, "replace").encode() if codec else rest
    even, odd = head[::2].count(0), head[1::2].count(0)
    most = 0.4 * (len(head) // 2)
    if odd > most > even * 8:
        return head.decode("utf-16-le", "replace").encode()
    if even > most > odd * 8:
        return head.decode("utf-16-be", "replace").encode()
    return head


def _is_binary(text: bytes) -> bool:
    controls = len(text) - len(text.translate(None, CONTROLS))
    return controls > 0.02 * len(text) + 2 or text.rstrip(b"\0").count(0) > 0.3 * len(text)
