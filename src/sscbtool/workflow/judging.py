"""From rows to verdicts: validate, set aside what is of another year, hold the published figures against the rest."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from sscbtool.core import wording
from sscbtool.core.checks import Surroundings
from sscbtool.core.document import CheckResult, check_document
from sscbtool.core.figures import OF_PRIOR_YEAR, Known, Near, exact, judge
from sscbtool.core.model import (
    Catalogue,
    ColumnKind,
    ColumnTotal,
    Figure,
    FigureResult,
    FileReport,
    Finding,
    Measure,
    Measured,
    Outcome,
    Place,
    Rule,
    SetAside,
    Severity,
    Status,
    Submission,
)
from sscbtool.core.normalise import empty_frame
from sscbtool.core.precision import number
from sscbtool.core.register import as_at_of, as_stated, parts_of
from sscbtool.core.rows import Rows, gather
from sscbtool.core.standing import BREAKS
from sscbtool.core.validate import validate, word, worded
from sscbtool.core.values import Period, skeleton
from sscbtool.edge.engine import CannotWorkOut, Engine
from sscbtool.errors import BadConfiguration
from sscbtool.workflow.receiving import Received


@dataclass(frozen=True, eq=False)
class Judged:
    """What was received, held against its schemas, for one period."""

    received: Received
    period: Period | None
    files: tuple[FileReport, ...]
    rows: Mapping[str, Rows]
    findings: tuple[Finding, ...]
    totals: tuple[ColumnTotal, ...]
    remarks: tuple[str, ...]
    kept: int
    """Rows that count for the period."""
    nil: bool = False
    """Whether every submission is one of which its cover or a person says that there is nothing to send."""


def judge_rows(received: Received) -> Judged:
    """Validate every return and say of every row whether it counts for the period."""
    submissions, superseded = _current(received)
    period = received.period or prevailing(submissions)
    rows = gather(received.catalogue.returns, submissions)
    validated, not_checked = _validated(received, rows)
    findings = [*received.findings, *validated, *_covers(received, submissions), *_sent_again(rows, period)]
    set_aside: dict[tuple[str, str | None, object], list[SetAside]] = {}
    for submission in superseded:
        reason = "superseded by a later file"
        set_aside.setdefault(_key(submission), []).append(SetAside(reason, tuple(map(int, np.unique(submission.rows)))))
    for submission in submissions:
        aside = list(_other_years(submission, period))
        set_aside.setdefault(_key(submission), []).extend(aside)
        findings += _out_of_period(received, submission, period)
    kept = sum(len(_rows_of(submission, period)) for submission in submissions)
    return Judged(
        received=received,
        period=period,
        files=tuple(_reported(file, set_aside) for file in received.files),
        rows=rows,
        findings=tuple(findings),
        totals=tuple(_totals(rows, period)),
        remarks=(*received.remarks, *_added(submissions), *not_checked),
        kept=kept,
    )


def outcome(judged: Judged, figures: Iterable[FigureResult] = ()) -> Outcome:
    """What the run came to: a refused input, too little to judge, something open, or nothing."""
    figures = tuple(figures)
    if any(file.refused for file in judged.files):
        return Outcome.REFUSED
    open_findings = any(f.severity is not Severity.WARNING and not f.explained for f in judged.findings)
    if not judged.kept and not open_findings and not judged.nil:
        return Outcome.INCOMPLETE
    if figures and all(result.status in NOTHING_SAID for result in figures):
        return Outcome.INCOMPLETE
    breaks = any(result.status in BREAKS and not result.explained for result in figures)
    return Outcome.FINDINGS if open_findings or breaks else Outcome.CLEAN


NOTHING_SAID = frozenset({Status.NOT_CHECKED, Status.NARRATIVE})


# --------------------------------------------------------------------------- validate


def _validated(received: Received, rows: Mapping[str, Rows]) -> tuple[list[Finding], list[str]]:
    """What the rules find in each return, and what of them could not be asked, a sentence a return."""
    around = Surroundings(received.register, {name: each.frame for name, each in rows.items()})
    findings: list[Finding] = []
    unasked: list[str] = []
    for each in rows.values():
        if len(each):
            verdict = validate(each, around, received.unread_cells)
            findings += (*verdict.findings, *_imitations(received, each), *_near_keys(each))
            unasked += _unasked(received, each.schema.title, verdict.not_checked)
    return findings, unasked


def _unasked(received: Received, title: str, rules: Iterable[Rule]) -> Iterator[str]:
    """Rules that look into a return of which nothing was read, a sentence for each such return."""
    missing: dict[str, list[str]] = {}
    for rule in rules:
        missing.setdefault(str(rule.options["in"]).partition(".")[0], []).append(rule.code)
    for other, codes in missing.items():
        of = received.catalogue.returns[other].title
        yield f"{title}: {', '.join(codes)} not checked, because nothing was read of {of}."


def _imitations(received: Received, rows: Rows) -> Iterator[Finding]:
    """Names that only look like a registered one, such as with a letter of another script."""
    for spec in rows.schema.columns:
        if spec.kind == "organisation":
            names = rows.frame[spec.name]
            imitating = {name for name in names.dropna().unique() if received.register.looks_like(str(name))}
            for k in np.flatnonzero(names.isin(imitating).to_numpy()):
                yield wording.say(wording.IMITATION, rows.place(int(k), spec.name), spec.name)


def _near_keys(rows: Rows) -> Iterator[Finding]:
    """References and identifiers that differ from a more frequent one only by capitals or by look-alike letters."""
    for spec in rows.schema.columns:
        if spec.kind not in (ColumnKind.CODE, ColumnKind.PERSON) or spec.values or spec.name not in rows.schema.key:
            continue
        names = rows.frame[spec.name]
        counts = names.value_counts()
        spelt: dict[str, list[str]] = {}
        for name in sorted(counts.index, key=lambda each: (-counts[each], each)):
            if not str(name).isdecimal():
                spelt.setdefault(skeleton(str(name)), []).append(str(name))
        odd = {name for alike in spelt.values() for name in alike[1:]}
        for k in np.flatnonzero(names.isin(odd).to_numpy()) if odd else ():
            yield wording.say(wording.NEAR_KEY, rows.place(int(k), spec.name), spec.name, title=spec.title.lower())


def _covers(received: Received, submissions: Iterable[Submission]) -> Iterator[Finding]:
    """Control totals that a cover sheet states, held against what was read of its file."""
    for path, cover in received.covers:
        own = [each for each in submissions if each.path == path]
        read = sum(len(np.unique(each.rows)) for each in own)
        if cover.nil_return and read:
            yield wording.say(wording.NIL_WITH_ROWS, cover.place(path, "nil"), None)
        for key in cover.unreadable:
            yield wording.say(wording.COVER_UNREADABLE, cover.place(path, key), None)
        if cover.control_rows is not None and cover.control_rows != read:
            words = {"stated": str(cover.control_rows), "read": str(read)}
            yield wording.say(wording.COVER_ROWS, cover.place(path, "rows"), None, **words)
        if cover.control_value is None:
            continue
        totalled = [each.frame[name] for each in own for name in received.catalogue.returns[each.return_name].totals]
        if own and not totalled:
            yield wording.say(wording.COVER_NO_TOTAL, cover.place(path, "value"), None)
        elif sum(map(_sum, totalled), Decimal(0)) != cover.control_value:
            yield wording.say(wording.COVER_VALUE, cover.place(path, "value"), None)


def _sent_again(rows: Mapping[str, Rows], period: Period | None) -> Iterator[Finding]:
    """Files that give another amount than one of the same sender for the same organisation, date and quarter.

    A return without a key cannot tell a correction from a second payment; rows that agree in the amount as well are
    told by the return's own rule. Rows without a date or quarter may well be instalments, which add up and are said to.
    One finding a file, at the first such row.
    """
    year = str(Period(period.year)) if period else None
    for each in rows.values():
        schema = each.schema
        amounts = [spec.name for spec in schema.columns if spec.kind is ColumnKind.MONEY]
        if schema.key or not amounts or len({submission.path for submission in each.submissions}) < 2:
            continue
        names = [spec.name for spec in schema.columns if spec.kind in (ColumnKind.ORGANISATION, ColumnKind.DATE)]
        known: dict[tuple[Any, ...], list[tuple[str, tuple[Any, ...]]]] = {}
        for start, submission in zip(each.starts.tolist(), each.submissions, strict=False):
            named = zip(*(submission.frame[name].astype(str) for name in names), strict=True)
            paid = zip(*(submission.frame[name] for name in amounts), strict=True)
            lines = zip(submission.periods, submission.quarters, named, paid, strict=True)
            told = False
            for k, (stated, quarter, who, said) in enumerate(lines):
                if (year and stated != year) or not any(isinstance(value, Decimal) and value for value in said):
                    continue
                if quarter is None:
                    continue
                others = known.setdefault((submission.partner, stated, quarter, who), [])
                elsewhere = [values for path, values in others if path != submission.path]
                if elsewhere and said not in elsewhere and not told:
                    told = True
                    yield wording.say(wording.SENT_AGAIN, each.place(start + k, amounts[0]), amounts[0])
                others.append((submission.path, said))


# --------------------------------------------------------------------------- which rows count


def _current(received: Received) -> tuple[list[Submission], list[Submission]]:
    """Submissions that stand, and those that a later one says it replaces."""
    replacing = {path for path, cover in received.covers if cover.supersedes}
    standing = list(received.submissions)
    gone = []
    for later in received.submissions:
        if later.path in replacing:
            for earlier in list(standing):
                if earlier.path not in replacing and _same_return(earlier, later) and overlap(received, earlier, later):
                    standing.remove(earlier)
                    gone.append(earlier)
    return standing, gone


def _same_return(one: Submission, other: Submission) -> bool:
    return (one.return_name, one.partner, one.period) == (other.return_name, other.partner, other.period)


def overlap(received: Received, one: Submission, other: Submission) -> bool:
    """Whether two submissions share a key; a return without one is taken to overlap."""
    key = list(received.catalogue.returns[one.return_name].key)
    return not key or bool(set(one.frame[key].itertuples(index=False)) & set(other.frame[key].itertuples(index=False)))


def _added(submissions: Iterable[Submission]) -> Iterator[str]:
    """Where several files of one partner stand side by side, that is said."""
    counts = Counter((each.return_name, each.partner, each.period) for each in submissions if each.partner)
    for (name, partner, period), count in counts.items():
        if count > 1:
            yield f"{count} submissions of {name} by {partner} for {period} add up; none says that it replaces another."


def prevailing(submissions: Iterable[Submission]) -> Period | None:
    """Where no period was asked for: the year that most rows are of."""
    counts = Counter(period for each in submissions for period in each.periods if period)
    if not counts:
        return None
    best, _ = max(counts.items(), key=lambda item: (item[1], item[0]))
    return Period(int(best[:4]), None)


def _counts(submission: Submission, period: Period | None) -> np.ndarray:
    """Which rows of a submission are of the period."""
    if period is None:
        return np.array([each is not None for each in submission.periods], dtype=bool)
    if period.quarter is None:
        return np.array([each == str(period) for each in submission.periods], dtype=bool)
    return np.array([each == str(period) for each in submission.quarters], dtype=bool)


def _rows_of(submission: Submission, period: Period | None) -> np.ndarray:
    """The sheet's rows that count for the period."""
    return np.unique(submission.rows[_counts(submission, period)])


