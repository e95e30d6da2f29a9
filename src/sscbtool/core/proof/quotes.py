"""Registered statements found in a draft by their words, and what becomes of each number in them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import assert_never

from sscbtool.core.model import Comparator, Figure
from sscbtool.core.occasions import span
from sscbtool.core.precision import MONEY_UNITS, PERCENT_UNITS, number
from sscbtool.core.proof.numbers import REFERENCE, Number, NumberKind, numbers
from sscbtool.core.proof.prose import Prose
from sscbtool.core.values import Period


class Standing(StrEnum):
    """How a number of a draft stands to the register."""

    REGISTERED = "registered"
    """It is the value of a figure."""
    QUOTED = "quoted"
    """It is part of a registered statement, without being a value."""
    AWAITED = "awaited"
    """It is where a figure's value belongs, and the register has none yet."""
    STALE = "stale"
    """A registered statement holds another number here."""
    WITHHELD = "withheld"
    """It is the value of a figure that must not be published."""
    UNREGISTERED = "unregistered"
    PASSED_OVER = "passed_over"
    """It claims nothing."""


@dataclass(frozen=True)
class Claim:
    """What one registered statement says of one number."""

    standing: Standing
    figures: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Found:
    """A registered statement in the draft: where, and what it says of the draft's numbers by their index."""

    figures: tuple[Figure, ...]
    start: int
    claims: tuple[tuple[int, Claim], ...]


JUMPS = 8
"""Over how many passages (captions, headings, page numbers) a sentence may go on."""
WORDS_TO_STAND_ALONE = 6
"""A statement of so many words is recognised by them alone, whatever its numbers say."""
WORDS_TO_REWORD = 5
SHARED_WORDS = 0.6
LIKENESS = 0.75
_KINDS = {
    NumberKind.FINANCIAL_YEAR: "#date",
    NumberKind.YEARS: "#date",
    NumberKind.DATE: "#date",
}
_WORD = re.compile(r"[^\W_]+(?:[’'\-\u2010-\u2015][^\W_]+)*[’']?")
_NOT_LETTERS = re.compile(r"[\W_]+")
_FINISHED = re.compile(r"[.!?]\W*\Z")


def _skeleton_word(each: Number) -> str:
    return _KINDS.get(each.kind, f"#{each.kind}")


def _tokens(text: str, found: Sequence[Number]) -> Iterator[tuple[str, int, int | None]]:
    """Words folded and numbers as their kind, in order: word, offset, index of the number."""
    at = 0
    for k, each in enumerate((*found, None)):
        for word in _WORD.finditer(text, at, each.start if each else len(text)):
            yield _NOT_LETTERS.sub("", word[0]).casefold(), word.start(), None
        if each:
            yield _skeleton_word(each), each.start, k
            at = each.end


