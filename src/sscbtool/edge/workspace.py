"""The board's folder: which files a run is about, and how a file appears in it whole or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import itertools
import os
import stat
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sscbtool.edge.sharing import Sharing
from sscbtool.errors import CannotWrite, InputRefused

SPREADSHEETS = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".csv", ".tsv", ".txt", ".html", ".htm"})
"""Which names in a folder are taken for returns; a file given by its own name is opened whatever it is called."""


@dataclass(frozen=True)
class Found:
    """The files that the paths of a command stand for."""

    files: tuple[str, ...]
    passed_over: tuple[str, ...] = ()
    """Files of a folder that are no spreadsheets by their names: named, so that nobody thinks they were read."""


def collect(paths: Sequence[str]) -> Found:
    """Files as they are; folders with all that lies below them; globs where no such path exists.

    A folder named like a spreadsheet is no folder of returns: it goes to the gate, which refuses it.

    Raises:
        InputRefused: a folder that may not be read.
    """
    files: dict[str, None] = {}
    passed_over: dict[str, None] = {}
    for path in paths:
        here = Path(path)
        if _is_folder(here) and here.suffix.lower() not in SPREADSHEETS:
            _walk(here, files, passed_over)
        elif here.exists() or here.is_symlink() or not glob.has_magic(path):
            files[path] = None
        else:
            fitting = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
            if not fitting:
                files[path] = None  # the gate says that there is no such file
            for each in fitting:
                if _is_folder(Path(each)):
                    _walk(Path(each), files, passed_over)
                else:
                    files[each] = None
    return Found(tuple(files), tuple(passed_over))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir() and not path.is_symlink()
    except OSError:
        return False


def _walk(folder: Path, files: dict[str, None], passed_over: dict[str, None]) -> None:
    """Every spreadsheet below a folder, in a stable order; links to folders are not followed."""
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as fault:
        raise InputRefused(f"the folder {folder} cannot be read: {fault.strerror}", "Check its permissions.") from None
    for entry in entries:
        if entry.name.startswith((".", "~$")):
            continue
        if _is_folder(entry):
            _walk(entry, files, passed_over)
        elif entry.suffix.lower() in SPREADSHEETS:
            files[str(entry)] = None
        else:
            passed_over[str(entry)] = None


def write_new(path: Path, data: bytes, mode: int = 0o600, group: str | None = None) -> None:
    """Write a file under its final name only once it is whole, for those whom ``mode`` and ``group`` name.

    Where the file that stands there cannot be replaced, as when it is open in Excel on a share, the new one is left
    beside it under a name of its own.

    Raises:
        CannotWrite: no permission, no space, or the file is open elsewhere.
        BadConfiguration: the group is not known here.
    """
    sharing = Sharing(mode, group)
    if path.is_symlink():
        path = path.resolve()
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)  # a pipe or a device is written to, not replaced
            return
        sharing.make_folder(path.parent)
        _sweep(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            sharing.give(aside)
            _put(aside, path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as fault:
        raise CannotWrite(
            f"{path} could not be written: {fault.strerror}.", "Check the disk space, the path and the permissions."
        ) from None


LEFT_BEHIND_SECONDS = 3600
"""From when on a file aside is what a writer left that was killed, and not what another is writing."""


def _sweep(path: Path) -> None:
    """Remove what writers of this very file left aside when they were killed."""
    for left in path.parent.glob(f".{glob.escape(path.name[:100])}.*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_BEHIND_SECONDS:
                left.unlink()


def _put(aside: Path, path: Path) -> None:
    """Give a finished file its name, or one beside it if the file of that name cannot be replaced.

    Raises:
        CannotWrite: it stands beside it.
    """
    try:
        aside.replace(path)
    except OSError as fault:
        if fault.errno not in _OPEN_ELSEWHERE or not path.is_file():
            raise
        beside = _put_beside(aside, path)
        raise CannotWrite(
            f"{path} could not be replaced ({fault.strerror}), so the result stands beside it as {beside.name}.",
            "If it is open in Excel, close it and run again, or use the new file.",
        ) from None


_OPEN_ELSEWHERE = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY})


def _put_beside(aside: Path, path: Path) -> Path:
    """Name a finished file ``report (2).xlsx``, or the first number after that which is free; gives the name."""
    for number in itertools.count(2):
        beside = path.with_stem(f"{path.stem} ({number})")
        try:
            os.link(aside, beside)  # unlike a rename, it never takes the place of a file
        except FileExistsError:
            continue
        except OSError:  # a share without hard links
            if beside.exists():
                continue
            aside.replace(beside)
        return beside
    raise AssertionError("numbers do not end")


def copy_tree(source: Path, target: Path) -> Iterable[Path]:
    """Copy the files below ``source``; one that stands in ``target`` already is left alone. Gives what was copied."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and not stat.S_ISLNK(path.lstat().st_mode) and "__pycache__" not in path.parts:
            goal = target / path.relative_to(source)
            if not goal.exists():
                goal.parent.mkdir(parents=True, exist_ok=True)
                goal.write_bytes(path.read_bytes())
                yield goal


