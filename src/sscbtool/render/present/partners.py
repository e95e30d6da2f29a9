"""What each partner sent, and what was wrong with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sscbtool.core.model import Catalogue, FileReport, Finding, Result, Severity
from sscbtool.render.present.measures import Names
from sscbtool.render.present.received import rows_read
from sscbtool.render.present.words import GRAVITY, SEVERITY_MARKS, count_of, nonempty
from sscbtool.render.report import Chapter, Column, ColumnType, Quantity, Row, Table

NO_PARTNER = "Not from one partner"


@dataclass(frozen=True)
class Sent:
    """One file that partners sent, read now or taken from the store."""

    path: str
    sha256: str | None
    partners: frozenset[str]
    rows: int
    refused: bool = False


def sent(result: Result) -> tuple[Sent, ...]:
    """The files that the result rests on: those read, or without any those that the store holds."""
    if result.files:
        return tuple(
            Sent(
                file.path,
                file.sha256,
                frozenset(_partners_of(file, result.catalogue)),
                sum(rows_read(table)[0] for table in file.tables),
                file.refused,
            )
            for file in result.files
        )
    stored: Sequence[Mapping[str, Any]] = (
        (result.extra.get("report") or {}).get("stored") or result.told.get("stored") or ()
    )
    held = (Sent(each["path"], each["sha256"], frozenset(each["partners"]), each["rows"]) for each in stored)
    refused: Sequence[FileReport] = result.told.get("refused", ())
    return (
        *held,
        *(Sent(f.path, f.sha256, frozenset(_partners_of(f, result.catalogue)), 0, refused=True) for f in refused),
    )


def _partners_of(file: FileReport, catalogue: Catalogue | None) -> set[str]:
    """Whose file it is: as recognised, or for one that could not be read the folder that it lay in."""
    found = {table.partner for table in file.tables if table.partner}
    if not found and "/" in file.path:
        folder = file.path.split("/")[-2]
        known = {organisation.code for organisation in catalogue.organisations} if catalogue else set()
        found = {folder} & known
    return found


def quality(result: Result) -> Chapter | None:
    """What each partner sent, and what was wrong with it."""
    everything = sent(result)
    if not everything:
        return None
    names = Names(result.catalogue)
    partner_of = {
        file.path: names.name(next(iter(file.partners))) if len(file.partners) == 1 else NO_PARTNER
        for file in everything
    }
    files: defaultdict[str, list[Sent]] = defaultdict(list)
    for file in everything:
        files[partner_of[file.path]].append(file)
    faults: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        faults[partner_of.get(finding.place.file or "", NO_PARTNER)].append(finding)
    due: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for each in result.told.get("due", ()):
        if each["due"]:
            due[names.name(str(each["partner"]))].append(each)
    when = {name: _when(own) for name, own in due.items()}
    columns = (
        Column("Partner", least=26),
        Column("Files", ColumnType.COUNT),
        Column("Refused", ColumnType.COUNT),
        Column("Rows read", ColumnType.COUNT),
        Column("Errors", ColumnType.COUNT),
        Column("Queries", ColumnType.COUNT),
        Column("Warnings", ColumnType.COUNT),
        *((Column("Expected returns", least=16, moves=1),) if when else ()),
    )
    order = sorted({*files, *faults, *when}, key=lambda name: (name == NO_PARTNER, name))
    rows = [_partner_row(name, files[name], faults[name], when) for name in order]
    total = (*_partner_row("All", everything, result.findings, {}), *((None,) if when else ()))
    table = Table("Returns by partner", columns, tuple(rows), total if len(rows) > 1 else None)
    bad = sum(1 for _ in result.open_findings)
    words = "Errors must be mended; queries must be mended or explained; warnings are for the reader."
    if not bad:
        words = "Nothing in the returns needs mending; warnings are for the reader."
    return Chapter("What the partners sent", (words,), nonempty([table, _kinds(faults)]))


def _when(due: Sequence[Mapping[str, Any]]) -> str:
    """How a partner kept its dates: ``2 in time, 1 up to 6 days late, 1 missing``."""
    came = [each for each in due if each["state"] == "received"]
    late = [each["days_late"] for each in came if each["days_late"]]
    counts = (
        (len(came) - len(late), "in time"),
        (len(late), f"up to {count_of(max(late, default=0), 'day')} late"),
        (sum(each["state"] == "nil" for each in due), "nil"),
        (sum(each["state"] == "late" for each in due), "missing"),
        (sum(each["state"] == "awaited" for each in due), "not due yet"),
    )
    return ", ".join(f"{number:,} {words}" for number, words in counts if number)


def _partner_row(name: str, files: Sequence[Sent], faults: Sequence[Finding], when: Mapping[str, str]) -> Row:
    counts = Counter(f.severity for f in faults if not f.explained)
    return (
        name,
        Quantity(len(files)),
        Quantity(sum(file.refused for file in files)),
        Quantity(sum(file.rows for file in files)),
        *(Quantity(counts[severity]) for severity in Severity),
        *((when.get(name, ""),) if when else ()),
    )


def _kinds(faults: Mapping[str, Sequence[Finding]]) -> Table | None:
    """What kinds of fault each partner's returns hold, gravest first."""
    rows: list[Row] = []
    for name in sorted(faults, key=lambda name: (name == NO_PARTNER, name)):
        kinds: defaultdict[tuple[int, str], list[Finding]] = defaultdict(list)
        for finding in faults[name]:
            kinds[GRAVITY[finding.severity], finding.code].append(finding)
        for (_, code), group in sorted(kinds.items()):
            first, alike = group[0], len({finding.message for finding in group}) == 1
            explained = sum(finding.explained for finding in group)
            said = first.message if alike else f"For example: {first.message}"
            said += f" ({explained:,} explained)" if explained else ""
            rows.append((name, SEVERITY_MARKS[first.severity], Quantity(len(group)), said, code))
    columns = (
        Column("Partner", least=20),
        Column("Severity", ColumnType.STATUS),
        Column("Places", ColumnType.COUNT),
        Column("What is wrong", least=34),
        Column("Code", ColumnType.CODE),
    )
    return Table("Faults by kind", columns, tuple(rows), grouped=True) if rows else None
