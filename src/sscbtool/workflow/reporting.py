"""What the board is handed: the figures held against the returns, with the measures, years and reasons around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from sscbtool.core.figures import exact, shown
from sscbtool.core.model import Finding, Measured, Outcome, Result, Severity, Submission
from sscbtool.core.precision import to_places
from sscbtool.core.standing import amount_of, breaks_of
from sscbtool.core.suppress import is_personal, is_small, without_small
from sscbtool.core.trend import steps
from sscbtool.core.values import Period
from sscbtool.edge.store import Store
from sscbtool.workflow.closing import NO_BALANCE, close_each_fund
from sscbtool.workflow.explaining import explanations
from sscbtool.workflow.judging import Judged, engine_for
from sscbtool.workflow.measuring import measured
from sscbtool.workflow.receiving import Request
from sscbtool.workflow.tracking import as_plain, chase, due_returns

BY_PARTNER = ("contributions", "training_sessions", "training_attendance", "elearning_completions")
"""The returns whose measures a board's report breaks down: the money that came in and the training that was given."""


def reported(request: Request, judged: Judged, held: Result) -> Result:
    """The result of a reconciliation with all that a report of it shows beside; no small count of people in it."""
    schemas = judged.received.catalogue.returns
    said = explanations(request)
    ledgers, faults = _ledgers(request, judged, held)
    held = replace(held, findings=(*held.findings, *faults))
    broken = faults or any(not each["explained"] for told in ledgers for each in _breaks(told))
    extra = {
        "document": held.extra["reconcile"]["document"],
        "trend": list(_key_measures(judged, held)),
        "ledgers": ledgers,
        "explanations": [*said.reasons(held), *_reasons(ledgers)],
        "stored": [] if held.files else list(stored(judged)),
        "definitions": dict(sorted(judged.received.catalogue.hashes.items())),
    }
    return replace(
        held,
        command="report",
        outcome=Outcome.FINDINGS if broken and held.outcome is Outcome.CLEAN else held.outcome,
        measures=without_small(measured(judged, BY_PARTNER), schemas),
        extra={"report": extra, "signoff": held.extra["signoff"]},
        told=_told(request, judged),
    )


def _ledgers(request: Request, judged: Judged, held: Result) -> tuple[list[dict[str, Any]], tuple[Finding, ...]]:
    """How the year closes for each fund, and the errors that only a closing shows."""
    told: list[dict[str, Any]] = []
    faults: list[Finding] = []
    for fund, closed in close_each_fund(held, judged, request):
        if isinstance(closed, str):
            told.append({"fund": fund, "closing": None, "why": closed, "remarks": []})
            continue
        own = [f for f in closed.findings if f.severity is Severity.ERROR and f not in held.findings]
        faults += [f for f in own if f not in faults]
        closing = closed.extra.get("ledger")
        why = None if closing else " ".join(f.message for f in own) or "What it rests on could not be read."
        remarks = [each for each in closed.remarks if each not in (*held.remarks, NO_BALANCE)]
        told.append({"fund": fund, "closing": closing, "why": why, "remarks": remarks})
    return told, tuple(faults)


def _breaks(told: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What of a ledger a person must settle or explain."""
    return breaks_of(told["closing"]) if told["closing"] else ()


def _reasons(ledgers: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The reasons that stand for breaks of the ledger, by the id of the break."""
    for told in ledgers:
        for each in _breaks(told):
            if each["explained"]:
                whose = " ".join(name for name in ("Ledger", told["fund"], each["organisation"]) if name)
                sign = "-" if amount_of(each) < 0 else "+"
                about = f"{whose}: {sign}£{abs(amount_of(each)):,.2f}"
                yield {"id": each["id"], "about": about, **each["explanation"]}


def _key_measures(judged: Judged, held: Result) -> Iterator[dict[str, Any]]:
    """The measures that published figures rest on, beside the year before where its own return came.

    A part of a whole is given in percent. Rows of an earlier year that merely stand in this year's files are not that
    year, and are compared with nothing.
    """
    if judged.period is None:
        return
    this = Period(judged.period.year)
    years = (this.previous(), this)
    wanted = {(each.figure.return_name, each.figure.measure) for each in held.figures}
    with engine_for(judged) as engine:
        for name, rows in judged.rows.items():
            if not {str(year) for year in years} <= {each.period for each in rows.submissions}:
                continue
            for measure in rows.schema.measures:
                if (name, measure.name) not in wanted or measure.listed:
                    continue
                counts = {year.year: engine.measure(measure, None, str(year)) for year in years}
                small = any(is_small(exact(each.value)) for each in counts.values())
                values = {year: _comparable(each) for year, each in counts.items()}
                if None in values.values() or (small and is_personal(rows.schema, measure)):
                    continue
                unit = "percent" if measure.of else measure.unit
                for step in steps(values):
                    yield {
                        "return": name,
                        "measure": measure.name,
                        "period": str(step.period),
                        "unit": unit,
                        "value": shown(step.value, unit),
                        "change": shown(step.change, unit),
                        "percent_change": None if step.percent_change is None else f"{step.percent_change:f}",
                    }


def _comparable(measured: Measured) -> Decimal | None:
    """The measure as one number: a part of a whole in percent, to one place."""
    value = exact(measured.value)
    if measured.whole is None or value is None:
        return value
    whole = exact(measured.whole)
    return to_places(Fraction(value) * 100 / Fraction(whole), 1) if whole else None


def stored(judged: Judged) -> Iterator[dict[str, Any]]:
    """The files whose submissions came from the store, each with its partners and rows."""
    own: defaultdict[tuple[str, str], list[Submission]] = defaultdict(list)
    for submission in judged.received.submissions:
        own[submission.path, submission.sha256].append(submission)
    for (path, sha256), submissions in sorted(own.items()):
        yield {
            "path": path,
            "sha256": sha256,
            "partners": sorted({each.partner for each in submissions if each.partner}),
            "rows": sum(len(np.unique(each.rows)) for each in submissions),
        }


def _told(request: Request, judged: Judged) -> dict[str, Any]:
    """What follows from the day and from earlier runs: the head of the run log, and how each due return stands."""
    settings = request.settings
    if settings is None or not settings.path(settings.store).is_dir():
        return {}
    with Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group) as store:
        head = store.head()
    year = Period(judged.period.year) if judged.period else None
    due = due_returns(request, judged.received.catalogue, year) if settings.expected else ()
    return {"head": head, "due": [as_plain(each) for each in due], "chase": list(chase(due))}
