"""Figures held against rows that stand in senders' files: every query real, no file read."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sscbtool.core.model import (
    Area,
    Catalogue,
    CheckKind,
    ColumnKind,
    ColumnSpec,
    Comparator,
    DocumentCheck,
    Evidence,
    Figure,
    Measure,
    ReturnSchema,
    Status,
    Submission,
)
from sscbtool.core.normalise import COUNT, MONEY, TEXT
from sscbtool.core.organisations import Register
from sscbtool.core.rows import gather
from sscbtool.core.values import Period
from sscbtool.workflow.judging import Judged, hold, hold_document
from sscbtool.workflow.receiving import Received

LEDGER = ReturnSchema(
    name="ledger",
    title="Ledger",
    section="2.4",
    grain="one row per payment",
    columns=(
        ColumnSpec("organisation", ColumnKind.CODE, public=True),
        ColumnSpec("amount", ColumnKind.MONEY, public=True),
        ColumnSpec("payer", ColumnKind.PERSON, required=False),
    ),
    key=(),
    totals=(),
    rules=(),
    measures=(
        Measure("ledger", "received", "sum(amount)", "GBP", "Received", evidence=("amount",)),
        Measure("ledger", "payments", "count(*)", "payments", "Payments", where="amount > 0"),
        Measure("ledger", "payers", "payer", "people", "Payers", listed=True),
        Measure("ledger", "named", "organisation", "organisations", "Organisations", listed=True),
        Measure(
            "ledger",
            "agreed",
            "count(*)",
            "payments",
            "Of agreed payers",
            where="organisation in (select organisation from plans where children > 0)",
        ),
    ),
)
PLANS = ReturnSchema(
    name="plans",
    title="Plans",
    section="2.3",
    grain="one row per category",
    columns=(
        ColumnSpec("organisation", ColumnKind.CODE, public=True),
        ColumnSpec("as_at", ColumnKind.DATE, public=True),
        ColumnSpec("children", ColumnKind.COUNT, public=True),
    ),
    key=(),
    totals=(),
    rules=(),
    measures=(Measure("plans", "open", "sum(children)", "children", "Open plans", where="as_at = {as_at}"),),
)


def submission(path, schema, frame, periods):
    size = len(frame)
    return Submission(
        path=path,
        sha256=None,
        sheet=None,
        area=Area(1, 1, size + 1, len(frame.columns)),
        return_name=schema.name,
        partner=None,
        period="2018-19",
        frame=frame,
        rows=np.arange(2, size + 2, dtype=np.int32),
        cells={name: np.full(size, n + 1, dtype=np.int32) for n, name in enumerate(frame.columns)},
        periods=tuple(periods),
        quarters=(None,) * size,
    )


def payments(*rows):
    amounts = pa.array([Decimal(amount) for _, _, amount in rows], pa.decimal128(18, 2))
    frame = pd.DataFrame(
        {
            "organisation": pd.Series([payer for payer, _, _ in rows], dtype=TEXT),
            "amount": pd.Series(pd.arrays.ArrowExtensionArray(amounts), dtype=MONEY),
            "payer": pd.Series(["A. Person"] * len(rows), dtype=TEXT),
        }
    )
    return submission("in/ledger.csv", LEDGER, frame, [period for _, period, _ in rows])


def plans(*rows):
    frame = pd.DataFrame(
        {
            "organisation": pd.Series(["LFB"] * len(rows), dtype=TEXT),
            "as_at": pd.Series(np.array([np.datetime64(day, "ns") for day, _, _ in rows])),
            "children": pd.Series([children for _, _, children in rows], dtype=COUNT),
        }
    )
    return submission("in/plans.csv", PLANS, frame, [period for _, period, _ in rows])


def figure(measure, comparator, value="", where=None, tolerance=None, unit="", return_name="ledger", **more):
    return Figure(
        "X01", "2", "it is so", return_name, measure, where, comparator, value, unit, tolerance=tolerance, **more
    )


LEDGER_ROWS = payments(
    ("LFB", "2018-19", "500.00"),
    ("LFB", "2018-19", "-20.00"),
    ("CCG", "2018-19", "60000.00"),
    ("CCG", "2019-20", "125.00"),
)


def judged(*submissions, figures=(), checks=()):
    returns = {"ledger": LEDGER, "plans": PLANS}
    catalogue = Catalogue(returns, (), {"2018-19": tuple(figures)}, {"2018-19": tuple(checks)})
    period = Period(2018)
    received = Received(catalogue, Register(()), period, (), tuple(submissions), (), ())
    return Judged(received, period, (), gather(returns, submissions), (), (), (), 1)


def held(asked, *submissions, figures=()):
    (result,) = hold(judged(*submissions, figures=figures), [asked])
    return result


def test_a_figure_knows_its_cells_and_every_row_that_it_does_not_count():
    asked = figure("payments", Comparator.EQUALS, "1", where="organisation = 'LFB'")
    result = held(asked, LEDGER_ROWS)
    assert result.status is Status.HOLDS
    assert result.evidence == (Evidence("in/ledger.csv", None, "A2, B2"),)
    assert result.set_aside == (("not of 2018-19", 1), ("not amount > 0", 1), ("not organisation = 'LFB'", 1))
    assert result.rows_counted + sum(rows for _, rows in result.set_aside) == 4


EITHER = "organisation = 'LFB' and amount > 900 or organisation = 'CCG'"
CASE = "case when amount > 0 and amount < 600 then 1 else 0 end = 1"
NESTED = "(organisation = 'LFB' or amount > 70000)"


@pytest.mark.parametrize(
    ("where", "reasons"),
    [
        ("amount between 0 and 600 and organisation = 'LFB'", ["not amount between 0 and 600"]),
        (EITHER, [f"not {EITHER}"]),
        (f"{NESTED} and amount > 0", [f"not {NESTED}", "not amount > 0"]),
        ("organisation <> 'this and that' and amount > 0", ["not amount > 0"]),
        (CASE, [f"not {CASE}"]),
    ],
)
def test_rows_set_aside_are_told_condition_by_condition(where, reasons):
    result = held(figure("received", Comparator.OVER, "0", where=where, unit="GBP"), LEDGER_ROWS)
    assert [reason for reason, _ in result.set_aside[1:]] == reasons
    assert result.rows_counted + sum(rows for _, rows in result.set_aside) == 4


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("60605.00", "the amount in B5 of ledger.csv, which is not counted"),
        ("59980.00", "the amount in B2 of ledger.csv: it may be counted twice"),
        ("60520.00", "twice the amount in B3 of ledger.csv: its sign may be wrong"),
        ("60480.01", "A difference of pence"),
    ],
)
def test_a_break_names_the_cell_whose_amount_would_mend_it(value, hint):
    result = held(figure("received", Comparator.EQUALS, value, unit="GBP"), LEDGER_ROWS)
    assert result.status is Status.CONTRADICTED
    assert hint in result.reason


def test_a_total_knows_the_published_parts_of_its_register():
    parts = [
        Figure("M01", "2", "s", "ledger", "received", None, Comparator.EQUALS, "480.00", "GBP"),
        Figure("M02", "2", "s", "ledger", "received", None, Comparator.EQUALS, "60000.00", "GBP"),
    ]
    total = figure("received", Comparator.SUM_OF, "60480.00", unit="GBP", note="parts: M01 M02")
    assert held(total, LEDGER_ROWS, figures=parts).status is Status.HOLDS
    # A part that the register does not state is not a wrong total: the parts cannot be added up.
    assert held(total, LEDGER_ROWS, figures=parts[:1]).status is Status.NOT_COMPUTABLE


def test_a_return_that_a_measure_only_looks_at_must_have_come_too():
    asked = figure("agreed", Comparator.EQUALS, "2")
    result = held(asked, LEDGER_ROWS)
    assert result.status is Status.NOT_CHECKED
    assert result.reason == "Nothing was read of Plans."
    assert held(asked, LEDGER_ROWS, plans(("2019-03-31", "2018-19", 3))).status is Status.HOLDS


def test_a_return_named_in_a_text_is_not_one_that_is_looked_at():
    asked = figure("payments", Comparator.EQUALS, "2", where="organisation <> 'select from plans'")
    assert held(asked, LEDGER_ROWS).status is Status.HOLDS


def test_a_stock_is_compared_with_the_same_day_of_the_year_before():
    both = plans(("2019-03-31", "2018-19", 329), ("2018-12-31", "2018-19", 900), ("2018-03-31", "2017-18", 335))
    asked = figure("open", Comparator.LOWER_THAN, return_name="plans", tolerance="5%", as_at="2019-03-31")
    result = held(asked, both)
    assert (result.status, result.evidenced) == (Status.HOLDS, 329)
    assert "against 335 in 2017-18" in result.reason


def test_without_rows_of_the_year_before_a_comparison_cannot_be_worked_out():
    asked = figure("open", Comparator.LOWER_THAN, return_name="plans")
    result = held(asked, plans(("2019-03-31", "2018-19", 329)))
    assert result.status is Status.NOT_COMPUTABLE
    assert "2017-18" in result.reason


def test_rows_of_another_year_alone_are_no_evidence():
    result = held(figure("open", Comparator.EQUALS, "335", return_name="plans"), plans(("2018-03-31", "2017-18", 335)))
    assert result.status is Status.NOT_EVIDENCED


def test_what_a_personal_column_lists_is_not_shown():
    result = held(figure("payers", Comparator.SAME_SET, "B. Person"), LEDGER_ROWS)
    assert result.status is Status.CONTRADICTED
    assert "A. Person" not in f"{result.reason} {result.evidenced}"
    named = held(figure("named", Comparator.SAME_SET, "LFB; CCG"), LEDGER_ROWS)
    assert (named.status, named.evidenced) == (Status.HOLDS, "CCG; LFB")


def test_a_narrative_figure_is_never_measured():
    assert held(figure("no such measure", None, return_name=None)).status is Status.NARRATIVE


def test_the_document_is_held_against_itself_without_any_return():
    figures = [
        Figure("A1", "1", "s", None, None, None, None, "2", ""),
        Figure("A2", "1", "s", None, None, None, None, "3", ""),
        Figure("A3", "1", "s", None, None, None, None, "9", ""),
    ]
    checks = [
        DocumentCheck("D1", CheckKind.SUM, ("A1", "A2", "A3")),
        DocumentCheck("D2", CheckKind.ASCENDING, ("A1", "A2")),
    ]
    everything = judged(figures=figures, checks=checks)
    assert [each.status for each in hold_document(everything, figures)] == [Status.CONTRADICTED, Status.HOLDS]
    assert [each.check.check_id for each in hold_document(everything, figures[2:])] == ["D1"]
