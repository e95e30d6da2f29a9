"""Who has sent what: what the settings expect, held against what the store holds and what persons said of it."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sscbtool.core import wording
from sscbtool.core.due import Arrival, DueReturn, Expectation, Said, Sent, Slot, Standing, standings
from sscbtool.core.model import Catalogue, FileReport, Finding, Outcome, Result, Submission
from sscbtool.core.organisations import Register
from sscbtool.core.recognise import folder_says
from sscbtool.core.values import Period, parse_date
from sscbtool.edge.catalogue import load_catalogue
from sscbtool.edge.settings import SETTINGS, Settings
from sscbtool.edge.store import Decision, Store, StoredSubmission
from sscbtool.errors import BadConfiguration, BadUsage, NothingToJudge
from sscbtool.workflow.explaining import record, recorded
from sscbtool.workflow.naming import decided, register_with
from sscbtool.workflow.receiving import Request, asked_period, schemas_folder

NIL, EXTENSION = "nil", "extension"
"""The kinds of what a person says of a due return."""
_WITHDRAWN = "withdraw"


def status(request: Request) -> Result:
    """Who has sent what, who is late and whom to chase; or a person's word that a return is nil or may come later.

    Raises:
        BadUsage: there is no workspace, or the words are none of ours.
        BadConfiguration: the settings expect what no schema or register knows.
        NothingToJudge: nothing is expected and nothing was received.
    """
    if request.settings is None:
        raise BadUsage("There is no workspace here, so nothing is expected.", "Make one with: sscbtool init")
    words = request.paths
    if words[:1] in ((NIL,), ("extend",)):
        return _say(request, words[0], words[1:])
    if words:
        raise BadUsage(
            f"{words[0]!r} is nothing that status does.",
            "Say: status, status nil PARTNER RETURN, or status extend PARTNER RETURN DATE.",
        )
    catalogue = load_catalogue(schemas_folder(request.settings))
    period, remarks = asked_period(request)
    within = None if remarks and not request.period else period
    due = due_returns(request, catalogue, within)
    if not due:
        raise NothingToJudge(
            "Nothing is expected, and the store holds nothing.",
            f"Say in {SETTINGS} which returns are expected, under [[expected]].",
        )
    if not request.settings.expected:
        remarks = (*remarks, f"{SETTINGS} expects no returns, so none can be late: name them under [[expected]].")
    verdict = Outcome.INCOMPLETE if any(each.missing for each in due) else Outcome.CLEAN
    told = {
        "today": request.today.isoformat(),
        "returns": [as_plain(each) for each in due],
        "chase": list(chase(due)),
    }
    return Result(
        "status", str(period) if period else None, verdict, extra={"status": told}, remarks=remarks, catalogue=catalogue
    )


def due_returns(
    request: Request, catalogue: Catalogue, within: Period | None, lying_there: Iterable[FileReport] = ()
) -> tuple[DueReturn, ...]:
    """Every return that the settings expect or that came, and how it stands today.

    ``lying_there`` are files that were read and not stored, as in a dry run.
    """
    settings = request.settings
    assert settings is not None
    register = register_with(catalogue.organisations, decided(settings))
    expected = tuple(_named(settings.expected, catalogue, register))
    sent = _sent(request, settings, register, expected)
    here = tuple(
        Arrival(table.return_name, table.partner, frozenset({table.period, table.period[:7]}), file.path, request.today)
        for file in lying_there
        for table in file.tables
        if table.return_name and table.partner and table.period and len(table.table.data_rows)
    )
    return standings(expected, replace(sent, arrivals=(*sent.arrivals, *here)), request.today, within)


def as_plain(each: DueReturn) -> dict[str, Any]:
    """One due return as the JSON tells it."""
    return {
        "return": each.return_name,
        "partner": each.partner,
        "period": each.period,
        "due": each.due and each.due.isoformat(),
        "extended": each.extended,
        "state": str(each.standing),
        "days_late": each.days_late,
        "received_on": each.received_on and each.received_on.isoformat(),
        "files": list(each.files),
        "superseded": each.superseded,
        "refused": list(each.refused),
        "by": each.said.by if each.said else None,
        "reason": each.said.reason if each.said else None,
    }


def chase(due: Iterable[DueReturn]) -> Iterator[dict[str, Any]]:
    """Whom to ask, and for what: the partner that is the most days late first."""
    missing: defaultdict[str, list[DueReturn]] = defaultdict(list)
    for each in due:
        if each.missing:
            missing[each.partner].append(each)
    for partner, own in sorted(missing.items(), key=lambda item: (-max(d.days_late for d in item[1]), item[0])):
        yield {
            "partner": partner,
            "days_late": max(each.days_late for each in own),
            "returns": [{"return": each.return_name, "period": each.period} for each in own],
            "refused": sorted({path for each in own for path in each.refused}),
        }


# --------------------------------------------------------------------------- what is expected


def _named(expected: Iterable[Expectation], catalogue: Catalogue, register: Register) -> Iterator[Expectation]:
    """The expectations, each partner by its code; the return's usual sender where none is named."""
    for each in expected:
        schema = catalogue.returns.get(each.return_name)
        if schema is None:
            known = ", ".join(catalogue.returns)
            raise _unusable(f"there is no return {each.return_name!r}", f"Known returns are {known}.")
        named = each.partner or schema.sender
        if named is None:
            raise _unusable(f"{each.return_name} has no usual sender", "Name the partner that it is expected from.")
        known_as = register.resolve(named)
        if known_as is None:
            raise _unusable(
                f"there is no partner {named!r} in the organisations register", "Use its code, name or alias."
            )
        yield replace(each, partner=known_as.code)


