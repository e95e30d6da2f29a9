"""Runs measures: rows in, one exact value out, with the rows that bore it out.

Measures are portable SQL over the returns by their names. Each return is a table of the one period asked for, so a
measure never names a year, and ``all_<return>`` is every row of every year; a return of which nothing was received is
an empty table, so that every measure can run. What a table holds besides the schema's columns: ``period``, ``quarter``,
``partner``, the row's number ``_k``, and for a count with withheld cells ``<column>__low`` and ``<column>__high``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Self

import duckdb
import pandas as pd
import pyarrow as pa

from sscbtool.core.model import Measure, Measured
from sscbtool.core.register import dated, last_day
from sscbtool.core.values import Interval
from sscbtool.errors import BadConfiguration

_EXACT = re.compile(
    r'(?:U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL\(.*\)|VARCHAR|DATE|TIMESTAMP.*|"NULL")(?:\[\])?'
)
_GROWING = (
    r"(\s*(?:sum|min|max)\s*\(\s*(?:case\s+when\s+.*\s+then\s+|coalesce\s*\(\s*)?)"
    r"{}((?:\s+else\s+0)?(?:\s+end)?(?:\s*,\s*0\s*\))?\s*\)\s*)"
)
"""``sum(C)``, also where C counts only in some rows, or its blanks as nought."""
_GROUPS = "GROUP BY GROUPING SETS ((partner, quarter), (partner), (quarter), ())"


class CannotWorkOut(BadConfiguration):
    """SQL that does not run or gives no exact value; the reason, for who knows which file it stands in."""

    def __init__(self, measure: Measure, says: str, hint: str) -> None:
        super().__init__(f"The measure {measure.return_name}.{measure.name} {says}.", hint)
        self.reason = f"the measure {says}"


class Engine:
    """An in-memory database of the rows received; reads nothing from outside."""

    def __init__(self, returns: Mapping[str, pd.DataFrame]) -> None:
        self._database = duckdb.connect(":memory:", config={"threads": "2"})
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")
        self._tables = {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in returns.items()}
        self._withheld = {
            name: tuple(column.removesuffix("__low") for column in table.column_names if column.endswith("__low"))
            for name, table in self._tables.items()
        }
        self._periods: dict[str | None, duckdb.DuckDBPyConnection] = {}

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the rows."""
        for cursor in self._periods.values():
            cursor.close()
        self._database.close()

    def measure(
        self,
        measure: Measure,
        where: str | None,
        period: str | None,
        as_at: dt.date | None = None,
    ) -> Measured:
        """The measure over the period, with a figure's own condition added to the measure's.

        Args:
            measure: what to work out.
            where: the figure's own condition.
            period: the year whose rows count; all rows where it is None.
            as_at: the day that ``{as_at}`` stands for; the last day of the period unless given.

        Raises:
            CannotWorkOut: the SQL does not run, or gives no exact value; the sentence names return and measure.
        """
        day = as_at or last_day(period)
        condition = dated(conditions(measure.where, where), day)
        parts = [_listing(dated(measure.sql, day))] if measure.listed else [dated(measure.sql, day)]
        if measure.of is not None:
            parts.append(dated(measure.of, day))
        asked: list[str] = []
        for part in parts:
            asked += [part, *self._bounds(measure.return_name, part, condition)]
        sql = f'SELECT {", ".join(asked)}, list(_k ORDER BY _k) FROM "{measure.return_name}"{condition}'
        row = self._run(measure, sql, period, exact=len(asked))[0]
        value, unclear = _settled(*row[0:4])
        whole, also_unclear = _settled(*row[4:8]) if measure.of is not None else (None, False)
        if measure.listed:
            value = tuple(value or ())
        return Measured(value, whole, tuple(row[-1] or ()), withheld=unclear or also_unclear)

    def breakdown(self, measure: Measure, period: str | None) -> list[tuple[str | None, str | None, Any]]:
        """The measure by partner and quarter, by either alone, and over all: (partner, quarter, value).

        A listed measure gives how many items it lists, a share whose unit is a percentage the percentage to one place.
        """
        day = last_day(period)
        condition = dated(conditions(measure.where), day)
        sql = f"count(DISTINCT ({measure.sql}))" if measure.listed else measure.sql
        parts = [dated(part, day) for part in (sql, measure.of or "NULL")]
        asked = [each for part in parts for each in (part, *self._bounds(measure.return_name, part, condition))]
        rows = self._run(
            measure,
            f"SELECT {', '.join(asked)}, partner, quarter, GROUPING(partner), GROUPING(quarter) "
            f'FROM "{measure.return_name}"{condition} {_GROUPS}',
            period,
            exact=len(asked),
        )
        found = []
        for *amounts, partner, quarter, no_partner, no_quarter in rows:
            if (partner is None and not no_partner) or (quarter is None and not no_quarter):
                continue
            value, whole = _settled(*amounts[:4]), _settled(*amounts[4:])
            sound = not (value[1] or whole[1] or isinstance(value[0], Interval) or isinstance(whole[0], Interval))
            found.append((partner, quarter, _summed_up(measure, value[0], whole[0]) if sound else None))
        return sorted(found, key=lambda row: (row[0] is not None, row[0] or "", row[1] is not None, row[1] or ""))

    def narrowing(
        self, measure: Measure, parts: Sequence[str], period: str | None, as_at: dt.date | None = None
    ) -> tuple[int, ...]:
        """How many rows of the measure's return are left by none of ``parts``, by the first, by the first two ..."""
        day = as_at or last_day(period)
        flags = "".join(f", ({dated(part, day)}) AS _p{n}" for n, part in enumerate(parts))
        left = [f"_p{n}" for n in range(len(parts))]
        counts = [f"count(CASE WHEN {' AND '.join(left[: n + 1])} THEN 1 END)" for n in range(len(parts))]
        sql = f'SELECT {", ".join(["count(*)", *counts])} FROM (SELECT _k{flags} FROM "{measure.return_name}")'
        return tuple(self._run(measure, sql, period)[0])

    def rows_of(
        self, measure: Measure, column: str, amounts: Iterable[Decimal], most: int = 20
    ) -> list[tuple[int, Any]]:
        """Rows of any year whose ``column`` holds one of ``amounts``: (row, amount), at most so many."""
        wanted = ", ".join(f"{amount:f}" for amount in amounts)
        sql = (
            f'SELECT _k, {column} FROM "all_{measure.return_name}" WHERE {column} IN ({wanted}) '
            f"ORDER BY _k LIMIT {most}"
        )
        return [(int(k), amount) for k, amount in self._run(measure, sql, None)]

    def _over(self, period: str | None) -> duckdb.DuckDBPyConnection:
        """The database as of one period: every return is its rows of that year."""
        if period not in self._periods:
            cursor = self._database.cursor()
            keep = "" if period is None else f" WHERE period = '{period}'"
            for name, table in self._tables.items():
                cursor.register(f"all_{name}", table)
                # A table, not a view: planning a query over Arrow takes longer than all the rest of a small query.
                cursor.execute(f'CREATE TEMP TABLE "{name}" AS SELECT * FROM "all_{name}"{keep}')
            self._periods[period] = cursor
        return self._periods[period]

    def _bounds(self, name: str, sql: str, condition: str) -> tuple[str, str, str]:
        """SQL of the least and the most that ``sql`` can be, and of how many withheld cells leave neither.

        A sum or an extreme of a count grows with it, so the bounds of its cells give its own. Of anything else that
        touches a count with withheld cells nothing can be said while there are such cells.
        """
        columns = self._withheld.get(name, ())
        if choosing := [column for column in columns if _names(condition, column)]:
            return "NULL", "NULL", f'(SELECT count(*) FROM "{name}" WHERE {_any_withheld(choosing)})'
        touched = [column for column in columns if _names(sql, column)]
        if not touched:
            return "NULL", "NULL", "0"
        grown = re.fullmatch(_GROWING.format(touched[0]), sql, re.IGNORECASE | re.DOTALL)
        if len(touched) > 1 or not grown or _names(grown[1] + grown[2], touched[0]):
            return "NULL", "NULL", f"count(*) FILTER (WHERE {_any_withheld(touched)})"
        low, high = (f"{grown[1]}coalesce({touched[0]}__{end}, {touched[0]}){grown[2]}" for end in ("low", "high"))
        return low, high, "0"

    def _run(self, measure: Measure, sql: str, period: str | None, exact: int = 0) -> list[tuple[Any, ...]]:
        """The rows that a query gives; its first ``exact`` columns must be of types that are exact."""
        try:
            found = self._over(period).execute(sql)
            types = [str(column[1]) for column in found.description or ()]
            if any(not _EXACT.fullmatch(each) for each in types[:exact]):
                raise CannotWorkOut(
                    measure,
                    "gives no exact value",
                    "It must give a whole number, a decimal, a date or text: use sums and counts, and of for a share.",
                )
            return list(found.fetchall())
        except duckdb.Error as fault:
            reason = re.sub(r"\s+", " ", str(fault).split("\n", maxsplit=1)[0]).rstrip("!. ")
            raise CannotWorkOut(
                measure, f"cannot be worked out: {reason}", "Mend the SQL of the measure, or the figure's where."
            ) from None


