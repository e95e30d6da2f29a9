"""A draft held against the register: what ``proof`` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sscbtool.core.model import Result
from sscbtool.render.present.words import count_of, listed, nonempty, title_of
from sscbtool.render.report import Column, ColumnType, Line, Lines, Mark, Quantity, Report, Table, Tone

MARKS: Mapping[str, Mark] = {
    "registered": Mark("✓", "Registered", Tone.GOOD),
    "quoted": Mark("✓", "In a registered statement", Tone.GOOD),
    "awaited": Mark("?", "No value in the register yet", Tone.DOUBT),
    "stale": Mark("✗", "Differs from the register", Tone.BAD),
    "withheld": Mark("✗", "Must not be published", Tone.BAD),
    "unregistered": Mark("○", "Not registered", Tone.DOUBT),
    "passed_over": Mark("·", "Passed over", Tone.QUIET),
}
MIXED = Mark("✗", "Mixed", Tone.BAD)
_SHOWN = ("stale", "withheld", "unregistered", "awaited")
ABSENT_NAMED = 12


def proof(result: Result) -> Report:
    """The numbers that need a person, then styles of years, names, and what was passed over and why."""
    about: Mapping[str, Any] = result.extra["proof"]
    open_numbers = [each for each in about["numbers"] if each["standing"] in _SHOWN]
    open_numbers.sort(key=lambda each: _SHOWN.index(each["standing"]))
    sections = [
        Lines("", tuple(_verdicts(about))),
        _numbers("Numbers to look at", open_numbers) if open_numbers else None,
        _styles(about["year_styles"], about["year_spans"]),
        _names(about["names"]) if about["names"] else None,
        _passed_over(about["passed_over"]) if about["passed_over"] else None,
        _absent(about["absent"]) if about["absent"] else None,
    ]
    return Report(
        title_of(result, "Proof"), result.outcome, nonempty(sections), _next(about), _as_data(about["numbers"])
    )


def _verdicts(about: Mapping[str, Any]) -> list[Line]:
    counts: Mapping[str, int] = about["counts"]
    lines = [
        Line(
            f"{count_of(counts['numbers'], 'number')} in the draft: {counts['registered']:,} registered, "
            f"{counts['quoted']:,} within registered statements, {counts['passed_over']:,} passed over."
        )
    ]
    said = (
        ("stale", "differs from the register", "differ from the register"),
        ("withheld", "must not be published", "must not be published"),
        ("unregistered", "is not in the register", "are not in the register"),
        ("awaited", "has no value in the register yet", "have no value in the register yet"),
    )
    for standing, one, many in said:
        if counts[standing]:
            verb = one if counts[standing] == 1 else many
            lines.append(Line(f"{count_of(counts[standing], 'number')} {verb}.", MARKS[standing]))
    if not any(counts[standing] for standing, *_ in said):
        lines.append(Line("Every number that claims something is registered.", MARKS["registered"]))
    return lines


def _numbers(heading: str, numbers: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        Column("Section", ColumnType.CODE),
        Column("Place", ColumnType.CODE),
        Column("Number", ColumnType.CODE),
        Column("", ColumnType.STATUS),
        Column("Figure", ColumnType.TEXT, least=7),
        Column("Why", least=20, moves=2),
        Column("Sentence", least=40, moves=1, labelled=False),
    )
    rows = tuple(
        (
            each["section"],
            _place(each),
            each["text"],
            MARKS[each["standing"]],
            ", ".join(each["figures"]),
            each["reason"],
            each["sentence"],
        )
        for each in numbers
    )
    return Table(heading, columns, rows)


def _place(each: Mapping[str, Any]) -> str:
    return f"{each['place']}, page {each['page']}" if each["page"] else str(each["place"])


def _styles(styles: Sequence[Mapping[str, Any]], spans: Sequence[Mapping[str, Any]]) -> Lines | None:
    lines = []
    if len(styles) > 1:
        ways = [f"{style['style']} ({style['count']:,})" for style in styles]
        lines.append(Line(f"Financial years are written in {len(styles)} ways: {listed(ways)}.", MIXED))
        lines += [Line(f"As {s['style']}: {listed(s['texts'])} at {listed(s['places'])}.") for s in styles[1:]]
    lines += [
        Line(f"{span['text']} at {span['place']} spans several years and is no financial year.") for span in spans
    ]
    return Lines("Years", tuple(lines)) if lines else None


def _names(names: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        Column("Section", ColumnType.CODE),
        Column("Place", ColumnType.CODE),
        Column("Says", least=20),
        Column("Meant", least=20),
        Column("Why", least=30, moves=1),
    )
    rows = tuple((each["section"], _place(each), each["name"], each["meant"], each["why"]) for each in names)
    return Table("Names that drift", columns, rows)


def _passed_over(reasons: Sequence[Mapping[str, Any]]) -> Table:
    rows = tuple((each["reason"], Quantity(each["numbers"])) for each in reasons)
    columns = (Column("Reason", least=40), Column("Numbers", ColumnType.COUNT))
    return Table("Passed over, since they claim nothing", columns, rows, ("Total", Quantity(_total(reasons))))


def _total(reasons: Sequence[Mapping[str, Any]]) -> int:
    return sum(each["numbers"] for each in reasons)


def _absent(ids: Sequence[str]) -> Lines:
    more = len(ids) - ABSENT_NAMED
    named = f"{', '.join(ids[:ABSENT_NAMED])} and {more:,} more" if more > 1 else listed(ids)
    return Lines("Registered, but not in the draft", (Line(f"{count_of(len(ids), 'figure')}: {named}."),))


def _next(about: Mapping[str, Any]) -> str:
    drafted = about["proposed"]
    if drafted["path"]:
        return f"Drafted {count_of(drafted['rows'], 'row')} in {drafted['path']}: complete them for the register."
    if about["counts"]["unregistered"]:
        return "Next: sscbtool proof with --propose FILE drafts register rows for what is not registered."
    return "Next, the registered figures held against the returns: sscbtool reconcile."


def _as_data(numbers: Sequence[Mapping[str, Any]]) -> Table:
    headings = ("place", "page", "section", "text", "kind", "standing", "figures", "reason")
    rows = tuple(
        (
            each["place"],
            None if each["page"] is None else Quantity(each["page"]),
            each["section"],
            each["text"],
            each["kind"],
            each["standing"],
            " ".join(each["figures"]),
            each["reason"],
        )
        for each in numbers
    )
    return Table("Numbers", tuple(Column(heading) for heading in headings), rows)
