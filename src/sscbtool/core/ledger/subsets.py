"""Which of several amounts add up to a given one, exactly; and whether only one choice does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WORK = 60_000
"""Sums looked at before a search is given up; giving up is no answer, and is treated as none."""


@dataclass
class Effort:
    """What several searches may cost together, so that a long ledger of unlike amounts is given up in good time."""

    left: int = 4 * WORK


@dataclass(frozen=True)
class Choice:
    """Amounts that add up to the target: amount -> how many of it."""

    amounts: Mapping[int, int]
    only: bool
    """Whether no other choice of amounts adds up to it."""


def choose(
    amounts: Iterable[int], target: int, *, most: Mapping[int, int] | None = None, effort: Effort | None = None
) -> Choice | None:
    """A choice of positive ``amounts`` that adds up to ``target``; None where there is none or too many to try.

    ``most`` limits how many of an amount may be taken. The result depends on the amounts alone, not on their order:
    where several choices do, that is said and one of them is given, always the same. ``effort`` is used up by what the
    search costs; with none left there is no answer.
    """
    effort = effort or Effort()
    counts = Counter(amount for amount in amounts if 0 < amount <= target)
    effort.left -= len(counts)
    if most is not None:
        counts = Counter({amount: min(count, most.get(amount, 0)) for amount, count in counts.items()})
    whole = sum(amount * count for amount, count in counts.items())
    if target <= 0 or whole < target:
        return None
    if 2 * target > whole:
        return _all_but(counts, whole - target, effort)
    return _search(counts, target, effort)


def _all_but(counts: Counter[int], rest: int, effort: Effort) -> Choice | None:
    """Everything but a choice that adds up to ``rest``: the shorter way where most is wanted."""
    left_out = _search(counts, rest, effort) if rest else Choice({}, only=True)
    if left_out is None:
        return None
    kept = {amount: count - left_out.amounts.get(amount, 0) for amount, count in sorted(counts.items(), reverse=True)}
    return Choice({amount: count for amount, count in kept.items() if count}, left_out.only)


def _search(counts: Counter[int], target: int, effort: Effort) -> Choice | None:
    """A choice that adds up to ``target``, by all the sums that can be reached."""
    best: dict[int, tuple[int, bool, tuple[tuple[int, int], ...]]] = {0: (0, True, ())}
    work = 0
    for amount in sorted(counts, reverse=True):
        grown = dict(best)
        for total, (taken, only, parts) in best.items():
            for count in range(1, counts[amount] + 1):
                reached = total + amount * count
                if reached > target:
                    break
                work += 1
                effort.left -= 1
                if work > WORK or effort.left < 0:
                    return None
                offered = (taken + count, only, (*parts, (amount, count)))
                held = grown.get(reached)
                grown[reached] = offered if held is None else (*min(held, offered)[:1], False, min(held, offered)[2])
        best = grown
    if target not in best:
        return None
    _, only, parts = best[target]
    return Choice(dict(parts), only)
