"""The options that several commands share, each worded once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sscbtool.cli import completing


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    XLSX = "xlsx"


class Basis(StrEnum):
    """On which basis the year is closed."""

    RECEIVED = "received"
    INVOICED = "invoiced"
    AGREED = "agreed"


class Role(StrEnum):
    """As what a person signs a year off."""

    PREPARER = "preparer"
    REVIEWER = "reviewer"


Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATHS", help="Files, folders or globs.", show_default=False),
]
ReturnOption = Annotated[
    str | None,
    typer.Option("--return", metavar="NAME", help="Which return the files are.", autocompletion=completing.returns),
]
PeriodOption = Annotated[
    str | None,
    typer.Option(
        "--period",
        metavar="PERIOD",
        help="The year judged: 2018-19, 2018-19 Q1, last-quarter.",
        autocompletion=completing.periods,
    ),
]
PartnerOption = Annotated[
    str | None,
    typer.Option("--partner", metavar="CODE", help="Whose files they are.", autocompletion=completing.partners),
]
FormatOption = Annotated[
    Format,
    typer.Option("--format", "-f", metavar="FORMAT", help="Written as table, json, csv, markdown, html or xlsx."),
]
PlainFormatOption = Annotated[
    Format, typer.Option("--format", "-f", metavar="FORMAT", help="Written as table, json, csv or markdown.")
]
"""Of commands that do something or write files of their own: what they say is no page and no workbook."""
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result here, not to the terminal.")
]
PasswordOption = Annotated[
    bool, typer.Option("--password-prompt", help="Ask for the password of protected workbooks, without showing it.")
]
ValuesOption = Annotated[bool, typer.Option("--show-values", help="Show partner text, on a terminal only.")]
LogFileOption = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="FILE", help="Append to this log, one JSON object a line."),
]
