"""A zip container held to the rules before any parser meets it: xlsx, xlsm, xlsb and ods.

The central directory is walked by our own code, because what makes an archive dangerous is just what zip libraries
forgive: two parts of one name, parts that overlap, a directory that disagrees with the parts, bytes nobody listed.
Each part is inflated once, piece by piece, under the limits, and never kept.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lxml import etree

from sscbtool.core.model import FileFormat, Limits, Remark, RemarkKind
from sscbtool.edge.intake.content import ASK_SPREADSHEET
from sscbtool.errors import InputRefused

END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR64 = struct.Struct("<4sLQL")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
NONE16, NONE32 = 0xFFFF, 0xFFFFFFFF
ENCRYPTED = 1 | 1 << 6 | 1 << 13
SIZES_FOLLOW, UTF8_NAME = 1 << 3, 1 << 11
STORED, DEFLATED = 0, 8
ZIP64_EXTRA, UNICODE_NAME_EXTRA = 0x0001, 0x7075

RATIO_FROM = 1 << 20
PIECE = 1 << 20
INPUT = 64 << 10
PROLOG = 64 << 10
CONTROL_BYTES = 4 << 20

ASK_SAVED_ANEW = "Ask the sender to open it in Excel and save it again as an Excel Workbook (.xlsx)."
ASK_UNLOCKED = "Ask the sender for a copy saved without a password."
BOMB = "Do not open it; ask the sender how it was made, and for the data as CSV."

MAIN_PARTS = (
    ("spreadsheetml.sheet.main+xml", FileFormat.XLSX),
    ("spreadsheetml.template.main+xml", FileFormat.XLSX),
    ("ms-excel.sheet.macroenabled.main+xml", FileFormat.XLSM),
    ("ms-excel.template.macroenabled.main+xml", FileFormat.XLSM),
    ("ms-excel.addin.macroenabled.main+xml", FileFormat.XLSM),
    ("ms-excel.sheet.binary.macroenabled.main", FileFormat.XLSB),
)
OTHER_DOCUMENTS = (
    ("wordprocessingml", "a Word document"),
    ("ms-word", "a Word document"),
    ("presentationml", "a PowerPoint presentation"),
    ("ms-powerpoint", "a PowerPoint presentation"),
    ("visio", "a Visio drawing"),
    ("opendocument.text", "a text document (OpenDocument)"),
    ("opendocument.presentation", "a presentation (OpenDocument)"),
    ("opendocument.", "an OpenDocument file"),
    ("epub", "an e-book"),
)
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
MACRO_PART = re.compile(r"(?:^|/)(?:vbaproject\.bin|macrosheets/|intlmacrosheets/)|^(?:basic|scripts)/.")
ESCAPING_NAME = re.compile(r"\A(?:/|[A-Za-z]:)|[\\\x00-\x1f\x7f-\x9f]")
XML_NAME = re.compile(r"\.(?:xml|rels|vml)$")
PROLOG_TEXT = re.compile(r"\A\ufeff?(?:[ \t\r\n]++|<\?(?>.*?\?>)|<!--(?>.*?-->))*+", re.DOTALL)
DECLARED = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"']*)[\"']")
KNOWN_ENCODINGS = re.compile(rb"utf-?8|us-ascii|ascii|iso-8859-\d+|latin-?1|windows-125\d|cp125\d", re.IGNORECASE)


@dataclass(frozen=True)
class Contents:
    """What an archive proved to be."""

    format: FileFormat
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class _Part:
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    start: int
    """Where its bytes begin, after the local header."""


def inspect(data: bytes, limits: Limits) -> Contents:
    """The format of a sound workbook in a zip container. InputRefused for every other archive."""
    try:
        parts = _parts(data, limits)
    except struct.error as error:
        raise _damaged() from error
    _refuse_names(parts)
    _refuse_sizes(parts, limits)
    contents = _contents(data, parts, limits)
    counted = 0
    for part in parts:
        counter = _SheetCounter(contents.format) if part.name.lower() == contents.main else None
        _prove(data, part, counter)
        counted += counter.count if counter else 0
    if contents.format is FileFormat.XLSB:
        counted = sum("/worksheets/" in part.name.lower() and part.name.endswith(".bin") for part in parts)
    if counted > limits.sheets:
        raise InputRefused(f"it has more than {limits.sheets} sheets", "Ask the sender for the sheets that matter.")
    macros = any(MACRO_PART.search(part.name.lower()) for part in parts)
    return Contents(contents.format, (Remark(RemarkKind.MACROS),) if macros else ())


def _damaged() -> InputRefused:
    return InputRefused("it is damaged: its zip container is cut off or does not fit together", ASK_SAVED_ANEW)


def _hostile(what: str) -> InputRefused:
    return InputRefused(f"its zip container {what}, which no spreadsheet program writes", ASK_SAVED_ANEW)


# --------------------------------------------------------------------------- the directory


def _parts(data: bytes, limits: Limits) -> list[_Part]:
    """All parts in the order of their bytes, each proved to stand where the directory says, and nothing beside them."""
    count, start, end = _directory(data)
    if count > limits.parts:
        raise InputRefused(f"it is made of more than {limits.parts:,} parts", ASK_SAVED_ANEW)
    parts = []
    position = start
    for _ in range(count):
        part, position = _entry(data, position)
        parts.append(part)
    if position != end:
        raise _damaged()
    parts.sort(key=lambda part: part.offset)
    reached = 0
    for part in parts:
        if part.offset < reached:
            raise _hostile("holds parts that overlap")
        if part.offset > reached and (not reached or data.startswith(b"PK\x03\x04", reached)):
            raise _hostile("holds data that its directory does not list")
        reached = part.start + part.packed
        if part.flags & SIZES_FOLLOW:
            reached += _descriptor_length(data, reached, part)
    if reached > start:
        raise _hostile("holds parts that overlap")
    if data.startswith(b"PK\x03\x04", reached) and reached < start:
        raise _hostile("holds data that its directory does not list")
    return parts


def _directory(data: bytes) -> tuple[int, int, int]:
    """Number of entries, first and one past last byte of the central directory; InputRefused for bytes around it."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - END.size - NONE16))
    if at < 0:
        raise _damaged()
    _, disk, first_disk, here, count, size, start, comment = END.unpack_from(data, at)
    if at + END.size + comment != len(data):
        raise _hostile("is followed by other data")
    end = at
    if data.startswith(b"PK\x06\x07", at - LOCATOR64.size) and at >= LOCATOR64.size:
        _, _, at64, _ = LOCATOR64.unpack_from(data, at - LOCATOR64.size)
        magic, length, _, _, disk, first_disk, here64, count64, size64, start64 = END64.unpack_from(data, at64)
        if magic != b"PK\x06\x06" or at64 + 12 + length != at - LOCATOR64.size:
            raise _damaged()
        pairs = ((here, here64, NONE16), (count, count64, NONE16), (size, size64, NONE32), (start, start64, NONE32))
        if any(short not in (long, none) for short, long, none in pairs):
            raise _hostile("has two ends that disagree")
        here, count, size, start, end = here64, count64, size64, start64, at64
    if disk or first_disk or here != count:
        raise InputRefused("it is one volume of a divided zip archive", ASK_SPREADSHEET)
    if start + size != end:
        raise _hostile("does not begin where it should: other data stands before it or within")
    return count, start, end


