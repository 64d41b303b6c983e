"""Sets up SQLite connections: write-ahead log, foreign keys, explicit transactions."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

WRITES = "moa_writes"
"""Execution option of a connection whose transactions change something."""

BUSY_MS = 15_000
"""How long a connection waits for a lock that another process holds, in milliseconds."""

LONGEST_LOG = 16 * 1024 * 1024
"""Bytes to which the write-ahead log file is cut after a checkpoint."""

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    f"busy_timeout={BUSY_MS}",
    f"journal_size_limit={LONGEST_LOG}",
)


def set_up(engine: Engine) -> None:
    """Prepare every connection of an engine, and begin its transactions explicitly.

    Source: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#sqlite-transactions
    """
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)


def check_file(url: URL) -> None:
    """Open the file once. The driver's thread reports a file that cannot be opened less clearly.

    Raises:
        sqlite3.Error: when it cannot be opened or is not a database.
    """
    connection = sqlite3.connect(url.database or ":memory:")
    try:
        connection.execute("PRAGMA schema_version")
    finally:
        connection.close()


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    connection.isolation_level = None  # `_begin` begins transactions


def _begin(connection: Connection) -> None:
    """Take the write lock first: SQLite can't grant it to a transaction that has already read."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
