"""The rules that pandera has no built-in for, by the name a schema file calls them.

Each check takes the rows of a return (every submission of it together), the rule and what else is known, and gives a
boolean for each row: True passes. Blanks pass, unless a docstring says otherwise: that a cell must be filled is
pandera's ``nullable``. ``None`` means that the rule could not be checked because another return was not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from sscbtool.core.model import ReturnSchema, Rule
from sscbtool.core.organisations import Register

ORIGIN = "_origin"
"""In the rows given to checks: the quarter that a value was unpivoted from; four equal quarters are no repeat."""


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


def adds_up(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool]:
    """The column is exactly the sum of its ``parts`` in the row; a blank part counts nought, a blank sum passes."""
    stated = rows[rule.columns[0]]
    parts = [rows[str(part)].fillna(0) for part in rule.options["parts"]]
    return ((stated - sum(parts[1:], start=parts[0])) == 0).astype("boolean").fillna(value=True).astype(bool)


def references(rows: pd.DataFrame, rule: Rule, around: Surroundings) -> pd.Series[bool] | None:
    """The value stands in a column of another return (``in: training_sessions.session_id``)."""
    other, column = str(rule.options["in"]).split(".")
    if other not in around.returns:
        return None
    return rows[rule.columns[0]].isin(set(around.returns[other][column].dropna())) | rows[rule.columns[0]].isna()


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


CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        known_organisation,
        same_organisation,
        valid_on,
        unique_key,
        no_repeat,
        not_negative,
        positive,
        not_above,
        not_before,
        adds_up,
        references,
        shared_login,
        when_given,
    )
}


def codes_about_people(schema: ReturnSchema) -> frozenset[str]:
    """The codes of rules that look into people's identifiers, which can only be checked as the sender wrote them."""
    return frozenset(rule.code for rule in schema.rules if rule.rule == shared_login.__name__)


WORDED_ELSEWHERE = frozenset({"required", "kind", "in_period", "total_agrees"})
"""Rules that other stages find and a schema file only words."""


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
