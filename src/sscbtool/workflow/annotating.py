"""A sender's own files back with their faults marked: judged first, then marked where files are read, then written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sscbtool.core.faultlist import PART
from sscbtool.core.model import FileReport, Finding, Outcome, Result, Severity
from sscbtool.edge.pool import Annotation
from sscbtool.edge.sharing import Sharing
from sscbtool.edge.workspace import write_new
from sscbtool.errors import BadUsage, NothingToJudge
from sscbtool.workflow.receiving import Request, files_of, pool_for

FOLDER = "annotated"
"""Where copies go if it is not said: beside the returns they would be read as returns."""
SUFFIX = ".xlsx"
TAIL = 1 << 20
"""Bytes from the end of a zip in which its directory of parts stands."""


def annotate(request: Request) -> Result:
    """Judge the files and write a marked copy of each that has findings; what was sent is never written to.

    Raises:
        BadUsage: a copy would stand where an input or somebody else's file stands.
        CannotWrite: a copy could not be written.
    """
    from sscbtool.workflow.commands import validate

    target = _target(request)
    found = files_of(request)
    files = [path for path in found.files if path in request.paths or not _is_earlier_copy(Path(path), target)]
    if not files:
        hint = "Give the paths of what was sent."
        raise NothingToJudge("There are only annotated copies here, so nothing was annotated.", hint)
    passwords: dict[str, str] = {}
    result = validate(replace(request, paths=tuple(files), ask_password=_keeping(request.ask_password, passwords)))
    result = replace(result, command="annotate", remarks=(*found.remarks, *result.remarks))
    faulty = {file.path: own for file in result.files if not file.refused and (own := _open(result.findings, file))}
    copies = _names(list(faulty), target, alone=len(files) == 1)
    _refuse_overwriting(copies.values(), files)
    orders = [
        (file.path, file.sha256, _as_plain(faulty[file.path], file)) for file in result.files if file.path in faulty
    ]
    partners = {
        file.path: next((report.partner for report in file.tables if report.partner), None) for file in result.files
    }
    made: list[dict[str, Any]] = []
    sharing = request.settings.sharing if request.settings else Sharing()
    refused: dict[str, Annotation] = {}
    with pool_for(request, len(orders)) as pool:
        for annotation in pool.annotate(orders, on_progress=request.progress, passwords=passwords) if orders else ():
            if annotation.data is None:
                refused[annotation.path] = annotation
                continue
            copy = copies[annotation.path]
            write_new(copy, annotation.data, sharing.file_mode, sharing.group)
            partner = partners.get(annotation.path)
            made.append({"partner": partner, **_told(annotation, copy, faulty[annotation.path])})
    told = {
        "copies": sorted(made, key=lambda each: str(each["path"])),
        "without_faults": sorted(f.path for f in result.files if not f.refused and f.path not in faulty),
    }
    if refused:
        result = replace(result, outcome=Outcome.REFUSED, files=tuple(_refused(file, refused) for file in result.files))
    return replace(result, extra={"annotate": told})


def _keeping(ask: Callable[[str], str | None] | None, passwords: dict[str, str]) -> Callable[[str], str | None] | None:
    """Asks for a password as ``ask`` does and keeps it for marking, so that nobody types it twice."""
    if ask is None:
        return None

    def asked(path: str) -> str | None:
        if password := ask(path):
            passwords[path] = password
        return password

    return asked


def _open(findings: Iterable[Finding], file: FileReport) -> list[Finding]:
    """What is to be said of a file; nothing where there is nothing to mend or to answer."""
    own = [f for f in findings if f.place.file == file.path and not f.explained]
    return own if any(f.severity is not Severity.WARNING for f in own) else []


def _told(annotation: Annotation, copy: Path, findings: Sequence[Finding]) -> dict[str, Any]:
    counts = {str(severity): sum(f.severity is severity for f in findings) for severity in Severity}
    return {
        "path": annotation.path,
        "copy": copy.as_posix(),
        "errors": counts["error"],
        "queries": counts["query"],
        "warnings": counts["warning"],
        "marked": annotation.marked,
        "not_kept": list(annotation.not_kept),
    }


def _refused(file: FileReport, refused: Mapping[str, Annotation]) -> FileReport:
    annotation = refused.get(file.path)
    if annotation is None:
        return file
    return replace(file, reason=f"it could not be annotated: {annotation.reason}", hint=annotation.hint, tables=())


def _as_plain(findings: Sequence[Finding], file: FileReport) -> list[list[Any]]:
    """The fields of each fault; one that is known by its row alone stands at the row's first column of its table."""
    faults = []
    for finding in findings:
        place = finding.place
        row, column = int(place.row or 0), int(place.column or 0)
        if row and not column:
            areas = (report.table for report in file.tables if report.table.sheet == place.sheet)
            column = next((t.area.left for t in areas if t.area.top <= row <= t.area.bottom), 1)
        severity = str(finding.severity)
        faults.append([place.sheet, row, column, severity, finding.fix, finding.message, finding.code])
    return faults


# --------------------------------------------------------------------------- where copies go


def _target(request: Request) -> Path:
    """The file or folder that was asked for, else a folder of its own in the workspace or here."""
    if request.target is not None:
        return Path(request.target)
    return request.settings.folder / FOLDER if request.settings else Path(FOLDER)


def _is_earlier_copy(path: Path, folder: Path) -> bool:
    """Whether a file among the returns is a copy that an earlier run put into the folder of copies."""
    inside = folder.is_dir() and Path(os.path.realpath(folder)) in Path(os.path.realpath(path)).parents
    return inside and _is_untouched_copy(path)


def _names(files: Sequence[str], target: Path, *, alone: bool) -> dict[str, Path]:
    """Each file -> its copy. A target named as a workbook is the one copy; any other is the folder of all."""
    if target.suffix and not target.is_dir():
        if target.suffix.lower() != SUFFIX:
            raise BadUsage(
                f"An annotated copy is a workbook, and {target.name} is not named as one.", "End it in .xlsx."
            )
        if not alone:
            raise BadUsage("There are several files to annotate, and --output is one file.", "Give it a folder.")
        return dict.fromkeys(files, target)
    parents = {path: Path(os.path.abspath(path)).parent for path in files}  # noqa: PTH100 - links stay as they are
    shared = Path(os.path.commonpath(parents.values())) if files else Path()
    named: dict[str, Path] = {}
    taken = set[str]()
    for path in files:
        below = parents[path].relative_to(shared)
        own = target / below / f"{Path(path).stem}{SUFFIX}"
        if str(own).casefold() in taken:
            own = target / below / f"{Path(path).name}{SUFFIX}"
        taken.add(str(own).casefold())
        named[path] = own
    return named


def _refuse_overwriting(copies: Iterable[Path], files: Iterable[str]) -> None:
    inputs = {os.path.realpath(path) for path in files}
    for copy in copies:
        if os.path.realpath(copy) in inputs:
            raise BadUsage(f"The copy would be written over {copy}, which is what was sent.", "Give another --output.")
        if copy.exists() and not _is_untouched_copy(copy):
            raise BadUsage(
                f"{copy} stands there already and is no copy of this tool's, or has been changed since.",
                "Move it away, or give another --output.",
            )


def _is_untouched_copy(path: Path) -> bool:
    """Whether a file is an annotated copy as we wrote it: nothing of anybody's work is lost if it is written anew."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            return PART.encode() in file.read()
    except OSError:
        return False
