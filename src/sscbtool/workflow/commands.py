"""One function a command: the stages in order, one ``Result`` out.

Nothing here prints, and nothing here decides how a thing is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sscbtool import __version__
from sscbtool.core import wording
from sscbtool.core.model import (
    Catalogue,
    Figure,
    FigureResult,
    FileReport,
    Finding,
    Outcome,
    Place,
    Reading,
    Result,
    Severity,
    TableReport,
    Workbook,
)
from sscbtool.core.organisations import Register
from sscbtool.core.pseudonym import pseudonymised
from sscbtool.core.register import as_stated
from sscbtool.core.standing import BREAKS
from sscbtool.core.values import Period
from sscbtool.edge.catalogue import load_catalogue, load_organisations
from sscbtool.errors import BadUsage, NothingToJudge, unknown
from sscbtool.workflow.naming import decided, named_by, register_with
from sscbtool.workflow.receiving import (
    Received,
    Request,
    asked_period,
    files_of,
    pool_for,
    read_all,
    read_report,
    receive,
    refused_report,
    schemas_folder,
    stumbled_report,
)

if TYPE_CHECKING:
    from sscbtool.edge.settings import Settings
    from sscbtool.edge.store import LogEntry
    from sscbtool.workflow.judging import Judged


def inspect(request: Request) -> Result:
    """Every table of any spreadsheet, without a schema, and whether its own totals add up."""
    found = files_of(request)
    files: list[FileReport] = []
    findings: list[Finding] = []
    with pool_for(request, len(found.files)) as pool:
        register = Register(load_organisations(schemas_folder(request.settings)))
        for reading in read_all(pool, found.files, request, register, cells=False):
            if reading.workbook is None:
                files.append(refused_report(reading))
                continue
            try:
                report, own = _tables_of(reading, reading.workbook)
            except Exception as bug:  # noqa: BLE001 - one file must not cost the others their run
                report, own = stumbled_report(reading, bug), []
            files.append(report)
            findings += own
    if any(file.refused for file in files):
        verdict = Outcome.REFUSED
    else:
        verdict = Outcome.FINDINGS if any(f.severity is not Severity.WARNING for f in findings) else Outcome.CLEAN
    return Result("inspect", None, verdict, tuple(files), findings=tuple(findings), remarks=found.remarks)


def _tables_of(reading: Reading, workbook: Workbook) -> tuple[FileReport, list[Finding]]:
    """Every table of one workbook, and what it shows against itself."""
    path = reading.path
    reports: list[TableReport] = []
    findings: list[Finding] = []
    for table in (table for tables in reading.tables for table in tables):
        reports.append(TableReport(table))
        findings += wording.of_table(table, path)
        findings += [wording.of_total(total, table, path) for total in table.totals if not total.agrees]
    findings += [wording.of_remark(remark, path) for remark in workbook.remarks]
    if not reports:
        findings.append(wording.say(wording.NO_TABLE, Place(path), None))
    return read_report(reading, workbook, tuple(reports)), findings


def validate(request: Request) -> Result:
    """Every fault of every file, nothing stored."""
    from sscbtool.workflow import explaining, judging

    judged = _judged(request)
    result = _result("validate", judged, judging.outcome(judged))
    return replace(result, extra={"explain": list(explaining.explanations(request).reasons(result))})


def reconcile(request: Request) -> Result:
    """The published document held against itself, and its figures against what was received."""
    from sscbtool.workflow.reporting import stored

    judged, held = _reconciled(request)
    return held if held.files else replace(held, told={**held.told, "stored": list(stored(judged))})


def report(request: Request) -> Result:
    """What the board is handed: the reconciliation with the measures, years and reasons around it."""
    return reconciled_and_reported(request)[1]


def reconciled_and_reported(request: Request) -> tuple[Result, Result]:
    """The reconciliation and the board's report of it, of one reading."""
    from sscbtool.workflow.reporting import reported

    judged, held = _reconciled(request)
    return held, reported(request, judged, held)