def _other_years(submission: Submission, period: Period | None) -> Iterator[SetAside]:
    kept = set(_rows_of(submission, period).tolist())
    reasons: dict[str, set[int]] = {}
    for row, of in zip(submission.rows.tolist(), submission.periods, strict=True):
        if row not in kept:
            reasons.setdefault(f"of {of}" if of else "of no stated period", set()).add(row)
    for reason, rows in sorted(reasons.items()):
        yield SetAside(reason, tuple(sorted(rows)))


def _out_of_period(received: Received, submission: Submission, period: Period | None) -> Iterator[Finding]:
    """Rows dated outside the year judged, where their file as a whole is of it."""
    schema = received.catalogue.returns[submission.return_name]
    column = schema.period_from
    rule = worded(schema, "in_period", column) if column else None
    if rule is None or column is None or period is None or submission.period != str(Period(period.year, None)):
        return
    outside = ~_counts(submission, Period(period.year, None)) & submission.frame[column].notna().to_numpy()
    for k in np.flatnonzero(outside):
        number = int(submission.cells[column][k]) or None
        yield word(
            rule, schema, Place(submission.path, submission.sheet, int(submission.rows[k]), number), column, str(period)
        )


def _key(submission: Submission) -> tuple[str, str | None, object]:
    return submission.path, submission.sheet, submission.area


