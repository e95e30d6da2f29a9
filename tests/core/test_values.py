"""The grammar of cells, by tables of what is read and what is refused, and by properties."""

import calendar
import datetime as dt
import decimal
import itertools
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sscbtool.core.model import Flag, Kind
from sscbtool.core.values import (
    Fault,
    FaultKind,
    Interval,
    Marker,
    MoneyStyle,
    Period,
    fold,
    has_hidden_characters,
    looks_like_mojibake,
    money_style,
    parse_column,
    parse_count,
    parse_date,
    parse_marker,
    parse_money,
    parse_money_column,
    parse_number,
    parse_percent,
    parse_period,
    skeleton,
)

PARSERS: tuple[Callable[..., Any], ...] = (
    parse_money,
    parse_count,
    parse_percent,
    parse_number,
    parse_date,
    parse_period,
)

AMOUNTS = st.decimals(Decimal("-9999999999999999.99"), Decimal("9999999999999999.99"), places=2).map(
    lambda value: value or Decimal("0.00")
)
DATES = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
PERIODS = st.builds(Period, st.integers(1900, 2098), st.none() | st.integers(1, 4))
PIECES = st.lists(
    st.sampled_from("0123456789.,-+()£$€%'<>/:[]#_ \u00a0\u2009\u2212\u2013\u2014\u200b\u202e\x1b\ufffd５٣eExc")
    | st.sampled_from(["CR", "DR", "GBP", "E+3", "1,234", "000", "0000", "n/a", "nil", "NaN", "Apr", "-Jun", " Mar "])
    | st.sampled_from(["2018", "-19", "Q1 ", " to ", "st ", "year ending ", "31 ", "March"]),
    max_size=12,
).map("".join)
ANY_TEXT = st.text(st.characters(), max_size=80) | PIECES


def fault(kind: FaultKind) -> Fault:
    return Fault(kind)


# --------------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0.00"),
        ("5", "5.00"),
        ("007", "7.00"),
        (".50", "0.50"),
        ("63,421.5", "63421.50"),
        ("£1,234.50", "1234.50"),
        ("£ 1,234.50", "1234.50"),
        ("  £1,234.50\t", "1234.50"),
        ("\u00a0£1,234.50\u00a0", "1234.50"),
        ("(1,234.50)", "-1234.50"),
        ("( 1,234.50 )", "-1234.50"),
        ("(£1,234.50)", "-1234.50"),
        ("£(1,234.50)", "-1234.50"),
        ("1,234.50-", "-1234.50"),
        ("1,234.50 -", "-1234.50"),
        ("£1,234.50-", "-1234.50"),
        ("-£5", "-5.00"),
        ("£-5", "-5.00"),
        ("- £5", "-5.00"),
        ("+5", "5.00"),
        ("\u22125", "-5.00"),
        ("\u22121,234.50", "-1234.50"),
        ("\u20135", "-5.00"),
        ("1,234.50 CR", "-1234.50"),
        ("1,234.50CR", "-1234.50"),
        ("1,234.50 cr", "-1234.50"),
        ("£1,234.50 CR", "-1234.50"),
        ("1,234.50 DR", "1234.50"),
        ("1.5E3", "1500.00"),
        ("5E+2", "500.00"),
        ("-1.5e3", "-1500.00"),
        ("1E-2", "0.01"),
        ("'1,234.50", "1234.50"),
        ("\u2019-5", "-5.00"),
        ("GBP 1,234.50", "1234.50"),
        ("GBP1,234.50", "1234.50"),
        ("1,234.50 GBP", "1234.50"),
        ("gbp 5", "5.00"),
        ("(5) GBP", "-5.00"),
        ("1\u00a0234.50", "1234.50"),
        ("1\u2009234\u2009567.50", "1234567.50"),
        ("£1\u202f234.50", "1234.50"),
        ("1234.5000", "1234.50"),
        ("63421.500", "63421.50"),
        ("0.500", "0.50"),
        ("5,000", "5000.00"),
        ("-0", "0.00"),
        ("(0.00)", "0.00"),
        ("9999999999999999.99", "9999999999999999.99"),
        ("-9,999,999,999,999,999.99", "-9999999999999999.99"),
    ],
)
def test_an_amount_in_the_grammar_is_read_to_the_penny(text: str, value: str) -> None:
    found = parse_money(text)
    assert isinstance(found, Decimal)
    assert str(found) == value


