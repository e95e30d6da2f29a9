"""The closing of a year: every class of break by the smallest ledger that shows it, and what must hold of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.core.ledger_books import TERMS, closing

from sscbtool.core.ledger import Agreement, Class, Closing, Step, join_references, reference_keys
from sscbtool.core.ledger.subsets import choose

CASES: dict[str, tuple[Class, int, int, list[dict], list[dict] | None]] = {
    # name: (verdict, agreed, received, ledger lines, invoices)
    "one payment": (Class.SETTLED, 500, 500, [{"p": 500}], None),
    "four quarters": (Class.SETTLED, 6000, 6000, [{"p": 1500}] * 4, None),
    "an invoice paid in two halves": (
        Class.SETTLED, 500, 500, [{"p": 250, "ref": "INV 7"}, {"p": 250, "ref": "inv-7"}], [{"no": "INV7", "p": 500}]),
    "nothing came, no invoices are kept": (Class.UNPAID, 500, 0, [], None),
    "nothing came, and nothing was asked for": (Class.NOT_INVOICED, 500, 0, [], []),
    "nothing came for the invoice": (Class.UNPAID, 500, 0, [], [{"no": "I1", "p": 500}]),
    "asked for less than agreed": (
        Class.NOT_INVOICED, 600, 450, [{"p": 450, "ref": "I1"}], [{"no": "I1", "p": 450}]),
    "less came": (Class.SHORT_PAID, 500, 450, [{"p": 450}], None),
    "two digits changed places": (Class.SHORT_PAID, 6342150, 6324150, [{"p": 6324150}], None),
    "more came": (Class.OVER_PAID, 500, 620, [{"p": 620}], None),
    "paid twice": (Class.DUPLICATE, 500, 1000, [{"p": 500}, {"p": 500}], None),
    "a fifth quarter": (Class.DUPLICATE, 6000, 7500, [{"p": 1500}] * 5, None),
    "paid twice and given back": (
        Class.SETTLED, 500, 500, [{"p": 500, "ref": "A"}, {"p": 500, "ref": "B"}, {"p": -500, "ref": "B"}], None),
    "posted the wrong way round": (Class.SIGN_ERROR, 500, -500, [{"p": -500}], None),
    "one of four posted the wrong way round": (
        Class.SIGN_ERROR, 6000, 3000, [{"p": 1500}] * 3 + [{"p": -1500}], None),
    "paid, and the payment reversed": (
        Class.UNPAID, 500, 0, [{"p": 500, "ref": "A"}, {"p": -500, "ref": "A"}], None),
    "came on the first day of the next year": (Class.CUT_OFF, 500, 0, [{"p": 500, "day": "2019-04-01"}], None),
    "the last quarter came late": (
        Class.CUT_OFF, 6000, 4500, [*[{"p": 1500}] * 3, {"p": 1500, "day": "2019-04-01"}], None),
    "next year's money is not this year's": (
        Class.UNPAID, 500, 0, [{"p": 500, "day": "2019-04-20", "text": "contribution 2019-20"}], None),
    "came before the year began": (Class.PRIOR_YEAR, 500, 0, [{"p": 500, "day": "2018-03-29"}], None),
    "last year's quarter came this year": (
        Class.PRIOR_YEAR, 6000, 7500, [*[{"p": 1500}] * 4, {"p": 1500, "text": "Q4 17/18"}], None),
    "last year's invoice was paid this year": (
        Class.PRIOR_YEAR, 500, 900, [{"p": 500, "ref": "I2"}, {"p": 400, "ref": "I1"}],
        [{"no": "I1", "p": 400, "year": 2017}, {"no": "I2", "p": 500}]),
    "a grant to the same account": (
        Class.WRONG_FUND, 500, 1700, [{"p": 500, "text": "contribution"}, {"p": 1200, "text": "Grant ELR"}], None),
    "a grant of the same amount": (
        Class.WRONG_FUND, 500, 1000, [{"p": 500, "text": "contribution"}, {"p": 500, "text": "ELR grant"}], None),
    "money on another cost centre": (
        Class.WRONG_FUND, 500, 1700, [{"p": 500, "accounts": "1/A"}, {"p": 1200, "accounts": "1/B"}], None),
    "coded to the other board": (Class.WRONG_FUND, 500, 0, [{"p": 500, "fund": "SSAB"}], None),
    "a credit note that no invoice explains": (
        Class.CREDIT_NOTE_UNMATCHED, 500, 380, [{"p": 500}, {"p": -120, "credit_note": True}], None),
    "a credit note that names an unknown invoice": (
        Class.CREDIT_NOTE_UNMATCHED, 500, 500, [{"p": 500, "ref": "I1"}],
        [{"no": "I1", "p": 500}, {"no": "C1", "p": -500, "of": "I9"}]),
    "an invoice raised twice and credited": (
        Class.SETTLED, 500, 500, [{"p": 500, "ref": "I1"}],
        [{"no": "I1", "p": 500}, {"no": "I2", "p": 500}, {"no": "C1", "p": -500, "of": "I2"}]),
    "nothing was agreed": (Class.UNEXPECTED, 0, 500, [{"p": 500}], None),
}  # fmt: skip


def foots(closed: Closing) -> None:
    """What must hold of every closing."""
    assert closed.bridge[0].name == "agreed"
    assert closed.bridge[-1].name == "received"
    assert sum(step.pence for step in closed.bridge[:-1]) + closed.residual == closed.bridge[-1].pence
    used = [(r.doc_no, r.line_no) for line in closed.lines for match in line.matches for r in match.receipts]
    used += [(each.receipt.doc_no, each.receipt.line_no) for each in closed.unmatched]
    assert len(used) == len(set(used))
    for line in closed.lines:
        assert sum(pence for _, pence in line.steps) == line.difference


@pytest.mark.parametrize("case", CASES)
def test_each_class_is_found_and_the_bridge_foots(case):
    verdict, agreed, received, lines, raised = CASES[case]
    lines = [{"org": "CCG", **line} for line in lines]
    raised = None if raised is None else [{"org": "CCG", **each} for each in raised]
    closed = closing({"CCG": agreed, "LFB": 700}, [*lines, {"org": "LFB", "p": 700, "doc": "other"}], raised)
    line = closed.lines[0]
    assert (line.organisation, line.verdict, line.received) == ("CCG", verdict, received)
    assert closed.residual == 0
    foots(closed)


def verdicts(found: Closing) -> dict[str, str]:
    return {line.organisation: line.verdict.value for line in found.lines}


def test_the_councils_own_share_is_a_journal_and_needs_a_journal_document():
    closed = closing({"LBS": 500}, [{"org": "LBS", "p": 500, "journal": True}])
    assert closed.lines[0].verdict is Class.OWN_AUTHORITY_JOURNAL
    assert closing({"LBS": 500}, [{"org": "LBS", "p": 500}]).lines[0].verdict is Class.SETTLED


def test_a_receipt_of_nobody_is_unexpected_and_proposed_where_it_equals_what_one_partner_owes():
    closed = closing({"CCG": 500, "LFB": 700}, [{"p": 500, "text": "BACS 0001"}])
    assert [each.verdict for each in closed.unmatched] == [Class.UNEXPECTED]
    assert [(each.organisation, each.receipt.doc_no) for each in closed.proposals] == [("CCG", "D0")]
    assert Step("unexpected", 500) in closed.bridge
    foots(closed)


@pytest.mark.parametrize("reference", ["INV 12", "inv12", "SSCB INV-012", "invoice no 0012"])
def test_an_invoice_is_known_without_the_noughts_that_fill_its_number_up(reference):
    raised = [{"no": "INV-0012", "org": "CCG", "p": 500}, {"no": "INV-0013", "org": "SLAM", "p": 500}]
    found = closing({"CCG": 500, "SLAM": 500}, [{"p": 500, "ref": reference}], raised)
    assert [(line.organisation, line.received) for line in found.lines] == [("CCG", 500), ("SLAM", 0)]


def test_a_bare_number_names_an_invoice_only_where_the_amount_agrees():
    raised = [{"no": "INV-7300418", "org": "CCG", "p": 500}]
    assert closing({"CCG": 500}, [{"p": 500, "ref": "BACS 7300418"}], raised).unmatched == ()
    (nobodys,) = closing({"CCG": 500}, [{"p": 499, "ref": "BACS 7300418"}], raised).unmatched
    assert nobodys.organisation == ""


def test_a_journal_of_nobody_is_the_councils_share_where_it_comes_to_exactly_that():
    own = {"p": 700, "journal": True}
    assert verdicts(closing({"CCG": 500, "LBS": 700}, [own])) == {"CCG": "unpaid", "LBS": "own_authority_journal"}
    assert verdicts(closing({"CCG": 500, "LBS": 700}, [own, own]))["LBS"] == "unpaid"  # which of the two?
    assert verdicts(closing({"CCG": 500, "LBS": 701}, [own]))["LBS"] == "unpaid"


def test_the_boards_own_name_in_a_line_does_not_say_who_paid():
    found = closing({"SLAM": 500}, [{"p": 500, "text": "SSCB contribution"}])
    assert [(each.organisation, each.verdict) for each in found.unmatched] == [("", Class.UNEXPECTED)]
    assert [each.organisation for each in found.proposals] == ["SLAM"]


def test_an_invoice_of_no_known_year_makes_no_prior_year_money():
    found = closing(
        {"CCG": 500}, [{"p": 500, "org": "CCG", "ref": "I1"}], [{"no": "I1", "org": "CCG", "p": 500, "year": -1}]
    )
    assert verdicts(found) == {"CCG": "settled"}


def test_a_receipt_that_two_partners_owe_is_shown_as_tied():
    (tied,) = closing({"CCG": 500, "SLAM": 500}, [{"p": 500}]).unmatched
    assert (tied.tied, tied.hint) == (("CCG", "SLAM"), "it equals what 2 organisations still owe: nothing decides")


def test_a_receipt_is_not_proposed_where_two_partners_owe_the_same():
    assert closing({"CCG": 500, "LFB": 500}, [{"p": 500}]).proposals == ()


def test_a_line_is_known_by_its_words_where_no_column_says_whose_it_is():
    closed = closing({"CCG": 500, "LBS": 100}, [{"p": 500, "text": "SSCB contribution NHS Southwark CCG via council"}])
    assert closed.lines[0].verdict is Class.SETTLED


def test_an_organisation_that_another_agreement_does_not_know_stays_unexpected():
    closed = closing({"CCG": 500}, [{"org": "SLAM", "p": 500}])
    assert [(each.organisation, each.verdict) for each in closed.unmatched] == [("SLAM", Class.UNEXPECTED)]


def test_a_remittance_split_over_two_funds_settles_both():
    agreed = [Agreement("MOPAC", "SSCB", 500), Agreement("MOPAC", "SSAB", 500)]
    lines = [{"org": "MOPAC", "p": 500, "fund": f, "doc": "D", "line": f} for f in ("SSCB", "SSAB")]
    closed = closing(agreed, lines, terms=replace(TERMS, fund=""))
    assert [line.verdict for line in closed.lines] == [Class.SETTLED] * 2
    one = closing(agreed, lines)
    assert [(line.fund, line.received) for line in one.lines] == [("SSCB", 500)]
    assert one.other_funds == 1


def test_money_that_two_funds_could_claim_is_shown_as_tied_and_given_to_neither():
    agreed = [Agreement("MOPAC", "SSCB", 500), Agreement("MOPAC", "SSAB", 500)]
    closed = closing(agreed, [{"org": "MOPAC", "p": 500}], terms=replace(TERMS, fund=""))
    assert [line.received for line in closed.lines] == [0, 0]
    assert closed.unmatched[0].tied == ("SSAB", "SSCB")
    foots(closed)


def test_equal_invoices_with_fewer_payments_are_tied():
    raised = [{"no": f"I{n}", "org": "CCG", "p": 500} for n in range(3)]
    closed = closing({"CCG": 1500}, [{"org": "CCG", "p": 500}, {"org": "CCG", "p": 500}], raised)
    (match,) = closed.lines[0].matches
    assert (match.how, match.tied) == ("tied", ("I0", "I1", "I2"))
    assert closed.lines[0].verdict is Class.SHORT_PAID


def test_one_payment_covers_two_invoices():
    raised = [{"no": "I1", "org": "CCG", "p": 300}, {"no": "I2", "org": "CCG", "p": 200}]
    closed = closing({"CCG": 500}, [{"org": "CCG", "p": 500}], raised)
    assert [(m.expected, m.reference, m.how) for m in closed.lines[0].matches] == [(500, "I1, I2", "together")]


def test_an_unpaid_invoice_has_an_age():
    raised = [{"no": "I1", "org": "CCG", "p": 500, "due": "2018-06-30"}]
    line = closing({"CCG": 500}, [], raised).lines[0]
    assert (line.verdict, line.age_days) == (Class.UNPAID, 274)
    assert "274 days overdue" in line.hint


@pytest.mark.parametrize(
    ("agreed", "lines", "says"),
    [
        (6342150, [6324150], "transposed"),
        (50000, [-50000], "twice a line"),
        (50000, [50000, 50000], "equal to one line"),
        (50000, [49999], "pennies"),
    ],
)
def test_arithmetic_hints_at_the_cause(agreed, lines, says):
    assert says in closing({"CCG": agreed}, [{"org": "CCG", "p": p} for p in lines]).lines[0].hint


def test_a_tolerance_settles_and_is_shown_in_the_bridge():
    closed = closing({"CCG": 500}, [{"org": "CCG", "p": 498}], terms=replace(TERMS, tolerance=2))
    assert closed.lines[0].verdict is Class.SETTLED
    assert "£0.02" in closed.lines[0].hint
    assert Step("within_tolerance", -2) in closed.bridge


def test_last_years_ledger_gives_last_years_column_and_pays_for_nothing_this_year():
    lines = [{"org": "CCG", "p": 250, "day": day} for day in ("2017-06-01", "2018-03-01")]
    line = closing({"CCG": 250}, lines).lines[0]
    assert (line.verdict, line.last_year) == (Class.UNPAID, 500)


def test_last_year_stands_in_the_agreement_where_the_ledger_does_not_hold_it():
    line = closing([Agreement("CCG", "", 500, last_year=450)], [{"org": "CCG", "p": 500}]).lines[0]
    assert line.last_year == 450


def test_references_agree_whatever_their_case_punctuation_and_leading_noughts():
    keys = reference_keys(np.array(["inv-00 12/18", "INV0012 18", "0004711", "4711", ""], dtype=object)).to_pylist()
    assert keys == ["INV001218", "INV001218", "4711", "4711", ""]


def test_a_reference_that_two_invoices_share_joins_neither():
    keys = reference_keys(np.array(["A1", "a-1", "B2"], dtype=object))
    received = reference_keys(np.array(["A1", "b2", ""], dtype=object))
    joined = join_references(keys, np.array([5, 6, 7]), received, np.array([5, 9, 1]))
    assert joined.expected.tolist() == [-1, 2, -1]
    assert joined.difference.tolist() == [-5, -6, 2]


def test_a_choice_says_whether_it_is_the_only_one():
    assert choose([1, 2, 4], 6).only
    assert not choose([1, 2, 3], 3).only
    assert choose([2, 4], 5) is None


def test_a_search_that_is_too_long_gives_no_answer():
    assert choose([3**n for n in range(40)], 3**39 + 1 + 3**38 + 9 + 27 + 81 + 2) is None


def test_a_long_ledger_of_unlike_amounts_is_given_up_and_still_foots():
    """Each search for a sum is bounded, and so are all searches together: hundreds of full ones would take minutes."""
    raised = [{"no": f"I{n}", "org": "CCG", "p": 100_003 + 7 * n * n} for n in range(400)]
    came = [{"p": 100_001 + 11 * n * n, "org": "CCG"} for n in range(400)]
    found = closing({"CCG": 10**8}, came, raised)
    used = [receipt.doc_no for line in found.lines for match in line.matches for receipt in match.receipts]
    assert (len(used), len(set(used)), found.residual) == (400, 400, 0)


def test_a_few_lines_of_last_years_end_are_not_last_years_ledger():
    agreed = [Agreement("CCG", "SSCB", 500, last_year=480)]
    (line,) = closing(agreed, [{"p": 500, "org": "CCG"}, {"p": 9, "org": "CCG", "day": "2018-03-29"}]).lines
    assert line.last_year == 480
