"""A draft report (docx, Markdown or plain text) -> its passages in order, with their places.

A Word document is a zip of XML and is opened as warily as a partner's workbook: bounded parts, no document type, no
entities, no network. Its page headers, page numbers, comments and struck-out changes are not the report's text and are
left out. Judges nothing of what the draft says.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from lxml import etree

from sscbtool.core.model import Limits
from sscbtool.core.proof import Passage, Role
from sscbtool.errors import InputRefused

CHARACTERS = 1_000_000
"""More text than any annual report has; what is beyond it is no draft."""
PASSAGES = 50_000
PART_BYTES = 64 << 20
PARTS = 4_000
RATIO = 200
RATIO_FROM = 1 << 20
PIECE = 256 << 10
TEXT_NAMES = frozenset({".txt", ".text", ".md", ".markdown"})

ASK_DOCX = "Save it as a Word document (.docx), plain text or Markdown, and try again."
ASK_SAVED_ANEW = "Open it in Word and save it again as a Word Document (.docx)."


def read_draft(data: bytes, suffix: str, limits: Limits) -> tuple[str, tuple[Passage, ...]]:
    """The format of a draft, ``docx``, ``md`` or ``txt``, and its passages.

    Args:
        data: the file's bytes.
        suffix: how its name ends; tells Markdown from plain text only.
        limits: what a file may cost.

    Raises:
        InputRefused: it is no draft that can be read; the sentence says why and what would do.
    """
    if data.startswith(b"PK"):
        return "docx", tuple(_bounded(_docx(data, limits)))
    if data.startswith(b"%PDF-"):
        raise InputRefused("it is a PDF", ASK_DOCX)
    if data.startswith((b"\xd0\xcf\x11\xe0", b"{\\rtf")):
        raise InputRefused("it is a document of an older format, or one protected by a password", ASK_DOCX)
    text = _decoded(data)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if suffix.lower() in (".md", ".markdown"):
        return "md", tuple(_bounded(_markdown(lines)))
    return "txt", tuple(_bounded(_plain(lines)))


def _bounded(passages: Iterator[Passage]) -> Iterator[Passage]:
    length = 0
    for count, passage in enumerate(passages):
        length += len(passage.text)
        if length > CHARACTERS or count > PASSAGES:
            raise InputRefused("it holds more text than a report", "Give the report alone, without its annexes.")
        yield passage


# --------------------------------------------------------------------------- text


def _decoded(data: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as fault:
                raise InputRefused("its text is damaged", ASK_DOCX) from fault
    if b"\0" in data:
        raise InputRefused("it is neither a Word document nor text", ASK_DOCX)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _plain(lines: list[str]) -> Iterator[Passage]:
    """Each line that is not blank; a form feed begins a page."""
    paged = any("\f" in line for line in lines)
    page, blank = 1, True
    for number, line in enumerate(lines, start=1):
        for k, part in enumerate(line.split("\f")):
            page += k > 0
            if part.strip():
                role = Role.ROW if "\t" in part.strip() else Role.BODY
                yield Passage(part, f"line {number}", page if paged else None, role, follows=not blank and not k)
            blank = not part.strip() or k > 0


_FENCE = re.compile(r"\s*(?:```|~~~)")
_RULE = re.compile(r"\s*(?:[-*_]\s*){3,}\Z|\s*\|?[\s:|-]*-[\s:|-]*\|[\s:|-]*\Z")
_COMMENT = re.compile(r"<!--.{0,5000}?-->")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,1000}(?:\s\"[^\"]{0,200}\")?\)")
_EMPHASIS = re.compile(r"(?<![\w*_])[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?![\w*_])|~~|`")


def _markdown(lines: list[str]) -> Iterator[Passage]:
    """Headings, paragraphs, list items and table rows, without their marks; code and comments are not read as text."""
    blank, fenced = True, False
    for number, line in enumerate(lines, start=1):
        if _FENCE.match(line):
            fenced = not fenced
            continue
        text = _EMPHASIS.sub("", _LINK.sub(r"\1", _TAG.sub("", _COMMENT.sub("", line[:PIECE])))).strip()
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*\Z", text)
        if not fenced and text and not _RULE.match(line[:2000]):
            if heading:
                yield Passage(heading[1], f"line {number}", role=Role.HEADING)
            elif text.startswith("|"):
                cells = "\t".join(cell.strip() for cell in text.strip("|").split("|"))
                yield Passage(cells, f"line {number}", role=Role.ROW, follows=not blank)
            else:
                yield Passage(text, f"line {number}", follows=not blank)
        blank = not text or heading is not None


# --------------------------------------------------------------------------- Word


def _docx(data: bytes, limits: Limits) -> Iterator[Passage]:
    """Paragraphs and table rows of the document, then its notes."""
    if len(data) > limits.file_bytes:
        raise InputRefused(f"it is larger than {limits.file_bytes >> 20} MiB", "Give it without its pictures.")
    parts = _Parts(data, limits)
    main = parts.main()
    if main is None:
        raise InputRefused("it is a zip archive, but no Word document", ASK_DOCX)
    yield from _Document(parts.xml(main)).passages()
    folder = main.rpartition("/")[0]
    for name, what in (("footnotes.xml", "footnote"), ("endnotes.xml", "endnote")):
        part = f"{folder}/{name}".lstrip("/")
        if part in parts:
            yield from _notes(parts.xml(part), what)


class _Parts:
    """The parts of a zip container that may be read."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            entries = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as fault:
            raise _damaged() from fault
        names = [entry.filename for entry in entries]
        if len(entries) > PARTS or len({name.casefold() for name in names}) < len(names):
            raise InputRefused("its zip container holds too many parts, or two of one name", ASK_SAVED_ANEW)
        if any(name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) for name in names):
            raise InputRefused("a part of it is named to lie outside of it", ASK_SAVED_ANEW)
        if any(entry.flag_bits & 0x1 for entry in entries):
            raise InputRefused("it is protected by a password", "Save a copy without a password.")
        if sum(entry.file_size for entry in entries) > limits.inflated_bytes:
            raise InputRefused("it unpacks to more than a document does", ASK_SAVED_ANEW)
        self._entries = dict(zip(names, entries, strict=True))

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def main(self) -> str | None:
        """The name of the part that holds the document's text; None where it is no Word document."""
        if "[Content_Types].xml" not in self:
            return None
        for override in self.xml("[Content_Types].xml"):
            kind = str(override.get("ContentType", "")).lower()
            name = str(override.get("PartName", "")).lstrip("/")
            if ("wordprocessingml" in kind or "ms-word" in kind) and ".main+xml" in kind and name in self:
                return name
        return None

    def xml(self, name: str) -> Any:
        """The root element of a part.

        Raises:
            InputRefused: it is too large, damaged, or declares a document type.
        """
        entry = self._entries[name]
        packed = max(entry.compress_size, 1)
        if entry.file_size > PART_BYTES or (entry.file_size > RATIO_FROM and entry.file_size > RATIO * packed):
            raise InputRefused("a part of it unpacks to more than a document does", ASK_SAVED_ANEW)
        target = _NoDoctype()
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
            remove_pis=True,
        )  # fmt: skip
        read = 0
        try:
            with self._zip.open(entry) as part:
                while piece := part.read(PIECE):
                    read += len(piece)
                    if read > PART_BYTES:
                        raise InputRefused("a part of it unpacks to more than a document does", ASK_SAVED_ANEW)
                    target.feed(piece)
                    parser.feed(piece)
            root = parser.close()
        except (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, NotImplementedError, EOFError, OSError) as fault:
            raise _damaged() from fault
        if root.getroottree().docinfo.internalDTD is not None:
            raise _doctype()
        return root


