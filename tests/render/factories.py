"""Hand-made results: small, invented, and of every shape that a renderer has to show."""

from decimal import Decimal

import numpy as np

from sscbtool.core.model import (
    Area,
    Catalogue,
    ColumnHead,
    ColumnTotal,
    Comparator,
    ControlTotal,
    Evidence,
    Figure,
    FigureResult,
    FileFormat,
    FileReport,
    Finding,
    Measure,
    MeasureValue,
    Note,
    Organisation,
    Outcome,
    Place,
    Result,
    ReturnSchema,
    RowCheck,
    RowRole,
    SetAside,
    Severity,
    Status,
    Table,
    TableReport,
)

PERIOD = "2031-32"
FOLDER = "returns/2031-32/"


def return_schema(name, title, *measures):
    return ReturnSchema(
        name=name,
        title=title,
        section=None,
        grain="one row per line",
        columns=(),
        key=(),
        totals=(),
        rules=(),
        measures=measures,
    )


CATALOGUE = Catalogue(
    returns={
        "contributions": return_schema(
            "contributions",
            "Financial contributions received",
            Measure("contributions", "received", "sum(amount)", "GBP", "Total from contributions"),
        ),
        "training_attendance": return_schema(
            "training_attendance",
            "Training bookings and attendance",
            Measure(
                "training_attendance",
                "individuals",
                "count(distinct learner_id)",
                "people",
                "Individuals trained face to face",
                where="booking_status in ('attended', 'walk_in')",
            ),
            Measure("training_attendance", "attendances", "count(*)", "attendances", "Attendances"),
        ),
    },
    organisations=(
        Organisation("NCC", "Northbridge City Council", "local", (), "council", statutory_partner=True),
        Organisation("NHS-NB", "NHS Northbridge Integrated Care Board", "local", (), "health", statutory_partner=True),
        Organisation("NPD", "Northbridge Police", "local", (), "police", statutory_partner=True),
        Organisation("FIRE", "Northbridge Fire and Rescue Service", "local", (), "fire", statutory_partner=False),
    ),
    figures={},
)


def table(sheet="Sheet1", rows=range(5, 11), heads=("Contribution", "Total"), **more):
    rows = np.array(list(rows), dtype=np.int32)
    bottom = int(rows[-1]) + 1 if len(rows) else 4
    return Table(
        sheet=sheet,
        area=Area(4, 1, bottom, len(heads)),
        header_rows=(4,),
        heads=tuple(ColumnHead(i, tuple(name.split(" > ")) if name else ()) for i, name in enumerate(heads, 1)),
        data_rows=rows,
        **more,
    )


def contributions_file(name="finance/contributions received 2031-32.xlsx", kept=6, aside=()):
    total = ControlTotal(
        11,
        2,
        "Total",
        "Total",
        Decimal("1234471.5"),
        Decimal("1234471.5"),
        Decimal("0"),
        agrees=True,
        closes="B5:B10",
    )
    return FileReport(
        path=FOLDER + name,
        sha256="a" * 64,
        format=FileFormat.XLSX,
        tables=(
            TableReport(
                table(set_aside=((11, RowRole.TOTAL),), totals=(total,), notes=(Note(13, 1, "Source: ledger"),)),
                return_name="contributions",
                partner="NCC",
                period=PERIOD,
                recognised_by="columns",
                reasons={"return": "its columns", "partner": "its folder", "period": "its folder"},
                rows_kept=kept,
                rows_set_aside=aside,
            ),
        ),
    )


def attendance_file():
    return FileReport(
        path=FOLDER + "training/attendance.csv",
        sha256="b" * 64,
        format=FileFormat.CSV,
        encoding="utf-8",
        tables=(
            TableReport(
                table(None, range(2, 432), ("Session", "Learner", "Organisation", "Attended")),
                return_name="training_attendance",
                period=PERIOD,
                recognised_by="columns",
                reasons={"return": "its columns", "period": "the dates in its rows"},
                rows_kept=411,
                rows_set_aside=(SetAside("dated outside the period", tuple(range(2, 21))),),
            ),
        ),
    )


