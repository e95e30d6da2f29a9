"""Typed rows and a schema -> findings. The only file that knows the shapes of pandera's errors.

All rows of a return are held against its schema together, whatever files they came in, so that a key used twice in two
files is seen. Every fault is named, each at its own cell; a cell that could not be read is reported once, by what was
wrong with it, and not again as a blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaDefinitionError, SchemaErrors
from pandera.io.pandas_io import deserialize_schema

from sscbtool.core.checks import CHECKS, ORIGIN, Surroundings, applies, cancelling
from sscbtool.core.model import Finding, Place, ReturnSchema, Rule, Severity
from sscbtool.core.rows import Rows
from sscbtool.errors import BadConfiguration

NOT_NULLABLE = "not_nullable"


@dataclass(frozen=True)
class Verdict:
    """What became of one return: its findings, and the rules that look into returns of which nothing was read."""

    findings: tuple[Finding, ...]
    not_checked: tuple[Rule, ...] = ()


def validate(rows: Rows, around: Surroundings, reported: Iterable[Place] = ()) -> Verdict:
    """Hold every row of a return against its schema.

    Args:
        rows: all that was received of the return.
        around: what rules may look at besides the rows.
        reported: cells that normalising has already found fault with.
    """
    schema = rows.schema
    frame = rows.frame.assign(**{ORIGIN: _origins(rows)})
    told = {(place.file, place.sheet, place.row, place.column) for place in reported}
    compiled = _compile(schema, around, frame, rows.periods)
    found: list[tuple[int, Finding]] = []
    for rule, column, k in _failures(compiled.schema, frame, compiled.rules, schema):
        place = rows.place(k, column)
        if (place.file, place.sheet, place.row, place.column) in told and rule.rule in (
            "required",
            "known_organisation",
        ):
            continue
        found.append((k, word(rule, schema, place, column)))
    for k, column in _cancelled(schema, frame):
        found.append((k, word(CANCELLED, schema, rows.place(k, column), column)))
    found.sort(key=lambda each: (each[0], each[1].code, each[1].column or ""))
    return Verdict(tuple(finding for _, finding in found), compiled.not_checked)


def word(rule: Rule, schema: ReturnSchema, place: Place, column: str | None, period: str = "the period") -> Finding:
    """The finding that a rule's sentence makes at a place."""
    title = schema.column(column).title if column else ""
    other = str(rule.options.get("other") or "")
    other = schema.column(other).title if other in {spec.name for spec in schema.columns} else other
    said = {"column": title.lower(), "title": title.lower(), "other": other.lower(), "period": period}
    return Finding(
        rule.code, rule.severity, rule.says.format_map(said), rule.fix.format_map(said), place, column=column
    )


def worded(schema: ReturnSchema, name: str, column: str | None) -> Rule | None:
    """The schema's own rule of that name for a column, if it has one."""
    for rule in schema.rules:
        if rule.rule == name and (not rule.columns or column in rule.columns):
            return rule
    return None


def check_definitions(schema: ReturnSchema) -> None:
    """Refuse a schema whose columns pandera does not take; its rules were looked at when the file was read.

    Raises:
        BadConfiguration: naming the file and the key.
    """
    _declared(schema)


# --------------------------------------------------------------------------- the schema as pandera has it


def _origins(rows: Rows) -> pd.Series[str]:
    """For unpivoted rows the column that they came from, by its place in the layout; blank for all others.

    Twelve equal instalments of one payer are no repeats, nor are four.
    """
    parts: list[str] = []
    for each in rows.submissions:
        if not each.unpivoted:
            parts += [""] * len(each.rows)
            continue
        places = pd.Series(each.rows).groupby(each.rows).cumcount()
        width = int(places.max()) + 1 if len(places) else 0
        quarters = each.quarters or [""] * len(each.rows)
        parts += [f"{quarter or ''} {place} of {width}" for quarter, place in zip(quarters, places, strict=True)]
    return pd.Series(parts, dtype="str")


@dataclass(frozen=True)
class _Compiled:
    schema: pa.DataFrameSchema
    rules: Mapping[str, Rule]
    """Our checks by the name that they have within pandera."""
    not_checked: tuple[Rule, ...]


