"""Comments on cells: the part that holds their words, and the drawing that gives each a box large enough to be read.

A comment of the sender's own stays; ours then stands above it in the same box.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from sscbtool.core.faultlist import WORDS, Fault
from sscbtool.core.model import address
from sscbtool.core.neutral import printable
from sscbtool.render.annotated.parts import Edit, Element, Unfit, appended, attribute, elements, spliced
from sscbtool.render.annotated.sheet import Cell, Geometry

AUTHOR = "sscbtool"
OWN_BELOW = "\n\nYour own comment:\n"
_ABOVE = re.compile(r"^.*?sscbtool: (?:Error|Query|Note), [A-Z0-9-]+\s+Your own comment:\n", re.DOTALL)
"""What we put above a comment of the sender's own."""
_SIGNED = re.compile(r"sscbtool: (?:Error|Query|Note), [A-Z0-9-]+\s*$")
_CHARACTERS, _LEAST_LINES, _MOST_LINES = 40, 4, 22
_BOX_WIDTH, _LINE_HEIGHT = 290.0, 17.0
"""Pixels."""
_SHAPE = re.compile(rb"<(\w+:)?shape\b.*?</(?:\w+:)?shape>", re.DOTALL)
_SPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_SHAPE_ID = re.compile(rb"_x0000_s([0-9]+)")
_EMPTY_DRAWING = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    b'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/>'
    b'</o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
    b'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" '
    b'o:connecttype="rect"/></v:shapetype></xml>'
)


def words(faults: Iterable[Fault]) -> str:
    """What a comment says of one cell: for each fault the remedy first, then what is wrong, the code last."""
    return "\n\n".join(
        f"{printable(f.fix)}\n{printable(f.message)}\nsscbtool: {WORDS[f.severity]}, {f.code}" for f in faults
    )


def with_comments(existing: bytes | None, comments: Mapping[Cell, str], main: str) -> bytes:
    """The part with these comments in it; ours of an earlier round are taken out."""
    content = existing or (
        f'<?xml version="1.0" encoding="UTF-8"?><comments xmlns="{main}"><authors/><commentList/></comments>'.encode()
    )
    found = elements(content)
    authors, listed = (next((e for e in found if e.tag == tag), None) for tag in ("authors", "commentList"))
    if authors is None or listed is None:
        raise Unfit
    p, edits, left = found[0].prefix, list[Edit](), dict(comments)
    own = sum(e.parent is authors for e in found)
    children: dict[int, list[Element]] = {}
    for element in found:
        children.setdefault(element.parent.start if element.parent else -1, []).append(element)
    for comment in (e for e in children.get(listed.start, ()) if e.tag == "comment"):
        plain = _text(content[comment.start : comment.end])
        if _SIGNED.search(plain):
            edits.append((comment.start, comment.end, b""))
            continue
        place = place_of(comment.attributes.get("ref", ""))
        text = next((e for e in children.get(comment.start, ()) if e.tag == "text"), None)
        if text is None:
            continue
        inner = children.get(text.start, [])
        runs = [e for e in inner if e.tag == "r"]
        new = _run(p, left.pop(place) + OWN_BELOW) if place in left else b""
        if _ABOVE.search(plain):
            if runs and _ABOVE.fullmatch(_text(content[runs[0].start : runs[0].end])):
                edits.append((runs[0].start, runs[0].end, new))
            else:  # a program has run all of it together
                theirs = escape(_ABOVE.sub("", plain, count=1))
                rest = f'<{p}r><{p}t xml:space="preserve">{theirs}</{p}t></{p}r>'
                edits.append((text.body, text.close, new + rest.encode("ascii", "xmlcharrefreplace")))
        elif new:
            bare = next((e for e in inner if e.tag == "t"), None)
            if bare is not None:  # a text without runs is made one
                edits.append((bare.start, bare.start, new + f"<{p}r>".encode()))
                edits.append((bare.end, bare.end, f"</{p}r>".encode()))
            else:
                edits.append((text.body, text.body, new))
    added = "".join(
        f'<{p}comment ref="{address(*place)}" authorId="{own}"><{p}text>{_run(p, said).decode()}</{p}text></{p}comment>'
        for place, said in sorted(left.items())
    )
    edits += appended(content, authors, f"<{p}author>{AUTHOR}</{p}author>".encode())
    edits += appended(content, listed, added.encode())
    return spliced(content, edits)


