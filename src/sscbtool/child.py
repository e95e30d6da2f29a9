"""What a child process of ``edge.pool`` does: gate, reader, tables, answer, next file; the one place that joins them.

Nothing here is called by the parent. A file's content is met only after the process has given up what it does not
need: terminal, environment, network, other programs, writing files, memory and time beyond the limits.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from sscbtool.core.faultlist import Fault, is_ours
from sscbtool.core.locate import locate
from sscbtool.core.model import FileFormat, Limits, RemarkKind, Severity, Workbook
from sscbtool.core.values import fold
from sscbtool.edge import intake, pool, readers
from sscbtool.errors import InputRefused

try:
    import resource
except ImportError:  # Windows: the wall limit and the gate stand alone
    resource = None  # type: ignore[assignment]

OPEN_FILES = 64
TIDY_BYTES = 64 << 20
"""A child that has grown by so much gives memory back before the next file."""
RETIRE_BYTES = 256 << 20
"""A child that could not, and has grown by so much, serves one more file and lets another take its place."""
SIGKILL, PR_SET_PDEATHSIG = 9, 1
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.startfile", "pty.")


def main() -> int:
    """Serves requests from standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = _own_channel()
    _die_with_parent()
    first = _request(requests)
    if first is None:
        return 0
    limits = Limits(**first)
    _warm_up()
    _give_up_what_is_not_needed()
    fresh = _size()
    with contextlib.suppress(BrokenPipeError):
        _send(answers, {"ready": True}, None)
        batch = _Batch()
        while (request := _request(requests)) is not None:
            if "path" not in request:
                batch = _Batch(frozenset(request["organisations"]), request["cells"])
                continue
            path = Path(os.fsdecode(bytes.fromhex(request["path"])))
            file = _File(path, request["password"], limits, batch, request.get("faults"), request.get("sha256"))
            if not _serve(file, answers, fresh):
                break
    return 0


@dataclass(frozen=True)
class _Batch:
    """What is told once of many files."""

    organisations: frozenset[str] = frozenset()
    """Folded names of the register."""
    cells: bool = True
    """Whether grids are wanted beside the tables."""


@dataclass(frozen=True)
class _File:
    """What is asked of one file."""

    path: Path
    password: str | None
    limits: Limits
    batch: _Batch
    faults: list[Any] | None = None
    """What is to be marked in it, where it is wanted back annotated and not as cells."""
    sha256: str | None = None
    """What the file was when the faults were found."""


def _serve(file: _File, answers: BinaryIO, fresh: int) -> bool:
    """Answers one request; False if this process should not serve another."""
    idle = _size()
    _cap_memory(idle + file.limits.memory_bytes)
    _cap_time(pool.seconds_for(file.path, file.limits))
    envelope, found = _outcome(file)
    retiring = idle - fresh > RETIRE_BYTES
    # What the file needed was counted; handing it over may take somewhat more.
    _cap_memory(_size() + file.limits.memory_bytes)
    _send(answers, envelope | {"retiring": retiring}, found)
    del found
    if _size() - fresh > TIDY_BYTES:
        _tidy()
    return not retiring


def _outcome(file: _File) -> tuple[dict[str, Any], pool.Encoded | pool.Blob | None]:
    """The envelope and what was found, if it was read. Every way of failing becomes a refusal of this one file."""
    limits, sha256 = file.limits, None
    told: dict[str, Any]
    try:
        received = intake.receive(file.path, limits)
        sha256 = received.sha256
        admitted = intake.judge(received, limits, file.password)
        workbook = readers.read(admitted.data, admitted.format, limits)
        if file.faults is not None:
            return _annotated(file, admitted, workbook)
        workbook = replace(workbook, remarks=(*admitted.remarks, *workbook.remarks))
        names = file.batch.organisations
        tables = tuple(locate(grid, is_organisation=lambda name: fold(name) in names) for grid in workbook.grids)
        found = pool.Encoded(workbook, tables, cells=file.batch.cells)
    except InputRefused as refused:
        protected = isinstance(refused, intake.Protected)
        told = {"reason": refused.message, "hint": refused.hint, "protected": protected}
    except MemoryError:
        told = {"reason": pool.out_of_memory(limits), "hint": pool.ASK_SMALLER}
    except Exception as error:  # noqa: BLE001 a bug of ours must cost one file, and say so without the file's content
        reason = f"could not be read (internal reader fault: {type(error).__name__})"
        told = {"reason": reason, "hint": pool.ASK_SIMPLER, "fault": True}
    else:
        return {"sha256": sha256}, found
    return {"sha256": sha256, **told}, None


