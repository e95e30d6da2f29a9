"""Published figures held against the returns: what ``reconcile`` and ``trace`` show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import assert_never

from sscbtool.core.model import Catalogue, FigureResult, Measure, Outcome, Result, Status
from sscbtool.render.present.received import findings_in_short, refusals, row_facts, set_aside_lines
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
EVIDENCE_NAMED = 8
"""How many sheets do."""
_WORST_FIRST = (Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE)


def reconcile(result: Result) -> Report:
    """Whether the published figures stand, each with its evidence, and what the rows came to."""
    folder = Folder(file.path for file in result.files)
    sections = [
        _verdicts(result),
        _figure_table(result.figures, folder) if result.figures else None,
        *_whys(result.figures),
        column_totals(result),
        row_facts(result),
        set_aside_lines(result.files, result.catalogue),
        refusals(result.files, folder),
        findings_in_short(result.findings, folder),
    ]
    return Report(
        title_of(result, "Reconcile"),
        result.outcome,
        nonempty(sections),
        f"{_figures_sentence(result.figures)} {_next(result)}",
        _figures_as_data(result.figures),
    )


def _figures_sentence(figures: Sequence[FigureResult]) -> str:
    """How many agree, and what became of the rest: ``11 of 11 checkable figures agree; 2 narrative``."""
    counts = Counter(f.status for f in figures if not _is_explained(f))
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
    explained = sum(_is_explained(f) for f in figures)
    return "; ".join([*parts, *([f"{explained:,} explained"] if explained else [])]) + "."


def _is_explained(result: FigureResult) -> bool:
    return result.explained and result.status not in AGREES


def _said_of(number: int, status: Status) -> str:
    if status is Status.CONTRADICTED and number != 1:
        return "do not agree"
    return STATUS_MARKS[status].word.lower()


def _verdicts(result: Result) -> Lines:
    """How all figures fare, then each return's: the published figures of the whole return where they agree."""
    by_return: defaultdict[str, list[FigureResult]] = defaultdict(list)
    for figure in result.figures:
        if figure.figure.return_name and figure.status in CHECKABLE:
            by_return[figure.figure.return_name].append(figure)
    lines = [_verdict(return_title(name, result.catalogue), group) for name, group in by_return.items()]
    return Lines("", (Line(_figures_sentence(result.figures), _worst(result.figures)), *lines))


def _verdict(title: str, group: Sequence[FigureResult]) -> Line:
    agreeing = [f for f in group if f.status in AGREES]
    if len(agreeing) == len(group):
        whole = [f for f in group if not f.figure.where] or group
        values = [cell.text for f in whole if isinstance(cell := _published(f), Quantity)]
        agreed = f"agrees with the published {listed(values)}" if 0 < len(values) <= VALUES_NAMED else "agrees"
        return Line(f"{title}: {agreed} ({_of(agreeing, group)}).", STATUS_MARKS[Status.HOLDS])
    others = [f.figure.figure_id for f in group if f.status not in AGREES]
    named = others if len(others) <= VALUES_NAMED else [*others[:VALUES_NAMED], f"{len(others) - VALUES_NAMED:,} more"]
    verb = "agrees" if len(group) == 1 else "agree"
    return Line(f"{title}: {_of(agreeing, group)} {verb}; see {listed(named)}.", _worst(group))


def _worst(figures: Sequence[FigureResult]) -> Mark:
    """The gravest of the statuses, agreement only where nothing else was found, and not checked if nothing was."""
    found = {f.status for f in figures if not _is_explained(f)}
    for status in _WORST_FIRST:
        if status in found:
            return STATUS_MARKS[status]
    explained = next((f.status for f in figures if _is_explained(f)), None)
    if explained is not None:
        return _explained(STATUS_MARKS[explained])
    return STATUS_MARKS[Status.HOLDS if found.intersection(AGREES) else Status.NOT_CHECKED]


def _of(part: Sequence[object], whole: Sequence[object]) -> str:
    return f"{len(part):,} of {count_of(len(whole), 'figure')}"


