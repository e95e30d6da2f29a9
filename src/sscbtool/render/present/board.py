"""The board's report: whether the figures stand, in words first; money, training, years, partners; then every figure.

What a member of the board reads first is one sentence. No value of a figure that is never published is in it, and no
count of people so small that it could point to one.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from sscbtool import __version__
from sscbtool.core.due import Standing as Due
from sscbtool.core.model import Catalogue, FigureResult, Outcome, Result, Severity, Status
from sscbtool.core.standing import ledgers_of, open_by_fund, standing
from sscbtool.render.present.check import what_changed
from sscbtool.render.present.figures import (
    NEVER,
    TOO_SMALL,
    check_notes,
    difference,
    document_checks,
    document_sentence,
    evidenced,
    figures_as_data,
    is_explained,
    is_too_small,
    published,
    shown,
    status_mark,
)
from sscbtool.render.present.ledger import closed_in_a_line, closed_year
from sscbtool.render.present.measures import agency_table
from sscbtool.render.present.partners import quality, sent
from sscbtool.render.present.status import chase_lines, returns_sentence
from sscbtool.render.present.training import MOST, WITHHELD, training, training_in_full
from sscbtool.render.present.trend import measure_named
from sscbtool.render.present.words import (
    AGREES,
    CHECKABLE,
    SEVERITY_MARKS,
    STATUS_MARKS,
    count_of,
    listed,
    nonempty,
    sentence,
)
from sscbtool.render.report import (
    MONEY,
    Brief,
    Cell,
    Chapter,
    Chart,
    ChartKind,
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

STAND = Mark("✓", "They stand", Tone.GOOD)
QUESTIONS = Mark("?", "They stand, with open questions", Tone.DOUBT)
FALL = Mark("✗", "They do not all stand", Tone.BAD)
UNKNOWN = Mark("?", "It cannot be said", Tone.DOUBT)
EVERY_FIGURE, SOURCES = "Every figure", "What this rests on"
_BREAKS = (Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE)


def board(result: Result, *, whole: bool = False) -> Brief:
    """The report of a result for the board; ``whole`` keeps no part of a table for the appendix."""
    chapters = (
        _breaks(result),
        _by_section(result),
        _against_itself(result),
        *_unattended(result),
        _contributions(result),
        *(closed_year(each, result.catalogue) for each in ledgers_of(result)),
        training(result, None if whole else MOST),
        _trend(result),
        quality(result),
        _explanations(result),
        None if whole else training_in_full(result),
        *_every_figure(result),
        _provenance(result),
    )
    return Brief(
        title=f"Do the figures of {result.period or 'the report'} stand?",
        headline=_headline(result),
        lead=tuple(_lead(result)),
        chapters=tuple(chapter for chapter in chapters if chapter),
        closing=_closing(result),
        about="The published figures, held against what the partners sent",
    )


def board_in_short(result: Result) -> Report:
    """The same without what is only looked up in, for an e-mail or a terminal."""
    brief = board(result)
    sections: list[Section] = [Lines("", (brief.headline, *brief.lead))]
    for chapter in brief.chapters:
        if not chapter.appendix:
            if chapter.words:
                sections.append(Lines(chapter.heading, tuple(map(Line, chapter.words))))
            sections += chapter.sections
    return Report(brief.title, result.outcome, tuple(sections), brief.closing, figures_as_data(result.figures))


# --------------------------------------------------------------------------- in a sentence


def _headline(result: Result) -> Line:
    """Whether the figures stand."""
    counts = Counter(f.status for f in result.figures if not is_explained(f))
    checkable = sum(f.status in CHECKABLE for f in result.figures)
    broken = sum(counts[status] for status in _BREAKS)
    explained = sum(is_explained(f) for f in result.figures)
    unchecked = counts[Status.NOT_CHECKED]
    if not checkable:
        return Line("It cannot be said whether the figures stand: none could be checked against a return.", UNKNOWN)
    if broken:
        parts = [
            f"{counts[status]:,} {one if counts[status] == 1 else many}"
            for status, one, many in (
                (Status.CONTRADICTED, "does not agree with the returns", "do not agree with the returns"),
                (Status.NOT_EVIDENCED, "has no evidence", "have no evidence"),
                (Status.NOT_COMPUTABLE, "cannot be worked out", "cannot be worked out"),
            )
            if counts[status]
        ]
        words = f"Not all the figures stand: of the {checkable:,} that can be checked, {listed(parts)}."
        return Line(words, FALL)
    every = "The one figure" if checkable == 1 else f"All {checkable:,} figures"
    agree = f"that can be checked {'agrees' if checkable == 1 else 'agree'} with the returns"
    if explained:
        every = f"{checkable - explained:,} of the {checkable:,} figures"
        agree = f"that can be checked agree with the returns, and the other {explained:,} have been explained"
    if unchecked:
        words = f"{every} {agree}, but {unchecked:,} more could not be: their returns were not among the files."
        return Line(words, QUESTIONS)
    still = _what_is_open(result)
    if result.outcome is Outcome.CLEAN or (open_by_fund(result) and not still):
        # The ledger has a verdict of its own: whether the money came in is not whether the figures stand.
        return Line(f"The figures stand. {every} {agree}.", STAND)
    still = still or "something is still open"
    return Line(f"The figures stand, with open questions. {every} {agree}; {still}.", QUESTIONS)


def _what_is_open(result: Result) -> str:
    parts = []
    if wrong := sum(Status(check["status"]) in _BREAKS for check in document_checks(result)):
        parts.append(f"the report contradicts itself in {count_of(wrong, 'place')}")
    if refused := sum(file.refused for file in sent(result)):
        parts.append(f"{count_of(refused, 'file')} could not be read")
    if late := len(_late(result)):
        parts.append(f"{count_of(late, 'return')} {'is' if late == 1 else 'are'} late")
    if found := sum(1 for _ in result.open_findings):
        parts.append(f"{count_of(found, 'fault')} in the returns {'is' if found == 1 else 'are'} open")
    return listed(parts)


def _closing(result: Result) -> str:
    """What is to be done before the report is signed."""
    to_do = []
    if any(f.status in (Status.CONTRADICTED, Status.NOT_COMPUTABLE) and not f.explained for f in result.figures):
        to_do.append("put right or explain each figure that does not stand")
    if any(f.status is Status.NOT_EVIDENCED and not f.explained for f in result.figures):
        to_do.append("get the evidence that is missing")
    if any(Status(check["status"]) in _BREAKS for check in document_checks(result)):
        to_do.append("put right where the report contradicts itself")
    if _late(result):
        to_do.append("get the returns that are late")
    if any(file.refused for file in sent(result)):
        to_do.append("ask again for what could not be read")
    if any(True for _ in result.open_findings):
        to_do.append("have the partners mend or explain the faults in their returns")
    if open_by_fund(result):
        to_do.append("settle or explain each break of the ledger")
    if any(f.status is Status.NOT_CHECKED for f in result.figures):
        to_do.append("hold the figures that were not checked against their returns")
    if to_do:
        return f"Before the report is signed: {listed(to_do)}."
    return "Nothing needs mending." if result.outcome is Outcome.CLEAN else "There was nothing to judge."


def _late(result: Result) -> list[Mapping[str, Any]]:
    """The expected returns that should have come."""
    return [each for each in result.told.get("due", ()) if each["due"] and each["state"] == Due.LATE]


def _unattended(result: Result) -> Iterable[Chapter]:
    """Who is late and, where a run with nobody watching made the report, what changed since the one before."""
    if chase := chase_lines(result.told.get("chase", ()), result.catalogue):
        yield Chapter("Who is late", (), (chase,))
    if changed := what_changed(result.told):
        yield Chapter("Since the last check", tuple(line.text for line in changed.lines))


def _lead(result: Result) -> Iterable[Line]:
    """In short what the answer rests on."""
    counts = Counter(f.status for f in result.figures)
    checks = document_checks(result)
    if checks:
        wrong = any(Status(check["status"]) in _BREAKS for check in checks)
        yield Line(document_sentence(checks), STATUS_MARKS[Status.CONTRADICTED if wrong else Status.HOLDS])
    yield from map(closed_in_a_line, ledgers_of(result))
    if narrative := counts[Status.NARRATIVE]:
        words = f"{count_of(narrative, 'more statement')} of the report {'is' if narrative == 1 else 'are'} narrative"
        yield Line(f"{words}: no return can bear such a sentence out.", STATUS_MARKS[Status.NARRATIVE])
    files = sent(result)
    partners = {name for file in files for name in file.partners}
    refused = sum(file.refused for file in files)
    if files and not result.files:
        senders = f" from {count_of(len(partners), 'partner')}" if partners else ""
        held = f"The store holds {count_of(len(files) - refused, 'file')}{senders}"
        yield Line(
            f"{held}; {count_of(refused, 'file')} could not be read." if refused else f"{held}.",
            Mark("✗", "Refused", Tone.BAD) if refused else Mark("✓", "Stored", Tone.GOOD),
        )
    elif files:
        senders = f" from {count_of(len(partners), 'partner')}" if partners else ""
        were = "was" if len(result.files) - refused == 1 else "were"
        read = f"{count_of(len(result.files) - refused, 'file')}{senders} {were} read"
        yield Line(
            f"{read}; {count_of(refused, 'file')} could not be." if refused else f"{read}, and none was refused.",
            Mark("✗", "Refused", Tone.BAD) if refused else Mark("✓", "Read", Tone.GOOD),
        )
    if _late(result):
        yield Line(f"{returns_sentence(result.told['due'])}.", Mark("✗", "Late", Tone.BAD))
    faults = Counter(f.severity for f in result.findings if not f.explained)
    errors, queries = faults[Severity.ERROR], faults[Severity.QUERY]
    if errors or queries:
        words = f"{count_of(errors, 'error')} and {count_of(queries, 'query', 'queries')} in the returns are open."
        yield Line(words, SEVERITY_MARKS[Severity.ERROR if errors else Severity.QUERY])
    elif files:
        yield Line("No error and no query in the returns is open.", Mark("✓", "Clean", Tone.GOOD))
    if standing(result).explained:
        yield Line(f"{standing(result).text}. The reasons stand below.", Mark("✓", "Explained", Tone.QUIET))


# --------------------------------------------------------------------------- figures


def _section_name(section: str) -> str:
    return f"Section {section}" if section[:1].isdigit() else section


def _sections(figures: Iterable[FigureResult]) -> Mapping[str, list[FigureResult]]:
    """Each section's figures, in the register's order."""
    found: defaultdict[str, list[FigureResult]] = defaultdict(list)
    for figure in figures:
        found[figure.figure.section].append(figure)
    return found


def _by_section(result: Result) -> Chapter | None:
    """How many figures of each section agree, and what became of the others."""
    if not result.figures:
        return None
    kinds = (
        ("Agree", lambda f: f.status in AGREES),
        ("Do not agree", lambda f: f.status is Status.CONTRADICTED and not f.explained),
        ("No evidence", lambda f: f.status is Status.NOT_EVIDENCED and not f.explained),
        ("Cannot be worked out", lambda f: f.status is Status.NOT_COMPUTABLE and not f.explained),
        ("Explained", is_explained),
        ("Not checked", lambda f: f.status is Status.NOT_CHECKED),
        ("Other", lambda f: f.status in (Status.DEFINITION_DIFFERS, Status.SUPPRESSED)),
        ("Narrative", lambda f: f.status is Status.NARRATIVE),
    )
    used = [(heading, test) for heading, test in kinds if any(map(test, result.figures))]
    columns = (
        Column("Part of the report", least=18),
        Column("Figures", ColumnType.COUNT),
        *(Column(heading, ColumnType.COUNT) for heading, _ in used),
    )

    def row(name: str, figures: Sequence[FigureResult]) -> Row:
        return (name, Quantity(len(figures)), *(Quantity(sum(map(test, figures))) for _, test in used))

    rows = tuple(row(_section_name(name), figures) for name, figures in _sections(result.figures).items())
    table = Table("Figures by section", columns, rows, row("All", result.figures) if len(rows) > 1 else None)
    return Chapter("Figures by section", (), (table,))


def _told(figure: FigureResult, catalogue: Catalogue | None) -> tuple[Cell, Cell, Cell, str]:
    """Published, what the returns say, the difference and why, as far as each may be shown."""
    if figure.figure.never_shown:
        return WITHHELD, WITHHELD, WITHHELD, NEVER
    if is_too_small(figure, catalogue):
        return shown(figure, published(figure)), WITHHELD, WITHHELD, TOO_SMALL
    return (
        shown(figure, published(figure)),
        shown(figure, evidenced(figure)),
        difference(figure, signed=True),
        figure.reason,
    )


def _breaks(result: Result) -> Chapter | None:
    """The figures that the returns do not bear out, and why."""
    broken = [f for f in result.figures if f.status in _BREAKS]
    if not broken:
        return None
    columns = (
        Column("Section", ColumnType.CODE),
        Column("Figure", ColumnType.CODE),
        Column("What the report says", least=30, moves=2, labelled=False),
        Column("Published", ColumnType.VALUE),
        Column("Returns say", ColumnType.VALUE),
        Column("Difference", ColumnType.VALUE),
        Column("Status", ColumnType.STATUS),
        Column("Why", least=30, moves=1),
    )
    reasons = {each["id"]: each for each in (result.extra.get("report") or {}).get("explanations", ())}
    rows = []
    for f in (each for figures in _sections(broken).values() for each in figures):
        said, found, apart, why = _told(f, result.catalogue)
        if is_explained(f) and (given := reasons.get(f.figure.figure_id)):
            why = f"{why} Explained: {sentence(given['reason'])}".strip()
        rows.append(
            (
                _section_name(f.figure.section),
                f.figure.figure_id,
                f.figure.statement,
                said,
                found,
                apart,
                status_mark(f),
                why,
            )
        )
    words = "Each of these must be put right, in the report or in the return, or explained."
    if all(map(is_explained, broken)):
        words = "Each of these has been explained, and stands as long as its reason holds."
    elif any(map(is_explained, broken)):
        words = "Each of these that is not explained must be put right, in the report or in the return, or explained."
    return Chapter(
        "What does not stand",
        (words,),
        (Table("Figures that the returns do not bear out", columns, tuple(rows), grouped=True),),
    )


def _against_itself(result: Result) -> Chapter | None:
    """The checks of the report against itself that do not hold, each in words."""
    checks = document_checks(result)
    unlike = [check for check in checks if Status(check["status"]) not in AGREES]
    if not unlike:
        return None
    notes = check_notes(result)
    lines = []
    for check in unlike:
        note = notes.get(str(check["check"]), "")
        about = f"{note} " if note and note not in check["reason"] else ""
        lines.append(Line(f"{about}{check['reason']}", STATUS_MARKS[Status(check["status"])]))
    words = "Whatever the returns say, the parts of a total must add up to it and one list must be the same everywhere."
    return Chapter("The report against itself", (words,), (Lines("", tuple(lines)),))


def _every_figure(result: Result) -> Iterable[Chapter]:
    """Each section's figures, one a row."""
    if not result.figures:
        return
    tables = []
    for name, figures in _sections(result.figures).items():
        told = [(f, *_told(f, result.catalogue)) for f in figures]
        reasons = any(why and f.status not in AGREES for f, _, _, _, why in told)
        columns = (
            Column("Figure", ColumnType.CODE),
            Column("What the report says", least=30),
            Column("Published", ColumnType.VALUE),
            Column("Returns say", ColumnType.VALUE),
            Column("Status", ColumnType.STATUS),
            *((Column("Why", least=24),) if reasons else ()),
        )
        rows = tuple(
            (
                f.figure.figure_id,
                f.figure.statement,
                said,
                found,
                status_mark(f),
                *((why if f.status not in AGREES else "",) if reasons else ()),
            )
            for f, said, found, _, why in told
        )
        tables.append(Table(_section_name(name), columns, rows))
    words = "What the report prints, what the returns come to, and whether the two agree."
    yield Chapter(EVERY_FIGURE, (words,), tuple(tables), appendix=True)


