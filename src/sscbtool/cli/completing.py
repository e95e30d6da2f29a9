"""What the shell offers on Tab: returns, periods, partners and figures of the board's own files.

Reads names and first columns only, and says nothing where it cannot: a Tab must never print a fault.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from sscbtool.errors import SscbError

Offer = tuple[str, str]
"""What is typed, and what it means."""

PERIOD_WORDS = (
    ("last-quarter", "the quarter before this one"),
    ("this-quarter", "the quarter that today is in"),
    ("last-year", "the financial year before this one"),
    ("this-year", "the financial year that today is in"),
)


def returns(context: typer.Context) -> list[Offer]:
    """The names of the returns that have a schema file."""
    return _offered(context, lambda schemas: ((path.stem, "") for path in _files(schemas, "returns/*.yaml")))


def periods(context: typer.Context) -> list[Offer]:
    """The years that have a register of published figures, and the words for the present."""
    return _offered(context, _years)


def partners(context: typer.Context) -> list[Offer]:
    """The codes of the organisations register."""
    return _offered(context, lambda schemas: _first_columns(schemas / "organisations.csv", "code", "name"))


def figures(context: typer.Context) -> list[Offer]:
    """The ids of the figures of ``--period``, else of the newest year that was published."""
    asked = str(context.params.get("period") or "")

    def of_year(schemas: Path) -> Iterator[Offer]:
        registers = {path.stem: path for path in _registers(schemas)}
        if registers:
            yield from _first_columns(registers.get(asked, registers[max(registers)]), "figure_id", "statement")

    return _offered(context, of_year)


def _offered(context: typer.Context, offers: Callable[[Path], Iterator[Offer]]) -> list[Offer]:
    """All there are, from the schemas of the workspace or of the program; Typer keeps those that begin as typed."""
    from sscbtool.edge.settings import find_workspace

    try:
        settings = find_workspace(context.find_root().params.get("workspace"), Path.cwd())
        if settings is None:
            from sscbtool.edge.catalogue import built_in

            schemas = built_in("schemas")
        else:
            schemas = settings.path(settings.schemas)
        return list(offers(schemas))
    except (SscbError, OSError, ValueError, csv.Error):
        return []


def _files(schemas: Path, pattern: str) -> list[Path]:
    return sorted(schemas.glob(pattern))


def _registers(schemas: Path) -> list[Path]:
    return [path for path in _files(schemas, "figures/*.csv") if not path.stem.endswith("-checks")]


def _years(schemas: Path) -> Iterator[Offer]:
    yield from ((path.stem, "") for path in _registers(schemas))
    yield from PERIOD_WORDS


def _first_columns(path: Path, name: str, meaning: str) -> Iterator[Offer]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield row[name] or "", row[meaning] or ""


def sections(context: typer.Context) -> list[Offer]:
    """The sections of the report that the register of ``--period`` has figures of, else the newest."""
    asked = str(context.params.get("period") or "")

    def of_year(schemas: Path) -> Iterator[Offer]:
        registers = {path.stem: path for path in _registers(schemas)}
        if registers:
            path = registers.get(asked, registers[max(registers)])
            yield from dict.fromkeys((section, "") for section, _ in _first_columns(path, "section", "section"))

    return _offered(context, of_year)


def registers(context: typer.Context) -> list[Offer]:
    """The years that have a register."""
    return _offered(context, lambda schemas: ((path.stem, "") for path in _registers(schemas)))


def due(context: typer.Context) -> list[Offer]:
    """What ``status`` may record, then of whom, then of which return."""
    typed = list(context.params.get("words") or ())
    match len(typed):
        case 0:
            return [("nil", "there is nothing to send"), ("extend", "it may come later")]
        case 1:
            return partners(context)
        case 2:
            return returns(context)
        case _:
            return []


def decisions(context: typer.Context, incomplete: str) -> list[Offer]:
    """The decisions on a name and the codes it may mean, beside files."""
    typed = list(context.params.get("paths") or ())
    if typed and typed[0] in _DECISIONS:
        return partners(context) if len(typed) > 1 else []
    return [*((word, "") for word in _DECISIONS if not typed), *_beside(incomplete)]


_DECISIONS = ("accept", "reject")


def returns_or_files(context: typer.Context, incomplete: str) -> list[Offer]:
    """The returns, where none is named yet, and files."""
    return [*(() if context.params.get("paths") else returns(context)), *_beside(incomplete)]


def versions(context: typer.Context) -> list[Offer]:
    """The versions in the store, by the short names that ``store list`` shows."""
    from sscbtool.edge import glance

    return _stored(context, glance.versions)


def versions_or_files(context: typer.Context, incomplete: str) -> list[Offer]:
    """The versions in the store, and files."""
    return [*versions(context), *_beside(incomplete)]


def runs(context: typer.Context) -> list[Offer]:
    """``verify``, and the numbers of past runs."""
    from sscbtool.edge import glance

    if context.params.get("words"):
        return []
    return [("verify", "is the log as it was written?"), *_stored(context, glance.runs)]


def _stored(context: typer.Context, names: Callable[[Path], list[Offer]]) -> list[Offer]:
    """What the workspace's store answers; nothing where there is no workspace."""
    from sscbtool.edge.settings import find_workspace

    try:
        settings = find_workspace(context.find_root().params.get("workspace"), Path.cwd())
    except (SscbError, OSError, ValueError):
        return []
    return [] if settings is None else names(settings.path(settings.store))


def _beside(incomplete: str) -> list[Offer]:
    """Files and folders that begin as typed."""
    typed = Path(incomplete)
    folder = typed if incomplete.endswith("/") else typed.parent
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []
    return [(f"{path.as_posix()}{'/' if path.is_dir() else ''}", "") for path in found]
