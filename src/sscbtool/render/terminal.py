"""A report as rich tables for a terminal of a given width, or for a pipe.

Fits 80 columns and uses 200. Numbers, ids and cells are never cut or broken; where a table does not fit, its wordy
columns move to lines of their own below each row, and the last resort is one line a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import StringIO

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text

from sscbtool.core.model import Outcome
from sscbtool.core.neutral import printable
from sscbtool.render.report import (
    Cell,
    Column,
    ColumnType,
    Facts,
    Lines,
    Mark,
    Quantity,
    Report,
    Row,
    Table,
    Tone,
    cell_text,
)

_GAP = 2
_INDENT = 4
_SHORT = 16
"""What a status or a worded value may be broken down to."""
_PLACE = 26
"""What a list of cells may be broken down to."""
_LONG_WORD = 24
"""The longest word of a text that keeps a column from getting narrower; longer ones fold."""
_COMMAND = re.compile(
    r"sscbtool [a-z]+(?: (?:accept|reject|match|nil|extend|verify|list|--?[a-z][a-z-]*|preparer|reviewer"
    r"|[A-Z][A-Z0-9-]+\b|[A-Z]+-?[a-z0-9]*[0-9][a-z0-9]*\b))*"
)
"""A command that a sentence tells the reader to type: it stays on one line, so that it can be copied."""
_GLUE = "\ue000"
"""Stands for a space at which no line breaks; of private use, so no text of anybody's holds it here."""
_NARROW = 60
_TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$")
_PARTS_OF_A_PATH = re.compile(r"[^/\\ _]+[/\\ _]*|[/\\ _]+")
_STYLES = {Tone.GOOD: "green", Tone.BAD: "bold red", Tone.DOUBT: "yellow", Tone.QUIET: "dim"}
_RULED = Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")
"""Spaces between columns, a rule below the header and one above the total."""


def terminal(report: Report, width: int, *, color: bool = False) -> str:
    """The report as text of at most ``width`` columns, with ANSI colours if asked for."""
    if report.headline and report.outcome is Outcome.CLEAN:
        return f"{printable(report.headline)}\n"
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        color_system="standard" if color else None,
        force_terminal=color,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        soft_wrap=False,
        _environ={},
    )
    console.print(Group(*_renderables(report, width)))
    lines = [_TRAILING.sub(r"\1", line) for line in out.getvalue().replace(_GLUE, " ").splitlines()]
    return "\n".join([printable(report.headline), *lines] if report.headline else lines) + "\n"


def _renderables(report: Report, width: int) -> list[RenderableType]:
    title = Text(printable(report.title), style="bold underline")
    parts: list[RenderableType] = [] if report.headline else [title]
    for section in report.sections:
        parts.append(Text())
        match section:
            case Facts():
                parts += _facts(section)
            case Table():
                parts += _table(section, width)
            case Lines():
                parts += _lines(section, width)
    if report.closing:
        parts += [Text(), _sentence(report.closing, width, "bold")]
    return parts


def _words(text: str, style: str = "") -> Text:
    return Text(printable(text), style=style, overflow="fold")


def _sentence(text: str, width: int, style: str = "") -> Text:
    """Words for the reader, each command among them whole."""
    harmless = printable(text)
    if width >= _NARROW:
        harmless = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), harmless.replace(_GLUE, "?"))
    return Text(harmless, style=style, overflow="fold")


def _heading(text: str) -> list[RenderableType]:
    return [_words(text, "bold cyan")] if text else []


def _cell(cell: Cell, style: str = "") -> Text:
    if isinstance(cell, Mark):
        return Text(printable(cell.text), style=_STYLES[cell.tone], overflow="fold")
    return _words(cell_text(cell), style)


def _facts(facts: Facts) -> list[RenderableType]:
    grid = RichTable.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in facts.items:
        grid.add_row(_words(name), _cell(value))
    return [*_heading(facts.heading), grid]


def _lines(lines: Lines, width: int) -> list[RenderableType]:
    grid = RichTable.grid(padding=(0, _GAP, 0, 0))
    marked = any(line.mark for line in lines.lines)
    if marked:
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for line in lines.lines:
        grid.add_row(*([_cell(line.mark)] if marked else []), _sentence(line.text, width))
    return [*_heading(lines.heading), grid]


# --------------------------------------------------------------------------- tables


@dataclass(frozen=True)
class _Layout:
    """Which columns stand side by side and how wide, and which have lines of their own above or below the row."""

    widths: dict[int, int]
    below: tuple[int, ...]


