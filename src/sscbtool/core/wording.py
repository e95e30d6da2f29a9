"""What readers, tables and the grammar of cells noticed -> findings in words that a sender can act on.

A schema file words its own rules; the sentences here are for what no schema needs to say, since it is true of every
return. None of them holds a cell's value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from sscbtool.core.headings import Unit
from sscbtool.core.model import (
    ColumnKind,
    ColumnSpec,
    ControlTotal,
    Finding,
    Grid,
    Place,
    Remark,
    RemarkKind,
    RowCheck,
    RowRole,
    Severity,
    Table,
    column_letters,
)
from sscbtool.core.recognise import HeaderMatch, Recognition, units_by_note
from sscbtool.core.row_years import RowYears
from sscbtool.core.values import FaultKind, Marker, Period

ERROR, QUERY, WARNING = Severity.ERROR, Severity.QUERY, Severity.WARNING
Wording = tuple[str, Severity, str, str]
"""Code, severity, sentence, remedy."""

FAULTS: Mapping[FaultKind, Wording] = {
    FaultKind.SUB_PENNY: (
        "SSCB-CEL-1", ERROR, "The {title} has a fraction of a penny.", "Type it in pounds and pence, such as 1234.50."),
    FaultKind.FOREIGN_CURRENCY: (
        "SSCB-CEL-2", ERROR, "The {title} is in another currency than pounds.", "Give the amount in pounds sterling."),
    FaultKind.NOT_A_NUMBER: (
        "SSCB-CEL-3", ERROR, "The {title} says that it is not a number.", "Type the number, or leave the cell empty."),
    FaultKind.BAD_DIGITS: (
        "SSCB-CEL-4", ERROR, "The {title} is written with characters that only look like plain digits.",
        "Type the number again with the ordinary digit keys."),
    FaultKind.DECIMAL_COMMA: (
        "SSCB-CEL-5", ERROR, "The {title} has a comma where a decimal point is expected.",
        "Write it as 1,234.50: commas between thousands, a point before the pence."),
    FaultKind.AMBIGUOUS_COMMA: (
        "SSCB-CEL-6", ERROR, "The {title} has commas that do not stand between thousands.",
        "Write it as 1234.50 or 1,234.50."),
    FaultKind.IS_A_DATE: (
        "SSCB-CEL-7", ERROR, "The {title} is a date to Excel, not a number.",
        "Format the cell as a number and type the value again."),
    FaultKind.IS_A_BOOL: (
        "SSCB-CEL-8", ERROR, "The {title} is TRUE or FALSE, not a value.", "Type the value again."),
    FaultKind.ERROR_CELL: (
        "SSCB-CEL-9", ERROR, "The {title} holds an Excel error such as #REF!, so its value is unknown.",
        "Mend the formula, or type the value, and save the file again."),
    FaultKind.UNCACHED_FORMULA: (
        "SSCB-CEL-10", ERROR, "The {title} is a formula that was never calculated, so its value is unknown.",
        "Open the file in Excel, let it calculate, and save it again."),
    FaultKind.IMPOSSIBLE_DATE: (
        "SSCB-CEL-11", ERROR, "The {title} is a date that does not exist.", "Type the date as day/month/year."),
    FaultKind.MONTH_FIRST_DATE: (
        "SSCB-CEL-12", ERROR, "The {title} looks like a date with the month first.",
        "Type the date as day/month/year, such as 25/04/2018."),
    FaultKind.SPAN_NOT_A_YEAR: (
        "SSCB-CEL-13", ERROR, "The {title} spans several years and is not one financial year.",
        "Write one financial year, such as 2018-19."),
    FaultKind.TOO_LARGE: (
        "SSCB-CEL-14", ERROR, "The {title} is too large to be right.", "Check the amount and type it again."),
    FaultKind.IS_A_PERCENT: (
        "SSCB-CEL-15", ERROR, "The {title} is a percentage, not an amount.", "Give the amount in pounds and pence."),
    FaultKind.NEGATIVE_COUNT: (
        "SSCB-CEL-16", ERROR, "The {title} is a count below nought.", "Type the count as a whole number."),
    FaultKind.FRACTIONAL_COUNT: (
        "SSCB-CEL-17", ERROR, "The {title} is a count with a fraction.", "Type the count as a whole number."),
    FaultKind.AMBIGUOUS_POINT: (
        "SSCB-CEL-18", ERROR, "The {title} has a point that may stand for thousands or for pence.",
        "Write it as 1,500.00 or 1.50."),
    FaultKind.TWO_DIGIT_YEAR: (
        "SSCB-CEL-19", ERROR, "The {title} has a year of two digits that may be of either century.",
        "Type the year with four digits."),
    FaultKind.SCALED_FORMAT: (
        "SSCB-CEL-26", ERROR, "The {title} is shown with a unit such as thousands or pence that its number lacks.",
        "Type the amount in pounds and pence, under an ordinary number format."),
    FaultKind.ZERO_FORMULA: (
        "SSCB-CEL-25",
        QUERY,
        "The {title} is a formula standing at nought, like each formula of its column; maybe it was never worked out.",
        "Open the file in Excel, let it calculate, and save it again; or confirm that nought is right.",
    ),
    FaultKind.HIDDEN_CHARACTERS: (
        "SSCB-CEL-21", ERROR, "The {title} holds characters that cannot be seen.", "Type the value again by hand."),
    FaultKind.UNDECODABLE: (
        "SSCB-CEL-22", ERROR, "The {title} holds letters that cannot be read in the file's encoding.",
        "Save the file as CSV UTF-8 and send it again."),
    FaultKind.MOJIBAKE: (
        "SSCB-CEL-23", ERROR, "The {title} looks garbled by saving the file in another encoding.",
        "Save it from the original as CSV UTF-8."),
    FaultKind.TOO_LONG: (
        "SSCB-CEL-24", ERROR, "The {title} has more characters than any value has.", "Type the value alone."),
}  # fmt: skip

UNREADABLE: Mapping[ColumnKind, Wording] = {
    kind: (f"SSCB-KIND-{number}", ERROR, f"The {{title}} cannot be read as {what}.", fix)
    for number, (kind, what, fix) in enumerate(
        (
            (ColumnKind.MONEY, "an amount of money", "Type the amount as a plain number, such as 1234.50."),
            (ColumnKind.COUNT, "a whole number", "Type the number alone, and keep remarks in another column."),
            (ColumnKind.PERCENT, "a percentage", "Type it as 22.5%."),
            (ColumnKind.NUMBER, "a number", "Type the number alone, and keep remarks in another column."),
            (ColumnKind.DATE, "a date", "Type the date as day/month/year, such as 01/05/2018."),
            (ColumnKind.PERIOD, "a financial year or quarter", "Write it as 2018-19 or 2018-19 Q1."),
            (ColumnKind.CODE, "one of the values that the board knows", "Use one of the values in the template."),
            (ColumnKind.ORGANISATION, "an organisation", "Write the organisation's name."),
            (ColumnKind.PERSON, "a person's reference", "Type the reference."),
            (ColumnKind.TEXT, "text", "Type the text."),
        ),
        start=1,
    )
}
"""For a cell that is none of what its column's grammar takes; a schema's own ``kind`` rule words it better."""

MARKER: Wording = (
    "SSCB-CEL-20", QUERY, "The {title} is marked as withheld, missing or not applicable, so it is not counted.",
    "Give the value if it may be given; if not, say why.")  # fmt: skip

LEDGER_INCOMPLETE: Wording = (
    "SSCB-CLO-1", ERROR,
    "The ledger extract has {what} {read} and {stated} is stated, so it is not complete and was not used.",
    "Export the ledger again in full, or correct the figure stated.")  # fmt: skip
NO_CONTROL_TOTAL: Wording = (
    "SSCB-CLO-2", WARNING,
    "Nothing states what this ledger extract must come to, so it cannot be told whether it is complete.",
    "Give its total with --control-total, or state it on a cover sheet.")  # fmt: skip
BAD_SPLIT: Wording = (
    "SSCB-CLO-3", ERROR,
    "The parts of this ledger line add up to {parts} and the line is {whole}; the rest stays with the fund asked for.",
    "Correct the parts, so that they add up to the line.")  # fmt: skip

REMARKS: Mapping[RemarkKind, Wording] = {
    RemarkKind.NAME_MISMATCH: (
        "SSCB-FIL-1", WARNING, "The file's name says another format than its content; it was read as {detail}.",
        "Save it under a name that fits, with Save As."),
    RemarkKind.MACROS: (
        "SSCB-FIL-2", QUERY, "The workbook carries macros; they were not run.", "Send it as .xlsx, without macros."),
    RemarkKind.RAGGED_ROW: (
        "SSCB-FIL-3", ERROR, "This row has more or fewer fields than the heading; values may be in wrong columns.",
        "Put quotation marks around text that holds a comma, and send the file again."),
    RemarkKind.CANNOT_TELL_HIDDEN: (
        "SSCB-FIL-4", WARNING, "In this format it cannot be told which rows are hidden or which cells are errors.",
        "Send it as .xlsx."),
    RemarkKind.ASSUMED_ENCODING: (
        "SSCB-FIL-5", WARNING, "The file does not say how its letters are stored; it was read as {detail}.",
        "Save it as CSV UTF-8 if names look wrong."),
    RemarkKind.UNDECODABLE: (
        "SSCB-FIL-6", ERROR, "Some letters here cannot be read in the file's encoding.", "Save it as CSV UTF-8."),
    RemarkKind.MOJIBAKE: (
        "SSCB-FIL-7", QUERY, "Text here looks garbled by saving it twice in different encodings.",
        "Save it from the original as CSV UTF-8."),
    RemarkKind.HIDDEN_SHEET: (
        "SSCB-FIL-8", WARNING, "The workbook has a hidden sheet, which was not read.",
        "Show the sheet if its rows are meant to count, or take it out."),
    RemarkKind.FILTERED: (
        "SSCB-FIL-9", WARNING, "The sheet has a filter; rows that it hides were counted all the same.",
        "Clear the filter, so that everybody sees what is counted."),
    RemarkKind.UNCLOSED_QUOTE: (
        "SSCB-FIL-10", ERROR, "A quotation mark is never closed, so rows may have run together.",
        "Close or remove the quotation mark and send the file again."),
    RemarkKind.EPOCH_1904: (
        "SSCB-FIL-14", WARNING, "The workbook counts days from 1904; dates typed as bare numbers were read by that.",
        "Nothing need be done if the dates are right."),
    RemarkKind.EXTERNAL_LINK: (
        "SSCB-FIL-11", WARNING, "Cells take their values from another workbook, as they were when it was last open.",
        "Paste the values, and send the file again."),
}  # fmt: skip


def of_fault(kind: FaultKind | Marker, spec: ColumnSpec, place: Place) -> Finding:
    """The finding for a cell that could not be read under its column's grammar."""
    if isinstance(kind, Marker):
        return say(MARKER, place, spec.name, title=spec.title.lower())
    return say(FAULTS.get(kind) or UNREADABLE[spec.kind], place, spec.name, title=spec.title.lower())


