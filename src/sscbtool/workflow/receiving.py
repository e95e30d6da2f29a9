"""From paths to rows: collect, open and locate (both in child processes), recognise, normalise.

What a file is (return, partner, period) is decided here, each with its reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sscbtool.core.model import (
    Catalogue,
    ColumnKind,
    FileReport,
    Finding,
    Grid,
    Limits,
    Place,
    Reading,
    RecognisedBy,
    Remark,
    RemarkKind,
    ReturnSchema,
    RowRole,
    Submission,
    Table,
    TableReport,
    Workbook,
)
from sscbtool.core.organisations import Register
from sscbtool.core.values import Period, parse_period
from sscbtool.edge.pool import Pool
from sscbtool.edge.settings import Settings
from sscbtool.edge.workspace import collect
from sscbtool.errors import BadConfiguration, BadUsage, NothingToJudge, SscbError, unknown
from sscbtool.workflow.naming import decided, register_with

if TYPE_CHECKING:
    import pandas as pd

    from sscbtool.core.recognise import Cover, HeaderMatch, Recognition

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """What a person asked for, as the options say it."""

    paths: tuple[str, ...] = ()
    return_name: str | None = None
    period: str | None = None
    partner: str | None = None
    settings: Settings | None = None
    figure: str | None = None
    section: str | None = None
    stored: bool = False
    dry_run: bool = False
    replaces: str | None = None
    only: str | None = None
    """The return that is looked at, of all that are read; which return a file is does not follow from it."""
    in_place: bool = False
    """Whether a file takes the place of what landed earlier from the same path, whose bytes are no longer there."""
    basis: str = "received"
    fund: str | None = None
    control_total: str | None = None
    control_rows: int | None = None
    reason: str | None = None
    until: dt.date | None = None
    said_by: str | None = None
    """Who gave a reason or signs, where the login does not say it."""
    role: str | None = None
    """As what somebody signs."""
    propose: str | None = None
    """Where drafted rows of the register of figures go."""
    base: Path | None = None
    """The folder that files are named from in the result; None to name them as given."""
    withdraw: bool = False
    """Whether a person takes an earlier word back."""
    max_age: dt.timedelta | None = None
    """How long ago the last run that succeeded may have been."""
    target: str | None = None
    """Where workbooks that are made go: a file, or a folder."""
    all_returns: bool = False
    """Whether all returns that are expected of the partner are meant."""
    trend: bool = False
    """Whether measures are shown over all years that there are."""
    today: dt.date = dt.date(1970, 1, 1)
    by: str = ""
    """The system login of whoever runs it, for decisions."""
    now: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    progress: Progress | None = None
    ask_password: Callable[[str], str | None] | None = None
    """Asks the person at the terminal for a workbook's password."""

    @property
    def limits(self) -> Limits:
        """What one file may cost."""
        return self.settings.limits if self.settings else Limits()


# --------------------------------------------------------------------------- what a file is


@dataclass(frozen=True, eq=False)
class Received:
    """Everything that a run read: its files, its rows, and what was found on the way."""

    catalogue: Catalogue
    register: Register
    period: Period | None
    files: tuple[FileReport, ...]
    submissions: tuple[Submission, ...]
    findings: tuple[Finding, ...]
    unread_cells: tuple[Place, ...]
    """Cells that normalising found fault with."""
    covers: tuple[tuple[str, Cover], ...] = ()
    remarks: tuple[str, ...] = ()
    replacing: frozenset[str] = frozenset()
    """Paths of stored files that took the place of earlier ones."""


