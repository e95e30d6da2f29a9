"""The parts of a zipped workbook, inflated within bounds, and the one way XML is parsed here."""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from xml.parsers import expat

from sscbtool.core.model import Limits
from sscbtool.errors import InputRefused

SAVE_ANEW = "Ask for the workbook opened in its own program and saved again."
KNOWN_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ZIP_TROUBLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
"""What zipfile raises on archives that are cut short or made up."""
XML_BITE = 1 << 20
MOST_NAMES = 1_000
BINDING = re.compile(rb"""\sxmlns:([\w.-]+)\s*=\s*["']([^"']*)["']""")

StartTag = Callable[[str, dict[str, str]], None]
EndTag = Callable[[str], None]
Text = Callable[[str], None]


def broken(what: str) -> InputRefused:
    """The refusal of a workbook that is not whole; ``what`` is a clause of ours."""
    return InputRefused(what, SAVE_ANEW)


class Parts:
    """The parts of one zip by name; names match whatever their case, as the formats ask."""

    def __init__(self, data: bytes | memoryview, limits: Limits) -> None:
        self._limits = limits
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except ZIP_TROUBLE as error:
            message = "it is no whole workbook: its zip directory is broken"
            raise broken(message) from error
        self._names = {info.filename.lower(): info for info in self._zip.infolist()}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def ending(self, end: str) -> list[str]:
        """The names of the parts that end so, in lower case."""
        return [name for name in self._names if name.endswith(end)]

    def read(self, name: str) -> bytes:
        """One part inflated; InputRefused where it is missing, broken, packed in a strange way or beyond the limit."""
        info = self._names.get(name.lower())
        if info is None:
            message = "it is no whole workbook: one of its parts is missing"
            raise broken(message)
        if info.compress_type not in KNOWN_PACKING or info.flag_bits & 1:
            message = "a part of it is packed in a way that no spreadsheet program uses"
            raise broken(message)
        most = self._limits.part_bytes
        try:
            with self._zip.open(info) as stream:
                content = stream.read(most + 1)
        except ZIP_TROUBLE as error:
            message = "it is no whole workbook: one of its parts cannot be unpacked"
            raise broken(message) from error
        if len(content) > most:
            message = f"one of its parts unpacks to more than {most >> 20} MiB"
            raise broken(message)
        return content

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """What part ``name`` points to: id -> (last word of the relation's type, name of the part it points to)."""
        folder, file = posixpath.split(name)
        source = posixpath.join(folder, "_rels", file + ".rels")
        found: dict[str, tuple[str, str]] = {}
        if source not in self:
            return found

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag != "Relationship":
                return
            kind = attributes.get("Type", "").rsplit("/", 1)[-1]
            target = attributes.get("Target", "").replace("\\", "/")
            if attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
            found[attributes.get("Id", "")] = kind, target

        parse_xml(self.read(source), start=start)
        return found


def parse_xml(
    content: bytes,
    *,
    start: StartTag | None = None,
    end: EndTag | None = None,
    text: Text | None = None,
    namespaces: Mapping[str, str] | None = None,
) -> None:
    """Streams one document to the handlers; tags come by local name, attributes as they are written.

    With ``namespaces`` (address -> prefix), tags and attributes come as ``prefix:name`` whatever prefix the document
    gives them. Declarations of any kind are refused, so no entity can be declared, and nothing outside is ever
    fetched. InputRefused for XML that is not well formed.
    """
    if namespaces is not None and _prefixed_as_usual(content, namespaces):
        return _stream(expat.ParserCreate(), content, start, end, text)
    names = _Names(namespaces or {})
    local_start, local_end = start, end
    if start is not None and namespaces is None:
        local_start = _renamed_tags(start, names)
    elif start is not None:
        local_start = _renamed_all(start, names)
    if end is not None:
        local_end = _renamed_ends(end, names)
    separator = None if namespaces is None else " "
    return _stream(expat.ParserCreate(namespace_separator=separator), content, local_start, local_end, text)


def _renamed_tags(start: StartTag, names: _Names) -> StartTag:
    return lambda tag, attributes: start(names[tag], attributes)


def _renamed_all(start: StartTag, names: _Names) -> StartTag:
    return lambda tag, attributes: start(names[tag], {names[key]: value for key, value in attributes.items()})


def _renamed_ends(end: EndTag, names: _Names) -> EndTag:
    return lambda tag: end(names[tag])


def _prefixed_as_usual(content: bytes, namespaces: Mapping[str, str]) -> bool:
    """Whether all namespaces are bound on the root, those known to their usual prefixes: names then need no change."""
    begin = content.find(b"<", 1 if content[:2] != b"<?" else content.find(b"?>"))
    root = content[: content.find(b">", begin) + 1] if begin >= 0 else b""
    if b"encoding" in root and b"UTF-8" not in root:
        return False
    bound = dict(BINDING.findall(root))
    usual = {prefix.encode(): address.encode() for address, prefix in namespaces.items()}
    known = set(usual.values())
    return 0 < len(bound) == content.count(b"xmlns") and all(
        usual.get(prefix) == address if prefix in usual or address in known else True
        for prefix, address in bound.items()
    )


def _stream(
    parser: expat.XMLParserType, content: bytes, start: StartTag | None, end: EndTag | None, text: Text | None
) -> None:
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    is_final = True
    try:
        for begin in range(0, len(content), XML_BITE):
            parser.Parse(content[begin : begin + XML_BITE])
        parser.Parse(b"", is_final)
    except (expat.ExpatError, LookupError, ValueError) as error:
        message = "it is no whole workbook: one of its parts is not well-formed XML"
        raise broken(message) from error


class _Names(dict[str, str]):
    """Names as a document writes them -> names as the readers know them, each worked out once."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        super().__init__()
        self._namespaces = namespaces

    def __missing__(self, written: str) -> str:
        namespace, space, name = written.rpartition(" ")
        known = f"{self._namespaces.get(namespace, '')}:{name}" if space else written.rsplit(":", 1)[-1]
        if len(self) < MOST_NAMES:
            self[written] = known
        return known


def _refuse_declaration(*_: Any) -> None:
    message = "it declares a document type, which no spreadsheet program writes"
    raise broken(message)
