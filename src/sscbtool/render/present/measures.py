"""The measures of a summary as tables whose totals foot: by organisation, with shares, and by quarter.

A measure that adds up (a sum, a count of rows) gets what is missing from its parts as a row or column of its own, so
that it foots; a count of distinct things does not add up, and its table says so instead of pretending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby

from sscbtool.core.model import Catalogue, Measure, MeasureValue, Organisation, Result, Severity
from sscbtool.render.present.figures import column_totals
from sscbtool.render.present.received import findings_in_short, refusals, row_facts, set_aside_lines
from sscbtool.render.present.trend import measure_named, trend_tables
from sscbtool.render.present.words import Folder, capital, nonempty, return_title, severity_counts, title_of
from sscbtool.render.report import MONEY, Cell, Column, ColumnType, Quantity, Report, Row, Section, Table

BY_AGENCY = " by agency"
"""How the headings of tables with shares end."""
_HUNDREDTH = Decimal("0.01")
_Number = Decimal | int


def shares(amounts: Sequence[_Number]) -> list[Decimal] | None:
    """Each amount's percentage of their sum, to two decimals, footing to exactly 100.00 by largest remainder.

    Ties go to the earlier amount. None where the sum is nought, for nothing is a share of nothing.
    """
    whole = sum(Decimal(amount) for amount in amounts)
    if not whole:
        return None
    exact = [Decimal(amount) * 100 / whole for amount in amounts]
    floors = [value.quantize(_HUNDREDTH, rounding=ROUND_FLOOR) for value in exact]
    missing = int((Decimal(100) - sum(floors)) / _HUNDREDTH)
    largest = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    for index in largest[:missing]:
        floors[index] += _HUNDREDTH
    return floors


def measure_sections(
    values: Iterable[MeasureValue], catalogue: Catalogue | None, *, show_values: bool = False
) -> list[Section]:
    """The tables of every measure, in the order of the values."""
    sections: list[Section] = []
    names = Names(catalogue, show_values=show_values)
    for (return_name, name), group in groupby(values, key=lambda value: (value.return_name, value.measure)):
        sections += _Breakdown.of(list(group), measure_named(catalogue, return_name, name)).tables(names)
    return sections


def agency_table(values: Sequence[MeasureValue], catalogue: Catalogue | None) -> Table | None:
    """Who gave how much of one measure, with shares; None where no organisation gave anything."""
    if not any(value.partner for value in values):
        return None
    one = _Breakdown.of(values, measure_named(catalogue, values[0].return_name, values[0].measure))
    return one.with_shares(Names(catalogue))


def measures_as_data(values: Iterable[MeasureValue], catalogue: Catalogue | None) -> Table:
    """Every value a row, as in the JSON."""
    names = Names(catalogue, show_values=False)
    headings = ("return", "measure", "partner", "organisation", "quarter", "value", "unit")
    rows = tuple(
        (v.return_name, v.measure, names.code(v.partner), names.name(v.partner) if v.partner else None, v.quarter,
         None if v.value is None else Quantity(v.value, v.unit), v.unit)
        for v in values
    )  # fmt: skip
    return Table("Measures", tuple(Column(heading) for heading in headings), rows)


def measures_in_one(values: Iterable[MeasureValue], catalogue: Catalogue | None, *, show_values: bool) -> Table:
    """Every measure in one table that can be filtered: a row for each organisation, and one for all of them."""
    values = list(values)
    names = Names(catalogue, show_values=show_values)
    quarters = sorted({value.quarter for value in values if value.quarter})
    columns = (
        Column("Return", least=36),
        Column("Measure", least=46),
        Column("Organisation", least=46),
        *(Column(_short_quarter(quarter), ColumnType.VALUE) for quarter in quarters),
        Column("Year", ColumnType.VALUE),
        Column("Unit", ColumnType.CODE),
    )
    rows: list[Row] = []
    for (return_name, name), group in groupby(values, key=lambda value: (value.return_name, value.measure)):
        one = _Breakdown.of(list(group), measure_named(catalogue, return_name, name))
        for partner in (*one.ordered(names), None):
            missing = 0 if one.quarters else None
            cells = (one.quantity(one.values.get((partner, quarter), missing)) for quarter in (*quarters, None))
            said = names.name(partner) if partner else "All"
            rows.append((return_title(return_name, catalogue), one.title, said, *cells, one.unit))
    return Table("Measures", columns, tuple(rows))


class Names:
    """What organisations are called; a name that no register knows is partner text and only shown when asked for."""

    def __init__(self, catalogue: Catalogue | None, *, show_values: bool = False) -> None:
        self._known: Mapping[str, Organisation] = {o.code: o for o in catalogue.organisations} if catalogue else {}
        self._judges = catalogue is not None and not show_values

    def get(self, code: str) -> Organisation | None:
        """The organisation of that code, where the register has it."""
        return self._known.get(code)

    def name(self, code: str) -> str:
        """What it is called."""
        known = self._known.get(code)
        if known:
            return known.name
        return "Not in the register" if self._judges else code

    def code(self, code: str | None) -> str | None:
        """The code, where it is not partner text."""
        return None if code is None or (self._judges and code not in self._known) else code


@dataclass(frozen=True)
class _Breakdown:
    """One measure's values by partner and quarter; None stands for all."""

    title: str
    unit: str
    adds_up: bool
    values: Mapping[tuple[str | None, str | None], _Number]

    @classmethod
    def of(cls, group: Sequence[MeasureValue], measure: Measure | None) -> _Breakdown:
        first = group[0]
        values: dict[tuple[str | None, str | None], _Number] = {
            (v.partner, v.quarter): v.value for v in group if v.value is not None
        }
        title = measure.title if measure else f"{first.return_name}: {first.measure}"
        sql = measure.sql.lower().strip() if measure else ""
        part_of_whole = measure is not None and (measure.of is not None or measure.listed)
        adds_up = sql.startswith(("sum(", "count(")) and "distinct" not in sql and "/" not in sql and not part_of_whole
        return cls(title, first.unit, adds_up, values)

    @property
    def partners(self) -> list[str]:
        return sorted({partner for partner, _ in self.values if partner is not None})

    @property
    def quarters(self) -> list[str]:
        return sorted({quarter for _, quarter in self.values if quarter is not None})

    def tables(self, names: Names) -> list[Table]:
        """By organisation with shares where money adds up; by quarter where quarters are known; else the total."""
        tables = []
        if self.unit == MONEY and self.adds_up and self.partners:
            tables.append(self.with_shares(names))
        if self.quarters:
            tables.append(self._by_quarter(names))
        elif not tables and self.partners:
            tables.append(self._by_partner(names))
        return tables or [self._whole()]

    def quantity(self, value: _Number | None) -> Cell:
        if value is None or self.unit == MONEY:
            return None if value is None else Quantity(value, MONEY)
        # hours and scores are kept to six places; noughts at the end say nothing
        exact = Decimal(value)
        return Quantity(value if exact == exact.to_integral_value() else exact.normalize(), "")

    def ordered(self, names: Names) -> list[str]:
        """Statutory partners are not put first: the largest amount is, then by name."""
        return sorted(self.partners, key=lambda p: (-self.values.get((p, None), 0), names.name(p), p))

    def with_shares(self, names: Names) -> Table:
        """By organisation, the largest first."""
        partners = self.ordered(names)
        amounts = [Decimal(self.values.get((partner, None), 0)) for partner in partners]
        labels: list[tuple[str, Cell]] = [(names.name(p), _statutory(names.get(p))) for p in partners]
        whole = Decimal(self.values.get((None, None), sum(amounts, Decimal(0))))
        rest = whole - sum(amounts, Decimal(0))
        if rest:
            labels.append(("No registered organisation", None))
            amounts.append(rest)
        parts = shares(amounts)
        rows: tuple[Row, ...] = tuple(
            (name, statutory, self.quantity(amount), Quantity(parts[i], "percent") if parts else None)
            for i, ((name, statutory), amount) in enumerate(zip(labels, amounts, strict=True))
        )
        columns = (
            Column("Agency", least=28),
            Column("Statutory partner", least=9),
            Column("Amount", ColumnType.MONEY),
            Column("Share of total", ColumnType.VALUE),
        )
        total = ("Total", None, self.quantity(whole), Quantity(Decimal("100.00"), "percent") if parts else None)
        return Table(f"{self.title}{BY_AGENCY}", columns, rows, total)

    def _by_quarter(self, names: Names) -> Table:
        quarters = self.quarters
        undated = {p: self._undated(p) for p in [*self.partners, None]} if self.adds_up else {}
        has_undated = any(undated.values())
        columns = (
            Column("Organisation" if self.partners else "", least=24, moves=1),
            *(Column(_short_quarter(quarter), self._type) for quarter in quarters),
            *((Column("Undated", self._type),) if has_undated else ()),
            Column("Year", self._type),
        )

        def row(label: str, partner: str | None) -> Row:
            return (
                label,
                *(self.quantity(self.values.get((partner, quarter), 0)) for quarter in quarters),
                *((self.quantity(undated.get(partner, 0)),) if has_undated else ()),
                self.quantity(self.values.get((partner, None), 0)),
            )

        rows = [row(names.name(partner), partner) for partner in self.ordered(names)]
        total = row("All organisations" if self.partners else self.title, None)
        if self.adds_up and self.partners:
            rest = self._beyond_partners(total, rows)
            rows += [rest] if rest else []
        notes = () if self.adds_up else (self._why_not_footing(),)
        return Table(
            f"{self.title} by {'organisation and ' if self.partners else ''}quarter", columns, tuple(rows), total, notes
        )

    def _undated(self, partner: str | None) -> _Number:
        dated = sum(self.values.get((partner, quarter), 0) for quarter in self.quarters)
        return self.values.get((partner, None), 0) - dated

    def _beyond_partners(self, total: Row, rows: Sequence[Row]) -> Row | None:
        """What the total holds beyond its organisations, so that the column foots."""
        rest: list[_Number] = []
        for column in range(1, len(total)):
            whole = total[column]
            parts = sum(cell.value for r in rows if isinstance(cell := r[column], Quantity))
            rest.append((whole.value if isinstance(whole, Quantity) else 0) - parts)
        return ("No registered organisation", *(self.quantity(value) for value in rest)) if any(rest) else None

    def _by_partner(self, names: Names) -> Table:
        rows = tuple((names.name(p), self.quantity(self.values.get((p, None), 0))) for p in self.ordered(names))
        columns = (
            Column("Organisation", least=24),
            Column("Days" if self.unit == "date" else self.unit.capitalize(), self._type),
        )
        total = ("All organisations", self.quantity(self.values.get((None, None))))
        notes = () if self.adds_up else (self._why_not_footing(),)
        return Table(f"{self.title} by organisation", columns, rows, total, notes)

    def _whole(self) -> Table:
        value = self.quantity(self.values.get((None, None)))
        return Table(self.title, (Column("", least=24), Column("Year", self._type)), ((self.title, value),))

    def _why_not_footing(self) -> str:
        return (
            "Each is counted once in every line and column it belongs to, and once in the year: "
            "lines and columns need not add up to their totals."
        )

    @property
    def _type(self) -> ColumnType:
        return ColumnType.MONEY if self.unit == MONEY else ColumnType.COUNT