class _NoDoctype:
    """Looks through the beginning of a part for a document type, before the parser meets it."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Refuse the part if a document type stands here."""
        text = (self._rest + piece).replace(b"\0", b"")
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise _doctype()
        self._rest = text[-16:]


def _damaged() -> InputRefused:
    return InputRefused("it is damaged: its parts cannot be read", ASK_SAVED_ANEW)


def _doctype() -> InputRefused:
    return InputRefused("a part of it declares a document type (DTD), which Word never does", ASK_SAVED_ANEW)


_SKIPPED = frozenset({"del", "moveFrom", "delText", "instrText", "delInstrText", "Fallback", "commentReference", "rPr"})
"""What is not, or no longer, the document's text; a shape's text stands twice, and is read once."""
_ON_OFF = {"0", "false", "off", "none"}
DEPTH = 200


class _Document:
    """Walks a document's body and keeps the place."""

    def __init__(self, root: Any) -> None:
        self._body = next((child for child in root if _local(child) == "body"), root)
        self._page = 1
        self._paged = any(_local(each) in ("lastRenderedPageBreak",) for each in root.iter(etree.Element))
        self._paragraph = 0
        self._table = 0

    def passages(self) -> Iterator[Passage]:
        """Each paragraph and each table row that holds text."""
        yield from self._blocks(self._body, 0)

    def _blocks(self, parent: Any, depth: int) -> Iterator[Passage]:
        if depth > DEPTH:
            raise InputRefused("its parts are nested deeper than a document's are", ASK_SAVED_ANEW)
        for child in parent:
            match _local(child):
                case "p":
                    yield from self._of_paragraph(child)
                case "tbl":
                    self._table += 1
                    yield from self._rows(child, self._table)
                case name if name in _SKIPPED:
                    continue
                case _:
                    yield from self._blocks(child, depth + 1)

    def _of_paragraph(self, paragraph: Any) -> Iterator[Passage]:
        self._paragraph += 1
        text, breaks = _text_of(paragraph)
        before = text.partition("\f")[0]
        # A break within a paragraph's text puts its beginning on the page before.
        page = self._page if before.strip() else self._page + min(breaks, 1)
        self._page += breaks
        if text.replace("\f", "").strip():
            place = f"paragraph {self._paragraph}"
            yield Passage(text.replace("\f", " "), place, page if self._paged else None, _role(paragraph))
        for box in _boxes(paragraph):
            yield from self._blocks(box, 1)

    def _rows(self, table: Any, number: int) -> Iterator[Passage]:
        for k, row in enumerate(_own(table, "tr"), start=1):
            cells = list(_own(row, "tc"))
            texts = []
            for cell in cells:
                parts = [_text_of(each) for each in _own(cell, "p")]
                self._page += sum(breaks for _, breaks in parts)
                texts.append(" ".join(text.replace("\f", " ").strip() for text, _ in parts).strip())
            if any(texts):
                place = f"table {number}, row {k}"
                yield Passage("\t".join(texts), place, self._page if self._paged else None, Role.ROW, follows=k > 1)
            for nested in (each for cell in cells for each in _own(cell, "tbl")):
                self._table += 1
                yield from self._rows(nested, self._table)