def _reconciled(request: Request) -> tuple[Judged, Result]:
    from sscbtool.workflow import explaining, judging, signing
    from sscbtool.workflow.years import restatements

    judged = _judged(request)
    judged = replace(judged, findings=(*judged.findings, *restatements(judged)))
    figures = _figures(judged.received.catalogue, judged.period, request)
    document = judging.hold_document(judged, figures)
    results = _held(request, judged, figures)
    verdict = judging.outcome(judged, results)
    if verdict is Outcome.CLEAN and any(each.status in BREAKS for each in document):
        verdict = Outcome.FINDINGS
    extra = {
        "reconcile": {"document": [each.as_plain() for each in document]},
        "signoff": signing.signed(request, judged),
    }
    result = replace(_result("reconcile", judged, verdict), figures=results, extra=extra)
    reasons = list(explaining.explanations(request).reasons(result))
    return judged, replace(result, extra={**extra, "explain": reasons})


def _held(request: Request, judged: Judged, figures: Iterable[Figure]) -> tuple[FigureResult, ...]:
    """Each figure held against the returns, with what it would be if the proposed names were merged."""
    from sscbtool.workflow import explaining, judging, naming

    found = naming.proposals(judged.rows.values(), judged.received.register, request.settings)
    proposed = {each.name: each.code or each.means for each in found}
    expected = _expected(request, judged)
    results = judging.sensitivity(judged, judging.hold(judged, figures, expected), proposed)
    return explaining.explanations(request).figures(results)


def _expected(request: Request, judged: Judged) -> frozenset[str]:
    """The returns that the workspace expects for the year, where it is judged as a whole."""
    if request.paths or request.settings is None or judged.period is None:
        return frozenset()
    year = Period(judged.period.year)
    return frozenset(each.return_name for each in request.settings.expected if each.covers(year))


def trace(request: Request) -> Result:
    """One figure at length."""
    from sscbtool.workflow import judging

    judged = _judged(request)
    figures = _figures(judged.received.catalogue, judged.period, request)
    results = _held(request, judged, figures)
    about = {result.figure.figure_id: _at_length(judged, result) for result in results}
    return replace(
        _result("trace", judged, judging.outcome(judged, results)),
        figures=results,
        extra={"trace": next(iter(about.values()))},
    )


def _at_length(judged: Judged, result: FigureResult) -> dict[str, Any]:
    from sscbtool.workflow import judging

    measure = judging.measure_of(judged, result.figure)
    year = str(Period(judged.period.year)) if judged.period else None
    return {
        "figure_id": result.figure.figure_id,
        "comparator": result.figure.comparator,
        "return": result.figure.return_name,
        "measure": measure.name if measure else None,
        "title": measure.title if measure else None,
        "sql": as_stated(measure.sql, result.figure, year) if measure else None,
        "where": [
            as_stated(part, result.figure, year)
            for part in ((measure.where if measure else None), result.figure.where)
            if part
        ],
        "note": result.figure.note,
        "reason": result.reason,
        "rows_counted": result.rows_counted,
        "rows_set_aside": [{"reason": reason, "rows": rows} for reason, rows in result.set_aside],
        "files": {file.path: file.sha256 for file in judged.files if any(e.file == file.path for e in result.evidence)},
    }


def summary(request: Request) -> Result:
    """The measures of each return by partner and quarter, with totals; over all years if asked."""
    from sscbtool.workflow import judging
    from sscbtool.workflow.measuring import measured
    from sscbtool.workflow.years import over_years

    judged = _judged(request)
    name = request.only or request.return_name
    if request.only:
        judged = _about(judged, request.only)
    values = tuple(measured(judged, None if name is None else (name,)))
    if not judged.kept and not any(file.refused for file in judged.files):
        raise NothingToJudge(
            f"There is nothing to sum up for {judged.period or 'any period'}.", "Check the period and the paths."
        )
    extra = {"summary": {"trend": over_years(judged, name)}} if request.trend else {}
    return replace(_result("summary", judged, judging.outcome(judged)), measures=values, extra=extra)


def _about(judged: Judged, name: str) -> Judged:
    """What concerns one return: its rows, the files that hold some of them, and files that answer to no return."""
    files = tuple(
        file
        for file in judged.files
        if file.refused or not file.tables or any(table.return_name in (name, None) for table in file.tables)
    )
    paths = {file.path for file in files}
    return replace(
        judged,
        files=files,
        rows={each: rows for each, rows in judged.rows.items() if each == name},
        findings=tuple(f for f in judged.findings if not judged.files or f.place.file in paths),
        totals=tuple(total for total in judged.totals if total.return_name == name),
        remarks=tuple(each for each in judged.remarks if name in each),
        kept=judged.kept if name in judged.rows else 0,
    )