# --------------------------------------------------------------------------- money


def _contributions(result: Result) -> Chapter | None:
    """Who paid how much."""
    values = [v for v in result.measures if v.return_name == "contributions" and v.measure == "received"]
    table = agency_table(values, result.catalogue)
    if table is None or table.total is None:
        return None
    paid = [row for row in table.rows if row[1] is not None]
    whole = table.total[2]
    assert isinstance(whole, Quantity)
    words = f"{whole.text} was received from {count_of(len(paid), 'organisation')}."
    others = sum(
        (Decimal(cell.value) for row in table.rows if row[1] is None and isinstance(cell := row[2], Quantity)),
        Decimal(0),
    )
    if others:
        words = f"{words[:-1]} and, {Quantity(others, MONEY).text} of it, from payers that the register does not know."
    largest = listed([f"{row[0]} ({cell.text})" for row in paid[:2] if isinstance(cell := row[3], Quantity)])
    chart = Chart(
        ChartKind.BARS,
        "Contributions received by organisation, in pounds",
        f"{words} The largest shares: {largest}. The amounts stand in the table.",
        (2,),
    )
    return Chapter("Contributions", (words,), (replace(table, heading="Contributions by organisation", chart=chart),))


# --------------------------------------------------------------------------- years


def _trend(result: Result) -> Chapter | None:
    """The measures that published figures rest on, beside the year before."""
    steps: Sequence[Mapping[str, Any]] = (result.extra.get("report") or {}).get("trend", ())
    if not steps:
        return None
    years = sorted({step["period"] for step in steps})
    rows: list[Row] = []
    moved: list[tuple[Decimal, str]] = []
    for (name, measure_name), own in groupby(steps, key=lambda step: (step["return"], step["measure"])):
        before, now = sorted(own, key=lambda step: str(step["period"]))
        measure = measure_named(result.catalogue, name, measure_name)
        title = measure.title if measure else measure_name
        unit = now["unit"] if now["unit"] in (MONEY, "percent") else ""
        share = unit == "percent"
        percent = None if share or now["percent_change"] is None else Decimal(now["percent_change"])
        change = _number(now["change"])
        rows.append(
            (
                title,
                Quantity(_number(before["value"]), unit),
                Quantity(_number(now["value"]), unit),
                f"{Quantity(change, signed=True).text} points" if share else Quantity(change, unit, signed=True),
                Quantity(percent, "percent", signed=True) if percent is not None else None,
            )
        )
        if percent is not None:
            moved.append((percent, title))
    columns = (
        Column("Measure", least=30),
        *(Column(year, ColumnType.VALUE) for year in years),
        Column("Change", ColumnType.VALUE),
        Column("Change in percent", ColumnType.VALUE),
    )
    said = [f"{title} {'rose' if percent > 0 else 'fell'} by {abs(percent):f}%" for percent, title in moved if percent]
    chart = Chart(
        ChartKind.BARS,
        f"Change from {years[0]} to {years[-1]}, in percent",
        sentence("; ".join(said) or "Nothing changed") + " The numbers stand in the table.",
        (4,),
    )
    words = f"What published figures rest on, where the returns of {years[0]} were sent too."
    table = Table("Key measures by year", columns, tuple(rows), chart=chart if moved else None)
    return Chapter("Against the year before", (words,), (table,))


