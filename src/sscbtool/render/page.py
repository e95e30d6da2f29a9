"""A brief as one HTML page that needs nothing beside itself: no script, no font, no picture from elsewhere.

It opens from an e-mail's attachment, is read with a keyboard or a screen reader, on a telephone and on A4. Its policy
allows the one stylesheet in it, by its hash, and nothing else. Every text is made printable and escaped on its way in.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from sscbtool.core.neutral import printable
from sscbtool.render.charts import NARROW, WIDE, drawn, is_drawn
from sscbtool.render.report import (
    Brief,
    Cell,
    Column,
    ColumnType,
    Facts,
    Lines,
    Mark,
    Quantity,
    Section,
    Table,
    Tone,
    cell_text,
)

FEW_COLUMNS = 3
"""As many fit a telephone side by side; rows of more stand there as blocks, each cell with its heading."""
_LONG_TEXT, _SHORT_TEXT, _HASH = 24, 10, 64


def as_page(brief: Brief) -> str:
    """The brief as the text of an HTML file."""
    environment, style = _environment()
    return environment.get_template("page.html").render(
        brief=brief,
        style=Markup(style),  # noqa: S704 - our own file, loaded with the program
        policy=f"default-src 'none'; style-src 'sha256-{_fingerprint(style)}'; base-uri 'none'; form-action 'none'",
    )


@cache
def _environment() -> tuple[Environment, str]:
    """The template, loaded with the program, and its stylesheet."""
    own = files("sscbtool.render")
    template, style = (own.joinpath(name).read_text("utf-8") for name in ("page.html", "page.css"))
    environment = Environment(
        loader=DictLoader({"page.html": template}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_harmless,
    )
    environment.filters |= {
        "kind": _kind,
        "cell": _cell,
        "as_blocks": _as_blocks,
        "as_tiles": _as_tiles,
        "is_drawn": is_drawn,
        "tone": _tone,
        "setting": _setting,
        "heading": _heading,
    }
    environment.globals |= {"chart": _chart, "plain": Column("")}
    return environment, style.strip()


def _harmless(value: Any) -> Any:
    """What goes into the page, with control, direction and invisible characters spelled out."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _fingerprint(style: str) -> str:
    return b64encode(sha256(f"\n{style}\n".encode()).digest()).decode()


def _kind(section: Section) -> str:
    match section:
        case Facts():
            return "facts"
        case Lines():
            return "lines"
        case Table():
            return "table"


def _tone(mark: Mark) -> str:
    return {Tone.GOOD: "good", Tone.BAD: "bad", Tone.DOUBT: "doubt", Tone.QUIET: "quiet"}[mark.tone]


def _heading(column: Column) -> str:
    return column.heading or ("Status" if column.type is ColumnType.STATUS else "")


def _setting(column: Column) -> str:
    """The classes that say how a column is set."""
    short = column.type is ColumnType.TEXT and column.least < _SHORT_TEXT
    return f"{column.type.value} short" if short else column.type.value


def _as_blocks(table: Table) -> bool:
    """Whether its rows become blocks where the page is narrow."""
    texts = sum(column.type is ColumnType.TEXT and column.least >= _LONG_TEXT for column in table.columns)
    files = any(column.type is ColumnType.FILE for column in table.columns)
    return len(table.columns) > FEW_COLUMNS or texts > 1 or files


def _as_tiles(table: Table) -> bool:
    """Whether those blocks are so many small values that they stand beside each other."""
    return all(column.type.numeric or column.least < _SHORT_TEXT for column in table.columns[1:])


def _cell(cell: Cell, column: Column) -> Markup:
    """What stands in a cell, with the class that says how it is set: ``<td>`` itself is the template's."""
    text = printable(cell_text(cell))
    match cell:
        case Mark():
            return Markup('<span class="mark {}"><span aria-hidden="true">{}</span> {}</span>').format(
                _tone(cell), cell.symbol, printable(cell.word)
            )
        case Quantity():
            return Markup('<span class="number{}">{}</span>').format("" if cell.value else " zero", text)
        case str() if column.type is ColumnType.CODE and len(text) >= _HASH:
            return Markup('<span class="hash">{}</span>').format(text)
        case str() if column.type in (ColumnType.CODE, ColumnType.MONEY, ColumnType.COUNT) and text:
            return Markup('<span class="code">{}</span>').format(text)
        case _:
            return Markup("{}").format(text)


def _chart(table: Table, identity: str) -> Markup:
    """The table's chart twice: as wide as a page, and for a telephone."""
    assert table.chart is not None
    wide, narrow = (
        Markup(drawn(table, table.chart, identity=f"{identity}-{name}", width=width))  # noqa: S704 - serialised by lxml
        for name, width in (("wide", WIDE), ("narrow", NARROW))
    )
    return Markup('<div class="wide">{}</div><div class="narrow">{}</div>').format(wide, narrow)
