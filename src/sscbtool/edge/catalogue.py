"""``schemas/`` -> schemas, organisations and figures; a bad file is refused by its name and key.

What a file *means* is checked here as far as its own keys go. Pandera reads the ``columns:`` part only when rows are
validated (its import takes a second that ``inspect`` need not pay).
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml

from sscbtool.core.model import (
    Catalogue,
    CheckKind,
    ColumnKind,
    ColumnSpec,
    Comparator,
    DocumentCheck,
    Figure,
    Measure,
    Organisation,
    ReturnSchema,
    Rule,
    Severity,
    Status,
    Wide,
)
from sscbtool.core.register import mistake
from sscbtool.core.rules import RULES, WORDED_ELSEWHERE, option_mistake
from sscbtool.core.values import Period, fold, parse_period
from sscbtool.errors import BadConfiguration

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where the wheel has it: thirty schema files in a tenth of a second instead of two."""
FIGURE_FIELDS = (
    "figure_id",
    "section",
    "statement",
    "return",
    "measure",
    "where",
    "comparator",
    "value",
    "unit",
    "as_at",
    "tolerance",
    "scope",
    "publish",
    "note",
)
ORGANISATION_FIELDS = ("code", "name", "scheme", "aliases", "sector", "statutory_partner", "valid_from", "valid_to")
CHECK_FIELDS = ("check_id", "kind", "figures", "note", "expects")
CHECKS = "-checks"
"""How the file of a document's own checks ends: ``2018-19-checks.csv`` beside ``2018-19.csv``."""
NOT_OPTIONS = {"rule", "column", "columns", "code", "severity", "says", "fix", "valid_from", "valid_to"}


def built_in(part: str) -> Path:
    """The folder ``schemas`` or ``sample_data`` that ships with the program."""
    packaged = Path(str(files("sscbtool"))) / "data" / part
    # An editable install has no copy inside the package: the checkout's own folder serves.
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / part


def load_catalogue(folder: Path) -> Catalogue:
    """Every schema file, the organisations register and the published figures under ``folder``.

    Raises:
        BadConfiguration: the folder is missing, or a file in it cannot be used; the sentence names file and key.
    """
    if not (folder / "returns").is_dir():
        raise BadConfiguration(f"There are no schema files in {folder}.", "A schemas folder holds returns/*.yaml.")
    hashes: dict[str, str] = {}
    returns: dict[str, ReturnSchema] = {}
    for path in sorted((folder / "returns").glob("*.yaml")):
        schema = _return_schema(_yaml(path, folder, hashes), path.relative_to(folder).as_posix())
        if schema.name in returns:
            _refuse(schema.source, "name", f"{returns[schema.name].source} has the same name")
        returns[schema.name] = schema
    _sound_references(returns)
    organisations = load_organisations(folder, hashes)
    figures: dict[str, tuple[Figure, ...]] = {}
    checks: dict[str, tuple[DocumentCheck, ...]] = {}
    paths = sorted((folder / "figures").glob("*.csv"), key=lambda path: (path.stem.endswith(CHECKS), path.name))
    for path in paths:
        period = parse_period(path.stem.removesuffix(CHECKS))
        if not isinstance(period, Period):
            _refuse(path.name, "file name", "a figures register is named for its year, such as 2018-19.csv")
        text = _text(path, folder, hashes)
        if path.stem.endswith(CHECKS):
            known = {figure.figure_id for figure in figures.get(str(period), ())}
            checks[str(period)] = tuple(_checks(text, path.name, known))
        else:
            figures[str(period)] = _figures(text, path.name, returns)
    return Catalogue(returns, organisations, figures, checks, hashes)


def load_organisations(folder: Path, hashes: dict[str, str] | None = None) -> tuple[Organisation, ...]:
    """The organisations register alone; empty where the board keeps none."""
    path = folder / "organisations.csv"
    return _organisations(_text(path, folder, {} if hashes is None else hashes)) if path.exists() else ()