@dataclass(frozen=True, eq=False)
class Tokens:
    """A draft as words and numbers; page numbers are left out, for sentences run on over them."""

    prose: Prose
    numbers: tuple[Number, ...]
    words: tuple[str, ...]
    offsets: tuple[int, ...]
    number_at: tuple[int | None, ...]
    passage_of: tuple[int, ...]

    @classmethod
    def of(cls, draft: Prose, found: tuple[Number, ...]) -> Tokens:
        """The tokens of a draft whose numbers are known."""
        kept = [
            (*token, passage)
            for token in _tokens(draft.text, found)
            if token[0] and not draft.is_page_number(passage := draft.passage_at(token[1]))
        ]
        words, offsets, number_at, passage_of = zip(*kept, strict=True) if kept else ((), (), (), ())
        return cls(draft, found, words, offsets, number_at, passage_of)

    @cached_property
    def places(self) -> Mapping[str, Sequence[int]]:
        """Word -> where it stands."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for k, word in enumerate(self.words):
            found[word].append(k)
        return found

    @cached_property
    def passage_starts(self) -> Mapping[int, int]:
        """Passage -> its first token."""
        return {passage: k for k, passage in reversed(list(enumerate(self.passage_of)))}

    @cached_property
    def sentences(self) -> tuple[range, ...]:
        """The tokens of each sentence."""
        of = [self.prose.sentence_at(offset)[0] for offset in self.offsets]
        starts = [k for k in range(len(of)) if not k or of[k] != of[k - 1]]
        return tuple(range(a, b) for a, b in zip(starts, [*starts[1:], len(self.words)], strict=True))


@dataclass(frozen=True, eq=False)
class _Quote:
    """One statement of the register, with all figures that quote it."""

    words: tuple[str, ...]
    numbers: tuple[Number, ...]
    number_at: tuple[int | None, ...]
    figures: tuple[Figure, ...]

    @classmethod
    def of(cls, statement: str, figures: Sequence[Figure]) -> _Quote:
        found = numbers(statement)
        tokens = [token for token in _tokens(statement, found) if token[0]]
        return cls(tuple(t[0] for t in tokens), found, tuple(t[2] for t in tokens), tuple(figures))

    @cached_property
    def slots(self) -> Mapping[int, tuple[Figure, ...]]:
        """Index of a number in the statement -> the figures whose value it is, or takes the place of."""
        taken: dict[int, tuple[Figure, ...]] = {}
        left = []
        numbered = [(k, each) for k, each in enumerate(self.numbers) if each.not_claimed in (None, REFERENCE)]
        for figure in self.figures:
            at = next((k for k, each in numbered if k not in taken and states(each, figure)), None)
            shared = next((k for k, each in numbered if states(each, figure)), None)
            if at is not None:
                taken[at] = (figure,)
            elif shared is not None:
                taken[shared] = (*taken[shared], figure)
            else:
                left.append(figure)
        # A statement kept from the year before holds that year's numbers: values go where their kind of number stands.
        for kind in (NumberKind.COUNT, NumberKind.MONEY, NumberKind.PERCENT, NumberKind.DATE):
            open_slots = [k for k, each in numbered if k not in taken and each.kind is kind]
            fitting = [figure for figure in left if _goes_in(kind, figure)]
            if len(open_slots) == len(fitting):
                taken.update({k: (figure,) for k, figure in zip(open_slots, fitting, strict=True)})
            elif len(open_slots) == 1 and len({figure.value for figure in fitting}) == 1:
                taken[open_slots[0]] = tuple(fitting)
        return taken


def find(tokens: Tokens, register: Iterable[Figure], period: Period | None) -> tuple[Found, ...]:
    """Every registered statement that the draft holds, word for word but for its numbers, or else reworded."""
    by_statement: defaultdict[str, list[Figure]] = defaultdict(list)
    for figure in register:
        by_statement[" ".join(figure.statement.split())].append(figure)
    quotes = [_Quote.of(statement, figures) for statement, figures in by_statement.items() if statement]
    by_words: defaultdict[tuple[str, ...], list[_Quote]] = defaultdict(list)
    for quote in quotes:
        by_words[quote.words].append(quote)
    found: list[Found] = []
    reworded: list[_Quote] = []
    for words, rivals in by_words.items():
        spans = list(_spans(tokens, words))
        placed = list(_placed(tokens, rivals, spans))
        found += [_found(tokens, quote, _aligned(tokens, quote, where), where[0], period) for quote, where in placed]
        there = {id(quote) for quote, _ in placed}
        reworded += [quote for quote in rivals if id(quote) not in there]
    found += _reworded(tokens, [quote for quote in reworded if len(quote.words) >= WORDS_TO_REWORD], period)
    return tuple(sorted(found, key=lambda each: each.start))


# --------------------------------------------------------------------------- word for word


def _spans(tokens: Tokens, words: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    """Where the draft holds these words in a row, running on over lines, pages and what stands between."""
    for start in tokens.places.get(words[0], ()) if words else ():
        if (where := _followed(tokens, words, start)) is not None:
            yield where


def _followed(tokens: Tokens, words: tuple[str, ...], start: int) -> tuple[int, ...] | None:
    where: list[int] = []
    at = start
    for k, word in enumerate(words):
        if at >= len(tokens.words) or tokens.words[at] != word:
            onward = _beyond(tokens, at, words[k : k + 2]) if where else None
            if onward is None:
                return None
            at = onward
        where.append(at)
        at += 1
    return tuple(where)


def _beyond(tokens: Tokens, at: int, ahead: Sequence[str]) -> int | None:
    """Where a sentence that a page break cut goes on: at the beginning of one of the next passages."""
    if at >= len(tokens.words) or tokens.passage_of[at] == tokens.passage_of[at - 1]:
        return None
    cut = tokens.passage_of[at - 1]
    if _FINISHED.search(tokens.prose.passages[cut].text[-4:]):
        return None
    first = tokens.passage_of[at]
    for passage in range(first + 1, min(first + JUMPS, len(tokens.prose.passages))):
        start = tokens.passage_starts.get(passage)
        if start is not None and list(tokens.words[start : start + len(ahead)]) == list(ahead):
            return start
    return None


def _placed(
    tokens: Tokens, rivals: Sequence[_Quote], spans: Sequence[tuple[int, ...]]
) -> Iterator[tuple[_Quote, tuple[int, ...]]]:
    """Which statement stands where, among statements that differ in their numbers only."""
    if not spans:
        return
    scores = [[_agreeing(tokens, quote, where) for where in spans] for quote in rivals]
    words = sum(not word.startswith("#") for word in rivals[0].words)
    for quote, own in zip(rivals, scores, strict=True):
        best = max(own)
        for k, where in enumerate(spans):
            others = max((other[k] for other in scores if other is not own), default=-1)
            alone = len(rivals) == 1 and (words >= WORDS_TO_STAND_ALONE or (len(spans) == 1 and words > 0))
            wins = own[k] == best and own[k] >= others and (own[k] > 0 or not quote.numbers)
            if wins or alone or (own[k] == best and own[k] > others and words):
                yield quote, where


def _agreeing(tokens: Tokens, quote: _Quote, where: Sequence[int]) -> int:
    """How many numbers of a statement the draft holds there, as the statement has them or as the register does."""
    agree = 0
    for k, of_draft in _aligned(tokens, quote, where):
        drafted = tokens.numbers[of_draft]
        stated = any(states(drafted, figure) for figure in quote.slots.get(k, ()))
        agree += _same(drafted, quote.numbers[k]) or stated
    return agree


def _aligned(tokens: Tokens, quote: _Quote, where: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of numbers: index in the statement, index in the draft."""
    pairs = zip(quote.number_at, (tokens.number_at[at] for at in where), strict=True)
    return [(k, of_draft) for k, of_draft in pairs if k is not None and of_draft is not None]