def _reported(file: FileReport, set_aside: Mapping[tuple[str, str | None, object], list[SetAside]]) -> FileReport:
    """The file's report with what became of each table's rows."""
    tables = []
    for report in file.tables:
        aside = tuple(set_aside.get((file.path, report.table.sheet, report.table.area), ()))
        lost = sum(len(each.rows) for each in aside)
        kept = len(report.table.data_rows) - lost if report.return_name else 0
        if not report.return_name and len(report.table.data_rows):
            aside = (SetAside("answers to no return", tuple(map(int, report.table.data_rows))),)
        tables.append(replace(report, rows_kept=kept, rows_set_aside=aside))
    return replace(file, tables=tuple(tables))


def _totals(rows: Mapping[str, Rows], period: Period | None) -> Iterator[ColumnTotal]:
    for name, each in rows.items():
        counts = np.concatenate([_counts(submission, period) for submission in each.submissions])
        for column in each.schema.totals:
            values = each.frame[column][counts]
            unit = each.schema.column(column).unit or ""
            least, most = _sum(values), None
            if f"{column}__low" in each.frame:
                low, high = (each.frame[f"{column}__{end}"][counts].fillna(values) for end in ("low", "high"))
                least, most = _sum(low), _sum(high)
            nothing = most is None and bool(counts.any()) and bool(values.isna().all())
            yield ColumnTotal(name, column, unit, int(counts.sum()), least, None if most == least else most, nothing)


