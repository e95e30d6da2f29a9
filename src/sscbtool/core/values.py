r"""The grammar of cells: what a text or a stored number in a partner's spreadsheet may mean, and nothing else.

Every parser answers with one of four things: the value, a ``Marker`` (the sender says why there is no value), a
``Fault`` (the cell does not follow the grammar, and why), or None (the cell is blank). It never raises, whatever the
text, and never guesses: what could be read in two ways is a fault. A fault does not hold the cell's text.

The grammar, for text. Letters count in either case. SP is an ordinary, no-break, thin, narrow or figure space; runs of
spaces count as one, those at either end do not count. ``-`` also stands for U+2010 to U+2013 and the true minus sign
U+2212. One apostrophe (straight or curly) may stand before any value, as Excel's mark for "this is text".

    value      = [ "'" ] ( marker | money | count | percent | number | date | period )     by the column's kind

    digits     = DIGIT { DIGIT }                            ASCII 0-9 only, no underscores
    grouped    = 1-9 [ DIGIT ] [ DIGIT ] { sep DIGIT DIGIT DIGIT }+      one sep throughout: "," or a no-break,
                                                            thin, narrow or figure space; never an ordinary space
    plain      = grouped [ "." digits ]
               | ( digits [ "." digits ] | "." digits ) [ "E" [ "+" | "-" ] 1 to 3 DIGITs ]
    signed     = [ "+" | "-" ] [ SP ] plain
               | "(" [ SP ] plain [ SP ] ")"                negative
               | plain [ SP ] "-"                           negative
    number     = signed                                     below 10^12 either way

    currency   = "£" | "GBP"
    money      = signed, at most one currency before or after the sign or bracket, or after all else only "GBP"
               | [ currency ] plain [ SP ] ( "CR" | "DR" ) [ "GBP" ]        CR is negative, DR positive
               | [ currency ] dash                          a lone dash of any kind: a stated nil, 0.00
                 no digit but 0 beyond the penny; not one to three digits, a point and three digits ("1.500" is
                 1.50 in London and fifteen hundred in Paris); below 10^16 either way

    count      = signed without a fraction other than zeros, not negative
               | "<" n | "≤" n | "<=" n | "fewer than" n | "less than" n      an interval; n from 2 (1 for "≤")
    percent    = number [ SP ] [ "%" | "per cent" | "percent" ]     in percentage points; the percent sign may stand
                                                            inside the bracket or before the trailing minus
    date       = [ weekday ( SP | "," ) ] day [ time ]      the weekday must be the date's own; the time is dropped
    day        = D s M s Y | D s M s YY                     s is "/", "-" or "."; one s throughout; day first, always
               | D [ st | nd | rd | th ] [ "of" ] [ s | SP ] month [ s | SP | "," SP | "." SP ] ( Y | YY )
               | Y s M s D | YYYYMMDD                       D and M of one or two digits; Y from 1900 to 2099
    YY         = 00-29 is 2000-2029, 50-99 is 1950-1999; 30-49 is a fault
    time       = ( "T" | [ "," ] SP [ "at" ] ) H:MM [ :SS [ .fraction ] ] [ "AM" | "PM" ] [ "Z" | offset ]
                                                            an offset must not make it another day in London
    period     = [ quarter ] year | year [ quarter ]        apart by SP, ",", ":" or "-"
               | months year | months Y                     "Apr-Jun 2018", "January to March 2019"
               | date to date, month Y to month Y           must be exactly one financial year or quarter of it
               | ( "year" | "quarter" ) ( "ending" | "ended" | "to" ) ( date | month Y )
    year       = [ "FY" | "financial year" ] Y yd ( YY | Y ) [ "financial year" ]      the second year follows the first
    yd         = "-" | "/" | "to"
    quarter    = ( "Q" | "Qtr" | "Quarter" ) 1-4 [ "(" months ")" ]
    marker     = a value of ``Marker``; "<" n and its like; "na", "n.a.", "not applicable" for "n/a"; any lone dash

Hidden characters, digits of other scripts, and text that was decoded wrongly are faults wherever a value should be.

For a stored number (kind NUMBER): its canonical text is the shortest decimal of a binary float. Money is rounded to
the penny only from within a millionth of a penny; other quantities lose what a float holds beyond 15 significant
digits of a fraction, which Excel does not show either. A percent format multiplies by 100 in a percent column and is a
fault in a money or count column. A format that shows a foreign currency or a unit (``0"k"``) is a fault. In a date
column a serial of the workbook's own system, 1900 or 1904, from 1950 to 2049 is a date.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from functools import lru_cache, total_ordering
from typing import Protocol, TypeVar

from sscbtool.core.model import Flag, Kind
from sscbtool.core.neutral import INVISIBLE

# --------------------------------------------------------------------------- what a cell may be instead of a value


class Marker(StrEnum):
    """Why the sender gives no value. All differ, from each other, from blank and from 0."""

    CONFIDENTIAL = "[c]"
    NOT_AVAILABLE = "[x]"
    NOT_APPLICABLE = "[z]"
    LOW = "[low]"
    """Rounds to nought but is not nought."""
    UNRELIABLE = "[u]"
    BREAK_IN_SERIES = "[b]"
    ESTIMATED = "[e]"
    FORECAST = "[f]"
    PROVISIONAL = "[p]"
    REVISED = "[r]"
    NONE_RECORDED = "[w]"
    BARE_C = "c"
    BARE_X = "x"
    BARE_Z = "z"
    BARE_U = "u"
    BARE_LOW = "low"
    DOTS = ".."
    COLON = ":"
    DASH = "-"
    """In a money column a lone dash is a stated nil instead."""
    STAR = "*"
    TILDE = "~"
    SMALL = "<n"
    """``<5`` and its like, where an interval is of no use; ``parse_count`` gives the interval."""
    NA = "n/a"
    NIL = "nil"


class FaultKind(StrEnum):
    """How a cell fails the grammar of its column."""

    NOT_MONEY = "not_money"
    SUB_PENNY = "sub_penny"
    FOREIGN_CURRENCY = "foreign_currency"
    TOO_LARGE = "too_large"
    """Beyond what the column can hold exactly."""
    TOO_LONG = "too_long"
    """More characters than any value has."""
    NOT_A_NUMBER = "not_a_number"
    """``NaN``, ``inf``, ``null``, ``None``, or in a number column anything that is no number."""
    BAD_DIGITS = "bad_digits"
    """Full-width digits, digits of another script, underscores between digits."""
    DECIMAL_COMMA = "decimal_comma"
    AMBIGUOUS_COMMA = "ambiguous_comma"
    """A comma that is neither before three digits nor clearly a decimal sign."""
    AMBIGUOUS_POINT = "ambiguous_point"
    """``1.500``: one and a half, or fifteen hundred."""
    IS_A_DATE = "is_a_date"
    IS_A_BOOL = "is_a_bool"
    IS_A_PERCENT = "is_a_percent"
    SCALED_FORMAT = "scaled_format"
    """The number format writes a unit behind the number (``0"k"``) that the stored number does not have."""
    ERROR_CELL = "error_cell"
    UNCACHED_FORMULA = "uncached_formula"
    ZERO_FORMULA = "zero_formula"
    """A formula stored at nought, like every other of its column; only the column can tell."""
    UNDECODABLE = "undecodable"
    MOJIBAKE = "mojibake"
    HIDDEN_CHARACTERS = "hidden_characters"
    NOT_A_COUNT = "not_a_count"
    NEGATIVE_COUNT = "negative_count"
    FRACTIONAL_COUNT = "fractional_count"
    NOT_A_PERCENT = "not_a_percent"
    NOT_A_DATE = "not_a_date"
    IMPOSSIBLE_DATE = "impossible_date"
    """No such day, a weekday that is not the date's, or a year outside 1900 to 2099."""
    MONTH_FIRST_DATE = "month_first_date"
    TWO_DIGIT_YEAR = "two_digit_year"
    """Two digits that may be of either century."""
    NOT_A_PERIOD = "not_a_period"
    SPAN_NOT_A_YEAR = "span_not_a_year"
    """``2018/20``, or dates that do not bound exactly one financial year or quarter."""
    NOT_IN_LIST = "not_in_list"
    """For codes: no spelling that the schema lists."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell outside the grammar. It never holds the cell's text: that may be personal."""

    kind: FaultKind


