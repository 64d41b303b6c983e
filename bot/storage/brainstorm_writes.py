"""The writes to the store of brainstorms: new brainstorms, ideas, and the cost of calls."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.brainstorm.session import BrainstormSession, EndedCall, StartRequest
from bot.storage.rows import SEED_BITS, day_of, new_id, storable, upsert
from bot.storage.run_queries import DAY_KEY
from bot.storage.tables import brainstorms, ideas, spending


async def put_ideas(
    connection: AsyncConnection,
    session_id: str,
    handed: Mapping[str, str],
    common: Mapping[str, object],
) -> None:
    """Store ideas by key, skipping keys that are already stored."""
    now = datetime.now(UTC)
    own = {"brainstorm_id": session_id, "created_at": now, **common}
    rows = [{**own, "key": key, "text": storable(idea)} for key, idea in handed.items()]
    if rows:
        put = upsert(connection.dialect.name)(ideas).on_conflict_do_nothing()
        await connection.execute(put, rows)


async def charge(connection: AsyncConnection, session: BrainstormSession, cost: float) -> None:
    """Add a call's cost to the brainstorm and to its starter's spending of today."""
    paid = update(brainstorms).where(brainstorms.c.id == session.id)
    await connection.execute(paid.values(cost_usd=brainstorms.c.cost_usd + cost))
    key = {"team": session.team, "channel": session.channel, "user": session.user}
    row = {**key, "day": day_of(datetime.now(UTC)), "questions": 0, "cost_usd": cost}
    new = upsert(connection.dialect.name)(spending).values(row)
    added = {"cost_usd": spending.c.cost_usd + new.excluded.cost_usd}
    await connection.execute(new.on_conflict_do_update(index_elements=DAY_KEY, set_=added))


def call_row(session: BrainstormSession, call: EndedCall) -> Mapping[str, Any]:
    """Return the row of a call."""
    names = ("position", "model", "state", "error_kind", "input_tokens", "output_tokens")
    row = {name: getattr(call, name) for name in (*names, "cost_usd")}
    return row | {"brainstorm_id": session.id, "ideas": len(call.ideas)}


def new_row(request: StartRequest, now: datetime) -> dict[str, Any]:
    """Return the row of a new brainstorm."""
    names = ("key", "team", "channel", "user", "pipeline", "minutes", "dots", "reserved_usd")
    return {
        **{name: getattr(request, name) for name in names},
        "id": new_id(),
        "topic": storable(request.topic),
        "material": storable(request.material),
        "phase": "silence",
        "step": 0,
        "phase_ends_at": now + timedelta(minutes=request.minutes),
        "extended": False,
        "settled": False,
        "attempt": 0,
        "boards": 0,
        "seed": secrets.randbits(SEED_BITS),
        "cost_usd": 0.0,
        "created_at": now,
    }
