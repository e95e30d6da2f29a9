"""From agreements, invoices and ledger lines to a closing: whose each line is, the verdicts, the bridge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from sscbtool.core.ledger.inputs import NO_FUND, Agreement, Array, Invoices, Lines, Terms, day_of
from sscbtool.core.ledger.matching import matches
from sscbtool.core.ledger.references import invoices_referred_to, pc, reference_key
from sscbtool.core.ledger.results import Class, ClosedLine, Closing, Match, Proposal, Receipt, Step, Unmatched
from sscbtool.core.ledger.subsets import choose
from sscbtool.core.ledger.verdict import WITHIN_TOLERANCE, Case, Finding, hint, judge, named_years
from sscbtool.core.ledger.wording import names_any, organisations_named
from sscbtool.core.values import fold

NONE = np.array([], dtype=np.int64)


def close(agreements: Sequence[Agreement], invoices: Invoices, lines: Lines, terms: Terms) -> Closing:
    """Hold what was agreed against what the ledger shows.

    Args:
        agreements: what was agreed for the period, each organisation and fund once or more.
        invoices: invoices and credit notes of any year; only those of the period count as invoiced.
        lines: ledger lines of any year.
        terms: how to read them.
    """
    agreements = _merged(agreements, terms)
    invoices = invoices.take(np.lexsort((invoices.pence, invoices.number.astype(str))) if len(invoices) else NONE)
    lines = lines.take(_order(lines))
    books = _Books(agreements, invoices, lines, terms)
    return books.closing()


def _merged(agreements: Sequence[Agreement], terms: Terms) -> tuple[Agreement, ...]:
    """One agreement for each organisation and fund, in order; without a fund it is for the one asked for."""
    held: dict[tuple[str, str], Agreement] = {}
    for each in agreements:
        fund = each.fund or terms.fund
        key = (each.organisation, fund)
        if earlier := held.get(key):
            last_year = [a.last_year for a in (earlier, each) if a.last_year is not None]
            held[key] = replace(
                earlier, pence=earlier.pence + each.pence, last_year=sum(last_year) if last_year else None
            )
        else:
            held[key] = replace(each, fund=fund)
    return tuple(held[key] for key in sorted(held))


def _order(lines: Lines) -> Array:
    """Oldest first, by what the ledger says and never by where a row stands."""
    columns = (lines.text, lines.reference, lines.line_no, lines.doc_no)
    keys = [np.unique(column.astype(str), return_inverse=True)[1] for column in columns]
    return np.lexsort((lines.pence, *keys, lines.day))


def _positions(names: Array) -> dict[str, Array]:
    """Where each name stands."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for k, name in enumerate(names.tolist()):
        found[name].append(k)
    return {name: np.array(where, dtype=np.int64) for name, where in found.items()}


