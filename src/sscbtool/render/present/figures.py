"""Published figures held against the returns: what ``reconcile`` and ``trace`` show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, assert_never

from sscbtool.core.model import Catalogue, ColumnTotal, Figure, FigureResult, Measure, Outcome, Result, Status
from sscbtool.core.register import as_stated
from sscbtool.core.standing import standing
from sscbtool.core.suppress import is_personal, is_small
from sscbtool.render.present.received import findings_in_short, refusals, row_facts, set_aside_lines
from sscbtool.render.present.signing import reasons, signatures
from sscbtool.render.present.words import (
    AGREES,
    CHECKABLE,
    STATUS_MARKS,
    Folder,
    capital,
    count_of,
    listed,
    nonempty,
    return_title,
    severity_counts,
    title_of,
)
from sscbtool.render.report import (
    MONEY,
    PERCENT,
    Cell,
    Column,
    ColumnType,
    Facts,
    Line,
    Lines,
    Mark,
    Quantity,
    Report,
    Section,
    Table,
    Tone,
)

VALUES_NAMED = 4
"""How many values or figures a verdict on a whole return names."""
CELLS_NAMED = 3
"""How many areas of one sheet stand as evidence beside a figure before the rest is counted."""
ITEMS_NAMED = 2
"""How many items of a list stand as a value; the reason names those that differ, and ``trace`` all."""
EVIDENCE_NAMED = 8
"""How many sheets do, where one section is looked at; of a whole report, as many as cells."""
_WORST_FIRST = (Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE)
_JUDGED = (*AGREES, Status.DEFINITION_DIFFERS, Status.SUPPRESSED)
_WITHHELD = "withheld"


def reconcile(result: Result) -> Report:
    """Whether the document agrees with itself and its figures with the returns, breaks first; what the rows came to."""
    folder = Folder(file.path for file in result.files)
    sections = [
        _document(result),
        _verdicts(result),
        *_figure_tables(result.figures, folder),
        column_totals(result),
        row_facts(result) if result.files or result.outcome is Outcome.INCOMPLETE else None,
        set_aside_lines(result.files, result.catalogue),
        refusals(result.files, folder),
        findings_in_short(result.findings, folder),
        reasons(result),
        signatures(result),
    ]
    return Report(
        title_of(result, "Reconcile"),
        result.outcome,
        nonempty(sections),
        f"{figures_sentence(result.figures)} {standing(result).text}. {next_step(result)}",
        figures_as_data(result.figures),
    )


# --------------------------------------------------------------------------- the document held against itself


def document_checks(result: Result) -> Sequence[Mapping[str, Any]]:
    """What became of each check of the document against itself, as the result carries it."""
    checks: Sequence[Mapping[str, Any]] = (result.extra.get(result.command) or {}).get("document", ())
    return checks


def document_sentence(checks: Sequence[Mapping[str, Any]]) -> str:
    """How many checks hold, as in ``20 of 23 checks of the report's own figures hold; 3 use different definitions``."""
    counts = Counter(Status(check["status"]) for check in checks)
    holding = sum(counts[status] for status in AGREES)
    said = {
        Status.CONTRADICTED: ("does not", "do not"),
        Status.DEFINITION_DIFFERS: ("uses different definitions", "use different definitions"),
    }
    of_all = f"{holding:,} of {count_of(len(checks), 'check')} of the report's own figures"
    parts = [f"{of_all} {'holds' if len(checks) == 1 else 'hold'}"]
    for status in Status:
        if status not in AGREES and (number := counts[status]):
            one, many = said.get(status, ("cannot be worked out", "cannot be worked out"))
            parts.append(f"{number:,} {one if number == 1 else many}")
    return "; ".join(parts) + "."


def _document(result: Result) -> Lines | None:
    """One line for all checks that hold, and one for each that does not."""
    checks = document_checks(result)
    if not checks:
        return None
    found = {Status(check["status"]) for check in checks}
    worst = next((s for s in _WORST_FIRST if s in found), Status.HOLDS if found.intersection(AGREES) else min(found))
    notes = check_notes(result)
    lines = [Line(document_sentence(checks), STATUS_MARKS[worst])]
    for check in checks:
        if check["status"] not in AGREES:
            note = notes.get(check["check"], "")
            about = f" {note}" if note and note not in check["reason"] else ""
            lines.append(Line(f"{check['check']}:{about} {check['reason']}", STATUS_MARKS[Status(check["status"])]))
    return Lines("The report's own figures, held against each other", tuple(lines))


