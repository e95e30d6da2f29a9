"""Each result as a page: the board's report, and for every other command its own report, the outcome in words first."""

from __future__ import annotations

from collections.abc import Mapping

from sscbtool.core.model import Outcome, Result
from sscbtool.render.present.board import board
from sscbtool.render.report import Brief, Chapter, Line, Lines, Mark, Report, Section, Tone

_OUTCOMES: Mapping[Outcome, Mark] = {
    Outcome.CLEAN: Mark("✓", "Nothing is open", Tone.GOOD),
    Outcome.FINDINGS: Mark("✗", "Something is open", Tone.BAD),
    Outcome.REFUSED: Mark("✗", "A file was refused", Tone.BAD),
    Outcome.INCOMPLETE: Mark("?", "Not enough to judge", Tone.DOUBT),
}


def page(result: Result, report: Report) -> Brief:
    """The page of a result whose report is at hand."""
    if result.command == "report":
        return board(result)
    lead: list[Line] = []
    chapters: list[Chapter] = []
    first: list[Section] = []
    for section in report.sections:
        if section.heading:
            chapters.append(Chapter(section.heading, (), (section,)))
        elif isinstance(section, Lines) and not chapters:
            lead += section.lines
        elif chapters:
            last = chapters[-1]
            chapters[-1] = Chapter(last.heading, last.words, (*last.sections, section), last.appendix)
        else:
            first.append(section)
    if first:
        chapters.insert(0, Chapter("In short", (), tuple(first)))
    mark = _OUTCOMES[result.outcome]
    return Brief(report.title, Line(report.closing or f"{mark.word}.", mark), tuple(lead), tuple(chapters))
