"""What a table is: the return whose schema its columns answer to, and what its cover sheet or folder says of it.

Headers are matched in stages, the surest first; the assignment of columns to names is unique or it is a fault.
Nothing is guessed: two equal answers are a tie, and a tie is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sscbtool.core.model import Grid, Kind, Note, ReturnSchema, Table
from sscbtool.core.organisations import Register
from sscbtool.core.values import Period, fold, parse_count, parse_money, parse_period

SURE, ALIAS, STEM, JOINED = range(4)
"""The stages of a match: the column's own name, an alias, either after dropping unit and year, the joined stack."""

YEAR = re.compile(r"\b(?:fy ?)?(?:19|20)\d\d(?: (?:\d\d|(?:19|20)\d\d))?\b")
UNIT = re.compile(r"(?:£|\bgbp\b|\bpounds?\b|\bsterling\b|%)", re.IGNORECASE)
UNIT_NOTE = 40
"""Characters of a note that may be a unit; a longer one is prose, which may speak of thousands of anything."""
BRACKETED = re.compile(r"[(\[{][^)\]}]*[)\]}]")
SCALE = re.compile(
    r"£\s*['’]?\s*0{3}|\(\s*['’]?0{3}s?\s*\)|['’]0{3}s?\b|\b(?:thousands?|millions?)\b|£\s*(?:k|m|bn)\b|\b0{3}s\b",
    re.IGNORECASE,
)
"""A unit that scales the numbers under it: such a column must not be read as pounds."""
QUARTER = re.compile(r"^(?:q|quarter|qtr) ?([1-4])$")


@dataclass(frozen=True)
class HeaderMatch:
    """Which column of a table holds which column of a schema (numbers are the sheet's, from 1)."""

    return_name: str
    columns: Mapping[str, int]
    wide: Mapping[str, int] = field(default_factory=dict)
    """Name of each column to unpivot -> its number."""
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
    scaled: tuple[int, ...] = ()
    """Those whose heading states thousands or millions."""

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
    wide = _wide_columns(table, schema)
    free = {head.number: head.path for head in heads if head.number not in wide.values()}
    claims: dict[str, list[tuple[int, int]]] = {}
    for column in schema.columns:
        names = {fold(column.name.replace("_", " ")): SURE} | {fold(alias): ALIAS for alias in column.aliases}
        ranked = [(rank, number) for number, path in free.items() if (rank := _rank(path, names)) is not None]
        if ranked:
            claims[column.name] = ranked
    controls: tuple[int, ...] = ()
    if wide and schema.wide and schema.wide.value in claims:
        controls = tuple(number for _, number in claims.pop(schema.wide.value))
    columns, ambiguous = _assign(claims)
    taken = {*columns.values(), *wide.values(), *controls, *(n for each in ambiguous.values() for n in each)}
    supplied = {*columns, *ambiguous} | ({schema.wide.value, schema.wide.into} if wide and schema.wide else set())
    money = {columns[c.name] for c in schema.columns if c.kind == "money" and c.name in columns} | set(wide.values())
    return HeaderMatch(
        return_name=schema.name,
        columns=columns,
        wide=wide,
        controls=controls,
        unnamed=tuple(head.name for head in heads if head.number not in taken),
        ambiguous=ambiguous,
        missing=tuple(c.name for c in schema.columns if c.required and c.name not in supplied),
        money=tuple(sorted(money)),
        scaled=tuple(h.number for h in heads if h.number in money and any(SCALE.search(part) for part in h.path)),
    )


def scaled_notes(table: Table) -> Iterator[Note]:
    """Short notes by a table that state its unit as thousands or millions, such as ``£ thousand``."""
    return (note for note in table.notes if len(note.text) <= UNIT_NOTE and SCALE.search(note.text))


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


def _rank(path: Sequence[str], names: Mapping[str, int]) -> int | None:
    """How surely the stack of headings answers to one of the names; None if it does not."""
    own = fold(path[-1])
    if own in names:
        return names[own]
    if stem(path[-1]) in names:
        return STEM
    joined = " ".join(path)
    return JOINED if fold(joined) in names or stem(joined) in names else None


def stem(heading: str) -> str:
    """A heading without its unit, scale, year and brackets, folded."""
    bare = UNIT.sub(" ", SCALE.sub(" ", BRACKETED.sub(" ", heading)))
    return " ".join(YEAR.sub(" ", fold(bare)).split())


def _wide_columns(table: Table, schema: ReturnSchema) -> dict[str, int]:
    """The columns that a wide layout unpivots, if the table has them all."""
    if schema.wide is None:
        return {}
    wanted = {fold(name): name for name in schema.wide.columns}
    found: dict[str, int] = {}
    for head in table.heads:
        for part in reversed(head.path):
            key = stem(part) or fold(part)
            quarter = QUARTER.match(key)
            name = wanted.get(f"q{quarter[1]}" if quarter else key) or wanted.get(fold(part))
            if name and name not in found:
                found[name] = head.number
                break
    return found if len(found) == len(wanted) else {}


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


COVER_NAMES = {
    "return": ("return type", "return", "return name", "type of return"),
    "partner": ("partner code", "partner", "agency", "organisation", "organisation code", "submitted by"),
    "period": ("period", "financial year", "year", "reporting period", "period covered"),
    "nil": ("nil return",),
    "rows": ("control total rows", "control rows", "number of rows", "row count"),
    "value": ("control total value", "control total", "control value"),
    "supersedes": ("supersedes", "replaces"),
    "other": ("schema version", "area code", "period type", "period start", "period end", "as at", "scope", "status",
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
        known = 0
        for i in range(len(grid.rows)):
            cells = [j for j in range(len(grid.columns)) if grid.kinds[i, j] != Kind.BLANK]
            key = names.get(fold(grid.text(i, cells[0])).rstrip()) if cells else None
            if key is None:
                continue
            known += 1
            if len(cells) > 1:
                said.setdefault(key, (grid.text(i, cells[1]), grid.kind(i, cells[1])))
        if known >= 3 or (known >= 1 and fold(grid.sheet) in COVER_SHEETS):
            return _cover(grid.sheet, said, schemas, register)
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