def with_boxes(existing: bytes | None, comments: Mapping[Cell, str], places: set[Cell], shown: Geometry) -> bytes:
    """The drawing with a box for each of our comments; boxes of comments that are gone are taken out.

    A box that held a comment of the sender's alone makes way for one that is large enough for both. ``places`` are
    the cells that have a comment in the end. Such drawings are often no well-formed XML: they are changed as text.
    """
    content = existing or _EMPTY_DRAWING

    def kept(shape: re.Match[bytes]) -> bytes:
        row, column = (re.search(rb"<(?:\w+:)?%s>\s*([0-9]+)\s*</" % n, shape[0]) for n in (b"Row", b"Column"))
        if b'ObjectType="Note"' not in shape[0] or row is None or column is None:
            return shape[0]
        place = int(row[1]) + 1, int(column[1]) + 1
        return shape[0] if place in places and place not in comments else b""

    content = _SHAPE.sub(kept, content)
    at = content.rfind(b"</xml>")
    if at < 0:
        raise Unfit
    last = max((int(each) for each in _SHAPE_ID.findall(content)), default=1024)
    shapes = [_box(last + n, place, comments[place], shown) for n, place in enumerate(sorted(comments), 1)]
    types = b""
    if b"_x0000_t202" not in content:
        types = _EMPTY_DRAWING[_EMPTY_DRAWING.index(b"<v:shapetype") : -6]
        types = types.replace(b"<v:shapetype", b"<v:shapetype " + _SPACES.encode(), 1)
    return content[:at] + types + "".join(shapes).encode() + content[at:]


def refs(content: bytes, tag: str = "comment") -> set[Cell]:
    """The cells that have a comment, or a conversation."""
    found = (e.attributes.get("ref", "") for e in elements(content) if e.tag == tag)
    return {place for ref in found if (place := place_of(ref))}


def place_of(ref: str) -> Cell | None:
    """``B7`` as row and column; None for anything else."""
    found = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", ref)
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column


def _text(raw: bytes) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", raw.decode("utf-8", "replace")))


def _run(p: str, text: str) -> bytes:
    first, _, rest = text.partition("\n")
    look = f'<{p}sz val="9"/><{p}rFont val="Arial"/>'
    runs = f'<{p}r><{p}rPr><{p}b/>{look}</{p}rPr><{p}t xml:space="preserve">{escape(first)}\n</{p}t></{p}r>'
    if OWN_BELOW in text:  # one run, so that it is known again
        runs, rest = "", text
    runs += f'<{p}r><{p}rPr>{look}</{p}rPr><{p}t xml:space="preserve">{escape(rest)}</{p}t></{p}r>'
    return runs.encode("ascii", "xmlcharrefreplace")


def _box(number: int, place: Cell, text: str, shown: Geometry) -> str:
    """One box to the right of its cell, as wide as a short line of text and as high as the text needs."""
    row, column = place
    lines = sum(1 + len(line) // _CHARACTERS for line in text.split("\n"))
    height = _LINE_HEIGHT * (max(_LEAST_LINES, min(lines, _MOST_LINES)) + 0.8)
    top = max(row - 2, 0)
    left_to, dx = _reach(column, 12 + _BOX_WIDTH, lambda n: shown.width(n + 1) * 7 + 5)
    down_to, dy = _reach(top, 6 + height, lambda n: shown.rows.get(n + 1, shown.default_height) * 4 / 3)
    box = f"{column}, 12, {top}, 6, {left_to}, {dx}, {down_to}, {dy}"
    size = f"width:{_BOX_WIDTH * 0.75:.0f}pt;height:{height * 0.75:.0f}pt;z-index:{number - 1024}"
    style = f"position:absolute;margin-left:80pt;margin-top:2pt;{size};visibility:hidden"
    return (
        f'<v:shape {_SPACES} id="_x0000_s{number}" type="#_x0000_t202" style={attribute(style)} fillcolor="#ffffe1" '
        'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>'
        '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
        '</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{box}</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row>"
        f"<x:Column>{column - 1}</x:Column></x:ClientData></v:shape>"
    )


def _reach(start: int, pixels: float, size: object) -> tuple[int, int]:
    """The column or row, from 0, at which a length ends, and how far into it."""
    at = start
    while pixels > (own := size(at)) and at < start + 400:  # type: ignore[operator]
        pixels -= own
        at += 1
    return at, int(pixels)