def _own(parent: Any, name: str) -> Iterator[Any]:
    """The parts of that name below ``parent``, not those of a table within."""
    for child in parent:
        if _local(child) == name:
            yield child
        elif _local(child) != "tbl" and _local(child) not in _SKIPPED:
            yield from _own(child, name)


def _notes(root: Any, what: str) -> Iterator[Passage]:
    for note in root:
        if note.get(_attribute(note, "type")) in ("separator", "continuationSeparator", "continuationNotice"):
            continue
        text = " ".join(_text_of(each)[0].replace("\f", " ") for each in note if _local(each) == "p")
        if text.strip():
            yield Passage(text, f"{what} {note.get(_attribute(note, 'id')) or '?'}")


def _text_of(paragraph: Any) -> tuple[str, int]:
    """A paragraph's text with a form feed where a page breaks, and how many pages break in it."""
    parts: list[str] = []
    _gather(paragraph, parts, 0)
    text = "".join(parts)
    return text, text.count("\f")


def _gather(parent: Any, parts: list[str], depth: int) -> None:
    if depth > DEPTH:
        raise InputRefused("its parts are nested deeper than a document's are", ASK_SAVED_ANEW)
    for child in parent:
        name = _local(child)
        if name in _SKIPPED or name in ("txbxContent", "pPr", "pict", "object") or (name == "r" and _is_hidden(child)):
            continue
        if name == "t":
            parts.append(child.text or "")
        elif name in _MARKS:
            parts.append(_MARKS[name])
        elif name == "br":
            parts.append("\n" if child.get(_attribute(child, "type")) != "page" else "")
        elif name == "lastRenderedPageBreak":
            parts.append("\f")
        else:
            _gather(child, parts, depth + 1)


_MARKS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "", "ptab": "\t"}


def _boxes(paragraph: Any) -> Iterator[Any]:
    """The contents of text boxes that hang on a paragraph, each once."""
    for box in paragraph.iter(etree.Element):
        if _local(box) == "txbxContent" and not any(_local(up) in _SKIPPED for up in box.iterancestors()):
            yield box


def _is_hidden(run: Any) -> bool:
    for properties in run:
        if _local(properties) == "rPr":
            marks = [each for each in properties if _local(each) == "vanish"]
            return bool(marks) and str(marks[0].get(_attribute(marks[0], "val"), "true")).lower() not in _ON_OFF
    return False


def _role(paragraph: Any) -> Role:
    for properties in paragraph:
        if _local(properties) == "pPr":
            for style in properties:
                if _local(style) == "pStyle":
                    name = str(style.get(_attribute(style, "val"), "")).casefold().replace(" ", "")
                    if name.startswith("toc") and name != "tocheading":
                        return Role.CONTENTS
                    return Role.HEADING if name.startswith(("heading", "title", "tocheading")) else Role.BODY
    return Role.BODY


def _local(element: Any) -> str:
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def _attribute(element: Any, name: str) -> str:
    """An attribute's name in its element's own namespace, whichever of the two that is."""
    namespace = etree.QName(element).namespace
    return f"{{{namespace}}}{name}" if namespace else name
