"""What a table is: the return whose schema its columns answer to, and what its cover sheet or folder says of it.

Headers are matched in stages, the surest first; the assignment of columns to names is unique or it is a fault.
Nothing is guessed: two equal answers are a tie, and a tie is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

import numpy as np

from sscbtool.core.headings import (
    UNIT_NOTE,
    Unit,
    month_year,
    scaled,
    slot,
    stem,
    unit_by_note,
    unit_of,
    year_in,
)
from sscbtool.core.model import (
    Area,
    ColumnHead,
    ColumnKind,
    Grid,
    Kind,
    Note,
    Place,
    ReturnSchema,
    RowRole,
    Table,
    Wide,
)
from sscbtool.core.organisations import Register
from sscbtool.core.values import Period, fold, parse_count, parse_money, parse_period

SURE, ALIAS, STEM, JOINED = range(4)
"""The stages of a match: the column's own name, an alias, either after dropping unit and year, the joined stack."""


@dataclass(frozen=True)
class HeaderMatch:
    """Which column of a table holds which column of a schema (numbers are the sheet's, from 1)."""

    return_name: str
    columns: Mapping[str, int]
    wide: Mapping[str, int] = field(default_factory=dict)
    """Name of each column to unpivot -> its number."""
    layout: Wide | None = None
    """The layout that they are of."""
    controls: tuple[int, ...] = ()
    """Row totals beside unpivoted columns: a control, not read."""
    unnamed: tuple[str, ...] = ()
    """Headings that the schema does not name."""
    ambiguous: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """A schema column that several headings answer to equally."""
    missing: tuple[str, ...] = ()
    """Required columns that no heading answers to."""
    money: tuple[int, ...] = ()
    """The columns read as amounts."""
    units: Mapping[int, Unit] = field(default_factory=dict)
    """Those whose heading states another unit than pounds."""
    rivals: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """A schema column -> headings beside the one that was taken for it that make it doubtful which is meant."""

    @property
    def answers(self) -> bool:
        """Whether the table holds all that the schema requires, and the schema accounts for most of it."""
        named = len(self.columns) + len(self.wide) + len(self.controls)
        return not self.missing and not self.ambiguous and named > len(self.unnamed)

    @property
    def strength(self) -> tuple[int, int]:
        """How much of the table the schema accounts for: more is better."""
        return len(self.columns) + len(self.wide), -len(self.unnamed)


@dataclass(frozen=True)
class Recognition:
    """What the columns of a table say."""

    match: HeaderMatch | None
    tied: tuple[str, ...] = ()
    """Returns whose schemas the table answers to equally."""
    nearest: HeaderMatch | None = None
    """Where none answers: the schema that comes closest, and what it misses."""


def recognise(table: Table, schemas: Iterable[ReturnSchema], *, chosen: str | None = None) -> Recognition:
    """The return that a table is. ``chosen`` (an option or the cover) leaves only what it requires to be shown."""
    matches = [match_headers(table, schema) for schema in schemas if chosen in (None, schema.name)]
    if chosen is not None:
        whole = [match for match in matches if not match.missing and not match.ambiguous]
    else:
        whole = [match for match in matches if match.answers]
    if whole:
        best = max(match.strength for match in whole)
        first, *others = [match for match in whole if match.strength == best]
        if others:
            return Recognition(None, tied=(first.return_name, *(other.return_name for other in others)))
        return Recognition(first)
    near = [match for match in matches if len(match.columns) + len(match.ambiguous) + bool(match.wide) > 1]
    near.sort(key=lambda match: (len(match.missing) + len(match.ambiguous), *(-part for part in match.strength)))
    return Recognition(None, nearest=near[0] if near else None)


