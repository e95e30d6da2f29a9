"""Binary xlsb workbooks by calamine, which tells neither what is hidden nor what is an error: that is remarked."""

from __future__ import annotations

import datetime as dt
import io
import math

import python_calamine

from sscbtool.core.model import FileFormat, Grid, Kind, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers.grid import CellBudget, GridBuilder
from sscbtool.edge.readers.parts import Parts, broken
from sscbtool.edge.readers.stored import clock_text, number_text

TEXT, NUMBER, DATE, BOOL = (int(k) for k in (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.BOOL))

HALF_SECOND = dt.timedelta(microseconds=500_000)


def read_xlsb(data: bytes | memoryview, limits: Limits) -> Workbook:
    """The visible worksheets of an xlsb file. InputRefused for a file that is broken or beyond the limits."""
    remarks = [Remark(RemarkKind.CANNOT_TELL_HIDDEN)]
    if Parts(data, limits).ending("/vbaproject.bin"):
        remarks.append(Remark(RemarkKind.MACROS))
    budget = CellBudget(limits)
    grids: list[Grid] = []
    hidden: list[str] = []
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet]
        if len(sheets) > limits.sheets:
            message = f"it has more than {limits.sheets} sheets"
            raise broken(message)
        for sheet in sheets:
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible:
                grids.append(_grid(book.get_sheet_by_name(sheet.name), budget))
            else:
                hidden.append(sheet.name)
                remarks.append(Remark(RemarkKind.HIDDEN_SHEET, sheet=sheet.name))
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        message = "it is no whole workbook: its records break off or contradict each other"
        raise broken(message) from error
    return Workbook(format=FileFormat.XLSB, grids=tuple(grids), hidden_sheets=tuple(hidden), remarks=tuple(remarks))


def _grid(sheet: python_calamine.CalamineSheet, budget: CellBudget) -> Grid:
    builder = GridBuilder(sheet.name, budget)
    top, left = sheet.start or (0, 0)
    for i, row in enumerate(sheet.to_python(skip_empty_area=True), top + 1):
        for j, value in enumerate(row, left + 1):
            if value != "":
                builder.add(i, j, *_cell(value))
    return builder.build()


def _cell(value: object) -> tuple[str, int]:
    """Canonical text and ``Kind`` of what calamine made of a cell."""
    match value:
        case bool():
            return ("TRUE" if value else "FALSE"), BOOL
        case int():
            return str(value), NUMBER
        case float():
            return (number_text(value), NUMBER) if math.isfinite(value) else (str(value), TEXT)
        case dt.datetime():
            moment = (value + HALF_SECOND).replace(microsecond=0)
            return (moment.date().isoformat() if moment.time() == dt.time(0) else moment.isoformat()), DATE
        case dt.date():
            return value.isoformat(), DATE
        case dt.time():
            return value.replace(microsecond=0).isoformat(), DATE
        case dt.timedelta():
            return clock_text(round(value.total_seconds())), DATE
        case _:
            return str(value), TEXT
