"""What several years tell together: measures over the years, and figures of an earlier year that a return restates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sscbtool.core import wording
from sscbtool.core.figures import exact, shown
from sscbtool.core.model import Finding, Place, Status
from sscbtool.core.trend import steps
from sscbtool.core.values import Period, parse_period
from sscbtool.workflow.judging import Judged, engine_for, hold


def over_years(judged: Judged, return_name: str | None) -> list[dict[str, Any]]:
    """Each measure of each return in each year that was read, as plain values; a share in percent."""
    found: list[dict[str, Any]] = []
    with engine_for(judged) as engine:
        for name, rows in judged.rows.items():
            years = sorted({str(period) for period in rows.periods if period})
            for measure in rows.schema.measures if return_name in (None, name) else ():
                values: dict[int, Decimal | None] = {}
                for period in years:
                    whole = [v for partner, quarter, v in engine.breakdown(measure, period) if not (partner or quarter)]
                    values[int(period[:4])] = exact(whole[0]) if whole else None
                found += [
                    {
                        "return": name,
                        "measure": measure.name,
                        "period": str(step.period),
                        "value": shown(step.value, measure.unit),
                        "change": shown(step.change, measure.unit),
                        "percent_change": None if step.percent_change is None else f"{step.percent_change:f}",
                    }
                    for step in steps(values)
                ]
    return found


def restatements(judged: Judged) -> Iterator[Finding]:
    """Figures published for earlier years that a final or replacing return no longer bears out: one finding a file.

    Only what such a return says counts: rows of an earlier year that come without it may be incomplete, and a
    difference then tells nothing.
    """
    received = judged.received
    final = {path for path, cover in received.covers if cover.final or cover.supersedes} | received.replacing
    final |= {each.path for each in received.submissions if each.final}
    if judged.period is None or not final:
        return
    for text, register in sorted(received.catalogue.figures.items()):
        period = parse_period(text)
        if not isinstance(period, Period) or period.year >= judged.period.year:
            continue
        restated: defaultdict[str, list[str]] = defaultdict(list)
        for result in hold(replace(judged, period=period), register):
            for file in {each.file for each in result.evidence} & final:
                if result.status is Status.CONTRADICTED:
                    restated[file].append(result.figure.figure_id)
        for file, ids in sorted(restated.items()):
            yield wording.say(wording.RESTATEMENT, Place(file), None, period=text, figures=", ".join(ids))
