"""Child processes that read partners' files, and how cells come back from them.

A parser may abort the process it runs in, hang, or fill the memory. So files are read by a few children that are
started once and serve one file after the other; one that dies or overruns costs that one file and is replaced.
Cells come back as Arrow IPC, everything else as JSON; nothing is pickled, and the parent believes no size or index
that a child states. What the children do is ``sscbtool.child``; it is named here, never imported.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import pyarrow as pa

from sscbtool.core.model import Area, FileFormat, Grid, Kind, Limits, Reading, Remark, RemarkKind, Workbook
from sscbtool.errors import InputRefused

FRAME = struct.Struct("<IQ")
"""Before each message: bytes of JSON, bytes of body."""
REQUEST = struct.Struct("<I")
MOST_JSON = 64 << 20
SLACK_BYTES = 64 << 20
"""What an answer may have beyond the memory limit before it is taken for an attack."""
START_SECONDS = 120.0
WATCH_SECONDS = 0.05
PATIENCE = 4
"""A child that has not had its CPU seconds, because the machine is busy, has so many times the wall seconds."""
SMALL_BYTES = 512 << 10
"""A file so small that its child gets the next one before it has answered."""
WAITING_RESULTS = 24
WAITING_BYTES = 192 << 20

KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TZ")

BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import sscbtool.child as child; sys.exit(child.main())"

STOPPED = "the reader stopped unexpectedly on it"
ASK_SIMPLER = "Ask for the data saved anew as a plain workbook or as CSV."
ASK_SMALLER = "Ask for a smaller file, split by year or by quarter."


def out_of_time(limits: Limits) -> str:
    """The reason for a file that took too long."""
    return f"it took more than {limits.seconds:g} s to read"


def out_of_memory(limits: Limits) -> str:
    """The reason for a file that needed too much memory."""
    size = limits.memory_bytes / (1 << 30)
    return (
        f"it needed more than {size:g} GiB to read"
        if size >= 1
        else f"it needed more than {size * 1024:.0f} MiB to read"
    )


def processors() -> int:
    """How many processors this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def seconds_for(path: str | Path, limits: Limits) -> float:
    """CPU and wall seconds for one file: more for text files that are longer than any workbook may be."""
    try:
        size = os.lstat(path).st_size
    except (OSError, ValueError):
        size = 0
    return limits.seconds * max(1.0, size / max(limits.file_bytes, 1))


# --------------------------------------------------------------------------- cells as bytes


class Encoded:
    """A workbook about to be written as bytes for ``decode``; ``size`` is known before any of them is made.

    InputRefused for a workbook with more merges, hidden rows and remarks than a parent would take.
    """

    def __init__(self, workbook: Workbook) -> None:
        self._batches = [_batch(grid) for grid in workbook.grids]
        sizes = [_stream_size(batch) for batch in self._batches]
        self._facts = json.dumps(_facts(workbook, sizes)).encode()
        if len(self._facts) > MOST_JSON:
            raise InputRefused("it merges or hides more cells than any sheet has use for", ASK_SIMPLER)
        self._body = sum(sizes)
        self.size = FRAME.size + len(self._facts) + self._body

    def write(self, out: BinaryIO) -> None:
        """Writes the bytes to ``out``, column by column."""
        out.write(FRAME.pack(len(self._facts), self._body))
        out.write(self._facts)
        for batch in self._batches:
            _write_batch(batch, pa.PythonFile(out, mode="w"))


def encode(workbook: Workbook) -> bytes:
    """The workbook as bytes for ``decode``."""
    out = io.BytesIO()
    Encoded(workbook).write(out)
    return out.getvalue()


def decode(data: bytes | bytearray | memoryview) -> Workbook:
    """The workbook of ``encode``; cells are not copied. ValueError for bytes that are not a sound workbook."""
    view = memoryview(data)
    try:
        length, total = FRAME.unpack_from(view)
        if FRAME.size + length + total != len(view) or length > MOST_JSON:
            raise ValueError("an answer of the wrong length")
        facts = json.loads(bytes(view[FRAME.size : FRAME.size + length]))
        position = FRAME.size + length
        grids = []
        for told in facts["grids"]:
            grids.append(_grid(told, view[position : position + int(told["bytes"])]))
            position += int(told["bytes"])
        return Workbook(
            format=FileFormat(facts["format"]),
            grids=tuple(grids),
            encoding=_text_or_none(facts["encoding"]),
            delimiter=_text_or_none(facts["delimiter"]),
            hidden_sheets=tuple(str(name) for name in facts["hidden_sheets"]),
            remarks=tuple(_remark(told) for told in facts["remarks"]),
        )
    except (pa.ArrowException, OSError, struct.error, KeyError, TypeError, IndexError) as error:
        message = f"an answer that is not a workbook ({type(error).__name__})"
        raise ValueError(message) from error


