"""The embedded store: a folder without a server, and the only SQL that is kept in the program.

    catalogue.sqlite   what exists: files, submissions, findings, and the chained run log
    submissions/       one immutable Parquet file a submission, named by the submission's id
    lock, holder.json  the writers' lock, and who has it

The catalogue alone says what exists. A Parquet file is written aside, synced and renamed before one SQLite transaction
publishes the whole file it came from, so a process that dies at any step leaves the state before or after; what it
leaves unpublished is swept by the next writer. Readers see one snapshot of the catalogue and never wait for a writer.

Nothing here reads a clock or judges data: times, periods and what supersedes what are the caller's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd
import portalocker
import pyarrow as pa
import pyarrow.parquet as pq

from sscbtool.core.model import Area, Finding, Outcome, Place, RecognisedBy, SetAside, Severity, Submission
from sscbtool.errors import BadConfiguration, BadUsage, CannotWrite, StoreBusy

# --------------------------------------------------------------------------- what callers hand in and get back


@dataclass(frozen=True)
class LogEntry:
    """What the run log says of a run or a landed file. Hashes are SHA-256 in hex; no cell's value belongs here."""

    command: str
    at: dt.datetime
    """With a time zone; kept as UTC."""
    version: str
    """The program's."""
    outcome: Outcome | None = None
    """None where a file landed before the run's outcome was known."""
    period: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Path as given -> hash."""
    schemas: Mapping[str, str] = field(default_factory=dict)
    """Return -> hash of its schema file."""
    figures: Mapping[str, str] = field(default_factory=dict)
    """Period -> hash of its figures file."""
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LandedFile:
    """One file to publish: all its submissions and findings, or nothing of it."""

    path: str
    sha256: str
    submissions: tuple[Submission, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What a person decided, and may be asked about a year later."""

    kind: str
    """``organisation``, ``explanation``, ``match`` ..."""
    subject: str
    """What it is about: a folded name, the id of a finding or break."""
    choice: str
    """``accept``, ``reject``, or the code that a name stands for."""
    by: str
    at: dt.datetime
    reason: str = ""
    until: dt.date | None = None
    """The last day on which it holds; None for good."""
    bound_to: str | None = None
    """What must not have changed for it to hold, such as an amount."""


@dataclass(frozen=True)
class StoredSubmission:
    """What the catalogue says of a submission, without its rows."""

    id: str
    path: str
    """As given when it landed."""
    sha256: str
    sheet: str | None
    area: Area
    return_name: str
    partner: str | None
    period: str | None
    row_periods: tuple[str, ...]
    """The periods that its rows fall in, where a date column gives them; ascending."""
    rows: int
    set_aside: tuple[SetAside, ...]
    unpivoted: bool
    recognised: Mapping[str, RecognisedBy]
    parquet: str
    """Name of its file in ``submissions/``."""
    parquet_sha256: str
    superseded_by: str | None
    """Id of the submission that took its place; None where it is current."""


@dataclass(frozen=True)
class Run:
    """One entry of the run log, and its link in the chain."""

    number: int
    """From 1."""
    entry: LogEntry
    landed: Mapping[str, Any] | None
    """For a landed file: its path, hash, submissions (id, rows, Parquet hash) and what it superseded."""
    previous: str
    hash: str


@dataclass(frozen=True)
class ChainCheck:
    """Whether the run log is whole, and where it is not."""

    entries: int
    head: str
    """The hash of the last entry that fits."""
    broken_at: int | None = None
    """Number of the first entry that does not fit; None also where entries are missing at the end."""
    reason: str = ""
    """What is wrong; empty where nothing is."""

    @property
    def whole(self) -> bool:
        """Whether every entry is there as it was written."""
        return not self.reason


class Step(StrEnum):
    """The points of a write at which a test may stop the process."""

    LOCKED = "locked"
    SWEPT = "swept"
    WRITTEN = "written"
    SYNCED = "synced"
    RENAMED = "renamed"
    FOLDER_SYNCED = "folder_synced"
    BEGUN = "begun"
    RECORDED = "recorded"
    LOGGED = "logged"
    COMMITTED = "committed"