def check_notes(result: Result) -> Mapping[str, str]:
    """What each check of the document is about, by its id."""
    by_period = result.catalogue.checks if result.catalogue else {}
    return {check.check_id: check.note for checks in by_period.values() for check in checks}


# --------------------------------------------------------------------------- the figures


def figures_sentence(figures: Sequence[FigureResult]) -> str:
    """How many agree, and what became of the rest: ``11 of 11 checkable figures agree; 2 narrative``."""
    counts = Counter(f.status for f in figures if not is_explained(f))
    checkable = sum(f.status in CHECKABLE for f in figures)
    agreeing = sum(counts[status] for status in AGREES)
    if not figures:
        return "No published figure was held against the returns."
    verb = "agrees" if checkable == 1 else "agree"
    parts = [
        f"{agreeing:,} of {count_of(checkable, 'checkable figure')} {verb}"
        if checkable
        else "No figure could be checked"
    ]
    parts += [
        f"{counts[status]:,} {_said_of(counts[status], status)}"
        for status in Status
        if status not in AGREES and counts[status]
    ]
    explained = sum(is_explained(f) for f in figures)
    return "; ".join([*parts, *([f"{explained:,} explained"] if explained else [])]) + "."


def is_explained(result: FigureResult) -> bool:
    """Whether it is a break that has an explanation."""
    return result.explained and result.status not in AGREES


def _said_of(number: int, status: Status) -> str:
    if status is Status.CONTRADICTED and number != 1:
        return "do not agree"
    if status is Status.NOT_EVIDENCED:
        return "without evidence"
    return STATUS_MARKS[status].word.lower()


def _verdicts(result: Result) -> Lines:
    """How all figures fare, then each return's: the published figures of the whole return where they agree."""
    by_return: defaultdict[str, list[FigureResult]] = defaultdict(list)
    for figure in result.figures:
        if figure.figure.return_name and figure.status in CHECKABLE:
            by_return[figure.figure.return_name].append(figure)
    lines = [_verdict(return_title(name, result.catalogue), group) for name, group in by_return.items()]
    lines.sort(key=lambda line: line.mark == STATUS_MARKS[Status.HOLDS])
    return Lines("", (Line(figures_sentence(result.figures), _worst(result.figures)), *lines))


def _verdict(title: str, group: Sequence[FigureResult]) -> Line:
    agreeing = [f for f in group if f.status in AGREES]
    if len(agreeing) == len(group):
        whole = [f for f in group if not f.figure.where] or group
        values = [cell.text for f in whole if isinstance(cell := published(f), Quantity)]
        agreed = f"agrees with the published {listed(values)}" if 0 < len(values) <= VALUES_NAMED else "agrees"
        return Line(f"{title}: {agreed} ({_of(agreeing, group)}).", STATUS_MARKS[Status.HOLDS])
    others = [f.figure.figure_id for f in group if f.status not in AGREES]
    named = others if len(others) <= VALUES_NAMED else [*others[:VALUES_NAMED], f"{len(others) - VALUES_NAMED:,} more"]
    verb = "agrees" if len(group) == 1 else "agree"
    return Line(f"{title}: {_of(agreeing, group)} {verb}; see {listed(named)}.", _worst(group))


def _worst(figures: Sequence[FigureResult]) -> Mark:
    """The gravest of the statuses, agreement only where nothing else was found, and not checked if nothing was."""
    found = {f.status for f in figures if not is_explained(f)}
    for status in _WORST_FIRST:
        if status in found:
            return STATUS_MARKS[status]
    explained = next((f.status for f in figures if is_explained(f)), None)
    if explained is not None:
        return _explained(STATUS_MARKS[explained])
    return STATUS_MARKS[Status.HOLDS if found.intersection(AGREES) else Status.NOT_CHECKED]


def _of(part: Sequence[object], whole: Sequence[object]) -> str:
    return f"{len(part):,} of {count_of(len(whole), 'figure')}"


def published(result: FigureResult) -> Cell:
    """What the report says, but for a figure that is never shown."""
    return None if result.figure.never_shown else _figure_cell(result.published, result.figure.unit)


