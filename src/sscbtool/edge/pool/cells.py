"""Workbooks and their tables as bytes: cells as Arrow IPC, facts as JSON; nothing is pickled.

The parent believes no size, index or type that the bytes state.
"""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from sscbtool.core.model import Area, FileFormat, Grid, Kind, Remark, RemarkKind, Workbook
from sscbtool.edge.pool.tables import Located, plain_tables, tables_of
from sscbtool.errors import InputRefused

HEAD = struct.Struct("<IQQ")
"""Before the bytes of a workbook: bytes of JSON, of arrays, of cells."""
MOST_JSON = 64 << 20
ASK_SIMPLER = "Ask for the data saved anew as a plain workbook or as CSV."


@dataclass(frozen=True, eq=False)
class Decoded:
    """What came back: a workbook, without its grids where only tables were asked for, and the tables of each sheet."""

    workbook: Workbook
    tables: Located


class Encoded:
    """A workbook about to be written as bytes for ``decode``; ``size`` is known before any of them is made.

    With ``cells`` False only its tables and what is said of it as a whole are written, and none of its grids.
    InputRefused for a workbook with more merges, hidden rows and remarks than a parent would take.
    """

    def __init__(self, workbook: Workbook, tables: Located = (), *, cells: bool = True) -> None:
        grids = workbook.grids if cells else ()
        self._batches = [_batch(grid) for grid in grids]
        sizes = [_stream_size(batch) for batch in self._batches]
        located, self._arrays = plain_tables(tables)
        self._facts = json.dumps(_facts(workbook, grids, sizes) | {"tables": located}).encode()
        if len(self._facts) > MOST_JSON:
            raise InputRefused("it merges or hides more cells than any sheet has use for", ASK_SIMPLER)
        self._cells = sum(sizes)
        self.size = HEAD.size + len(self._facts) + len(self._arrays) + self._cells

    def write(self, out: BinaryIO) -> None:
        """Writes the bytes to ``out``, column by column."""
        out.write(HEAD.pack(len(self._facts), len(self._arrays), self._cells))
        out.write(self._facts)
        out.write(self._arrays)
        for batch in self._batches:
            _write_batch(batch, pa.PythonFile(out, mode="w"))


def encode(workbook: Workbook, tables: Located = (), *, cells: bool = True) -> bytes:
    """The workbook as bytes for ``decode``."""
    out = io.BytesIO()
    Encoded(workbook, tables, cells=cells).write(out)
    return out.getvalue()


def decode(data: bytes | bytearray | memoryview) -> Decoded:
    """What ``encode`` was given; cells are not copied. ValueError for bytes that are not a sound workbook."""
    view = memoryview(data)
    try:
        facts_size, arrays_size, cells_size = HEAD.unpack_from(view)
        if HEAD.size + facts_size + arrays_size + cells_size != len(view) or facts_size > MOST_JSON:
            raise ValueError("an answer of the wrong length")
        facts = json.loads(bytes(view[HEAD.size : HEAD.size + facts_size]))
        position = HEAD.size + facts_size + arrays_size
        tables = tables_of(facts["tables"], view[HEAD.size + facts_size : position])
        grids = []
        for told in facts["grids"]:
            grids.append(_grid(told, view[position : position + int(told["bytes"])]))
            position += int(told["bytes"])
        workbook = Workbook(
            format=FileFormat(facts["format"]),
            grids=tuple(grids),
            encoding=_text_or_none(facts["encoding"]),
            delimiter=_text_or_none(facts["delimiter"]),
            hidden_sheets=tuple(str(name) for name in facts["hidden_sheets"]),
            remarks=tuple(_remark(told) for told in facts["remarks"]),
        )
    except (pa.ArrowException, OSError, struct.error, KeyError, TypeError, IndexError, RecursionError) as error:
        message = f"an answer that is not a workbook ({type(error).__name__})"
        raise ValueError(message) from error
    return Decoded(workbook, tables)


def _facts(workbook: Workbook, grids: tuple[Grid, ...], sizes: list[int]) -> dict[str, Any]:
    return {
        "format": workbook.format,
        "encoding": workbook.encoding,
        "delimiter": workbook.delimiter,
        "hidden_sheets": workbook.hidden_sheets,
        "remarks": [[r.kind, r.sheet, r.row, r.column, r.detail] for r in workbook.remarks],
        "grids": [
            {
                "bytes": size,
                "sheet": grid.sheet,
                "columns": grid.columns.tolist(),
                "format_codes": grid.format_codes,
                "merges": [[m.top, m.left, m.bottom, m.right] for m in grid.merges],
                "hidden_rows": grid.hidden_rows,
                "hidden_columns": grid.hidden_columns,
            }
            for grid, size in zip(grids, sizes, strict=True)
        ],
    }


