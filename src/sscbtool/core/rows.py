"""The rows of a return, gathered from every submission of it, each still knowing its place in its sender's file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from sscbtool.core.model import ColumnKind, Evidence, Place, ReturnSchema, Submission, column_letters

SYSTEM = ("_k", "period", "quarter", "partner")
"""Columns that every return has in measures besides its own: row number, year, quarter, and whose row it is."""


class Rows:
    """All rows of one return; row ``k`` counts from 0 over the submissions in their order."""

    def __init__(self, schema: ReturnSchema, submissions: Sequence[Submission]) -> None:
        self.schema = schema
        self.submissions = tuple(submissions)
        self.starts = np.cumsum([0, *(len(each.frame) for each in submissions)])

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self.starts[-1])

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The schema's columns over all rows, index 0..n-1."""
        return pd.concat([each.frame for each in self.submissions], ignore_index=True)

    @cached_property
    def periods(self) -> list[str | None]:
        """The year of each row."""
        return [period for each in self.submissions for period in each.periods]

    @cached_property
    def quarters(self) -> list[str | None]:
        """The quarter of each row, where its date or its column says."""
        return [quarter for each in self.submissions for quarter in each.quarters]

    @cached_property
    def measured(self) -> pd.DataFrame:
        """The rows as measures see them: the schema's columns and ``SYSTEM``."""
        own = next((c.name for c in self.schema.columns if c.kind is ColumnKind.ORGANISATION), None)
        senders = [each.partner for each in self.submissions for _ in range(len(each.frame))]
        partner = self.frame[own] if own else pd.Series(senders, dtype="str")
        return self.frame.assign(
            _k=np.arange(len(self), dtype=np.int64),
            period=pd.Series(self.periods, dtype="str"),
            quarter=pd.Series(self.quarters, dtype="str"),
            partner=partner,
        )

    def submission(self, k: int) -> tuple[Submission, int]:
        """The submission that row ``k`` came in, and its number there."""
        which = int(np.searchsorted(self.starts, k, side="right")) - 1
        return self.submissions[which], k - int(self.starts[which])

    def place(self, k: int, column: str | None) -> Place:
        """Where the value of ``column`` in row ``k`` stands in its sender's file."""
        submission, inner = self.submission(k)
        number = int(submission.cells[column][inner]) if column and column in submission.cells else 0
        return Place(submission.path, submission.sheet, int(submission.rows[inner]), number or None)

    def evidence(self, numbers: Iterable[int], columns: Sequence[str]) -> tuple[Evidence, ...]:
        """The cells of ``columns`` in the rows given, as ranges, by file and sheet in their order."""
        cells: dict[tuple[str, str | None], dict[int, list[int]]] = {}
        for k in numbers:
            submission, inner = self.submission(k)
            by_column = cells.setdefault((submission.path, submission.sheet), {})
            for column in columns:
                number = int(submission.cells[column][inner]) if column in submission.cells else 0
                if number:
                    by_column.setdefault(number, []).append(int(submission.rows[inner]))
        return tuple(
            Evidence(path, sheet, ", ".join(part for number in sorted(by) for part in ranges(number, by[number])))
            for (path, sheet), by in cells.items()
            if by
        )


def ranges(column: int, rows: Iterable[int]) -> Iterable[str]:
    """``B5:B10`` and ``B12`` for rows 5 to 10 and 12 of column 2."""
    letters = column_letters(column)
    ordered = sorted(set(rows))
    start = 0
    for i in range(1, len(ordered) + 1):
        if i == len(ordered) or ordered[i] != ordered[i - 1] + 1:
            first, last = ordered[start], ordered[i - 1]
            yield f"{letters}{first}" if first == last else f"{letters}{first}:{letters}{last}"
            start = i


def gather(schemas: Mapping[str, ReturnSchema], submissions: Iterable[Submission]) -> dict[str, Rows]:
    """Submissions by their return; a return of which nothing was received is not in it."""
    by_return: dict[str, list[Submission]] = {}
    for submission in submissions:
        by_return.setdefault(submission.return_name, []).append(submission)
    return {name: Rows(schemas[name], by_return[name]) for name in schemas if name in by_return}