def evidenced(result: FigureResult) -> Cell:
    """What the returns say, but for a figure that is never shown."""
    return None if result.figure.never_shown else _figure_cell(result.evidenced, result.figure.unit)


def difference(result: FigureResult, *, signed: bool = False) -> Cell:
    """Evidenced less published, but for a figure that is never shown."""
    return None if result.figure.never_shown else _figure_cell(result.difference, result.figure.unit, signed=signed)


def status_mark(result: FigureResult) -> Mark:
    """The status in words, and whether a break is explained."""
    mark = STATUS_MARKS[result.status]
    return _explained(mark) if is_explained(result) else mark


def _evidence(result: FigureResult) -> str:
    return "; ".join(", ".join(filter(None, (e.file, e.sheet, e.cells))) for e in result.evidence)


def _in_short(result: FigureResult, folder: Folder, sheets: int) -> str:
    """The evidence with the first cells of each sheet; ``trace`` and the JSON name them all."""
    places = []
    for e in result.evidence[:sheets]:
        cells = e.cells.split(", ")
        more = f" and {len(cells) - CELLS_NAMED:,} more" if len(cells) > CELLS_NAMED + 1 else ""
        named = ", ".join(cells[:CELLS_NAMED] if more else cells) + more
        places.append(", ".join(filter(None, (folder.short(e.file), e.sheet, named))))
    if len(result.evidence) > sheets:
        places.append(f"{count_of(len(result.evidence) - sheets, 'more sheet')}")
    return "; ".join(places)


def _figure_tables(figures: Sequence[FigureResult], folder: Folder) -> Iterable[Section]:
    """Breaks, then what agrees, by section; what was not checked and what is narrative apart and shorter."""
    one_section = len({f.figure.section for f in figures}) == 1
    sheets = EVIDENCE_NAMED if one_section else CELLS_NAMED
    breaks = sorted(_by_section(f for f in figures if f.status in _WORST_FIRST), key=is_explained)
    judged = [f for f in figures if f.status in _JUDGED]
    unchecked = [f for f in figures if f.status is Status.NOT_CHECKED]
    told = [f for f in figures if f.status is Status.NARRATIVE]
    if breaks:
        yield _breaks(breaks, folder, sheets)
    if judged:
        yield _judged(judged, folder, sheets)
        if unlike := [f for f in judged if f.reason and f.status not in AGREES]:
            yield Lines("Why", tuple(_reasons(unlike)))
    if unchecked:
        hint = Line("Each in full: sscbtool reconcile --section NUMBER.")
        yield _in_words("Not checked", unchecked, () if one_section else (*_reasons(unchecked, marked=False), hint))
    if told:
        yield _in_words("Narrative: no return can evidence these", told)


def shown(result: FigureResult, cell: Cell) -> Cell:
    """A value as it stands beside others: a long list by its first items."""
    if result.figure.never_shown:
        return _WITHHELD
    items = cell.split("; ") if isinstance(cell, str) else []
    if len(items) > ITEMS_NAMED + 1:
        return f"{'; '.join(items[:ITEMS_NAMED])} and {len(items) - ITEMS_NAMED:,} more"
    return cell


def _section(result: FigureResult) -> str:
    section = result.figure.section
    return f"Section {section}" if section[:1].isdigit() else section


def _by_section(figures: Iterable[FigureResult]) -> list[FigureResult]:
    """In the register's order, each section in one piece."""
    by_section: defaultdict[str, list[FigureResult]] = defaultdict(list)
    for figure in figures:
        by_section[figure.figure.section].append(figure)
    return [figure for group in by_section.values() for figure in group]


def _breaks(figures: Sequence[FigureResult], folder: Folder, sheets: int) -> Table:
    columns = (
        Column("Section", ColumnType.CODE),
        Column("Figure", ColumnType.CODE),
        Column("Statement", least=30, moves=3, labelled=False),
        Column("Published", ColumnType.VALUE),
        Column("Evidenced", ColumnType.VALUE),
        Column("Difference", ColumnType.VALUE),
        Column("", ColumnType.STATUS),
        Column("Why", least=30, moves=2),
        Column("Evidence", ColumnType.PLACE, least=30, moves=1),
    )
    rows = tuple(
        (
            _section(f),
            f.figure.figure_id,
            f.figure.statement,
            shown(f, published(f)),
            shown(f, evidenced(f)),
            difference(f, signed=True),
            status_mark(f),
            reason_of(f),
            _in_short(f, folder, sheets),
        )
        for f in figures
    )
    return Table(f"Breaks: figures that the returns do not bear out{folder.suffix}", columns, rows, grouped=True)


