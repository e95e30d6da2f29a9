"""The words by which a row says that it is a total, a breakdown, a change, or a level of a hierarchy."""

from __future__ import annotations

import re
from enum import IntEnum

import numpy as np
import pyarrow as pa

from sscbtool.core.locate.cells import Look, Matrix, Vector, bytes_of, pc
from sscbtool.core.model import SHORT, Grid


class Claim(IntEnum):
    """What a row's label says of it; arithmetic and place decide the rest."""

    NONE = 0
    CHECKED = 1
    """May be a total: only arithmetic makes it one (capitals, ``All ...``)."""
    PLACE = 2
    """A country or region: a total where finer areas stand beside it."""
    BALANCE = 3
    """An opening or closing balance, a net: stands outside what a total closes, unless one closes it."""
    TOTAL = 4
    """Says that it is a total."""
    CHANGE = 5
    """Worked out from other rows and not a sum: a percentage change, an average."""


_LEAD = r"^\W*(?:[A-Za-z]?\d{1,3}[.):]?\s+|\([a-z0-9]{1,3}\)\s*)?"
_TOTAL = re.compile(
    _LEAD + r"(?:(?:grand|sub|system|overall|running|net|gross|combined|cumulative|annual|yearly|quarterly|monthly|"
    r"final|year|national|regional|county|uk|england|section|group|page|report|column|and|the)[\s\-–]*)*"
    r"(?:sub)?(?:totals?|tots?\.?(?=\W*$)|ttls?\.?(?=\W*$))(?!\w)"
    r"|\b(?:sub)?totals?\s*(?:\([^)]*\)|\[[^\]]*\]|[\d*†:,\s])*\W*$"
    r"|^\W*(?:year[\s\-]to[\s\-]date|latest (?:\w+|\d+) (?:months|quarters|years)|"
    r"(?:rolling|last) (?:12|twelve) months)\b"
    r"|^\W*t\s+o\s+t\s+a\s+l\W*$"
    r"|^\W*(?:(?:grand|overall|the)\s+)?(?:sum|sums|gesamt(?:summe|betrag)?|zwischensumme|summe|somme|totaal|totale|suma|Σ|∑)"
    r"(?:\s+(?:total|of\s+(?:the\s+)?(?:above|rows|all|lines|payments|contributions|amounts))\b)?[\s:.=*]*$",
    re.IGNORECASE,
)
"""``Total`` and what is written for it: ``Tot.``, ``TTL``, ``Sum``, and the word in the languages of neighbours."""
_MEASURE = re.compile(
    _LEAD + r"total (?:number|amount|value|equivalent|count|cost) (?:number )?(?:of|to)\b", re.IGNORECASE
)
_CHANGE = re.compile(
    r"^\W*(?:(?:%|per ?cent(?:age)?)\s*(?:annual\s*)?(?:change|difference|increase|of total|variance)|"
    r"(?:annual|year[\s\-]on[\s\-]year|yearly)\s*(?:%|per ?cent(?:age)?)?\s*change|"
    r"(?:average|mean|median|maximum|minimum|std\.? dev\w*)\W*$)",
    re.IGNORECASE,
)
_BALANCE = re.compile(
    r"^\W*(?:(?:opening|closing|beginning|ending|available|net|cash|bank)\s+(?:\w+\s+){0,2}"
    r"(?:balances?|position|funds?)\b|balances?\s+(?:brought|carried|b/?f|c/?f)|(?:brought|carried)\s+forward|"
    r"net\s+(?:surplus|deficit|cost|expenditure|income)\W*$|(?:surplus|deficit)\s*[/(])",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"^\W*(?:all\b(?!\s+(?:saints|souls|hallows))|(?:overall|combined|aggregate|cumulative|altogether|in\s+all|"
    r"everyone|full\s+year)\b)[\w\s,()/&'’\-]{0,60}$",
    re.IGNORECASE,
)
"""Words that may mean a total: arithmetic decides."""
_FIRM = re.compile(r"\b(?:ltd|limited|plc|llp|inc|cic|company|gmbh)\b\.?\s*$", re.IGNORECASE)
_HINTS = (
    *("tot", "all", "change", "difference", "variance", "increase", "average", "mean", "median", "imum", "std"),
    *("balance", "forward", "surplus", "deficit", "net ", "position", "fund", "to date", "to-date", "months"),
    *("quarters", "years", "latest"),
    *("ttl", "sum", "somme", "gesamt", "σ", "∑", "t o t", "combined", "aggregate", "cumulative", "everyone"),
    *("full year",),
)
"""No label claims anything without one of these, but for places and capitals."""
_CAPITALS = re.compile(r"[A-Z]{2,}[^a-z]*[A-Z]{2,}")
_SOME = 0.4
"""Capitals single rows out where at most so many labels are in capitals."""