REFUSED = FileReport(
    path=FOLDER + "probation/locked.xlsx",
    sha256="c" * 64,
    format=None,
    reason="it is protected by a password",
    hint="Ask the sender for a copy without one.",
)


def finding(code, severity, cell_row, *, file="training/attendance.csv", sheet=None, column=4, **more):
    said = {
        "SSCB-ORG-1": (
            "This organisation is not in the board's register, so it cannot be counted among the organisations.",
            "Write the organisation's full name or its code as the register has it, or ask the board to add it.",
        ),
        "SSCB-MON-1": (
            "This cell should hold an amount of money and cannot be read as one.",
            "Type the amount as 1234.50.",
        ),
        "SSCB-DAT-2": (
            "This attendance is dated outside 2031-32, so it is not counted in it.",
            "Check the date; if it is right, nothing need be done.",
        ),
    }
    message, fix = said[code]
    return Finding(code, severity, message, fix, Place(FOLDER + file, sheet, cell_row, column), **more)


FINDINGS = (
    *(finding("SSCB-ORG-1", Severity.ERROR, row, column=3) for row in (5, 9, 12, *range(20, 34))),
    finding("SSCB-DAT-2", Severity.WARNING, 30, column=2),
    finding(
        "SSCB-MON-1",
        Severity.QUERY,
        7,
        file="finance/contributions received 2031-32.xlsx",
        sheet="Sheet1",
        column=2,
    ),
)


def figure(figure_id, section, statement, value, unit, status, evidenced, difference, **more):
    about = {k: more.pop(k) for k in ("where", "return_name", "measure", "comparator", "note") if k in more}
    about = {
        "return_name": "contributions",
        "measure": "received",
        "where": None,
        "comparator": Comparator.EQUALS,
        "note": None,
        **about,
    }
    return FigureResult(
        Figure(figure_id=figure_id, section=section, statement=statement, value=value, unit=unit, **about),
        status,
        published=value,
        evidenced=evidenced,
        difference=difference,
        **more,
    )


_LEDGER = (Evidence(FOLDER + "finance/contributions received 2031-32.xlsx", "Sheet1", "B5:B10"),)

FIGURES = (
    figure(
        "T01",
        "2.2",
        "training 1,340 individuals across the partnership in the course of the year",
        "1340",
        "people",
        Status.CONTRADICTED,
        1338,
        -2,
        return_name="training_attendance",
        measure="individuals",
        reason="The returns evidence 2 fewer than the report says.",
        rows_counted=411,
        set_aside=(("did not attend", 17), ("dated outside the period", 19)),
        evidence=(Evidence(FOLDER + "training/attendance.csv", None, "B2:B19, B21:B432"),),
    ),
    figure(
        "T02",
        "2.2",
        "modules were completed in year",
        "368",
        "completions",
        Status.NOT_CHECKED,
        None,
        None,
        return_name="elearning_completions",
        measure="completed",
        reason="No elearning_completions was read.",
    ),
    figure(
        "M01",
        "2.4",
        "Northbridge Fire and Rescue Service £500",
        "500.00",
        "GBP",
        Status.HOLDS,
        "500.00",
        "0.00",
        where="organisation = 'FIRE'",
        evidence=(Evidence(_LEDGER[0].file, "Sheet1", "B8"),),
    ),
    figure(
        "M07",
        "2.4",
        "Total from contributions £1,234,471.50",
        "1234471.50",
        "GBP",
        Status.HOLDS,
        "1234471.50",
        "0.00",
        evidence=_LEDGER,
        rows_counted=6,
    ),
    figure(
        "N01",
        "Foreword",
        "the independent chair stepped down in July",
        "2031-07",
        "date",
        Status.NARRATIVE,
        None,
        None,
        return_name=None,
        measure=None,
        comparator=None,
        reason="No return can evidence this sentence.",
    ),
)
GOOD_FIGURES = FIGURES[2:4]

