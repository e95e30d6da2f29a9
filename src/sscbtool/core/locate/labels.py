"""The words by which a row says that it is a total, a breakdown, a change, or a level of a hierarchy."""

from __future__ import annotations

import re
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sscbtool.core.locate.cells import Look, Matrix, Vector
from sscbtool.core.model import Grid


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
    _LEAD
    + r"(?:(?:grand|sub|system|overall|running|net|gross|combined|cumulative|annual|yearly|quarterly|monthly|final|year|"
    r"national|regional|county|uk|england|section|group|page|report|column|and|the)[\s\-–]*)*(?:sub)?totals?\b"
    r"|\btotals?\s*(?:\([^)]*\)|\[[^\]]*\]|[\d*†:,\s]+)*\W*$"
    r"|^\W*(?:year[\s\-]to[\s\-]date|latest (?:\w+|\d+) (?:months|quarters|years)|(?:rolling|last) (?:12|twelve) months)\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"^\W*(?:(?:%|per ?cent(?:age)?)\s*(?:annual\s*)?(?:change|difference|increase|of total|variance)|"
    r"(?:annual|year[\s\-]on[\s\-]year|yearly)\s*(?:%|per ?cent(?:age)?)?\s*change|(?:average|mean|median|maximum|minimum|std\.? dev\w*)\W*$)",
    re.IGNORECASE,
)
_BALANCE = re.compile(
    r"^\W*(?:(?:opening|closing|beginning|ending|available|net|cash|bank)\s+(?:\w+\s+){0,2}(?:balances?|position|funds?)\b|"
    r"balances?\s+(?:brought|carried|b/?f|c/?f)|(?:brought|carried)\s+forward|net\s+(?:surplus|deficit|cost|expenditure|income)\W*$|"
    r"(?:surplus|deficit)\s*[/(])",
    re.IGNORECASE,
)
_ALL = re.compile(r"^\W*all\b(?!\s+(?:saints|souls|hallows))[\w\s,()/&'’\-]{0,60}$", re.IGNORECASE)
_MEASURE = re.compile(
    _LEAD + r"total (?:number|amount|value|equivalent|count|cost) (?:number )?(?:of|to)\b", re.IGNORECASE
)
_FIRM = re.compile(r"\b(?:ltd|limited|plc|llp|inc|cic|company|gmbh)\b\.?\s*$", re.IGNORECASE)
_HINT = r"total|\ball\b|change|average|mean|median|maximum|minimum|balance|forward|surplus|deficit|net |position|funds?\b|to[ -]date|months|quarters|latest|last"

COUNTRIES = frozenset(
    {
        *(
            "england",
            "wales",
            "scotland",
            "northern ireland",
            "great britain",
            "united kingdom",
            "uk",
            "gb",
            "england and wales",
        ),
        *(
            "england & wales",
            "national",
            "england total",
            "united states",
            "canada",
            "ireland",
            "new zealand",
            "australia",
        ),
        *("england average", "all england", "england and wales total", "great britain and northern ireland"),
    }
)
WHOLE_COUNTRIES = COUNTRIES & {
    "england",
    "england and wales",
    "united kingdom",
    "uk",
    "great britain",
    "scotland",
    "wales",
}
REGIONS = frozenset(
    {
        *(
            "north east",
            "north west",
            "yorkshire and the humber",
            "yorkshire & the humber",
            "yorkshire and humber",
            "yorkshire & humber",
        ),
        *(
            "yorkshire and the humber region",
            "east midlands",
            "west midlands",
            "east of england",
            "east",
            "eastern",
            "london",
            "greater london",
        ),
        *("inner london", "outer london", "south east", "south west", "west midlands region", "west midlands (region)"),
        *(
            "north east region",
            "north west region",
            "east midlands region",
            "south east region",
            "south west region",
            "east region",
        ),
        *(
            "london region",
            "inner london boroughs",
            "outer london boroughs",
            "metropolitan districts",
            "unitary authorities",
        ),
        *("shire districts", "shire counties", "london boroughs", "other authorities", "north", "midlands", "south"),
    }
)

_RANKS = (
    (
        0,
        re.compile(
            r"^(?:national|country|nation|countries|england|uk|great britain|united kingdom|world|all)$", re.IGNORECASE
        ),
    ),
    (
        1,
        re.compile(
            r"^(?:region|regional|regions|government office region|gor|statistical region|commissioning region|rgn|reg)$",
            re.IGNORECASE,
        ),
    ),
    (
        2,
        re.compile(
            r"^(?:(?:metropolitan |non-metropolitan |shire )?count(?:y|ies)|sub-?region|lep|combined authority|mayoral .*|police force area)$",
            re.IGNORECASE,
        ),
    ),
    (
        3,
        re.compile(
            r".*\b(?:local|authority|authorities|district|borough|council|la|lad|lea|utla|ltla|unitary|icb|stp|ccg)\b.*",
            re.IGNORECASE,
        ),
    ),
    (
        4,
        re.compile(
            r"^(?:ward|school|provider|institution|lsoa|msoa|practice|trust|parliamentary constituency|pcon|site)$",
            re.IGNORECASE,
        ),
    ),
)


