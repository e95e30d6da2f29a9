"""The year's end on one screen: by organisation, the bridge from agreed to received, and what to do about the rest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sscbtool.core.ledger import Class
from sscbtool.core.model import Catalogue, Outcome, Result, Severity
from sscbtool.core.standing import amount_of, breaks_of, standing
from sscbtool.render.present.received import findings_in_short, refusals
from sscbtool.render.present.signing import NEXT_SIGNATURE, reasons, signatures
from sscbtool.render.present.words import Folder, capital, count_of, nonempty, sentence, severity_counts, title_of
from sscbtool.render.report import (
    MONEY,
    Cell,
    Chapter,
    Column,
    ColumnType,
    Facts,
    Line,
    Lines,
    Mark,
    Quantity,
    Report,
    Row,
    Section,
    Table,
    Tone,
)

MARKS: Mapping[str, Mark] = {
    Class.SETTLED: Mark("✓", "Settled", Tone.GOOD),
    Class.OWN_AUTHORITY_JOURNAL: Mark("✓", "Own journal", Tone.GOOD),
    Class.NOT_INVOICED: Mark("✗", "Not invoiced", Tone.BAD),
    Class.UNPAID: Mark("✗", "Unpaid", Tone.BAD),
    Class.SHORT_PAID: Mark("✗", "Short paid", Tone.BAD),
    Class.OVER_PAID: Mark("✗", "Over paid", Tone.BAD),
    Class.DUPLICATE: Mark("✗", "Paid twice", Tone.BAD),
    Class.UNEXPECTED: Mark("?", "Unexpected", Tone.DOUBT),
    Class.WRONG_FUND: Mark("✗", "Wrong fund", Tone.BAD),
    Class.PRIOR_YEAR: Mark("✗", "Earlier year", Tone.BAD),
    Class.CUT_OFF: Mark("✗", "Came after year end", Tone.BAD),
    Class.SIGN_ERROR: Mark("✗", "Wrong sign", Tone.BAD),
    Class.CREDIT_NOTE_UNMATCHED: Mark("✗", "Stray credit note", Tone.BAD),
}
STEPS: Mapping[str, str] = {
    "agreed": "Agreed",
    Class.NOT_INVOICED: "less what was never invoiced",
    Class.UNPAID: "less what was not paid",
    Class.SHORT_PAID: "less what was paid short",
    Class.OVER_PAID: "plus what was paid over",
    Class.DUPLICATE: "plus what was paid twice",
    Class.UNEXPECTED: "plus receipts that nobody agreed to",
    Class.WRONG_FUND: "money in the wrong fund",
    Class.PRIOR_YEAR: "money of an earlier year",
    Class.CUT_OFF: "less what came after the year's end",
    Class.SIGN_ERROR: "lines posted with the wrong sign",
    Class.OWN_AUTHORITY_JOURNAL: "plus journals of the council that no agreement names",
    Class.CREDIT_NOTE_UNMATCHED: "credit notes that fit no invoice",
    "within_tolerance": "differences within the declared tolerance",
    "received": "Received",
}
NEXT: Mapping[str, str] = {
    Class.NOT_INVOICED: "Raise the invoice.",
    Class.UNPAID: "Chase the payment.",
    Class.SHORT_PAID: "Ask the partner for the rest, or agree the lower amount.",
    Class.OVER_PAID: "Ask the partner what the rest is for, or give it back.",
    Class.DUPLICATE: "Give one payment back, or hold it against next year.",
    Class.UNEXPECTED: "Find out who paid and why; add the agreement, or recode the line.",
    Class.WRONG_FUND: "Recode the line to the fund that it belongs to.",
    Class.PRIOR_YEAR: "Hold it against last year's debt; it is not this year's income.",
    Class.CUT_OFF: "Accrue it if the year is closed on invoices; on receipts it is next year's.",
    Class.SIGN_ERROR: "Have the line reversed and posted again.",
    Class.OWN_AUTHORITY_JOURNAL: "Say in the list of agreements what the council pays.",
    Class.CREDIT_NOTE_UNMATCHED: "Find the invoice that it takes back, or cancel it.",
}


def ledger(result: Result) -> Report:
    """Agreed, invoiced and received by organisation, the bridge, and the open breaks with what to do next."""
    folder = Folder(file.path for file in result.files)
    closing = result.extra.get("ledger")
    findings = [f for f in result.findings if f.severity is not Severity.WARNING or closing is None]
    about = [refusals(result.files, folder), findings_in_short(findings, folder)]
    if closing is None:
        why = Lines("", (Line("The year was not closed: see below.", Mark("✗", "No verdict", Tone.BAD)),))
        closing_words = "Mend what is named above and run it again."
        return Report(
            title_of(result, "Ledger"), result.outcome, nonempty([why, *about]), closing_words, Table("", (), ())
        )
    sections: list[Section | None] = [
        _verdict(closing),
        _organisations(closing, result.catalogue),
        *_matched(closing["lines"]),
        _bridge(closing),
        _open(closing, result.catalogue),
        _explained(closing, result.catalogue),
        _balance(closing["balance"]),
        reasons(result),
        signatures(result),
        *about,
    ]
    return Report(
        title_of(result, f"Ledger {closing['fund']}" if closing["fund"] else "Ledger"),
        result.outcome,
        nonempty(sections),
        _closing_words(result),
        _as_data(closing),
    )


def closed_year(told: Mapping[str, Any], catalogue: Catalogue | None) -> Chapter:
    """A fund's year in a report of more than the ledger; nothing in it asks the reader for a command."""
    closing = told["closing"]
    name = ledger_name(told)
    if closing is None:
        return Chapter(name, (f"The year was not closed. {told['why']}",))
    bridge = _bridge(closing)
    steps = (Column("Step", least=30), bridge.columns[1])
    tables: tuple[Table | None, ...] = (
        replace(
            _organisations(closing, catalogue, without=("code", "share", "last_year")),
            heading=f"{name} by organisation",
        ),
        replace(bridge, heading=f"{name} from agreed to received", columns=steps),
        _break_table(f"{name} breaks", closing, catalogue),
    )
    words = (" ".join(line.text for line in _verdict(closing).lines), *told["remarks"])
    return Chapter(name, words, nonempty([*tables, _balance(closing["balance"])]))


