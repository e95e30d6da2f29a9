"""The commands that keep a workspace: its folder, its schemas, its registers of figures."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from sscbtool.cli import completing
from sscbtool.cli.options import (
    Format,
    FormatOption,
    OutputOption,
    PartnerOption,
    PeriodOption,
    PlainFormatOption,
    ReturnOption,
)
from sscbtool.cli.running import guarded, run
from sscbtool.errors import ExitCode

PANEL = "Upkeep"

app = typer.Typer()

schemas_app = typer.Typer(no_args_is_help=True, help="The schema files: what each return must hold.")
app.add_typer(schemas_app, name="schemas", rich_help_panel=PANEL)

figures_app = typer.Typer(no_args_is_help=True, help="The registers of published figures, a file for each year.")
app.add_typer(figures_app, name="figures", rich_help_panel=PANEL)


store_app = typer.Typer(no_args_is_help=True, help="Care of the store: what it holds, backups, forgetting.")
app.add_typer(store_app, name="store", rich_help_panel=PANEL)


@app.command(rich_help_panel=PANEL)
def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to lay the workspace out.")] = Path(),
    sample: Annotated[bool, typer.Option("--sample", help="Add the sample year.")] = False,
) -> None:
    """Lay out a workspace: settings, schemas and an empty folder for returns.

    Example: sscbtool init board --sample
    """

    def work() -> int:
        from sscbtool.workflow.layout import lay_out

        made = lay_out(folder, sample=sample)
        for line in made:
            typer.echo(line)
        return ExitCode.CLEAN

    guarded(work, context)


@app.command(rich_help_panel=PANEL)
def history(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN | verify [HEAD]]",
            help="One run, or whether the log is whole.",
            show_default=False,
            autocompletion=completing.runs,
        ),
    ] = None,
    max_age: Annotated[
        str | None,
        typer.Option("--max-age", metavar="AGE", help="End with 4 unless a run succeeded within it: 100d, 36h, 2w."),
    ] = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """List past runs, show one, or prove that their log is as it was written.

    Example: sscbtool history verify
    """
    run("history", context, words, {"max_age": max_age and age_of(max_age)}, output_format, output)


def age_of(text: str) -> timedelta:
    """``100d``, ``36h`` or ``2w`` as a span of time.

    Raises:
        typer.BadParameter: it is none of these.
    """
    found = re.fullmatch(r"([0-9]{1,5})(h|d|w)", text.strip().lower())
    if found is None:
        raise typer.BadParameter("write it as 100d, 36h or 2w", param_hint="--max-age")
    number = int(found[1])
    return {"h": timedelta(hours=number), "d": timedelta(days=number), "w": timedelta(weeks=number)}[found[2]]


@figures_app.command("list")
def figures_list(
    context: typer.Context, output_format: FormatOption = Format.TABLE, output: OutputOption = None
) -> None:
    """List the registers of published figures, and how far each has its values.

    Example: sscbtool figures list
    """
    run("figures_list", context, None, {}, output_format, output)


@figures_app.command("roll")
def figures_roll(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="The year whose register is taken, such as 2018-19.",
            autocompletion=completing.registers,
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="The year whose register is started.")],
    output_format: PlainFormatOption = Format.TABLE,
) -> None:
    """Start next year's register from this year's: statements kept, values blank, days moved on.

    Example: sscbtool figures roll 2018-19 2019-20
    """
    run("figures_roll", context, [source, target], {}, output_format, None)


@schemas_app.command("list")
def schemas_list(
    context: typer.Context, output_format: FormatOption = Format.TABLE, output: OutputOption = None
) -> None:
    """List the returns that the board expects.

    Example: sscbtool schemas list
    """
    run("schemas_list", context, None, {}, output_format, output)


@schemas_app.command("show")
def schemas_show(
    context: typer.Context,
    return_name: Annotated[
        str, typer.Argument(metavar="RETURN", help="The return's name.", autocompletion=completing.returns)
    ],
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Show the columns and rules of one return.

    Example: sscbtool schemas show contributions
    """
    run("schemas_show", context, None, {"return_name": return_name}, output_format, output)


@schemas_app.command("test")
def schemas_test(
    context: typer.Context, output_format: FormatOption = Format.TABLE, output: OutputOption = None
) -> None:
    """Try every schema file, measure and figure; a bad one is named with its key.

    Example: sscbtool schemas test
    """
    run("schemas_test", context, None, {}, output_format, output)


@schemas_app.command("measures")
def schemas_measures(
    context: typer.Context,
    return_name: ReturnOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """List the measures by name, for whoever edits the register of figures.

    Example: sscbtool schemas measures --return contributions
    """
    run("schemas_measures", context, None, {"return_name": return_name}, output_format, output)


@store_app.command("list")
def store_list(
    context: typer.Context,
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """List every version that the store holds, by the name that `diff` and `store forget` take.

    Example: sscbtool store list --return contributions
    """
    asked = {"return_name": return_name, "period": period, "partner": partner}
    run("store_list", context, None, asked, output_format, output)


@store_app.command("backup")
def store_backup(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="FILE|DIR", help="A new file, or a folder to put one in.")],
    output_format: PlainFormatOption = Format.TABLE,
) -> None:
    """Copy the whole store into one tar file; a run may be writing meanwhile.

    Example: sscbtool store backup board.tar
    """
    run("store_backup", context, [target], {}, output_format, None)


@store_app.command("restore")
def store_restore(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A backup.")],
    output_format: PlainFormatOption = Format.TABLE,
) -> None:
    """Put a backup in the place of all that the store holds, which is backed up beside it first.

    Example: sscbtool store restore board.tar
    """
    run("store_restore", context, [file], {}, output_format, None)


@store_app.command("verify")
def store_verify(
    context: typer.Context, output_format: FormatOption = Format.TABLE, output: OutputOption = None
) -> None:
    """Check the catalogue, the hash of every file of rows, the run log, and what is left over; 1 where damaged.

    Example: sscbtool store verify
    """
    run("store_verify", context, None, {}, output_format, output)


@store_app.command("forget")
def store_forget(
    context: typer.Context,
    version: Annotated[
        str,
        typer.Argument(
            metavar="SUBMISSION|FILE",
            help="An id, a file's hash, or its path.",
            autocompletion=completing.versions,
        ),
    ],
    output_format: PlainFormatOption = Format.TABLE,
) -> None:
    """Erase a submission, or all that came in one file, for good; the run log keeps that it was there.

    Example: sscbtool store forget 9451a9e9
    """
    run("store_forget", context, [version], {}, output_format, None)
