"""The store's files: where they are, who may read them, who may write, and how they become durable."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sscbtool.core.model import Submission
from sscbtool.edge.lock import locked
from sscbtool.edge.sharing import Sharing
from sscbtool.edge.store.migrations import migrate, newest
from sscbtool.edge.store.parquet import as_table, parquet_name
from sscbtool.edge.store.records import Step
from sscbtool.errors import BadConfiguration, CannotWrite


def ignore(_step: Step) -> None:
    """What a run does at each step: nothing."""


RESTORE = "Restore the store from a backup, or ingest the returns again into an empty folder."


class NewerStore(BadConfiguration):
    """The store was written by a newer program."""


@dataclass(frozen=True)
class Folder:
    """The store's files: where they are, who may read them, and how they become durable."""

    root: Path
    sharing: Sharing

    @classmethod
    def private(cls, root: Path) -> Folder:
        """A store's folder that is only its owner's."""
        return cls(root, Sharing())

    @property
    def catalogue(self) -> Path:
        """The database that says what exists."""
        return self.root / "catalogue.sqlite"

    @property
    def data(self) -> Path:
        """Where the Parquet files are."""
        return self.root / "submissions"

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
            full = str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_IOERR", "SQLITE_FULL"))
            hint = "Check the disk space first." if full else RESTORE
            raise BadConfiguration(f"the store {self.root} cannot be read: {_why(error)}", hint) from error

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
            raise NewerStore(
                f"the store {self.root} is of version {version} and this program knows no later one than {newest()}",
                "Use the newer program that wrote it.",
            )
        return version

    def prepare(self) -> None:
        """Create the folder and its catalogue, or bring the catalogue up to this program's version."""
        with locked(self.root, self.sharing), self.writing_to():
            if not self.catalogue.exists():
                self._create()
            else:
                self.keep_older(self.version())
            connection = self.connect("rw")
            try:
                migrate(connection)
            finally:
                self.close_writer(connection)

    def keep_older(self, version: int) -> None:
        """A copy of a catalogue of an older version, beside it, before it is migrated; rows are never migrated."""
        if version == newest():
            return
        kept = self.root / f"catalogue.v{version}.sqlite"
        with closing(self.connect("ro")) as source, closing(sqlite3.connect(":memory:")) as copy:
            source.backup(copy)
            self._write_aside(kept, copy.serialize(), ignore)
        sync_folder(self.root)

    def drop_older(self) -> None:
        """Remove the copies of catalogues of older versions: they hold what is to be forgotten."""
        for kept in self.root.glob("catalogue.v*.sqlite"):
            kept.unlink()

    def _create(self) -> None:
        """Make an empty catalogue aside and rename it: one cut short could not be told from a damaged one."""
        if self.data.is_dir() and any(self.data.iterdir()):
            # An empty catalogue would have the next writer sweep every submission away.
            raise BadConfiguration(f"the store {self.root} holds submissions but has no catalogue", RESTORE)
        self.sharing.make_folder(self.data)
        aside = self.root / "catalogue.part"
        for left in self.root.glob("catalogue.part*"):
            left.unlink()
        os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self.sharing.give(aside)
        with closing(self.connect("rw", aside)) as connection:
            # Not the other way round: on a full disk what stands in a write-ahead log alone would stay behind here.
            migrate(connection)
            connection.execute("PRAGMA journal_mode = WAL")
        aside.replace(self.catalogue)
        sync_folder(self.root)

    # ---- files

    def share(self) -> None:
        """Give what its owner made under other settings the mode and group that they ask for now."""
        if not hasattr(os, "getuid"):
            return
        with self.writing_to():
            # A folder may be open to more than that, if whoever set it up wanted it so.
            wanted: dict[Path, int | None] = {
                folder: self.sharing.folder_mode | stat.S_IMODE(folder.stat().st_mode)
                for folder in (self.root, self.data)
            }
            wanted |= dict.fromkeys((*self.root.glob("catalogue.sqlite*"), *self.data.glob("*.parquet")))
            wanted |= dict.fromkeys([self.key] if self.key.exists() else [], self.sharing.secret_mode)
            for path, mode in wanted.items():
                if path.stat().st_uid == os.getuid():
                    self.sharing.give(path, mode)

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

    def write_parquet_bytes(self, name: str, content: bytes) -> None:
        """Write a file of rows as it is."""
        self._write_aside(self.data / name, content, ignore)

    def sync_submissions(self) -> None:
        """Make the names of the files that were written durable."""
        sync_folder(self.data)

    def parquet_bytes(self, name: str) -> bytes:
        """The content of a submission's file."""
        with self.reading():
            return (self.data / name).read_bytes()

    def read_key(self) -> bytes | None:
        """The key, if there is one."""
        try:
            return self.key.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadConfiguration(
                f"the store's key for pseudonyms cannot be read: {_why(error)}",
                "Compare versions that are in the store, or ask whoever keeps it.",
            ) from error

    def write_key(self, key: bytes) -> None:
        """Make the key durable before anything depends on it."""
        self._write_aside(self.key, key, ignore, self.sharing.secret_mode)
        sync_folder(self.root)

    def _write_aside(
        self, target: Path, content: bytes, on_step: Callable[[Step], None], mode: int | None = None
    ) -> None:
        """Write a file of another name beside ``target``, sync it and rename it."""
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        aside = Path(name)
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            on_step(Step.WRITTEN)
            os.fsync(out.fileno())
        self.sharing.give(aside, mode)
        on_step(Step.SYNCED)
        aside.replace(target)
        on_step(Step.RENAMED)


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