def ledger(request: Request) -> Result:
    """What was agreed, invoiced and received, and every penny between them."""
    from sscbtool.workflow import closing, judging, signing

    if request.paths[:1] == ("match",):
        choice, identity, *paths = (*request.paths[1:], "", "")[: max(2, len(request.paths) - 1)]
        if choice not in ("accept", "reject") or not identity:
            raise BadUsage("It is not said what to match.", "Say: sscbtool ledger match accept ID [PATHS]")
        closed = ledger(replace(request, paths=tuple(paths), partner=None))
        return closing.decide_match(request, closed, choice, identity)
    judged = _judged(replace(request, partner=None))
    result = closing.close_year(_result("ledger", judged, judging.outcome(judged)), judged, request)
    return replace(result, extra={**result.extra, "signoff": signing.signed(request, judged)})


def explain(request: Request) -> Result:
    """Keep a person's reason for a query, a figure or a break of the ledger."""
    from sscbtool.workflow import explaining
    from sscbtool.workflow.superseding import left_behind

    identity, *paths = request.paths
    asked = replace(request, paths=tuple(paths))
    if identity.startswith(("L-", "U-")):
        found = ledger(asked)
    elif identity.startswith("F-"):
        found = validate(asked)
        if found.catalogue:
            found = replace(found, findings=(*found.findings, *left_behind(asked, found.catalogue)))
    else:
        found = reconcile(asked)
    return explaining.explain(asked, identity, found)


def signoff(request: Request) -> Result:
    """Keep a person's signature under the year: its closing where there is one, else its figures' returns."""
    from sscbtool.workflow import closing, judging, signing

    judged = _judged(request)
    result = _result("ledger", judged, judging.outcome(judged))
    if closing.AGREED in judged.rows and closing.LEDGER in judged.rows:
        result = closing.close_year(result, judged, request)
    return signing.sign(request, judged, result, request.role or signing.PREPARER)


def ingest(request: Request) -> Result:
    """Read, recognise, normalise and land in the store; the same bytes twice change nothing."""
    from sscbtool.edge.lock import kept
    from sscbtool.workflow import judging

    if request.settings is None and not request.dry_run:
        raise BadUsage("There is no workspace here to store anything in.", "Make one with: sscbtool init")
    if request.dry_run or request.settings is None:
        judged = judging.judge_rows(receive(request))
        result = _result("ingest", judged, judging.outcome(judged))
        return replace(result, extra={"ingest": {"dry_run": True, "landed": []}})
    settings = request.settings
    with kept(settings.path(settings.store), settings.sharing):
        return _ingest(request, settings)


