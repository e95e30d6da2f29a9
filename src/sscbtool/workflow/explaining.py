"""Reasons that a person gave for a query or a break: recorded, and counted as long as they hold.

A reason holds until its last day, and only while what it explains stays as it was: when an amount moves or the day is
over, the item is open again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sscbtool import __version__
from sscbtool.core.identity import finding_ids
from sscbtool.core.ledger import SETTLED
from sscbtool.core.model import Catalogue, FigureResult, FileReport, Finding, Outcome, Result, Severity
from sscbtool.edge.settings import Settings
from sscbtool.edge.store import Decision, LogEntry, Store
from sscbtool.errors import BadUsage
from sscbtool.workflow.receiving import Request

KIND = "explanation"


@dataclass(frozen=True)
class Explanations:
    """The reasons that hold today, by the id of what they explain."""

    given: Mapping[str, Decision] = field(default_factory=dict)

    def of(self, identity: str, state: str | None) -> Decision | None:
        """The reason for an item, if there is one and the item is as it was when it was given."""
        found = self.given.get(identity)
        return found if found and found.bound_to in (None, state) else None

    def findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, with the queries that a reason explains marked so."""
        findings = tuple(findings)
        if not self.given:
            return findings
        return tuple(
            replace(each, explained=True)
            if each.severity is Severity.QUERY and self.of(identity, state_of_finding(each))
            else each
            for identity, each in zip(finding_ids(findings), findings, strict=True)
        )

    def reasons(self, found: Result) -> Iterator[Mapping[str, Any]]:
        """The reasons that stand for findings and figures of a result, by the id of what they explain."""
        about = {each.figure.figure_id: each.figure.statement for each in found.figures if each.explained}
        about |= {
            identity: finding.message
            for identity, finding in zip(finding_ids(found.findings), found.findings, strict=True)
            if finding.explained
        }
        for identity, what in sorted(about.items()):
            decision = self.given[identity]
            yield {
                "id": identity,
                "about": what,
                "reason": decision.reason,
                "by": decision.by,
                "until": decision.until.isoformat() if decision.until else None,
            }

    def figures(self, figures: Iterable[FigureResult]) -> tuple[FigureResult, ...]:
        """The figures, with those that a reason explains marked so."""
        return tuple(
            replace(each, explained=True) if self.of(each.figure.figure_id, state_of_figure(each)) else each
            for each in figures
        )


def state_of_finding(finding: Finding) -> str:
    """What must not change for a finding to stay explained: the sentence, which holds its amounts."""
    return finding.message


def state_of_figure(result: FigureResult) -> str:
    """What must not change for a figure to stay explained."""
    return f"{result.published} {result.evidenced}"


def recorded(request: Request, kind: str) -> tuple[Decision, ...]:
    """What the workspace's store keeps of one kind of decision, in the order in which it was made."""
    settings = request.settings
    if settings is None or not settings.path(settings.store).is_dir():
        return ()
    with _store(settings) as store:
        return store.decisions(kind)


def explanations(request: Request) -> Explanations:
    """The reasons that hold today; of several for one item the last."""
    last = {each.subject: each for each in recorded(request, KIND)}
    return Explanations({k: each for k, each in last.items() if each.until is None or each.until >= request.today})


def record(
    request: Request, decision: Decision, command: str, catalogue: Catalogue | None, files: Iterable[FileReport] = ()
) -> None:
    """Keep a decision, and log by their hashes what it rested on: ``files``, schemas and registers of figures.

    Raises:
        BadUsage: there is no workspace to keep it in.
    """
    if request.settings is None:
        raise BadUsage("There is no workspace here to record a decision in.", "Make one with: sscbtool init")
    with _store(request.settings) as store, store.writing() as writer:
        writer.decide(decision, entry_of(request, command, catalogue, files))


def entry_of(request: Request, command: str, catalogue: Catalogue | None, files: Iterable[FileReport] = ()) -> LogEntry:
    """What the run log keeps of a decision."""
    hashes = catalogue.hashes if catalogue else {}
    return LogEntry(
        command,
        request.now,
        __version__,
        inputs={file.path: file.sha256 for file in files if file.sha256},
        schemas={name: digest for name, digest in hashes.items() if not name.startswith("figures/")},
        figures={name: digest for name, digest in hashes.items() if name.startswith("figures/")},
    )


def _store(settings: Settings) -> Store:
    return Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group)


def explain(request: Request, identity: str, found: Result) -> Result:
    """Keep a reason for an item of ``found``.

    Raises:
        BadUsage: no such item, an error (which must be mended), no reason, or a last day that is over.
    """
    if not (request.reason or "").strip():
        raise BadUsage("It is not said why.", 'Say it with --reason "...".')
    if request.until and request.until < request.today:
        raise BadUsage(f"The day {request.until:%d/%m/%Y} is over.", "Give a later one with --until.")
    state = state_of(found, identity)
    by = f"{request.by} ({request.said_by})" if request.said_by else request.by
    reason = (request.reason or "").strip()
    decision = Decision(KIND, identity, "explain", by, request.now, reason, request.until, bound_to=state)
    record(request, decision, "explain", found.catalogue, found.files)
    told = {"id": identity, "reason": reason, "by": by, "until": request.until and request.until.isoformat()}
    return Result("explain", found.period, Outcome.CLEAN, extra={"explain": told})


def state_of(found: Result, identity: str) -> str:
    """What the item is bound to.

    Raises:
        BadUsage: no such item, or an error.
    """
    closing: Mapping[str, Any] = found.extra.get("ledger") or {}
    for line in (*closing.get("lines", ()), *closing.get("unmatched", ())):
        if line["id"] == identity:
            if "difference" in line and line["class"] in SETTLED:
                raise BadUsage(f"{identity} is settled: there is nothing to explain.", "Check the id.")
            return str(line.get("difference", line.get("amount")))
    for figure in found.figures:
        if figure.figure.figure_id == identity:
            return state_of_figure(figure)
    for known, finding in zip(finding_ids(found.findings), found.findings, strict=True):
        if known == identity:
            if finding.severity is Severity.ERROR:
                raise BadUsage(f"{identity} is an error: it must be mended and cannot be explained.", finding.fix)
            return state_of_finding(finding)
    raise BadUsage(f"There is no query, figure or break {identity!r} here.", "Give the paths that showed it.")