def match_headers(table: Table, schema: ReturnSchema) -> HeaderMatch:
    """Every heading of a table held against every name of a schema."""
    heads = [head for head in table.heads if head.path]
    layout, wide, doubled = _wide_columns(heads, schema)
    free = {head.number: head.path for head in heads if head.number not in wide.values()}
    keys = {number: _keys(path) for number, path in free.items()}
    claims: dict[str, list[tuple[int, int]]] = {}
    for column in schema.columns:
        names = _names(column.name, column.aliases)
        ranked = [(rank, number) for number, key in keys.items() if (rank := _rank(key, names)) is not None]
        if ranked:
            claims[column.name] = ranked
    controls: tuple[int, ...] = ()
    if layout and layout.value in claims:
        controls = tuple(number for _, number in claims.pop(layout.value))
    columns, ambiguous = _assign(claims)
    ambiguous |= doubled
    taken = {*columns.values(), *wide.values(), *controls, *(n for each in ambiguous.values() for n in each)}
    supplied = {*columns, *ambiguous} | ({layout.value, layout.into} if layout else set())
    money = {columns[c.name] for c in schema.columns if c.kind == "money" and c.name in columns} | set(wide.values())
    stated = {head.number: _unit(head, money) for head in heads} if money else {}
    return HeaderMatch(
        return_name=schema.name,
        columns=columns,
        wide=wide,
        layout=layout,
        controls=controls,
        unnamed=tuple(head.name for head in heads if head.number not in taken),
        ambiguous=ambiguous,
        missing=tuple(c.name for c in schema.columns if c.required and c.name not in supplied),
        money=tuple(sorted(money)),
        units={number: unit for number, unit in stated.items() if unit},
        rivals=_rivals(schema, columns, claims, {head.number: head.path[-1] for head in heads}),
    )


def _unit(head: ColumnHead, money: Collection[int]) -> Unit | None:
    """The unit that a heading states; one that is not of an amount may still say it for the whole table."""
    text = " ".join(head.path)
    return unit_of(text) if head.number in money else unit_by_note(text) if len(text) > UNIT_NOTE else scaled(text)


def _rivals(
    schema: ReturnSchema,
    columns: Mapping[str, int],
    claims: Mapping[str, list[tuple[int, int]]],
    headings: Mapping[int, str],
) -> dict[str, tuple[int, ...]]:
    """Headings left over that answer less surely to a column that is taken, or that its schema names as rivals."""
    left = set(headings) - set(columns.values())
    found = {}
    for spec in schema.columns:
        if spec.name in columns and spec.kind is ColumnKind.MONEY:
            words = {fold(word) for word in spec.rivals}
            named = {number for number in left if {fold(headings[number]), stem(headings[number])} & words}
            named |= {number for _, number in claims[spec.name] if number in left}
            if named:
                found[spec.name] = tuple(sorted(named))
    return found


def restored(grid: Grid, table: Table, match: HeaderMatch, schema: ReturnSchema, register: Register) -> Table:
    """The table with those rows among its data that were set aside for their looks, yet answer to the schema.

    A course called "Total Respect" is no total where no total of numbers stands beside it, and a row whose date is
    merged with the one above is no heading. Nor is London a total where the schema knows it as one of the areas that a
    row may be of, whatever the rows above it come to. A registered organisation right below the
    last row is a row as well, whose amount is missing.
    """
    table = _with_bare_names(grid, table, match, schema, register)
    needed = {match.columns[spec.name] for spec in schema.columns if spec.required and spec.name in match.columns}
    known = {*match.columns.values(), *match.wide.values()}
    with_totals = {total.row for total in table.totals}
    back = []
    for row, role in table.set_aside:
        i = int(np.searchsorted(grid.rows, row))
        named = row in with_totals and _named_by_a_code(grid, i, match, schema)
        if role is RowRole.REPEATED_HEADER or (row in with_totals and not named):
            continue
        cells = np.flatnonzero(grid.kinds[i] != Kind.BLANK).tolist()
        if [grid.text(i, j) for j in cells] == [str(n + 1) for n in range(len(cells))]:
            continue  # the columns numbered
        filled = {int(grid.columns[j]) for j in cells} & known
        whole = needed <= filled and (not match.wide or filled & set(match.wide.values()))
        if whole or (not named and role is not RowRole.TOTAL and len(filled) >= max(2, len(known) / 2)):
            back.append(row)
    if not back:
        return table
    rows = np.sort(np.concatenate([table.data_rows, np.array(back, dtype=np.int32)])).astype(np.int32)
    return replace(
        table,
        data_rows=rows,
        set_aside=tuple(each for each in table.set_aside if each[0] not in back),
        totals=tuple(total for total in table.totals if total.row not in back),
    )


