"""A whole run with nobody watching: one line to read in a mail, then what changed by partner, then what stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sscbtool.core.changes import Changes, item_keys
from sscbtool.core.model import Catalogue, FigureResult, Finding, Outcome, Result, Severity
from sscbtool.render.present.figures import evidenced, published
from sscbtool.render.present.received import (
    finding_rows,
    findings_as_data,
    refusals,
    row_facts,
)
from sscbtool.render.present.status import chase_lines, day, due_table, returns_sentence
from sscbtool.render.present.words import (
    AGREES,
    BREAKS,
    CHECKABLE,
    STATUS_MARKS,
    Folder,
    capital,
    count_of,
    nonempty,
    sentence,
    severity_counts,
    title_of,
)
from sscbtool.render.report import (
    Cell,
    Column,
    ColumnType,
    Facts,
    Line,
    Lines,
    Mark,
    Report,
    Row,
    Section,
    Table,
    Tone,
)

NEW, STILL = Mark("+", "New", Tone.BAD), Mark("·", "Still open", Tone.DOUBT)
HEAD_LENGTH = 12
"""How much of the log's head is printed: enough for ``history verify``."""
_NOBODY = "No one partner"


def check(result: Result) -> Report:
    """What needs somebody, the newest first; then what was looked at."""
    folder = Folder(file.path for file in result.files)
    told = result.told
    sections: list[Section | None] = [
        what_changed(told),
        chase_lines(told.get("chase", ()), result.catalogue),
        refusals(result.files, folder),
        _put_off(result.extra["check"]),
        *_by_partner(result, folder),
        _figures(result),
        _facts(result),
        _returns(told["due"], result.catalogue) if told.get("due") else None,
    ]
    return Report(
        title_of(result, "Check"),
        result.outcome,
        nonempty(sections),
        f"{_verdict(result)}. {capital(severity_counts(result.findings))}. {_advice(result)}",
        findings_as_data(result.findings),
        headline=headline(result),
    )


def headline(result: Result) -> str:
    """The run in one line: what changed, what is wrong, what was looked at, and the head of the log."""
    told, about = result.told, result.extra["check"]
    changes: Changes = told["changes"]
    asked = f" ({about['period_asked']})" if about["period_asked"] else ""
    parts = [
        "clean" if result.outcome is Outcome.CLEAN else "",
        changes.sentence if changes.new or changes.still_open or changes.mended else "",
        *_looked_at(result),
        f"{count_of(len(result.files), 'file')}, {told['landed']:,} new",
        "dry run: nothing was changed" if about["dry_run"] else "",
        f"head {told['head'][:HEAD_LENGTH]}" if told.get("head") else "",
    ]
    return f"{title_of(result, 'Check')}{asked}: {'; '.join(filter(None, parts))}"


def _verdict(result: Result) -> str:
    """What somebody has to see to, or that nobody has to."""
    still = sum(1 for _ in result.open_findings)
    open_now = count_of(still, "finding is open", "findings are open") if still else ""
    return capital("; ".join(filter(None, (open_now, *_looked_at(result))))) or "Clean"


def _looked_at(result: Result) -> Iterator[str]:
    """Figures, returns and files, each in a few words."""
    due: Sequence[Mapping[str, Any]] = result.told["due"]
    put_off = result.extra["check"]["put_off"]
    checkable = sum(each.status in CHECKABLE for each in result.figures)
    agree = sum(each.status in AGREES for each in result.figures)
    refused = sum(file.refused for file in result.files)
    if result.figures:
        yield f"{agree:,} of {count_of(checkable, 'figure')} agree"
    if any(each["due"] for each in due):
        yield returns_sentence(due)
    if refused:
        yield f"{count_of(refused, 'file')} refused"
    for each in result.extra["check"].get("ledgers", ()):
        breaks = count_of(len(each["open"]), "open break")
        yield f"{' '.join(filter(None, ('ledger', each['fund'])))}: {breaks}"
    if put_off:
        yield f"{count_of(len(put_off), 'file')} still being written"
    if _without_rows(result):
        yield f"no row is of {result.period}"


def _without_rows(result: Result) -> bool:
    """Whether nothing that was received counts for the period: then nothing was judged."""
    return bool(result.period) and not any(table.rows_kept for file in result.files for table in file.tables)


