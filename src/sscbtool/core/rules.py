"""What a schema file may say of a rule: the rules there are, and the options that each takes.

The functions behind the names stand in ``core.checks``. They are told apart from their names so that a schema file can
be refused, by file and key, without importing anything that computes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Takes:
    """The columns and options of one rule."""

    columns: int = 1
    """How many columns it looks at; 0: one or more."""
    of_own: tuple[str, ...] = ()
    """Options that name a column, or several, of the same return."""
    words: tuple[str, ...] = ()
    """Options that hold anything else."""
    optional: frozenset[str] = frozenset()


RULES: Mapping[str, Takes] = {
    "known_organisation": Takes(),
    "same_organisation": Takes(2),
    "valid_on": Takes(of_own=("other",)),
    "unique_key": Takes(0),
    "no_repeat": Takes(0),
    "not_again": Takes(0, of_own=("other",)),
    "no_overlap": Takes(of_own=("from", "to")),
    "not_negative": Takes(),
    "negative": Takes(),
    "positive": Takes(),
    "not_above": Takes(of_own=("other",)),
    "not_before": Takes(of_own=("other",)),
    "equals_other": Takes(of_own=("other",)),
    "adds_up": Takes(of_own=("parts",), words=("all_given",), optional=frozenset({"all_given"})),
    "filled": Takes(),
    "when_given": Takes(of_own=("other",), words=("values",), optional=frozenset({"values"})),
    "quarter_of": Takes(of_own=("other",)),
    "shared_login": Takes(words=("patterns",)),
    "in_order": Takes(of_own=("along", "by"), words=("order",)),
    "whole_year": Takes(of_own=("by", "until"), optional=frozenset({"by", "until"})),
    "one_value": Takes(of_own=("by",), optional=frozenset({"by"})),
    "one_whole": Takes(2, of_own=("by", "base"), optional=frozenset({"base"})),
    "stock_and_flow": Takes(of_own=("day", "started", "ended")),
    "references": Takes(words=("in", "having"), optional=frozenset({"having"})),
    "sums_to": Takes(of_own=("by",), words=("in",)),
    "counted_in": Takes(of_own=("by",), words=("in", "having"), optional=frozenset({"having"})),
    "stock_of": Takes(of_own=("day",), words=("in", "from", "to")),
}
"""Rules that ``core.checks`` works out."""

WORDED_ELSEWHERE = frozenset({"required", "kind", "in_period", "total_agrees"})
"""Rules that other stages find and a schema file only words."""

BUILT_IN = (
    "equal_to",
    "not_equal_to",
    "greater_than",
    "greater_than_or_equal_to",
    "less_than",
    "less_than_or_equal_to",
    "in_range",
    "isin",
    "notin",
    "str_matches",
    "str_contains",
    "str_startswith",
    "str_endswith",
    "str_length",
)
"""Pandera's own checks that may stand at a column, and be worded as a rule."""

ANY_RULE = ("when", "unless")
"""Options of every rule of ours: the rows that it looks at, and a column that excuses a row where it is filled."""

GIVEN, BLANK = "given", "blank"
"""What ``when`` may ask of a column besides a list of its values."""


def option_mistake(name: str, options: Mapping[str, Any], columns: int, known: set[str]) -> tuple[str, str] | None:
    """The option of a rule that cannot be used, and why; None where all can.

    Args:
        name: the rule, one of ``RULES``.
        options: everything that the file says of the rule besides code, columns and words.
        columns: how many columns it names.
        known: the columns of its return.
    """
    takes = RULES[name]
    if columns != takes.columns and (takes.columns or not columns):
        return "column", f"{name} looks at {takes.columns or 'one or more'} column{'s' * (takes.columns != 1)}"
    for option in (*takes.of_own, *takes.words):
        if option not in options and option not in takes.optional:
            return option, f"{name} needs it"
    for option, value in options.items():
        if option not in (*takes.of_own, *takes.words, *ANY_RULE):
            allowed = ", ".join((*takes.of_own, *takes.words, *ANY_RULE))
            return option, f"{name} takes no such option; it takes {allowed}"
        if (why := _why_not(name, option, value, known)) is not None:
            return option, why
    return None


def _why_not(name: str, option: str, value: Any, known: set[str]) -> str | None:
    """Why a rule's option cannot be used; None where it can."""
    if option == "when":
        if not isinstance(value, Mapping) or not value:
            return "it names columns, each with a list of values, given or blank"
        for column, asked in value.items():
            if column not in known:
                return f"{column} is not one of the return's columns"
            if not isinstance(asked, list) and asked not in (GIVEN, BLANK):
                return f"of {column} it asks for a list of values, given or blank"
    elif option == "unless" or option in RULES[name].of_own:
        strange = [each for each in named_in(value) if each.removeprefix("-") not in known]
        return f"{strange[0]} is not one of the return's columns" if strange else None
    elif option == "in" and not re.fullmatch(r"[a-z_]\w*\.[a-z_]\w*", str(value)):
        return "it names another return and a column of it, such as training_sessions.session_id"
    elif option in ("values", "order", "patterns") and not isinstance(value, list):
        return "a list is expected here"
    elif option == "having" and not isinstance(value, Mapping):
        return "it names columns of the other return, each with a list of values"
    return None


def named_in(value: Any) -> Iterator[str]:
    """The columns that an option names: one, or a list of them."""
    yield from map(str, value if isinstance(value, list) else [value])