AMOUNTS = {"NCC": "1134421.50", "NHS-NB": "60000.00", "NPD": "39550.00", "FIRE": "500.00"}


def measures():
    def value(measure, partner, quarter, amount, unit, name="training_attendance"):
        return MeasureValue(name, measure, partner, quarter, amount, unit)

    money = [value("received", p, None, Decimal(a), "GBP", "contributions") for p, a in AMOUNTS.items()]
    money.append(value("received", None, None, Decimal("1234471.50"), "GBP", "contributions"))
    people = {
        "NCC": (12, 30, 8, 1004, 1040),
        "NPD": (0, 3, 1, 2, 5),
        None: (12, 33, 9, 1006, 1043),
    }
    quarters = (*(f"{PERIOD} Q{n}" for n in range(1, 5)), None)
    counts = [
        value("individuals", partner, quarter, number, "people")
        for partner, numbers in people.items()
        for quarter, number in zip(quarters, numbers, strict=True)
    ]
    booked = {"NCC": (12, 30, 8, 1004, 1060), "NPD": (0, 3, 1, 2, 6), None: (12, 33, 9, 1009, 1069)}
    rows = [
        value("attendances", partner, quarter, number, "attendances")
        for partner, numbers in booked.items()
        for quarter, number in zip(quarters, numbers, strict=True)
    ]
    return (*money, *counts, *rows)


def document_check(check_id, kind, figures, status, reason):
    return {"check": check_id, "kind": kind, "figures": figures.split(), "status": status, "reason": reason}


DOCUMENT = {
    "reconcile": {
        "document": [
            document_check("D-M07", "sum", "M01 M07", "holds", "The parts come to the published total."),
            document_check("D-P04", "ascending", "P01 P02", "holds", "In order: 4,381, 126,308."),
            document_check(
                "D-I4", "implied_denominator", "P13a/P13b P16a/P16b", "definition_differs",
                "32,034 at 79.0% means 40,524 to 40,575 in all; no one number fits both. Pupils: two ways of counting.",
            ),
            document_check("D-L1", "same_list", "G01 Z01", "contradicted", "G01 and Z01 differ in Neglect."),
        ]
    }
}  # fmt: skip

TOTALS = (ColumnTotal("contributions", "amount", "GBP", 6, Decimal("1234471.5")),)
FILES = (contributions_file(), attendance_file())


def inspected():
    wrong = ControlTotal(
        11, 3, "Total", "2030-31 > Amount (£)", Decimal("13447.5"), Decimal("13447"), Decimal("-0.5"), agrees=False,
        closes="C5:C10",
    )  # fmt: skip
    unreadable = ControlTotal(11, 4, "Total", "Notes", None, None, None, agrees=False, closes="D5:D10")
    right = ControlTotal(
        11, 2, "Total", "2029-30 > Amount (£)", Decimal("1134471.5"), Decimal("1134471.5"), Decimal(0), agrees=True,
        closes="B5:B10",
    )  # fmt: skip
    first = table(
        heads=("Agency", "2029-30 > Amount (£)", "2030-31 > Amount (£)", "Notes", ""),
        totals=(right, wrong, unreadable),
        set_aside=((11, RowRole.TOTAL),),
        row_breaks=(RowCheck(7, 5, (2, 3, -4), Decimal("12.00"), Decimal("11.50")),),
        notes=(Note(1, 1, "Contributions to the board"), Note(13, 1, "1. Provisional until the audit is signed.")),
        hidden_rows=(6, 7, 9),
        hidden_columns=(4,),
    )
    second = table(None, range(0), ("Session",))
    return (
        FileReport(
            FOLDER + "finance/ledger.xlsx",
            "d" * 64,
            FileFormat.XLSX,
            tables=(TableReport(first), TableReport(second)),
            hidden_sheets=("Workings",),
        ),
        FileReport(FOLDER + "empty.csv", "e" * 64, FileFormat.CSV, encoding="cp1252"),
        REFUSED,
    )