def is_particular(kind: FaultKind | Marker, of: ColumnKind) -> bool:
    """Whether the fault has a sentence of its own, that a schema's general one would only blur.

    That something is no number says no more in a column of plain numbers than that it cannot be read.
    """
    return isinstance(kind, Marker) or (
        kind in FAULTS and (kind is not FaultKind.NOT_A_NUMBER or of is not ColumnKind.NUMBER)
    )


def of_remark(remark: Remark, file: str) -> Finding:
    """The finding for what a reader noticed about a file."""
    return say(REMARKS[remark.kind], Place(file, remark.sheet, remark.row, remark.column), None, detail=remark.detail)


def of_table(table: Table, file: str) -> Iterator[Finding]:
    """What a table itself shows: hidden rows and columns, repeated headers, rows that contradict their own total."""
    place = Place(file, table.sheet, table.area.top)
    if table.hidden_rows:
        yield say(
            HIDDEN,
            Place(file, table.sheet, table.hidden_rows[0]),
            None,
            what=_rows(table.hidden_rows),
            be=_be(table.hidden_rows),
        )
    if table.hidden_columns:
        letters = ", ".join(column_letters(number) for number in table.hidden_columns)
        yield say(
            HIDDEN,
            place,
            None,
            what=f"{'Column' if len(table.hidden_columns) == 1 else 'Columns'} {letters}",
            be=_be(table.hidden_columns),
        )
    for row, role in table.set_aside:
        if role is RowRole.REPEATED_HEADER:
            yield say(REPEATED_HEADER, Place(file, table.sheet, row), None)
    for row in table.ragged_rows:
        yield say(REMARKS[RemarkKind.RAGGED_ROW], Place(file, table.sheet, row), None)
    for check in table.row_breaks:
        yield of_row_break(check, table, file)


