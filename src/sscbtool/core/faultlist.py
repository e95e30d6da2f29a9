"""The list of faults that goes back to a sender in front of their workbook, and how it is known when it returns.

A sheet counts as ours only if all of it is as we write it: the mark, the headings, and below them nothing but lines of
the list. A name or a mark alone proves nothing, since whoever wants rows overlooked could fake it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sscbtool.core.model import Flag, Grid, Kind, Severity, address

SHEET = "Faults found"
PART = "xl/worksheets/sscbtool-faults.xml"
"""Our sheet's part in the zip. A program that saves the workbook anew gives it another name."""
MARK = "List of faults made by sscbtool. When the workbook is sent back, this sheet is not read as data."
HEADINGS = ("No", "Where", "How grave", "What to do", "What is wrong", "Code", "Your answer")
ANSWER = len(HEADINGS)
"""The column in which a sender may say why something is right as it is."""
WORDS = {Severity.ERROR: "Error", Severity.QUERY: "Query", Severity.WARNING: "Note"}
WHOLE_FILE = "the whole file"
MOST_MARKS = 500
"""Cells that are marked in one workbook; the rest stand on the list only."""
MOST_LINES = 100_000
MOST_WORDS = 1_000

_INTRODUCTION = 12
"""Rows in which the mark and the headings stand."""
_CODE = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+")
_NUMBER = re.compile(r"[0-9]{1,7}")


@dataclass(frozen=True)
class Fault:
    """One line of the list. ``row`` and ``column`` are the sheet's own, 0 where they are not known."""

    sheet: str | None
    row: int
    column: int
    severity: Severity
    fix: str
    message: str
    code: str

    @property
    def place(self) -> str:
        """``B7``, ``row 7`` or nothing."""
        return address(self.row, self.column) if self.row and self.column else f"row {self.row}" if self.row else ""


GRAVITY = {Severity.ERROR: 0, Severity.QUERY: 1, Severity.WARNING: 2}


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """The gravest first, then as they stand in the workbook."""
    return sorted(faults, key=lambda f: (GRAVITY[f.severity], f.sheet or "", f.row, f.column, f.code, f.message))


def bears_mark(grid: Grid) -> bool:
    """Whether a sheet says that it is our list; ``is_ours`` says whether that is true."""
    if not len(grid.columns) or int(grid.columns[0]) != 1:
        return False
    return any(grid.text(i, 0) == MARK for i in range(min(_INTRODUCTION, len(grid.rows))))


def is_ours(grid: Grid) -> bool:
    """Whether a sheet is the list as we wrote it, lines taken out and answers filled in."""
    if not bears_mark(grid) or len(grid.rows) > MOST_LINES + _INTRODUCTION or int(grid.columns[-1]) > ANSWER:
        return False
    if (grid.flags & (Flag.FORMULA | Flag.UNCACHED)).any() or grid.merges:
        return False
    lines = list(_lines(grid))
    head = next((n for n, line in enumerate(lines[:_INTRODUCTION]) if tuple(line.values()) == HEADINGS), None)
    if head is None or any(set(line) != {1} or len(line[1]) > MOST_WORDS for line in lines[:head]):
        return False
    return all(_is_line(line) for line in lines[head + 1 :])


def answers(grid: Grid) -> tuple[str, ...]:
    """The cells of our list in which the sender answered."""
    found = [(int(grid.rows[i]), line.get(ANSWER)) for i, line in enumerate(_lines(grid))]
    return tuple(address(row, ANSWER) for row, text in found if text and text != HEADINGS[-1])


def _lines(grid: Grid) -> Iterator[dict[int, str]]:
    """Each row as column number -> text, without its blanks."""
    for i in range(len(grid.rows)):
        yield {
            int(number): grid.text(i, j).strip()
            for j, number in enumerate(grid.columns)
            if grid.kinds[i, j] != Kind.BLANK and grid.text(i, j).strip()
        }


def _is_line(line: dict[int, str]) -> bool:
    own = [line.get(number, "") for number in range(1, ANSWER)]
    number, where, grave, fix, message, code = own
    if not any(own):
        return True  # an answer that runs over into the next row
    return bool(
        _NUMBER.fullmatch(number)
        and where
        and len(where) < 100
        and grave in WORDS.values()
        and 0 < len(fix) <= MOST_WORDS
        and 0 < len(message) <= MOST_WORDS
        and _CODE.fullmatch(code)
    )