def _words(text: str) -> frozenset[str]:
    return frozenset(" ".join(word.split()) for word in text.split(","))


WHOLE_COUNTRIES = _words("england, england and wales, united kingdom, uk, great britain, scotland, wales")
COUNTRIES = WHOLE_COUNTRIES | _words(
    """northern ireland, gb, england & wales, national, united states, canada, ireland, new zealand, australia,
    great britain and northern ireland"""
)
REGIONS = _words(
    """north east, north west, yorkshire and the humber, yorkshire & the humber, yorkshire and humber,
    yorkshire & humber, east midlands, west midlands, east of england, east, eastern, london, greater london,
    inner london, outer london, south east, south west, north east region, north west region, east midlands region,
    west midlands region, west midlands (region), yorkshire and the humber region, east region,
    south east region, south west region, london region, inner london boroughs, outer london boroughs,
    metropolitan districts, unitary authorities, shire districts, shire counties, london boroughs, other authorities"""
)

_PLACES = COUNTRIES | REGIONS

_PLACE_STEMS = tuple(sorted({word[:5] for place in _PLACES for word in place.split()[:1]}))
_PLACE_ARRAY = pa.array(sorted(_PLACES), pa.string())

_RANKS = tuple(
    (rank, re.compile(rf"^(?:{words})$", re.IGNORECASE))
    for rank, words in (
        (0, "national|country|nation|countries|england|uk|great britain|united kingdom|world|all"),
        (1, "region|regional|regions|government office region|gor|statistical region|commissioning region|rgn|reg"),
        (
            2,
            (
                "(?:metropolitan |non-metropolitan |shire )?count(?:y|ies)|sub-?region|lep|combined authority|"
                "mayoral .*|police force area"
            ),
        ),
        (3, r".*\b(?:local|authority|authorities|district|borough|council|la|lad|lea|utla|ltla|unitary|icb|ccg)\b.*"),
        (4, "ward|school|provider|institution|lsoa|msoa|practice|trust|parliamentary constituency|pcon|site"),
    )
)


_NONE, _CHECKED, _PLACE, _BALANCES, _TOTALS, _CHANGES = (int(c) for c in Claim)
"""Members of an enumeration are slow to look up in a loop."""


def claim(text: str) -> int:
    """What one label cell says of its row, as a ``Claim``."""
    bare = text.strip()
    if len(bare) > 120:
        return _NONE
    if _CHANGE.search(bare):
        return _CHANGES
    if _TOTAL.search(bare) and not _FIRM.search(bare):
        return _CHECKED if _MEASURE.search(bare) else _TOTALS
    if _BALANCE.search(bare):
        return _BALANCES
    if _ALL.search(bare):
        return _CHECKED
    return _PLACE if folded_label(bare) in _PLACES else _NONE


def folded_label(text: str) -> str:
    """A label without case, doubled spaces and trailing footnote marks."""
    return " ".join(text.strip().strip("*†‡: ").rstrip("0123456789,").split()).casefold()


def claims_of(grid: Grid, looks: Matrix, rows: Vector, columns: Vector) -> tuple[Vector, Vector]:
    """By row: the strongest claim of its text cells, and the stored column of that cell (-1 for none)."""
    claims = np.zeros(len(rows), np.int8)
    where = np.full(len(rows), -1, np.int32)
    texts_in = looks[np.ix_(rows, columns)] == Look.TEXT
    for k, j in enumerate(columns.tolist()):
        cells = np.flatnonzero(texts_in[:, k])
        if not len(cells):
            continue
        capitals: list[int] | Vector
        if len(cells) <= SHORT:
            texts = _texts(grid, rows[cells], j)
            kept, capitals = _hinted(texts)
            different = len({texts[n] for n in capitals})
        else:
            array = grid.texts[j].take(pa.array(rows[cells]))
            kept, capitals = _hinted_many(array)
            different = len(array.take(pa.array(capitals)).unique())
        # the same few texts at many places are the code of a body on each of its rows, and no total
        again = len(capitals) > 4 and 2 * different <= len(capitals)
        if len(capitals) and len(capitals) <= _SOME * len(cells) and not again:
            claims[cells[capitals]] = np.maximum(claims[cells[capitals]], _CHECKED)
        seen: dict[str, int] = {}
        for n, text in kept:
            said = seen.get(text)
            if said is None:
                said = seen[text] = claim(text)
            if said and said > claims[cells[n]]:
                claims[cells[n]], where[cells[n]] = said, j
    return claims, where


def _texts(grid: Grid, rows: Vector, j: int) -> list[str]:
    """The texts of some stored rows in a stored column."""
    if grid.is_short:
        column = grid.column_texts(j)
        return [column[i] for i in rows.tolist()]
    texts: list[str] = grid.texts[j].take(pa.array(rows)).to_pylist()
    return texts


