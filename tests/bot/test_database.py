"""Opening the database, losing it for a while, and the text of its errors."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import waiting
from psycopg.sql import SQL, Identifier
from sqlalchemy import (
    Connection,
    Integer,
    QueuePool,
    cast,
    create_engine,
    event,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from bot.errors import ConfigurationError
from bot.ports import Question
from bot.storage.database import KEEPALIVES, Database, DatabaseAway, open_database
from bot.storage.database_url import read_url
from bot.storage.runs import StoredRunStore
from bot.storage.spend_queries import StoredSpending
from bot.storage.tables import claims, preferences, runs
from moa import Answer, Call
from tests.postgres import Postgres

SECRET = "our unannounced merger"  # the question's text
QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", SECRET, "mention")
ANSWER = Answer("gpt", 1, 1, "used", "Because.")
CALL = Call("gpt", "proposer", 1, 1, 1, "used", 0.0, 1.5)


async def claimed(database: Database) -> str:
    """Return the id of a new run."""
    run_id = await StoredRunStore(database).claim(QUESTION, ("message:1",), "balanced")
    assert run_id is not None
    return run_id


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "is not a database address"),
        ("mysql://host/name", "names mysql, which isn't supported"),
        ("", "is not a database address"),
        ("postgresql://u:p@host:abc/db", "is not a database address"),
        ("postgresql://u:p@host", "names a server but no database"),
    ],
)
def test_an_unusable_address_is_explained(url: str, says: str) -> None:
    """The message names DATABASE_URL and the accepted forms."""
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as caught:
        read_url(url)
    assert says in str(caught.value)


def test_the_address_of_a_hosting_service_is_understood() -> None:
    """Several services give `postgres://`; it is accepted like `postgresql://`."""
    assert read_url("postgres://u:p@host/db") == read_url("postgresql://u:p@host/db")


async def test_a_database_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    """A missing folder and a file that is not a database each get one clear message."""
    with pytest.raises(ConfigurationError, match="unable to open database file"):
        await open_database(f"sqlite:///{tmp_path / 'missing' / 'bot.db'}")
    (tmp_path / "text.db").write_text(
        "This is no database, but long enough to be read as one." * 40
    )
    with pytest.raises(ConfigurationError, match="not a database"):
        await open_database(f"sqlite:///{tmp_path / 'text.db'}")


async def test_a_password_is_never_part_of_the_message() -> None:
    """The message about an unreachable server has no password."""
    with pytest.raises(ConfigurationError) as caught:
        await open_database("postgresql://ana:hunter2@127.0.0.1:1/moa")
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ana:hunter@2secret@127.0.0.1:1/moa",
        "postgres://ana:hunter@2secret@127.0.0.1/moa",
        "postgresql+psycopg://ana:hun@ter:2secret@127.0.0.1/moa",
        "postgresql://ana:hun@ter/2secret@127.0.0.1/moa",
        "postgresql://ana:hun@ter?2secret@127.0.0.1/moa",
        "postgresql://ana:hun@ter#2secret@127.0.0.1:1/moa",
        "postgresql://ana:@2secret@127.0.0.1/moa",
        "postgresql://ana:p@ss@2secret@127.0.0.1/moa?sslmode=require",
    ],
)
async def test_a_password_that_is_not_encoded_is_explained(address: str) -> None:
    """An @ in it would move the rest into the host name, which messages show."""
    with pytest.raises(ConfigurationError, match="Percent-encode") as caught:
        await open_database(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "user", "password", "host"),
    [
        ("postgresql://ana:p%40ss@host/moa", "ana", "p@ss", "host"),
        ("postgresql://ana@server:pass@host/moa", "ana@server", "pass", "host"),
        ("postgresql://ana:p/a#s?s:w[o]rd@host:5432/moa", "ana", "p/a#s?s:w[o]rd", "host"),
        ("postgresql://ana:pass@host/moa?application_name=a@b", "ana", "pass", "host"),
    ],
)
def test_an_unambiguous_address_is_understood(
    address: str, user: str | None, password: str | None, host: str
) -> None:
    """Only an @ in the password is ambiguous; other special characters are kept."""
    url = read_url(address)
    assert (url.username, url.password, url.host) == (user, password, host)


async def test_a_socket_address_is_named_by_its_folder() -> None:
    """Such an address has no host."""
    with pytest.raises(ConfigurationError, match="The database /nowhere/moa can't be used"):
        await open_database("postgresql:///moa?host=/nowhere")


@pytest.mark.parametrize("password", ["e", "127", "port"])
async def test_a_short_password_does_not_mangle_the_message(password: str) -> None:
    """The message stays readable even if the password is a common word."""
    with pytest.raises(ConfigurationError) as caught:
        await open_database(f"postgresql://ana:{password}@127.0.0.1:1/moa")
    assert "The database 127.0.0.1/moa can't be used: " in str(caught.value)
    assert "***" not in str(caught.value)
    assert "Check DATABASE_URL" in str(caught.value)


async def test_the_bot_reconnects_after_the_server_restarted(
    stoppable_database: str, postgres: Postgres
) -> None:
    """Connections lost in a restart or crash are replaced silently; stored data is still there."""
    database = await open_database(stoppable_database)
    run_id, run_store = await claimed(database), StoredRunStore(database)
    spending = StoredSpending(database)

    async def use_each_kind_of_connection() -> None:
        assert await run_store.get(run_id) is not None
        await run_store.record(run_id, ANSWER, CALL)
        assert (await spending.use("T1", "U1", "C1", datetime.now(UTC))).person_at_once == 1

    with capture_logs() as lines:
        for mode in ("fast", "immediate"):
            await asyncio.gather(*(use_each_kind_of_connection() for _ in range(4)))
            await postgres.restart(mode)
            await asyncio.gather(*(use_each_kind_of_connection() for _ in range(4)))
    assert lines == []
    await database.dispose()


async def test_an_answer_is_stored_once_the_server_is_back(
    stoppable_database: str, postgres: Postgres
) -> None:
    """A run in progress waits for the database, so no paid answer is lost."""
    database = await open_database(stoppable_database)
    run_id = await claimed(database)
    run_store = StoredRunStore(database)
    await postgres.stop()
    with pytest.raises(DatabaseAway):
        await run_store.get(run_id)
    refused = asyncio.Event()

    def note(_context: object) -> None:
        refused.set()

    event.listen(database.engine.sync_engine, "handle_error", note)
    storing = asyncio.create_task(run_store.record(run_id, ANSWER, CALL))
    await refused.wait()
    await postgres.start()
    await storing
    run = await run_store.get(run_id)
    assert run is not None
    assert run.answers == (ANSWER,)
    await database.dispose()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_an_answer_is_stored_once_the_server_accepts_writes(opened: Database) -> None:
    """After a failover, a connection may lead to a server that is only a copy now."""
    run_id, runs_there = await claimed(opened), StoredRunStore(opened)
    refused = asyncio.Event()

    def note(_context: object) -> None:
        refused.set()

    event.listen(opened.engine.sync_engine, "handle_error", note)
    with psycopg.connect(opened.dsn, autocommit=True) as admin:
        change = SQL("ALTER DATABASE {} {} default_transaction_read_only{}")
        name = Identifier(admin.info.dbname)
        admin.execute(change.format(name, SQL("SET"), SQL(" = on")))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        storing = asyncio.create_task(runs_there.record(run_id, ANSWER, CALL))
        beginning = asyncio.create_task(runs_there.begin(run_id))
        await refused.wait()
        admin.execute(change.format(name, SQL("RESET"), SQL("")))
    async with asyncio.timeout(30):
        await asyncio.gather(storing, beginning)
    run = await runs_there.get(run_id)
    assert run is not None
    assert (run.state, run.answers) == ("running", (ANSWER,))


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_every_connection_notices_that_the_server_vanished(opened: Database) -> None:
    """Without a limit, a query to a machine that is gone hangs for a quarter of an hour."""
    async with opened.connect() as single, opened.begin() as transaction:
        for connection in (single, transaction):
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            assert KEEPALIVES.items() <= driver.info.get_parameters().items()
    with psycopg.connect(opened.dsn) as queue:
        assert KEEPALIVES.items() <= queue.info.get_parameters().items()


async def test_a_report_reads_one_snapshot(opened: Database, database: str) -> None:
    """Sums over several tables never include half of another transaction."""
    elsewhere = create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    count = select(func.count()).select_from(preferences)
    row = {"team": "T", "scope": "workspace", "id": "T", "chosen": "{}", "changed_by": "U"}
    async with opened.snapshot() as connection:
        assert await connection.scalar(count) == 0
        with elsewhere.begin() as other:
            other.execute(insert(preferences).values(row | {"changed_at": datetime.now(UTC)}))
        assert await connection.scalar(count) == 0
    async with opened.connect() as connection:
        assert await connection.scalar(count) == 1
    elsewhere.dispose()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_cancelled_report_gives_its_connection_back(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is cancelled. The next transaction sees each commit again."""
    monkeypatch.setattr(waiting, "MAX_BUSY_TIME", 0.0)  # the driver pauses as often as it may
    pool = opened.engine.sync_engine.pool
    assert isinstance(pool, QueuePool)

    async def report() -> None:
        async with opened.snapshot() as connection:
            await connection.execute(select(runs.c.id))

    for turns in range(40):
        reading = asyncio.create_task(report())
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        assert pool.checkedout() == 0
    level = text("SHOW transaction_isolation")
    async with opened.snapshot() as connection:
        assert await connection.scalar(level) == "repeatable read"
    async with opened.begin() as connection:
        assert await connection.scalar(level) == "read committed"