@dataclass(frozen=True, slots=True)
class Interval:
    """A suppressed count: at least ``low`` and at most ``high``."""

    low: int
    high: int
    marker: Marker | None = field(default=None, compare=False)
    """What the sender wrote."""


class MoneyStyle(StrEnum):
    """The ways to write an amount that the grammar of money accepts: below nought, a bar, and otherwise."""

    PLAIN = "-{plain}|{plain}"
    PLUS = "-{plain}|+{plain}"
    THOUSANDS = "-{thousands}|{thousands}"
    POUNDS = "-£{thousands}|£{thousands}"
    POUND_FIRST = "£-{thousands}|£{thousands}"
    POUND_SPACED = "- £ {thousands}|£ {thousands}"
    BRACKETS = "({thousands})|{thousands}"
    POUND_BRACKETS = "(£{thousands})|£{thousands}"
    POUND_OUTSIDE_BRACKETS = "£({thousands})|£{thousands}"
    TRAILING_MINUS = "{thousands}-|{thousands}"
    TRUE_MINUS = "\u2212£{thousands}|£{thousands}"
    EN_DASH = "\u2013{thousands}|{thousands}"
    CREDIT = "{thousands} CR|{thousands} DR"
    CREDIT_CLOSE = "£{plain}cr|£{plain}dr"
    EXPONENT = "-{exponent}|{exponent}"
    APOSTROPHE = "'-{thousands}|'{thousands}"
    CODE_FIRST = "GBP -{thousands}|GBP {thousands}"
    CODE_LAST = "-{thousands} GBP|{thousands} GBP"
    NO_BREAK_SPACES = "-£{no_break}|£{no_break}"
    THIN_SPACES = "-{thin}|{thin}"
    NARROW_SPACES = "-{narrow}|{narrow}"
    PADDED = "\u00a0 -£{thousands}\t|\u00a0 £{thousands}\t"


# --------------------------------------------------------------------------- characters

_SPACES = (
    " \t\n\r\x0b\x0c\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_CAP = 64
"""No value of the grammar is longer. The cap keeps a hostile cell from costing more than an honest one."""

_HIDDEN = re.compile(f"[{INVISIBLE}]")
_TIDIED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-") | dict.fromkeys("\u2007\u2009\u202f", "\u00a0")
)
_SPACE_RUN = re.compile(r"[ \u00a0]{2,}")
_APOSTROPHES = ("'", "\u2018", "\u2019")
_LONE_DASHES = frozenset("-\u2014\u2015")

_MOJIBAKE_TAIL = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_MOJIBAKE = re.compile(f"[ÂÃÅ]{_MOJIBAKE_TAIL}|â{_MOJIBAKE_TAIL}{{2}}|ï»¿|ï¿½|ðŸ|¬£|┬ú")
"""UTF-8 read as cp1252 or latin-1 (and £ as Mac or DOS would have it), in the blocks that English text draws on."""


def has_hidden_characters(text: str) -> bool:
    """Whether ``text`` holds a control (white space apart), bidirectional, zero-width or otherwise invisible one."""
    return _HIDDEN.search(text) is not None


def looks_like_mojibake(text: str) -> bool:
    """Whether ``text`` looks decoded once too often: ``Â£``, ``â€™``, ``Ã©``."""
    return not text.isascii() and _MOJIBAKE.search(text) is not None


def _tidy(text: str) -> str:
    """``text``, already stripped, with one kind of minus, two kinds of space, no runs of them and no text mark."""
    if not text.isascii():
        text = text.translate(_TIDIED)
    if text.startswith(_APOSTROPHES):
        text = text[1:].lstrip(_SPACES)
    return _SPACE_RUN.sub(" ", text)


# --------------------------------------------------------------------------- what every parser does first

_FAULTS = {kind: Fault(kind) for kind in FaultKind}

_DATE_FAULT, _BOOL_FAULT, _ERROR_FAULT = (
    _FAULTS[kind] for kind in (FaultKind.IS_A_DATE, FaultKind.IS_A_BOOL, FaultKind.ERROR_CELL)
)
_OF_KIND = tuple({Kind.DATE: _DATE_FAULT, Kind.BOOL: _BOOL_FAULT, Kind.ERROR: _ERROR_FAULT}.get(kind) for kind in Kind)
"""By ``Kind``: the fault of a cell of that kind, whatever it holds. A tuple, since enum members hash slowly."""
_TEXT, _NUMBER, _BLANK, _DATE = int(Kind.TEXT), int(Kind.NUMBER), int(Kind.BLANK), int(Kind.DATE)
_UNCACHED, _UNDECODABLE = int(Flag.UNCACHED), int(Flag.UNDECODABLE)
"""Plain integers: reaching for an enum's member costs more than the comparison."""


