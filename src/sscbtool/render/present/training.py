"""What training was given in each quarter, and to whose staff, without a row of a few people."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sscbtool.core.model import Result
from sscbtool.core.suppress import LEAST
from sscbtool.render.present.measures import Names
from sscbtool.render.present.words import capital, listed, nonempty, sentence
from sscbtool.render.report import Cell, Chapter, Chart, ChartKind, Column, ColumnType, Quantity, Row, Table

WITHHELD = "[c]"
MOST = 10
"""How many organisations stand in the chapter itself; the appendix has all."""
OTHERS = "All others together"
_MONTHS = {"Q1": "April to June", "Q2": "July to September", "Q3": "October to December", "Q4": "January to March"}
_TRAINING = (
    ("training_sessions", "delivered", "Sessions held"),
    ("training_attendance", "attendances", "Attendances face to face"),
    ("elearning_completions", "completed", "E-learning modules completed"),
)
_TRAINED = (*_TRAINING[1:], ("training_attendance", "individuals", "People trained face to face"))


def training(result: Result, most: int | None = MOST) -> Chapter | None:
    """What training was given in each quarter, and to whose staff; of organisations at most so many."""
    values = _values(result)
    sections = nonempty([_quarters(values), _organisations(result, values, most)])
    if not sections:
        return None
    said = [
        f"{values[name, measure, None, None]:,} {words}"
        for name, measure, words in (
            ("training_sessions", "delivered", "sessions"),
            ("training_attendance", "individuals", "people trained face to face"),
            ("training_attendance", "organisations", "organisations"),
            ("elearning_completions", "completed", "e-learning modules completed"),
        )
        if (name, measure, None, None) in values
    ]
    return Chapter("Training", (f"In the year: {listed(said)}.",) if said else (), sections)


def training_in_full(result: Result) -> Chapter | None:
    """Every organisation whose staff were trained, where the chapter on training has not room for all."""
    values = _values(result)
    short, whole = _organisations(result, values, MOST), _organisations(result, values)
    if whole is None or short is None or len(whole.rows) == len(short.rows):
        return None
    return Chapter(whole.heading, (), (whole,), appendix=True)


def _values(result: Result) -> _Values:
    return {(v.return_name, v.measure, v.partner, v.quarter): v.value for v in result.measures if v.value is not None}


_Values = Mapping[tuple[str, str, str | None, str | None], Decimal | int]


def _quarters(values: _Values) -> Table | None:
    quarters = sorted({quarter for *_, quarter in values if quarter})
    drawn = [each for each in _TRAINING if any(each[:2] == key[:2] and key[3] for key in values)]
    if not quarters or not drawn:
        return None
    columns = (
        Column("Quarter", least=20),
        *(Column(heading, ColumnType.COUNT) for _, _, heading in drawn),
    )

    def cell(name: str, measure: str, quarter: str | None) -> Cell:
        value = values.get((name, measure, None, quarter))
        return WITHHELD if value is None else Quantity(value)

    rows = tuple(
        (_quarter(quarter), *(cell(name, measure, quarter) for name, measure, _ in drawn)) for quarter in quarters
    )
    total = ("Year", *(cell(name, measure, None) for name, measure, _ in drawn))
    people = tuple(n for n, (name, _, _) in enumerate(drawn, 1) if name != "training_sessions") or (1,)
    peaks = [
        f"{heading.lower()} were most in {_quarter(max(counted)[1])} ({max(counted)[0]:,})"
        for name, measure, heading in (drawn[n - 1] for n in people)
        if (counted := [(values[k], q) for q in quarters if (k := (name, measure, None, q)) in values])
    ]
    chart = Chart(
        ChartKind.COLUMNS,
        f"{capital(listed([drawn[n - 1][2].lower() for n in people]))} by quarter, in numbers",
        sentence(capital(listed(peaks))) + " The numbers stand in the table.",
        people,
    )
    return Table("Training by quarter", columns, rows, total, chart=chart)


def _quarter(quarter: str) -> str:
    short = quarter.rsplit(" ", 1)[-1]
    return f"{short}, {_MONTHS[short]}" if short in _MONTHS else quarter


def _organisations(result: Result, values: _Values, most: int | None = None) -> Table | None:
    """Whose staff were trained; organisations with few are taken together, so that no row is of a few people."""
    kinds = [each for each in _TRAINED if any(each[:2] == key[:2] and key[2] for key in values)]
    codes = {
        code
        for name, measure, code, quarter in values
        if code and not quarter and (name, measure) in {k[:2] for k in kinds}
    }
    if not codes:
        return None
    names = Names(result.catalogue)
    known = [code for code in codes if names.get(code)]
    ordered = sorted(known, key=lambda c: (-sum(values.get((*k[:2], c, None), 0) for k in kinds[:2]), names.name(c)))
    beyond = len(ordered) - most if most is not None and len(ordered) > most else 0
    ordered = ordered[:most]

    def cell(kind: tuple[str, str, str], code: str) -> Cell:
        value = values.get((kind[0], kind[1], code, None))
        return WITHHELD if value is None else Quantity(value)

    rows: list[Row] = [(names.name(code), *(cell(kind, code) for kind in kinds)) for code in ordered]
    rest: list[Cell] = []
    for name, measure, _ in kinds:
        whole = values.get((name, measure, None, None))
        shown_here = sum(values.get((name, measure, code, None), 0) for code in ordered)
        adds_up = measure != "individuals" and whole is not None
        rest.append(Quantity(whole - shown_here) if adds_up and whole is not None else None)
    if len(ordered) < len(codes) or any(isinstance(cell, Quantity) and cell.value for cell in rest):
        rows.append((OTHERS, *rest))
    total = (
        "All organisations",
        *(Quantity(v) if (v := values.get((n, m, None, None))) is not None else None for n, m, _ in kinds),
    )
    columns = (Column("Organisation", least=28), *(Column(heading, ColumnType.VALUE) for _, _, heading in kinds))
    notes = [
        f"{WITHHELD} is a count below {LEAST}, which could point to a person, or one that would give such a count away."
    ]
    if any(measure == "individuals" for _, measure, _ in kinds):
        notes.append("A person who came for two organisations is counted at each, and once in all.")
    if beyond:
        notes.append(f"{beyond:,} more stand in the appendix.")
    heading = f"The {most:,} organisations with most training" if beyond else "Training by organisation"
    return Table(heading, columns, tuple(rows), total, tuple(notes))
