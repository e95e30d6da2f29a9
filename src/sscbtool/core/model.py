"""The values that pass between the stages: frozen, and free of behaviour that needs the world.

Rows live in DataFrames and in the columns of a ``Grid``; facts about rows live in the dataclasses here.
Every place is kept in the sender's own numbering: rows as Excel shows them (record numbers in CSV), columns from 1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, IntFlag, StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sscbtool.core.limits import Limits as Limits  # noqa: PLC0414 - named here too, for whoever looks for it

if TYPE_CHECKING:  # settings, the lock and whatever is turned away at once must not wait for numbers
    import numpy as np
    import pandas as pd
    import pyarrow as pa

# --------------------------------------------------------------------------- places


@lru_cache(maxsize=4096)
def column_letters(number: int) -> str:
    """The letters of column ``number``, from 1: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(row: int, column: int) -> str:
    """``B7`` for row 7, column 2."""
    return f"{column_letters(column)}{row}"


@dataclass(frozen=True, order=True)
class Area:
    """A rectangle of cells, both corners included, numbered from 1."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        """``A4:B11``, or ``A4`` for a single cell."""
        start, end = address(self.top, self.left), address(self.bottom, self.right)
        return start if start == end else f"{start}:{end}"


# --------------------------------------------------------------------------- what a file holds


class FileFormat(StrEnum):
    """What a file is by its content, whatever its name says."""

    XLSX = "xlsx"
    XLSM = "xlsm"
    XLS = "xls"
    XLSB = "xlsb"
    ODS = "ods"
    CSV = "csv"
    TSV = "tsv"
    HTML = "html"


class Kind(IntEnum):
    """What a cell is, before any meaning."""

    BLANK = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    BOOL = 4
    ERROR = 5


class Flag(IntFlag):
    """What a reader saw at a cell besides its value."""

    NONE = 0
    FORMULA = 1
    UNCACHED = 2
    """A formula whose result was never stored: the cell's value is unknown, its kind BLANK."""
    UNDECODABLE = 4
    """Bytes that are not text in the file's encoding stood here (shown as U+FFFD)."""


class RemarkKind(StrEnum):
    """What a reader noticed about a file that is not the value of one cell."""

    NAME_MISMATCH = "name_mismatch"
    """The content is of another format than the file's name says."""
    MACROS = "macros"
    RAGGED_ROW = "ragged_row"
    """A CSV record with more or fewer fields than the records around it; ``row`` is its number."""
    CANNOT_TELL_HIDDEN = "cannot_tell_hidden"
    """The format's reader cannot tell hidden rows, columns or error cells (xlsb)."""
    ASSUMED_ENCODING = "assumed_encoding"
    """No byte order mark and not UTF-8: read as cp1252."""
    UNDECODABLE = "undecodable"
    MOJIBAKE = "mojibake"
    """Text that looks decoded once too often (``Â£``, ``Ã©``)."""
    HIDDEN_SHEET = "hidden_sheet"
    FILTERED = "filtered"
    UNCLOSED_QUOTE = "unclosed_quote"
    EXTERNAL_LINK = "external_link"
    """A formula takes its value from another workbook."""
    EPOCH_1904 = "epoch_1904"
    """The workbook counts its days from 1904: a date stored as a bare number is four years later than it looks."""


@dataclass(frozen=True)
class Remark:
    """A fact about a file that a reader noticed; ``core.validate`` decides how grave it is."""

    kind: RemarkKind
    sheet: str | None = None
    row: int | None = None
    column: int | None = None
    detail: str = ""
    """Words of ours (an encoding, a format, a count); never a cell's text."""