def _ingest(request: Request, settings: Settings) -> Result:
    """Land what the paths hold; the store's lock is kept from before the first file is read.

    Others are turned away at once, rather than after they read everything only to find the store busy.
    """
    from sscbtool.core.checks import codes_about_people
    from sscbtool.edge.store import LandedFile, LogEntry, Store, submission_id
    from sscbtool.workflow import judging
    from sscbtool.workflow.superseding import added_to, replaced_by

    judged = judging.judge_rows(receive(request))
    result = _result("ingest", judged, judging.outcome(judged))
    landed: list[dict[str, Any]] = []
    told: list[str] = []
    # What rules find is worked out anew at each look, since it depends on what else has come; but a rule about
    # people's identifiers cannot be, once these are pseudonyms.
    about_people = {
        code for schema in judged.received.catalogue.returns.values() for code in codes_about_people(schema)
    }
    kept = (*judged.received.findings, *(f for f in judged.findings if f.code in about_people))
    catalogue = judged.received.catalogue
    with (
        Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group) as store,
        store.writing() as writer,
    ):
        for file in judged.files:
            own = tuple(s for s in judged.received.submissions if s.path == file.path and s.period)
            if file.refused or not own or file.sha256 is None:
                continue
            sources = sorted({catalogue.returns[each.return_name].source for each in own})
            entry = LogEntry(
                "ingest",
                request.now,
                __version__,
                period=result.period,
                inputs={file.path: file.sha256},
                schemas={source: catalogue.hashes[source] for source in sources},
            )
            found = tuple(finding for finding in kept if finding.place.file == file.path)
            own = tuple(pseudonymised(each, catalogue.returns[each.return_name], writer.key()) for each in own)
            current = store.submissions()
            replaced = replaced_by(store, request, judged.received, own)
            new = writer.land(LandedFile(file.path, file.sha256, own, found), entry, supersedes=replaced)
            beside = added_to(current, own, replaced) if new else ()
            restated = any(each.id in replaced and each.final for each in current)
            landed.append(
                {
                    "path": file.path,
                    "new": new,
                    "submissions": len(own),
                    "supersedes": len(replaced),
                    "versions": [submission_id(each.sha256, each.sheet, each.area) for each in own],
                    "superseded": sorted(replaced),
                    "adds_to": sorted(each.id for each in beside),
                    "restates_final": restated,
                }
            )
            told += [
                f"{file.path} adds to {each.path} ({each.id[:8]}), of the same return, partner and period; if it is to"
                f" take its place: sscbtool ingest FILE --replaces {each.id[:8]}"
                for each in beside
            ]
        if any(each["new"] for each in landed):
            writer.log_run(log_entry("ingest", request, result))
    remarks = tuple(dict.fromkeys((*result.remarks, *told)))
    return replace(result, extra={"ingest": {"dry_run": False, "landed": landed}}, remarks=remarks)


def log_entry(command: str, request: Request, result: Result, **more: Any) -> LogEntry:
    """What the run log keeps of a run: the hashes of all that it rested on, and what it came to."""
    from sscbtool.edge.store import LogEntry

    hashes = result.catalogue.hashes if result.catalogue else {}
    counts = {
        "files": len(result.files),
        "rows": sum(table.rows_kept for file in result.files for table in file.tables),
        "findings": len(result.findings),
        **more.pop("counts", {}),
    }
    return LogEntry(
        command,
        request.now,
        __version__,
        result.outcome,
        result.period,
        inputs={file.path: file.sha256 for file in result.files if file.sha256},
        schemas={name: digest for name, digest in hashes.items() if not name.startswith("figures/")},
        figures={name: digest for name, digest in hashes.items() if name.startswith("figures/")},
        counts=counts,
        refused={file.path: str(file.reason) for file in result.files if file.refused},
        **more,
    )


def diff(request: Request) -> Result:
    """What a resubmission changed."""
    from sscbtool.workflow import comparing

    return comparing.diff(request)


def organisations(request: Request) -> Result:
    """Names in no register and what they may mean; or a person's word on one."""
    from sscbtool.workflow import naming

    if request.paths and request.paths[0] in ("accept", "reject"):
        choice, *words = request.paths
        if len(words) not in (1, 2):
            raise BadUsage(f"It is not said what to {choice}.", f'Say: sscbtool organisations {choice} "NAME" CODE')
        catalogue = load_catalogue(schemas_folder(request.settings))
        return naming.decide(request, catalogue, choice, words[0], words[1] if words[1:] else None)
    return naming.listed(_received(request), request.settings)


# --------------------------------------------------------------------------- with nobody watching


def check(request: Request) -> Result:
    """Everything in one run: ingest, validate, reconcile, who is late."""
    from sscbtool.workflow import checking

    return checking.check(request)


def status(request: Request) -> Result:
    """Who has sent what, who is late; or a person's word on a due return."""
    from sscbtool.workflow import tracking

    return tracking.status(request)


def history(request: Request) -> Result:
    """Past runs, one of them, or whether the log is whole."""
    from sscbtool.workflow import history as past

    return past.history(request)


def annotate(request: Request) -> Result:
    """Each faulty file as a workbook with its faults marked, to send back."""
    from sscbtool.workflow import annotating

    return annotating.annotate(request)


def template(request: Request) -> Result:
    """Blank forms for partners, and where each goes."""
    from sscbtool.workflow import templating

    return templating.template(request)


