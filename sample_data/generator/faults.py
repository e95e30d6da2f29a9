"""The faulty twin's faults: each stands in one cell, and one finding must be raised there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from generator.files import YEAR_END, File, Formula, Sheet, to_nothing


@dataclass(frozen=True)
class Plant:
    """A fault: what is put into one cell of a clean file, and the finding that it must raise there."""

    file: str
    sheet: str | None
    cell: str
    code: str
    severity: str
    what: str


def faulty(clean: list[File]) -> tuple[list[File], list[Plant]]:
    """The clean year with a fault in each of many cells, and where each one stands."""
    files = {file.path: file for file in deepcopy(clean)}
    plants: list[Plant] = []

    def plant(path: str, sheet: str | None, row: int, faults: dict[int, tuple[str, str, str]], *values: Any) -> None:
        page = files[path].sheet(sheet)
        page.row(row, *values)
        for column, (code, severity, what) in faults.items():
            plants.append(Plant(path, sheet, f"{chr(64 + column)}{row}", code, severity, what))

    _plant_contributions(plant)
    training = next(path for path in files if "training record" in path)
    _plant_sessions(plant, training, files[training].sheet("Sessions"))
    _plant_attendance(plant, training, files[training].sheet("Attendance"))
    export = next(path for path in files if "elearning" in path)
    _plant_learning(plant, export, files[export].sheet(None))
    empty = File("NPS/NPS contribution 2018-19.xlsx", [], to_nothing)
    plants.append(Plant(empty.path, None, "", "", "refused", "a file without bytes"))
    return [*files.values(), empty], plants


Planter = Callable[..., None]


def _plant_contributions(plant: Planter) -> None:
    day = dt.date(2018, 8, 1)
    path, sheet = "MOPAC/MOPAC payments to SSCB.xlsx", "Payments"
    unknown = ("SSCB-ORG-1", "error", "an organisation that is not in the register")
    plant(path, sheet, 4, {1: unknown}, "Police Benevolent League", Decimal("100.00"), day)
    uncached = ("SSCB-CEL-10", "error", "a formula that was never calculated")
    plant(path, sheet, 5, {2: uncached}, "Police (MOPAC)", Formula("=2500*2", None), day)

    path, sheet = "SLAM/SLaM remittances.xlsx", "Sheet1"
    plant(path, sheet, 4, {2: ("SSCB-CEL-2", "error", "an amount in euros")}, "SLaM", "€250.00", "10/10/2018")
    plant(path, sheet, 5, {2: ("SSCB-AMT-2", "error", "words for an amount")}, "SLaM", "see invoice", "15/10/2018")
    plant(path, sheet, 6, {2: ("SSCB-CEL-1", "error", "a fraction of a penny")}, "SLaM", "£10.005", "16/10/2018")
    repeat = ("SSCB-AMT-4", "query", "the payment of row 3 a second time")
    plant(path, sheet, 7, {1: repeat}, "SLaM", "£2,500.00", "11/12/2018")
    plant(path, sheet, 8, {2: ("SSCB-AMT-1", "error", "no amount beside a name")}, "SLaM", None, "12/12/2018")
    plant(path, sheet, 9, {1: ("SSCB-ORG-2", "error", "an amount without a payer")}, None, "£75.00", "13/12/2018")

    path = "CCG/Southwark CCG quarterly contribution.xlsx"
    lost = ("SSCB-CEL-9", "error", "an error cell for the second quarter")
    plant(path, "SSCB", 5, {3: lost}, None, None, Formula("=#REF!", "#REF!"))

    path = "LFB/LFB contribution.xls"
    plant(path, "LFB", 4, {2: ("SSCB-AMT-3", "query", "a negative amount")}, "London Fire Brigade", Decimal(-75), day)
    plant(path, "LFB", 5, {2: ("SSCB-CEL-8", "error", "TRUE for an amount")}, "London Fire Brigade", True, day)

    path = "LBS/Southwark Council SSCB journals 2018-19.xlsx"
    swapped = ("SSCB-TOT-1", "error", "a stated total with two digits swapped")
    plant(path, "Journals", 10, {4: swapped}, "Total", None, None, Formula("=SUM(D6:D9)", Decimal("63412.50")))

    path, name = "CAFCASS/AR_EXTRACT_SSCB.csv", "CAFCASS"
    impossible = ("SSCB-CEL-11", "error", "the 31st of June")
    plant(path, None, 5, {2: impossible}, "1900044901", "31/06/2018", name, "SSCB", "11.00")
    american = ("SSCB-CEL-12", "error", "a date with the month first")
    plant(path, None, 6, {2: american}, "1900044902", "07/25/2018", name, "SSCB", "12.00")
    plant(
        path,
        None,
        7,
        {5: ("SSCB-CEL-5", "error", "a decimal comma")},
        "1900044903",
        "26/07/2018",
        name,
        "SSCB",
        "1.234,50",
    )


def _plant_sessions(plant: Planter, path: str, sheet: Sheet) -> None:
    """New rows between the last session and the total, which then adds them up too."""
    first = sheet.last_row
    total = {column: sheet.cells.pop((first, column)) for column in (1, 9, 10)}
    again, day = sheet.cells[first - 1, 1], dt.date(2018, 9, 12)
    rest = ("13:30-16:30", "Face to face")

    def row(faults: dict[int, tuple[str, str, str]], *values: Any) -> None:
        plant(path, "Sessions", max(first, sheet.last_row + 1), faults, *values)

    row({1: ("SSCB-SES-1", "error", "a reference used twice")}, again, "Neglect", day, *rest, "Delivered", "SSCB")
    row({3: ("SSCB-SES-3", "error", "a session without a date")}, "SB301", "Neglect", None, *rest, "Delivered", "SSCB")
    row({6: ("SSCB-COD-1", "error", "a status nobody knows")}, "SB302", "Neglect", day, *rest, "Tentative", "SSCB")
    row({6: ("SSCB-SES-4", "error", "no status")}, "SB303", "Neglect", day, *rest, None, "SSCB")
    row(
        {5: ("SSCB-COD-2", "error", "an unknown way of delivery")},
        "SB304",
        "Neglect",
        day,
        rest[0],
        "Pigeon post",
        "Ran",
    )
    more = ("SSCB-SES-7", "query", "more bookings than places")
    row({10: more}, "SB305", "Neglect", day, *rest, "Delivered", "SSCB", "Annexe", 24, 27)
    last = sheet.last_row
    for column, cell in total.items():
        if isinstance(cell, Formula):
            letter = "ABCDEFGHIJ"[column - 1]
            numbers = [sheet.cells.get((row, column), 0) for row in range(6, last + 1)]
            cell = Formula(f"=SUM({letter}6:{letter}{last})", sum(numbers))
        sheet.cells[last + 1, column] = cell


def _plant_attendance(plant: Planter, path: str, sheet: Sheet) -> None:
    # On a session that counts, so that the figures no longer come out either.
    one = max(row for row in range(4, sheet.last_row + 1) if sheet.cells[row, 2] <= YEAR_END)
    session, date, learner = (sheet.cells[one, column] for column in (1, 2, 3))
    agency, role, came = "Southwark Council", "Social Worker", "Attended"

    def row(faults: dict[int, tuple[str, str, str]], *values: Any) -> None:
        plant(path, "Attendance", sheet.last_row + 1, faults, *values)

    row({1: ("SSCB-ATT-1", "error", "a person twice on one list")}, session, date, learner, agency, role, came)
    row({1: ("SSCB-ATT-2", "error", "a session that is not in the list")}, "SB999", date, "L9001", agency, role, came)
    row({3: ("SSCB-ATT-3", "error", "no learner reference")}, session, date, None, agency, role, came)
    mailbox = ("SSCB-ATT-4", "query", "a shared mailbox for a person")
    row({3: mailbox}, session, date, "office@school.example", agency, role, came)
    row({6: ("SSCB-ATT-5", "error", "no attendance status")}, session, date, "L9002", agency, role, None)
    row(
        {6: ("SSCB-COD-4", "error", "an attendance status nobody knows")}, session, date, "L9003", agency, role, "Maybe"
    )
    lookalike = ("SSCB-ORG-1", "error", "a registered name with a Cyrillic letter in it")
    row({4: lookalike}, session, date, "L9004", "Kettlebr\u0456dge Primary School", role, came)
    row({2: ("SSCB-DAT-1", "error", "words for a date")}, session, "last Tuesday", "L9005", agency, role, came)


def _plant_learning(plant: Planter, path: str, sheet: Sheet) -> None:
    module = ("SC101", "Safeguarding Children: Level 1", "Children")
    first = [sheet.cells.get((2, column)) for column in range(1, 10)]
    twin = next(
        [sheet.cells.get((row, column)) for column in range(1, 10)]
        for row in range(2, sheet.last_row + 1)
        if sheet.cells.get((row, 8)) == "Completed" and "2018" in str(sheet.cells.get((row, 7)))
    )
    assert len(first) == len(twin)

    def row(faults: dict[int, tuple[str, str, str]], *values: Any) -> None:
        plant(path, None, sheet.last_row + 1, faults, *values)

    row({1: ("SSCB-ELC-1", "query", "one completion twice")}, *twin)
    early = ("SSCB-ELC-3", "error", "completed before it was started")
    row({7: early}, "L9101", "CAFCASS", *module, "02/08/2018", "01/08/2018", "Completed", "90")
    over = ("SSCB-ELC-4", "error", "a score above 100")
    row({9: over}, "L9102", "CAFCASS", *module, "01/08/2018", "02/08/2018", "Completed", "120")
    undated = ("SSCB-ELC-5", "error", "completed without a date")
    row({7: undated}, "L9103", "CAFCASS", *module, "01/08/2018", "", "Completed", "90")
    strange = ("SSCB-COD-5", "error", "a status nobody knows")
    row({8: strange}, "L9104", "CAFCASS", *module, "01/08/2018", "02/08/2018", "Paused", "")
    half = ("SSCB-CEL-17", "error", "a score with a fraction")
    row({9: half}, "L9105", "CAFCASS", *module, "01/08/2018", "02/08/2018", "Completed", "88.5")