SHORT = 400
"""Columns of up to so many cells are read one by one: the vectorised ways have a fixed price."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of one sheet as read, blank rows and blank columns left out but their numbers kept.

    ``rows`` and ``columns`` hold the sender's own numbers, ascending; index ``i`` or ``j`` counts what is stored.
    ``texts[j][i]`` is the canonical text of a cell: a NUMBER as the shortest decimal of its stored value (``63421.5``),
    a DATE as ISO ``2018-05-01``, ``2018-05-01T09:30:00`` or (a bare time) ``09:30:00`` (an elapsed one may pass 24
    hours: ``36:00:00``), a BOOL as ``TRUE`` or ``FALSE``, an ERROR as its code (``#REF!``), TEXT as it stands, BLANK
    as the empty string. No nulls.
    A merged area's value stands in its top left cell only; ``merges`` tells the rest.
    """

    sheet: str | None
    rows: np.ndarray[Any, np.dtype[np.int32]]
    columns: np.ndarray[Any, np.dtype[np.int32]]
    texts: tuple[pa.Array, ...]
    kinds: np.ndarray[Any, np.dtype[np.uint8]]
    """``Kind`` by [i, j]."""
    flags: np.ndarray[Any, np.dtype[np.uint8]]
    """``Flag`` by [i, j]."""
    formats: np.ndarray[Any, np.dtype[np.uint16]]
    """Index into ``format_codes`` by [i, j]; 0 is General."""
    format_codes: tuple[str, ...] = ("General",)
    merges: tuple[Area, ...] = ()
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Stored rows, stored columns."""
        return len(self.rows), len(self.columns)

    @cached_property
    def lists(self) -> tuple[list[str], ...]:
        """The texts column by column as Python lists. For small grids: it makes an object of every cell."""
        return tuple(self.column_texts(j) for j in range(len(self.texts)))

    @property
    def is_short(self) -> bool:
        """Whether its columns are so short that Python lists of their texts are quicker than Arrow arrays."""
        return len(self.rows) <= SHORT

    def column_texts(self, j: int) -> list[str]:
        """The texts of the stored column ``j``, made once. For short columns: it makes an object of every cell."""
        found = self._column_texts.get(j)
        if found is None:
            found = self._column_texts[j] = _strings(self.texts[j])
        return found

    @cached_property
    def _column_texts(self) -> dict[int, list[str]]:
        return {}

    def text(self, i: int, j: int) -> str:
        """The canonical text of the stored cell [i, j]."""
        return self.column_texts(j)[i] if self.is_short else str(self.texts[j][i].as_py())

    def kind(self, i: int, j: int) -> Kind:
        """The kind of the stored cell [i, j]."""
        return Kind(int(self.kinds[i, j]))

    def format_code(self, i: int, j: int) -> str:
        """The number format of the stored cell [i, j]."""
        return self.format_codes[int(self.formats[i, j])]

    def address(self, i: int, j: int) -> str:
        """``B7``, in the sender's own numbering."""
        return address(int(self.rows[i]), int(self.columns[j]))


def _strings(texts: pa.Array) -> list[str]:
    """What ``to_pylist`` gives of a string array without nulls, several times as quick."""
    import numpy as np

    _, offsets, content = texts.buffers()
    places = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4).tolist() if len(texts) else [0]
    data = b"" if content is None else bytes(memoryview(content)[places[0] : places[-1]])
    edges = [place - places[0] for place in places]
    if data.isascii():
        whole = data.decode()
        return [whole[first:after] for first, after in pairwise(edges)]
    return [data[first:after].decode() for first, after in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class Workbook:
    """One file as read: its visible sheets in order, and what was noticed on the way."""

    format: FileFormat
    grids: tuple[Grid, ...]
    encoding: str | None = None
    """For text formats: what was assumed, e.g. ``utf-8``, ``cp1252``, ``utf-16``."""
    delimiter: str | None = None
    hidden_sheets: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, eq=False)
class Reading:
    """What came of opening one path: a workbook, or a refusal with its reason and what to ask the sender for."""

    path: str
    sha256: str | None
    workbook: Workbook | None
    tables: tuple[tuple[Table, ...], ...] = ()
    """The tables of each visible sheet, in their order."""
    reason: str | None = None
    hint: str = ""
    protected: bool = False
    """Whether it was refused for want of its password."""
    fault: bool = False
    """Refused because our own reader failed on it, not because of what it is."""


# --------------------------------------------------------------------------- what a sheet holds