def _hinted(texts: list[str]) -> tuple[list[tuple[int, str]], list[int]]:
    """The texts that could claim anything, by position, and the positions of those in capitals."""
    different = list(dict.fromkeys(texts))
    upper = {text for text in different if text.isupper() and _CAPITALS.search(text)}
    capitals = [n for n, text in enumerate(texts) if text in upper] if upper else []
    joined = "\n".join(different).lower()
    if any(hint in joined for hint in _HINTS):
        return list(enumerate(texts)), capitals
    if any(stem in joined for stem in _PLACE_STEMS):
        places = {text for text in different if folded_label(text) in _PLACES}
        return [(n, text) for n, text in enumerate(texts) if text in places], capitals
    return [], capitals


def _hinted_many(texts: pa.Array) -> tuple[list[tuple[int, str]], Vector]:
    """As ``_hinted``, for long columns."""
    whole = bytes_of(texts).lower()
    bare = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    hit = pc.is_in(bare, _PLACE_ARRAY).to_numpy(zero_copy_only=False)
    for hint in _HINTS:
        if hint.encode() in whole:
            hit |= pc.match_substring(bare, hint).to_numpy(zero_copy_only=False)
    upper = pc.utf8_is_upper(texts).to_numpy(zero_copy_only=False)
    if 0 < upper.mean() <= _SOME:
        upper &= pc.match_substring_regex(texts, _CAPITALS.pattern).to_numpy(zero_copy_only=False)
    kept = np.flatnonzero(hit)
    return list(zip(kept.tolist(), texts.take(pa.array(kept)).to_pylist(), strict=True)), np.flatnonzero(upper)


def levels_of(grid: Grid, looks: Matrix, rows: Vector, columns: Vector) -> Vector | None:
    """By row: its rank where a column tells levels of a hierarchy (0 country, 1 region ... 4 school), else -1.

    None where no column does: most of its values must be level words, of two ranks at least, one of them a country
    or region.
    """
    some = rows[:: len(rows) // 24 + 1].tolist()
    for j in columns.tolist():
        if not _tells_levels(grid, some, j) or (looks[rows, j] == Look.TEXT).mean() < 0.9:
            continue
        encoded = grid.texts[j].take(pa.array(rows)).dictionary_encode()
        words = encoded.dictionary.to_pylist()
        if not 2 <= len(words) <= 24:
            continue
        ranks = np.array([_rank(w) for w in words])
        by_row: Vector = ranks[encoded.indices.to_numpy(zero_copy_only=False)]
        told = set(ranks[ranks >= 0].tolist())
        if (by_row >= 0).mean() >= 0.95 and min(told) <= 1 and len(told) >= 2:
            return by_row
    return None


def _tells_levels(grid: Grid, some: list[int], j: int) -> bool:
    misses = 0
    for i in some:
        misses += _rank(grid.text(i, j)) < 0
        if misses > 0.1 * len(some):
            return False
    return True


def _rank(word: str) -> int:
    bare = word.strip()
    return next((rank for rank, pattern in _RANKS if pattern.match(bare)), -1)


# --------------------------------------------------------------------------- columns

_RATE = re.compile(
    r"%|per ?cent|\brates?\b|\baverage\b|\bmean\b|\bmedian\b|\bratio\b|\bindex\b|\bscores?\b|\bproportion\b|"
    r"\bper\s+(?:\d|head|capita|pupil|child|person|thousand|million|hour|week|day|student|place|unit)|\bshare of\b|"
    r"\bconfidence\b|\blongest\b|\bshortest\b|\bmaximum\b|\bminimum\b|\bdensity\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\bcodes?\b|\burn\b|\bukprn\b|\buprn\b|\bid\b|\bref(?:erence)?\b|_code$|_id$|^time_period$|"
    r"\b(?:lea?|la|dfe|school|account|row|line|case|invoice|order|estab|phone|telephone)\s*(?:number|no)\b|"
    r"^(?:year|date|month|quarter|period|week|age|no\.?|#|s\.?no\.?|rank(?:ing)?|latitude|longitude|easting|northing)\W*$",
    re.IGNORECASE,
)
_COUNT = re.compile(r"^(?:number|count|total number)\b(?!.*(?:%|per ?cent|\brate\b))", re.IGNORECASE)


def adds_up(path: tuple[str, ...]) -> bool:
    """Whether a column of that stack of names can have a control total: not a rate, a percentage, a code or a year."""
    if not path:
        return True
    if _COUNT.search(path[-1]):
        return True
    return not (_RATE.search(" > ".join(path)) or _CODE.search(path[-1]))