def _batch(grid: Grid) -> pa.RecordBatch:
    """Row numbers, the three matrices row by row (flags and formats only if any is set), then the texts."""
    columns = {"rows": pa.array(grid.rows, pa.int32()), "kinds": _packed(grid.kinds, np.uint8)}
    if grid.flags.any():
        columns["flags"] = _packed(grid.flags, np.uint8)
    if grid.formats.any():
        columns["formats"] = _packed(grid.formats, np.uint16)
    columns |= {str(j): text for j, text in enumerate(grid.texts)}
    return pa.record_batch(columns)


def _packed(matrix: np.ndarray[Any, Any], dtype: type[np.generic]) -> pa.Array:
    matrix = np.ascontiguousarray(matrix, dtype)
    width = matrix.shape[1] * matrix.itemsize
    return pa.Array.from_buffers(pa.binary(width), len(matrix), [None, pa.py_buffer(matrix)])


def _write_batch(batch: pa.RecordBatch, sink: pa.NativeFile) -> None:
    with pa.ipc.new_stream(sink, batch.schema) as writer:  # type: ignore[no-untyped-call]
        writer.write_batch(batch)


def _stream_size(batch: pa.RecordBatch) -> int:
    sink = pa.MockOutputStream()
    _write_batch(batch, sink)
    return int(sink.size())


def _grid(told: dict[str, Any], data: memoryview) -> Grid:
    with pa.ipc.open_stream(pa.py_buffer(data)) as stream:  # type: ignore[no-untyped-call]
        batch = stream.read_next_batch()
    batch.validate(full=True)
    columns = np.array(told["columns"], np.int32)
    rows = batch.column("rows")
    texts = tuple(batch.column(str(j)) for j in range(len(columns)))
    if rows.type != pa.int32() or rows.null_count or any(t.type != pa.string() or t.null_count for t in texts):
        raise ValueError("cells of an unknown type")
    numbers = rows.to_numpy(zero_copy_only=True)
    if not (_ascend(numbers) and _ascend(columns)):
        raise ValueError("rows or columns that do not ascend")
    shape = len(rows), len(columns)
    kinds = _unpacked(batch, "kinds", shape, np.uint8)
    codes = tuple(str(code) for code in told["format_codes"])
    formats = _unpacked(batch, "formats", shape, np.uint16)
    if (kinds.size and kinds.max() > max(Kind)) or (formats.size and formats.max() >= len(codes)):
        raise ValueError("cells of an unknown kind")
    return Grid(
        sheet=_text_or_none(told["sheet"]),
        rows=numbers,
        columns=columns,
        texts=texts,
        kinds=kinds,
        flags=_unpacked(batch, "flags", shape, np.uint8),
        formats=formats,
        format_codes=codes,
        merges=tuple(Area(*(int(edge) for edge in area)) for area in told["merges"]),
        hidden_rows=tuple(int(row) for row in told["hidden_rows"]),
        hidden_columns=tuple(int(column) for column in told["hidden_columns"]),
    )


def _unpacked(batch: pa.RecordBatch, name: str, shape: tuple[int, int], dtype: Any) -> np.ndarray[Any, Any]:
    """The matrix sent as ``name``, read-only; where none was sent, one zero that stands for all."""
    if name not in batch.schema.names:
        return np.broadcast_to(np.zeros((), dtype), shape)
    column = batch.column(name)
    if column.type != pa.binary(shape[1] * np.dtype(dtype).itemsize) or column.null_count:
        raise ValueError("a matrix of the wrong width")
    if not shape[0] or not shape[1]:
        return np.zeros(shape, dtype)
    offset = column.offset * column.type.byte_width
    return np.frombuffer(column.buffers()[1], dtype, shape[0] * shape[1], offset).reshape(shape)


def _ascend(numbers: np.ndarray[Any, Any]) -> bool:
    return not len(numbers) or (int(numbers[0]) >= 1 and bool((np.diff(numbers) > 0).all()))


def _remark(told: list[Any]) -> Remark:
    kind, sheet, row, column, detail = told
    return Remark(RemarkKind(kind), _text_or_none(sheet), _number_or_none(row), _number_or_none(column), str(detail))


def _number_or_none(told: Any) -> int | None:
    return None if told is None else int(told)


def _text_or_none(told: Any) -> str | None:
    return None if told is None else str(told)
