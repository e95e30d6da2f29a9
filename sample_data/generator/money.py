"""Money: what was received in six layouts, and the council's own schedule, invoices, ledger, splits and spending."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from generator.files import File, Formula, Sheet, table, to_csv, to_unicode_text, to_xls, to_xlsx, typed

# --------------------------------------------------------------------------- contributions


def money() -> list[File]:
    """What partners say they paid, and what the council's finance system says of the same money."""
    return [*contributions(), _agreed(), _invoices(), _ledger(), _splits(), _spend(), _in_kind()]


def contributions() -> list[File]:
    """Six payers, six layouts; £134,471.50 in the year, and two payments of other years among them."""
    return [_plain(), _quarters(), _money_as_text(), _legacy(), _title_and_total(), _finance_system()]


def _plain() -> File:
    sheet = Sheet("Payments", widths=(36, 14, 14))
    sheet.row(1, "Agency", "Amount", "Date paid")
    sheet.row(2, "Police (MOPAC)", Decimal("5000.00"), dt.date(2017, 6, 15))
    sheet.row(3, "Police (MOPAC)", Decimal("5000.00"), dt.date(2018, 6, 14))
    return File("MOPAC/MOPAC payments to SSCB.xlsx", [sheet], to_xlsx)


def _quarters() -> File:
    cover = Sheet("Cover", widths=(24, 40))
    for row, pair in enumerate(
        (
            ("Return type", "contributions"),
            ("Partner code", "CCG"),
            ("Period", "2018-19"),
            ("Prepared by role", "Finance Manager"),
            ("Status", "final"),
        ),
        start=1,
    ):
        cover.row(row, *pair)
    sheet = Sheet("SSCB", widths=(30, 12, 12, 12, 12, 14))
    sheet.row(1, "Contribution to the Safeguarding Children Board, paid each quarter")
    sheet.row(3, None, "2018/19")
    sheet.merges += [(3, 2, 3, 6)]
    sheet.row(4, "Partner", "Q1", "Q2", "Q3", "Q4", "Total")
    quarter = Decimal("15000.00")
    sheet.row(5, "NHS Southwark CCG", quarter, quarter, quarter, quarter, Formula("=SUM(B5:E5)", 4 * quarter))
    return File("CCG/Southwark CCG quarterly contribution.xlsx", [cover, sheet], to_xlsx)


def _money_as_text() -> File:
    sheet = Sheet("Sheet1", widths=(46, 20, 16))
    sheet.row(1, "Contributor", "Contribution amount", "Payment date")
    sheet.row(2, "South London & Maudsley NHS Foundation Trust", "£2,500.00", "12/06/2018")
    sheet.row(3, "SLaM", "£2,500.00", "11/12/2018")
    return File("SLAM/SLaM remittances.xlsx", [sheet], to_xlsx)


def _legacy() -> File:
    sheet = Sheet("LFB")
    sheet.row(1, "Payer", "Value (£)", "Date")
    sheet.row(2, "London Fire Brigade", Decimal("500.00"), dt.date(2018, 11, 5))
    sheet.row(3, "London Fire Brigade", Decimal("500.00"), dt.date(2019, 4, 1))
    return File("LFB/LFB contribution.xls", [sheet], to_xls)


def _title_and_total() -> File:
    sheet = Sheet("Journals", widths=(30, 26, 14, 16))
    sheet.row(1, "London Borough of Southwark")
    sheet.row(2, "Contribution to the Southwark Safeguarding Children Board, 2018/19")
    sheet.row(3, "Journalled each quarter; the last falls on the final day of the year.")
    sheet.merges += [(1, 1, 1, 4), (2, 1, 2, 4)]
    sheet.row(5, "Partner agency", "Cost centre", "Date", "Amount (£)")
    journals = (
        (dt.date(2018, 6, 29), "15855.38"),
        (dt.date(2018, 9, 28), "15855.37"),
        (dt.date(2018, 12, 31), "15855.38"),
        (dt.date(2019, 3, 31), "15855.37"),
    )
    for row, (date, amount) in enumerate(journals, start=6):
        sheet.row(row, "London Borough Southwark", "CH4410 Safeguarding", date, Decimal(amount))
    sheet.row(10, "Total", None, None, Formula("=SUM(D6:D9)", Decimal("63421.50")))
    sheet.row(12, "Source: general ledger, period 12 closed.")
    return File("LBS/Southwark Council SSCB journals 2018-19.xlsx", [sheet], to_xlsx)


