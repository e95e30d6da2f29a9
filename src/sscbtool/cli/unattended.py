"""The command that runs with nobody watching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sscbtool.cli.options import Format, FormatOption, LogFileOption, OutputOption, PeriodOption
from sscbtool.cli.running import (
    alone,
    deliver,
    exit_code,
    guarded,
    log,
    log_result,
    log_to,
    nothing,
    refuse_format,
    request_of,
    tell,
)
from sscbtool.errors import NothingToJudge

if TYPE_CHECKING:
    from sscbtool.core.model import Result
    from sscbtool.edge.settings import Settings

PANEL = "Unattended"
EXTENSIONS = {"html": "html", "xlsx": "xlsx", "markdown": "md", "json": "json", "csv": "csv", "table": "txt"}
FOR_READERS = frozenset({"html", "xlsx", "markdown"})
"""What is the board's report, where there are published figures to report on; the others are of the run itself."""

app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def check(
    context: typer.Context,
    period: PeriodOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing where all is clean.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge what lies in the folder; store, log and report nothing.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    log_file: LogFileOption = None,
) -> None:
    """Do everything in one run: ingest what is new, validate, reconcile, say who is late, write the reports.

    One line where all is clean; else what changed, by partner, and whom to chase.

    Example: sscbtool check --period 2018-19 --quiet
    """
    log_to(context, log_file)

    def work() -> int:
        with alone("check", context.obj, dry_run=dry_run):
            return in_turn()

    def in_turn() -> int:
        from sscbtool.core.model import Outcome
        from sscbtool.workflow.checking import check as do

        refuse_format("check", output_format, output)
        request = request_of("check", context.obj, [], {"period": period, "dry_run": dry_run})
        try:
            result = do(request)
        except NothingToJudge:
            if output_format is Format.JSON:
                deliver(nothing("check"), output_format, output, show_values=False, settings=request.settings)
            raise
        if request.settings is not None and not dry_run:
            _write_reports(context, result, request.settings)
        log_result(context, result)
        if not (quiet and result.outcome is Outcome.CLEAN):
            tell(result, output_format)
            deliver(result, output_format, output, show_values=False, settings=request.settings)
        return exit_code(result)

    guarded(work, context)


def _write_reports(context: typer.Context, result: Result, settings: Settings) -> None:
    """The reports that the settings ask for, each whole under its name or not there."""
    from sscbtool.edge.workspace import write_new
    from sscbtool.render import OutputFormat, render

    for name in settings.check.reports:
        period = f"-{result.period.replace(' ', '-')}" if result.period else ""
        path = settings.path(settings.check.folder) / f"check{period}.{EXTENSIONS[name]}"
        shown = (result.told.get("board") if name in FOR_READERS else None) or result
        written = render(shown, OutputFormat(name), catalogue=result.catalogue)
        data = written if isinstance(written, bytes) else written.encode("utf-8", errors="backslashreplace")
        write_new(path, data, settings.file_mode, settings.group)
        log(context, "info", "report", file=str(path))