def _named_by_a_code(grid: Grid, i: int, match: HeaderMatch, schema: ReturnSchema) -> bool:
    """Whether a row is filled in columns of codes, and every one of those cells is a code that its column may hold."""
    at = {number: schema.column(name) for name, number in match.columns.items()}
    texts = [(at[int(n)], grid.text(i, j)) for j, n in enumerate(grid.columns) if int(n) in at and grid.text(i, j)]
    texts = [(spec, text) for spec, text in texts if spec.kind is ColumnKind.CODE and spec.values]
    coded = [spec for spec, text in texts if fold(text) in spec.values]
    stated = [spec for spec, _ in texts]
    return bool(coded) and coded == stated


def _with_bare_names(grid: Grid, table: Table, match: HeaderMatch, schema: ReturnSchema, register: Register) -> Table:
    """The table with the rows right below it that name a registered organisation and nothing else of theirs."""
    name = next((c.name for c in schema.columns if c.kind is ColumnKind.ORGANISATION and c.name in match.columns), None)
    j = stored_column(grid, match.columns[name]) if name else None
    if j is None:
        return table
    more = []
    row = table.area.bottom
    for i in range(int(np.searchsorted(grid.rows, row)) + 1, len(grid.rows)):
        row += 1
        if int(grid.rows[i]) != row or grid.kinds[i, j] != Kind.TEXT or grid.text(i, j).strip() not in register:
            break
        more.append(row)
    if not more:
        return table
    return replace(
        table,
        area=replace(table.area, bottom=more[-1]),
        data_rows=np.append(table.data_rows, np.array(more, dtype=np.int32)).astype(np.int32),
        notes=tuple(note for note in table.notes if note.row not in more),
    )


def stored_column(grid: Grid, number: int) -> int | None:
    """Where the sheet's column of that number is stored; None where it holds nothing."""
    j = int(np.searchsorted(grid.columns, number))
    return j if j < len(grid.columns) and int(grid.columns[j]) == number else None


HEADING_DEPTH = 60
"""Rows from the top of a sheet in which a schema's headings are looked for."""


def by_heading(grid: Grid, schemas: Iterable[ReturnSchema]) -> Table | None:
    """The table below the first row whose cells are a schema's headings; None where there is no such row.

    For sheets of nothing but text, where headings look no different from the rows below them. No row of it is taken
    for a total.
    """
    schemas = tuple(schemas)
    for i in range(min(HEADING_DEPTH, len(grid.rows) - 1)):
        cells = [j for j in range(len(grid.columns)) if grid.kinds[i, j] != Kind.BLANK]
        if len(cells) < 2 or any(grid.kinds[i, j] != Kind.TEXT for j in cells):
            continue
        heads = tuple(ColumnHead(int(grid.columns[j]), (grid.text(i, j).strip(),)) for j in cells)
        filled = (grid.kinds[i + 1 :, cells] != Kind.BLANK).any(axis=1)
        table = Table(
            grid.sheet,
            Area(int(grid.rows[i]), heads[0].number, int(grid.rows[-1]), heads[-1].number),
            (int(grid.rows[i]),),
            heads,
            grid.rows[i + 1 :][filled],
        )
        if any(match_headers(table, schema).answers for schema in schemas):
            return table
    return None


def units_by_note(grid: Grid, table: Table) -> Iterator[tuple[Note, Unit]]:
    """Titles, notes, total labels and the sheet's name where they state the table's unit, such as ``£ thousand``."""
    said = {(note.row, note.column): note for note in texts_above(grid, table.area.top)}
    said |= {(note.row, note.column): note for note in table.notes}
    said |= {(total.row, total.column): Note(total.row, total.column, total.label) for total in table.totals}
    yield from ((note, unit) for note in said.values() if (unit := unit_by_note(note.text)))
    if unit := scaled(table.sheet or ""):
        yield Note(table.area.top, table.area.left, ""), unit


