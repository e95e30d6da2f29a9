"""Writes docs/commands.md and docs/codes.md from the program; ``--check`` fails where they are stale."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.main import get_command

from sscbtool.cli import app
from sscbtool.core import validate, wording
from sscbtool.edge.catalogue import built_in, load_catalogue
from sscbtool.errors import ExitCode

HERE = Path(__file__).parent
MEANS = {
    ExitCode.CLEAN: "done; nothing open (warnings and explained items may be present, and are counted)",
    ExitCode.FINDINGS: "open errors, queries or breaks; headers without rows",
    ExitCode.USAGE: "wrong usage or configuration: options, schema files, settings",
    ExitCode.REFUSED: "an input could not be read or was refused; the others were still processed",
    ExitCode.INCOMPLETE: "not enough to judge: no data for the period, or a due return is missing",
    ExitCode.BUG: "a bug in the tool",
    ExitCode.CANNOT_WRITE: "a result or the store could not be written",
    ExitCode.BUSY: "another run is writing to this store",
    ExitCode.INTERRUPTED: "interrupted",
}


def commands() -> Iterator[str]:
    """The command reference, a line at a time."""
    yield "# Commands\n\nWritten from the program by `make docs`; do not edit.\n"
    yield "## Exit codes\n\nThe same for every command. Where several apply: 70, 74, 75, 2, 3, 4, 1.\n"
    yield "| code | meaning |\n|---|---|"
    yield from (f"| {code.value} | {meaning} |" for code, meaning in MEANS.items())
    yield from _command(get_command(app), "sscbtool")


def _command(command: object, name: str) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children is None or name == "sscbtool":
        yield f"\n## {name}\n\n{inspect.cleandoc(str(getattr(command, 'help', '') or ''))}\n"
        yield "| option or argument | what it does |\n|---|---|"
        for parameter in sorted(command.params, key=lambda p: p.param_type_name):  # type: ignore[attr-defined]
            yield _parameter(parameter)
    for child, inner in sorted((children or {}).items()):
        yield from _command(inner, f"{name} {child}")


def _parameter(parameter: object) -> str:
    names = ", ".join(f"`{each}`" for each in getattr(parameter, "opts", ()))
    if getattr(parameter, "param_type_name", "") == "argument":
        names = f"`{getattr(parameter, 'metavar', None) or getattr(parameter, 'name', '').upper()}`"
    choices = getattr(getattr(parameter, "type", None), "choices", None)
    listed = f" One of {', '.join(str(getattr(c, 'value', c)) for c in choices)}." if choices else ""
    return f"| {names} | {getattr(parameter, 'help', '') or ''}{listed} |"


def codes() -> Iterator[str]:
    """Every code of a finding: the program's own, and those that the schema files word."""
    yield "# Codes of findings\n\nWritten from the program and the schema files by `make docs`; do not edit.\n"
    yield "An *error* must be mended, a *query* mended or explained; a *warning* is for the reader.\n"
    yield "## Of every return\n\n| code | severity | what is wrong | what to do |\n|---|---|---|---|"
    own = {*wording.FAULTS.values(), *wording.UNREADABLE.values(), *wording.REMARKS.values()}
    own |= {each for each in vars(wording).values() if _is_wording(each)}
    rules = [(r.code, r.severity, r.says, r.fix) for r in (validate.CANCELLED,)]
    for code, severity, says, fix in sorted({*own, *rules}, key=lambda each: _order(each[0])):
        yield f"| {code} | {severity} | {says} | {fix} |"
    for schema in load_catalogue(built_in("schemas")).returns.values():
        yield f"\n## {schema.name}\n\n{schema.title}.\n"
        yield "| code | severity | columns | what is wrong | what to do |\n|---|---|---|---|---|"
        for rule in schema.rules:
            yield f"| {rule.code} | {rule.severity} | {', '.join(rule.columns)} | {rule.says} | {rule.fix} |"


def _is_wording(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 4 and str(value[0]).startswith("SSCB-")


def _order(code: str) -> tuple[str, int]:
    family, _, number = code.rpartition("-")
    return family, int(number)


def main() -> int:
    """Write the pages, or say which are stale."""
    stale = []
    for page, lines in (("commands.md", commands()), ("codes.md", codes())):
        text = "\n".join(lines) + "\n"
        path = HERE / page
        if "--check" in sys.argv:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(page)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        typer.echo(f"stale: {', '.join(stale)}; run: make docs", err=True)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