def insert_without_state(connection: Connection) -> None:
    """Store a question without a required value."""
    row = {name: SECRET if name == "text" else "1" for name in runs.columns.keys()}  # noqa: SIM118 - a collection of columns yields columns
    timed = {"created_at": None, "finished_at": None, "state": None, "turn": 1, "seed": 1}
    numbers = {"attempt": 1, "seconds": 1.0, "cost_usd": 1.0}
    connection.execute(insert(runs).values(row | timed | numbers))


def insert_a_key_twice(connection: Connection) -> None:
    """Store the same key twice, in a bulk insert."""
    rows = [{"key": SECRET, "run_id": SECRET}] * 2
    connection.execute(insert(claims), rows)


def convert_words_to_a_number(connection: Connection) -> None:
    """Convert words to a number. SQLite would read them as 0, so it gets another error."""
    connection.execute(select(cast(literal(SECRET), Integer)))
    connection.exec_driver_sql("SELECT missing FROM nothing")


@pytest.mark.parametrize(
    "breaks", [insert_without_state, insert_a_key_twice, convert_words_to_a_number]
)
async def test_database_errors_quote_no_text_of_people(
    opened: Database, breaks: Callable[[Connection], Any]
) -> None:
    """Postgres quotes the row that it rejects; the logged error does not."""
    with pytest.raises(SQLAlchemyError) as caught:
        async with opened.begin() as connection:
            await connection.run_sync(breaks)
    told = "".join(traceback.format_exception(caught.value))
    assert str(caught.value) in told
    assert SECRET not in told


