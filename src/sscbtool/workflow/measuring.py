"""Measures of what was received, by partner and quarter."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sscbtool.core.figures import exact
from sscbtool.core.model import MeasureValue
from sscbtool.core.values import Period
from sscbtool.workflow.judging import Judged, engine_for


def measured(judged: Judged, returns: Collection[str] | None = None) -> Iterator[MeasureValue]:
    """Each measure of each return received (or of those named) for each partner and quarter, and for all of them."""
    period = str(Period(judged.period.year, None)) if judged.period else None
    with engine_for(judged) as engine:
        for name, rows in judged.rows.items():
            if returns is not None and name not in returns:
                continue
            for measure in rows.schema.measures:
                for partner, quarter, value in engine.breakdown(measure, period):
                    if judged.period and judged.period.quarter and quarter != str(judged.period):
                        continue
                    counted = exact(value)
                    whole = counted is not None and measure.unit != "GBP" and counted == int(counted)
                    shown = int(counted) if whole and counted is not None else counted
                    yield MeasureValue(name, measure.name, partner, quarter, shown, measure.unit)