HIDDEN: Wording = (
    "SSCB-TAB-1", WARNING, "{what} {be} hidden in the sender's view and counted all the same.",
    "Show them, so that everybody sees what is counted, or take them out.")  # fmt: skip
REPEATED_HEADER: Wording = (
    "SSCB-TAB-2",
    WARNING,
    "The heading stands here a second time; the row was not counted.",
    "Take the row out.",
)
ROW_BREAK: Wording = (
    "SSCB-TAB-3", QUERY, "The total stated in this row is {amount} {way} than the columns it adds up.",
    "Check the amounts of the row and its total.")  # fmt: skip
TOTAL: Wording = (
    "SSCB-TAB-4", QUERY, "The total stated here is {amount} {way} than the {closes} that it closes.",
    "Check the rows and the total.")  # fmt: skip
TOTAL_UNREADABLE: Wording = (
    "SSCB-TAB-5", QUERY, "The total stated here, or a row that it closes, cannot be read, so it was not checked.",
    "Type the total again, or mend the row.")  # fmt: skip


SAME_BYTES: Wording = (
    "SSCB-FIL-12",
    WARNING,
    "This is the same file as {other}, byte for byte; it was counted once.",
    "Take one of them out.",
)
RESTATEMENT: Wording = (
    "SSCB-RST-1",
    WARNING,
    "A restatement: this return is final or revised, and does not bear out what {period} published as {figures}.",
    "Say so in the report where the year is compared with, or ask the sender why the numbers changed.",
)
NEAR_KEY: Wording = (
    "SSCB-KEY-1",
    QUERY,
    "This {title} differs from another only by capitals, marks or look-alike letters; they count as two.",
    "Write it in one way throughout, or confirm that they are two.",
)
IMITATION: Wording = (
    "SSCB-ORG-9",
    ERROR,
    "This name only looks like that of a registered organisation: a letter is of another alphabet.",
    "Type the name again by hand.",
)
NO_TABLE: Wording = (
    "SSCB-FIL-13",
    ERROR,
    "No table with a heading and rows was found in this file, so nothing of it was checked.",
    "Send the rows under one line of headings.",
)
NO_ROWS: Wording = (
    "SSCB-TAB-6",
    ERROR,
    "There are headings here but no rows under them.",
    "Send the rows, or say on the cover sheet that it is a nil return.",
)
NO_PERIOD: Wording = (
    "SSCB-PER-1",
    ERROR,
    "It is not said which year these rows belong to, so they were not counted.",
    "Give the date of each row, put the file in a folder named for the year, or say it with --period.",
)
UNKNOWN_TABLE: Wording = (
    "SSCB-TAB-7",
    ERROR,
    "The columns of this table answer to no return that the board knows, so it was not checked.",
    "Use the headings of the template, or say which return it is with --return.",
)
LACKS: Wording = (
    "SSCB-TAB-8",
    ERROR,
    "This looks like {title}, but it has no column for {missing}, so it was not checked.",
    "Add the column, or use the headings of the template.",
)
TIED: Wording = (
    "SSCB-TAB-9",
    ERROR,
    "The columns of this table answer equally to {returns}, so it was not checked.",
    "Say which return it is on the cover sheet or with --return.",
)
AMBIGUOUS: Wording = (
    "SSCB-TAB-10",
    ERROR,
    "More than one heading answers to {name} (columns {letters}), so the table was not checked.",
    "Leave one of the columns, or name them differently.",
)
UNITS: Mapping[Unit, str] = {
    Unit.SCALED: "in thousands or millions",
    Unit.PENCE: "in pence",
    Unit.FOREIGN: "in another currency",
}
UNIT: Wording = (
    "SSCB-TAB-11",
    ERROR,
    "The heading says that the amounts are {unit}; they were read as pounds.",
    "Give the amounts in pounds and pence, or mend the heading.",
)
UNIT_BY_NOTE: Wording = (
    "SSCB-TAB-12",
    QUERY,
    "A title or note by the table says that amounts are {unit}; they were read as pounds.",
    "Give the amounts in pounds and pence, or take the note out.",
)
SPLIT: Wording = (
    "SSCB-TAB-16",
    ERROR,
    "This amount seems to be cut in two by its own comma: the next column holds its thousands.",
    "Put quotation marks around amounts with commas, or write them without.",
)
STRAY: Wording = (
    "SSCB-TAB-17",
    ERROR,
    "A payment stands here outside the table, beside the name of an organisation; it was not counted.",
    "Move the row below the headings, among the others.",
)
STRAY_FIGURE: Wording = (
    "SSCB-TAB-18",
    QUERY,
    "A figure stands here in line with the amounts but outside the table; it was not counted.",
    "Move it among the rows if it is a payment, or take it out.",
)
SIGNED: Wording = (
    "SSCB-TAB-20",
    QUERY,
    "This row is called a credit in a column of its own; its amount was counted with the sign that it has.",
    "Write a minus sign before amounts that are taken away.",
)
SPOKEN_AGAINST: Wording = (
    "SSCB-TAB-21",
    QUERY,
    "A column that is not read says that this row is cancelled, expected or not paid; its amount was counted.",
    "Take the row out if nothing was paid, or say that it was.",
)
UNIT_OF_ROW: Wording = (
    "SSCB-TAB-22",
    ERROR,
    "This row says that its amount is {unit}; it was read as pounds.",
    "Give the amount in pounds and pence.",
)
COVERED: Wording = (
    "SSCB-TAB-19",
    QUERY,
    "A merged cell hides this amount; it was counted all the same.",
    "Take the merge apart, and keep or clear what it hides.",
)
CURRENCY: Wording = (
    "SSCB-TAB-15",
    ERROR,
    "The currency of this row is not pounds; its amount was read as pounds.",
    "Give the amount in pounds sterling.",
)
RIVAL: Wording = (
    "SSCB-TAB-13",
    QUERY,
    "Column {letters} may hold the {name} as well; column {taken} was read.",
    "Say which of the columns is meant, and leave the other out.",
)
TWO_TABLES: Wording = (
    "SSCB-TAB-14",
    QUERY,
    "Another table of this file answers to the same return for the same year; both were counted.",
    "Say whether both count; if one repeats or sums up the other, take it out.",
)
SENT_AGAIN: Wording = (
    "SSCB-FIL-15",
    WARNING,
    "Another file of the same sender gives a different amount for the same organisation and date; both were counted.",
    "Take the older file away if this one corrects it (sscbtool ingest FILE --replaces ID), or confirm both.",
)
OTHER_YEAR: Wording = (
    "SSCB-PER-2",
    QUERY,
    "The heading, title or sheet speaks of {stated}, the {other} of {period}; {stated} was taken.",
    "Mend the title, or put the file where its year belongs.",
)
OTHER_YEAR_ASKED: Wording = (
    "SSCB-PER-3",
    WARNING,
    "The heading, title or sheet speaks of {stated}, so its rows do not count for {period}.",
    "Check the year; if it is right, nothing need be done.",
)
ROW_OF_OTHER_YEAR: Wording = (
    "SSCB-PER-4",
    WARNING,
    "This row states another year than {period}, so it does not count for it.",
    "Check the year; if it is right, nothing need be done.",
)
YEARS_UNCLEAR: Wording = (
    "SSCB-PER-5",
    QUERY,
    "Column {letter} gives years that may not run from April to March; its rows were counted for {period}.",
    "Write financial years, such as 2018-19, or give the date of each row.",
)
FALSE_LIST: Wording = (
    "SSCB-ANN-1",
    QUERY,
    "This sheet calls itself the list of faults that sscbtool makes, but is not as the tool made it; it was read.",
    "Take out what was added to the list, or delete the sheet.",
)
MORE_THAN_FORM: Wording = (
    "SSCB-ANN-2",
    WARNING,
    "This sheet of the form holds other words than the form's own; it was read like any other sheet.",
    "Put rows on the sheet for rows, and leave the sheets that explain as they are.",
)
COVER_UNREADABLE: Wording = (
    "SSCB-CON-3",
    ERROR,
    "The control total that the cover sheet states here cannot be read, so the rows were not held against it.",
    "Type it as a plain number, such as 12 or 1234.50.",
)
COVER_NO_TOTAL: Wording = (
    "SSCB-CON-4",
    QUERY,
    "The cover sheet states a control total of value, but the return has no column that is totalled.",
    "Leave it empty; the number of rows is enough.",
)
NIL_WITH_ROWS: Wording = (
    "SSCB-CON-5",
    ERROR,
    "The cover sheet says that this is a nil return, but there are rows.",
    "Say no on the cover sheet, or take the rows out.",
)
COVER_ROWS: Wording = (
    "SSCB-CON-1",
    ERROR,
    "The cover sheet states {stated} rows and {read} were read.",
    "Correct the rows or the cover sheet.",
)
COVER_VALUE: Wording = (
    "SSCB-CON-2",
    ERROR,
    "The cover sheet states another control total than the rows come to.",
    "Correct the rows or the cover sheet.",
)

