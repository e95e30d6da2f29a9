"""Names that drift within a draft: an abbreviation one letter off the one that is meant, a name spelled in two ways."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sscbtool.core.proof.prose import Prose

_ABBREVIATION = re.compile(r"\b[A-Z]{3,8}(?=s?\b)(?![\w@])")
_DEFINED = re.compile(r"\(\s?([A-Z]{3,8})s?\s?\)")
_WORD = r"[A-Z][\w]*(?:[’'](?:s\b)?)?"
_NAME = re.compile(rf"\b{_WORD}(?:\s{_WORD}|\s(?:and|of|for|the|&)\s{_WORD}){{1,8}}")
_BODIES = frozenset(
    ("board", "partnership", "panel", "group", "subgroup", "committee", "team", "service", "forum", "hub", "network")
)
TOGETHER = re.compile(r"\bjoint(?:ly)?\b", re.IGNORECASE)
TIMES = 2
"""How many times as often the name that is meant stands in the section."""


@dataclass(frozen=True)
class Drift:
    """A name that seems to be meant for another."""

    place: str
    page: int | None
    section: str
    name: str
    meant: str
    reason: str


def drifting(draft: Prose, bodies: Collection[str]) -> Iterator[Drift]:
    """Abbreviations, then names in words, that differ by little from the one that prevails.

    Args:
        draft: the draft.
        bodies: abbreviations of the boards that the report is about; one of them is never excused as a name of its own.
    """
    yield from _abbreviations(draft, bodies)
    yield from _names(draft)


def _abbreviations(draft: Prose, bodies: Collection[str]) -> Iterator[Drift]:
    places: defaultdict[str, list[re.Match[str]]] = defaultdict(list)
    for found in _ABBREVIATION.finditer(draft.text):
        places[draft.section_at(found.start())].append(found)
    defined = set(_DEFINED.findall(draft.text))
    for section, uses in places.items():
        counts = Counter(use[0] for use in uses)
        suspect: defaultdict[tuple[str, str], list[re.Match[str]]] = defaultdict(list)
        for use in uses:
            for other in counts:
                own_name = use[0] in defined and other not in bodies
                if not own_name and _one_letter_apart(use[0], other) and not _mentions(draft, use, other):
                    suspect[use[0], other].append(use)
        for (name, meant), own in suspect.items():
            if counts[meant] >= TIMES * len(own) and counts[meant] > counts[name]:
                why = f"section {section or '(none)'} otherwise speaks of {meant} ({counts[meant]} times)"
                yield from (_drift(draft, use.start(), name, meant, why) for use in own)


def _one_letter_apart(name: str, other: str) -> bool:
    """One letter is another, or two neighbours have changed places."""
    if len(name) != len(other) or name == other:
        return False
    apart = [i for i, (a, b) in enumerate(zip(name, other, strict=True)) if a != b]
    if len(apart) == 1:
        return True
    i = apart[0]
    return apart == [i, i + 1] and name[i] == other[i + 1] and name[i + 1] == other[i]


def _mentions(draft: Prose, use: re.Match[str], meant: str) -> bool:
    """Whether both stand in one sentence, or it speaks of something joint: then both are meant."""
    start, end = draft.sentence_at(use.start())
    sentence = draft.text[start:end]
    return meant in sentence or bool(TOGETHER.search(sentence))


def _names(draft: Prose) -> Iterator[Drift]:
    """Names of bodies spelled in two ways: with and without a possessive, a hyphen or a capital."""
    spellings: defaultdict[str, list[re.Match[str]]] = defaultdict(list)
    for found in _NAME.finditer(draft.text):
        words = found[0].split()
        if "\n\n" not in found[0] and "\t" not in found[0] and _plain(words[-1]) in _BODIES and len(words) > 2:
            spellings[" ".join(_plain(word) for word in words)].append(found)
    for uses in spellings.values():
        counts = Counter(" ".join(use[0].replace("’", "'").split()) for use in uses)
        if len(counts) < 2:
            continue
        meant, most = counts.most_common(1)[0]
        for use in uses:
            name = " ".join(use[0].replace("’", "'").split())
            if name != meant and not (name.isupper() or name.casefold() == meant.casefold()):
                yield _drift(draft, use.start(), name, meant, f"{counts[name]} so, {most} the other way")


def _plain(word: str) -> str:
    return re.sub(r"[’']s?\Z", "", word).casefold().rstrip("s")


def _drift(draft: Prose, offset: int, name: str, meant: str, reason: str) -> Drift:
    passage = draft.passages[draft.passage_at(offset)]
    return Drift(passage.place, passage.page, draft.section_at(offset), name, meant, reason)