@pytest.mark.parametrize(
    "text", ["-", "\u2013", "\u2014", "\u2212", " - ", "'-", "£-", " £ -   ", "-\u00a0", "£\u2013"]
)
def test_a_lone_dash_in_a_money_column_is_a_stated_nil(text: str) -> None:
    assert str(parse_money(text)) == "0.00"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("£5k", FaultKind.NOT_MONEY),
        ("five pounds", FaultKind.NOT_MONEY),
        ("1 234", FaultKind.NOT_MONEY),
        ("1 2", FaultKind.NOT_MONEY),
        ("--5", FaultKind.NOT_MONEY),
        ("-(5)", FaultKind.NOT_MONEY),
        ("(-5)", FaultKind.NOT_MONEY),
        ("(5", FaultKind.NOT_MONEY),
        ("5)", FaultKind.NOT_MONEY),
        ("-5-", FaultKind.NOT_MONEY),
        ("-5 CR", FaultKind.NOT_MONEY),
        ("(5) CR", FaultKind.NOT_MONEY),
        ("5+", FaultKind.NOT_MONEY),
        ("££5", FaultKind.NOT_MONEY),
        ("£5 GBP", FaultKind.NOT_MONEY),
        ("5.", FaultKind.NOT_MONEY),
        ("£", FaultKind.NOT_MONEY),
        (".", FaultKind.NOT_MONEY),
        ("'", FaultKind.NOT_MONEY),
        ("''5", FaultKind.NOT_MONEY),
        ("--", FaultKind.NOT_MONEY),
        ("1e", FaultKind.NOT_MONEY),
        ("0x1F", FaultKind.NOT_MONEY),
        ("1,234E3", FaultKind.NOT_MONEY),
        ("=5", FaultKind.NOT_MONEY),
        ("£1m", FaultKind.NOT_MONEY),
        ("1.005", FaultKind.SUB_PENNY),
        ("£1.005", FaultKind.SUB_PENNY),
        ("0.001", FaultKind.SUB_PENNY),
        ("1E-3", FaultKind.SUB_PENNY),
        ("1E-999", FaultKind.SUB_PENNY),
        ("134471.50000000003", FaultKind.SUB_PENNY),
        ("1.500", FaultKind.AMBIGUOUS_POINT),
        ("£12.000", FaultKind.AMBIGUOUS_POINT),
        ("$5", FaultKind.FOREIGN_CURRENCY),
        ("US$5", FaultKind.FOREIGN_CURRENCY),
        ("5 €", FaultKind.FOREIGN_CURRENCY),
        ("€5,00", FaultKind.FOREIGN_CURRENCY),
        ("EUR 5", FaultKind.FOREIGN_CURRENCY),
        ("5 usd", FaultKind.FOREIGN_CURRENCY),
        ("£5 ($7)", FaultKind.FOREIGN_CURRENCY),
        ("¥500", FaultKind.FOREIGN_CURRENCY),
        ("5 euros", FaultKind.FOREIGN_CURRENCY),
        ("1.234,50", FaultKind.DECIMAL_COMMA),
        ("1.234.567,5", FaultKind.DECIMAL_COMMA),
        ("1234,50", FaultKind.DECIMAL_COMMA),
        ("1 234,50", FaultKind.DECIMAL_COMMA),
        ("-1.234,50", FaultKind.DECIMAL_COMMA),
        ("1.234.567", FaultKind.DECIMAL_COMMA),
        ("12,34", FaultKind.AMBIGUOUS_COMMA),
        ("1,23,456", FaultKind.AMBIGUOUS_COMMA),
        ("£0,50", FaultKind.AMBIGUOUS_COMMA),
        ("0,123", FaultKind.AMBIGUOUS_COMMA),
        ("1234,567", FaultKind.AMBIGUOUS_COMMA),
        ("1,234,56", FaultKind.AMBIGUOUS_COMMA),
        (",123", FaultKind.NOT_MONEY),
        ("1,\u00a0234", FaultKind.AMBIGUOUS_COMMA),
        ("1,234\u00a0567", FaultKind.AMBIGUOUS_COMMA),
        ("\uff15", FaultKind.BAD_DIGITS),
        ("1\uff0c234", FaultKind.BAD_DIGITS),
        ("\uffe15", FaultKind.BAD_DIGITS),
        ("٣٤", FaultKind.BAD_DIGITS),
        ("१२", FaultKind.BAD_DIGITS),
        ("5²", FaultKind.BAD_DIGITS),
        ("½", FaultKind.BAD_DIGITS),
        ("1_000", FaultKind.BAD_DIGITS),
        ("NaN", FaultKind.NOT_A_NUMBER),
        ("nan", FaultKind.NOT_A_NUMBER),
        ("inf", FaultKind.NOT_A_NUMBER),
        ("-Infinity", FaultKind.NOT_A_NUMBER),
        ("None", FaultKind.NOT_A_NUMBER),
        ("NULL", FaultKind.NOT_A_NUMBER),
        ("TRUE", FaultKind.IS_A_BOOL),
        ("#REF!", FaultKind.ERROR_CELL),
        ("#N/A", FaultKind.ERROR_CELL),
        ("#DIV/0!", FaultKind.ERROR_CELL),
        ("########", FaultKind.ERROR_CELL),
        ("01/04/2018", FaultKind.IS_A_DATE),
        ("2018-04-01", FaultKind.IS_A_DATE),
        ("01-Apr-18", FaultKind.IS_A_DATE),
        ("5%", FaultKind.IS_A_PERCENT),
        ("Â£1,234.50", FaultKind.MOJIBAKE),
        ("\ufffd1,234.50", FaultKind.UNDECODABLE),
        ("£1\u200b,234", FaultKind.HIDDEN_CHARACTERS),
        ("\u202d5", FaultKind.HIDDEN_CHARACTERS),
        ("\ufeff5", FaultKind.HIDDEN_CHARACTERS),
        ("5\x00", FaultKind.HIDDEN_CHARACTERS),
        ("\x1b[31m5", FaultKind.HIDDEN_CHARACTERS),
        ("\u200b", FaultKind.HIDDEN_CHARACTERS),
        ("10000000000000000", FaultKind.TOO_LARGE),
        ("9999999999999999999.99", FaultKind.TOO_LARGE),
        ("1E16", FaultKind.TOO_LARGE),
        ("1E999", FaultKind.TOO_LARGE),
        ("1" * 200, FaultKind.TOO_LARGE),
        ("1 " * 100, FaultKind.TOO_LONG),
    ],
)
def test_an_amount_outside_the_grammar_is_refused_for_what_is_wrong_with_it(text: str, kind: FaultKind) -> None:
    assert parse_money(text) == fault(kind)


@pytest.mark.parametrize(
    ("text", "code", "value"),
    [
        ("63421.5", "General", Decimal("63421.50")),
        ("-5", "General", Decimal("-5.00")),
        ("0.30000000000000004", "General", Decimal("0.30")),
        ("134471.50000000003", "General", Decimal("134471.50")),
        ("8.1999999999999993", "General", Decimal("8.20")),
        ("1.00000001", "General", Decimal("1.00")),
        ("1.0000000101", "General", fault(FaultKind.SUB_PENNY)),
        ("1.005", "General", fault(FaultKind.SUB_PENNY)),
        ("10.000001", "General", fault(FaultKind.SUB_PENNY)),
        ("1.5E+3", "General", Decimal("1500.00")),
        ("-5.551115123125783e-17", "General", Decimal("0.00")),
        ("1e+16", "General", fault(FaultKind.TOO_LARGE)),
        ("nan", "General", fault(FaultKind.NOT_A_NUMBER)),
        ("inf", "General", fault(FaultKind.NOT_A_NUMBER)),
        ("0.225", "0.0%", fault(FaultKind.IS_A_PERCENT)),
        ("5", "0%", fault(FaultKind.IS_A_PERCENT)),
        ("5", '"100%" 0', Decimal("5.00")),
        ("5", "#,##0.00", Decimal("5.00")),
        ("5", '"£"#,##0.00;[Red]\\-"£"#,##0.00', Decimal("5.00")),
        ("5", "[$£-809]#,##0.00", Decimal("5.00")),
        ("5", '_-"£"* #,##0.00_-;-"£"* #,##0.00_-;_-"£"* "-"??_-;_-@_-', Decimal("5.00")),
        ("5", "_-* #,##0.00\\ _€_-;\\-* #,##0.00\\ _€_-", Decimal("5.00")),
        ("5", "[$-809]#,##0.00", Decimal("5.00")),
        ("5", "[$GBP] #,##0.00", Decimal("5.00")),
        ("5", "[$€-407]", fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", "[$€-2]\\ #,##0.00", fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", "[$$-409]#,##0.00", fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", '"$"#,##0', fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", "$#,##0", fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", '#,##0\\ "€"', fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", "#,##0\\ \\€", fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", "[$EUR] #,##0.00", fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", '"EUR"#,##0;-"EUR"#,##0', fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", "#,##0 \\k\\r", fault(FaultKind.FOREIGN_CURRENCY)),
        ("5", "[$kr-41D]#,##0", fault(FaultKind.FOREIGN_CURRENCY)),
    ],
)
def test_a_stored_number_is_money_by_its_shortest_decimal_and_its_format(
    text: str, code: str, value: Decimal | Fault
) -> None:
    assert parse_money(text, Kind.NUMBER, code) == value


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    ("text", "kind", "flags", "expected"),
    [
        ("", Kind.BLANK, Flag.NONE, None),
        ("", Kind.TEXT, Flag.NONE, None),
        (" \u00a0\t\n", Kind.TEXT, Flag.NONE, None),
        ("TRUE", Kind.BOOL, Flag.NONE, FaultKind.IS_A_BOOL),
        ("#REF!", Kind.ERROR, Flag.NONE, FaultKind.ERROR_CELL),
        ("", Kind.BLANK, Flag.UNCACHED | Flag.FORMULA, FaultKind.UNCACHED_FORMULA),
        ("5\ufffd", Kind.TEXT, Flag.UNDECODABLE, FaultKind.UNDECODABLE),
        ("#VALUE!", Kind.TEXT, Flag.NONE, FaultKind.ERROR_CELL),
        ("x" * 100, Kind.TEXT, Flag.NONE, FaultKind.TOO_LONG),
        ("\u200b1", Kind.TEXT, Flag.NONE, FaultKind.HIDDEN_CHARACTERS),
        ("\uff11", Kind.TEXT, Flag.NONE, FaultKind.BAD_DIGITS),
        ("n/a", Kind.TEXT, Flag.NONE, Marker.NA),
        ("..", Kind.TEXT, Flag.NONE, Marker.DOTS),
        ("[z]", Kind.TEXT, Flag.NONE, Marker.NOT_APPLICABLE),
        ("nil", Kind.TEXT, Flag.FORMULA, Marker.NIL),
    ],
)
def test_every_column_treats_blanks_errors_unknown_formulas_and_markers_alike(
    parse: Callable[..., Any], text: str, kind: Kind, flags: Flag, expected: FaultKind | Marker | None
) -> None:
    assert parse(text, kind, flags=flags) == (fault(expected) if isinstance(expected, FaultKind) else expected)