# --------------------------------------------------------------------------- one schema file


def _return_schema(document: Mapping[str, Any], source: str) -> ReturnSchema:
    """One file's mapping -> its schema; every key is looked at, and an unknown one is refused."""
    declared = dict(document)
    metadata = _mapping(declared.get("metadata") or {}, source, "metadata")
    name = declared.get("name")
    if not isinstance(name, str) or not name.isidentifier():
        _refuse(source, "name", "a return's name is one word such as contributions")
    _only(metadata, METADATA_KEYS, source, "metadata")
    columns = _columns(declared, _mapping(metadata.get("columns") or {}, source, "metadata.columns"), source)
    known = {column.name for column in columns}
    for key in ("key", "totals"):
        _among(metadata.get(key) or [], known, source, f"metadata.{key}")
    return ReturnSchema(
        name=name,
        title=str(declared.get("title") or name),
        section=None if metadata.get("section") is None else str(metadata["section"]),
        grain=str(metadata.get("grain") or ""),
        columns=columns,
        key=tuple(metadata.get("key") or ()),
        totals=tuple(metadata.get("totals") or ()),
        rules=tuple(_rules(metadata.get("rules") or [], columns, declared["columns"], source)),
        measures=tuple(_measures(name, _mapping(metadata.get("measures") or {}, source, "metadata.measures"), source)),
        sender=metadata.get("sender"),
        wide=tuple(_wide(metadata.get("wide"), known, source)),
        period_from=next((column.name for column in columns if column.within == "period"), None),
        stock=_stock(metadata.get("stock"), known, source),
        declared=declared,
        source=source,
    )


METADATA_KEYS = {"section", "grain", "sender", "key", "columns", "totals", "wide", "stock", "rules", "measures", "note"}
MEASURE_KEYS = {"sql", "unit", "title", "where", "evidence", "note", "of", "list"}
COLUMN_KEYS = {"kind", "unit", "sensitivity", "within", "aliases", "values", "title", "note", "rivals"}


def _columns(declared: Mapping[str, Any], described: Mapping[str, Any], source: str) -> tuple[ColumnSpec, ...]:
    stated = _mapping(declared.get("columns") or {}, source, "columns")
    if not stated:
        _refuse(source, "columns", "a return has at least one column")
    _among(described, set(stated), source, "metadata.columns")
    found = []
    for name, column in stated.items():
        key = f"metadata.columns.{name}"
        column = _mapping(column or {}, source, f"columns.{name}")
        about = _mapping(described.get(name) or {}, source, key)
        _only(about, COLUMN_KEYS, source, key)
        if about.get("sensitivity", "personal") not in ("personal", "public"):
            _refuse(source, f"{key}.sensitivity", "it is personal or public")
        if about.get("within") not in (None, "period"):
            _refuse(source, f"{key}.within", "the one thing a date can be within is period")
        found.append(
            ColumnSpec(
                name=name,
                kind=_member(ColumnKind, about.get("kind", "text"), source, f"{key}.kind"),
                title=str(column.get("title") or name.replace("_", " ")),
                required=bool(column.get("required", True)),
                nullable=bool(column.get("nullable", False)),
                public=about.get("sensitivity") == "public",
                aliases=tuple(str(alias) for alias in about.get("aliases") or ()),
                rivals=tuple(str(word) for word in about.get("rivals") or ()),
                unit=about.get("unit"),
                within=about.get("within"),
                values={
                    fold(str(spelling)): str(kept)
                    for kept, spellings in _mapping(about.get("values") or {}, source, f"{key}.values").items()
                    for spelling in (kept, *(spellings or ()))
                },
            )
        )
    return tuple(found)


