"""Text -> every number in it, by digits or in words, with its place and what it says.

Two numbers that say the same have the same ``key``, however they are written: ``45`` and ``forty-five``, ``2018/19``
and ``2018-2019``, ``7th September 2018`` and ``07/09/2018``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class NumberKind(StrEnum):
    """What kind of thing a number in running text is."""

    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    SHARE = "share"
    """Half, a third, a majority."""
    FREQUENCY = "frequency"
    """Quarterly, termly, every month."""
    RANGE = "range"
    """``0-25``, ``25+``: an age band, a span."""
    DATE = "date"
    """A day, a month or a calendar year."""
    FINANCIAL_YEAR = "financial_year"
    YEARS = "years"
    """A span of calendar years that is no financial year: ``2018/20``."""
    TIME = "time"


@dataclass(frozen=True)
class Number:
    """One number as it stands in a text."""

    start: int
    end: int
    kind: NumberKind
    key: str
    """What it says, written one way: ``45``, ``63421.50``, ``2018-09-07``, ``2018-19``, ``half``."""
    text: str
    """As it stands, on one line."""
    not_claimed: str | None = None
    """Why it claims nothing (part of an address, the year of an act); None where it may claim something."""

    @property
    def amount(self) -> Fraction | None:
        """Its value, where it has one."""
        return Fraction(self.key) if self.kind in _AMOUNTS else _SHARE_VALUES.get(self.key)


_AMOUNTS = frozenset({NumberKind.COUNT, NumberKind.MONEY, NumberKind.PERCENT})
_SHARE_VALUES = {
    "half": Fraction(1, 2),
    "third": Fraction(1, 3),
    "two thirds": Fraction(2, 3),
    "quarter": Fraction(1, 4),
    "three quarters": Fraction(3, 4),
}

LONGEST = 18
"""Digits in a row that are still an amount, and not a code."""
WORDS_IN_A_NUMBER = 12

CONTACT = "part of a web or e-mail address, telephone number or postcode"
LEGAL = "the year or section of an act or regulation"
REFERENCE = "points to another place in the document"
LABEL = "names a thing rather than counts it"
AGE = "an age that says who is meant"
IDIOM = "a turn of phrase, not an amount"
CODE = "part of a code or name"

# --------------------------------------------------------------------------- digits

_DASH = r"[-\u2010-\u2015\u2212]"
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"  # noqa: E501
_GAP = r"\s{1,4}"
_YEAR = r"(?:19|20)[0-9]{2}"
_DIGITS = r"(?:[0-9]{1,3}(?:[,\u00a0\u2009\u202f][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
_SCALES = {
    "k": 1_000,
    "thousand": 1_000,
    "m": 1_000_000,
    "million": 1_000_000,
    "bn": 1_000_000_000,
    "billion": 1_000_000_000,
}
_MONEY_SCALE = r"(?:\s?(?:k|m|bn|thousand|million|billion)\b)?"
_BOUND = r"[0-9]+(?:\.[0-9]+)?%?"
_PER_CENT = r"(?:\s?%|\s?per\s?cent\b|\s?percentage\s+points?\b|\s?pp\b)"
_ORDINAL = r"(?:st|nd|rd|th)"

_WORD = (
    rf"(?!{_MONTH}|https?|www|GBP|[CcDdRrTtPp](?:all|ial|ing|el|elephone|hone|ext)\b)"
    rf"[^\W\d_]{{1,40}}(?![\w@]|[.+-]\w|{_DASH}[0-9])"
)
_CALLS = "[Cc]all|[Dd]ial|[Rr]ing|[Tt]el|[Tt]elephone|[Pp]hone|[Tt]ext"
_CONTACT = "|".join(
    (
        r"(?:https?://|www\.)\S+",
        r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
        r"(?<![\w.])(?:\+44\s?(?:\(0\))?\s?|\(?0)[1-9](?:[ )-]{0,2}[0-9]){8,9}(?![\w])",
        rf"\b(?:{_CALLS})(?:\s+on|\s+us\s+on)?[:.]?\s+[0-9]{{3,6}}\b(?![ -]?[0-9])(?:\s(?:or|and)\s[0-9]{{3}}\b)*",
        r"\b[A-Z]{1,2}[0-9][A-Z0-9]?\s[0-9][A-Z]{2}\b",
    )
)
_GROUPS = {
    "word": _WORD,
    "contact": _CONTACT,
    "day": rf"(?<![\w.,/])[0-9]{{1,2}}\s?{_ORDINAL}?{_GAP}(?:of{_GAP})?{_MONTH}(?![a-z])(?:,?{_GAP}{_YEAR}(?![0-9]))?",
    "monthfirst": rf"\b{_MONTH}{_GAP}[0-9]{{1,2}}{_ORDINAL}?(?![0-9,.]?[0-9])(?:,?{_GAP}{_YEAR}(?![0-9]))?",
    "month": rf"\b{_MONTH},?{_GAP}{_YEAR}(?![0-9])",
    "slashed": r"(?<![\w./])[0-9]{1,2}/[0-9]{1,2}/(?:[0-9]{4}|[0-9]{2})(?![\w/])",
    "iso": rf"(?<![\w./]){_YEAR}-[01][0-9]-[0-3][0-9](?![\w])",
    "years": rf"(?<![\w.,/]){_YEAR}\s?(?:{_DASH}|/)\s?(?:{_YEAR}|[0-9]{{2}})(?![\w/]|[.,][0-9])",
    "shortyears": r"(?<![\w.,/£])[0-9]{2}/[0-9]{2}(?![\w/%]|[.,][0-9])",
    "money": rf"(?:£\s?|\bGBP\s?){_DIGITS}(?!\w){_MONEY_SCALE}|(?:£\s?){_DIGITS}(?:k|m|bn)\b",
    "range": rf"(?<![\w.,]){_BOUND}\s?{_DASH}\s?{_BOUND}(?![\w]|[.,][0-9])|(?<![\w.,])[0-9]+\+",
    "percent": rf"(?<![\w.,]){_DASH}?{_DIGITS}{_PER_CENT}",
    "time": r"(?<![\w.,])[0-9]{1,2}(?:[.:][0-9]{2})?\s?(?:am|pm)\b|(?<![\w.,])[0-2]?[0-9]:[0-5][0-9](?![\w:])",
    "code": rf"\b[A-Za-z]+[0-9][\w]*|\b[A-Z]{{2,}}{_DASH}[0-9]+\b|(?<![\w.,])[0-9]+(?!(?:{_ORDINAL}|s|x)\b)[A-Za-z]\w*",
    "ordinal": rf"(?<![\w.,])[0-9]+{_ORDINAL}\b",
    "plain": rf"(?<![\w.,]){_DIGITS}(?:s|x)?(?!\w)(?:\s(?:thousand|million|billion)\b)?",
    "rest": r"[^\W\d_]+",
}
_SCAN = re.compile(rf"(?=[\w£(+\u2212-])(?:{'|'.join(f'(?P<{name}>{part})' for name, part in _GROUPS.items())})")
"""One pass over a text. The order matters: what is longer and more particular stands first."""


def numbers(text: str) -> tuple[Number, ...]:
    """Every number of ``text`` in order; those that claim nothing say why."""
    found: list[Number] = []
    words: list[re.Match[str]] = []
    for match in _SCAN.finditer(text):
        if match.lastgroup in ("word", "rest"):
            words.append(match)
        elif (number := _of_digits(match)) is not None:
            found.append(number)
    found += _of_words(text, words)
    found.sort(key=lambda each: each.start)
    return tuple(_judged(text, found))


def _of_digits(match: re.Match[str]) -> Number | None:
    group = match.lastgroup or ""
    text = re.sub(r"[ \t\r\n]+", " ", match[0])
    if group in ("contact", "code") or re.search(rf"[0-9]{{{LONGEST}}}", text):
        if not re.search(r"[0-9]", text):
            return None
        return Number(match.start(), match.end(), NumberKind.COUNT, "0", text, CONTACT if group == "contact" else CODE)
    kind, key = _READ[group](text)
    return Number(match.start(), match.end(), kind, key, text)


def _day(text: str) -> tuple[NumberKind, str]:
    day, month = re.search(r"[0-9]{1,2}", text), re.search(_MONTH, text)
    assert day is not None
    assert month is not None
    year = re.search(rf"{_YEAR}$", text)
    number = 1 + next(i for i, name in enumerate(_MONTHS) if name.startswith(month[0].rstrip(".").lower()[:3]))
    return NumberKind.DATE, f"{year[0] if year else '-'}-{number:02d}-{int(day[0]):02d}"


def _month(text: str) -> tuple[NumberKind, str]:
    _, key = _day(f"1 {text}")
    return NumberKind.DATE, key[:-3]


def _slashed(text: str) -> tuple[NumberKind, str]:
    day, month, year = (int(part) for part in text.split("/"))
    try:
        return NumberKind.DATE, dt.date(year + 2000 * (year < 100), month, day).isoformat()
    except ValueError:
        return NumberKind.RANGE, text


def _years(text: str) -> tuple[NumberKind, str]:
    first, second = re.findall(r"[0-9]+", text)
    start = int(first) + (2000 if len(first) == 2 else 0)
    end = int(str(start)[: 4 - len(second)] + second)
    end += 100 if len(second) == 2 and end < start else 0
    if end == start + 1:
        return NumberKind.FINANCIAL_YEAR, f"{start}-{end % 100:02d}"
    return (NumberKind.YEARS, f"{start}/{end}") if end > start else (NumberKind.RANGE, text)


def _short_years(text: str) -> tuple[NumberKind, str]:
    first, second = (int(part) for part in text.split("/"))
    if second == first + 1 and first >= 10:
        return _years(text)
    return NumberKind.RANGE, text


def _amount(kind: NumberKind) -> Callable[[str], tuple[NumberKind, str]]:
    def read(text: str) -> tuple[NumberKind, str]:
        digits = re.search(_DIGITS, text)
        assert digits is not None
        plain = re.sub(r"[^0-9.]", "", digits[0])
        scale = re.search(r"[a-z]+$", text[digits.end() :].strip())
        key = plain_digits(Decimal(plain) * _SCALES.get(scale[0] if scale else "", 1))
        if kind is NumberKind.COUNT and re.fullmatch(rf"{_YEAR}", text):
            return NumberKind.DATE, text
        if kind is NumberKind.PERCENT and re.match(_DASH, text):
            key = f"-{key}"
        return kind, key

    return read


def plain_digits(value: Decimal) -> str:
    """``79`` for 79.0, ``63421.5`` for 63421.50."""
    return f"{value.normalize():f}"


def _range(text: str) -> tuple[NumberKind, str]:
    return NumberKind.RANGE, re.sub(_DASH, "-", text).replace(" ", "")


_READ: dict[str, Callable[[str], tuple[NumberKind, str]]] = {
    "day": _day,
    "monthfirst": _day,
    "month": _month,
    "slashed": _slashed,
    "iso": lambda text: (NumberKind.DATE, text),
    "years": _years,
    "shortyears": _short_years,
    "money": _amount(NumberKind.MONEY),
    "range": _range,
    "percent": _amount(NumberKind.PERCENT),
    "time": lambda text: (NumberKind.TIME, text.replace(" ", "").replace(".", ":")),
    "ordinal": _amount(NumberKind.COUNT),
    "plain": _amount(NumberKind.COUNT),
}

# --------------------------------------------------------------------------- words

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {name: value for value, name in enumerate(_UNITS)} | {
    name: value for value, name in zip(range(20, 100, 10), _TENS, strict=True)
}
_LARGE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_SINGLE: dict[str, tuple[NumberKind, str]] = {
    "nil": (NumberKind.COUNT, "0"),
    "nought": (NumberKind.COUNT, "0"),
    "dozen": (NumberKind.COUNT, "12"),
    "once": (NumberKind.COUNT, "1"),
    "twice": (NumberKind.COUNT, "2"),
    "second": (NumberKind.COUNT, "2"),
    "third": (NumberKind.COUNT, "3"),
    "fourth": (NumberKind.COUNT, "4"),
    "fifth": (NumberKind.COUNT, "5"),
    "sixth": (NumberKind.COUNT, "6"),
    "seventh": (NumberKind.COUNT, "7"),
    "eighth": (NumberKind.COUNT, "8"),
    "ninth": (NumberKind.COUNT, "9"),
    "tenth": (NumberKind.COUNT, "10"),
    "half": (NumberKind.SHARE, "half"),
    "halved": (NumberKind.SHARE, "half"),
    "doubled": (NumberKind.SHARE, "doubled"),
    "trebled": (NumberKind.SHARE, "trebled"),
    "tripled": (NumberKind.SHARE, "trebled"),
    "majority": (NumberKind.SHARE, "majority"),
    "minority": (NumberKind.SHARE, "minority"),
    "daily": (NumberKind.FREQUENCY, "day"),
    "weekly": (NumberKind.FREQUENCY, "week"),
    "fortnightly": (NumberKind.FREQUENCY, "fortnight"),
    "monthly": (NumberKind.FREQUENCY, "month"),
    "bimonthly": (NumberKind.FREQUENCY, "two months"),
    "termly": (NumberKind.FREQUENCY, "term"),
    "quarterly": (NumberKind.FREQUENCY, "quarter"),
    "annually": (NumberKind.FREQUENCY, "year"),
    "annual": (NumberKind.FREQUENCY, "year"),
    "yearly": (NumberKind.FREQUENCY, "year"),
    "biannually": (NumberKind.FREQUENCY, "half year"),
    "biennially": (NumberKind.FREQUENCY, "two years"),
}
_KNOWN = frozenset({*_SMALL, *_LARGE, *_SINGLE, "quarter"})
_PARTS = frozenset({"third", "thirds", "quarter", "quarters"})
"""What two or three of may be a share."""


def _of_words(text: str, words: list[re.Match[str]]) -> Iterator[Number]:
    """Number words, joined where they are one number: ``ninety-nine``, ``two hundred and five``, ``three quarters``."""
    at = 0
    while at < len(words):
        taken, read = _spelt(text, words, at) if words[at][0].lower() in _KNOWN else (1, None)
        if read is None:
            at += taken
            continue
        last = words[at + taken - 1].end()
        kind, key = read
        if (per_cent := re.match(r"\s?-?per\s?cent\b|\s?%", text[last : last + 12])) and kind is NumberKind.COUNT:
            kind, last = NumberKind.PERCENT, last + per_cent.end()
        start = words[at].start()
        yield Number(start, last, kind, key, re.sub(r"\s+", " ", text[start:last]))
        at += taken


def _spelt(text: str, words: list[re.Match[str]], at: int) -> tuple[int, tuple[NumberKind, str] | None]:
    """How many words from ``at`` make one number, and what it says."""
    name = words[at][0].lower()
    taken, total = _cardinal(text, words, at)
    following = _word(words, at + taken) if _joined(text, words, at + taken) else ""
    if following in _PARTS and (not taken or total in (1, 2, 3)):
        share = following.rstrip("s")
        if taken:
            key = {1: share, 2: f"two {share}s", 3: f"three {share}s"}[total]
            return taken + 1, (NumberKind.SHARE, key)
    if taken:
        return taken, (NumberKind.COUNT, str(total))
    if name in ("quarter", "third") and (at and _word(words, at - 1) == "a" and _word(words, at + 1) == "of"):
        return 1, (NumberKind.SHARE, name)
    if name in _LARGE and _word(words, at - 1) == "a" and at:
        return 1, (NumberKind.COUNT, str(_LARGE[name]))
    return 1, _SINGLE.get(name)


def _cardinal(text: str, words: list[re.Match[str]], at: int) -> tuple[int, int]:
    """How many words from ``at`` spell a whole number, and the number; (0, 0) where none do."""
    total = part = taken = 0
    while at + taken < len(words) and taken < WORDS_IN_A_NUMBER:
        name = _word(words, at + taken)
        if taken and not _joined(text, words, at + taken):
            break
        if name in _SMALL and (
            not part or (part % 100 == 0 and part) or (_ends_in_tens(part) and _SMALL[name] in range(1, 10))
        ):
            part += _SMALL[name]
        elif name in _LARGE and part:
            if name == "hundred":
                part *= 100
            else:
                total, part = total + part * _LARGE[name], 0
        elif (
            name == "and"
            and taken
            and _word(words, at + taken - 1) in _LARGE
            and _word(words, at + taken + 1) in _SMALL
        ):
            pass
        else:
            break
        taken += 1
    return taken, total + part


def _ends_in_tens(value: int) -> bool:
    return value % 10 == 0 and value % 100 >= 20


def _word(words: list[re.Match[str]], at: int) -> str:
    return words[at][0].lower() if 0 <= at < len(words) else ""


def _joined(text: str, words: list[re.Match[str]], at: int) -> bool:
    """Whether a word and the one before it may be one number: only a space, a line's end or a hyphen between them."""
    if not 0 < at < len(words):
        return at == 0
    return re.fullmatch(rf"\s{{1,4}}|\s?{_DASH}\s{{0,4}}", text[words[at - 1].end() : words[at].start()]) is not None