def what_changed(told: Mapping[str, Any]) -> Lines | None:
    """What is new, still open and mended since the check before; nothing where no check was made."""
    if "changes" not in told:
        return None
    changes: Changes = told["changes"]
    since = f" since the check of {day(told['since'])}" if told.get("since") else ""
    lines = [Line(f"{capital(changes.sentence)}{since}.")]
    if changes.first:
        lines = [Line(f"{capital(changes.sentence)}: there was no check before this one.")]
    if changes.figures_new and not changes.first:
        lines.append(Line(f"Figures that no longer agree: {', '.join(_ids(changes.figures_new))}."))
    if changes.figures_mended:
        lines.append(Line(f"Figures that agree again: {', '.join(_ids(changes.figures_mended))}."))
    return Lines("What changed", tuple(lines))


def _ids(figures: Iterable[str]) -> list[str]:
    return [each.partition(" ")[2] for each in figures]


def _put_off(about: Mapping[str, Any]) -> Lines | None:
    lines = tuple(Line(f"{path}: still being written; left for the next run.") for path in about["put_off"])
    return Lines("Put off", lines) if lines else None


def _by_partner(result: Result, folder: Folder) -> Iterator[Section]:
    """For each partner its open findings, new ones first; then what each has mended."""
    changes: Changes = result.told["changes"]
    senders: Mapping[str, str] = result.told["senders"]
    own: defaultdict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for key, finding in zip(item_keys(result.findings, senders), result.findings, strict=True):
        if finding.severity is not Severity.WARNING and not finding.explained:
            own[senders.get(finding.place.file or "", "")].append((key, finding))
    names = {each.code: each.name for each in result.catalogue.organisations} if result.catalogue else {}
    for partner, findings in sorted(own.items(), key=lambda item: (-len(changes.of(item[0]).new), item[0])):
        part = changes.of(partner)
        called = f"{partner}, {names[partner]}" if partner in names else partner or _NOBODY
        rows: list[Row] = []
        for mark, keys in ((NEW, part.new), (STILL, part.still_open)):
            rows += [(mark, *row) for row in finding_rows([f for key, f in findings if key in keys], folder)]
        yield Table(f"{called}: {part.sentence}", _COLUMNS, tuple(rows))
    mended: defaultdict[str, list[str]] = defaultdict(list)
    for key, partner in changes.mended.items():
        mended[partner].append(key.partition(" ")[0])
    lines = [
        Line(f"{partner or _NOBODY}: {', '.join(sorted(ids))}.", Mark("✓", "Mended", Tone.GOOD))
        for partner, ids in sorted(mended.items())
    ]
    if lines:
        yield Lines("Mended since", tuple(lines))


_COLUMNS = (
    Column("", ColumnType.STATUS),
    Column("File", ColumnType.FILE, least=20),
    Column("Place", ColumnType.PLACE),
    Column("Code", ColumnType.CODE),
    Column("What is wrong", least=28, moves=1, labelled=False),
    Column("What to do", least=28, moves=2),
)


def _figures(result: Result) -> Table | None:
    broken = [each for each in result.figures if each.status in BREAKS and not each.explained]
    if not broken:
        return None
    new = set(_ids(result.told["changes"].figures_new))
    rows = tuple((NEW if each.figure.figure_id in new else STILL, *_figure(each)) for each in broken)
    columns = (
        Column("", ColumnType.STATUS),
        Column("Figure", ColumnType.CODE),
        Column("Published as", least=24, moves=2, labelled=False),
        Column("Published", ColumnType.VALUE),
        Column("Evidenced", ColumnType.VALUE),
        Column("Verdict", ColumnType.STATUS),
        Column("Why", least=28, moves=1, labelled=False),
    )
    return Table("Published figures to see to", columns, rows)


def _figure(each: FigureResult) -> tuple[Cell, ...]:
    return (
        each.figure.figure_id,
        each.figure.statement,
        published(each),
        evidenced(each),
        STATUS_MARKS[each.status],
        sentence(each.reason),
    )


def _returns(due: Sequence[Mapping[str, Any]], catalogue: Catalogue | None) -> Table:
    """Every return, for the report; a mail has those that are late above."""
    return replace(due_table(due, catalogue), in_short=(Line(f"{returns_sentence(due)}: sscbtool status."),))


def _facts(result: Result) -> Facts:
    told = result.told
    items: list[tuple[str, Cell]] = list(row_facts(result).items)
    if told.get("due"):
        items.append(("Returns", returns_sentence(told["due"])))
    if told.get("head"):
        items.append(("Head of the run log", told["head"]))
    return Facts("What was looked at", tuple(items))


def _advice(result: Result) -> str:
    if result.outcome is Outcome.CLEAN:
        return "Nothing needs mending."
    return "Each finding by its cell: sscbtool validate --stored. A figure at length: sscbtool trace FIGURE."
