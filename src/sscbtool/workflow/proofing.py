"""A draft report read and held against the register: what ``proof`` does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sscbtool.core.model import Figure, Outcome, Result
from sscbtool.core.proof import OPEN, Proof, Proofed, Standing, YearStyle, proof
from sscbtool.core.proof.numbers import Number, NumberKind, numbers
from sscbtool.core.values import Period
from sscbtool.edge.catalogue import load_catalogue
from sscbtool.edge.drafts import read_draft
from sscbtool.edge.intake import Received
from sscbtool.edge.intake import receive as open_file
from sscbtool.errors import InputRefused, NothingToJudge
from sscbtool.workflow.receiving import Request, asked_period, schemas_folder
from sscbtool.workflow.registers import write_rows

NUMBERS = 20_000
"""More numbers than any annual report has."""
STATEMENT = 200
"""The longest statement that is drafted for a new row."""


def proof_draft(request: Request) -> Result:
    """Hold every number of a draft against the register of its year, and draft rows for the unregistered if asked.

    Raises:
        InputRefused: the draft cannot be read.
        NothingToJudge: it holds no number, or there is no register for its year.
        BadUsage: the file for the drafted rows stands already.
    """
    catalogue = load_catalogue(schemas_folder(request.settings))
    draft, propose = request.paths[0], request.propose
    path = Path(draft)
    received = _opened(path, request)
    kind, passages = read_draft(received.data, path.suffix, request.limits)
    found = numbers("\n".join(passage.text for passage in passages))
    if len(found) > NUMBERS:
        raise InputRefused("it holds more numbers than a report", "Give the report alone, without its annexes.")
    period, remarks = _period(request, found, catalogue.figures)
    read = proof(passages, catalogue.figures[str(period)], period)
    if not read.numbers:
        raise NothingToJudge("The draft holds no number, so nothing was checked.", "Check that it is the right file.")
    proposed = list(_proposed(read, catalogue.figures[str(period)]))
    if propose is not None:
        write_rows(Path(propose), proposed)
    about = {
        "draft": {"path": draft, "sha256": received.sha256, "format": kind, "passages": len(passages)},
        "counts": _counts(read),
        "passed_over": [{"reason": reason, "numbers": count} for reason, count in read.passed_over.items()],
        "numbers": [_number(each) for each in read.numbers],
        "year_styles": [_style(each) for each in read.years],
        "year_spans": [{"place": each.place, "text": each.number.text} for each in read.spans],
        "names": [
            {"place": d.place, "page": d.page, "section": d.section, "name": d.name, "meant": d.meant, "why": d.reason}
            for d in read.names
        ],
        "absent": list(read.absent),
        "proposed": {"path": propose, "rows": len(proposed) if propose is not None else 0},
    }
    verdict = Outcome.CLEAN if read.sound else Outcome.FINDINGS
    return Result("proof", str(period), verdict, extra={"proof": about}, remarks=remarks, catalogue=catalogue)


def _opened(path: Path, request: Request) -> Received:
    try:
        return open_file(path, request.limits)
    except InputRefused as refusal:
        raise InputRefused(f"{path}: {refusal.message}.", refusal.hint) from None


def _period(request: Request, found: Iterable[Number], registers: Iterable[str]) -> tuple[Period, tuple[str, ...]]:
    """The year asked for; else, of those that have a register, the one that the draft names most."""
    asked, remarks = asked_period(request)
    known = sorted(registers)
    if asked is not None:
        year = str(Period(asked.year))
        if year not in known:
            there = ", ".join(known) or "none"
            raise NothingToJudge(f"There is no register of published figures for {year}.", f"There are: {there}.")
        return Period(asked.year), remarks
    named = Counter(each.key for each in found if each.kind is NumberKind.FINANCIAL_YEAR and each.key in known)
    if not named:
        raise NothingToJudge(
            "It is not known which year the draft is about, or that year has no register.",
            f"Say so with --period. There are registers for: {', '.join(known) or 'no year'}.",
        )
    year = named.most_common(1)[0][0]
    return Period(int(year[:4])), (*remarks, f"Held against the register for {year}, the year that it names most.")


def _counts(read: Proof) -> dict[str, int]:
    standings = Counter(each.standing for each in read.numbers)
    return {"numbers": len(read.numbers), **{str(standing): standings[standing] for standing in Standing}}


def _number(each: Proofed) -> dict[str, Any]:
    return {
        "place": each.place,
        "page": each.page,
        "section": each.section,
        "text": each.number.text,
        "kind": str(each.number.kind),
        "standing": str(each.standing),
        "figures": list(each.figures),
        "reason": each.reason,
        "sentence": each.sentence if each.standing in (*OPEN, Standing.AWAITED) else None,
    }


def _style(each: YearStyle) -> dict[str, Any]:
    return {"style": each.style, "count": each.count, "prevailing": each.prevailing, "texts": list(each.texts),
            "places": list(each.places)}  # fmt: skip


# --------------------------------------------------------------------------- drafted rows


def _proposed(read: Proof, register: Iterable[Figure]) -> Iterator[Figure]:
    """A row for each unregistered number: its sentence, value and unit; what evidences it is for a person to say."""
    taken = {figure.figure_id for figure in register}
    free = (f"NEW{number:02d}" for number in range(1, NUMBERS) if f"NEW{number:02d}" not in taken)
    for each, figure_id in zip(read.of(Standing.UNREGISTERED), free, strict=False):
        yield Figure(
            figure_id=figure_id,
            section=each.section,
            statement=_statement(each),
            return_name=None,
            measure=None,
            where=None,
            comparator=None,
            value=_value(each.number),
            unit=_unit(each),
            note=f"Drafted from {each.place}: choose return, measure and comparator, or say why none can evidence it.",
        )


def _statement(each: Proofed) -> str:
    """The words around the number, verbatim and without what would make a formula of them in a spreadsheet."""
    text = each.sentence.removeprefix("…").removesuffix("…")
    if each.sentence.startswith("…"):
        text = text.partition(" ")[2] or text
    if each.sentence.endswith("…") and " " in text:
        text = text.rpartition(" ")[0]
    return text.strip()[:STATEMENT].lstrip("=+-@\t ").strip()


def _value(number: Number) -> str:
    if number.kind is NumberKind.SHARE:
        whole = None if number.amount is None else number.amount * 100
        return number.key if whole is None or whole.denominator != 1 else str(whole)
    if number.kind is NumberKind.DATE and number.key.startswith("--"):
        return number.text
    return number.key


def _unit(each: Proofed) -> str:
    match each.number.kind:
        case NumberKind.MONEY:
            return "GBP"
        case NumberKind.PERCENT | NumberKind.SHARE:
            return "%"
        case NumberKind.DATE | NumberKind.FINANCIAL_YEAR | NumberKind.YEARS:
            return "date"
        case NumberKind.COUNT:
            after = each.sentence.partition(each.number.text)[2]
            noun = re.match(r"[\s-]{1,2}(?:[a-z-]+\s)?([a-z]{3,20}s)\b", after)
            return noun[1] if noun else ""
        case _:
            return ""
