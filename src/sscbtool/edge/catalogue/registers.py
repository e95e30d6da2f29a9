"""Registers kept as CSV and edited in Excel: organisations, published figures, and a document's own checks."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping

from sscbtool.core.model import CheckKind, Comparator, DocumentCheck, Figure, Organisation, ReturnSchema, Status
from sscbtool.core.register import mistake
from sscbtool.core.values import fold
from sscbtool.edge.catalogue.refusing import SAVE_AS, member, refuse

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


def organisations_of(text: str) -> tuple[Organisation, ...]:
    """The register of organisations."""
    source, found, claimed = "organisations.csv", dict[str, Organisation](), dict[str, str]()
    for number, row in _records(text, source, ORGANISATION_FIELDS):
        aliases = tuple(alias.strip() for alias in row["aliases"].split(";") if alias.strip())
        code = row["code"].strip()
        if not code or not row["name"].strip():
            refuse(source, f"line {number}", f"an organisation needs a {'name' if code else 'code'}")
        if code in found:
            refuse(source, f"line {number}, code", f"{code} stands here twice")
        for name in {fold(each) for each in (code, row["name"], *aliases)}:
            if claimed.setdefault(name, code) != code:
                refuse(source, f"line {number}", f"a name or alias of {code} is already {claimed[name]}'s")
        statutory = row["statutory_partner"].strip().casefold()
        if statutory not in SAID_YES | SAID_NO:
            refuse(source, f"line {number}, statutory_partner", "it is true or false")
        first, last = (_day(row[end], source, f"line {number}, {end}") for end in ("valid_from", "valid_to"))
        if first and last and last < first:
            refuse(source, f"line {number}, valid_to", "it is before valid_from")
        found[code] = Organisation(
            code=code,
            name=row["name"].strip(),
            scheme=row["scheme"].strip(),
            aliases=aliases,
            sector=row["sector"].strip(),
            statutory_partner=statutory in SAID_YES,
            valid_from=first,
            valid_to=last,
        )
    return tuple(found.values())


SAID_YES, SAID_NO = frozenset({"true", "yes", "1"}), frozenset({"", "false", "no", "0"})


def figures_of(text: str, source: str, returns: Mapping[str, ReturnSchema]) -> tuple[Figure, ...]:
    """The register of one year's published figures."""
    found: dict[str, Figure] = {}
    for number, row in _records(text, source, FIGURE_FIELDS):
        figure_id = row["figure_id"]
        if not figure_id or figure_id in found:
            refuse(source, f"line {number}, figure_id", "each figure has an id of its own")
        schema = returns.get(row["return"])
        if row["return"] and schema is None:
            refuse(source, f"{figure_id}, return", f"there is no return {row['return']}")
        if schema and row["measure"] not in {measure.name for measure in schema.measures}:
            refuse(source, f"{figure_id}, measure", f"{schema.name} has no measure {row['measure'] or '(blank)'}")
        comparator = row["comparator"]
        as_at = _day(row["as_at"], source, f"{figure_id}, as_at")
        found[figure_id] = Figure(
            figure_id=figure_id,
            section=row["section"],
            statement=row["statement"],
            return_name=row["return"] or None,
            measure=row["measure"] or None,
            where=row["where"] or None,
            comparator=member(Comparator, comparator, source, f"{figure_id}, comparator") if comparator else None,
            value=_as_typed(row["value"]) if comparator in (Comparator.ON, Comparator.BY) else row["value"],
            unit=row["unit"],
            as_at=as_at.isoformat() if as_at else None,
            tolerance=row["tolerance"] or None,
            scope=row["scope"] or None,
            publish=row["publish"] or None,
            note=row["note"] or None,
        )
    for figure in found.values():
        own = returns[figure.return_name].measures if figure.return_name else ()
        measure = next((each for each in own if each.name == figure.measure), None)
        if (unsound := mistake(figure, measure, found)) is not None:
            refuse(source, f"{figure.figure_id}, {unsound[0]}", unsound[1])
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


def checks_of(text: str, source: str, known: set[str]) -> Iterable[DocumentCheck]:
    """The checks of one year's document against itself; ``known`` are the figures of that year."""
    seen = set[str]()
    for number, row in _records(text, source, CHECK_FIELDS):
        check_id = row["check_id"]
        if not check_id or check_id in seen:
            refuse(source, f"line {number}, check_id", "each check has an id of its own")
        seen.add(check_id)
        kind = member(CheckKind, row["kind"], source, f"{check_id}, kind")
        figures = tuple(row["figures"].split())
        if len(figures) < 2:
            refuse(source, f"{check_id}, figures", "a check compares two figures or more")
        for each in figures:
            pair = each.split("/")
            if len(pair) != (2 if kind is CheckKind.IMPLIED_DENOMINATOR else 1):
                refuse(source, f"{check_id}, figures", f"{each} is not what a check of the kind {kind} takes")
            for figure_id in pair:
                if figure_id not in known:
                    refuse(source, f"{check_id}, figures", f"there is no figure {figure_id} in the year's register")
        expects = member(Status, row["expects"], source, f"{check_id}, expects") if row["expects"] else None
        yield DocumentCheck(check_id, kind, figures, row["note"], expects)


def _records(text: str, source: str, fields: tuple[str, ...]) -> Iterable[tuple[int, dict[str, str]]]:
    """Each record with the line that it ends on; refused where it is no such register, or where Excel damaged it."""
    reader = csv.DictReader(io.StringIO(text), restval="", strict=True)
    try:
        heading = [name.strip() for name in reader.fieldnames or ()]
    except csv.Error as fault:
        refuse(source, "line 1", str(fault))
    reader.fieldnames = heading
    if len(heading) == 1 and any(mark in heading[0] for mark in ";\t"):
        refuse(source, "line 1", f"its columns are not parted by commas; {SAVE_AS}")
    for name in fields:
        if heading.count(name) != 1:
            refuse(source, name, "the column is missing" if name not in heading else "the column stands here twice")
    try:
        for row in reader:
            line = f"line {reader.line_num}"
            if None in row:
                refuse(source, line, "it has more fields than the heading")
            record = {name: row[name].strip() for name in fields}
            for name, value in record.items():
                if _DAMAGED.fullmatch(value):
                    refuse(source, f"{line}, {name}", f"Excel has put {value} there; type it again, as text")
            if any(record.values()):
                yield reader.line_num, record
    except csv.Error as fault:
        refuse(source, f"line {reader.line_num}", str(fault))


_DAMAGED = re.compile(r"#(?:NAME\?|REF!|VALUE!|N/A|DIV/0!|NUM!|NULL!|SPILL!)|#{3,}|[0-9](?:\.[0-9]+)?E\+[0-9]+")
"""What Excel leaves of a text that it took for a formula, a column that was too narrow, or a long number."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _day(text: str, source: str, key: str) -> dt.date | None:
    """A day as it is written, ``2019-03-31``, or as Excel saves it in this country, ``31/03/2019``."""
    try:
        return dt.date.fromisoformat(_as_typed(text)) if text else None
    except ValueError:
        refuse(source, key, "a day is written 2019-03-31")


def _as_typed(text: str) -> str:
    """A day or a month as a register writes it, where Excel has made ``31/03/2019`` or ``Apr-17`` of it."""
    if found := re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text):
        return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    if (found := re.fullmatch(r"([A-Z][a-z]{2})-([0-9]{2})", text)) and found[1] in _MONTHS:
        return f"20{found[2]}-{_MONTHS.index(found[1]) + 1:02}"
    return text
