"""Results into text, bytes or renderables; opens nothing, decides nothing."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import assert_never

from sscbtool.core.model import Catalogue, Result

PIPED_WIDTH = 120
"""How wide a table is where there is no terminal to ask."""


class OutputFormat(StrEnum):
    """What ``--format`` takes."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    XLSX = "xlsx"


def render(
    result: Result,
    output_format: OutputFormat,
    *,
    catalogue: Catalogue | None = None,
    width: int | None = None,
    color: bool = False,
    show_values: bool = False,
) -> str | bytes:
    """A result in one format: text, or bytes where the format is not text.

    ``catalogue`` is for a result that carries none. ``width`` (None for no terminal) and ``color`` concern tables only.
    """
    from sscbtool.render.present import present

    if catalogue is not None:
        result = replace(result, catalogue=catalogue)
    match output_format:
        case OutputFormat.JSON:
            from sscbtool.render.as_json import as_json

            return as_json(result)
        case OutputFormat.TABLE:
            from sscbtool.render.terminal import terminal

            return terminal(present(result, show_values=show_values), width or PIPED_WIDTH, color=color)
        case OutputFormat.CSV:
            from sscbtool.render.as_csv import as_csv

            return as_csv(present(result, show_values=show_values))
        case OutputFormat.MARKDOWN:
            from sscbtool.render.as_markdown import as_markdown

            return as_markdown(present(result, show_values=show_values))
        case OutputFormat.XLSX:
            from sscbtool.render.as_workbook import as_workbook
            from sscbtool.render.present.books import book

            return as_workbook(book(result, present(result, show_values=show_values), show_values=show_values))
        case OutputFormat.HTML:
            from sscbtool.render.page import as_page
            from sscbtool.render.present.pages import page

            return as_page(page(result, present(result, show_values=show_values)))
        case _:
            assert_never(output_format)