def _entry(data: bytes, at: int) -> tuple[_Part, int]:
    """The part of the directory entry at ``at``, and where the next entry begins."""
    fields = CENTRAL.unpack_from(data, at)
    magic, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment, disk, _, _, offset = fields
    if magic != b"PK\x01\x02" or disk not in (0, NONE16):
        raise _damaged()
    raw_name = data[at + CENTRAL.size : at + CENTRAL.size + name_length]
    extra_at = at + CENTRAL.size + name_length
    extras = _extras(data[extra_at : extra_at + extra_length])
    wide = iter(_longs(extras.get(ZIP64_EXTRA, b"")))
    try:
        size = next(wide) if size == NONE32 else size
        packed = next(wide) if packed == NONE32 else packed
        offset = next(wide) if offset == NONE32 else offset
    except StopIteration as error:
        raise _damaged() from error
    if UNICODE_NAME_EXTRA in extras and extras[UNICODE_NAME_EXTRA][5:] != raw_name:
        raise _hostile("gives a part two names")
    try:
        name = raw_name.decode("utf-8" if flags & UTF8_NAME else "cp437")
    except UnicodeDecodeError as error:
        raise _damaged() from error
    if flags & ENCRYPTED:
        raise InputRefused("it is an encrypted zip archive", ASK_UNLOCKED)
    if method not in (STORED, DEFLATED):
        raise _hostile("is packed by an unusual method")
    start = _start(data, offset, raw_name, (method, crc, packed, size))
    part = _Part(name, flags, method, crc, packed, size, offset, start)
    return part, extra_at + extra_length + comment


