"""A draft report held against the register of figures: which of its numbers are registered, stale or unheard of.

A registered statement is found in the draft by its words, whatever its numbers say, so that a changed number is seen
as changed and not as new. What claims nothing (page numbers, telephone numbers, years of acts) is passed over, and it
is said how many and why.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sscbtool.core.model import Figure
from sscbtool.core.proof.names import Drift, drifting
from sscbtool.core.proof.numbers import Number, NumberKind, numbers
from sscbtool.core.proof.prose import Passage, Prose, Role, prose
from sscbtool.core.proof.quotes import Claim, Found, Standing, Tokens, find, states
from sscbtool.core.values import Period

__all__ = ["Drift", "Passage", "Proof", "Proofed", "Role", "Standing", "YearStyle", "proof"]

OWN_YEAR = "names the year that the report is about"
YEAR_AHEAD = "names the year ahead in passing"
_AHEAD = re.compile(
    r"\b(?:(?:mov|go)(?:e|es|ing)\s+(?:on\s+|forward\s+)?into|look(?:ing)?\s+(?:ahead|forward)\s+to)\s+\Z", re.I
)
SENTENCE_SHOWN = 160


@dataclass(frozen=True)
class Proofed:
    """One number of a draft and what became of it."""

    place: str
    page: int | None
    section: str
    sentence: str
    """The sentence it stands in, shortened around it."""
    number: Number
    standing: Standing
    figures: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class YearStyle:
    """One way in which a draft writes financial years."""

    style: str
    """By example of the year 2018-19: ``2018/19``."""
    count: int
    places: tuple[str, ...]
    """Where it is used; of the prevailing style, nowhere is named."""
    texts: tuple[str, ...]
    prevailing: bool


@dataclass(frozen=True)
class Proof:
    """What came of reading a draft against the register."""

    numbers: tuple[Proofed, ...]
    years: tuple[YearStyle, ...]
    spans: tuple[Proofed, ...]
    """Years joined by a stroke or hyphen that are no financial year, such as a plan's ``2018/20``."""
    names: tuple[Drift, ...]
    absent: tuple[str, ...]
    """Figures whose statement the draft does not hold, not even reworded."""

    def of(self, *standings: Standing) -> tuple[Proofed, ...]:
        """The numbers of these standings, in the order of the draft."""
        return tuple(each for each in self.numbers if each.standing in standings)

    @property
    def passed_over(self) -> Mapping[str, int]:
        """Reason -> how many numbers were passed over for it, most first."""
        return dict(Counter(each.reason for each in self.of(Standing.PASSED_OVER)).most_common())

    @property
    def sound(self) -> bool:
        """Whether nothing is left for a person to look at."""
        return not (self.of(*OPEN) or len(self.years) > 1 or self.names)


OPEN = (Standing.STALE, Standing.UNREGISTERED, Standing.WITHHELD)


def proof(passages: Iterable[Passage], register: Sequence[Figure], period: Period | None) -> Proof:
    """Hold every number of a draft against a register of figures.

    Args:
        passages: the draft, in order.
        register: the published figures of the year that the draft is about.
        period: that year, whose bare mention claims nothing.
    """
    draft = prose(passages)
    tokens = Tokens.of(draft, numbers(draft.text))
    found = find(tokens, register, period)
    claims: defaultdict[int, list[Claim]] = defaultdict(list)
    for each in found:
        for at, claim in each.claims:
            claims[at].append(claim)
    as_at = _as_at(draft, tokens, found)
    known = _by_value(register)
    proofed = tuple(
        _proofed(draft, number, claims.get(k, []), as_at.get(k, ()), known, period)
        for k, number in enumerate(tokens.numbers)
    )
    there = {figure.figure_id for each in found for figure in each.figures}
    return Proof(
        numbers=proofed,
        years=tuple(_year_styles(proofed)),
        spans=tuple(each for each in proofed if each.number.kind is NumberKind.YEARS),
        names=tuple(drifting(draft, {figure.scope for figure in register if figure.scope})),
        absent=tuple(figure.figure_id for figure in register if figure.figure_id not in there),
    )


def _proofed(
    draft: Prose,
    number: Number,
    claims: Sequence[Claim],
    as_at: Sequence[str],
    known: Mapping[tuple[NumberKind, str], tuple[str, ...]],
    period: Period | None,
) -> Proofed:
    passage = draft.passages[draft.passage_at(number.start)]
    standing, figures, reason = _standing(draft, number, claims, as_at, period)
    if standing is Standing.UNREGISTERED and (same := known.get((number.kind, number.key))):
        reason = f"{', '.join(same[:4])} {'has' if len(same) == 1 else 'have'} this value in another sentence"
    return Proofed(
        passage.place,
        passage.page,
        draft.section_at(number.start),
        _shown(draft, number),
        number,
        standing,
        figures,
        reason,
    )


