"""What people vouch for: the reasons they gave, who signed the year off, and whether that still holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sscbtool.core.model import Result
from sscbtool.render.present.words import listed, sentence, title_of
from sscbtool.render.report import Column, ColumnType, Facts, Line, Lines, Mark, Report, Row, Table, Tone

SIGNED = Mark("✓", "Signed", Tone.GOOD)
EXPLAINED = Mark("✓", "Explained", Tone.QUIET)
VOID = Mark("✗", "Void", Tone.BAD)
ROLES = {"preparer": "Prepared by", "reviewer": "Reviewed by"}
NEXT_SIGNATURE = {
    "unsigned": " The year can be signed off: sscbtool signoff --as preparer.",
    "prepared": " It waits for a reviewer with another login: sscbtool signoff --as reviewer.",
    "reviewed": " The year is signed off.",
    "void": " The sign-off is void: sscbtool signoff --as preparer signs what there is now.",
}


def signatures(result: Result) -> Lines | None:
    """The signatures under a result; nothing where nobody signed."""
    told: Mapping[str, Any] | None = result.extra.get("signoff")
    if not told or not told["preparer"]:
        return None
    lines = []
    for role, words in ROLES.items():
        signature = told[role]
        if signature:
            said = f"{words} {signature['by']} on {day_of(signature)}, with {signature['stood']}."
            lines.append(Line(said, SIGNED if signature["holds"] else VOID))
    if told["status"] == "void":
        lines.append(Line(f"Not as it was signed: {changes(told)}."))
    return Lines("Sign-off", tuple(lines))


def reasons(result: Result) -> Lines | None:
    """What a person explained of findings and figures, and why; nothing where nothing is explained."""
    told = result.extra.get("explain") or ()
    lines = []
    for each in told:
        until = f", until {dt.date.fromisoformat(each['until']):%d/%m/%Y}" if each["until"] else ""
        lines.append(
            Line(f"{each['id']} {sentence(each['about'])} {sentence(each['reason'])} ({each['by']}{until})", EXPLAINED)
        )
    return Lines("Explained", tuple(lines)) if lines else None


def changes(told: Mapping[str, Any]) -> str:
    """What is not as it was signed, by name."""
    said = {"changed": "has changed", "new": "is new", "missing": "is missing"}
    return listed([f"{each['name']} {said[each['change']]}" for each in told["changed"]])


def day_of(signature: Mapping[str, Any]) -> str:
    """The day of a signature as it is written."""
    return f"{dt.datetime.fromisoformat(signature['at']):%d/%m/%Y}"


def signoff(result: Result) -> Report:
    """What was signed: by whom, over which inputs, and what comes next."""
    told = result.extra["signoff"]
    columns = (Column("Input"), Column("Name", ColumnType.FILE), Column("SHA-256", ColumnType.CODE))
    rows: tuple[Row, ...] = tuple((each["kind"], each["name"], each["sha256"]) for each in told["inputs"])
    inputs = Table("Signed inputs", columns, rows)
    # Sixty-four digits a line would hide the rest on a terminal: one hash stands for all.
    short = Facts("", (("Inputs", f"{len(rows):,}, together {told['hash'][:12]}"),))
    sections = tuple(each for each in (signatures(result), short) if each is not None)
    return Report(
        title_of(result, "Sign-off"), result.outcome, sections, NEXT_SIGNATURE[told["status"]].strip(), inputs
    )
