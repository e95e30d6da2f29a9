"""The store's files: where they are, who may read them, who may write, and how they become durable."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import portalocker
import pyarrow as pa
import pyarrow.parquet as pq

from sscbtool.core.model import Submission
from sscbtool.edge.store.migrations import migrate, newest
from sscbtool.edge.store.parquet import as_table, parquet_name
from sscbtool.edge.store.records import Step
from sscbtool.errors import BadConfiguration, CannotWrite, StoreBusy


def ignore(_step: Step) -> None:
    """What a run does at each step: nothing."""


RESTORE = "Restore the store from a backup, or ingest the returns again into an empty folder."

_locks_held: set[int] = set()


def _drop_inherited_locks() -> None:
    # A flock belongs to the open file, which a forked child shares: unless the child closes its copy, a child that
    # outlives a killed writer would keep everyone out. Closing, unlike unlocking, leaves the parent's lock alone.
    for handle in _locks_held:
        os.close(handle)
    _locks_held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_inherited_locks)


@dataclass(frozen=True)
class Folder:
    """The store's files: where they are, who may read them, and how they become durable."""

    root: Path
    file_mode: int
    group: str | None

    @property
    def catalogue(self) -> Path:
        """The database that says what exists."""
        return self.root / "catalogue.sqlite"

    @property
    def data(self) -> Path:
        """Where the Parquet files are."""
        return self.root / "submissions"

    @property
    def holder(self) -> Path:
        """Who holds the writers' lock, for those who are turned away."""
        return self.root / "holder.json"

    @property
    def key(self) -> Path:
        """The store's secret for pseudonyms."""
        return self.root / "pseudonym.key"

    # ---- troubles in the operator's words

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What goes wrong in reading, in the operator's words."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise BadConfiguration(f"the store {self.root} cannot be read: {_why(error)}", RESTORE) from error

    @contextmanager
    def writing_to(self) -> Iterator[None]:
        """What goes wrong in writing, in the operator's words."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            raise CannotWrite(
                f"the store {self.root} could not be written: {_why(error)}",
                "Check the disk space and the permissions.",
            ) from error

    # ---- the catalogue

    def connect(self, mode: str, path: Path | None = None) -> sqlite3.Connection:
        """A connection to the catalogue in autocommit: ``rw`` to write, ``ro`` to read."""
        uri = f"{(path or self.catalogue).absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        if mode == "rw":
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def close_writer(self, connection: sqlite3.Connection) -> None:
        """Carry the write-ahead log over into the catalogue and close, leaving the log's files in place.

        SQLite removes them with the last connection, and a reader who may not write to the folder cannot make them
        anew. A read-only connection that closes last leaves them.
        """
        with closing(self.connect("ro")) as last, closing(connection):
            last.execute("PRAGMA user_version").fetchone()
            # What is committed is safe in the log, so a disk too full for the copy is no fault of this run.
            with suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def version(self) -> int:
        """The catalogue's version; 0 where there is no catalogue yet.

        Raises:
            BadConfiguration: newer than this program, or not a catalogue.
        """
        with self.reading():
            if not self.catalogue.exists():
                return 0
            with closing(self.connect("ro")) as connection:
                version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            raise BadConfiguration(f"{self.catalogue} is not the catalogue of a store", RESTORE)
        if version > newest():
            raise BadConfiguration(
                f"the store {self.root} is of version {version} and this program knows no later one than {newest()}",
                "Use the newer program that wrote it.",
            )
        return version

    def prepare(self) -> None:
        """Create the folder and its catalogue, or bring the catalogue up to this program's version."""
        with self.writing_to():
            self._make_folder(self.root)
        with self.locked(), self.writing_to():
            if not self.catalogue.exists():
                self._create()
            connection = self.connect("rw")
            try:
                migrate(connection)
            finally:
                self.close_writer(connection)

    def _create(self) -> None:
        """Make an empty catalogue aside and rename it: one cut short could not be told from a damaged one."""
        if self.data.is_dir() and any(self.data.iterdir()):
            # An empty catalogue would have the next writer sweep every submission away.
            raise BadConfiguration(f"the store {self.root} holds submissions but has no catalogue", RESTORE)
        self._make_folder(self.data)
        aside = self.root / "catalogue.part"
        for left in self.root.glob("catalogue.part*"):
            left.unlink()
        os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self._give(aside)
        with closing(self.connect("rw", aside)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection)
        aside.replace(self.catalogue)
        sync_folder(self.root)

    # ---- the lock

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the writers' lock; it ends with the process, however that ends."""
        with self.writing_to():
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                portalocker.lock(handle, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
            except portalocker.AlreadyLocked:
                raise self._busy() from None
            _locks_held.add(handle)
            with self.writing_to():
                self._give(self.root / "lock")
                self._write_aside(self.holder, json.dumps({"pid": os.getpid()}).encode(), ignore)
            try:
                yield
            finally:
                self.holder.unlink(missing_ok=True)
        finally:
            _locks_held.discard(handle)
            os.close(handle)

    def _busy(self) -> StoreBusy:
        """Who holds the lock and since when, as far as the holder has said: its time is that of the file it left."""
        who = ""
        for _ in range(20):  # the holder takes the lock first and says so a moment later
            try:
                since = dt.datetime.fromtimestamp(self.holder.stat().st_mtime, dt.UTC)
                pid = int(json.loads(self.holder.read_bytes())["pid"])
            except (OSError, ValueError, KeyError, TypeError):
                time.sleep(0.01)
            else:
                who = f": process {pid}, since {since:%Y-%m-%d %H:%M:%S} UTC"
                break
        return StoreBusy(f"another run is writing to the store {self.root}{who}", "Try again when it has ended.")

    # ---- files

    def sweep(self, published: Iterable[str]) -> None:
        """Remove what a writer that died left behind: files aside, and submissions that were never published."""
        with self.writing_to():
            kept = set(published)
            for path in self.data.iterdir():
                if path.suffix == ".part" or (path.suffix == ".parquet" and path.name not in kept):
                    path.unlink()
            for path in self.root.glob("*.part"):
                path.unlink()

    def write_parquet(self, name: str, submission: Submission, on_step: Callable[[Step], None]) -> str:
        """Write a submission's rows under their final name; gives the file's SHA-256."""
        sink = pa.BufferOutputStream()
        pq.write_table(as_table(submission), sink, compression="zstd")  # type: ignore[no-untyped-call]
        content = sink.getvalue().to_pybytes()
        self._write_aside(self.data / parquet_name(name), content, on_step)
        return hashlib.sha256(content).hexdigest()

    def sync_submissions(self) -> None:
        """Make the names of the files that were written durable."""
        sync_folder(self.data)

    def parquet_bytes(self, name: str) -> bytes:
        """The content of a submission's file."""
        with self.reading():
            return (self.data / name).read_bytes()

    def write_key(self, key: bytes) -> None:
        """Make the key durable before anything depends on it."""
        self._write_aside(self.key, key, ignore)
        sync_folder(self.root)

    def _write_aside(self, target: Path, content: bytes, on_step: Callable[[Step], None]) -> None:
        """Write a file of another name beside ``target``, sync it and rename it."""
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        aside = Path(name)
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            on_step(Step.WRITTEN)
            os.fsync(out.fileno())
        self._give(aside)
        on_step(Step.SYNCED)
        aside.replace(target)
        on_step(Step.RENAMED)

    def _make_folder(self, path: Path) -> None:
        """Create a folder that those may enter who may read its files; leave an existing one as it is."""
        if path.is_dir():
            return
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        enter = 0o700 | self.file_mode | (self.file_mode & 0o444) >> 2
        # What SQLite creates beside the catalogue gets the folder's group only if the folder hands it on.
        self._give(path, enter | (0o2000 if self.group else 0))

    def _give(self, path: Path, mode: int | None = None) -> None:
        """Set the group and mode that the board's settings ask for."""
        if self.group is not None:
            try:
                shutil.chown(path, group=self.group)
            except LookupError as error:
                raise BadConfiguration(f"the group {self.group!r} for the store is not known here") from error
        path.chmod(self.file_mode if mode is None else mode)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    if os.name == "nt":  # a folder cannot be opened for syncing there; the file system orders its own renames
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
