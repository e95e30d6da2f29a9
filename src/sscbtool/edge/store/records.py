"""What callers hand to the store and get back, and how each of them stands in the catalogue as JSON."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sscbtool.core.model import Area, Finding, Outcome, Place, RecognisedBy, SetAside, Severity, Submission


@dataclass(frozen=True)
class LogEntry:
    """What the run log says of a run or a landed file. Hashes are SHA-256 in hex; no cell's value belongs here."""

    command: str
    at: dt.datetime
    """With a time zone; kept as UTC."""
    version: str
    """The program's."""
    outcome: Outcome | None = None
    """None where a file landed before the run's outcome was known."""
    period: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Path as given -> hash."""
    schemas: Mapping[str, str] = field(default_factory=dict)
    """Name of each schema file -> its hash."""
    figures: Mapping[str, str] = field(default_factory=dict)
    """Name of each register of figures -> its hash."""
    counts: Mapping[str, int] = field(default_factory=dict)
    open_items: Mapping[str, str] = field(default_factory=dict)
    """Id of each open finding and break -> its partner's code, or nothing: what the next run is held against."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Path of each file that could not be read -> why."""


@dataclass(frozen=True)
class LandedFile:
    """One file to publish: all its submissions and findings, or nothing of it."""

    path: str
    sha256: str
    submissions: tuple[Submission, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What a person decided, and may be asked about a year later."""

    kind: str
    """``organisation``, ``explanation``, ``match`` ..."""
    subject: str
    """What it is about: a folded name, the id of a finding or break."""
    choice: str
    """``accept``, ``reject``, or the code that a name stands for."""
    by: str
    at: dt.datetime
    reason: str = ""
    until: dt.date | None = None
    """The last day on which it holds; None for good."""
    bound_to: str | None = None
    """What must not have changed for it to hold, such as an amount."""


@dataclass(frozen=True)
class StoredSubmission:
    """What the catalogue says of a submission, without its rows."""

    id: str
    path: str
    """As given when it landed."""
    sha256: str
    sheet: str | None
    area: Area
    return_name: str
    partner: str | None
    period: str | None
    row_periods: tuple[str, ...]
    """The periods that its rows fall in, where a date column gives them; ascending."""
    rows: int
    set_aside: tuple[SetAside, ...]
    unpivoted: bool
    recognised: Mapping[str, RecognisedBy]
    parquet: str
    """Name of its file in ``submissions/``."""
    parquet_sha256: str
    superseded_by: str | None
    """Id of the submission that took its place; None where it is current."""
    final: bool = False
    """Whether its cover called it final; a store of before it was asked says no."""


@dataclass(frozen=True)
class Run:
    """One entry of the run log, and its link in the chain."""

    number: int
    """From 1."""
    entry: LogEntry
    landed: Mapping[str, Any] | None
    """For a landed file: its path, hash, submissions (id, rows, Parquet hash) and what it superseded."""
    previous: str
    hash: str


@dataclass(frozen=True)
class ChainCheck:
    """Whether the run log is whole, and where it is not."""

    entries: int
    head: str
    """The hash of the last entry that fits."""
    broken_at: int | None = None
    """Number of the first entry that does not fit; None also where entries are missing at the end."""
    reason: str = ""
    """What is wrong; empty where nothing is."""

    @property
    def whole(self) -> bool:
        """Whether every entry is there as it was written."""
        return not self.reason


class Step(StrEnum):
    """The points of a write at which a test may stop the process."""

    LOCKED = "locked"
    SWEPT = "swept"
    WRITTEN = "written"
    SYNCED = "synced"
    RENAMED = "renamed"
    FOLDER_SYNCED = "folder_synced"
    BEGUN = "begun"
    RECORDED = "recorded"
    LOGGED = "logged"
    COMMITTED = "committed"


EMPTY_HEAD = "0" * 64
"""The head of a log without entries, and what the first entry is chained to."""


def submission_id(sha256: str, sheet: str | None, area: Area) -> str:
    """The stable name of the table at ``area`` of ``sheet`` in the file with that hash: 20 hex digits."""
    return hashlib.sha256(canonical([sha256, sheet, str(area)]).encode()).hexdigest()[:20]


# --------------------------------------------------------------------------- facts as JSON and back


def canonical(value: Any) -> str:
    """JSON in the one form that is hashed: keys sorted, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def link(previous: str, entry: str) -> str:
    """The hash of an entry of the log, chained to the one before it."""
    return hashlib.sha256(f"{previous}\n{entry}".encode()).hexdigest()


def last_link(last: list[Any]) -> tuple[int, str]:
    """Number and hash of the last entry."""
    return last[0] if last else (0, EMPTY_HEAD)


def facts_of(submission: Submission) -> dict[str, Any]:
    """What the catalogue keeps of a submission besides the columns it is found by."""
    area = submission.area
    return {
        "sheet": submission.sheet,
        "area": [area.top, area.left, area.bottom, area.right],
        "row_periods": sorted({period for period in submission.periods if period is not None}),
        "set_aside": [[aside.reason, [int(row) for row in aside.rows]] for aside in submission.set_aside],
        "unpivoted": submission.unpivoted,
        "recognised": dict(submission.recognised),
        "final": submission.final,
    }


def stored_from(row: tuple[Any, ...]) -> tuple[int, StoredSubmission]:
    """Its position in the file, and the submission."""
    name, path, sha256, position, return_name, partner, period, rows, text, parquet, parquet_sha256, superseded_by = row
    facts = json.loads(text)
    return position, StoredSubmission(
        id=name,
        path=json.loads(path),
        sha256=sha256,
        sheet=facts["sheet"],
        area=Area(*facts["area"]),
        return_name=return_name,
        partner=partner,
        period=period,
        row_periods=tuple(facts["row_periods"]),
        rows=rows,
        set_aside=tuple(SetAside(reason, tuple(numbers)) for reason, numbers in facts["set_aside"]),
        unpivoted=facts["unpivoted"],
        recognised={what: RecognisedBy(by) for what, by in facts["recognised"].items()},
        final=facts.get("final", False),
        parquet=parquet,
        parquet_sha256=parquet_sha256,
        superseded_by=superseded_by,
    )


def touches(stored: StoredSubmission, period: str) -> bool:
    """Whether it may hold rows of a period: ``2018-19 Q1`` lies in ``2018-19``."""
    own = {stored.period, *stored.row_periods} - {None}
    return any(f"{period} ".startswith(f"{one} ") or f"{one} ".startswith(f"{period} ") for one in own)


def bearer(place: Place, named: Mapping[str, Submission]) -> str | None:
    """Id of the one submission whose area a finding stands in."""
    if place.row is None:
        return None
    row = place.row
    bearers = [
        name
        for name, s in named.items()
        if s.sheet == place.sheet
        and s.area.top <= row <= s.area.bottom
        and (place.column is None or s.area.left <= place.column <= s.area.right)
    ]
    return bearers[0] if len(bearers) == 1 else None


def finding_from(facts: dict[str, Any]) -> Finding:
    """A finding from its JSON."""
    return Finding(**{**facts, "severity": Severity(facts["severity"]), "place": Place(**facts["place"])})


def entry_facts(entry: LogEntry) -> dict[str, Any]:
    """A log entry as JSON values; its time must have a zone."""
    if entry.at.tzinfo is None:
        raise ValueError("a log entry's time needs a time zone")
    facts = {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(entry).items()}
    return {**facts, "at": entry.at.astimezone(dt.UTC).isoformat()}


def decision_from(facts: dict[str, Any]) -> Decision:
    """A decision from its JSON."""
    at, until = dt.datetime.fromisoformat(facts["at"]), facts["until"] and dt.date.fromisoformat(facts["until"])
    return Decision(**{**facts, "at": at, "until": until})


def run_from(number: int, text: str, previous: str, digest: str) -> Run:
    """An entry of the log from its row."""
    facts = json.loads(text)
    landed = facts.pop("landed")
    outcome = facts.pop("outcome")
    at = dt.datetime.fromisoformat(facts.pop("at"))
    entry = LogEntry(at=at, outcome=Outcome(outcome) if outcome is not None else None, **facts)
    return Run(number, entry, landed, previous, digest)