def _judged(figures: Sequence[FigureResult], folder: Folder, sheets: int) -> Table:
    columns = (
        Column("Section", ColumnType.CODE),
        Column("Figure", ColumnType.CODE),
        Column("Statement", least=30, moves=2, labelled=False),
        Column("Published", ColumnType.VALUE),
        Column("Evidenced", ColumnType.VALUE),
        Column("", ColumnType.STATUS),
        Column("Evidence", ColumnType.PLACE, least=30, moves=1),
    )
    rows = tuple(
        (
            _section(f),
            f.figure.figure_id,
            f.figure.statement,
            shown(f, published(f)),
            shown(f, evidenced(f)),
            status_mark(f),
            _in_short(f, folder, sheets),
        )
        for f in _by_section(figures)
    )
    return Table(f"Published figures and evidence{folder.suffix}", columns, rows, grouped=True)


def _in_words(heading: str, figures: Sequence[FigureResult], in_short: tuple[Line, ...] = ()) -> Table:
    """Figures without a verdict: what they say and why no return was held against them."""
    columns = (Column("Figure", ColumnType.CODE), Column("Statement", least=24), Column("Why", least=24))
    rows = tuple((f.figure.figure_id, f.figure.statement, reason_of(f)) for f in figures)
    return Table(heading, columns, rows, in_short=in_short)


def _explained(mark: Mark) -> Mark:
    return Mark(mark.symbol, f"{mark.word} (explained)", Tone.QUIET)


def _reasons(figures: Iterable[FigureResult], *, marked: bool = True) -> list[Line]:
    """One line a reason, with the figures that it holds for."""
    why: defaultdict[tuple[Status, str], list[str]] = defaultdict(list)
    for f in figures:
        why[f.status, reason_of(f)].append(f.figure.figure_id)
    return [Line(f"{', '.join(ids)}: {r}", STATUS_MARKS[s] if marked else None) for (s, r), ids in why.items()]


def column_totals(result: Result) -> Table | None:
    """What the totalled columns of each return come to over every kept row."""
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
            return_title(total.return_name, result.catalogue),
            total.column,
            Quantity(total.rows),
            _total_cell(total),
        )
        for total in result.totals
    )
    return Table("Totals of every kept row", columns, rows)


def _total_cell(total: ColumnTotal) -> Cell:
    """A sum of which no part could be read is not nought."""
    if total.unknown:
        return "not known"
    if total.most is None:
        return Quantity(total.total, total.unit if total.unit == MONEY else "")
    return f"{total.total:,} to {total.most:,}"


def next_step(result: Result) -> str:
    """What to do next, in a sentence."""
    broken = [f for f in result.figures if not f.explained]
    for status in (Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE):
        for figure in broken:
            if figure.status is status:
                return f"Next: sscbtool trace {figure.figure.figure_id} shows where it comes from."
    wrong = [c["check"] for c in document_checks(result) if c["status"] in _WORST_FIRST]
    if wrong:
        return (
            f"Next: the report does not agree with itself ({listed(wrong)}): mend its text or the register of figures."
        )
    if any(True for _ in result.open_findings) or any(file.refused for file in result.files):
        return f"{capital(severity_counts(result.findings))}. See them by cell: sscbtool validate."
    if result.outcome is Outcome.INCOMPLETE:
        return "There was nothing to judge: check the period and the paths, or ask for the returns."
    if any(figure.status is Status.NOT_CHECKED for figure in result.figures):
        return "Nothing that was read needs mending; the rest needs returns that were not among the paths."
    return "Nothing needs mending."


def figures_as_data(figures: Iterable[FigureResult]) -> Table:
    """Every figure a row, as in the JSON."""
    headings = (
        "section", "figure_id", "statement", "published", "evidenced", "difference", "unit", "status", "evidence",
        "explained", "return", "measure", "reason",
    )  # fmt: skip
    rows = tuple(
        (
            f.figure.section,
            f.figure.figure_id,
            f.figure.statement,
            published(f),
            evidenced(f),
            difference(f),
            f.figure.unit,
            f.status.value,
            _evidence(f),
            "yes" if f.explained else "no",
            f.figure.return_name,
            f.figure.measure,
            reason_of(f),
        )
        for f in figures
    )
    return Table("Figures", tuple(Column(heading) for heading in headings), rows)


