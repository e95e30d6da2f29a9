"""The evidence pack: each figure with its measure and, a link away, the files, sheets and cells that bear it out.

Each sheet is one table without gaps, so that a reviewer can filter it: what is withheld, unknown or has no place says
so by a mark that the pack explains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sscbtool.core.identity import finding_ids
from sscbtool.core.model import (
    Catalogue,
    CheckKind,
    Evidence,
    Figure,
    FigureResult,
    FileReport,
    Measure,
    Result,
    Status,
)
from sscbtool.core.register import as_stated
from sscbtool.render.present.figures import (
    TOO_SMALL,
    check_notes,
    column_totals,
    difference,
    document_checks,
    document_sentence,
    evidenced,
    figures_sentence,
    is_too_small,
    measure_of,
    published,
    reason_of,
    status_mark,
)
from sscbtool.render.present.partners import Sent, sent
from sscbtool.render.present.received import rows_read
from sscbtool.render.present.words import (
    REFUSED,
    SEVERITY_MARKS,
    STATUS_MARKS,
    capital,
    count_of,
    distinct,
    return_title,
    sentence,
    title_of,
)
from sscbtool.render.report import Book, Cell, Column, ColumnType, Mark, Quantity, Report, Row, Sheet, Table, Tone

CONFIDENTIAL, UNKNOWN, NOWHERE = "[c]", "[x]", "[z]"
CELLS_A_ROW = 200
"""How many characters of cell names stand in one row, so that none is too tall to be read."""
_READ = Mark("✓", "Read", Tone.GOOD)
_STORED = Mark("✓", "Stored", Tone.GOOD)
_KINDS: Mapping[CheckKind, str] = {
    CheckKind.SUM: "Parts add up to their total",
    CheckKind.NESTED: "Each counts some of what the next one counts",
    CheckKind.ASCENDING: "Local, region, England: none above the next",
    CheckKind.IMPLIED_DENOMINATOR: "Counts and percentages are of one whole",
    CheckKind.SAME_LIST: "The same list wherever it stands",
}
_WORDS = (
    (STATUS_MARKS[Status.HOLDS].word, "The returns come to what the report says."),
    (
        STATUS_MARKS[Status.HOLDS_WITHIN_ROUNDING].word,
        "The returns come to a number that is, rounded as declared beforehand, the one that the report says.",
    ),
    (STATUS_MARKS[Status.CONTRADICTED].word, "The returns come to something else: a break."),
    (
        STATUS_MARKS[Status.NOT_EVIDENCED].word,
        "The return was read or due, and holds nothing for this figure: a break.",
    ),
    (STATUS_MARKS[Status.NOT_COMPUTABLE].word, "Something that it takes is missing; the reason says what."),
    (STATUS_MARKS[Status.NOT_CHECKED].word, "The return that it takes was not among those read."),
    (STATUS_MARKS[Status.DEFINITION_DIFFERS].word, "The numbers count different things and need not agree."),
    (STATUS_MARKS[Status.SUPPRESSED].word, "Cells that it takes are withheld by the sender, too many to tell."),
    (STATUS_MARKS[Status.NARRATIVE].word, "No return can evidence it, for the reason given; not among the checkable."),
    ("(explained)", "A break for which somebody has recorded a reason."),
    ("Difference", "Evidenced less published, so that a minus means that the returns come to less."),
    ("SQL", "The measure as it was worked out, over the kept rows of the year judged; {as_at} is the day given."),
    ("Rows counted", "The rows of the return that the measure counts; the sheet Not counted has the others and why."),
    ("Cells", "As the sender's own sheet numbers them; in a CSV file the row is the number of the record."),
    ("SHA-256", "The fingerprint of a file: the same if, and only if, the file is the same byte for byte."),
    ("Set aside", "Rows read that do not count, such as those of another year; rows read are rows kept and set aside."),
    (CONFIDENTIAL, "Confidential: so small a number could point to a child."),
    (UNKNOWN, "Not available."),
    (NOWHERE, "Not applicable."),
    ("' before a text", "The sender's text begins like a formula; the apostrophe keeps it a text."),
)


def evidence_pack(result: Result, report: Report) -> Book:
    """The workbook of a reconciliation: register, evidence, files, findings and the document's own checks, linked."""
    evidence = _Evidence.of(result.figures, result.catalogue)
    checks = document_checks(result)
    rows = [rows_read(table) for file in result.files for table in file.tables]
    read, kept, aside = (sum(column) for column in zip(*rows, strict=True)) if rows else (0, 0, 0)
    refused = sum(file.refused for file in result.files)
    received = f"{count_of(len(result.files) - refused, 'file')} read, {refused:,} refused."
    received += f" Rows: {read:,} read = {kept:,} kept + {aside:,} set aside."
    if not result.files:
        received = f"{count_of(sum(not each.refused for each in sent(result)), 'file')} in the store."
    lines = (
        *([document_sentence(checks)] if checks else []),
        figures_sentence(result.figures),
        received,
        report.closing.removeprefix(figures_sentence(result.figures)).strip(),
    )
    totals = column_totals(result)
    sheets = (
        _checks(result, checks),
        _register(result, evidence),
        evidence.sheet(sent(result)),
        _not_counted(result.figures, result.catalogue),
        _files(result),
        _findings(result),
        Sheet("Totals", "What the totalled columns of each return come to over every kept row.", totals)
        if totals
        else None,
        _definitions(result),
    )
    filled = tuple(sheet for sheet in sheets if sheet and sheet.table.rows)
    return Book(f"{title_of(result, 'Evidence for the figures of')}", lines, filled, _WORDS)