def _facts(workbook: Workbook, sizes: list[int]) -> dict[str, Any]:
    return {
        "format": workbook.format,
        "encoding": workbook.encoding,
        "delimiter": workbook.delimiter,
        "hidden_sheets": workbook.hidden_sheets,
        "remarks": [[r.kind, r.sheet, r.row, r.column, r.detail] for r in workbook.remarks],
        "grids": [
            {
                "bytes": size,
                "sheet": grid.sheet,
                "columns": grid.columns.tolist(),
                "format_codes": grid.format_codes,
                "merges": [[m.top, m.left, m.bottom, m.right] for m in grid.merges],
                "hidden_rows": grid.hidden_rows,
                "hidden_columns": grid.hidden_columns,
            }
            for grid, size in zip(workbook.grids, sizes, strict=True)
        ],
    }


def _batch(grid: Grid) -> pa.RecordBatch:
    """Row numbers, the three matrices row by row (flags and formats only if any is set), then the texts."""
    columns = {"rows": pa.array(grid.rows, pa.int32()), "kinds": _packed(grid.kinds, np.uint8)}
    if grid.flags.any():
        columns["flags"] = _packed(grid.flags, np.uint8)
    if grid.formats.any():
        columns["formats"] = _packed(grid.formats, np.uint16)
    columns |= {str(j): text for j, text in enumerate(grid.texts)}
    return pa.record_batch(columns)


def _packed(matrix: np.ndarray[Any, Any], dtype: type[np.generic]) -> pa.Array:
    matrix = np.ascontiguousarray(matrix, dtype)
    width = matrix.shape[1] * matrix.itemsize
    return pa.Array.from_buffers(pa.binary(width), len(matrix), [None, pa.py_buffer(matrix)])


def _write_batch(batch: pa.RecordBatch, sink: pa.NativeFile) -> None:
    with pa.ipc.new_stream(sink, batch.schema) as writer:  # type: ignore[no-untyped-call]
        writer.write_batch(batch)


def _stream_size(batch: pa.RecordBatch) -> int:
    sink = pa.MockOutputStream()
    _write_batch(batch, sink)
    return int(sink.size())


def _grid(told: dict[str, Any], data: memoryview) -> Grid:
    with pa.ipc.open_stream(pa.py_buffer(data)) as stream:  # type: ignore[no-untyped-call]
        batch = stream.read_next_batch()
    batch.validate(full=True)
    columns = np.array(told["columns"], np.int32)
    rows = batch.column("rows")
    texts = tuple(batch.column(str(j)) for j in range(len(columns)))
    if rows.type != pa.int32() or rows.null_count or any(t.type != pa.string() or t.null_count for t in texts):
        raise ValueError("cells of an unknown type")
    numbers = rows.to_numpy(zero_copy_only=True)
    if not (_ascend(numbers) and _ascend(columns)):
        raise ValueError("rows or columns that do not ascend")
    shape = len(rows), len(columns)
    kinds = _unpacked(batch, "kinds", shape, np.uint8)
    codes = tuple(str(code) for code in told["format_codes"])
    formats = _unpacked(batch, "formats", shape, np.uint16)
    if (kinds.size and kinds.max() > max(Kind)) or (formats.size and formats.max() >= len(codes)):
        raise ValueError("cells of an unknown kind")
    return Grid(
        sheet=_text_or_none(told["sheet"]),
        rows=numbers,
        columns=columns,
        texts=texts,
        kinds=kinds,
        flags=_unpacked(batch, "flags", shape, np.uint8),
        formats=formats,
        format_codes=codes,
        merges=tuple(Area(*(int(edge) for edge in area)) for area in told["merges"]),
        hidden_rows=tuple(int(row) for row in told["hidden_rows"]),
        hidden_columns=tuple(int(column) for column in told["hidden_columns"]),
    )


