"""A million ledger lines against a million expected ones, matched by reference, differences to the penny.

Ours beside a join written by hand in DuckDB and, where it is installed, datacompy on pandas; in one run, on one
machine. Each is given the same tables in memory, of references as texts and amounts as exact decimals, and reports
every reference whose amount received differs from the amount expected; the answers are held against each other.

    python benchmarks/ledger.py [--rows 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from decimal import Decimal
from importlib.util import find_spec

import duckdb
import numpy as np
import pyarrow as pa

from sscbtool.core.ledger import join_references, pence_of, reference_keys

MONEY = pa.decimal128(18, 2)
Differences = dict[str, Decimal]


def make(rows: int) -> tuple[pa.Table, pa.Table]:
    """What was expected, and the ledger in another order: of each thousand one is short, one missing, one doubled."""
    chance = random.Random(7)
    references = [f"INV{number:09d}" for number in range(rows)]
    pence = [chance.randrange(100, 10**8) for _ in range(rows)]
    lines = list(zip(references, pence, strict=True))
    for k in range(0, rows, 1000):
        lines[k] = (references[k], pence[k] - 9)
        lines[(k + 1) % rows] = ("INVX" + references[(k + 1) % rows], pence[(k + 1) % rows])
        lines[(k + 2) % rows] = lines[(k + 3) % rows]
    chance.shuffle(lines)
    return _table(references, pence), _table([line[0] for line in lines], [line[1] for line in lines])


def _table(references: list[str], pence: list[int]) -> pa.Table:
    amounts = [Decimal(p).scaleb(-2) for p in pence]
    return pa.table({"reference": pa.array(references), "amount": pa.array(amounts, MONEY)})


def ours(expected: pa.Table, received: pa.Table) -> tuple[pa.Table, int]:
    """The path that the program takes: keys of references, one join, sums in whole pence."""
    wanted = reference_keys(expected["reference"].combine_chunks())
    joined = join_references(
        wanted,
        pence_of(expected["amount"]),
        reference_keys(received["reference"].combine_chunks()),
        pence_of(received["amount"]),
    )
    differing = np.flatnonzero(joined.difference)
    difference = pa.array(joined.difference[differing])
    return (
        pa.table({"reference": expected["reference"].take(pa.array(differing)), "pence": difference}),
        int((joined.expected < 0).sum()),
    )


def by_hand(expected: pa.Table, received: pa.Table) -> tuple[pa.Table, int]:
    """The same by hand in SQL."""
    database = duckdb.connect(":memory:")
    database.execute("SET enable_progress_bar = false")
    database.register("expected", expected)
    database.register("received", received)
    differing = database.sql(
        "WITH r AS (SELECT reference, sum(amount) AS amount FROM received GROUP BY reference) "
        "SELECT e.reference, CAST((coalesce(r.amount, 0) - e.amount) * 100 AS BIGINT) AS pence "
        "FROM expected e LEFT JOIN r USING (reference) WHERE coalesce(r.amount, 0) <> e.amount"
    ).to_arrow_table()
    stray = database.execute("SELECT count(*) FROM received ANTI JOIN expected USING (reference)").fetchone()
    database.close()
    return differing, int(stray[0])


def compared(expected: pa.Table, received: pa.Table) -> tuple[pa.Table, int]:
    """The same by datacompy on pandas, which joins one row with one row: sums are made for it first."""
    import datacompy

    left = expected.to_pandas()
    right = received.to_pandas().groupby("reference", as_index=False).agg({"amount": "sum"})
    comparing = getattr(datacompy, "PandasCompare", None) or datacompy.Compare
    comparison = comparing(left, right, join_columns="reference", df1_name="expected", df2_name="received")
    differing = comparison.all_mismatch()
    short = comparison.df1_unq_rows
    moved = (differing["amount_df2"] - differing["amount_df1"]) if "amount_df1" in differing else (
        differing["amount_received"] - differing["amount_expected"]
    )  # fmt: skip
    references = [*differing["reference"], *short["reference"]]
    amounts = [int(each * 100) for each in moved] + [int(-each * 100) for each in short["amount"]]
    return pa.table({"reference": pa.array(references), "pence": pa.array(amounts)}), len(comparison.df2_unq_rows)


def timed(program: Callable[[pa.Table, pa.Table], tuple[pa.Table, int]], *tables: pa.Table) -> tuple[float, object]:
    started = time.perf_counter()
    found = program(*tables)
    return time.perf_counter() - started, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    programs = {"sscbtool": ours, "DuckDB by hand": by_hand}
    if find_spec("datacompy"):
        programs["datacompy"] = compared
    else:
        print("datacompy is not installed and is left out; pip install datacompy to compare")
    tables = make(options.rows)
    best: dict[str, float] = {}
    answers: dict[str, tuple[dict[str, int], int]] = {}
    for round_ in range(options.rounds):
        for name, program in programs.items():
            if name == "datacompy" and round_:
                continue
            seconds, (differing, stray) = timed(program, *tables)
            best[name] = min(seconds, best.get(name, seconds))
            answers[name] = dict(zip(*(differing[c].to_pylist() for c in ("reference", "pence")), strict=True)), stray
    assert len({str(sorted(found.items())) for found, _ in answers.values()}) == 1, "the answers differ"
    found, stray = answers["sscbtool"]
    print(f"{options.rows:,} x {options.rows:,}: {len(found):,} differences, {stray:,} lines of no invoice")
    for name, seconds in best.items():
        print(f"{name:15} {seconds:7.2f} s  {seconds / best['DuckDB by hand']:5.2f} x DuckDB by hand")


if __name__ == "__main__":
    main()