def _number(value: str | int) -> Decimal:
    return Decimal(str(value))


# --------------------------------------------------------------------------- reasons and sources


def _explanations(result: Result) -> Chapter | None:
    """What a person gave a reason for."""
    given: Sequence[Mapping[str, Any]] = (result.extra.get("report") or {}).get("explanations", ())
    if not given:
        return None
    columns = (
        Column("Item", ColumnType.CODE),
        Column("What it is about", least=30),
        Column("Reason", least=30),
        Column("By", least=10),
        Column("Until", ColumnType.CODE),
    )
    rows = tuple((e["id"], e["about"], e["reason"], e["by"], _day(e["until"])) for e in given)
    words = "These have been explained and are not counted as open while the reason holds."
    return Chapter("Explanations", (words,), (Table("Reasons that were given", columns, rows),))


def _day(until: str | None) -> str:
    """The last day of a reason as it is written."""
    return f"{dt.date.fromisoformat(until):%d/%m/%Y}" if until else "no end"


_SIGNED = {
    "unsigned": "Nobody has signed this yet.",
    "prepared": "Signed by its preparer; no reviewer has signed yet.",
    "reviewed": "Signed by a preparer and a reviewer.",
    "void": "Void: something that it was bound to has changed since.",
}


def _provenance(result: Result) -> Chapter:
    """The fingerprints of everything that went in."""
    facts: list[tuple[str, Cell]] = [("Made with", f"sscbtool {__version__}"), ("Year judged", result.period)]
    if signed := _SIGNED.get((result.extra.get("signoff") or {}).get("status", "")):
        facts.append(("Sign-off", signed))
    if head := result.told.get("head"):
        facts.append(("Head of the run log", str(head)))
    columns = (Column("File", ColumnType.FILE), Column("SHA-256", ColumnType.CODE))
    files = tuple((file.path, file.sha256 or "not read") for file in sent(result))
    hashes: Mapping[str, str] = (result.extra.get("report") or {}).get("definitions", {})
    sections: list[Section | None] = [
        Facts("", tuple(fact for fact in facts if fact[1])),
        Table("Files received", columns, files) if files else None,
        Table("Schemas and registers", columns, tuple(sorted(hashes.items()))) if hashes else None,
    ]
    words = "A fingerprint is the same if, and only if, the file is the same byte for byte."
    return Chapter(SOURCES, (words,), nonempty(sections), appendix=True)
