"""The gate: what may be opened at all. Every file passes here before a parser meets it.

Only regular files; only what is a spreadsheet by its content, whatever its name says; containers only if they are
sound and small enough unpacked. What is refused is named, and the sender can be asked for what would do.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from sscbtool.core.model import FileFormat, Limits, Remark, RemarkKind
from sscbtool.edge.intake import archive, compound, content
from sscbtool.edge.intake.compound import Protected, locked
from sscbtool.edge.intake.content import Family
from sscbtool.errors import InputRefused

__all__ = ["Admitted", "Protected", "Received", "admit", "judge", "locked", "receive"]

BLANKS = b" \t\r\n\0\x0b\x0c\x1a" + codecs.BOM_UTF8 + codecs.BOM_UTF16_LE
TEXT_MEMORY_SHARE = 3
"""A text file needs about so many times its size while it is read."""

CLAIMS: dict[str, frozenset[FileFormat]] = {
    ".xlsx": frozenset({FileFormat.XLSX}),
    ".xltx": frozenset({FileFormat.XLSX}),
    ".xlsm": frozenset({FileFormat.XLSM}),
    ".xltm": frozenset({FileFormat.XLSM}),
    ".xlam": frozenset({FileFormat.XLSM}),
    ".xlsb": frozenset({FileFormat.XLSB}),
    ".xls": frozenset({FileFormat.XLS}),
    ".xlt": frozenset({FileFormat.XLS}),
    ".ods": frozenset({FileFormat.ODS}),
    ".ots": frozenset({FileFormat.ODS}),
    ".htm": frozenset({FileFormat.HTML}),
    ".html": frozenset({FileFormat.HTML}),
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), frozenset({FileFormat.CSV, FileFormat.TSV})),
    **dict.fromkeys(
        (".pdf", ".doc", ".docx", ".ppt", ".pptx", ".rtf", ".odt", ".zip", ".gz", ".json", ".xml", ".eml", ".msg"),
        frozenset[FileFormat](),
    ),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".numbers"), frozenset[FileFormat]()),
}
"""What a name promises; a name that promises nothing (no extension, ``.dat``) cannot be wrong."""


@dataclass(frozen=True)
class Received:
    """A file's bytes as they stood on disk when it was opened, not yet judged."""

    path: Path
    sha256: str
    data: bytes


@dataclass(frozen=True)
class Admitted:
    """A file that a parser may open: what it is, its bytes (decrypted, if it was encrypted), and what was noticed.

    ``sha256`` is of the file as it was sent. ``format`` is CSV for every delimited text; its reader tells CSV from TSV.
    """

    path: Path
    sha256: str
    format: FileFormat
    data: bytes
    remarks: tuple[Remark, ...] = ()


def admit(path: Path, limits: Limits, password: str | None = None) -> Admitted:
    """Opens and judges one file. InputRefused with the reason and what to ask for, if it may not be read."""
    return judge(receive(path, limits), limits, password)


def receive(path: Path, limits: Limits) -> Received:
    """Reads a regular file, once and whole; nothing else is opened, and no link is followed."""
    if path.name.startswith(("~$", ".~lock.")):
        hint = "Give the workbook's own name; close it first."
        raise InputRefused("it is the mark that a spreadsheet program leaves while a workbook is open", hint)
    try:
        if stat.S_ISLNK(path.lstat().st_mode):
            raise _link()
        with _opened(path) as file:
            data = _content(file, limits)
    except ValueError as error:
        raise InputRefused("its name is not one that a file can have", "Check the path.") from error
    except OSError as error:
        raise _unopened(error) from error
    return Received(path, hashlib.sha256(data).hexdigest(), data)


def judge(received: Received, limits: Limits, password: str | None = None) -> Admitted:
    """What the bytes are, and whether a parser may have them."""
    found, data, remarks = _judged(received.data, limits, password)
    promised = CLAIMS.get(received.path.suffix.lower())
    if promised is not None and found not in promised:
        remarks = (Remark(RemarkKind.NAME_MISMATCH, detail=found.value), *remarks)
    return Admitted(received.path, received.sha256, found, data, remarks)


# --------------------------------------------------------------------------- opening


