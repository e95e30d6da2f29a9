"""Care of a store: a copy in one file, that copy back again, whether all is as it landed, and erasing for good."""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sscbtool.edge.store.folder import Folder, sync_folder
from sscbtool.edge.store.migrations import newest
from sscbtool.errors import BadConfiguration, BadUsage, CannotWrite

CATALOGUE, KEY, DATA = "catalogue.sqlite", "pseudonym.key", "submissions/"
_MOST = 1 << 36
"""Bytes of one member that a backup may have."""


@dataclass(frozen=True)
class Damage:
    """What is not as it should be, in a sentence."""

    what: str
    file: str | None = None


def write_backup(place: Folder, snapshot: sqlite3.Connection, target: Path) -> int:
    """Write one snapshot of the store to a tar file, whole under its name or not at all; gives how many files it holds.

    Raises:
        CannotWrite: no space or no permission, or a submission was forgotten meanwhile.
    """
    names = [name for (name,) in snapshot.execute("SELECT parquet FROM submission ORDER BY parquet")]
    try:
        place.sharing.make_folder(target.parent)
        handle, aside_name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".part")
        aside = Path(aside_name)
        try:
            with os.fdopen(handle, "wb") as out:
                with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
                    _add(archive, CATALOGUE, _serialised(snapshot))
                    if place.key.exists():
                        _add(archive, KEY, place.key.read_bytes())
                    for name in names:
                        _add(archive, DATA + name, (place.data / name).read_bytes())
                out.flush()
                os.fsync(out.fileno())
            place.sharing.give(aside, place.sharing.secret_mode)
            aside.replace(target)
            sync_folder(target.parent)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as fault:
        raise CannotWrite(
            f"the backup {target} could not be written: {fault.strerror}", "Check the disk space and the permissions."
        ) from fault
    return len(names)


def _serialised(snapshot: sqlite3.Connection) -> bytes:
    """The catalogue as one file without a write-ahead log."""
    with closing(sqlite3.connect(":memory:")) as copy:
        snapshot.backup(copy)
        return copy.serialize()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """A member without owner or time: the same store gives the same bytes."""
    about = tarfile.TarInfo(name)
    about.size, about.mode = len(content), 0o600
    archive.addfile(about, io.BytesIO(content))


@contextmanager
def unpacked(path: Path) -> Iterator[Folder]:
    """A backup laid out in a folder of its own, checked, for as long as it is needed.

    Raises:
        BadConfiguration: it is no backup of a store, is damaged, or is of a newer version.
    """
    with tempfile.TemporaryDirectory(prefix="sscbtool-restore-") as scratch:
        place = Folder.private(Path(scratch))
        place.data.mkdir()
        try:
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    inner = member.name.removeprefix(DATA)
                    expected = member.name in (CATALOGUE, KEY) or (
                        inner != member.name and inner.endswith(".parquet") and Path(inner).name == inner
                    )
                    if not expected or not member.isreg() or member.size > _MOST:
                        raise BadConfiguration(f"{path} is not a backup of a store: it holds what no backup holds")
                    content = archive.extractfile(member)
                    assert content is not None
                    (place.root / member.name).write_bytes(content.read())
        except (tarfile.TarError, EOFError) as fault:
            raise BadConfiguration(f"{path} is not a backup of a store, or is cut short") from fault
        except OSError as fault:
            raise BadConfiguration(f"{path} cannot be read: {fault.strerror}") from fault
        if place.version() == 0:
            raise BadConfiguration(f"{path} is not a backup of a store: it holds no catalogue")
        yield place


def set_aside(folder: Path, aside: Path) -> None:
    """Move a store out of the way as it is.

    Raises:
        CannotWrite: it cannot be moved.
    """
    try:
        folder.rename(aside)
    except OSError as fault:
        raise CannotWrite(f"the store {folder} could not be moved aside: {fault.strerror}") from fault


