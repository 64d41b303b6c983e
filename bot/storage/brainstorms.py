"""Stores brainstorms (`bot.brainstorm.ports.BrainstormStore`)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.brainstorm.ports import HandInResult, VoteResult
from bot.brainstorm.session import (
    MAX_IDEAS,
    AboutSession,
    Ballots,
    BrainstormSession,
    EndedCall,
    IdeaCounts,
    Phase,
    StartRequest,
    StoredIdea,
)
from bot.storage.brainstorm_rows import (
    changed_columns,
    dots_text,
    read_brainstorm,
    read_dots,
    read_idea,
)
from bot.storage.brainstorm_writes import call_row, charge, new_row, put_ideas
from bot.storage.database import Database
from bot.storage.rows import storable, upsert
from bot.storage.tables import (
    BRAINSTORM_IS_OPEN,
    ballots,
    brainstorm_calls,
    brainstorm_questions,
    brainstorms,
    ideas,
)

DUE_AT_ONCE = 200


class StoredBrainstorms:
    """`bot.brainstorm.ports.BrainstormStore` on a database.

    Writes that depend on the phase lock the brainstorm's row in share mode. A change of phase waits
    for those transactions, and later ones see the new phase, so no idea or dot is lost in between.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, request: StartRequest, now: datetime) -> str | None:
        """Store a new brainstorm and return its id, or None if the request was stored before."""
        row = new_row(request, now)
        async with self._database.begin() as connection:
            new = upsert(connection.dialect.name)(brainstorms).values(row)
            put = new.on_conflict_do_nothing().returning(brainstorms.c.id)
            return await connection.scalar(put)

    async def get(self, session_id: str) -> BrainstormSession | None:
        """Return a brainstorm, or None if there is none."""
        return await self._one(select(brainstorms).where(brainstorms.c.id == session_id))

    async def by_board(self, team: str, channel: str, ts: str) -> BrainstormSession | None:
        """Return the brainstorm whose board is this message."""
        here = brainstorms.c.team == team, brainstorms.c.channel == channel
        return await self._one(select(brainstorms).where(*here, brainstorms.c.board_ts == ts))

    async def latest(self, team: str, channel: str, limit: int) -> Sequence[BrainstormSession]:
        """Return a channel's latest brainstorms, newest first."""
        query = select(brainstorms).where(
            brainstorms.c.team == team, brainstorms.c.channel == channel
        )
        query = query.order_by(brainstorms.c.created_at.desc(), brainstorms.c.id).limit(limit)
        async with self._database.connect() as connection:
            return [read_brainstorm(row) for row in await connection.execute(query)]

    async def due(self, now: datetime) -> Sequence[str]:
        """Return the brainstorms with something to do."""
        waits = or_(
            ~brainstorms.c.settled,
            brainstorms.c.phase_ends_at <= now,
            brainstorms.c.refresh_at <= now,
        )
        query = select(brainstorms.c.id).where(text(BRAINSTORM_IS_OPEN), waits)
        async with self._database.connect() as connection:
            return (await connection.scalars(query.limit(DUE_AT_ONCE))).all()

    async def begin(self, session_id: str) -> BrainstormSession | None:
        """Begin an attempt at a brainstorm's work, or return None if there is none to do."""
        begun = update(brainstorms).where(brainstorms.c.id == session_id, text(BRAINSTORM_IS_OPEN))
        begun = begun.values(attempt=brainstorms.c.attempt + 1).returning(brainstorms)

        async def work(connection: AsyncConnection) -> BrainstormSession | None:
            row = (await connection.execute(begun)).one_or_none()
            return None if row is None else read_brainstorm(row)

        return await self._database.patiently(work, single=True)

    async def advance(
        self, session: BrainstormSession, phase: Phase, ends_at: datetime | None, **changes: object
    ) -> bool:
        """Change the phase. Return False if the session's step is outdated."""
        values: dict[str, object] = {
            "phase": phase,
            "phase_ends_at": ends_at,
            "step": session.step + 1,
            "extended": False,
            "settled": False,
            "refresh_at": None,
            **changed_columns(changes),
        }
        return await self._update(_at_step(session), values)

    async def end_phase(self, session: BrainstormSession, now: datetime) -> bool:
        """Set the end of the phase to `now`. Return False if it has changed, or has no end yet."""
        timed = and_(_at_step(session), brainstorms.c.phase_ends_at.is_not(None))
        return await self._update(timed, {"phase_ends_at": now})

    async def extend(self, session: BrainstormSession, until: datetime) -> bool:
        """Extend the phase. Return False if it has changed, or was extended before."""
        once = and_(_at_step(session), ~brainstorms.c.extended)
        return await self._update(once, {"extended": True, "phase_ends_at": until})

    async def change(self, session: BrainstormSession, **changes: object) -> bool:
        """Store the results of the session's attempt. Return False if it is outdated."""
        mine = and_(_at_step(session), brainstorms.c.attempt == session.attempt)
        return await self._update(mine, changed_columns(changes))

    async def refresh(self, session_id: str, at: datetime) -> None:
        """Schedule a redraw of the board at this time, or earlier."""
        later = or_(brainstorms.c.refresh_at.is_(None), brainstorms.c.refresh_at > at)
        await self._update(and_(brainstorms.c.id == session_id, later), {"refresh_at": at})

    async def hand_in(
        self, session_id: str, author: str, handed: Mapping[str, str], *, named: bool
    ) -> HandInResult:
        """Store a person's ideas by key, all or none. Keys that are already stored add nothing."""

        async def work(connection: AsyncConnection) -> HandInResult:
            session = await _locked(connection, session_id)
            if session is None or not session.accepts_ideas:
                return "over"
            count = select(func.count()).where(ideas.c.brainstorm_id == session_id)
            if (await connection.scalar(count) or 0) + len(handed) > MAX_IDEAS:
                return "full"
            late = session.phase != "silence"
            common = {"author": author, "is_model": False, "named": named, "late": late}
            await put_ideas(connection, session_id, handed, common)
            return "stored"

        return await self._database.patiently(work)

    async def reword(
        self, session_id: str, author: str, idea_id: str, new_text: str | None
    ) -> bool:
        """Reword a person's own idea, or withdraw it (None), during the silence only."""
        mine = and_(
            ideas.c.id == (int(idea_id) if re.fullmatch(r"[0-9]{1,9}", idea_id) else 0),
            ideas.c.brainstorm_id == session_id,
            ideas.c.author == author,
            ~ideas.c.is_model,
        )

        async def work(connection: AsyncConnection) -> bool:
            session = await _locked(connection, session_id)
            if session is None or session.phase != "silence":
                return False
            change = ideas.delete().where(mine)
            if new_text is not None:
                change = update(ideas).where(mine).values(text=storable(new_text))
            return bool((await connection.execute(change)).rowcount)

        return await self._database.patiently(work)

    async def ideas(self, session_id: str) -> Sequence[StoredIdea]:
        """Return all ideas, oldest first. The caller decides who may see them."""
        query = select(ideas).where(ideas.c.brainstorm_id == session_id).order_by(ideas.c.id)
        async with self._database.connect() as connection:
            return [read_idea(row) for row in await connection.execute(query)]

    async def count_ideas(self, session_id: str) -> IdeaCounts:
        """Return how many ideas there are, and from how many people and models."""
        authors = func.count(ideas.c.author.distinct())
        query = select(ideas.c.is_model, authors, func.count()).group_by(ideas.c.is_model)
        async with self._database.connect() as connection:
            rows = await connection.execute(query.where(ideas.c.brainstorm_id == session_id))
            counts = {bool(is_model): (by, count) for is_model, by, count in rows}
        return IdeaCounts(*counts.get(False, (0, 0)), *counts.get(True, (0, 0)))

    async def vote(
        self, session_id: str, user: str, dots: Mapping[str, int], among: Collection[str]
    ) -> VoteResult:
        """Replace a person's dots on the ideas in `among`. The limit applies to all their dots."""
        key = {"brainstorm_id": session_id, "user": user}

        async def work(connection: AsyncConnection) -> VoteResult:
            session = await _locked(connection, session_id)
            if session is None or session.phase != "dots":
                return "over"
            changes = {"changed_at": datetime.now(UTC)}
            new = upsert(connection.dialect.name)(ballots).values(key | changes | {"dots": "{}"})
            locked = new.on_conflict_do_update(index_elements=list(key), set_=changes)
            before = await connection.scalar(locked.returning(ballots.c.dots))
            kept = {idea: n for idea, n in read_dots(before).items() if idea not in among}
            given = kept | {idea: n for idea, n in dots.items() if n > 0 and idea in among}
            if sum(given.values()) > session.dots:
                await connection.rollback()
                return "too_many"
            mine = and_(*(ballots.c[name] == value for name, value in key.items()))
            await connection.execute(update(ballots).where(mine).values(dots=dots_text(given)))
            return "stored"

        return await self._database.patiently(work)

    async def ballot(self, session_id: str, user: str) -> Mapping[str, int]:
        """Return a person's own dots."""
        mine = ballots.c.brainstorm_id == session_id, ballots.c.user == user
        async with self._database.connect() as connection:
            return read_dots(await connection.scalar(select(ballots.c.dots).where(*mine)))

    async def ballots(self, session_id: str) -> Ballots:
        """Return everyone's dots, without names."""
        query = select(ballots.c.dots).where(ballots.c.brainstorm_id == session_id)
        async with self._database.connect() as connection:
            return [read_dots(row.dots) for row in await connection.execute(query)]

    async def call_ended(self, session: BrainstormSession, call: EndedCall, *, late: bool) -> None:
        """Store a model's ideas together with the call's cost. Each call is stored once."""

        async def work(connection: AsyncConnection) -> None:
            put = upsert(connection.dialect.name)(brainstorm_calls).values(call_row(session, call))
            put = put.on_conflict_do_nothing().returning(brainstorm_calls.c.position)
            if await connection.scalar(put) is None:
                return
            handed = {f"model:{call.position}:{n}": idea for n, idea in enumerate(call.ideas)}
            common = {"author": call.model, "is_model": True, "named": True, "late": late}
            await put_ideas(connection, session.id, handed, common)
            await charge(connection, session, call.cost_usd or 0.0)

        await self._database.patiently(work)

    async def ended_calls(self, session_id: str) -> Mapping[int, str]:
        """Return the state of each call that has ended, by its position."""
        query = select(brainstorm_calls.c.position, brainstorm_calls.c.state)
        query = query.where(brainstorm_calls.c.brainstorm_id == session_id)
        async with self._database.connect() as connection:
            return {row.position: row.state for row in await connection.execute(query)}

    async def has_failed(self, session_id: str, error_kind: str) -> bool:
        """Return whether a call of a brainstorm failed with this kind of error."""
        calls = brainstorm_calls.c
        query = select(calls.position).where(
            calls.brainstorm_id == session_id, calls.error_kind == error_kind
        )
        async with self._database.connect() as connection:
            return (await connection.execute(query.limit(1))).first() is not None

    async def put_question(self, ts: str, about: AboutSession) -> None:
        """Store what the message `ts` asks about a brainstorm. A second time changes nothing."""
        row = {
            "brainstorm_id": about.session_id,
            "ts": ts,
            "kind": about.kind,
            "ideas": json.dumps(about.idea_ids),
        }
        async with self._database.begin() as connection:
            new = upsert(connection.dialect.name)(brainstorm_questions).values(row)
            await connection.execute(new.on_conflict_do_nothing())

    async def question_at(self, team: str, channel: str, ts: str) -> AboutSession | None:
        """Return what a message asks about a brainstorm, or None if it asks nothing about one."""
        table = brainstorm_questions
        query = select(table).join(brainstorms, brainstorms.c.id == table.c.brainstorm_id)
        query = query.where(
            table.c.ts == ts, brainstorms.c.team == team, brainstorms.c.channel == channel
        )
        async with self._database.connect() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        return AboutSession(row.brainstorm_id, row.kind, tuple(json.loads(row.ideas)))

    async def _one(self, query: Select[Any]) -> BrainstormSession | None:
        async with self._database.connect() as connection:
            row = (await connection.execute(query.limit(1))).one_or_none()
        return None if row is None else read_brainstorm(row)

    async def _update(self, where: ColumnElement[bool], changes: Mapping[str, object]) -> bool:
        statement = update(brainstorms).where(where).values(**changes)

        async def work(connection: AsyncConnection) -> bool:
            return bool((await connection.execute(statement)).rowcount)

        return await self._database.patiently(work, single=True)


def _at_step(session: BrainstormSession) -> ColumnElement[bool]:
    return and_(brainstorms.c.id == session.id, brainstorms.c.step == session.step)


async def _locked(connection: AsyncConnection, session_id: str) -> BrainstormSession | None:
    """Return a brainstorm, with its phase locked until the transaction ends."""
    query = select(brainstorms).where(brainstorms.c.id == session_id).with_for_update(read=True)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else read_brainstorm(row)