# --------------------------------------------------------------------------- the published document


def proof(request: Request) -> Result:
    """A draft report held against the register of figures."""
    from sscbtool.workflow import proofing

    return proofing.proof_draft(request)


def figures_list(request: Request) -> Result:
    """The registers of published figures that there are."""
    from sscbtool.workflow import registers

    return registers.figures_list(request)


def figures_roll(request: Request) -> Result:
    """Next year's register from this year's."""
    from sscbtool.workflow import registers

    return registers.figures_roll(request)


# --------------------------------------------------------------------------- the store


def store_list(request: Request) -> Result:
    """Every version that the store holds."""
    from sscbtool.workflow import keeping

    return keeping.store_list(request)


def store_backup(request: Request) -> Result:
    """One file that holds the whole store."""
    from sscbtool.workflow import keeping

    return keeping.store_backup(request)


def store_restore(request: Request) -> Result:
    """A backup in the place of what the store holds."""
    from sscbtool.workflow import keeping

    return keeping.store_restore(request)


def store_verify(request: Request) -> Result:
    """Whether the store is as it was written."""
    from sscbtool.workflow import keeping

    return keeping.store_verify(request)


def store_forget(request: Request) -> Result:
    """Erase a version for good."""
    from sscbtool.workflow import keeping

    return keeping.store_forget(request)


# --------------------------------------------------------------------------- schemas


def schemas_list(request: Request) -> Result:
    """The returns that the board expects."""
    catalogue = load_catalogue(schemas_folder(request.settings))
    rows = [
        {"return": s.name, "title": s.title, "section": s.section, "columns": len(s.columns), "rules": len(s.rules),
         "measures": len(s.measures), "file": s.source}
        for s in catalogue.returns.values()
    ]  # fmt: skip
    return Result("schemas list", None, Outcome.CLEAN, extra={"schemas": {"list": rows}})


def schemas_show(request: Request) -> Result:
    """One return: its columns and rules."""
    schema = _one_return(load_catalogue(schemas_folder(request.settings)), request.return_name)
    columns = [
        {"column": c.name, "title": c.title, "kind": str(c.kind), "required": c.required, "nullable": c.nullable,
         "sensitivity": "public" if c.public else "personal", "aliases": list(c.aliases)}
        for c in schema.columns
    ]  # fmt: skip
    rules = [
        {"code": r.code, "rule": r.rule, "columns": list(r.columns), "severity": str(r.severity), "says": r.says,
         "fix": r.fix}
        for r in schema.rules
    ]  # fmt: skip
    about = {"return": schema.name, "title": schema.title, "section": schema.section, "grain": schema.grain,
             "key": list(schema.key), "columns": columns, "rules": rules}  # fmt: skip
    return Result("schemas show", None, Outcome.CLEAN, extra={"schemas": {"show": about}})


def schemas_measures(request: Request) -> Result:
    """The measures by name, for whoever edits the register of figures."""
    catalogue = load_catalogue(schemas_folder(request.settings))
    rows = [
        {"return": s.name, "measure": m.name, "title": m.title, "unit": m.unit, "sql": m.sql, "where": m.where}
        for s in catalogue.returns.values()
        if request.return_name in (None, s.name)
        for m in s.measures
    ]
    return Result("schemas measures", None, Outcome.CLEAN, extra={"schemas": {"measures": rows}})


def schemas_test(request: Request) -> Result:
    """Whether every schema file loads, pandera takes it, and every measure and figure can be worked out on no rows."""
    from sscbtool.core.normalise import empty_frame
    from sscbtool.core.validate import check_definitions
    from sscbtool.edge.engine import Engine
    from sscbtool.workflow.judging import worked_out

    catalogue = load_catalogue(schemas_folder(request.settings))
    rows = []
    with Engine({name: empty_frame(schema) for name, schema in catalogue.returns.items()}) as engine:
        for schema in catalogue.returns.values():
            check_definitions(schema)
            for measure in schema.measures:
                worked_out(engine, catalogue, measure, None, None)
            figures = [f for each in catalogue.figures.values() for f in each if f.return_name == schema.name]
            for figure in figures:
                measure = next(m for m in schema.measures if m.name == figure.measure)
                worked_out(engine, catalogue, measure, figure, None)
            rows.append(
                {"return": schema.name, "file": schema.source, "rules": len(schema.rules),
                 "measures": len(schema.measures), "figures": len(figures)}
            )  # fmt: skip
    return Result("schemas test", None, Outcome.CLEAN, extra={"schemas": {"test": rows}})