def claim(text: str) -> Claim:
    """What one label cell says of its row."""
    bare = text.strip()
    if len(bare) > 120:
        return Claim.NONE
    if _CHANGE.search(bare):
        return Claim.CHANGE
    if _TOTAL.search(bare) and not _FIRM.search(bare):
        return Claim.CHECKED if _MEASURE.search(bare) else Claim.TOTAL
    if _BALANCE.search(bare):
        return Claim.BALANCE
    folded = folded_label(bare)
    if folded in COUNTRIES or folded in REGIONS:
        return Claim.PLACE
    if _ALL.search(bare) or (bare.isupper() and len(bare) > 3 and sum(c.isalpha() for c in bare) > 3):
        return Claim.CHECKED
    return Claim.NONE


def folded_label(text: str) -> str:
    """A label without case, doubled spaces and trailing footnote marks."""
    return " ".join(text.strip().strip("*†‡: ").rstrip("0123456789,").split()).casefold()


def claims_of(grid: Grid, looks: Matrix, rows: Vector, columns: Vector) -> tuple[Vector, Vector]:
    """By row: the strongest claim of its text cells, and the stored column of that cell (-1 where there is none)."""
    claims = np.zeros(len(rows), np.int8)
    where = np.full(len(rows), -1, np.int32)
    seen: dict[str, Claim] = {}
    for j in columns.tolist():
        cells = np.flatnonzero(looks[rows, j] == Look.TEXT)
        if not len(cells):
            continue
        texts = grid.texts[j].take(pa.array(rows[cells]))
        if len(cells) > 2000:
            cells, texts = _hinted(cells, texts)
        for n, text in zip(cells.tolist(), texts.to_pylist(), strict=True):
            said = seen.get(text)
            if said is None:
                said = seen[text] = claim(text)
            if said > claims[n]:
                claims[n], where[n] = said, j
    return claims, where


def _hinted(cells: Vector, texts: pa.Array) -> tuple[Vector, pa.Array]:
    """The cells whose text could claim anything: long columns are searched as a whole first."""
    bare = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    known = pa.array(sorted(COUNTRIES | REGIONS))
    hit = pc.or_(pc.match_substring_regex(bare, _HINT), pc.is_in(bare, known)).to_numpy(zero_copy_only=False)
    kept = np.flatnonzero(hit)
    return cells[kept], texts.take(pa.array(kept))


def levels_of(grid: Grid, looks: Matrix, rows: Vector, columns: Vector) -> Vector | None:
    """By row: its rank where a column tells levels of a hierarchy (0 country, 1 region ... 4 school), -1 where it does not.

    None where no column does: most of its values must be level words, of two ranks at least, a country or region among them.
    """
    for j in columns.tolist():
        if (looks[rows, j] == Look.TEXT).mean() < 0.9:
            continue
        encoded = grid.texts[j].take(pa.array(rows)).dictionary_encode()
        words = encoded.dictionary.to_pylist()
        if not 2 <= len(words) <= 24:
            continue
        ranks = np.array([_rank(w) for w in words])
        by_row: Vector = ranks[encoded.indices.to_numpy(zero_copy_only=False)]
        if (
            (by_row >= 0).mean() >= 0.95
            and (by_row[by_row >= 0].min() <= 1)
            and len(set(ranks[ranks >= 0].tolist())) >= 2
        ):
            return by_row
    return None


def _rank(word: str) -> int:
    bare = word.strip()
    return next((rank for rank, pattern in _RANKS if pattern.match(bare)), -1)


# --------------------------------------------------------------------------- columns

_RATE = re.compile(
    r"%|per ?cent|\brates?\b|\bper\s+(?:\d|head|capita|pupil|child|person|thousand|million|hour|week|day|student|place|unit)|\baverage\b|\bmean\b|"
    r"\bmedian\b|\bratio\b|\bindex\b|\bscores?\b|\bproportion\b|\bshare of\b|\bconfidence\b|\blongest\b|\bshortest\b|\bmaximum\b|\bminimum\b|\bdensity\b|\bpopulation change\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\bcodes?\b|\burn\b|\bukprn\b|\buprn\b|\bid\b|\bref(?:erence)?\b|\b(?:lea?|la|dfe|school|account|row|line|case|invoice|order|estab|phone|telephone)\s*(?:number|no)\b|"
    r"^(?:year|date|month|quarter|period|week|age|no\.?|#|s\.?no\.?|rank(?:ing)?|latitude|longitude|easting|northing)\W*$|_code$|_id$|^time_period$",
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
