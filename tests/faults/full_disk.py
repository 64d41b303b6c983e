"""Simulate a full disk: while a given file exists, SQLite files cannot grow."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, event

NO_MORE, ANY = 1, 1_073_741_823
"""SQLite's default limit. A value below a file's size means that size
(https://www.sqlite.org/pragma.html#pragma_max_page_count)."""


def fill(sign: Path) -> None:
    """Make every SQLite database of this process report SQLITE_FULL while the file exists."""

    def limit(connection: Connection, *_: object) -> None:
        driver = connection.connection.dbapi_connection
        if connection.dialect.name == "sqlite" and driver is not None:
            cursor = driver.cursor()
            cursor.execute(f"PRAGMA max_page_count = {NO_MORE if sign.exists() else ANY}")
            cursor.close()

    event.listen(Engine, "before_cursor_execute", limit)
