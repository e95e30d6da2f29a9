"""Care of the store: what it holds, a backup and back again, whether it is whole, and forgetting for good."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sscbtool import __version__
from sscbtool.core.model import Outcome, Result
from sscbtool.edge.settings import Settings
from sscbtool.edge.store import LogEntry, Store
from sscbtool.errors import BadUsage, NothingToJudge
from sscbtool.workflow.receiving import Request, asked_period
from sscbtool.workflow.superseding import named


def store_list(request: Request) -> Result:
    """Every version that the store holds, by the name that ``diff`` and ``store forget`` take."""
    period, _ = asked_period(request) if request.period else (None, ())
    with _store(_settings(request)) as store:
        found = store.submissions(
            period=str(period) if period else None,
            return_name=request.return_name,
            partner=request.partner,
            current_only=False,
        )
    rows = [
        {"version": each.id[:8], "return": each.return_name, "partner": each.partner, "period": each.period,
         "rows": each.rows, "superseded_by": each.superseded_by and each.superseded_by[:8], "final": each.final,
         "file": each.path, "sha256": each.sha256}
        for each in found
    ]  # fmt: skip
    return _result("list", rows)


def store_backup(request: Request) -> Result:
    """One file that holds the whole store."""
    settings = _settings(request)
    (asked,) = request.paths
    target = Path(asked)
    if target.is_dir():
        target /= f"{settings.folder.resolve().name or 'board'}-store-{request.now:%Y-%m-%d-%H%M%S}.tar"
    if target.exists():
        raise BadUsage(f"There is a file {target} already.", "Choose another name: a backup never replaces one.")
    with _store(settings) as store:
        submissions, head = store.backup(target), store.head()
    return _result("backup", {"file": str(target), "submissions": submissions, "head": head})


def store_restore(request: Request) -> Result:
    """A backup in the place of all that the store holds; what it held is backed up beside it first."""
    settings = _settings(request, must_exist=False)
    (asked,) = request.paths
    folder = settings.path(settings.store)
    stamp = f"{request.now:%Y-%m-%d-%H%M%S}"
    damaged = folder.with_name(f"{folder.name}-damaged-{stamp}")
    kept = None
    with Store.open_anew(folder, damaged, file_mode=settings.file_mode, group=settings.group) as store:
        if damaged.exists():
            kept = damaged
        elif store.runs():
            kept = folder.with_name(f"{folder.name}-before-restore-{stamp}.tar")
            store.backup(kept)
        submissions = store.restore(Path(asked), LogEntry("store restore", request.now, __version__))
        head = store.head()
    told = {"file": asked, "submissions": submissions, "head": head, "kept": str(kept) if kept else None}
    return _result("restore", told)


def store_verify(request: Request) -> Result:
    """Whether the catalogue, every file of rows and the log are as they were written."""
    with _store(_settings(request)) as store:
        chain = store.verify()
        damages = [{"what": each.what, "file": each.file} for each in store.damages()]
        if not chain.whole:
            damages.append({"what": f"the log: {chain.reason}", "file": None})
        told = {
            "submissions": len(store.submissions(current_only=False)),
            "entries": chain.entries,
            "head": store.head(),
            "orphans": list(store.orphans()),
            "damages": damages,
        }
    return _result("verify", told, Outcome.FINDINGS if damages else Outcome.CLEAN)


def store_forget(request: Request) -> Result:
    """Erase a version, or all that came in one file: rows, findings, free pages; the log's entries stay."""
    settings = _settings(request)
    (asked,) = request.paths
    with _store(settings) as store, store.writing() as writer:
        chosen = named(store.submissions(current_only=False), asked)
        entry = LogEntry("store forget", request.now, __version__, inputs={e.path: e.sha256 for e in chosen})
        clean = writer.forget([each.id for each in chosen], entry)
    files = sorted({each.path for each in chosen})
    told = {"forgotten": [each.id for each in chosen], "rows": sum(each.rows for each in chosen), "files": files}
    remarks = [
        "Backups made before still hold it: remove or renew them.",
        *_still_there(settings, files),
        *(() if clean else ("A reader had the store open: run `sscbtool store verify` and forget again later.",)),
    ]
    return _result("forget", told, remarks=remarks)


def _still_there(settings: Settings, files: Iterable[str]) -> Iterable[str]:
    for path in files:
        if (settings.folder / path).exists():
            yield f"The file {path} itself still lies there, and lands again at the next ingest unless it is removed."


def _settings(request: Request, *, must_exist: bool = True) -> Settings:
    settings = request.settings
    if settings is None:
        raise BadUsage("There is no workspace here, and so no store.", "Make one with: sscbtool init")
    if must_exist and not settings.path(settings.store).is_dir():
        raise NothingToJudge("There is no store yet.", "Land the returns with: sscbtool ingest")
    return settings


def _store(settings: Settings) -> Store:
    return Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group)


def _result(part: str, told: Any, outcome: Outcome = Outcome.CLEAN, remarks: Iterable[str] = ()) -> Result:
    return Result(f"store {part}", None, outcome, extra={"store": {part: told}}, remarks=tuple(remarks))