def _given(text: str, kind: Kind, flags: Flag) -> str | Fault | None:
    """The cell's text without the space around it; None if blank; a fault if no text of this kind can be a value."""
    if flags != 0:
        seen = int(flags)
        if seen & _UNCACHED:
            return _FAULTS[FaultKind.UNCACHED_FORMULA]
        if seen & _UNDECODABLE:
            return _FAULTS[FaultKind.UNDECODABLE]
    if kind == _BLANK:
        return None
    if (fault := _OF_KIND[kind]) is not None:
        return fault
    text = text.strip(_SPACES)
    if len(text) > _CAP:
        return _FAULTS[FaultKind.TOO_LARGE if text.isascii() and text.isdigit() else FaultKind.TOO_LONG]
    return text or None


_MARKERS = (
    {str(marker): marker for marker in Marker if marker is not Marker.SMALL}
    | {
        "na": Marker.NA,
        "n.a.": Marker.NA,
        "n.a": Marker.NA,
        "not applicable": Marker.NA,
    }
    | dict.fromkeys(_LONE_DASHES, Marker.DASH)
)
_SMALL = re.compile(r"(<|≤|<=|fewer than|less than) ?([0-9]{1,6})", re.IGNORECASE | re.ASCII)


def _marker(tidy: str) -> Marker | None:
    marker = _MARKERS.get(tidy.lower())
    if marker is None and _SMALL.fullmatch(tidy):
        return Marker.SMALL
    return marker


def parse_marker(text: str) -> Marker | None:
    """The marker that ``text`` is, for columns of figures. In a text column ``NA``, ``c`` and ``-`` are just text."""
    text = text.strip(_SPACES)
    return _marker(_tidy(text)) if len(text) <= _CAP else None


# --------------------------------------------------------------------------- why a text is no number

_ERROR_TEXT = re.compile(r"#(?:#+|REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA)")
_NAN_TEXT = re.compile(r"[-+]?(?:nan|inf|infinity|null|none|1\.#(?:qnan|inf|ind))", re.IGNORECASE)
_CURRENCY_WORD = re.compile(
    r"(?<![A-Z])(?:USD|EUR|JPY|CHF|AUD|CAD|NZD|CNY|RMB|INR|PKR|BDT|NGN|GHS|KES|ZAR|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|RUB|UAH"
    r"|TRY|AED|SAR|ILS|HKD|SGD|THB|BRL|MXN|US|EUROS?|DOLLARS?|KR|ZŁ|RS)(?![A-Z])",
    re.IGNORECASE,
)
_COMMA_SHAPE = re.compile(r"[-+(£ \u00a0]*([0-9][0-9.,' \u00a0]*)[-) \u00a0]*", re.ASCII)
_CONTINENTAL = re.compile(r"[0-9]{1,3}(?:[. \u00a0][0-9]{3})+,[0-9]+|[0-9]{4,},[0-9]{1,2}|[0-9]{1,3}(?:\.[0-9]{3}){2,}")


def _is_foreign(text: str) -> bool:
    """Whether a currency other than sterling is named."""
    symbol = any(unicodedata.category(c) == "Sc" and c != "£" for c in text if not c.isalnum())
    return symbol or _CURRENCY_WORD.search(text) is not None


def _has_bad_digits(text: str) -> bool:
    if re.search(r"[0-9]_+[0-9]", text):
        return True
    return any(c.isnumeric() or "\uff00" <= c <= "\uffef" for c in text if not c.isascii())


def _comma_trouble(text: str) -> FaultKind | None:
    shape = _COMMA_SHAPE.fullmatch(text)
    if shape is None:
        return None
    digits = shape.group(1).rstrip(" \u00a0")
    if _CONTINENTAL.fullmatch(digits):
        return FaultKind.DECIMAL_COMMA
    return FaultKind.AMBIGUOUS_COMMA if "," in digits else None


def _why_no_number(tidy: str, otherwise: FaultKind) -> Fault:
    """What is wrong with a text that is no number, in the order in which a sender would want to know."""
    tests: tuple[tuple[Callable[[str], object], FaultKind], ...] = (
        (has_hidden_characters, FaultKind.HIDDEN_CHARACTERS),
        (lambda t: "\ufffd" in t, FaultKind.UNDECODABLE),
        (_ERROR_TEXT.fullmatch, FaultKind.ERROR_CELL),
        (_NAN_TEXT.fullmatch, FaultKind.NOT_A_NUMBER),
        (lambda t: t.upper() in {"TRUE", "FALSE"}, FaultKind.IS_A_BOOL),
        (looks_like_mojibake, FaultKind.MOJIBAKE),
        (_has_bad_digits, FaultKind.BAD_DIGITS),
    )
    for test, kind in tests:
        if test(tidy):
            return _FAULTS[kind]
    if any(c.isdigit() for c in tidy):
        if _is_foreign(tidy):
            return _FAULTS[FaultKind.FOREIGN_CURRENCY]
        if isinstance(_date_in(tidy), dt.date):
            return _FAULTS[FaultKind.IS_A_DATE]
        if (trouble := _comma_trouble(tidy)) is not None:
            return _FAULTS[trouble]
        if tidy.rstrip(")- ").endswith("%"):
            return _FAULTS[FaultKind.NOT_A_PERCENT if otherwise is FaultKind.NOT_A_PERCENT else FaultKind.IS_A_PERCENT]
    return _FAULTS[otherwise]


# --------------------------------------------------------------------------- numbers

_EXACT = Context(prec=200, Emax=99_999, Emin=-99_999)
"""For every operation that rounds: results must not depend on the context that a caller's thread happens to have."""
_PENNY = Decimal("0.01")
_NIL = Decimal("0.00")
_MILLIONTH_OF_A_PENNY = Decimal("1E-8")
_MONEY_DIGITS = 16
"""Digits before the point that Decimal(18,2) holds."""
_COUNT_DIGITS = 15
"""Beyond 15 digits a spreadsheet no longer counts exactly."""
_NUMBER_DIGITS = 12
"""Digits before the point that Decimal(18,6) holds."""
_FINEST = -40
_FLOAT_DIGITS = 15

