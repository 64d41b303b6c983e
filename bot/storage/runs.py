"""The journal (`bot.ports.Runs`): claims, answers as they come, the ledger, how each run ended."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import Trouble
from bot.ports import Question, Run
from bot.storage.tables import answers, claims, ledger, posts, runs
from moa import Answer, Call, Outcome, Usage

SEED_BITS = 63
"""A seed that a BIGINT holds and nobody guesses."""

LIVE = ("waiting", "running")


class StoredRuns:
    """`bot.ports.Runs` on a database. Each method is one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self, question: Question, keys: Sequence[str], pipeline: str) -> str | None:
        """Store a question under all its keys, or nothing at all when one of them is taken."""
        run_id = secrets.token_urlsafe(18)
        row = {
            "id": run_id,
            "team": question.team,
            "channel": question.channel,
            "user": question.user,
            "ts": question.ts,
            "thread_ts": question.thread_ts,
            "text": _storable(question.text),
            "surface": question.surface,
            "asked_pipeline": question.pipeline,
            "response_url": question.response_url,
            "pipeline": pipeline,
            "seed": secrets.randbits(SEED_BITS),
            "state": "waiting",
            "created_at": datetime.now(UTC),
        }
        rows = [{"key": key, "run_id": run_id} for key in dict.fromkeys(keys)]
        async with self._engine.connect() as connection, connection.begin() as transaction:
            await connection.execute(insert(runs).values(row))
            # Only a taken key means "claimed before"; any other trouble is an error, so that Slack
            # is not told that the question was taken in.
            new = _dialect(connection).insert(claims).values(rows).on_conflict_do_nothing()
            taken_in = await connection.execute(new.returning(claims.c.key))
            if len(taken_in.all()) < len(rows):
                await transaction.rollback()
                return None
        return run_id

    async def get(self, run_id: str) -> Run | None:
        """A run with its answers and posts, or None."""
        async with self._engine.connect() as connection:
            found = await connection.execute(select(runs).where(runs.c.id == run_id))
            row = found.one_or_none()
            return None if row is None else await self._whole(connection, row)

    async def begin(self, run_id: str) -> Run | None:
        """Mark a waiting run as running and return it; None when it is finished or unknown."""
        async with self._engine.begin() as connection:
            statement = (
                update(runs)
                .where(runs.c.id == run_id, runs.c.state.in_(LIVE))
                .values(state="running")
            )
            before = await connection.scalar(select(runs.c.state).where(runs.c.id == run_id))
            changed = await connection.execute(statement)
        run = await self.get(run_id) if changed.rowcount else None
        return run and replace(run, resumed=before == "running")

    async def record(self, run_id: str, answer: Answer, call: Call) -> None:
        """Store an answer as it comes, and its line of the ledger."""
        async with self._engine.begin() as connection:
            await self._put_answer(connection, run_id, answer, call.role)
            await self._put_line(connection, run_id, call)

    async def charge(self, run_id: str, call: Call) -> None:
        """Store a line of the ledger that brought no answer of its own."""
        async with self._engine.begin() as connection:
            await self._put_line(connection, run_id, call)

    async def posted(self, run_id: str, ts: str) -> None:
        """Store the ts of a message that holds a part of the reply."""
        count = select(func.count()).select_from(posts).where(posts.c.run_id == run_id)
        async with self._engine.begin() as connection:
            position = (await connection.execute(count)).scalar_one() + 1
            row = {"run_id": run_id, "ts": ts, "position": position}
            await connection.execute(insert(posts).values(row))

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
        async with self._engine.connect() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def finish(self, run_id: str, outcome: Outcome) -> None:
        """Store the reply, and the answers once more now that they carry their labels.

        The run counts as unfinished until it is `delivered`.
        """
        async with self._engine.begin() as connection:
            for answer in outcome.answers:
                await self._put_answer(connection, run_id, answer, "proposer")
            await connection.execute(
                update(runs)
                .where(runs.c.id == run_id)
                .values(
                    reply=_storable(outcome.reply),
                    status=outcome.status,
                    notes=json.dumps(outcome.notes),
                    seconds=outcome.seconds,
                    cost_usd=outcome.cost_usd,
                )
            )

    async def delivered(self, run_id: str) -> None:
        """The reply stands where it was asked for: the run is over."""
        await self._end(run_id, state="answered")

    async def fail(self, run_id: str, trouble: Trouble) -> None:
        """Store why a run brought no reply."""
        await self._end(run_id, state="failed", trouble=trouble)

    async def take_sharing(self, run_id: str) -> bool:
        """Claim the sharing of a run's reply; False when it was claimed before."""
        row = {"key": _sharing(run_id), "run_id": run_id}
        async with self._engine.begin() as connection:
            new = _dialect(connection).insert(claims).values(row).on_conflict_do_nothing()
            return bool((await connection.execute(new.returning(claims.c.key))).all())

    async def release_sharing(self, run_id: str) -> None:
        """Give that claim up, so that the reply can be shared after all."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(claims).where(claims.c.key == _sharing(run_id)))

    async def _end(self, run_id: str, **values: str) -> None:
        values_ = {**values, "finished_at": datetime.now(UTC), "response_url": None}
        async with self._engine.begin() as connection:
            await connection.execute(update(runs).where(runs.c.id == run_id).values(values_))

    async def unfinished(self) -> Sequence[str]:
        """The ids of runs that were claimed and have not ended, the oldest first."""
        query = select(runs.c.id).where(runs.c.state.in_(LIVE)).order_by(runs.c.created_at)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalars().all()

    async def _put_line(self, connection: AsyncConnection, run_id: str, call: Call) -> None:
        if call.attempt:  # 0 marks an answer that was recorded, and paid for, before
            line = {**_plain(call, "usage"), **_tokens(call.usage), "run_id": run_id}
            await connection.execute(insert(ledger).values(line))

    async def _put_answer(
        self, connection: AsyncConnection, run_id: str, answer: Answer, role: str
    ) -> None:
        row = {**_plain(answer, "usage"), **_tokens(answer.usage), "run_id": run_id, "role": role}
        row["text"] = _storable(answer.text)
        keys = ["run_id", "layer", "position"]
        news = {name: value for name, value in row.items() if name not in keys}
        await connection.execute(
            _dialect(connection)
            .insert(answers)
            .values(row)
            .on_conflict_do_update(index_elements=keys, set_=news)
        )

    async def _whole(self, connection: AsyncConnection, row: Row[Any]) -> Run:
        of_run = select(answers).where(answers.c.run_id == row.id)
        ordered = of_run.order_by(answers.c.layer, answers.c.position)
        found = [(r.role, _answer(r)) for r in await connection.execute(ordered)]
        written = select(posts.c.ts).where(posts.c.run_id == row.id).order_by(posts.c.position)
        return Run(
            id=row.id,
            question=Question(
                team=row.team,
                channel=row.channel,
                user=row.user,
                ts=row.ts,
                thread_ts=row.thread_ts,
                text=row.text,
                surface=row.surface,
                pipeline=row.asked_pipeline,
                response_url=row.response_url,
            ),
            pipeline=row.pipeline,
            seed=row.seed,
            state=row.state,
            created_at=_aware(row.created_at),
            finished_at=row.finished_at and _aware(row.finished_at),
            reply=row.reply,
            status=row.status,
            trouble=row.trouble,
            seconds=row.seconds,
            cost_usd=row.cost_usd,
            notes=tuple(json.loads(row.notes)),
            answers=tuple(a for role, a in found if role == "proposer"),
            rankings=tuple(a for role, a in found if role == "ranker"),
            aggregators=tuple(a for role, a in found if role == "aggregator"),
            posts=tuple((await connection.execute(written)).scalars()),
        )


def _sharing(run_id: str) -> str:
    return f"share:{run_id}"


def _dialect(connection: AsyncConnection) -> Any:
    """The database's own `insert`, which knows what to do on a conflict."""
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _plain(value: Answer | Call, *without: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__ if name not in without}


def _tokens(usage: Usage | None) -> dict[str, int | None]:
    if usage is None:
        return {"input_tokens": None, "output_tokens": None, "cached_tokens": None}
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
    }


def _answer(row: Row[Any]) -> Answer:
    known = row.input_tokens is not None
    return Answer(
        model=row.model,
        layer=row.layer,
        position=row.position,
        status=row.status,
        text=row.text,
        label=row.label,
        error=row.error,
        error_kind=row.error_kind,
        seconds=row.seconds,
        first_token_seconds=row.first_token_seconds,
        usage=Usage(row.input_tokens, row.output_tokens, row.cached_tokens) if known else None,
        cost_usd=row.cost_usd,
    )


def _aware(moment: datetime) -> datetime:
    """SQLite gives back what it was given without its time zone, which is always UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _storable(text: str) -> str:
    """Postgres stores no NUL, and UTF-8 no lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
