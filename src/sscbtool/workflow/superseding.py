"""Which version stands: what a name means in the store, what a new file takes the place of, and what it is added to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from sscbtool.core import wording
from sscbtool.core.model import Catalogue, Finding, Place, Submission
from sscbtool.edge.store import Store, StoredSubmission
from sscbtool.edge.workspace import hash_of, hashes_of
from sscbtool.errors import BadUsage
from sscbtool.workflow.judging import overlap
from sscbtool.workflow.receiving import Received, Request, asked_period

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


def standing(stored: Iterable[StoredSubmission], name: str) -> tuple[StoredSubmission, ...]:
    """The submissions that a name means, those that count before those that were replaced.

    Raises:
        BadUsage: it means none, or submissions of several files.
    """
    stored = tuple(stored)
    try:
        return named([each for each in stored if each.superseded_by is None], name)
    except BadUsage:
        return named(stored, name)


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
        chosen = standing(store.submissions(current_only=False), request.replaces)
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


def left_behind(request: Request, catalogue: Catalogue, put_off: Collection[str] = ()) -> tuple[Finding, ...]:
    """Of the year asked for: what counts although its file lies in the returns folder no longer.

    A file whose place another took is told from one that went. What was ingested from elsewhere is nobody's to miss,
    and so is what lies in ``put_off``, the paths of files that are still being written.
    """
    settings = request.settings
    if settings is None or not settings.path(settings.store).is_dir() or not settings.path(settings.returns).is_dir():
        return ()
    asked, _ = asked_period(request)
    returns, year = settings.path(settings.returns), str(asked.year) if asked else ""
    with Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group) as store:
        stored = [
            each
            for each in store.submissions()
            if (settings.folder / each.path).is_relative_to(returns) and (each.period or "").startswith(year)
        ]
    there = {each.path: hash_of(settings.folder / each.path) for each in stored}
    missed = [each for each in stored if there[each.path] != each.sha256]
    here = hashes_of(returns) if missed else frozenset()
    return tuple(
        _left(each, catalogue, overwritten=there[each.path] is not None)
        for each in missed
        if each.sha256 not in here and each.path not in put_off
    )


def _left(stored: StoredSubmission, catalogue: Catalogue, *, overwritten: bool) -> Finding:
    """What stands in the store alone, and the name by which it is taken out."""
    schema = catalogue.returns.get(stored.return_name)
    title = schema.title if schema else stored.return_name
    place = Place(stored.path, stored.sheet, stored.area.top)
    words = wording.OVERWRITTEN_WITHOUT if overwritten else wording.LEFT_BEHIND
    found = wording.say(words, place, None, title=f"{title[:1].lower()}{title[1:]}")
    return replace(found, fix=found.fix.format(version=stored.id[:8]))


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
