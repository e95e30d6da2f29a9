"""Which receipt answers to which invoice, or to the agreement itself: each receipt once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from sscbtool.core.ledger.inputs import Array, Invoices, Lines, day_of
from sscbtool.core.ledger.results import Class, Match, Receipt
from sscbtool.core.ledger.subsets import Effort, choose
from sscbtool.core.ledger.verdict import Case, Finding


def matches(
    case: Case, found: Finding, lines: Lines, invoices: Invoices, net: Array, own: Array, invoice_of: Array
) -> tuple[Match, ...]:
    """The receipts of a case by what they answer to.

    Args:
        case: the agreement and its receipts.
        found: its verdict, with the receipts that do not settle it and those of other periods that do.
        lines: the ledger.
        invoices: every invoice.
        net: pence of each invoice net of its credit notes.
        own: positions of the agreement's invoices that still ask for money.
        invoice_of: of each line, the position of the invoice that it refers to, or -1.
    """
    table = _Table(lines, invoices, net, invoice_of)
    settling = [int(k) for k in (*case.now, *found.moved) if found.apart.get(int(k)) in (None, Class.CUT_OFF)]
    if own.size:
        table.by_reference(settling, own)
        table.by_amount()
        table.by_sum()
        table.whole()
    else:
        how = "tied" if found.tied else "amount" if len(settling) == 1 else "instalments"
        table.add(case.agreement.pence, None, settling, how, tuple(str(lines.doc_no[k]) for k in found.tied))
    for k, what in found.apart.items():
        if what is not Class.CUT_OFF:
            table.add(None, None, [k], str(what))
    return tuple(table.made)


class _Table:
    """Receipts and invoices that are still open, and the matches made so far."""

    def __init__(self, lines: Lines, invoices: Invoices, net: Array, invoice_of: Array) -> None:
        self.lines, self.invoices, self.net, self.invoice_of = lines, invoices, net, invoice_of
        self.made: list[Match] = []
        self.receipts: list[int] = []
        self.asked: list[int] = []

    def add(
        self, expected: int | None, reference: str | None, ks: list[int], how: str, tied: tuple[str, ...] = ()
    ) -> None:
        """One match."""
        lines = self.lines
        receipts = (
            Receipt(
                str(lines.doc_no[k]), str(lines.line_no[k]), int(lines.pence[k]), int(lines.row[k]), day_of(lines, k)
            )
            for k in ks
        )
        self.made.append(Match(expected, reference, tuple(receipts), how if ks else "open", tied))

    def pair(self, j: int, ks: list[int], how: str) -> None:
        """Receipts that answer to one invoice."""
        self.add(int(self.net[j]), str(self.invoices.number[j]), ks, how)
        self.let_go([j], ks)

    def let_go(self, js: Iterable[int], ks: Iterable[int]) -> None:
        """Invoices and receipts that are spoken for."""
        asked, came = set(js), set(ks)
        self.asked = [j for j in self.asked if j not in asked]
        self.receipts = [k for k in self.receipts if k not in came]

    def by_reference(self, receipts: list[int], own: Array) -> None:
        """Receipts that name an invoice answer to it, whatever they come to."""
        self.asked = [int(j) for j in own]
        mine = set(self.asked)
        named: defaultdict[int, list[int]] = defaultdict(list)
        for k in receipts:
            j = int(self.invoice_of[k])
            if j in mine:
                named[j].append(k)
            else:
                self.receipts.append(k)
        for j, ks in named.items():
            self.add(int(self.net[j]), str(self.invoices.number[j]), ks, "reference")
        self.asked = [j for j in self.asked if j not in named]

    def by_amount(self) -> None:
        """Equal amounts pair off where there are as many of one as of the other; else nothing decides among them."""
        asked: defaultdict[int, list[int]] = defaultdict(list)
        came: defaultdict[int, list[int]] = defaultdict(list)
        for j in self.asked:
            asked[int(self.net[j])].append(j)
        for k in self.receipts:
            came[int(self.lines.pence[k])].append(k)
        equal = sorted(asked.keys() & came.keys())
        for pence in equal:
            js, ks = asked[pence], came[pence]
            if len(js) == len(ks):
                for j, k in zip(sorted(js, key=self._raised), ks, strict=True):
                    self.add(pence, str(self.invoices.number[j]), [k], "amount")
            else:
                tied = tuple(str(self.invoices.number[j]) for j in js)
                self.add(pence * min(len(js), len(ks)), None, ks, "tied", tied)
        self.let_go((j for pence in equal for j in asked[pence]), (k for pence in equal for k in came[pence]))

    def _raised(self, j: int) -> tuple[str, str]:
        return str(self.invoices.raised[j]), str(self.invoices.number[j])

    def by_sum(self) -> None:
        """Several receipts that make up one invoice, or one receipt that covers several."""
        effort = Effort()
        for j in list(self.asked):
            if effort.left <= 0:
                return
            choice = choose([int(self.lines.pence[k]) for k in self.receipts], int(self.net[j]), effort=effort)
            if choice and choice.only:
                ks = [
                    k
                    for pence, count in choice.amounts.items()
                    for k in [r for r in self.receipts if self.lines.pence[r] == pence][:count]
                ]
                self.pair(j, ks, "instalments")
        for k in list(self.receipts):
            if effort.left <= 0:
                return
            choice = choose([int(self.net[j]) for j in self.asked], int(self.lines.pence[k]), effort=effort)
            if choice and choice.only and len(set(choice.amounts)) == sum(choice.amounts.values()):
                js = [j for j in self.asked if int(self.net[j]) in choice.amounts]
                names = ", ".join(str(self.invoices.number[j]) for j in js)
                self.add(int(self.net[js].sum()), names, [k], "together")
                self.let_go(js, [k])

    def whole(self) -> None:
        """What is left: all of it together where it agrees, else invoices without money and money without invoice."""
        asked = int(np.sum(self.net[self.asked])) if self.asked else 0
        came = int(np.sum(self.lines.pence[self.receipts])) if self.receipts else 0
        if self.asked and self.receipts and asked == came:
            names = ", ".join(str(self.invoices.number[j]) for j in self.asked)
            self.add(asked, names, self.receipts, "together")
            return
        for j in self.asked:
            self.add(int(self.net[j]), str(self.invoices.number[j]), [], "open")
        if self.receipts:
            self.add(None, None, self.receipts, "no invoice")