def result(command, outcome=Outcome.CLEAN, **more):
    return Result(command=command, period=more.pop("period", PERIOD), outcome=outcome, catalogue=CATALOGUE, **more)


RESULTS = {
    "inspect": result("inspect", Outcome.REFUSED, files=inspected(), period=None),
    "validate": result("validate", Outcome.REFUSED, files=(*FILES, REFUSED), findings=FINDINGS, totals=TOTALS),
    "validate-clean": result("validate", files=FILES, totals=TOTALS),
    "validate-nothing": result("validate", Outcome.INCOMPLETE),
    "ingest": result(
        "ingest", files=FILES, findings=FINDINGS, extra={"ingest": {"stored": 2, "already_stored": 0, "dry_run": False}}
    ),
    "reconcile": result(
        "reconcile", Outcome.FINDINGS, files=FILES, totals=TOTALS, findings=FINDINGS, figures=FIGURES, extra=DOCUMENT
    ),
    "reconcile-clean": result("reconcile", files=FILES[:1], totals=TOTALS, figures=GOOD_FIGURES),
    "trace": result("trace", Outcome.FINDINGS, files=FILES, figures=FIGURES[:1]),
    "summary": result("summary", files=FILES, totals=TOTALS, measures=measures()),
    "schemas-list": result(
        "schemas list",
        period=None,
        extra={
            "schemas": {
                "list": [
                    {"return": "contributions", "title": "Financial contributions received", "rules": 12},
                    {"return": "training_attendance", "title": "Training bookings and attendance", "rules": 11},
                ]
            }
        },
    ),
    "schemas-measures": result(
        "schemas measures",
        period=None,
        extra={
            "schemas": {
                "measures": [
                    {
                        "return": "training_attendance",
                        "measure": "individuals",
                        "title": "Individuals trained face to face",
                        "unit": "people",
                        "sql": "count(distinct learner_id)",
                        "where": "booking_status in ('attended') and session_id in (select session_id from t)",
                    }
                ]
            }
        },
    ),
    "init": result(
        "init", period=None, extra={"init": {"folder": "board", "written": ["sscbtool.toml", "schemas/", "returns/"]}}
    ),
}

HOSTILE = "=cmd|'/c calc'!A1\x1b[31m\x1b]0;owned\x07[red]bold[/red]\u202etxt.exe\x9b2J\r\n<script>|`x`"
"""Escape codes of both widths, rich markup, a formula, a reversed file name, line breaks, HTML and Markdown."""


def hostile_result(command="inspect"):
    """A result with hostile text wherever a sender can put any."""
    total = ControlTotal(11, 2, HOSTILE, HOSTILE, Decimal(1), Decimal(2), Decimal(1), agrees=False, closes="B5:B10")
    found = table(
        sheet=HOSTILE,
        heads=(HOSTILE, "Total"),
        totals=(total,),
        set_aside=((11, RowRole.TOTAL),),
        notes=(Note(1, 1, HOSTILE),),
    )
    path = f"{FOLDER}{HOSTILE}.xlsx"
    return result(
        command,
        Outcome.FINDINGS,
        files=(
            FileReport(
                path,
                "f" * 64,
                FileFormat.XLSX,
                tables=(TableReport(found, "contributions", HOSTILE, PERIOD, "cover", {"partner": HOSTILE}, 6),),
                hidden_sheets=(HOSTILE,),
            ),
        ),
        findings=(Finding("SSCB-X-1", Severity.ERROR, HOSTILE, HOSTILE, Place(path, HOSTILE, 5, 1), HOSTILE),),
        figures=(
            figure("M01", "2.4", HOSTILE, "1.00", "GBP", Status.CONTRADICTED, "2.00", "1.00", reason=HOSTILE,
                   evidence=(Evidence(path, HOSTILE, "B5"),)),
        ),
        measures=(
            MeasureValue("contributions", "received", HOSTILE, None, Decimal("2.00"), "GBP"),
            MeasureValue("contributions", "received", None, None, Decimal("2.00"), "GBP"),
        ),
    )  # fmt: skip