@dataclass(frozen=True)
class ColumnHead:
    """One column of a table: where it stands and what it is called."""

    number: int
    """The sheet's column, from 1."""
    path: tuple[str, ...]
    """The names stacked above the column, outermost first, footnote marks removed; empty where it has none."""

    @property
    def name(self) -> str:
        """The stack joined: ``2021-22 > Median wait``."""
        return " > ".join(self.path)


@dataclass(frozen=True)
class ControlTotal:
    """A total that the sender's own sheet states, held against the rows it closes."""

    row: int
    column: int
    label: str
    column_name: str
    stated: Decimal | None
    """None where the total cell holds no number; ``stated_text`` then says what stood there (kind only)."""
    computed: Decimal | None
    """None where a row it closes cannot be read as a number and the total cannot be worked out."""
    difference: Decimal | None
    """``computed - stated``."""
    agrees: bool
    closes: str = ""
    """The cells it closes, ``B5:B10``."""

    @property
    def cell(self) -> str:
        """The cell of the stated total."""
        return address(self.row, self.column)


@dataclass(frozen=True)
class Note:
    """Text that stands around a table: a title, a footnote, a source line."""

    row: int
    column: int
    text: str

    @property
    def cell(self) -> str:
        """Where it stands."""
        return address(self.row, self.column)


class RowRole(StrEnum):
    """Why a row inside a table's rectangle is not a data row."""

    TOTAL = "total"
    HEADING = "heading"
    """A section label with no values of its own."""
    REPEATED_HEADER = "repeated_header"
    NOTE = "note"


@dataclass(frozen=True)
class RowCheck:
    """A row whose own total column does not equal the columns it adds up (a break inside one row)."""

    row: int
    column: int
    parts: tuple[int, ...]
    """The columns whose sum it states; a negative number is a column taken away."""
    stated: Decimal
    computed: Decimal

    @property
    def difference(self) -> Decimal:
        """``computed - stated``."""
        return self.computed - self.stated


@dataclass(frozen=True, eq=False)
class Table:
    """The rectangle of a grid that holds a header and rows, with what stands around it."""

    sheet: str | None
    area: Area
    header_rows: tuple[int, ...]
    heads: tuple[ColumnHead, ...]
    """The columns in order; spacer columns are left out. A column without a heading but with data has an empty path."""
    data_rows: np.ndarray[Any, np.dtype[np.int32]]
    """Row numbers of the data rows, ascending: no totals, headings, repeated headers or blanks."""
    set_aside: tuple[tuple[int, RowRole], ...] = ()
    """Rows of the rectangle that are not data rows, and why."""
    totals: tuple[ControlTotal, ...] = ()
    row_breaks: tuple[RowCheck, ...] = ()
    notes: tuple[Note, ...] = ()
    hidden_rows: tuple[int, ...] = ()
    """Data rows of this table that the sender's view hides."""
    hidden_columns: tuple[int, ...] = ()
    carried: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    """Column number -> {row: row whose label is meant}: merged labels, and labels given once for the rows below."""
    ragged_rows: tuple[int, ...] = ()

    @property
    def total_rows(self) -> tuple[int, ...]:
        """Rows that state a total or subtotal."""
        return tuple(row for row, role in self.set_aside if role is RowRole.TOTAL)


# --------------------------------------------------------------------------- what is expected


class ColumnKind(StrEnum):
    """The grammar a column's cells are read by."""

    ORGANISATION = "organisation"
    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"
    NUMBER = "number"
    """A quantity that is neither a head count nor money: hours, scores."""
    DATE = "date"
    PERIOD = "period"
    CODE = "code"
    PERSON = "person"
    TEXT = "text"


class Severity(StrEnum):
    """How grave a finding is: an error must be mended, a query mended or explained, a warning is for the reader."""

    ERROR = "error"
    QUERY = "query"
    WARNING = "warning"