def trace(result: Result) -> Report:
    """Each traced figure at length: how it is worked out, what counts and what does not, and what would mend it.

    Of the findings, the open ones on files that bear the figure out.
    """
    folder = Folder(())
    sections: list[Section | None] = []
    for figure in result.figures:
        sections += _traced(figure, result.catalogue)
    bearing = {evidence.file for figure in result.figures for evidence in figure.evidence}
    findings = [f for f in result.open_findings if f.place.file in bearing]
    sections += [refusals(result.files, folder), findings_in_short(findings, folder)]
    names = listed([f.figure.figure_id for f in result.figures])
    return Report(
        title_of(result, f"Trace {names}".strip()),
        result.outcome,
        nonempty(sections),
        " ".join(dict.fromkeys(_mend(f) for f in result.figures)) or "No such figure was traced.",
        figures_as_data(result.figures),
    )


def _stated(sql: str, figure: Figure) -> str:
    """SQL with the day that the figure is stated as at."""
    return as_stated(sql, figure, None) if figure.as_at else sql


def _traced(result: FigureResult, catalogue: Catalogue | None) -> list[Section | None]:
    figure = result.figure
    measure = measure_of(result, catalogue)
    facts: list[tuple[str, Cell]] = [
        ("Section", figure.section),
        ("Statement", f"“{figure.statement}”"),
        ("Published", published(result)),
        ("Evidenced", evidenced(result)),
        ("Difference", difference(result, signed=True)),
        ("Unit", figure.unit),
        ("Verdict", STATUS_MARKS[result.status]),
        ("Because", reason_of(result)),
        ("Explained", "yes" if result.explained else None),
        ("Note", figure.note),
    ]
    how: list[tuple[str, Cell]] = [
        ("Return", return_title(figure.return_name, catalogue)),
        ("Measure", measure.title if measure else figure.measure),
        ("Worked out as", measure.sql if measure else None),
        ("Over rows where", _stated(measure.where, figure) if measure and measure.where else None),
        ("And where", figure.where),
        ("Compared by", figure.comparator.value.replace("_", " ") if figure.comparator else None),
        ("Tolerance", figure.tolerance or ("none: exact" if figure.comparator else None)),
        ("Rows counted", None if figure.never_shown else Quantity(result.rows_counted)),
    ]
    aside = tuple((reason, Quantity(rows)) for reason, rows in result.set_aside)
    evidence = tuple(Line(", ".join(filter(None, (e.file, e.sheet, e.cells)))) for e in result.evidence)
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
        Lines("Where the evidence lies", evidence) if evidence else None,
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


def measure_of(figure: FigureResult, catalogue: Catalogue | None) -> Measure | None:
    """The measure that evidences a figure, where a schema says."""
    known = catalogue.returns.get(figure.figure.return_name or "") if catalogue else None
    return next((m for m in known.measures if m.name == figure.figure.measure), None) if known else None


def _figure_cell(value: str | int | None, unit: str, *, signed: bool = False) -> Cell:
    """A published or evidenced value: a quantity where it is a number, else the words it is."""
    if value is None:
        return None
    if unit == "date":
        return str(value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    return Quantity(number, unit if unit == MONEY or unit in PERCENT else "", signed)


NEVER = "It is never published: so small a number could point to a child."


def reason_of(result: FigureResult) -> str:
    """Why a figure stands as it does; of one that is never shown only that, for a reason names what was counted."""
    return NEVER if result.figure.never_shown and result.reason else result.reason


TOO_SMALL = "The returns come to a number too small to be shown."


def is_too_small(result: FigureResult, catalogue: Catalogue | None) -> bool:
    """Whether what the returns say is a small count of people, and not the one that the report prints."""
    returned = evidenced(result)
    if not isinstance(returned, Quantity) or returned.unit or result.evidenced == result.published:
        return False
    schema = catalogue.returns.get(result.figure.return_name or "") if catalogue else None
    return is_small(returned.value) and is_personal(schema, measure_of(result, catalogue))
