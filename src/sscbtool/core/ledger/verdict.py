"""Why an organisation's money differs from what it agreed: the verdict on one agreement, with the steps that add up.

Each explanation must account for a difference to the penny, or it is none; what is left over is short or over paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sscbtool.core.ledger.inputs import Agreement, Array, Lines, Terms
from sscbtool.core.ledger.results import Class
from sscbtool.core.ledger.subsets import choose
from sscbtool.core.ledger.wording import names_any, years_named

WITHIN_TOLERANCE = "within_tolerance"
"""The bridge's step for differences that a declared tolerance lets stand."""
TRANSPOSITION = 9


@dataclass(frozen=True, eq=False)
class Case:
    """One agreement and everything that bears on it; lines are positions, oldest first."""

    agreement: Agreement
    now: Array
    """Receipts of the period."""
    later: Array
    """Receipts after it that may still be this year's."""
    earlier: Array
    """Receipts before it that may already be this year's."""
    prior: Array
    """bool, as ``now``: receipts that say they pay for an earlier year."""
    surplus_elsewhere: tuple[int, ...] = ()
    """Pence by which the organisation overshoots what it owes other funds."""
    owed_elsewhere: tuple[int, ...] = ()
    """Pence that it still owes other funds."""
    invoiced: int | None = None
    """Net of credit notes; None where no invoices were given."""
    stray_credit: int = 0
    """Pence of credit notes that take back no known invoice; not above nought."""
    other_funds: frozenset[str] = frozenset()
    """Folded names of the other funds."""


@dataclass
class Finding:
    """What was found out about a case."""

    steps: dict[str, int] = field(default_factory=dict)
    apart: dict[int, Class] = field(default_factory=dict)
    """Receipts that are not what settles the agreement: position -> what they are."""
    moved: list[int] = field(default_factory=list)
    """Receipts of other periods that answer to this agreement."""
    tied: tuple[int, ...] = ()
    """Receipts among which nothing decides."""
    verdict: Class = Class.SETTLED


_Explains = Callable[["_Gap"], bool]


class _Gap:
    """A difference in search of its explanations."""

    def __init__(self, case: Case, lines: Lines, terms: Terms) -> None:
        self.case = case
        self.lines = lines
        self.terms = terms
        self.found = Finding()
        self.now = case.now[~case.prior]
        self.pence = lines.pence[self.now]
        self.received = int(self.pence.sum())
        self.left = self.received - case.agreement.pence
        """What is not yet explained; surplus above nought, shortfall below."""

    def explain(self, step: Class, pence: int) -> None:
        """Put ``pence`` of what is left down to ``step``."""
        if pence:
            self.found.steps[step] = self.found.steps.get(step, 0) + pence
            self.left -= pence

    def set_apart(self, positions: Array | list[int], what: Class) -> None:
        """Name receipts that do not settle the agreement."""
        self.found.apart |= dict.fromkeys(map(int, positions), what)

    def pick(self, positions: Array, target: int, *, newest: bool = False) -> list[int] | None:
        """Receipts among ``positions`` that add up to ``target``: of equal ones the oldest, or the newest.

        Where different amounts would do as well, none is picked but all are kept as tied.
        """
        amounts = self.lines.pence[positions]
        choice = choose(amounts.tolist(), target)
        if choice is None:
            return None
        if not choice.only:
            self.found.tied = tuple(map(int, positions[amounts > 0]))
        picked: list[int] = []
        for amount, count in choice.amounts.items():
            of_amount = positions[amounts == amount].tolist()
            picked += of_amount[-count:] if newest else of_amount[:count]
        return picked


def judge(case: Case, lines: Lines, terms: Terms) -> Finding:
    """The verdict on one agreement. The steps add up to received less agreed, exactly."""
    gap = _Gap(case, lines, terms)
    prior = case.now[case.prior]
    gap.set_apart(prior, Class.PRIOR_YEAR)
    if 0 < abs(gap.left) <= terms.tolerance:
        gap.found.steps[WITHIN_TOLERANCE] = gap.left
        gap.left = 0
    elif gap.left > 0:
        _surplus(gap)
    elif gap.left < 0:
        _shortfall(gap)
    if prior.size and (pence := int(lines.pence[prior].sum())):
        gap.found.steps[Class.PRIOR_YEAR] = gap.found.steps.get(Class.PRIOR_YEAR, 0) + pence
    gap.found.verdict = _verdict(gap)
    return gap.found


def _verdict(gap: _Gap) -> Class:
    """The class of the largest step; of equal ones the one that comes first among the classes' own order."""
    steps = {name: abs(pence) for name, pence in gap.found.steps.items() if name != WITHIN_TOLERANCE and pence}
    if steps:
        largest = max(steps.values())
        heads = [each for each in _GRAVEST if steps.get(each) == largest]
        return heads[0]
    if gap.case.stray_credit:
        return Class.CREDIT_NOTE_UNMATCHED
    own = gap.case.agreement.organisation == gap.terms.own_authority != ""
    if own and len(gap.now) and bool(gap.lines.journal[gap.now].all()):
        return Class.OWN_AUTHORITY_JOURNAL
    return Class.SETTLED


