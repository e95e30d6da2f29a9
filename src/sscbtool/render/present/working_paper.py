"""The year's closing as the workbook that an auditor expects: the bridge as live formulas over the lines below it.

Every sum is worked out again from the sheets that hold its parts, down to the ledger lines, and comes to what is
stated; a difference that nothing explains stays a residual.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sscbtool.core.ledger import SETTLED
from sscbtool.core.model import Catalogue, Result, Severity
from sscbtool.core.standing import standing
from sscbtool.core.values import Period, parse_period
from sscbtool.render.present.ledger import MARKS, NEXT, STEPS, organisation_name
from sscbtool.render.present.received import findings_as_data
from sscbtool.render.present.signing import ROLES, changes, day_of
from sscbtool.render.report import (
    MONEY,
    Book,
    Cell,
    Column,
    ColumnType,
    Formula,
    Line,
    Lines,
    Mark,
    Quantity,
    Report,
    Row,
    Sheet,
    Span,
    Table,
    Tone,
)

SUMMARY, BY_ORGANISATION, MATCHED, BREAKS, UNMATCHED, BALANCE, INPUTS = (
    "Summary", "By organisation", "Matched lines", "Breaks", "Unmatched receipts", "Balance", "Inputs",
)  # fmt: skip
_BREAKS = "Each difference by its class, with what to do and any reason given."
YES, NO = "Yes", "No"
TOLERATED = Mark("✓", "Within tolerance", Tone.QUIET)
WORDS = (
    ("[z]", "Not applicable, or nothing given."),
    ("In the period", "No: the ledger line is dated outside the period and is no part of what was received."),
    ("Class", "Why a line differs. The bridge on the first sheet adds each class up."),
    ("Explained", "Yes: a person gave a reason that still holds, and the amount is what it was."),
)


def working_paper(result: Result, report: Report) -> Book:
    """The workbook of a closing: summary, organisations, matched lines, breaks, receipts of nobody, inputs."""
    closing: Mapping[str, Any] = result.extra["ledger"]
    paper = _Paper(closing, result.catalogue, result.period)
    matched, breaks, unmatched = paper.matched(), paper.breaks(), paper.unmatched()
    sheets = [
        paper.summary(len(breaks.rows), len(unmatched.rows), _signing(result)),
        paper.by_organisation(len(matched.rows)),
        Sheet(MATCHED, "Each ledger line with what it answers to, at its cell in the ledger.", matched, broad=True),
        Sheet(BREAKS, _BREAKS if breaks.rows else "Nothing differs: there is no break.", breaks, broad=True),
        Sheet(UNMATCHED, "Ledger lines of the period that no agreement identifies.", unmatched, broad=True),
        *([paper.balance()] if closing["balance"] else []),
        *([_findings(result)] if any(f.severity is not Severity.WARNING for f in result.findings) else []),
        _inputs(result),
    ]
    lines = [
        *_lines_of(report, ""),
        f"Basis: {closing['basis']}. Tolerance: £{closing['tolerance']}. {standing(result).text}.",
        *_lines_of(report, "Sign-off"),
    ]
    title = f"Working paper: contributions {closing['fund'] or ''} {result.period or ''}".strip()
    kept = tuple(sheet for sheet in sheets if sheet.table.rows or sheet.name in (MATCHED, BREAKS))
    return Book(" ".join(title.split()), tuple(lines), kept, WORDS)


def _lines_of(report: Report, heading: str) -> list[str]:
    """The sentences of the report's section of that heading."""
    found = (each for each in report.sections if isinstance(each, Lines) and each.heading == heading)
    return [_sentence(line) for section in found for line in section.lines]


def _sentence(line: Line) -> str:
    return f"{line.mark.word}: {line.text}" if line.mark else line.text