def _statutory(organisation: Organisation | None) -> str | None:
    return None if organisation is None else "yes" if organisation.statutory_partner else "no"


def _short_quarter(quarter: str) -> str:
    """``Q1`` of ``2018-19 Q1``."""
    return quarter.rsplit(" ", 1)[-1]


def summary(result: Result, *, show_values: bool = False) -> Report:
    """The measures of each return by partner and quarter, with totals that foot or say why they do not."""
    folder = Folder(file.path for file in result.files)
    sections = [
        *measure_sections(result.measures, result.catalogue, show_values=show_values),
        *trend_tables(result),
        column_totals(result),
        row_facts(result) if result.files else None,
        set_aside_lines(result.files, result.catalogue),
        refusals(result.files, folder),
        findings_in_short([f for f in result.findings if f.severity is not Severity.WARNING], folder),
    ]
    closing = "Next, held against the published figures: sscbtool reconcile."
    if not result.measures:
        closing = "There is nothing to add up: check the period and the paths, or ask for the returns."
    elif any(True for _ in result.open_findings):
        closing = f"{capital(severity_counts(result.findings))}: these figures may change. See sscbtool validate."
    return Report(
        title_of(result, "Summary"),
        result.outcome,
        nonempty(sections),
        closing,
        measures_as_data(result.measures, result.catalogue),
    )
