"""The words, marks and small blocks that reports share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sscbtool.core.model import Catalogue, Finding, Result, Severity, Status
from sscbtool.render.report import Mark, Section, Tone

STATUS_MARKS: Mapping[Status, Mark] = {
    Status.HOLDS: Mark("✓", "Agrees", Tone.GOOD),
    Status.HOLDS_WITHIN_ROUNDING: Mark("✓", "Agrees within rounding", Tone.GOOD),
    Status.CONTRADICTED: Mark("✗", "Does not agree", Tone.BAD),
    Status.NOT_EVIDENCED: Mark("○", "No evidence received", Tone.BAD),
    Status.NOT_CHECKED: Mark("·", "Not checked", Tone.QUIET),
    Status.NOT_COMPUTABLE: Mark("?", "Cannot be worked out", Tone.DOUBT),
    Status.DEFINITION_DIFFERS: Mark("≠", "Different definition", Tone.QUIET),
    Status.SUPPRESSED: Mark("■", "Withheld", Tone.QUIET),
    Status.NARRATIVE: Mark("–", "Narrative", Tone.QUIET),
}
SEVERITY_MARKS: Mapping[Severity, Mark] = {
    Severity.ERROR: Mark("✗", "Error", Tone.BAD),
    Severity.QUERY: Mark("?", "Query", Tone.DOUBT),
    Severity.WARNING: Mark("!", "Warning", Tone.QUIET),
}
GRAVITY = {Severity.ERROR: 0, Severity.QUERY: 1, Severity.WARNING: 2}
AGREES = (Status.HOLDS, Status.HOLDS_WITHIN_ROUNDING)
CHECKABLE = (*AGREES, Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE)
BREAKS = (Status.CONTRADICTED, Status.NOT_EVIDENCED, Status.NOT_COMPUTABLE)
REFUSED = Mark("✗", "Refused", Tone.BAD)
AGREE, DIFFER = Mark("✓", "Agrees", Tone.GOOD), Mark("✗", "Does not agree", Tone.BAD)
UNKNOWN = Mark("?", "Cannot be worked out", Tone.DOUBT)


def count_of(number: int, one: str, many: str = "") -> str:
    """``1 error``, ``1,204 errors``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def title_of(result: Result, words: str) -> str:
    """``Reconcile 2018-19``."""
    return f"{words} {result.period}" if result.period else words


def return_title(name: str | None, catalogue: Catalogue | None) -> str:
    """What a return is called; its code where no schema says."""
    known = catalogue.returns.get(name) if catalogue and name else None
    return known.title if known else name or ""


def severity_counts(findings: Iterable[Finding]) -> str:
    """``3 errors, 2 queries and 1 warning``; explained ones are counted apart."""
    counts = Counter("explained" if f.explained else f.severity.value for f in findings)
    parts = [
        count_of(counts[key], one, many)
        for key, one, many in (("error", "error", ""), ("query", "query", "queries"), ("warning", "warning", ""))
        if counts[key]
    ]
    if counts["explained"]:
        parts.append(f"{counts['explained']:,} explained")
    return listed(parts) or "no findings"


class Folder:
    """The folder that all files of a result share, named once so that each line can leave it out."""

    def __init__(self, paths: Iterable[str]) -> None:
        split = [path.split("/")[:-1] for path in paths]
        shared: list[str] = []
        if len(split) > 1:
            for level in zip(*split, strict=False):
                if len(set(level)) > 1:
                    break
                shared.append(level[0])
        self.path = "/".join(shared) + "/" if any(shared) else ""

    def short(self, path: str | None) -> str:
        """The path below the folder."""
        return (path or "").removeprefix(self.path)

    @property
    def suffix(self) -> str:
        """`` in sample_data/``, for a heading."""
        return f" in {self.path}" if self.path else ""


def sentence(clause: str) -> str:
    """A clause with a full stop."""
    return clause if not clause or clause[-1] in ".!?" else clause + "."


def distinct(values: Iterable[str | None]) -> str:
    """Each value once, in order of appearance."""
    return ", ".join(dict.fromkeys(value for value in values if value))


def capital(words: str) -> str:
    """With a capital first letter."""
    return words[:1].upper() + words[1:]


def nonempty(sections: Iterable[Section | None]) -> tuple[Section, ...]:
    """The sections that have something to say."""
    return tuple(section for section in sections if section is not None)


def heading_of(key: str) -> str:
    """``rows_set_aside`` as ``Rows set aside``."""
    return "SQL" if key == "sql" else capital(key.replace("_", " "))
