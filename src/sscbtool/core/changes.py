"""What changed between two runs: which open items are new, which still stand, which were mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sscbtool.core.identity import identity_in_file
from sscbtool.core.model import Finding


@dataclass(frozen=True)
class Changes:
    """Open items by what became of them since the last run; an item's key -> its partner's code, or nothing."""

    new: Mapping[str, str]
    still_open: Mapping[str, str]
    mended: Mapping[str, str]
    figures_new: tuple[str, ...] = ()
    figures_mended: tuple[str, ...] = ()
    first: bool = False
    """Whether there was no run to compare with."""

    @property
    def sentence(self) -> str:
        """``new 2, still open 10, mended 4``."""
        return f"new {len(self.new)}, still open {len(self.still_open)}, mended {len(self.mended)}"

    def of(self, partner: str) -> Changes:
        """The part that concerns one partner."""
        new, still_open, mended = (
            {k: v for k, v in each.items() if v == partner} for each in (self.new, self.still_open, self.mended)
        )
        return Changes(new, still_open, mended, first=self.first)


def item_keys(findings: Sequence[Finding], senders: Mapping[str, str]) -> tuple[str, ...]:
    """What each finding is known by from run to run: its id, and its partner, since two may name their files alike.

    ``senders`` is the file's path -> the partner's code. Unlike the id alone, a key never changes for what another
    file is found to hold.
    """
    order = sorted(range(len(findings)), key=lambda k: (findings[k].place.file or "", findings[k].message))
    seen: Counter[str] = Counter()
    keys = [""] * len(findings)
    for k in order:
        key = f"{identity_in_file(findings[k])} {senders.get(findings[k].place.file or '', '')}".strip()
        seen[key] += 1
        keys[k] = key if seen[key] == 1 else f"{key} {seen[key]}"
    return tuple(keys)


def changes(now: Mapping[str, str], before: Mapping[str, str] | None, period: str | None) -> Changes:
    """Hold the open items of a run against those of the run before.

    Findings keep their id for as long as they stand. A figure's id begins with its year; figures of another year than
    the one judged are neither here nor gone.
    """
    year = (period or "")[:7]
    was = before or {}
    findings = {k: v for k, v in now.items() if _is_finding(k)}
    findings_before = {k: v for k, v in was.items() if _is_finding(k)}
    figures = {k for k in now if not _is_finding(k)}
    figures_before = {k for k in was if not _is_finding(k) and k.startswith(f"{year} ")}
    return Changes(
        new={k: v for k, v in findings.items() if k not in findings_before},
        still_open={k: v for k, v in findings.items() if k in findings_before},
        mended={k: v for k, v in findings_before.items() if k not in findings},
        figures_new=tuple(sorted(figures - figures_before)),
        figures_mended=tuple(sorted(figures_before - figures)),
        first=before is None,
    )


def _is_finding(identity: str) -> bool:
    return identity.startswith("F-")
