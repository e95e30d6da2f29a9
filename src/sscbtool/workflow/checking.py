"""``check``: everything, with nobody watching. What is new lands, and the store as a whole is judged.

The order matters: a folder that is not there is said before anything is called late or mended, nothing is read that is
still being written, and the run is logged only when it is known what it came to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sscbtool import __version__
from sscbtool.core.changes import Changes, changes, item_keys
from sscbtool.core.due import DueReturn
from sscbtool.core.model import Catalogue, FileReport, Finding, Outcome, Result, Severity, Status
from sscbtool.core.recognise import folder_says
from sscbtool.core.standing import open_by_fund
from sscbtool.edge.catalogue import load_catalogue
from sscbtool.edge.settings import Settings
from sscbtool.edge.store import LogEntry, Run, Store
from sscbtool.edge.workspace import Settled, settled
from sscbtool.errors import BadUsage, InputRefused, NothingToJudge
from sscbtool.workflow import commands, tracking
from sscbtool.workflow.explaining import explanations
from sscbtool.workflow.naming import decided, register_with
from sscbtool.workflow.receiving import Request, asked_period, schemas_folder
from sscbtool.workflow.superseding import left_behind

COMMAND = "check"


def check(request: Request) -> Result:
    """Ingest what is new, validate, reconcile, say who is late, and log the run.

    Raises:
        BadUsage: there is no workspace.
        InputRefused: the returns folder is not there.
        NothingToJudge: nothing is expected, nothing lies in the folder and nothing is in the store.
        StoreBusy: another run is writing.
    """
    settings = request.settings
    if settings is None:
        raise BadUsage("There is no workspace here to check.", "Make one with: sscbtool init")
    asked, remarks = asked_period(request)
    word = (request.period or settings.period) if remarks else None
    request = replace(request, period=str(asked) if asked else None, base=settings.folder, paths=())
    if not request.dry_run:
        with _store(settings) as store, store.writing():
            pass  # who is to be turned away is told at once, and not after every file was read
    try:
        run = _Check(request, settings, word)
        result = run.result()
    except (InputRefused, NothingToJudge) as trouble:
        if not request.dry_run:
            outcome = Outcome.REFUSED if isinstance(trouble, InputRefused) else Outcome.INCOMPLETE
            period = str(asked) if asked else None
            _log(settings, LogEntry(COMMAND, request.now, __version__, outcome, period))
        raise
    result = replace(result, remarks=(*remarks, *result.remarks))
    if request.dry_run:
        return result
    entry = commands.log_entry(
        COMMAND, request, result, counts=_counts(run, result), open_items=_open_items(result, result.told["senders"])
    )
    result = replace(result, told={**result.told, "head": _log(settings, entry)})
    return replace(result, told={**result.told, "board": run.for_the_board(result)})


def _store(settings: Settings) -> Store:
    return Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group)


def _log(settings: Settings, entry: LogEntry) -> str:
    with _store(settings) as store, store.writing() as writer:
        return writer.log_run(entry)


class _Check:
    """One run, step by step."""

    def __init__(self, request: Request, settings: Settings, word: str | None) -> None:
        self.request = request
        self.settings = settings
        self.word = word
        self.catalogue: Catalogue = load_catalogue(schemas_folder(settings))
        self.folder = settings.path(settings.returns)
        self.stored_before = _landed_files(settings)
        self.found: Settled = settled(self.folder, settings.check.settle_seconds)
        if not self.found.files and not self.found.being_written and self.stored_before:
            raise InputRefused(
                f"The returns folder {self.folder} is empty, and {self.stored_before} files came from it before.",
                "If it is on a share, see whether that is mounted.",
            )
        self.board: Result | None = None
        """The board's report of what was judged, where there are published figures to report on."""
        self.received = self._received()
        self.judged = self._judged()
        # Where a word such as last-quarter is the period, what is long overdue must not drop out of sight.
        period, words = asked_period(request)
        self.due: tuple[DueReturn, ...] = tracking.due_returns(
            request,
            self.catalogue,
            None if word or words else period,
            self.received.files if request.dry_run else (),
        )
        if not self.due and not self.received.files and not self.found.being_written:
            raise NothingToJudge(
                f"There is no spreadsheet in {self.folder} and nothing is expected, so nothing was checked.",
                "Put the returns there, and name those that are due in sscbtool.toml under [[expected]].",
            )

    def _received(self) -> Result:
        """What lies in the folder, landed unless nothing may be changed."""
        if not self.found.files:
            return Result("ingest", self.request.period, Outcome.INCOMPLETE, catalogue=self.catalogue)
        return commands.ingest(replace(self.request, paths=self.found.files, in_place=True))

    def _judged(self) -> Result:
        """The store held against schemas and published figures; in a dry run the folder alone."""
        if self.request.dry_run:
            asked = replace(self.request, paths=self.found.files)
            if not self.found.files:
                return self.received
        else:
            asked = replace(self.request, paths=(), stored=True)
        try:
            held, self.board = commands.reconciled_and_reported(asked)
            # A closing shows faults of its own.
            return replace(held, findings=self.board.findings)
        except NothingToJudge as nothing:
            told = nothing.message
        with suppress(NothingToJudge):
            # Without a register of published figures for the period there is still everything else to judge.
            return replace(commands.validate(asked), remarks=(told,))
        return Result("validate", self.request.period, Outcome.INCOMPLETE, remarks=(told,), catalogue=self.catalogue)

    def result(self) -> Result:
        """What the run came to."""
        files = self.received.files
        findings = explanations(self.request).findings(self._findings())
        judged = self.judged
        missing = [each for each in self.due if each.missing]
        put_off = [self._name(path) for path in self.found.being_written]
        told: dict[str, Any] = {
            "dry_run": self.request.dry_run,
            "period_asked": self.word,
            "put_off": put_off,
            "open_elsewhere": [self._name(path) for path in self.found.open_elsewhere],
            "missing": [
                {"return": each.return_name, "partner": each.partner, "period": each.period,
                 "due": each.due and each.due.isoformat(), "refused": list(each.refused)}
                for each in missing
            ],
        }  # fmt: skip
        ledgers = open_by_fund(self.board) if self.board else []
        if ledgers:
            told["ledgers"] = ledgers
        result = Result(
            COMMAND,
            judged.period or self.request.period,
            Outcome.CLEAN,
            files,
            judged.totals,
            findings,
            judged.figures,
            extra={COMMAND: told, **judged.extra},
            remarks=(*self._remarks(), *judged.remarks),
            catalogue=self.catalogue,
        )
        incomplete = bool(missing or put_off) or judged.outcome is Outcome.INCOMPLETE
        unsettled = judged.outcome is Outcome.FINDINGS or any(result.open_findings) or bool(ledgers)
        outcome = (
            Outcome.REFUSED
            if any(file.refused for file in files)
            else Outcome.INCOMPLETE
            if incomplete
            else Outcome.FINDINGS
            if unsettled
            else Outcome.CLEAN
        )
        result = replace(result, outcome=outcome)
        return replace(result, told=self._told(result))

    def _findings(self) -> tuple[Finding, ...]:
        """About what the store holds, at the places where its files lie now, and about what did not land."""
        now_at = self._moved()
        landed = {each["path"] for each in self.received.extra.get("ingest", {}).get("landed", ())}
        stored = tuple(
            replace(each, place=replace(each.place, file=now_at.get(each.place.file or "", each.place.file)))
            for each in self.judged.findings
        )
        if self.request.dry_run:
            return stored
        left = left_behind(self.request, self.catalogue, [self._name(path) for path in self.found.being_written])
        return (*stored, *(each for each in self.received.findings if each.place.file not in landed), *left)

    def _moved(self) -> dict[str, str]:
        """Path under which a file landed -> path at which the same bytes lie now."""
        if self.request.dry_run:
            return {}
        by_hash = {file.sha256: file.path for file in reversed(self.received.files) if file.sha256}
        with _store(self.settings) as store:
            stored = store.submissions(current_only=False)
        return {each.path: by_hash[each.sha256] for each in stored if each.sha256 in by_hash}

    def _remarks(self) -> Iterator[str]:
        for path in self.found.being_written:
            yield f"{self._name(path)} is still being written; it is left for the next run."
        for path in self.found.open_elsewhere:
            yield f"{self._name(path)} is open in a spreadsheet program; what was last saved is read."
        if self.found.passed_over:
            yield f"Passed over, being no spreadsheets: {len(self.found.passed_over)} files."

    def _name(self, path: str) -> str:
        base = self.settings.folder
        return Path(path).relative_to(base).as_posix() if Path(path).is_relative_to(base) else path

    def for_the_board(self, result: Result) -> Result | None:
        """The board's report with all that this run came to: what was refused, is late and changed."""
        if self.board is None:
            return None
        refused = tuple(file for file in self.received.files if file.refused)
        told = {**self.board.told, **result.told, "refused": refused}
        return replace(self.board, outcome=result.outcome, findings=result.findings, told=told)

    def _told(self, result: Result) -> dict[str, Any]:
        """What a reader is shown besides: what changed, whose file is whose, and how late what is missing is."""
        before = _last_judged(self.settings)
        senders = dict(self._senders(result.files))
        now = _open_items(result, senders)
        new = [each for each in self.received.extra.get("ingest", {}).get("landed", ()) if each["new"]]
        return {
            "changes": changes(now, before.entry.open_items if before else None, result.period),
            "since": before.entry.at.date().isoformat() if before else None,
            "senders": senders,
            "landed": len(new),
            "due": [tracking.as_plain(each) for each in self.due],
            "chase": list(tracking.chase(self.due)),
        }

    def _senders(self, files: Iterable[FileReport]) -> Iterator[tuple[str, str]]:
        """Whose each file is: as it was recognised, else by its folder."""
        if not self.request.dry_run:
            with _store(self.settings) as store:
                yield from ((each.path, each.partner) for each in store.submissions() if each.partner)
        register = register_with(self.catalogue.organisations, decided(self.settings))
        for file in files:
            _, by_folder = folder_says(Path(file.path).parts, register)
            sender = next((table.partner for table in file.tables if table.partner), by_folder)
            if sender:
                yield file.path, sender