def _rules(stated: Any, columns: tuple[ColumnSpec, ...], declared: Mapping[str, Any], source: str) -> Iterable[Rule]:
    known = {column.name for column in columns}
    if not isinstance(stated, list):
        _refuse(source, "metadata.rules", "rules are a list")
    for number, about in enumerate(stated, start=1):
        key = f"metadata.rules[{number}]"
        about = _mapping(about, source, key)
        for needed in ("rule", "code", "severity", "says", "fix"):
            if not about.get(needed):
                _refuse(source, f"{key}.{needed}", "it is missing")
        if about.get("columns") and not isinstance(about["columns"], list):
            _refuse(source, f"{key}.columns", "a list of columns is expected; one column is said with column")
        named = tuple(about.get("columns") or ([about["column"]] if about.get("column") else []))
        _among(named, known, source, f"{key}.column")
        rule = Rule(
            code=str(about["code"]),
            rule=str(about["rule"]),
            columns=named,
            severity=_member(Severity, about["severity"], source, f"{key}.severity"),
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
            _refuse(source, f"{key}.{unsound[0]}", unsound[1])
        return
    if rule.options:
        _refuse(source, f"{key}.{next(iter(rule.options))}", f"{rule.rule} takes no such option")
    if rule.rule in WORDED_ELSEWHERE:
        return
    own = [(declared.get(name) or {}).get("checks") or {} for name in rule.columns]
    if not own or any(rule.rule not in checks for checks in own):
        rules = ", ".join(sorted((*RULES, *WORDED_ELSEWHERE)))
        why = f"there is no rule {rule.rule!r}, and no check of that name stands at its columns; rules are {rules}"
        _refuse(source, f"{key}.rule", why)


SAID = dict.fromkeys(("column", "title", "other", "period"), "")
"""What a rule's sentence may name in braces."""


def _sentence(text: Any, source: str, key: str) -> str:
    """A rule's sentence, whose braces name only what is filled in."""
    try:
        str(text).format_map(SAID)
    except (KeyError, IndexError, ValueError):
        _refuse(source, key, f"in braces may stand {', '.join(SAID)}; a brace of its own is written twice")
    return str(text)


def _year(text: Any, source: str, key: str) -> str | None:
    """A financial year as it is compared with those of rows: 2018-19."""
    period = parse_period(str(text)) if text is not None else None
    if text is not None and not isinstance(period, Period):
        _refuse(source, key, "a financial year is written 2018-19")
    return str(period) if period else None


def _sound_references(returns: Mapping[str, ReturnSchema]) -> None:
    """Refuse a rule that looks into a return, or a column of one, that there is not."""
    for schema in returns.values():
        for number, rule in enumerate(schema.rules, start=1):
            if "in" not in rule.options:
                continue
            key, (other, column) = f"metadata.rules[{number}]", str(rule.options["in"]).split(".")
            there = returns.get(other)
            if there is None:
                _refuse(schema.source, f"{key}.in", f"there is no return {other}")
            known = {each.name for each in there.columns}
            named = [column, *(rule.options.get("having") or {})]
            named += [str(rule.options[end]) for end in ("from", "to") if end in rule.options]
            for name in named:
                if name not in known:
                    _refuse(schema.source, f"{key}.in", f"{name} is not one of the columns of {other}")


def _measures(name: str, stated: Mapping[str, Any], source: str) -> Iterable[Measure]:
    for measure, about in stated.items():
        key = f"metadata.measures.{measure}"
        about = _mapping(about, source, key)
        _only(about, MEASURE_KEYS, source, key)
        if not about.get("sql"):
            _refuse(source, f"{key}.sql", "it is missing")
        if about.get("list") not in (None, True, False):
            _refuse(source, f"{key}.list", "it is true or false")
        if about.get("list") and about.get("of"):
            _refuse(source, f"{key}.of", "a list is no share of anything")
        yield Measure(
            return_name=name,
            name=str(measure),
            sql=str(about["sql"]),
            unit=str(about.get("unit") or ""),
            title=str(about.get("title") or measure),
            where=about.get("where"),
            evidence=tuple(about.get("evidence") or ()),
            of=str(about["of"]) if about.get("of") else None,
            listed=bool(about.get("list")),
        )


def _wide(stated: Any, known: set[str], source: str) -> Iterable[Wide]:
    for each in [] if stated is None else stated if isinstance(stated, list) else [stated]:
        layout = _mapping(each, source, "metadata.wide")
        if not layout.get("columns") or not layout.get("into") or layout.get("value") not in known:
            _refuse(source, "metadata.wide", "it needs columns, into, and a value that is one of the return's columns")
        yield Wide(tuple(str(column) for column in layout["columns"]), str(layout["into"]), str(layout["value"]))


def _stock(stated: Any, known: set[str], source: str) -> tuple[str, str] | None:
    if stated is None:
        return None
    stated = _mapping(stated, source, "metadata.stock")
    _only(stated, {"from", "to"}, source, "metadata.stock")
    _among([str(stated.get(end)) for end in ("from", "to")], known, source, "metadata.stock")
    return str(stated["from"]), str(stated["to"])


# --------------------------------------------------------------------------- the registers


def _organisations(text: str) -> tuple[Organisation, ...]:
    source, found, claimed = "organisations.csv", [], dict[str, str]()
    for number, row in enumerate(_records(text, source, ORGANISATION_FIELDS), start=2):
        aliases = tuple(alias.strip() for alias in row["aliases"].split(";") if alias.strip())
        code = row["code"].strip()
        if not code:
            _refuse(source, f"line {number}", "an organisation needs a code")
        for name in {fold(each) for each in (code, row["name"], *aliases)}:
            if claimed.setdefault(name, code) != code:
                _refuse(source, f"line {number}", f"a name or alias of {code} is already {claimed[name]}'s")
        found.append(
            Organisation(
                code=code,
                name=row["name"].strip(),
                scheme=row["scheme"].strip(),
                aliases=aliases,
                sector=row["sector"].strip(),
                statutory_partner=row["statutory_partner"].strip().casefold() in ("true", "yes", "1"),
                valid_from=_day(row["valid_from"], source, number),
                valid_to=_day(row["valid_to"], source, number),
            )
        )
    return tuple(found)


def _figures(text: str, source: str, returns: Mapping[str, ReturnSchema]) -> tuple[Figure, ...]:
    found: dict[str, Figure] = {}
    for number, row in enumerate(_records(text, source, FIGURE_FIELDS), start=2):
        row = {name: (value or "").strip() for name, value in row.items()}
        figure_id = row["figure_id"]
        if not figure_id or figure_id in found:
            _refuse(source, f"line {number}, figure_id", "each figure has an id of its own")
        schema = returns.get(row["return"])
        if row["return"] and schema is None:
            _refuse(source, f"{figure_id}, return", f"there is no return {row['return']}")
        if schema and row["measure"] not in {measure.name for measure in schema.measures}:
            _refuse(source, f"{figure_id}, measure", f"{schema.name} has no measure {row['measure'] or '(blank)'}")
        comparator = row["comparator"]
        found[figure_id] = Figure(
            figure_id=figure_id,
            section=row["section"],
            statement=row["statement"],
            return_name=row["return"] or None,
            measure=row["measure"] or None,
            where=row["where"] or None,
            comparator=_member(Comparator, comparator, source, f"{figure_id}, comparator") if comparator else None,
            value=row["value"],
            unit=row["unit"],
            as_at=row["as_at"] or None,
            tolerance=row["tolerance"] or None,
            scope=row["scope"] or None,
            publish=row["publish"] or None,
            note=row["note"] or None,
        )
    for figure in found.values():
        own = returns[figure.return_name].measures if figure.return_name else ()
        measure = next((each for each in own if each.name == figure.measure), None)
        if (unsound := mistake(figure, measure, found)) is not None:
            _refuse(source, f"{figure.figure_id}, {unsound[0]}", unsound[1])
    return tuple(found.values())


def register_text(figures: Iterable[Figure]) -> str:
    """Figures as the text of a register file; it loads as the same figures."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(FIGURE_FIELDS)
    for figure in figures:
        own = {"return": figure.return_name}
        writer.writerow([own[name] if name in own else getattr(figure, name) for name in FIGURE_FIELDS])
    return out.getvalue()


def _checks(text: str, source: str, known: set[str]) -> Iterable[DocumentCheck]:
    seen = set[str]()
    for number, row in enumerate(_records(text, source, CHECK_FIELDS), start=2):
        row = {name: (value or "").strip() for name, value in row.items()}
        check_id = row["check_id"]
        if not check_id or check_id in seen:
            _refuse(source, f"line {number}, check_id", "each check has an id of its own")
        seen.add(check_id)
        kind = _member(CheckKind, row["kind"], source, f"{check_id}, kind")
        figures = tuple(row["figures"].split())
        if len(figures) < 2:
            _refuse(source, f"{check_id}, figures", "a check compares two figures or more")
        for each in figures:
            pair = each.split("/")
            if len(pair) != (2 if kind is CheckKind.IMPLIED_DENOMINATOR else 1):
                _refuse(source, f"{check_id}, figures", f"{each} is not what a check of the kind {kind} takes")
            for figure_id in pair:
                if figure_id not in known:
                    _refuse(source, f"{check_id}, figures", f"there is no figure {figure_id} in the year's register")
        expects = _member(Status, row["expects"], source, f"{check_id}, expects") if row["expects"] else None
        yield DocumentCheck(check_id, kind, figures, row["note"], expects)


def _records(text: str, source: str, fields: tuple[str, ...]) -> Iterable[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text), restval="", strict=True)
    missing = [name for name in fields if name not in (reader.fieldnames or ())]
    if missing:
        _refuse(source, missing[0], "the column is missing")
    try:
        for row in reader:
            if None in row:
                _refuse(source, f"line {reader.line_num}", "it has more fields than the heading")
            if any(row.values()):
                yield row
    except csv.Error as fault:
        _refuse(source, f"line {reader.line_num}", str(fault))


def _day(text: str, source: str, line: int) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        _refuse(source, f"line {line}", "a date is written 2019-03-31")


# --------------------------------------------------------------------------- reading and refusing


def _text(path: Path, folder: Path, hashes: dict[str, str]) -> str:
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise BadConfiguration(f"{path} cannot be read: {fault.strerror}.") from None
    hashes[path.relative_to(folder).as_posix()] = hashlib.sha256(data).hexdigest()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # A register saved by Excel as plain "CSV" is in the Windows code page.
        return data.decode("cp1252", errors="replace")


def _yaml(path: Path, folder: Path, hashes: dict[str, str]) -> Mapping[str, Any]:
    source = path.relative_to(folder).as_posix()
    try:
        document = yaml.load(_text(path, folder, hashes), Loader=LOADER)  # noqa: S506 - the safe loader, in C
        return _mapping(document, source, "the whole file")
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the whole file"
        _refuse(source, where, f"it is not YAML ({getattr(fault, 'problem', None) or 'unreadable'})")


def _mapping(value: Any, source: str, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(source, key, "names with values are expected here")
    return value


def _only(value: Mapping[str, Any], allowed: set[str], source: str, key: str) -> None:
    for name in value:
        if name not in allowed:
            _refuse(source, f"{key}.{name}", f"the key is not known; known are {', '.join(sorted(allowed))}")


def _among(names: Iterable[str], known: set[str], source: str, key: str) -> None:
    for name in names:
        if name not in known:
            _refuse(source, key, f"{name} is not one of the return's columns")


Member = TypeVar("Member", bound=StrEnum)


def _member(enum: type[Member], value: Any, source: str, key: str) -> Member:
    try:
        return enum(str(value))
    except ValueError:
        _refuse(source, key, f"{value!r} is none of {', '.join(enum)}")


def _refuse(source: str, key: str, why: str) -> NoReturn:
    raise BadConfiguration(f"The file {source} cannot be used: {key}: {why}.", "Mend the file and run again.")
