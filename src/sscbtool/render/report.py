"""What every renderer is given: one neutral report of typed sections, without markup, colour or widths.

Strings here may hold partner text as it stands; each renderer makes them harmless for its own medium.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from sscbtool.core.model import Outcome

MONEY = "GBP"
PERCENT = frozenset({"percent", "%"})


class ColumnType(StrEnum):
    """What the cells of a column are, and so how they align and whether they may wrap."""

    TEXT = "text"
    """Words; may wrap."""
    CODE = "code"
    """An id, a rule's code, a short name; never broken."""
    FILE = "file"
    """A path; broken where its folders and words end."""
    PLACE = "place"
    """Sheets and cells; broken only between them."""
    MONEY = "money"
    COUNT = "count"
    VALUE = "value"
    """Quantities of mixed units, or words where a value is no number."""
    STATUS = "status"
    """A ``Mark``."""

    @property
    def numeric(self) -> bool:
        """Whether its quantities share a decimal point at the right."""
        return self in (ColumnType.MONEY, ColumnType.COUNT, ColumnType.VALUE)


class Tone(StrEnum):
    """How a mark is meant; colour only repeats what symbol and word say."""

    GOOD = "good"
    BAD = "bad"
    DOUBT = "doubt"
    QUIET = "quiet"


@dataclass(frozen=True)
class Mark:
    """A status by symbol and word."""

    symbol: str
    word: str
    tone: Tone

    @property
    def text(self) -> str:
        """``✓ Agrees``."""
        return f"{self.symbol} {self.word}"


@dataclass(frozen=True)
class Quantity:
    """A number and its unit; ``signed`` shows a plus, ``bare`` leaves the pounds sign to the heading."""

    value: Decimal | int
    unit: str = ""
    signed: bool = False
    bare: bool = False

    @property
    def text(self) -> str:
        """As a reader expects it: ``£134,471.50``, ``-£5.00``, ``1,234``, ``12.50%``."""
        sign = "-" if self.value < 0 else "+" if self.signed and self.value > 0 else ""
        digits = f"{abs(Decimal(self.plain)):,f}"
        return (
            f"{sign}{'£' if self.unit == MONEY and not self.bare else ''}{digits}{'%' if self.unit in PERCENT else ''}"
        )

    @property
    def plain(self) -> str:
        """As a program expects it: ``134471.50``, ``-5.00``, ``1234``, ``12.50``."""
        value = Decimal(self.value)
        if self.unit == MONEY and value == round(value, 2):
            return f"{value:.2f}"
        return f"{value:f}"


Cell = str | Quantity | Mark | None
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """One column of a table, and what may become of it where space is short."""

    heading: str
    type: ColumnType = ColumnType.TEXT
    least: int = 14
    """The narrowest a TEXT column may be before other columns make way."""
    moves: int = 0
    """Where the table does not fit, columns go to lines of their own in this order, from 1; 0 never does."""
    spare: bool = False
    """Whether it may be left out where the table does not fit: it repeats what the row says elsewhere."""
    labelled: bool = True
    """Whether the heading stands before the value on a line of its own."""


class ChartKind(StrEnum):
    """How a table is drawn."""

    BARS = "bars"
    """Lying bars, one a row, named at the left: for organisations and measures, whose names are long."""
    COLUMNS = "columns"
    """Standing columns, for each row one of each series: for quarters."""


@dataclass(frozen=True)
class Chart:
    """How a table is drawn where there can be pictures; the table always stands beside it."""

    kind: ChartKind
    title: str
    """What it shows, its unit included."""
    about: str
    """What there is to see in it, in words, for whoever cannot."""
    series: tuple[int, ...]
    """Which columns of the table are drawn; the first column names the rows. Cells that are no quantities are not."""


@dataclass(frozen=True)
class Table:
    """Rows under typed columns, a closing total row if they add up to one, and notes below."""

    heading: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    notes: tuple[str, ...] = ()
    grouped: bool = False
    """Whether rows with the same first cell stand together: a terminal names it once, above them."""
    in_short: tuple[Line, ...] = ()
    """What a terminal shows for the rows, where so many of them would hide the rest."""
    chart: Chart | None = None


@dataclass(frozen=True)
class Facts:
    """Named values, one a line."""

    heading: str
    items: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Line:
    """One sentence, with a mark before it if it carries a verdict."""

    text: str
    mark: Mark | None = None


@dataclass(frozen=True)
class Lines:
    """Sentences one below the other."""

    heading: str
    lines: tuple[Line, ...]


Section = Facts | Table | Lines


@dataclass(frozen=True)
class Report:
    """What a command found out, in the order a reader needs it."""

    title: str
    outcome: Outcome
    sections: tuple[Section, ...]
    closing: str
    """What to do next."""
    data: Table = field(default_factory=lambda: Table("", (), ()))
    """The one table that stands for the result where only a table can: nothing grouped, nothing shortened."""
    headline: str = ""
    """The whole run in one unwrapped line, for a mail or a log; where all is clean a terminal shows no more."""


@dataclass(frozen=True)
class Span:
    """Cells of one column of a sheet's table, rows ``first`` to ``last``, all from 0; a total is the row after them."""

    column: int
    first: int
    last: int
    sheet: str = ""
    """Blank for the sheet that the formula stands on."""


@dataclass(frozen=True)
class Formula:
    """How a workbook works a number out that stands in its cell already; ``{0}`` is the first of ``spans``."""

    expression: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Chapter:
    """One question that a reader turns to: some sentences, then what bears them out."""

    heading: str
    words: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    appendix: bool = False
    """Whether it is to be looked up in rather than read; an e-mail and a terminal leave it out."""


@dataclass(frozen=True)
class Brief:
    """What is handed on: the answer in a sentence, in short what it rests on, then chapter by chapter."""

    title: str
    headline: Line
    lead: tuple[Line, ...]
    chapters: tuple[Chapter, ...]
    closing: str = ""
    about: str = ""
    """What it is, in a few words, above the title."""


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: a table, what it is about, and which of its cells lead where."""

    name: str
    """At most 31 characters, none of them ``[ ] : * ? / \\``."""
    about: str
    table: Table
    links: Mapping[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    """(row, column) of the table -> (sheet, row of its table), each from 0."""
    formulas: Mapping[tuple[int, int], Formula] = field(default_factory=dict)
    """(row, column) of the table, the total being the row after the last -> how its number is worked out."""
    below: Table | None = None
    """A form below the table, whose blank cells are to be filled in by hand."""
    broad: bool = False
    """Whether it wants a larger sheet of paper."""


@dataclass(frozen=True)
class Book:
    """A workbook: sentences that say what came out, sheets of one table each, and words explained."""

    title: str
    lines: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    words: tuple[tuple[str, str], ...] = ()
    """A word or mark that the sheets use -> what it means."""


def cell_text(cell: Cell) -> str:
    """A cell as a reader sees it."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case Mark() | Quantity():
            return cell.text


def decimal_text(value: Decimal) -> str:
    """An exact decimal in plain digits, with two decimals or as many more as it has."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -2:
        return f"{value:.2f}"
    return f"{value:f}"
