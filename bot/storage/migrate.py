"""Bringing a database's tables up to date: one process at a time, and wholly or not at all."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x6D6F61
"""The advisory lock of an upgrade on Postgres ("moa"); DBOS takes others."""

log = structlog.get_logger(__name__)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that a database lacks, in a transaction of their own.

    Several processes may start at the same time: the first one upgrades, the others wait for it.
    A database that a later release has upgraded is left as it is, so that the releases can run
    side by side while one takes the other's place: migrations must leave what they find usable.

    Args:
        connection: one that has not begun a transaction.
        revision: how far to go; `downgrade` is not offered, as no release needs it.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with alone(connection):
        stands = set(MigrationContext.configure(connection).get_current_heads())
        if stands <= known:
            command.upgrade(config, revision)
        else:
            log.warning("database_of_a_later_release", stands_at=", ".join(sorted(stands)))


@contextmanager
def alone(connection: Connection) -> Generator[None, None, None]:
    """A transaction beside which no other process upgrades, and in which tables can be made anew.

    SQLite changes a column by making its table anew and dropping the old one. With foreign keys in
    force, all rows that refer to the table would go with it.
    """
    if connection.dialect.name == "postgresql":
        with connection.begin():
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            yield
        return
    # Within the transaction this would have no effect.
    _outside(connection, "PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            yield
    finally:
        _outside(connection, "PRAGMA foreign_keys=ON")


def _outside(connection: Connection, statement: str) -> None:
    """Run a statement on SQLite without a transaction being begun for it."""
    cursor = connection.connection.cursor()
    cursor.execute(statement)
    cursor.close()