# --------------------------------------------------------------------------- reworded


def _reworded(tokens: Tokens, quotes: Sequence[_Quote], period: Period | None) -> Iterator[Found]:
    """Statements that stand in the draft in nearly their words: most of them, in their order, in one sentence."""
    if not quotes:
        return
    within: defaultdict[str, set[int]] = defaultdict(set)
    for k, sentence in enumerate(tokens.sentences):
        for at in sentence:
            within[tokens.words[at]].add(k)
    for quote in quotes:
        plain = {word for word in quote.words if not word.startswith("#")}
        shared = Counter(k for word in plain for k in within.get(word, ()))
        likely = [k for k, count in shared.most_common(5) if count >= SHARED_WORDS * len(plain)]
        best = max((_likened(tokens, quote, tokens.sentences[k]) for k in likely), default=None)
        if best and best[0] >= LIKENESS:
            yield _found(tokens, quote, best[2], best[1], period, reworded=True)


def _likened(tokens: Tokens, quote: _Quote, sentence: range) -> tuple[float, int, list[tuple[int, int]]]:
    """Likeness from 0 to 1, the first token, and the pairs of numbers, of a statement and a sentence."""
    blocks = SequenceMatcher(None, quote.words, [tokens.words[at] for at in sentence], autojunk=False)
    matching = blocks.get_matching_blocks()
    pairs: list[tuple[int, int]] = []
    for block in matching:
        of_quote = quote.number_at[block.a : block.a + block.size]
        of_draft = (tokens.number_at[at] for at in sentence[block.b : block.b + block.size])
        pairs += [(a, b) for a, b in zip(of_quote, of_draft, strict=True) if a is not None and b is not None]
    like = sum(block.size for block in matching) / len(quote.words)
    return like, sentence[matching[0].b] if matching[0].size else sentence[0], pairs


# --------------------------------------------------------------------------- what becomes of the numbers


