"""Each command's result as one neutral report, in the order a reader needs it: verdict, evidence, what to do next.

Decides nothing: what agrees and what does not is in the result. Nothing here knows a width, a colour or a format.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any, assert_never

from sscbtool.core.model import (
    Catalogue,
    ControlTotal,
    FigureResult,
    FileReport,
    Finding,
    Measure,
    Outcome,
    Place,
    Result,
    Severity,
    Status,
    TableReport,
    address,
    column_letters,
)
from sscbtool.render.present_summary import measure_sections, measures_as_data
from sscbtool.render.report import (
    Cell,
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
LONGEST_NOTE = 300
"""Characters of one note around a table that ``inspect`` shows."""

STATUS_MARKS: Mapping[Status, Mark] = {
    Status.HOLDS: Mark("✓", "Agrees", Tone.GOOD),
    Status.HOLDS_WITHIN_ROUNDING: Mark("✓", "Agrees within rounding", Tone.GOOD),
    Status.CONTRADICTED: Mark("✗", "Does not agree", Tone.BAD),
    Status.NOT_EVIDENCED: Mark("○", "No evidence received", Tone.BAD),
    Status.NOT_CHECKED: Mark("·", "Not checked", Tone.QUIET),
    Status.NOT_COMPUTABLE: Mark("?", "Cannot be worked out", Tone.DOUBT),
    Status.DEFINITION_DIFFERS: Mark("≠", "Different definition", Tone.QUIET),
    Status.SUPPRESSED: Mark("■", "Withheld", Tone.QUIET),
    Status.NARRATIVE: Mark("–", "Narrative", Tone.QUIET),
}
SEVERITY_MARKS: Mapping[Severity, Mark] = {
    Severity.ERROR: Mark("✗", "Error", Tone.BAD),
    Severity.QUERY: Mark("?", "Query", Tone.DOUBT),
    Severity.WARNING: Mark("!", "Warning", Tone.QUIET),
}
_GRAVITY = {Severity.ERROR: 0, Severity.QUERY: 1, Severity.WARNING: 2}
_AGREES = (Status.HOLDS, Status.HOLDS_WITHIN_ROUNDING)
_CHECKABLE = (*_AGREES, Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE)
_REFUSED = Mark("✗", "Refused", Tone.BAD)
_READ = Mark("✓", "Read", Tone.GOOD)
_YES, _NO = Mark("✓", "Agrees", Tone.GOOD), Mark("✗", "Does not agree", Tone.BAD)
_UNKNOWN = Mark("?", "Cannot be worked out", Tone.DOUBT)


def present(result: Result, catalogue: Catalogue | None = None, *, show_values: bool = False) -> Report:
    """The report of a result.

    ``catalogue`` gives returns, measures and organisations their names; without it their codes stand. With
    ``show_values`` names that no register knows are shown, and otherwise only counted.
    """
    match result.command.partition(" ")[0]:
        case "inspect":
            return _inspect(result)
        case "validate":
            return _validate(result, catalogue)
        case "ingest":
            return _ingest(result, catalogue)
        case "reconcile":
            return _reconcile(result, catalogue)
        case "trace":
            return _trace(result, catalogue)
        case "summary":
            return _summary(result, catalogue, show_values=show_values)
        case _:
            return _of_plain_values(result)


# --------------------------------------------------------------------------- words


def count_of(number: int, one: str, many: str = "") -> str:
    """``1 error``, ``1,204 errors``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _title(result: Result, words: str) -> str:
    return f"{words}, {result.period}" if result.period else words


def _return_title(name: str | None, catalogue: Catalogue | None) -> str:
    known = catalogue.returns.get(name) if catalogue and name else None
    return known.title if known else name or ""


def _measure(figure: FigureResult, catalogue: Catalogue | None) -> Measure | None:
    known = catalogue.returns.get(figure.figure.return_name or "") if catalogue else None
    return next((m for m in known.measures if m.name == figure.figure.measure), None) if known else None


def _figure_cell(value: str | int | None, unit: str, *, signed: bool = False) -> Cell:
    """A published or evidenced value: a quantity where it is a number, else the words it is."""
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    return Quantity(number, unit if unit in ("GBP", "percent", "%") else "", signed)


