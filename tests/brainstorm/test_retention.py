"""What is deleted of brainstorms, by age and on demand, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.brainstorm.session import Phase
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.database import Database
from bot.storage.retention import DeletionScope, Retention
from tests.brainstorm.test_store import REQUEST


async def kept(
    database: Database, phase: Phase, *, days: float = 0, user: str = "U1", team: str = "T1"
) -> str:
    """A brainstorm of so many days ago with an idea and dots of Ana (U1) and of Ben (U2)."""
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


async def there(database: Database, session_id: str) -> bool:
    """Whether a brainstorm is still stored."""
    return await StoredBrainstorms(database).get(session_id) is not None


async def test_old_brainstorms_go_with_all_that_belongs_to_them(opened: Database) -> None:
    """Those without a result stay, however old, and so do the young ones."""
    old, closed = await kept(opened, "result", days=91), await kept(opened, "closed", days=91)
    young, live = await kept(opened, "result", days=89), await kept(opened, "dots", days=91)
    await Retention(opened).delete_older(90)
    assert [await there(opened, each) for each in (old, closed, young, live)] == [
        False,
        False,
        True,
        True,
    ]
    assert await StoredBrainstorms(opened).ideas(old) == []
    assert await StoredBrainstorms(opened).ballots(closed) == []


@pytest.mark.parametrize("team", ["T1", None])
async def test_a_person_is_forgotten_everywhere(opened: Database, team: str | None) -> None:
    """Their brainstorms are deleted, and their ideas and dots in those of others."""
    own, others = await kept(opened, "result"), await kept(opened, "dots", user="U2")
    elsewhere = await kept(opened, "dots", user="U2", team="T2")
    await Retention(opened).forget(DeletionScope(team=team, user="U1"))
    store = StoredBrainstorms(opened)
    assert not await there(opened, own)
    assert [idea.author for idea in await store.ideas(others)] == ["U2"]
    assert len(await store.ballots(others)) == 1
    assert len(await store.ideas(elsewhere)) == (2 if team else 1)


async def test_a_workspace_is_forgotten(opened: Database) -> None:
    """Only its own brainstorms are."""
    ours, theirs = await kept(opened, "closed"), await kept(opened, "closed", team="T2")
    await Retention(opened).forget(DeletionScope(team="T1"))
    assert not await there(opened, ours)
    assert await there(opened, theirs)
