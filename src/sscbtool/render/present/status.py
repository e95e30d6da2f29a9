"""Who has sent what: each due return and how it stands, and whom to chase for what."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sscbtool.core.due import Standing
from sscbtool.core.model import Catalogue, Result
from sscbtool.render.present.words import count_of, listed, nonempty, return_title, title_of
from sscbtool.render.report import Column, ColumnType, Line, Lines, Mark, Quantity, Report, Row, Section, Table, Tone

Due = Mapping[str, Any]
"""A due return as the JSON of ``status`` has it."""

MARKS: Mapping[Standing, Mark] = {
    Standing.RECEIVED: Mark("✓", "Received", Tone.GOOD),
    Standing.NIL: Mark("✓", "Nil", Tone.GOOD),
    Standing.LATE: Mark("✗", "Late", Tone.BAD),
    Standing.AWAITED: Mark("·", "Awaited", Tone.QUIET),
}
_CHASE = Mark("→", "Chase", Tone.BAD)


def status(result: Result) -> Report:
    """What is late first, then every return; or what a person recorded."""
    about: Mapping[str, Any] = result.extra["status"]
    if "returns" not in about:
        return _recorded(result, about)
    table = due_table(about["returns"], result.catalogue)
    sections: list[Section | None] = [chase_lines(about["chase"], result.catalogue), table]
    return Report(title_of(result, "Status"), result.outcome, nonempty(sections), _closing(about["returns"]), table)


def _recorded(result: Result, about: Mapping[str, Any]) -> Report:
    what = f"{about['partner']}, {return_title(about['return'], result.catalogue)}, {about['period']}"
    if about["withdrawn"]:
        words = f"{what}: what was recorded is taken back."
    elif about["until"]:
        words = f"{what}: may come until {day(about['until'])}."
    else:
        words = f"{what}: a nil return, there is nothing to send."
    line = Line(f"{words} Said by {about['by']}: {about['reason']}.")
    return Report("Recorded", result.outcome, (Lines("", (line,)),), "See it with: sscbtool status.")


def due_table(due: Iterable[Due], catalogue: Catalogue | None) -> Table:
    """Each due return a row; what is late first."""
    columns = (
        Column("", ColumnType.STATUS),
        Column("Partner", ColumnType.CODE),
        Column("Return", least=18, moves=2, labelled=False),
        Column("Period", ColumnType.CODE),
        Column("Due", ColumnType.CODE),
        Column("Received", ColumnType.CODE),
        Column("Days late", ColumnType.COUNT),
        Column("Remarks", least=20, moves=1, labelled=False),
    )
    ordered = sorted(due, key=lambda each: each["state"] != Standing.LATE)
    rows: list[Row] = [
        (
            MARKS[Standing(each["state"])],
            each["partner"],
            return_title(each["return"], catalogue),
            each["period"],
            day(each["due"]),
            day(each["received_on"]),
            Quantity(each["days_late"]) if each["state"] == Standing.LATE else None,
            _remarks(each),
        )
        for each in ordered
    ]
    return Table("Returns", columns, tuple(rows))


def _remarks(each: Due) -> str | None:
    parts = []
    if each["due"] is None:
        parts.append("not among the expected")
    if each["refused"]:
        parts.append(f"{count_of(len(each['refused']), 'file')} refused")
    if each["superseded"]:
        parts.append(f"{count_of(each['superseded'], 'earlier version')} superseded")
    if each["extended"]:
        parts.append("due later than usual")
    if each["by"]:
        parts.append(f"{each['by']}: {each['reason']}")
    return "; ".join(parts) or None


def chase_lines(chase: Sequence[Mapping[str, Any]], catalogue: Catalogue | None) -> Lines | None:
    """A line for each partner that is late: what to ask for, and how late it is."""
    lines = []
    for each in chase:
        wanted = listed([f"{return_title(one['return'], catalogue)} {one['period']}" for one in each["returns"]])
        again = f" Ask again for {listed(each['refused'])}, which could not be read." if each["refused"] else ""
        lines.append(Line(f"{each['partner']}: {wanted}; {count_of(each['days_late'], 'day')} late.{again}", _CHASE))
    return Lines("Whom to chase", tuple(lines)) if lines else None


def returns_sentence(due: Sequence[Due]) -> str:
    """``41 of 43 returns in, 2 late``, over what is expected."""
    expected = [each for each in due if each["due"]]
    counts = Counter(Standing(each["state"]) for each in expected)
    here = counts[Standing.RECEIVED] + counts[Standing.NIL]
    parts = [f"{here:,} of {count_of(len(expected), 'return')} in"]
    if counts[Standing.LATE]:
        parts.append(f"{counts[Standing.LATE]:,} late")
    if counts[Standing.AWAITED]:
        parts.append(f"{counts[Standing.AWAITED]:,} not due yet")
    return ", ".join(parts)


def _closing(due: Sequence[Due]) -> str:
    late = list(dict.fromkeys(each["partner"] for each in due if each["state"] == Standing.LATE))
    if not any(each["due"] for each in due):
        return "Nothing is expected, so nothing can be late."
    if late:
        return f"{returns_sentence(due)}. Chase {listed(late)}; record what is nil: sscbtool status nil PARTNER RETURN."
    return f"{returns_sentence(due)}. Nobody need be chased."


def day(iso: str | None) -> str | None:
    """``31/03/2019``."""
    return f"{dt.date.fromisoformat(iso):%d/%m/%Y}" if iso else None
