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


@app.command(rich_help_panel=PANEL)
def status(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[nil PARTNER RETURN | extend PARTNER RETURN DATE]",
            help="What to record; nothing to see who has sent what.",
            show_default=False,
        ),
    ] = None,
    period: PeriodOption = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="WORDS", help="Why it is so.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so, beside the login.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was recorded.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Show who has sent what, who is late and whom to chase; record a nil return or a later day.

    Example: sscbtool status nil LFB contributions --period 2018-19 --by "A. Officer" --reason "letter of 3 May"
    """
    asked = {"period": period, "reason": reason, "said_by": by, "withdraw": withdraw}
    run("status", context, words, asked, output_format, output)
