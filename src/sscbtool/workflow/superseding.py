"""Which version stands: what a name means in the store, what a new file takes the place of, and what it is added to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sscbtool.core.model import Submission
from sscbtool.edge.store import Store, StoredSubmission
from sscbtool.errors import BadUsage
from sscbtool.workflow.judging import overlap
from sscbtool.workflow.receiving import Received, Request

SHORTEST_NAME = 6
"""Digits of an id or hash that are enough to name a version."""


def named(stored: Iterable[StoredSubmission], name: str) -> tuple[StoredSubmission, ...]:
    """The submissions that a name means: the beginning of an id or of a file's hash, or a path as it landed.

    Raises:
        BadUsage: it means none, or submissions of several files.
    """
    stored, text = tuple(stored), name.lower()
    found = [each for each in stored if len(text) >= SHORTEST_NAME and each.id.startswith(text)]
    if not found:
        found = [each for each in stored if len(text) >= SHORTEST_NAME and each.sha256.startswith(text)]
    if not found:
        found = [each for each in stored if each.path == name]
    if not found:
        found = [each for each in stored if Path(each.path).name == name]
    if not found:
        raise BadUsage(
            f"There is no file {name} and no such version in the store.", "See what there is: sscbtool store list"
        )
    several = {each.sha256: each.id for each in found}
    if len(several) > 1:
        ids = ", ".join(sorted(each[:8] for each in several.values()))
        raise BadUsage(f"{name} may mean several versions in the store: {ids}.", "Give one of these ids.")
    return tuple(found)


def replaced_by(store: Store, request: Request, received: Received, own: Iterable[Submission]) -> tuple[str, ...]:
    """Ids of what a file replaces: what ``--replaces`` names, what its cover says, or what lay at its path before.

    Overwriting counts where nobody watches: the bytes that landed lie nowhere any more, and would be counted twice. A
    cover's word counts only where keys overlap, since it may be filled in by habit. ``own`` is as the store keeps it.

    Raises:
        BadUsage: ``--replaces`` names nothing that the file could replace.
    """
    own = tuple(own)
    if request.replaces is not None:
        known = {(each.return_name, each.partner) for each in own}
        chosen = named(store.submissions(current_only=False), request.replaces)
        found = [each.id for each in chosen if (each.return_name, each.partner) in known]
        if not found:
            raise BadUsage(
                f"{request.replaces} is of another return or partner than the file that is to replace it.",
                "See what the store holds: sscbtool store list",
            )
        return tuple(found)
    overwritten = _overwritten(store, request, received, own) if request.in_place else ()
    says_so = {path for path, cover in received.covers if cover.supersedes}
    said = (
        each.id
        for submission in own
        if submission.path in says_so
        for each in store.submissions(return_name=submission.return_name, period=submission.period)
        if each.sha256 != submission.sha256
        and each.partner == submission.partner
        and overlap(received, store.load(each), submission)
    )
    return tuple(dict.fromkeys((*overwritten, *said)))


def _overwritten(store: Store, request: Request, received: Received, own: Iterable[Submission]) -> Iterator[str]:
    """What landed from the same path, and lies nowhere any more."""
    here = {file.sha256 for file in received.files}
    folder = request.settings.folder if request.settings else Path()
    for submission in own:
        for each in store.submissions(return_name=submission.return_name):
            if folder / each.path == folder / submission.path and each.sha256 not in here:
                yield each.id


def added_to(
    current: Iterable[StoredSubmission], own: Iterable[Submission], replaced: Iterable[str]
) -> tuple[StoredSubmission, ...]:
    """Submissions that stay beside a new one of the same return, partner and period."""
    own = tuple(own)
    same = {(each.return_name, each.partner, each.period) for each in own if each.partner}
    hashes, gone = {each.sha256 for each in own}, set(replaced)
    return tuple(
        each
        for each in current
        if (each.return_name, each.partner, each.period) in same and each.sha256 not in hashes and each.id not in gone
    )
