"""The writers' lock of a store: one run at a time, and whoever is turned away is told at once who holds it.

Imports nothing heavy: a run that is to be turned away learns it before pandas is loaded or any file is read.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import portalocker

from sscbtool.edge.sharing import Sharing
from sscbtool.errors import CannotWrite, StoreBusy

_handles: set[int] = set()
_kept: dict[Path, bool] = {}
"""Folders whose lock this process keeps for a whole run -> whether one of its writers has it now."""


def _drop_inherited() -> None:
    # A flock belongs to the open file, which a forked child shares: unless the child closes its copy, a child that
    # outlives a killed writer would keep everyone out. Closing, unlike unlocking, leaves the parent's lock alone.
    for handle in _handles:
        os.close(handle)
    _handles.clear()
    _kept.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_inherited)


@contextmanager
def kept(root: Path, sharing: Sharing) -> Iterator[None]:
    """Keep a store's lock for a whole run, from before its first file is read; its writers take it in turn.

    Inside a run that keeps it already nothing is done.

    Raises:
        StoreBusy: another run holds it.
        CannotWrite: the folder cannot be written.
    """
    root = root.absolute()
    if root in _kept:
        yield
        return
    with locked(root, sharing):
        _kept[root] = False
        try:
            yield
        finally:
            _kept.pop(root, None)


@contextmanager
def locked(root: Path, sharing: Sharing) -> Iterator[None]:
    """Hold the lock of the store in ``root``; it ends with the process, however that ends.

    Raises:
        StoreBusy: another run holds it, or another writer of this one.
        CannotWrite: the folder cannot be written.
    """
    root = root.absolute()
    if _kept.get(root) is False:
        _kept[root] = True
        try:
            yield
        finally:
            if root in _kept:
                _kept[root] = False
        return
    try:
        sharing.make_folder(root)
        handle = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as fault:
        raise _cannot(root, fault) from fault
    holder = root / "holder.json"
    try:
        try:
            portalocker.lock(handle, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.AlreadyLocked:
            raise _busy(root, holder) from None
        _handles.add(handle)
        try:
            sharing.give(root / "lock")
            _write(holder, json.dumps({"pid": os.getpid()}).encode(), sharing)
        except OSError as fault:
            raise _cannot(root, fault) from fault
        try:
            yield
        finally:
            holder.unlink(missing_ok=True)
    finally:
        _handles.discard(handle)
        os.close(handle)


def _write(holder: Path, content: bytes, sharing: Sharing) -> None:
    """Only the holder writes here, so one name aside is enough."""
    aside = holder.with_suffix(".part")
    aside.unlink(missing_ok=True)
    aside.write_bytes(content)
    sharing.give(aside)
    aside.replace(holder)


def _cannot(root: Path, fault: OSError) -> CannotWrite:
    return CannotWrite(
        f"the store {root} could not be written: {fault.strerror}", "Check the disk space and the permissions."
    )


def _busy(root: Path, holder: Path) -> StoreBusy:
    """Who holds the lock and since when, as far as the holder has said: its time is that of the file it left."""
    who = ""
    for _ in range(20):  # the holder takes the lock first and says so a moment later
        try:
            since = dt.datetime.fromtimestamp(holder.stat().st_mtime, dt.UTC)
            pid = int(json.loads(holder.read_bytes())["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.01)
        else:
            who = f": process {pid}, since {since:%Y-%m-%d %H:%M:%S} UTC"
            break
    return StoreBusy(f"another run is writing to the store {root}{who}", "Try again when it has ended.")
