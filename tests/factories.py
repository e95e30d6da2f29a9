"""One-line builders of the values that tests are about."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from sscbtool.core.model import (
    Area,
    ColumnHead,
    ColumnKind,
    ColumnSpec,
    Flag,
    Grid,
    Kind,
    Organisation,
    ReturnSchema,
    Rule,
    Severity,
    Submission,
    Table,
    Wide,
)
from sscbtool.core.organisations import Register

MONTHS = ("Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar")
REGISTER = Register(
    [
        Organisation("LFB", "London Fire Brigade", "local", ("Fire Brigade",), "fire", statutory_partner=False),
        Organisation("CCG", "Invented CCG", "local", ("The CCG",), "health", statutory_partner=True),
        Organisation("PROB", "Probation & Rehabilitation", "local", (), "justice", statutory_partner=False),
    ]
)


def kind_of(value: object) -> Kind:
    match value:
        case None | "":
            return Kind.BLANK
        case bool():
            return Kind.BOOL
        case int() | float() | Decimal():
            return Kind.NUMBER
        case str() if value.startswith("#"):
            return Kind.ERROR
        case _:
            return Kind.TEXT


def grid_of(
    rows: Sequence[Sequence[Any]], sheet: str | None = "Sheet1", flags: Mapping[str, Flag] | None = None
) -> Grid:
    """A sheet of Python values; numbers are numbers, ``#REF!`` is an error cell, None is blank."""
    width = max(map(len, rows), default=0)
    full = [[*row, *[None] * (width - len(row))] for row in rows]
    kept = [i for i, row in enumerate(full) if any(value not in (None, "") for value in row)]
    columns = [j for j in range(width) if any(full[i][j] not in (None, "") for i in kept)]
    text = [
        [("TRUE" if v else "FALSE") if isinstance(v, bool) else "" if v is None else str(v) for v in r] for r in full
    ]
    kinds = np.array([[int(kind_of(full[i][j])) for j in columns] for i in kept], dtype=np.uint8)
    shape = (len(kept), len(columns))
    marked = np.zeros(shape, dtype=np.uint8)
    grid = Grid(
        sheet,
        np.array([i + 1 for i in kept], dtype=np.int32),
        np.array([j + 1 for j in columns], dtype=np.int32),
        tuple(pa.array([text[i][j] for i in kept], pa.string()) for j in columns),
        kinds.reshape(shape),
        marked,
        np.zeros(shape, dtype=np.uint16),
    )
    for i in range(shape[0]):
        for j in range(shape[1]):
            marked[i, j] = int((flags or {}).get(grid.address(i, j), Flag.NONE))
    return grid


def table_of(
    grid: Grid, *, header: int = 1, heads: Mapping[int, str | tuple[str, ...]] | None = None, **more: Any
) -> Table:
    """The table of a plain sheet whose headings stand in one row and whose every later row is data."""
    at = int(np.searchsorted(grid.rows, header))
    named = heads or {int(number): grid.text(at, j) for j, number in enumerate(grid.columns) if grid.text(at, j)}
    return Table(
        grid.sheet,
        Area(header, int(grid.columns[0]), int(grid.rows[-1]), int(grid.columns[-1])),
        (header,),
        tuple(ColumnHead(n, (name,) if isinstance(name, str) else name) for n, name in named.items()),
        grid.rows[grid.rows > header],
        **more,
    )


def contributions(**more: Any) -> ReturnSchema:
    """A small return of payments, as its schema file would say it."""
    columns = (
        ColumnSpec("organisation", ColumnKind.ORGANISATION, "Organisation", public=True, aliases=("agency", "payer")),
        ColumnSpec(
            "amount", ColumnKind.MONEY, "Amount", public=True, unit="GBP", aliases=("total", "value", "sum paid")
        ),
        ColumnSpec("received_on", ColumnKind.DATE, "Date received", False, True, True, ("date",), within="period"),
    )
    declared = {
        "schema_type": "dataframe",
        "version": 1,
        "columns": {
            "organisation": {"dtype": "str", "nullable": False},
            "amount": {"dtype": "Decimal(18,2)", "nullable": False},
            "received_on": {"dtype": "datetime64[ns]", "nullable": True, "required": False},
        },
    }
    given = {
        "name": "contributions",
        "title": "Contributions",
        "section": "2.4",
        "grain": "one row a payment",
        "columns": columns,
        "key": (),
        "totals": ("amount",),
        "rules": (),
        "measures": (),
        "period_from": "received_on",
        "wide": (
            Wide(("Q1", "Q2", "Q3", "Q4"), "quarter", "amount"),
            Wide(
                ("Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar"), "month", "amount"
            ),
        ),
        "declared": declared,
        "source": "returns/contributions.yaml",
    }
    return ReturnSchema(**{**given, **more})


def rule(name: str, *columns: str, severity: Severity = Severity.ERROR, **options: Any) -> Rule:
    return Rule(f"T-{name}", name, columns, severity, "It is wrong.", "Mend it.", options)


def submission_of(schema: ReturnSchema, normalised: Any, path: str = "file.xlsx", **more: Any) -> Submission:
    given = {
        "path": path,
        "sha256": "0" * 64,
        "sheet": "Sheet1",
        "area": Area(1, 1, 99, 9),
        "return_name": schema.name,
        "partner": None,
        "period": "2018-19",
        "frame": normalised.frame,
        "rows": normalised.rows,
        "cells": normalised.cells,
        "periods": normalised.periods,
        "quarters": normalised.quarters,
    }
    return Submission(**{**given, **more})
