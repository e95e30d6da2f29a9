"""Reading the files that a board edits, and refusing one by its name and key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from sscbtool.errors import BadConfiguration

SAVE_AS = "in Excel save it as CSV UTF-8, comma delimited"


def text_of(path: Path, folder: Path, hashes: dict[str, str]) -> str:
    """The text of a file, whose hash is noted; UTF-8, else the Windows code page."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise BadConfiguration(f"{path} cannot be read: {fault.strerror}.") from None
    hashes[path.relative_to(folder).as_posix()] = hashlib.sha256(data).hexdigest()
    if b"\0" in data[:2000]:
        source = path.relative_to(folder).as_posix()
        refuse(source, "the whole file", f"it is not saved as plain text; {SAVE_AS}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # A register saved by Excel as plain "CSV" is in the Windows code page.
        return data.decode("cp1252", errors="replace")


def mapping(value: Any, source: str, key: str) -> Mapping[str, Any]:
    """A value that holds names with values."""
    if not isinstance(value, Mapping):
        refuse(source, key, "names with values are expected here")
    return value


def only(value: Mapping[str, Any], allowed: set[str], source: str, key: str) -> None:
    """Refuse a key that is none of those allowed."""
    for name in value:
        if name not in allowed:
            refuse(source, f"{key}.{name}", f"the key is not known; known are {', '.join(sorted(allowed))}")


def texts(value: Any, source: str, key: str) -> tuple[str, ...]:
    """A list of texts; YAML's own yes, no and dates are not what a cell says."""
    if value is None:
        return ()
    if not isinstance(value, list):
        refuse(source, key, "a list is expected here, such as [one, another]")
    for each in value:
        if isinstance(each, bool) or not isinstance(each, str | int | float):
            refuse(source, key, f"{each} is no text to YAML; write it in quotes")
    return tuple(str(each) for each in value)


def flag(value: Any, source: str, key: str) -> bool:
    """A true or a false."""
    if not isinstance(value, bool):
        refuse(source, key, "it is true or false")
    return value


def among(names: Iterable[str], known: set[str], source: str, key: str) -> None:
    """Refuse a name that is no column of the return."""
    for name in names:
        if name not in known:
            refuse(source, key, f"{name} is not one of the return's columns")


Member = TypeVar("Member", bound=StrEnum)


def member(enum: type[Member], value: Any, source: str, key: str) -> Member:
    """One of a closed set."""
    try:
        return enum(str(value))
    except ValueError:
        refuse(source, key, f"{value!r} is none of {', '.join(enum)}")


def refuse(source: str, key: str, why: str) -> NoReturn:
    """The one way in which a file is refused: its name, the key, and why."""
    raise BadConfiguration(f"The file {source} cannot be used: {key}: {why}.", "Mend the file and run again.")
