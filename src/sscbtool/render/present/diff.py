"""What a resubmission changed: row by row, figure by figure, and what became of the earlier findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sscbtool.core.model import Catalogue, Result, Severity, Status
from sscbtool.render.present.received import CELLS_SHOWN, refusals
from sscbtool.render.present.words import (
    GRAVITY,
    SEVERITY_MARKS,
    STATUS_MARKS,
    Folder,
    count_of,
    listed,
    nonempty,
    return_title,
    title_of,
)
from sscbtool.render.report import (
    MONEY,
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

ROWS_SHOWN = 60
"""How many changed rows a terminal lists before it counts the rest."""
REPEATS_SHOWN = 10

MARKS: Mapping[str, Mark] = {
    "added": Mark("+", "Added", Tone.GOOD),
    "removed": Mark("-", "Removed", Tone.DOUBT),
    "changed": Mark("~", "Changed", Tone.DOUBT),
}
MENDED, OUTSTANDING = Mark("✓", "Mended", Tone.GOOD), Mark("·", "Outstanding", Tone.QUIET)


def diff(result: Result) -> Report:
    """What differs, what it moves, and what was mended."""
    about: Mapping[str, Any] = result.extra["diff"]
    sides = [file["path"] for side in ("old", "new") for file in about[side]["files"]]
    folder = Folder(sides)
    rows = _rows(about["rows"], result.catalogue, folder)
    sections: list[Section | None] = [
        _facts(about, folder),
        _counts(about["returns"], result.catalogue),
        rows if rows.rows else None,
        _repeated(about["returns"], result.catalogue, folder),
        _figures(about["figures"]),
        _findings(about["findings"], folder),
        refusals(result.files, folder),
    ]
    return Report(title_of(result, "Diff"), result.outcome, nonempty(sections), _closing(about), rows)


def _facts(about: Mapping[str, Any], folder: Folder) -> Facts:
    items: list[tuple[str, Cell]] = [(side.capitalize(), _side(about[side], folder)) for side in ("old", "new")]
    if about["restates_final"]:
        items.append(
            ("Restated", Mark("!", "The old version was a final return, which the new one restates.", Tone.DOUBT))
        )
    return Facts("", tuple(items))


def _side(side: Mapping[str, Any], folder: Folder) -> str:
    files = ", ".join(f"{folder.short(each['path'])} ({each['sha256'][:8]})" for each in side["files"]) or side["asked"]
    versions = f", in the store as {', '.join(each[:8] for each in side['stored'])}" if side["stored"] else ""
    return f"{files}{versions}{', final' if side['final'] else ''}"


def _counts(returns: Iterable[Mapping[str, Any]], catalogue: Catalogue | None) -> Table | None:
    rows: list[Row] = [
        (
            return_title(each["return"], catalogue),
            ", ".join(each["key"]) or "none: whole rows",
            *(Quantity(each[name]) for name in ("rows_old", "rows_new", "unchanged", "added", "removed", "changed")),
        )
        for each in returns
    ]
    headings = ("Rows before", "Rows now", "Unchanged", "Added", "Removed", "Changed")
    columns = (
        Column("Return", least=20),
        Column("Key", least=12, moves=1),
        *(Column(heading, ColumnType.COUNT) for heading in headings),
    )
    return Table("What came", columns, tuple(rows)) if rows else None


def _rows(changes: Sequence[Mapping[str, Any]], catalogue: Catalogue | None, folder: Folder) -> Table:
    money = {
        (name, spec.name)
        for name, schema in (catalogue.returns if catalogue else {}).items()
        for spec in schema.columns
        if spec.unit == MONEY
    }
    rows: list[Row] = []
    for each in changes:
        for cell in each["cells"] or ({"column": None, "old_cell": None, "new_cell": None, "old": None, "new": None},):
            is_money = (each["return"], cell["column"]) in money
            rows.append(
                (
                    MARKS[each["change"]],
                    each["return"],
                    _spot(each["old"], cell["old_cell"], folder),
                    _spot(each["new"], cell["new_cell"], folder),
                    cell["column"],
                    _value(cell["old"], money=is_money),
                    _value(cell["new"], money=is_money),
                )
            )
    columns = (
        Column("", ColumnType.STATUS),
        Column("Return", least=14, spare=True),
        Column("Was at", ColumnType.PLACE, moves=2),
        Column("Is at", ColumnType.PLACE, moves=1),
        Column("Column", ColumnType.CODE),
        Column("Was", ColumnType.VALUE),
        Column("Is", ColumnType.VALUE),
    )
    short: tuple[Line, ...] = ()
    if len(rows) > ROWS_SHOWN:
        short = (Line(f"{count_of(len(rows), 'change')}: see each with --format csv or xlsx."),)
    blank = any(None in (row[5], row[6]) and row[4] for row in rows)
    notes = ("Personal and free text is not shown: open the cells to see it.",) if blank else ()
    return Table("Rows that differ", columns, tuple(rows), notes=notes, in_short=short)


def _spot(place: Mapping[str, Any] | None, cell: str | None, folder: Folder) -> str | None:
    """``Sheet1, B7``; a whole row by its number."""
    if place is None:
        return None
    return ", ".join(filter(None, (place["sheet"] or folder.short(place["file"]), cell or f"row {place['row']}")))


def _value(value: str | int | None, *, money: bool) -> Cell:
    if isinstance(value, int):
        return Quantity(value)
    return Quantity(Decimal(value), MONEY) if money and value is not None else value


def _repeated(returns: Iterable[Mapping[str, Any]], catalogue: Catalogue | None, folder: Folder) -> Lines | None:
    lines = []
    for each in returns:
        for one in each["repeated_keys"]:
            sides = [
                f"{word} {_row_list(one[side], folder)}"
                for side, word in (("old", "before in"), ("new", "now in"))
                if one[side]
            ]
            title = return_title(each["return"], catalogue)
            lines.append(
                Line(f"{title}: {', '.join(each['key'])} the same, {'; '.join(sides)}.", SEVERITY_MARKS[Severity.QUERY])
            )
    if len(lines) > REPEATS_SHOWN:
        lines = [*lines[:REPEATS_SHOWN], Line(f"And {len(lines) - REPEATS_SHOWN:,} more; the JSON names them all.")]
    return Lines("Keys that stand more than once; their rows are compared as they are", tuple(lines)) if lines else None


def _row_list(places: Sequence[Mapping[str, Any]], folder: Folder) -> str:
    first = places[0]
    where = first["sheet"] or folder.short(first["file"])
    return f"{where}, row{'s' if len(places) > 1 else ''} {listed([str(each['row']) for each in places])}"


def _figures(figures: Iterable[Mapping[str, Any]]) -> Table | None:
    rows: list[Row] = [
        (
            each["figure_id"],
            each["statement"],
            _figure(each["published"], each["unit"]),
            _figure(each["old"], each["unit"]),
            _figure(each["new"], each["unit"]),
            STATUS_MARKS[Status(each["old_status"])].word,
            STATUS_MARKS[Status(each["new_status"])],
        )
        for each in figures
    ]
    columns = (
        Column("Figure", ColumnType.CODE),
        Column("Statement", least=24, moves=1),
        Column("Published", ColumnType.VALUE),
        Column("With the old", ColumnType.VALUE),
        Column("With the new", ColumnType.VALUE),
        Column("Was", least=10),
        Column("Is", ColumnType.STATUS),
    )
    return Table("Published figures that it moves", columns, tuple(rows)) if rows else None


def _figure(value: str | int | None, unit: str) -> Cell:
    if isinstance(value, int):
        return Quantity(value, unit)
    return Quantity(Decimal(value), unit) if value is not None and unit == MONEY else value


def _findings(found: Mapping[str, Sequence[Mapping[str, Any]]], folder: Folder) -> Table | None:
    rows: list[Row] = []
    for what, mark in (("new", None), ("outstanding", OUTSTANDING), ("mended", MENDED)):
        alike = [(each["severity"], each["code"], each["message"]) for each in found[what]]
        for said in sorted(set(alike), key=lambda said: (GRAVITY[Severity(said[0])], said)):
            group = [each for each, own in zip(found[what], alike, strict=True) if own == said]
            severity = SEVERITY_MARKS[Severity(said[0])]
            rows.append(
                (
                    mark or Mark(severity.symbol, "New", severity.tone),
                    severity.word,
                    _spots([each["old"] for each in group], folder),
                    _spots([each["new"] for each in group], folder),
                    said[1],
                    said[2],
                )
            )
    columns = (
        Column("", ColumnType.STATUS),
        Column("Severity", ColumnType.CODE),
        Column("Was at", ColumnType.PLACE, moves=3),
        Column("Is at", ColumnType.PLACE, moves=2),
        Column("Code", ColumnType.CODE),
        Column("What is wrong", least=28, moves=1, labelled=False),
    )
    return Table("Findings", columns, tuple(rows)) if rows else None


def _spots(places: Sequence[Mapping[str, Any] | None], folder: Folder) -> str:
    """``Sheet1, B4, B5, B6 and 3 more``."""
    by_sheet: dict[str, list[str]] = {}
    for place in places:
        if place is not None:
            cells = by_sheet.setdefault(place["sheet"] or folder.short(place["file"]), [])
            cells.append(place["cell"] or (f"row {place['row']}" if place["row"] else ""))
    parts = []
    for sheet, cells in by_sheet.items():
        named = [each for each in dict.fromkeys(cells) if each]
        more = f" and {len(named) - CELLS_SHOWN:,} more" if len(named) > CELLS_SHOWN + 1 else ""
        parts.append(", ".join([sheet, *(named[:CELLS_SHOWN] if more else named)]) + more)
    return "; ".join(parts)


def _closing(about: Mapping[str, Any]) -> str:
    counts = {name: sum(each[name] for each in about["returns"]) for name in ("added", "removed", "changed")}
    found = {name: len(about["findings"][name]) for name in ("mended", "outstanding", "new")}
    rows = listed([f"{count_of(number, 'row')} {name}" for name, number in counts.items() if number])
    findings = listed([f"{number:,} {name}" for name, number in found.items() if number])
    moved = count_of(len(about["figures"]), "published figure")
    return " ".join(
        filter(
            None,
            (
                f"{rows}." if rows else "No row differs.",
                f"Findings: {findings}." if findings else "No findings before or now.",
                f"It moves {moved}." if about["figures"] else "It moves no published figure.",
            ),
        )
    )
