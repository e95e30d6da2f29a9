"""Signing a year off: a preparer, then a reviewer with another login, both bound to the hashes of what they signed.

What is bound are the files whose rows count, the schemas of their returns, the year's register of figures, the
organisations register, the ledger's settings, and what people decided of names and matches. Where any of it is not
what it was, the sign-off no longer holds, and the result says what changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sscbtool.core.model import Outcome, Result
from sscbtool.core.standing import standing
from sscbtool.core.values import Period
from sscbtool.edge.settings import LedgerSettings
from sscbtool.edge.store import Decision
from sscbtool.errors import BadUsage, InputRefused, NothingToJudge
from sscbtool.workflow.closing import MATCH
from sscbtool.workflow.explaining import record, recorded
from sscbtool.workflow.judging import Judged
from sscbtool.workflow.naming import KIND as ORGANISATION
from sscbtool.workflow.receiving import Request

KIND = "signoff"
PREPARER, REVIEWER = "preparer", "reviewer"


@dataclass(frozen=True, order=True)
class Input:
    """One thing that a sign-off rests on, by its hash; its name is for people and may change."""

    kind: str
    """``file``, ``schema``, ``figures``, ``organisations``, ``settings`` or ``decisions``."""
    name: str
    sha256: str


def inputs_of(request: Request, judged: Judged) -> tuple[Input, ...]:
    """What this run rests on, in a stable order; no path of this machine is part of it."""
    catalogue, year = judged.received.catalogue, _year(judged)
    files = {
        each.sha256: Input("file", Path(each.path).name, each.sha256)
        for rows in judged.rows.values()
        for each in sorted(rows.submissions, key=lambda submission: submission.path, reverse=True)
    }
    sources = {catalogue.returns[name].source: "schema" for name in judged.rows}
    sources |= {f"figures/{year}.csv": "figures", "organisations.csv": "organisations"}
    registers = [
        Input(kind, source, catalogue.hashes[source]) for source, kind in sources.items() if source in catalogue.hashes
    ]
    settings = request.settings.ledger if request.settings else LedgerSettings()
    decided = [
        [each.kind, each.subject, each.choice, each.reason]
        for kind in (MATCH, ORGANISATION)
        for each in recorded(request, kind)
    ]
    return tuple(
        sorted(
            (
                *files.values(),
                *registers,
                Input("settings", "ledger", _hash(repr(settings))),
                Input("decisions", "names and matches", _hash(json.dumps(decided, ensure_ascii=False))),
            )
        )
    )


def signed(request: Request, judged: Judged) -> dict[str, Any] | None:
    """How far the year is signed off, as the JSON tells it; None where no year is known."""
    if judged.period is None:
        return None
    inputs = inputs_of(request, judged)
    preparer, reviewer = _last(request, judged)
    if preparer is None:
        status = "unsigned"
    elif not _holds(preparer, inputs):
        status = "void"
    elif reviewer is None:
        status = "prepared"
    else:
        status = "reviewed" if _holds(reviewer, inputs) else "void"
    return {
        "period": _year(judged),
        "status": status,
        "hash": _hash_of(inputs),
        "preparer": _told(preparer, inputs),
        "reviewer": _told(reviewer, inputs),
        "changed": list(_changed(preparer, inputs)) if preparer else [],
        "inputs": [{"kind": each.kind, "name": each.name, "sha256": each.sha256} for each in inputs],
    }


def sign(request: Request, judged: Judged, result: Result, role: str) -> Result:
    """Keep a person's signature under what was judged.

    Raises:
        BadUsage: no workspace; nobody prepared it, or other inputs than these; or preparer and reviewer are one login.
        InputRefused: a file could not be read, so that nobody knows what would be signed.
        NothingToJudge: there is nothing to sign, or no verdict on it.
    """
    if any(file.refused for file in judged.files):
        raise InputRefused(
            "A file could not be read, so the year cannot be signed off.", "Ask for it again, or take it out."
        )
    if result.outcome is Outcome.INCOMPLETE or not judged.rows:
        raise NothingToJudge("There is no verdict that could be signed.", "See why with: sscbtool ledger")
    inputs = inputs_of(request, judged)
    preparer, _ = _last(request, judged)
    if role == REVIEWER:
        _may_review(request, preparer, inputs)
    by = f"{request.by} ({request.said_by})" if request.said_by else request.by
    bound = json.dumps([[each.kind, each.name, each.sha256] for each in inputs], ensure_ascii=False)
    decision = Decision(KIND, _year(judged), role, by, request.now, standing(result).text, bound_to=bound)
    record(request, decision, "signoff", result.catalogue, result.files)
    return Result("signoff", result.period, Outcome.CLEAN, extra={"signoff": signed(request, judged)})


def _may_review(request: Request, preparer: Decision | None, inputs: Iterable[Input]) -> None:
    if preparer is None:
        raise BadUsage("Nobody has prepared this year yet.", "Sign first with: sscbtool signoff --as preparer")
    if _login(preparer).casefold() == request.by.casefold():
        raise BadUsage(
            f"{request.by} prepared this year and cannot review it too.",
            "Somebody else must review it, by their login.",
        )
    if not _holds(preparer, inputs):
        what = ", ".join(each["name"] for each in _changed(preparer, inputs))
        raise BadUsage(
            f"These are not the inputs that the preparer signed: {what}.",
            "Give the same paths; if they changed, have it prepared again.",
        )


def _last(request: Request, judged: Judged) -> tuple[Decision | None, Decision | None]:
    """The last preparer's signature of the year, and the reviewer's that followed it."""
    preparer = reviewer = None
    for each in recorded(request, KIND):
        if each.subject != _year(judged):
            continue
        if each.choice == PREPARER:
            preparer, reviewer = each, None
        elif each.choice == REVIEWER:
            reviewer = each
    return preparer, reviewer


def _told(decision: Decision | None, inputs: tuple[Input, ...]) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {
        "by": decision.by,
        "at": decision.at.isoformat(timespec="seconds"),
        "stood": decision.reason,
        "hash": _hash_of(_bound(decision)),
        "holds": _holds(decision, inputs),
    }


def _holds(decision: Decision, inputs: Iterable[Input]) -> bool:
    """Whether what was signed is what there is, whatever the files are called."""
    return {(each.kind, each.sha256) for each in _bound(decision)} == {(each.kind, each.sha256) for each in inputs}


def _changed(decision: Decision, inputs: Iterable[Input]) -> Iterable[dict[str, str]]:
    """What is not as it was signed: by its name ``changed``, ``new`` or ``missing``."""
    then = {(each.kind, each.sha256): each for each in _bound(decision)}
    now = {(each.kind, each.sha256): each for each in inputs}
    gone = {(each.kind, each.name) for key, each in then.items() if key not in now}
    come = {(each.kind, each.name) for key, each in now.items() if key not in then}
    for kind, name in sorted(gone | come):
        both = (kind, name) in gone and (kind, name) in come
        yield {
            "kind": kind,
            "name": name,
            "change": "changed" if both else "missing" if (kind, name) in gone else "new",
        }


def _bound(decision: Decision) -> tuple[Input, ...]:
    return tuple(Input(*each) for each in json.loads(decision.bound_to or "[]"))


def _login(decision: Decision) -> str:
    return decision.by.split(" (", 1)[0]


def _year(judged: Judged) -> str:
    assert judged.period is not None
    return str(Period(judged.period.year))


def _hash_of(inputs: Iterable[Input]) -> str:
    """One hash for all of them, whatever the files are called."""
    return _hash(json.dumps(sorted((each.kind, each.sha256) for each in inputs)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
