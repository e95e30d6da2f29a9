"""One child process as its parent sees it: how it is started, told, heard and ended."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sscbtool.core.model import Limits
from sscbtool.edge.pool.cells import MOST_JSON

FRAME = struct.Struct("<IQ")
"""Before each answer: bytes of JSON, bytes of body."""
REQUEST = struct.Struct("<I")
SLACK_BYTES = 64 << 20
"""What an answer may have beyond the memory limit before it is taken for an attack."""
START_SECONDS = 120.0

KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TZ")

BOOT = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
class WithoutPandas:
    def find_spec(name, path, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, WithoutPandas)
import sscbtool.child as child
sys.exit(child.main())
"""
"""No child needs pandas, but pyarrow imports it, if it can, to ask whether a list is one of its kinds."""


@dataclass(frozen=True)
class Job:
    """One file to read: its place among the paths, and what the child is told."""

    index: int
    path: str
    batch: bytes
    """What a child is told once of all files of the batch."""
    request: bytes
    seconds: float
    small: bool


@dataclass(frozen=True)
class Answer:
    """What came of one job: an envelope of JSON, and the encoded workbook if the file was read."""

    envelope: Mapping[str, Any]
    body: bytearray | None = None

    @property
    def size(self) -> int:
        """Bytes of the encoded workbook."""
        return len(self.body or b"")


class ChildDied(Exception):
    """The child's end of the pipe closed before its answer was whole, or its answer was no answer."""


class Child:
    """One child process; ``deadline`` is watched by the pool, which kills it when it passes."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.memory_bytes + SLACK_BYTES
        self.deadline: float | None = time.monotonic() + START_SECONDS
        self.last_deadline = 0.0
        self.overran = False
        self.ready = False
        self.gone = False
        self._told: bytes | None = None
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

    def hand(self, job: Job) -> None:
        """Hands over a file, after what its batch is read for if the child does not know that yet."""
        if job.batch is not self._told:
            self._told = job.batch
            self.send(job.batch)
        self.send(job.request)

    def send(self, request: bytes) -> None:
        """Hands over a request; a child that is gone is noticed when its answer is awaited."""
        with contextlib.suppress(OSError, ValueError):
            self._in.write(REQUEST.pack(len(request)) + request)
            self._in.flush()

    def receive(self) -> Answer:
        """The next answer. ChildDied when there is none or when it is not believable."""
        length, size = FRAME.unpack(self._exactly(FRAME.size))
        if length > MOST_JSON or size > self._most:
            raise ChildDied
        try:
            envelope = json.loads(self._exactly(length))
        except ValueError as error:
            raise ChildDied from error
        if not isinstance(envelope, dict):
            raise ChildDied
        return Answer(envelope, self._exactly(size) if size else None)

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        view, have = memoryview(data), 0
        while have < size:
            try:
                got = self._out.readinto(view[have:])  # type: ignore[attr-defined]
            except (OSError, ValueError) as error:
                raise ChildDied from error
            if not got:
                raise ChildDied
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
    home = Path(__file__).resolve().parents[3]
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