@dataclass(frozen=True)
class Settled:
    """The files of a folder that nobody is writing to, and those that were left alone."""

    files: tuple[str, ...]
    passed_over: tuple[str, ...] = ()
    being_written: tuple[str, ...] = ()
    open_elsewhere: tuple[str, ...] = ()
    """Files beside which an owner lock file lies (``~$NAME``): what was last saved is read."""


def hashes_of(folder: Path) -> frozenset[str]:
    """The SHA-256 of every spreadsheet below ``folder`` that can be read."""
    files: dict[str, None] = {}
    _walk(folder, files, {})
    return frozenset(digest for path in files if (digest := hash_of(Path(path))))


def hash_of(path: Path) -> str | None:
    """The SHA-256 of a regular file; None where there is none, or it cannot be read."""
    if not path.is_file() or path.is_symlink():
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def settled(folder: Path, seconds: float) -> Settled:
    """The spreadsheets below ``folder``, each watched for ``seconds`` if it was written within them.

    Raises:
        InputRefused: the folder is not there, is no folder, or may not be read.
    """
    if not folder.is_dir():
        why = "is not a folder" if folder.exists() else "is not there"
        raise InputRefused(
            f"The returns folder {folder} {why}, so nothing was checked.",
            "If it is on a share, see whether that is mounted; if it was moved, say so in the settings.",
        )
    found = collect([str(folder)])
    before = {path: _state(path) for path in found.files}
    now = time.time()
    if any(state and abs(now - state[1] / 1e9) < seconds for state in before.values()):
        time.sleep(seconds)
    being_written = tuple(path for path in found.files if _state(path) != before[path] or _held_open(path))
    locks = tuple(str(path.with_name(path.name.removeprefix("~$"))) for path in sorted(folder.rglob("~$*")))
    whole = tuple(path for path in found.files if path not in being_written)
    return Settled(whole, found.passed_over, being_written, locks)


def _state(path: str) -> tuple[int, int] | None:
    """Size and time of change; None where the file has gone."""
    try:
        seen = Path(path).stat()
    except OSError:
        return None
    return seen.st_size, seen.st_mtime_ns


def _held_open(path: str) -> bool:
    """Whether another process has the file open for writing, where the system can tell (Linux, own files)."""
    try:
        import fcntl
    except ImportError:
        return False
    lease, read, none = (getattr(fcntl, name, None) for name in ("F_SETLEASE", "F_RDLCK", "F_UNLCK"))
    if lease is None or read is None or none is None:
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False  # the gate says why it cannot be opened
    try:
        # A read lease is given only on a file that nobody has open for writing.
        fcntl.fcntl(handle, lease, read)
        fcntl.fcntl(handle, lease, none)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False