@dataclass(frozen=True)
class ColumnSpec:
    """What a schema says of one column."""

    name: str
    kind: ColumnKind
    title: str = ""
    required: bool = True
    nullable: bool = False
    public: bool = False
    """Whether a value that parsed may be shown; False means personal."""
    aliases: tuple[str, ...] = ()
    unit: str | None = None
    within: str | None = None
    """``period``: rows dated outside the period judged are set aside for it."""
    rivals: tuple[str, ...] = ()
    """Headings beside this column that make it doubtful which of the two is meant, such as VAT beside an amount."""
    values: Mapping[str, str] = field(default_factory=dict)
    """For codes: accepted spelling (folded) -> the value kept. For money: letters that close an amount -> CR or DR."""


@dataclass(frozen=True)
class Rule:
    """One of our own rules, or our wording of a pandera check."""

    code: str
    rule: str
    """The name of a registered check, or of a pandera built-in on ``column``."""
    columns: tuple[str, ...]
    severity: Severity
    says: str
    fix: str
    options: Mapping[str, Any] = field(default_factory=dict)
    valid_from: str | None = None
    valid_to: str | None = None


@dataclass(frozen=True)
class Measure:
    """A named aggregate over a return, in portable SQL."""

    return_name: str
    name: str
    sql: str
    unit: str
    title: str
    where: str | None = None
    evidence: tuple[str, ...] = ()
    """The columns whose cells bear the measure out."""
    of: str | None = None
    """SQL of the whole that ``sql`` is a part of, over the same rows: the measure is then an exact fraction."""
    listed: bool = False
    """Whether ``sql`` is an expression of one row, and the measure the ordered list of its distinct values."""


@dataclass(frozen=True)
class Wide:
    """A layout to unpivot: ``columns`` become rows of ``into`` and ``value``."""

    columns: tuple[str, ...]
    into: str
    value: str


@dataclass(frozen=True, eq=False)
class ReturnSchema:
    """One schema file: the columns and rules of one return."""

    name: str
    title: str
    section: str | None
    grain: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    totals: tuple[str, ...]
    rules: tuple[Rule, ...]
    measures: tuple[Measure, ...]
    sender: str | None = None
    wide: tuple[Wide, ...] = ()
    """The layouts with columns to unpivot, the likeliest first."""
    period_from: str | None = None
    """The column that dates a row, if one does."""
    stock: tuple[str, str] | None = None
    """Columns between which a row was open (a plan's start and end): its year is its submission's, not a date's."""
    declared: Mapping[str, Any] = field(default_factory=dict)
    """The schema file as pandera reads it; ``core.validate`` makes a ``DataFrameSchema`` of it when first needed."""
    source: str = ""
    """The schema file's name."""

    def column(self, name: str) -> ColumnSpec:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True)
class Organisation:
    """One entry of the organisations register."""

    code: str
    name: str
    scheme: str
    aliases: tuple[str, ...]
    sector: str
    statutory_partner: bool
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class Comparator(StrEnum):
    """How a published value is held against what the returns evidence."""

    EQUALS = "equals"
    SUM_OF = "sum_of"
    OVER = "over"
    AT_LEAST = "at_least"
    APPROXIMATELY = "approximately"
    HALF = "half"
    MAJORITY = "majority"
    LOWER_THAN = "lower_than"
    GREATER_THAN = "greater_than"
    PERCENT_CHANGE = "percent_change"
    ROUNDED = "rounded"
    EVERY = "every"
    COUNT_OF_LIST = "count_of_list"
    SAME_SET = "same_set"
    EXISTS = "exists"
    ON = "on"
    BY = "by"


class Status(StrEnum):
    """What became of one published figure."""

    HOLDS = "holds"
    HOLDS_WITHIN_ROUNDING = "holds_within_rounding"
    CONTRADICTED = "contradicted"
    NOT_EVIDENCED = "not_evidenced"
    NOT_CHECKED = "not_checked"
    NOT_COMPUTABLE = "not_computable"
    DEFINITION_DIFFERS = "definition_differs"
    SUPPRESSED = "suppressed"
    NARRATIVE = "narrative"


