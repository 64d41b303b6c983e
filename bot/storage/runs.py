"""The run store (`bot.ports.RunStore`): questions, answers as they arrive, and outcomes."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Executable, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Superseded, Trouble
from bot.ports import (
    DELETED,
    Question,
    QueuePosition,
    QueueStats,
    Run,
    RunSignal,
    UnfinishedRun,
)
from bot.storage import run_queries as sql
from bot.storage.database import Database
from bot.storage.disagreements import disagreement_text
from bot.storage.erasure import ERASED, erase, is_erased
from bot.storage.rows import (
    SEED_BITS,
    answer_row,
    aware,
    day_of,
    ledger_row,
    new_id,
    question_row,
    read_run,
    storable,
)
from bot.storage.tables import IS_LIVE, claims, posts, runs
from moa import Answer, Call, Outcome

EPOCH = 1_767_225_600
"""2026-01-01 UTC in seconds. Turns count from here so that they fit into 31 bits."""


class StoredRunStore:
    """`bot.ports.RunStore` on a database. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self,
        question: Question,
        keys: Sequence[str],
        pipeline: str,
        *,
        again_of: str | None = None,
    ) -> str | None:
        """Store a question under all its keys, or nothing if one of them is taken."""
        row = _new_row(question, pipeline, again_of)
        # Sorted, so that two claims never deadlock.
        named = [{"key": key, "run_id": row["id"]} for key in sorted(set(keys))]
        async with self._database.begin() as connection:
            await connection.execute(sql.PUT_RUN, sql.new_run(row, int(time.time()) - EPOCH))
            put = await connection.execute(sql.put_keys(connection.dialect.name), named)
            if len(put.all()) == len(named):
                return row["id"]
            await connection.rollback()
        return None

    async def is_claimed(self, key: str) -> bool:
        """Return whether a question was stored under this key."""
        query = select(claims.c.key).where(claims.c.key == key)
        return await self._scalar(query) is not None

    async def get(self, run_id: str) -> Run | None:
        """Return a run with its answers and posts, or None if it doesn't exist or was erased."""
        async with self._database.connect() as connection:
            found = await connection.execute(select(runs).where(runs.c.id == run_id))
            row = found.one_or_none()
            return None if row is None or is_erased(row) else await _whole(connection, row)

    async def regeneration_of(self, run: Run) -> Run | None:
        """Return the latest regeneration of a run, if any."""
        question = run.question
        query = (
            select(runs.c.id)
            .where(*sql.in_thread(question.team, question.channel, question.thread_ts))
            .where(runs.c.again_of == run.id)
            .order_by(runs.c.created_at.desc(), runs.c.id)
            .limit(1)
        )
        newest = await self._scalar(query)
        return None if newest is None else await self.get(newest)

    async def position(self, run_id: str) -> QueuePosition | None:
        """Return a waiting run's queue position, or None if it isn't waiting."""
        async with self._database.connect() as connection:
            row = (await connection.execute(sql.QUEUE_POSITION, {"run_id": run_id})).one_or_none()
        return None if row is None else QueuePosition(*row)

    async def begin(self, run_id: str) -> Run | None:
        """Begin an attempt at a run and return the run, or None if it has ended."""

        async def start(connection: AsyncConnection) -> Run | None:
            begun = await connection.execute(sql.BEGIN_RUN, {"run_id": run_id})
            row = begun.one_or_none()
            if row is None:
                return None
            if not row.attempt:
                return read_run(row, (), ())  # no earlier attempt stored anything
            return replace(await _whole(connection, row), resumed=True)

        return await self._database.patiently(start, single=True)

    async def live_in(self, team: str, channel: str, thread_ts: str | None = None) -> Sequence[str]:
        """Return the unfinished runs of a channel or a thread, oldest first."""
        query = select(runs.c.id).where(runs.c.team == team, runs.c.channel == channel)
        query = query.where(IS_LIVE).order_by(runs.c.created_at)
        if thread_ts is not None:
            query = query.where(runs.c.thread_ts == thread_ts)
        async with self._database.connect() as connection:
            return (await connection.scalars(query)).all()

    async def live_under(self, team: str, channel: str, ts: str, thread_ts: str) -> Sequence[str]:
        """Return the unfinished runs asked by a message, or in the thread under it."""
        below = or_(runs.c.ts == ts, runs.c.thread_ts == ts)
        query = select(runs.c.id).where(*sql.in_thread(team, channel, thread_ts), below, IS_LIVE)
        async with self._database.connect() as connection:
            return (await connection.scalars(query.order_by(runs.c.created_at))).all()

    async def signals(self, run_ids: Collection[str]) -> Mapping[str, RunSignal]:
        """Return what other processes have stored for these runs."""
        query = select(runs.c.id, runs.c.attempt, runs.c.stop_by, IS_LIVE)
        query = query.where(runs.c.id.in_(run_ids))
        async with self._database.connect() as connection:
            return {row[0]: RunSignal(*row[1:]) for row in await connection.execute(query)}

    async def request_stop(self, run_id: str, user: str) -> bool:
        """Store a request to stop a run. Return False if it has already ended."""
        async with self._database.single() as connection:
            return bool((await connection.execute(sql.request_stop(run_id, user))).rowcount)

    async def record(self, run_id: str, answer: Answer, call: Call) -> None:
        """Store an answer together with its call."""

        async def store(connection: AsyncConnection) -> None:
            row = answer_row(run_id, answer, call.role)
            await connection.execute(sql.put_answers(connection.dialect.name), row)
            await _charge(connection, run_id, call)

        await self._database.patiently(store)

    async def charge(self, run_id: str, call: Call) -> None:
        """Store a call that produced no answer of its own."""

        async def store(connection: AsyncConnection) -> None:
            await _charge(connection, run_id, call)

        await self._database.patiently(store)

    async def posted(self, run_id: str, ts: str) -> None:
        """Store the ts of a message that holds a part of the reply."""
        await self._change(sql.PUT_POST, {"run_id": run_id, "of_run": run_id, "ts": ts})

    async def posts_of_other_runs(self, run: Run) -> frozenset[str]:
        """Return the ts of messages that other runs posted in the same thread."""
        question = run.question
        query = (
            select(posts.c.ts)
            .join(runs, runs.c.id == posts.c.run_id)
            .where(*sql.in_thread(question.team, question.channel, question.thread_ts))
            .where(runs.c.id != run.id)
        )
        async with self._database.connect() as connection:
            return frozenset(await connection.scalars(query))

    async def finish(self, run_id: str, outcome: Outcome, attempt: int = 0) -> None:
        """Store the reply, and the answers again, now that they have labels.

        The run counts as unfinished until it is `delivered`.

        Raises:
            Superseded: a newer attempt has begun.
        """
        finished = {"run_id": run_id, "of_attempt": attempt, **_outcome_row(outcome)}
        rows = [answer_row(run_id, answer, "proposer") for answer in outcome.answers]

        async def store(connection: AsyncConnection) -> bool:
            if not (await connection.execute(sql.FINISH_RUN, finished)).rowcount:
                return False
            if rows:
                await connection.execute(sql.put_answers(connection.dialect.name), rows)
            return True

        if not await self._database.patiently(store):
            raise Superseded

    async def delivered(self, run_id: str, attempt: int = 0) -> None:
        """Mark the run as answered: the whole reply was posted.

        Raises:
            Superseded: an attempt newer than `attempt` has begun.
        """
        await self._end(run_id, "answered", None, attempt)

    async def fail(self, run_id: str, trouble: Trouble, attempt: int = 0) -> None:
        """Store why a run has no reply; erase the run if its question or thread is gone.

        Raises:
            Superseded: an attempt newer than `attempt` has begun.
        """
        await self._end(run_id, "failed", trouble, attempt)

    async def claim_sharing(self, run_id: str) -> bool:
        """Claim the right to share a run's reply. Return False if it is already claimed."""
        async with self._database.begin() as connection:
            put = sql.put_keys(connection.dialect.name)
            key = {"key": _sharing(run_id), "run_id": run_id}
            return await connection.scalar(put, key) is not None

    async def release_sharing(self, run_id: str) -> None:
        """Release that claim, so that the reply can be shared again."""
        await self._change(delete(claims).where(claims.c.key == _sharing(run_id)))

    async def unfinished(self) -> Sequence[UnfinishedRun]:
        """Return the unfinished runs, oldest first."""
        query = select(runs.c.id, runs.c.turn).where(IS_LIVE).order_by(runs.c.created_at)
        async with self._database.connect() as connection:
            return [UnfinishedRun(*row) for row in await connection.execute(query)]

    async def queue(self) -> QueueStats:
        """Return how many questions are unfinished, and the age of the oldest."""
        query = select(runs.c.state, func.count(), func.min(runs.c.created_at))
        query = query.where(IS_LIVE).group_by(runs.c.state)
        now = datetime.now(UTC)
        async with self._database.connect() as connection:
            found = {
                state: (count, max(0.0, (now - aware(oldest)).total_seconds()))
                for state, count, oldest in await connection.execute(query)
            }
        waiting, running = found.get("waiting", (0, 0.0)), found.get("running", (0, 0.0))
        return QueueStats(waiting[0], running[0], waiting[1], running[1])

    async def _end(self, run_id: str, state: str, trouble: Trouble | None, attempt: int) -> None:
        now = datetime.now(UTC)
        mine = {"run_id": run_id, "of_attempt": attempt}
        ended = {"state": state, "trouble": trouble, "finished_at": now, "response_url": None}

        async def store(connection: AsyncConnection) -> bool:
            row = (await connection.execute(sql.END_RUN, mine | ended)).one_or_none()
            if row is None:
                return False
            if row.stop_by == DELETED or trouble == ERASED:
                await erase(connection, run_id, now)
            return True

        if not await self._database.patiently(store):
            raise Superseded

    async def _scalar(self, query: Executable) -> Any:
        async with self._database.connect() as connection:
            return await connection.scalar(query)

    async def _change(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> None:
        async with self._database.single() as connection:
            await connection.execute(statement, parameters)


async def _whole(connection: AsyncConnection, row: Any) -> Run:
    mine = {"run_id": row.id}
    answers = (await connection.execute(sql.ANSWERS_OF, mine)).all()
    return read_run(row, answers, (await connection.scalars(sql.POSTS_OF, mine)).all())


async def _charge(connection: AsyncConnection, run_id: str, call: Call) -> None:
    """Store a call's cost. An answer recorded earlier (attempt 0) was paid for then."""
    if not call.attempt:
        return
    day = day_of(datetime.now(UTC))
    paid = {"run_id": run_id, "on_day": day, "cost": call.cost_usd or 0.0}
    await connection.execute(sql.add_spending(connection.dialect.name), paid)
    await connection.execute(sql.PUT_CALL, ledger_row(run_id, call))


def _outcome_row(outcome: Outcome) -> Mapping[str, Any]:
    return {
        "reply": storable(outcome.reply),
        "status": outcome.status,
        "notes": json.dumps(outcome.notes),
        "seconds": outcome.seconds,
        "cost_usd": outcome.cost_usd,
        "disagreement": disagreement_text(outcome.disagreement),
    }


def _new_row(question: Question, pipeline: str, again_of: str | None) -> dict[str, Any]:
    return {
        **question_row(question),
        "id": new_id(),
        "pipeline": pipeline,
        "seed": secrets.randbits(SEED_BITS),
        "state": "waiting",
        "created_at": datetime.now(UTC),
        "again_of": again_of,
    }


def _sharing(run_id: str) -> str:
    return f"share:{run_id}"
