"""The commands that store nothing, as functions: ``sscbtool.reconcile("returns/2018-19", period="2018-19")``.

Each takes files, folders or globs and gives a ``Result`` (``core.model``): frozen, with findings, figures and totals as
values. Reading runs in child processes, so that a script calls these under ``if __name__ == "__main__":`` where its
system starts processes anew (macOS, Windows).
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

from sscbtool.core.model import Result
from sscbtool.edge.settings import find_workspace
from sscbtool.workflow import commands
from sscbtool.workflow.receiving import Request

PathLike = str | os.PathLike[str]


def inspect(*paths: PathLike, workspace: PathLike | None = None) -> Result:
    """Every table of any spreadsheet, without a schema, and whether its own totals add up.

    Raises:
        SscbError: what an operator can fix, such as a path that leads to no spreadsheet; so do all functions here.
    """
    return commands.inspect(_request(paths, workspace))


def validate(
    *paths: PathLike,
    period: str | None = None,
    return_name: str | None = None,
    partner: str | None = None,
    workspace: PathLike | None = None,
) -> Result:
    """Every fault by file, sheet and cell: ``result.findings``."""
    return commands.validate(_request(paths, workspace, period=period, return_name=return_name, partner=partner))


def reconcile(
    *paths: PathLike,
    period: str | None = None,
    figure: str | None = None,
    section: str | None = None,
    workspace: PathLike | None = None,
) -> Result:
    """The published figures held against the returns: ``result.figures``. Without paths, what the store holds."""
    asked = {"period": period, "figure": figure, "section": section, "stored": True}
    return commands.reconcile(_request(paths, workspace, **asked))


def summary(
    *paths: PathLike,
    return_name: str | None = None,
    period: str | None = None,
    partner: str | None = None,
    workspace: PathLike | None = None,
) -> Result:
    """The measures of each return by partner and quarter: ``result.measures``."""
    asked = {"return_name": return_name, "period": period, "partner": partner, "stored": True}
    return commands.summary(_request(paths, workspace, **asked))


def ledger(
    *paths: PathLike,
    fund: str | None = None,
    period: str | None = None,
    partner: str | None = None,
    workspace: PathLike | None = None,
) -> Result:
    """What was agreed, invoiced and received, and every penny between them: ``result.extra["ledger"]``."""
    asked = {"fund": fund, "period": period, "partner": partner, "stored": True}
    return commands.ledger(_request(paths, workspace, **asked))


def to_json(result: Result) -> str:
    """A result as the one JSON object that ``--format json`` prints."""
    from sscbtool.render.as_json import as_json

    return as_json(result)


def _request(paths: tuple[PathLike, ...], workspace: PathLike | None, **asked: Any) -> Request:
    now = dt.datetime.now(dt.UTC)
    return Request(
        paths=tuple(os.fspath(path) for path in paths),
        settings=find_workspace(Path(workspace) if workspace is not None else None, Path.cwd()),
        today=now.astimezone().date(),
        now=now,
        **asked,
    )
