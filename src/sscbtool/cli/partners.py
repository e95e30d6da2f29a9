"""The commands about those who send returns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    PlainFormatOption,
    ReturnOption,
)
from sscbtool.cli.running import run
from sscbtool.errors import BadUsage

if TYPE_CHECKING:
    from sscbtool.core.model import Result
    from sscbtool.workflow.receiving import Request

PANEL = "Partners"

app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def status(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[nil PARTNER RETURN | extend PARTNER RETURN DATE]",
            help="What to record; nothing to see who has sent what.",
            show_default=False,
            autocompletion=completing.due,
        ),
    ] = None,
    period: PeriodOption = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="WORDS", help="Why it is as it is.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so, beside the login.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was recorded.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Show who has sent what, who is late and whom to chase; record a nil return or a later day.

    Example: sscbtool status nil LFB contributions --period 2018-19 --reason "letter"
    """
    asked = {"period": period, "reason": reason, "said_by": by, "withdraw": withdraw}
    run("status", context, words, asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def template(
    context: typer.Context,
    return_name: Annotated[
        str | None,
        typer.Argument(metavar="[RETURN]", help="Which return.", show_default=False, autocompletion=completing.returns),
    ] = None,
    all_of: Annotated[
        str | None,
        typer.Option(
            "--all",
            metavar="PARTNER",
            help="Every return that this partner is to send.",
            autocompletion=completing.partners,
        ),
    ] = None,
    partner: PartnerOption = None,
    period: PeriodOption = None,
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE|DIR", help="Where the form goes; else here.")
    ] = None,
    output_format: PlainFormatOption = Format.TABLE,
) -> None:
    """Make a blank workbook for partners: headings, drop-downs and input rules after the schema, and a cover sheet.

    Example: sscbtool template contributions --partner LFB --period 2018-19
    """

    def beside(result: Result, request: Request) -> None:
        from sscbtool.edge.sharing import Sharing
        from sscbtool.edge.workspace import write_new
        from sscbtool.render.template import forms_of

        made = forms_of(result)
        for path, data in made.items():
            if Path(path).exists() and (not Path(path).is_file() or Path(path).read_bytes() != data):
                raise BadUsage(f"{path} stands there already, and may be filled in.", "Give another --output.")
        sharing = request.settings.sharing if request.settings else Sharing()
        for path, data in made.items():
            write_new(Path(path), data, sharing.file_mode, sharing.group)

    asked = {
        "return_name": return_name,
        "all_returns": all_of is not None,
        "partner": all_of or partner,
        "period": period,
        "target": str(target) if target else None,
    }
    run("template", context, None, asked, output_format, None, beside=beside)


@app.command(rich_help_panel=PANEL)
def annotate(
    context: typer.Context,
    paths: Paths = None,
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    target: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE|DIR", help="Where the copies go; else a folder named annotated."),
    ] = None,
    note: Annotated[
        Path | None, typer.Option("--note", metavar="FILE", help="Write a covering note here, without cell values.")
    ] = None,
    output_format: PlainFormatOption = Format.TABLE,
    password_prompt: PasswordOption = False,
) -> None:
    """Give senders their own workbooks back, each faulty cell marked and commented; what they sent stays untouched.

    Example: sscbtool annotate returns/2018-19/MOPAC --output to-send --note to-send/note.txt
    """

    def beside(result: Result, request: Request) -> None:
        if note is not None:
            from sscbtool.edge.sharing import Sharing
            from sscbtool.edge.workspace import write_new
            from sscbtool.render.note import covering_note

            if any(Path(file.path).exists() and note.exists() and note.samefile(file.path) for file in result.files):
                raise BadUsage(f"The note would be written over {note}, which is what was sent.", "Name another file.")
            sharing = request.settings.sharing if request.settings else Sharing()
            write_new(note, covering_note(result).encode("utf-8"), sharing.file_mode, sharing.group)

    asked = {
        "return_name": return_name,
        "period": period,
        "partner": partner,
        "target": str(target) if target else None,
        "password_prompt": password_prompt,
    }
    run("annotate", context, paths, asked, output_format, None, beside=beside)


@app.command(rich_help_panel=PANEL)
def diff(
    context: typer.Context,
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD",
            help="A file, or a version in the store: id, hash or path.",
            autocompletion=completing.versions_or_files,
        ),
    ],
    new: Annotated[
        str,
        typer.Argument(
            metavar="NEW",
            help="What came later: a file, or a version in the store.",
            autocompletion=completing.versions_or_files,
        ),
    ],
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
) -> None:
    """Show what a resubmission changed: rows by key and cell, each figure it moves, which findings it mended.

    Exits 0 where nothing is open in NEW, even though it differs; 1 where findings are, or a figure it moves disagrees.

    Example: sscbtool diff "returns/2018-19/LFB/LFB contribution.xls" corrected.csv
    """
    asked = {
        "return_name": return_name,
        "period": period,
        "partner": partner,
        "password_prompt": password_prompt,
    }
    run("diff", context, [old, new], asked, output_format, output)


@app.command(rich_help_panel=PANEL)
def organisations(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS]... | accept NAME CODE | reject NAME CODE",
            help="Files, or a decision.",
            show_default=False,
            autocompletion=completing.decisions,
        ),
    ] = None,
    period: PeriodOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """List names that are in no register, with what they may mean; accept or reject a proposal.

    Example: sscbtool organisations accept "Fire Brigde" LFB
    """
    run("organisations", context, paths, {"period": period, "stored": True}, output_format, output)