def _sum(values: pd.Series) -> Decimal:
    """The exact sum of a column of decimals or counts."""
    return sum((value if isinstance(value, Decimal) else Decimal(int(value)) for value in values.dropna()), Decimal(0))


# --------------------------------------------------------------------------- reconcile


def engine_for(judged: Judged, frames: Mapping[str, pd.DataFrame] | None = None) -> Engine:
    """The rows received (or ``frames``) as tables for measures; an empty one for each return of which none came."""
    given = frames if frames is not None else {name: rows.measured for name, rows in judged.rows.items()}
    returns = judged.received.catalogue.returns
    return Engine({name: given[name] if name in given else empty_frame(schema) for name, schema in returns.items()})


def measure_of(judged: Judged, figure: Figure) -> Measure | None:
    """The measure that evidences a figure; None for a narrative one."""
    if figure.return_name is None:
        return None
    schema = judged.received.catalogue.returns[figure.return_name]
    return next(measure for measure in schema.measures if measure.name == figure.measure)


def looks_at(judged: Judged, measure: Measure, figure: Figure) -> tuple[str, ...]:
    """The returns that a figure's measure reads: its own, and those that its SQL names, of the year or of all years."""
    stated = " ".join(part for part in (measure.sql, measure.of, measure.where, figure.where) if part)
    sql = re.sub(r"'(?:[^']|'')*'", "", stated)
    read = {name.removeprefix("all_") for name in re.findall(r"\b(?:from|join)\s+\"?(\w+)", sql, re.IGNORECASE)}
    return tuple(n for n in judged.received.catalogue.returns if n == measure.return_name or n in read)


def hold(judged: Judged, figures: Iterable[Figure], expected: frozenset[str] = frozenset()) -> tuple[FigureResult, ...]:
    """Hold each published figure against what was received; a return that was ``expected`` is a break if missing."""
    year = Period(judged.period.year) if judged.period else None
    register = {figure.figure_id: figure for figure in judged.received.catalogue.figures.get(str(year), ())}
    counts = {name: Counter(rows.periods) for name, rows in judged.rows.items()}
    results = []
    with engine_for(judged) as engine:
        for figure in figures:
            known = _known(judged, engine, figure, counts)
            if known.missing and (measure := measure_of(judged, figure)):
                known = replace(known, expected=bool(expected.intersection(looks_at(judged, measure, figure))))
            known = replace(known, parts=_published_parts(figure, register))
            result = judge(figure, known)
            if result.status is Status.CONTRADICTED and (near := _near(judged, engine, figure, known)):
                result = judge(figure, replace(known, near=near))
            results.append(result)
    return tuple(results)