def _found(
    tokens: Tokens,
    quote: _Quote,
    pairs: Sequence[tuple[int, int]],
    start: int,
    period: Period | None,
    *,
    reworded: bool = False,
) -> Found:
    claims = []
    for k, of_draft in pairs:
        claim = _claim(quote, k, tokens.numbers[of_draft], period)
        if reworded and claim.standing in (Standing.REGISTERED, Standing.QUOTED):
            claim = Claim(claim.standing, claim.figures, "the registered statement, reworded")
        claims.append((of_draft, claim))
    return Found(quote.figures, tokens.offsets[start], tuple(claims))


def _claim(quote: _Quote, k: int, drafted: Number, period: Period | None) -> Claim:
    figures, stated = quote.slots.get(k, ()), quote.numbers[k]
    if not figures:
        ids = tuple(each.figure_id for each in quote.figures)
        own_year = period is not None and drafted.key == str(Period(period.year))
        if _same(drafted, stated) or own_year:
            return Claim(Standing.QUOTED, ids)
        return Claim(Standing.STALE, ids, f"the registered statement says {stated.text}")
    figure, ids = figures[0], tuple(each.figure_id for each in figures)
    if not figure.value:
        return Claim(Standing.AWAITED, ids, "the register has no value for it yet")
    if not states(drafted, figure):
        says = "another value, which must not be published" if figure.never_shown else figure.value
        return Claim(Standing.STALE, ids, f"the register says {says}")
    if figure.never_shown:
        return Claim(Standing.WITHHELD, ids, "the register says that it must never be published")
    return Claim(Standing.REGISTERED, ids)


def _same(one: Number, other: Number) -> bool:
    return one.key == other.key and one.kind == other.kind


_SHARES = {Comparator.HALF: "half", Comparator.MAJORITY: "majority"}
_NUMERIC = frozenset(
    {
        Comparator.EQUALS,
        Comparator.SUM_OF,
        Comparator.OVER,
        Comparator.AT_LEAST,
        Comparator.APPROXIMATELY,
        Comparator.ROUNDED,
        Comparator.PERCENT_CHANGE,
        Comparator.COUNT_OF_LIST,
    }
)


def states(each: Number, figure: Figure) -> bool:
    """Whether a number of running text says what the register holds as a figure's value."""
    value = figure.value.strip()
    if not value:
        return False
    match each.kind:
        case NumberKind.COUNT | NumberKind.MONEY | NumberKind.PERCENT:
            stated = number(value)
            if stated is None or not _goes_in(each.kind, figure):
                return False
            fall = figure.comparator is Comparator.PERCENT_CHANGE
            return each.amount in (Fraction(stated), abs(Fraction(stated)) if fall else Fraction(stated))
        case NumberKind.SHARE:
            share, stated = each.amount, number(value)
            by_word = {"majority": ">50%", "minority": "<50%"}.get(each.key)
            of_whole = share is not None and stated is not None and Fraction(stated) in (share, share * 100)
            return of_whole or value == by_word or _SHARES.get(figure.comparator or Comparator.EQUALS) == each.key
        case NumberKind.FREQUENCY:
            return figure.comparator is Comparator.EVERY and value == each.key
        case NumberKind.DATE | NumberKind.FINANCIAL_YEAR | NumberKind.YEARS:
            said = span(each.key)
            return _is_date(figure) and said is not None and said == span(value)
        case NumberKind.RANGE | NumberKind.TIME:
            return each.key in [part.strip() for part in value.split(";")]
        case _:
            assert_never(each.kind)


def _goes_in(kind: NumberKind, figure: Figure) -> bool:
    """Whether a figure's value is, or will be, a number of that kind."""
    if figure.comparator is None and not figure.value:
        return False
    if figure.comparator is not None and figure.comparator not in _NUMERIC:
        return False
    if figure.value and number(figure.value) is None:
        return False
    if kind is NumberKind.MONEY:
        return figure.unit in MONEY_UNITS
    if kind is NumberKind.PERCENT:
        return figure.unit in PERCENT_UNITS
    return kind is NumberKind.COUNT and figure.unit not in MONEY_UNITS and figure.unit not in PERCENT_UNITS


def _is_date(figure: Figure) -> bool:
    return figure.comparator in (None, Comparator.ON, Comparator.BY)