def receive(request: Request) -> Received:
    """Open every file, find its tables, recognise and normalise them.

    Raises:
        BadUsage: an unknown return, period or partner.
        NothingToJudge: the paths hold no file at all.
    """
    found = files_of(request)
    with pool_for(request, len(found.files)) as pool:
        from sscbtool.edge.catalogue import load_catalogue

        catalogue = load_catalogue(schemas_folder(request.settings))
        register = register_with(catalogue.organisations, decided(request.settings))
        _known_options(request, catalogue, register)
        asked, remark = asked_period(request)
        intake = _Intake(_Known(request, catalogue, register, asked))
        for reading in read_all(pool, found.files, request, register):
            intake.take(_named_from(reading, base_of(request)))
    return Received(
        catalogue,
        register,
        asked,
        tuple(intake.files),
        tuple(intake.submissions),
        tuple(intake.findings),
        tuple(intake.unread_cells),
        tuple(intake.covers),
        (*found.remarks, *remark, *_came_back(intake.returned), *intake.remarks),
    )


@dataclass(frozen=True, eq=False)
class _Known:
    """What is known before the first file is opened."""

    request: Request
    catalogue: Catalogue
    register: Register
    asked: Period | None


class _Intake:
    """Takes readings one after the other and keeps what they come to."""

    def __init__(self, known: _Known) -> None:
        self.known = known
        self.files: list[FileReport] = []
        self.submissions: list[Submission] = []
        self.findings: list[Finding] = []
        self.unread_cells: list[Place] = []
        self.covers: list[tuple[str, Cover]] = []
        self.remarks: list[str] = []
        self.returned: list[str] = []
        """Names of files that carry a list of ours."""
        self.seen: dict[str, str] = {}

    def take(self, reading: Reading) -> None:
        """One file: refused, the same as an earlier one, or read table by table."""
        from sscbtool.core import wording

        if reading.workbook is None:
            self.files.append(refused_report(reading))
            return
        reading, returned = own_sheets_apart(reading)
        self.returned += returned.lists
        self.remarks += returned.remarks
        assert reading.workbook is not None
        if reading.sha256 and (earlier := self.seen.setdefault(reading.sha256, reading.path)) != reading.path:
            self.findings.append(wording.say(wording.SAME_BYTES, Place(reading.path), None, other=Path(earlier).name))
            self.files.append(read_report(reading, reading.workbook, ()))
            return
        if not any(len(grid.rows) for grid in reading.workbook.grids):
            self.files.append(blank_report(reading))
            return
        file = _OneFile(self.known, reading, reading.workbook)
        try:
            self.files.append(file.read())
        except SscbError:
            raise
        except Exception as bug:  # noqa: BLE001 - one sender's file must not cost the others their run
            self.files.append(stumbled_report(reading, bug))
            return
        self.submissions += file.submissions
        self.findings += [*returned.findings, *file.findings]
        self.unread_cells += file.unread_cells
        self.covers += [(reading.path, file.cover)] if file.cover else []


