"""What the columns are called: stacked header cells joined, footnote marks removed."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from sscbtool.core.locate.cells import Look, Vector
from sscbtool.core.locate.regions import UNIT, Region, Sheet
from sscbtool.core.model import ColumnHead

_NOTE = re.compile(r"\s*[(\[]\s*(?:see\s+)?(?:foot)?notes?:?\s*\d+(?:\s*(?:,|and|&)\s*\d+)*\s*[)\]]\s*$", re.IGNORECASE)
_NUMBERED = re.compile(r"\s*\[\s*(?:\d{1,2}|[a-z])(?:\s*,\s*(?:\d{1,2}|[a-z]))*\s*\]\s*$")
_BRACKETED = re.compile(r"(?:(?<=[a-z]{3})|(?<=[a-z]{3} )|(?<=\b(?:19|20)\d\d))\(\d{1,2}(?:,\s*\d{1,2})*\)\s*$")
_SIGNS = re.compile(r"\s*[*†‡§¹²³⁰⁴-⁹ᵃ-ᶻ]+(?:[,\s]*[¹²³⁰⁴-⁹])*(?=\s*[:)]?\s*$)")
_ATTACHED = re.compile(
    r"(?P<word>[A-Za-z](?:[A-Za-z'’\-]*[A-Za-z'’])?|\))(?P<mark>\d{1,2}(?:\s?,\s?\d{1,2})*)(?P<tail>\s*:?|\s+\([^()]*\))\s*$"
)
_ENUMERATED = frozenset(
    {
        "covid",
        "column",
        "col",
        "band",
        "class",
        "address",
        "line",
        "part",
        "week",
        "day",
        "year",
        "table",
        "mp",
        "level",
        *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "fy"),
    }
)
"""Words that a number belongs to: ``Apr18`` is a month of a year, and no ``Apr`` with a footnote."""
_YEAR_MARKED = re.compile(r"^((?:19|20)\d\d)\d$")


_LONG = 400
"""Texts longer than this are no names; they are not searched for marks."""


def clean_name(text: str, siblings: Iterable[str] = ()) -> str:
    """A header cell's text on one line without its footnote marks.

    ``siblings`` are the row's other cells: a digit that only tells them apart (``Address1``, ``Address2``) is no mark.
    """
    lines = [" ".join(line.split()) for line in re.split(r"[\r\n]+", text)]
    if len(text) > _LONG:
        return " ".join(line for line in lines if line)
    words = " " in " ".join(line for line in lines if line)
    cleaned = [_unmarked(line, siblings, words=words) for line in lines if line]
    return " ".join(line for line in cleaned if line)


def _unmarked(line: str, siblings: Iterable[str], *, words: bool) -> str:
    before = None
    while line != before:
        before = line
        for pattern in (_NOTE, _NUMBERED, _BRACKETED, _SIGNS):
            shorter = pattern.sub("", line)
            if shorter.strip():
                line = shorter.rstrip()
        line = _without_attached(line, siblings, words=words)
    return line


def _without_attached(line: str, siblings: Iterable[str], *, words: bool) -> str:
    """Drops digits glued to the last word (``Population2``) unless they are part of a name (``Q1``, ``COVID19``)."""
    found = _ATTACHED.search(line)
    if found is None:
        return line
    word, mark = found["word"], found["mark"]
    if any(int(n) > 30 or int(n) == 0 for n in re.findall(r"\d+", mark)):
        return line
    machine = not words and ("_" in line or line[0].islower() or re.search(r"[a-z][A-Z]", line) is not None)
    sentence = line.count(" ") >= 2 and word.islower()
    short = word != ")" and (len(word) < 3 or (word.isupper() and len(mark) > 1 and mark.isdigit()))
    if machine or (not sentence and (short or word.casefold() in _ENUMERATED)):
        return line
    stem = line[: found.start("mark")]
    others = re.compile(re.escape(stem) + r"\d{1,2}\s*:?$")
    if any(other != line and others.match(" ".join(other.split())) for other in siblings):
        return line
    return stem + found["tail"].rstrip()


def heads_of(sheet: Sheet, region: Region) -> tuple[ColumnHead, ...]:
    """The columns of a region with the names stacked above each."""
    rows = [_named_row(sheet, region, r, n, len(region.header)) for n, r in enumerate(region.header)]
    labels = ~region.valued
    heads = []
    for k, j in enumerate(region.columns.tolist()):
        path: list[str] = []
        for row in rows:
            name = row.get(k, "")
            if name and not (path and path[-1] == name):
                path = _joined(path, name)
        heads.append(ColumnHead(sheet.column(j), tuple(path)))
    return tuple(_without_axis(heads, labels))


def _joined(path: list[str], name: str) -> list[str]:
    """The stack with one more name under it; a bare unit joins the name above it."""
    if path and UNIT.match(name):
        unit = name if name.startswith("(") else f"({name})"
        return [*path[:-1], f"{path[-1]} {unit}"]
    return [*path, name]


def _named_row(sheet: Sheet, region: Region, r: int, depth: int, height: int) -> dict[int, str]:
    """Column position -> name for one header row, labels spread over the columns they belong to.

    A merged label may start over a spacer column, so every stored column between the region's edges is looked at.
    """
    across = np.arange(int(region.columns[0]), int(region.columns[-1]) + 1)
    cells = across[sheet.looks[r, across] != Look.BLANK].tolist()
    texts = {j: sheet.text(r, j) for j in cells}
    years = any(re.fullmatch(r"(?:19|20)\d\d", t) for t in texts.values())
    numbers = sheet.grid.columns[region.columns]
    areas = {j: sheet.area(r, j) for j in cells}
    merged = any(a is not None and a.right > a.left for a in areas.values())
    lower = _named_below(sheet, region, depth)
    named: dict[int, str] = {}
    for j, area in areas.items():
        name = clean_name(_year(texts[j], years=years), texts.values())
        if merged or depth == height - 1:
            right = area.right if area is not None else sheet.column(j)
            covered = np.flatnonzero((numbers >= sheet.column(j)) & (numbers <= right)).tolist()
        else:
            covered = _spread(region.columns, j, cells, lower)
        named.update(dict.fromkeys(covered, name))
    return named


def _year(text: str, *, years: bool) -> str:
    """``20144`` among years is 2014 with a footnote mark."""
    found = _YEAR_MARKED.match(text) if years else None
    return found[1] if found else text


def _named_below(sheet: Sheet, region: Region, depth: int) -> Vector:
    lower = np.zeros(len(region.columns), bool)
    for r in region.header[depth + 1 :]:
        lower |= sheet.looks[r, region.columns] != Look.BLANK
    return lower


def _spread(columns: Vector, j: int, cells: list[int], lower: Vector) -> list[int]:
    """The columns a label covers where nothing is merged: rightwards while they are named below, not in its row."""
    stop = next((c for c in cells if c > j), int(columns[-1]) + 1)
    covered = np.flatnonzero((columns >= j) & (columns < stop)).tolist()
    if not covered or not lower[covered[0]]:
        return covered[:1]
    end = next((n for n, k in enumerate(covered) if not lower[k]), len(covered))
    return covered[:end]


def _without_axis(heads: list[ColumnHead], labels: Vector) -> list[ColumnHead]:
    """Drops a name that stands over all the label columns only: it names the other axis of a crossed table."""
    firsts = [h.path[0] for h, label in zip(heads, labels, strict=True) if label and len(h.path) > 1]
    others = {h.path[0] for h, label in zip(heads, labels, strict=True) if not label and h.path}
    if len(firsts) < 2 or len(set(firsts)) != 1 or firsts[0] in others or len(firsts) != int(labels.sum()):
        return heads
    return [
        ColumnHead(h.number, h.path[1:]) if label and len(h.path) > 1 else h
        for h, label in zip(heads, labels, strict=True)
    ]