_GRAVEST = (
    Class.SIGN_ERROR,
    Class.DUPLICATE,
    Class.WRONG_FUND,
    Class.PRIOR_YEAR,
    Class.CREDIT_NOTE_UNMATCHED,
    Class.CUT_OFF,
    Class.UNEXPECTED,
    Class.OVER_PAID,
    Class.SHORT_PAID,
    Class.UNPAID,
    Class.NOT_INVOICED,
)

# --------------------------------------------------------------------------- more than agreed


def _surplus(gap: _Gap) -> None:
    """More came than was agreed."""
    if not gap.case.agreement.pence:
        gap.set_apart(gap.now, Class.UNEXPECTED)
        gap.explain(Class.UNEXPECTED, gap.left)
        return
    surplus: tuple[_Explains, ...] = (_meant_for_another, _repeated, _coded_apart, _of_last_year)
    if any(explains(gap) for explains in surplus):
        return
    gap.explain(Class.OVER_PAID, gap.left)


def _meant_for_another(gap: _Gap) -> bool:
    """Receipts whose words say they are for something else, or exactly what another fund is owed."""
    words = gap.case.other_funds | gap.terms.grant_words
    own = gap.case.agreement.fund.casefold()
    says = np.array(
        [bool(names_any(_words(gap.lines, k), words)) and not names_any(_words(gap.lines, k), {own}) for k in gap.now],
        dtype=bool,
    )
    positive = gap.pence > 0
    if not says.all() and (says & positive).any() and not says[positive].all():
        picked = gap.pick(gap.now[says & positive], gap.left, newest=True)
        if picked is not None:
            gap.set_apart(picked, Class.WRONG_FUND)
            gap.explain(Class.WRONG_FUND, gap.left)
            return True
    if gap.left in gap.case.owed_elsewhere:
        gap.explain(Class.WRONG_FUND, gap.left)
        return True
    return False


def _repeated(gap: _Gap) -> bool:
    """Receipts that stand there once more than they should: the later of equal ones are the repeats."""
    counts = Counter(pence for pence in gap.pence.tolist() if pence > 0)
    repeats = [pence for pence, count in counts.items() for _ in range(count - 1)]
    choice = choose(repeats, gap.left)
    if choice is None:
        return False
    for pence, count in choice.amounts.items():
        gap.set_apart(gap.now[gap.pence == pence][-count:], Class.DUPLICATE)
    gap.explain(Class.DUPLICATE, gap.left)
    return True


def _coded_apart(gap: _Gap) -> bool:
    """All that is too much is coded to other accounts than what settles the agreement."""
    accounts = gap.lines.accounts[gap.now]
    for codes in sorted(set(accounts.tolist())):
        here = accounts == codes
        if codes and int(gap.pence[here].sum()) == gap.case.agreement.pence and (gap.pence[~here] > 0).any():
            gap.set_apart(gap.now[~here], Class.WRONG_FUND)
            gap.explain(Class.WRONG_FUND, gap.left)
            return True
    return False


def _of_last_year(gap: _Gap) -> bool:
    """Receipts whose documents are dated before the period."""
    before = gap.lines.document_day[gap.now] < np.datetime64(gap.terms.period.start)
    if before.all() or not before.any():
        return False
    picked = gap.pick(gap.now[before], gap.left)
    if picked is None:
        return False
    gap.set_apart(picked, Class.PRIOR_YEAR)
    gap.explain(Class.PRIOR_YEAR, gap.left)
    return True


# --------------------------------------------------------------------------- less than agreed


def _shortfall(gap: _Gap) -> None:
    """Less came than was agreed."""
    shortfall: tuple[_Explains, ...] = (_wrong_sign, _money_taken_back, _came_later, _came_earlier, _sits_elsewhere)
    if any(explains(gap) for explains in shortfall):
        return
    case = gap.case
    came = sum(1 for pence in gap.pence if pence) > 0 and gap.received != 0
    if case.invoiced is not None and case.agreement.invoiced:
        uninvoiced = max(0, case.agreement.pence - max(0, case.invoiced - min(0, case.stray_credit)))
        gap.explain(Class.NOT_INVOICED, -min(uninvoiced, -gap.left))
        gap.explain(Class.CREDIT_NOTE_UNMATCHED, -min(-case.stray_credit, -gap.left))
    gap.explain(Class.SHORT_PAID if came else Class.UNPAID, gap.left)


def _wrong_sign(gap: _Gap) -> bool:
    """One receipt, or all that are below nought, turned round would settle the agreement."""
    below = gap.now[gap.pence < 0]
    if not below.size:
        return False
    single = below[2 * gap.lines.pence[below] == gap.left]
    if single.size:
        gap.set_apart(single[-1:], Class.SIGN_ERROR)
    elif 2 * int(gap.lines.pence[below].sum()) == gap.left or not (gap.pence > 0).any():
        gap.set_apart(below, Class.SIGN_ERROR)
        if 2 * int(gap.lines.pence[below].sum()) != gap.left:
            return False
    else:
        return False
    gap.explain(Class.SIGN_ERROR, gap.left)
    return True