def _unpacked(batch: pa.RecordBatch, name: str, shape: tuple[int, int], dtype: Any) -> np.ndarray[Any, Any]:
    """The matrix sent as ``name``, read-only; where none was sent, one zero that stands for all."""
    if name not in batch.schema.names:
        return np.broadcast_to(np.zeros((), dtype), shape)
    column = batch.column(name)
    if column.type != pa.binary(shape[1] * np.dtype(dtype).itemsize) or column.null_count:
        raise ValueError("a matrix of the wrong width")
    if not shape[0] or not shape[1]:
        return np.zeros(shape, dtype)
    offset = column.offset * column.type.byte_width
    return np.frombuffer(column.buffers()[1], dtype, shape[0] * shape[1], offset).reshape(shape)


def _ascend(numbers: np.ndarray[Any, Any]) -> bool:
    return not len(numbers) or (int(numbers[0]) >= 1 and bool((np.diff(numbers) > 0).all()))


def _remark(told: list[Any]) -> Remark:
    kind, sheet, row, column, detail = told
    return Remark(RemarkKind(kind), _text_or_none(sheet), _number_or_none(row), _number_or_none(column), str(detail))


def _number_or_none(told: Any) -> int | None:
    return None if told is None else int(told)


def _text_or_none(told: Any) -> str | None:
    return None if told is None else str(told)


# --------------------------------------------------------------------------- one child


@dataclass(frozen=True)
class _Job:
    """One file to read: its place among the paths, and what the child is told."""

    index: int
    path: str
    request: bytes
    seconds: float
    small: bool


@dataclass(frozen=True)
class _Answer:
    """What came of one job: an envelope of JSON, and the encoded workbook if the file was read."""

    envelope: Mapping[str, Any]
    body: bytearray | None = None

    @property
    def size(self) -> int:
        return len(self.body or b"")


class _ChildDied(Exception):
    """The child's end of the pipe closed before its answer was whole, or its answer was no answer."""


class _Child:
    """One child process; ``deadline`` is watched by the pool, which kills it when it passes."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.memory_bytes + SLACK_BYTES
        self.deadline: float | None = time.monotonic() + START_SECONDS
        self.last_deadline = 0.0
        self.overran = False
        self.ready = False
        self.gone = False
        paths = json.dumps([path for path in sys.path if _trusted(path)])
        # Not the terminal's process group: Ctrl-C is for the parent, which ends its children itself.
        own_group: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {"creationflags": 0x200}
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-W", "ignore", "-c", BOOT, paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            close_fds=True,
            **own_group,
        )
        assert self.process.stdin
        assert self.process.stdout
        self._in: BinaryIO = self.process.stdin  # type: ignore[assignment]
        self._out: BinaryIO = self.process.stdout  # type: ignore[assignment]
        self.send(json.dumps(asdict(limits)).encode())

    def send(self, request: bytes) -> None:
        """Hands over a request; a child that is gone is noticed when its answer is awaited."""
        with contextlib.suppress(OSError, ValueError):
            self._in.write(REQUEST.pack(len(request)) + request)
            self._in.flush()

    def receive(self) -> _Answer:
        """The next answer. _ChildDied when there is none or when it is not believable."""
        length, size = FRAME.unpack(self._exactly(FRAME.size))
        if length > MOST_JSON or size > self._most:
            raise _ChildDied
        try:
            envelope = json.loads(self._exactly(length))
        except ValueError as error:
            raise _ChildDied from error
        if not isinstance(envelope, dict):
            raise _ChildDied
        return _Answer(envelope, self._exactly(size) if size else None)

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        view, have = memoryview(data), 0
        while have < size:
            try:
                got = self._out.readinto(view[have:])  # type: ignore[attr-defined]
            except (OSError, ValueError) as error:
                raise _ChildDied from error
            if not got:
                raise _ChildDied
            have += got
        return data

    def is_running(self) -> bool:
        """Whether the process computes or waits for the disk, as far as the system tells: its CPU limit still holds."""
        try:
            state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return False
        return state in "RD"

    def kill(self) -> None:
        """Ends the process now, whatever it does."""
        with contextlib.suppress(OSError):
            self.process.kill()

    def bury(self) -> int:
        """Ends the process, closes the pipes and gives its exit status (negative: the signal that ended it)."""
        self.deadline = None
        self.gone = True
        try:
            # Its pipe closed, so it is about to end by itself; its own signal tells more than ours would.
            status = self.process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self.process.wait()
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):
                pipe.close()
        return status


def _trusted(path: str) -> bool:
    """Not the current folder, where a partner's file may be named like a module; unless the package itself is there."""
    if not path or not Path(path).is_absolute():
        return False
    home = Path(__file__).resolve().parents[2]
    return Path(path).resolve() != Path.cwd() or Path(path).resolve() == home


