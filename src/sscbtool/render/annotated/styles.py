"""How a marked cell looks: the cell's own style with a fill and a border that tell how grave the fault is.

The border says it without colour: thick for an error, dashed for a query, dotted for a note.
"""

from __future__ import annotations

import re

from sscbtool.core.model import Severity
from sscbtool.render.annotated.parts import Element, Unfit, appended, elements, spliced, with_attributes

FILLS = {Severity.ERROR: "FFFCD7D1", Severity.QUERY: "FFFFEEBA", Severity.WARNING: "FFE3E8EE"}
INK = {Severity.ERROR: "FF9C1F0F", Severity.QUERY: "FF7A5901", Severity.WARNING: "FF4A5A6B"}
LINES = {Severity.ERROR: "thick", Severity.QUERY: "mediumDashed", Severity.WARNING: "dotted"}
EMPTY = (
    '<?xml version="1.0" encoding="UTF-8"?><styleSheet xmlns="{main}"><fonts count="1"><font><sz val="11"/>'
    '<name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill>'
    '<patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/>'
    '<diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    '</cellStyleXfs><cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_FONTS = (
    '<{p}font><{p}sz val="10"/><{p}name val="Arial"/></{p}font>',
    '<{p}font><{p}b/><{p}sz val="14"/><{p}name val="Arial"/></{p}font>',
    '<{p}font><{p}b/><{p}sz val="10"/><{p}name val="Arial"/></{p}font>',
    '<{p}font><{p}u/><{p}sz val="10"/><{p}color rgb="FF0B4F9E"/><{p}name val="Arial"/></{p}font>',
)
PLAIN, TITLE, BOLD, LINK = range(4)


class StyleBook:
    """The styles of a workbook, and those that are added to them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        found = elements(content)
        self._lists = {tag: _only(found, tag) for tag in ("fonts", "fills", "borders", "cellXfs")}
        of = {tag: [e for e in found if e.parent is own] for tag, own in self._lists.items()}
        self._counts = {tag: len(children) for tag, children in of.items()}
        self._xfs = [content[e.start : e.end] for e in of["cellXfs"]]
        self._prefix = self._lists["cellXfs"].prefix
        self._new: dict[str, list[bytes]] = {tag: [] for tag in self._lists}
        self._known: dict[tuple[int, Severity], int] = {}
        self.marked_before = self._marks_of_before(of)
        """Our styles of an earlier round -> the same without the mark."""
        p = self._prefix
        self._fonts = [self._add("fonts", font.format(p=p)) for font in _FONTS]
        self._fills = {s: self._add("fills", _fill(p, colour)) for s, colour in FILLS.items()}
        self._borders = {s: self._add("borders", _border(p, LINES[s], INK[s])) for s in LINES}
        self._box = self._add("borders", _border(p, "thin", "FFC8C8C8"))
        self._head = self._add("fills", _fill(p, "FFD9E2EC"))

    def marked(self, style: int, severity: Severity) -> int:
        """The style ``style`` with the mark of a severity."""
        style = self.marked_before.get(style, style)
        if style >= len(self._xfs):
            style = 0
        if (style, severity) not in self._known:
            own = {"fillId": self._fills[severity], "borderId": self._borders[severity]}
            self._known[style, severity] = self._add("cellXfs", _changed(self._xfs[style], own))
        return self._known[style, severity]

    def own(self, font: int, *, boxed: bool = False, head: bool = False, severity: Severity | None = None) -> int:
        """A style for our own sheet."""
        p = self._prefix
        fill = self._fills[severity] if severity else self._head if head else 0
        border = self._borders[severity] if severity else self._box if boxed else 0
        wrapped = f'<{p}alignment vertical="top" wrapText="1"/>' if boxed else f'<{p}alignment vertical="top"/>'
        return self._add(
            "cellXfs",
            f'<{p}xf numFmtId="0" fontId="{self._fonts[font]}" fillId="{fill}" borderId="{border}" xfId="0" '
            f'applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">{wrapped}</{p}xf>',
        )

    def written(self) -> bytes:
        """The styles part with what was added."""
        edits = []
        for tag, element in self._lists.items():
            added = appended(self._content, element, b"".join(self._new[tag]))
            start = self._content[element.start : element.body]
            if start.endswith(b"/>"):
                raise Unfit
            start = with_attributes(start, add={"count": str(self._counts[tag])})
            edits += [(element.start, element.body, start), *added]
        return spliced(self._content, edits)

    def _add(self, tag: str, new: str | bytes) -> int:
        self._new[tag].append(new.encode() if isinstance(new, str) else new)
        self._counts[tag] += 1
        return self._counts[tag] - 1

    def _marks_of_before(self, of: dict[str, list[Element]]) -> dict[int, int]:
        """What an earlier round left: told by both its fill and its border, in colours that nobody else uses."""
        fills = {n for n, e in enumerate(of["fills"]) if _has_colour(self._content[e.start : e.end], FILLS.values())}
        borders = {n for n, e in enumerate(of["borders"]) if _has_colour(self._content[e.start : e.end], INK.values())}
        before = {}
        for number, element in enumerate(of["cellXfs"]):
            ids = (element.attributes.get("fillId", "0"), element.attributes.get("borderId", "0"))
            if int(ids[0]) in fills and int(ids[1]) in borders:
                self._xfs[number] = _changed(self._xfs[number], {"fillId": 0, "borderId": 0})
                before[number] = self._add("cellXfs", self._xfs[number])
                self._xfs += [b""] * (before[number] + 1 - len(self._xfs))
                self._xfs[before[number]] = self._xfs[number]
        return before


def _only(found: list[Element], tag: str) -> Element:
    element = next((e for e in found if e.tag == tag and e.inside("styleSheet")), None)
    if element is None:
        raise Unfit
    return element


def _changed(xf: bytes, ids: dict[str, int]) -> bytes:
    """A style with another fill and border."""
    body = xf.index(b">") + 1
    own = {name: str(value) for name, value in ids.items()} | {"applyFill": "1", "applyBorder": "1"}
    return with_attributes(xf[:body], add=own) + xf[body:]


def _fill(p: str, colour: str) -> str:
    inner = f'<{p}fgColor rgb="{colour}"/><{p}bgColor indexed="64"/>'
    return f'<{p}fill><{p}patternFill patternType="solid">{inner}</{p}patternFill></{p}fill>'


def _border(p: str, line: str, colour: str) -> str:
    sides = "".join(
        f'<{p}{side} style="{line}"><{p}color rgb="{colour}"/></{p}{side}>'
        for side in ("left", "right", "top", "bottom")
    )
    return f"<{p}border>{sides}<{p}diagonal/></{p}border>"


def _has_colour(raw: bytes, colours: object) -> bool:
    return bool(re.search("|".join(colour[2:] for colour in colours), raw.decode("latin-1").upper()))  # type: ignore[attr-defined]
