"""The catalogue's tables, and how a catalogue of an older version is led to this program's."""

from __future__ import annotations

import sqlite3

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE log (
            number INTEGER PRIMARY KEY,
            entry TEXT NOT NULL,       -- canonical JSON
            previous TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE  -- SHA-256 of previous, a line feed and entry
        ) STRICT""",
        """CREATE TABLE file (
            sha256 TEXT PRIMARY KEY,
            path TEXT NOT NULL         -- a JSON string: a name need not be valid Unicode
        ) STRICT""",
        """CREATE TABLE submission (
            id TEXT PRIMARY KEY,
            sha256 TEXT NOT NULL REFERENCES file,
            position INTEGER NOT NULL,
            return_name TEXT NOT NULL,
            partner TEXT,
            period TEXT,
            rows INTEGER NOT NULL,
            facts TEXT NOT NULL,       -- JSON: sheet, area, row_periods, set_aside, unpivoted, recognised
            parquet TEXT NOT NULL UNIQUE,
            parquet_sha256 TEXT NOT NULL,
            superseded_by TEXT REFERENCES submission
        ) STRICT""",
        """CREATE TABLE finding (
            sha256 TEXT NOT NULL REFERENCES file,
            position INTEGER NOT NULL,
            submission_id TEXT REFERENCES submission,  -- null: it stands in no one table of the file
            finding TEXT NOT NULL,     -- JSON
            PRIMARY KEY (sha256, position)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX submission_by_file ON submission (sha256)",
        "CREATE INDEX finding_by_submission ON finding (submission_id)",
    ),
    (
        """CREATE TABLE decision (
            number INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            decision TEXT NOT NULL     -- JSON
        ) STRICT""",
    ),
)
"""The statements that lead from version i to i + 1; ``user_version`` counts the ones applied."""


def newest() -> int:
    """The version that this program writes."""
    return len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, each version in a transaction of its own."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number in range(version, len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        for statement in MIGRATIONS[number]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
