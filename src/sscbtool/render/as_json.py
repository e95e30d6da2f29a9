r"""A result as the one JSON object of the contract: every key always present, amounts as text, stable order.

What it says follows from the result alone. Partner text keeps its characters, but none of them reaches a terminal
live: control, direction and other format characters stand as ``\u`` escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sscbtool import __version__
from sscbtool.core.identity import finding_ids
from sscbtool.core.model import (
    ColumnTotal,
    ControlTotal,
    FigureResult,
    FileReport,
    Finding,
    MeasureValue,
    Result,
    SetAside,
    TableReport,
    column_letters,
)
from sscbtool.core.neutral import INVISIBLE
from sscbtool.render.report import MONEY, decimal_text

_TOTAL = re.compile(r"\b(?:(?:grand|running|overall)\s+|sub[\s-]?)?total\b", re.IGNORECASE)
_LIVE = re.compile(f"[{INVISIBLE}\x85\u2028\u2029]")


def as_json(result: Result) -> str:
    """The result as indented JSON text, ending in a newline."""
    text = json.dumps(as_object(result), ensure_ascii=False, allow_nan=False, indent=2)
    return _LIVE.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n"


def as_object(result: Result) -> dict[str, Any]:
    """The object that ``as_json`` writes, as plain values.

    ``result.extra`` maps the command's name (or ``ledger``) to what the contract gives no other key.
    """
    with_text = result.command == "inspect"
    numbered = sorted(zip(finding_ids(result.findings), result.findings, strict=True), key=_finding_order)
    return {
        "tool": "sscbtool",
        "version": __version__,
        "command": result.command,
        "period": result.period,
        "outcome": result.outcome.value,
        "files": [_file(f, with_text=with_text) for f in sorted(result.files, key=lambda f: f.path)],
        "totals": [_column_total(t) for t in sorted(result.totals, key=lambda t: (t.return_name, t.column))],
        "findings": [_finding(identity, f) for identity, f in numbered],
        "figures": [_figure(f) for f in result.figures],
        "measures": [_measure(v) for v in sorted(result.measures, key=_measure_order)],
        "ledger": None,
        **{key: _plain(value) for key, value in result.extra.items()},
    }


def quantity(value: Decimal | int | None, unit: str) -> str | int | None:
    """Money as text with two decimals, a whole number as an integer, anything else as plain digits."""
    if value is None:
        return None
    if unit == MONEY:
        return decimal_text(Decimal(value))
    if value == int(value):
        return int(value)
    return f"{value:f}"


def _finding_order(item: tuple[str, Finding]) -> tuple[Any, ...]:
    identity, finding = item
    place = finding.place
    return (
        place.file or "",
        place.sheet or "",
        place.row or 0,
        place.column or 0,
        finding.code,
        finding.message,
        identity,
    )


def _measure_order(value: MeasureValue) -> tuple[str, ...]:
    """Each partner's quarters, then its year; all partners last."""
    last = "\U0010ffff"
    return value.return_name, value.measure, value.partner or last, value.quarter or last


def _file(file: FileReport, *, with_text: bool) -> dict[str, Any]:
    return {
        "path": file.path,
        "sha256": file.sha256,
        "format": file.format.value if file.format else None,
        "status": "refused" if file.refused else "read",
        "reason": file.reason,
        "tables": [_table(table, with_text=with_text) for table in file.tables],
        "hidden_sheets": list(file.hidden_sheets),
    }


def _table(report: TableReport, *, with_text: bool) -> dict[str, Any]:
    table = report.table
    data_rows = [int(row) for row in table.data_rows]
    return {
        "sheet": table.sheet,
        "range": str(table.area),
        "header_rows": [int(row) for row in table.header_rows],
        "columns": [head.name for head in table.heads],
        "first_data_row": data_rows[0] if data_rows else None,
        "last_data_row": data_rows[-1] if data_rows else None,
        "rows": len(data_rows),
        "total_rows": [int(row) for row in table.total_rows],
        "totals": [_control_total(total, with_text=with_text) for total in table.totals],
        "notes": [{"cell": note.cell, "text": note.text if with_text else None} for note in table.notes],
        "hidden": {
            "rows": [int(row) for row in table.hidden_rows],
            "columns": [column_letters(int(number)) for number in table.hidden_columns],
        },
        "return": report.return_name,
        "partner": report.partner,
        "period": report.period,
        "recognised_by": report.recognised_by,
        "rows_kept": report.rows_kept,
        "rows_set_aside": [_set_aside(part) for part in report.rows_set_aside],
    }


def _control_total(total: ControlTotal, *, with_text: bool) -> dict[str, Any]:
    return {
        "cell": total.cell,
        "label": total.label if with_text else _plain_label(total.label),
        "column": total.column_name,
        "stated": None if total.stated is None else decimal_text(total.stated),
        "computed": None if total.computed is None else decimal_text(total.computed),
        "difference": None if total.difference is None else decimal_text(total.difference),
        "agrees": total.agrees,
    }


def _plain_label(label: str) -> str:
    """The words of a label by which it is a total: the rest of it is the sender's own text."""
    found = _TOTAL.search(label)
    return found[0] if found else "Total"


def _set_aside(part: SetAside) -> dict[str, Any]:
    return {"reason": part.reason, "rows": len(part.rows)}


def _column_total(total: ColumnTotal) -> dict[str, Any]:
    return {
        "return": total.return_name,
        "column": total.column,
        "unit": total.unit,
        "rows": total.rows,
        "total": quantity(total.total, total.unit) if total.most is None else f"{total.total} to {total.most}",
    }


def _finding(identity: str, finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "id": identity,
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "fix": finding.fix,
        "file": place.file,
        "sheet": place.sheet,
        "cell": place.cell,
        "row": None if place.row is None else int(place.row),
        "column": finding.column,
        "explained": finding.explained,
    }


def _figure(result: FigureResult) -> dict[str, Any]:
    figure = result.figure
    return {
        "figure_id": figure.figure_id,
        "section": figure.section,
        "statement": figure.statement,
        "published": result.published,
        "evidenced": result.evidenced,
        "difference": result.difference,
        "status": result.status.value,
        "evidence": [{"file": e.file, "sheet": e.sheet, "cells": e.cells} for e in result.evidence],
        "explained": result.explained,
    }


def _measure(value: MeasureValue) -> dict[str, Any]:
    return {
        "return": value.return_name,
        "measure": value.measure,
        "partner": value.partner,
        "quarter": value.quarter,
        "value": quantity(value.value, value.unit),
    }


def _plain(value: Any) -> Any:
    """Values that JSON has no word for, as the contract writes them."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