def _unusable(what: str, hint: str) -> BadConfiguration:
    return BadConfiguration(f"The file {SETTINGS} cannot be used: expected: {what}.", hint)


# --------------------------------------------------------------------------- what came, and what was said


def _sent(request: Request, settings: Settings, register: Register, expected: Iterable[Expectation]) -> Sent:
    folder = settings.path(settings.store)
    if not folder.is_dir():
        return Sent()
    by_quarter = {(each.return_name, each.partner) for each in expected if each.every == "quarter"}
    with Store.open(folder, file_mode=settings.file_mode, group=settings.group) as store:
        stored = store.submissions(current_only=False)
        current = [each for each in stored if each.superseded_by is None]
        landed: dict[str, dt.date] = {}
        refused: Mapping[str, str] = {}
        for run in store.runs():
            day = run.entry.at.astimezone().date()
            for each in (run.landed or {}).get("submissions", ()):
                landed.setdefault(each["id"], day)
            if run.entry.outcome is not None and run.entry.command in ("check", "ingest"):
                refused = run.entry.refused
        without_rows = {
            (each.place.file, each.place.sheet, each.place.row)
            for each in store.findings(each.id for each in current)
            if each.code == wording.NO_ROWS[0]
        }
        arrivals = tuple(
            Arrival(
                each.return_name,
                each.partner,
                _periods(store, each, quarters=(each.return_name, each.partner) in by_quarter),
                each.path,
                landed.get(each.id),
                nil=not each.rows,
            )
            for each in current
            if each.partner and each.period and (each.path, each.sheet, each.area.top) not in without_rows
        )
    superseded = Counter(
        (each.return_name, each.partner, each.period)
        for each in stored
        if each.superseded_by and each.partner and each.period
    )
    return Sent(
        arrivals,
        {(name, str(partner), str(period)): count for (name, partner, period), count in superseded.items()},
        _refused(settings, refused, register),
        nils=said_of(request, NIL),
        extensions=said_of(request, EXTENSION),
    )


def _periods(store: Store, stored: StoredSubmission, *, quarters: bool) -> frozenset[str]:
    """The period that a submission is for; where quarters are expected, also each that it holds rows of."""
    own = {str(stored.period)}
    if quarters:
        own |= {quarter for quarter in store.load(stored).quarters if quarter}
    return frozenset({*own, *(period[:7] for period in own)})


def _refused(
    settings: Settings, refused: Mapping[str, str], register: Register
) -> dict[tuple[str, str | None], tuple[str, ...]]:
    """The files that the last run could not read and that still lie there, by the partner and year of their folder."""
    by_sender: defaultdict[tuple[str, str | None], list[str]] = defaultdict(list)
    for path in sorted(refused):
        if not (settings.folder / path).exists():
            continue
        period, partner = folder_says(Path(path).parts, register)
        if partner:
            by_sender[(partner, str(Period(period.year)) if period else None)].append(path)
    return {sender: tuple(paths) for sender, paths in by_sender.items()}