def _annotated(
    file: _File, admitted: intake.Admitted, workbook: Workbook
) -> tuple[dict[str, Any], pool.Encoded | pool.Blob | None]:
    """The file as an annotated workbook: its own, or where that cannot be marked in place, a copy of its values."""
    from sscbtool.render.annotated import NotKept, annotated
    from sscbtool.render.annotated.parts import Unfit
    from sscbtool.render.plain_copy import TooLarge, plain_copy

    if admitted.sha256 != file.sha256:
        raise InputRefused("it changed while it was being annotated", "Wait until it is saved, then run again.")
    faults = [Fault(s, r, c, Severity(g), fix, says, code) for s, r, c, g, fix, says, code in file.faults or ()]
    done = None
    if admitted.format in (FileFormat.XLSX, FileFormat.XLSM):
        own = [grid.sheet for grid in workbook.grids if grid.sheet is not None and is_ours(grid)]
        with contextlib.suppress(Unfit, ValueError, KeyError, IndexError):
            done = annotated(admitted.data, faults, own)
    if done is None:
        try:
            copy = plain_copy(replace(workbook, grids=tuple(grid for grid in workbook.grids if not is_ours(grid))))
        except TooLarge:
            reason = "it has more rows or columns than a sheet of a workbook holds"
            raise InputRefused(reason, pool.ASK_SMALLER) from None
        named = [replace(fault, sheet=copy.sheets.get(fault.sheet, fault.sheet)) for fault in faults]
        done = annotated(copy.data, named)
        is_text = workbook.format in (FileFormat.CSV, FileFormat.TSV)
        done = replace(done, not_kept=(NotKept.TEXT if is_text else NotKept.LAYOUT, *done.not_kept))
        if any(remark.kind is RemarkKind.MACROS for remark in admitted.remarks + workbook.remarks):
            done = replace(done, not_kept=(*done.not_kept, NotKept.MACROS))
    # What its sender protected does not leave the building open.
    data = done.data if file.password is None else intake.locked(done.data, file.password)
    told = {"sha256": admitted.sha256, "marked": done.marked, "not_kept": done.not_kept}
    return told, pool.Blob(data)


# --------------------------------------------------------------------------- the channel


def _own_channel() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output under new numbers; what a library prints or reads from now on goes nowhere."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb", buffering=1 << 16)


def _request(requests: BinaryIO) -> dict[str, Any] | None:
    """The next request; None when the parent is gone or done."""
    head = requests.read(pool.REQUEST.size)
    if len(head) < pool.REQUEST.size:
        return None
    body = requests.read(*pool.REQUEST.unpack(head))
    told: dict[str, Any] = json.loads(body)
    return told


def _send(answers: BinaryIO, envelope: dict[str, Any], found: pool.Encoded | pool.Blob | None) -> None:
    facts = json.dumps(envelope).encode()
    answers.write(pool.FRAME.pack(len(facts), found.size if found else 0))
    answers.write(facts)
    if found:
        found.write(answers)
    answers.flush()


# --------------------------------------------------------------------------- giving up what is not needed


def _warm_up() -> None:
    """Imports what most files need, before memory is measured and before the first file's time runs."""
    import sscbtool.edge.readers.text
    import sscbtool.edge.readers.xlsx  # noqa: F401

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    pa.array(["a", "b"], pa.string()).filter(pa.array(np.array([True, False])))


def _die_with_parent() -> None:
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def _give_up_what_is_not_needed() -> None:
    """The terminal, core dumps, writing, many open files, and by an audit hook: sockets and other programs."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 2)
    os.close(nothing)
    sys.dont_write_bytecode = True
    if resource is not None:
        for name, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, OPEN_FILES)):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(name, (most, most))
    sys.addaudithook(_refuse_side_effects)
    gc.collect()
    gc.freeze()


def _refuse_side_effects(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(FORBIDDEN):
        raise PermissionError(event)


def _cap_memory(most: int) -> None:
    if resource is not None:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _cap_time(seconds: float) -> None:
    """CPU seconds for the next file, counted from what the process has used so far."""
    if resource is not None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        most = math.ceil(usage.ru_utime + usage.ru_stime + seconds)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _size() -> int:
    """Bytes of address space in use; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _tidy() -> None:
    """Gives memory back to the system."""
    gc.collect()
    if sys.platform.startswith("linux"):
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