class _OneFile:
    """One workbook on its way to submissions."""

    def __init__(self, known: _Known, reading: Reading, workbook: Workbook) -> None:
        self.known = known
        self.reading = reading
        self.workbook = workbook
        self.cover: Cover | None = None
        self.submissions: list[Submission] = []
        self.findings: list[Finding] = []
        self.unread_cells: list[Place] = []

    def read(self) -> FileReport:
        """Find the cover and the tables; keep rows and findings."""
        from sscbtool.core import wording
        from sscbtool.core.recognise import read_cover

        self.cover = read_cover(self.workbook.grids, self.known.catalogue.returns, self.known.register)
        self.findings += [wording.of_remark(each, self.reading.path) for each in self._about_file()]
        return read_report(self.reading, self.workbook, self._tables())

    def _about_file(self) -> Iterator[Remark]:
        """Remarks that concern the file as a whole; ragged rows are judged inside their table."""
        return (remark for remark in self.workbook.remarks if remark.kind is not RemarkKind.RAGGED_ROW)

    def _tables(self) -> tuple[TableReport, ...]:
        """Every table of a workbook: recognised ones become submissions, the others are named."""
        from sscbtool.core import wording
        from sscbtool.core.forms import bears_mark, only_explains
        from sscbtool.core.recognise import blocks, by_heading, recognise

        cover, path = self.cover, self.reading.path
        schemas = self.known.catalogue.returns.values()
        chosen = self.known.request.return_name or (cover.return_name if cover else None)
        explaining: set[str | None] = set()
        told: list[tuple[Grid, Table, Recognition]] = []
        for grid, located in zip(self.workbook.grids, self.reading.tables, strict=True):
            if cover and grid.sheet == cover.sheet:
                continue
            if bears_mark(grid):
                if only_explains(grid, schemas, self.known.register):
                    explaining.add(grid.sheet)
                else:
                    self.findings.append(wording.say(wording.MORE_THAN_FORM, Place(path, grid.sheet), None))
            found = [
                (
                    grid,
                    replace(table, ragged_rows=_ragged(self.workbook, table)),
                    recognise(table, schemas, chosen=chosen),
                )
                for each in located
                for table in blocks(grid, each)
            ]
            if not any(recognition.match for _, _, recognition in found) and (table := by_heading(grid, schemas)):
                table = replace(table, ragged_rows=_ragged(self.workbook, table))
                found = [each for each in found if each[1].area.bottom < table.area.top]
                found.append((grid, table, recognise(table, schemas, chosen=chosen)))
            told += found
        answered = any(recognition.match for _, _, recognition in told)
        if any(recognition.match and recognition.match.money for _, _, recognition in told):
            self.findings += self._units_elsewhere({grid.sheet for grid, _, told_of in told if told_of.match})
            self.findings += self._strays(told)
        reports = []
        for grid, table, recognition in told:
            if recognition.match is None and grid.sheet in explaining:
                continue
            if recognition.match is None:
                self.findings.append(wording.of_unrecognised(table, path, recognition, answered=answered))
                reports.append(TableReport(table))
            else:
                reports.append(self._submission(grid, table, recognition.match))
        if not told:
            self.findings.append(wording.say(wording.NO_TABLE, Place(path), None))
        return tuple(reports)

    def _units_elsewhere(self, with_tables: set[str | None]) -> Iterator[Finding]:
        """Sheets without a table, such as notes, that state the unit of the others."""
        from sscbtool.core import wording
        from sscbtool.core.headings import unit_by_note
        from sscbtool.core.recognise import texts_above

        for grid in self.workbook.grids:
            if grid.sheet not in with_tables:
                for note in texts_above(grid):
                    if unit := unit_by_note(note.text):
                        place = Place(self.reading.path, grid.sheet, note.row, note.column)
                        yield wording.say(wording.UNIT_BY_NOTE, place, None, unit=wording.UNITS[unit])

    def _strays(self, told: Sequence[tuple[Grid, Table, Recognition]]) -> Iterator[Finding]:
        """Amounts in line with a recognised table's own, in rows that belong to no table."""
        from sscbtool.core import wording
        from sscbtool.core.amounts import strays

        returns = self.known.catalogue.returns
        for grid, table, recognition in told:
            if recognition.match is None:
                continue
            tables = [each for other, each, _ in told if other is grid]
            schema = returns[recognition.match.return_name]
            for stray in strays(grid, table, recognition.match, schema, self.known.register, tables):
                said = wording.STRAY if stray.certain else wording.STRAY_FIGURE
                place = Place(self.reading.path, table.sheet, stray.row, stray.column)
                yield wording.say(said, place, None)

    def _submission(self, grid: Grid, table: Table, match: HeaderMatch) -> TableReport:
        """The rows of one recognised table."""
        from sscbtool.core import wording
        from sscbtool.core.normalise import normalise
        from sscbtool.core.recognise import restored
        from sscbtool.core.row_years import row_years
        from sscbtool.core.validate import word, worded

        path, cover = self.reading.path, self.cover
        schema = self.known.catalogue.returns[match.return_name]
        table = restored(grid, table, match, schema, self.known.register)
        period, period_by = self._period(table, match)
        said = row_years(grid, table, match)
        rows = normalise(
            grid,
            table,
            schema,
            match.columns,
            self.known.register,
            period,
            wide=match.wide,
            layout=match.layout,
            epoch_1904=any(remark.kind is RemarkKind.EPOCH_1904 for remark in self.workbook.remarks),
            stated=said.periods if said else None,
        )
        partner, partner_by = self._partner(rows.frame, schema)
        for fault in rows.faults:
            place = Place(path, table.sheet, fault.row, fault.number)
            spec = schema.column(fault.column)
            rule = None if wording.is_particular(fault.kind, spec.kind) else worded(schema, "kind", fault.column)
            self.findings.append(
                word(rule, schema, place, spec.name) if rule else wording.of_fault(fault.kind, spec, place)
            )
            self.unread_cells.append(place)
        self.findings += wording.of_table(table, path)
        self.findings += wording.of_match(grid, match, table, path)
        if said:
            dated_in = schema.period_from
            undated = rows.frame[dated_in].isna().tolist() if dated_in else [True] * len(rows.rows)
            self.findings += wording.of_row_years(said, undated, rows.rows.tolist(), period, table, path)
        self.findings += _doubts(grid, table, match, path)
        self.findings += _totals(table, match, schema, path)
        dated = {row for row in rows.periods if row}
        if schema.period_from and dated and schema.period_from in match.columns:
            period_by = RecognisedBy.DATES
        stated = str(period) if period else (min(dated, key=lambda p: -rows.periods.count(p)) if dated else None)
        if not len(table.data_rows) and not (cover and cover.nil_return):
            self.findings.append(wording.say(wording.NO_ROWS, Place(path, table.sheet, table.area.top), None))
        elif len(table.data_rows) and (stated is None or None in rows.periods):
            self.findings.append(wording.say(wording.NO_PERIOD, Place(path, table.sheet, table.area.top), None))
        recognised_by = self._recognised_by()
        submission = Submission(
            path=path,
            sha256=self.reading.sha256 or "",
            sheet=table.sheet,
            area=table.area,
            return_name=schema.name,
            partner=partner,
            period=stated,
            frame=rows.frame,
            rows=rows.rows,
            cells=rows.cells,
            periods=rows.periods,
            quarters=rows.quarters,
            unpivoted=bool(match.wide),
            recognised={"return": recognised_by, "partner": partner_by, "period": period_by},
            final=bool(self.cover and self.cover.final),
        )
        if any((s.return_name, s.period) == (schema.name, stated) for s in self.submissions):
            place = Place(path, table.sheet, table.area.top)
            self.findings.append(wording.say(wording.TWO_TABLES, place, None))
        self.submissions.append(submission)
        return TableReport(
            table,
            schema.name,
            partner,
            stated,
            str(recognised_by),
            {name: str(by) for name, by in submission.recognised.items()},
        )

    def _recognised_by(self) -> RecognisedBy:
        if self.known.request.return_name:
            return RecognisedBy.OPTION
        return RecognisedBy.COVER if self.cover and self.cover.return_name else RecognisedBy.COLUMNS

    def _period(self, table: Table, match: HeaderMatch) -> tuple[Period | None, RecognisedBy]:
        """The year of rows that are not dated: what the table itself states, its cover, its folder, or as asked for.

        Where the table states another year than cover or folder, that is told.
        """
        from sscbtool.core import wording
        from sscbtool.core.recognise import folder_says, year_stated

        said, _ = folder_says(Path(self.reading.path).parts, self.known.register)
        asked = RecognisedBy.OPTION if self.known.request.period else RecognisedBy.DEFAULT
        given, by = (
            (self.cover.period, RecognisedBy.COVER)
            if self.cover and self.cover.period
            else (said, RecognisedBy.FOLDER)
            if said
            else (self.known.asked, asked)
        )
        schema = self.known.catalogue.returns[match.return_name]
        stated = None if schema.period_from in match.columns else year_stated(table, match)
        if stated is None or (given is not None and given.year == stated.year):
            return given, by
        if given is not None:
            wanted = wording.OTHER_YEAR if by in (RecognisedBy.COVER, RecognisedBy.FOLDER) else wording.OTHER_YEAR_ASKED
            place = Place(self.reading.path, table.sheet, table.area.top)
            words = {"stated": str(stated), "other": str(by), "period": str(Period(given.year, None))}
            self.findings.append(wording.say(wanted, place, None, **words))
        return stated, RecognisedBy.CONTENTS

    def _partner(self, frame: pd.DataFrame, schema: ReturnSchema) -> tuple[str | None, RecognisedBy]:
        """Whose file it is: option, cover, folder, the one organisation all rows name, the return's usual sender."""
        from sscbtool.core.recognise import folder_says

        register, stated = self.known.register, self.known.request.partner
        if stated:
            named = register.resolve(stated)
            assert named is not None
            return named.code, RecognisedBy.OPTION
        if self.cover and self.cover.partner:
            return self.cover.partner, RecognisedBy.COVER
        _, said = folder_says(Path(self.reading.path).parts, register)
        if said:
            return said, RecognisedBy.FOLDER
        own = next((c.name for c in schema.columns if c.kind is ColumnKind.ORGANISATION), None)
        if own and len(names := frame[own].dropna().unique()) == 1 and str(names[0]) in register:
            return str(names[0]), RecognisedBy.CONTENTS
        return schema.sender, RecognisedBy.SENDER if schema.sender else RecognisedBy.DEFAULT