def _table(table: Table, width: int) -> list[RenderableType]:
    if table.in_short:
        return [*_lines(Lines(table.heading, table.in_short), width), *(_words(note, "dim") for note in table.notes)]
    parts = _heading(table.heading)
    if table.rows or table.total:
        table, cells, layout = _arranged(table, width)
        parts += _one_line_a_value(table, cells) if layout is None else _side_by_side(table, cells, layout, width)
    return [*parts, *(_words(note, "dim") for note in table.notes)]


def _arranged(table: Table, width: int) -> tuple[Table, list[list[Text]], _Layout | None]:
    """The table as it fits best: with the pounds sign in the headings of amounts where that keeps columns together."""
    choices = []
    for candidate in (table, _pounds_in_headings(table)):
        cells = _aligned(candidate.columns, [*candidate.rows, *([candidate.total] if candidate.total else [])])
        choices.append((candidate, cells, _fit(candidate, cells, width)))
    return min(choices, key=lambda choice: len(choice[2].below) if choice[2] else len(table.columns))


def _pounds_in_headings(table: Table) -> Table:
    money = {i for i, column in enumerate(table.columns) if column.type is ColumnType.MONEY}

    def bare(row: Row) -> Row:
        return tuple(
            replace(cell, bare=True) if i in money and isinstance(cell, Quantity) else cell
            for i, cell in enumerate(row)
        )

    return replace(
        table,
        columns=tuple(replace(c, heading=f"{c.heading} £") if i in money else c for i, c in enumerate(table.columns)),
        rows=tuple(map(bare, table.rows)),
        total=bare(table.total) if table.total else None,
    )


def _aligned(columns: Sequence[Column], rows: Sequence[Row]) -> list[list[Text]]:
    """The cells as text, the quantities of a column padded to a shared decimal point."""
    texts = [[_cell(cell) for cell in row] for row in rows]
    for index, column in enumerate(columns):
        if not column.type.numeric:
            continue
        behind = [len(_behind_point(row[index])) for row in rows]
        most = max(behind, default=0)
        for text, row, own in zip(texts, rows, behind, strict=True):
            if isinstance(row[index], Quantity):
                text[index].pad_right(most - own)
    return texts


def _behind_point(cell: Cell) -> str:
    """What stands at and after the decimal point: ``.50%``."""
    if not isinstance(cell, Quantity):
        return ""
    text = cell.text
    return text[text.index(".") :] if "." in text else "%" if text.endswith("%") else ""


def _fit(table: Table, cells: Sequence[Sequence[Text]], width: int) -> _Layout | None:
    """The first arrangement that fits; None if there is none.

    Spare columns are left out first, then columns move in the order they allow, and only then are long words folded.
    """
    columns, named = table.columns, {0} if table.grouped else set()
    natural = [_natural(column, [row[i] for row in cells]) for i, column in enumerate(columns)]
    spare = tuple(i for i, column in enumerate(columns) if column.spare)
    movable = sorted((i for i, column in enumerate(columns) if column.moves), key=lambda i: columns[i].moves)
    arrangements: list[tuple[tuple[int, ...], int]] = [((), 0), *((spare, moved) for moved in range(len(movable) + 1))]
    for longest in (_LONG_WORD, 0):
        least = [_least(column, [row[i] for row in cells], natural[i], longest) for i, column in enumerate(columns)]
        for left_out, moved in arrangements:
            below = movable[:moved]
            beside = [i for i in range(len(columns)) if i not in below and i not in left_out and i not in named]
            room = width - _GAP * (len(beside) - 1)
            if sum(least[i] for i in beside) <= room:
                return _Layout(_shared_out(beside, least, natural, room), tuple(sorted(below)))
    return None


def _natural(column: Column, cells: Sequence[Text]) -> int:
    return max([_heading_width(column), *(cell.cell_len for cell in cells)])


def _heading_width(column: Column) -> int:
    """What a heading needs over at most two lines."""
    words = column.heading.split()
    splits = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words) + 1)]
    return min((max(cell_len(first), cell_len(second)) for first, second in splits), default=0)


def _least(column: Column, cells: Sequence[Text], natural: int, unfolded: int) -> int:
    """How narrow a column may be; of its texts, words of up to ``unfolded`` characters are not folded."""
    heading = _heading_width(column)
    longest_word = max((cell_len(word) for cell in cells for word in cell.plain.split()), default=0)
    match column.type:
        case ColumnType.CODE | ColumnType.MONEY | ColumnType.COUNT:
            return natural
        case ColumnType.VALUE | ColumnType.STATUS:
            return max(heading, min(natural, max(longest_word, _SHORT)))
        case ColumnType.PLACE:
            return max(heading, min(natural, max(_PLACE, longest_word)))
        case ColumnType.TEXT | ColumnType.FILE:
            return max(heading, min(natural, max(column.least, min(longest_word, unfolded))))


