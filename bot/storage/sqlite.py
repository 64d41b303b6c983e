"""Sets up SQLite connections: write-ahead log, foreign keys, explicit transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
import structlog
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from bot.errors import ConfigurationError
from bot.file_rights import PRIVATE, create_private, others_can_open

log = structlog.get_logger(__name__)

BEGIN = "moa_begin"
"""Execution option: the statement that begins a connection's transactions. Without it, each
statement is a transaction by itself.

A writing transaction needs BEGIN IMMEDIATE, which takes the write lock first: SQLite can't grant it
to a transaction that has already read.
"""

BUSY_MS = 15_000
"""How long a connection waits for another process's lock, in milliseconds."""

MAX_WAL_BYTES = 16 * 1024 * 1024
"""The size in bytes to which the write-ahead log is truncated after a checkpoint."""

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    f"busy_timeout={BUSY_MS}",
    f"journal_size_limit={MAX_WAL_BYTES}",
)


def set_up(engine: Engine) -> None:
    """Prepare every connection of an engine, and begin transactions explicitly.

    Source: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#sqlite-transactions
    """
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)


SUFFIXES = ("", "-wal", "-shm", "-journal")
"""The suffixes of a database's files. SQLite gives all of them the mode of the first."""


def check_file(url: URL) -> None:
    """Open the file once. The driver's thread reports errors of opening it less clearly.

    A new file is readable only by its owner. An existing one keeps its mode, which may be meant for
    a backup program or a group; `warn_of_readers` reports it.

    Raises:
        sqlite3.Error: the file can't be opened or isn't a database.
        OSError: the file can't be created.
    """
    file = database_file(url)
    if file is not None and file.parent.is_dir():
        create_private(file)
    connection = sqlite3.connect(str(url.database))
    try:
        connection.execute("PRAGMA schema_version")
    finally:
        connection.close()


def database_file(url: URL) -> Path | None:
    """Return SQLite's file, or None for Postgres and for a `file:` address, which SQLite reads."""
    is_file = url.get_backend_name() == "sqlite" and not str(url.database).startswith("file:")
    return Path(str(url.database)) if is_file else None


def files_others_can_open(file: Path) -> list[Path]:
    """Return the files of a database that other users of this computer can open."""
    files = (file.with_name(file.name + suffix) for suffix in SUFFIXES)
    return [each for each in files if others_can_open(each)]


@contextmanager
def exclusive(file: Path) -> Generator[None, None, None]:
    """Let this process alone work on the questions in a database, by a lock file next to it.

    Raises:
        ConfigurationError: another process works on them, or the lock file can't be made.
    """
    lock = FileLock(f"{file}.lock", blocking=False, mode=PRIVATE)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigurationError(
            f"Another moa-bot is working on {file}. Stop it first, or set DATABASE_URL to a "
            "Postgres database, which any number of processes can share."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{file}.lock can't be locked ({error.strerror}). Check that its folder is writable."
        ) from None
    try:
        yield
    finally:
        lock.release()


def warn_of_readers(url: URL) -> None:
    """Log a warning if other users of this computer can open the database."""
    file = database_file(url)
    if file is not None and (open_to_others := files_others_can_open(file)):
        names = " ".join(map(str, open_to_others))
        log.warning("database_open_to_other_users", fix=f"chmod 600 {names}")


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    connection.isolation_level = None  # `_begin` begins transactions


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get(BEGIN)
    if statement:
        # Straight through the driver: a cursor would cost two more turns of its thread.
        connection.connection.run_async(partial(_execute, statement))


async def _execute(statement: str, driver: aiosqlite.Connection) -> None:
    await driver.execute(statement)