def _money_taken_back(gap: _Gap) -> bool:
    """Credits to the payer that no receipt or invoice stands against; a payment reversed is none."""
    below = gap.now[gap.pence < 0]
    amounts = Counter(gap.pence.tolist())
    stray = [
        int(k)
        for k in below
        if (gap.lines.credit_note[k] and not _reverses(gap, int(k))) or not amounts[-int(gap.lines.pence[k])]
    ]
    choice = choose([-int(gap.lines.pence[k]) for k in stray], -gap.left)
    if choice is None:
        return False
    for amount, count in choice.amounts.items():
        gap.set_apart([k for k in stray if -gap.lines.pence[k] == amount][:count], Class.CREDIT_NOTE_UNMATCHED)
    gap.explain(Class.CREDIT_NOTE_UNMATCHED, gap.left)
    return True


def _reverses(gap: _Gap, position: int) -> bool:
    """Whether an equal receipt of the same reference stands against it."""
    same = gap.lines.reference[gap.now] == gap.lines.reference[position]
    return bool((same & (gap.pence == -gap.lines.pence[position])).any()) and gap.lines.reference[position] != ""


def _came_later(gap: _Gap) -> bool:
    """Receipts after the period's end that make the shortfall good, all of it or as far as they go."""
    later = gap.case.later[gap.lines.pence[gap.case.later] > 0]
    if not later.size:
        return False
    picked = gap.pick(later, -gap.left)
    if picked is None and int(gap.lines.pence[later].sum()) < -gap.left:
        picked = later.tolist()
    if picked is None:
        return False
    gap.found.moved += picked
    gap.set_apart(picked, Class.CUT_OFF)
    gap.explain(Class.CUT_OFF, -int(gap.lines.pence[picked].sum()))
    return gap.left == 0


def _came_earlier(gap: _Gap) -> bool:
    """Receipts before the period that are this year's money."""
    picked = gap.pick(gap.case.earlier, -gap.left) if gap.case.earlier.size else None
    if picked is None:
        return False
    gap.found.moved += picked
    gap.set_apart(picked, Class.PRIOR_YEAR)
    gap.explain(Class.PRIOR_YEAR, gap.left)
    return True


def _sits_elsewhere(gap: _Gap) -> bool:
    """Exactly what is missing here is too much in another fund."""
    if -gap.left not in gap.case.surplus_elsewhere:
        return False
    gap.explain(Class.WRONG_FUND, gap.left)
    return True


# --------------------------------------------------------------------------- hints


def hint(case: Case, found: Finding, lines: Lines, terms: Terms) -> str:
    """What arithmetic says about the likely cause, in words; blank where it says nothing."""
    if WITHIN_TOLERANCE in found.steps:
        return f"within the declared tolerance of {_pounds(terms.tolerance)}"
    if found.verdict in (Class.SETTLED, Class.OWN_AUTHORITY_JOURNAL):
        return ""
    if found.tied:
        return "several receipts would explain this equally well"
    return "; ".join(_hints(case, found, lines))


def _hints(case: Case, found: Finding, lines: Lines) -> Iterator[str]:
    pence = [int(p) for p in lines.pence[case.now] if p]
    difference = sum(pence) - case.agreement.pence
    size = abs(difference)
    if not size or found.verdict in (Class.UNPAID, Class.NOT_INVOICED):
        return
    sizes = {abs(p) for p in pence}
    if size in {2 * each for each in sizes}:
        yield f"twice a line ({_pounds(size // 2)}): its sign may be wrong"
    if size in sizes:
        yield f"equal to one line ({_pounds(size)}): it may be missing or doubled"
    if size < 100:
        yield f"pennies ({_pounds(size)}): rounding"
    if found.verdict in (Class.SHORT_PAID, Class.OVER_PAID) and size % TRANSPOSITION == 0:
        certain = any(_transposed(case.agreement.pence, each) for each in (*pence, sum(pence)))
        how = "two digits are transposed" if certain else "two digits may be transposed"
        yield f"divisible by 9 ({_pounds(size)}): {how}"


def _transposed(one: int, other: int) -> bool:
    """Whether exchanging two neighbouring digits of one makes the other."""
    a, b = str(one), str(abs(other))
    places = [i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y]
    return len(a) == len(b) and len(places) == 2 and places[1] == places[0] + 1 and sorted(a) == sorted(b)


def _pounds(pence: int) -> str:
    return f"£{pence // 100:,}.{pence % 100:02d}"


def _words(lines: Lines, position: int) -> str:
    return f"{lines.reference[position]} {lines.text[position]}"


def named_years(lines: Lines, position: int, terms: Terms) -> frozenset[int]:
    """The financial years that a ledger line's words name."""
    return years_named(_words(lines, position), terms.period.year)
