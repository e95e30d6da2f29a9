"""Typer: parse, call the workflow, render, deliver, exit code.

Imports nothing heavy at start: each command imports what it needs, so that ``--help`` answers at once. The one place
that catches ``SscbError``, and the one place that writes to the terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sscbtool import __version__
from sscbtool.errors import EXIT_PRECEDENCE, BadUsage, CannotWrite, ExitCode, NothingToJudge, SscbError

if TYPE_CHECKING:
    from sscbtool.core.model import Result
    from sscbtool.workflow.receiving import Request

EVERY_DAY, PARTNERS, YEAR_END, UPKEEP = "Every day", "Partners", "Year end", "Upkeep"
EXIT_CODES = """Exit codes: 0 clean, 1 something open, 2 wrong usage or configuration, 3 an input was refused,
4 not enough to judge, 70 a bug, 74 could not write, 75 the store is busy, 130 interrupted."""

app = typer.Typer(
    name="sscbtool",
    help=f"""Reconcile what partner agencies send with what the board publishes.

{EXIT_CODES}""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
schemas_app = typer.Typer(no_args_is_help=True, help="The schema files: what each return must hold.")
app.add_typer(schemas_app, name="schemas", rich_help_panel=UPKEEP)

figures_app = typer.Typer(no_args_is_help=True, help="The registers of published figures, a file for each year.")
app.add_typer(figures_app, name="figures", rich_help_panel=UPKEEP)


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    XLSX = "xlsx"