EMPTY_HEAD = "0" * 64
"""The head of a log without entries, and what the first entry is chained to."""

_SHORTEST_HEAD = 12


def submission_id(sha256: str, sheet: str | None, area: Area) -> str:
    """The stable name of the table at ``area`` of ``sheet`` in the file with that hash: 20 hex digits."""
    return hashlib.sha256(_canonical([sha256, sheet, str(area)]).encode()).hexdigest()[:20]


# --------------------------------------------------------------------------- the catalogue's tables

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE log (
            number INTEGER PRIMARY KEY,
            entry TEXT NOT NULL,       -- canonical JSON
            previous TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE  -- SHA-256 of previous, a line feed and entry
        ) STRICT""",
        """CREATE TABLE file (
            sha256 TEXT PRIMARY KEY,
            path TEXT NOT NULL         -- a JSON string: a name need not be valid Unicode
        ) STRICT""",
        """CREATE TABLE submission (
            id TEXT PRIMARY KEY,
            sha256 TEXT NOT NULL REFERENCES file,
            position INTEGER NOT NULL,
            return_name TEXT NOT NULL,
            partner TEXT,
            period TEXT,
            rows INTEGER NOT NULL,
            facts TEXT NOT NULL,       -- JSON: sheet, area, row_periods, set_aside, unpivoted, recognised
            parquet TEXT NOT NULL UNIQUE,
            parquet_sha256 TEXT NOT NULL,
            superseded_by TEXT REFERENCES submission
        ) STRICT""",
        """CREATE TABLE finding (
            sha256 TEXT NOT NULL REFERENCES file,
            position INTEGER NOT NULL,
            submission_id TEXT REFERENCES submission,  -- null: it stands in no one table of the file
            finding TEXT NOT NULL,     -- JSON
            PRIMARY KEY (sha256, position)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX submission_by_file ON submission (sha256)",
        "CREATE INDEX finding_by_submission ON finding (submission_id)",
    ),
    (
        """CREATE TABLE decision (
            number INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            decision TEXT NOT NULL     -- JSON
        ) STRICT""",
    ),
)
"""The statements that lead from version i to i + 1; ``user_version`` counts the ones applied."""

_SUBMISSIONS = """
    SELECT id, path, sha256, position, return_name, partner, period, rows, facts, parquet, parquet_sha256, superseded_by
    FROM submission JOIN file USING (sha256)
"""
_FINDINGS = """
    SELECT finding.finding FROM finding JOIN file USING (sha256)
    WHERE submission_id IN (SELECT value FROM json_each(:ids))
       OR (submission_id IS NULL
           AND sha256 IN (SELECT sha256 FROM submission WHERE id IN (SELECT value FROM json_each(:ids))))
    ORDER BY file.path, sha256, finding.position
"""


def _ignore(_step: Step) -> None:
    """What a run does at each step: nothing."""