def _standing(
    draft: Prose, number: Number, claims: Sequence[Claim], as_at: Sequence[str], period: Period | None
) -> tuple[Standing, tuple[str, ...], str]:
    if furniture := draft.furniture_at(number.start, number.end):
        return Standing.PASSED_OVER, (), furniture
    for standing in (Standing.WITHHELD, Standing.REGISTERED, Standing.AWAITED, Standing.STALE, Standing.QUOTED):
        chosen = [claim for claim in claims if claim.standing is standing]
        if chosen:
            ids = tuple(dict.fromkeys(figure_id for claim in chosen for figure_id in claim.figures))
            return standing, ids, chosen[0].reason
    if as_at:
        return Standing.REGISTERED, tuple(as_at), "the day that the figure is stated as at"
    if number.not_claimed:
        return Standing.PASSED_OVER, (), number.not_claimed
    if period and number.kind is NumberKind.FINANCIAL_YEAR and number.key == str(Period(period.year)):
        return Standing.PASSED_OVER, (), OWN_YEAR
    if period and number.kind is NumberKind.FINANCIAL_YEAR and number.key == str(Period(period.year + 1)):
        ahead = _AHEAD.search(draft.text, max(0, number.start - 30), number.start)
        return (Standing.PASSED_OVER, (), YEAR_AHEAD) if ahead else (Standing.UNREGISTERED, (), "")
    return Standing.UNREGISTERED, (), ""


def _as_at(draft: Prose, tokens: Tokens, found: Iterable[Found]) -> dict[int, tuple[str, ...]]:
    """Numbers that say the day a figure is stated as at, in the sentence that holds the figure's statement."""
    said: defaultdict[int, list[str]] = defaultdict(list)
    for each in found:
        for figure in each.figures:
            try:
                day = dt.date.fromisoformat(figure.as_at or "")
            except ValueError:
                continue
            start, end = draft.sentence_at(each.start)
            for k, number in enumerate(tokens.numbers):
                if start <= number.start < end and number.key in (f"{day:%Y-%m}", day.isoformat(), f"--{day:%m-%d}"):
                    said[k].append(figure.figure_id)
    return {k: tuple(dict.fromkeys(ids)) for k, ids in said.items()}


def _by_value(register: Iterable[Figure]) -> dict[tuple[NumberKind, str], tuple[str, ...]]:
    """Figures by the numbers of their statements that are their values: what an unregistered number may repeat."""
    found: defaultdict[tuple[NumberKind, str], list[str]] = defaultdict(list)
    for figure in register:
        for number in () if figure.never_shown else numbers(figure.statement):
            large = number.amount is not None and abs(number.amount) >= LEAST_TELLING
            if large and states(number, figure):
                found[number.kind, number.key].append(figure.figure_id)
    return {key: tuple(ids) for key, ids in found.items()}


LEAST_TELLING = 10
"""A value below this stands in too many sentences to tell of a repetition."""


def _shown(draft: Prose, number: Number) -> str:
    start, end = draft.sentence_at(number.start)
    before = max(start, number.start - SENTENCE_SHOWN // 2)
    after = min(end, max(number.end, before + SENTENCE_SHOWN))
    text = " ".join(draft.text[before:after].split())
    return f"{'…' if before > start else ''}{text}{'…' if after < end else ''}"


# --------------------------------------------------------------------------- styles of years


def _year_styles(proofed: Iterable[Proofed]) -> Iterable[YearStyle]:
    """How financial years are written, the prevailing way first."""
    by_style: defaultdict[str, list[Proofed]] = defaultdict(list)
    for each in proofed:
        if each.number.kind is NumberKind.FINANCIAL_YEAR:
            by_style[_style(each.number)].append(each)
    ordered = sorted(by_style.items(), key=lambda item: -len(item[1]))
    for k, (style, uses) in enumerate(ordered):
        places = tuple(each.place for each in uses) if k else ()
        texts = tuple(dict.fromkeys(each.number.text for each in uses))
        yield YearStyle(style, len(uses), places, texts, prevailing=not k)


def _style(number: Number) -> str:
    first, mark, second = _taken_apart(number.text)
    return f"{'2018' if len(first) > 2 else '18'}{mark}{'2019' if len(second) > 2 else '19'}"


def _taken_apart(text: str) -> tuple[str, str, str]:
    first = text[: next(i for i, character in enumerate(text) if not character.isdigit())]
    second = text[len(text.rstrip("0123456789")) :]
    return first, text[len(first) : len(text) - len(second)], second
