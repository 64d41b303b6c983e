"""The durable engine (DBOS): it keeps which attempt at which run is queued, or with which worker.

The only place that knows DBOS. A workflow here is thin: it holds no answers and has no steps, for
the journal is the checkpoint; it only sees to it that one worker takes an attempt.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSClient, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy import Engine as SyncEngine
from sqlalchemy import create_engine, event
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from bot.errors import ConfigurationError

QUEUE = "questions"
NAME = "moa-bot"

PROTOCOL = "1"
"""The version of what a workflow is given. It is raised only when that changes, so that workers of
two releases share the queue during an upgrade."""

POLL_S = 1.0
"""Seconds between two looks into the queue. Only what could not be begun at once waits there."""

UNUSED_S = 60.0
"""The same for the library's own queue, which serves only its schedules and Kafka."""

LISTEN_S = 0.25
"""Seconds between two looks for messages between workflows. There are none, so this costs nothing;
but the library sleeps in between, and its end waits for it."""

POOL = 5
"""Connections: thirty workers must fit into a Postgres server's usual hundreds."""

LARGEST_PRIORITY = 2**31 - 1
AT_ONCE = 500
"""Rows that are deleted in one go."""

KNOWS_SUBSEC = (3, 42)
"""The SQLite that can tell the time in fractions of a second.

Source: https://www.sqlite.org/lang_datefunc.html
"""