LEFT_BEHIND: Wording = (
    "SSCB-STO-1",
    QUERY,
    "The {title} of this file still counts, and the returns folder no longer holds it.",
    "Put it back; or take it out: sscbtool store forget {version}; or say with sscbtool explain why it is to count.",
)
OVERWRITTEN_WITHOUT: Wording = (
    "SSCB-STO-2",
    QUERY,
    "The {title} that this file held still counts, and the file that has taken its place does not hold it.",
    "Ask for all of it; or take it out: sscbtool store forget {version}; or say with sscbtool explain why it counts.",
)


def of_unrecognised(table: Table, file: str, recognition: Recognition, *, answered: bool) -> Finding:
    """A table that is no return: a warning where another table of its file is one."""
    place = Place(file, table.sheet, table.area.top)
    near = recognition.nearest
    if recognition.tied:
        finding = say(TIED, place, None, returns=" and ".join(recognition.tied))
    elif near and near.ambiguous and not near.missing:
        name, numbers = next(iter(near.ambiguous.items()))
        letters = " and ".join(column_letters(number) for number in numbers)
        finding = say(AMBIGUOUS, place, name, name=name.replace("_", " "), letters=letters)
    elif near and len(near.missing) == 1:
        missing = near.missing[0].replace("_", " ")
        finding = say(LACKS, place, None, title=near.return_name.replace("_", " "), missing=missing)
    else:
        finding = say(UNKNOWN_TABLE, place, None)
    softened = answered and finding.code == UNKNOWN_TABLE[0]
    return replace(finding, severity=WARNING) if softened else finding


