"""Past runs, one run at length, whether the log is whole, and whether anything succeeded lately."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sscbtool.core.model import Outcome, Result
from sscbtool.edge.store import Run, Store
from sscbtool.errors import BadUsage, NothingToJudge
from sscbtool.workflow.receiving import Request


@dataclass(frozen=True)
class _Past:
    """The entries that one run of the program left: the files it landed, and what it came to."""

    entries: tuple[Run, ...]

    @property
    def last(self) -> Run:
        """The entry that ended it, or the last there is where it did not end."""
        return self.entries[-1]

    @property
    def landed(self) -> tuple[Run, ...]:
        """The entries of the files that it landed."""
        return tuple(each for each in self.entries if "sha256" in (each.landed or {}))

    @property
    def decision(self) -> dict[str, Any] | None:
        """What a person decided, where it was that."""
        return next(
            (each.landed["decision"] for each in self.entries if each.landed and "decision" in each.landed), None
        )

    @property
    def judged(self) -> bool:
        """Whether it came as far as a verdict."""
        return self.last.entry.outcome is not None and "findings" in self.last.entry.counts


def history(request: Request) -> Result:
    """Past runs; ``history RUN`` one of them; ``history verify [HEAD]`` whether the log is whole.

    Raises:
        BadUsage: there is no workspace, no such run, or a head too short to tell.
        NothingToJudge: nothing was ever logged.
    """
    settings = request.settings
    if settings is None:
        raise BadUsage("There is no workspace here, so there is no log.", "Make one with: sscbtool init")
    folder = settings.path(settings.store)
    verifying = request.paths[:1] == ("verify",)
    if len(request.paths) > (2 if verifying else 1):
        raise BadUsage("That is more than history takes.", "Say: history, history RUN, or history verify [HEAD].")
    if not folder.is_dir():
        if verifying and request.paths[1:]:
            return _verified(0, "0" * 64, request.paths[1], None, "there is no log: the store is not there")
        raise NothingToJudge("Nothing was ever logged here.", "The first run of ingest or check starts the log.")
    with Store.open(folder, file_mode=settings.file_mode, group=settings.group) as store:
        if verifying:
            return _verify(store, request)
        runs = store.runs()
        head = store.head()
    past = tuple(_runs(runs))
    if not past:
        raise NothingToJudge("Nothing was logged yet.", "The first run of ingest or check starts the log.")
    if request.paths:
        return Result(
            "history", None, Outcome.CLEAN, extra={"history": {"run": _at_length(_one(past, request.paths[0]))}}
        )
    outcome, remarks = (Outcome.CLEAN, ()) if request.max_age is None else _lately(past, request)
    told = {"head": head, "entries": len(runs), "runs": [_in_short(each) for each in reversed(past)]}
    return Result("history", None, outcome, extra={"history": told}, remarks=remarks)


def _runs(entries: Iterable[Run]) -> Iterator[_Past]:
    """Entries by run: those of one run follow each other and carry one and the same time."""
    for _, group in groupby(entries, key=lambda each: each.entry.at):
        own: list[Run] = []
        for each in group:
            own.append(each)
            if each.landed is not None and "decision" in each.landed:
                yield _Past(tuple(own))
                own = []
        if own:
            yield _Past(tuple(own))


def _one(past: Iterable[_Past], wanted: str) -> _Past:
    for each in past:
        for entry in each.entries:
            if wanted == str(entry.number) or (len(wanted) >= 6 and entry.hash.startswith(wanted.lower())):
                return each
    raise BadUsage(f"There is no run {wanted!r} in the log.", "See the list with: sscbtool history")


def _in_short(past: _Past) -> dict[str, Any]:
    entry = past.last.entry
    return {
        "run": past.last.number,
        "at": entry.at.isoformat(timespec="seconds"),
        "command": entry.command,
        "version": entry.version,
        "outcome": _outcome(past),
        "period": entry.period,
        "landed": len(past.landed),
        "counts": dict(entry.counts),
        "by": past.decision["by"] if past.decision else None,
        "reason": past.decision["reason"] if past.decision else None,
        "hash": past.last.hash,
    }


def _outcome(past: _Past) -> str | None:
    if past.last.entry.outcome is not None:
        return str(past.last.entry.outcome)
    return "recorded" if past.decision else "unfinished" if past.landed else None


def _at_length(past: _Past) -> dict[str, Any]:
    entry = past.last.entry
    landed = [each.landed for each in past.landed if each.landed]
    return {
        **_in_short(past),
        "previous": past.last.previous,
        "inputs": {path: sha for each in past.entries for path, sha in each.entry.inputs.items()},
        "schemas": {name: sha for each in past.entries for name, sha in each.entry.schemas.items()},
        "figures": dict(entry.figures),
        "refused": dict(entry.refused),
        "open_items": sorted(entry.open_items),
        "files_landed": [
            {"path": each["path"], "sha256": each["sha256"], "submissions": len(each["submissions"]),
             "rows": sum(one["rows"] for one in each["submissions"]), "superseded": len(each["supersedes"])}
            for each in landed
        ],
        "decision": past.decision,
    }  # fmt: skip


# --------------------------------------------------------------------------- verify


def _verify(store: Store, request: Request) -> Result:
    asked = request.paths[1] if request.paths[1:] else None
    check = store.verify(asked)
    if not check.entries and asked is None:
        raise NothingToJudge("Nothing was logged yet, so there is nothing to verify.", "Give the head that you know.")
    return _verified(check.entries, check.head, asked, check.broken_at, check.reason)


def _verified(entries: int, head: str, asked: str | None, broken_at: int | None, reason: str) -> Result:
    told = {
        "entries": entries,
        "head": head,
        "asked": asked,
        "whole": not reason,
        "broken_at": broken_at,
        "reason": reason or None,
    }
    outcome = Outcome.FINDINGS if reason else Outcome.CLEAN
    return Result("history verify", None, outcome, extra={"history": {"verify": told}})


# --------------------------------------------------------------------------- whether anything succeeded lately


def _lately(past: Iterable[_Past], request: Request) -> tuple[Outcome, tuple[str, ...]]:
    """Whether a run came as far as a verdict within the time allowed; only checks count where checks are run."""
    assert request.max_age is not None
    past = tuple(past)
    checks = [each for each in past if each.last.entry.command == "check"]
    succeeded = [each for each in checks or past if each.judged]
    allowed = _span(request.max_age)
    if not succeeded:
        return Outcome.INCOMPLETE, (f"No run ever succeeded, let alone in the last {allowed}.",)
    last = max(succeeded, key=lambda each: each.last.entry.at).last.entry
    age = request.now - last.at
    when = f"{last.command} of {last.at:%d/%m/%Y}"
    if age > request.max_age:
        return Outcome.INCOMPLETE, (
            f"No run succeeded in the last {allowed}: the latest was the {when}, {_span(age)} ago.",
        )
    return Outcome.CLEAN, (f"A run succeeded in the last {allowed}: the {when}.",)


def _span(age: dt.timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{hours // 24} days"