def _start(data: bytes, offset: int, raw_name: bytes, stated: tuple[int, int, int, int]) -> int:
    """Where a part's bytes begin; its local header is proved to say what the directory says."""
    fields = LOCAL.unpack_from(data, offset)
    magic, _, flags, method, _, _, crc, packed, size, name_length, extra_length = fields
    name_at = offset + LOCAL.size
    if magic != b"PK\x03\x04":
        raise _damaged()
    if flags & ENCRYPTED:
        raise InputRefused("it is an encrypted zip archive", ASK_UNLOCKED)
    extra_at = name_at + name_length
    if NONE32 in (packed, size):
        wide = _longs(_extras(data[extra_at : extra_at + extra_length]).get(ZIP64_EXTRA, b""))
        if len(wide) >= 2:
            size, packed = wide[0], wide[1]
    if flags & SIZES_FOLLOW and not (crc or packed or size):
        crc, packed, size = stated[1:]
    agrees = data[name_at:extra_at] == raw_name and (method, crc, packed, size) == stated
    if not agrees:
        raise _hostile("says two things of one part")
    return int(extra_at + extra_length)


def _descriptor_length(data: bytes, at: int, part: _Part) -> int:
    """Bytes of the sizes that follow a part's data: with or without a signature, 32 or 64 bits wide."""
    signed = 4 if data.startswith(b"PK\x07\x08", at) else 0
    narrow = struct.pack("<LLL", part.crc, part.packed & NONE32, part.size & NONE32)
    wide = struct.pack("<LQQ", part.crc, part.packed, part.size)
    for stated in (wide, narrow):
        if data.startswith(stated, at + signed):
            return signed + len(stated)
    return 0