@dataclass(eq=False)
class _Books:
    """The inputs in canonical order, and what follows from them step by step."""

    agreements: tuple[Agreement, ...]
    invoices: Invoices
    lines: Lines
    terms: Terms

    # ----------------------------------------------------------------------- when

    @cached_property
    def now(self) -> Array:
        """bool: of the period."""
        period = self.terms.period
        return (self.lines.day >= np.datetime64(period.start)) & (self.lines.day <= np.datetime64(period.end))

    @cached_property
    def later(self) -> Array:
        """bool: after the period, near enough to be its money still."""
        end = np.datetime64(self.terms.period.end)
        return (self.lines.day > end) & (self.lines.day <= end + np.timedelta64(self.terms.window_days, "D"))

    @cached_property
    def earlier(self) -> Array:
        """bool: before the period, near enough to be its money already.

        A ledger that reaches further back holds last year as a whole: its lines are last year's unless they say
        that they are not.
        """
        start = np.datetime64(self.terms.period.start)
        window = start - np.timedelta64(self.terms.window_days, "D")
        near = (self.lines.day < start) & (self.lines.day >= window)
        if self._holds_last_year:
            near &= np.array([self._says_this_year(int(k)) if near[k] else False for k in range(len(near))], dtype=bool)
        return near

    def _says_this_year(self, position: int) -> bool:
        return named_years(self.lines, position, self.terms) == {self.terms.period.year}

    # ----------------------------------------------------------------------- whose

    @cached_property
    def invoice_of(self) -> Array:
        """Of each line: the position of the invoice that it refers to, or -1."""
        return invoices_referred_to(self.invoices, self.lines, self.terms.period.year)

    @cached_property
    def organisation(self) -> Array:
        """Of each line: its organisation by its own column, its reference or its words; blank where none says."""
        stated = self.lines.organisation
        agreed = {each.organisation for each in self.agreements}
        whose = stated.copy()
        registered = set(self.terms.names.values())
        unsure = np.array([name not in agreed for name in stated.tolist()], dtype=bool)
        for k in np.flatnonzero(unsure):
            if (j := self.invoice_of[k]) >= 0:
                whose[k] = self.invoices.organisation[j]
            elif not stated[k]:
                whose[k] = self._named(int(k), agreed)
            elif stated[k] not in registered:
                whose[k] = ""
        self._own_journals(whose)
        return whose

    def _own_journals(self, whose: Array) -> None:
        """Journals of nobody that come to exactly what the own authority still owes are its share."""
        own = self.terms.own_authority
        for each in self.agreements:
            if each.organisation != own or not own:
                continue
            ours = self.now & np.isin(self.fund.astype(str), (each.fund, ""))
            nobodys = np.flatnonzero(ours & self.lines.journal & (whose == ""))
            owed = each.pence - int(self.lines.pence[ours & (whose == own)].sum())
            choice = choose(self.lines.pence[nobodys].tolist(), owed) if nobodys.size else None
            if choice is None or not choice.only:
                continue
            for pence, count in choice.amounts.items():
                alike = nobodys[self.lines.pence[nobodys] == pence]
                if alike.size == count:
                    whose[alike] = own

    def _named(self, position: int, agreed: set[str]) -> str:
        """The one organisation that the words of a line name; those that agreed to pay come first.

        The board's own name stands in most lines and says which fund is meant, not who paid.
        """
        text = f"{self.lines.text[position]} / {self.lines.reference[position]}"
        found = {name for name in organisations_named(text, self.terms.names) if fold(name) not in self.fund_names}
        for likely in (found & agreed - {self.terms.own_authority}, found & agreed, found):
            if len(likely) == 1:
                return next(iter(likely))
        return ""

    @cached_property
    def fund_names(self) -> frozenset[str]:
        """Folded names of every fund that is spoken of."""
        funds = {each.fund for each in self.agreements} | set(self.lines.fund.tolist()) | {self.terms.fund}
        return frozenset(fold(fund) for fund in funds if fund and fund != NO_FUND)

    @cached_property
    def fund(self) -> Array:
        """Of each line: its fund by split or account, else the only fund there is or the one asked for, else blank."""
        fund = self.lines.fund.copy()
        spoken = {each.fund for each in self.agreements if each.fund}
        default = self.terms.fund or (next(iter(spoken)) if len(spoken) == 1 else "")
        fund[fund == ""] = default
        return fund

    # ----------------------------------------------------------------------- which agreement

    @cached_property
    def agreement_of(self) -> Array:
        """Of each line: the position of the agreement that it pays towards, or -1."""
        positions = np.full(len(self.lines), -1, dtype=np.int64)
        of: defaultdict[str, list[int]] = defaultdict(list)
        for i, each in enumerate(self.agreements):
            of[each.organisation].append(i)
        by_key = {(each.organisation, each.fund): i for i, each in enumerate(self.agreements)}
        whose, fund = self.organisation.tolist(), self.fund.tolist()
        open_lines: defaultdict[str, list[int]] = defaultdict(list)
        for k, (name, own) in enumerate(zip(whose, fund, strict=True)):
            if name not in of:
                continue
            if own:
                positions[k] = by_key.get((name, own), by_key.get((name, ""), -1) if own != NO_FUND else -1)
            elif len(of[name]) == 1:
                positions[k] = of[name][0]
            else:
                open_lines[name].append(k)
        for name, ks in open_lines.items():
            self._allot(np.array(ks, dtype=np.int64), of[name], positions)
        return positions

    def _allot(self, ks: Array, agreements: list[int], positions: Array) -> None:
        """Give an organisation's lines of no stated fund to its agreements: by invoice, by word, by exact amount."""
        by_fund = {fold(self.agreements[i].fund): i for i in agreements}
        for k in ks:
            named = names_any(f"{self.lines.reference[k]} {self.lines.text[k]}", by_fund)
            if (j := self.invoice_of[k]) >= 0 and fold(str(self.invoices.fund[j])) in by_fund:
                positions[k] = by_fund[fold(str(self.invoices.fund[j]))]
            elif len(named) == 1:
                positions[k] = by_fund[named.pop()]
        for when in (self.now, self.later):
            for i in agreements:
                rest = ks[(positions[ks] < 0) & when[ks]]
                paid = int(self.lines.pence[(positions == i) & self.now].sum())
                owed = self.agreements[i].pence - paid
                others = [
                    self.agreements[o].pence - int(self.lines.pence[(positions == o) & self.now].sum())
                    for o in agreements
                    if o != i
                ]
                choice = choose(self.lines.pence[rest].tolist(), owed)
                if choice is None or not choice.only or owed in others:
                    continue
                for pence, count in choice.amounts.items():
                    positions[rest[self.lines.pence[rest] == pence][:count]] = i

    # ----------------------------------------------------------------------- invoices

    @cached_property
    def invoiced(self) -> tuple[Array, list[int]]:
        """Pence of each invoice net of its credit notes, and the positions of credit notes that fit no invoice."""
        net = self.invoices.pence.copy()
        stray: list[int] = []
        keys = {reference_key(str(number)): j for j, number in enumerate(self.invoices.number)}
        for j in np.flatnonzero(self.invoices.pence < 0):
            against = self._credited(int(j), keys, net)
            if against is None:
                stray.append(int(j))
            else:
                net[against] += net[j]
            net[j] = 0
        return net, stray

    def _credited(self, j: int, keys: dict[str, int], net: Array) -> int | None:
        """The invoice that a credit note takes back: the one it names, else an equal one of the same organisation."""
        named = str(self.invoices.credit_of[j])
        if named:
            against = keys.get(reference_key(named))
            return against if against is not None and net[against] + self.invoices.pence[j] >= 0 else None
        equal = np.flatnonzero(
            (net == -self.invoices.pence[j]) & (self.invoices.organisation == self.invoices.organisation[j])
        )
        return int(equal[-1]) if equal.size else None

    def invoices_of(self, agreement: Agreement) -> Array:
        """Positions of the period's invoices that ask for what was agreed."""
        ours = self._invoices_by.get(agreement.organisation, NONE)
        shared = len(self._agreements_of[agreement.organisation]) > 1
        fund = self.invoices.fund[ours]
        wanted = self.invoices.year[ours] == self.terms.period.year
        wanted &= (fund == agreement.fund) | ((fund == "") if not shared or self.terms.fund else False)
        asked: Array = ours[wanted]
        return asked

    @cached_property
    def _agreements_of(self) -> dict[str, list[Agreement]]:
        found: defaultdict[str, list[Agreement]] = defaultdict(list)
        for each in self.agreements:
            found[each.organisation].append(each)
        return dict(found)

    @cached_property
    def _invoices_by(self) -> dict[str, Array]:
        return _positions(self.invoices.organisation)

    @cached_property
    def _receipts_by(self) -> dict[str, Array]:
        """Receipts of the period by organisation."""
        now = np.flatnonzero(self.now)
        return {name: now[where] for name, where in _positions(self.organisation[now]).items()}

    # ----------------------------------------------------------------------- verdicts

    @cached_property
    def prior(self) -> Array:
        """bool: of the period, and saying that it pays for an earlier year, by its invoice or by its words."""
        says = np.zeros(len(self.lines), dtype=bool)
        year = self.terms.period.year
        likely = pc.match_substring_regex(
            pc.binary_join_element_wise(
                *(pa.array(each, pa.string()) for each in (self.lines.reference, self.lines.text)), " "
            ),
            r"[0-9]{2}\s?[-/–]",
        )
        for k in np.flatnonzero(self.now & likely.to_numpy(zero_copy_only=False) & (self.invoice_of < 0)):
            years = named_years(self.lines, int(k), self.terms)
            says[k] = bool(years) and max(years) < year
        referring = self.now & (self.invoice_of >= 0)
        invoiced = self.invoices.year[self.invoice_of[referring]]
        says[referring] = (invoiced >= 0) & (invoiced < year)  # below nought it is not known
        return says

    @cached_property
    def _by_agreement(self) -> list[Array]:
        order = np.argsort(self.agreement_of, kind="stable")
        bounds = np.searchsorted(self.agreement_of[order], np.arange(len(self.agreements) + 1))
        return [order[bounds[i] : bounds[i + 1]] for i in range(len(self.agreements))]

    def case(self, i: int) -> Case:
        """Everything that bears on one agreement."""
        agreement, ks = self.agreements[i], self._by_agreement[i]
        own = self.invoices_of(agreement)
        net, stray = self.invoiced
        now = ks[self.now[ks]]
        given = self.terms.invoices_given
        return Case(
            agreement=agreement,
            now=now,
            later=self._this_years(ks[self.later[ks]]),
            earlier=self._this_years(ks[self.earlier[ks]]),
            prior=self.prior[now],
            surplus_elsewhere=self._elsewhere(i, 1),
            owed_elsewhere=self._elsewhere(i, -1),
            invoiced=int(net[own].sum() + sum(self.invoices.pence[j] for j in stray if j in own)) if given else None,
            stray_credit=int(sum(self.invoices.pence[j] for j in stray if j in own)),
            other_funds=self.fund_names - {fold(agreement.fund)},
        )

    def _this_years(self, ks: Array) -> Array:
        """Those of other periods' lines that do not say that they are another year's."""
        year = self.terms.period.year
        kept = []
        for k in ks:
            j = int(self.invoice_of[k])
            years = frozenset({int(self.invoices.year[j])}) if j >= 0 else named_years(self.lines, int(k), self.terms)
            if not years or year in years:
                kept.append(int(k))
        return np.array(kept, dtype=np.int64)

    def _elsewhere(self, i: int, sign: int) -> tuple[int, ...]:
        """What the organisation paid too much (1) or too little (-1) for other funds."""
        here = self.agreements[i]
        over: list[int] = []
        agreed = {a.fund: a.pence for a in self._agreements_of[here.organisation]}
        own = self._receipts_by.get(here.organisation, NONE)
        funds = (set(self.fund[own].tolist()) | set(agreed)) - {here.fund, ""}
        for fund in sorted(funds):
            paid = int(self.lines.pence[own[self.fund[own] == fund]].sum())
            over.append(sign * (paid - agreed.get(fund, 0)))
        return tuple(pence for pence in over if pence > 0)

    @cached_property
    def found(self) -> list[tuple[Case, Finding]]:
        """The verdict on each agreement in scope."""
        cases = [self.case(i) for i in self._in_scope]
        return [(case, judge(case, self.lines, self.terms)) for case in cases]

    @cached_property
    def _in_scope(self) -> list[int]:
        terms = self.terms
        return [
            i
            for i, each in enumerate(self.agreements)
            if terms.fund in ("", each.fund) and terms.organisation in ("", each.organisation)
        ]

    def closed_line(self, case: Case, found: Finding) -> ClosedLine:
        """One agreement as it is reported."""
        agreement = case.agreement
        own = self.invoices_of(agreement)
        net, _ = self.invoiced
        own = own[net[own] > 0]
        made = matches(case, found, self.lines, self.invoices, net, own, self.invoice_of)
        age = self._age(own, made) if found.verdict in (Class.UNPAID, Class.SHORT_PAID, Class.CUT_OFF) else None
        said = hint(case, found, self.lines, self.terms)
        if age is not None and age > 0:
            overdue = f"{age} days overdue at {self.terms.period.end:%d/%m/%Y}"
            said = f"{said}; {overdue}" if said else overdue
        return ClosedLine(
            organisation=agreement.organisation,
            fund=agreement.fund,
            agreed=agreement.pence,
            invoiced=case.invoiced,
            received=int(self.lines.pence[case.now].sum()),
            verdict=found.verdict,
            hint=said,
            matches=made,
            steps=tuple(sorted(found.steps.items())),
            age_days=age,
            last_year=self._last_year(agreement),
            row=agreement.row,
        )

    def _age(self, own: Array, made: Sequence[Match]) -> int | None:
        """Days from when the oldest invoice without money was due to the period's end."""
        paid = {match.reference for match in made if match.receipts}
        due = np.where(np.isnat(self.invoices.due[own]), self.invoices.raised[own], self.invoices.due[own])
        unpaid = np.array([self.invoices.number[j] not in paid for j in own], dtype=bool)
        dated = due[unpaid & ~np.isnat(due)] if own.size else due
        if not dated.size:
            return None
        return int((np.datetime64(self.terms.period.end) - dated.min()).astype("timedelta64[D]").astype(int))

    def _last_year(self, agreement: Agreement) -> int | None:
        """What came the year before, where the ledger holds that year; else what the agreement says of it."""
        if not self._holds_last_year:
            return agreement.last_year
        own = self._last_years.get(agreement.organisation, NONE)
        fund = self.fund[own]
        return int(self.lines.pence[own[(fund == agreement.fund) | (fund == "")]].sum())

    @cached_property
    def _last_years(self) -> dict[str, Array]:
        """Receipts of the year before by organisation."""
        before = self.terms.period.previous()
        of_year = (self.lines.day >= np.datetime64(before.start)) & (self.lines.day <= np.datetime64(before.end))
        then = np.flatnonzero(of_year)
        return {name: then[where] for name, where in _positions(self.organisation[then]).items()}

    @cached_property
    def _holds_last_year(self) -> bool:
        """Whether the ledger reaches back far enough to hold last year as a whole, not just its last weeks."""
        start = np.datetime64(self.terms.period.start) - np.timedelta64(self.terms.window_days, "D")
        return bool(self._last_years) and bool((self.lines.day < start).any())

    # ----------------------------------------------------------------------- what no agreement identifies

    @cached_property
    def counted(self) -> Array:
        """bool: of the period and of the funds and organisations asked for."""
        terms = self.terms
        mine: Array = self.now & (self.fund != NO_FUND)
        if terms.fund:
            mine &= self.fund == terms.fund
        if terms.organisation:
            mine &= self.organisation == terms.organisation
        return mine

    @cached_property
    def unmatched(self) -> tuple[Unmatched, ...]:
        """Receipts in scope that no agreement identifies."""
        return tuple(self._unmatched(int(k)) for k in np.flatnonzero(self.counted & (self.agreement_of < 0)))

    def _unmatched(self, k: int) -> Unmatched:
        verdict, said, tied = self._stray(k)
        return Unmatched(self.receipt(k), self.organisation[k], self.fund[k], verdict, said, tied)

    def _stray(self, k: int) -> tuple[Class, str, tuple[str, ...]]:
        """What a receipt is that no agreement identifies."""
        whose, pence = str(self.organisation[k]), int(self.lines.pence[k])
        words = f"{self.lines.reference[k]} {self.lines.text[k]}"
        agreed = self._agreements_of.get(whose, [])
        if self.lines.journal[k] and whose and whose == self.terms.own_authority:
            return Class.OWN_AUTHORITY_JOURNAL, "", ()
        if self.prior[k]:
            return Class.PRIOR_YEAR, "it names an earlier year", ()
        if pence < 0 and self.lines.credit_note[k]:
            return Class.CREDIT_NOTE_UNMATCHED, "", ()
        if agreed and not self.fund[k]:
            funds = tuple(each.fund for each in agreed)
            return Class.UNEXPECTED, f"it may be for {' or '.join(funds)}: say which in a split", funds
        other = self.fund_names - {fold(self.terms.fund or str(self.fund[k]))}
        if agreed or names_any(words, other | self.terms.grant_words):
            return Class.WRONG_FUND, "it looks like money for another purpose", ()
        return Class.UNEXPECTED, "", ()

    def receipt(self, k: int) -> Receipt:
        """A ledger line as it is reported."""
        lines = self.lines
        return Receipt(
            str(lines.doc_no[k]), str(lines.line_no[k]), int(lines.pence[k]), int(lines.row[k]), day_of(lines, k)
        )

    def proposed(self, closed: Sequence[ClosedLine]) -> tuple[tuple[Unmatched, ...], tuple[Proposal, ...]]:
        """Receipts of nobody that equal what one agreement lacks; where several do none is proposed, and it is told."""
        lacking: defaultdict[int, list[ClosedLine]] = defaultdict(list)
        for line in closed:
            if line.difference < 0:
                lacking[-line.difference].append(line)
        counts = Counter(each.receipt.pence for each in self.unmatched if not each.organisation)
        told: list[Unmatched] = []
        made: list[Proposal] = []
        for each in self.unmatched:
            owing = lacking.get(each.receipt.pence, []) if not each.organisation else []
            if len(owing) == 1 and counts[each.receipt.pence] == 1:
                made.append(Proposal(each.receipt, owing[0].organisation, owing[0].fund, "equals what is still owed"))
            elif owing and each.verdict is Class.UNEXPECTED:
                among = tuple(dict.fromkeys(line.organisation for line in owing))
                others = counts[each.receipt.pence] - 1
                who = f"what {len(among)} organisations still owe" if len(among) > 1 else "what one organisation owes"
                said = f"it equals {who}" + (f", as {others} other receipts do" if others else "")
                told.append(replace(each, hint=f"{said}: nothing decides", tied=among))
                continue
            told.append(each)
        return tuple(told), tuple(made)

    # ----------------------------------------------------------------------- the whole

    def closing(self) -> Closing:
        """The closing, with a bridge that ends in what the ledger holds, added up by itself."""
        closed = tuple(self.closed_line(case, found) for case, found in self.found)
        steps: defaultdict[str, int] = defaultdict(int)
        for line in closed:
            for name, pence in line.steps:
                steps[name] += pence
        for each in self.unmatched:
            steps[each.verdict] += each.receipt.pence
        unmatched, proposals = self.proposed(closed)
        agreed = sum(line.agreed for line in closed)
        received = int(self.lines.pence[self.counted].sum())
        known = [str(each) for each in Class] + [WITHIN_TOLERANCE]
        bridge = [Step(name, steps[name]) for name in known if steps.get(name)]
        moved = {k for _, found in self.found for k in found.moved}
        other_years = int((~self.now).sum()) - sum(1 for k in moved if not self.now[k])
        return Closing(
            lines=closed,
            unmatched=unmatched,
            bridge=(Step("agreed", agreed), *bridge, Step("received", received)),
            residual=received - agreed - sum(step.pence for step in bridge),
            proposals=proposals,
            other_years=other_years,
            other_funds=int((self.now & ~self.counted).sum()) if not self.terms.organisation else 0,
        )
