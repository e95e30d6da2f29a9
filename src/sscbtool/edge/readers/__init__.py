"""Bytes -> grids: one reader a format, each keeping what the usual libraries drop, none judging what it reads."""

from __future__ import annotations

from typing import assert_never

from sscbtool.core.model import FileFormat, Limits, Workbook


def read(data: bytes | memoryview, format: FileFormat, limits: Limits) -> Workbook:  # noqa: A002
    """The workbook that ``data`` holds, read as ``format``.

    Raises InputRefused, with the reason as a clause, for bytes that are broken or go beyond ``limits``.
    """
    match format:
        case FileFormat.XLSX | FileFormat.XLSM:
            from sscbtool.edge.readers.xlsx import read_xlsx

            return read_xlsx(data, limits)
        case FileFormat.XLS:
            from sscbtool.edge.readers.xls import read_xls

            return read_xls(data, limits)
        case FileFormat.XLSB:
            from sscbtool.edge.readers.xlsb import read_xlsb

            return read_xlsb(data, limits)
        case FileFormat.ODS:
            from sscbtool.edge.readers.ods import read_ods

            return read_ods(data, limits)
        case FileFormat.CSV | FileFormat.TSV:
            from sscbtool.edge.readers.text import read_text

            return read_text(data, format, limits)
        case FileFormat.HTML:
            from sscbtool.edge.readers.html import read_html

            return read_html(data, limits)
        case _:
            assert_never(format)
