"""Names that are in no register, and what they may mean: proposed by likeness, merged by nobody but a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz

from sscbtool.core.organisations import Register
from sscbtool.core.values import fold

LIKE_ENOUGH = 82
"""Per cent of likeness from which a proposal is worth a person's look: a letter or a word amiss, not another name."""
MOST_NAMES = 2_000
"""Unregistered names that are compared; beyond that the file, not the register, is what needs a look."""


@dataclass(frozen=True)
class Proposal:
    """One name as typed, and the organisation or other name that it is like."""

    name: str
    rows: int
    code: str | None
    """The registered organisation's code; None where only another unregistered name is like it."""
    means: str
    """The organisation's name, or the other name."""
    likeness: int
    """Per cent."""


def propose(
    names: Mapping[str, int], register: Register, rejected: Collection[tuple[str, str]] = ()
) -> tuple[Proposal, ...]:
    """For each name (with its number of rows) the one registered name it is most like, else a more frequent other one.

    ``rejected`` are pairs of folded name and code that a person has said no to.
    """
    known = [
        (fold(each), organisation)
        for organisation in register.organisations
        for each in (organisation.code, organisation.name, *organisation.aliases)
    ]
    found = []
    ordered = sorted(names, key=lambda name: (-names[name], name))[:MOST_NAMES]
    for number, name in enumerate(ordered):
        typed = fold(name)
        scored = ((_likeness(typed, other), o) for other, o in known if (typed, o.code) not in rejected)
        score, best = max(scored, key=lambda each: (each[0], each[1].code), default=(0, None))
        if best is not None and score >= LIKE_ENOUGH:
            found.append(Proposal(name, names[name], best.code, best.name, score))
            continue
        others = ((_likeness(typed, fold(other)), other) for other in ordered[:number])
        score, other = max(others, default=(0, ""))
        if score >= LIKE_ENOUGH and (typed, fold(other)) not in rejected:
            found.append(Proposal(name, names[name], None, other, score))
    return tuple(sorted(found, key=lambda each: (-each.likeness, each.name)))


def _likeness(one: str, other: str) -> int:
    """Per cent, whatever the order of the words."""
    return round(max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other)))