def _landed_files(settings: Settings) -> int:
    """How many files the store knows."""
    if not settings.path(settings.store).is_dir():
        return 0
    with _store(settings) as store:
        return len({each.sha256 for each in store.submissions(current_only=False)})


def _last_judged(settings: Settings) -> Run | None:
    """The last check that came as far as a verdict."""
    if not settings.path(settings.store).is_dir():
        return None
    with _store(settings) as store:
        runs = [run for run in store.runs() if run.entry.command == COMMAND and "findings" in run.entry.counts]
    return runs[-1] if runs else None


def _open_items(result: Result, senders: Mapping[str, str]) -> dict[str, str]:
    """Each thing that somebody has to see to -> the partner whose it is, or nothing."""
    items = {
        key: senders.get(finding.place.file or "", "")
        for key, finding in zip(item_keys(result.findings, senders), result.findings, strict=True)
        if finding.severity is not Severity.WARNING and not finding.explained
    }
    year = (result.period or "")[:7]
    for figure in result.figures:
        if figure.status in _BREAKS and not figure.explained:
            items[f"{year} {figure.figure.figure_id}"] = ""
    return items


_BREAKS = frozenset({Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE})


def _counts(run: _Check, result: Result) -> dict[str, int]:
    by_severity = Counter("explained" if f.explained else f.severity.value for f in result.findings)
    made: Changes = result.told["changes"]
    return {
        "errors": by_severity["error"],
        "queries": by_severity["query"],
        "warnings": by_severity["warning"],
        "explained": by_severity["explained"],
        "breaks": sum(f.status in _BREAKS and not f.explained for f in result.figures),
        "refused": sum(file.refused for file in result.files),
        "late": sum(each.missing for each in run.due),
        "put_off": len(run.found.being_written),
        "landed": int(result.told["landed"]),
        "new": len(made.new),
        "still_open": len(made.still_open),
        "mended": len(made.mended),
    }
