"""The journal (`bot.ports.Runs`): claims, answers as they come, the ledger, how each run ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from bot.errors import Superseded, Trouble
from bot.ports import (
    DELETED,
    Paid,
    Question,
    QueuePosition,
    QueueStats,
    Run,
    RunSignal,
    UnfinishedRun,
)
from bot.storage.call_writer import CallWriter
from bot.storage.database import Database
from bot.storage.erasure import ERASED, erase, is_erased
from bot.storage.idempotency_keys import IdempotencyKeys
from bot.storage.outcome_writer import OutcomeWriter
from bot.storage.rows import aware, read_run
from bot.storage.statements import Statements
from bot.storage.tables import IS_LIVE, posts, runs
from moa import Answer, Call, Outcome

PATIENCE_S = 60.0
"""How long a run that is under way waits for a database that is away: a restart takes seconds."""


class StoredRunStore:
    """`bot.ports.Runs` on a database. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = Statements()
        self._claims = IdempotencyKeys(database)
        self._paying = CallWriter(database, PATIENCE_S)
        self._finishing = OutcomeWriter(database, PATIENCE_S)

    async def claim(
        self,
        question: Question,
        keys: Sequence[str],
        pipeline: str,
        *,
        again_of: str | None = None,
    ) -> str | None:
        """Store a question under all its keys, or nothing at all when one of them is taken."""
        return await self._claims.claim(question, keys, pipeline, again_of)

    async def get(self, run_id: str) -> Run | None:
        """A run with its answers and posts, or None."""

        def look(connection: Connection) -> Run | None:
            row = connection.execute(self._sql.run, {"of": run_id}).one_or_none()
            return (
                None
                if row is None or is_erased(row)
                else read_run(row, *self._parts(connection, run_id))
            )

        return await self._database.read(look)

    async def is_claimed(self, key: str) -> bool:
        """Whether a question was claimed under this key."""
        return await self._claims.is_taken(key)

    async def asked_again(self, run: Run) -> Run | None:
        """The newest of the runs that ask this one again; None where there is none."""
        question = run.question
        query = (
            select(runs.c.id)
            .where(
                runs.c.team == question.team,
                runs.c.channel == question.channel,
                runs.c.thread_ts == question.thread_ts,
                runs.c.again_of == run.id,
            )
            .order_by(runs.c.created_at.desc(), runs.c.id)
            .limit(1)
        )
        newest = await self._database.read(lambda c: c.execute(query).scalar())
        return None if newest is None else await self.get(newest)

    async def place(self, run_id: str) -> QueuePosition | None:
        """Where a waiting run stands; None when it does not wait."""
        row = (await self._database.look(self._sql.place, {"of": run_id})).row
        return row and QueuePosition(*row)

    async def renew(self, run_id: str, attempt: int) -> bool:
        """Take a run from whoever works on it, unless it has ended or was taken before."""
        mine = {"of": run_id, "only": attempt}
        return bool((await self._database.change(self._sql.renew, mine)).changed)

    async def begin(self, run_id: str, attempt: int = 0) -> Run | None:
        """Mark a run as running and return it; None when it has ended or another attempt counts."""
        mine = {"of": run_id, "only": attempt}
        begun = await self._database.change(self._sql.begin, mine, patience_s=PATIENCE_S)
        if begun.row:
            return read_run(begun.row, (), ())  # no attempt had begun: it holds nothing yet

        def look(connection: Connection) -> Run | None:
            row = connection.execute(self._sql.mine, mine).one_or_none()
            return None if row is None else read_run(row, *self._parts(connection, run_id))

        run = await self._database.read(look)
        return run and replace(run, resumed=True)

    async def live_in(self, team: str, channel: str, thread_ts: str | None = None) -> Sequence[str]:
        """The runs that have not ended in a channel, or in one thread of it, the oldest first."""
        query = select(runs.c.id).where(runs.c.team == team, runs.c.channel == channel)
        query = query.where(IS_LIVE).order_by(runs.c.created_at)
        if thread_ts is not None:
            query = query.where(runs.c.thread_ts == thread_ts)
        return await self._database.read(lambda connection: connection.scalars(query).all())

    async def live_under(self, team: str, channel: str, ts: str, thread_ts: str) -> Sequence[str]:
        """The runs that have not ended and were asked by a message, or in the thread it began."""
        here = (runs.c.team == team, runs.c.channel == channel, runs.c.thread_ts == thread_ts)
        below = or_(runs.c.ts == ts, runs.c.thread_ts == ts)
        query = select(runs.c.id).where(*here, below, IS_LIVE).order_by(runs.c.created_at)
        return await self._database.read(lambda connection: connection.scalars(query).all())

    async def notices(self, run_ids: Collection[str]) -> Mapping[str, RunSignal]:
        """What stands in the journal for those of the runs that have not ended."""
        query = select(runs.c.id, runs.c.attempt, runs.c.stop_by)
        query = query.where(runs.c.id.in_(run_ids), IS_LIVE)
        return await self._database.read(
            lambda connection: {
                row.id: RunSignal(row.attempt, row.stop_by) for row in connection.execute(query)
            }
        )

    async def ask_to_stop(self, run_id: str, user: str) -> bool:
        """Leave word that a run is to stop; False when it has ended already."""
        asked = await self._database.change(self._sql.ask_to_stop, {"of": run_id, "by": user})
        return bool(asked.changed)

    async def record(self, run_id: str, answer: Answer, call: Call) -> None:
        """Store an answer as it comes, and its line of the ledger."""
        await self._paying.record(run_id, answer, call)

    async def charge(self, run_id: str, call: Call) -> None:
        """Store a line of the ledger that brought no answer of its own."""
        await self._paying.charge(run_id, call)

    async def posted(self, run_id: str, ts: str) -> None:
        """Store the ts of a message that holds a part of the reply."""
        await self._database.change(self._sql.put_post, {"run_id": run_id, "ts": ts})

    async def posts_of_others(self, run: Run) -> frozenset[str]:
        """The ts of messages that other runs have posted in the same thread."""
        question = run.question
        query = (
            select(posts.c.ts)
            .join(runs, runs.c.id == posts.c.run_id)
            .where(
                runs.c.team == question.team,
                runs.c.channel == question.channel,
                runs.c.thread_ts == question.thread_ts,
                runs.c.id != run.id,
            )
        )
        return await self._database.read(lambda c: frozenset(c.execute(query).scalars()))

    async def finish(
        self, run_id: str, outcome: Outcome, attempt: int = 0, *, last: Paid | None = None
    ) -> None:
        """Store the reply, and the answers once more now that they carry their labels.

        The run counts as unfinished until it is `delivered`.

        Raises:
            Superseded: when another attempt counts by now.
        """
        if not await self._finishing.finish(run_id, outcome, attempt, last):
            raise Superseded

    async def delivered(self, run_id: str) -> None:
        """The reply stands where it was asked for: the run is over."""
        await self._end(run_id, "answered", None)

    async def fail(self, run_id: str, trouble: Trouble) -> None:
        """Store why a run brought no reply; erase it where its question or thread is gone."""
        if trouble == ERASED:
            await self._erase(run_id)
        else:
            await self._end(run_id, "failed", trouble)

    async def take_sharing(self, run_id: str) -> bool:
        """Claim the sharing of a run's reply; False when it was claimed before."""
        return await self._claims.take(run_id, _sharing(run_id))

    async def release_sharing(self, run_id: str) -> None:
        """Give that claim up, so that the reply can be shared after all."""
        await self._claims.release(_sharing(run_id))

    async def unfinished(self) -> Sequence[UnfinishedRun]:
        """The runs that were claimed and have not ended, the oldest first."""
        query = select(runs.c.id, runs.c.attempt, runs.c.created_at)
        query = query.where(IS_LIVE).order_by(runs.c.created_at)
        return await self._database.read(
            lambda connection: [
                UnfinishedRun(row.id, row.attempt, aware(row.created_at))
                for row in connection.execute(query)
            ]
        )

    async def queue(self) -> QueueStats:
        """How many questions have not ended, and how old the oldest of them are."""
        query = select(runs.c.state, func.count(), func.min(runs.c.created_at))
        query = query.where(IS_LIVE).group_by(runs.c.state)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        found = {state: (n, since) for state, n, since in rows}
        now = datetime.now(UTC)
        sizes = {state: n for state, (n, _) in found.items()}
        ages = {state: (now - aware(since)).total_seconds() for state, (_, since) in found.items()}
        return QueueStats(
            sizes.get("waiting", 0),
            sizes.get("running", 0),
            max(0.0, ages.get("waiting", 0.0)),
            max(0.0, ages.get("running", 0.0)),
        )

    async def _end(self, run_id: str, state: str, trouble: Trouble | None) -> None:
        values = {
            "of": run_id,
            "state": state,
            "trouble": trouble,
            "finished_at": datetime.now(UTC),
        }
        ended = await self._database.change(self._sql.end, values, patience_s=PATIENCE_S)
        if ended.row and ended.row.stop_by == DELETED:  # just as it ended
            await self._erase(run_id)

    async def _erase(self, run_id: str) -> None:
        now = datetime.now(UTC)
        await self._database.write(
            lambda connection: erase(connection, run_id, now), patience_s=PATIENCE_S
        )

    def _parts(
        self, connection: Connection, run_id: str
    ) -> tuple[Sequence[Row[Any]], Sequence[str]]:
        """A run's answers and the ts of its posts."""
        of = {"of": run_id}
        written = connection.execute(self._sql.posts, of).scalars().all()
        return connection.execute(self._sql.answers, of).all(), written


def _sharing(run_id: str) -> str:
    return f"share:{run_id}"