@dataclass(frozen=True)
class Figure:
    """One number or claim that the report publishes: a row of the figures register."""

    figure_id: str
    section: str
    statement: str
    return_name: str | None
    measure: str | None
    where: str | None
    comparator: Comparator | None
    """None for a narrative figure: no return can evidence it."""
    value: str
    unit: str
    as_at: str | None = None
    tolerance: str | None = None
    scope: str | None = None
    publish: str | None = None
    note: str | None = None

    @property
    def never_shown(self) -> bool:
        """Whether its values stay hidden: a count so small that it could point to a child."""
        return self.publish == "never"


class CheckKind(StrEnum):
    """What a published document must keep to within itself, whatever the returns say."""

    SUM = "sum"
    """The last figure is the sum of those before it."""
    NESTED = "nested"
    """Each figure counts some of those that the next one counts (0 to 4 among 0 to 19)."""
    ASCENDING = "ascending"
    """Each figure is at most the next (local, region, England)."""
    IMPLIED_DENOMINATOR = "implied_denominator"
    """Pairs ``count/percent``: all of them are shares of one population."""
    SAME_LIST = "same_list"
    """The figures state one and the same list."""


@dataclass(frozen=True)
class DocumentCheck:
    """One check of the published document against itself: a row of ``figures/<period>-checks.csv``."""

    check_id: str
    kind: CheckKind
    figures: tuple[str, ...]
    """Figure ids, or ``count/percent`` pairs of them."""
    note: str = ""
    expects: Status | None = None
    """The outcome that is known and declared, such as ``definition_differs``."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Everything a board expects: its schema files, organisations and published figures."""

    returns: Mapping[str, ReturnSchema]
    organisations: tuple[Organisation, ...]
    figures: Mapping[str, tuple[Figure, ...]]
    """Published figures by period."""
    checks: Mapping[str, tuple[DocumentCheck, ...]] = field(default_factory=dict)
    """Checks of the published document against itself, by period."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    """File name under ``schemas/`` -> SHA-256."""


# --------------------------------------------------------------------------- what was received


class RecognisedBy(StrEnum):
    """What decided the return, partner or period of a table."""

    OPTION = "option"
    COVER = "cover"
    FOLDER = "folder"
    COLUMNS = "columns"
    CONTENTS = "contents"
    SENDER = "sender"
    DATES = "dates"
    DEFAULT = "default"


@dataclass(frozen=True)
class SetAside:
    """Rows of a submission that do not count, and why."""

    reason: str
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Submission:
    """One table received for a return, partner and period.

    ``frame`` has the schema's columns, typed, and an index 0..n-1; ``rows[k]`` is the sheet's row of frame row k, and
    ``cells[name][k]`` the sheet's column of that row's value in column ``name`` (0 where the table lacks the column).
    """

    path: str
    sha256: str
    sheet: str | None
    area: Area
    return_name: str
    partner: str | None
    period: str | None
    frame: pd.DataFrame
    rows: np.ndarray[Any, np.dtype[np.int32]]
    cells: Mapping[str, np.ndarray[Any, np.dtype[np.int32]]]
    periods: tuple[str | None, ...] = ()
    """The year of each row: by its own date, else the submission's; as many as the frame has rows."""
    quarters: tuple[str | None, ...] = ()
    """The quarter of each row, ``2018-19 Q1``, where its date or the column it was unpivoted from says."""
    set_aside: tuple[SetAside, ...] = ()
    unpivoted: bool = False
    """Whether the rows come from a wide layout: several of them then share one row of the sheet."""
    recognised: Mapping[str, RecognisedBy] = field(default_factory=dict)
    """``return``, ``partner``, ``period`` -> what decided it."""
    final: bool = False
    """Whether its cover calls it final: another version then restates what may have been published."""


@dataclass(frozen=True)
class Place:
    """Where a finding stands. A row or cell may be unknown; the file never is, but for findings about a whole run."""

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: int | None = None

    @property
    def cell(self) -> str | None:
        """``B7``, where both row and column are known."""
        return address(self.row, self.column) if self.row and self.column else None


