"""The commands of every day: what a file holds, whether it is sound, and whether the figures stand."""

from __future__ import annotations

from typing import Annotated

import typer

from sscbtool.cli import completing
from sscbtool.cli.options import (
    Format,
    FormatOption,
    OutputOption,
    PartnerOption,
    PasswordOption,
    Paths,
    PeriodOption,
    ReturnOption,
    ValuesOption,
)
from sscbtool.cli.running import run

PANEL = "Every day"

app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def inspect(
    context: typer.Context,
    paths: Paths = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
) -> None:
    """Show which tables stand where in any spreadsheet, and whether their own totals add up.

    Example: sscbtool inspect returns/2018-19/CCG
    """
    asked = {"password_prompt": password_prompt}
    run("inspect", context, paths, asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def ingest(
    context: typer.Context,
    paths: Paths = None,
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what each file is, and store nothing.")] = False,
    replaces: Annotated[
        str | None,
        typer.Option(
            "--replaces",
            metavar="FILE",
            help="The stored file that this one takes the place of.",
            autocompletion=completing.versions,
        ),
    ] = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
) -> None:
    """Read, recognise and normalise files, and land them in the store.

    Example: sscbtool ingest returns/2018-19 --dry-run
    """
    asked = {
        "return_name": return_name,
        "period": period,
        "partner": partner,
        "dry_run": dry_run,
        "replaces": replaces,
        "password_prompt": password_prompt,
    }
    run("ingest", context, paths, asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def validate(
    context: typer.Context,
    paths: Paths = None,
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    stored: Annotated[bool, typer.Option("--stored", help="Validate what the store holds.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
) -> None:
    """Name every fault by file, sheet and cell, and what to do about it; nothing is stored.

    Example: sscbtool validate returns/2018-19
    """
    asked = {
        "return_name": return_name,
        "period": period,
        "partner": partner,
        "stored": stored,
        "password_prompt": password_prompt,
    }
    run("validate", context, paths, asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def reconcile(
    context: typer.Context,
    paths: Paths = None,
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    figure: Annotated[
        str | None,
        typer.Option("--figure", metavar="ID", help="Only this published figure.", autocompletion=completing.figures),
    ] = None,
    section: Annotated[
        str | None,
        typer.Option(
            "--section", metavar="NO", help="Only this section's figures.", autocompletion=completing.sections
        ),
    ] = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
) -> None:
    """Hold the published figures against the returns: files, or without paths what the store holds.

    Example: sscbtool reconcile returns/2018-19 --period 2018-19
    """
    asked = {
        "return_name": return_name,
        "period": period,
        "partner": partner,
        "figure": figure,
        "section": section,
        "stored": True,
        "password_prompt": password_prompt,
    }
    run("reconcile", context, paths, asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def summary(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RETURN] [PATHS]...",
            help="The return to sum up, else each; then files, folders or globs.",
            show_default=False,
            autocompletion=completing.returns_or_files,
        ),
    ] = None,
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    trend: Annotated[
        bool, typer.Option("--trend", help="Show each measure over the years there are, with its change.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
    show_values: ValuesOption = False,
) -> None:
    """Sum each return up by partner and quarter, or one.

    Example: sscbtool summary contributions returns/2018-19
    """
    asked = {
        "return_name": return_name,
        "period": period,
        "partner": partner,
        "trend": trend,
        "stored": True,
        "password_prompt": password_prompt,
    }
    run("summary", context, paths, asked, output_format, output, show_values=show_values)


@app.command(rich_help_panel=PANEL)
def trace(
    context: typer.Context,
    figure: Annotated[
        str,
        typer.Argument(metavar="FIGURE", help="A figure's id, such as M07.", autocompletion=completing.figures),
    ],
    paths: Paths = None,
    period: PeriodOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Explain one published figure at length: rows counted, rows set aside and why, files and cells.

    Example: sscbtool trace M07 returns/2018-19
    """
    run("trace", context, paths, {"figure": figure, "period": period, "stored": True}, output_format, output)
