"""The commands that close a year: the ledger, what is to be said of it, and the draft of the report."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sscbtool.cli import completing
from sscbtool.cli.options import (
    Basis,
    Format,
    FormatOption,
    OutputOption,
    PasswordOption,
    Paths,
    PeriodOption,
    PlainFormatOption,
    Role,
)
from sscbtool.cli.running import run

PANEL = "Year end"

app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def ledger(
    context: typer.Context,
    paths: Paths = None,
    basis: Annotated[Basis, typer.Option("--basis", help="Which of the three totals is the year's.")] = Basis.RECEIVED,
    fund: Annotated[str | None, typer.Option("--fund", metavar="NAME", help="Only this fund, such as SSCB.")] = None,
    period: PeriodOption = None,
    partner: Annotated[
        str | None,
        typer.Option("--partner", metavar="CODE", help="Only this organisation.", autocompletion=completing.partners),
    ] = None,
    control_total: Annotated[
        str | None, typer.Option("--control-total", metavar="AMOUNT", help="What the ledger extract must come to.")
    ] = None,
    control_rows: Annotated[
        int | None, typer.Option("--control-rows", metavar="N", min=0, help="How many lines the extract must have.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
) -> None:
    """Close the year: match what was agreed, invoiced and received, and explain every penny between them.

    PATHS may begin with: match accept ID, or: match reject ID.

    Example: sscbtool ledger returns/2018-19 --fund SSCB --period 2018-19
    """
    asked = {
        "basis": basis.value,
        "fund": fund,
        "period": period,
        "partner": partner,
        "control_total": control_total,
        "control_rows": control_rows,
        "stored": True,
        "password_prompt": password_prompt,
    }
    run("ledger", context, paths, asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def explain(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(metavar="ID", help="The id of a query, a break or a figure.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why it is as it is.")],
    paths: Paths = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", metavar="DATE", formats=["%Y-%m-%d", "%d/%m/%Y"], help="The last day it holds."),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so, beside the login.")] = None,
    fund: Annotated[str | None, typer.Option("--fund", metavar="NAME", help="The fund of a break.")] = None,
    period: PeriodOption = None,
    output_format: PlainFormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Record why a query, a figure or a break is as it is; it holds until a day, and while the amount is the same.

    Example: sscbtool explain F-3k9x0a1b --reason "agreed by letter"
    """
    asked = {
        "reason": reason,
        "until": until.date() if until else None,
        "said_by": by,
        "fund": fund,
        "period": period,
        "stored": True,
    }
    run("explain", context, [identity, *(paths or [])], asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def signoff(
    context: typer.Context,
    role: Annotated[Role, typer.Option("--as", help="The preparer signs first, then a reviewer with another login.")],
    paths: Paths = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who signs, beside the login.")] = None,
    fund: Annotated[
        str | None, typer.Option("--fund", metavar="NAME", help="The fund whose open items are counted.")
    ] = None,
    period: PeriodOption = None,
    output_format: PlainFormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Sign the year off, bound to the hashes of the inputs: whatever changes in them afterwards voids it.

    Example: sscbtool signoff --as preparer --by "A. Osei" returns/2018-19
    """
    asked = {"role": role.value, "said_by": by, "fund": fund, "period": period, "stored": True}
    run("signoff", context, paths, asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def proof(
    context: typer.Context,
    draft: Annotated[str, typer.Argument(metavar="DRAFT", help="The draft report: docx, txt or md.")],
    period: PeriodOption = None,
    propose: Annotated[
        str | None, typer.Option("--propose", metavar="FILE", help="Draft register rows for what is not registered.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Hold every number of a draft report against the register of published figures.

    Example: sscbtool proof draft.md --period 2018-19 --propose more-figures.csv
    """
    run("proof", context, [draft], {"period": period, "propose": propose}, output_format, output)


_BY_ENDING = {
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xlsx": Format.XLSX,
    ".md": Format.MARKDOWN,
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".txt": Format.TABLE,
}


@app.command(rich_help_panel=PANEL)
def report(
    context: typer.Context,
    paths: Paths = None,
    period: PeriodOption = None,
    output_format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="Written as html, xlsx, markdown, json, csv or table; else as --output ends, else html.",
            show_default=False,
        ),
    ] = None,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
) -> None:
    """Write what the board is handed: one page that says in words whether the figures stand, and shows why.

    On a terminal it is written to a file in this folder. --format xlsx is the workbook, markdown fits an e-mail.

    Example: sscbtool report returns/2018-19 --period 2018-19 --output report.html
    """
    chosen = output_format or (_BY_ENDING.get(output.suffix.lower(), Format.HTML) if output else Format.HTML)
    if output is None and chosen in (Format.HTML, Format.XLSX) and sys.stdout is not None and sys.stdout.isatty():
        output = Path(f"report.{chosen.value}")
    asked = {"period": period, "stored": True, "password_prompt": password_prompt}
    run("report", context, paths, asked, chosen, output, named=True)