# --------------------------------------------------------------------------- what comes back


@dataclass(frozen=True)
class Returned:
    """What is to be said of sheets of our own in a workbook that came back."""

    lists: tuple[str, ...] = ()
    """The file's name, where it carries a list of ours."""
    remarks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def _came_back(names: Sequence[str]) -> Iterator[str]:
    if names:
        what = f"{names[0]} carries" if len(names) == 1 else f"{len(names)} files carry"
        yield f"{what} the list of faults that went to the sender; it was not read as data."


def own_sheets_apart(reading: Reading) -> tuple[Reading, Returned]:
    """A reading without the lists of faults that we made; a sheet that only poses as one stays, and is told."""
    from sscbtool.core import wording
    from sscbtool.core.faultlist import answers, bears_mark, is_ours

    workbook = reading.workbook
    if workbook is None or not any(bears_mark(grid) for grid in workbook.grids):
        return reading, Returned()
    lists: list[str] = []
    remarks: list[str] = []
    findings: list[Finding] = []
    theirs = []
    for grid, tables in zip(workbook.grids, reading.tables, strict=True):
        if not is_ours(grid):
            theirs.append((grid, tables))
            if bears_mark(grid):
                findings.append(wording.say(wording.FALSE_LIST, Place(reading.path, grid.sheet), None))
            continue
        lists.append(Path(reading.path).name)
        if answered := answers(grid):
            where = ", ".join(answered)
            remarks.append(f"The sender of {lists[-1]} answered on the list of faults, in {where}: read the answers.")
    names = {grid.sheet for grid, _ in theirs}
    kept = replace(
        workbook,
        grids=tuple(grid for grid, _ in theirs),
        remarks=tuple(each for each in workbook.remarks if each.sheet is None or each.sheet in names
                      or each.kind is RemarkKind.HIDDEN_SHEET),
    )  # fmt: skip
    reading = replace(reading, workbook=kept, tables=tuple(tables for _, tables in theirs))
    return reading, Returned(tuple(lists), tuple(remarks), tuple(findings))


