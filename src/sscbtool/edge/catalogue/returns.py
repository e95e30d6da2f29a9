"""``returns/*.yaml`` -> schemas; every key is looked at, and what cannot be used is refused by file and key.

What a file *means* is checked here as far as its own keys go. Pandera reads the ``columns:`` part only when rows are
validated (its import takes a second that ``inspect`` need not pay).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from sscbtool.core.model import ColumnKind, ColumnSpec, Measure, ReturnSchema, Rule, Severity, Wide
from sscbtool.core.rules import BUILT_IN, RULES, WORDED_ELSEWHERE, option_mistake
from sscbtool.core.values import Period, fold, parse_period
from sscbtool.edge.catalogue.refusing import among, flag, mapping, member, only, refuse, texts

NOT_OPTIONS = {"rule", "column", "columns", "code", "severity", "says", "fix", "valid_from", "valid_to"}


def read_return(text: str, source: str) -> ReturnSchema:
    """The text of one file -> its schema; every key is looked at, and an unknown one is refused."""
    declared = dict(_yaml(text, source))
    metadata = mapping(declared.get("metadata") or {}, source, "metadata")
    name = declared.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        refuse(source, "name", "a return's name is one word in small letters, such as contributions")
    only(metadata, METADATA_KEYS, source, "metadata")
    columns = _columns(declared, mapping(metadata.get("columns") or {}, source, "metadata.columns"), source)
    known = {column.name for column in columns}
    key = texts(metadata.get("key"), source, "metadata.key")
    totals = texts(metadata.get("totals"), source, "metadata.totals")
    among(key, known, source, "metadata.key")
    among(totals, known, source, "metadata.totals")
    for column in columns:
        if column.name in totals and column.kind not in (ColumnKind.MONEY, ColumnKind.COUNT):
            refuse(source, "metadata.totals", f"{column.name} holds neither money nor counts, so it has no total")
    return ReturnSchema(
        name=name,
        title=str(declared.get("title") or name),
        section=None if metadata.get("section") is None else str(metadata["section"]),
        grain=str(metadata.get("grain") or ""),
        columns=columns,
        key=key,
        totals=totals,
        rules=tuple(_rules(metadata.get("rules") or [], columns, declared["columns"], source)),
        measures=tuple(
            _measures(name, mapping(metadata.get("measures") or {}, source, "metadata.measures"), known, source)
        ),
        sender=None if metadata.get("sender") is None else str(metadata["sender"]),
        wide=tuple(_wide(metadata.get("wide"), columns, source)),
        period_from=next((column.name for column in columns if column.within == "period"), None),
        stock=_stock(metadata.get("stock"), known, source),
        declared=declared,
        source=source,
    )


METADATA_KEYS = {"section", "grain", "sender", "key", "columns", "totals", "wide", "stock", "rules", "measures", "note"}
MEASURE_KEYS = {"sql", "unit", "title", "where", "evidence", "note", "of", "list"}
COLUMN_KEYS = {"kind", "unit", "sensitivity", "within", "aliases", "values", "title", "note", "rivals"}


def _columns(declared: Mapping[str, Any], described: Mapping[str, Any], source: str) -> tuple[ColumnSpec, ...]:
    stated = mapping(declared.get("columns") or {}, source, "columns")
    if not stated:
        refuse(source, "columns", "a return has at least one column")
    among(described, set(stated), source, "metadata.columns")
    found = []
    for name, column in stated.items():
        key = f"metadata.columns.{name}"
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            refuse(source, f"columns.{name}", "a column's name is one word in small letters, such as received_on")
        column = mapping(column or {}, source, f"columns.{name}")
        checks = _built_in_checks(column, source, f"columns.{name}")
        about = mapping(described.get(name) or {}, source, key)
        only(about, COLUMN_KEYS, source, key)
        if about.get("sensitivity", "personal") not in ("personal", "public"):
            refuse(source, f"{key}.sensitivity", "it is personal or public")
        if about.get("within") not in (None, "period"):
            refuse(source, f"{key}.within", "the one thing a date can be within is period")
        kind = member(ColumnKind, about.get("kind", "text"), source, f"{key}.kind")
        if about.get("within") and kind not in (ColumnKind.DATE, ColumnKind.PERIOD):
            refuse(source, f"{key}.within", "only a date or a period can be within one")
        values = mapping(about.get("values") or {}, source, f"{key}.values")
        for value in values if "isin" in checks else ():
            if str(value) not in map(str, checks["isin"]):
                refuse(source, f"{key}.values.{value}", f"it is not one of the values of columns.{name}.checks.isin")
        if kind is ColumnKind.MONEY and (strange := set(values) - {"CR", "DR"}):
            refuse(source, f"{key}.values.{min(strange)}", "letters that close an amount mean CR or DR")
        found.append(
            ColumnSpec(
                name=name,
                kind=kind,
                title=str(column.get("title") or name.replace("_", " ")),
                required=flag(column.get("required", True), source, f"columns.{name}.required"),
                nullable=flag(column.get("nullable", False), source, f"columns.{name}.nullable"),
                public=about.get("sensitivity") == "public",
                aliases=texts(about.get("aliases"), source, f"{key}.aliases"),
                rivals=texts(about.get("rivals"), source, f"{key}.rivals"),
                unit=about.get("unit"),
                within=about.get("within"),
                values={
                    fold(str(spelling)): str(kept)
                    for kept, spellings in values.items()
                    for spelling in (kept, *texts(spellings, source, f"{key}.values.{kept}"))
                },
            )
        )
    _aliases_apart(found, source)
    return tuple(found)


def _built_in_checks(column: Mapping[str, Any], source: str, key: str) -> Mapping[str, Any]:
    """A column's own checks, by pandera's names for them."""
    checks = mapping(column.get("checks") or {}, source, f"{key}.checks")
    for name, asked in checks.items():
        if name not in BUILT_IN:
            refuse(source, f"{key}.checks.{name}", f"there is no such check; checks are {', '.join(BUILT_IN)}")
        if name in ("isin", "notin") and column.get("dtype") == "str":
            texts(asked, source, f"{key}.checks.{name}")
        elif name in ("isin", "notin") and not isinstance(asked, list):
            refuse(source, f"{key}.checks.{name}", "a list is expected here")
    return checks


def _aliases_apart(columns: Iterable[ColumnSpec], source: str) -> None:
    """Refuse a heading that would stand for two columns of one return."""
    taken: dict[str, str] = {}
    for column in columns:
        for heading in {fold(each) for each in (column.name.replace("_", " "), *column.aliases)}:
            other = taken.setdefault(heading, column.name)
            if other != column.name:
                refuse(source, f"metadata.columns.{column.name}.aliases", f"{heading!r} already stands for {other}")


def _rules(stated: Any, columns: tuple[ColumnSpec, ...], declared: Mapping[str, Any], source: str) -> Iterable[Rule]:
    known = {column.name for column in columns}
    if not isinstance(stated, list):
        refuse(source, "metadata.rules", "rules are a list")
    for number, about in enumerate(stated, start=1):
        key = f"metadata.rules[{number}]"
        about = mapping(about, source, key)
        for needed in ("rule", "code", "severity", "says", "fix"):
            if not about.get(needed):
                refuse(source, f"{key}.{needed}", "it is missing")
        if about.get("columns") and not isinstance(about["columns"], list):
            refuse(source, f"{key}.columns", "a list of columns is expected; one column is said with column")
        named = tuple(about.get("columns") or ([about["column"]] if about.get("column") else []))
        among(named, known, source, f"{key}.column")
        rule = Rule(
            code=str(about["code"]),
            rule=str(about["rule"]),
            columns=named,
            severity=member(Severity, about["severity"], source, f"{key}.severity"),
            says=_sentence(about["says"], source, f"{key}.says"),
            fix=_sentence(about["fix"], source, f"{key}.fix"),
            options={name: value for name, value in about.items() if name not in NOT_OPTIONS},
            valid_from=_year(about.get("valid_from"), source, f"{key}.valid_from"),
            valid_to=_year(about.get("valid_to"), source, f"{key}.valid_to"),
        )
        _sound_rule(rule, known, declared, source, key)
        yield rule


def _sound_rule(rule: Rule, known: set[str], declared: Mapping[str, Any], source: str, key: str) -> None:
    """Refuse a rule that nobody knows, or that says what its function does not take."""
    if rule.rule in RULES:
        if unsound := option_mistake(rule.rule, rule.options, len(rule.columns), known):
            refuse(source, f"{key}.{unsound[0]}", unsound[1])
        return
    if rule.options:
        refuse(source, f"{key}.{next(iter(rule.options))}", f"{rule.rule} takes no such option")
    if rule.rule in WORDED_ELSEWHERE:
        return
    own = [(declared.get(name) or {}).get("checks") or {} for name in rule.columns]
    if not own or any(rule.rule not in checks for checks in own):
        rules = ", ".join(sorted((*RULES, *WORDED_ELSEWHERE)))
        why = f"there is no rule {rule.rule!r}, and no check of that name stands at its columns; rules are {rules}"
        refuse(source, f"{key}.rule", why)


SAID = dict.fromkeys(("column", "title", "other", "period"), "")
"""What a rule's sentence may name in braces."""