def sensitivity(judged: Judged, results: Iterable[FigureResult], proposed: Mapping[str, str]) -> Iterator[FigureResult]:
    """The results, each count of organisations with what it would be if the proposed merges were accepted.

    ``proposed`` is name as typed -> the code or name it may mean. Nothing is merged by it. Where no merge would change
    a count, that is said too: it does not rest on how names were typed.
    """
    merged = {name: _merged(rows, proposed) for name, rows in judged.rows.items()} if proposed else None
    period = str(Period(judged.period.year)) if judged.period else None
    with engine_for(judged, merged) as engine:
        for result in results:
            measure = measure_of(judged, result.figure)
            if measure is None or result.evidenced is None or not _counts_organisations(judged, measure):
                yield result
                continue
            value: Any = result.evidenced
            if proposed:
                value = engine.measure(measure, result.figure.where, period, as_at_of(result.figure)).value
            said = f"{result.evidenced} as typed after known aliases; "
            if value == result.evidenced:
                said += "no proposed merge would change it."
            else:
                merges = f"{len(proposed)} proposed {'merge is' if len(proposed) == 1 else 'merges are'} accepted"
                said += f"{value} if {merges}."
            yield replace(result, reason=f"{result.reason} {said}".strip())


def _counts_organisations(judged: Judged, measure: Measure) -> bool:
    schema = judged.received.catalogue.returns[measure.return_name]
    own = {spec.name for spec in schema.columns if spec.kind is ColumnKind.ORGANISATION}
    return "distinct" in measure.sql.lower() and bool(own & set(re.findall(r"\w+", measure.sql)))


def _merged(rows: Rows, proposed: Mapping[str, str]) -> pd.DataFrame:
    """The rows as measures see them, each proposed name replaced by what it may mean."""
    own = [spec.name for spec in rows.schema.columns if spec.kind is ColumnKind.ORGANISATION]
    return rows.measured.assign(**{name: rows.measured[name].replace(dict(proposed)) for name in own})


def hold_document(judged: Judged, figures: Iterable[Figure]) -> tuple[CheckResult, ...]:
    """Hold the published document against itself: the checks of the year that look at any of ``figures``."""
    catalogue, year = judged.received.catalogue, str(Period(judged.period.year)) if judged.period else ""
    asked = {figure.figure_id for figure in figures}
    checks = [
        check
        for check in catalogue.checks.get(year, ())
        if asked & {figure_id for each in check.figures for figure_id in each.split("/")}
    ]
    return check_document(checks, catalogue.figures.get(year, ()))


def _known(judged: Judged, engine: Engine, figure: Figure, counts: Mapping[str, Counter[str | None]]) -> Known:
    measure = measure_of(judged, figure)
    if measure is None or figure.comparator is None:
        return Known()
    returns = judged.received.catalogue.returns
    missing = tuple(returns[name].title for name in looks_at(judged, measure, figure) if name not in judged.rows)
    if missing:
        return Known(missing=missing)
    rows, of_years = judged.rows[measure.return_name], counts[measure.return_name]
    year, as_at = Period(judged.period.year) if judged.period else None, as_at_of(figure)
    period = str(year) if year else None
    measured = worked_out(engine, judged.received.catalogue, measure, figure, period, as_at)
    prior = None
    if year and figure.comparator in OF_PRIOR_YEAR and of_years[str(year.previous())]:
        before = as_at and _year_before(as_at)
        prior = worked_out(engine, judged.received.catalogue, measure, figure, str(year.previous()), before)
    evidence = measure.evidence or tuple(spec.name for spec in rows.schema.columns if spec.required)
    of_period = of_years[period] if period else len(rows)
    return Known(
        period=year,
        empty=not of_period,
        measured=measured,
        prior=prior,
        public=all(spec.public for spec in rows.schema.columns if re.search(rf"\b{spec.name}\b", measure.sql)),
        evidence=rows.evidence(measured.rows, evidence),
        set_aside=tuple(_not_counted(engine, measure, figure, period, (len(rows), of_period, len(measured.rows)))),
    )


