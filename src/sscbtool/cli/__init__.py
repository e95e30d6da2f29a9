"""Typer: parse, call the workflow, render, deliver, exit code; a file for each panel of the help.

Imports nothing heavy at start: each command imports what it needs, so that ``--help`` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sscbtool import __version__
from sscbtool.cli import every_day, partners, unattended, upkeep, year_end
from sscbtool.cli.options import LogFileOption
from sscbtool.cli.running import log_to

EXIT_CODES = (
    "Exit codes: 0 clean, 1 something open, 2 wrong usage or configuration, 3 an input was refused, "
    "4 not enough to judge, 70 a bug, 74 could not write, 75 the store is busy, 130 interrupted."
)

app = typer.Typer(
    name="sscbtool",
    help=f"""Reconcile what partner agencies send with what the board publishes.

{EXIT_CODES}""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for panel in (every_day, partners, year_end, unattended, upkeep):
    app.add_typer(panel.app)


def _version(*, value: bool) -> None:
    if value:
        typer.echo(f"sscbtool {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", metavar="DIR", help="The board's folder; else the nearest one upward.")
    ] = None,
    log_file: LogFileOption = None,
    version: Annotated[  # noqa: ARG001 - Typer calls _version and ends
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Keep what every command shares."""
    context.obj = workspace
    log_to(context, log_file)