def restore_into(place: Folder, source: Folder, connection: sqlite3.Connection) -> None:
    """Put what ``source`` holds in the place of all there is: the catalogue changes over in one transaction.

    The caller holds the lock. Submissions are written beside those that are there; what is no longer named is swept by
    the caller afterwards, so that a process that dies on the way leaves the store as it was.
    """
    with closing(source.connect("rw")) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        for name, digest in copy.execute("SELECT parquet, parquet_sha256 FROM submission").fetchall():
            content = source.parquet_bytes(name)
            landed = name
            if (place.data / name).exists() and hashlib.sha256(place.parquet_bytes(name)).hexdigest() != digest:
                landed = f"{name.removesuffix('.parquet')}-{digest[:8]}.parquet"
                copy.execute("UPDATE submission SET parquet = ? WHERE parquet = ?", (landed, name))
            place.write_parquet_bytes(landed, content)
        if source.key.exists():
            place.write_key(source.key.read_bytes())
        place.sync_submissions()
        copy.backup(connection)


def damages(place: Folder, snapshot: sqlite3.Connection) -> list[Damage]:
    """Everything in a store that is not as it was landed; orphans are no damage and are not named here."""
    found = [Damage(f"the catalogue: {said}") for (said,) in snapshot.execute("PRAGMA integrity_check") if said != "ok"]
    if snapshot.execute("PRAGMA foreign_key_check").fetchall():
        found.append(Damage("the catalogue names something that it does not hold"))
    (version,) = snapshot.execute("PRAGMA user_version").fetchone()
    if version != newest():
        found.append(Damage(f"the catalogue is of version {version}, and this program writes {newest()}"))
    rows = "SELECT parquet, parquet_sha256 FROM submission ORDER BY parquet"
    for name, digest in snapshot.execute(rows):
        path = place.data / name
        if not path.is_file():
            found.append(Damage("a submission's rows are missing", name))
            continue
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                found.append(Damage("a submission's rows are not as they landed", name))
        except OSError as fault:
            found.append(Damage(f"a submission's rows cannot be read: {fault.strerror}", name))
    return found


def orphans(place: Folder, snapshot: sqlite3.Connection) -> list[str]:
    """Files that no submission is of: left by a run that died, and swept by the next one that writes."""
    named = {name for (name,) in snapshot.execute("SELECT parquet FROM submission")}
    return sorted(path.name for path in place.data.iterdir() if path.name not in named)


def erase(connection: sqlite3.Connection, ids: list[str]) -> None:
    """Take submissions and all that was found about them out of the catalogue, inside the open transaction.

    Raises:
        BadUsage: one of them stands in the place of another, which would stand again.
    """
    marks = ",".join("?" * len(ids))
    heirs = connection.execute(
        f"SELECT id FROM submission WHERE superseded_by IN ({marks}) AND id NOT IN ({marks})",  # noqa: S608 - marks only
        (*ids, *ids),
    ).fetchall()
    if heirs:
        named = ", ".join(sorted(name[:8] for (name,) in heirs))
        raise BadUsage(f"It took the place of {named}, which would count again without it.", f"Forget {named} first.")
    for name in ids:
        (sha256,) = connection.execute("SELECT sha256 FROM submission WHERE id = ?", (name,)).fetchone()
        connection.execute("DELETE FROM finding WHERE submission_id = ?", (name,))
        connection.execute("UPDATE submission SET superseded_by = NULL WHERE id = ?", (name,))
        connection.execute("DELETE FROM submission WHERE id = ?", (name,))
        if not connection.execute("SELECT 1 FROM submission WHERE sha256 = ?", (sha256,)).fetchone():
            connection.execute("DELETE FROM finding WHERE sha256 = ?", (sha256,))
            connection.execute("DELETE FROM file WHERE sha256 = ?", (sha256,))


def wipe(connection: sqlite3.Connection) -> bool:
    """Leave nothing of what was erased in free pages or in the write-ahead log; False where a reader holds it open."""
    connection.execute("VACUUM")
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