_PLAIN = (
    r"(?:[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?:\u00a0[0-9]{3})+)(?:\.[0-9]+)?"
    r"|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:E[-+]?[0-9]{1,3})?)"
)
_SP = r"[ \u00a0]?"
_SHAPE = re.compile(
    rf"([-+]?){_SP}(£|GBP)?{_SP}([-+]?){_SP}(\(?){_SP}(£|GBP)?{_SP}({_PLAIN}){_SP}(\)?){_SP}(-|CR|DR)?{_SP}(GBP)?",
    re.IGNORECASE | re.ASCII,
)
"""Wider than the grammar: ``_amount`` then allows one sign, one currency and brackets in pairs only."""
_QUICK_MONEY = re.compile(
    r"-?£?(?:[0-9]{1,16}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4})(?:(\.[0-9][0-9])|(\.[0-9]))?", re.ASCII
)
"""Most amounts, by a short cut; the grammar proper gives the same for each."""
_TO_THE_PENNY = {None: ".00", 1: "", 2: "0"}
"""What ``_QUICK_MONEY`` lacks of two decimals, by the last group that matched."""
_LONE_NIL = re.compile(rf"(?:£|GBP){_SP}-", re.IGNORECASE | re.ASCII)
_TWO_READINGS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}", re.ASCII)
_STORED = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:E[-+]?[0-9]{1,3})?", re.IGNORECASE | re.ASCII)


def _amount(tidy: str, *, currency: bool) -> tuple[Decimal, str] | None:
    """The number that ``tidy`` writes and its bare digits as written; None if it writes none."""
    shape = _SHAPE.fullmatch(tidy)
    if shape is None:
        return None
    before, money_1, inner, opened, money_2, plain, closed, after, money_3 = shape.groups("")
    signs = [sign for sign in (before, inner, opened, after) if sign]
    currencies = bool(money_1) + bool(money_2) + bool(money_3)
    ledger = len(after) > 1
    if len(signs) > 1 or bool(opened) != bool(closed) or currencies > 1 or ((currencies or ledger) and not currency):
        return None
    value = Decimal(plain.replace(",", "").replace("\u00a0", ""))
    if signs and signs[0].upper() in {"-", "(", "CR"} and value:
        value = value.copy_negate()
    return value, plain


def _stored_number(text: str) -> Decimal | None:
    """A NUMBER cell's value; the readers write nothing else, so None means ``nan``, ``inf`` or a broken reader."""
    return Decimal(text) if _STORED.fullmatch(text) else None


def _without_float_noise(value: Decimal) -> Decimal:
    """A stored number with a fraction, to the 15 significant digits that a spreadsheet shows."""
    digits = len(value.as_tuple().digits)
    if digits <= _FLOAT_DIGITS or int(value.as_tuple().exponent) >= 0:
        return value
    return Context(prec=_FLOAT_DIGITS, Emax=99_999, Emin=-99_999).plus(value).normalize(_EXACT)


def _too_large(value: Decimal, digits: int) -> bool:
    return bool(value) and value.adjusted() >= digits


class _Look(StrEnum):
    """What a number format says about the number."""

    NEUTRAL = "neutral"
    PERCENT = "percent"
    OURS = "ours"
    FOREIGN = "foreign"
    SCALED = "scaled"


_FORMAT_UNIT = re.compile(
    r"(?<![A-Z])(?:K|M|MN|MILL?|BN|TH|THOUSANDS?|MILLIONS?|HUNDREDS?|P|PENCE|(?<![0-9])'?0{3}S?)(?![A-Z0-9])",
    re.IGNORECASE,
)
"""A unit among a format's literals."""
_FORMAT_DIVIDES = re.compile(r"[0#?],+(?![0#?,])")
"""A comma behind the last digit: what is shown is a thousandth of what is stored, and a unit says so."""
_FORMAT_BRACKET = re.compile(r"\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]")
_FORMAT_LITERAL = re.compile(r'"([^"]*)"|\\(.)|[_*].')
_FORMAT_TOKEN = re.compile(_FORMAT_LITERAL.pattern + "|.", re.DOTALL)


@lru_cache(maxsize=1024)
def _look(format_code: str) -> _Look:
    """What ``format_code`` shows around the number: a percent sign, pounds, or another currency."""
    code = format_code[:1024]
    shown = _FORMAT_BRACKET.sub(lambda m: f'"{m.group(1) or ""}"', code)
    literals = _FORMAT_TOKEN.sub(lambda m: m.group(1) or m.group(2) or " ", shown)
    bare = _FORMAT_LITERAL.sub(" ", shown)
    if _is_foreign(literals) or any(unicodedata.category(c) == "Sc" and c != "£" for c in bare):
        return _Look.FOREIGN
    if "%" in bare:
        return _Look.PERCENT
    if _FORMAT_UNIT.search(" ".join(_written(shown))) and not _FORMAT_DIVIDES.search(bare):
        return _Look.SCALED
    return _Look.OURS if "£" in code or "GBP" in literals.upper() else _Look.NEUTRAL


def _written(shown: str) -> list[str]:
    """The texts that a format writes as they stand."""
    return [m.group(1) or m.group(2) or "" for m in _FORMAT_LITERAL.finditer(shown)]


@lru_cache(maxsize=1024)
def _may_be_pounds(format_code: str) -> bool:
    return _look(format_code) in {_Look.NEUTRAL, _Look.OURS}


# --------------------------------------------------------------------------- money


def parse_money(
    text: str, kind: Kind = Kind.TEXT, format_code: str = "General", *, flags: Flag = Flag.NONE
) -> Decimal | Marker | Fault | None:
    """An amount in pounds, exact, with two places; a lone dash is a stated nil. See the module for the grammar."""
    if flags == 0 and (kind == _TEXT or (kind == _NUMBER and _may_be_pounds(format_code))):
        quick = _QUICK_MONEY.fullmatch(text)
        if quick is not None:
            value = Decimal(text.replace(",", "").replace("£", "") + _TO_THE_PENNY[quick.lastindex])
            return value or _NIL
    given = _given(text, kind, flags)
    if not isinstance(given, str):
        return given
    return _stored_money(given, format_code) if kind == _NUMBER else _written_money(given)


def _written_money(text: str) -> Decimal | Marker | Fault:
    tidy = _tidy(text)
    if tidy in _LONE_DASHES or _LONE_NIL.fullmatch(tidy):
        return _NIL
    found = _amount(tidy, currency=True)
    if found is None:
        return _marker(tidy) or _why_no_number(tidy, FaultKind.NOT_MONEY)
    value, digits = found
    if _TWO_READINGS.fullmatch(digits) and digits.endswith("0"):
        return _FAULTS[FaultKind.AMBIGUOUS_POINT]
    return _pence(value, Decimal(0))


def _stored_money(text: str, format_code: str) -> Decimal | Fault:
    value = _stored_number(text)
    if value is None:
        return _FAULTS[FaultKind.NOT_A_NUMBER]
    look = _look(format_code)
    if look is _Look.FOREIGN:
        return _FAULTS[FaultKind.FOREIGN_CURRENCY]
    if look is _Look.PERCENT:
        return _FAULTS[FaultKind.IS_A_PERCENT]
    if look is _Look.SCALED:
        return _FAULTS[FaultKind.SCALED_FORMAT]
    return _pence(value, _MILLIONTH_OF_A_PENNY)


