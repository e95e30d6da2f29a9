"""Runs measures: rows in, one value out, with the rows that bore it out.

Measures are portable SQL over the returns by their names. Each return is a view of the one period asked for, so a
measure never names a year; a return of which nothing was received is an empty view, so that every measure can run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import duckdb
import pandas as pd
import pyarrow as pa

from sscbtool.core.model import Measure
from sscbtool.errors import BadConfiguration


@dataclass(frozen=True)
class Measured:
    """What a measure came to."""

    value: Any
    """int, Decimal, str, date or None, as DuckDB gives it."""
    rows: tuple[int, ...]
    """The rows of the return that it counts."""


class Engine:
    """An in-memory database of the rows received; reads nothing from outside."""

    def __init__(self, returns: Mapping[str, pd.DataFrame]) -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": "2"})
        self.connection.execute("SET enable_external_access = false")
        self.period: str | None = None
        for name, frame in returns.items():
            self.connection.register(f"all_{name}", pa.Table.from_pandas(frame, preserve_index=False))
        self.connection.execute("SET lock_configuration = true")
        self.names = tuple(returns)

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the rows."""
        self.connection.close()

    def over(self, period: str | None) -> None:
        """Let every return be its rows of ``period``; all rows where it is None."""
        if period == self.period and self.period is not None:
            return
        for name in self.names:
            keep = "" if period is None else f" WHERE period = '{period}'"
            self.connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT * FROM "all_{name}"{keep}')
        self.period = period

    def measure(self, measure: Measure, where: str | None, period: str | None) -> Measured:
        """The measure's value over the period, with a figure's own condition added to the measure's.

        Raises:
            BadConfiguration: the SQL does not run; the sentence names return and measure.
        """
        self.over(period)
        condition = conditions(measure.where, where)
        rows = self._run(measure, f'SELECT _k FROM "{measure.return_name}"{condition} ORDER BY _k')
        value = self._run(measure, f'SELECT {measure.sql} FROM "{measure.return_name}"{condition}')
        return Measured(value[0][0] if value else None, tuple(int(row[0]) for row in rows))

    def breakdown(self, measure: Measure, period: str | None) -> list[tuple[str | None, str | None, Any]]:
        """The measure by partner and quarter, by either alone, and over all: (partner, quarter, value)."""
        self.over(period)
        rows = self._run(
            measure,
            f"SELECT partner, quarter, GROUPING(partner), GROUPING(quarter), {measure.sql} "
            f'FROM "{measure.return_name}"{conditions(measure.where, None)} '
            "GROUP BY GROUPING SETS ((partner, quarter), (partner), (quarter), ())",
        )
        found = []
        for partner, quarter, no_partner, no_quarter, value in rows:
            if (partner is None and not no_partner) or (quarter is None and not no_quarter):
                continue
            found.append((partner, quarter, value))
        return sorted(found, key=lambda row: (row[0] is not None, row[0] or "", row[1] is not None, row[1] or ""))

    def _run(self, measure: Measure, sql: str) -> list[tuple[Any, ...]]:
        try:
            return list(self.connection.execute(sql).fetchall())
        except duckdb.Error as fault:
            reason = re.sub(r"\s+", " ", str(fault).split("\n", maxsplit=1)[0])
            raise BadConfiguration(
                f"The measure {measure.return_name}.{measure.name} cannot be worked out: {reason}.",
                "Mend the SQL of the measure, or the figure's where.",
            ) from None


def conditions(*parts: str | None) -> str:
    """`` WHERE (a) AND (b)``, or nothing."""
    stated = [f"({part})" for part in parts if part]
    return f" WHERE {' AND '.join(stated)}" if stated else ""
