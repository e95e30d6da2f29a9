"""Small files as partners send them, each with a trap: read exactly, or the fault named at its cell.

Every file is judged by itself. ``total`` is what its payments come to; ``found`` the code and cell of each finding
that is open, and must be all of them. A file without an open finding is one that ends in exit code 0.
"""

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlwt

from sscbtool.core.model import Outcome, Severity
from sscbtool.workflow.judging import Judged, judge_rows, outcome
from sscbtool.workflow.receiving import Request, receive

FIRE, TRUST, COURT, POLICE, PROBATION = "London Fire Brigade", "SLAM", "CAFCASS", "MOPAC", "National Probation Service"
HEAD = ["Organisation", "Amount"]
ROWS = [[FIRE, 500], [TRUST, 100], [COURT, 50]]
MONTHS = ["Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar"]
EQUAL = [[FIRE, *[100] * 12], [TRUST, *[10.5] * 12]]
FIRSTS = [dt.date(2018 + (n > 8), (n + 3) % 12 + 1, 1) for n in range(12)]


@dataclass(frozen=True)
class Trap:
    name: str
    data: bytes
    total: str | None
    """None where nothing may be counted."""
    found: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Content decides what a file is; its name does not."""
        return f"{self.name}.xls"


def book(
    sheets: Mapping[str, Sequence[Sequence[Any]]], *, formats: Mapping[str, str] | None = None, **more: Any
) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    workbook.epoch = more.get("epoch", workbook.epoch)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for area in more.get("merged", ()):
            # openpyxl clears what a merge covers; Excel and LibreOffice keep it
            sheet.merged_cells.add(area)
    for cell, code in (formats or {}).items():
        workbook.worksheets[0][cell].number_format = code
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def sheet(*rows: Sequence[Any], **more: Any) -> bytes:
    return book({"Sheet1": rows}, **more)


def text(*rows: Sequence[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([["" if value is None else value for value in row] for row in rows])
    return out.getvalue().encode()


def never_calculated() -> bytes:
    workbook = xlwt.Workbook()
    written = workbook.add_sheet("Sheet1")
    for i, row in enumerate([HEAD, *ROWS]):
        for j, value in enumerate(row):
            written.write(i, j, value)
    written.write(4, 0, POLICE)
    written.write(4, 1, xlwt.Formula("B2+B3"))
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


SAYINGS = {
    "thousands": "All figures in this workbook are in thousands of pounds",
    "k": "Values are expressed in £k unless otherwise stated",
    "times": "Multiply all amounts by 1,000 to have pounds",
    "euros": "The reporting currency of this workbook is the euro",
    "pence": "Please note that all values here are in pence",
}
PROSE = {
    "pounds": "All amounts are in pounds and pence, as they were paid",
    "children": "Thousands of children benefit from this work every year",
    "grant": "The £1.2m grant of the year is not part of these figures",
}
TOTALS = ("Sum", "SUM", "Tot.", "TTL", "T O T A L", "Gesamt", "All agencies", "Overall", "Combined", "Health subtotal")

TRAPS = [
    # what the reading of cells alone would lose
    Trap("payment above the headings", sheet([FIRE, 500], HEAD, *ROWS[1:]), "150.00", ("SSCB-TAB-17 B1",)),
    Trap("payment above, in CSV", text([FIRE, 500], HEAD, *ROWS[1:]), "150.00", ("SSCB-TAB-17 B1",)),
    Trap("total above, right", sheet(["Total", 650], HEAD, *ROWS), "650.00"),
    Trap("total above, wrong", sheet(["Total", 660], HEAD, *ROWS), "650.00", ("SSCB-TAB-18 B1",)),
    Trap("year and count above", sheet(["Year", 2018], ["Number of payers", 3], [], HEAD, *ROWS), "650.00"),
    Trap("no amount in the last row", sheet(HEAD, *ROWS, [POLICE]), "650.00", ("SSCB-AMT-1 B5",)),
    Trap("never calculated in xls", never_calculated(), "650.00", ("SSCB-CEL-10 B5",)),
    Trap("unit in the number format", sheet(HEAD, *ROWS, formats={"B3": '0"k"'}), "550.00", ("SSCB-CEL-26 B3",)),
    Trap("thousands shown, pounds stored", sheet(HEAD, *ROWS, formats={"B2": '#,##0,"k"'}), "650.00"),
    Trap("amount under a merge", sheet(HEAD, *ROWS, merged=["B2:B3"]), "650.00", ("SSCB-TAB-19 B3",)),
    Trap(
        "serials of 1904",
        sheet(
            [*HEAD, "Date received"],
            [FIRE, 500, 41759],
            [TRUST, 100, 41800],
            epoch=openpyxl.utils.datetime.CALENDAR_MAC_1904,
        ),
        "600.00",
    ),
    Trap(
        "another day by its offset",
        text([*HEAD, "Date"], [FIRE, 500, "2018-03-31T23:30-05:00"], [TRUST, 1, "2018-05-01T10:00+01:00"]),
        "501.00",
        ("SSCB-DAT-1 C2",),
    ),
    # what stands beside the name and the amount
    Trap(
        "payment remarked upon as the total",
        sheet([*HEAD, "Date", "Remarks"], [FIRE, 500, "01/05/2018"], [TRUST, 500, "01/06/2018", "Total for the year"]),
        "1000.00",
    ),
    Trap(
        "payment described as a total",
        sheet([HEAD[0], "Purpose", HEAD[1], "Date"], [FIRE, "", 5, "01/05/2018"], [TRUST, "Total gift", 5, "1/6/2018"]),
        "10.00",
    ),
    Trap(
        "year of each row in a column of its own",
        sheet([HEAD[0], "Financial year", HEAD[1]], [FIRE, "2018/19", 500], [TRUST, "2017/18", 100]),
        "500.00",
    ),
    Trap(
        "quarter of each row in a column of its own",
        sheet([HEAD[0], "Quarter", HEAD[1]], [FIRE, "Q1 2018-19", 500], [TRUST, "Q4 2017-18", 100]),
        "500.00",
    ),
    Trap(
        "calendar years in a column of their own",
        sheet([HEAD[0], "Year", HEAD[1]], [FIRE, 2018, 500], [TRUST, 2019, 100]),
        "600.00",
        ("SSCB-PER-5 B2",),
    ),
    Trap(
        "dated rows with calendar years beside",
        sheet([HEAD[0], "Year", HEAD[1], "Date"], [FIRE, 2018, 500, "01/05/2018"], [TRUST, 2019, 100, "01/02/2019"]),
        "600.00",
    ),
    Trap(
        "years as titles of the parts",
        sheet(HEAD, ["2017-18"], [FIRE, 450], [COURT, 300], ["2018-19"], [FIRE, 500], [COURT, 350]),
        "850.00",
    ),
    Trap("another year as the only title below the heading", sheet(HEAD, ["2017-18"], [FIRE, 450], [COURT, 300]), None),
    *(
        Trap(
            f"row said to be {said}",
            sheet([*HEAD, "Status"], [FIRE, 500, "Paid"], [COURT, 300, said]),
            "800.00",
            ("SSCB-TAB-21 C3",),
        )
        for said in ("Cancelled", "VOID", "Forecast", "not yet received")
    ),
    Trap(
        "refund without a minus sign",
        sheet([*HEAD, "Type"], [FIRE, 500, "Payment"], [FIRE, 100, "Refund"]),
        "600.00",
        ("SSCB-TAB-20 C3",),
    ),
    Trap(
        "unit in a column of its own",
        sheet([*HEAD, "Unit"], [FIRE, 5, "£"], [COURT, 3, "£000"]),
        "8.00",
        ("SSCB-TAB-22 C3",),
    ),
    # months beside each other
    *(
        Trap(f"months as {name}", sheet(["Organisation", *heads], *EQUAL), "1326.00")
        for name, heads in {
            "names": MONTHS,
            "words": [
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
                "January",
                "February",
                "March",
            ],
            "names and years": [f"{day:%b-%y}" for day in FIRSTS],
            "dates": FIRSTS,
        }.items()
    ),
    Trap("months as dates in text", text(["Organisation", *[f"{day:%d/%m/%Y}" for day in FIRSTS]], *EQUAL), "1326.00"),
    Trap(
        "quarters as months",
        sheet(["Organisation", "Apr-Jun", "Jul-Sep", "Oct-Dec", "Jan-Mar"], [FIRE, 5, 5, 5, 5]),
        "20.00",
    ),
    Trap(
        "months of another year",
        sheet(["Organisation", *[day.replace(year=day.year - 1) for day in FIRSTS]], *EQUAL),
        None,
    ),
    Trap("months of one year out of order", sheet(["Organisation", *FIRSTS[9:], *FIRSTS[:9]], *EQUAL), "1326.00"),
    Trap(
        "months of two years",
        sheet(["Organisation", *[day.replace(year=2018) for day in FIRSTS]], *EQUAL),
        None,
        ("SSCB-TAB-7 -",),
    ),
    Trap(
        "months of a calendar year", sheet(["Organisation", *MONTHS[9:], *MONTHS[:9]], *EQUAL), None, ("SSCB-TAB-7 -",)
    ),
    Trap(
        "row total beside months",
        sheet(["Organisation", *MONTHS, "Total"], [*EQUAL[0], 1200], [*EQUAL[1], 130]),
        "1326.00",
        ("SSCB-TAB-3 N3",),
    ),
    Trap(
        "row total beside quarters, in CSV",
        text(["Organisation", "Q1", "Q2", "Q3", "Q4", "Total"], [FIRE, 125, 125, 125, 125, 510]),
        "500.00",
        ("SSCB-TAB-3 F2",),
    ),
    # sections and totals
    Trap("sections", sheet(HEAD, ["Health"], [TRUST, 100], ["Justice"], [COURT, 50], [PROBATION, 25]), "175.00"),
    Trap(
        "sections in CSV",
        b"Organisation,Amount\r\nHealth\r\nSLAM,100\r\nJustice\r\nCAFCASS,50\r\nMOPAC,25\r\n",
        "175.00",
    ),
    Trap(
        "a name without an amount is no section",
        sheet(HEAD, [FIRE, 500], ["Acme Trust"], [COURT, 50]),
        "550.00",
        ("SSCB-AMT-1 B3", "SSCB-ORG-1 A3"),
    ),
    Trap("headings repeated on the second page", sheet(HEAD, *ROWS[:2], HEAD, ROWS[2]), "650.00"),
    *(Trap(f"total called {label}", sheet(HEAD, *ROWS, [label, 650]), "650.00") for label in TOTALS),
    Trap("sum that is wrong", sheet(HEAD, *ROWS, ["Sum", 660]), "650.00", ("SSCB-TOT-1 B5",)),
    Trap(
        "an organisation in capitals is no total",
        sheet(HEAD, [FIRE, "1234.56"], [COURT, "2345.67"], [TRUST, "3580.23"]),
        "7160.46",
    ),
    # amounts beside other numbers
    Trap(
        "prior year beside, in CSV",
        text(["Organisation", "Amount", "Prior year"], [FIRE, 500, 450], [TRUST, 100, 90]),
        "600.00",
    ),
    # units
    *(
        Trap(
            f"{name} said on a sheet of notes",
            book({"Notes": [["About"], [said]], "Data": [HEAD, *ROWS]}),
            "650.00",
            ("SSCB-TAB-12 A2",),
        )
        for name, said in SAYINGS.items()
    ),
    *(
        Trap(f"{name} said above", sheet([said], [], HEAD, *ROWS), "650.00", ("SSCB-TAB-12 A1",))
        for name, said in SAYINGS.items()
    ),
    *(
        Trap(f"{name}, no unit", book({"Notes": [["About"], [said]], "Data": [HEAD, *ROWS]}), "650.00")
        for name, said in PROSE.items()
    ),
    Trap(
        "figure without a label under the table",
        sheet([*HEAD, "Date"], [FIRE, 500, "01/05/2018"], [TRUST, 100, "02/05/2018"], [None, 650, None]),
        "600.00",
        ("SSCB-TAB-18 B4",),
    ),
    Trap(
        "payment beside the table",
        sheet([*HEAD], [FIRE, 500, None, TRUST, 100], [COURT, 50]),
        "550.00",
        ("SSCB-TAB-18 E2",),
    ),
    Trap(
        "signs in a column of their own",
        sheet([*HEAD, "Dr/Cr"], [FIRE, 500, "CR"], [TRUST, 100, "DR"]),
        "600.00",
        ("SSCB-TAB-20 C2",),
    ),
    Trap("units in a row under the headings", sheet(HEAD, [None, "£"], *ROWS), "650.00"),
    Trap("thousands in a row under the headings", sheet(HEAD, [None, "£000"], *ROWS), "650.00", ("SSCB-TAB-11 B2",)),
    Trap("columns numbered under the headings", sheet([*HEAD, "Date"], [1, 2, 3], [FIRE, 5, "01/05/2018"]), "5.00"),
    Trap(
        "a band over some of the headings",
        sheet(["Organisation", "2018-19", None], [None, "Amount", "Date"], [FIRE, 5, "01/05/2018"], merged=["B1:C1"]),
        "5.00",
    ),
    Trap(
        "sections over quarters",
        sheet(["Organisation", "Q1", "Q2", "Q3", "Q4"], ["Health"], [TRUST, 4, 1, 3, 2], ["Fire"], [FIRE, 2, 2, 2, 2]),
        "18.00",
    ),
]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Judged]:
    """Every trap read in one run, each then judged as if it had come alone."""
    folder = tmp_path_factory.mktemp("traps")
    for trap in TRAPS:
        (folder / trap.path).write_bytes(trap.data)
    received = receive(Request(paths=(str(folder),), period="2018-19"))
    assert len(received.files) == len(TRAPS)
    return {
        file.path.rpartition("/")[2]: judge_rows(
            replace(
                received,
                files=(file,),
                submissions=tuple(each for each in received.submissions if each.path == file.path),
                findings=tuple(each for each in received.findings if each.place.file == file.path),
            )
        )
        for file in received.files
    }


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_a_trap_is_read_exactly_or_named_at_its_cell(trap: Trap, judged: Mapping[str, Judged]):
    result = judged[trap.path]
    open_findings = [f for f in result.findings if f.severity is not Severity.WARNING]
    assert sorted(f"{f.code} {f.place.cell or '-'}" for f in open_findings) == sorted(trap.found)
    totals = [each.total for each in result.totals if each.return_name == "contributions" and each.rows]
    assert totals == ([] if trap.total is None else [Decimal(trap.total)])
    if trap.total is not None:
        assert (outcome(result) is Outcome.CLEAN) == (not trap.found)
    else:
        assert outcome(result) is not Outcome.CLEAN