@pytest.mark.parametrize("parse", [parse_money, parse_count, parse_percent, parse_number, parse_period])
def test_a_date_cell_is_a_fault_wherever_no_date_belongs(parse: Callable[..., Any]) -> None:
    assert parse("2018-12-01", Kind.DATE) == fault(FaultKind.IS_A_DATE)


def test_a_formula_with_a_value_reads_as_its_value() -> None:
    assert parse_money("5", Kind.NUMBER, flags=Flag.FORMULA) == Decimal("5.00")
    assert parse_date("2018-05-01", Kind.DATE, flags=Flag.FORMULA) == dt.date(2018, 5, 1)
    assert parse_date("2018-05-01", Kind.DATE, flags=Flag.UNCACHED) == fault(FaultKind.UNCACHED_FORMULA)


@given(AMOUNTS, st.sampled_from(MoneyStyle))
@example(Decimal("-0.10"), MoneyStyle.EXPONENT)
@example(Decimal("0.00"), MoneyStyle.BRACKETS)
@settings(max_examples=300)
def test_an_amount_written_in_any_style_reads_back_the_same(value: Decimal, style: MoneyStyle) -> None:
    assert str(parse_money(money_style(value, style))) == str(value)


def test_the_styles_differ_from_each_other() -> None:
    amounts = Decimal("-1234567.50"), Decimal("1234567.50")
    written = {tuple(money_style(amount, style) for amount in amounts) for style in MoneyStyle}
    assert len(written) == len(MoneyStyle)


@given(AMOUNTS)
def test_eighteen_digits_stay_exact_whatever_the_callers_decimal_context(value: Decimal) -> None:
    with decimal.localcontext() as context:
        context.prec = 3
        context.rounding = decimal.ROUND_UP
        found = [parse_money(money_style(value, style)) for style in MoneyStyle]
        stored = parse_money(str(value), Kind.NUMBER)
    assert {str(each) for each in found} == {str(value)}
    assert str(stored) == str(value)


@given(st.integers(-(10**11), 10**11))
def test_a_stored_float_reads_as_the_pence_it_was_stored_from(pence: int) -> None:
    assert parse_money(repr(pence / 100), Kind.NUMBER) == Decimal(pence) / 100


# An independent reader of the grammar of money: a tokeniser and a list of allowed sequences, sharing no code, no
# regular expression and no table with the module.

SPACES = " \t\n\r\x0b\x0c\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
GROUPING_SPACES = "\u00a0\u2007\u2009\u202f"
INNER_SPACES = " " + GROUPING_SPACES
MINUSES = "-\u2010\u2011\u2012\u2013\u2212"
SEQUENCES = {
    (*before, *middle, *after)
    for before, middle, after in itertools.chain(
        itertools.product([(), ("L",), ("G",)], [("N",), ("S", "N"), ("(", "N", ")"), ("N", "-")], [()]),
        itertools.product([()], [("S", "L", "N"), ("S", "G", "N"), ("(", "L", "N", ")"), ("(", "G", "N", ")")], [()]),
        itertools.product([(), ("L",), ("G",)], [("N", "CR"), ("N", "DR")], [()]),
        itertools.product([()], [("N",), ("S", "N"), ("(", "N", ")"), ("N", "-"), ("N", "CR"), ("N", "DR")], [("G",)]),
    )
}


def number_by_hand(run: str) -> Decimal | None:
    """A run of digits, separators and exponent, or None."""
    mantissa, mark, exponent = run.upper().partition("E")
    whole, point, fraction = mantissa.partition(".")
    if point and not (fraction and all(c in "0123456789" for c in fraction)):
        return None
    separators = {c for c in whole if c not in "0123456789"}
    if separators:
        if len(separators) > 1 or mark:
            return None
        first, *rest = whole.split(separators.pop())
        if not (1 <= len(first) <= 3) or first[0] == "0" or any(len(group) != 3 for group in rest):
            return None
        whole = "".join([first, *rest])
    if not whole and not point:
        return None
    if mark:
        digits = exponent[1:] if exponent[:1] in ("+", "-") else exponent
        if not (1 <= len(digits) <= 3 and all(c in "0123456789" for c in digits)):
            return None
    if point and not separators and not mark and 1 <= len(whole) <= 3 and whole[0] != "0" and len(fraction) == 3:
        return None  # two readings
    return Decimal(f"{whole or 0}.{fraction or 0}") * Decimal(10) ** int(exponent or 0)


def tokens_by_hand(text: str) -> list[tuple[str, str]] | None:
    found: list[tuple[str, str]] = []
    i = 0
    while i < len(text):
        rest = text[i:].upper()
        if text[i] in INNER_SPACES:
            i += 1
        elif text[i] == "£":
            found.append(("L", "£"))
            i += 1
        elif text[i] in "()+":
            found.append((text[i], text[i]))
            i += 1
        elif text[i] in MINUSES:
            found.append(("-", "-"))
            i += 1
        elif rest.startswith("GBP"):
            found.append(("G", "GBP"))
            i += 3
        elif rest.startswith(("CR", "DR")):
            found.append((rest[:2], rest[:2]))
            i += 2
        elif text[i] in "0123456789.":
            j = i
            while j < len(text) and (
                text[j] in "0123456789.,"
                or (text[j] in "eE" and j > i)
                or (text[j] in MINUSES + "+" and text[j - 1] in "eE")
                or (
                    text[j] in GROUPING_SPACES
                    and text[j - 1] in "0123456789"
                    and text[j + 1 : j + 2].isascii()
                    and text[j + 1 : j + 2].isdigit()
                )
            ):
                j += 1
            run = "".join("-" if c in MINUSES else " " if c in GROUPING_SPACES else c for c in text[i:j])
            found.append(("N", run))
            i = j
        else:
            return None
    return found


def money_by_hand(text: str) -> Decimal | None:
    """The amount, or None for whatever the grammar does not hold."""
    text = text.strip(SPACES)
    if len(text) > 64:
        return None
    if text[:1] in ("'", "\u2018", "\u2019"):
        text = text[1:].lstrip(SPACES)
    if text in ("\u2014", "\u2015"):
        return Decimal("0.00")
    tokens = tokens_by_hand(text)
    if tokens is None:
        return None
    kinds = tuple(kind for kind, _ in tokens)
    if kinds in {("-",), ("L", "-"), ("G", "-")}:
        return Decimal("0.00")
    for sign in ("-", "+"):
        signed = tuple("S" if kind == sign and i < len(kinds) - 1 else kind for i, kind in enumerate(kinds))
        if kinds in SEQUENCES or signed in SEQUENCES:
            break
    else:
        return None
    value = number_by_hand(next(text for kind, text in tokens if kind == "N"))
    if value is None or abs(value) >= 10**16 or value != round(value, 2):
        return None
    negative = "-" in kinds or "(" in kinds or "CR" in kinds
    return (-value if negative and value else value).quantize(Decimal("0.01"))


