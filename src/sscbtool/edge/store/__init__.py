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
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from sscbtool.core.model import Finding, Submission
from sscbtool.edge.lock import locked
from sscbtool.edge.sharing import Sharing
from sscbtool.edge.store import care
from sscbtool.edge.store.folder import RESTORE, Folder, NewerStore, ignore
from sscbtool.edge.store.migrations import newest
from sscbtool.edge.store.parquet import from_table, parquet_name
from sscbtool.edge.store.records import (
    EMPTY_HEAD,
    ChainCheck,
    Decision,
    LandedFile,
    LogEntry,
    Run,
    Step,
    StoredSubmission,
    bearer,
    canonical,
    decision_from,
    entry_facts,
    facts_of,
    finding_from,
    last_link,
    link,
    run_from,
    stored_from,
    submission_id,
    touches,
)
from sscbtool.errors import BadConfiguration, BadUsage

__all__ = [
    "EMPTY_HEAD",
    "ChainCheck",
    "Decision",
    "LandedFile",
    "LogEntry",
    "Run",
    "Step",
    "Store",
    "StoredSubmission",
    "Writer",
    "submission_id",
]

_SHORTEST_HEAD = 12

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


class Store:
    """A folder of submissions. Use it as a context manager; what it reads is one snapshot, renewed when it writes."""

    def __init__(self, place: Folder) -> None:
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
        place = Folder(folder.absolute(), Sharing(file_mode, group))
        if place.version() < newest():
            place.prepare()
        return cls(place)

    @classmethod
    def open_anew(cls, folder: Path, aside: Path, *, file_mode: int = 0o600, group: str | None = None) -> Store:
        """The store in ``folder``; one that is past opening is moved to ``aside``, and an empty one opened.

        Raises:
            BadConfiguration: it is of a newer version: nothing is wrong with it.
            CannotWrite: it cannot be moved or created.
        """
        try:
            return cls.open(folder, file_mode=file_mode, group=group)
        except NewerStore:
            raise
        except BadConfiguration:
            care.set_aside(folder, aside)
            return cls.open(folder, file_mode=file_mode, group=group)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    @contextmanager
    def writing(self, *, on_step: Callable[[Step], None] = ignore) -> Iterator[Writer]:
        """Hold the writers' lock, sweep what a dead writer left, and give the one who may write.

        Raises:
            StoreBusy: another run holds the lock.
            CannotWrite: the folder cannot be written.
        """
        with locked(self._place.root, self._place.sharing):
            on_step(Step.LOCKED)
            self._let_go()
            self._place.sweep(name for (name,) in self._read("SELECT parquet FROM submission"))
            on_step(Step.SWEPT)
            self._place.share()
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
            for stored in map(stored_from, self._read(_SUBMISSIONS))
            if return_name in (None, stored[1].return_name)
            and partner in (None, stored[1].partner)
            and (period is None or touches(stored[1], period))
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
                f"the store {self._place.root} is damaged: {stored.parquet} is not as it was landed", RESTORE
            )
        return from_table(stored, pq.read_table(pa.BufferReader(content)))  # type: ignore[no-untyped-call]

    def findings(self, ids: Iterable[str]) -> tuple[Finding, ...]:
        """The findings about these submissions, and those about their files that stand in no one table."""
        rows = self._read(_FINDINGS, {"ids": json.dumps(list(ids))})
        return tuple(finding_from(json.loads(text)) for (text,) in rows)

    def knows(self, sha256: str) -> bool:
        """Whether a file of these bytes has landed with a submission."""
        return bool(self._read("SELECT 1 FROM submission WHERE sha256 = ? LIMIT 1", (sha256,)))

    def key(self) -> bytes | None:
        """The secret for pseudonyms; None where none was needed yet.

        Raises:
            BadConfiguration: it may not be read by whoever runs this.
        """
        return self._place.read_key()

    def runs(self) -> tuple[Run, ...]:
        """The run log, oldest first. It is not verified here."""
        return tuple(
            run_from(*row) for row in self._read("SELECT number, entry, previous, hash FROM log ORDER BY number")
        )

    def decisions(self, kind: str) -> tuple[Decision, ...]:
        """What persons decided of that kind, oldest first; the last one on a subject is the one that stands."""
        rows = self._read("SELECT decision FROM decision WHERE kind = ? ORDER BY number", (kind,))
        return tuple(decision_from(json.loads(row[0])) for row in rows)

    def head(self) -> str:
        """The hash that stands for the whole log up to now."""
        return last_link(self._read("SELECT number, hash FROM log ORDER BY number DESC LIMIT 1"))[1]

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
            elif digest != link(previous, entry):
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

    def backup(self, target: Path) -> int:
        """Write this snapshot to one tar file; gives how many submissions it holds. A writer may run meanwhile.

        Raises:
            CannotWrite: no space or no permission, or a submission was forgotten meanwhile.
        """
        return care.write_backup(self._place, self._taken(), target)

    def damages(self) -> tuple[care.Damage, ...]:
        """What is not as it was landed: catalogue, files of rows, and the log's word on them."""
        with self._place.reading():
            found = care.damages(self._place, self._taken())
        known = {each.id: each for each in self.submissions(current_only=False)}
        said: dict[str, str] = {}
        for run in self.runs():
            landed = run.landed or {}
            said |= {each["id"]: each["parquet_sha256"] for each in landed.get("submissions", ())}
            for name in landed.get("forgotten", {}).get("submissions", ()):
                said.pop(name, None)
        for name in sorted({*known, *said}):
            if name not in said:
                found.append(care.Damage(f"the log does not say that {name[:8]} landed"))
            elif name not in known:
                found.append(care.Damage(f"{name[:8]} landed by the log, and is not there"))
            elif known[name].parquet_sha256 != said[name]:
                found.append(care.Damage(f"{name[:8]} is not what the log says that landed"))
        return tuple(found)

    def orphans(self) -> tuple[str, ...]:
        """Files that no submission is of; the next writer sweeps them."""
        with self._place.reading():
            return tuple(care.orphans(self._place, self._taken()))

    def restore(self, path: Path, entry: LogEntry) -> int:
        """Put a backup in the place of all that this store holds, and log it; gives how many submissions there are.

        Raises:
            BadConfiguration: it is no whole backup of a store.
            StoreBusy: another run is writing.
            CannotWrite: disk full, no permission.
        """
        with care.unpacked(path) as source, locked(self._place.root, self._place.sharing):
            source.prepare()
            with Store(source) as copy:
                if found := [*copy.damages(), *([] if (check := copy.verify()).whole else [care.Damage(check.reason)])]:
                    raise BadConfiguration(f"the backup {path} is damaged: {found[0].what}", "Use an earlier one.")
            self._let_go()
            with self._place.writing_to():
                connection = self._place.connect("rw")
                try:
                    care.restore_into(self._place, source, connection)
                    writer = Writer(self._place, connection, ignore, self._let_go)
                    writer.log_run(entry)
                finally:
                    self._let_go()
                    self._place.close_writer(connection)
            self._place.sweep(name for (name,) in self._read("SELECT parquet FROM submission"))
        return len(self.submissions(current_only=False))

    def _taken(self) -> sqlite3.Connection:
        """The snapshot, taken if it is not yet."""
        self._read("SELECT 1")
        assert self._snapshot is not None
        return self._snapshot

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
        place: Folder,
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
                (decision.kind, decision.subject, canonical(facts)),
            )
            self._append(entry, {"decision": facts})

    def forget(self, ids: Collection[str], entry: LogEntry) -> bool:
        """Erase submissions, their rows and their findings for good, and log it; what the log said of them stays.

        False where a reader kept the write-ahead log open, so that traces stay in it until the next write.

        Raises:
            BadUsage: an id is unknown, or took the place of one that would then stand again.
            CannotWrite: disk full, no permission.
        """
        names = sorted(ids)
        with self._place.writing_to():
            self._connection.execute("PRAGMA secure_delete = ON")
            files = []
            for name in names:
                row = self._connection.execute(
                    "SELECT parquet, sha256 FROM submission WHERE id = ?", (name,)
                ).fetchone()
                if row is None:
                    raise BadUsage(f"there is no submission {name} in the store")
                files.append(row)
            with self._transaction():
                care.erase(self._connection, names)
                hashes = sorted({digest for _, digest in files})
                self._append(entry, {"forgotten": {"submissions": names, "files": hashes}})
            self._place.sweep(name for (name,) in self._connection.execute("SELECT parquet FROM submission"))
            self._place.sync_submissions()
            self._place.drop_older()
            return care.wipe(self._connection)

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
                facts = (s.return_name, s.partner, s.period, len(s.frame), canonical(facts_of(s)))
                run(
                    "INSERT INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                    (name, file.sha256, position, *facts, parquet_name(name), digests[name]),
                )
        if digests or not named:
            run("DELETE FROM finding WHERE sha256 = ?", (file.sha256,))
            self._connection.executemany(
                "INSERT INTO finding VALUES (?, ?, ?, ?)",
                (
                    (file.sha256, position, bearer(finding.place, named), canonical(asdict(finding)))
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
        number, previous = last_link(rows)
        text = canonical({**entry_facts(entry), "landed": landed})
        digest = link(previous, text)
        self._connection.execute("INSERT INTO log VALUES (?, ?, ?, ?)", (number + 1, text, previous, digest))
        self._on_step(Step.LOGGED)
        return digest