class Store:
    """A folder of submissions. Use it as a context manager; what it reads is one snapshot, renewed when it writes."""

    def __init__(self, place: _Folder) -> None:
        self._place = place
        self._snapshot: sqlite3.Connection | None = None

    @classmethod
    def open(cls, folder: Path, *, file_mode: int = 0o600, group: str | None = None) -> Store:
        """The store in ``folder``, created where there is none and brought up to date where it is older.

        Raises:
            BadConfiguration: it is of a newer version, damaged, or not a store.
            StoreBusy: it has to be created or migrated and another run is writing.
            CannotWrite: it cannot be created.
        """
        place = _Folder(folder, file_mode, group)
        if place.version() < len(_MIGRATIONS):
            place.prepare()
        return cls(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    @contextmanager
    def writing(self, *, on_step: Callable[[Step], None] = _ignore) -> Iterator[Writer]:
        """Hold the writers' lock, sweep what a dead writer left, and give the one who may write.

        Raises:
            StoreBusy: another run holds the lock.
            CannotWrite: the folder cannot be written.
        """
        with self._place.locked():
            on_step(Step.LOCKED)
            self._let_go()
            self._place.sweep(name for (name,) in self._read("SELECT parquet FROM submission"))
            on_step(Step.SWEPT)
            with self._place.writing_to():
                connection = self._place.connect("rw")
            try:
                yield Writer(self._place, connection, on_step, self._let_go)
            finally:
                self._let_go()
                self._place.close_writer(connection)

    def submissions(
        self,
        *,
        period: str | None = None,
        return_name: str | None = None,
        partner: str | None = None,
        current_only: bool = True,
    ) -> tuple[StoredSubmission, ...]:
        """The submissions that answer to what is given, by path and by their order in the file.

        ``period`` finds every submission that may hold rows of it: a year finds its quarters and a quarter its year.
        """
        found = [
            stored
            for stored in map(_stored, self._read(_SUBMISSIONS))
            if return_name in (None, stored[1].return_name)
            and partner in (None, stored[1].partner)
            and (period is None or _touches(stored[1], period))
            and not (current_only and stored[1].superseded_by)
        ]
        found.sort(key=lambda placed: (placed[1].path, placed[1].sha256, placed[0]))
        return tuple(stored for _, stored in found)

    def load(self, stored: StoredSubmission) -> Submission:
        """The submission with its rows, as it was landed.

        Raises:
            BadConfiguration: its Parquet file is missing or is not the one that was landed.
        """
        content = self._place.parquet_bytes(stored.parquet)
        if hashlib.sha256(content).hexdigest() != stored.parquet_sha256:
            raise BadConfiguration(
                f"the store {self._place.root} is damaged: {stored.parquet} is not as it was landed", _RESTORE
            )
        return _submission(stored, pq.read_table(pa.BufferReader(content)))  # type: ignore[no-untyped-call]

    def findings(self, ids: Iterable[str]) -> tuple[Finding, ...]:
        """The findings about these submissions, and those about their files that stand in no one table."""
        rows = self._read(_FINDINGS, {"ids": json.dumps(list(ids))})
        return tuple(_finding(json.loads(text)) for (text,) in rows)

    def knows(self, sha256: str) -> bool:
        """Whether a file of these bytes has landed with a submission."""
        return bool(self._read("SELECT 1 FROM submission WHERE sha256 = ? LIMIT 1", (sha256,)))

    def runs(self) -> tuple[Run, ...]:
        """The run log, oldest first. It is not verified here."""
        return tuple(_run(*row) for row in self._read("SELECT number, entry, previous, hash FROM log ORDER BY number"))

    def decisions(self, kind: str) -> tuple[Decision, ...]:
        """What persons decided of that kind, oldest first; the last one on a subject is the one that stands."""
        rows = self._read("SELECT decision FROM decision WHERE kind = ? ORDER BY number", (kind,))
        return tuple(_decision(json.loads(row[0])) for row in rows)

    def head(self) -> str:
        """The hash that stands for the whole log up to now."""
        return _head(self._read("SELECT number, hash FROM log ORDER BY number DESC LIMIT 1"))[1]

    def verify(self, head: str | None = None) -> ChainCheck:
        """Whether every entry fits the one before it, and whether ``head``, printed once, is still in the chain.

        Args:
            head: a hash, or at least its first 12 digits. Without it a tail that was cut off cannot be noticed.

        Raises:
            BadUsage: ``head`` is too short to name an entry.
        """
        if head is not None and len(head) < _SHORTEST_HEAD:
            raise BadUsage(f"a head has 64 digits, of which at least the first {_SHORTEST_HEAD} are needed")
        rows = self._read("SELECT number, entry, previous, hash FROM log ORDER BY number")
        previous, hashes = EMPTY_HEAD, [EMPTY_HEAD]
        for expected, (number, entry, linked, digest) in enumerate(rows, start=1):
            reason = ""
            if number != expected:
                reason = f"entry {expected} is missing"
            elif linked != previous:
                reason = f"entry {number} does not follow the one before it"
            elif digest != _link(previous, entry):
                reason = f"entry {number} was changed"
            if reason:
                return ChainCheck(len(rows), previous, expected, reason)
            previous = digest
            hashes.append(digest)
        if head is not None and not any(known.startswith(head.lower()) for known in hashes):
            return ChainCheck(
                len(rows), previous, None, "the log does not reach the head asked for: its end was cut off"
            )
        return ChainCheck(len(rows), previous)

    def _read(self, sql: str, values: Mapping[str, Any] | tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query on this store's snapshot, which the first query takes."""
        with self._place.reading():
            if self._snapshot is None:
                self._snapshot = self._place.connect("ro")
                self._snapshot.execute("BEGIN")
            return self._snapshot.execute(sql, values).fetchall()

    def _let_go(self) -> None:
        """End the snapshot; the next query takes a new one."""
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None


class Writer:
    """The one who may write, for as long as the lock is held."""

    def __init__(
        self,
        place: _Folder,
        connection: sqlite3.Connection,
        on_step: Callable[[Step], None],
        published: Callable[[], None],
    ) -> None:
        self._place = place
        self._connection = connection
        self._on_step = on_step
        self._published = published

    def land(self, file: LandedFile, entry: LogEntry, *, supersedes: Collection[str] = ()) -> bool:
        """Publish a file in one transaction: its submissions, its findings and a log entry.

        What has landed already is not stored again; False where that leaves nothing to do. Submissions named in
        ``supersedes`` stay, marked as replaced by this file's submission of the same return (first of the same
        partner and period); one that had been replaced itself is current again by replacing another.

        Raises:
            BadUsage: an id in ``supersedes`` is unknown, is this file's own, or is of a return that this file lacks.
            CannotWrite: disk full, no permission.
        """
        with self._place.writing_to():
            named = {submission_id(file.sha256, s.sheet, s.area): s for s in file.submissions}
            if len(named) != len(file.submissions):
                raise ValueError("two submissions of one file have the same sheet and area")
            replaced = self._replaced(named, supersedes)
            missing = {
                name: s for name, s in named.items() if not self._any("SELECT 1 FROM submission WHERE id = ?", name)
            }
            if not replaced and not missing and self._any("SELECT 1 FROM file WHERE sha256 = ?", file.sha256):
                return False
            digests = {name: self._place.write_parquet(name, s, self._on_step) for name, s in missing.items()}
            self._place.sync_submissions()
            self._on_step(Step.FOLDER_SYNCED)
            landed = {
                "path": file.path,
                "sha256": file.sha256,
                "submissions": [
                    {"id": name, "rows": len(s.frame), "parquet_sha256": digests[name]} for name, s in missing.items()
                ],
                "supersedes": replaced,
            }
            with self._transaction():
                self._record(file, named, digests)
                self._mark(replaced)
                self._on_step(Step.RECORDED)
                self._append(entry, landed)
        return True

    def decide(self, decision: Decision, entry: LogEntry) -> None:
        """Keep a person's decision, and log it, in one transaction.

        Raises:
            CannotWrite: disk full, no permission.
        """
        facts = {
            **asdict(decision),
            "at": decision.at.astimezone(dt.UTC).isoformat(),
            "until": decision.until and decision.until.isoformat(),
        }
        with self._place.writing_to(), self._transaction():
            self._connection.execute(
                "INSERT INTO decision (kind, subject, decision) VALUES (?, ?, ?)",
                (decision.kind, decision.subject, _canonical(facts)),
            )
            self._append(entry, {"decision": facts})

    def key(self) -> bytes:
        """The store's secret for pseudonyms, made with its first use; who has it can tell people from their pseudonyms.

        Raises:
            CannotWrite: disk full, no permission.
        """
        with self._place.writing_to():
            if not self._place.key.exists():
                self._place.write_key(secrets.token_bytes(32))
            return self._place.key.read_bytes()

    def log_run(self, entry: LogEntry) -> str:
        """Add an entry to the run log; gives the new head.

        Raises:
            CannotWrite: disk full, no permission.
        """
        with self._place.writing_to(), self._transaction():
            return self._append(entry, None)

    def _any(self, sql: str, value: str) -> bool:
        return self._connection.execute(sql, (value,)).fetchone() is not None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._on_step(Step.BEGUN)
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._published()
        self._on_step(Step.COMMITTED)

    def _replaced(self, named: Mapping[str, Submission], supersedes: Collection[str]) -> dict[str, str]:
        """Id of each submission to mark -> id of the one that takes its place."""
        replaced = {}
        for old in sorted(supersedes):
            row = self._connection.execute(
                "SELECT return_name, partner, period, superseded_by FROM submission WHERE id = ?", (old,)
            ).fetchone()
            if row is None or old in named:
                raise BadUsage(f"no other submission {old} is in the store that the file could replace")
            return_name, partner, period, superseded_by = row
            heirs = [name for name, s in named.items() if s.return_name == return_name]
            if not heirs:
                raise BadUsage(f"the file holds nothing that could replace {old}, a submission of {return_name}")
            heir = min(heirs, key=lambda name: (named[name].partner, named[name].period) != (partner, period))
            if superseded_by != heir:
                replaced[old] = heir
        return replaced

    def _record(self, file: LandedFile, named: Mapping[str, Submission], digests: Mapping[str, str]) -> None:
        """Insert the file, the submissions that have a new Parquet file, and all findings, which replace older ones."""
        run = self._connection.execute
        run("INSERT OR IGNORE INTO file VALUES (?, ?)", (file.sha256, json.dumps(file.path)))
        for position, (name, s) in enumerate(named.items()):
            if name in digests:
                facts = (s.return_name, s.partner, s.period, len(s.frame), _canonical(_facts(s)))
                run(
                    "INSERT INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                    (name, file.sha256, position, *facts, _parquet_name(name), digests[name]),
                )
        if digests or not named:
            run("DELETE FROM finding WHERE sha256 = ?", (file.sha256,))
            self._connection.executemany(
                "INSERT INTO finding VALUES (?, ?, ?, ?)",
                (
                    (file.sha256, position, _bearer(finding.place, named), _canonical(asdict(finding)))
                    for position, finding in enumerate(file.findings)
                ),
            )

    def _mark(self, replaced: Mapping[str, str]) -> None:
        # An heir is made current first, so that no two submissions can ever replace each other and both vanish.
        for old, heir in replaced.items():
            self._connection.execute("UPDATE submission SET superseded_by = NULL WHERE id = ?", (heir,))
            self._connection.execute("UPDATE submission SET superseded_by = ? WHERE id = ?", (heir, old))

    def _append(self, entry: LogEntry, landed: Mapping[str, Any] | None) -> str:
        """Chain an entry to the log inside the open transaction; gives its hash."""
        rows = self._connection.execute("SELECT number, hash FROM log ORDER BY number DESC LIMIT 1").fetchall()
        number, previous = _head(rows)
        text = _canonical({**_entry_facts(entry), "landed": landed})
        digest = _link(previous, text)
        self._connection.execute("INSERT INTO log VALUES (?, ?, ?, ?)", (number + 1, text, previous, digest))
        self._on_step(Step.LOGGED)
        return digest


# --------------------------------------------------------------------------- the folder

_RESTORE = "Restore the store from a backup, or ingest the returns again into an empty folder."

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
class _Folder:
    """The store's files: where they are, who may read them, and how they become durable."""

    root: Path
    file_mode: int
    group: str | None

    @property
    def catalogue(self) -> Path:
        return self.root / "catalogue.sqlite"

    @property
    def data(self) -> Path:
        return self.root / "submissions"

    @property
    def holder(self) -> Path:
        return self.root / "holder.json"

    @property
    def key(self) -> Path:
        return self.root / "pseudonym.key"

    # ---- troubles in the operator's words

    @contextmanager
    def reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise BadConfiguration(f"the store {self.root} cannot be read: {_why(error)}", _RESTORE) from error

    @contextmanager
    def writing_to(self) -> Iterator[None]:
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
            raise BadConfiguration(f"{self.catalogue} is not the catalogue of a store", _RESTORE)
        if version > len(_MIGRATIONS):
            raise BadConfiguration(
                f"the store {self.root} is of version {version} and this program knows no later one than "
                f"{len(_MIGRATIONS)}",
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
                _migrate(connection)
            finally:
                self.close_writer(connection)

    def _create(self) -> None:
        """Make an empty catalogue aside and rename it: one cut short could not be told from a damaged one."""
        if self.data.is_dir() and any(self.data.iterdir()):
            # An empty catalogue would have the next writer sweep every submission away.
            raise BadConfiguration(f"the store {self.root} holds submissions but has no catalogue", _RESTORE)
        self._make_folder(self.data)
        aside = self.root / "catalogue.part"
        for left in self.root.glob("catalogue.part*"):
            left.unlink()
        os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self._give(aside)
        with closing(self.connect("rw", aside)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            _migrate(connection)
        aside.replace(self.catalogue)
        _sync_folder(self.root)

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
                self._write_aside(self.holder, json.dumps({"pid": os.getpid()}).encode(), _ignore)
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
        pq.write_table(_table(submission), sink, compression="zstd")  # type: ignore[no-untyped-call]
        content = sink.getvalue().to_pybytes()
        self._write_aside(self.data / _parquet_name(name), content, on_step)
        return hashlib.sha256(content).hexdigest()

    def sync_submissions(self) -> None:
        """Make the names of the files that were written durable."""
        _sync_folder(self.data)

    def parquet_bytes(self, name: str) -> bytes:
        with self.reading():
            return (self.data / name).read_bytes()

    def write_key(self, key: bytes) -> None:
        """Make the key durable before anything depends on it."""
        self._write_aside(self.key, key, _ignore)
        _sync_folder(self.root)

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


def _migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, each version in a transaction of its own."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number in range(version, len(_MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        for statement in _MIGRATIONS[number]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened for syncing there; the file system orders its own renames
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --------------------------------------------------------------------------- submissions as Parquet and back

_ROW, _PERIOD, _QUARTER, _CELL = "sscb:row", "sscb:period", "sscb:quarter", "sscb:cell:"
_DTYPES = b"sscb:dtypes"


def _parquet_name(name: str) -> str:
    return f"{name}.parquet"


def _table(submission: Submission) -> pa.Table:
    """The frame's columns by their names, and where each value came from in columns of our own."""
    frame = submission.frame
    series = {str(name): frame[name] for name in frame}
    columns: dict[str, Any] = {name: pa.array(values, from_pandas=True) for name, values in series.items()}
    columns[_ROW] = pa.array(submission.rows, pa.int32())
    for name, numbers in submission.cells.items():
        columns[_CELL + name] = pa.array(numbers, pa.int32())
    if submission.periods:
        columns[_PERIOD] = pa.array(submission.periods, pa.string())
    if submission.quarters:
        columns[_QUARTER] = pa.array(submission.quarters, pa.string())
    # pandas' own metadata cannot name a decimal's precision, so the dtypes are kept by us.
    dtypes = {name: _dtype_name(values.dtype) for name, values in series.items()}
    return pa.table(columns).replace_schema_metadata({_DTYPES: json.dumps(dtypes).encode()})


def _dtype_name(dtype: Any) -> str:
    """``arrow`` where the Parquet type says all, else the name pandas knows it by."""
    return "arrow" if isinstance(dtype, pd.ArrowDtype) else str(dtype)


def _series(column: pa.ChunkedArray, dtype_name: str) -> Any:
    if dtype_name == "arrow":
        return pd.Series(pd.arrays.ArrowExtensionArray(column))
    dtype: Any = pd.api.types.pandas_dtype(dtype_name)
    if hasattr(dtype, "__from_arrow__"):  # by way of numpy, an integer beside a blank would become a float
        return pd.Series(dtype.__from_arrow__(column), dtype=dtype)
    return column.to_pandas().astype(dtype)


def _submission(stored: StoredSubmission, table: pa.Table) -> Submission:
    dtypes: dict[str, str] = json.loads(table.schema.metadata[_DTYPES])
    frame = pd.DataFrame(
        {name: _series(table[name], dtype) for name, dtype in dtypes.items()}, index=pd.RangeIndex(table.num_rows)
    )
    names = set(table.column_names)
    return Submission(
        path=stored.path,
        sha256=stored.sha256,
        sheet=stored.sheet,
        area=stored.area,
        return_name=stored.return_name,
        partner=stored.partner,
        period=stored.period,
        frame=frame,
        rows=_numbers(table[_ROW]),
        cells={
            name.removeprefix(_CELL): _numbers(table[name]) for name in table.column_names if name.startswith(_CELL)
        },
        periods=tuple(table[_PERIOD].to_pylist()) if _PERIOD in names else (),
        quarters=tuple(table[_QUARTER].to_pylist()) if _QUARTER in names else (),
        set_aside=stored.set_aside,
        unpivoted=stored.unpivoted,
        recognised=stored.recognised,
    )


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.asarray(column.to_numpy(), dtype=np.int32)


# --------------------------------------------------------------------------- facts as JSON and back


def _canonical(value: Any) -> str:
    """JSON in the one form that is hashed: keys sorted, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _link(previous: str, entry: str) -> str:
    return hashlib.sha256(f"{previous}\n{entry}".encode()).hexdigest()


def _head(last: list[Any]) -> tuple[int, str]:
    """Number and hash of the last entry."""
    return last[0] if last else (0, EMPTY_HEAD)


def _facts(submission: Submission) -> dict[str, Any]:
    area = submission.area
    return {
        "sheet": submission.sheet,
        "area": [area.top, area.left, area.bottom, area.right],
        "row_periods": sorted({period for period in submission.periods if period is not None}),
        "set_aside": [[aside.reason, [int(row) for row in aside.rows]] for aside in submission.set_aside],
        "unpivoted": submission.unpivoted,
        "recognised": dict(submission.recognised),
    }


def _stored(row: tuple[Any, ...]) -> tuple[int, StoredSubmission]:
    """Its position in the file, and the submission."""
    name, path, sha256, position, return_name, partner, period, rows, text, parquet, parquet_sha256, superseded_by = row
    facts = json.loads(text)
    return position, StoredSubmission(
        id=name,
        path=json.loads(path),
        sha256=sha256,
        sheet=facts["sheet"],
        area=Area(*facts["area"]),
        return_name=return_name,
        partner=partner,
        period=period,
        row_periods=tuple(facts["row_periods"]),
        rows=rows,
        set_aside=tuple(SetAside(reason, tuple(numbers)) for reason, numbers in facts["set_aside"]),
        unpivoted=facts["unpivoted"],
        recognised={what: RecognisedBy(by) for what, by in facts["recognised"].items()},
        parquet=parquet,
        parquet_sha256=parquet_sha256,
        superseded_by=superseded_by,
    )


def _touches(stored: StoredSubmission, period: str) -> bool:
    """Whether it may hold rows of a period: ``2018-19 Q1`` lies in ``2018-19``."""
    own = {stored.period, *stored.row_periods} - {None}
    return any(f"{period} ".startswith(f"{one} ") or f"{one} ".startswith(f"{period} ") for one in own)


def _bearer(place: Place, named: Mapping[str, Submission]) -> str | None:
    """Id of the one submission whose area a finding stands in."""
    if place.row is None:
        return None
    row = place.row
    bearers = [
        name
        for name, s in named.items()
        if s.sheet == place.sheet
        and s.area.top <= row <= s.area.bottom
        and (place.column is None or s.area.left <= place.column <= s.area.right)
    ]
    return bearers[0] if len(bearers) == 1 else None


def _finding(facts: dict[str, Any]) -> Finding:
    return Finding(**{**facts, "severity": Severity(facts["severity"]), "place": Place(**facts["place"])})


def _entry_facts(entry: LogEntry) -> dict[str, Any]:
    if entry.at.tzinfo is None:
        raise ValueError("a log entry's time needs a time zone")
    facts = {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(entry).items()}
    return {**facts, "at": entry.at.astimezone(dt.UTC).isoformat()}


def _decision(facts: dict[str, Any]) -> Decision:
    at, until = dt.datetime.fromisoformat(facts["at"]), facts["until"] and dt.date.fromisoformat(facts["until"])
    return Decision(**{**facts, "at": at, "until": until})


def _run(number: int, text: str, previous: str, digest: str) -> Run:
    facts = json.loads(text)
    landed = facts.pop("landed")
    outcome = facts.pop("outcome")
    at = dt.datetime.fromisoformat(facts.pop("at"))
    entry = LogEntry(at=at, outcome=Outcome(outcome) if outcome is not None else None, **facts)
    return Run(number, entry, landed, previous, digest)
