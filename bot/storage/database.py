"""Opening the database: its URL read, its file made safe, its tables brought up to date."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import ConfigurationError

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 15


async def open_database(url: str) -> AsyncEngine:
    """An engine on a database whose tables are up to date.

    Args:
        url: `sqlite:///path` or `postgresql://user:password@host/name`.

    Raises:
        ConfigurationError: when the URL cannot be read or the database cannot be used, in words
            that name neither password nor query.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite":
        _try_file(parsed)
    engine = create_async_engine(
        parsed,
        pool_pre_ping=parsed.get_backend_name() == "postgresql",
        hide_parameters=True,  # they hold questions and answers, and errors get into logs
    )
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except (SQLAlchemyError, OSError) as error:
        await engine.dispose()
        raise ConfigurationError(_explained(parsed, error)) from None
    return engine


def read_url(url: str) -> URL:
    """The URL with the driver that is used for its database.

    Raises:
        ConfigurationError: when it is not a URL, or of a database that is not supported.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise ConfigurationError(
            "DATABASE_URL is not a database address. Write sqlite:///path/to/file.db or "
            "postgresql://user:password@host/name."
        ) from None
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise ConfigurationError(
            f"DATABASE_URL names {parsed.get_backend_name()}, which is not supported. Use sqlite "
            "or postgresql."
        )
    return parsed.set(drivername=driver)


def _try_file(url: URL) -> None:
    """Open the file once by itself: a driver's thread that fails to reports it in its own way."""
    connection = None
    try:
        connection = sqlite3.connect(url.database or ":memory:")
        connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise ConfigurationError(_explained(url, error)) from None
    finally:
        if connection is not None:
            connection.close()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Write-ahead log, so that readers and the writer do not wait for each other."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _explained(url: URL, error: Exception) -> str:
    place = url.database if url.get_backend_name() == "sqlite" else f"{url.host}/{url.database}"
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    words = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    words = _without_password(words, url, cause)
    return (
        f"The database {place} cannot be used: {words}. Check DATABASE_URL, and that its folder "
        "exists and can be written to (or that the server is running)."
    )


def _without_password(words: str, url: URL, cause: BaseException) -> str:
    """A driver's words with `:password@` made unreadable.

    Where the password stands in them in any other way, only the error's kind is told: a short
    password may be a word of the message, and blotting out single words would make it a riddle.
    """
    for password in filter(None, (url.password, url.query.get("password"))):
        for form in {str(password), quote(str(password), safe="")}:
            words = words.replace(f":{form}@", ":***@")
            if re.search(rf"(?<!\w){re.escape(form)}(?!\w)", words):
                return type(cause).__name__
    return words