# --------------------------------------------------------------------------- what claims nothing

_REFERS = re.compile(
    r"(?:\b(?:page|pages|pp?\.|section|sections|paragraph|para|chapter|appendix|annex|figure|fig\.|table|chart|item|"
    r"footnote|note|§|§§)\s{1,4}(?:[0-9.]+\s(?:and|to|-)\s)?)\Z",
    re.IGNORECASE,
)
_OF_ACT = re.compile(
    r"\b(?:Act|Acts|Regulations?|Bill|Order|Statute|Convention|Directive)(?:\s(?:of|in))?(?:\s{1,4}|,\s?|\s?\\?\()\Z"
)
_LAW_AHEAD = re.compile(
    r"\A[^.;\n]{0,12}\b(?:of|to)\s{1,4}(?:the\s{1,4})?(?:[A-Z][\w’']*\s{1,4}(?:and\s{1,4})?){0,6}(?:Act|Regulations)\b"
)
_LABELS = re.compile(
    r"\b(?:Review|Phase|Stage|Tier|Level|Part|Version|Child|Family|Case|Recommendation|Priority|Action|Step|"
    r"Objective|Goal|Standard|Question|Key\s+Stage|Year|Grade|Band|Quarter|Room|Floor|Ward|Schedule|Article|[Nn]o\.?|[Nn]umber)\s{1,4}\Z|#\s?\Z"
)
_OF_AGE = re.compile(
    r"\b(?:aged?|ages|under|age\s+of)(?:\s+(?:of|under|over|between|up\s+to))?[\s-]{1,4}\Z", re.IGNORECASE
)
_AGE_AHEAD = re.compile(r"\A[\s-]{0,4}(?:years?|year[\s-]olds?)\b", re.IGNORECASE)
_IDIOMS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (word, re.compile(before + r"\Z", re.IGNORECASE), re.compile(r"\A" + after, re.IGNORECASE))
    for word, before, after in (
        ("one", r"\b(?:no|any|every|some|each|the|this|that|which|only|another|as)\s{1,4}", r""),
        (
            "one",
            r"",
            r"(?:\s{1,4}of\b|\s{1,4}another\b|[-\s]to[-\s]one\b|[’']s\b|\s{1,4}(?:can|must|should|may|might|day|hand|side|way)\b)",
        ),
        ("one", r"\bto[-\s]", r""),
        ("second", r"", r"(?:\s?-?\s?hand\b|ary\b|ment\b|ed\b)"),
        ("third", r"", r"\s{1,4}(?:sector|part(?:y|ies))\b"),
        ("third", r"\bthe\s{1,4}", r"\s{1,4}sector\b"),
        ("minority", r"", r"\s{1,4}ethnic\b"),
        ("minority", r"\bethnic\s{1,4}", r""),
        ("annual", r"", r"\s{1,4}(?:report|general\s{1,4}meeting|leave)\b"),
        ("once", r"", r"\s{1,4}(?:a|an|the|it|they|we|this|these|all|again|more|in)\b"),
        ("once", r"\bat\s{1,4}", r""),
    )
)


def _judged(text: str, found: Iterable[Number]) -> Iterator[Number]:
    for each in found:
        why = each.not_claimed or _why_not(text, each)
        yield Number(each.start, each.end, each.kind, each.key, each.text, why)


def _why_not(text: str, number: Number) -> str | None:
    before, after = text[max(0, number.start - 60) : number.start], text[number.end : number.end + 90]
    if number.kind is NumberKind.DATE and len(number.key) == 4 and _OF_ACT.search(before):
        return LEGAL
    if number.text[0].isdigit() and _REFERS.search(before):
        return LEGAL if _LAW_AHEAD.match(after) else REFERENCE
    if number.text[0].isdigit() and number.kind is NumberKind.COUNT and _LABELS.search(before):
        return LABEL
    if number.text[0].isdigit() and _OF_AGE.search(before) and number.kind in (NumberKind.COUNT, NumberKind.RANGE):
        return AGE
    if number.kind is NumberKind.RANGE and _AGE_AHEAD.match(after):
        return AGE
    word = number.text.lower()
    if any(word == idiom and b.search(before) and a.match(after) for idiom, b, a in _IDIOMS):
        return IDIOM
    return None