@st.composite
def damaged(draw: st.DrawFn, written: st.SearchStrategy[str], characters: str) -> str:
    """A text of the grammar with up to three characters put in, taken out, doubled or changed."""
    text = draw(written)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        put = draw(st.sampled_from(characters) | st.just(""))
        gone = draw(st.integers(0, 1))
        text = text[:at] + put + text[at + gone :]
    return text


MONEY_CHARACTERS = "0123456789.,-+()£$€'% \u00a0\u2009\u2212\u2013\u2014\uff10_eEcCrRdDgGbBpPkK\u200b"
SMALL_AMOUNTS = st.decimals(Decimal(-2_000_000), Decimal(2_000_000), places=2)


@given(damaged(st.builds(money_style, SMALL_AMOUNTS, st.sampled_from(MoneyStyle)), MONEY_CHARACTERS) | PIECES)
@settings(max_examples=600)
@example("£1,234.50 CR GBP")
@example("1,234.50-GBP")
@example("5E\u22122")
@example("1,234,567.5")
@example("1\u00a0 234")
def test_nothing_outside_the_grammar_of_money_is_read_and_nothing_inside_it_is_misread(text: str) -> None:
    found = parse_money(text)
    assert (found if isinstance(found, Decimal) else None) == money_by_hand(text)


def test_the_reader_by_hand_knows_the_grammar() -> None:
    assert money_by_hand("£1,234.50 CR") == Decimal("-1234.50")
    assert money_by_hand("1,23") is None
    assert all(money_by_hand(money_style(Decimal("-1234.5"), style)) == Decimal("-1234.50") for style in MoneyStyle)


def test_a_column_reads_as_its_cells_do() -> None:
    texts = ["5", "£5", "5", "", "x", "0.225", "0.225", "5"]
    kinds = [Kind.NUMBER, Kind.TEXT, Kind.TEXT, Kind.BLANK, Kind.TEXT, Kind.NUMBER, Kind.NUMBER, Kind.BOOL]
    codes = ["General"] * 5 + ["0%", "0.000", "General"]
    flags = [Flag.NONE] * 3 + [Flag.UNCACHED] + [Flag.NONE] * 4
    one_by_one = [
        parse_money(text, kind, code, flags=flag)
        for text, kind, code, flag in zip(texts, kinds, codes, flags, strict=True)
    ]
    assert parse_money_column(texts, [int(kind) for kind in kinds], codes, [int(flag) for flag in flags]) == one_by_one
    assert parse_money_column(texts) == [parse_money(text) for text in texts]
    assert parse_column(parse_date, ["1/4/2018", "2018-04-01"]) == [dt.date(2018, 4, 1)] * 2


# --------------------------------------------------------------------------- counts, percentages, numbers


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("340", Kind.TEXT, 340),
        ("340", Kind.NUMBER, 340),
        ("1,234", Kind.TEXT, 1234),
        ("1234.0", Kind.TEXT, 1234),
        ("3.4E2", Kind.TEXT, 340),
        ("'12", Kind.TEXT, 12),
        (" 12 ", Kind.TEXT, 12),
        ("0", Kind.TEXT, 0),
        ("-0", Kind.TEXT, 0),
        ("<5", Kind.TEXT, Interval(1, 4)),
        ("< 10", Kind.TEXT, Interval(1, 9)),
        ("≤5", Kind.TEXT, Interval(1, 5)),
        ("<=1", Kind.TEXT, Interval(1, 1)),
        ("fewer than 6", Kind.TEXT, Interval(1, 5)),
        ("[c]", Kind.TEXT, Interval(1, 5)),
        ("C", Kind.TEXT, Interval(1, 5)),
        ("x", Kind.TEXT, Marker.BARE_X),
        ("[x]", Kind.TEXT, Marker.NOT_AVAILABLE),
        ("-", Kind.TEXT, Marker.DASH),
        ("\u2013", Kind.TEXT, Marker.DASH),
        (":", Kind.TEXT, Marker.COLON),
        ("*", Kind.TEXT, Marker.STAR),
        ("[LOW]", Kind.TEXT, Marker.LOW),
        ("NA", Kind.TEXT, Marker.NA),
        ("<1", Kind.TEXT, fault(FaultKind.NOT_A_COUNT)),
        (">5", Kind.TEXT, fault(FaultKind.NOT_A_COUNT)),
        ("3.5", Kind.TEXT, fault(FaultKind.FRACTIONAL_COUNT)),
        ("3.5", Kind.NUMBER, fault(FaultKind.FRACTIONAL_COUNT)),
        ("2.9999999999999996", Kind.NUMBER, fault(FaultKind.FRACTIONAL_COUNT)),
        ("-3", Kind.TEXT, fault(FaultKind.NEGATIVE_COUNT)),
        ("(3)", Kind.TEXT, fault(FaultKind.NEGATIVE_COUNT)),
        ("-3", Kind.NUMBER, fault(FaultKind.NEGATIVE_COUNT)),
        ("£3", Kind.TEXT, fault(FaultKind.NOT_A_COUNT)),
        ("3 CR", Kind.TEXT, fault(FaultKind.NOT_A_COUNT)),
        ("3 people", Kind.TEXT, fault(FaultKind.NOT_A_COUNT)),
        ("3-4", Kind.TEXT, fault(FaultKind.NOT_A_COUNT)),
        ("3%", Kind.TEXT, fault(FaultKind.IS_A_PERCENT)),
        ("1,23", Kind.TEXT, fault(FaultKind.AMBIGUOUS_COMMA)),
        ("1.234,5", Kind.TEXT, fault(FaultKind.DECIMAL_COMMA)),
        ("$3", Kind.TEXT, fault(FaultKind.FOREIGN_CURRENCY)),
        ("nan", Kind.NUMBER, fault(FaultKind.NOT_A_NUMBER)),
        ("1E15", Kind.TEXT, fault(FaultKind.TOO_LARGE)),
        ("1E999", Kind.NUMBER, fault(FaultKind.TOO_LARGE)),
    ],
)
def test_a_count_is_whole_and_not_negative_or_an_interval(
    text: str, kind: Kind, value: int | Interval | Marker | Fault
) -> None:
    found = parse_count(text, kind)
    assert found == value
    assert type(found) is type(value)


def test_a_stored_count_under_a_percent_or_money_format_is_no_count() -> None:
    assert parse_count("1", Kind.NUMBER, "0%") == fault(FaultKind.NOT_A_COUNT)
    assert parse_count("1", Kind.NUMBER, '"£"0') == fault(FaultKind.NOT_A_COUNT)
    assert parse_count("1", Kind.NUMBER, "#,##0") == 1


def test_a_schema_may_say_up_to_what_count_its_sender_withholds() -> None:
    assert parse_count("[c]", threshold=9) == Interval(1, 9)
    assert parse_count("<5", threshold=9) == Interval(1, 4)


def test_an_interval_remembers_what_the_sender_wrote() -> None:
    assert [parse_count(text).marker for text in ("[c]", "c", "<5")] == [  # type: ignore[union-attr]
        Marker.CONFIDENTIAL,
        Marker.BARE_C,
        Marker.SMALL,
    ]