def _finance_system() -> File:
    sheet = Sheet(None)
    sheet.row(1, "Document", "Posting Date", "Customer Name", "Reference", "Amount")
    name = "Children and Family Court Advisory and Support Service"
    # Posted to the wrong cost centre, reversed and posted again: £550 in all.
    sheet.row(2, "1900044127", "05/07/2018", name, "SSCB 18/19", "550.00")
    sheet.row(3, "1900044871", "12/07/2018", name, "SSCB 18/19 reversal", "550.00-")
    sheet.row(4, "1900044872", "12/07/2018", name, "SSCB 18/19", "550.00")
    return File("CAFCASS/AR_EXTRACT_SSCB.csv", [sheet], to_csv)


# --------------------------------------------------------------------------- the council's finance system


@dataclass(frozen=True)
class Receipt:
    """Money that came in: who paid, when, how much, and under which invoice or journal."""

    payer: str
    name: str
    posted: dt.date
    amount: Decimal
    reference: str
    kind: str = "DZ"


CAFCASS_NAME = "Children and Family Court Advisory and Support Service"
RECEIPTS = (
    Receipt("CCG", "NHS Southwark CCG", dt.date(2018, 5, 11), Decimal("15000.00"), "7300418"),
    Receipt("SLAM", "South London & Maudsley NHS FT", dt.date(2018, 6, 12), Decimal("2500.00"), "7300422"),
    Receipt("MOPAC", "Mayor's Office for Policing and Crime", dt.date(2018, 6, 14), Decimal("10000.00"), "7300426"),
    Receipt("LBS", "Southwark Council", dt.date(2018, 6, 29), Decimal("15855.38"), "JNL Q1", "SA"),
    Receipt("CAFCASS", CAFCASS_NAME, dt.date(2018, 7, 5), Decimal("550.00"), "7300431"),
    Receipt("CAFCASS", CAFCASS_NAME, dt.date(2018, 7, 12), Decimal("-550.00"), "7300431"),
    Receipt("CAFCASS", CAFCASS_NAME, dt.date(2018, 7, 12), Decimal("550.00"), "7300431"),
    Receipt("CCG", "NHS Southwark CCG", dt.date(2018, 8, 10), Decimal("15000.00"), "7300447"),
    Receipt("LBS", "Southwark Council", dt.date(2018, 9, 28), Decimal("15855.37"), "JNL Q2", "SA"),
    Receipt("LFB", "London Fire Brigade", dt.date(2018, 11, 5), Decimal("500.00"), "7300455"),
    Receipt("CCG", "NHS Southwark CCG", dt.date(2018, 11, 9), Decimal("15000.00"), "7300461"),
    Receipt("SLAM", "South London & Maudsley NHS FT", dt.date(2018, 12, 11), Decimal("2500.00"), "7300466"),
    Receipt("LBS", "Southwark Council", dt.date(2018, 12, 31), Decimal("15855.38"), "JNL Q3", "SA"),
    Receipt("CCG", "NHS Southwark CCG", dt.date(2019, 2, 8), Decimal("15000.00"), "7300480"),
    Receipt("LBS", "Southwark Council", dt.date(2019, 3, 31), Decimal("15855.37"), "JNL Q4", "SA"),
)
MOPAC_BOTH_BOARDS = next(number for number, receipt in enumerate(RECEIPTS) if receipt.payer == "MOPAC")


def _document(number: int) -> str:
    return str(1900044101 + 7 * number)


def _agreed() -> File:
    sheet = Sheet("2018-19", widths=(46, 10, 16, 16, 16, 14, 24))
    sheet.row(1, "Southwark Safeguarding Children Board: contributions agreed for 2018/19")
    sheet.row(2, "Agreed by the Board on 14 March 2018.")
    sheet.row(4, "Organisation", "Fund", "Agreed contribution", "Last year", "Basis", "Method", "Date agreed")
    lines = (
        ("London Borough of Southwark", "63421.50", "61980.25", "Balancing", "Journal"),
        ("NHS Southwark Clinical Commissioning Group", "60000.00", "60000.00", "Formula", "Invoice"),
        ("Mayor's Office for Policing and Crime", "5000.00", "5000.00", "Flat rate", "Invoice"),
        ("South London and Maudsley NHS Foundation Trust", "5000.00", "5000.00", "Flat rate", "Invoice"),
        (CAFCASS_NAME, "550.00", "550.00", "Flat rate", "Invoice"),
        ("London Fire Brigade", "500.00", "500.00", "Flat rate", "Invoice"),
    )
    for row, (name, agreed, before, basis, method) in enumerate(lines, start=5):
        sheet.row(row, name, "SSCB", Decimal(agreed), Decimal(before), basis, method, dt.date(2018, 3, 14))
    for column, letter, part in ((3, "C", 1), (4, "D", 2)):
        total = sum((Decimal(line[part]) for line in lines), Decimal(0))
        sheet.cells[11, column] = Formula(f"=SUM({letter}5:{letter}10)", total)
    sheet.cells[11, 1] = "Total"
    return File("LBS/SSCB contributions agreed 2018-19.xlsx", [sheet], to_xlsx)


