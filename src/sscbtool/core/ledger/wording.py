"""What the words of a ledger line give away: an organisation, a year, a fund."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from sscbtool.core.values import fold

_YEARS = re.compile(r"(?<![0-9])(?:20)?([0-9]{2})\s?[-/\u2013]\s?(?:20)?([0-9]{2})(?![0-9/-])")
_SPAN = 6
"""Years around the one closed that two digits may mean; further off they are something else."""
_LONGEST = 12
"""Words of the longest name looked for."""


@lru_cache(maxsize=65_536)
def years_named(text: str, closed: int) -> frozenset[int]:
    """The years in which those financial years start that ``text`` names (``2017-18``, ``17/18``), near one closed."""
    found = set()
    for first, second in _YEARS.findall(text):
        year = closed // 100 * 100 + int(first)
        if (int(first) + 1) % 100 == int(second) and abs(year - closed) <= _SPAN:
            found.add(year)
    return frozenset(found)


def organisations_named(text: str, names: Mapping[str, str]) -> set[str]:
    """The organisations whose whole names stand in ``text``; a name inside a longer name does not count."""
    words = fold(text).split()
    found: set[str] = set()
    start = 0
    while start < len(words):
        for end in range(min(len(words), start + _LONGEST), start, -1):
            if code := names.get(" ".join(words[start:end])):
                found.add(code)
                start = end - 1
                break
        start += 1
    return found


def names_any(text: str, words: Collection[str]) -> set[str]:
    """Which of some folded words or phrases stand in ``text`` as whole words."""
    padded = f" {fold(text)} "
    return {word for word in words if word and f" {word} " in padded}