@pytest.mark.parametrize(
    ("text", "kind", "code", "value"),
    [
        ("22.5%", Kind.TEXT, "General", "22.5"),
        ("22.5 %", Kind.TEXT, "General", "22.5"),
        ("22.5", Kind.TEXT, "General", "22.5"),
        ("22.5 per cent", Kind.TEXT, "General", "22.5"),
        ("22.5 percent", Kind.TEXT, "General", "22.5"),
        ("-10%", Kind.TEXT, "General", "-10"),
        ("(10%)", Kind.TEXT, "General", "-10"),
        ("10%-", Kind.TEXT, "General", "-10"),
        ("1,000%", Kind.TEXT, "General", "1000"),
        ("0%", Kind.TEXT, "General", "0"),
        ("0.225", Kind.NUMBER, "0.0%", "22.5"),
        ("0.225", Kind.NUMBER, '0.0%;[Red]-0.0%;"-"', "22.5"),
        ("0.07", Kind.NUMBER, "0%", "7"),
        ("22.5", Kind.NUMBER, "General", "22.5"),
        ("0.30000000000000004", Kind.NUMBER, "0%", "30"),
        ("0.3333333333333333", Kind.NUMBER, "0%", "33.3333333333333"),
        ("22.5", Kind.NUMBER, '0.0"%"', "22.5"),
    ],
)
def test_a_percentage_is_in_percentage_points(text: str, kind: Kind, code: str, value: str) -> None:
    found = parse_percent(text, kind, code)
    assert isinstance(found, Decimal)
    assert found == Decimal(value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("%", FaultKind.NOT_A_PERCENT),
        ("22.5%%", FaultKind.NOT_A_PERCENT),
        ("%22.5", FaultKind.NOT_A_PERCENT),
        ("£5", FaultKind.NOT_A_PERCENT),
        ("22% of 50", FaultKind.NOT_A_PERCENT),
        ("5-10%", FaultKind.NOT_A_PERCENT),
        ("22,5%", FaultKind.NOT_A_PERCENT),
        ("22,5", FaultKind.AMBIGUOUS_COMMA),
        ("01/04/2018", FaultKind.IS_A_DATE),
        ("1E12", FaultKind.TOO_LARGE),
        ("1E-50", FaultKind.TOO_LARGE),
    ],
)
def test_what_is_no_percentage_is_refused(text: str, kind: FaultKind) -> None:
    assert parse_percent(text) == fault(kind)


def test_a_percentage_under_a_money_format_is_refused() -> None:
    assert parse_percent("5", Kind.NUMBER, '"£"0.00') == fault(FaultKind.NOT_A_PERCENT)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0.5", Kind.TEXT, "0.5"),
        ("1.500", Kind.TEXT, "1.500"),
        ("1,234.567", Kind.TEXT, "1234.567"),
        ("(2.25)", Kind.TEXT, "-2.25"),
        ("1E3", Kind.TEXT, "1000"),
        ("0.1", Kind.NUMBER, "0.1"),
        ("0.30000000000000004", Kind.NUMBER, "0.3"),
        ("123456789012.34567", Kind.NUMBER, "123456789012.346"),
        ("123456789012", Kind.NUMBER, "123456789012"),
        ("-5.551115123125783e-17", Kind.NUMBER, "-5.55111512312578E-17"),
        ("0E999", Kind.NUMBER, "0"),
    ],
)
def test_a_number_is_exact_as_written_and_loses_only_float_noise_as_stored(text: str, kind: Kind, value: str) -> None:
    found = parse_number(text, kind)
    assert isinstance(found, Decimal)
    assert str(found) == value


@pytest.mark.parametrize("text", ["£5", "5 CR", "5k", "nan", "five", "1:30", "5 GBP"])
def test_what_is_no_number_is_refused(text: str) -> None:
    assert parse_number(text) == fault(FaultKind.NOT_A_NUMBER)


@given(st.decimals(Decimal(-(10**11)), Decimal(10**11), places=6), st.sampled_from(["{:f}", "{:,f}", "{:E}"]))
def test_a_number_written_out_reads_back_the_same(value: Decimal, form: str) -> None:
    assert parse_number(form.format(value)) == value
    assert parse_percent(form.format(value) + "%") == value


@given(st.integers(0, 10**15 - 1), st.sampled_from(["{}", "{:,}", "{}.0", "{:,}.00"]))
def test_a_count_written_out_reads_back_the_same(value: int, form: str) -> None:
    assert parse_count(form.format(value)) == value


# --------------------------------------------------------------------------- markers


@pytest.mark.parametrize("marker", [marker for marker in Marker if marker is not Marker.SMALL])
def test_every_marker_is_read_in_either_case_and_with_space_around_it(marker: Marker) -> None:
    assert parse_marker(f" {marker}\u00a0") is marker
    assert parse_marker(str(marker).upper()) is marker


def test_small_markers_are_one_marker_and_no_marker_is_a_number_or_a_name() -> None:
    assert parse_marker("<5") is Marker.SMALL
    assert parse_marker("< 10") is Marker.SMALL
    for text in ("0", "", "5", "None", "nan", "null", "unknown", "cc", "...", "x" * 1000):
        assert parse_marker(text) is None


def test_a_marker_and_a_blank_and_a_nought_all_differ() -> None:
    texts = ["[c]", "[x]", "[z]", "[low]", "[u]", "x", "..", ":", "-", "<5", "n/a", "nil", "", "0", "c"]
    found = [parse_percent(text) for text in texts]
    assert len({repr(value) for value in found}) == len(texts)


# --------------------------------------------------------------------------- dates

FIRST_OF_APRIL = dt.date(2018, 4, 1)


