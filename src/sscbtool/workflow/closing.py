"""The year's end: what was received of agreements, invoices and ledger lines -> a closing, as the result tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sscbtool.core import wording
from sscbtool.core.identity import short_id
from sscbtool.core.ledger import (
    Agreement,
    ClosedLine,
    Closing,
    Invoices,
    Lines,
    Match,
    Receipt,
    Terms,
    Unmatched,
    close,
    pence_of,
    reference_keys,
)
from sscbtool.core.ledger.inputs import MONEY, NO_FUND, Array
from sscbtool.core.model import Finding, Outcome, Place, Result, Severity, Submission
from sscbtool.core.organisations import Register
from sscbtool.core.rows import Rows
from sscbtool.core.standing import breaks_of
from sscbtool.core.values import Period, fold, parse_money, parse_period
from sscbtool.edge.settings import FundCodes, LedgerSettings
from sscbtool.edge.store import Decision
from sscbtool.errors import BadUsage, NothingToJudge
from sscbtool.workflow.explaining import Explanations, explanations, record, recorded
from sscbtool.workflow.judging import Judged
from sscbtool.workflow.receiving import Request

AGREED, INVOICED, LEDGER, SPLITS = (
    "contributions_agreed",
    "contributions_invoiced",
    "contributions_ledger",
    "contribution_splits",
)

NO_BALANCE = "No balance was worked out: the settings state no opening_balance under [ledger]."
"""For whoever keeps the settings; a reader of the board's report has none to mend."""


def close_year(result: Result, judged: Judged, request: Request) -> Result:
    """The result with the closing under ``ledger``; without it where the ledger extract is not complete.

    Raises:
        BadUsage: an unknown partner or fund, or a control total that is no amount.
        NothingToJudge: nothing was agreed for the period, or no ledger was received.
    """
    result = replace(result, findings=tuple(_own_findings(judged, result.findings)))
    books = _Books(judged, request)
    refused = any(file.refused for file in judged.files)
    if refused and not books.ready:
        return replace(result, outcome=Outcome.REFUSED)
    books.require()
    faults = tuple(books.completeness(result.findings))
    if any(fault.severity is Severity.ERROR for fault in faults):
        short = Outcome.REFUSED if refused else Outcome.INCOMPLETE
        return replace(result, findings=(*result.findings, *faults), outcome=short)
    closing = books.close()
    if not closing.lines and not closing.unmatched:
        raise NothingToJudge(
            "Nothing was agreed and nothing came for what was asked, so there is nothing to close.",
            "Check --partner and --fund.",
        )
    told = books.as_plain(closing)
    findings = books.explanations.findings((*result.findings, *faults, *books.split_faults))
    still_open = any(f.severity is not Severity.WARNING and not f.explained for f in findings)
    still_open |= any(not item["explained"] for item in breaks_of(told))
    outcome = Outcome.FINDINGS if still_open or closing.residual else Outcome.CLEAN
    return replace(
        result,
        findings=findings,
        outcome=Outcome.REFUSED if refused else outcome,
        extra={"ledger": told, "explain": list(books.explanations.reasons(replace(result, findings=findings)))},
        remarks=(*result.remarks, *books.remarks(closing)),
    )


def close_each_fund(result: Result, judged: Judged, request: Request) -> Iterator[tuple[str | None, Result | str]]:
    """The year closed for each fund that was agreed for: the fund and the result, or why nothing could be closed.

    Nothing within a year, of which a ledger cannot have all that was agreed, and nothing where no return is about it.
    Where several funds were agreed for and the settings do not say which lines are whose, each fund would count the
    same money: they are closed together.
    """
    if judged.period is None or judged.period.quarter or not {AGREED, LEDGER} & judged.rows.keys():
        return
    asked = replace(request, fund=None, partner=None, basis="received")
    books = _Books(judged, asked)
    agreed = {each.fund for each in books.agreements}
    apart = bool(agreed) and all(agreed) and (len(agreed) == 1 or bool(books.settings.funds))
    for fund in sorted(agreed) if apart else (None,):
        try:
            yield fund, close_year(result, judged, replace(asked, fund=fund))
        except NothingToJudge as nothing:
            yield fund, nothing.message