def _environment() -> dict[str, str]:
    """Nothing of the caller's but what the system needs; libraries are told to start no threads of their own."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
        # Large pieces go back to the system when they are freed, rather than being kept for later ones.
        "MALLOC_MMAP_THRESHOLD_": "262144",
        "MALLOC_TRIM_THRESHOLD_": "1048576",
    }


# --------------------------------------------------------------------------- the pool


@dataclass
class _Run:
    """One batch on its way: what is still to do, and what waits to be handed out in order."""

    jobs: deque[_Job]
    waiting: dict[int, _Answer] = field(default_factory=dict)
    next_out: int = 0
    bytes_waiting: int = 0


class Pool:
    """Children that read files. A context manager: they start on entry and are ended on exit, come what may.

    ``workers`` is the number of children, by default one a processor. Enter it before slow imports: the children
    start meanwhile. Enter it in a thread that stays: on Linux the children die with the thread that started them.
    """

    def __init__(self, limits: Limits, workers: int | None = None) -> None:
        self.limits = limits
        self.workers = max(1, workers or processors())
        self._lock = threading.Condition()
        self._run: _Run | None = None
        self._closing = False
        self._closed = threading.Event()
        self._serving = self.workers
        self._children: dict[int, _Child] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        for number in range(self.workers):
            self._children[number] = _Child(self.limits)
        for number in range(self.workers):
            self._threads.append(threading.Thread(target=self._serve, args=(number,), daemon=True))
        self._threads.append(threading.Thread(target=self._watch, daemon=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._closing = True
            self._closed.set()
            self._lock.notify_all()
            for child in self._children.values():
                child.kill()
        for thread in self._threads:
            thread.join()

    def read(
        self,
        paths: Sequence[str],
        *,
        passwords: Mapping[str, str] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Reading]:
        """A reading for each path, in the order given, as they come; a few are read ahead.

        ``passwords`` is by path. ``on_progress(done, all)`` is called as each is handed out. RuntimeError where
        children cannot be started at all.
        """
        jobs = deque(self._job(i, path, (passwords or {}).get(path)) for i, path in enumerate(paths))
        run = _Run(jobs)
        with self._lock:
            if self._run is not None:
                raise RuntimeError("this pool is already reading")
            self._run = run
            self._lock.notify_all()
        try:
            for index, path in enumerate(paths):
                answer = self._await(run, index)
                reading = _reading(path, answer)
                del answer
                if on_progress:
                    on_progress(index + 1, len(paths))
                yield reading
                del reading
        finally:
            with self._lock:
                self._run = None

    def _job(self, index: int, path: str, password: str | None) -> _Job:
        request = json.dumps({"path": os.fsencode(path).hex(), "password": password}).encode()
        try:
            small = os.lstat(path).st_size <= SMALL_BYTES
        except (OSError, ValueError):
            small = True
        return _Job(index, path, request, seconds_for(path, self.limits), small)

    def _await(self, run: _Run, index: int) -> _Answer:
        with self._lock:
            while index not in run.waiting:
                if not self._serving:
                    raise RuntimeError("the processes that read files could not be started")
                self._lock.wait(0.5)
            answer = run.waiting.pop(index)
            run.next_out = index + 1
            run.bytes_waiting -= answer.size
            self._lock.notify_all()
        return answer

    # ----- in the threads

    def _serve(self, number: int) -> None:
        """One child's thread: hands it files and fetches the answers until the pool closes."""
        sent: deque[tuple[_Run, _Job]] = deque()
        try:
            while self._start(number, sent):
                self._hand_out(number, sent)
                if not sent:
                    break
                run, job = sent.popleft()
                answer = self._fetch(number, job)
                self._deliver(run, job, answer)
                self._replace_if_gone(number)
        except OSError:
            # No process to replace the last one: what this thread was given is left to the others.
            pass
        finally:
            self._leave(number, sent)

    def _leave(self, number: int, sent: deque[tuple[_Run, _Job]]) -> None:
        """Ends the thread's child; files it has not answered go back to the front."""
        with self._lock:
            self._serving -= 1
            for run, job in reversed(sent):
                run.jobs.appendleft(job)
            self._lock.notify_all()
        self._children[number].kill()
        self._children[number].bury()

    def _start(self, number: int, sent: deque[tuple[_Run, _Job]]) -> bool:
        """Waits until the child is ready, and hands a new one what its predecessor left; False if it cannot start."""
        child = self._children[number]
        if child.ready:
            return True
        try:
            child.receive()
        except _ChildDied:
            return False
        with self._lock:
            child.deadline = None
        child.ready = True
        for _, left in sent:
            child.send(left.request)
        return True

    def _fetch(self, number: int, job: _Job) -> _Answer:
        """The answer to ``job``; a child that dies on it, or has grown too large, is gone afterwards."""
        child = self._children[number]
        now = time.monotonic()
        child.last_deadline, child.deadline = now + PATIENCE * job.seconds, now + job.seconds
        try:
            answer = child.receive()
        except _ChildDied:
            answer = self._died(child)
        else:
            with self._lock:
                child.deadline = None
            if not (child.overran or answer.envelope.get("retiring")):
                return answer
            child.bury()
        return answer

    def _replace_if_gone(self, number: int) -> None:
        with self._lock:
            if not self._closing and self._children[number].gone:
                self._children[number] = _Child(self.limits)

    def _hand_out(self, number: int, sent: deque[tuple[_Run, _Job]]) -> None:
        """Sends the child a file, and where files are small and many a second one; waits only when it has none."""
        with self._lock:
            while not self._closing:
                taken = self._next_job(sent)
                if taken is None:
                    if sent:
                        return
                    self._lock.wait()
                    continue
                sent.append(taken)
                self._children[number].send(taken[1].request)
        sent.clear()

    def _next_job(self, sent: deque[tuple[_Run, _Job]]) -> tuple[_Run, _Job] | None:
        run = self._run
        if run is None or not run.jobs:
            return None
        job = run.jobs[0]
        if sent and (len(sent) > 1 or len(run.jobs) < 2 * self.workers or not (job.small and sent[0][1].small)):
            return None
        ahead = job.index - run.next_out
        if ahead and (ahead >= WAITING_RESULTS or run.bytes_waiting > WAITING_BYTES):
            return None
        return run, run.jobs.popleft()

    def _deliver(self, run: _Run, job: _Job, answer: _Answer) -> None:
        with self._lock:
            if run is self._run:
                run.waiting[job.index] = answer
                run.bytes_waiting += answer.size
                self._lock.notify_all()

    def _died(self, child: _Child) -> _Answer:
        """What to say of the file that the child died on."""
        status = child.bury()
        if child.overran or status == -getattr(signal, "SIGXCPU", 0x7FFF):
            return _Answer({"reason": out_of_time(self.limits), "hint": ASK_SMALLER})
        return _Answer({"reason": STOPPED, "hint": ASK_SIMPLER, "fault": True})

    def _watch(self) -> None:
        """Kills children whose deadline has passed; one kept waiting for a processor by others has some longer."""
        while not self._closed.wait(WATCH_SECONDS):
            now = time.monotonic()
            with self._lock:
                for child in self._children.values():
                    if child.deadline is None or now < child.deadline:
                        continue
                    if now < child.last_deadline and child.is_running():
                        child.deadline = now + 1.0
                        continue
                    child.deadline = None
                    child.overran = True
                    child.kill()


def read_files(
    paths: Sequence[str],
    limits: Limits,
    *,
    workers: int | None = None,
    passwords: Mapping[str, str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Reading]:
    """``Pool.read`` with children of its own: as many as there are processors, but no more than files."""
    if not paths:
        return
    count = min(workers or processors(), len(paths))
    with Pool(limits, count) as pool:
        yield from pool.read(paths, passwords=passwords, on_progress=on_progress)


def _reading(path: str, answer: _Answer) -> Reading:
    told = answer.envelope
    sha256 = _text_or_none(told.get("sha256"))
    reason, hint, fault = _text_or_none(told.get("reason")), str(told.get("hint", "")), bool(told.get("fault"))
    workbook = None
    if reason is None:
        try:
            workbook = decode(answer.body or b"")
        except ValueError:
            reason, hint, fault = STOPPED, ASK_SIMPLER, True
    return Reading(path, sha256, workbook, reason, hint, protected=bool(told.get("protected")), fault=fault)
