"""``diff OLD NEW``: what a resubmission changed, by key and cell, what it does to the figures, and what it mended."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sscbtool.core.model import (
    Catalogue,
    ColumnKind,
    ColumnSpec,
    FigureResult,
    Finding,
    Outcome,
    Place,
    Result,
    ReturnSchema,
    Severity,
    Submission,
)
from sscbtool.core.organisations import Register
from sscbtool.core.pseudonym import pseudonymised
from sscbtool.core.rows import Rows, gather
from sscbtool.core.standing import BREAKS
from sscbtool.core.values import Period, parse_period
from sscbtool.core.versions import (
    Change,
    FindingChanges,
    ReturnChanges,
    RowChange,
    compare_findings,
    compare_rows,
)
from sscbtool.edge.catalogue import load_catalogue
from sscbtool.edge.settings import Settings
from sscbtool.edge.store import Store
from sscbtool.errors import BadUsage
from sscbtool.workflow import judging
from sscbtool.workflow.explaining import explanations
from sscbtool.workflow.naming import decided, named_by, register_with
from sscbtool.workflow.receiving import Received, Request, asked_period, receive, schemas_folder
from sscbtool.workflow.superseding import named


@dataclass(frozen=True, eq=False)
class Version:
    """One side of a comparison: a file as it lies there, or what the store holds."""

    asked: str
    received: Received
    stored: frozenset[str] = frozenset()
    """Ids in the store; none for a file."""

    @property
    def paths(self) -> frozenset[str]:
        """The files it came in."""
        return frozenset(each.path for each in self.received.submissions) | {f.path for f in self.received.files}

    @property
    def hashes(self) -> frozenset[str]:
        """What these files hold."""
        return frozenset(each.sha256 for each in self.received.submissions)


def diff(request: Request) -> Result:
    """What NEW changed against OLD.

    Raises:
        BadUsage: not two versions, or a name that leads to none or to several.
    """
    if len(request.paths) != 2:
        raise BadUsage("It takes two versions to compare.", "Say: sscbtool diff OLD NEW")
    catalogue = load_catalogue(schemas_folder(request.settings))
    old = _version(request, request.paths[0], catalogue)
    period = old.received.period or _year_of(old)
    # A resubmission that does not say its year is of the year that it is held against.
    new = _version(replace(request, period=str(period) if period else None), request.paths[1], catalogue)
    period = period or _year_of(new)
    sides = old, new
    others, key = _beside(request.settings, sides)
    judged = tuple(_judged(request, each, others, period) for each in sides)
    hidden = tuple(_without_people(each, catalogue, key) for each in sides)
    rows = tuple(gather(catalogue.returns, each) for each in hidden)
    changes = tuple(
        compare_rows(schema, *(each.get(name) or Rows(schema, ()) for each in rows))
        for name, schema in catalogue.returns.items()
        if any(name in each for each in rows)
    )
    paired = {spot: other for each in changes for spot, other in each.paired.items()}
    found = compare_findings(judged[0], judged[1], paired)
    figures = tuple(_figures(request, catalogue, period, others, hidden, {each.return_name for each in changes}))
    told = {
        "old": _side(old),
        "new": _side(new),
        "restates_final": any(each.final for each in old.received.submissions) and _differ(changes),
        "returns": [_return(each) for each in changes],
        "rows": [_row(each, row, catalogue, new.received.register) for each in changes for row in each.changes],
        "figures": [_figure(before, after) for before, after in figures],
        "findings": _findings(found),
    }
    outcome = _outcome(sides, judged[1], changes, figures)
    files = {file.path: file for each in sides for file in each.received.files}
    return Result(
        "diff",
        str(period) if period else None,
        outcome,
        tuple(files.values()),
        findings=judged[1],
        extra={"diff": told},
        remarks=tuple(dict.fromkeys(remark for each in sides for remark in each.received.remarks)),
        catalogue=catalogue,
    )


def _year_of(version: Version) -> Period | None:
    """The year that most of its submissions state, else the year that most rows are of."""
    stated = Counter(each.period for each in version.received.submissions if each.period)
    period = parse_period(max(stated, key=lambda each: (stated[each], each))) if stated else None
    return Period(period.year) if isinstance(period, Period) else judging.prevailing(version.received.submissions)


def _differ(changes: Iterable[ReturnChanges]) -> bool:
    return any(each.changes for each in changes)


def _outcome(
    sides: Iterable[Version],
    findings: Iterable[Finding],
    changes: Iterable[ReturnChanges],
    figures: Iterable[tuple[FigureResult, FigureResult]],
) -> Outcome:
    """Open where the new version leaves something open, or a figure that it moves does not agree; no change is none."""
    if any(file.refused for each in sides for file in each.received.files):
        return Outcome.REFUSED
    if not any(each.rows_old or each.rows_new for each in changes):
        return Outcome.INCOMPLETE
    open_findings = any(each.severity is not Severity.WARNING and not each.explained for each in findings)
    breaks = any(after.status in BREAKS and not after.explained for _, after in figures)
    return Outcome.FINDINGS if open_findings or breaks else Outcome.CLEAN


# --------------------------------------------------------------------------- which versions


def _version(request: Request, name: str, catalogue: Catalogue) -> Version:
    """A path that exists is a file; any other name is looked up in the store."""
    if Path(name).exists() or request.settings is None or not _is_there(request.settings):
        return Version(name, receive(replace(request, paths=(name,))))
    settings = request.settings
    with _store(settings) as store:
        chosen = named(store.submissions(current_only=False), name)
        submissions = tuple(store.load(each) for each in chosen)
        findings = store.findings(each.id for each in chosen)
    asked, remarks = asked_period(request)
    unread = tuple(finding.place for finding in findings if finding.place.cell)
    register = register_with(catalogue.organisations, decided(settings))
    submissions = tuple(named_by(each, catalogue, register) for each in submissions)
    received = Received(catalogue, register, asked, (), submissions, findings, unread, (), remarks)
    return Version(name, received, frozenset(each.id for each in chosen))


def _is_there(settings: Settings) -> bool:
    return settings.path(settings.store).is_dir()


def _store(settings: Settings) -> Store:
    return Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group)


def _beside(settings: Settings | None, sides: Iterable[Version]) -> tuple[tuple[Submission, ...], bytes | None]:
    """What else the store holds for the figures, and its key, if there is a store."""
    if settings is None or not _is_there(settings):
        return (), None
    ids = {identity for each in sides for identity in each.stored}
    hashes = {digest for each in sides for digest in each.hashes}
    mixed = any(not each.stored for each in sides)
    with _store(settings) as store:
        others = [each for each in store.submissions() if each.id not in ids and each.sha256 not in hashes]
        return tuple(store.load(each) for each in others), store.key() if mixed else None


def _without_people(version: Version, catalogue: Catalogue, key: bytes | None) -> tuple[Submission, ...]:
    """The rows as the store would hold them, so that people are the same people on both sides."""
    if version.stored or key is None:
        return version.received.submissions
    return tuple(pseudonymised(s, catalogue.returns[s.return_name], key) for s in version.received.submissions)


# --------------------------------------------------------------------------- findings and figures


def _judged(
    request: Request, version: Version, others: tuple[Submission, ...], period: Period | None
) -> tuple[Finding, ...]:
    """The findings about a version's own files, judged beside all else that the store holds."""
    received = replace(version.received, period=period, submissions=(*version.received.submissions, *others))
    found = explanations(request).findings(judging.judge_rows(received).findings)
    return tuple(each for each in found if each.place.file in version.paths)