@pytest.mark.parametrize(
    "text",
    [
        "1/4/2018",
        "01/04/2018",
        "01-04-2018",
        "01.04.2018",
        "1/4/18",
        "01-Apr-18",
        "1-Apr-2018",
        "1 Apr 2018",
        "1 April 2018",
        "1 APRIL 2018",
        "1st April 2018",
        "1st of April, 2018",
        "01Apr2018",
        "1 Apr. 2018",
        "Sunday 1 April 2018",
        "Sun, 1 April 2018",
        "Sun 01/04/2018",
        "2018-04-01",
        "2018/04/01",
        "20180401",
        "'01/04/2018",
        " 01/04/2018 ",
        "01\u201304\u20132018",
        "01/04/2018 09:30",
        "01/04/2018 09:30:15",
        "1/4/2018 9:30 AM",
        "1/4/2018 12:00:00 PM",
        "1 April 2018 at 14:00",
        "1 April 2018, 14:00",
        "2018-04-01T09:30:00",
        "2018-04-01T09:30:00.000Z",
        "2018-04-01 09:30:00+01:00",
    ],
)
def test_a_date_reads_day_first_and_drops_its_time(text: str) -> None:
    assert parse_date(text) == FIRST_OF_APRIL


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("31/02/2018", FaultKind.IMPOSSIBLE_DATE),
        ("29/02/2019", FaultKind.IMPOSSIBLE_DATE),
        ("31-Apr-18", FaultKind.IMPOSSIBLE_DATE),
        ("32/01/2018", FaultKind.IMPOSSIBLE_DATE),
        ("00/01/2018", FaultKind.IMPOSSIBLE_DATE),
        ("01/00/2018", FaultKind.IMPOSSIBLE_DATE),
        ("45/45/2018", FaultKind.IMPOSSIBLE_DATE),
        ("01/04/1018", FaultKind.IMPOSSIBLE_DATE),
        ("01/04/0018", FaultKind.IMPOSSIBLE_DATE),
        ("01/04/2108", FaultKind.IMPOSSIBLE_DATE),
        ("2018-02-30", FaultKind.IMPOSSIBLE_DATE),
        ("2018-25-04", FaultKind.IMPOSSIBLE_DATE),
        ("Monday 1 April 2018", FaultKind.IMPOSSIBLE_DATE),
        ("04/25/2018", FaultKind.MONTH_FIRST_DATE),
        ("4/25/18", FaultKind.MONTH_FIRST_DATE),
        ("04-25-2018 10:00", FaultKind.MONTH_FIRST_DATE),
        ("April 1, 2018", FaultKind.MONTH_FIRST_DATE),
        ("Apr 25 2018", FaultKind.MONTH_FIRST_DATE),
        ("1/4/48", FaultKind.TWO_DIGIT_YEAR),
        ("1 April", FaultKind.NOT_A_DATE),
        ("April 2018", FaultKind.NOT_A_DATE),
        ("Apr-18", FaultKind.NOT_A_DATE),
        ("2018", FaultKind.NOT_A_DATE),
        ("2018-04", FaultKind.NOT_A_DATE),
        ("43191", FaultKind.NOT_A_DATE),
        ("1/4-2018", FaultKind.NOT_A_DATE),
        ("1/4/201", FaultKind.NOT_A_DATE),
        ("1/4/2018/5", FaultKind.NOT_A_DATE),
        ("1rd April 2018", FaultKind.NOT_A_DATE),
        ("11st April 2018", FaultKind.NOT_A_DATE),
        ("1 Aprl 2018", FaultKind.NOT_A_DATE),
        ("1 Sepember 2018", FaultKind.NOT_A_DATE),
        ("1/4/2018 25:00", FaultKind.NOT_A_DATE),
        ("1/4/2018 13:00 PM", FaultKind.NOT_A_DATE),
        ("1/4/2018 9:75", FaultKind.NOT_A_DATE),
        ("09:30:00", FaultKind.NOT_A_DATE),
        ("tbc", FaultKind.NOT_A_DATE),
        ("1/4/2018 - 2/4/2018", FaultKind.NOT_A_DATE),
        ("£5", FaultKind.NOT_A_DATE),
        ("0\uff11/04/2018", FaultKind.BAD_DIGITS),
        ("01/04/2018\u200e", FaultKind.HIDDEN_CHARACTERS),
    ],
)
def test_a_date_that_is_impossible_or_reads_month_first_is_refused_and_never_swapped(
    text: str, kind: FaultKind
) -> None:
    assert parse_date(text) == fault(kind)


@pytest.mark.parametrize(
    ("text", "year"), [("1/4/00", 2000), ("1/4/29", 2029), ("1/4/50", 1950), ("1/4/99", 1999), ("01-Apr-85", 1985)]
)
def test_a_two_digit_year_is_read_where_only_one_century_fits(text: str, year: int) -> None:
    assert parse_date(text) == dt.date(year, 4, 1)


@pytest.mark.parametrize(
    ("text", "code", "value"),
    [
        ("43191", "General", FIRST_OF_APRIL),
        ("43191.75", "General", FIRST_OF_APRIL),
        ("18264", "General", dt.date(1950, 1, 1)),
        ("54788", "General", dt.date(2049, 12, 31)),
        ("54788.99", "General", dt.date(2049, 12, 31)),
        ("54789", "General", fault(FaultKind.NOT_A_DATE)),
        ("18263", "General", fault(FaultKind.NOT_A_DATE)),
        ("2018", "General", fault(FaultKind.NOT_A_DATE)),
        ("-43191", "General", fault(FaultKind.NOT_A_DATE)),
        ("20180401", "General", FIRST_OF_APRIL),
        ("20181301", "General", fault(FaultKind.IMPOSSIBLE_DATE)),
        ("43191", "0%", fault(FaultKind.NOT_A_DATE)),
        ("43191", '"£"0', fault(FaultKind.NOT_A_DATE)),
        ("nan", "General", fault(FaultKind.NOT_A_DATE)),
    ],
)
def test_a_bare_number_in_a_date_column_is_a_serial_where_that_is_plausible(
    text: str, code: str, value: dt.date | Fault
) -> None:
    assert parse_date(text, Kind.NUMBER, code) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2018-04-01", FIRST_OF_APRIL),
        ("2018-04-01T09:30:00", FIRST_OF_APRIL),
        ("09:30:00", fault(FaultKind.NOT_A_DATE)),
        ("0018-04-01", fault(FaultKind.IMPOSSIBLE_DATE)),
        ("9999-12-31", fault(FaultKind.IMPOSSIBLE_DATE)),
    ],
)
def test_a_date_cell_is_its_day(text: str, value: dt.date | Fault) -> None:
    assert parse_date(text, Kind.DATE) == value


MONTHS = [name.lower() for name in calendar.month_name]
ORDINAL = {1: "st", 21: "st", 31: "st", 2: "nd", 22: "nd", 3: "rd", 23: "rd"}


def spellings(date: dt.date) -> set[str]:
    """Every way to write ``date`` that the grammar has, in lower case, without a weekday or time."""
    days = {f"{date.day}", f"{date.day:02d}"}
    months = {f"{date.month}", f"{date.month:02d}"}
    short = 1950 <= date.year <= 2029
    years = {f"{date.year}"} | ({f"{date.year % 100:02d}"} if short else set())
    full = MONTHS[date.month]
    names = {full, full[:3]} | ({"sept"} if date.month == 9 else set())
    found = {f"{d}{s}{m}{s}{y}" for d in days for m in months for y in years for s in "/-."}
    found |= {f"{date.year}{s}{m}{s}{d}" for d in days for m in months for s in "/-."}
    found.add(f"{date:%Y%m%d}")
    ordinals = {"", ORDINAL.get(date.day, "th")}
    before = ["", " ", "\u00a0", "/", "-", "."]
    after = [*before, ",", ", ", ". "]
    found |= {
        f"{d}{o}{of}{b}{m}{a}{y}"
        for d in days
        for o in ordinals
        for of in ("", " of")
        for b in before
        for m in names
        for a in after
        for y in years
    }
    return found