# --------------------------------------------------------------------------- small steps shared by the commands


def base_of(request: Request) -> Path | None:
    """Where files are named from: a workspace's own returns are the same files wherever the workspace is kept."""
    if request.base is None and not request.paths and request.settings is not None:
        return request.settings.folder
    return request.base


def _named_from(reading: Reading, base: Path | None) -> Reading:
    if base is None or not Path(reading.path).is_relative_to(base):
        return reading
    return replace(reading, path=Path(reading.path).relative_to(base).as_posix())


@dataclass(frozen=True)
class Files:
    """The files of a run, and what was passed over."""

    files: tuple[str, ...]
    remarks: tuple[str, ...]


def files_of(request: Request) -> Files:
    """The files of a run: the paths, else the workspace's returns, else the current folder."""
    paths = request.paths
    if not paths:
        paths = (str(request.settings.path(request.settings.returns)),) if request.settings else (".",)
    found = collect(paths)
    if not found.files:
        raise NothingToJudge(
            f"There is no spreadsheet in {', '.join(paths)}, so nothing was checked.",
            "Give the path of a file or folder that holds the returns.",
        )
    remarks = (f"Passed over, being no spreadsheets: {len(found.passed_over)} files.",) if found.passed_over else ()
    return Files(found.files, remarks)


