"""Child processes that read partners' files, and how cells come back from them.

A parser may abort the process it runs in, hang, or fill the memory. So files are read by a few children that are
started once and serve one file after the other; one that dies or overruns costs that one file and is replaced.
The children also find the tables, which may take as long as reading does and is held to the same limits. Cells come
back as Arrow IPC, everything else as JSON; nothing is pickled. What the children do is ``sscbtool.child``; it is named
here, never imported.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

from sscbtool.core.model import Limits, Reading
from sscbtool.edge.pool.cells import ASK_SIMPLER, Encoded, decode, encode
from sscbtool.edge.pool.process import FRAME, REQUEST, Answer, Child, ChildDied, Job

__all__ = ["ASK_SIMPLER", "FRAME", "REQUEST", "Annotation", "Blob", "Encoded", "Pool", "decode", "encode", "read_files"]

Made = TypeVar("Made")
WATCH_SECONDS = 0.05
PATIENCE = 12
"""A child that has not had its CPU seconds, because the machine is busy, has so many times the wall seconds."""
SMALL_BYTES = 512 << 10
"""A file so small that its child gets the next one before it has answered."""
SMALL_REQUEST = 4 << 10
WAITING_RESULTS = 24
WAITING_BYTES = 192 << 20

STOPPED = "the reader stopped unexpectedly on it"
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


@dataclass(frozen=True)
class Blob:
    """Bytes that a child hands over as they are."""

    data: bytes

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.data)

    def write(self, out: BinaryIO) -> None:
        """Writes them to ``out``."""
        out.write(self.data)


@dataclass(frozen=True)
class Annotation:
    """What came of annotating one file: a workbook, or a refusal with its reason."""

    path: str
    data: bytes | None
    marked: int = 0
    not_kept: tuple[str, ...] = ()
    reason: str | None = None
    hint: str = ""


# --------------------------------------------------------------------------- the pool


@dataclass
class _Run:
    """One batch on its way: what is still to do, and what waits to be handed out in order."""

    jobs: deque[Job]
    waiting: dict[int, Answer] = field(default_factory=dict)
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
        self._children: dict[int, Child] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        for number in range(self.workers):
            self._children[number] = Child(self.limits)
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
        organisations: Collection[str] = (),
        cells: bool = True,
    ) -> Iterator[Reading]:
        """A reading for each path, in the order given, as they come; a few are read ahead.

        ``passwords`` is by path. ``on_progress(done, all)`` is called as each is handed out. ``organisations`` are the
        folded names that tables are located with; with ``cells`` False the tables come back without their grids.
        RuntimeError where children cannot be started at all.
        """
        batch = json.dumps({"organisations": sorted(organisations), "cells": cells}).encode()
        asked = [{"password": (passwords or {}).get(path)} for path in paths]
        yield from self._each(batch, paths, asked, _reading, on_progress)

    def annotate(
        self,
        orders: Sequence[tuple[str, str | None, Sequence[Sequence[Any]]]],
        *,
        on_progress: Callable[[int, int], None] | None = None,
        passwords: Mapping[str, str] | None = None,
    ) -> Iterator[Annotation]:
        """Each file as an annotated workbook, in the order given, made where files are read and under the same limits.

        An order is a path, the SHA-256 that the file had when it was judged, and the fields of its faults
        (``core.faultlist.Fault``) as plain values. A file with a password comes back under the same.
        """
        batch = json.dumps({"organisations": [], "cells": True}).encode()
        known = passwords or {}
        asked = [{"password": known.get(path), "sha256": sha256, "faults": faults} for path, sha256, faults in orders]
        yield from self._each(batch, [path for path, *_ in orders], asked, _annotation, on_progress)

    def _each(
        self,
        batch: bytes,
        paths: Sequence[str],
        asked: Sequence[Mapping[str, Any]],
        made: Callable[[str, Answer], Made],
        on_progress: Callable[[int, int], None] | None,
    ) -> Iterator[Made]:
        """What the children answered for each path, in order."""
        run = _Run(deque(self._job(batch, i, path, asked[i]) for i, path in enumerate(paths)))
        with self._lock:
            if self._run is not None:
                raise RuntimeError("this pool is already reading")
            self._run = run
            self._lock.notify_all()
        try:
            for index, path in enumerate(paths):
                answer = self._await(run, index)
                result = made(path, answer)
                del answer
                if on_progress:
                    on_progress(index + 1, len(paths))
                yield result
                del result
        finally:
            with self._lock:
                self._run = None

    def _job(self, batch: bytes, index: int, path: str, asked: Mapping[str, Any]) -> Job:
        request = json.dumps({"path": os.fsencode(path).hex(), **asked}).encode()
        try:
            small = os.lstat(path).st_size <= SMALL_BYTES
        except (OSError, ValueError):
            small = True
        # A long request is never sent ahead: a child that is writing its answer does not read.
        small = small and len(request) < SMALL_REQUEST
        return Job(index, path, batch, request, seconds_for(path, self.limits), small)

    def _await(self, run: _Run, index: int) -> Answer:
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
        sent: deque[tuple[_Run, Job]] = deque()
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

    def _leave(self, number: int, sent: deque[tuple[_Run, Job]]) -> None:
        """Ends the thread's child; files it has not answered go back to the front."""
        with self._lock:
            self._serving -= 1
            for run, job in reversed(sent):
                run.jobs.appendleft(job)
            self._lock.notify_all()
        self._children[number].kill()
        self._children[number].bury()

    def _start(self, number: int, sent: deque[tuple[_Run, Job]]) -> bool:
        """Waits until the child is ready, and hands a new one what its predecessor left; False if it cannot start."""
        child = self._children[number]
        if child.ready:
            return True
        try:
            child.receive()
        except ChildDied:
            return False
        with self._lock:
            child.deadline = None
        child.ready = True
        for _, left in sent:
            child.hand(left)
        return True

    def _fetch(self, number: int, job: Job) -> Answer:
        """The answer to ``job``; a child that dies on it, or has grown too large, is gone afterwards."""
        child = self._children[number]
        now = time.monotonic()
        child.last_deadline, child.deadline = now + PATIENCE * job.seconds, now + job.seconds
        try:
            answer = child.receive()
        except ChildDied:
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
                self._children[number] = Child(self.limits)

    def _hand_out(self, number: int, sent: deque[tuple[_Run, Job]]) -> None:
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
                self._children[number].hand(taken[1])
        sent.clear()

    def _next_job(self, sent: deque[tuple[_Run, Job]]) -> tuple[_Run, Job] | None:
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

    def _deliver(self, run: _Run, job: Job, answer: Answer) -> None:
        with self._lock:
            if run is self._run:
                run.waiting[job.index] = answer
                run.bytes_waiting += answer.size
                self._lock.notify_all()

    def _died(self, child: Child) -> Answer:
        """What to say of the file that the child died on."""
        status = child.bury()
        if child.overran or status == -getattr(signal, "SIGXCPU", 0x7FFF):
            return Answer({"reason": out_of_time(self.limits), "hint": ASK_SMALLER})
        return Answer({"reason": STOPPED, "hint": ASK_SIMPLER, "fault": True})

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


def _reading(path: str, answer: Answer) -> Reading:
    told = answer.envelope
    sha256 = None if told.get("sha256") is None else str(told["sha256"])
    reason = None if told.get("reason") is None else str(told["reason"])
    hint, fault = str(told.get("hint", "")), bool(told.get("fault"))
    if reason is None:
        try:
            found = decode(answer.body or b"")
        except ValueError:
            reason, hint, fault = STOPPED, ASK_SIMPLER, True
        else:
            return Reading(path, sha256, found.workbook, found.tables)
    return Reading(path, sha256, None, reason=reason, hint=hint, protected=bool(told.get("protected")), fault=fault)


def _annotation(path: str, answer: Answer) -> Annotation:
    told = answer.envelope
    reason = None if told.get("reason") is None else str(told["reason"])
    if reason is None and answer.body:
        not_kept = tuple(str(each) for each in told.get("not_kept") or ())
        return Annotation(path, bytes(answer.body), int(told.get("marked") or 0), not_kept)
    return Annotation(path, None, reason=reason or STOPPED, hint=str(told.get("hint") or ASK_SIMPLER))