def _published(result: FigureResult) -> Cell:
    return _figure_cell(result.published, result.figure.unit)


def _evidence(result: FigureResult) -> str:
    return "; ".join(", ".join(filter(None, (e.file, e.sheet, e.cells))) for e in result.evidence)


def _in_short(result: FigureResult, folder: Folder) -> str:
    """The evidence with the first cells of each sheet; ``trace`` and the JSON name them all."""
    places = []
    for e in result.evidence[:EVIDENCE_NAMED]:
        cells = e.cells.split(", ")
        more = f" and {len(cells) - CELLS_NAMED:,} more" if len(cells) > CELLS_NAMED + 1 else ""
        named = ", ".join(cells[:CELLS_NAMED] if more else cells) + more
        places.append(", ".join(filter(None, (folder.short(e.file), e.sheet, named))))
    if len(result.evidence) > EVIDENCE_NAMED:
        places.append(f"{len(result.evidence) - EVIDENCE_NAMED:,} more sheets")
    return "; ".join(places)


def _figure_table(figures: Sequence[FigureResult], folder: Folder) -> Table:
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
            _explained(STATUS_MARKS[f.status]) if _is_explained(f) else STATUS_MARKS[f.status],
            _in_short(f, folder),
        )
        for f in figures
    )
    return Table(f"Published figures and evidence{folder.suffix}", columns, rows)


def _explained(mark: Mark) -> Mark:
    return Mark(mark.symbol, f"{mark.word} (explained)", Tone.QUIET)


def _whys(figures: Iterable[FigureResult]) -> list[Lines]:
    """Why figures do not agree or were not checked, one line a reason; narrative ones apart."""
    why: defaultdict[tuple[Status, str], list[str]] = defaultdict(list)
    for f in figures:
        if f.reason and f.status not in AGREES:
            why[f.status, f.reason].append(f.figure.figure_id)
    broken = [
        Line(f"{', '.join(ids)}: {r}", STATUS_MARKS[s]) for (s, r), ids in why.items() if s is not Status.NARRATIVE
    ]
    told = [Line(f"{', '.join(ids)}: {r}") for (s, r), ids in why.items() if s is Status.NARRATIVE]
    titled = (("Why", broken), ("Narrative: no return can evidence these", told))
    return [Lines(heading, tuple(lines)) for heading, lines in titled if lines]


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
            Quantity(total.total, total.unit if total.unit == MONEY else ""),
        )
        for total in result.totals
    )
    return Table("Totals of every kept row", columns, rows)


def _next(result: Result) -> str:
    broken = [f for f in result.figures if not f.explained]
    for status in (Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE):
        for figure in broken:
            if figure.status is status:
                return f"Next: sscbtool trace {figure.figure.figure_id} shows where it comes from."
    if any(True for _ in result.open_findings) or any(file.refused for file in result.files):
        return f"{capital(severity_counts(result.findings))}. See them by cell: sscbtool validate."
    if result.outcome is Outcome.INCOMPLETE:
        return "There was nothing to judge: check the period and the paths, or ask for the returns."
    return "Nothing needs mending."


def _figures_as_data(figures: Iterable[FigureResult]) -> Table:
    headings = (
        "section", "figure_id", "statement", "published", "evidenced", "difference", "unit", "status", "evidence",
        "explained",
    )  # fmt: skip
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
            _evidence(f),
            "yes" if f.explained else "no",
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
        _figures_as_data(result.figures),
    )


def _traced(result: FigureResult, catalogue: Catalogue | None) -> list[Section | None]:
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
        ("Return", return_title(figure.return_name, catalogue)),
        ("Measure", measure.title if measure else figure.measure),
        ("Worked out as", measure.sql if measure else None),
        ("Over rows where", measure.where if measure else None),
        ("And where", figure.where),
        ("Compared by", figure.comparator.value.replace("_", " ") if figure.comparator else None),
        ("Tolerance", figure.tolerance or ("none: exact" if figure.comparator else None)),
        ("Rows counted", Quantity(result.rows_counted)),
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
    return Quantity(number, unit if unit == MONEY or unit in PERCENT else "", signed)