def ledger_name(told: Mapping[str, Any]) -> str:
    """What a fund's ledger is called."""
    return f"Ledger {told['fund']}" if told["fund"] else "Ledger"


def closed_in_a_line(told: Mapping[str, Any]) -> Line:
    """The verdict on a fund's year."""
    name = ledger_name(told)
    if told["closing"] is None:
        return Line(f"{name}: the year was not closed. {told['why']}", Mark("?", "Not closed", Tone.DOUBT))
    first, *others = _verdict(told["closing"]).lines
    return Line(" ".join((f"{name}: {first.text}", *(line.text for line in others))), first.mark)


def _break_table(heading: str, closing: Mapping[str, Any], catalogue: Catalogue | None) -> Table | None:
    """Every break, open ones first: whose, how much, and what is to be done or why it is as it is."""
    rows: list[tuple[Cell, ...]] = []
    for each in sorted(breaks_of(closing), key=lambda item: bool(item["explained"])):
        mark = MARKS[each["class"]]
        if each["explained"]:
            said, mark = each["explanation"], replace(mark, word=f"{mark.word}, explained", tone=Tone.QUIET)
            until = f", until {dt.date.fromisoformat(said['until']):%d/%m/%Y}" if said["until"] else ""
            about = f"{sentence(said['reason'])} ({said['by']}{until})"
        else:
            about = " ".join(filter(None, (sentence(capital(each["hint"] or "")), NEXT[each["class"]])))
        whose = organisation_name(each["organisation"], catalogue) if each["organisation"] else "Nobody known"
        document = f", document {each['doc_no']}, line {each['line_no']}" if "doc_no" in each else ""
        amount = Quantity(amount_of(each), MONEY, signed=True)
        rows.append((each["id"], f"{whose}{document}", amount, mark, about))
    columns = (
        Column("Break", ColumnType.CODE),
        Column("Whose", least=24),
        Column("Amount", ColumnType.MONEY),
        Column("Status", ColumnType.STATUS),
        Column("What is to be done, or why it is so", least=30),
    )
    return Table(heading, columns, tuple(rows)) if rows else None


def _verdict(closing: Mapping[str, Any]) -> Lines:
    agreed, received = (Decimal(closing["totals"][name]) for name in ("agreed", "received"))
    difference = received - agreed
    if not difference:
        words = f"{_pounds(received).text} was received, exactly what was agreed."
    else:
        way = "less" if difference < 0 else "more"
        words = f"{_pounds(received).text} was received, {_pounds(abs(difference)).text} {way} than was agreed."
    breaks = len(_breaks(closing))
    mark = Mark("✓", "Closed", Tone.GOOD) if not breaks else Mark("✗", count_of(breaks, "open break"), Tone.BAD)
    lines = [Line(words, mark)]
    if closing["basis"] != "received":
        lines.append(Line(f"On the {closing['basis']} basis the year comes to {_pounds(closing['total']).text}."))
    if Decimal(closing["tolerance"]):
        lines.append(Line(f"The settings let differences of up to {_pounds(closing['tolerance']).text} stand."))
    if Decimal(closing["residual"]):
        lines.append(Line(f"{_pounds(closing['residual']).text} of it is explained by nothing.", _RESIDUAL))
    return Lines("", tuple(lines))