def texts_above(grid: Grid, top: int | None = None) -> Iterator[Note]:
    """Every text above a row, or of a whole sheet; of its first rows, since a unit is stated early or not at all."""
    for i in range(min(len(grid.rows), HEADING_DEPTH)):
        if top is not None and grid.rows[i] >= top:
            return
        for j in np.flatnonzero(grid.kinds[i] == Kind.TEXT).tolist():
            yield Note(int(grid.rows[i]), int(grid.columns[j]), grid.text(i, j))


def year_stated(table: Table, match: HeaderMatch) -> Period | None:
    """The year that the amounts' heading states, else the title nearest above the table, else the sheet's name."""
    own = {match.columns[name] for name in match.columns if match.columns[name] in match.money} | set(
        match.wide.values()
    )
    headings = {year_in(" ".join(head.path)) for head in table.heads if head.number in own} - {None}
    months = _years_of(table.heads, {name: (number,) for name, number in match.wide.items()})
    headings |= {Period(year, None) for year in months}
    if headings:
        return headings.pop() if len(headings) == 1 else None
    top = max(table.area.top, int(table.data_rows[0]) - 1) if len(table.data_rows) else table.area.top
    above = sorted((note.row, note.text) for note in table.notes if note.row <= top)
    for _, text in reversed(above):
        if year := year_in(text):
            return year
    return year_in(table.sheet or "")


def blocks(grid: Grid, table: Table) -> Iterator[Table]:
    """A table cut at each heading that stands again after a gap or a title: what follows is a table of its own.

    A heading repeated right below a row of data is a page break, and stays a row set aside.
    """
    roles = dict(table.set_aside)
    starts = [row for row, role in table.set_aside if role is RowRole.REPEATED_HEADER]
    data = [int(row) for row in table.data_rows]
    starts += [row for row, role in table.set_aside if role in TITLES and _year_at(grid, row)]
    starts.sort()
    totals = {row for row, role in roles.items() if role is RowRole.TOTAL}
    cuts = [row for row in starts if roles[row] in TITLES or row - 1 not in {*data, *totals, *starts}]
    cuts = [row for row in cuts if row > min(data, default=row) and not _cut_before(cuts, row, data)]
    if not cuts or not data:
        opening = (
            tuple(_titles(grid, roles, min(data))) if any(start < min(data, default=0) for start in starts) else ()
        )
        yield replace(table, notes=(*table.notes, *opening)) if opening else table
        return
    edges = [table.area.top, *cuts, table.area.bottom + 1]
    for number, (start, end) in enumerate(pairwise(edges)):
        inside = range(start, end)
        # the first part's own title may stand below the heading that all parts share
        below = start + (roles.get(start) in TITLES) if number else min(row for row in data if row in inside)
        titles = tuple(_titles(grid, roles, below))
        yield replace(
            table,
            area=replace(table.area, top=start, bottom=end - 1),
            header_rows=(start,) if number and roles.get(start) is RowRole.REPEATED_HEADER else table.header_rows,
            data_rows=table.data_rows[(table.data_rows >= start) & (table.data_rows < end)],
            set_aside=tuple((r, role) for r, role in table.set_aside if r in inside and not (number and r == start)),
            totals=tuple(total for total in table.totals if total.row in inside),
            row_breaks=tuple(check for check in table.row_breaks if check.row in inside),
            notes=(*(note for note in table.notes if number == 0 or note.row in inside), *titles),
            hidden_rows=tuple(row for row in table.hidden_rows if row in inside),
        )


def _cut_before(cuts: Sequence[int], row: int, data: Sequence[int]) -> bool:
    """Whether a cut stands right above with no data between: a title and the heading below it begin one table."""
    earlier = [cut for cut in cuts if cut < row]
    return bool(earlier) and not any(earlier[-1] < each < row for each in data)


TITLES = (RowRole.HEADING, RowRole.NOTE)


def _year_at(grid: Grid, row: int) -> Period | None:
    """The year that a row set aside as a title states."""
    i = int(np.searchsorted(grid.rows, row))
    return year_in(" ".join(grid.text(i, j) for j in range(len(grid.columns)) if grid.kinds[i, j] == Kind.TEXT))


