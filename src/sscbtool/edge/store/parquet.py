"""A submission's rows as Parquet and back, exact to the dtype."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sscbtool.core.model import Submission
from sscbtool.edge.store.records import StoredSubmission

_ROW, _PERIOD, _QUARTER, _CELL = "sscb:row", "sscb:period", "sscb:quarter", "sscb:cell:"
_DTYPES = b"sscb:dtypes"


def parquet_name(name: str) -> str:
    """The name of the file of a submission's rows."""
    return f"{name}.parquet"


def as_table(submission: Submission) -> pa.Table:
    """The frame's columns by their names, and where each value came from in columns of our own."""
    frame = submission.frame
    series = {str(name): frame[name] for name in frame}
    columns: dict[str, Any] = {name: pa.array(values, from_pandas=True) for name, values in series.items()}
    columns[_ROW] = pa.array(submission.rows, pa.int32())
    for name, numbers in submission.cells.items():
        columns[_CELL + name] = pa.array(numbers, pa.int32())
    if submission.periods:
        columns[_PERIOD] = pa.array(submission.periods, pa.string())
    if submission.quarters:
        columns[_QUARTER] = pa.array(submission.quarters, pa.string())
    # pandas' own metadata cannot name a decimal's precision, so the dtypes are kept by us.
    dtypes = {name: _dtype_name(values.dtype) for name, values in series.items()}
    return pa.table(columns).replace_schema_metadata({_DTYPES: json.dumps(dtypes).encode()})


def _dtype_name(dtype: Any) -> str:
    """``arrow`` where the Parquet type says all, else the name pandas knows it by."""
    return "arrow" if isinstance(dtype, pd.ArrowDtype) else str(dtype)


def _series(column: pa.ChunkedArray, dtype_name: str) -> Any:
    if dtype_name == "arrow":
        return pd.Series(pd.arrays.ArrowExtensionArray(column))
    dtype: Any = pd.api.types.pandas_dtype(dtype_name)
    if hasattr(dtype, "__from_arrow__"):  # by way of numpy, an integer beside a blank would become a float
        return pd.Series(dtype.__from_arrow__(column), dtype=dtype)
    return column.to_pandas().astype(dtype)


def from_table(stored: StoredSubmission, table: pa.Table) -> Submission:
    """The submission again, from what the catalogue says of it and from its rows."""
    dtypes: dict[str, str] = json.loads(table.schema.metadata[_DTYPES])
    frame = pd.DataFrame(
        {name: _series(table[name], dtype) for name, dtype in dtypes.items()}, index=pd.RangeIndex(table.num_rows)
    )
    names = set(table.column_names)
    return Submission(
        path=stored.path,
        sha256=stored.sha256,
        sheet=stored.sheet,
        area=stored.area,
        return_name=stored.return_name,
        partner=stored.partner,
        period=stored.period,
        frame=frame,
        rows=_numbers(table[_ROW]),
        cells={
            name.removeprefix(_CELL): _numbers(table[name]) for name in table.column_names if name.startswith(_CELL)
        },
        periods=tuple(table[_PERIOD].to_pylist()) if _PERIOD in names else (),
        quarters=tuple(table[_QUARTER].to_pylist()) if _QUARTER in names else (),
        set_aside=stored.set_aside,
        unpivoted=stored.unpivoted,
        recognised=stored.recognised,
        final=stored.final,
    )


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.asarray(column.to_numpy(), dtype=np.int32)