def _extras(block: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(block):
        kind, length = struct.unpack_from("<HH", block, at)
        found.setdefault(kind, block[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _longs(block: bytes) -> list[int]:
    return [int.from_bytes(block[at : at + 8], "little") for at in range(0, len(block) - 7, 8)]


# --------------------------------------------------------------------------- names and sizes


def _refuse_names(parts: list[_Part]) -> None:
    seen = set()
    for part in parts:
        plain = unquote(part.name, errors="replace")
        steps = plain.split("/")
        if ESCAPING_NAME.search(plain) or ".." in steps:
            raise _hostile("holds a part whose name leads elsewhere")
        if "" in steps[:-1] or "." in steps or not plain.isascii():
            steps = [unicodedata.normalize("NFKC", step) for step in steps if step not in ("", ".")]
        folded = "/".join(steps).casefold()
        if folded in seen and not part.name.endswith("/"):
            raise _hostile("holds two parts of one name")
        seen.add(folded)


def _refuse_sizes(parts: list[_Part], limits: Limits) -> None:
    """What the directory states; ``_prove`` then holds every part to exactly that."""
    total = 0
    for part in parts:
        total += part.size
        if part.size > limits.part_bytes:
            raise InputRefused(f"a part of it unpacks to more than {limits.part_bytes >> 20} MiB", BOMB)
        if part.size > RATIO_FROM and part.size > limits.ratio * max(part.packed, 1):
            raise InputRefused(f"a part of it unpacks to more than {limits.ratio} times its size", BOMB)
        if part.name.endswith("/") and part.size:
            raise _hostile("holds a folder with content")
    if total > limits.inflated_bytes:
        raise InputRefused(f"it unpacks to more than {limits.inflated_bytes >> 20} MiB", BOMB)


# --------------------------------------------------------------------------- content


def _prove(data: bytes, part: _Part, counter: _SheetCounter | None) -> None:
    """Inflates the part piece by piece: it must be as long as stated, sound, and free of a DTD."""
    crc, size, head = 0, 0, b""
    for piece in _pieces(data, part):
        size += len(piece)
        if size > part.size:
            raise _hostile("unpacks to more than it states")
        crc = zlib.crc32(piece, crc)
        if len(head) < PROLOG:
            head += piece[: PROLOG - len(head)]
        if counter:
            counter.feed(piece)
    if size != part.size or crc != part.crc:
        raise _damaged()
    _refuse_prolog(head, part.name.lower(), whole=size <= PROLOG)


def _pieces(data: bytes, part: _Part) -> Iterator[bytes]:
    at, end = part.start, part.start + part.packed
    if part.method == STORED:
        for start in range(at, end, PIECE):
            yield data[start : min(start + PIECE, end)]
        return
    inflater = zlib.decompressobj(-15)
    pending = b""
    try:
        while not inflater.eof:
            if not pending:
                pending = data[at : min(at + INPUT, end)]
                at += len(pending)
            exhausted = not pending
            piece = inflater.decompress(pending, PIECE)
            pending = inflater.unconsumed_tail
            if piece:
                yield piece
            elif exhausted and not inflater.eof:
                raise _damaged()
    except zlib.error as error:
        raise _damaged() from error
    if inflater.unused_data or at != end:
        raise _hostile("holds data behind the end of a part")


def _refuse_prolog(head: bytes, name: str, *, whole: bool) -> None:
    """Refuses a document type declaration, in any encoding that a parser would read."""
    text = _prolog_text(head, name)
    if text is None:
        return
    rest = text[PROLOG_TEXT.match(text).end() :]  # type: ignore[union-attr]
    if rest.startswith(("<?", "<!--")) or not (rest or whole):
        raise _hostile("holds a part that begins with nothing but blanks or comments")
    if rest.startswith("<!"):
        raise InputRefused("a part of it declares a document type (DTD), which spreadsheets never do", ASK_SAVED_ANEW)


def _prolog_text(head: bytes, name: str) -> str | None:
    """The beginning of an XML part as text; None for a part that is not XML."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\0\0\0<", b"<\0\0\0", b"\x4c\x6f\xa7\x94", b"+/v")):
        raise _hostile("holds a part in an unusual encoding")
    if head.startswith((b"\xff\xfe", b"<\0")):
        return head.decode("utf-16-le", "replace")
    if head.startswith((b"\xfe\xff", b"\0<")):
        return head.decode("utf-16-be", "replace")
    is_xml = bool(XML_NAME.search(name)) or head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1] in (b"<", b"")
    if not is_xml:
        return None
    declared = DECLARED.match(head)
    if declared and not KNOWN_ENCODINGS.fullmatch(declared.group(1)):
        raise _hostile("holds a part in an unusual encoding")
    return head.decode("utf-8", "replace")


class _SheetCounter:
    """Counts the sheets that the main part lists, however its tags are prefixed and its text is cut into pieces."""

    def __init__(self, format: FileFormat) -> None:  # noqa: A002
        tag = rb"table" if format is FileFormat.ODS else rb"sheet"
        self._tag = re.compile(rb"<(?:[\w.-]+:)?" + tag + rb"[\s/>]")
        self._rest = b""
        self.count = 0

    def feed(self, piece: bytes) -> None:
        """Counts in the next piece."""
        # UTF-16 names are ASCII with a NUL beside each letter.
        text = self._rest + piece.replace(b"\0", b"")
        self.count += len(self._tag.findall(text))
        cut = text.rfind(b"<")
        self._rest = b"" if cut < 0 or b">" in text[cut:] or self._tag.match(text, cut) else text[cut:][:1024]


# --------------------------------------------------------------------------- what it is


@dataclass(frozen=True)
class _Main:
    format: FileFormat
    main: str
    """The lower-case name of the part that lists the sheets."""


def _contents(data: bytes, parts: list[_Part], limits: Limits) -> _Main:
    by_name = {part.name.lower(): part for part in parts}

    def control(name: str) -> bytes | None:
        part = by_name.get(name)
        if part is None:
            return None
        if part.size > min(CONTROL_BYTES, limits.part_bytes):
            raise _hostile("holds a table of contents of unusual size")
        _prove(data, part, None)
        return b"".join(_pieces(data, part))

    types = control("[content_types].xml")
    if types is not None:
        return _office_format(types, control("_rels/.rels"), by_name)
    mimetype = (control("mimetype") or b"").decode("ascii", "replace").strip().lower()
    manifest = control("meta-inf/manifest.xml") or b""
    return _open_document_format(mimetype, manifest, by_name)


def _office_format(types: bytes, relations: bytes | None, by_name: dict[str, _Part]) -> _Main:
    target = "xl/workbook.xml"
    for node in _children(relations or b"<none/>"):
        if str(node.get("Type", "")).endswith("/officeDocument"):
            target = str(node.get("Target", "")).lstrip("/")
    main = unquote(target).lower()
    declared: dict[str, dict[str, str]] = {"override": {}, "default": {}}
    for node in _children(types):
        kind = etree.QName(node).localname.lower()
        name = node.get("PartName" if kind == "override" else "Extension", "")
        declared.setdefault(kind, {})[unquote(name).lstrip("/").lower()] = node.get("ContentType", "").lower()
    extension = main.rpartition(".")[2]
    content_type = declared["override"].get(main) or declared["default"].get(extension, "")
    for ending, format_ in MAIN_PARTS:
        if content_type.endswith(ending) or ending + ";" in content_type:
            return _Main(_with_part(format_, main, by_name), main)
    for mark, name in OTHER_DOCUMENTS:
        if mark in content_type:
            raise InputRefused(f"it is {name}, not a spreadsheet", ASK_SPREADSHEET)
    if main.startswith("xl/"):
        return _Main(_with_part(FileFormat.XLSB if extension == "bin" else FileFormat.XLSX, main, by_name), main)
    raise InputRefused("it is an Office package, but no workbook", ASK_SPREADSHEET)


def _with_part(format_: FileFormat, main: str, by_name: dict[str, _Part]) -> FileFormat:
    if main not in by_name:
        raise InputRefused("it is damaged: the part that lists its sheets is missing", ASK_SAVED_ANEW)
    return format_


def _open_document_format(mimetype: str, manifest: bytes, by_name: dict[str, _Part]) -> _Main:
    if "encrypted-package" in by_name or b"encryption-data" in manifest:
        raise InputRefused("it is protected by a password (OpenDocument)", ASK_UNLOCKED)
    if mimetype.startswith(ODS_TYPE) or (not mimetype and ODS_TYPE.encode() in manifest):
        return _Main(_with_part(FileFormat.ODS, "content.xml", by_name), "content.xml")
    for mark, name in OTHER_DOCUMENTS:
        if mark in mimetype:
            raise InputRefused(f"it is {name}, not a spreadsheet", ASK_SPREADSHEET)
    if "index/document.iwa" in by_name or "index.zip" in by_name or "index.apxl" in by_name:
        hint = "Ask the sender to export it from Numbers as Excel (.xlsx)."
        raise InputRefused("it is an Apple Numbers (or Pages, Keynote) document", hint)
    hint = "Unpack it, look at what it holds, and give the spreadsheets themselves."
    raise InputRefused("it is a zip archive, not a spreadsheet", hint)


def _children(xml: bytes) -> list[Any]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return list(etree.fromstring(xml, parser))
    except etree.XMLSyntaxError as error:
        raise _damaged() from error