def _titles(grid: Grid, roles: Mapping[int, RowRole], start: int) -> Iterator[Note]:
    """The text of the rows right above a cut that are no data: the titles of what follows."""
    for i in range(int(np.searchsorted(grid.rows, start)) - 1, -1, -1):
        row = int(grid.rows[i])
        if roles.get(row) not in TITLES:
            return
        yield from (
            Note(row, int(grid.columns[j]), grid.text(i, j))
            for j in range(len(grid.columns))
            if grid.kinds[i, j] == Kind.TEXT
        )


def _assign(claims: Mapping[str, list[tuple[int, int]]]) -> tuple[dict[str, int], dict[str, tuple[int, ...]]]:
    """One heading a name, the surest claims first; what is left open at equal rank is ambiguous."""
    columns: dict[str, int] = {}
    ambiguous: dict[str, tuple[int, ...]] = {}
    for rank in (SURE, ALIAS, STEM, JOINED):
        for name, ranked in claims.items():
            if name in columns or name in ambiguous:
                continue
            open_here = [number for r, number in ranked if r == rank and number not in columns.values()]
            if len(open_here) == 1:
                columns[name] = open_here[0]
            elif open_here:
                ambiguous[name] = tuple(sorted(open_here))
    return columns, ambiguous


@lru_cache(maxsize=1024)
def _names(name: str, aliases: tuple[str, ...]) -> Mapping[str, int]:
    """The folded names that a heading may have for a column, and how sure each is."""
    return {fold(alias): ALIAS for alias in aliases} | {fold(name.replace("_", " ")): SURE}


def _keys(path: Sequence[str]) -> tuple[str, str, str, str]:
    """What is held against the names, in the order of the stages: the lowest heading, its stem, the stack, its stem."""
    joined = " ".join(path)
    return fold(path[-1]), stem(path[-1]), fold(joined), stem(joined)


def _rank(keys: tuple[str, str, str, str], names: Mapping[str, int]) -> int | None:
    """How surely a heading answers to one of the names; None if it does not."""
    own, bare, joined, joined_bare = keys
    if own in names:
        return names[own]
    if bare in names:
        return STEM
    return JOINED if joined in names or joined_bare in names else None


def _wide_columns(
    heads: Sequence[ColumnHead], schema: ReturnSchema
) -> tuple[Wide | None, dict[str, int], dict[str, tuple[int, ...]]]:
    """The layout whose columns the table has all of, and where; or the columns that it has more than once."""
    for layout in schema.wide:
        wanted = {slot(name) or fold(name): name for name in layout.columns}
        found: dict[str, list[int]] = {}
        for head in heads:
            named = (wanted.get(slot(part) or fold(part)) for part in reversed(head.path))
            name = next((each for each in named if each), None)
            if name:
                found.setdefault(name, []).append(head.number)
        if len(found) == len(wanted):
            years = _years_of(heads, found)
            if len(years) > 1 or (not years and _calendar_order(found)):
                continue
            if any(len(numbers) > 1 for numbers in found.values()):
                return None, {}, {layout.value: tuple(sorted(n for numbers in found.values() for n in numbers))}
            return layout, {name: found[name][0] for name in layout.columns}, {}
    return None, {}, {}


def _years_of(heads: Sequence[ColumnHead], found: Mapping[str, Collection[int]]) -> set[int]:
    """The financial years that columns to unpivot state; months of several years are no layout of one."""
    numbers = {number for each in found.values() for number in each}
    return {year for head in heads if head.number in numbers and (year := month_year(head.path)) is not None}


def _calendar_order(found: Mapping[str, Sequence[int]]) -> bool:
    """Whether months without a year run from January to December: of which years they are cannot be told."""
    order = sorted(found, key=lambda name: found[name][0])
    return order[0] == "Jan" and order[-1] == "Dec"


# --------------------------------------------------------------------------- the cover sheet


@dataclass(frozen=True)
class Cover:
    """What a cover sheet says of the workbook it stands in."""

    sheet: str | None
    return_name: str | None = None
    partner: str | None = None
    period: Period | None = None
    nil_return: bool = False
    control_rows: int | None = None
    control_value: Decimal | None = None
    supersedes: str | None = None
    final: bool = False
    """Whether it calls itself final or revised: what it says then replaces what was published."""
    cells: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Row and column of what it says, by the keys of ``COVER_NAMES``."""

    def place(self, path: str, key: str) -> Place:
        """The cell that says it."""
        return Place(path, self.sheet, *self.cells.get(key, (None, None)))

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The control totals, ``rows`` or ``value``, that are stated and cannot be read."""
        read = {"rows": self.control_rows, "value": self.control_value}
        return tuple(key for key, value in read.items() if key in self.cells and value is None)