NO_SUCH_TABLE = "42P01"
"""Postgres' code for it: nobody has worked on this database yet, so there are no records.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

Place = Path | str
"""Where the engine keeps its records: an SQLite file, or a Postgres URL."""

Answer = Callable[[str, int], Coroutine[Any, Any, None]]
"""Works on a run's attempt; what it does not return from stays with this worker."""


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt that is queued (`worker` is None) or taken by a worker."""

    run_id: str
    attempt: int
    worker: str | None

    @property
    def workflow_id(self) -> str:
        """The name that DBOS knows it by, which makes handing it over twice one thing."""
        return f"{self.run_id}.{self.attempt}"


class Engine:
    """DBOS, once in a process: the library keeps its state in globals."""

    def __init__(self, answer: Answer, dbos: DBOS) -> None:
        self._answer = answer
        self._dbos = dbos

    def pause(self) -> None:
        """Take nothing more from the queue; what was taken goes on."""
        # The library can only do this together with everything else that ends it.
        for stop in self._dbos.background_thread_stop_events:
            stop.set()

    async def start(self, run_id: str, attempt: int) -> None:
        """Have this very process work on an attempt; returns when that is stored."""
        with SetWorkflowID(Held(run_id, attempt, None).workflow_id):
            await DBOS.start_workflow_async(self._answer, run_id, attempt)

    async def enqueue(self, run_id: str, attempt: int, turn: int) -> None:
        """Have any worker take an attempt; the smallest turn goes first."""
        priority = min(max(turn, 1), LARGEST_PRIORITY)
        with (
            SetWorkflowID(Held(run_id, attempt, None).workflow_id),
            SetEnqueueOptions(priority=priority),
        ):
            await DBOS.enqueue_workflow_async(QUEUE, self._answer, run_id, attempt)

    async def held(self, worker: str | None = None) -> Sequence[Held]:
        """Every attempt that is queued or taken; or only those that a certain worker has taken."""
        found = await DBOS.list_workflows_async(
            status=["ENQUEUED", "PENDING"] if worker is None else "PENDING",
            name=NAME,
            executor_id=worker,
            load_input=False,
            load_output=False,
        )
        return [
            _held(workflow.workflow_id, workflow.executor_id if is_taken else None)
            for workflow in found
            for is_taken in (workflow.status == "PENDING",)
        ]

    async def drop(self, attempts: Iterable[Held]) -> None:
        """Forget attempts that no worker will end."""
        for held in attempts:
            await DBOS.delete_workflow_async(held.workflow_id)

    async def sweep(self, before: datetime) -> int:
        """Delete the records of attempts that ended before a moment; returns how many."""
        swept, found = 0, AT_ONCE
        while found == AT_ONCE:
            ended = await DBOS.list_workflows_async(
                status=["SUCCESS", "ERROR", "CANCELLED"],
                completed_before=before.isoformat(),
                limit=AT_ONCE,
                load_input=False,
                load_output=False,
            )
            await DBOS.delete_workflows_async([workflow.workflow_id for workflow in ended])
            found = len(ended)
            swept += found
        return swept


def sqlite_engine(file: Path) -> SyncEngine:
    """SQLite as DBOS sets it up, and with a write-ahead log that does not wait for the disk.

    One connection: writers wait for it in turn, where several would poll for SQLite's lock.
    """
    engine = create_engine(f"sqlite:///{file}", pool_size=1, max_overflow=0)
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    if sqlite3.sqlite_version_info < KNOWS_SUBSEC:
        # From Python 3.12 on DBOS counts on it, but that may be built on an older SQLite, as it is
        # in images of Debian 12. It asks for nothing but the time, as `unixepoch('subsec')`.
        connection.create_function("unixepoch", -1, lambda *_: round(time.time(), 3))


@asynccontextmanager
async def launched(
    place: Place, worker: str, work: Answer, *, at_once: int
) -> AsyncGenerator[Engine, None]:
    """A running engine.

    Args:
        place: its Postgres URL, without a driver, or the SQLite file that it makes.
        worker: this process's name.
        work: what is done with an attempt.
        at_once: how many attempts this process takes from the queue at a time.

    Raises:
        ConfigurationError: when its tables cannot be made or used.
    """
    engine = sqlite_engine(place) if isinstance(place, Path) else None
    dbos = DBOS(
        config={
            "name": NAME,
            "system_database_url": f"sqlite:///{place}" if engine else str(place),
            "system_database_engine": engine,
            "application_version": PROTOCOL,
            "executor_id": worker,
            "log_level": "WARNING",
            "sys_db_pool_size": POOL,
            "max_executor_threads": POOL,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": LISTEN_S,
        }
    )
    logger = _log_as_we_do()
    try:
        answer = DBOS.workflow(name=NAME, max_recovery_attempts=None)(work)
        _leave_alone(dbos)
        try:
            DBOS.launch()  # on this loop, so that workflows run on it
            await DBOS.register_queue_async(
                QUEUE,
                worker_concurrency=at_once,
                polling_interval_sec=POLL_S,
                on_conflict="always_update",
            )
        except (SQLAlchemyError, dbos_error.DBOSException, OSError) as error:
            raise ConfigurationError(
                f"The tables of the queue cannot be made or used ({type(error).__name__}). On "
                "Postgres the user needs the right to create the schema dbos: GRANT CREATE ON "
                "DATABASE name TO user."
            ) from None
        logger.setLevel(logging.ERROR)
        yield Engine(answer, dbos)
    finally:
        with suppress(SQLAlchemyError):
            await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        if engine:
            engine.dispose()  # DBOS leaves one that it was given to its giver
        # The library had put its threads in the place of the loop's own, and has ended them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())


def records(file: Path | None, url: str) -> Place:
    """Where the engine keeps its records: beside the SQLite file, or in the same Postgres."""
    return url if file is None else file.with_suffix(f".queue{file.suffix}")


async def forget(place: Place, run_ids: Sequence[str]) -> None:
    """Delete the records of runs, from outside the process that works."""
    if isinstance(place, Path) and not place.exists():
        return
    await asyncio.to_thread(_forget, place, [f"{run_id}." for run_id in run_ids])


def _forget(place: Place, prefixes: list[str]) -> None:
    engine = sqlite_engine(place) if isinstance(place, Path) else None
    url = f"sqlite:///{place}" if engine else str(place)
    client = DBOSClient(system_database_url=url, system_database_engine=engine)
    try:
        found = client.list_workflows(
            workflow_id_prefix=prefixes, load_input=False, load_output=False
        )
        client.delete_workflows([workflow.workflow_id for workflow in found])
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != NO_SUCH_TABLE:
            raise
    finally:
        client.destroy()
        if engine:
            engine.dispose()


def _log_as_we_do() -> logging.Logger:
    """DBOS writes to the terminal by itself, and warns of each task that is ended.

    While it starts it is silent: why it cannot is raised as well, and told in our words.
    """
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.CRITICAL)
    return logger


def _leave_alone(dbos: DBOS) -> None:
    """Look into the library's own queue less often: that is a fifth of what an idle process does.

    It has no setting for it; a release that names it otherwise goes on looking each second.
    """
    with suppress(AttributeError):
        dbos._registry.get_internal_queue()._polling_interval_sec = UNUSED_S  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def _held(workflow_id: str, worker: str | None) -> Held:
    run_id, _, attempt = workflow_id.rpartition(".")
    return Held(run_id, int(attempt), worker)