def _pence(value: Decimal, slack: Decimal) -> Decimal | Fault:
    """``value`` to the penny if it is no further than ``slack`` from it."""
    if _too_large(value, _MONEY_DIGITS):
        return _FAULTS[FaultKind.TOO_LARGE]
    if not value:
        return _NIL
    pence = value.quantize(_PENNY, rounding=ROUND_HALF_EVEN, context=_EXACT)
    if pence != value and _EXACT.abs(_EXACT.subtract(value, pence)) > slack:
        return _FAULTS[FaultKind.SUB_PENNY]
    if _too_large(pence, _MONEY_DIGITS):
        return _FAULTS[FaultKind.TOO_LARGE]
    return pence or _NIL


def money_style(value: Decimal, style: MoneyStyle) -> str:
    """``value`` (two places) written in ``style``; ``parse_money`` reads each of them back."""
    below, otherwise = style.value.split("|")
    size = value.copy_abs()
    thousands = f"{size:,.2f}"
    return (below if value < 0 else otherwise).format(
        plain=f"{size:.2f}",
        thousands=thousands,
        exponent=f"{size:E}",
        no_break=thousands.replace(",", "\u00a0"),
        thin=thousands.replace(",", "\u2009"),
        narrow=thousands.replace(",", "\u202f"),
    )


# --------------------------------------------------------------------------- counts, percentages, numbers

DEFAULT_THRESHOLD = 5
"""The largest count that a sender withholds as ``[c]``, unless a schema says otherwise: the practice of the DfE."""


def parse_count(
    text: str,
    kind: Kind = Kind.TEXT,
    format_code: str = "General",
    *,
    flags: Flag = Flag.NONE,
    threshold: int = DEFAULT_THRESHOLD,
) -> int | Interval | Marker | Fault | None:
    """A whole number of things, not negative; ``<5`` is 1 to 4, and ``[c]`` or ``c`` is 1 to ``threshold``."""
    given = _given(text, kind, flags)
    if not isinstance(given, str):
        return given
    if kind == _NUMBER:
        stored = _stored_number(given)
        if stored is None:
            return _FAULTS[FaultKind.NOT_A_NUMBER]
        return _FAULTS[FaultKind.NOT_A_COUNT] if _look(format_code) is not _Look.NEUTRAL else _whole(stored)
    tidy = _tidy(given)
    found = _amount(tidy, currency=False)
    if found is not None:
        return _whole(found[0])
    return _withheld(tidy, threshold) or _marker(tidy) or _why_no_number(tidy, FaultKind.NOT_A_COUNT)


def _whole(value: Decimal) -> int | Fault:
    if _too_large(value, _COUNT_DIGITS):
        return _FAULTS[FaultKind.TOO_LARGE]
    if value != value.to_integral_value(context=_EXACT):
        return _FAULTS[FaultKind.FRACTIONAL_COUNT]
    return _FAULTS[FaultKind.NEGATIVE_COUNT] if value < 0 else int(value)


def _withheld(tidy: str, threshold: int) -> Interval | Fault | None:
    """The interval that a suppression marker stands for."""
    marker = _marker(tidy)
    if marker in {Marker.CONFIDENTIAL, Marker.BARE_C}:
        return Interval(1, threshold, marker)
    small = _SMALL.fullmatch(tidy)
    if small is None:
        return None
    high = int(small.group(2)) - (small.group(1) not in {"≤", "<="})
    return Interval(1, high, Marker.SMALL) if high >= 1 else _FAULTS[FaultKind.NOT_A_COUNT]


_PERCENT_SIGN = re.compile(r"[ \u00a0]?(?:%|per ?cent)(?=[ \u00a0]?[-)]?\Z)", re.IGNORECASE | re.ASCII)


def parse_percent(
    text: str, kind: Kind = Kind.TEXT, format_code: str = "General", *, flags: Flag = Flag.NONE
) -> Decimal | Marker | Fault | None:
    """A percentage in percentage points: ``22.5%`` is 22.5, and so is a stored 0.225 under a percent format."""
    given = _given(text, kind, flags)
    if not isinstance(given, str):
        return given
    if kind == _NUMBER:
        return _stored_percent(given, format_code)
    tidy = _tidy(given)
    found = _amount(_PERCENT_SIGN.sub("", tidy, count=1), currency=False)
    if found is None:
        return _marker(tidy) or _why_no_number(tidy, FaultKind.NOT_A_PERCENT)
    return _bounded(found[0])


def _stored_percent(text: str, format_code: str) -> Decimal | Fault:
    value = _stored_number(text)
    if value is None:
        return _FAULTS[FaultKind.NOT_A_NUMBER]
    look = _look(format_code)
    if look in {_Look.OURS, _Look.FOREIGN}:
        return _FAULTS[FaultKind.NOT_A_PERCENT]
    value = _without_float_noise(value)
    return _bounded(value.scaleb(2, context=_EXACT) if look is _Look.PERCENT else value)


def parse_number(
    text: str,
    kind: Kind = Kind.TEXT,
    format_code: str = "General",  # noqa: ARG001 - one signature for the parsers of every kind of column
    *,
    flags: Flag = Flag.NONE,
) -> Decimal | Marker | Fault | None:
    """Any exact number without a unit (hours, scores, quantities), as written or as stored whatever its format."""
    given = _given(text, kind, flags)
    if not isinstance(given, str):
        return given
    if kind == _NUMBER:
        value = _stored_number(given)
        return _FAULTS[FaultKind.NOT_A_NUMBER] if value is None else _bounded(_without_float_noise(value))
    tidy = _tidy(given)
    found = _amount(tidy, currency=False)
    if found is None:
        return _marker(tidy) or _why_no_number(tidy, FaultKind.NOT_A_NUMBER)
    return _bounded(found[0])


def _bounded(value: Decimal) -> Decimal | Fault:
    """``value`` if arithmetic on it stays exact in reason; written out, without an exponent above zero."""
    if not value:
        return Decimal(0)
    if _too_large(value, _NUMBER_DIGITS) or int(value.as_tuple().exponent) < _FINEST:
        return _FAULTS[FaultKind.TOO_LARGE]
    return value.quantize(Decimal(1), context=_EXACT) if int(value.as_tuple().exponent) > 0 else value


# --------------------------------------------------------------------------- columns

_Value_co = TypeVar("_Value_co", covariant=True)


class Parser(Protocol[_Value_co]):
    """What the parsers of cells have in common."""

    def __call__(self, text: str, kind: Kind, format_code: str, *, flags: Flag) -> _Value_co:
        """The value, marker, fault or None of one cell."""


