"""Upgrades a database's tables, one process at a time, all or nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x6D6F61
"""The advisory lock for upgrades on Postgres ("moa")."""

log = structlog.get_logger(__name__)


def upgrade(connection: Connection, revision: str = "head") -> bool:
    """Run the missing migrations in a transaction of their own.

    Several processes may start at the same time: the first one upgrades, the others wait for it. A
    database upgraded by a later release is left as it is, so that two releases can run side by side
    during an update. Migrations must therefore keep existing tables usable.

    Args:
        connection: must not have begun a transaction.
        revision: how far to upgrade. Downgrades aren't offered, as no release needs them.

    Returns:
        Whether the database was new.
    """
    known = _known_revisions()
    wanted = known[0] if revision == "head" else revision
    with exclusive(connection):
        revisions = set(MigrationContext.configure(connection).get_current_heads())
        if not revisions <= set(known):
            log.warning("database_of_a_later_release", revisions=", ".join(sorted(revisions)))
        elif revisions != {wanted}:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, wanted)
    return not revisions


@cache
def _known_revisions() -> tuple[str, ...]:
    """Return the ids of this release's migrations, the latest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in scripts.walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@contextmanager
def exclusive(connection: Connection) -> Generator[None, None, None]:
    """Open a transaction in which only this process upgrades, and tables can be rebuilt.

    SQLite changes a column by rebuilding its table. If foreign keys were enforced, dropping the old
    table would delete all rows that refer to it.
    """
    if connection.dialect.name == "postgresql":
        with connection.begin():
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            yield
        return
    # This would have no effect within the transaction.
    _outside(connection, "PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            yield
    finally:
        _outside(connection, "PRAGMA foreign_keys=ON")


def _outside(connection: Connection, statement: str) -> None:
    """Run a statement on SQLite outside a transaction."""
    cursor = connection.connection.cursor()
    cursor.execute(statement)
    cursor.close()
