"""Every stated class is found in ledgers whose truth is known; no line is used twice; every bridge foots.

``SSCBTOOL_ORACLE=500`` runs all seeds; by default a tenth of them runs, larger ledgers among them.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.ledger_books import TERMS, closing
from tests.oracle.ledgers import OWN, Made, make

from sscbtool.core.ledger import Class

SEEDS = int(os.environ.get("SSCBTOOL_ORACLE", "60"))


def closed(made: Made):
    terms = replace(TERMS, own_authority=OWN, names=made.names)
    return closing(made.agreed, made.lines, made.invoices, terms)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_stated_class_is_found_and_every_bridge_foots(seed):
    made = make(seed)
    found = closed(made)
    assert {line.organisation: line.verdict.value for line in found.lines} == made.verdicts
    assert {line.organisation: line.received for line in found.lines} == made.received
    assert {each.receipt.doc_no: each.verdict.value for each in found.unmatched} == made.stray
    for line in found.lines:
        assert made.hints.get(line.organisation, "") in line.hint
        assert sum(pence for _, pence in line.steps) == line.difference
    used = [(r.doc_no, r.line_no) for line in found.lines for match in line.matches for r in match.receipts]
    used += [(each.receipt.doc_no, each.receipt.line_no) for each in found.unmatched]
    assert len(used) == len(set(used))
    assert found.residual == 0
    assert sum(step.pence for step in found.bridge[:-1]) == found.bridge[-1].pence


def test_the_stories_tell_every_class_that_an_agreement_can_come_to():
    told = {verdict for seed in range(60) for verdict in make(seed, 200).verdicts.values()}
    assert told == {str(each) for each in Class} - {"unexpected"}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(seed: int, order: random.Random):
    made = make(seed, 60)
    for line in made.lines:
        line.setdefault("line", "1")
    before = closed(made)
    order.shuffle(made.lines)
    if made.invoices:
        order.shuffle(made.invoices)
    made.agreed = dict(order.sample(list(made.agreed.items()), len(made.agreed)))
    assert _without_rows(closed(made)) == _without_rows(before)


def _without_rows(found):
    lines = [
        replace(line, row=-1, matches=tuple(replace(m, receipts=_receipts(m.receipts)) for m in line.matches))
        for line in found.lines
    ]
    unmatched = [replace(each, receipt=replace(each.receipt, row=-1)) for each in found.unmatched]
    proposals = [replace(each, receipt=replace(each.receipt, row=-1)) for each in found.proposals]
    return lines, unmatched, proposals, found.bridge, found.residual


def _receipts(receipts):
    return tuple(replace(each, row=-1) for each in receipts)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 10**9), st.booleans(), st.data())
def test_a_line_and_its_reversal_change_no_balance(seed: int, pence: int, theirs: bool, data: st.DataObject):
    made = make(seed, 60)
    before = closed(made)
    whose = data.draw(st.sampled_from(sorted(made.agreed))) if theirs else ""
    made.lines += [{"p": p, "doc": f"REV{p}", "org": whose, "ref": "REV"} for p in (pence, -pence)]
    after = closed(made)
    assert [(x.organisation, x.received, x.difference) for x in after.lines] == [
        (x.organisation, x.received, x.difference) for x in before.lines
    ]
    assert (after.bridge[0], after.bridge[-1], after.residual) == (before.bridge[0], before.bridge[-1], 0)
