"""The passages of a draft as one text: sentences, sections, and what is furniture (contents, page numbers, numbering).

A sentence may run over a line's end or a page break; a word or number cut there by a hyphen is whole again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sscbtool.core.neutral import INVISIBLE


class Role(StrEnum):
    """What a passage is, where the draft's format says so."""

    BODY = "body"
    HEADING = "heading"
    CONTENTS = "contents"
    ROW = "row"


@dataclass(frozen=True)
class Passage:
    """One line of a text draft, or one paragraph, heading or table row of a document."""

    text: str
    place: str
    """``line 12``, ``paragraph 40``, ``table 2, row 3``."""
    page: int | None = None
    role: Role = Role.BODY
    follows: bool = False
    """Whether it stands directly below the passage before it, without a blank line."""


CONTENTS = "in the table of contents"
NUMBERING = "numbers a heading or a list"
PAGE_NUMBER = "a page number"

_UNSEEN = re.compile(f"[{INVISIBLE}]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\((?:#|https?:|mailto:|/)[^()\s]{0,500}\)")
_CUT_WORD = re.compile(r"\w[-\u2010-\u2015]\Z")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]{0,3}\s+(?=[\"'“‘(\[]?[A-Z0-9£])")
_FINISHED = re.compile(r"[.!?:;][\"'”’)\]]{0,3}\s*\Z")
_ITEM = re.compile(r"\s*(?:[-•*‣▪◦●–]|\(?[0-9a-z]{1,2}[.)])\s")
_SECTION = re.compile(r"\s*#{0,6}\s*([0-9]{1,2}(?:\.[0-9]{1,2}){0,3})\.?\s+[^\sa-z]")
_OUTLINE = re.compile(
    r"\s*(?:#{1,6}\s*)?(?:[-•*]\s+)?(?:([0-9]{1,2}(?:\.[0-9]{1,2}){1,3})\.?(?=\s+[A-Z“\"'])|\(?[0-9]{1,2}[.)](?=\s))"
)
_PAGE_WORDED = re.compile(
    r"\s*(?:page\s+[0-9]{1,4}(?:\s*(?:of|/)\s*[0-9]{1,4})?|[0-9]{1,4}\s+of\s+[0-9]{1,4})\s*", re.IGNORECASE
)
_PAGE_BARE = re.compile(r"\s*[-–|]?\s*([0-9]{1,4})\s*[-–|]?\s*")
_LEADS_TO = re.compile(r"(?:\.{2,}|…|\s)\s*([0-9]{1,3})\s*\Z")
_LEADERS = re.compile(r"\.{3,}|…|\t")
_IN_TITLE = re.compile(r"\bcontents\b", re.IGNORECASE)
WRAPPED = 50
"""A line at least so long, with another directly below it, may go on there."""
LONGEST_HEADING = 120


@dataclass(frozen=True, eq=False)
class Prose:
    """A draft as one text, with the passage, sentence and section of every offset in it."""

    text: str
    passages: tuple[Passage, ...]
    starts: tuple[int, ...]
    """Where each passage begins in the text."""
    sentences: tuple[int, ...]
    """Where each sentence begins; a heading, a list item and a table row are sentences."""
    sections: tuple[tuple[int, str], ...]
    furniture: tuple[tuple[int, int, str], ...]
    """Start, end and reason of the stretches whose numbers claim nothing, ascending."""

    def passage_at(self, offset: int) -> int:
        """The index of the passage that holds an offset."""
        return bisect_right(self.starts, offset) - 1

    def sentence_at(self, offset: int) -> tuple[int, int]:
        """Start and end of the sentence that holds an offset."""
        k = bisect_right(self.sentences, offset)
        return self.sentences[k - 1], self.sentences[k] if k < len(self.sentences) else len(self.text)

    def section_at(self, offset: int) -> str:
        """The number, else the heading, of the section that holds an offset; empty before the first."""
        k = bisect_right(self.sections, offset, key=lambda section: section[0])
        return self.sections[k - 1][1] if k else ""

    def furniture_at(self, start: int, end: int) -> str | None:
        """Why what stands between two offsets is furniture; None where it is not."""
        k = bisect_right(self.furniture, start, key=lambda each: each[0]) - 1
        return self.furniture[k][2] if k >= 0 and end <= self.furniture[k][1] else None

    def is_page_number(self, passage: int) -> bool:
        """Whether a passage is a page number and nothing else."""
        return self.furniture_at(self.starts[passage], self.starts[passage]) == PAGE_NUMBER


def prose(passages: Iterable[Passage]) -> Prose:
    """The passages as one text, invisible characters and the marks of links taken out."""
    kept = tuple(tidied for each in passages if (tidied := _tidied(each)).text.strip())
    text, starts = _assembled(kept)
    ends = [*starts[1:], len(text)]
    contents = _contents(kept)
    sections = tuple(_sections(kept, starts, contents))
    headed = {start for start, label in sections if label[0].isdigit()}
    furniture = tuple(_furniture(kept, starts, ends, contents, headed))
    return Prose(text, kept, tuple(starts), tuple(_sentences(text, kept, starts)), sections, furniture)


def _tidied(passage: Passage) -> Passage:
    cut = passage.text.endswith("\u00ad")
    text = _LINK.sub(r"\1", _ESCAPED.sub(r"\1", _UNSEEN.sub("", passage.text)))
    return replace(passage, text=text + "\u00ad" if cut else text)


def _assembled(passages: Sequence[Passage]) -> tuple[str, list[int]]:
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    before = ""
    for passage in passages:
        text = passage.text.strip(" \r\n")
        if not parts:
            gap = ""
        elif before.endswith("\u00ad"):
            parts[-1], gap = parts[-1][:-1], ""
            length -= 1
        elif _CUT_WORD.search(before[-2:]) and re.match(r"[a-z0-9]", text):
            gap = ""
        else:
            gap = "\n" if passage.follows else "\n\n"
        starts.append(length + len(gap))
        parts += [gap, text] if gap else [text]
        length += len(gap) + len(text)
        before = text
    return "".join(parts), starts


def _sentences(text: str, passages: Sequence[Passage], starts: Sequence[int]) -> Iterator[int]:
    for k, passage in enumerate(passages):
        start, end = starts[k], starts[k + 1] if k + 1 < len(starts) else len(text)
        if k == 0 or not _goes_on(passages[k - 1], passage):
            yield start
        for found in _SENTENCE_END.finditer(text, start, end):
            if found.end() < end:
                yield found.end()


def _goes_on(before: Passage, passage: Passage) -> bool:
    """Whether a sentence runs on from one passage into the next: over a line's end, or over a page break."""
    if Role.ROW in (before.role, passage.role) or "\t" in before.text or "\t" in passage.text:
        return False
    if _ITEM.match(passage.text) or before.role is Role.HEADING or passage.role is Role.HEADING:
        return False
    if _FINISHED.search(before.text[-8:]):
        return False
    wraps = passage.follows and len(before.text) >= WRAPPED
    return wraps or passage.text.lstrip()[:1].islower()


def _sections(passages: Sequence[Passage], starts: Sequence[int], contents: set[int]) -> Iterator[tuple[int, str]]:
    """Numbered headings in the order of an outline; unnumbered ones where the draft's format marks them."""
    last: tuple[int, ...] = (0,)
    for k, (passage, start) in enumerate(zip(passages, starts, strict=True)):
        if k in contents or len(passage.text) > LONGEST_HEADING or "\t" in passage.text:
            continue
        numbered = _SECTION.match(passage.text)
        number = tuple(int(part) for part in numbered[1].split(".")) if numbered else ()
        if numbered and _comes_after(last, number) and not passage.text.rstrip().endswith("."):
            last = number
            yield start, numbered[1]
        elif passage.role is Role.HEADING and not numbered:
            yield start, passage.text.strip("# ")


def _comes_after(last: tuple[int, ...], number: tuple[int, ...]) -> bool:
    """Whether an outline may go from one number to the other: to the next beside or above it, or to its first child."""
    if number == (*last, 1):
        return True
    level = len(number)
    return level <= len(last) and number[:-1] == last[: level - 1] and number[-1] in (last[level - 1] + 1,)


def _contents(passages: Sequence[Passage]) -> set[int]:
    """Lines of a table of contents: they lead to page numbers that never go back, under such a title or by leaders."""
    found = {k for k, passage in enumerate(passages) if passage.role is Role.CONTENTS}
    run: list[int] = []
    page = 0
    for k, passage in enumerate([*passages, Passage("", "")]):
        leads = None if _PAGE_WORDED.fullmatch(passage.text) else _LEADS_TO.search(passage.text)
        if leads and int(leads[1]) >= page:
            run.append(k)
            page = int(leads[1])
            continue
        if len(run) >= 3 and _is_contents(passages, run):
            found.update(run)
        run, page = ([k], int(leads[1])) if leads else ([], 0)
    return found


def _is_contents(passages: Sequence[Passage], run: Sequence[int]) -> bool:
    titled = any(_IN_TITLE.search(passages[k].text) for k in range(max(0, run[0] - 3), run[0]))
    return titled or sum("..." in passages[k].text or "…" in passages[k].text for k in run) * 3 >= len(run)


def _furniture(
    passages: Sequence[Passage], starts: Sequence[int], ends: Sequence[int], contents: set[int], headed: set[int]
) -> Iterator[tuple[int, int, str]]:
    pages = _page_numbers(passages)
    for k, (passage, start, end) in enumerate(zip(passages, starts, ends, strict=True)):
        if k in contents:
            yield start, end, CONTENTS
        elif k in pages:
            yield start, end, PAGE_NUMBER
        elif numbered := _OUTLINE.match(passage.text.strip(" \r\n")):
            yield start, start + numbered.end(), NUMBERING
        elif start in headed and (numbered := _SECTION.match(passage.text.strip(" \r\n"))):
            yield start, start + numbered.end(1), NUMBERING


def _page_numbers(passages: Sequence[Passage]) -> set[int]:
    """Page numbers on lines of their own: worded, at a page's edge, or counting up one by one through the draft."""
    found = {k for k, passage in enumerate(passages) if _PAGE_WORDED.fullmatch(passage.text)}
    chain: list[int] = []
    for k, passage in enumerate(passages):
        bare = _PAGE_BARE.fullmatch(passage.text)
        if bare is None or passage.role is Role.ROW:
            continue
        around = {passages[j].page for j in (k - 1, k + 1) if 0 <= j < len(passages)}
        if passage.page is not None and around != {passage.page}:
            found.add(k)
        last = _PAGE_BARE.fullmatch(passages[chain[-1]].text) if chain else None
        if last and int(bare[1]) != int(last[1]) + 1:
            found.update(chain if len(chain) >= 3 else ())
            chain = []
        chain.append(k)
    found.update(chain if len(chain) >= 3 else ())
    return found