def conditions(*parts: str | None) -> str:
    """`` WHERE (a) AND (b)``, or nothing."""
    stated = [f"({part})" for part in parts if part]
    return f" WHERE {' AND '.join(stated)}" if stated else ""


def _names(sql: str, column: str) -> bool:
    """Whether ``sql`` names the column: not in quotes, nor as the function of that name."""
    return re.search(rf"\b{column}\b(?!\s*\()", re.sub(r"'(?:[^']|'')*'", "", sql)) is not None


def _any_withheld(columns: Iterable[str]) -> str:
    return " OR ".join(f"({column} IS NULL AND {column}__low IS NOT NULL)" for column in columns)


def _listing(sql: str) -> str:
    return f"list(DISTINCT ({sql}) ORDER BY ({sql})) FILTER (WHERE ({sql}) IS NOT NULL)"


def _settled(value: Any, low: Any, high: Any, doubts: int) -> tuple[Any, bool]:
    """One value: as it is where nothing is withheld, else the interval; and whether nothing can be said of it."""
    if doubts:
        return None, True
    if low is None or high is None:
        return _plain(value), False
    return (low if low == high else Interval(low, high)), False


def _plain(value: Any) -> Any:
    """A moment as its day; anything else as it is."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.date() if isinstance(value, dt.datetime) else value


def _summed_up(measure: Measure, value: Any, whole: Any) -> Any:
    """What a breakdown shows of a share: the percentage where that is its unit."""
    if measure.of is None or measure.unit not in ("%", "percent"):
        return value
    return (Decimal(value) * 100 / Decimal(whole)).quantize(Decimal("0.1")) if whole and value is not None else None
