from collections import Counter
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sscbtool.core.model import Area, ColumnKind, ColumnSpec, Finding, Place, ReturnSchema, Severity, Submission
from sscbtool.core.rows import Rows
from sscbtool.core.versions import Change, compare_findings, compare_rows

INVOICES = ReturnSchema(
    name="invoices",
    title="Invoices",
    section=None,
    grain="one row an invoice",
    columns=(
        ColumnSpec("invoice_no", ColumnKind.CODE, public=True),
        ColumnSpec("amount", ColumnKind.MONEY, public=True, unit="GBP"),
    ),
    key=("invoice_no",),
    totals=("amount",),
    rules=(),
    measures=(),
)
KEYLESS = replace(INVOICES, key=())


def rows_of(*pairs, path="old.csv", first=2) -> Rows:
    numbers, amounts = zip(*pairs, strict=True) if pairs else ((), ())
    frame = pd.DataFrame(
        {
            "invoice_no": pd.Series(numbers, dtype="str"),
            "amount": pd.Series(
                pd.array(
                    [None if a is None else Decimal(a) for a in amounts], dtype=pd.ArrowDtype(pa.decimal128(18, 2))
                )
            ),
        }
    )
    count = len(frame)
    columns = {"invoice_no": np.full(count, 1, dtype=np.int32), "amount": np.full(count, 2, dtype=np.int32)}
    rows = np.arange(first, first + count, dtype=np.int32)
    area = Area(1, 1, first + count, 2)
    own = Submission(
        path, path, None, area, "invoices", None, "2018-19", frame, rows, columns, ("2018-19",) * count, (None,) * count
    )
    return Rows(INVOICES, (own,))


def seen(found):
    return [
        (str(each.change), each.old and each.old.row, each.new and each.new.row, [cell.column for cell in each.cells])
        for each in found.changes
    ]


def test_rows_are_followed_by_key_wherever_they_stand():
    old = rows_of(("A", "1.00"), ("B", "2.00"), ("C", "3.00"))
    new = rows_of(("N", "9.00"), ("C", "3.00"), ("A", "1.50"), path="new.csv")
    found = compare_rows(INVOICES, old, new)
    assert seen(found) == [
        ("added", None, 2, ["amount"]),
        ("removed", 3, None, ["amount"]),
        ("changed", 2, 4, ["amount"]),
    ]
    (cell,) = found.changes[2].cells
    assert (cell.old.cell, cell.new.cell) == ("B2", "B4")
    assert (cell.old_value, cell.new_value) == (Decimal("1.00"), Decimal("1.50"))
    assert (found.unchanged, found.repeated) == (1, ())


def test_a_key_that_stands_twice_is_named_and_none_of_its_rows_is_lost():
    old = rows_of(("A", "1.00"), ("A", "2.00"), ("A", "3.00"))
    new = rows_of(("A", "2.00"), ("A", "5.00"), path="new.csv")
    found = compare_rows(INVOICES, old, new)
    (repeated,) = found.repeated
    assert [place.row for place in repeated.old] == [2, 3, 4]
    assert [place.row for place in repeated.new] == [2, 3]
    assert Counter(each.change for each in found.changes) == {Change.REMOVED: 2, Change.ADDED: 1}
    assert found.unchanged == 1


def test_a_row_without_its_key_is_compared_as_a_whole():
    old = rows_of((None, "1.00"), (None, "1.00"), ("A", "2.00"))
    new = rows_of((None, "1.00"), ("A", "2.00"), path="new.csv")
    found = compare_rows(INVOICES, old, new)
    assert seen(found) == [("removed", 3, None, ["amount"])]
    assert found.repeated == ()


def test_without_a_key_rows_that_come_twice_must_come_twice_again():
    old, new = rows_of(("A", "1.00"), ("A", "1.00")), rows_of(("A", "1.00"), path="new.csv")
    found = compare_rows(KEYLESS, old, new)
    assert seen(found) == [("removed", 3, None, ["amount"])]
    assert found.unchanged == 1


SOME = st.lists(st.tuples(st.sampled_from(["A", "B", "C", None]), st.sampled_from(["1.00", "2.00", None])), max_size=7)


@given(SOME, SOME, st.booleans())
def test_every_row_of_both_sides_is_accounted_for_once(before, after, keyed):
    old, new = rows_of(*before), rows_of(*after, path="new.csv")
    found = compare_rows(INVOICES if keyed else KEYLESS, old, new)
    changed = found.count(Change.CHANGED)
    assert found.unchanged + changed + found.count(Change.REMOVED) == len(before)
    assert found.unchanged + changed + found.count(Change.ADDED) == len(after)
    assert len(found.paired) == found.unchanged + changed
    assert bool(found.changes) == (Counter(before) != Counter(after))


def finding(row, *, code="X", column="amount", file="old.csv", number=2) -> Finding:
    return Finding(code, Severity.ERROR, "says", "mend", Place(file, None, row, number if row else None), column)


def test_a_finding_is_followed_to_where_its_row_stands_now():
    paired = {("old.csv", None, 2): ("new.csv", None, 5), ("old.csv", None, 3): ("new.csv", None, 2)}
    old = [finding(2), finding(3), finding(9, code="TOTAL"), finding(None, code="FILE")]
    new = [finding(5, file="new.csv"), finding(7, file="new.csv"), finding(10, code="TOTAL", file="new.csv")]
    found = compare_findings(old, new, paired)
    assert [(was.place.row, now.place.row) for was, now in found.outstanding] == [(2, 5), (9, 10)]
    assert [(each.code, each.place.row) for each in found.mended] == [("FILE", None), ("X", 3)]
    assert [each.place.row for each in found.new] == [7]


def test_a_fault_at_the_same_cell_of_another_row_is_not_the_same_fault():
    paired = {("old.csv", None, 2): ("new.csv", None, 3), ("old.csv", None, 3): ("new.csv", None, 2)}
    found = compare_findings([finding(2)], [finding(2, file="new.csv")], paired)
    assert (len(found.mended), len(found.outstanding), len(found.new)) == (1, 0, 1)
