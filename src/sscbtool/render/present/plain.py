"""Results that are plain values (schemas, settings, counts): mappings as facts, lists of mappings as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sscbtool.core.model import Result
from sscbtool.render.present.received import findings_as_data, findings_in_short, refusals
from sscbtool.render.present.words import Folder, capital, heading_of, nonempty, severity_counts, title_of
from sscbtool.render.report import Cell, Column, ColumnType, Facts, Line, Lines, Quantity, Report, Section, Table

_FILES = ("file", "path")


def plain_values(result: Result) -> Report:
    """A result that has no words of its own here: its plain values as facts and tables, its findings in short."""
    folder = Folder(file.path for file in result.files)
    command, _, part = result.command.partition(" ")
    values = result.extra.get(command, result.extra)
    if isinstance(values, Mapping) and set(values) == {part}:
        values = values[part]
    sections = _sections("", values, folder)
    tables = [section for section in sections if isinstance(section, Table)]
    parts = [*sections, refusals(result.files, folder), findings_in_short(result.findings, folder)]
    return Report(
        title_of(result, capital(result.command)),
        result.outcome,
        nonempty(parts),
        f"{capital(severity_counts(result.findings))}." if result.findings else "",
        max(tables, key=lambda table: len(table.rows)) if tables else findings_as_data(result.findings),
    )


def _sections(heading: str, value: Any, folder: Folder) -> list[Section]:
    match value:
        case Mapping():
            simple = {k: v for k, v in value.items() if not _is_nested(v)}
            facts = tuple((heading_of(k), _plain_cell(v, folder)) for k, v in simple.items() if v not in (None, "", []))
            rest = [part for k, v in value.items() if _is_nested(v) for part in _sections(heading_of(k), v, folder)]
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


def plain_table(heading: str, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> Table:
    """Some values of each mapping, a row each."""
    return _plain_table(heading, [{key: row[key] for key in keys} for row in rows], Folder(()))


def _plain_table(heading: str, rows: Sequence[Mapping[str, Any]], folder: Folder) -> Table:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lengths = {key: max(len(str(row.get(key) or "")) for row in rows) for key in keys}
    by_length = sorted((key for key in keys[1:] if lengths[key] > 24), key=lambda key: -lengths[key])
    moves = {key: order for order, key in enumerate(by_length, 1)}
    columns = tuple(
        Column(
            heading_of(key),
            ColumnType.FILE if key in _FILES else _plain_type([row.get(key) for row in rows], short=lengths[key] <= 16),
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


def _plain_cell(value: Any, folder: Folder) -> Cell:
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