def parse_column(
    parse: Parser[_Value_co],
    texts: Sequence[str],
    kinds: Sequence[int] | None = None,
    format_codes: Sequence[str] | None = None,
    flags: Sequence[int] | None = None,
) -> list[_Value_co]:
    """``parse`` of every cell, each distinct cell parsed once. Without kinds all is text, and so on."""
    if kinds is None and format_codes is None and flags is None:
        of_text = {text: parse(text, Kind.TEXT, "General", flags=Flag.NONE) for text in set(texts)}
        return [of_text[text] for text in texts]
    count = len(texts)
    cells = list(
        zip(
            texts,
            [_TEXT] * count if kinds is None else kinds,
            ["General"] * count if format_codes is None else format_codes,
            [0] * count if flags is None else flags,
            strict=True,
        )
    )
    of_cell = {}
    for cell in set(cells):
        text, kind, format_code, flag = cell
        of_cell[cell] = parse(text, Kind(kind), format_code, flags=Flag(flag) if flag else Flag.NONE)
    return [of_cell[cell] for cell in cells]


def parse_money_column(
    texts: Sequence[str],
    kinds: Sequence[int] | None = None,
    format_codes: Sequence[str] | None = None,
    flags: Sequence[int] | None = None,
) -> list[Decimal | Marker | Fault | None]:
    """``parse_money`` of every cell, each distinct cell parsed once."""
    return parse_column(parse_money, texts, kinds, format_codes, flags)


# --------------------------------------------------------------------------- dates

_EARLIEST, _LATEST = 1900, 2099
_SERIAL_EPOCH = dt.date(1899, 12, 30)
_SERIAL_EPOCH_1904 = dt.date(1904, 1, 1)
_FIRST_SERIAL, _LAST_SERIAL = dt.date(1950, 1, 1), dt.date(2049, 12, 31)
_LAST_YY_OF_2000, _FIRST_YY_OF_1900 = 29, 50

_MONTHS = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LETTERS = re.IGNORECASE | re.ASCII

_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_YEAR_FIRST = re.compile(r"([0-9]{4})([/.-])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{4})([0-9]{2})([0-9]{2})")
_NAMED = re.compile(
    rf"([0-9]{{1,2}})(st|nd|rd|th)?(?: of)?[ \u00a0/.-]?({_MONTHS})(?:[ \u00a0/.-]|, ?|\. ?)?([0-9]{{4}}|[0-9]{{2}})",
    _LETTERS,
)
_NAMED_MONTH_FIRST = re.compile(
    rf"({_MONTHS})[ \u00a0./-]{{0,2}}[0-9]{{1,2}}(?:st|nd|rd|th)?[ \u00a0,/-]{{1,2}}([0-9]{{4}}|[0-9]{{2}})", _LETTERS
)
_TIME = re.compile(
    r"(?:T|,?[ \u00a0](?:at )?)([0-9]{1,2}):([0-5][0-9])(?::[0-5][0-9](?:\.[0-9]{1,9})?)?[ \u00a0]?([AP]M)?"
    r"(?:Z|[ \u00a0]?([-+])([0-9]{2}):?([0-9]{2}))?\Z",
    _LETTERS,
)
_WEEKDAY = re.compile(
    r"(?:mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
    r"(?:, ?|[ \u00a0])",
    _LETTERS,
)
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def parse_date(
    text: str,
    kind: Kind = Kind.TEXT,
    format_code: str = "General",
    *,
    flags: Flag = Flag.NONE,
    epoch_1904: bool = False,
) -> dt.date | Marker | Fault | None:
    """A calendar date, read day first; impossible and month-first dates are faults and never swapped.

    ``epoch_1904`` says that the workbook counts its days from 1904.
    """
    if kind == _DATE and not int(flags) & (_UNCACHED | _UNDECODABLE):
        return _date_or_fault(text[:10]) if _YEAR_FIRST.match(text) else _FAULTS[FaultKind.NOT_A_DATE]
    given = _given(text, kind, flags)
    if not isinstance(given, str):
        return given
    if kind == _NUMBER:
        return _stored_date(given, format_code, _SERIAL_EPOCH_1904 if epoch_1904 else _SERIAL_EPOCH)
    tidy = _tidy(given)
    return _marker(tidy) or _date_or_fault(tidy)


def _date_or_fault(tidy: str) -> dt.date | Fault:
    found = _date_in(tidy)
    if isinstance(found, dt.date):
        return found
    if found is FaultKind.NOT_A_DATE:
        return _why_no_date(tidy)
    return _FAULTS[found]


def _why_no_date(tidy: str) -> Fault:
    fault = _why_no_number(tidy, FaultKind.NOT_A_DATE)
    telling = {
        FaultKind.HIDDEN_CHARACTERS,
        FaultKind.UNDECODABLE,
        FaultKind.ERROR_CELL,
        FaultKind.BAD_DIGITS,
        FaultKind.MOJIBAKE,
        FaultKind.IS_A_BOOL,
    }
    return fault if fault.kind in telling else _FAULTS[FaultKind.NOT_A_DATE]


@lru_cache(maxsize=8192)
def _date_in(tidy: str) -> dt.date | FaultKind:
    """The date that ``tidy`` writes, or what is wrong with it."""
    if time := _TIME.search(tidy):
        hour, half = int(time.group(1)), time.group(3)
        if hour > (12 if half else 23) or (half and hour == 0):
            return FaultKind.NOT_A_DATE
        if time.group(4) and _is_another_day(time):
            return FaultKind.NOT_A_DATE
        tidy = tidy[: time.start()]
    weekday = _WEEKDAY.match(tidy)
    day = _day_in(tidy[weekday.end() :] if weekday else tidy)
    if weekday and isinstance(day, dt.date) and day.weekday() != _DAY_NAMES.index(weekday.group()[:3].lower()):
        return FaultKind.IMPOSSIBLE_DATE
    return day


def _is_another_day(time: re.Match[str]) -> bool:
    """Whether a time with an offset other than the two of London falls on another day by Greenwich."""
    hour, minute, half, sign, hours, minutes = time.groups()
    if half:
        hour = str(int(hour) % 12 + 12 * (half.upper() == "PM"))
    offset = (int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1)
    return offset not in (0, 60) and not 0 <= int(hour) * 60 + int(minute) - offset < 24 * 60