def _declared(schema: ReturnSchema) -> pa.DataFrameSchema:
    """The schema as its file declares it."""
    try:
        # Pandera takes options out of the mapping as it reads it.
        declared: pa.DataFrameSchema = deserialize_schema(deepcopy(dict(schema.declared)))  # type: ignore[no-untyped-call]
    except (SchemaDefinitionError, AttributeError, TypeError, ValueError, KeyError) as fault:
        raise BadConfiguration(
            f"The file {schema.source} cannot be used: columns: pandera does not take it ({fault}).",
            "Mend the file and run again.",
        ) from None
    return declared


def _compile(schema: ReturnSchema, around: Surroundings, frame: pd.DataFrame, periods: list[str | None]) -> _Compiled:
    """The declared schema with our rules among its checks, and the dtypes that normalising gives."""
    compiled = _declared(schema)
    rules: dict[str, Rule] = {}
    not_checked: list[Rule] = []
    checks = []
    for number, rule in enumerate(schema.rules):
        check = CHECKS.get(rule.rule)
        if check is None or any(column not in frame for column in rule.columns):
            continue
        looked_at = frame[applies(frame, rule) & _in_force(rule, periods)]
        passes = check(looked_at, rule, around)
        if passes is None:
            not_checked.append(rule)
            continue
        name = f"{rule.code}#{number}"
        rules[name] = rule
        checks.append(pa.Check(partial(_given, passes.reindex(frame.index, fill_value=True)), name=name))
    for name, column in compiled.columns.items():
        column.coerce = False
        column.dtype = frame[name].dtype if name in frame else None
    compiled.coerce = False
    compiled.checks = [*compiled.checks, *checks]
    return _Compiled(compiled, rules, tuple(not_checked))


def _in_force(rule: Rule, periods: list[str | None]) -> np.ndarray:
    """Which rows are of a year in which the rule holds; a row of no stated year always is."""
    first, last = rule.valid_from or "", rule.valid_to or "9999"
    return np.array([period is None or first <= period <= last for period in periods], dtype=bool)


def _given(passes: pd.Series[bool], _frame: pd.DataFrame) -> pd.Series[bool]:
    """A check's answer, worked out before: pandera asks for it with the frame in hand."""
    return passes


def _failures(
    compiled: pa.DataFrameSchema, frame: pd.DataFrame, rules: Mapping[str, Rule], schema: ReturnSchema
) -> Iterator[tuple[Rule, str | None, int]]:
    """Each failing rule with its column and row; pandera tells a frame-wide check once a column, we tell it once."""
    try:
        compiled.validate(frame, lazy=True)
    except SchemaErrors as errors:
        # failure_cases holds the offending values: nothing of it but check, column and index may go further.
        failures = errors.failure_cases[["check", "column", "index"]]
    else:
        return
    seen = set()
    for check, column, index in failures.itertuples(index=False, name=None):
        rule = rules.get(str(check))
        name = rule.columns[0] if rule and rule.columns else (None if rule else str(column))
        if index is None or pd.isna(index):
            raise AssertionError(f"the frame of {schema.name} does not have the shape its schema asks for: {check}")
        if rule is None:
            built_in = str(check).split("(")[0]
            rule = worded(schema, "required" if built_in == NOT_NULLABLE else built_in, name)
            rule = rule or _unworded(built_in)
        if (rule.code, name, int(index)) not in seen:
            seen.add((rule.code, name, int(index)))
            yield rule, name, int(index)


def _unworded(check: str) -> Rule:
    """A finding for a check that the schema file gives no sentence to."""
    if check == NOT_NULLABLE:
        return Rule("SSCB-SCH-1", "required", (), Severity.ERROR, "The {title} is blank.", "Fill in the {title}.")
    return Rule(
        "SSCB-SCH-2",
        check,
        (),
        Severity.ERROR,
        f"The {{title}} does not meet the schema's check {check}.",
        "Correct the value, or say why it is right.",
    )


CANCELLED = Rule(
    "SSCB-CAN-1",
    "cancelled",
    (),
    Severity.WARNING,
    "This negative amount cancels an equal amount of the same organisation; both are counted.",
    "Nothing need be done if it is a correction.",
)


def _cancelled(schema: ReturnSchema, frame: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Negative amounts that an equal positive one of the same organisation cancels."""
    for rule in schema.rules:
        if rule.rule == "not_negative" and "organisation" in frame and rule.columns[0] in frame:
            for k in np.flatnonzero(cancelling(frame, rule.columns[0]).to_numpy()):
                yield int(k), rule.columns[0]
