"""How a result stands: what of it is open, and what a person explained. Every closing line counts both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sscbtool.core.ledger.results import SETTLED
from sscbtool.core.model import FigureResult, Result, Severity, Status

BREAKS = frozenset({Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE})
"""Statuses of a figure that somebody must mend or explain."""


@dataclass(frozen=True)
class Standing:
    """Errors, queries and breaks that are open, and those that are explained with what they come to."""

    open: int
    explained: int
    worth: Decimal
    """Pounds of the explained breaks, each without its sign; a query has no amount."""

    @property
    def text(self) -> str:
        """``0 open, 3 explained (£5,000.00)``."""
        return f"{self.open:,} open, {self.explained:,} explained (£{self.worth:,.2f})"


def standing(result: Result) -> Standing:
    """Findings but warnings, figures that break, checks of the document that do not hold, and breaks of the ledger."""
    items = list(_items(result))
    explained = [worth for is_explained, worth in items if is_explained]
    return Standing(len(items) - len(explained), len(explained), sum(explained, Decimal(0)))


def breaks_of(closing: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Lines of a closing as told that are not settled, and every receipt that no agreement identifies."""
    return [*(line for line in closing["lines"] if line["class"] not in SETTLED), *closing["unmatched"]]


def ledgers_of(result: Result) -> Sequence[Mapping[str, Any]]:
    """How the year closes for each fund, where the result is the board's report; ``closing`` is None if it does not."""
    told: Sequence[Mapping[str, Any]] = (result.extra.get("report") or {}).get("ledgers", ())
    return told


def open_by_fund(result: Result) -> list[dict[str, Any]]:
    """The funds whose ledger has breaks that nobody explained, each with their ids."""
    told = []
    for ledger in ledgers_of(result):
        items = breaks_of(ledger["closing"]) if ledger["closing"] else ()
        if ids := [str(item["id"]) for item in items if not item["explained"]]:
            told.append({"fund": ledger["fund"], "open": ids})
    return told


def amount_of(item: Mapping[str, Any]) -> Decimal:
    """What a break of a closing comes to, signed."""
    return Decimal(item["difference"] if "difference" in item else item["amount"])


def _items(result: Result) -> Iterator[tuple[bool, Decimal]]:
    for finding in result.findings:
        if finding.severity is not Severity.WARNING:
            yield finding.explained, Decimal(0)
    for figure in result.figures:
        if figure.status in BREAKS:
            yield figure.explained, _worth(figure)
    for check in (result.extra.get("reconcile") or result.extra.get("report") or {}).get("document", ()):
        if check["status"] in BREAKS:
            yield False, Decimal(0)
    ledgers = [result.extra.get("ledger"), *(each["closing"] for each in ledgers_of(result))]
    for closing in filter(None, ledgers):
        for item in breaks_of(closing):
            yield item["explained"], abs(amount_of(item))


def _worth(figure: FigureResult) -> Decimal:
    if figure.figure.unit != "GBP" or figure.difference is None:
        return Decimal(0)
    return abs(Decimal(figure.difference))