@given(DATES, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_date_written_in_any_accepted_way_reads_back_the_same(date: dt.date, random: Any) -> None:
    ways = sorted(spellings(date))
    for text in random.sample(ways, 20):
        assert parse_date(text) == date
        assert parse_date(f"{date:%A} {text}") == date
        assert parse_date(f"{text.upper()} 09:30:00") == date


@given(damaged(DATES.flatmap(lambda date: st.sampled_from(sorted(spellings(date)))), "0123456789/-. ,aprstndJu\u200b"))
@settings(max_examples=400)
def test_nothing_outside_the_grammar_of_dates_is_read(text: str) -> None:
    found = parse_date(text)
    if isinstance(found, dt.date):
        # Runs of spaces are one space to the grammar, and a no-break space is a space.
        assert " ".join(text.split()).lower() in {" ".join(way.split()) for way in spellings(found)}


@given(DATES)
def test_a_date_that_could_be_month_first_is_never_read_so(date: dt.date) -> None:
    found = parse_date(f"{date.month}/{date.day}/{date.year}")
    if date.day > 12:
        assert found == fault(FaultKind.MONTH_FIRST_DATE)
    else:
        assert found == dt.date(date.year, date.day, date.month)


# --------------------------------------------------------------------------- periods


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2018-19", Period(2018)),
        ("2018/19", Period(2018)),
        ("2018-2019", Period(2018)),
        ("2018/2019", Period(2018)),
        ("2018\u201319", Period(2018)),
        ("2018 - 19", Period(2018)),
        ("2018 to 2019", Period(2018)),
        ("FY2018/19", Period(2018)),
        ("FY 2018-19", Period(2018)),
        ("Financial year 2018/19", Period(2018)),
        ("2018-19 financial year", Period(2018)),
        (" '2018-19 ", Period(2018)),
        ("1999-00", Period(1999)),
        ("1999-2000", Period(1999)),
        ("2018-19 Q1", Period(2018, 1)),
        ("2018-19 q4", Period(2018, 4)),
        ("Q1 2018-19", Period(2018, 1)),
        ("Q1 2018/19", Period(2018, 1)),
        ("Q1, 2018/19", Period(2018, 1)),
        ("Quarter 2 2018-19", Period(2018, 2)),
        ("Qtr 3 of 2018-19", Period(2018, 3)),
        ("Q1 (Apr-Jun) 2018-19", Period(2018, 1)),
        ("2018-19 Q4 (January to March)", Period(2018, 4)),
        ("Apr-Jun 2018", Period(2018, 1)),
        ("April to June 2018", Period(2018, 1)),
        ("Apr\u2013Jun 2018", Period(2018, 1)),
        ("Jan-Mar 2019", Period(2018, 4)),
        ("Oct - Dec 2018", Period(2018, 3)),
        ("Apr-Jun 2018-19", Period(2018, 1)),
        ("Jan-Mar 2018/19", Period(2018, 4)),
        ("Apr-Mar 2019", Period(2018)),
        ("April 2018 to March 2019", Period(2018)),
        ("Apr 2018 - Jun 2018", Period(2018, 1)),
        ("1 April 2018 to 31 March 2019", Period(2018)),
        ("01/04/2018 - 31/03/2019", Period(2018)),
        ("01/04/2018-30/06/2018", Period(2018, 1)),
        ("From 1 April 2018 to 31 March 2019", Period(2018)),
        ("Year ending 31 March 2019", Period(2018)),
        ("Year to March 2019", Period(2018)),
        ("Financial year ended 31/03/2019", Period(2018)),
        ("Quarter ending 30 June 2018", Period(2018, 1)),
    ],
)
def test_a_financial_year_or_quarter_is_read_however_it_is_written(text: str, period: Period) -> None:
    assert parse_period(text) == period


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2018/20", FaultKind.SPAN_NOT_A_YEAR),
        ("2018-2020", FaultKind.SPAN_NOT_A_YEAR),
        ("2018-18", FaultKind.SPAN_NOT_A_YEAR),
        ("2019-18", FaultKind.SPAN_NOT_A_YEAR),
        ("2018-12", FaultKind.SPAN_NOT_A_YEAR),
        ("1018-19", FaultKind.SPAN_NOT_A_YEAR),
        ("2018/20 Q1", FaultKind.SPAN_NOT_A_YEAR),
        ("May-Jul 2018", FaultKind.SPAN_NOT_A_YEAR),
        ("Apr-Sep 2018", FaultKind.SPAN_NOT_A_YEAR),
        ("Jan-Dec 2018", FaultKind.SPAN_NOT_A_YEAR),
        ("1 April 2018 to 30 March 2019", FaultKind.SPAN_NOT_A_YEAR),
        ("Year ending 31 December 2018", FaultKind.SPAN_NOT_A_YEAR),
        ("Q5 2018-19", FaultKind.NOT_A_PERIOD),
        ("Q0 2018-19", FaultKind.NOT_A_PERIOD),
        ("Q2 (Apr-Jun) 2018-19", FaultKind.NOT_A_PERIOD),
        ("Q1 2018", FaultKind.NOT_A_PERIOD),
        ("2018", FaultKind.NOT_A_PERIOD),
        ("FY2018", FaultKind.NOT_A_PERIOD),
        ("201819", FaultKind.NOT_A_PERIOD),
        ("Q1", FaultKind.NOT_A_PERIOD),
        ("last year", FaultKind.NOT_A_PERIOD),
        ("2018-19 and 2019-20", FaultKind.NOT_A_PERIOD),
        ("Apr-Jun 0000", FaultKind.SPAN_NOT_A_YEAR),
        ("Apr-Mar 1900", FaultKind.SPAN_NOT_A_YEAR),
        ("April 0000 to March 0001", FaultKind.NOT_A_PERIOD),
        ("18/19", FaultKind.TWO_DIGIT_YEAR),
        ("FY18-19", FaultKind.TWO_DIGIT_YEAR),
        ("01/04/2018", FaultKind.IS_A_DATE),
        ("Dec-2018", FaultKind.NOT_A_PERIOD),
        ("2018-19\u200b", FaultKind.HIDDEN_CHARACTERS),
        ("２０１８-19", FaultKind.BAD_DIGITS),
    ],
)
def test_what_is_no_financial_year_or_quarter_is_refused(text: str, kind: FaultKind) -> None:
    assert parse_period(text) == fault(kind)


def test_a_stored_number_is_no_period() -> None:
    assert parse_period("2018", Kind.NUMBER) == fault(FaultKind.NOT_A_PERIOD)


def period_spellings(period: Period) -> set[str]:
    first, second = period.year, period.year + 1
    joins = ("-", "/", " - ", " / ", " to ", "- ", " -", "/ ", " /")
    years = {f"{first}{join}{end}" for join in joins for end in (f"{second}", f"{second % 100:02d}")}
    years = {f"{prefix}{year}" for prefix in ("", "fy", "fy ", "financial year", "financial year ") for year in years}
    years |= {f"{year} financial year" for year in years}
    if period.quarter is None:
        return years
    quarters = {f"{word}{period.quarter}" for word in ("q", "qtr", "qtr ", "quarter", "quarter ")}
    apart = (" ", ", ", ",", ":", ": ", "-", " - ", " -", "- ", " ,", " :", " , ", " : ")
    return {f"{year}{a}{q}" for year in years for a in apart for q in quarters} | {
        f"{q}{a}{of}{year}" for year in years for a in apart for q in quarters for of in ("", "of ")
    }


@given(PERIODS)
def test_a_period_reads_back_from_its_own_name_and_its_bounds(period: Period) -> None:
    assert parse_period(str(period)) == period
    assert parse_period(f"{period.start:%d/%m/%Y} to {period.end:%d/%m/%Y}") == period
    assert parse_period(f"{period.start:%B %Y} to {period.end:%B %Y}") == period
    assert parse_period(f"{period.start:%b}-{period.end:%b} {period.end.year}") == period


