"""A full disk: SQLite may not let its files grow, for as long as a file exists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from bot.storage.sqlite import Quick

NO_MORE, ANY = 1, 1_073_741_823
"""SQLite's own limit, as the library has it; what is less than a file's size means that size
(https://www.sqlite.org/pragma.html#pragma_max_page_count)."""


def fill(sign: Path) -> None:
    """Have every database of this process be full while the sign stands there: SQLITE_FULL."""

    def limit(connection: Connection) -> None:
        driver = connection.connection.dbapi_connection
        if connection.dialect.name == "sqlite" and driver is not None:
            cursor = driver.cursor()
            cursor.execute(pragma())
            cursor.close()

    def pragma() -> str:
        return f"PRAGMA max_page_count = {NO_MORE if sign.exists() else ANY}"

    def limited(quick: Quick, *args: Any) -> Any:
        quick._connection()[1].execute(pragma())
        return at_once(quick, *args)

    event.listen(Engine, "begin", limit)
    at_once, Quick._at_once = Quick._at_once, limited  # type: ignore[method-assign]