def severity_counts(findings: Iterable[Finding]) -> str:
    """``3 errors, 2 queries and 1 warning``; explained ones are counted apart."""
    counts = Counter("explained" if f.explained else f.severity.value for f in findings)
    parts = [
        count_of(counts[key], one, many)
        for key, one, many in (("error", "error", ""), ("query", "query", "queries"), ("warning", "warning", ""))
        if counts[key]
    ]
    if counts["explained"]:
        parts.append(f"{counts['explained']:,} explained")
    return listed(parts) or "no findings"


class _Folder:
    """The folder that all files of a result share, named once so that each line can leave it out."""

    def __init__(self, paths: Iterable[str]) -> None:
        split = [path.split("/")[:-1] for path in paths]
        shared: list[str] = []
        if len(split) > 1:
            for level in zip(*split, strict=False):
                if len(set(level)) > 1:
                    break
                shared.append(level[0])
        self.path = "/".join(shared) + "/" if any(shared) else ""

    def short(self, path: str | None) -> str:
        """The path below the folder."""
        return (path or "").removeprefix(self.path)

    @property
    def suffix(self) -> str:
        """`` in sample_data/``, for a heading."""
        return f" in {self.path}" if self.path else ""


# --------------------------------------------------------------------------- files and rows


def _rows_read(report: TableReport) -> tuple[int, int, int]:
    """Rows read, kept and set aside. Rows of a table that answers to no return are all set aside.

    Where quarters stand as columns a row of the sheet becomes several, and these are what is counted.
    """
    if report.return_name is None:
        rows = len(report.table.data_rows)
        return rows, 0, rows
    aside = sum(len(part.rows) for part in report.rows_set_aside)
    return report.rows_kept + aside, report.rows_kept, aside


def _rows_sentence(files: Iterable[FileReport]) -> str:
    counts = [_rows_read(table) for file in files for table in file.tables]
    read, kept, aside = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    return f"{read:,} read = {kept:,} kept + {aside:,} set aside"


def _set_aside_lines(files: Iterable[FileReport], catalogue: Catalogue | None) -> Lines | None:
    reasons: Counter[str] = Counter()
    for table in (table for file in files for table in file.tables):
        if table.return_name is None:
            reasons["in a table that answers to no return"] += len(table.table.data_rows)
        for part in table.rows_set_aside:
            reasons[f"{_return_title(table.return_name, catalogue)}: {part.reason}"] += len(part.rows)
    lines = tuple(Line(f"{count_of(rows, 'row')}, {reason}") for reason, rows in sorted(reasons.items()) if rows)
    return Lines("Rows set aside, and why", lines) if lines else None


def _files_sentence(files: Sequence[FileReport]) -> str:
    refused = sum(file.refused for file in files)
    return f"{len(files) - refused:,} read, {refused:,} refused"


def _refusals(files: Iterable[FileReport], folder: _Folder) -> Lines | None:
    lines = tuple(
        Line(" ".join(filter(None, (f"{folder.short(f.path)}: {_sentence(f.reason or '')}", f.hint))), _REFUSED)
        for f in files
        if f.refused
    )
    return Lines("Refused", lines) if lines else None


def _sentence(clause: str) -> str:
    return clause if not clause or clause[-1] in ".!?" else clause + "."


def _distinct(values: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))


def _file_mark(file: FileReport, faults: Sequence[Finding]) -> Mark:
    if file.refused:
        return _REFUSED
    worst = min((_GRAVITY[f.severity] for f in faults if not f.explained), default=None)
    match worst:
        case 0:
            return Mark("✗", "Errors", Tone.BAD)
        case 1:
            return Mark("?", "Queries", Tone.DOUBT)
        case 2:
            return Mark("!", "Warnings", Tone.QUIET)
        case _:
            return Mark("✓", "Clean", Tone.GOOD)


