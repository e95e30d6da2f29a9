"""The covering note that goes with annotated workbooks: plain text, with counts and remedies and no cell's value."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sscbtool.core.model import Finding, Result, Severity
from sscbtool.core.neutral import printable
from sscbtool.render.present.words import count_of, listed

WIDTH = 78
MOST_KINDS = 12


def covering_note(result: Result) -> str:
    """The note for the copies of a run of ``annotate``; a letter for each partner, where they are of several."""
    copies = (result.extra.get("annotate") or {}).get("copies", [])
    if not copies:
        return "\n\n".join(_thanks(result)) + "\n"
    by_partner: dict[str | None, list[Mapping[str, Any]]] = {}
    for copy in copies:
        by_partner.setdefault(copy["partner"], []).append(copy)
    letters = ["\n\n".join(_letter(result, partner, own)) for partner, own in by_partner.items()]
    return f"\n\n{'-' * WIDTH}\n\n".join(letters) + "\n"


def _thanks(result: Result) -> Iterator[str]:
    yield "Dear colleague,"
    yield _filled(f"Thank you for what you sent{_for(result)}. We found nothing that needs mending.")
    yield "With kind regards"


def _letter(result: Result, partner: str | None, copies: list[Mapping[str, Any]]) -> Iterator[str]:
    known = {each.code: each.name for each in result.catalogue.organisations} if result.catalogue else {}
    if partner:
        yield f"To: {known.get(partner, partner)}"
    yield from _paragraphs(result, copies)


def _paragraphs(result: Result, copies: list[Mapping[str, Any]]) -> Iterator[str]:
    several = len(copies) > 1
    yield "Dear colleague,"
    yield _filled(
        f"Thank you for what you sent{_for(result)}. Before we can use it there are some points to put right. They are "
        f"marked in the {f'{len(copies)} enclosed workbooks' if several else 'enclosed workbook'}, so that you need "
        "not look for them."
    )
    for copy in copies:
        yield "\n".join(_about(copy, [f for f in result.findings if f.place.file == copy["path"] and not f.explained]))
    yield _filled(
        'How to go about it: the first sheet, "Faults found", lists every point, and its links lead to the cells. '
        "Each marked cell has a comment that says what to do. A thick border is an error, a dashed one a query, a "
        "dotted one a note. The workbook can be read in Protected View; to change it, choose Enable Editing. It holds "
        "no macros."
    )
    yield _filled(
        "Please mend the errors in the enclosed workbook itself. Mend the queries too, or say in the last column of "
        "the first sheet why they are right. Notes need nothing. Then save it and send it back: the marks, the "
        "comments and the first sheet may stay, they are not read."
    )
    yield "With thanks and kind regards"


def _about(copy: Mapping[str, Any], findings: list[Finding]) -> Iterator[str]:
    name = printable(str(copy["path"]).rpartition("/")[2])
    counts = [
        count_of(copy[key], one, many)
        for key, one, many in (("errors", "error", ""), ("queries", "query", "queries"), ("warnings", "note", ""))
        if copy[key]
    ]
    yield _filled(f"{name}: {listed(counts)}.")
    grave = [f for f in findings if f.severity is not Severity.WARNING]
    kinds = Counter((f.message, f.fix) for f in grave)
    for (message, fix), number in list(kinds.items())[:MOST_KINDS]:
        yield _filled(f"{number} x {message} {fix}" if number > 1 else f"{message} {fix}", "  - ")
    if len(kinds) > MOST_KINDS:
        yield _filled(f"{len(kinds) - MOST_KINDS} more kinds, on the list in the workbook.", "  - ")
    if copy["not_kept"]:
        yield _filled(f"The copy could not keep: {'; '.join(copy['not_kept'])}.", "  ")


def _for(result: Result) -> str:
    return f" for {result.period}" if result.period else ""


def _filled(text: str, lead: str = "") -> str:
    return textwrap.fill(printable(text), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))