def _figures(
    request: Request,
    catalogue: Catalogue,
    period: Period | None,
    others: tuple[Submission, ...],
    sides: tuple[tuple[Submission, ...], ...],
    returns: set[str],
) -> Iterator[tuple[FigureResult, FigureResult]]:
    """The published figures that come out otherwise with the new version in the old one's place: before and after."""
    register = catalogue.figures.get(str(Period(period.year)) if period else "", ())
    known = register_with(catalogue.organisations, decided(request.settings))
    others = tuple(named_by(each, catalogue, known) for each in others)
    results = []
    for own in sides:
        received = Received(catalogue, known, period, (), (*own, *others), (), ())
        judged = judging.judge_rows(received)
        touched = [
            figure
            for figure in register
            if (measure := judging.measure_of(judged, figure))
            and returns & set(judging.looks_at(judged, measure, figure))
        ]
        results.append(explanations(request).figures(judging.hold(judged, touched)))
    for before, after in zip(*results, strict=True):
        if (before.evidenced, before.status) != (after.evidenced, after.status):
            yield before, after


# --------------------------------------------------------------------------- as plain values


def _side(version: Version) -> dict[str, Any]:
    own = version.received.submissions
    return {
        "asked": version.asked,
        "files": [{"path": path, "sha256": digest} for path, digest in sorted({(s.path, s.sha256) for s in own})],
        "stored": sorted(version.stored),
        "final": any(each.final for each in own),
    }