class Basis(StrEnum):
    """On which basis the year is closed."""

    RECEIVED = "received"
    INVOICED = "invoiced"
    AGREED = "agreed"


Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATHS]...", help="Files, folders or globs.", show_default=False),
]
ReturnOption = Annotated[str | None, typer.Option("--return", metavar="NAME", help="Which return the files are.")]
PeriodOption = Annotated[
    str | None, typer.Option("--period", metavar="PERIOD", help="The year judged: 2018-19, 2018-19 Q1, last-quarter.")
]
PartnerOption = Annotated[str | None, typer.Option("--partner", metavar="CODE", help="Whose files they are.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How the result is written.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result here, not to the terminal.")
]
PasswordOption = Annotated[
    bool, typer.Option("--password-prompt", help="Ask for the password of protected workbooks, without showing it.")
]
ValuesOption = Annotated[bool, typer.Option("--show-values", help="Show partner text, on a terminal only.")]


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
    version: Annotated[  # noqa: ARG001 - Typer calls _version and ends
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Keep what every command shares."""
    context.obj = workspace


# --------------------------------------------------------------------------- every day


@app.command(rich_help_panel=EVERY_DAY)
def inspect(
    context: typer.Context,
    paths: Paths = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    password_prompt: PasswordOption = False,
) -> None:
    """Show which tables stand where in any spreadsheet, and whether their own totals add up.

    Example: sscbtool inspect returns.xlsx
    """
    asked = {"password_prompt": password_prompt}
    _run("inspect", context, paths, asked, output_format, output)


@app.command(rich_help_panel=EVERY_DAY)
def ingest(
    context: typer.Context,
    paths: Paths = None,
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what each file is, and store nothing.")] = False,
    replaces: Annotated[
        str | None, typer.Option("--replaces", metavar="FILE", help="The stored file that this one takes the place of.")
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
    _run("ingest", context, paths, asked, output_format, output)


@app.command(rich_help_panel=EVERY_DAY)
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
    _run("validate", context, paths, asked, output_format, output)


@app.command(rich_help_panel=EVERY_DAY)
def reconcile(
    context: typer.Context,
    paths: Paths = None,
    return_name: ReturnOption = None,
    period: PeriodOption = None,
    partner: PartnerOption = None,
    figure: Annotated[str | None, typer.Option("--figure", metavar="ID", help="Only this published figure.")] = None,
    section: Annotated[str | None, typer.Option("--section", metavar="NO", help="Only this section's figures.")] = None,
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
    _run("reconcile", context, paths, asked, output_format, output)


@app.command(rich_help_panel=EVERY_DAY)
def summary(
    context: typer.Context,
    paths: Paths = None,
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
    """Sum each return up by partner and quarter. PATHS may begin with the name of one return.

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
    _run("summary", context, paths, asked, output_format, output, show_values=show_values)


@app.command(rich_help_panel=EVERY_DAY)
def trace(
    context: typer.Context,
    figure: Annotated[str, typer.Argument(metavar="FIGURE", help="A figure's id, such as M07.")],
    paths: Paths = None,
    period: PeriodOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Explain one published figure at length: rows counted, rows set aside and why, files and cells.

    Example: sscbtool trace M07 returns/2018-19
    """
    _run("trace", context, paths, {"figure": figure, "period": period, "stored": True}, output_format, output)


# --------------------------------------------------------------------------- year end


@app.command(rich_help_panel=YEAR_END)
def ledger(
    context: typer.Context,
    paths: Paths = None,
    basis: Annotated[Basis, typer.Option("--basis", help="Which of the three totals is the year's.")] = Basis.RECEIVED,
    fund: Annotated[str | None, typer.Option("--fund", metavar="NAME", help="Only this fund, such as SSCB.")] = None,
    period: PeriodOption = None,
    partner: Annotated[str | None, typer.Option("--partner", metavar="CODE", help="Only this organisation.")] = None,
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
    _run("ledger", context, paths, asked, output_format, output)


@app.command(rich_help_panel=YEAR_END)
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
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Record why a query, a figure or a break is as it is; it holds until a day, and while the amount is the same.

    Example: sscbtool explain L-3k9x0a1b returns/2018-19 --reason "agreed by letter" --until 2019-09-30
    """
    asked = {
        "reason": reason,
        "until": until.date() if until else None,
        "said_by": by,
        "fund": fund,
        "period": period,
        "stored": True,
    }
    _run("explain", context, [identity, *(paths or [])], asked, output_format, output)


# --------------------------------------------------------------------------- partners


@app.command(rich_help_panel=PARTNERS)
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
    _run("organisations", context, paths, {"period": period, "stored": True}, output_format, output)


@app.command(rich_help_panel=YEAR_END)
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

    Example: sscbtool proof draft.docx --period 2018-19 --propose figures.csv
    """
    _run("proof", context, [draft], {"period": period, "propose": propose}, output_format, output)


# --------------------------------------------------------------------------- upkeep


@app.command(rich_help_panel=UPKEEP)
def init(
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

    _guarded(work)


@figures_app.command("list")
def figures_list(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """List the registers of published figures, and how far each has its values."""
    _run("figures_list", context, None, {}, output_format, None)


@figures_app.command("roll")
def figures_roll(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The year whose register is taken, such as 2018-19.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The year whose register is started.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Start next year's register from this year's: statements kept, values blank, days moved on.

    Example: sscbtool figures roll 2018-19 2019-20
    """
    _run("figures_roll", context, [source, target], {}, output_format, None)


@schemas_app.command("list")
def schemas_list(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """List the returns that the board expects."""
    _run("schemas_list", context, None, {}, output_format, None)


@schemas_app.command("show")
def schemas_show(
    context: typer.Context,
    return_name: Annotated[str, typer.Argument(metavar="RETURN", help="The return's name.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show the columns and rules of one return."""
    _run("schemas_show", context, None, {"return_name": return_name}, output_format, None)


@schemas_app.command("test")
def schemas_test(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """Try every schema file, measure and figure; a bad one is named with its key."""
    _run("schemas_test", context, None, {}, output_format, None)


@schemas_app.command("measures")
def schemas_measures(
    context: typer.Context, return_name: ReturnOption = None, output_format: FormatOption = Format.TABLE
) -> None:
    """List the measures by name, for whoever edits the register of figures."""
    _run("schemas_measures", context, None, {"return_name": return_name}, output_format, None)


# --------------------------------------------------------------------------- one way through for every command


def _run(
    command: str,
    context: typer.Context,
    paths: list[str] | None,
    asked: dict[str, Any],
    output_format: Format,
    output: Path | None,
    *,
    show_values: bool = False,
) -> None:
    """Do the work of a command, deliver what it found, and end with its exit code."""

    def work() -> int:
        from sscbtool.workflow import commands

        if output_format is Format.XLSX and output is None and sys.stdout.isatty():
            raise BadUsage("A workbook cannot be shown on a terminal.", f"Write it to a file: --output {command}.xlsx")
        request = _request(command, context.obj, paths or [], asked)
        try:
            result: Result = getattr(commands, command)(request)
        except NothingToJudge:
            if output_format is Format.JSON:
                _deliver(_nothing(command), output_format, output, show_values=False)
            raise
        _tell(result, output_format)
        _deliver(result, output_format, output, show_values=show_values)
        return _exit_code(result)

    _guarded(work)


def _nothing(command: str) -> Result:
    """What a script gets where there was nothing to judge; the sentence on stderr says why."""
    from sscbtool.core.model import Outcome, Result

    return Result(command.replace("_", " "), None, Outcome.INCOMPLETE)


def _guarded(work: Callable[[], int]) -> None:
    """Run a command; what an operator can fix is one sentence, a bug a traceback without anybody's data."""
    try:
        code = work()
    except SscbError as trouble:
        _say(trouble.message, trouble.hint)
        code = trouble.exit_code
    except KeyboardInterrupt:
        _say("Interrupted; nothing is half done.", "")
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has seen enough; what is still buffered must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.CANNOT_WRITE
    except Exception as bug:  # noqa: BLE001 - the last line: places, never values
        _report_bug(bug)
        code = ExitCode.BUG
    raise typer.Exit(int(code))


def _report_bug(bug: Exception) -> None:
    """Where it went wrong, by file and line; an exception's own text may hold a partner's cell and is left out."""
    import traceback

    typer.echo(f"This is a bug in sscbtool {__version__}: {type(bug).__name__}.", err=True)
    for frame in traceback.extract_tb(bug.__traceback__):
        typer.echo(f"  {frame.filename}:{frame.lineno} in {frame.name}", err=True)


def _say(message: str, hint: str) -> None:
    from sscbtool.core.neutral import printable

    typer.echo(printable(f"{message} {hint}".strip()), err=True)


def _request(command: str, workspace: Path | None, paths: list[str], asked: dict[str, Any]) -> Request:
    import datetime as dt
    import getpass

    from sscbtool.edge.workspace import find_workspace
    from sscbtool.workflow.receiving import Request

    names_return = command == "summary" and paths and paths[0].isidentifier() and not Path(paths[0]).exists()
    if names_return and asked["return_name"] is None:
        asked["return_name"] = paths.pop(0)
    now = dt.datetime.now(dt.UTC)
    prompt = asked.pop("password_prompt", False)
    return Request(
        paths=tuple(paths),
        settings=find_workspace(workspace, Path.cwd()),
        today=now.astimezone().date(),
        now=now,
        by=getpass.getuser(),
        progress=_progress if sys.stderr.isatty() else None,
        ask_password=_ask_password if prompt else None,
        **asked,
    )


def _ask_password(path: str) -> str | None:
    """The password of one workbook, typed unseen; None where there is nobody to ask."""
    from sscbtool.core.neutral import printable

    if not sys.stdin.isatty():
        raise BadUsage("There is no terminal to type a password at.", "Run it by hand, without a pipe.")
    return str(typer.prompt(f"Password of {printable(Path(path).name)}", hide_input=True, err=True))


def _progress(done: int, total: int) -> None:
    """A line on the terminal that overwrites itself, and goes when the last file is read."""
    if total > 1:
        sys.stderr.write("\r\x1b[K" if done == total else f"\rReading {done} of {total} files")
        sys.stderr.flush()


def _tell(result: Result, output_format: Format) -> None:
    """Refused files, one line each; with a machine format nothing else goes to stderr."""
    from sscbtool.core.neutral import printable

    for file in result.files:
        if file.refused:
            hint = f" {file.hint}" if file.hint else ""
            typer.echo(printable(f"{file.path}: refused: {str(file.reason).rstrip('.')}.{hint}"), err=True)
    if output_format is Format.TABLE:
        for remark in result.remarks:
            typer.echo(printable(remark), err=True)


def _deliver(result: Result, output_format: Format, output: Path | None, *, show_values: bool) -> None:
    """Write the result to the terminal, or whole or not at all to a file."""
    from sscbtool.render import PIPED_WIDTH, OutputFormat, render

    if output is None and sys.stdout is None:
        raise CannotWrite("There is no standard output to write to.", "Give the result a file with --output.")
    on_terminal = output is None and sys.stdout.isatty()
    if show_values and not on_terminal:
        raise BadUsage("Partner text is shown on a terminal only.", "Leave out --show-values or --output.")
    written = render(
        result,
        OutputFormat(output_format.value),
        catalogue=result.catalogue,
        width=_terminal_width() if on_terminal else PIPED_WIDTH,
        color=on_terminal and "NO_COLOR" not in os.environ,
        show_values=show_values,
    )
    data = written if isinstance(written, bytes) else written.encode("utf-8", errors="backslashreplace")
    if output is not None:
        from sscbtool.edge.workspace import write_new

        write_new(output, data, 0o600)
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as fault:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        why = getattr(fault, "strerror", None) or "it is closed"
        raise CannotWrite(
            f"The result could not be written: {why}.", "Give it somewhere to go with --output."
        ) from None


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _exit_code(result: Result) -> int:
    """The first of the exit codes that apply, in their order of precedence."""
    by_outcome = {
        "clean": ExitCode.CLEAN,
        "findings": ExitCode.FINDINGS,
        "incomplete": ExitCode.INCOMPLETE,
        "refused": ExitCode.REFUSED,
    }
    applying = {by_outcome[result.outcome]}
    return next(code for code in EXIT_PRECEDENCE if code in applying)