def _opened(path: Path) -> io.FileIO:
    """The file at ``path`` itself, opened without waiting for anybody at the other end of a pipe."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY", "O_NOINHERIT"):
        flags |= getattr(os, name, 0)
    number = os.open(path, flags)
    try:
        _refuse_irregular(os.fstat(number))
        return io.FileIO(number, "rb")
    except BaseException:
        os.close(number)
        raise


def _refuse_irregular(state: os.stat_result) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise InputRefused("it is a folder", "Give the files in it, or the folder that holds the returns.")
    if not stat.S_ISREG(state.st_mode):
        raise InputRefused("it is not a regular file", "Give a file that was saved to disk.")
    if not state.st_size:
        raise InputRefused("it is empty: it has no bytes", "Ask the sender for the file again.")


def _content(file: io.FileIO, limits: Limits) -> bytes:
    size = os.fstat(file.fileno()).st_size
    head = os.pread(file.fileno(), content.HEAD, 0) if hasattr(os, "pread") else _peeked(file)
    if size > limits.file_bytes and not content.is_text(head):
        raise _too_large(f"{limits.file_bytes / (1 << 20):g} MiB")
    if size * TEXT_MEMORY_SHARE > max(limits.memory_bytes, limits.file_bytes * TEXT_MEMORY_SHARE):
        raise _too_large(f"{limits.memory_bytes // TEXT_MEMORY_SHARE >> 20} MiB")
    data = file.read(size) or b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    if len(data) != size or file.read(1):
        raise InputRefused("it changed while it was being read", "Wait until it is saved, then run again.")
    if not head.strip(BLANKS) and not data.strip(BLANKS):
        raise InputRefused("it holds nothing but blanks", "Ask the sender for the file again.")
    return data


def _peeked(file: io.FileIO) -> bytes:
    head = file.read(content.HEAD) or b""
    file.seek(0)
    return head


def _too_large(limit: str) -> InputRefused:
    return InputRefused(f"it is larger than {limit}", "Ask for a smaller file, split by year or by quarter.")


def _link() -> InputRefused:
    return InputRefused("it is a link, not a file", "Give the file that it points to.")


def _unopened(error: OSError) -> InputRefused:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return InputRefused("there is no such file", "Check the path.")
        case errno.ELOOP:
            return _link()
        case errno.EACCES | errno.EPERM:
            return InputRefused("it may not be read: permission denied", "Ask its owner, or close it in Excel.")
        case errno.ENAMETOOLONG | errno.EINVAL:
            return InputRefused("its name is not one that a file can have", "Check the path.")
        case errno.ENXIO | errno.ENODEV:
            return InputRefused("it is not a regular file", "Give a file that was saved to disk.")
        case _:
            return InputRefused(f"it could not be read from disk ({os.strerror(error.errno or 0)})", "Copy it anew.")


# --------------------------------------------------------------------------- judging


def _judged(
    data: bytes, limits: Limits, password: str | None, *, unlocked: bool = False
) -> tuple[FileFormat, bytes, tuple[Remark, ...]]:
    family = content.told(data)
    if family is not Family.TEXT and len(data) > limits.file_bytes:
        raise _too_large(f"{limits.file_bytes / (1 << 20):g} MiB")
    match family:
        case Family.ZIP:
            contents = archive.inspect(data, limits)
            return contents.format, data, contents.remarks
        case Family.OLE2:
            return _judged_compound(data, limits, password, unlocked=unlocked)
        case Family.BIFF:
            return FileFormat.XLS, data, compound.inspect_stream(data, limits).remarks
        case Family.HTML:
            return FileFormat.HTML, data, ()
        case Family.TEXT:
            return FileFormat.CSV, data, ()
        case _:
            assert_never(family)


def _judged_compound(
    data: bytes, limits: Limits, password: str | None, *, unlocked: bool
) -> tuple[FileFormat, bytes, tuple[Remark, ...]]:
    match compound.inspect(data, limits, None if unlocked else password):
        case compound.Legacy(remarks):
            return FileFormat.XLS, data, remarks
        case compound.Unlocked(inner):
            if unlocked:
                raise InputRefused("it is encrypted twice", "Ask the sender for a copy saved without a password.")
            return _judged(inner, limits, None, unlocked=True)