class _Paper:
    """The sheets of one closing."""

    def __init__(self, closing: Mapping[str, Any], catalogue: Catalogue | None, period: str | None) -> None:
        self.closing = closing
        self.catalogue = catalogue
        stated = parse_period(period) if period else None
        self.period = stated if isinstance(stated, Period) else None

    # ----------------------------------------------------------------------- summary

    def summary(self, breaks: int, unmatched: int, form: Table) -> Sheet:
        """The bridge: agreed, each class of break, the residual, received."""
        closing = self.closing
        steps = closing["bridge"]
        rows: list[Row] = [("Agreed", "What the organisations agreed to pay", _pounds(steps[0]["amount"]))]
        formulas = {(0, 2): _total_of(BY_ORGANISATION, AGREED, len(closing["lines"]))}
        for step in steps[1:-1]:
            mark = MARKS.get(step["step"], TOLERATED)
            formulas[len(rows), 2] = Formula(
                "ROUND(SUMIFS({0},{1},{2}),2)",
                (
                    Span(AMOUNT, 0, breaks - 1, BREAKS),
                    Span(CLASS, 0, breaks - 1, BREAKS),
                    Span(0, len(rows), len(rows)),
                ),
            )
            rows.append((mark.word, STEPS[step["step"]], _pounds(step["amount"], signed=True)))
        last = len(rows)
        rows.append(("Residual", "What is explained by nothing; never plugged", _pounds(closing["residual"])))
        formulas[last, 2] = Formula("ROUND({0}-SUM({1}),2)", (Span(2, last + 1, last + 1), Span(2, 0, last - 1)))
        formulas[last + 1, 2] = _received(len(closing["lines"]), unmatched)
        total: Row = ("Received", "What the ledger shows for the period", _pounds(steps[-1]["amount"]))
        columns = (Column("Step", least=24), Column("What it is", least=48), Column("Amount", ColumnType.MONEY, 20))
        about = "Each amount is worked out from the sheets that follow; the residual is what they leave unexplained."
        table = Table("From agreed to received", columns, tuple(rows), total)
        return Sheet(SUMMARY, about, table, formulas=formulas, below=form)

    # ----------------------------------------------------------------------- organisations

    def by_organisation(self, matched: int) -> Sheet:
        """A row an agreement; received is added up from the matched lines."""
        columns = (
            Column("Id", ColumnType.CODE),
            Column("Organisation", least=40),
            Column("Fund", ColumnType.CODE),
            Column("Agreed", ColumnType.MONEY),
            Column("Invoiced", ColumnType.MONEY),
            Column("Received", ColumnType.MONEY),
            Column("Difference", ColumnType.MONEY),
            Column("Share", ColumnType.VALUE),
            Column("Last year", ColumnType.MONEY),
            Column("Status", ColumnType.STATUS),
        )
        lines = self.closing["lines"]
        rows: list[Row] = []
        formulas: dict[tuple[int, int], Formula] = {}
        for n, line in enumerate(lines):
            rows.append(
                (
                    line["id"],
                    self.name(line),
                    line["fund"],
                    _pounds(line["agreed"]),
                    _pounds(line["invoiced"]),
                    _pounds(line["received"]),
                    _pounds(line["difference"], signed=True),
                    None if line["share"] is None else Quantity(Decimal(line["share"]), "percent"),
                    _pounds(line["last_year"]),
                    MARKS[line["class"]],
                )
            )
            formulas[n, DIFFERENCE] = Formula("ROUND({0}-{1},2)", (Span(RECEIVED, n, n), Span(AGREED, n, n)))
            if matched:
                formulas[n, RECEIVED] = Formula(
                    'ROUND(SUMIFS({0},{1},{2},{3},"Yes"),2)',
                    (
                        Span(MATCHED_AMOUNT, 0, matched - 1, MATCHED),
                        Span(0, 0, matched - 1, MATCHED),
                        Span(0, n, n),
                        Span(IN_PERIOD, 0, matched - 1, MATCHED),
                    ),
                )
        total: list[Cell] = [None] * len(columns)
        total[0] = "Total"
        if lines and all(line["share"] is not None for line in lines):
            total[7] = Quantity(sum((Decimal(line["share"]) for line in lines), Decimal(0)), "percent")
        for column, key in TOTALLED.items():
            known = [Decimal(line[key]) for line in lines if line[key] is not None]
            if known:
                total[column] = Quantity(sum(known, Decimal(0)), MONEY, signed=column == DIFFERENCE)
                formulas[len(rows), column] = Formula("ROUND(SUM({0}),2)", (Span(column, 0, len(rows) - 1),))
        about = "Agreed, invoiced and received by organisation; received is added up from the matched lines."
        return Sheet(
            BY_ORGANISATION,
            about,
            Table(BY_ORGANISATION, columns, tuple(rows), tuple(total) if rows else None),
            formulas=formulas,
            broad=True,
        )

    # ----------------------------------------------------------------------- lines

    def matched(self) -> Table:
        """A row a ledger line that answers to an agreement, and one for each invoice that nothing came for."""
        columns = (
            Column("Id", ColumnType.CODE),
            Column("Organisation", least=32),
            Column("Fund", ColumnType.CODE),
            Column("Invoice", ColumnType.CODE),
            Column("Expected", ColumnType.MONEY),
            Column("Document", ColumnType.CODE),
            Column("Line", ColumnType.CODE),
            Column("Date", ColumnType.CODE),
            Column("Amount", ColumnType.MONEY),
            Column("In the period", ColumnType.CODE),
            Column("Matched by", least=24),
            Column("File", ColumnType.FILE),
            Column("Sheet", ColumnType.CODE),
            Column("Cell", ColumnType.CODE),
        )
        rows: list[Row] = []
        for line in self.closing["lines"]:
            whose: tuple[Cell, ...] = (line["id"], self.name(line), line["fund"])
            for match in line["matches"]:
                head: tuple[Cell, Cell] = (match["reference"], _pounds(match["expected"]))
                how = how_matched(match)
                if not match["received"]:
                    rows.append((*whose, *head, None, None, None, None, None, "nothing yet", None, None, None))
                for receipt in match["received"]:
                    rows.append((*whose, *head, *self.receipt(receipt), how, *_place(receipt)))
                    head = (match["reference"], None)
        return Table(MATCHED, columns, tuple(rows))

    def receipt(self, receipt: Mapping[str, Any]) -> tuple[Cell, ...]:
        """Document, line, day, amount, and whether it counts."""
        day = dt.date.fromisoformat(receipt["date"]) if receipt["date"] else None
        counts = day is not None and self.period is not None and self.period.start <= day <= self.period.end
        return (
            receipt["doc_no"],
            receipt["line_no"],
            f"{day:%d/%m/%Y}" if day else None,
            _pounds(receipt["amount"]),
            YES if counts else NO,
        )

    def breaks(self) -> Table:
        """A row a difference and class: the parts of each line that does not settle, and each receipt of nobody."""
        columns = (
            Column("Id", ColumnType.CODE),
            Column("Organisation", least=32),
            Column("Fund", ColumnType.CODE),
            Column("Document", ColumnType.CODE),
            Column("Class", ColumnType.STATUS),
            Column("Amount", ColumnType.MONEY),
            Column("Likely cause", least=36),
            Column("What to do", least=40),
            Column("Explained", ColumnType.CODE),
            Column("Reason", least=40),
            Column("By", least=20),
            Column("Until", ColumnType.CODE),
        )
        rows: list[Row] = []
        for line in self.closing["lines"]:
            steps = line["steps"]
            if not steps and line["class"] not in SETTLED:
                steps = [{"step": line["class"], "amount": line["difference"]}]
            rows += [(*self._break(line, step["step"], step["amount"]), *_explanation(line)) for step in steps]
        rows += [
            (*self._break(each, each["class"], each["amount"]), *_explanation(each))
            for each in self.closing["unmatched"]
        ]
        return Table(BREAKS, columns, tuple(rows))

    def _break(self, item: Mapping[str, Any], step: str, amount: str) -> tuple[Cell, ...]:
        document = f"{item['doc_no']} / {item['line_no']}" if "doc_no" in item else None
        return (
            item["id"],
            self.name(item),
            item["fund"],
            document,
            MARKS.get(step, TOLERATED),
            _pounds(amount, signed=True),
            item["hint"],
            NEXT.get(step, "Nothing: the settings allow for it."),
        )

    def unmatched(self) -> Table:
        """The receipts of nobody."""
        columns = (
            Column("Id", ColumnType.CODE),
            Column("Organisation", least=32),
            Column("Fund", ColumnType.CODE),
            Column("Class", ColumnType.STATUS),
            Column("Document", ColumnType.CODE),
            Column("Line", ColumnType.CODE),
            Column("Date", ColumnType.CODE),
            Column("Amount", ColumnType.MONEY),
            Column("Likely cause", least=36),
            Column("File", ColumnType.FILE),
            Column("Sheet", ColumnType.CODE),
            Column("Cell", ColumnType.CODE),
        )
        rows: list[Row] = [
            (
                each["id"],
                self.name(each),
                each["fund"],
                MARKS[each["class"]],
                *self.receipt(each)[:4],
                each["hint"],
                *_place(each),
            )
            for each in self.closing["unmatched"]
        ]
        return Table(UNMATCHED, columns, tuple(rows))

    # ----------------------------------------------------------------------- balance

    def balance(self) -> Sheet:
        """Opening balance, income and spending, and what they come to; in kind is no part of it."""
        told = self.closing["balance"]
        rows: list[Row] = [
            ("Opening balance", _pounds(told["opening"])),
            ("plus income", _pounds(told["income"])),
            ("less spending", _pounds(told["spend"])),
            ("Closing balance", _pounds(told["closing"])),
        ]
        formulas = {(3, 1): Formula("ROUND({0}+{1}-{2},2)", tuple(Span(1, n, n) for n in range(3)))}
        if told["stated"] is not None:
            rows += [
                ("Closing balance as stated", _pounds(told["stated"])),
                ("Difference", _pounds(told["difference"])),
            ]
            formulas[5, 1] = Formula("ROUND({0}-{1},2)", (Span(1, 3, 3), Span(1, 4, 4)))
        columns = (Column("Item", least=40), Column("Amount", ColumnType.MONEY))
        about = "Cash only: support in kind is never added to it."
        return Sheet(BALANCE, about, Table("The board's balance", columns, tuple(rows)), formulas=formulas)

    def name(self, item: Mapping[str, Any]) -> str:
        """Whose it is, by name."""
        return organisation_name(item["organisation"], self.catalogue)