def _file_table(result: Result, folder: _Folder) -> Table:
    faults: defaultdict[str | None, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        faults[finding.place.file].append(finding)
    periods = {table.period for file in result.files for table in file.tables if table.return_name}
    same_period = periods <= {result.period}
    columns = (
        Column("File", least=22),
        Column("", ColumnType.STATUS),
        Column("Format", ColumnType.CODE, moves=1),
        Column("Return", least=13),
        Column("Partner", least=7),
        *(() if same_period else (Column("Period", least=7),)),
        Column("Rows kept", ColumnType.COUNT),
        Column("Set aside", ColumnType.COUNT),
        Column("Faults", ColumnType.COUNT),
    )
    rows: list[Row] = []
    for file in result.files:
        counts = [_rows_read(table) for table in file.tables]
        period = (_distinct(table.period for table in file.tables if table.return_name),)
        found = faults[file.path]
        rows.append(
            (
                folder.short(file.path),
                _file_mark(file, found),
                file.format.value if file.format else None,
                _distinct(table.return_name for table in file.tables),
                _distinct(table.partner for table in file.tables),
                *(() if same_period else period),
                None if file.refused else Quantity(sum(kept for _, kept, _ in counts)),
                None if file.refused else Quantity(sum(aside for _, _, aside in counts)),
                Quantity(sum(f.severity is not Severity.WARNING and not f.explained for f in found)),
            )
        )
    return Table(f"Files{folder.suffix}", columns, tuple(rows))


# --------------------------------------------------------------------------- findings


def _finding_key(finding: Finding) -> tuple[Any, ...]:
    place = finding.place
    return place.file or "", _GRAVITY[finding.severity], place.sheet or "", finding.code, finding.column or ""


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
    Column("What is wrong", least=30, moves=1, labelled=False),
    Column("What to do", least=26, moves=2),
)


def _finding_tables(findings: Iterable[Finding], folder: _Folder) -> list[Table]:
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


def _findings_in_short(findings: Sequence[Finding], folder: _Folder) -> Table | None:
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
        for group in sorted(_finding_groups(findings), key=lambda group: _GRAVITY[group[0].severity])
    )
    columns = (
        Column("", ColumnType.STATUS),
        Column("File", least=18),
        Column("Place", ColumnType.PLACE),
        Column("Code", ColumnType.CODE),
        Column("What is wrong", least=28, moves=1, labelled=False),
    )
    return Table("Findings", columns, rows)


def _findings_as_data(findings: Iterable[Finding]) -> Table:
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


# --------------------------------------------------------------------------- validate, ingest


def _validate(result: Result, catalogue: Catalogue | None) -> Report:
    folder = _Folder(file.path for file in result.files)
    sections = [
        _file_table(result, folder),
        _facts(result),
        _set_aside_lines(result.files, catalogue),
        _refusals(result.files, folder),
        *_finding_tables(result.findings, folder),
    ]
    return Report(
        _title(result, "Validate"),
        result.outcome,
        _kept(sections),
        f"{_capital(severity_counts(result.findings))}. {_advice(result)}",
        _findings_as_data(result.findings),
    )


def _facts(result: Result) -> Facts:
    return Facts("", (("Files", _files_sentence(result.files)), ("Rows", _rows_sentence(result.files))))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _kept(sections: Iterable[Section | None]) -> tuple[Section, ...]:
    return tuple(section for section in sections if section is not None)


def _advice(result: Result) -> str:
    errors = sum(f.severity is Severity.ERROR and not f.explained for f in result.findings)
    queries = sum(f.severity is Severity.QUERY and not f.explained for f in result.findings)
    refused = sum(file.refused for file in result.files)
    advice = []
    if refused:
        advice.append(
            f"Ask for {'it' if refused == 1 else 'them'} again: {count_of(refused, 'file')} could not be read."
        )
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


def _ingest(result: Result, catalogue: Catalogue | None) -> Report:
    folder = _Folder(file.path for file in result.files)
    columns = (
        Column("File", least=22),
        Column("Sheet", ColumnType.PLACE, moves=2),
        Column("Return", least=13),
        Column("Partner", least=7),
        Column("Period", least=7),
        Column("Rows kept", ColumnType.COUNT),
        Column("Set aside", ColumnType.COUNT),
        Column("Decided by", least=24, moves=1),
    )
    rows: list[Row] = []
    for file in result.files:
        for table in file.tables:
            _, kept, aside = _rows_read(table)
            rows.append(
                (
                    folder.short(file.path),
                    ", ".join(filter(None, (table.table.sheet, str(table.table.area)))),
                    table.return_name or "answers to none",
                    table.partner,
                    table.period,
                    Quantity(kept),
                    Quantity(aside),
                    _reasons(table),
                )
            )
    landed = Table(f"What was received{folder.suffix}", columns, tuple(rows)) if rows else None
    sections = [
        landed,
        *_plain_sections(result.extra, folder),
        _facts(result),
        _set_aside_lines(result.files, catalogue),
        _refusals(result.files, folder),
        _findings_in_short([f for f in result.findings if f.severity is not Severity.WARNING], folder),
    ]
    closing = f"{_capital(severity_counts(result.findings))}. "
    closing += "See them by cell: sscbtool validate." if result.findings else "Next: sscbtool reconcile."
    return Report(_title(result, "Ingest"), result.outcome, _kept(sections), closing, landed or Table("", columns, ()))