@given(PERIODS, st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_a_period_reads_back_from_every_spelling(period: Period, random: Any) -> None:
    for text in random.sample(sorted(period_spellings(period)), 20):
        assert parse_period(text) == period


@given(
    damaged(
        PERIODS.flatmap(
            lambda period: st.sampled_from(
                [str(period), f"Q{period.quarter or 1} {period.year}/{(period.year + 1) % 100:02d}"]
            )
        ),
        "0123456789/- Qq,toFY",
    )
)
@settings(max_examples=200)
def test_nothing_outside_the_grammar_of_years_is_read(text: str) -> None:
    found = parse_period(text)
    if isinstance(found, Period):
        assert " ".join(text.lower().split()) in period_spellings(found)


@given(DATES)
def test_every_day_is_in_one_year_and_one_quarter_of_it(date: dt.date) -> None:
    year, quarter = Period.of(date), Period.quarter_of(date)
    assert year.contains(date)
    assert quarter.contains(date)
    assert quarter.year == year.year
    assert not year.previous().contains(date)
    assert not quarter.previous().contains(date)


@given(PERIODS)
def test_a_period_begins_where_the_one_before_it_ends(period: Period) -> None:
    assert period.previous().end + dt.timedelta(days=1) == period.start
    assert period.start < period.end


def test_four_quarters_make_a_year() -> None:
    quarters = [Period(2018, number) for number in (1, 2, 3, 4)]
    assert [str(quarter) for quarter in quarters] == ["2018-19 Q1", "2018-19 Q2", "2018-19 Q3", "2018-19 Q4"]
    assert quarters[0].start == Period(2018).start == dt.date(2018, 4, 1)
    assert quarters[3].end == Period(2018).end == dt.date(2019, 3, 31)
    assert [quarter.end.month for quarter in quarters] == [6, 9, 12, 3]


def test_periods_sort_by_time_a_year_before_its_quarters() -> None:
    ordered = [Period(2017, 4), Period(2018), Period(2018, 1), Period(2018, 2), Period(2019)]
    for shuffled in itertools.permutations(ordered):
        assert sorted(shuffled) == ordered
    assert Period(2018) <= Period(2018)
    assert Period(2019) > Period(2018, 4)


# --------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Guy's and St Thomas'", "Guy’s & St. Thomas’"),
        ("LONDON  BOROUGH", "London\u00a0Borough"),
        ("received_on", "Received On"),
        ("e-learning", "E\u2013Learning"),
        ("Amount\nreceived", "amount received"),
        ("NHS\u200bTrust", "NHSTrust"),
        ("ＮＨＳ", "NHS"),
        ("Straße", "STRASSE"),
        ("Café", "Cafe\u0301"),
        ("“Kooth”", "Kooth"),
        ("Police (Met)", "Police, Met."),
        ("R&D", "r and d"),
        ("\ufeffOrganisation", "organisation"),
    ],
)
def test_names_that_are_the_same_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Attendance", "Attendance %"),
        ("NA", ""),
        ("Age 16", "Age 16+"),
        ("Total £", "Total"),
        ("e-learning", "elearning"),
        ("St Thomas", "St Thomas 2"),
    ],
)
def test_names_that_differ_fold_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(st.characters(), max_size=40))
@settings(max_examples=300)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert once == " ".join(once.split())


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_names_with_one_fold_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(fold(one)) == skeleton(one)
    if fold(one) == fold(other):
        assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ("NHS Southwark", "NНS Southwark"),  # Cyrillic
        ("NHS Southwark", "ΝΗЅ Sоuthwаrk"),  # Greek and Cyrillic
        ("Police", "Роlice"),
        ("Cafe Nero", "Café Nero"),
        ("School 10", "School 1O"),
        ("KIDS", "ΚІDЅ"),
    ],
)
def test_a_name_in_look_alike_letters_has_the_skeleton_but_not_the_fold_of_the_real_one(real: str, fake: str) -> None:
    assert fold(real) != fold(fake)
    assert skeleton(real) == skeleton(fake)


def test_plainly_different_names_have_different_skeletons() -> None:
    assert skeleton("Lambeth") != skeleton("Lewisham")


@pytest.mark.parametrize("text", ["a\u200bb", "\ufeffa", "a\u00adb", "\u202ea", "a\x00", "\x1b[0m", "a\u2060b", "\x80"])
def test_hidden_characters_are_found(text: str) -> None:
    assert has_hidden_characters(text)


@pytest.mark.parametrize("text", ["", "plain", "two\nlines", "tab\t", "no-break\u00a0space", "Guy’s", "é", "中"])
def test_visible_text_and_white_space_hide_nothing(text: str) -> None:
    assert not has_hidden_characters(text)


@pytest.mark.parametrize("text", ["Â£5", "Guyâ€™s", "CafÃ©", "ï»¿Name", "5Â\xa0000", "â€“", "â‚¬5", "ðŸ˜€", "¬£5"])
def test_text_decoded_once_too_often_is_noticed(text: str) -> None:
    assert looks_like_mojibake(text)


@pytest.mark.parametrize("text", ["", "£5", "Guy’s", "Café", "CAFÉ’S", "Ångström", "SÃO PAULO", "Île", "Château", "–"])
def test_sound_text_is_not_taken_for_mojibake(text: str) -> None:
    assert not looks_like_mojibake(text)


@given(st.text(st.sampled_from("£€’‘–éèüöÄñ"), min_size=1, max_size=5))
def test_utf8_read_as_cp1252_is_mojibake(text: str) -> None:
    try:
        broken = text.encode("utf-8").decode("cp1252")
    except UnicodeDecodeError:
        broken = text.encode("utf-8").decode("latin-1")
    assert looks_like_mojibake(broken)
    assert not looks_like_mojibake(text)


# --------------------------------------------------------------------------- all of it


@given(ANY_TEXT, st.sampled_from(Kind), st.sampled_from(["General", "0%", "[$€-2]0", '"£"0', "", "[$", '"']))
@settings(max_examples=500)
def test_no_parser_ever_raises_and_each_answers_in_its_own_terms(text: str, kind: Kind, code: str) -> None:
    wanted: dict[Callable[..., Any], tuple[type, ...]] = {
        parse_money: (Decimal,),
        parse_count: (int, Interval),
        parse_percent: (Decimal,),
        parse_number: (Decimal,),
        parse_date: (dt.date,),
        parse_period: (Period,),
    }
    for parse, types in wanted.items():
        for flags in (Flag.NONE, Flag.FORMULA, Flag.FORMULA | Flag.UNCACHED):
            found = parse(text, kind, code, flags=flags)
            assert found is None or isinstance(found, (Marker, Fault, *types))
    fold(text), skeleton(text), has_hidden_characters(text), looks_like_mojibake(text), parse_marker(text)


@given(ANY_TEXT)
def test_money_always_has_two_places_and_fits_its_column(text: str) -> None:
    for kind in (Kind.TEXT, Kind.NUMBER):
        found = parse_money(text, kind)
        if isinstance(found, Decimal):
            assert found.as_tuple().exponent == -2
            assert abs(found) < 10**16
            assert not (found.is_zero() and found.is_signed())


def test_a_fault_holds_no_text_of_the_cell() -> None:
    found = parse_money("Jane Doe, born 1 May 2009")
    assert repr(found) == "Fault(kind=<FaultKind.NOT_MONEY: 'not_money'>)"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "1" * 100_000,
        "1," * 50_000,
        "1 " * 50_000,
        " " * 100_000 + "x",
        "-" * 100_000,
        "\u200b" * 100_000,
        "1 " * 32,
        "£" * 64,
        "1,234" * 12,
        "9" * 30 + "E" + "9" * 30,
        "April " * 10,
        "1 April 2018 to " * 4,
    ],
)
def test_a_hostile_cell_costs_no_more_than_an_honest_one(text: str) -> None:
    start = time.process_time()
    for parse in PARSERS:
        for kind in (Kind.TEXT, Kind.NUMBER, Kind.DATE):
            parse(text, kind)
    assert time.process_time() - start < 0.25  # milliseconds; the bound allows for a busy machine
