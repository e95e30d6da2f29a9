"""The parts of a zipped workbook, and changes to their XML that leave every byte they do not concern as it was.

Libraries that load a workbook and save it again lose what they do not know: pictures, charts, pivot tables, shapes,
newer kinds of conditional format. Here nothing is loaded: elements are found by their place in the bytes, and only
what changes is written anew.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")
_MADE = (2000, 1, 1, 0, 0, 0)
TRANSITIONAL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
MAIN = {
    TRANSITIONAL: "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    STRICT: "http://purl.oclc.org/ooxml/spreadsheetml/main",
}
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class Unfit(Exception):
    """A workbook that is not built as expected, so that it cannot be changed in place."""


@dataclass(slots=True)
class Element:
    """One element by its place in the bytes of its part."""

    tag: str
    """The local name."""
    written: str
    """The name as it is written, with its prefix."""
    attributes: dict[str, str]
    start: int
    body: int
    """Where its start tag ends."""
    close: int = 0
    """Where its end tag begins; ``body`` where it has none."""
    end: int = 0
    parent: Element | None = None

    @property
    def prefix(self) -> str:
        """``x:`` or nothing."""
        return self.written[: -len(self.tag)]

    def inside(self, *tags: str) -> bool:
        """Whether its ancestors, the nearest first, are these."""
        at = self.parent
        for tag in tags:
            if at is None or at.tag != tag:
                return False
            at = at.parent
        return True

    def attribute(self, name: str) -> str | None:
        """An attribute by its local name."""
        return next((value for key, value in self.attributes.items() if key.rpartition(":")[2] == name), None)


Edit = tuple[int, int, bytes]
"""From, to, and what stands there instead."""


def walk(
    content: bytes,
    opened: Callable[[Element], Any],
    closed: Callable[[Element], Any] | None = None,
    *,
    at: Callable[[int], int] = int,
) -> None:
    """Every element of a part, or of a piece of one, in order; Unfit where it is no well-formed XML.

    ``at`` says where in the part a byte of the piece stands.
    """
    open_elements: list[Element] = []
    empty: list[bool] = []

    def start(written: str, attributes: dict[str, str]) -> None:
        here = parser.CurrentByteIndex
        tag = TAG.match(content, here)
        if tag is None:
            raise Unfit
        parent = open_elements[-1] if open_elements else None
        place = at(here), at(tag.end() - 1) + 1
        element = Element(written.rpartition(":")[2], written, attributes, *place, parent=parent)
        open_elements.append(element)
        empty.append(tag[0].endswith(b"/>"))
        opened(element)

    def end(_: str) -> None:
        element = open_elements.pop()
        if empty.pop():
            element.close = element.end = element.body
        else:
            here = parser.CurrentByteIndex
            tag = TAG.match(content, here)
            if tag is None:
                raise Unfit
            element.close, element.end = at(here), at(tag.end() - 1) + 1
        if closed:
            closed(element)

    def refuse(*_: Any) -> None:
        raise Unfit

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = start, end, refuse
    whole = True
    try:
        parser.Parse(content, whole)
    except expat.ExpatError:
        raise Unfit from None


def elements(content: bytes) -> list[Element]:
    """All elements of a small part."""
    found: list[Element] = []
    walk(content, found.append)
    if not found:
        raise Unfit
    return found


def spliced(content: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with each edit made; of several at one place, in the order given."""
    pieces, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        if start < at:
            raise Unfit
        pieces += [content[at:start], new]
        at = end
    return b"".join((*pieces, content[at:]))


def appended(content: bytes, element: Element, new: bytes) -> list[Edit]:
    """The edits that put ``new`` last into an element; one that has no end tag is given one."""
    if element.close > element.body or content[element.body - 2 : element.body] != b"/>":
        return [(element.close, element.close, new)]
    tag = content[element.start : element.body - 2].rstrip() + b">"
    return [(element.start, element.body, tag + new + f"</{element.written}>".encode())]


def with_attributes(tag: bytes, *, drop: Iterable[str] = (), add: Mapping[str, str] | None = None) -> bytes:
    """A start tag without some attributes and with others."""
    add = add or {}
    names = "|".join((*drop, *add))
    tag = re.sub(rf"""\s(?:{names})\s*=\s*(?:"[^"]*"|'[^']*')""".encode(), b"", tag)
    closing = b"/>" if tag.endswith(b"/>") else b">"
    own = "".join(f" {name}={attribute(value)}" for name, value in add.items())
    return tag[: -len(closing)].rstrip() + own.encode() + closing


def attribute(value: str) -> str:
    """A quoted attribute value in ASCII."""
    return quoteattr(value, {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}).encode("ascii", "xmlcharrefreplace").decode()