def _invoices() -> File:
    heading = ("Invoice no", "Customer name", "Fund", "Invoice date", "Due date", "Net amount", "VAT", "Gross amount")
    rows = []
    for receipt in dict.fromkeys((r.reference, r.name, r.payer) for r in RECEIPTS if r.kind == "DZ"):
        reference, name, payer = receipt
        paid = next(r for r in RECEIPTS if r.reference == reference)
        # MOPAC was asked for the children's half only; it pays both boards in one sum.
        net = Decimal("5000.00") if payer == "MOPAC" else paid.amount
        raised = paid.posted - dt.timedelta(24)
        rows.append(
            (reference, name, "SSCB", typed(raised), typed(raised + dt.timedelta(30)), f"{net}", "0.00", f"{net}")
        )
    return File("LBS/SSCB debtor invoices 2018-19.csv", [table(None, heading, rows)], to_csv)


def _ledger() -> File:
    heading = (
        "CoCd", "DocumentNo", "Itm", "Type", "Pstng Date", "Doc. Date", "Period", "G/L Account", "Cost Ctr",
        "Reference", "Customer Name", "Text", "Amount in LC", "Clrng doc.", "Clearing",
    )  # fmt: skip
    rows = []
    for number, receipt in enumerate(RECEIPTS):
        # The ledger has income below zero, with the minus sign behind.
        amount = f"{abs(receipt.amount):,.2f}{'-' if receipt.amount > 0 else ''}"
        period = (receipt.posted.month - 4) % 12 + 1
        day = receipt.posted.strftime("%d.%m.%Y")
        text = "Journal SSCB contribution" if receipt.kind == "SA" else "SSCB contribution 18/19"
        cleared = ("", "") if receipt.kind == "SA" else (str(1400021500 + number), day)
        rows.append(
            ("1000", _document(number), "1", receipt.kind, day, day, str(period), "920310", "CH4410",
             receipt.reference, receipt.name, text, amount, *cleared)
        )  # fmt: skip
    return File("LBS/SSCB ledger extract 2018-19.xls", [table(None, heading, rows)], to_unicode_text)


def _splits() -> File:
    heading = ("Document no", "Line item", "Fund", "Split amount", "Reason")
    why = "One remittance for both boards, half each"
    rows = [(_document(MOPAC_BOTH_BOARDS), "1", fund, "5000.00", why) for fund in ("SSCB", "SSAB")]
    return File("LBS/SSCB receipts split between boards.csv", [table(None, heading, rows)], to_csv)


def _spend() -> File:
    heading = ("Document no", "Line item", "Date posted", "Budget heading", "Amount", "Supplier")
    plan = (
        ("Staffing", "6950.00", 12, "Payroll"), ("Independent chair", "1200.00", 4, "Associate"),
        ("Training", "3150.00", 6, "Learning provider"), ("Case reviews", "2480.00", 3, "Independent reviewer"),
        ("CDOP", "1950.00", 2, "Panel administration"), ("Website and IT", "640.50", 2, "Web host"),
        ("Events", "415.25", 4, "Venue"), ("Other", "88.40", 3, "Stationer"),
    )  # fmt: skip
    rows = []
    for heading_, amount, times, supplier in plan:
        for n in range(times):
            day = dt.date(2018, 4, 24) + dt.timedelta(n * (330 // times))
            rows.append((str(5100007301 + len(rows)), "1", typed(day), heading_, amount, supplier))
    return File("LBS/SSCB spend 2018-19.csv", [table(None, heading, rows)], to_csv)


def _in_kind() -> File:
    heading = ("Agency", "In-kind support", "Quantity", "Unit", "Unit value", "How valued")
    rows = (
        ("Guy's and St Thomas' NHS Foundation Trust", "Designated doctor's time for reviews", "42", "hours", "", ""),
        ("King's College Hospital NHS Foundation Trust", "Trainers for the neglect course", "6", "days", "", ""),
        ("Metropolitan Police Service", "Chairing of the CSE group", "12", "hours", "", ""),
        ("National Probation Service", "Member of the audit team", "5.5", "days", "", ""),
        ("Community Southwark", "Community hall for engagement sessions", "2", "room hire", "85.00", "Published rate"),
        ("Southwark Council", "Meeting rooms at Tooley Street", "31", "room hire", "60.00", "Published rate"),
        ("London Fire Brigade", "Home safety briefing at a family event", "3", "hours", "", ""),
        ("South London & Maudsley NHS FT", "Speakers on perinatal mental health", "8", "hours", "", ""),
    )
    return File("SSCB/Support in kind 2018-19.csv", [table(None, heading, rows)], to_csv)
