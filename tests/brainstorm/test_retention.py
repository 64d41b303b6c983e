"""Brainstorms are deleted by age and on demand, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.brainstorm.session import Phase
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.database import Database
from bot.storage.retention import DeletionScope, Retention
from tests.brainstorm.test_store import REQUEST


async def store_brainstorm(
    database: Database, phase: Phase, *, days: float = 0, user: str = "U1", team: str = "T1"
) -> str:
    """Store a brainstorm of this age with an idea and dots of two people (U1 and U2)."""
    store, at = StoredBrainstorms(database), datetime.now(UTC) - timedelta(days=days)
    key = f"{phase} {days} {user} {team}"
    session_id = await store.start(replace(REQUEST, key=key, user=user, team=team), at)
    assert session_id is not None
    for person in ("U1", "U2"):
        await store.hand_in(session_id, person, {person: f"Of {person}"}, named=False)
    for to in ("themes", "dots", phase):
        session = await store.get(session_id)
        assert session is not None
        if to == "dots":
            await store.advance(session, to, None)
            for person in ("U1", "U2"):
                await store.vote(session_id, person, {"1": 1}, {"1"})
        elif session.phase != phase:
            await store.advance(session, to, None)
    return session_id


async def is_stored(database: Database, session_id: str) -> bool:
    """Return whether a brainstorm is still stored."""
    return await StoredBrainstorms(database).get(session_id) is not None


async def test_old_brainstorms_are_deleted_with_all_their_data(opened: Database) -> None:
    """Recent ones stay, and so do unfinished ones, however old they are."""
    old, closed = (
        await store_brainstorm(opened, "result", days=91),
        await store_brainstorm(opened, "closed", days=91),
    )
    young, live = (
        await store_brainstorm(opened, "result", days=89),
        await store_brainstorm(opened, "dots", days=91),
    )
    await Retention(opened).delete_older(90)
    assert [await is_stored(opened, each) for each in (old, closed, young, live)] == [
        False,
        False,
        True,
        True,
    ]
    assert await StoredBrainstorms(opened).ideas(old) == []
    assert await StoredBrainstorms(opened).ballots(closed) == []


@pytest.mark.parametrize("team", ["T1", None])
async def test_a_persons_data_is_deleted_everywhere(opened: Database, team: str | None) -> None:
    """Their brainstorms are deleted, as are their ideas and dots in other people's brainstorms."""
    own, others = (
        await store_brainstorm(opened, "result"),
        await store_brainstorm(opened, "dots", user="U2"),
    )
    elsewhere = await store_brainstorm(opened, "dots", user="U2", team="T2")
    await Retention(opened).forget(DeletionScope(team=team, user="U1"))
    store = StoredBrainstorms(opened)
    assert not await is_stored(opened, own)
    assert [idea.author for idea in await store.ideas(others)] == ["U2"]
    assert len(await store.ballots(others)) == 1
    assert len(await store.ideas(elsewhere)) == (2 if team else 1)


async def test_a_workspaces_data_is_deleted(opened: Database) -> None:
    """Only its own brainstorms are deleted."""
    ours, theirs = (
        await store_brainstorm(opened, "closed"),
        await store_brainstorm(opened, "closed", team="T2"),
    )
    await Retention(opened).forget(DeletionScope(team="T1"))
    assert not await is_stored(opened, ours)
    assert await is_stored(opened, theirs)