def of_match(grid: Grid, match: HeaderMatch, table: Table, file: str) -> Iterator[Finding]:
    """What the headings of a recognised table say against it."""
    row = table.header_rows[-1] if table.header_rows else table.area.top
    for number, unit in match.units.items():
        yield say(UNIT, Place(file, table.sheet, row, number), None, unit=UNITS[unit])
    for note, unit in units_by_note(grid, table) if match.money else ():
        yield say(UNIT_BY_NOTE, Place(file, table.sheet, note.row, note.column), None, unit=UNITS[unit])
    for name, numbers in match.rivals.items():
        letters = " and ".join(column_letters(number) for number in numbers)
        taken = column_letters(match.columns[name])
        yield say(RIVAL, Place(file, table.sheet, row, numbers[0]), name, name=name, letters=letters, taken=taken)


def of_row_years(
    said: RowYears, undated: Sequence[bool], rows: Sequence[int], period: Period | None, table: Table, file: str
) -> Iterator[Finding]:
    """Rows without a date that state another year than the table's, or a year that may be no financial one."""
    if period is None:
        return
    year = str(Period(period.year))
    for row in sorted({int(row) for row, alone in zip(rows, undated, strict=True) if alone}):
        place = Place(file, table.sheet, row, said.column)
        if row == said.first_unclear:
            yield say(YEARS_UNCLEAR, place, None, letter=column_letters(said.column), period=year)
        elif row in said.periods and said.periods[row].year != period.year:
            yield say(ROW_OF_OTHER_YEAR, place, None, period=year)


