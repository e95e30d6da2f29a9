"""Past runs, one run at length, and whether their log is whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sscbtool.core.model import Result
from sscbtool.render.present.words import count_of, nonempty
from sscbtool.render.report import (
    Cell,
    Column,
    ColumnType,
    Facts,
    Line,
    Lines,
    Mark,
    Quantity,
    Report,
    Section,
    Table,
    Tone,
)

_OUTCOMES: Mapping[str | None, Mark] = {
    "clean": Mark("✓", "Clean", Tone.GOOD),
    "findings": Mark("✗", "Findings", Tone.BAD),
    "incomplete": Mark("?", "Incomplete", Tone.DOUBT),
    "refused": Mark("✗", "Refused", Tone.BAD),
    "recorded": Mark("·", "Recorded", Tone.QUIET),
    "unfinished": Mark("!", "Did not finish", Tone.BAD),
}
_PLAIN = Mark("·", "Logged", Tone.QUIET)
_HASH = 12


def history(result: Result) -> Report:
    """The runs, the newest first; or one of them; or what verifying came to."""
    about: Mapping[str, Any] = result.extra["history"]
    if "verify" in about:
        return _verified(result, about["verify"])
    if "run" in about:
        return _one(result, about["run"])
    columns = (
        Column("Run", ColumnType.COUNT),
        Column("When (UTC)", ColumnType.CODE),
        Column("Command", least=8),
        Column("Outcome", ColumnType.STATUS),
        Column("Period", ColumnType.CODE, spare=True),
        Column("Landed", ColumnType.COUNT),
        Column("Findings", ColumnType.COUNT),
        Column("Refused", ColumnType.COUNT, spare=True),
        Column("Late", ColumnType.COUNT, spare=True),
        Column("Head", ColumnType.CODE, moves=2),
        Column("Who and why", least=20, moves=1, labelled=False),
    )
    rows = tuple(
        (
            Quantity(each["run"]),
            _when(each["at"]),
            each["command"],
            _OUTCOMES.get(each["outcome"], _PLAIN),
            each["period"],
            Quantity(each["landed"]) if each["landed"] else None,
            _count(each["counts"], "findings"),
            _count(each["counts"], "refused"),
            _count(each["counts"], "late"),
            each["hash"][:_HASH],
            f"{each['by']}: {each['reason']}" if each["by"] else None,
        )
        for each in about["runs"]
    )
    table = Table("Runs, the newest first", columns, rows)
    lines = tuple(Line(text) for text in result.remarks)
    sections: list[Section | None] = [Lines("", lines) if lines else None, table]
    closing = f"{count_of(about['entries'], 'entry', 'entries')}; head {about['head']}."
    return Report("History", result.outcome, nonempty(sections), closing, table)


def _count(counts: Mapping[str, int], key: str) -> Quantity | None:
    return Quantity(counts[key]) if counts.get(key) else None


def _when(iso: str) -> str:
    return f"{dt.datetime.fromisoformat(iso):%d/%m/%Y %H:%M}"


def _one(result: Result, run: Mapping[str, Any]) -> Report:
    facts: list[tuple[str, Cell]] = [
        ("When (UTC)", _when(run["at"])),
        ("Command", run["command"]),
        ("Outcome", _OUTCOMES.get(run["outcome"], _PLAIN)),
        ("Period", run["period"]),
        ("Program", run["version"]),
        ("Head", run["hash"]),
        ("Before it", run["previous"]),
        ("By", run["by"]),
        ("Reason", run["reason"]),
    ]
    counts = tuple((name.replace("_", " ").capitalize(), Quantity(value)) for name, value in run["counts"].items())
    landed = Table(
        "Files landed",
        (Column("File", ColumnType.FILE), Column("Submissions", ColumnType.COUNT), Column("Rows", ColumnType.COUNT),
         Column("Superseded", ColumnType.COUNT), Column("SHA-256", ColumnType.CODE)),
        tuple((each["path"], Quantity(each["submissions"]), Quantity(each["rows"]), Quantity(each["superseded"]),
               each["sha256"][:_HASH]) for each in run["files_landed"]),
    )  # fmt: skip
    sections: list[Section | None] = [
        Facts("", tuple((name, value) for name, value in facts if value is not None)),
        Facts("Counts", counts) if counts else None,
        landed if landed.rows else None,
        _hashes("Inputs", run["inputs"]),
        _hashes("Schemas", run["schemas"]),
        _hashes("Figures", run["figures"]),
        Lines("Refused", tuple(Line(f"{path}: {why}") for path, why in run["refused"].items()))
        if run["refused"]
        else None,
        Lines("Open when it ended", (Line(", ".join(run["open_items"])),)) if run["open_items"] else None,
    ]
    return Report(
        f"Run {run['run']}",
        result.outcome,
        nonempty(sections),
        "Whether the log is as it was written: sscbtool history verify.",
        _hashes("Inputs", run["inputs"], shown=64) or landed,
    )


def _hashes(heading: str, hashes: Mapping[str, str], shown: int = _HASH) -> Table | None:
    columns = (Column("File", ColumnType.FILE, least=24), Column("SHA-256", ColumnType.CODE))
    rows = tuple((name, digest[:shown]) for name, digest in sorted(hashes.items()))
    return Table(heading, columns, rows) if rows else None


def _verified(result: Result, check: Mapping[str, Any]) -> Report:
    if check["whole"]:
        reaches = f" and reaches the head {check['asked']}" if check["asked"] else ""
        mark = Mark("✓", "Whole", Tone.GOOD)
        text = f"The log of {count_of(check['entries'], 'entry', 'entries')} is as it was written{reaches}."
        closing = f"Head {check['head']}."
        if not check["asked"]:
            closing += " A tail that was cut off shows only against a head printed earlier: history verify HEAD."
    else:
        mark = Mark("✗", "Not whole", Tone.BAD)
        text = f"{check['reason'][:1].upper()}{check['reason'][1:]}."
        closing = "Restore the store from a backup, and find out who could write to it."
    return Report("History, verified", result.outcome, (Lines("", (Line(text, mark),)),), closing)
