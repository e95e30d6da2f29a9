"""The organisations that partners name: which are in no register, what they may mean, and what a person decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sscbtool.core.model import Catalogue, ColumnKind, Organisation, Outcome, Result, Submission
from sscbtool.core.organisations import Register
from sscbtool.core.values import fold
from sscbtool.edge.settings import Settings
from sscbtool.errors import BadUsage

if TYPE_CHECKING:
    from sscbtool.core.proposals import Proposal
    from sscbtool.core.rows import Rows

KIND = "organisation"


@dataclass(frozen=True)
class Decided:
    """What persons have said of names: accepted as an organisation's, or rejected."""

    accepted: dict[str, str]
    """Folded name -> code."""
    rejected: frozenset[tuple[str, str]]


def decided(settings: Settings | None) -> Decided:
    """The decisions that the workspace's store keeps; the last one on a name stands."""
    accepted: dict[str, str] = {}
    rejected: set[tuple[str, str]] = set()
    if settings is not None and settings.path(settings.store).is_dir():
        from sscbtool.edge.store import Store

        with Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group) as store:
            for decision in store.decisions(KIND):
                pair = decision.subject, decision.choice
                if decision.reason == "reject":
                    rejected.add(pair)
                    if accepted.get(decision.subject) == decision.choice:
                        del accepted[decision.subject]
                else:
                    accepted[decision.subject] = decision.choice
                    rejected.discard(pair)
    return Decided(accepted, frozenset(rejected))


def register_with(organisations: Iterable[Organisation], said: Decided) -> Register:
    """The register, with every accepted name among its organisation's aliases."""
    more: dict[str, list[str]] = {}
    for name, code in said.accepted.items():
        more.setdefault(code, []).append(name)
    return Register(
        replace(each, aliases=(*each.aliases, *more[each.code])) if each.code in more else each
        for each in organisations
    )


def named_by(submission: Submission, catalogue: Catalogue, register: Register) -> Submission:
    """A stored submission under the register of today: a name that it knows by now becomes its code."""
    schema = catalogue.returns.get(submission.return_name)
    frame = submission.frame
    for spec in schema.columns if schema else ():
        if spec.kind is ColumnKind.ORGANISATION and spec.name in frame:
            names = {str(name) for name in frame[spec.name].dropna().unique()}
            codes = {name: found.code for name in names if (found := register.resolve(name)) and found.code != name}
            if codes:
                frame = frame.assign(**{spec.name: frame[spec.name].replace(codes)})
    return submission if frame is submission.frame else replace(submission, frame=frame)


def unregistered(rows: Iterable[Rows], register: Register) -> dict[str, int]:
    """Every name in an organisation column that no register knows, and in how many rows it stands."""
    counts: Counter[str] = Counter()
    for each in rows:
        for spec in each.schema.columns:
            if spec.kind is ColumnKind.ORGANISATION:
                counts.update(str(name) for name in each.frame[spec.name].dropna() if str(name) not in register)
    return dict(counts)


def proposals(rows: Iterable[Rows], register: Register, settings: Settings | None) -> tuple[Proposal, ...]:
    """What the unregistered names may mean."""
    from sscbtool.core.proposals import propose

    names = unregistered(rows, register)
    return propose(names, register, decided(settings).rejected) if names else ()


def listed(received: Any, settings: Settings | None) -> Result:
    """The unregistered names and their proposals."""
    from sscbtool.core.rows import gather

    rows = gather(received.catalogue.returns, received.submissions)
    names = unregistered(rows.values(), received.register)
    found = {each.name: each for each in proposals(rows.values(), received.register, settings)}
    told = [
        {"name": name, "rows": count, "proposed_code": found[name].code if name in found else None,
         "proposed_name": found[name].means if name in found else None,
         "likeness": found[name].likeness if name in found else None}
        for name, count in sorted(names.items(), key=lambda item: (item[0] not in found, item[0]))
    ]  # fmt: skip
    refused = any(file.refused for file in received.files)
    verdict = Outcome.REFUSED if refused else Outcome.FINDINGS if told else Outcome.CLEAN
    return Result(
        "organisations", str(received.period) if received.period else None, verdict, received.files,
        extra={"organisations": {"unregistered": told}}, catalogue=received.catalogue,
    )  # fmt: skip


def decide(request: Any, catalogue: Catalogue, choice: str, name: str, code: str | None) -> Result:
    """Keep a person's word that a name is an organisation's, or is not.

    Raises:
        BadUsage: no workspace to keep it in, or no such organisation.
    """
    from sscbtool.edge.store import Decision, Store
    from sscbtool.workflow.explaining import entry_of

    settings: Settings | None = request.settings
    if settings is None:
        raise BadUsage("There is no workspace here to record a decision in.", "Make one with: sscbtool init")
    known = Register(catalogue.organisations).resolve(code) if code else None
    if code and known is None:
        raise BadUsage(f"There is no organisation {code!r} in the register.", "Use its code, name or alias.")
    if choice == "accept" and known is None:
        raise BadUsage("It is not said which organisation the name means.", 'Say: organisations accept "NAME" CODE')
    decision = Decision(KIND, fold(name), known.code if known else "", request.by, request.now, reason=choice)
    store = Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group)
    with store, store.writing() as writer:
        writer.decide(decision, entry_of(request, f"organisations {choice}", catalogue))
    told = {"name": name, "choice": choice, "code": known.code if known else None, "by": request.by}
    return Result("organisations", None, Outcome.CLEAN, extra={"organisations": {"decided": told}})