@dataclass(frozen=True)
class Finding:
    """One fault or remark about the data. Never holds a cell's value unless ``core.validate`` found it safe to show."""

    code: str
    severity: Severity
    message: str
    fix: str
    place: Place
    column: str | None = None
    """The schema's column."""
    explained: bool = False


# --------------------------------------------------------------------------- what came out


class Outcome(StrEnum):
    """What a whole run came to."""

    CLEAN = "clean"
    FINDINGS = "findings"
    REFUSED = "refused"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class TableReport:
    """One table of a file and what became of it."""

    table: Table
    return_name: str | None = None
    partner: str | None = None
    period: str | None = None
    recognised_by: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    rows_kept: int = 0
    rows_set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True)
class FileReport:
    """One file and what became of it: read, or refused with the reason and what to ask for."""

    path: str
    sha256: str | None
    format: FileFormat | None
    reason: str | None = None
    hint: str = ""
    tables: tuple[TableReport, ...] = ()
    hidden_sheets: tuple[str, ...] = ()
    encoding: str | None = None

    @property
    def refused(self) -> bool:
        """Whether the file was refused."""
        return self.reason is not None


@dataclass(frozen=True)
class ColumnTotal:
    """The sum of one totalled column of a return over every kept row."""

    return_name: str
    column: str
    unit: str
    rows: int
    total: Decimal
    """Where counts were withheld, the least that it may be."""
    most: Decimal | None = None
    """Where counts were withheld, the most that it may be."""
    unknown: bool = False
    """Whether there are rows, and none of their cells could be read: the sum is of nothing."""


@dataclass(frozen=True)
class Measured:
    """What a measure came to over the rows of one period."""

    value: Any
    """int, Decimal, str, date or None; ``values.Interval`` where cells were withheld; a tuple for a listed measure."""
    whole: Any = None
    """What ``value`` is a share of: int, Decimal or ``values.Interval``; None where the measure names no whole."""
    rows: tuple[int, ...] = ()
    """The rows of the return that it counts."""
    withheld: bool = False
    """Cells that it rests on were withheld, in a way that leaves no least and most."""


@dataclass(frozen=True)
class Evidence:
    """Cells that bear a figure out."""

    file: str
    sheet: str | None
    cells: str
    """``B5:B10, B12``."""


@dataclass(frozen=True)
class FigureResult:
    """One published figure held against the returns."""

    figure: Figure
    status: Status
    published: str | int | None
    """As the JSON shows it: amounts as text with two decimals, counts as integers, all else as published."""
    evidenced: str | int | None
    difference: str | int | None
    """``evidenced - published``, signed, where both are numbers."""
    reason: str = ""
    """One sentence: what was compared, what is missing, or what would mend it."""
    evidence: tuple[Evidence, ...] = ()
    rows_counted: int = 0
    set_aside: tuple[tuple[str, int], ...] = ()
    """Reason -> rows of the return that this figure does not count."""
    explained: bool = False


@dataclass(frozen=True)
class MeasureValue:
    """A measure's value for one partner and quarter (None means all)."""

    return_name: str
    measure: str
    partner: str | None
    quarter: str | None
    value: Decimal | int | None
    unit: str


@dataclass(frozen=True, eq=False)
class Result:
    """What a command found out; JSON, the tables and the exit code all follow from it."""

    command: str
    period: str | None
    outcome: Outcome
    files: tuple[FileReport, ...] = ()
    totals: tuple[ColumnTotal, ...] = ()
    findings: tuple[Finding, ...] = ()
    figures: tuple[FigureResult, ...] = ()
    measures: tuple[MeasureValue, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What has no key of its own in the contract, under the command's name: plain JSON values."""
    remarks: tuple[str, ...] = ()
    """Sentences for the reader of the terminal: what a period word meant, what was assumed."""
    catalogue: Catalogue | None = None
    """What gives returns, measures and organisations their names where they are shown."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What a reader is shown and the JSON leaves out, since it follows from the clock or from earlier runs."""

    @property
    def open_findings(self) -> Iterator[Finding]:
        """Errors and queries that nobody has explained."""
        return (f for f in self.findings if f.severity is not Severity.WARNING and not f.explained)
