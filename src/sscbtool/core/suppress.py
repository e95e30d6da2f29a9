"""Which counts are so small that they could point to a person, and what must go with them so that none can be inferred.

A count is of people where its return names people, row by row, or where its unit does. Of such counts those below
``LEAST`` are not shown outside, and never one alone beside a total that gives it away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from sscbtool.core.model import ColumnKind, Measure, MeasureValue, ReturnSchema

LEAST = 5
PEOPLE = frozenset({"children", "people", "persons", "individuals", "young people", "adults", "pupils", "babies"})
"""Units of measures that count people."""


def is_personal(schema: ReturnSchema | None, measure: Measure | None) -> bool:
    """Whether a measure's counts are of people; where no schema says, they are taken to be."""
    if schema is None or measure is None:
        return True
    if measure.unit in ("GBP", "percent", "%", "date"):
        return False
    if measure.unit in PEOPLE or any(spec.kind is ColumnKind.PERSON for spec in schema.columns):
        return True
    stated = " ".join(part for part in (measure.sql, measure.of, measure.where) if part)
    return any(not spec.public and re.search(rf"\b{spec.name}\b", stated) for spec in schema.columns)


def is_small(value: Decimal | int | None) -> bool:
    """Whether a count is above nought and below ``LEAST``."""
    return value is not None and 0 < value < LEAST


def without_small(values: Iterable[MeasureValue], schemas: Mapping[str, ReturnSchema]) -> tuple[MeasureValue, ...]:
    """The values without those that could point to a person.

    Of a measure of people no organisation's quarter is kept; of its organisations and of its quarters the small ones
    go, and with them as many of the next as it takes for the rest to be two or more and not small together.
    """
    kept: list[MeasureValue] = []
    by_measure: dict[tuple[str, str], list[MeasureValue]] = {}
    for value in values:
        by_measure.setdefault((value.return_name, value.measure), []).append(value)
    for (return_name, name), group in by_measure.items():
        schema = schemas.get(return_name)
        measure = next((m for m in schema.measures if m.name == name), None) if schema else None
        if not is_personal(schema, measure):
            kept += group
            continue
        hidden = {
            id(value)
            for part in (
                [v for v in group if v.partner and not v.quarter],
                [v for v in group if v.quarter and not v.partner],
            )
            for value in _hidden(part)
        }
        kept += [
            value
            for value in group
            if not (value.partner and value.quarter)
            and id(value) not in hidden
            and not (value.partner is None and value.quarter is None and is_small(value.value))
        ]
    return tuple(kept)


def _hidden(part: Iterable[MeasureValue]) -> list[MeasureValue]:
    """The small values of one row or column, and the next larger until they hide each other."""
    ascending = sorted((v for v in part if v.value), key=lambda v: (v.value or 0, v.partner or "", v.quarter or ""))
    hidden = [value for value in ascending if is_small(value.value)]
    for value in ascending[len(hidden) :]:
        if not hidden or (len(hidden) > 1 and sum(each.value or 0 for each in hidden) >= LEAST):
            break
        hidden.append(value)
    return hidden
