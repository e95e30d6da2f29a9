"""One way through for every command: the work, its result, its delivery, its exit code.

The one place that catches ``SscbError``, and the one place that writes to the terminal.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sscbtool import __version__
from sscbtool.cli.options import Format
from sscbtool.errors import EXIT_PRECEDENCE, BadUsage, CannotWrite, ExitCode, NothingToJudge, SscbError

if TYPE_CHECKING:
    from sscbtool.core.model import Result
    from sscbtool.edge.logfile import LogFile
    from sscbtool.edge.settings import Settings
    from sscbtool.workflow.receiving import Request

WRITERS = frozenset({"ingest", "check"})
"""Commands that keep the store to themselves from before the first file is read until the last has landed."""


def run(
    command: str,
    context: typer.Context,
    paths: list[str] | None,
    asked: dict[str, Any],
    output_format: Format,
    output: Path | None,
    *,
    show_values: bool = False,
    named: bool = False,
    beside: Callable[[Result, Request], None] | None = None,
) -> None:
    """Do the work of a command, deliver what it found, and end with its exit code.

    With ``named`` somebody at a terminal is told which file it was written to. ``beside`` is given the result before it
    is shown, for what is delivered beside it.
    """

    def work() -> int:
        with alone(command, context.obj, dry_run=bool(asked.get("dry_run"))):
            return in_turn()

    def in_turn() -> int:
        from sscbtool.workflow import commands

        refuse_format(command, output_format, output)
        request = request_of(command, context.obj, paths or [], asked)
        try:
            result: Result = getattr(commands, command)(request)
        except NothingToJudge:
            if output_format is Format.JSON:
                deliver(nothing(command), output_format, output, show_values=False, settings=request.settings)
            raise
        if beside:
            beside(result, request)
        log_result(context, result)
        tell(result, output_format)
        deliver(result, output_format, output, show_values=show_values, settings=request.settings)
        if named and output is not None and sys.stderr is not None and sys.stderr.isatty():
            _say(f"Written to {output}.", "")
        return exit_code(result)

    guarded(work, context)


DEEDS = frozenset(
    {"annotate", "template", "figures_roll", "explain", "signoff", "store_backup", "store_restore", "store_forget"}
)
"""Commands that do something or write files of their own: what they say is no page and no workbook."""


def refuse_format(command: str, output_format: Format, output: Path | None) -> None:
    """A workbook is bytes, and what was done is no document.

    Raises:
        BadUsage: a workbook would go to a terminal, or the command writes no such thing.
    """
    if command in DEEDS and output_format in (Format.HTML, Format.XLSX):
        name = command.replace("_", " ")
        raise BadUsage(f"What {name} says is not written as {output_format}.", "Take table, json, csv or markdown.")
    if output_format is Format.XLSX and output is None and sys.stdout is not None and sys.stdout.isatty():
        raise BadUsage("A workbook cannot be shown on a terminal.", f"Write it to a file: --output {command}.xlsx")


_LOG = "sscbtool.log"
"""Where the log to write stands among what the commands of one process share."""


def log_to(context: typer.Context, path: Path | None) -> None:
    """Have what follows logged to ``path``; None leaves it as it was."""
    if path is not None:
        from sscbtool.edge.logfile import LogFile

        context.find_root().meta[_LOG] = LogFile(path)


def log(context: typer.Context | None, level: str, event: str, **facts: Any) -> None:
    """One line in the log, if there is one.

    Raises:
        CannotWrite: the log cannot be written.
    """
    to: LogFile | None = context.find_root().meta.get(_LOG) if context else None
    if context is not None and to is not None:
        to.write(level, event, context.command_path.partition(" ")[2], **facts)


def log_result(context: typer.Context, result: Result) -> None:
    """What a run came to, in counts; refused files by name."""
    for file in result.files:
        if file.refused:
            log(context, "warning", "refused", file=file.path, reason=file.reason)
    for remark in result.remarks:
        log(context, "info", "remark", text=remark)
    counts = Counter("explained" if each.explained else each.severity.value for each in result.findings)
    log(
        context,
        "info" if result.outcome == "clean" else "warning",
        "result",
        outcome=str(result.outcome),
        period=result.period,
        head=result.told.get("head"),
        counts={
            "files": len(result.files),
            "refused": sum(file.refused for file in result.files),
            "rows": sum(table.rows_kept for file in result.files for table in file.tables),
            **{name: counts[name] for name in ("error", "query", "warning", "explained")},
            "figures": len(result.figures),
        },
    )


@contextmanager
def alone(command: str, workspace: Path | None, *, dry_run: bool) -> Iterator[None]:
    """Keep the store's lock through the whole run of a command that writes; who is turned away is told at once.

    Raises:
        StoreBusy: another run is writing.
    """
    if command not in WRITERS or dry_run:
        yield
        return
    from sscbtool.edge.lock import kept
    from sscbtool.edge.settings import find_workspace

    settings = find_workspace(workspace, Path.cwd())
    if settings is None:
        yield
        return
    with kept(settings.path(settings.store), settings.sharing):
        yield


def nothing(command: str) -> Result:
    """What a script gets where there was nothing to judge; the sentence on stderr says why."""
    from sscbtool.core.model import Outcome, Result

    return Result(command.replace("_", " "), None, Outcome.INCOMPLETE)


def guarded(work: Callable[[], int], context: typer.Context | None = None) -> None:
    """Run a command; what an operator can fix is one sentence, a bug a traceback without anybody's data."""
    _answer_to_signals()
    try:
        code = _logged(work, context)
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