def _reasons(table: TableReport) -> str:
    """``return by its columns; partner by its folder``, or the sentences that the workflow gives."""
    if table.reasons:
        return "; ".join(f"{what}: {why}" for what, why in table.reasons.items())
    return f"return: {table.recognised_by}" if table.recognised_by else ""


# --------------------------------------------------------------------------- inspect


def _inspect(result: Result) -> Report:
    folder = _Folder(file.path for file in result.files)
    sections: list[Section | None] = []
    tables = 0
    for file in result.files:
        if file.refused:
            continue
        tables += len(file.tables)
        sections += _inspected_file(file, folder)
    sections.append(_refusals(result.files, folder))
    findings = _findings_in_short(result.findings, folder)
    sections.append(findings)
    broken = sum(not t.agrees for file in result.files for table in file.tables for t in table.table.totals)
    closing = f"{count_of(len(result.files), 'file')}, {count_of(tables, 'table')}."
    if broken:
        noun = count_of(broken, "stated total does", "stated totals do")
        closing += f" {noun} not agree with the rows it closes: ask the sender."
    return Report(f"Inspect{folder.suffix}", result.outcome, _kept(sections), closing, _inspected_as_data(result))


def _inspected_file(file: FileReport, folder: _Folder) -> list[Section]:
    kind = file.format.value if file.format else "unknown"
    facts: list[tuple[str, Cell]] = [("Format", f"{kind}, {file.encoding}" if file.encoding else kind)]
    if file.hidden_sheets:
        facts.append(("Hidden sheets", f"{', '.join(file.hidden_sheets)} (not read)"))
    if not file.tables:
        facts.append(("Tables", "none: no header with rows below it stands on a visible sheet"))
    sections: list[Section] = [Facts(folder.short(file.path), tuple(facts))]
    for number, report in enumerate(file.tables, 1):
        sections += _inspected_table(number, report)
    return sections


def _inspected_table(number: int, report: TableReport) -> list[Section]:
    table = report.table
    place = f"sheet {table.sheet}, {table.area}" if table.sheet else str(table.area)
    data = [int(row) for row in table.data_rows]
    facts: list[tuple[str, Cell]] = [
        ("Header", _rows_named(table.header_rows) or "none"),
        ("Data rows", f"{len(data):,} (rows {data[0]} to {data[-1]})" if data else "none"),
        ("Columns", f"{len(table.heads):,}: " + "; ".join(_head_name(h.name, h.number) for h in table.heads)),
    ]
    if table.total_rows:
        facts.append(("Total rows", _rows_named(table.total_rows)))
    if table.hidden_rows or table.hidden_columns:
        hidden = [
            *([_rows_named(table.hidden_rows)] if table.hidden_rows else []),
            *(
                [f"columns {', '.join(column_letters(int(c)) for c in table.hidden_columns)}"]
                if table.hidden_columns
                else []
            ),
        ]
        facts.append(("Hidden", " and ".join(hidden)))
    sections: list[Section] = [Facts(f"Table {number}: {place}", tuple(facts))]
    if table.totals:
        sections.append(_control_totals(table.totals))
    if table.row_breaks:
        sections.append(_row_breaks(report))
    if table.notes:
        notes = tuple(Line(f"{note.cell}  {note.text}"[:LONGEST_NOTE]) for note in table.notes)
        sections.append(Lines("Notes around the table", notes))
    return sections


def _head_name(name: str, number: int) -> str:
    return name or f"(column {column_letters(int(number))}, no heading)"