async def test_a_cancelled_start_leaves_no_connection_open(tmp_path: Path) -> None:
    """Wherever it is cancelled, the connection and its thread end."""
    threads = threading.active_count()
    for turns in range(0, 60, 3):
        opening = asyncio.create_task(open_database(f"sqlite:///{tmp_path / f'{turns}.db'}"))
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        opening.cancel()
        with suppress(asyncio.CancelledError):
            await (await opening).dispose()
    await all_ended(threads)


async def test_connections_in_use_are_closed_too(tmp_path: Path) -> None:
    """Closing the database waits for statements that are running, however far they are."""
    threads = threading.active_count()

    async def read(database: Database) -> None:
        async with database.connect() as connection:
            await connection.execute(select(runs.c.id))

    for turns in range(0, 12, 2):
        database = await open_database(f"sqlite:///{tmp_path / 'bot.db'}")
        reading = [asyncio.create_task(read(database)) for _ in range(6)]
        await asyncio.sleep(0.0003 * turns)
        await database.dispose()
        await asyncio.gather(*reading)
        await database.dispose()
    await all_ended(threads)


async def all_ended(threads: int) -> None:
    """Wait until no more threads run than before: each SQLite connection has one."""
    async with asyncio.timeout(10):
        while threading.active_count() > threads:  # noqa: ASYNC110 - threads report no changes
            await asyncio.sleep(0.01)
