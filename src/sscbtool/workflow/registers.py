"""The registers of published figures: which there are, and next year's from this year's."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sscbtool.core.model import Comparator, Figure, Outcome, Result
from sscbtool.core.values import Period, parse_period
from sscbtool.edge.catalogue import load_catalogue, register_text
from sscbtool.edge.workspace import write_new
from sscbtool.errors import BadUsage, CannotWrite
from sscbtool.workflow.receiving import Request, schemas_folder

REGISTER_MODE = 0o644
"""A register holds what is published, and is edited by hand."""


def figures_list(request: Request) -> Result:
    """The registers there are, and how far each has its values."""
    catalogue = load_catalogue(schemas_folder(request.settings))
    rows = [
        {
            "period": period,
            "figures": len(figures),
            "narrative": sum(figure.comparator is None for figure in figures),
            "without_value": sum(awaits_value(figure) for figure in figures),
            "checks": len(catalogue.checks.get(period, ())),
            "file": f"figures/{period}.csv",
        }
        for period, figures in sorted(catalogue.figures.items())
    ]
    return Result("figures list", None, Outcome.CLEAN, extra={"registers": rows})


def figures_roll(request: Request) -> Result:
    """Start the register of the second year asked for from that of the first: statements kept, values blank.

    Days and years that say which rows a figure counts are moved with the register; what they became is listed, since
    only a person knows whether the new report will say the same.

    Raises:
        BadUsage: no workspace, no such register, a year that is none, or a register that stands already.
    """
    if request.settings is None:
        raise BadUsage("There is no workspace here to write a register in.", "Make one with: sscbtool init")
    of, to = (_year(text) for text in request.paths)
    schemas = request.settings.path(request.settings.schemas)
    catalogue = load_catalogue(schemas_folder(request.settings))
    register = catalogue.figures.get(str(of))
    if register is None:
        known = ", ".join(sorted(catalogue.figures)) or "none"
        raise BadUsage(f"There is no register of published figures for {of}.", f"There are: {known}.")
    path = schemas / "figures" / f"{to}.csv"
    if path.exists() or path.is_symlink():
        raise BadUsage(f"There is a register for {to} already: {path}.", "It is left as it is; edit it by hand.")
    rolled = [_rolled(figure, to.year - of.year) for figure in register]
    _write(path, register_text(each.figure for each in rolled))
    moved = [{"figure_id": each.figure.figure_id, "column": column, "was": was, "is": now}
             for each in rolled for column, was, now in each.moved]  # fmt: skip
    about = {
        "from": str(of),
        "to": str(to),
        "figures": len(rolled),
        "values_blanked": sum(awaits_value(each.figure) for each in rolled),
        "checks_not_copied": len(catalogue.checks.get(str(of), ())),
        "moved": moved,
    }
    return Result("figures roll", None, Outcome.CLEAN, extra={"registers": about})


def awaits_value(figure: Figure) -> bool:
    """Whether a published value is still to be filled in."""
    return figure.comparator is not None and not figure.value and figure.comparator not in _WITHOUT_VALUE


_WITHOUT_VALUE = frozenset({Comparator.EXISTS, Comparator.LOWER_THAN, Comparator.GREATER_THAN})
_OF_WORDS = frozenset({Comparator.EVERY, Comparator.HALF, Comparator.MAJORITY})
"""Comparators whose value says what is asked, not what a year came to."""


@dataclass(frozen=True)
class Rolled:
    """One figure of the new register, and what was moved in it: column, before, after."""

    figure: Figure
    moved: tuple[tuple[str, str, str], ...]


def _rolled(figure: Figure, years: int) -> Rolled:
    as_at = _days_moved(figure.as_at, years)
    where = _years_moved(_days_moved(figure.where, years), years)
    value = figure.value if figure.comparator in _OF_WORDS else ""
    changes = (("as_at", figure.as_at, as_at), ("where", figure.where, where))
    moved = tuple((column, was, now) for column, was, now in changes if was and now and was != now)
    return Rolled(replace(figure, value=value, as_at=as_at, where=where), moved)


def _days_moved(text: str | None, years: int) -> str | None:
    """ISO days ``years`` later; 29 February becomes the 28th where the other year has none."""

    def moved(found: re.Match[str]) -> str:
        try:
            day = dt.date.fromisoformat(found[0])
        except ValueError:
            return found[0]
        leap = (day.month, day.day) == (2, 29)
        return day.replace(year=day.year + years, day=28 if leap else day.day).isoformat()

    return text and re.sub(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b", moved, text)


def _years_moved(text: str | None, years: int) -> str | None:
    """Financial years ``years`` later, in the style in which they stand; a span of several years is left alone."""

    def moved(found: re.Match[str]) -> str:
        first, mark, second = int(found[1]), found[2], found[3]
        if (first + 1) % 10 ** len(second) != int(second):
            return found[0]
        return f"{first + years}{mark}{(first + years + 1) % 10 ** len(second):0{len(second)}d}"

    return text and re.sub(r"\b([0-9]{4})([-/])([0-9]{4}|[0-9]{2})\b(?![-/])", moved, text)


def _year(text: str) -> Period:
    period = parse_period(text)
    if not isinstance(period, Period) or period.quarter is not None:
        raise BadUsage(f"{text!r} is not a financial year.", "Write it as 2018-19.")
    return period


def _write(path: Path, text: str) -> None:
    try:
        write_new(path, text.encode("utf-8"), REGISTER_MODE)
    except OSError as fault:
        raise CannotWrite(f"{path} cannot be written: {fault.strerror}.", "Close it in Excel and try again.") from None


def write_rows(path: Path, figures: Iterable[Figure]) -> None:
    """Write drafted rows of a register to a file of their own.

    Raises:
        BadUsage: the file stands already.
        CannotWrite: it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise BadUsage(f"There is a file {path} already.", "Choose another name: nothing is overwritten.")
    _write(path, register_text(figures))