def as_utf8(content: bytes) -> bytes:
    """A part as UTF-8, whatever Unicode it is in: places in the bytes are then places of characters in ASCII."""
    for mark, codec in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            text = re.sub(r"^\s*<\?xml[^>]*\?>", "", content.decode(codec))
            return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text.encode()
    return content


# --------------------------------------------------------------------------- the zip


@dataclass(frozen=True)
class Relation:
    """What a part points to."""

    id: str
    kind: str
    """The last word of its type."""
    target: str
    """The name of the part, or an address outside."""
    external: bool = False


class Package:
    """A workbook's parts by name, as they are and as they will be."""

    def __init__(self, data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            self._parts = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        self._names = {name.lower(): name for name in self._parts}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def names(self) -> list[str]:
        """The names of all parts."""
        return list(self._parts)

    def part(self, name: str) -> bytes:
        """One part; Unfit where there is none."""
        if name not in self:
            raise Unfit
        return as_utf8(self._parts[self._names[name.lower()]])

    def put(self, name: str, content: bytes) -> None:
        """Keep a part, new or changed."""
        self._parts[self._names.setdefault(name.lower(), name)] = content

    def drop(self, name: str) -> None:
        """Leave a part out, and what it points to with it unsaid."""
        for each in (name, _relations_of(name)):
            if each in self:
                del self._parts[self._names.pop(each.lower())]

    def free(self, pattern: str) -> str:
        """A name that no part has; ``{}`` in the pattern is a number."""
        return next(name for number in range(1, 100_000) if (name := pattern.format(number)) not in self)

    def relations(self, name: str) -> list[Relation]:
        """What a part points to."""
        where = _relations_of(name)
        if where not in self:
            return []
        found = []
        for element in elements(self.part(where)):
            if element.tag == "Relationship":
                target = element.attributes.get("Target", "").replace("\\", "/")
                external = element.attributes.get("TargetMode") == "External"
                if not external:
                    target = posixpath.normpath(posixpath.join("/" + posixpath.dirname(name), target)).lstrip("/")
                kind = element.attributes.get("Type", "").rpartition("/")[2]
                found.append(Relation(element.attributes.get("Id", ""), kind, target, external))
        return found

    def relate(self, name: str, kind: str, target: str) -> str:
        """Make a part point to another one; the relation's id."""
        where = _relations_of(name)
        if where not in self:
            self.put(where, f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{RELATIONS}"/>'.encode())
        taken = {relation.id.lower() for relation in self.relations(name)}
        own = next(f"rIdSscb{n}" for n in range(1, 100_000) if f"ridsscb{n}" not in taken)
        content = self.part(where)
        root = elements(content)[0]
        new = (
            f"<{root.prefix}Relationship Id={attribute(own)} Type={attribute(kind)} Target={attribute('/' + target)}/>"
        )
        self.put(where, spliced(content, appended(content, root, new.encode())))
        return own

    def unrelate(self, name: str, gone: Callable[[Relation], bool]) -> None:
        """Take relations of a part out."""
        where = _relations_of(name)
        ids = {relation.id for relation in self.relations(name) if gone(relation)}
        if ids:
            content = self.part(where)
            kept = [e for e in elements(content) if e.tag == "Relationship" and e.attributes.get("Id") in ids]
            self.put(where, spliced(content, [(e.start, e.end, b"") for e in kept]))

    def declare(self, types: Mapping[str, str], *, vml: bool = False) -> None:
        """Say the content types of parts, and take out those of parts that are no longer there."""
        content = self.part("[Content_Types].xml")
        found = elements(content)
        edits: list[Edit] = []
        for element in found:
            name = element.attributes.get("PartName", "").lstrip("/")
            if element.tag == "Override" and (name in types or name not in self):
                edits.append((element.start, element.end, b""))
        root = found[0]
        new = [
            f"<{root.prefix}Override PartName={attribute('/' + name)} ContentType={attribute(kind)}/>"
            for name, kind in types.items()
        ]
        defaults = {e.attributes.get("Extension", "").lower() for e in found if e.tag == "Default"}
        if vml and "vml" not in defaults:
            kind = "application/vnd.openxmlformats-officedocument.vmlDrawing"
            new.insert(0, f'<{root.prefix}Default Extension="vml" ContentType="{kind}"/>')
        self.put("[Content_Types].xml", spliced(content, [*edits, *appended(content, root, "".join(new).encode())]))

    def packed(self) -> bytes:
        """The zip, the same bytes for the same parts at any time."""
        out = io.BytesIO()
        first = ["[Content_Types].xml", *(name for name in self._parts if name != "[Content_Types].xml")]
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in first:
                archive.writestr(zipfile.ZipInfo(name, _MADE), self._parts[name], compress_type=zipfile.ZIP_DEFLATED)
        return out.getvalue()


def _relations_of(name: str) -> str:
    folder, file = posixpath.split(name)
    return posixpath.join(folder, "_rels", file + ".rels")