# --------------------------------------------------------------------------- the register


def _register(result: Result, evidence: _Evidence) -> Sheet:
    columns = (
        Column("Figure", ColumnType.CODE),
        Column("Section", ColumnType.CODE),
        Column("Statement", least=38),
        Column("Status", ColumnType.STATUS),
        Column("Published", ColumnType.VALUE),
        Column("Evidenced", ColumnType.VALUE),
        Column("Difference", ColumnType.VALUE),
        Column("Unit", ColumnType.CODE),
        Column("Why", least=38),
        Column("Evidence", ColumnType.CODE),
        Column("Return", least=20),
        Column("Measure", least=24),
        Column("SQL", least=34),
        Column("Compared by", least=16),
        Column("As at", ColumnType.CODE),
        Column("Rows counted", ColumnType.COUNT),
        Column("Scope", ColumnType.CODE),
        Column("Note", least=34),
    )
    links = {}
    rows = []
    for number, each in enumerate(result.figures):
        row = _registered(each, result, evidence)
        if each.figure.figure_id in evidence.first:
            links[number, _place(columns, "Evidence")] = ("Evidence", evidence.first[each.figure.figure_id])
        rows.append(row)
    about = "Every published figure, one value a row, and whether the returns bear it out."
    return Sheet("Register", about, Table("Register of published figures", columns, tuple(rows)), links, broad=True)


def _registered(each: FigureResult, result: Result, evidence: _Evidence) -> Row:
    figure, measure = each.figure, measure_of(each, result.catalogue)
    judged = each.status not in (Status.NARRATIVE, Status.NOT_CHECKED)
    never, small = figure.never_shown, is_too_small(each, result.catalogue)
    hidden = never or small
    return (
        figure.figure_id,
        figure.section,
        figure.statement,
        status_mark(each),
        CONFIDENTIAL if never else published(each) or NOWHERE,
        CONFIDENTIAL if hidden else evidenced(each) or (UNKNOWN if figure.measure else NOWHERE),
        CONFIDENTIAL if hidden else difference(each, signed=True) or NOWHERE,
        figure.unit or NOWHERE,
        (TOO_SMALL if small else reason_of(each)) or "As published.",
        evidence.counted(each),
        return_title(figure.return_name, result.catalogue) or NOWHERE,
        (measure.title if measure else figure.measure) or NOWHERE,
        _sql(figure, measure) if measure else NOWHERE,
        _compared(figure),
        figure.as_at or NOWHERE,
        CONFIDENTIAL if hidden else Quantity(each.rows_counted) if judged else NOWHERE,
        figure.scope or NOWHERE,
        figure.note or NOWHERE,
    )


def _sql(figure: Figure, measure: Measure) -> str:
    """What was asked of the return, the figure's own condition included."""
    wheres = [part for part in (measure.where, figure.where) if part]
    condition = " where " + " and ".join(f"({part})" for part in wheres) if wheres else ""
    asked = f"distinct {measure.sql}" if measure.listed else measure.sql
    of = f", {measure.of} as whole" if measure.of else ""
    sql = f"select {asked}{of} from {measure.return_name}{condition}"  # noqa: S608 - to be read by people, not run
    return as_stated(sql, figure, None) if figure.as_at else sql


def _compared(figure: Figure) -> str:
    if figure.comparator is None:
        return NOWHERE
    words = figure.comparator.value.replace("_", " ")
    return f"{words}, tolerance {figure.tolerance}" if figure.tolerance else words


def _place(columns: Sequence[Column], heading: str) -> int:
    return [column.heading for column in columns].index(heading)


