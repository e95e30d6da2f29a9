"""Measures over the years: what ``summary --trend`` adds to a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from sscbtool.core.model import Catalogue, Measure, Result
from sscbtool.render.present.words import return_title
from sscbtool.render.report import MONEY, Cell, Column, ColumnType, Quantity, Table

NOT_APPLICABLE = "n/a"


def trend_tables(result: Result) -> list[Table]:
    """A table for each return: every measure and year, with its change from the year before."""
    steps: Sequence[Mapping[str, Any]] = result.extra.get("summary", {}).get("trend", ())
    columns = (
        Column("Measure", least=30),
        Column("Year", ColumnType.CODE),
        Column("Value", ColumnType.VALUE),
        Column("Change", ColumnType.VALUE),
        Column("Change in percent", ColumnType.VALUE),
    )
    tables = []
    for name, group in groupby(steps, key=lambda step: step["return"]):
        rows = []
        for measure_name, own in groupby(group, key=lambda step: step["measure"]):
            measure = measure_named(result.catalogue, name, measure_name)
            title, unit = (measure.title, measure.unit) if measure else (measure_name, "")
            unit = unit if unit == MONEY else ""
            for k, step in enumerate(own):
                percent = _cell(step["percent_change"], "percent", signed=True)
                cells = (_cell(step["value"], unit), _cell(step["change"], unit, signed=True), percent)
                rows.append(("" if k else title, step["period"], *cells))
        tables.append(Table(f"{return_title(name, result.catalogue)} over the years", columns, tuple(rows)))
    return tables


def _cell(value: str | int | None, unit: str, *, signed: bool = False) -> Cell:
    return NOT_APPLICABLE if value is None else Quantity(Decimal(value), unit, signed=signed)


def measure_named(catalogue: Catalogue | None, return_name: str, name: str) -> Measure | None:
    """The measure of that name, where a schema says."""
    schema = catalogue.returns.get(return_name) if catalogue else None
    return next((m for m in schema.measures if m.name == name), None) if schema else None