def _day_in(text: str) -> dt.date | FaultKind:
    if found := _DAY_FIRST.fullmatch(text):
        day, _, month, year = found.groups()
        return _calendar_day(year, int(month), int(day))
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = (found[1], found[3], found[4]) if found[1] else (found[5], found[6], found[7])
        if int(month) > 12:  # a year before the day is nobody's habit: no telling what was meant
            return FaultKind.IMPOSSIBLE_DATE
        return _calendar_day(year, int(month), int(day))
    if found := _NAMED.fullmatch(text):
        day, ordinal, month, year = found.groups()
        if ordinal and ordinal.lower() != _ORDINALS.get(int(day), "th"):
            return FaultKind.NOT_A_DATE
        return _calendar_day(year, _month_number(month), int(day))
    return FaultKind.MONTH_FIRST_DATE if _NAMED_MONTH_FIRST.fullmatch(text) else FaultKind.NOT_A_DATE


def _calendar_day(written_year: str, month: int, day: int) -> dt.date | FaultKind:
    if month > 12:
        return FaultKind.MONTH_FIRST_DATE if 1 <= day <= 12 and month <= 31 else FaultKind.IMPOSSIBLE_DATE
    year = int(written_year)
    if len(written_year) == 2:
        if _LAST_YY_OF_2000 < year < _FIRST_YY_OF_1900:
            return FaultKind.TWO_DIGIT_YEAR
        year += 2000 if year <= _LAST_YY_OF_2000 else 1900
    if not (_EARLIEST <= year <= _LATEST and month >= 1 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return FaultKind.IMPOSSIBLE_DATE
    return dt.date(year, month, day)


def _month_number(name: str) -> int:
    return _MONTH_NAMES.index(name[:3].lower()) + 1


def _stored_date(text: str, format_code: str, epoch: dt.date) -> dt.date | Fault:
    """A bare number in a date column: an Excel serial where that is plausible, or YYYYMMDD."""
    value = _stored_number(text)
    if value is None or _look(format_code) is not _Look.NEUTRAL:
        return _FAULTS[FaultKind.NOT_A_DATE]
    if (_FIRST_SERIAL - epoch).days <= value < (_LAST_SERIAL - epoch).days + 1:
        return epoch + dt.timedelta(days=int(value))
    return _date_or_fault(text) if _YEAR_FIRST.fullmatch(text) else _FAULTS[FaultKind.NOT_A_DATE]


# --------------------------------------------------------------------------- periods


@total_ordering
@dataclass(frozen=True, slots=True)
class Period:
    """A financial year, 1 April to 31 March, or one quarter of it. A year sorts before its own quarters."""

    year: int
    """The year in which it starts: 2018 for 2018-19."""
    quarter: int | None = None
    """1 is April to June, 4 is January to March."""

    def __str__(self) -> str:
        """``2018-19`` or ``2018-19 Q1``."""
        name = f"{self.year}-{(self.year + 1) % 100:02d}"
        return name if self.quarter is None else f"{name} Q{self.quarter}"

    def __lt__(self, other: Period) -> bool:
        return (self.year, self.quarter or 0) < (other.year, other.quarter or 0)

    @classmethod
    def of(cls, date: dt.date) -> Period:
        """The financial year that ``date`` falls in."""
        return cls(date.year if date.month >= 4 else date.year - 1)

    @classmethod
    def quarter_of(cls, date: dt.date) -> Period:
        """The quarter of the financial year that ``date`` falls in."""
        return cls(cls.of(date).year, (date.month - 4) % 12 // 3 + 1)

    @property
    def start(self) -> dt.date:
        """Its first day."""
        if self.quarter is None or self.quarter == 1:
            return dt.date(self.year, 4, 1)
        return dt.date(self.year + 1, 1, 1) if self.quarter == 4 else dt.date(self.year, 3 * self.quarter + 1, 1)

    @property
    def end(self) -> dt.date:
        """Its last day."""
        if self.quarter is None or self.quarter == 4:
            return dt.date(self.year + 1, 3, 31)
        month = 3 * self.quarter + 3
        return dt.date(self.year, month, calendar.monthrange(self.year, month)[1])

    def contains(self, date: dt.date) -> bool:
        """Whether ``date`` is within it, both ends included."""
        return self.start <= date <= self.end

    def previous(self) -> Period:
        """The year before, or the quarter before."""
        if self.quarter is None:
            return Period(self.year - 1)
        return Period(self.year, self.quarter - 1) if self.quarter > 1 else Period(self.year - 1, 4)

    def following(self) -> Period:
        """The year after, or the quarter after."""
        if self.quarter is None:
            return Period(self.year + 1)
        return Period(self.year, self.quarter + 1) if self.quarter < 4 else Period(self.year + 1, 1)


_YEAR = r"(?:(?:FY|financial year) ?)?([0-9]{4})(?: ?[-/] ?| to )([0-9]{4}|[0-9]{2})(?: financial year)?"
_SPAN = rf"({_MONTHS}) ?(?:-|to) ?({_MONTHS})"
_QUARTER = rf"(?:Q|Qtr ?|Quarter ?)([0-9])(?: ?\({_SPAN}\))?"
_APART = r"(?: ?[,:-] ?| )"
_YEAR_QUARTER = re.compile(rf"{_YEAR}(?:{_APART}{_QUARTER})?", _LETTERS)
_QUARTER_YEAR = re.compile(rf"{_QUARTER}{_APART}(?:of )?{_YEAR}", _LETTERS)
_MONTHS_YEAR = re.compile(rf"{_SPAN}{_APART}{_YEAR}", _LETTERS)
_MONTHS_OF_YEAR = re.compile(rf"{_SPAN}{_APART}([0-9]{{4}})", _LETTERS)
_BOUNDS = re.compile(r"(?:from )?(.{6,30}?)(?: to | until | - |(?<=[0-9]{4})-)(.{6,30})", _LETTERS)
_ENDING = re.compile(r"(?:financial )?(year|quarter) (?:ending|ended|to)(?: on)? (.{6,30})", _LETTERS)
_MONTH_OF_YEAR = re.compile(rf"({_MONTHS})[ -]?([0-9]{{4}})", _LETTERS)
_TWO_BY_TWO = re.compile(rf"(?:FY ?)?[0-9]{{2}} ?[-/] ?[0-9]{{2}}(?:{_APART}{_QUARTER})?", _LETTERS)


def parse_period(
    text: str,
    kind: Kind = Kind.TEXT,
    format_code: str = "General",  # noqa: ARG001 - one signature for the parsers of every kind of column
    *,
    flags: Flag = Flag.NONE,
) -> Period | Marker | Fault | None:
    """A financial year or a quarter of one. A number or a date is a fault: Excel makes dates of ``2018-12``."""
    given = _given(text, kind, flags)
    if not isinstance(given, str):
        return given
    if kind == _NUMBER:
        return _FAULTS[FaultKind.NOT_A_PERIOD]
    tidy = _tidy(given).replace("\u00a0", " ")
    return _marker(tidy) or _period_in(tidy) or _why_no_period(tidy)


def _why_no_period(tidy: str) -> Fault:
    if isinstance(_date_in(tidy), dt.date):
        return _FAULTS[FaultKind.IS_A_DATE]
    if _TWO_BY_TWO.fullmatch(tidy):
        return _FAULTS[FaultKind.TWO_DIGIT_YEAR]
    fault = _why_no_date(tidy)
    return _FAULTS[FaultKind.NOT_A_PERIOD] if fault.kind is FaultKind.NOT_A_DATE else fault


def _period_in(tidy: str) -> Period | Fault | None:
    """The period that ``tidy`` writes; a fault if it is written as one but is none; None if it is not."""
    if found := _YEAR_QUARTER.fullmatch(tidy):
        first, second, quarter, month, to_month = found.groups()
        return _year_and_quarter(first, second, quarter, month, to_month)
    if found := _QUARTER_YEAR.fullmatch(tidy):
        quarter, month, to_month, first, second = found.groups()
        return _year_and_quarter(first, second, quarter, month, to_month)
    if found := _MONTHS_YEAR.fullmatch(tidy):
        month, to_month, first, second = found.groups()
        year = _year_and_quarter(first, second, None, None, None)
        return year if isinstance(year, Fault) else _months_in(year, month, to_month)
    if found := _MONTHS_OF_YEAR.fullmatch(tidy):
        month, to_month, last = _month_number(found[1]), _month_number(found[2]), int(found[3])
        if not _EARLIEST <= last <= _LATEST:
            return _FAULTS[FaultKind.SPAN_NOT_A_YEAR]
        return _bounded_by(dt.date(last - (to_month < month), month, 1), _month_end(last, to_month))
    return _dated_period(tidy)


def _dated_period(tidy: str) -> Period | Fault | None:
    """A period given by its bounds, or by its last day or month."""
    if found := _ENDING.fullmatch(tidy):
        end = _bound(found[2], last=True)
        if end is None:
            return None
        period = Period.of(end) if found[1].lower() == "year" else Period.quarter_of(end)
        return period if period.end == end else _FAULTS[FaultKind.SPAN_NOT_A_YEAR]
    if found := _BOUNDS.fullmatch(tidy):
        start, end = _bound(found[1], last=False), _bound(found[2], last=True)
        return _bounded_by(start, end) if start and end else None
    return None


def _bound(text: str, *, last: bool) -> dt.date | None:
    """A date, or the first or last day of a month with its year."""
    if found := _MONTH_OF_YEAR.fullmatch(text):
        month, year = _month_number(found[1]), int(found[2])
        if not _EARLIEST <= year <= _LATEST:
            return None
        return _month_end(year, month) if last else dt.date(year, month, 1)
    date = _date_in(text)
    return date if isinstance(date, dt.date) else None


def _month_end(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def _bounded_by(start: dt.date, end: dt.date) -> Period | Fault:
    for period in (Period.of(start), Period.quarter_of(start)):
        if (period.start, period.end) == (start, end) and period.year >= _EARLIEST:
            return period
    return _FAULTS[FaultKind.SPAN_NOT_A_YEAR]


def _months_in(year: Period, month: str, to_month: str) -> Period | Fault:
    first, last = _month_number(month), _month_number(to_month)
    starts, ends = year.year + (first < 4), year.year + (last < 4)
    return _bounded_by(dt.date(starts, first, 1), _month_end(ends, last))


def _year_and_quarter(
    first: str, second: str, quarter: str | None, month: str | None, to_month: str | None
) -> Period | Fault:
    year = int(first)
    follows = int(second) == (year + 1 if len(second) == 4 else (year + 1) % 100)
    if not (follows and _EARLIEST <= year < _LATEST):
        return _FAULTS[FaultKind.SPAN_NOT_A_YEAR]
    if quarter is None:
        return Period(year)
    period = Period(year, int(quarter)) if quarter in "1234" else None
    agrees = month is None or to_month is None or _months_in(Period(year), month, to_month) == period
    return period if period and agrees else _FAULTS[FaultKind.NOT_A_PERIOD]


# --------------------------------------------------------------------------- names

_DROPPED = dict.fromkeys(map(ord, "'\"`´‘’‚‛“”„‟′″‴ʹʺʻʼʽˈˊˋ՚＇＂"))
_WORDS = {"&": " and ", "%": " % "}
_FOLDED_SPACE = re.compile(r"\s+")


class _FoldTable(dict[int, str | None]):
    """For ``str.translate``: what a character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        if character in _WORDS:
            folded: str | None = _WORDS[character]
        elif code in _DROPPED:
            folded = None
        elif character in _SPACES or "\x1c" <= character <= "\x1f":
            folded = " "
        elif _HIDDEN.match(character):
            folded = None
        else:
            folded = " " if unicodedata.category(character)[0] in "PZ" else character
        self[code] = folded
        return folded


_FOLD_TABLE = _FoldTable()
_FOLD_PASSES = 4


@lru_cache(maxsize=16_384)
def fold(text: str) -> str:
    """``text`` as names and headers are compared: two with the same fold are the same name.

    Compatibility forms, case, invisible characters, apostrophes and quotes do not count; ``&`` is ``and``; any other
    punctuation, dashes and underscores included, is a space, and spaces collapse. ``%`` and currency signs stay.
    """
    for _ in range(_FOLD_PASSES):
        folded = text.translate(_FOLD_TABLE)
        if not folded.isascii():
            folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())
        folded = _FOLDED_SPACE.sub(" ", folded.lower()).strip()
        # Folding case or composing can uncover a character that folds further; seldom more than once.
        if folded == text:
            break
        text = folded
    return text


_LOOKALIKES = str.maketrans(
    "авекмнорстухіјѕһԁԛԝѵӏαβεζηικμνορτυχωϳօսհոցıɑɡɩʀʏʜɪʟɴłøđħŧ01",
    "abekmhopctyxijshdqwvlabezhikmnoptyxwjouhngiagiryhilnlodhtol",
)
"""Letters of other scripts by the Latin letter they pass for, in either case, after folding; and 0 and 1."""


@lru_cache(maxsize=16_384)
def skeleton(text: str) -> str:
    """``fold`` with accents dropped and look-alikes of other scripts turned Latin.

    Two names equal in skeleton but not in fold look alike and are not the same: a person must say which is meant.
    """
    bare = "".join(c for c in unicodedata.normalize("NFD", fold(text)) if unicodedata.category(c) != "Mn")
    return bare.translate(_LOOKALIKES)