# --------------------------------------------------------------------------- its evidence


@dataclass(frozen=True)
class _Evidence:
    """The rows of the sheet of evidence: which figure, by its place in the register, and which cells of which sheet."""

    rows: tuple[tuple[int, str, Evidence, str], ...]
    first: Mapping[str, int]
    """Figure id -> its first row."""
    catalogue: Catalogue | None

    @classmethod
    def of(cls, figures: Sequence[FigureResult], catalogue: Catalogue | None) -> _Evidence:
        rows: list[tuple[int, str, Evidence, str]] = []
        first: dict[str, int] = {}
        for number, each in enumerate(figures):
            if _is_secret(each, catalogue):
                continue
            for evidence in each.evidence:
                first.setdefault(each.figure.figure_id, len(rows))
                rows += [(number, each.figure.figure_id, evidence, cells) for cells in _in_parts(evidence.cells)]
        return cls(tuple(rows), first, catalogue)

    def counted(self, each: FigureResult) -> str:
        """How many sheets bear a figure out, in words."""
        if _is_secret(each, self.catalogue):
            return CONFIDENTIAL
        return count_of(len(each.evidence), "sheet") if each.evidence else NOWHERE

    def sheet(self, files: Sequence[Sent]) -> Sheet:
        hashes = {file.path: file.sha256 for file in files}
        columns = (
            Column("Figure", ColumnType.CODE),
            Column("File", ColumnType.FILE),
            Column("Sheet", least=20),
            Column("Cells", least=50),
            Column("SHA-256 of the file", ColumnType.CODE),
        )
        links: dict[tuple[int, int], tuple[str, int]] = {}
        rows: list[Row] = []
        linked: set[tuple[int, str]] = set()
        for row, (number, figure_id, evidence, cells) in enumerate(self.rows):
            # A sheet holds so many links and no more, and one for each file of a figure is enough to go back by.
            if (number, evidence.file) not in linked:
                linked.add((number, evidence.file))
                links[row, 0] = ("Register", number)
            sha256 = hashes.get(evidence.file) or UNKNOWN
            rows.append((figure_id, evidence.file, evidence.sheet or NOWHERE, cells, sha256))
        about = "The files, sheets and cells that bear each figure out; the figure leads back to the register."
        return Sheet("Evidence", about, Table("Evidence for each figure", columns, tuple(rows)), links)


def _is_secret(each: FigureResult, catalogue: Catalogue | None) -> bool:
    """Whether even how many cells bear it out must not be seen."""
    return each.figure.never_shown or is_too_small(each, catalogue)


def _in_parts(cells: str) -> Iterator[str]:
    """``B5:B10, B12`` in pieces of a bearable length, none of them lost."""
    part = ""
    for area in cells.split(", "):
        if part and len(part) + len(area) + 2 > CELLS_A_ROW:
            yield part
            part = ""
        part = f"{part}, {area}" if part else area
    yield part or NOWHERE


def _not_counted(figures: Sequence[FigureResult], catalogue: Catalogue | None) -> Sheet:
    columns = (Column("Figure", ColumnType.CODE), Column("Rows", ColumnType.COUNT), Column("Why", least=70))
    found = [
        (number, (each.figure.figure_id, Quantity(rows), reason))
        for number, each in enumerate(figures)
        if not _is_secret(each, catalogue)
        for reason, rows in each.set_aside
    ]
    links = {(row, 0): ("Register", number) for row, (number, _) in enumerate(found)}
    about = "Rows of a figure's return that do not count towards it, and why."
    table = Table("Rows that do not count towards a figure", columns, tuple(row for _, row in found))
    return Sheet("Not counted", about, table, links)


# --------------------------------------------------------------------------- what it rests on


def _files(result: Result) -> Sheet:
    columns = (
        Column("File", ColumnType.FILE),
        Column("Status", ColumnType.STATUS),
        Column("Format", ColumnType.CODE),
        Column("Returns", least=28),
        Column("Partner", ColumnType.CODE),
        Column("Period", ColumnType.CODE),
        Column("Rows read", ColumnType.COUNT),
        Column("Rows kept", ColumnType.COUNT),
        Column("Rows set aside", ColumnType.COUNT),
        Column("Why set aside or refused", least=34),
        Column("SHA-256", ColumnType.CODE),
    )
    about = "Every file, its fingerprint, and what became of its rows."
    rows = tuple(_file(file, result) for file in result.files) or tuple(map(_stored, sent(result)))
    return Sheet("Files", about, Table("Files", columns, rows))