def pool_for(request: Request, files: int) -> Pool:
    """Reader processes, started before anything heavy is imported here."""
    return Pool(request.limits, workers=None if files > 1 else 1)


def read_all(
    pool: Pool, files: Sequence[str], request: Request, register: Register, *, cells: bool = True
) -> Iterator[Reading]:
    """Open every file in its order and find its tables; a protected workbook once more with the password, if any.

    With ``cells`` False the tables come without their grids.
    """
    names = register.names
    for reading in pool.read(files, on_progress=request.progress, organisations=names, cells=cells):
        if reading.protected and request.ask_password and (password := request.ask_password(reading.path)):
            with Pool(request.limits, workers=1) as alone:
                passwords = {reading.path: password}
                yield from alone.read([reading.path], passwords=passwords, organisations=names, cells=cells)
        else:
            yield reading


def schemas_folder(settings: Settings | None) -> Path:
    """The board's schemas, or those that ship with the program.

    Raises:
        BadConfiguration: the settings name a folder that is not there.
    """
    from sscbtool.edge.catalogue import built_in

    if settings is None:
        return built_in("schemas")
    own = settings.path(settings.schemas)
    if not own.is_dir() and settings.schemas != type(settings).schemas:
        raise BadConfiguration(
            f"The file sscbtool.toml cannot be used: schemas: there is no folder {settings.schemas}.",
            "Name the folder that holds returns/*.yaml, or take the line out.",
        )
    return own if own.is_dir() else built_in("schemas")


def refused_report(reading: Reading) -> FileReport:
    """The report of a file that was not read."""
    return FileReport(reading.path, reading.sha256, None, reason=reading.reason, hint=reading.hint)


def blank_report(reading: Reading) -> FileReport:
    """The report of a workbook whose every visible sheet is blank."""
    hidden = " that can be seen" if reading.workbook and reading.workbook.hidden_sheets else ""
    reason, hint = f"it is blank: no cell{hidden} holds anything", "Ask the sender for the file again."
    return FileReport(reading.path, reading.sha256, None, reason=reason, hint=hint)


def stumbled_report(reading: Reading, bug: Exception) -> FileReport:
    """The report of a file that the tool itself stumbled over: its sender is not to blame, and the batch goes on."""
    return FileReport(
        reading.path,
        reading.sha256,
        None,
        reason=f"could not be read (internal fault: {type(bug).__name__})",
        hint="Report it to the tool's keepers; the data saved anew as CSV may do meanwhile.",
    )


def read_report(reading: Reading, workbook: Workbook, reports: tuple[TableReport, ...]) -> FileReport:
    """The report of a file that was read."""
    return FileReport(
        reading.path,
        reading.sha256,
        workbook.format,
        tables=reports,
        hidden_sheets=workbook.hidden_sheets,
        encoding=workbook.encoding,
    )


def _known_options(request: Request, catalogue: Catalogue, register: Register) -> None:
    """Refuse a return or partner that nobody knows, naming what comes near."""
    for name in filter(None, (request.return_name, request.only)):
        if name not in catalogue.returns:
            raise unknown("return", name, catalogue.returns, "See them all with: sscbtool schemas list")
    if request.partner and request.partner not in register:
        codes = [each.code for each in catalogue.organisations]
        raise unknown("partner", request.partner, codes, "The register is schemas/organisations.csv.")