def _return(changes: ReturnChanges) -> dict[str, Any]:
    return {
        "return": changes.return_name,
        "key": list(changes.key),
        "rows_old": changes.rows_old,
        "rows_new": changes.rows_new,
        "unchanged": changes.unchanged,
        **{str(each): changes.count(each) for each in Change},
        "repeated_keys": [
            {"old": [_place(each) for each in one.old], "new": [_place(each) for each in one.new]}
            for one in changes.repeated
        ],
    }


def _row(changes: ReturnChanges, row: RowChange, catalogue: Catalogue, register: Register) -> dict[str, Any]:
    schema = catalogue.returns[changes.return_name]
    return {
        "return": changes.return_name,
        "change": str(row.change),
        "old": row.old and _place(row.old),
        "new": row.new and _place(row.new),
        "cells": [
            {
                "column": cell.column,
                "old_cell": cell.old and cell.old.cell,
                "new_cell": cell.new and cell.new.cell,
                "old": _shown(schema, cell.column, cell.old_value, register),
                "new": _shown(schema, cell.column, cell.new_value, register),
            }
            for cell in row.cells
        ],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "sheet": place.sheet, "row": place.row}


_PARSED = frozenset({ColumnKind.MONEY, ColumnKind.COUNT, ColumnKind.PERCENT, ColumnKind.NUMBER, ColumnKind.DATE})


def _shown(schema: ReturnSchema, column: str, value: Any, register: Register) -> str | int | None:
    """A public value that parsed as what it should be; nothing of anybody's text."""
    if value is None:
        return None
    spec = next((each for each in schema.columns if each.name == column), None)
    if spec is None:  # the period or quarter of the row: ours, not the sender's
        return str(value)
    if not spec.public:
        return None
    if spec.kind is ColumnKind.ORGANISATION:
        return str(value) if str(value) in register else None
    return _plain(spec, value) if spec.kind in _PARSED else None


def _plain(spec: ColumnSpec, value: Any) -> str | int:
    if isinstance(value, dt.date):
        return f"{value:%Y-%m-%d}"
    if spec.kind is ColumnKind.MONEY:
        return f"{Decimal(value):.2f}"
    whole = Decimal(str(value))
    return int(whole) if whole == int(whole) else f"{whole.normalize():f}"


def _figure(before: FigureResult, after: FigureResult) -> dict[str, Any]:
    figure = before.figure
    hidden = figure.never_shown
    return {
        "figure_id": figure.figure_id,
        "section": figure.section,
        "statement": figure.statement,
        "unit": figure.unit,
        "published": None if hidden else before.published,
        "old": None if hidden else before.evidenced,
        "new": None if hidden else after.evidenced,
        "old_status": str(before.status),
        "new_status": str(after.status),
    }


def _findings(found: FindingChanges) -> dict[str, Any]:
    return {
        "mended": [_about(each, old=each, new=None) for each in found.mended],
        "outstanding": [_about(now, old=was, new=now) for was, now in found.outstanding],
        "new": [_about(each, old=None, new=each) for each in found.new],
    }


def _about(finding: Finding, *, old: Finding | None, new: Finding | None) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "column": finding.column,
        "message": finding.message,
        "old": old and {**_place(old.place), "cell": old.place.cell},
        "new": new and {**_place(new.place), "cell": new.place.cell},
    }