AGREED, RECEIVED, DIFFERENCE = 3, 5, 6
"""Columns of the sheet by organisation."""
TOTALLED = {AGREED: "agreed", 4: "invoiced", RECEIVED: "received", DIFFERENCE: "difference", 8: "last_year"}
CLASS, AMOUNT = 4, 5
"""Columns of the breaks."""
MATCHED_AMOUNT, IN_PERIOD = 8, 9
"""Columns of the matched lines."""
UNMATCHED_AMOUNT = 7
"""Column of the unmatched receipts."""


def how_matched(match: Mapping[str, Any]) -> str:
    """``reference``, ``amount``, or between what it is tied."""
    return f"tied between {', '.join(match['tied'])}" if match["tied"] else str(match["how"]).replace("_", " ")


def _total_of(sheet: str, column: int, rows: int) -> Formula:
    return Formula("ROUND({0},2)", (Span(column, rows, rows, sheet),)) if rows else Formula("0", ())


def _received(lines: int, unmatched: int) -> Formula:
    """What the matched lines of the period and the receipts of nobody come to."""
    parts = [Span(RECEIVED, lines, lines, BY_ORGANISATION)] if lines else []
    if unmatched:
        parts.append(Span(UNMATCHED_AMOUNT, 0, unmatched - 1, UNMATCHED))
    inside = "+".join(f"SUM({{{n}}})" for n in range(len(parts)))
    return Formula(f"ROUND({inside},2)", tuple(parts))


