"""OLE2 containers and bare BIFF streams: legacy workbooks, and the wrapping of password-protected ones."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from typing import Any

from sscbtool.core.model import Limits, Remark, RemarkKind
from sscbtool.edge.intake.content import ASK_SPREADSHEET
from sscbtool.errors import InputRefused

BOF = (0x0009, 0x0209, 0x0409, 0x0809)
END_OF_STREAM, FILEPASS, BOUNDSHEET, VISUAL_BASIC = 0x000A, 0x002F, 0x0085, 0x00D3
MACRO_SHEET = (1, 6)
MOST_SPINS = 1_000_000
"""Rounds of hashing that a password may cost; Excel writes 100,000, and the format would allow 10,000,000."""
OFFICE_PASSWORD = "VelvetSweatshop"  # noqa: S105 not a secret: what Excel itself encrypts with where it asks for none

ASK_SAVED_ANEW = "Ask the sender to open it in Excel and save it as an Excel Workbook (.xlsx)."
RUN_WITH_PROMPT = "Run again with --password-prompt, or ask the sender for a copy saved without a password."
PROTECTED = "it is protected by a password"

OTHER_DOCUMENTS = (
    ("WordDocument", "a Word document"),
    ("PowerPoint Document", "a PowerPoint presentation"),
    ("VisioDocument", "a Visio drawing"),
    ("__properties_version1.0", "an Outlook message"),
    ("WksSSWorkBook", "a Microsoft Works spreadsheet"),
    ("MatOST", "a Microsoft Works document"),
    ("Quill", "a Publisher document"),
    ("Contents", "a Publisher document"),
)


class Protected(InputRefused):
    """A file that would open with the right password, and was given none or another."""


class InMemory:
    """Stands in for ``tempfile`` where nothing may be written to disk."""

    TemporaryFile = io.BytesIO


@dataclass(frozen=True)
class Legacy:
    """A workbook stream that may be read as it is."""

    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Unlocked:
    """What stood inside an encrypted file: the bytes of another file, to be judged anew."""

    data: bytes


def inspect(data: bytes, limits: Limits, password: str | None) -> Legacy | Unlocked:
    """What an OLE2 container holds. InputRefused for a document that is no workbook, or that stays locked."""
    import olefile  # type: ignore[import-untyped]

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            return _inspect(container, data, limits, password)
    except (OSError, struct.error, ValueError, IndexError, TypeError, AttributeError) as error:
        raise InputRefused("it is damaged: its container does not fit together", ASK_SAVED_ANEW) from error


def inspect_stream(stream: bytes, limits: Limits) -> Legacy:
    """The same for a BIFF stream without a container."""
    facts = _stream_facts(stream, limits)
    if facts.locked:
        raise InputRefused(PROTECTED, "Ask the sender for a copy saved without a password, as .xlsx.")
    return Legacy((Remark(RemarkKind.MACROS),) if facts.macros else ())


def _inspect(container: Any, data: bytes, limits: Limits, password: str | None) -> Legacy | Unlocked:
    if container.exists("EncryptedPackage"):
        return Unlocked(_unlocked_package(container, data, password))
    for name in ("Workbook", "Book"):
        if container.exists(name):
            facts = _stream_facts(container.openstream(name).read(), limits)
            if facts.locked:
                return Unlocked(_unlocked_legacy(data, password))
            macros = facts.macros or any(
                path[0].upper() in ("_VBA_PROJECT_CUR", "MACROS")
                for path in container.listdir(streams=True, storages=True)
            )
            return Legacy((Remark(RemarkKind.MACROS),) if macros else ())
    for name, kind in OTHER_DOCUMENTS:
        if container.exists(name):
            raise InputRefused(f"it is {kind}, not a spreadsheet", ASK_SPREADSHEET)
    raise InputRefused("it is an Office file without a workbook in it", ASK_SPREADSHEET)


# --------------------------------------------------------------------------- the workbook stream


@dataclass(frozen=True)
class _StreamFacts:
    locked: bool = False
    macros: bool = False


def _stream_facts(stream: bytes, limits: Limits) -> _StreamFacts:
    """What the first part of a BIFF stream says of the whole workbook."""
    locked = macros = False
    sheets = at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == END_OF_STREAM:
            break
        if kind == FILEPASS:
            locked = True
            break
        macros |= kind == VISUAL_BASIC or (kind == BOUNDSHEET and len(body) > 5 and body[5] in MACRO_SHEET)
        sheets += kind == BOUNDSHEET
    if sheets > limits.sheets:
        raise InputRefused(f"it has more than {limits.sheets} sheets", "Ask the sender for the sheets that matter.")
    return _StreamFacts(locked, macros)


# --------------------------------------------------------------------------- passwords


def _unlocked_package(container: Any, data: bytes, password: str | None) -> bytes:
    """The workbook inside an encrypted OOXML package."""
    from msoffcrypto.format.ooxml import OOXMLFile

    if any("DRMEncrypted" in step for path in container.listdir(streams=False, storages=True) for step in path):
        hint = "Ask the sender for a copy without rights management (a sensitivity label may apply it)."
        raise InputRefused("it is encrypted by rights management", hint)
    _refuse_costly(container.openstream("EncryptionInfo").read(1 << 20))
    return _try_passwords(OOXMLFile, data, password, verify_password=True)


def _unlocked_legacy(data: bytes, password: str | None) -> bytes:
    """The legacy workbook as it was before it was encrypted."""
    from msoffcrypto.format import xls97

    # The library would put what it decrypts into a file on disk.
    xls97.tempfile = InMemory  # type: ignore[assignment]
    return _try_passwords(xls97.Xls97File, data, password)


def locked(data: bytes, password: str) -> bytes:
    """An OOXML workbook under a password, as Excel protects one."""
    from msoffcrypto.method.ecma376_agile import ECMA376Agile

    return bytes(ECMA376Agile.encrypt(password, io.BytesIO(data)))  # type: ignore[no-untyped-call]


def _try_passwords(opener: type, data: bytes, password: str | None, **options: bool) -> bytes:
    """The bytes under the password given, or under the one Excel uses where it asks for none."""
    from msoffcrypto.exceptions import InvalidKeyError

    for attempt in (OFFICE_PASSWORD,) if password is None else (password, OFFICE_PASSWORD):
        out = io.BytesIO()
        try:
            locked = opener(io.BytesIO(data))
            locked.load_key(password=attempt, **options)
            locked.decrypt(out)
        except InvalidKeyError:
            continue
        except MemoryError:
            raise
        except Exception as error:
            # The library meets hostile bytes with whatever error comes first.
            hint = "Ask the sender for a copy saved without a password."
            raise InputRefused(f"{PROTECTED}, in a way that cannot be opened here", hint) from error
        return out.getvalue()
    if password is None:
        raise Protected(PROTECTED, RUN_WITH_PROMPT)
    raise Protected("the password given does not open it", "Check it with the sender and run again.")


def _refuse_costly(info: bytes) -> None:
    """The description of the encryption is XML that a library will parse and obey: no DTD, no endless hashing."""
    if info[:4] != b"\x04\0\x04\0":
        return
    text = info[8:].replace(b"\0", b"")
    spins = [int(found) for found in re.findall(rb"spinCount\s*=\s*[\"'](\d{1,12})[\"']", text)]
    if b"<!" in text or not spins or len(spins) != text.count(b"spinCount") or max(spins) > MOST_SPINS:
        raise InputRefused(f"{PROTECTED}, with settings that no spreadsheet program uses", ASK_SAVED_ANEW)