def _one_return(catalogue: Catalogue, name: str | None) -> Any:
    if name is None or name not in catalogue.returns:
        raise unknown("return", name or "", catalogue.returns, "See them all with: sscbtool schemas list")
    return catalogue.returns[name]


# --------------------------------------------------------------------------- shared


def _judged(request: Request) -> Judged:
    """What was received, held against its schemas, with what a person explained marked so."""
    from sscbtool.workflow import explaining, judging

    judged = judging.judge_rows(_received(request))
    judged = _with_nil_returns(request, judged)
    return replace(judged, findings=explaining.explanations(request).findings(judged.findings))


def _with_nil_returns(request: Request, judged: Judged) -> Judged:
    """Without the "no rows" of returns that a person recorded as nil."""
    from sscbtool.core import wording
    from sscbtool.workflow import tracking

    submissions = judged.received.submissions
    nil = tracking.nil_submissions(request, submissions)
    findings = tracking.without_nil(judged.findings, nil)
    empty = not any(finding.code == wording.NO_ROWS[0] for finding in findings)
    nothing = bool(submissions) and empty and not any(len(each.frame) for each in submissions)
    return replace(judged, findings=findings, nil=nothing)


def _received(request: Request) -> Received:
    """What the paths hold, or, without paths in a workspace, what the store holds."""
    if request.paths or request.settings is None or not request.stored:
        return receive(request)
    from sscbtool.edge.store import Store

    settings = request.settings
    catalogue = load_catalogue(schemas_folder(settings))
    asked, remarks = asked_period(request)
    with Store.open(settings.path(settings.store), file_mode=settings.file_mode, group=settings.group) as store:
        stored = store.submissions(return_name=request.return_name, partner=request.partner)
        submissions = tuple(store.load(each) for each in stored)
        findings = store.findings(each.id for each in stored)
        heirs = {each.superseded_by for each in store.submissions(current_only=False)}
    if not submissions:
        raise NothingToJudge("The store holds nothing yet.", "Land the returns with: sscbtool ingest")
    unread = tuple(finding.place for finding in findings if finding.place.cell)
    replacing = frozenset(each.path for each in stored if each.id in heirs)
    register = register_with(catalogue.organisations, decided(settings))
    submissions = tuple(named_by(each, catalogue, register) for each in submissions)
    return Received(catalogue, register, asked, (), submissions, findings, unread, (), remarks, replacing)


def _result(command: str, judged: Judged, verdict: Outcome) -> Result:
    return Result(
        command,
        str(judged.period) if judged.period else None,
        verdict,
        judged.files,
        judged.totals,
        judged.findings,
        remarks=judged.remarks,
        catalogue=judged.received.catalogue,
    )


def _figures(catalogue: Catalogue, period: Period | None, request: Request) -> tuple[Figure, ...]:
    """The published figures that are asked for.

    Raises:
        BadUsage: no figure has that id, or none stands in that section.
        NothingToJudge: there is no register for the period.
    """
    year = str(Period(period.year, None)) if period else None
    register = catalogue.figures.get(year or "")
    if register is None:
        known = ", ".join(catalogue.figures) or "none"
        raise NothingToJudge(
            f"There is no register of published figures for {year or 'an unknown period'}.",
            f"Registers stand in schemas/figures; there are: {known}.",
        )
    if not register:
        raise NothingToJudge(
            f"The register of published figures for {year} holds none yet.", f"It is schemas/figures/{year}.csv."
        )
    chosen = tuple(
        figure
        for figure in register
        if request.figure in (None, figure.figure_id) and (request.section is None or figure.section == request.section)
    )
    if not chosen:
        hint = f"The register is schemas/figures/{year}.csv."
        if request.figure:
            raise unknown("figure", request.figure, (figure.figure_id for figure in register), hint)
        raise unknown("section", request.section or "", (figure.section for figure in register), hint)
    return chosen