def of_row_break(check: RowCheck, table: Table, file: str) -> Finding:
    """A row whose own total column does not equal the columns that it adds up."""
    return say(ROW_BREAK, Place(file, table.sheet, check.row, check.column), None, **_difference(check.difference))


def of_control(row: int, column: int, difference: Decimal | None, table: Table, file: str) -> Finding:
    """A row's stated total that differs from the columns that were unpivoted, or cannot be read."""
    place = Place(file, table.sheet, row, column)
    return (
        say(TOTAL_UNREADABLE, place, None)
        if difference is None
        else say(ROW_BREAK, place, None, **_difference(difference))
    )


def of_total(total: ControlTotal, table: Table, file: str) -> Finding:
    """A total row that does not add up, where no schema words it."""
    place = Place(file, table.sheet, total.row, total.column)
    if total.difference is None:
        return say(TOTAL_UNREADABLE, place, None)
    return say(TOTAL, place, None, closes=f"rows {total.closes}".rstrip(), **_difference(total.difference))


def _difference(computed_less_stated: Decimal) -> dict[str, str]:
    """Stated minus computed in words."""
    size = abs(computed_less_stated)
    amount = f"{size:,.2f}" if size != size.to_integral_value() else f"{size:,.0f}"
    return {"amount": amount, "way": "less" if computed_less_stated > 0 else "more"}


def _rows(rows: tuple[int, ...]) -> str:
    few = ", ".join(str(row) for row in rows[:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    return f"{'Row' if len(rows) == 1 else 'Rows'} {few}{more}"


def _be(several: tuple[int, ...]) -> str:
    return "is" if len(several) == 1 else "are"


def say(wording: Wording, place: Place, column: str | None, **words: str) -> Finding:
    """A finding from a wording and the words that fill it."""
    code, severity, sentence, fix = wording
    return Finding(code, severity, sentence.format_map(words), fix, place, column)