def _stored(file: Sent) -> Row:
    """A file as the store knows it: whose it is and how many rows it keeps, not what was set aside when it came."""
    kept: Cell = UNKNOWN if file.refused else Quantity(file.rows)
    mark = REFUSED if file.refused else _STORED
    whose = ", ".join(sorted(file.partners)) or NOWHERE
    return (file.path, mark, UNKNOWN, UNKNOWN, whose, UNKNOWN, UNKNOWN, kept, UNKNOWN, UNKNOWN, file.sha256 or UNKNOWN)


def _file(file: FileReport, result: Result) -> Row:
    read, kept, aside = (sum(part) for part in zip((0, 0, 0), *map(rows_read, file.tables), strict=True))
    reasons: Counter[str] = Counter()
    for part in (part for table in file.tables for part in table.rows_set_aside):
        reasons[part.reason] += len(part.rows)
    why = "; ".join(f"{count_of(rows, 'row')} {reason}" for reason, rows in reasons.items())
    counts: tuple[Cell, ...] = (NOWHERE,) * 3 if file.refused else (Quantity(read), Quantity(kept), Quantity(aside))
    return (
        file.path,
        REFUSED if file.refused else _READ,
        file.format.value if file.format else UNKNOWN,
        distinct(return_title(table.return_name, result.catalogue) for table in file.tables) or NOWHERE,
        distinct(table.partner for table in file.tables) or NOWHERE,
        distinct(table.period for table in file.tables) or NOWHERE,
        *counts,
        " ".join(filter(None, (capital(sentence(file.reason or "")), file.hint))) or why or NOWHERE,
        file.sha256 or UNKNOWN,
    )


def _findings(result: Result) -> Sheet:
    columns = (
        Column("Id", ColumnType.CODE),
        Column("Severity", ColumnType.STATUS),
        Column("File", ColumnType.FILE),
        Column("Sheet", least=20),
        Column("Cell", ColumnType.CODE),
        Column("Row", ColumnType.COUNT),
        Column("Column", ColumnType.CODE),
        Column("Code", ColumnType.CODE),
        Column("What is wrong", least=44),
        Column("What to do", least=44),
        Column("Explained", ColumnType.CODE),
    )
    rows = [
        (
            identity,
            SEVERITY_MARKS[f.severity],
            f.place.file or NOWHERE,
            f.place.sheet or NOWHERE,
            f.place.cell or NOWHERE,
            Quantity(int(f.place.row)) if f.place.row else NOWHERE,
            f.column or NOWHERE,
            f.code,
            f.message,
            f.fix or NOWHERE,
            "yes" if f.explained else "no",
        )
        for identity, f in zip(finding_ids(result.findings), result.findings, strict=True)
    ]
    order = {mark: place for place, mark in enumerate(SEVERITY_MARKS.values())}
    ordered = sorted(
        zip(rows, result.findings, strict=True),
        key=lambda pair: (
            order[SEVERITY_MARKS[pair[1].severity]],
            pair[1].place.file or "",
            pair[1].place.sheet or "",
            pair[1].place.row or 0,
            pair[1].place.column or 0,
            pair[1].code,
            pair[0][0],
        ),
    )
    about = "Every fault and remark about the data, gravest first, with its remedy."
    return Sheet("Findings", about, Table("Findings", columns, tuple(row for row, _ in ordered)))


def _checks(result: Result, checks: Iterable[Mapping[str, object]]) -> Sheet:
    columns = (
        Column("Check", ColumnType.CODE),
        Column("What it asks", least=30),
        Column("About", least=34),
        Column("Figures", least=24),
        Column("Status", ColumnType.STATUS),
        Column("What was found", least=50),
    )
    notes = check_notes(result)
    rows = tuple(
        (
            str(check["check"]),
            _KINDS[CheckKind(str(check["kind"]))],
            notes.get(str(check["check"])) or NOWHERE,
            ", ".join(map(str, check["figures"])) if isinstance(check["figures"], list | tuple) else NOWHERE,
            STATUS_MARKS[Status(str(check["status"]))],
            str(check["reason"]),
        )
        for check in checks
    )
    about = "The report's own figures, held against each other: no return is needed for these."
    return Sheet("Document checks", about, Table("Checks of the document against itself", columns, rows))


def _definitions(result: Result) -> Sheet:
    columns = (Column("File", ColumnType.FILE), Column("SHA-256", ColumnType.CODE))
    hashes = result.catalogue.hashes if result.catalogue else {}
    about = "The schemas, registers and checks that all this was held against, with their fingerprints."
    return Sheet("Definitions", about, Table("Schemas and registers", columns, tuple(sorted(hashes.items()))))