COVER_NAMES = {
    "return": ("return type", "return", "return name", "type of return"),
    "partner": ("partner code", "partner", "agency", "organisation", "organisation code", "submitted by"),
    "period": ("period", "financial year", "year", "reporting period", "period covered"),
    "nil": ("nil return",),
    "rows": ("control total rows", "control rows", "number of rows", "row count"),
    "value": ("control total value", "control total", "control value"),
    "supersedes": ("supersedes", "replaces"),
    "status": ("status", "status of return", "submission status"),
    "other": ("schema version", "area code", "period type", "period start", "period end", "as at", "scope",
              "prepared by role", "prepared by", "prepared on", "date prepared"),
}  # fmt: skip
COVER_SHEETS = {"cover", "cover sheet", "coversheet", "metadata", "front sheet", "about this return"}
COVER_ROWS = 60


def read_cover(grids: Iterable[Grid], schemas: Mapping[str, ReturnSchema], register: Register) -> Cover | None:
    """The first sheet that is a cover: named as one, or a list of at least three of a cover's names."""
    names = {name: key for key, spellings in COVER_NAMES.items() for name in spellings}
    for grid in grids:
        if grid.sheet is None or not len(grid.rows) or len(grid.rows) > COVER_ROWS:
            continue
        said: dict[str, tuple[str, Kind]] = {}
        cells: dict[str, tuple[int, int]] = {}
        known = 0
        for i in range(len(grid.rows)):
            filled = [j for j in range(len(grid.columns)) if grid.kinds[i, j] != Kind.BLANK]
            key = names.get(fold(grid.text(i, filled[0])).rstrip()) if filled else None
            if key is None:
                continue
            known += 1
            if len(filled) > 1 and key not in said:
                said[key] = grid.text(i, filled[1]), grid.kind(i, filled[1])
                cells[key] = int(grid.rows[i]), int(grid.columns[filled[1]])
        if known >= 3 or (known >= 1 and fold(grid.sheet) in COVER_SHEETS):
            return replace(_cover(grid.sheet, said, schemas, register), cells=cells)
    return None


def _cover(
    sheet: str | None, said: Mapping[str, tuple[str, Kind]], schemas: Mapping[str, ReturnSchema], register: Register
) -> Cover:
    def text(key: str) -> str:
        return said.get(key, ("", Kind.BLANK))[0].strip()

    titles = {fold(name): name for schema in schemas.values() for name in (schema.name,)}
    titles |= {fold(schema.title): schema.name for schema in schemas.values()}
    titles |= {fold(schema.name.replace("_", " ")): schema.name for schema in schemas.values()}
    partner = register.resolve(text("partner")) if text("partner") else None
    period = parse_period(text("period")) if text("period") else None
    rows = parse_count(*said["rows"]) if "rows" in said else None
    value = parse_money(*said["value"]) if "value" in said else None
    return Cover(
        sheet=sheet,
        return_name=titles.get(fold(text("return"))),
        partner=partner.code if partner else None,
        period=period if isinstance(period, Period) else None,
        nil_return=fold(text("nil")) in ("yes", "true", "y", "1", "nil", "nil return"),
        control_rows=rows if isinstance(rows, int) else None,
        control_value=value if isinstance(value, Decimal) else None,
        supersedes=text("supersedes") or None,
        final=any(fold(text("status")).startswith(word) for word in ("final", "revised", "resubmi", "amended")),
    )


# --------------------------------------------------------------------------- the folder


def folder_says(parts: Sequence[str], register: Register) -> tuple[Period | None, str | None]:
    """Period and partner named by the folders of a path, the innermost first; the file's own name says nothing."""
    period = partner = None
    for part in reversed(parts[:-1]):
        if period is None and isinstance(said := parse_period(part), Period):
            period = said
        elif partner is None and (organisation := register.resolve(part)):
            partner = organisation.code
    return period, partner
