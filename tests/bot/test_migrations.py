"""Upgrading a database in use: all or nothing, and both releases can work with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, String, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import ConfigurationError
from bot.storage.database import Database, open_database
from bot.storage.database_url import read_url
from bot.storage.migrate import MIGRATIONS, exclusive, upgrade
from bot.storage.runs import StoredRunStore
from bot.storage.tables import metadata
from tests.bot import previous_release
from tests.bot.previous_release import REVISION

OLD_TABLES = ("runs", "claims", "answers", "ledger", "posts")


def revisions() -> list[str]:
    """Return every revision, the first one first."""
    return [script.revision for script in ScriptDirectory(MIGRATIONS).walk_revisions()][::-1]


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Return whether a table is the bot's, not the queue's."""
    return kind != "table" or not str(name).startswith("procrastinate")


def differences(connection: Connection) -> list[object]:
    """Return the differences between the migrated tables and those in the code."""
    # SQLite reports an empty default in another form than it was declared.
    options = {
        "compare_server_default": connection.dialect.name == "postgresql",
        "include_name": _is_ours,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


@asynccontextmanager
async def plain(url: str) -> AsyncGenerator[AsyncEngine, None]:
    """Open the database without the bot's engine settings."""
    engine = create_async_engine(read_url(url))
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Database, None]:
    """Open the database as the bot does."""
    database = await open_database(url)
    try:
        yield database
    finally:
        await database.dispose()


async def upgraded(engine: AsyncEngine, revision: str) -> None:
    """Run the migrations up to a revision."""
    async with engine.connect() as connection:
        await connection.run_sync(upgrade, revision)


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """Return the number of rows in each table of the previous release."""
    sizes = {
        name: await connection.scalar(select(func.count()).select_from(metadata.tables[name]))
        for name in OLD_TABLES
    }
    return {name: size or 0 for name, size in sizes.items()}


@pytest.fixture
async def in_use(empty_database: str) -> str:
    """Return a database in use by the previous release: one question answered, one open."""
    async with plain(empty_database) as engine:
        await upgraded(engine, REVISION)
        async with engine.begin() as connection:
            await previous_release.ask(connection, "over")
            await previous_release.end(connection, "over")
            await previous_release.ask(connection, "open")
    return empty_database


async def test_migrations_create_exactly_the_tables_in_the_code(
    empty_database: str,
) -> None:
    """A table change without a migration is caught, and each step runs on its own."""
    async with plain(empty_database) as engine:
        for revision in revisions():
            await upgraded(engine, revision)
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []


async def test_an_upgrade_keeps_the_data_of_the_previous_release(in_use: str) -> None:
    """Every row is kept, the answered question reads as before, and the open one continues."""
    async with opened(in_use) as database:
        async with database.connect() as connection:
            assert await connection.run_sync(differences) == []
            kept = await counts(connection)
        assert kept == {"runs": 2, "claims": 2, "answers": 3, "ledger": 3, "posts": 2}
        runs = StoredRunStore(database)
        run = await runs.get("over")
        assert run is not None
        assert (run.state, run.reply, run.notes) == ("answered", "The reply.", ("N.",))
        assert (run.seed, run.created_at) == (previous_release.SEED, previous_release.ASKED_AT)
        assert [answer.text for answer in run.answers] == ["Because.", "Because."]
        assert [left.run_id for left in await runs.unfinished()] == ["open"]
        taken_up = await runs.begin("open")
        assert taken_up is not None
        assert taken_up.resumed
        assert len(taken_up.answers) == 1


async def test_the_previous_release_works_next_to_the_new_one(in_use: str) -> None:
    """In a rolling upgrade both share the tables: the old release works as before."""
    async with opened(in_use) as database:
        async with database.begin() as connection:
            await previous_release.end(connection, "open")
            await previous_release.ask(connection, "new")
            assert await previous_release.unfinished(connection) == ["new"]
        runs = StoredRunStore(database)
        begun = await runs.begin("new")
        assert begun is not None
        assert begun.resumed
        async with database.begin() as connection:
            await previous_release.end(connection, "new")
        run = await runs.get("new")
        assert run is not None
        assert run.state == "answered"
        assert await runs.begin("new") is None


async def test_opening_twice_keeps_the_data(in_use: str) -> None:
    """A restart finds its data; the migrations run only once."""
    for _ in range(2):
        async with opened(in_use) as database, database.connect() as connection:
            assert (await counts(connection))["runs"] == 2


async def test_processes_that_start_together_upgrade_once(empty_database: str) -> None:
    """Several processes start on an empty database: one creates the tables, all of them work."""

    async def start() -> int:
        async with opened(empty_database) as database:
            return len(await StoredRunStore(database).unfinished())

    assert await asyncio.gather(*(start() for _ in range(5))) == [0] * 5


async def test_a_failed_upgrade_is_rolled_back(in_use: str) -> None:
    """A migration interrupted in the middle starts again from the beginning."""
    async with plain(in_use) as engine:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE spending (in_the_way INTEGER)"))
        with pytest.raises(ConfigurationError, match="spending"):
            await open_database(in_use)
        async with engine.begin() as connection:
            await connection.execute(text("DROP TABLE spending"))
    async with opened(in_use) as database, database.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert (await counts(connection))["runs"] == 2


async def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it(in_use: str) -> None:
    """On SQLite, changing a column rebuilds the table: no answer is lost with the old one."""

    def rebuild(connection: Connection) -> None:
        with exclusive(connection):
            operations = Operations(MigrationContext.configure(connection))
            with operations.batch_alter_table("runs") as batch:
                batch.alter_column("trouble", type_=String(64))

    async with opened(in_use) as database:
        async with database.engine.connect() as connection:
            await connection.run_sync(rebuild)
        async with database.connect() as connection:
            assert (await counts(connection))["answers"] == 3
        with pytest.raises(IntegrityError):
            async with database.begin() as connection:
                await connection.execute(text("UPDATE posts SET run_id = 'none'"))


async def test_a_database_of_a_later_release_is_used_unchanged(database: str) -> None:
    """A process that starts after a later release has upgraded works, and logs it."""
    async with opened(database) as first, first.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    with structlog.testing.capture_logs() as logged:
        async with opened(database) as second:
            assert await StoredRunStore(second).unfinished() == []
    said = [(line["event"], line["revisions"]) for line in logged]
    assert said == [("database_of_a_later_release", "later")]


def test_the_queue_schema_matches_the_installed_release() -> None:
    """A procrastinate release that changes its schema needs a migration here."""
    names = sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    assert names[-1] == "03.04.00_50_post_add_retry_failed_job_procedure.sql"