def _place(receipt: Mapping[str, Any]) -> tuple[Cell, ...]:
    return receipt["file"], receipt["sheet"], receipt["cell"]


def _explanation(item: Mapping[str, Any]) -> tuple[Cell, ...]:
    said = item["explanation"]
    if said is None:
        return NO, None, None, None
    return YES, said["reason"], said["by"], said["until"]


def _signing(result: Result) -> Table:
    """Boxes for preparer and reviewer: filled in where a signature holds, for a pen where not."""
    told = result.extra.get("signoff") or {"preparer": None, "reviewer": None, "status": "unsigned"}
    rows: list[Row] = []
    for role, words in ROLES.items():
        signature = told[role]
        if signature and signature["holds"]:
            rows.append((words, f"{signature['by']}, with {signature['stood']}", day_of(signature)))
        elif signature:
            void = f"Void: {signature['by']} signed on {day_of(signature)}, but {changes(told)}"
            rows.append((words, void, None))
        else:
            rows.append((words, None, None))
    columns = (Column("Sign-off"), Column("Name and signature"), Column("Date"))
    return Table("Prepared and reviewed", columns, tuple(rows))


def _findings(result: Result) -> Sheet:
    about = "Faults of the returns that this rests on; each should be mended before the year is signed."
    serious = [f for f in result.findings if f.severity is not Severity.WARNING]
    return Sheet("Findings", about, findings_as_data(serious), broad=True)


def _inputs(result: Result) -> Sheet:
    """Every file, schema and register that the paper rests on, by its hash."""
    told = result.extra.get("signoff") or {"inputs": ()}
    rows: tuple[Row, ...] = tuple((each["kind"], each["name"], each["sha256"]) for each in told["inputs"])
    columns = (Column("Kind", ColumnType.CODE), Column("Name", ColumnType.FILE), Column("SHA-256", ColumnType.CODE, 66))
    about = "What this paper rests on, each by its SHA-256: the same inputs give the same paper."
    return Sheet(INPUTS, about, Table("Inputs", columns, rows))


def _pounds(amount: str | None, *, signed: bool = False) -> Quantity | None:
    return None if amount is None else Quantity(Decimal(amount), MONEY, signed=signed)