def _own_findings(judged: Judged, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings about the returns that a closing rests on, and about tables that answer to no return.

    The parts of a split receipt are of the year of their ledger line, and an invoice that is dated is of a year.
    """
    ours = {AGREED, INVOICED, LEDGER, SPLITS}
    others = {
        file.path
        for file in judged.files
        if (names := {table.return_name for table in file.tables} - {None}) and not names & ours
    }
    dated = {
        (each.path, each.sheet, each.area.top)
        for each in judged.received.submissions
        if each.return_name == SPLITS
        or (each.return_name == INVOICED and (each.frame["fy"].notna() | each.frame["invoice_date"].notna()).all())
    }
    undated = wording.NO_PERIOD[0]
    return (
        finding
        for finding in findings
        if finding.place.file not in others
        and not (finding.code == undated and (finding.place.file, finding.place.sheet, finding.place.row) in dated)
    )


MATCH = "match"
"""The kind of a person's word on whose a receipt is."""


def decide_match(request: Request, closed: Result, choice: str, identity: str) -> Result:
    """Keep a person's word that a receipt is an organisation's, or that a proposal is wrong.

    Raises:
        BadUsage: no such proposal or receipt, or it is not said whose the receipt is.
    """
    closing: Mapping[str, Any] = closed.extra.get("ledger") or {"proposals": (), "unmatched": ()}
    proposal = next((each for each in closing["proposals"] if each["id"] == identity), None)
    receipt = next((each for each in closing["unmatched"] if each["id"] == identity), None)
    if proposal is None and (receipt is None or choice == "reject"):
        raise BadUsage(f"There is no proposal {identity!r} here.", "Give the paths that showed it.")
    whose = None
    if choice == "reject":
        decision = Decision(MATCH, identity, "", request.by, request.now, "reject")
    else:
        named = request.partner or (proposal["organisation"] if proposal else None)
        organisation = Register(closed.catalogue.organisations if closed.catalogue else ()).resolve(named or "")
        if organisation is None:
            raise BadUsage("It is not said whose the receipt is.", "Say it with --partner CODE.")
        whose = organisation.code
        subject = identity if proposal is None else proposal["receipt"]
        decision = Decision(MATCH, subject, whose, request.by, request.now, "accept")
    record(request, decision, f"ledger match {choice}", closed.catalogue, closed.files)
    told = {"id": identity, "choice": choice, "organisation": whose, "by": request.by}
    return Result("ledger match", closed.period, Outcome.CLEAN, extra={"match": told})


class _Books:
    """The rows of the four returns, as a closing takes them."""

    def __init__(self, judged: Judged, request: Request) -> None:
        self.judged = judged
        self.request = request
        self.settings = request.settings.ledger if request.settings else LedgerSettings()
        if judged.period is None:
            raise NothingToJudge("It is not known which year to close.", "Say it with --period 2018-19.")
        self.year = Period(judged.period.year)
        self.split_faults: list[Finding] = []
        self.in_kind = 0
        self.explanations: Explanations = explanations(request)
        self.matched = {each.subject: each for each in recorded(request, MATCH)}
        self.agreements, self.agreed_before = self._agreements()
        self.fund = self._fund()

    # ----------------------------------------------------------------------- what there is

    @property
    def ready(self) -> bool:
        """Whether there is enough to close on."""
        return bool(self.agreements) and (LEDGER in self.judged.rows or self.request.basis != "received")

    def require(self) -> None:
        """Refuse to close on nothing."""
        if not self.agreements:
            raise NothingToJudge(
                f"Nothing was agreed for {self.judged.period}, so there is nothing to hold the ledger against.",
                f"Give the list of agreed contributions, or check the period.{self._unanswered()}",
            )
        if not self.ready:
            raise NothingToJudge(
                "There is no ledger among the files, so nothing can be said of what was received.",
                "Give the ledger extract, or close on another basis: --basis invoiced or --basis agreed."
                f"{self._unanswered()}",
            )
        if self.request.basis == "invoiced" and INVOICED not in self.judged.rows:
            raise NothingToJudge("There are no invoices among the files.", "Give the list of invoices.")

    def _unanswered(self) -> str:
        """Which of the files hold tables that answer to no return, since what is missed may be one of them."""
        unanswered = {wording.UNKNOWN_TABLE[0], wording.LACKS[0]}
        files = {PurePath(f.place.file).name for f in self.judged.findings if f.code in unanswered and f.place.file}
        return f" Tables of {', '.join(sorted(files))} answer to no return: see sscbtool validate." if files else ""

    def _fund(self) -> str:
        """The fund asked for, as the agreements, splits or settings spell it; else the only one agreed for."""
        if self.request.fund is None:
            agreed = {each.fund for each in self.agreements}
            return agreed.pop() if len(agreed) == 1 else ""
        known = [each.fund for each in self.agreements] + list(self.settings.funds)
        if SPLITS in self.judged.rows:
            known += _texts(self.judged.rows[SPLITS].frame["fund"]).tolist()
        spelt = {fold(fund): fund for fund in known if fund}
        if self.agreements and all(each.fund for each in self.agreements) and fold(self.request.fund) not in spelt:
            raise BadUsage(
                f"There is no fund {self.request.fund!r} among the agreements, splits and settings.",
                f"There {'is' if len(spelt) == 1 else 'are'} {', '.join(sorted(spelt.values()))}.",
            )
        return spelt.get(fold(self.request.fund), self.request.fund)

    def _agreements(self) -> tuple[list[Agreement], dict[tuple[str, str], int]]:
        """Agreements of the year, and what was agreed for the year before by organisation and fund."""
        rows = self.judged.rows.get(AGREED)
        if rows is None:
            return [], {}
        frame = rows.frame
        amounts, known = _pence(frame["agreed_amount"])
        last, has_last = _pence(frame["last_year"])
        organisations = _parties(frame["organisation"], self.judged.received.register)
        funds = _texts(frame["fund"])
        methods = _texts(frame["payment_method"])
        years = _years(rows)
        now: list[Agreement] = []
        before: dict[tuple[str, str], int] = {}
        for k in np.flatnonzero(known):
            name = str(organisations[k])
            if methods[k] == "in_kind" or not name:
                self.in_kind += methods[k] == "in_kind" and years[k] == str(self.year)
                continue
            if years[k] == str(self.year):
                by_invoice = methods[k] not in ("journal", "remittance") and name != self.own_authority
                stated = int(last[k]) if has_last[k] else None
                now.append(Agreement(name, funds[k], int(amounts[k]), by_invoice, stated, int(k)))
            elif years[k] == str(self.year.previous()):
                before[name, funds[k]] = before.get((name, funds[k]), 0) + int(amounts[k])
        return now, before

    @property
    def own_authority(self) -> str:
        """Whose ledger it is."""
        named = self.settings.own_authority
        if named and (found := self.judged.received.register.resolve(named)):
            return found.code
        schema = self.judged.received.catalogue.returns.get(LEDGER)
        return (schema.sender or "") if schema else ""

    # ----------------------------------------------------------------------- whether the extract is whole

    def completeness(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """What speaks against using the ledger extract, or that nothing speaks for it."""
        rows = self.judged.rows.get(LEDGER)
        if rows is None:
            return
        first = Place(rows.submissions[0].path, rows.submissions[0].sheet)
        stated = False
        raw, _ = _pence(rows.frame["amount"])
        total = int(raw.sum())
        if self.request.control_total is not None:
            asked = parse_money(self.request.control_total)
            if not isinstance(asked, Decimal):
                raise BadUsage(
                    f"{self.request.control_total!r} is not an amount.", "Write it as --control-total 134471.50."
                )
            stated = True
            if abs(int(asked * 100)) not in (abs(total), abs(int(self._income(rows).sum()))):
                yield wording.say(
                    wording.LEDGER_INCOMPLETE,
                    first,
                    "amount",
                    what="a total of",
                    read=_words(total),
                    stated=_words(int(asked * 100)),
                )
        lines = sum(len(np.unique(each.rows)) for each in rows.submissions)
        if self.request.control_rows is not None:
            stated = True
            if self.request.control_rows != lines:
                asked_rows = f"{self.request.control_rows:,}"
                yield wording.say(
                    wording.LEDGER_INCOMPLETE, first, None, what="lines:", read=f"{lines:,}", stated=asked_rows
                )
        for submission in rows.submissions:
            says, faults = self._stated_within(submission, findings)
            stated = stated or says
            yield from faults
        if not stated:
            yield wording.say(wording.NO_CONTROL_TOTAL, first, None)

    def _stated_within(self, submission: Submission, findings: Iterable[Finding]) -> tuple[bool, list[Finding]]:
        """Whether a file states its own total or count, and where it does not keep to it."""
        cover = next((cover for path, cover in self.judged.received.covers if path == submission.path), None)
        says = cover is not None and (cover.control_rows is not None or cover.control_value is not None)
        faults = []
        raw, _ = _pence(submission.frame["amount"])
        if cover and cover.control_value is not None and abs(int(cover.control_value * 100)) != abs(int(raw.sum())):
            place = cover.place(submission.path, "value")
            words = {"read": _words(int(raw.sum())), "stated": _words(int(cover.control_value * 100))}
            faults.append(wording.say(wording.LEDGER_INCOMPLETE, place, "amount", what="a total of", **words))
        if cover and cover.control_rows is not None:
            code = wording.COVER_ROWS[0]
            if any(each.code == code and each.place.file == submission.path for each in findings):
                lines = f"{len(np.unique(submission.rows)):,}"
                place = cover.place(submission.path, "rows")
                stated = f"{cover.control_rows:,}"
                faults.append(
                    wording.say(wording.LEDGER_INCOMPLETE, place, None, what="lines:", read=lines, stated=stated)
                )
        column = int(submission.cells["amount"][0]) if len(submission.rows) else 0
        for file in self.judged.files:
            for report in file.tables:
                if (file.path, report.table.sheet, report.table.area) == _key(submission):
                    for each in report.table.totals:
                        if each.column != column:
                            continue
                        says = True
                        if not each.agrees and each.stated is not None and each.computed is not None:
                            place = Place(file.path, submission.sheet, each.row, each.column)
                            words = {"read": f"{each.computed:,.2f}", "stated": f"{each.stated:,.2f}"}
                            faults.append(
                                wording.say(wording.LEDGER_INCOMPLETE, place, "amount", what="a total of", **words)
                            )
        return says, faults

    # ----------------------------------------------------------------------- the inputs of a closing

    def close(self) -> Closing:
        """The closing itself."""
        register = self.judged.received.register
        partner = ""
        if self.request.partner:
            named = register.resolve(self.request.partner)
            if named is None:
                raise BadUsage(
                    f"There is no partner {self.request.partner!r} in the organisations register.",
                    "Use its code, name or alias; see organisations.csv.",
                )
            partner = named.code
        assert self.judged.period is not None
        terms = Terms(
            period=self.judged.period,
            fund=self.fund,
            organisation=partner,
            own_authority=self.own_authority,
            tolerance=int(Decimal(self.settings.tolerance) * 100),
            window_days=self.settings.window_days,
            invoices_given=INVOICED in self.judged.rows,
            names={
                **{each.organisation: each.organisation for each in self.agreements},
                **{
                    fold(name): each.code
                    for each in register.organisations
                    for name in (each.code, each.name, *each.aliases)
                },
            },
        )
        return close(self.agreements, self._invoices(), self._claimed(self._lines()), terms)

    def _claimed(self, lines: Lines) -> Lines:
        """The lines, with those that a person said are an organisation's given to it."""
        accepted = {subject: each.choice for subject, each in self.matched.items() if each.reason == "accept"}
        if not accepted or not len(lines):
            return lines
        whose = lines.organisation.copy()
        for k in range(len(lines)):
            identity = self._receipt_id(str(lines.doc_no[k]), str(lines.line_no[k]), int(lines.pence[k]))
            whose[k] = accepted.get(identity, whose[k])
        return replace(lines, organisation=whose)

    def _receipt_id(self, doc_no: str, line_no: str, pence: int) -> str:
        return self._id("U", doc_no, line_no, str(pence))

    def _invoices(self) -> Invoices:
        rows = self.judged.rows.get(INVOICED)
        if rows is None:
            empty, none = np.array([], dtype=object), np.array([], dtype=np.int64)
            days = np.array([], dtype="datetime64[D]")
            return Invoices(none, empty, empty, empty, days, days, none, empty, none)
        frame = rows.frame
        pence, known = _pence(frame["net"])
        gross, has_gross = _pence(frame["gross"])
        pence = np.where(known, pence, gross)
        raised = _days(frame["invoice_date"])
        invoices = Invoices(
            pence=pence,
            number=_texts(frame["invoice_no"]),
            organisation=_parties(frame["organisation"], self.judged.received.register),
            fund=_texts(frame["fund"]),
            raised=raised,
            due=_days(frame["due_date"]),
            year=np.array([_start(year) for year in self._invoice_years(rows, raised)], dtype=np.int64),
            credit_of=_texts(frame["credit_note_of"]),
            row=np.arange(len(frame), dtype=np.int64),
        )
        return invoices.take(np.flatnonzero(known | has_gross))

    def _invoice_years(self, rows: Rows, raised: Array) -> list[str | None]:
        """The year that each invoice is for: as it says, else its file's, unless it was raised well outside it."""
        stated = _texts(rows.frame["fy"])
        years: list[str | None] = []
        start = np.datetime64(self.year.start) - np.timedelta64(31, "D")
        end = np.datetime64(self.year.end)
        for k, given in enumerate(rows.periods):
            if stated[k]:
                years.append(str(stated[k]))
            elif given in (None, str(self.year)) and not np.isnat(raised[k]) and not start <= raised[k] <= end:
                years.append(str(Period.of(raised[k].astype(object))))
            elif given is None and not np.isnat(raised[k]):
                years.append(str(self.year))
            else:
                years.append(given)
        return years

    def _income(self, rows: Rows) -> Array:
        """Pence of each ledger line, income above nought."""
        raw, _ = _pence(rows.frame["amount"])
        says = _texts(rows.frame["debit_credit"])
        income = np.where(says == "credit", np.abs(raw), np.where(says == "debit", -np.abs(raw), -raw))
        return -income if self.settings.income == "debit" else income

    def _lines(self) -> Lines:
        rows = self.judged.rows.get(LEDGER)
        if rows is None:
            return _no_lines()
        frame = rows.frame
        _, known = _pence(frame["amount"])
        column = {"posting": "posting_date", "document": "doc_date", "clearing": "clearing_date"}
        types = np.array([name.upper() for name in _texts(frame["doc_type"]).tolist()], dtype=object)
        text = _texts(frame["text"])
        noted = [name in self.settings.credit_notes for name in types.tolist()]
        worded = [" credit note " in f" {fold(each)} " for each in text.tolist()]
        codes = [_texts(frame[name]) for name in ("gl_account", "cost_centre", "wbs")]
        lines = Lines(
            pence=self._income(rows),
            organisation=_parties(frame["organisation"], self.judged.received.register),
            fund=_funds(codes, self.settings.funds),
            day=_days(frame[column[self.settings.received_on]]),
            document_day=_days(frame["doc_date"]),
            doc_no=_texts(frame["doc_no"]),
            line_no=_texts(frame["line_no"]),
            journal=np.isin(types.astype(str), self.settings.journals),
            credit_note=np.array(noted, dtype=bool) | np.array(worded, dtype=bool),
            reference=_texts(frame["reference"]),
            text=np.array([f"{a} {b}".strip() for a, b in zip(text, _texts(frame["assignment"]), strict=True)], object),
            accounts=np.array(["/".join(each) for each in zip(*codes, strict=True)], dtype=object),
            row=np.arange(len(frame), dtype=np.int64),
        )
        return self._divided(lines.take(np.flatnonzero(known)), rows)

    def _divided(self, lines: Lines, rows: Rows) -> Lines:
        """The lines with those that a split divides as their parts."""
        split = self.judged.rows.get(SPLITS)
        if split is None or not len(lines):
            return lines
        pence, known = _pence(split.frame["amount"])
        keys = _line_keys(_texts(split.frame["doc_no"]), _texts(split.frame["line_no"]))
        parts: dict[str, list[tuple[str, int]]] = {}
        for key, fund, amount, usable in zip(keys, _texts(split.frame["fund"]), pence, known, strict=True):
            if usable:
                parts.setdefault(key, []).append((str(fund), int(amount)))
        where: list[int] = []
        given: list[tuple[str, int]] = []
        for k, key in enumerate(_line_keys(lines.doc_no, lines.line_no)):
            whole = int(lines.pence[k])
            own = parts.get(key, [(str(lines.fund[k]), whole)])
            if key in parts and (rest := whole - sum(amount for _, amount in own)):
                place = rows.place(int(lines.row[k]), "amount")
                words = {"parts": _words(whole - rest), "whole": _words(whole)}
                self.split_faults.append(wording.say(wording.BAD_SPLIT, place, "amount", **words))
                own = [*own, (str(lines.fund[k]), rest)]
            where += [k] * len(own)
            given += own
        return replace(
            lines.take(np.array(where, dtype=np.int64)),
            fund=np.array([self._spelt(fund) for fund, _ in given], dtype=object),
            pence=np.array([amount for _, amount in given], dtype=np.int64),
        )

    def _spelt(self, fund: str) -> str:
        """A fund as the agreements spell it."""
        return next((each.fund for each in self.agreements if each.fund and fold(each.fund) == fold(fund)), fund)

    # ----------------------------------------------------------------------- what is told

    def remarks(self, closing: Closing) -> Iterator[str]:
        """What a reader should know of how the closing was made."""
        if closing.other_years:
            yield f"Dated outside {self.judged.period} and not counted: {_lines(closing.other_years)}."
        if self.fund and not self.settings.funds and len({each.fund for each in self.agreements} - {""}) > 1:
            yield f"No fund has codes in settings ([ledger.funds]): lines that no split divides are {self.fund}'s."
        if closing.other_funds:
            yield f"Of other funds than {self.fund}: {_lines(closing.other_funds)}."
        if "spend" in self.judged.rows and self.settings.opening_balance is None:
            yield NO_BALANCE
        if self.in_kind:
            yield f"Agreed in kind, and so no part of the money: {self.in_kind:,}."
        if self.judged.period and self.judged.period.quarter:
            yield "What was agreed and invoiced is of the whole year; what was received is of the quarter."

    def as_plain(self, closing: Closing) -> dict[str, Any]:
        """The closing as the JSON tells it."""
        basis = self.request.basis
        totals = {
            "agreed": sum(line.agreed for line in closing.lines),
            "invoiced": sum(line.invoiced or 0 for line in closing.lines),
            "received": closing.bridge[-1].pence,
        }
        alone = self.request.partner is not None
        shares = [None] * len(closing.lines) if alone else _shares([_on(line, basis) for line in closing.lines])
        return {
            "basis": basis,
            "fund": self.fund or None,
            "total": _money(totals[basis]),
            "totals": {name: _money(pence) for name, pence in totals.items()},
            "tolerance": self.settings.tolerance,
            "lines": [self._line(line, share) for line, share in zip(closing.lines, shares, strict=True)],
            "bridge": [{"step": step.name, "amount": _money(step.pence)} for step in closing.bridge],
            "unmatched": [self._unmatched(each) for each in closing.unmatched],
            "residual": _money(closing.residual),
            "proposals": list(self._proposals(closing)),
            "balance": self._balance(totals[basis]),
        }  # fmt: skip

    def _proposals(self, closing: Closing) -> Iterator[dict[str, Any]]:
        """What a person may accept; what was rejected is not proposed again."""
        for each in closing.proposals:
            receipt = each.receipt
            identity = self._id("P", receipt.doc_no, receipt.line_no, each.organisation, each.fund)
            if identity not in self.matched:
                yield {
                    "id": identity,
                    "receipt": self._receipt_id(receipt.doc_no, receipt.line_no, receipt.pence),
                    "organisation": self._name(each.organisation),
                    "fund": each.fund or None,
                    "why": each.why,
                    "received": self._receipt(receipt),
                }

    def _explained(self, identity: str, amount: str) -> dict[str, Any]:
        """Whether an item is explained, and how."""
        reason = self.explanations.of(identity, amount)
        told = reason and {
            "reason": reason.reason,
            "by": reason.by,
            "until": reason.until.isoformat() if reason.until else None,
        }
        return {"explained": reason is not None, "explanation": told}

    def _line(self, line: ClosedLine, share: Decimal | None) -> dict[str, Any]:
        last_year = line.last_year
        if self.request.basis == "agreed" or last_year is None:
            last_year = self.agreed_before.get((line.organisation, line.fund), line.last_year)
        identity = self._id("L", line.organisation, line.fund)
        return {
            "id": identity,
            "organisation": self._name(line.organisation),
            "fund": line.fund or None,
            "agreed": _money(line.agreed),
            "invoiced": None if line.invoiced is None else _money(line.invoiced),
            "received": _money(line.received),
            "difference": _money(line.difference),
            "class": line.verdict.value,
            "hint": line.hint or None,
            "age_days": line.age_days,
            "last_year": None if last_year is None else _money(last_year),
            "share": None if share is None else str(share),
            "steps": [{"step": name, "amount": _money(pence)} for name, pence in line.steps],
            "matches": [self._match(match) for match in line.matches],
            **self._explained(identity, _money(line.difference)),
        }

    def _match(self, match: Match) -> dict[str, Any]:
        return {
            "expected": None if match.expected is None else _money(match.expected),
            "reference": match.reference,
            "how": match.how,
            "tied": list(match.tied),
            "received": [self._receipt(receipt) for receipt in match.receipts],
        }

    def _unmatched(self, each: Unmatched) -> dict[str, Any]:
        identity = self._receipt_id(each.receipt.doc_no, each.receipt.line_no, each.receipt.pence)
        return {
            "id": identity,
            **self._receipt(each.receipt),
            "organisation": self._name(each.organisation),
            "fund": each.fund or None,
            "class": each.verdict.value,
            "hint": each.hint or None,
            "tied": list(each.tied),
            **self._explained(identity, _money(each.receipt.pence)),
        }

    def _receipt(self, receipt: Receipt) -> dict[str, Any]:
        place = self.judged.rows[LEDGER].place(receipt.row, "amount")
        return {"doc_no": receipt.doc_no, "line_no": receipt.line_no, "amount": _money(receipt.pence),
                "date": receipt.day.isoformat() if receipt.day else None,
                "file": place.file, "sheet": place.sheet, "cell": place.cell}  # fmt: skip

    def _name(self, organisation: str) -> str | None:
        """A registered organisation's code; what is not registered is partner text and is not shown."""
        return organisation if organisation in self.judged.received.register else None

    def _id(self, letter: str, *parts: str) -> str:
        return short_id(letter, (str(self.judged.period), *parts))

    def _balance(self, income: int) -> dict[str, Any] | None:
        """Opening balance + income - spend = closing balance, where spending was received and the opening is stated."""
        spend = self.judged.rows.get("spend")
        if spend is None or self.settings.opening_balance is None or self.request.partner:
            return None
        of_year = np.array([period == str(self.year) for period in spend.periods], dtype=bool)
        spent = int(_pence(spend.frame["amount"])[0][of_year].sum())
        opening = int(Decimal(self.settings.opening_balance) * 100)
        worked_out = opening + income - spent
        stated = self.settings.closing_balance
        return {
            "opening": _money(opening),
            "income": _money(income),
            "spend": _money(spent),
            "closing": _money(worked_out),
            "stated": stated,
            "difference": None if stated is None else _money(worked_out - int(Decimal(stated) * 100)),
        }


# --------------------------------------------------------------------------- columns as arrays


def _pence(column: pd.Series[Any]) -> tuple[Array, Array]:
    """Whole pence of a column of exact decimals, and which of them are known."""
    values = pa.array(column, type=MONEY)
    return pence_of(values), values.is_valid().to_numpy(zero_copy_only=False)


def _texts(column: pd.Series[Any]) -> Array:
    """A column of texts; blank where there is none."""
    return np.asarray(column.astype(object).where(column.notna(), ""), dtype=object)


def _parties(column: pd.Series[Any], register: Register) -> Array:
    """Organisations as they are compared: by code, or by folded name where they are not registered."""
    texts = _texts(column)
    known = {name: name if name in register else fold(name) for name in set(texts.tolist())}
    return np.array([known[name] for name in texts.tolist()], dtype=object)


def _days(column: pd.Series[Any]) -> Array:
    return np.asarray(column.to_numpy(dtype="datetime64[ns]")).astype("datetime64[D]")


def _years(rows: Rows) -> list[str | None]:
    """The year of each agreement: as it says, else its file's."""
    stated = _texts(rows.frame["fy"])
    return [str(year) if year else given for year, given in zip(stated, rows.periods, strict=True)]


def _start(year: str | None) -> int:
    period = parse_period(year) if year else None
    return period.year if isinstance(period, Period) else -1


def _line_keys(documents: Array, lines: Array) -> list[str]:
    """A document's line by both its numbers, leading noughts left off."""
    both = zip(reference_keys(documents).to_pylist(), reference_keys(lines).to_pylist(), strict=True)
    return [f"{document}/{line}" for document, line in both]


def _funds(codes: Sequence[Array], funds: Mapping[str, FundCodes]) -> Array:
    """The fund of each line by the settings: its WBS code before its cost centre before its account."""
    if not funds:
        return np.full(len(codes[0]), "", dtype=object)
    known: dict[tuple[str, ...], str] = {}
    found = []
    for line in zip(*codes, strict=True):
        if line not in known:
            known[line] = fund_of(line, funds)
        found.append(known[line])
    return np.array(found, dtype=object)


def fund_of(line: tuple[str, ...], funds: Mapping[str, FundCodes]) -> str:
    """The fund of a line's account, cost centre and WBS code; blank where several share them or there are none."""
    account, centre, wbs = line
    shared = False
    for code, kind in ((wbs, "wbs"), (centre, "cost_centres"), (account, "gl_accounts")):
        owners = [fund for fund, codes in funds.items() if code and any(_fits(code, c) for c in getattr(codes, kind))]
        if len(owners) == 1:
            return owners[0]
        shared = shared or len(owners) > 1
        if kind == "wbs" and code and any(codes.wbs for codes in funds.values()) and not owners:
            return NO_FUND
    return "" if shared or not any(line) else NO_FUND


def _fits(code: str, pattern: str) -> bool:
    return code.startswith(pattern[:-1]) if pattern.endswith("*") else code.lstrip("0") == pattern.lstrip("0")


def _no_lines() -> Lines:
    texts, days = np.array([], dtype=object), np.array([], dtype="datetime64[D]")
    none, flags = np.array([], dtype=np.int64), np.array([], dtype=bool)
    return Lines(none, texts, texts, days, days, texts, texts, flags, flags, texts, texts, texts, none)


# --------------------------------------------------------------------------- amounts as told


def _money(pence: int) -> str:
    return f"{Decimal(pence).scaleb(-2):.2f}"


def _words(pence: int) -> str:
    return f"{Decimal(pence).scaleb(-2):,.2f}"


def _lines(count: int) -> str:
    return f"{count:,} ledger line{'s' * (count != 1)}"


def _on(line: ClosedLine, basis: str) -> int:
    """What a line comes to on a basis."""
    return {"agreed": line.agreed, "invoiced": line.invoiced or 0, "received": line.received}[basis]


def _shares(amounts: Sequence[int]) -> list[Decimal | None]:
    """Each amount's percentage of their sum to two places, footing to 100.00 by largest remainder."""
    whole = sum(amounts)
    if whole <= 0 or any(amount < 0 for amount in amounts):
        return [None] * len(amounts)
    floors = [amount * 10_000 // whole for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda i: (-(amounts[i] * 10_000 % whole), i))
    for i in by_remainder[: 10_000 - sum(floors)]:
        floors[i] += 1
    return [Decimal(floor).scaleb(-2) for floor in floors]


def _key(submission: Submission) -> tuple[str, str | None, Any]:
    return submission.path, submission.sheet, submission.area
