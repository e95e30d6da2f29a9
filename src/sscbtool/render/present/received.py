"""Files, rows and findings: what ``validate`` and ``ingest`` show, and the blocks of it that other commands repeat."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from sscbtool.core.model import Catalogue, FileReport, Finding, Outcome, Place, Result, Severity, TableReport
from sscbtool.core.standing import standing
from sscbtool.render.present.signing import reasons
from sscbtool.render.present.words import (
    GRAVITY,
    REFUSED,
    SEVERITY_MARKS,
    Folder,
    capital,
    count_of,
    distinct,
    nonempty,
    return_title,
    sentence,
    severity_counts,
    title_of,
)
from sscbtool.render.report import (
    Column,
    ColumnType,
    Facts,
    Line,
    Lines,
    Mark,
    Quantity,
    Report,
    Row,
    Section,
    Table,
    Tone,
)

CELLS_SHOWN = 3
"""How many cells of a group of findings are named before the rest is counted."""


def rows_read(report: TableReport) -> tuple[int, int, int]:
    """Rows read, kept and set aside; where no return claims a table, all its rows are set aside."""
    aside = sum(len(part.rows) for part in report.rows_set_aside)
    if report.return_name is None and not aside:
        aside = len(report.table.data_rows) - report.rows_kept
    return report.rows_kept + aside, report.rows_kept, aside


def _rows_sentence(files: Iterable[FileReport]) -> str:
    counts = [rows_read(table) for file in files for table in file.tables]
    read, kept, aside = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    return f"{read:,} read = {kept:,} kept + {aside:,} set aside"


def set_aside_lines(files: Iterable[FileReport], catalogue: Catalogue | None) -> Lines | None:
    """Every row that does not count, by return and reason."""
    reasons: Counter[str] = Counter()
    for table in (table for file in files for table in file.tables):
        title = return_title(table.return_name, catalogue)
        for part in table.rows_set_aside:
            reasons[", ".join(filter(None, (title, part.reason)))] += len(part.rows)
        if table.return_name is None and not table.rows_set_aside:
            reasons["answers to no return"] += len(table.table.data_rows)
    lines = tuple(Line(f"{count_of(rows, 'row')}: {reason}") for reason, rows in sorted(reasons.items()) if rows)
    return Lines("Rows set aside, and why", lines) if lines else None


def _files_sentence(files: Sequence[FileReport]) -> str:
    refused = sum(file.refused for file in files)
    return f"{len(files) - refused:,} read, {refused:,} refused"


def refusals(files: Iterable[FileReport], folder: Folder) -> Lines | None:
    """The files that could not be read, why, and what to ask for."""
    lines = tuple(
        Line(" ".join(filter(None, (f"{folder.short(f.path)}: {sentence(f.reason or '')}", f.hint))), REFUSED)
        for f in files
        if f.refused
    )
    return Lines("Refused", lines) if lines else None


def _file_mark(file: FileReport, faults: Sequence[Finding]) -> Mark:
    """The worst that was found, and how many: ``✗ 3 faults`` are errors and queries, ``? 2 queries`` no errors."""
    if file.refused:
        return REFUSED
    counts = Counter(f.severity for f in faults if not f.explained)
    if counts[Severity.ERROR]:
        return Mark("✗", count_of(counts[Severity.ERROR] + counts[Severity.QUERY], "fault"), Tone.BAD)
    if counts[Severity.QUERY]:
        return Mark("?", count_of(counts[Severity.QUERY], "query", "queries"), Tone.DOUBT)
    if counts[Severity.WARNING]:
        return Mark("!", count_of(counts[Severity.WARNING], "warning"), Tone.QUIET)
    if not any(table.rows_kept for table in file.tables):
        return Mark("·", "None kept", Tone.QUIET)
    return Mark("✓", "Clean", Tone.GOOD)


def _file_table(result: Result, folder: Folder) -> Table:
    """One line a file. Its period stands in it only where not every file has the period judged."""
    faults: defaultdict[str | None, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        faults[finding.place.file].append(finding)
    periods = {table.period for file in result.files for table in file.tables if table.return_name}
    with_period = not periods <= {result.period}
    columns = (
        Column("", ColumnType.STATUS),
        Column("File", ColumnType.FILE, least=20),
        Column("Format", ColumnType.CODE, spare=True),
        Column("Return", least=21, moves=1),
        Column("Partner", least=7),
        *((Column("Period", least=7),) if with_period else ()),
        Column("Rows kept", ColumnType.COUNT),
        Column("Set aside", ColumnType.COUNT),
    )
    rows: list[Row] = []
    for file in result.files:
        counts = [rows_read(table) for table in file.tables]
        period = distinct(table.period for table in file.tables if table.return_name)
        rows.append(
            (
                _file_mark(file, faults[file.path]),
                folder.short(file.path),
                file.format.value if file.format else None,
                distinct(table.return_name for table in file.tables),
                distinct(table.partner for table in file.tables),
                *((period,) if with_period else ()),
                None if file.refused else Quantity(sum(kept for _, kept, _ in counts)),
                None if file.refused else Quantity(sum(aside for _, _, aside in counts)),
            )
        )
    return Table(f"Files{folder.suffix}", columns, tuple(rows))


def _finding_key(finding: Finding) -> tuple[Any, ...]:
    place = finding.place
    return place.file or "", GRAVITY[finding.severity], place.sheet or "", finding.code, finding.column or ""


def _cells(places: Sequence[Place]) -> str:
    """``B5, B9, B12 and 14 more``, or the rows where no cell is known."""
    names = list(dict.fromkeys(place.cell or (f"row {place.row}" if place.row else "") for place in places))
    names = [name for name in names if name]
    if len(names) <= CELLS_SHOWN + 1:
        return ", ".join(names)
    return f"{', '.join(names[:CELLS_SHOWN])} and {len(names) - CELLS_SHOWN:,} more"


def _finding_groups(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    """Findings of one rule on one column of one sheet together, in the order of the sheet."""
    ordered = sorted(findings, key=lambda f: (*_finding_key(f), f.place.row or 0, f.place.column or 0))
    for _, group in groupby(ordered, key=_finding_key):
        yield list(group)


def _group_sentence(group: Sequence[Finding]) -> str:
    first = group[0]
    explained = sum(f.explained for f in group)
    words = first.message
    if len(group) > 1:
        places = len({(f.place.row, f.place.column) for f in group})
        noun = "row" if all(f.place.row for f in group) else "place"
        lead = "for example: " if any(f.message != first.message for f in group) else ""
        words = f"{count_of(places, noun)}: {lead}{words}"
    return f"{words} ({'explained' if explained == len(group) else f'{explained} explained'})" if explained else words


_FINDING_COLUMNS = (
    Column("", ColumnType.STATUS),
    Column("Sheet", ColumnType.PLACE),
    Column("Cells", ColumnType.PLACE),
    Column("Code", ColumnType.CODE),
    Column("What is wrong", least=32, moves=2, labelled=False),
    Column("What to do", least=32, moves=1),
)


def _finding_tables(findings: Iterable[Finding], folder: Folder) -> list[Table]:
    tables = []
    for file, groups in groupby(_finding_groups(findings), key=lambda group: group[0].place.file):
        rows = tuple(
            (
                SEVERITY_MARKS[group[0].severity],
                group[0].place.sheet,
                _cells([f.place for f in group]),
                group[0].code,
                _group_sentence(group),
                group[0].fix,
            )
            for group in groups
        )
        columns = _FINDING_COLUMNS
        if not any(row[1] for row in rows):
            columns, rows = _without(columns, 1), tuple(_without(row, 1) for row in rows)
        tables.append(Table(folder.short(file) or "The run as a whole", columns, rows))
    return tables


def _without(cells: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return cells[:index] + cells[index + 1 :]


def findings_in_short(findings: Sequence[Finding], folder: Folder) -> Table | None:
    """The findings grouped, gravest first, without their remedies."""
    if not findings:
        return None
    rows = tuple(
        (
            SEVERITY_MARKS[group[0].severity],
            folder.short(group[0].place.file),
            ", ".join(filter(None, (group[0].place.sheet, _cells([f.place for f in group])))),
            group[0].code,
            _group_sentence(group),
        )
        for group in sorted(_finding_groups(findings), key=lambda group: GRAVITY[group[0].severity])
    )
    columns = (
        Column("", ColumnType.STATUS),
        Column("File", ColumnType.FILE, least=20),
        Column("Place", ColumnType.PLACE),
        Column("Code", ColumnType.CODE),
        Column("What is wrong", least=28, moves=1, labelled=False),
    )
    return Table("Findings", columns, rows)


def finding_rows(findings: Iterable[Finding], folder: Folder) -> list[tuple[str, str, str, str, str]]:
    """The findings grouped: file, place, code, what is wrong, what to do."""
    return [
        (
            folder.short(group[0].place.file) or "The run as a whole",
            ", ".join(filter(None, (group[0].place.sheet, _cells([f.place for f in group])))),
            group[0].code,
            _group_sentence(group),
            group[0].fix,
        )
        for group in _finding_groups(findings)
    ]


def findings_as_data(findings: Iterable[Finding]) -> Table:
    """Every finding a row, as in the JSON."""
    headings = ("file", "sheet", "cell", "row", "column", "severity", "code", "message", "fix", "explained")
    ordered = sorted(findings, key=lambda f: (*_finding_key(f), f.place.row or 0, f.place.column or 0, f.message))
    rows = tuple(
        (
            f.place.file,
            f.place.sheet,
            f.place.cell,
            None if f.place.row is None else Quantity(int(f.place.row)),
            f.column,
            f.severity.value,
            f.code,
            f.message,
            f.fix,
            "yes" if f.explained else "no",
        )
        for f in ordered
    )
    return Table("Findings", tuple(Column(heading) for heading in headings), rows)


def validate(result: Result) -> Report:
    """One line a file, then every fault by file, grouped by rule, with its cells and its remedy."""
    folder = Folder(file.path for file in result.files)
    alone = len(result.files) == 1 and not result.findings and not result.files[0].refused
    sections = [
        _one_file(result.files[0]) if alone else _file_table(result, folder) if result.files else None,
        row_facts(result) if not alone and (result.files or result.outcome is Outcome.INCOMPLETE) else None,
        set_aside_lines(result.files, result.catalogue),
        refusals(result.files, folder),
        *_finding_tables(result.findings, folder),
        reasons(result),
    ]
    return Report(
        title_of(result, "Validate"),
        result.outcome,
        nonempty(sections),
        " ".join((f"{standing(result).text}.", *_counted(result.findings), _advice(result))),
        findings_as_data(result.findings),
    )


def _one_file(file: FileReport) -> Lines:
    """One sound file in a line or two: which returns of whom it holds, and what became of its rows."""
    returns = distinct(table.return_name for table in file.tables)
    whose = distinct(table.partner for table in file.tables)
    period = distinct(table.period for table in file.tables if table.return_name)
    what = ", ".join(filter(None, (returns, f"by {whose}" if whose else "", f"for {period}" if period else "")))
    return Lines("", (Line(f"{file.path}: {what}.", _file_mark(file, ())), Line(f"Rows: {_rows_sentence([file])}.")))


def _counted(findings: Sequence[Finding]) -> list[str]:
    return [f"{capital(severity_counts(findings))}."] if findings else []


def row_facts(result: Result) -> Facts:
    """Files read and refused; rows read, kept and set aside."""
    return Facts("", (("Files", _files_sentence(result.files)), ("Rows", _rows_sentence(result.files))))


def _advice(result: Result) -> str:
    errors = sum(f.severity is Severity.ERROR and not f.explained for f in result.findings)
    queries = sum(f.severity is Severity.QUERY and not f.explained for f in result.findings)
    refused = sum(file.refused for file in result.files)
    advice = []
    if refused:
        advice.append(f"Ask for {'the refused file' if refused == 1 else f'the {refused:,} refused files'} again.")
    if errors:
        advice.append("Ask the sender to mend the errors and to send the file again.")
    if queries:
        advice.append("Ask the sender to mend or explain the queries.")
    if advice:
        return " ".join(advice)
    if result.outcome is Outcome.INCOMPLETE:
        return "There was nothing to judge: check the period and the paths, or ask for the returns."
    if result.outcome is Outcome.FINDINGS:
        return "There are no rows to judge: ask the sender for a file with rows, or for a nil return."
    return "Nothing needs mending. Next: sscbtool reconcile."


def ingest(result: Result) -> Report:
    """What each table was taken for and why, and what the store did with it."""
    folder = Folder(file.path for file in result.files)
    about = result.extra.get("ingest") or {}
    tried = bool(about.get("dry_run"))
    columns = (
        Column("File", ColumnType.FILE, least=20),
        Column("Place", ColumnType.PLACE, moves=2, spare=not tried),
        Column("Return", least=21),
        Column("Partner", least=7),
        Column("Period", least=7),
        Column("Rows kept", ColumnType.COUNT),
        Column("Set aside", ColumnType.COUNT),
        Column("Decided by", least=24, moves=1, spare=not tried),
    )
    rows: list[Row] = []
    for file in result.files:
        for table in file.tables:
            _, counted, aside = rows_read(table)
            rows.append(
                (
                    folder.short(file.path),
                    ", ".join(filter(None, (table.table.sheet, str(table.table.area)))),
                    table.return_name or "answers to none",
                    table.partner,
                    table.period,
                    Quantity(counted),
                    Quantity(aside),
                    _reasons(table),
                )
            )
    landed = Table(f"What was received{folder.suffix}", columns, tuple(rows)) if rows else None
    if landed and about.get("landed") and not any(each["new"] for each in about["landed"]):
        tables = f"{count_of(len(rows), 'table')} in {count_of(len(about['landed']), 'file')}, as before."
        landed = replace(landed, in_short=(Line(tables),))
    sections = [
        landed,
        *_landed(result, folder),
        row_facts(result),
        set_aside_lines(result.files, result.catalogue),
        refusals(result.files, folder),
        findings_in_short([f for f in result.findings if f.severity is not Severity.WARNING], folder),
    ]
    closing = f"{capital(severity_counts(result.findings))}. "
    closing += "See them by cell: sscbtool validate." if result.findings else "Next: sscbtool reconcile."
    return Report(
        title_of(result, "Ingest"), result.outcome, nonempty(sections), closing, landed or Table("", columns, ())
    )


def _landed(result: Result, folder: Folder) -> list[Section]:
    """What became of the files in the store, where one was written to."""
    extra = result.extra.get("ingest") or {}
    if extra.get("dry_run"):
        return [Lines("", (Line("Nothing was stored: this was a dry run."),))]
    lines = []
    if there := sum(not each["new"] for each in extra.get("landed", ())):
        were = "was" if there == 1 else "were"
        lines.append(Line(f"{count_of(there, 'file')} {were} in the store already, byte for byte: nothing changed."))
    for each in extra.get("landed", ()):
        if not each["new"]:
            continue
        version = f" as {', '.join(name[:8] for name in each['versions'])}"
        others = [
            f", {said} {', '.join(name[:8] for name in each[key])}"
            for key, said in (("superseded", "superseding"), ("adds_to", "adding to"))
            if each[key]
        ]
        final = ", which was a final return" if each["restates_final"] else ""
        lines.append(Line(f"{folder.short(each['path'])}: stored{version}{''.join(others)}{final}."))
    return [Lines("In the store", tuple(lines))] if lines else []


def _reasons(table: TableReport) -> str:
    """``return by its columns; partner by its folder``, or the sentences that the workflow gives."""
    if table.reasons:
        return "; ".join(f"{what}: {why}" for what, why in table.reasons.items())
    return f"return: {table.recognised_by}" if table.recognised_by else ""