_RESIDUAL = Mark("✗", "Residual", Tone.BAD)


def _organisations(closing: Mapping[str, Any], catalogue: Catalogue | None, without: Sequence[str] = ()) -> Table:
    """One row an organisation; columns that say nothing in this ledger are left out, and those in ``without``.

    Without its code the name leads, and says which row is the total: a sheet of A4 has no room for both.
    """
    lines: Sequence[Mapping[str, Any]] = closing["lines"]
    several = len({line["fund"] for line in lines}) > 1
    optional = {
        "fund": several,
        "invoiced": any(line["invoiced"] is not None for line in lines),
        "last_year": any(line["last_year"] is not None for line in lines),
        "share": any(line["share"] is not None for line in lines),
    }
    columns = [("Code", ColumnType.CODE, "code"), ("Organisation", ColumnType.TEXT, "organisation"),
               ("Fund", ColumnType.CODE, "fund"),
               ("Agreed", ColumnType.MONEY, "agreed"), ("Invoiced", ColumnType.MONEY, "invoiced"),
               ("Received", ColumnType.MONEY, "received"), ("Difference", ColumnType.MONEY, "difference"),
               ("Share", ColumnType.VALUE, "share"), ("Last year", ColumnType.MONEY, "last_year"),
               ("Status", ColumnType.STATUS, "class")]  # fmt: skip
    shown = [each for each in columns if optional.get(each[2], True) and each[2] not in without]
    rows = tuple(tuple(_cell(line, key, catalogue) for _, _, key in shown) for line in lines)
    total = ("Total", *(_total(lines, key) for _, _, key in shown[1:]))
    return Table(
        "By organisation",
        tuple(
            Column(
                heading,
                kind,
                least=18 if key == "organisation" else 8,
                moves=1 if key == "organisation" else 0,
                spare=key in ("share", "last_year"),
                labelled=False,
            )
            for heading, kind, key in shown
        ),
        rows,
        total if len(lines) > 1 else None,
    )


def _cell(line: Mapping[str, Any], key: str, catalogue: Catalogue | None) -> Cell:
    value = line["organisation" if key == "code" else key]
    match key:
        case "code":
            return str(value or "")
        case "organisation":
            return organisation_name(value, catalogue)
        case "fund":
            return str(value or "")
        case "class":
            return MARKS[value]
        case "share":
            return None if value is None else Quantity(Decimal(value), "percent")
        case "difference":
            return Quantity(Decimal(value), MONEY, signed=True)
        case _:
            return None if value is None else _pounds(value)


def _total(lines: Sequence[Mapping[str, Any]], key: str) -> Cell:
    if key == "code":
        return "Total"
    if key in ("organisation", "fund", "class"):
        return None
    known = [Decimal(line[key]) for line in lines if line[key] is not None]
    if key == "share":
        return Quantity(sum(known, Decimal(0)), "percent")
    return Quantity(sum(known, Decimal(0)), MONEY, signed=key == "difference")


def _matched(lines: Sequence[Mapping[str, Any]]) -> Iterable[Table]:
    """What one organisation's money was matched with, fund by fund, to be read down the telephone."""
    if len({line["organisation"] for line in lines}) == 1:
        for line in lines:
            yield _matches(line, f"Matches {line['fund']}" if len(lines) > 1 else "Matches")


def _matches(line: Mapping[str, Any], heading: str) -> Table:
    columns = (
        Column("Invoice", ColumnType.CODE),
        Column("Expected", ColumnType.MONEY),
        Column("Document", ColumnType.CODE),
        Column("Line", ColumnType.CODE),
        Column("Date", ColumnType.CODE),
        Column("Received", ColumnType.MONEY),
        Column("Cell", ColumnType.PLACE),
        Column("Matched by"),
    )
    rows: list[Row] = []
    for match in line["matches"]:
        expected = None if match["expected"] is None else _pounds(match["expected"])
        head: tuple[Cell, Cell] = (match["reference"], expected)
        how = match["how"].replace("_", " ")
        if match["tied"]:
            how = f"tied between {', '.join(match['tied'])}"
        for receipt in match["received"] or [None]:
            if receipt is None:
                rows.append((*head, None, None, None, None, None, "nothing yet"))
            else:
                amount = Quantity(Decimal(receipt["amount"]), MONEY)
                day = receipt["date"] and f"{dt.date.fromisoformat(receipt['date']):%d/%m/%Y}"
                rows.append((*head, receipt["doc_no"], receipt["line_no"], day, amount, receipt["cell"], how))
            head = (None, None)
    return Table(heading, columns, tuple(rows))


