"""A glance at the store for the shell: the names that a Tab offers, and nothing else of it.

Beside the store's package rather than in it, because importing that loads pandas, and a Tab must answer at once. It
reads, waits for nobody, and says nothing where it cannot.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

_VERSIONS = "SELECT substr(id, 1, 8), return_name, partner, period FROM submission ORDER BY period, return_name, id"
_RUNS = "SELECT CAST(number AS TEXT) FROM log ORDER BY number DESC LIMIT 50"


def versions(store: Path) -> list[tuple[str, str]]:
    """Each version by its short name, and what it is of."""
    return [(row[0], " ".join(filter(None, row[1:]))) for row in _answered(store, _VERSIONS)]


def runs(store: Path) -> list[tuple[str, str]]:
    """The numbers of the last runs, the newest first."""
    return [(row[0], "") for row in _answered(store, _RUNS)]


def _answered(store: Path, sql: str) -> list[tuple[str, ...]]:
    try:
        connection = sqlite3.connect(
            f"{(store / 'catalogue.sqlite').resolve().as_uri()}?mode=ro", uri=True, timeout=0.2
        )
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
    except (OSError, ValueError, sqlite3.Error):
        return []