def said_of(request: Request, kind: str) -> dict[Slot, Said]:
    """What persons said of due returns; the last word on each stands, and a withdrawn one is gone."""
    said: dict[Slot, Said] = {}
    for each in recorded(request, kind):
        return_name, *partner, period = each.subject.split("/")
        slot = (return_name, "/".join(partner), period)
        if each.choice == _WITHDRAWN:
            said.pop(slot, None)
        else:
            until = dt.date.fromisoformat(each.choice) if kind == EXTENSION else None
            said[slot] = Said(each.by, each.reason, until)
    return said


def nil_submissions(request: Request, submissions: Iterable[Submission]) -> frozenset[tuple[str, str | None, int]]:
    """Path, sheet and first row of each submission of which somebody recorded that it is a nil return."""
    nils = said_of(request, NIL)
    return frozenset(
        (each.path, each.sheet, each.area.top)
        for each in submissions
        if (each.return_name, each.partner, each.period) in nils
    )


def without_nil(findings: Iterable[Finding], nil: frozenset[tuple[str, str | None, int]]) -> tuple[Finding, ...]:
    """The findings, but for "no rows" where a person recorded that there is nothing to send."""
    return tuple(
        each
        for each in findings
        if not (
            each.code == wording.NO_ROWS[0] and (each.place.file or "", each.place.sheet, each.place.row or 0) in nil
        )
    )


# --------------------------------------------------------------------------- a person's word


def _say(request: Request, verb: str, words: tuple[str, ...]) -> Result:
    wanted = "PARTNER RETURN" if verb == NIL else "PARTNER RETURN DATE"
    if len(words) != len(wanted.split()):
        raise BadUsage(f"It is not said what to {verb}.", f"Say: sscbtool status {verb} {wanted}")
    catalogue = load_catalogue(schemas_folder(request.settings))
    settings = request.settings
    register = register_with(catalogue.organisations, decided(settings))
    organisation = register.resolve(words[0])
    if organisation is None:
        raise BadUsage(f"There is no partner {words[0]!r} in the organisations register.", "Use its code or name.")
    if words[1] not in catalogue.returns:
        raise BadUsage(f"There is no return {words[1]!r}.", f"Known returns are {', '.join(catalogue.returns)}.")
    slot = _slot(request, catalogue, organisation.code, words[1])
    reason = (request.reason or "").strip()
    if not reason and (verb == NIL or request.withdraw):
        reason = "withdrawn" if request.withdraw else "there is nothing to send"
    if not reason:
        raise BadUsage("It is not said why.", 'Say it with --reason "...".')
    choice, kind = NIL, NIL
    if verb != NIL:
        choice, kind = _later_day(words[2]), EXTENSION
    if request.withdraw:
        choice = _WITHDRAWN
    by = f"{request.by} ({request.said_by})" if request.said_by else request.by
    decision = Decision(kind, "/".join(slot), choice, by, request.now, reason)
    record(request, decision, f"status {verb}", catalogue)
    told = {"return": slot[0], "partner": slot[1], "period": slot[2], "by": by, "reason": reason,
            "until": choice if kind == EXTENSION else None, "withdrawn": request.withdraw}  # fmt: skip
    return Result(f"status {verb}", slot[2], Outcome.CLEAN, extra={"status": told}, catalogue=catalogue)


def _slot(request: Request, catalogue: Catalogue, partner: str, return_name: str) -> Slot:
    """The due return that is meant: of the period asked for, else the one that is open."""
    period, _ = asked_period(request)
    due = [
        each
        for each in due_returns(request, catalogue, period)
        if (each.return_name, each.partner) == (return_name, partner)
    ]
    if period is not None:
        exact = [each for each in due if each.period == str(period)]
        if exact or not due:
            return return_name, partner, str(period)
    open_now = [each for each in due if each.standing in (Standing.LATE, Standing.AWAITED)]
    late = [each for each in open_now if each.missing]
    for some in (late, open_now, due):
        if len({each.period for each in some}) == 1:
            return return_name, partner, some[0].period
    periods = ", ".join(dict.fromkeys(each.period for each in due))
    hint = f"Say which with --period, out of {periods}." if due else "Say it with --period 2018-19."
    raise BadUsage("It is not said for which period.", hint)


def _later_day(text: str) -> str:
    day = parse_date(text)
    if not isinstance(day, dt.date):
        raise BadUsage(f"{text!r} is not a day.", "Write it as 31/05/2019 or 2019-05-31.")
    return day.isoformat()