def _sentence(text: Any, source: str, key: str) -> str:
    """A rule's sentence, whose braces name only what is filled in."""
    try:
        str(text).format_map(SAID)
    except (KeyError, IndexError, ValueError):
        refuse(source, key, f"in braces may stand {', '.join(SAID)}; a brace of its own is written twice")
    return str(text)


def _year(text: Any, source: str, key: str) -> str | None:
    """A financial year as it is compared with those of rows: 2018-19."""
    period = parse_period(str(text)) if text is not None else None
    if text is not None and not isinstance(period, Period):
        refuse(source, key, "a financial year is written 2018-19")
    return str(period) if period else None


def sound_references(returns: Mapping[str, ReturnSchema]) -> None:
    """Refuse a rule that looks into a return, or a column of one, that there is not."""
    for schema in returns.values():
        for number, rule in enumerate(schema.rules, start=1):
            if "in" not in rule.options:
                continue
            key, (other, column) = f"metadata.rules[{number}]", str(rule.options["in"]).split(".")
            there = returns.get(other)
            if there is None:
                refuse(schema.source, f"{key}.in", f"there is no return {other}")
            known = {each.name for each in there.columns}
            named = [column, *(rule.options.get("having") or {})]
            named += [str(rule.options[end]) for end in ("from", "to") if end in rule.options]
            for name in named:
                if name not in known:
                    refuse(schema.source, f"{key}.in", f"{name} is not one of the columns of {other}")