def worked_out(
    engine: Engine,
    catalogue: Catalogue,
    measure: Measure,
    figure: Figure | None,
    period: str | None,
    as_at: dt.date | None = None,
) -> Measured:
    """A measure with a figure's own condition, or alone.

    Raises:
        BadConfiguration: the SQL cannot be used; the sentence names the file and the key that it stands at.
    """
    where = figure.where if figure else None
    try:
        return engine.measure(measure, where, period, as_at)
    except CannotWorkOut as fault:
        if figure is not None and where is not None:
            # Alone the measure may do: then it is the figure's own condition that cannot be used.
            worked_out(engine, catalogue, measure, None, period, as_at)
            year = next((year for year, own in catalogue.figures.items() if figure in own), period)
            source, key = f"figures/{year}.csv", f"{figure.figure_id}, where"
        else:
            source = catalogue.returns[measure.return_name].source
            key = f"metadata.measures.{measure.name}"
        raise BadConfiguration(
            f"The file {source} cannot be used: {key}: {fault.reason}.", fault.hint or "Mend it and run again."
        ) from None


def _published_parts(figure: Figure, register: Mapping[str, Figure]) -> dict[str, Decimal]:
    """The published values of the figures that a total is the sum of."""
    stated = {part: number(register[part].value) for part in parts_of(figure) if part in register}
    return {part: value for part, value in stated.items() if value is not None}


def _year_before(day: dt.date) -> dt.date:
    """The same day of the year before; the last of February for the 29th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _near(judged: Judged, engine: Engine, figure: Figure, known: Known) -> tuple[Near, ...]:
    """Rows whose amount is the difference from the published value, or half of it."""
    measure, published = measure_of(judged, figure), number(figure.value)
    summed = re.fullmatch(r"sum\((\w+)\)", measure.sql.strip()) if measure else None
    evidenced = exact(known.measured.value) if known.measured and summed else None
    if measure is None or summed is None or published is None or evidenced is None or evidenced == published:
        return ()
    difference, column, rows = evidenced - published, summed[1], judged.rows[measure.return_name]
    found = engine.rows_of(measure, column, (difference, -difference, difference / 2))
    counted = set(known.measured.rows) if known.measured else set()
    near = []
    for k, amount in found:
        place = rows.place(k, column)
        near.append(Near(place.cell or "", (place.file or "").rpartition("/")[2], amount, k in counted))
    return tuple(near)


def _not_counted(
    engine: Engine, measure: Measure, figure: Figure, period: str | None, rows: tuple[int, int, int]
) -> Iterator[tuple[str, int]]:
    """Rows of the return that a figure does not count: of another year, or not what it asks for.

    ``rows`` are those of the return, those of the period, and those counted.
    """
    whole, of_period, counted = rows
    if whole > of_period:
        yield f"not of {period}", whole - of_period
    parts = [*_conjuncts(measure.where), *_conjuncts(figure.where)]
    if not parts:
        return
    # What the last part leaves is known already, so that one part alone needs no query.
    between = engine.narrowing(measure, parts[:-1], period, as_at_of(figure)) if len(parts) > 1 else (of_period,)
    for part, before, after in zip(parts, between, (*between[1:], counted), strict=True):
        if before > after:
            yield f"not {as_stated(part, figure, period)}", before - after


def _conjuncts(condition: str | None) -> Iterator[str]:
    """The parts of a condition that its outermost ``and`` joins; the whole where an outermost ``or`` joins them."""
    if condition is None:
        return
    parts, depth, in_between = [""], 0, False
    for piece in _PIECES.split(condition):
        word = piece.lower()
        depth += (word in ("(", "case")) - (word in (")", "end"))
        if word == "or" and depth == 0:
            yield condition.strip()
            return
        if word == "and" and depth == 0 and not in_between:
            parts.append("")
            continue
        in_between = word == "between" or (in_between and word != "and")
        parts[-1] += piece
    yield from (part.strip() for part in parts)


_PIECES = re.compile(r"('(?:[^']|'')*'|[()]|\b(?:and|or|between|case|end)\b)", re.IGNORECASE)