def _bridge(closing: Mapping[str, Any]) -> Table:
    steps = closing["bridge"]
    rows: list[Row] = [
        (STEPS[step["step"]], Quantity(Decimal(step["amount"]), MONEY, signed=0 < n < len(steps) - 1))
        for n, step in enumerate(steps[:-1])
    ]
    if Decimal(closing["residual"]):
        rows.append(("explained by nothing (residual)", Quantity(Decimal(closing["residual"]), MONEY, signed=True)))
    total = (STEPS["received"], _pounds(steps[-1]["amount"]))
    return Table(
        "From agreed to received", (Column("", least=30), Column("Amount", ColumnType.MONEY)), tuple(rows), total
    )


def _breaks(closing: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in breaks_of(closing) if not each["explained"]]


def _open(closing: Mapping[str, Any], catalogue: Catalogue | None) -> Lines | None:
    """Each open break: whose, how much, the likely cause, and what to do."""
    proposed = {(p["received"]["doc_no"], p["received"]["line_no"]): p for p in closing["proposals"]}
    lines = []
    for each in _breaks(closing):
        amount = Quantity(amount_of(each), MONEY, signed=True).text
        who = organisation_name(each["organisation"], catalogue) if each["organisation"] else "Nobody known"
        words = [f"{each['id']} {who}: {amount}."]
        if "doc_no" in each:
            words = [f"{each['id']} {who}: {amount} in document {each['doc_no']}, line {each['line_no']}."]
            if proposal := proposed.get((each["doc_no"], each["line_no"])):
                owes = organisation_name(proposal["organisation"], catalogue)
                words.append(f"It equals what {owes} still owes: sscbtool ledger match accept {proposal['id']}.")
        if each["hint"]:
            words.append(f"{capital(each['hint'])}.")
        words.append(NEXT[each["class"]])
        lines.append(Line(" ".join(words), MARKS[each["class"]]))
    return Lines("Open breaks", tuple(lines)) if lines else None


def _explained(closing: Mapping[str, Any], catalogue: Catalogue | None) -> Lines | None:
    """The breaks that a person explained, with the reason."""
    lines = []
    for each in (*closing["lines"], *closing["unmatched"]):
        if each["explained"]:
            amount = Quantity(amount_of(each), MONEY, signed=True).text
            said = each["explanation"]
            until = f", until {said['until']}" if said["until"] else ""
            who = organisation_name(each["organisation"], catalogue)
            lines.append(Line(f"{each['id']} {who}: {amount}. {said['reason']} ({said['by']}{until})", _EXPLAINED))
    return Lines("Explained", tuple(lines)) if lines else None


_EXPLAINED = Mark("✓", "Explained", Tone.QUIET)


def _balance(balance: Mapping[str, Any] | None) -> Facts | None:
    if balance is None:
        return None
    names = (
        ("opening", "Opening balance"),
        ("income", "plus income"),
        ("spend", "less spending"),
        ("closing", "Closing balance"),
        ("stated", "Closing balance as stated"),
        ("difference", "Difference"),
    )
    items = tuple((words, _pounds(balance[key])) for key, words in names if balance[key] is not None)
    return Facts("The board's balance", items)


def _closing_words(result: Result) -> str:
    words = f"{standing(result).text}."
    if any(f.severity is not Severity.WARNING and not f.explained for f in result.findings):
        words += f" {capital(severity_counts(result.findings))}: see sscbtool validate."
    elif breaks := _breaks(result.extra["ledger"]):
        whose = next((each["organisation"] for each in breaks if each["organisation"]), None)
        look = f"sscbtool ledger --partner {whose} shows each line of one, and " if whose else ""
        words += f' Next: {look}sscbtool explain {breaks[0]["id"]} --reason "..." keeps a reason for a break.'
    elif result.outcome is Outcome.CLEAN:
        words += NEXT_SIGNATURE[(result.extra.get("signoff") or {}).get("status", "unsigned")]
    return words


def _as_data(closing: Mapping[str, Any]) -> Table:
    """Every line and every receipt that nothing identifies, a row each."""
    keys = ("id", "organisation", "fund", "agreed", "invoiced", "received", "difference", "class", "hint", "last_year")
    rows = [tuple(_data_cell(line[key]) for key in keys) for line in closing["lines"]]
    for each in closing["unmatched"]:
        own = {**dict.fromkeys(keys), **each, "received": each["amount"], "difference": each["amount"]}
        rows.append(tuple(_data_cell(own[key]) for key in keys))
    return Table("Ledger", tuple(Column(key) for key in keys), tuple(rows))


def _data_cell(value: Any) -> Cell:
    return None if value is None else str(value)


def organisation_name(code: str | None, catalogue: Catalogue | None) -> str:
    """Whose something is: by the register's name, else its code."""
    known: Iterable[Any] = catalogue.organisations if catalogue else ()
    return next((each.name for each in known if each.code == code), code or "Not in the register")


def _pounds(amount: str | Decimal) -> Quantity:
    return Quantity(Decimal(amount), MONEY)
