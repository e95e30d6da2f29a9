"""What an operator can fix, and what the process answers with.

Imports nothing of ours. Bad *data* never becomes an exception here: it is a finding (``core.model``).
"""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with; the same for every command."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    REFUSED = 3
    INCOMPLETE = 4
    BUG = 70
    CANNOT_WRITE = 74
    BUSY = 75
    INTERRUPTED = 130


EXIT_PRECEDENCE = (
    ExitCode.BUG,
    ExitCode.CANNOT_WRITE,
    ExitCode.BUSY,
    ExitCode.USAGE,
    ExitCode.REFUSED,
    ExitCode.INCOMPLETE,
    ExitCode.FINDINGS,
    ExitCode.CLEAN,
)
"""Where several apply, the first of these."""


class SscbError(Exception):
    """Something the operator can put right: one sentence, and a hint on what to do.

    The exit code stands on the class; ``cli`` is the one place that catches it.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BadUsage(SscbError):
    """Options or arguments that do not fit together."""


def unknown(what: str, name: str, known: Iterable[str], hint: str) -> BadUsage:
    """That nobody knows ``name``, with those that come near it; ``hint`` says where all stand."""
    of = {each.casefold(): each for each in known}
    near = [of[each] for each in get_close_matches(name.casefold(), of, n=3)]
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return BadUsage(f"There is no {what} {name!r}.{meant}", hint)


class BadConfiguration(SscbError):
    """A schema file, figures register, organisations register or settings file that cannot be used."""


class InputRefused(SscbError):
    """An input that cannot be read, or that the gate does not let through.

    ``message`` is the reason as a clause without the file's name; ``hint`` is what to ask the sender for.
    """

    exit_code = ExitCode.REFUSED


class NothingToJudge(SscbError):
    """No data for the period, or nothing that a verdict could rest on."""

    exit_code = ExitCode.INCOMPLETE


class CannotWrite(SscbError):
    """A result or the store could not be written."""

    exit_code = ExitCode.CANNOT_WRITE


class StoreBusy(SscbError):
    """Another run is writing to this store."""

    exit_code = ExitCode.BUSY