def _rows_named(rows: Sequence[int]) -> str:
    """``row 4``, ``rows 4 to 6 and 9``."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and int(row) == runs[-1][1] + 1:
            runs[-1][1] = int(row)
        else:
            runs.append([int(row), int(row)])
    if not runs:
        return ""
    shown = [str(a) if a == b else f"{a} to {b}" if b > a + 1 else f"{a}, {b}" for a, b in runs[:20]]
    more = [f"{len(runs) - 20:,} more"] if len(runs) > 20 else []
    return f"{'row' if len(rows) == 1 else 'rows'} {listed(shown + more)}"


def _plain_number(value: Decimal | None, *, signed: bool = False) -> Cell:
    return None if value is None else Quantity(value, "", signed)


def _control_totals(totals: Sequence[ControlTotal]) -> Table:
    columns = (
        Column("Cell", ColumnType.CODE),
        Column("Label", least=10),
        Column("Column", least=12, moves=2),
        Column("Closes", ColumnType.PLACE, moves=1),
        Column("Stated", ColumnType.VALUE),
        Column("Worked out", ColumnType.VALUE),
        Column("Difference", ColumnType.VALUE),
        Column("", ColumnType.STATUS),
    )
    rows = tuple(
        (
            total.cell,
            total.label,
            total.column_name,
            total.closes,
            _plain_number(total.stated),
            _plain_number(total.computed),
            _plain_number(total.difference, signed=True),
            _UNKNOWN if total.difference is None and not total.agrees else _YES if total.agrees else _NO,
        )
        for total in totals
    )
    return Table("Stated totals", columns, rows)


def _row_breaks(report: TableReport) -> Table:
    columns = (
        Column("Cell", ColumnType.CODE),
        Column("Adds up", ColumnType.PLACE),
        Column("Stated", ColumnType.VALUE),
        Column("Worked out", ColumnType.VALUE),
        Column("Difference", ColumnType.VALUE),
    )
    rows = tuple(
        (
            address(check.row, check.column),
            " ".join(f"{'-' if part < 0 else '+'}{column_letters(abs(part))}" for part in check.parts).removeprefix(
                "+"
            ),
            _plain_number(check.stated),
            _plain_number(check.computed),
            _plain_number(check.difference, signed=True),
        )
        for check in report.table.row_breaks
    )
    return Table("Rows whose own total does not add up", columns, rows)


def _inspected_as_data(result: Result) -> Table:
    headings = (
        "file",
        "sheet",
        "range",
        "header_rows",
        "columns",
        "rows",
        "total_rows",
        "totals_stated",
        "totals_agree",
    )
    rows = tuple(
        (
            file.path,
            report.table.sheet,
            str(report.table.area),
            " ".join(str(row) for row in report.table.header_rows),
            Quantity(len(report.table.heads)),
            Quantity(len(report.table.data_rows)),
            " ".join(str(row) for row in report.table.total_rows),
            Quantity(len(report.table.totals)),
            Quantity(sum(total.agrees for total in report.table.totals)),
        )
        for file in result.files
        for report in file.tables
    )
    return Table("Tables", tuple(Column(heading) for heading in headings), rows)


# --------------------------------------------------------------------------- reconcile, trace


def _reconcile(result: Result, catalogue: Catalogue | None) -> Report:
    folder = _Folder(file.path for file in result.files)
    sections = [
        _verdicts(result.figures, catalogue),
        _figure_table(result.figures, folder) if result.figures else None,
        _reasons_of_breaks(result.figures),
        _column_totals(result, catalogue),
        _facts(result),
        _set_aside_lines(result.files, catalogue),
        _refusals(result.files, folder),
        _findings_in_short(result.findings, folder),
    ]
    closing = f"{_figures_sentence(result.figures)} {_next_after_reconcile(result)}"
    return Report(
        _title(result, "Reconcile"), result.outcome, _kept(sections), closing, _figures_as_data(result.figures)
    )


def _figures_sentence(figures: Sequence[FigureResult]) -> str:
    """How many agree, and what became of the rest: ``11 of 11 checkable figures agree; 2 narrative``."""
    counts = Counter(f.status for f in figures)
    checkable = sum(counts[status] for status in _CHECKABLE)
    agreeing = sum(counts[status] for status in _AGREES)
    if not figures:
        return "No published figure was held against the returns."
    if checkable:
        parts = [f"{agreeing:,} of {count_of(checkable, 'checkable figure')} {'agrees' if agreeing == 1 else 'agree'}"]
    else:
        parts = ["No figure could be checked"]
    parts += [
        f"{counts[status]:,} {STATUS_MARKS[status].word.lower()}"
        for status in Status
        if status not in _AGREES and counts[status]
    ]
    return "; ".join(parts) + "."


def _verdicts(figures: Sequence[FigureResult], catalogue: Catalogue | None) -> Lines | None:
    """One sentence for each return: whether its figures agree, and the published figures of the whole return."""
    by_return: defaultdict[str, list[FigureResult]] = defaultdict(list)
    for figure in figures:
        if figure.figure.return_name and figure.status in _CHECKABLE:
            by_return[figure.figure.return_name].append(figure)
    lines = []
    for name, group in by_return.items():
        agreeing = [f for f in group if f.status in _AGREES]
        title = _return_title(name, catalogue)
        if len(agreeing) == len(group):
            whole = [f for f in group if not f.figure.where] or group
            values = [cell.text for f in whole if isinstance(cell := _published(f), Quantity)]
            agreed = f"agrees with the published {listed(values)}" if 0 < len(values) <= 4 else "agrees"
            lines.append(Line(f"{title}: {agreed} ({_of(agreeing, group)}).", STATUS_MARKS[Status.HOLDS]))
        else:
            worst = next(s for s in reversed(_CHECKABLE) if any(f.status is s for f in group))
            worst = Status.CONTRADICTED if any(f.status is Status.CONTRADICTED for f in group) else worst
            wrong = listed([f.figure.figure_id for f in group if f.status not in _AGREES][:8])
            lines.append(Line(f"{title}: {wrong} (agreeing: {_of(agreeing, group)}).", STATUS_MARKS[worst]))
    return Lines("", tuple(lines)) if lines else None


def _of(part: Sequence[object], whole: Sequence[object]) -> str:
    return f"{len(part):,} of {count_of(len(whole), 'figure')}"


def _published(result: FigureResult) -> Cell:
    return _figure_cell(result.published, result.figure.unit)


def _evidence(result: FigureResult, folder: _Folder) -> str:
    return "; ".join(", ".join(filter(None, (folder.short(e.file), e.sheet, e.cells))) for e in result.evidence)


def _figure_table(figures: Sequence[FigureResult], folder: _Folder) -> Table:
    columns = (
        Column("Section", ColumnType.CODE),
        Column("Figure", ColumnType.CODE),
        Column("Statement", least=30, moves=2, labelled=False),
        Column("Published", ColumnType.VALUE),
        Column("Evidenced", ColumnType.VALUE),
        Column("Difference", ColumnType.VALUE),
        Column("", ColumnType.STATUS),
        Column("Evidence", ColumnType.PLACE, least=30, moves=1),
    )
    rows = tuple(
        (
            f.figure.section,
            f.figure.figure_id,
            f.figure.statement,
            _published(f),
            _figure_cell(f.evidenced, f.figure.unit),
            _figure_cell(f.difference, f.figure.unit, signed=True),
            _explained(STATUS_MARKS[f.status]) if f.explained else STATUS_MARKS[f.status],
            _evidence(f, folder),
        )
        for f in figures
    )
    return Table(f"Published figures and evidence{folder.suffix}", columns, rows)


def _explained(mark: Mark) -> Mark:
    return Mark(mark.symbol, f"{mark.word} (explained)", Tone.QUIET)


def _reasons_of_breaks(figures: Iterable[FigureResult]) -> Lines | None:
    lines = tuple(
        Line(f"{f.figure.figure_id}: {f.reason}", STATUS_MARKS[f.status])
        for f in figures
        if f.reason and f.status not in _AGREES and f.status is not Status.NOT_CHECKED
    )
    return Lines("Why", lines) if lines else None


def _column_totals(result: Result, catalogue: Catalogue | None) -> Table | None:
    if not result.totals:
        return None
    columns = (
        Column("Return", least=20),
        Column("Column", least=10),
        Column("Rows", ColumnType.COUNT),
        Column("Total", ColumnType.VALUE),
    )
    rows = tuple(
        (
            _return_title(total.return_name, catalogue),
            total.column,
            Quantity(total.rows),
            Quantity(total.total, total.unit if total.unit == "GBP" else ""),
        )
        for total in result.totals
    )
    return Table("Totals of every kept row", columns, rows)


def _next_after_reconcile(result: Result) -> str:
    broken = [f for f in result.figures if not f.explained]
    for status in (Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE):
        for figure in broken:
            if figure.status is status:
                return f"Next: sscbtool trace {figure.figure.figure_id} shows where it comes from."
    if any(True for _ in result.open_findings) or any(file.refused for file in result.files):
        return f"{_capital(severity_counts(result.findings))}. See them by cell: sscbtool validate."
    if result.outcome is Outcome.INCOMPLETE:
        return "There was nothing to judge: check the period and the paths, or ask for the returns."
    return "Nothing needs mending."


def _figures_as_data(figures: Iterable[FigureResult]) -> Table:
    headings = (
        "section", "figure_id", "statement", "published", "evidenced", "difference", "unit", "status", "evidence",
        "explained",
    )  # fmt: skip
    none = _Folder(())
    rows = tuple(
        (
            f.figure.section,
            f.figure.figure_id,
            f.figure.statement,
            _published(f),
            _figure_cell(f.evidenced, f.figure.unit),
            _figure_cell(f.difference, f.figure.unit),
            f.figure.unit,
            f.status.value,
            _evidence(f, none),
            "yes" if f.explained else "no",
        )
        for f in figures
    )
    return Table("Figures", tuple(Column(heading) for heading in headings), rows)


def _trace(result: Result, catalogue: Catalogue | None) -> Report:
    folder = _Folder(())
    sections: list[Section | None] = []
    for figure in result.figures:
        sections += _traced(figure, catalogue, folder)
    sections += _plain_sections(result.extra, folder)
    sections += [_refusals(result.files, folder), _findings_in_short(result.findings, folder)]
    names = listed([f.figure.figure_id for f in result.figures])
    mend = " ".join(dict.fromkeys(_mend(f) for f in result.figures)) or "No such figure was traced."
    return Report(
        _title(result, f"Trace {names}".strip()),
        result.outcome,
        _kept(sections),
        mend,
        _figures_as_data(result.figures),
    )


def _traced(result: FigureResult, catalogue: Catalogue | None, folder: _Folder) -> list[Section | None]:
    figure = result.figure
    measure = _measure(result, catalogue)
    facts: list[tuple[str, Cell]] = [
        ("Section", figure.section),
        ("Statement", f"“{figure.statement}”"),
        ("Published", _published(result)),
        ("Evidenced", _figure_cell(result.evidenced, figure.unit)),
        ("Difference", _figure_cell(result.difference, figure.unit, signed=True)),
        ("Unit", figure.unit),
        ("Verdict", STATUS_MARKS[result.status]),
        ("Because", result.reason),
        ("Explained", "yes" if result.explained else None),
        ("Note", figure.note),
    ]
    how: list[tuple[str, Cell]] = [
        ("Return", _return_title(figure.return_name, catalogue)),
        ("Measure", measure.title if measure else figure.measure),
        ("Worked out as", measure.sql if measure else None),
        ("Over rows where", measure.where if measure else None),
        ("And where", figure.where),
        ("Compared by", figure.comparator.value.replace("_", " ") if figure.comparator else None),
        ("Tolerance", figure.tolerance or ("none: exact" if figure.comparator else None)),
        ("Rows counted", Quantity(result.rows_counted)),
    ]
    aside = tuple((reason, Quantity(rows)) for reason, rows in result.set_aside)
    evidence = tuple((folder.short(e.file), e.sheet, e.cells) for e in result.evidence)
    return [
        Facts(figure.figure_id, tuple(item for item in facts if item[1])),
        Facts("How it is worked out", tuple(item for item in how if item[1])) if figure.return_name else None,
        Table(
            "Rows of the return that do not count",
            (Column("Reason", least=30), Column("Rows", ColumnType.COUNT)),
            aside,
        )
        if aside
        else None,
        Table(
            "Where the evidence lies",
            (Column("File", least=24), Column("Sheet", ColumnType.PLACE), Column("Cells", ColumnType.PLACE)),
            evidence,
        )
        if evidence
        else None,
    ]


def _mend(result: FigureResult) -> str:
    match result.status:
        case Status.HOLDS | Status.HOLDS_WITHIN_ROUNDING:
            return "Nothing needs mending."
        case Status.CONTRADICTED:
            return (
                "Check the cells named above with the sender; if they are right, correct the published figure or "
                "explain the difference."
            )
        case Status.NOT_EVIDENCED | Status.NOT_CHECKED:
            return "Ask for the return that this figure rests on, and run this again with it."
        case Status.NOT_COMPUTABLE:
            return "Supply what is missing, as said above, and run this again."
        case Status.DEFINITION_DIFFERS | Status.SUPPRESSED | Status.NARRATIVE:
            return "No return can settle this figure; the register says why."
        case _:
            assert_never(result.status)


# --------------------------------------------------------------------------- summary


def _summary(result: Result, catalogue: Catalogue | None, *, show_values: bool) -> Report:
    folder = _Folder(file.path for file in result.files)
    sections = [
        *measure_sections(result.measures, catalogue, show_values=show_values),
        _column_totals(result, catalogue),
        _facts(result) if result.files else None,
        _set_aside_lines(result.files, catalogue),
        _refusals(result.files, folder),
        _findings_in_short([f for f in result.findings if f.severity is not Severity.WARNING], folder),
    ]
    closing = "Next: sscbtool reconcile holds these against the published figures."
    if not result.measures:
        closing = "There is nothing to add up: check the period and the paths, or ask for the returns."
    elif any(True for _ in result.open_findings):
        closing = f"{_capital(severity_counts(result.findings))}: these figures may change. See sscbtool validate."
    return Report(
        _title(result, "Summary"),
        result.outcome,
        _kept(sections),
        closing,
        measures_as_data(result.measures, catalogue),
    )


# --------------------------------------------------------------------------- commands whose result is plain values


def _of_plain_values(result: Result) -> Report:
    """A result that has no words of its own here: its plain values as facts and tables, its findings in short."""
    folder = _Folder(file.path for file in result.files)
    sections = _plain_sections(result.extra, folder)
    tables = [section for section in sections if isinstance(section, Table)]
    parts = [
        *sections,
        _refusals(result.files, folder),
        _findings_in_short(result.findings, folder),
    ]
    closing = f"{_capital(severity_counts(result.findings))}." if result.findings else ""
    data = tables[0] if tables else _findings_as_data(result.findings)
    return Report(_title(result, _capital(result.command)), result.outcome, _kept(parts), closing, data)


def _plain_sections(extra: Mapping[str, Any], folder: _Folder) -> list[Section]:
    """Mappings become facts, lists of mappings tables, lists of words lines."""
    sections: list[Section] = []
    for key, value in extra.items():
        sections += _plain_section(_words(key), value, folder)
    return sections


def _plain_section(heading: str, value: Any, folder: _Folder) -> list[Section]:
    match value:
        case Mapping():
            simple = {k: v for k, v in value.items() if not _is_nested(v)}
            facts = tuple((_words(k), _plain_cell(v, folder)) for k, v in simple.items() if v not in (None, "", []))
            rest = [part for k, v in value.items() if _is_nested(v) for part in _plain_section(_words(k), v, folder)]
            return [*([Facts(heading, facts)] if facts else []), *rest]
        case list() | tuple() if value and all(isinstance(row, Mapping) for row in value):
            return [_plain_table(heading, value, folder)]
        case list() | tuple():
            return [Lines(heading, tuple(Line(str(line)) for line in value))] if value else []
        case None:
            return []
        case _:
            return [Facts("", ((heading, _plain_cell(value, folder)),))]


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and any(isinstance(v, Mapping) for v in value)
    )


def _plain_table(heading: str, rows: Sequence[Mapping[str, Any]], folder: _Folder) -> Table:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lengths = {key: max(len(str(row.get(key) or "")) for row in rows) for key in keys}
    by_length = sorted((key for key in keys[1:] if lengths[key] > 24), key=lambda key: -lengths[key])
    moves = {key: order for order, key in enumerate(by_length, 1)}
    columns = tuple(
        Column(
            _words(key),
            _plain_type([row.get(key) for row in rows], short=lengths[key] <= 16),
            least=min(24, max(8, lengths[key])),
            moves=moves.get(key, 0),
        )
        for key in keys
    )
    return Table(heading, columns, tuple(tuple(_plain_cell(row.get(key), folder) for key in keys) for row in rows))


def _plain_type(values: Sequence[Any], *, short: bool) -> ColumnType:
    present_values = [value for value in values if value is not None]
    if present_values and all(isinstance(v, int | Decimal) and not isinstance(v, bool) for v in present_values):
        return ColumnType.VALUE
    return ColumnType.CODE if short else ColumnType.TEXT


def _plain_cell(value: Any, folder: _Folder) -> Cell:
    match value:
        case None:
            return None
        case bool():
            return "yes" if value else "no"
        case int() | Decimal():
            return Quantity(value)
        case list() | tuple():
            return ", ".join(str(part) for part in value)
        case _:
            return folder.short(str(value))


def _words(key: str) -> str:
    return _capital(key.replace("_", " "))