def _measures(name: str, stated: Mapping[str, Any], known: set[str], source: str) -> Iterable[Measure]:
    for measure, about in stated.items():
        key = f"metadata.measures.{measure}"
        about = mapping(about, source, key)
        only(about, MEASURE_KEYS, source, key)
        if not about.get("sql"):
            refuse(source, f"{key}.sql", "it is missing")
        if about.get("list") not in (None, True, False):
            refuse(source, f"{key}.list", "it is true or false")
        if about.get("list") and about.get("of"):
            refuse(source, f"{key}.of", "a list is no share of anything")
        evidence = texts(about.get("evidence"), source, f"{key}.evidence")
        among(evidence, known, source, f"{key}.evidence")
        yield Measure(
            return_name=name,
            name=str(measure),
            sql=str(about["sql"]),
            unit=str(about.get("unit") or ""),
            title=str(about.get("title") or measure),
            where=str(about["where"]) if about.get("where") else None,
            evidence=evidence,
            of=str(about["of"]) if about.get("of") else None,
            listed=bool(about.get("list")),
        )


def _wide(stated: Any, columns: tuple[ColumnSpec, ...], source: str) -> Iterable[Wide]:
    known = {column.name for column in columns if column.kind in (ColumnKind.MONEY, ColumnKind.COUNT)}
    for each in [] if stated is None else stated if isinstance(stated, list) else [stated]:
        layout = mapping(each, source, "metadata.wide")
        only(layout, {"columns", "into", "value"}, source, "metadata.wide")
        if not layout.get("columns") or not layout.get("into") or layout.get("value") not in known:
            refuse(source, "metadata.wide", "it needs columns, into, and a value that is a column of money or counts")
        yield Wide(texts(layout["columns"], source, "metadata.wide.columns"), str(layout["into"]), str(layout["value"]))


def _stock(stated: Any, known: set[str], source: str) -> tuple[str, str] | None:
    if stated is None:
        return None
    stated = mapping(stated, source, "metadata.stock")
    only(stated, {"from", "to"}, source, "metadata.stock")
    among([str(stated.get(end)) for end in ("from", "to")], known, source, "metadata.stock")
    return str(stated["from"]), str(stated["to"])


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's safe parser where the wheel has it, which refuses a key that stands twice in one place."""


def _once_each(loader: Any, node: Any) -> dict[Any, Any]:
    """A mapping; a key that stands twice would silently win over its namesake."""
    loader.flatten_mapping(node)
    made: dict[Any, Any] = {}
    for name, value in node.value:
        key = loader.construct_object(name, deep=True)
        if not isinstance(key, str | int | float | bool) or key in made:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", name.start_mark)
        made[key] = loader.construct_object(value, deep=True)
    return made


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _once_each)


def _yaml(text: str, source: str) -> Mapping[str, Any]:
    try:
        return mapping(yaml.load(text, Loader=_Loader), source, "the whole file")  # noqa: S506 - a safe loader
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the whole file"
        refuse(source, where, f"it is not YAML ({getattr(fault, 'problem', None) or 'unreadable'})")
    except (RecursionError, ValueError):
        refuse(source, "the whole file", "it is not YAML that can be read")
