"""The rules that pandera has no built-in for, by the name a schema file calls them.

Each check takes the rows of a return (every submission of it together), the rule and what else is known, and gives a
boolean for each row: True passes. Blanks pass, unless a docstring says otherwise: that a cell must be filled is
pandera's ``nullable``. ``None`` means that the rule could not be checked because another return was not read. A rule
over several rows fails once, at the first of them that shows it. What options each takes is said in ``core.rules``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pandas as pd

from sscbtool.core.model import ReturnSchema, Rule
from sscbtool.core.organisations import Register
from sscbtool.core.precision import Bounds, exactly, rounding
from sscbtool.core.rules import BLANK, GIVEN, RULES, named_in
from sscbtool.core.values import Period, fold, parse_period

ORIGIN = "_origin"
"""In the rows given to checks: the column that a value was unpivoted from; twelve equal months are no repeats."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a rule may look at besides the rows themselves."""

    register: Register
    """The organisations by any of their names."""
    returns: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """The rows of the other returns that were read."""


Check = Callable[[pd.DataFrame, Rule, Surroundings], "pd.Series[bool] | None"]


def known_organisation(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The organisation is in the register (normalising has turned every registered name into its code)."""
    named = rows[rule.columns[0]]
    return named.isin({each.code for each in around.register.organisations}) | named.isna()


def same_organisation(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """A code and the name beside it (the rule's two columns) mean the same organisation of the register.

    Public lists of codes are wrong now and then, so a code is never believed without its name: where the register
    knows either of the two, it must know them as a pair. Where it knows neither, ``known_organisation`` speaks.
    """
    code, name = (rows[column] for column in rule.columns)

    def is_pair(one: Any, other: Any) -> bool:
        if pd.isna(one) or pd.isna(other):
            return True
        by_code, by_name = around.register.resolve(str(one)), around.register.resolve(str(other))
        return (by_code.code if by_code else None) == (by_name.code if by_name else None)

    return pd.Series([is_pair(*each) for each in zip(code, name, strict=True)], index=rows.index, dtype=bool)


def valid_on(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The organisation existed, by the register, on the date in the rule's ``other`` column."""
    spans = {each.code: (each.valid_from, each.valid_to) for each in around.register.organisations}
    days = pd.to_datetime(rows[str(rule.options["other"])]).dt.date

    def existed(code: object, day: Any) -> bool:
        first, last = spans.get(str(code), (None, None))
        return bool(pd.isna(day)) or ((first is None or first <= day) and (last is None or day <= last))

    pairs = zip(rows[rule.columns[0]], days, strict=True)
    return pd.Series([existed(*each) for each in pairs], index=rows.index, dtype=bool)


def unique_key(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """No second row has the same values in the rule's columns; the first of them passes."""
    key = list(rule.columns)
    return ~rows.duplicated(key) | rows[key].isna().any(axis=1)


def no_repeat(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """Nothing stands twice with the same values, blanks being equal to blanks.

    A row that an equal and opposite amount of the same organisation cancels is no repeat, nor is its re-posting.
    """
    key = [*rule.columns, *([ORIGIN] if ORIGIN in rows else [])]
    passes = ~rows.duplicated(key)
    if not passes.all() and {"organisation", "amount"} <= set(rule.columns):
        passes |= ~_beyond_cancelled(rows)
    return passes


def not_negative(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """Nothing is below nought, but for what an equal amount of the same organisation cancels."""
    below = (rows[rule.columns[0]] < 0).fillna(value=False).astype(bool)
    if below.any() and "organisation" in rows:
        below &= ~cancelling(rows, rule.columns[0])
    return ~below


def positive(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """Everything is above nought."""
    return ~(rows[rule.columns[0]] <= 0).fillna(value=False).astype(bool)


def not_above(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The column is at most the other one of its row."""
    return ~(rows[rule.columns[0]] > rows[str(rule.options["other"])]).fillna(value=False).astype(bool)


def not_before(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The date is not earlier than the other one of its row."""
    return ~(rows[rule.columns[0]] < rows[str(rule.options["other"])]).fillna(value=False).astype(bool)


def equals_other(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The column is the same as the other one of its row."""
    return ~(rows[rule.columns[0]] != rows[str(rule.options["other"])]).fillna(value=False).astype(bool)


def adds_up(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The column is exactly the sum of its ``parts`` in the row, those with a minus before them taken away.

    A blank sum passes; a blank part counts nought, or, where the rule is for ``all_given``, lets its row pass.
    """
    stated = rows[rule.columns[0]]
    names = list(named_in(rule.options["parts"]))
    columns = [rows[name.removeprefix("-")] for name in names]
    parts = [column.fillna(0) for column in columns]
    terms = [-part if name.startswith("-") else part for name, part in zip(names, parts, strict=True)]
    passes = ((stated - sum(terms[1:], start=terms[0])) == 0).astype("boolean").fillna(value=True).astype(bool)
    if rule.options.get("all_given"):
        passes |= pd.concat([column.isna() for column in columns], axis=1).any(axis=1)
    return passes


def references(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool] | None:
    """The value stands in a column of another return (``in: training_sessions.session_id``).

    With ``having``, columns of that return and their values, one row of it that is meant must be so; a value that
    stands nowhere passes then, since the plain rule speaks of it.
    """
    other, column = str(rule.options["in"]).split(".")
    if other not in around.returns:
        return None
    named, there = rows[rule.columns[0]], around.returns[other]
    known = named.isin(set(there[column].dropna()))
    if having := rule.options.get("having"):
        return named.isin(set(there[column][_holding(there, having)].dropna())) | ~known
    return known | named.isna()


def sums_to(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool] | None:
    """The parts of one thing (rows alike in ``by``) come to its amount in another return, whatever its sign there.

    The other return has the columns of ``by`` too. Parts of what does not stand there pass: ``references`` speaks.
    """
    other, column = str(rule.options["in"]).split(".")
    if other not in around.returns:
        return None
    by = list(named_in(rule.options["by"]))
    whole = {key: abs(_exact_sum(group[column])) for key, group in around.returns[other].groupby(by)}
    passes = pd.Series(data=True, index=rows.index)
    for key, parts in rows.groupby(by):
        if key in whole and abs(_exact_sum(parts[rule.columns[0]])) != whole[key]:
            passes[parts.index[0]] = False
    return passes


def counted_in(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool] | None:
    """The number is how many rows of another return name this row (``by``), of those that hold what ``having`` asks.

    A row that the other return does not name at all passes: its list has not come.
    """
    other, column = str(rule.options["in"]).split(".")
    if other not in around.returns:
        return None
    there = around.returns[other]
    key, stated = rows[str(rule.options["by"])], rows[rule.columns[0]]
    named = there[column][_holding(there, rule.options.get("having") or {})]
    counted = key.map(named.value_counts()).fillna(0)
    return stated.isna() | ~key.isin(set(there[column].dropna())) | (stated == counted).fillna(value=True).astype(bool)


def stock_of(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool] | None:
    """The numbers of the last day counted (rows of one ``day``) come to the things open then in a list of them.

    The list is another return, one row a thing that is open ``from`` a day up to the day before it ends (``to``).
    Things are counted once by ``in``. A list without an entry in the quarter before the day is of another time.
    """
    other, column = str(rule.options["in"]).split(".")
    if other not in around.returns:
        return None
    passes = pd.Series(data=True, index=rows.index)
    there, days = around.returns[other], rows[str(rule.options["day"])]
    begin, end = there[str(rule.options["from"])], there[str(rule.options["to"])]
    last = days.max()
    latest = max((each for each in (begin.max(), end.max()) if pd.notna(each)), default=None)
    if pd.isna(last) or latest is None or latest < last - pd.Timedelta(days=92):
        return passes
    stated = rows[rule.columns[0]][days == last]
    are_open = (begin <= last) & (end.isna() | (end > last))
    if stated.notna().all() and int(stated.sum()) != there[column][are_open].nunique():
        passes[stated.index[0]] = False
    return passes


def shared_login(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The value is not a mailbox that several people share (``patterns``: how such a one begins)."""
    begins = tuple(str(pattern).casefold() for pattern in rule.options["patterns"])
    return ~rows[rule.columns[0]].fillna("").str.casefold().str.startswith(begins).astype(bool)


def when_given(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """Where the row's ``other`` column is filled (or holds one of ``values``), this one is filled too."""
    other = rows[str(rule.options["other"])]
    values = rule.options.get("values")
    asked = other.isin(values) if values else other.notna()
    return ~asked | rows[rule.columns[0]].notna()


def filled(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The column is filled; ``when`` says where it has to be."""
    return rows[rule.columns[0]].notna()


def negative(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """Everything is below nought."""
    return ~(rows[rule.columns[0]] >= 0).fillna(value=False).astype(bool)


def quarter_of(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The quarter, written ``Q2``, ``2`` or with its year, is that of the date in the ``other`` column."""

    def agrees(stated: Any, day: Any) -> bool:
        if pd.isna(stated) or pd.isna(day):
            return True
        told = Period.quarter_of(day.date())
        alone = re.fullmatch(r"(?:q|qtr|quarter)? ?([1-4])", fold(str(stated)))
        return told.quarter == int(alone[1]) if alone else parse_period(str(stated)) == told

    pairs = zip(rows[rule.columns[0]], rows[str(rule.options["other"])], strict=True)
    return pd.Series([agrees(*each) for each in pairs], index=rows.index, dtype=bool)


def not_again(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """What has the same values in the rule's columns has the same in ``other`` too; the first of each key passes."""
    key, other = list(rule.columns), str(rule.options["other"])
    return ~rows.duplicated(key) | rows.duplicated([*key, other]) | rows[[*key, other]].isna().any(axis=1)


def no_overlap(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """One thing (the rule's column) is never open twice: the next begins no sooner than the one before has ended.

    Open ``from`` a day up to the day before it ends (``to``). Then what was open at one time, and what began, less what
    ended, is what is open at a later one.
    """
    name, begin, end = rule.columns[0], str(rule.options["from"]), str(rule.options["to"])
    spans = rows[[name, begin, end]].dropna(subset=[name, begin]).sort_values([name, begin], kind="stable")
    until = spans[end].fillna(pd.Timestamp.max.as_unit(spans[end].dt.unit))
    before = until.groupby(spans[name]).cummax().groupby(spans[name]).shift()
    overlaps = (before > spans[begin]).reindex(rows.index, fill_value=False)
    return ~overlaps.astype(bool)


def in_order(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """Among rows alike in ``by``, none is above the next in ``order``, by what stands in ``along``.

    What is a part of something else comes before it, such as offences with injury before all offences.
    """
    value, along = rows[rule.columns[0]], rows[str(rule.options["along"])]
    order = [str(each) for each in rule.options["order"]]
    passes = pd.Series(data=True, index=rows.index)
    for _, group in rows.groupby(list(named_in(rule.options["by"])), dropna=False):
        own = {along[k]: k for k in group.index if pd.notna(value[k])}
        for part, whole in pairwise(own[each] for each in order if each in own):
            passes[part] &= bool(value[part] <= value[whole])
    return passes


def whole_year(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """Rows alike in ``by`` have all twelve months of each financial year that they have any of.

    Months that were not over by the day in ``until`` (the date of an extract) are not missed.
    """
    passes = pd.Series(data=True, index=rows.index)
    by = list(named_in(rule.options["by"])) if "by" in rule.options else []
    until = rows[str(rule.options["until"])] if "until" in rule.options else None
    month = rows[rule.columns[0]].dropna()
    year = (month.dt.year - (month.dt.month < 4)).rename("_year")
    for _, group in rows.loc[month.index].groupby([year, *by], dropna=False):
        first = int(year[group.index[0]])
        told = until[group.index].max() if until is not None else None
        last = dt.date(first + 1, 3, 31) if told is None or pd.isna(told) else told.date()
        due = [end for end in _month_ends(first) if end <= last]
        there = {(day.year, day.month) for day in month[group.index]}
        if any((end.year, end.month) not in there for end in due):
            passes[group.index[0]] = False
    return passes


def _month_ends(year: int) -> Iterator[dt.date]:
    """The last day of each month of a financial year."""
    for n in range(4, 16):
        yield dt.date(year + n // 12, n % 12 + 1, 1) - dt.timedelta(1)


def one_value(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """All rows (alike in ``by``) have the same value; each other value fails once, where it first stands.

    The value that counts is the latest, or the greatest: what was extracted earlier is what must be sent anew.
    """
    value = rows[rule.columns[0]].dropna()
    keys = [rows[each] for each in named_in(rule.options["by"])] if "by" in rule.options else [value.notna()]
    keys = [key[value.index] for key in keys]
    differs = value != value.groupby(keys, dropna=False).transform("max")
    again = pd.concat([value, *keys], axis=1).duplicated()
    passes: pd.Series[bool] = (~differs | again).reindex(rows.index, fill_value=True).astype(bool)
    return passes


def one_whole(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """Counts and the percentages beside them (the rule's two columns) can, among rows alike in ``by``, be of one whole.

    A percentage may be any that rounds to it at the most places that the column is written with, a count any that
    rounds to it at the row's ``base``. The row at which no one whole is left fails. A nought percentage passes.
    """
    count, percent = (rows[column] for column in rule.columns)
    base = rows[str(rule.options["base"])] if "base" in rule.options else None
    places = max((_places(each) for each in percent.dropna()), default=0)
    passes = pd.Series(data=True, index=rows.index)
    both = rows[count.notna() & percent.notna()]
    for _, group in both.groupby(list(named_in(rule.options["by"]))):
        common: Bounds | None = Bounds(Fraction(0), None)
        for k in group.index:
            size = base[k] if base is not None and pd.notna(base[k]) else 0
            stated = rounding(int(count[k]), Fraction(int(size))) if size > 1 else exactly(int(count[k]))
            share = rounding(Decimal(percent[k]), Fraction(1, 10**places))
            if common is None or share.high is None or share.high <= 0:
                continue
            common = common & stated.over(share).times(Fraction(100))
            passes[k] = common is not None
    return passes


def _places(value: Any) -> int:
    """Decimal places that a number is written with, trailing noughts not counted."""
    exponent = Decimal(value).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def stock_and_flow(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """What was there on one day, with what ``started`` and less what ``ended`` since, is there on the next.

    All rows of a ``day`` are taken together, since a thing may pass from one kind to another in between. A day on which
    a number is not given, or withheld, is not compared; nor is one whose flows nobody gives.
    """
    passes = pd.Series(data=True, index=rows.index)
    columns = [rule.columns[0], str(rule.options["started"]), str(rule.options["ended"])]
    days = [group[columns] for _, group in rows.groupby(str(rule.options["day"]))]
    for opening, closing in pairwise(days):
        if closing.isna().any(axis=None) or opening[columns[0]].isna().any():
            continue
        stock, started, ended = (int(closing[column].sum()) for column in columns)
        if int(opening[columns[0]].sum()) + started - ended != stock:
            passes[closing.index[0]] = False
    return passes


def applies(rows: pd.DataFrame, rule: Rule) -> pd.Series[bool]:
    """Which rows a rule looks at: those that answer to its ``when``, but for those that its ``unless`` excuses."""
    looked_at = pd.Series(data=True, index=rows.index)
    for column, asked in (rule.options.get("when") or {}).items():
        match asked:
            case str() if asked == GIVEN:
                looked_at &= rows[column].notna()
            case str() if asked == BLANK:
                looked_at &= rows[column].isna()
            case _:
                looked_at &= rows[column].isin(asked).fillna(value=False).astype(bool)
    for column in named_in(rule.options.get("unless", [])):
        looked_at &= rows[column].isna()
    return looked_at


def _holding(rows: pd.DataFrame, asked: Mapping[str, list[Any]]) -> pd.Series[bool]:
    """Which rows hold one of the values asked for in each of some columns."""
    holds = pd.Series(data=True, index=rows.index)
    for column, values in asked.items():
        holds &= rows[column].isin(values).fillna(value=False).astype(bool)
    return holds


def _exact_sum(values: pd.Series) -> Decimal:
    return sum((Decimal(each) for each in values.dropna()), Decimal(0))


CHECKS: Mapping[str, Check] = {name: globals()[name] for name in RULES}


def codes_about_people(schema: ReturnSchema) -> frozenset[str]:
    """The codes of rules that look into people's identifiers, which can only be checked as the sender wrote them."""
    return frozenset(rule.code for rule in schema.rules if rule.rule == shared_login.__name__)


def cancelling(rows: pd.DataFrame, column: str) -> pd.Series[bool]:
    """Which negative amounts an equal positive one of the same organisation cancels, each positive used once."""
    size = rows[column].abs()
    below = (rows[column] < 0).fillna(value=False).astype(bool)
    above = (rows[column] > 0).fillna(value=False).astype(bool)
    by = [rows["organisation"], size]
    available = above.astype(int).groupby(by, dropna=False).transform("sum")
    nth = below.astype(int).groupby(by, dropna=False).cumsum()
    return below & (nth <= available)


def _beyond_cancelled(rows: pd.DataFrame) -> pd.Series[bool]:
    """Which positive repeats remain once each cancelled pair is taken out."""
    amount = rows["amount"]
    by = [rows["organisation"], amount.abs()]
    cancelled = cancelling(rows, "amount").astype(int).groupby(by, dropna=False).transform("sum")
    above = (amount > 0).fillna(value=False).astype(int)
    return above.groupby(by, dropna=False).cumsum() > cancelled + 1