def _logged(work: Callable[[], int], context: typer.Context | None) -> int:
    """The work, with a line in the log when it starts and one when it ends, however it ends."""
    log(context, "info", "started", version=__version__)
    try:
        code = int(work())
    except SscbError as trouble:
        log(context, "error", "failed", code=int(trouble.exit_code), message=trouble.message)
        raise
    except BaseException as fault:
        code = ExitCode.INTERRUPTED if isinstance(fault, KeyboardInterrupt) else ExitCode.BUG
        with suppress(CannotWrite):
            log(context, "error", "failed", code=int(code), message=type(fault).__name__, where=_where(fault))
        raise
    log(context, "info" if code == 0 else "warning", "ended", code=code)
    return code


def _where(fault: BaseException) -> list[str]:
    """Files, lines and functions, innermost last; never the text of the fault, which may hold a partner's cell."""
    import traceback

    return [f"{each.filename}:{each.lineno} in {each.name}" for each in traceback.extract_tb(fault.__traceback__)]


def _answer_to_signals() -> None:
    """Being told to end, by cron's host or a closed terminal, is an interrupt: what stands aside is cleared away."""

    def interrupt(number: int, _frame: object) -> None:
        # A second one must not cut the clearing short.
        for each in (signal.SIGINT, *_ENDING):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(number)

    for each in (signal.SIGINT, *_ENDING):
        if signal.getsignal(each) in (signal.SIG_DFL, signal.default_int_handler):
            with suppress(ValueError):  # not the main thread: whoever calls has the signals
                signal.signal(each, interrupt)


_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def _report_bug(bug: Exception) -> None:
    """Where it went wrong, by file and line; an exception's own text may hold a partner's cell and is left out."""
    typer.echo(f"This is a bug in sscbtool {__version__}: {type(bug).__name__}.", err=True)
    for line in _where(bug):
        typer.echo(f"  {line}", err=True)


def _say(message: str, hint: str) -> None:
    from sscbtool.core.neutral import printable

    ended = f"{message}." if hint and not message.endswith((".", "?", "!", ":")) else message
    typer.echo(printable(f"{ended} {hint}".strip()), err=True)


def request_of(command: str, workspace: Path | None, paths: list[str], asked: dict[str, Any]) -> Request:
    """What was asked for, with the workspace, the day and who asks.

    Raises:
        BadConfiguration: the workspace stated has no settings, or they cannot be used.
    """
    import datetime as dt

    from sscbtool.edge.settings import find_workspace
    from sscbtool.workflow.receiving import Request

    names_return = command == "summary" and paths and paths[0].isidentifier() and not Path(paths[0]).exists()
    if names_return:
        asked["only"] = paths.pop(0)
    now = dt.datetime.now(dt.UTC)
    prompt = asked.pop("password_prompt", False)
    return Request(
        paths=tuple(paths),
        settings=find_workspace(workspace, Path.cwd()),
        today=now.astimezone().date(),
        now=now,
        by=_login(),
        progress=_progress if sys.stderr is not None and sys.stderr.isatty() else None,
        ask_password=_ask_password if prompt else None,
        **asked,
    )


def _login() -> str:
    """Who runs it, as the system knows them; a number where it has no name for them."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


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


def tell(result: Result, output_format: Format) -> None:
    """Refused files, one line each; with a machine format nothing else goes to stderr."""
    from sscbtool.core.neutral import printable

    for file in result.files:
        if file.refused:
            hint = f" {file.hint}" if file.hint else ""
            typer.echo(printable(f"{file.path}: refused: {str(file.reason).rstrip('.')}.{hint}"), err=True)
    if output_format is Format.TABLE:
        for remark in result.remarks:
            typer.echo(printable(remark), err=True)


def deliver(
    result: Result,
    output_format: Format,
    output: Path | None,
    *,
    show_values: bool,
    settings: Settings | None = None,
) -> None:
    """Write the result to the terminal, or whole or not at all to a file."""
    from sscbtool.render import PIPED_WIDTH, OutputFormat, render

    if output is None and sys.stdout is None:
        raise CannotWrite("There is no standard output to write to.", "Give the result a file with --output.")
    on_terminal = output is None and sys.stdout is not None and sys.stdout.isatty()
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
        from sscbtool.edge.sharing import Sharing
        from sscbtool.edge.workspace import write_new

        sharing = settings.sharing if settings else Sharing()
        write_new(output, data, sharing.file_mode, sharing.group)
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


def exit_code(result: Result) -> int:
    """The first of the exit codes that apply, in their order of precedence."""
    by_outcome = {
        "clean": ExitCode.CLEAN,
        "findings": ExitCode.FINDINGS,
        "incomplete": ExitCode.INCOMPLETE,
        "refused": ExitCode.REFUSED,
    }
    applying = {by_outcome[result.outcome]}
    return next(code for code in EXIT_PRECEDENCE if code in applying)
