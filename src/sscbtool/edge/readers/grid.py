"""Cells as a reader meets them -> the compressed ``Grid``.

``GridBuilder`` takes cells one by one, in any order; ``grid_of_columns`` takes whole columns that already are Arrow
arrays. Both leave out rows and columns without content and both spend from one ``CellBudget`` a file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sscbtool.core.model import Area, Flag, Grid, Kind, Limits, address
from sscbtool.errors import InputRefused

BLANK, TEXT = int(Kind.BLANK), int(Kind.TEXT)
TELLING = int(Flag.UNCACHED | Flag.UNDECODABLE)
"""Flags that make a cell without a value worth keeping."""
MOST_FORMATS = 1 << 16
MOST_MERGES = 200_000

Matrix = np.ndarray[Any, Any]


class CellBudget:
    """What is left of the cells and the text that one file may store; shared by all its sheets."""

    def __init__(self, limits: Limits) -> None:
        self.most = limits.cells
        self.cells = limits.cells
        self.chars = limits.part_bytes

    def spend(self, cells: int, chars: int = 0) -> None:
        """Takes ``cells`` stored cells and ``chars`` characters of expanded text; InputRefused when none are left."""
        self.cells -= cells
        self.chars -= chars
        if self.cells < 0:
            message = f"it holds more than {self.most:,} cells"
            raise InputRefused(message, "Ask for a smaller file, split by year or by quarter.")
        if self.chars < 0:
            message = "its cells repeat long text beyond what may be read"
            raise InputRefused(message, "Ask for the data saved anew as a plain workbook.")


class GridBuilder:
    """Collects the cells of one sheet, numbered from 1 in any order, and builds the ``Grid``.

    ``merges``, ``hidden_rows`` and ``hidden_columns`` are plain attributes for the reader to fill.
    """

    def __init__(self, sheet: str | None, budget: CellBudget) -> None:
        self.sheet = sheet
        self.merges: list[Area] = []
        self.hidden_rows: Iterable[int] = ()
        self.hidden_columns: Iterable[int] = ()
        self._budget = budget
        self._most = budget.cells
        self._rows = array("i")
        self._columns = array("i")
        self._texts: list[str] = []
        self._kinds = bytearray()
        self._flags = bytearray()
        self._formats = array("H")
        self._codes: dict[str, int] = {"General": 0}

    def format(self, code: str) -> int:
        """The index that ``add`` takes for number format ``code``."""
        if len(self._codes) >= MOST_FORMATS:
            return self._codes.get(code, 0)
        return self._codes.setdefault(code, len(self._codes))

    def add(self, row: int, column: int, text: str, kind: int, flag: int = 0, format: int = 0) -> None:  # noqa: A002
        """One cell with content: its canonical text (see ``Grid``), ``Kind``, ``Flag`` and format index.

        Text that is empty is kept as BLANK. InputRefused once the file has more cells than its limit.
        """
        self._rows.append(row)
        self._columns.append(column)
        self._texts.append(text)
        self._kinds.append(kind)
        self._flags.append(flag)
        self._formats.append(format)
        if len(self._texts) > self._most:
            self._budget.spend(len(self._texts))

    def add_row(
        self, row: int, columns: list[int], texts: list[str], kinds: list[int], flags: list[int], formats: list[int]
    ) -> None:
        """Several cells of one row, as ``add`` takes them one by one."""
        self.expect(len(columns))
        self._rows.extend([row] * len(columns))
        self._columns.extend(columns)
        self._texts.extend(texts)
        self._kinds.extend(kinds)
        self._flags.extend(flags)
        self._formats.extend(formats)

    def merge(self, area: Area) -> None:
        """One merged area. InputRefused beyond the most that a sheet may have."""
        self.merges.append(area)
        if len(self.merges) > MOST_MERGES:
            message = f"a sheet of it merges more than {MOST_MERGES:,} areas"
            raise InputRefused(message, "Ask for the sheet without merged cells.")

    def expect(self, cells: int) -> None:
        """InputRefused if that many cells more would go beyond the limit."""
        if len(self._texts) + cells > self._most:
            self._budget.spend(len(self._texts) + cells)

    def build(self) -> Grid:
        """The grid of all cells added. InputRefused if one cell was given two different values."""
        count = len(self._texts)
        if not count:
            return self._grid(np.empty(0, np.int32), np.empty(0, np.int32), (), *_no_cells())
        lengths = np.fromiter(map(len, self._texts), np.int64, count)
        rows, i = numbered(np.frombuffer(self._rows, np.int32))
        columns, j = numbered(np.frombuffer(self._columns, np.int32))
        shape = len(rows), len(columns)
        self._budget.spend(shape[0] * shape[1], int(lengths.sum()))
        kinds, flags = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        formats = np.zeros(shape, np.uint16)
        texts = np.full((shape[1], shape[0]), "", object)
        texts[j, i] = self._texts
        self._refuse_conflicts(i, j, shape, texts)
        kinds[i, j] = np.where(lengths == 0, BLANK, np.frombuffer(self._kinds, np.uint8))
        flags[i, j] = np.frombuffer(self._flags, np.uint8)
        formats[i, j] = np.frombuffer(self._formats, np.uint16)
        arrays = tuple(string_array(column.tolist()) for column in texts)
        return self._grid(rows, columns, arrays, kinds, flags, formats)

    def _grid(
        self, rows: Matrix, columns: Matrix, texts: tuple[pa.Array, ...], kinds: Matrix, flags: Matrix, formats: Matrix
    ) -> Grid:
        grid = Grid(
            sheet=self.sheet,
            rows=rows,
            columns=columns,
            texts=texts,
            kinds=kinds,
            flags=flags,
            formats=formats,
            format_codes=tuple(self._codes),
        )
        return with_facts(compressed(grid), self.merges, self.hidden_rows, self.hidden_columns)

    def _refuse_conflicts(self, i: Matrix, j: Matrix, shape: tuple[int, int], texts: Matrix) -> None:
        """A cell given twice is fine if both say the same; else one of the two would be lost without a word."""
        places = i.astype(np.int64) * shape[1] + j
        if len(places) < 2 or bool((places[1:] > places[:-1]).all()) or len(np.unique(places)) == len(places):
            return
        for n, text in enumerate(self._texts):
            if texts[j[n], i[n]] != text:
                message = f"it states cell {address(self._rows[n], self._columns[n])} twice with different values"
                raise InputRefused(message, "Ask for the workbook opened in Excel and saved again.")


def grid_of_columns(
    sheet: str | None,
    rows: Matrix,
    columns: Matrix,
    texts: Sequence[pa.Array],
    budget: CellBudget,
    *,
    kinds: Matrix | None = None,
    flags: Matrix | None = None,
    formats: Matrix | None = None,
    format_codes: tuple[str, ...] = ("General",),
) -> Grid:
    """The grid of whole columns: ``texts[j]`` is a string array without nulls, for column ``columns[j]``.

    ``rows`` (n) and ``columns`` (m) are ascending int32 numbers from 1; the matrices are n x m. Without ``kinds`` every
    cell is TEXT, or BLANK where it is empty. InputRefused beyond the limit of cells.
    """
    shape = len(rows), len(columns)
    budget.spend(shape[0] * shape[1])
    if kinds is None:
        kinds = np.zeros(shape, np.uint8, order="F")
        for j, column in enumerate(texts):
            kinds[:, j] = numbers_of(pc.binary_length(column)) > 0
    return compressed(
        Grid(
            sheet=sheet,
            rows=np.asarray(rows, np.int32),
            columns=np.asarray(columns, np.int32),
            texts=tuple(texts),
            kinds=kinds,
            flags=np.zeros(shape, np.uint8) if flags is None else flags,
            formats=np.zeros(shape, np.uint16) if formats is None else formats,
            format_codes=format_codes,
        )
    )


def with_facts(grid: Grid, merges: Iterable[Area], hidden_rows: Iterable[int], hidden_columns: Iterable[int]) -> Grid:
    """The compressed grid with its merges, and with those of the hidden rows and columns that it stores."""
    rows, columns = set(hidden_rows), set(hidden_columns)
    return replace(
        grid,
        merges=tuple(merges),
        hidden_rows=tuple(number for number in grid.rows.tolist() if number in rows) if rows else (),
        hidden_columns=tuple(number for number in grid.columns.tolist() if number in columns) if columns else (),
    )


def compressed(grid: Grid) -> Grid:
    """The grid without its rows and columns that hold nothing."""
    telling = (grid.kinds != BLANK) | ((grid.flags & TELLING) != 0)
    rows, columns = telling.any(axis=1), telling.any(axis=0)
    if bool(rows.all()) and bool(columns.all()):
        return grid
    kept = tuple(text for text, keep in zip(grid.texts, columns.tolist(), strict=True) if keep)
    if not bool(rows.all()):
        places = indices(np.flatnonzero(rows))
        kept = tuple(text.take(places) for text in kept)
    square = np.ix_(rows, columns)
    return replace(
        grid,
        rows=grid.rows[rows],
        columns=grid.columns[columns],
        texts=kept,
        kinds=grid.kinds[square],
        flags=grid.flags[square],
        formats=grid.formats[square],
    )


def string_array(texts: Sequence[str]) -> pa.Array:
    """An Arrow string array without nulls. ``pa.array`` does the same, but imports pandas for it (0.3 s a process)."""
    joined = "".join(texts)
    content = joined.encode()
    offsets = np.zeros(len(texts) + 1, np.int32)
    if len(content) == len(joined):
        lengths: Iterable[int] = map(len, texts)
    else:
        lengths = (len(text.encode()) for text in texts)
    offsets[1:] = np.cumsum(np.fromiter(lengths, np.int64, len(texts)))
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(content))


def indices(numbers: Matrix) -> pa.Array:
    """Numbers as the Arrow array that ``take`` asks for, without the detour of ``pa.array`` through pandas."""
    content = pa.py_buffer(np.ascontiguousarray(numbers, np.int32))
    return pa.Int32Array.from_buffers(pa.int32(), len(numbers), [None, content])


def numbers_of(integers: pa.Array) -> Matrix:
    """An int32 array without nulls as numpy sees it, again without pandas."""
    return np.frombuffer(integers.buffers()[1], np.int32, len(integers), integers.offset * 4)


def numbered(numbers: Matrix) -> tuple[Matrix, Matrix]:
    """The distinct numbers ascending, and the index of each number among them; cheap where they already ascend."""
    if not len(numbers):
        return numbers, np.empty(0, np.int64)
    steps = np.diff(numbers)
    if bool((steps >= 0).all()):
        first = np.concatenate(([True], steps > 0))
        return numbers[first], np.cumsum(first) - 1
    least, most = int(numbers.min()), int(numbers.max())
    if most - least <= 4 * len(numbers) + 20_000:
        seen = np.zeros(most - least + 1, bool)
        seen[numbers - least] = True
        place = np.cumsum(seen) - 1
        return (np.flatnonzero(seen) + least).astype(np.int32), place[numbers - least]
    distinct, index = np.unique(numbers, return_inverse=True)
    return distinct, index


def _no_cells() -> tuple[Matrix, Matrix, Matrix]:
    return np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint16)
