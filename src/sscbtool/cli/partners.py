"""The commands about those who send returns."""

from __future__ import annotations

from typing import Annotated

import typer

from sscbtool.cli.options import Format, FormatOption, OutputOption, PeriodOption
from sscbtool.cli.running import run

PANEL = "Partners"

app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def organisations(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATHS]... | accept NAME CODE | reject NAME CODE", help="Files, or a decision."),
    ] = None,
    period: PeriodOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """List names that are in no register, with what they may mean; accept or reject a proposal.

    Example: sscbtool organisations accept "Fire Brigde" LFB
    """
    run("organisations", context, paths, {"period": period, "stored": True}, output_format, output)