def asked_period(request: Request) -> tuple[Period | None, tuple[str, ...]]:
    """The period asked for by option or settings, and what a word such as ``last-quarter`` meant.

    Raises:
        BadUsage: the text is no period.
    """
    text = request.period or (request.settings.period if request.settings else None)
    if text is None:
        return None, ()
    quarter = Period.quarter_of(request.today)
    year = Period.of(request.today)
    words = {
        "this-year": year,
        "last-year": year.previous(),
        "this-quarter": quarter,
        "last-quarter": quarter.previous(),
    }
    if text in words:
        return words[text], (f"The period {text} is {words[text]}.",)
    period = parse_period(text)
    if not isinstance(period, Period):
        raise BadUsage(f"{text!r} is not a period.", "Write it as 2018-19, 2018-19 Q1, last-quarter or this-year.")
    return period, ()


def _ragged(workbook: Workbook, table: Table) -> tuple[int, ...]:
    """Rows of uneven width that lie inside the table; unevenness in titles and notes is nobody's fault."""
    inside = range(table.header_rows[0] if table.header_rows else table.area.top, table.area.bottom + 1)
    headings = {row for row, role in table.set_aside if role is RowRole.HEADING}
    ragged = (
        r.row
        for r in workbook.remarks
        if r.kind is RemarkKind.RAGGED_ROW and r.sheet == table.sheet and r.row not in headings
    )
    return tuple(row for row in ragged if row is not None and row in inside)


def _doubts(grid: Grid, table: Table, match: HeaderMatch, path: str) -> Iterator[Finding]:
    """What stands against a recognised table's amounts."""
    from sscbtool.core import wording
    from sscbtool.core.amounts import (
        controls,
        covered_amounts,
        foreign_cells,
        scaled_cells,
        signed_cells,
        split_amounts,
        spoken_against,
    )

    def at(row: int, column: int) -> Place:
        return Place(path, table.sheet, row, column)

    for row, column in split_amounts(grid, table, match):
        yield wording.say(wording.SPLIT, at(row, column), None)
    for row, column in foreign_cells(grid, table) if match.money else ():
        yield wording.say(wording.CURRENCY, at(row, column), None)
    for row, column in signed_cells(grid, table) if match.money else ():
        yield wording.say(wording.SIGNED, at(row, column), None)
    for row, column, unit in scaled_cells(grid, table) if match.money else ():
        yield wording.say(wording.UNIT_OF_ROW, at(row, column), None, unit=wording.UNITS[unit])
    for row, column, refund in spoken_against(grid, table, match):
        yield wording.say(wording.SIGNED if refund else wording.SPOKEN_AGAINST, at(row, column), None)
    for row, column in covered_amounts(grid, table, match):
        yield wording.say(wording.COVERED, at(row, column), None)
    for row, column, difference in controls(grid, table, match):
        yield wording.of_control(row, column, difference, table, path)


def _totals(table: Table, match: HeaderMatch, schema: ReturnSchema, path: str) -> Iterator[Finding]:
    """Stated totals that do not add up: of the columns that the schema totals, and where nothing of their row does."""
    from sscbtool.core import wording
    from sscbtool.core.validate import word, worded

    names = {number: name for name, number in match.columns.items()}
    if match.layout:
        names |= dict.fromkeys((*match.wide.values(), *match.controls), match.layout.value)
    borne_out = {total.row for total in table.totals if total.agrees or names.get(total.column) in schema.totals}
    for total in table.totals:
        name = names.get(total.column)
        if total.agrees or name is None:
            continue
        if name not in schema.totals:
            # A row that nothing bears out as a total may be data that only looks like one: it is not left out unsaid.
            if total.row not in borne_out and schema.column(name).kind in (ColumnKind.COUNT, ColumnKind.MONEY):
                yield wording.of_total(total, table, path)
            continue
        place = Place(path, table.sheet, total.row, total.column)
        rule = worded(schema, "total_agrees", name)
        yield word(rule, schema, place, name) if rule else wording.of_total(total, table, path)
