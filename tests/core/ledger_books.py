"""Ledgers written down in a line or two, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas  # noqa: F401 - pyarrow loads it at its first array, and then reads the system's time zones

from sscbtool.core.ledger import Agreement, Closing, Invoices, Lines, Terms, close
from sscbtool.core.values import Period

NAMES = {"ccg": "CCG", "nhs southwark ccg": "CCG", "mopac": "MOPAC", "fire brigade": "LFB", "lfb": "LFB",
         "slam": "SLAM", "sscb": "SSCB", "council": "LBS", "lbs": "LBS"}  # fmt: skip
TERMS = Terms(Period(2018), fund="SSCB", own_authority="LBS", names=NAMES)

Row = Mapping[str, Any]


def _texts(rows: list[Row], name: str) -> Any:
    return np.array([row.get(name, "") for row in rows], dtype=object)


def _days(rows: list[Row], name: str, otherwise: str) -> Any:
    return np.array([row.get(name, otherwise) for row in rows], dtype="datetime64[D]")


def ledger(rows: Iterable[Row]) -> Lines:
    """Ledger lines; ``p`` is pence, income above nought."""
    rows = list(rows)
    return Lines(
        pence=np.array([row["p"] for row in rows], dtype=np.int64),
        organisation=_texts(rows, "org"),
        fund=_texts(rows, "fund"),
        day=_days(rows, "day", "2018-06-01"),
        document_day=_days(rows, "document_day", "NaT"),
        doc_no=np.array([row.get("doc", f"D{n}") for n, row in enumerate(rows)], dtype=object),
        line_no=np.array([row.get("line", "1") for row in rows], dtype=object),
        journal=np.array([row.get("journal", False) for row in rows], dtype=bool),
        credit_note=np.array([row.get("credit_note", False) for row in rows], dtype=bool),
        reference=_texts(rows, "ref"),
        text=_texts(rows, "text"),
        accounts=_texts(rows, "accounts"),
        row=np.arange(len(rows), dtype=np.int64),
    )


def invoices(rows: Iterable[Row]) -> Invoices:
    """Invoices and credit notes."""
    rows = list(rows)
    return Invoices(
        pence=np.array([row["p"] for row in rows], dtype=np.int64),
        number=_texts(rows, "no"),
        organisation=_texts(rows, "org"),
        fund=_texts(rows, "fund"),
        raised=_days(rows, "raised", "2018-05-01"),
        due=_days(rows, "due", "NaT"),
        year=np.array([row.get("year", 2018) for row in rows], dtype=np.int64),
        credit_of=_texts(rows, "of"),
        row=np.arange(len(rows), dtype=np.int64),
    )


def closing(
    agreed: Mapping[str, int] | Iterable[Agreement],
    lines: Iterable[Row],
    raised: Iterable[Row] | None = None,
    terms: Terms = TERMS,
) -> Closing:
    """The closing of a small ledger; without invoices agreed is held against received alone."""
    if isinstance(agreed, Mapping):
        agreed = [Agreement(name, "", pence) for name, pence in agreed.items()]
    terms = replace(terms, invoices_given=raised is not None)
    return close(list(agreed), invoices(raised or []), ledger(lines), terms)
