"""What ``inspect`` shows of any spreadsheet at all: the tables it holds, without knowing any schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from sscbtool.core.model import ControlTotal, FileReport, Result, TableReport, address, column_letters
from sscbtool.core.neutral import printable
from sscbtool.render.present.received import findings_in_short, refusals
from sscbtool.render.present.words import AGREE, DIFFER, UNKNOWN, Folder, capital, count_of, listed, nonempty
from sscbtool.render.report import Cell, Column, ColumnType, Facts, Quantity, Report, Row, Section, Table, decimal_text

TOTALS_SHOWN = 12
"""How many stated totals of a table are shown one by one, even if they agree."""
LONGEST_NOTE = 300
"""Characters of one note around a table that are shown."""


def inspect(result: Result) -> Report:
    """Which tables stand where in each file, their columns and rows, and whether their own totals add up."""
    folder = Folder(file.path for file in result.files)
    sections: list[Section | None] = []
    tables = 0
    for file in result.files:
        if file.refused:
            continue
        tables += len(file.tables)
        sections += _inspected_file(file, folder)
    sections += [refusals(result.files, folder), findings_in_short(result.findings, folder)]
    return Report(
        f"Inspect{folder.suffix}",
        result.outcome,
        nonempty(sections),
        " ".join([f"{count_of(len(result.files), 'file')}, {count_of(tables, 'table')}.", *_breaks(result)]),
        _inspected_as_data(result),
    )


def _breaks(result: Result) -> list[str]:
    """What the sender should be asked about."""
    tables = [report.table for file in result.files for report in file.tables]
    totals = sum(bool(total.difference) and not total.agrees for table in tables for total in table.totals)
    rows = sum(len(table.row_breaks) for table in tables)
    broken = [
        *([count_of(totals, "stated total")] if totals else []),
        *([f"the own total of {count_of(rows, 'row')}"] if rows else []),
    ]
    verb = "does" if totals + rows == 1 else "do"
    return [f"{capital(listed(broken))} {verb} not add up: ask the sender."] if broken else []


def _inspected_file(file: FileReport, folder: Folder) -> list[Section]:
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
        ("Data rows", f"{len(data):,} ({_span(data)})" if data else "none"),
        ("Columns", f"{len(table.heads):,}: " + "; ".join(_head_name(h.name, h.number) for h in table.heads)),
    ]
    if table.total_rows:
        facts.append(("Total rows", _rows_named(table.total_rows)))
    if table.hidden_rows or table.hidden_columns:
        columns = ", ".join(column_letters(int(column)) for column in table.hidden_columns)
        noun = "column" if len(table.hidden_columns) == 1 else "columns"
        hidden = (_rows_named(table.hidden_rows), f"{noun} {columns}" if columns else "")
        facts.append(("Hidden", "; ".join(filter(None, hidden))))
    sections: list[Section] = [Facts(f"Table {number}: {place}", tuple(facts))]
    if table.totals:
        sections.append(_control_totals(table.totals))
    if table.row_breaks:
        sections.append(_row_breaks(report))
    if table.notes:
        notes = tuple((note.cell, printable(note.text, LONGEST_NOTE)) for note in table.notes)
        sections.append(Facts("Notes around the table", notes))
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


def _span(rows: Sequence[int]) -> str:
    return f"row {rows[0]}" if rows[0] == rows[-1] else f"rows {rows[0]} to {rows[-1]}"


def _with_pennies(numbers: Iterable[Decimal | None]) -> bool:
    """Whether one of the numbers has decimals: then all are shown with at least two."""
    return any(number is not None and number != number.to_integral_value() for number in numbers)


def _number(value: Decimal | None, pennies: bool, *, signed: bool = False) -> Cell:  # noqa: FBT001
    if value is None:
        return None
    return Quantity(Decimal(decimal_text(value)) if pennies else value, "", signed)


def _control_totals(totals: Sequence[ControlTotal]) -> Table:
    """Every total that does not agree; of many that do, one line a row of the sheet."""
    pennies = _with_pennies(number for total in totals for number in (total.stated, total.computed))
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
    many = len(totals) > TOTALS_SHOWN
    rows: list[Row] = []
    for (_, agrees), run in groupby(totals, key=lambda total: (total.row, total.agrees)):
        group = list(run)
        rows += [_totals_in_line(group)] if many and agrees and len(group) > 1 else [_total(t, pennies) for t in group]
    return Table("Stated totals", columns, tuple(rows))


def _total(total: ControlTotal, pennies: bool) -> Row:  # noqa: FBT001
    return (
        total.cell,
        total.label,
        total.column_name,
        total.closes,
        _number(total.stated, pennies),
        _number(total.computed, pennies),
        _number(total.difference, pennies, signed=True),
        UNKNOWN if total.difference is None and not total.agrees else AGREE if total.agrees else DIFFER,
    )


def _totals_in_line(group: Sequence[ControlTotal]) -> Row:
    cells = f"{group[0].cell}:{group[-1].cell}"
    return cells, group[0].label, count_of(len(group), "total"), f"{group[0].closes} and on", None, None, None, AGREE


def _row_breaks(report: TableReport) -> Table:
    pennies = _with_pennies(number for check in report.table.row_breaks for number in (check.stated, check.computed))
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
            _number(check.stated, pennies),
            _number(check.computed, pennies),
            _number(check.difference, pennies, signed=True),
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