def _shared_out(beside: Sequence[int], least: Sequence[int], natural: Sequence[int], room: int) -> dict[int, int]:
    """Each column its least, and what is over to those that want more, the hungriest last to be filled."""
    widths = {i: least[i] for i in beside}
    over = room - sum(widths.values())
    wanting = sorted((i for i in beside if natural[i] > widths[i]), key=lambda i: natural[i] - widths[i])
    for done, index in enumerate(wanting):
        given = min(natural[index] - widths[index], over // (len(wanting) - done))
        widths[index] += given
        over -= given
    return widths


def _side_by_side(table: Table, cells: Sequence[Sequence[Text]], layout: _Layout, width: int) -> list[RenderableType]:
    footer = cells[-1] if table.total else None
    body = cells[: len(table.rows)]
    if not layout.below and not table.grouped:
        return [_grid(table.columns, layout, body, footer)]
    above = [i for i in layout.below if i < min(layout.widths)]
    below = [i for i in layout.below if i not in above]
    parts: list[RenderableType] = [_grid(table.columns, layout, [])]
    named = ""
    for row in body:
        if table.grouped and row[0].plain != named:
            named = row[0].plain
            parts.append(Text(named, style="bold"))
        parts += [row[i] for i in above]
        parts.append(_grid(table.columns, layout, [row], header=False))
        parts += _below(table.columns, below, row, width)
    if footer is None:
        return parts
    bold = [Text(cell.plain, style="bold", overflow="fold") for cell in footer]
    rule = Text("─" * (sum(layout.widths.values()) + _GAP * (len(layout.widths) - 1)))
    return [*parts, rule, *(bold[i] for i in above), _grid(table.columns, layout, [bold], header=False)]


def _grid(
    columns: Sequence[Column],
    layout: _Layout,
    rows: Sequence[Sequence[Text]],
    footer: Sequence[Text] | None = None,
    *,
    header: bool = True,
) -> RichTable:
    grid = RichTable(
        box=_RULED,
        show_edge=False,
        pad_edge=False,
        padding=(0, _GAP - 1, 0, 0),
        show_header=header,
        show_footer=footer is not None,
        header_style=Style(bold=True),
        footer_style=Style(bold=True),
    )
    for index, width in layout.widths.items():
        column = columns[index]
        grid.add_column(
            Text(printable(column.heading), justify="right" if column.type.numeric else "left"),
            footer=_set(footer[index], column, width) if footer else "",
            width=width,
            overflow="fold",
            vertical="top",
        )
    for row in rows:
        grid.add_row(*(_set(row[index], columns[index], width) for index, width in layout.widths.items()))
    return grid


def _set(text: Text, column: Column, width: int) -> Text:
    """A cell in its column: numbers at the right, where rich would strip what keeps their points in line."""
    if column.type.numeric and text.cell_len < width:
        text = text.copy()
        text.pad_left(width - text.cell_len)
    return _broken(text, column, width)


def _broken(text: Text, column: Column, width: int) -> Text:
    """A path on as many lines as it needs, each ending where a folder or a word does if it can."""
    if column.type is not ColumnType.FILE or text.cell_len <= width:
        return text
    lines = [""]
    for part in _PARTS_OF_A_PATH.findall(text.plain):
        if cell_len(lines[-1] + part.rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
    return Text("\n".join(line.rstrip() for line in lines), style=text.style, overflow="fold")


def _below(columns: Sequence[Column], moved: Sequence[int], row: Sequence[Text], width: int) -> list[RenderableType]:
    """The columns that made way: words on lines of their own, labelled values together where they fit."""
    lines: list[Text] = []
    for index in moved:
        value = row[index].plain.strip()
        if not value:
            continue
        column = columns[index]
        labelled = column.labelled and bool(column.heading)
        text = Text.assemble((f"{column.heading}: " if labelled else "", "dim"), value, overflow="fold")
        together = lines and labelled and lines[-1].cell_len + text.cell_len + _GAP <= width - _INDENT
        if together and lines[-1].plain.startswith(tuple(f"{c.heading}: " for c in columns if c.labelled)):
            lines[-1].append(" " * _GAP).append_text(text)
        else:
            lines.append(text)
    return [Padding(line, (0, 0, 0, _INDENT)) for line in lines]


def _one_line_a_value(table: Table, cells: Sequence[Sequence[Text]]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for number, row in enumerate(cells):
        if number:
            parts.append(Text())
        items = [(column.heading, cell) for column, cell in zip(table.columns, row, strict=True) if cell.plain.strip()]
        for heading, cell in items:
            label = f"{heading}: " if heading else ""
            parts.append(Text.assemble((label, "dim"), cell.plain.strip(), overflow="fold"))
    return parts
