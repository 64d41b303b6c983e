"""The promises of the brainstorm store, on both databases."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.brainstorm.session import BrainstormSession, EndedCall, StartRequest
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.database import Database
from bot.storage.tables import ideas as ideas_table
from bot.storage.tables import spending
from moa.brainstorm import Grouping, IdeaGroup, Theme

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
REQUEST = StartRequest("view:V1", "T1", "C1", "U1", "How?", "four")


async def start_session(store: StoredBrainstorms, **changes: object) -> BrainstormSession:
    """Start a brainstorm and return it."""
    session_id = await store.start(replace(REQUEST, **changes), NOON)  # pyright: ignore[reportArgumentType]
    assert session_id is not None
    return await load_session(store, session_id)


async def load_session(store: StoredBrainstorms, session_id: str) -> BrainstormSession:
    """Return a brainstorm as it is stored now."""
    session = await store.get(session_id)
    assert session is not None
    return session


async def start_voting(
    store: StoredBrainstorms, count: int = 5
) -> tuple[BrainstormSession, list[str]]:
    """Return a brainstorm in the phase of dots, and the ids of its ideas."""
    session = await start_session(store)
    texts = {f"k{number}": f"Idea {number}" for number in range(count)}
    assert await store.hand_in(session.id, "U1", texts, named=False) == "stored"
    numbers = [idea.id for idea in await store.ideas(session.id)]
    themes = Grouping((Theme("All", tuple(IdeaGroup((number,)) for number in numbers)),))
    assert await store.advance(session, "dots", NOON, themes=themes)
    return await load_session(store, session.id), numbers


async def test_a_repeated_request_starts_one_brainstorm(opened: Database) -> None:
    """It may be delivered any number of times, even at the same moment."""
    store = StoredBrainstorms(opened)
    found = await asyncio.gather(*(store.start(REQUEST, NOON) for _ in range(8)))
    assert len([each for each in found if each is not None]) == 1


async def test_a_phase_changes_once(opened: Database) -> None:
    """Of many concurrent changes from one step, only one succeeds."""
    store = StoredBrainstorms(opened)
    session = await start_session(store)
    tries = [store.advance(session, "themes", None) for _ in range(8)]
    assert Counter(await asyncio.gather(*tries)) == {True: 1, False: 7}
    assert (await load_session(store, session.id)).step == 1


async def test_two_hundred_people_vote_at_once(opened: Database) -> None:
    """Every dot is counted, and a person who votes twice at the same time has one ballot."""
    store = StoredBrainstorms(opened)
    session, numbers = await start_voting(store)

    async def vote(person: int) -> None:
        given = {numbers[person % 5]: 2, numbers[(person + 1) % 5]: 1}
        assert await store.vote(session.id, f"U{person}", given, numbers) == "stored"

    async with asyncio.timeout(60):
        await asyncio.gather(*(vote(person) for person in range(200)), *(vote(7) for _ in range(5)))
    totals: Counter[str] = Counter()
    for ballot in await store.ballots(session.id):
        totals.update(ballot)
    assert totals == dict.fromkeys(numbers, 40 * 3)


async def test_a_vote_is_counted_or_refused(opened: Database) -> None:
    """If a phase ends in the middle of many votes, no accepted vote is lost."""
    store = StoredBrainstorms(opened)
    session, numbers = await start_voting(store)

    async def vote(person: int) -> str:
        return await store.vote(session.id, f"U{person}", {numbers[0]: 3}, numbers)

    async def end() -> int:
        await asyncio.sleep(0.05)
        assert await store.advance(session, "result", None)
        return len(await store.ballots(session.id))

    *votes, counted = await asyncio.gather(*(vote(person) for person in range(100)), end())
    assert Counter(votes)["stored"] == counted == len(await store.ballots(session.id))
    assert set(votes) <= {"stored", "over"}


async def test_an_idea_is_stored_before_the_phase_ends_or_refused(opened: Database) -> None:
    """No idea that was accepted during the silence is missing when ideas are grouped."""
    store = StoredBrainstorms(opened)
    session = await start_session(store)

    async def add(number: int) -> str:
        return await store.hand_in(session.id, f"U{number}", {f"k{number}": "x"}, named=False)

    async def end() -> int:
        await asyncio.sleep(0.05)
        assert await store.advance(session, "closed", None)
        return len(await store.ideas(session.id))

    *added, there = await asyncio.gather(*(add(number) for number in range(100)), end())
    assert Counter(added)["stored"] == there == len(await store.ideas(session.id))


async def test_nobody_gives_more_dots_than_they_have(opened: Database) -> None:
    """This holds within a form, across pages and for concurrent forms; dots can be moved."""
    store = StoredBrainstorms(opened)
    session, numbers = await start_voting(store)
    first, second, *_ = numbers

    async def vote(dots: dict[str, int], among: list[str]) -> str:
        return await store.vote(session.id, "U1", dots, among)

    assert await vote({first: 4}, numbers) == "too_many"
    assert await vote({first: 2}, [first]) == "stored"
    assert await vote({second: 2}, [second]) == "too_many"
    assert await vote({second: 3}, numbers) == "stored"
    tries = [vote({number: 3}, [number]) for number in numbers]
    await asyncio.gather(*tries)
    assert sum((await store.ballot(session.id, "U1")).values()) == 3
    assert await vote({"999": 1, first: -5}, numbers) == "stored"
    assert await store.ballot(session.id, "U1") == {}


async def test_a_form_that_is_delivered_twice_adds_its_ideas_once(opened: Database) -> None:
    """Ideas have the keys of their form."""
    store = StoredBrainstorms(opened)
    session = await start_session(store)
    for _ in range(2):
        handed = {"view:1": "One", "view:2": "One"}
        assert await store.hand_in(session.id, "U1", handed, named=True) == "stored"
    assert [idea.text for idea in await store.ideas(session.id)] == ["One", "One"]


async def test_only_the_author_changes_an_idea_and_only_in_the_silence(opened: Database) -> None:
    """Other people's ideas, models' ideas and ideas of other brainstorms are refused."""
    store = StoredBrainstorms(opened)
    session, other = await start_session(store), await start_session(store, key="view:V2")
    await store.hand_in(session.id, "U1", {"k": "One"}, named=False)
    call = EndedCall(1, "U1", "used", ("A model's",), cost_usd=0.25)
    await store.call_ended(session, call, late=False)
    mine, models = (idea.id for idea in await store.ideas(session.id))
    assert not await store.reword(session.id, "U2", mine, "Two")
    assert not await store.reword(other.id, "U1", mine, "Two")
    assert not await store.reword(session.id, "U1", models, "Two")
    assert not await store.reword(session.id, "U1", "no number", "Two")
    assert await store.reword(session.id, "U1", mine, "Two")
    await store.advance(session, "themes", None)
    assert not await store.reword(session.id, "U1", mine, None)
    assert [idea.text for idea in await store.ideas(session.id)] == ["Two", "A model's"]


async def test_a_call_is_stored_and_paid_for_once(opened: Database) -> None:
    """Its cost counts for the starter's day, and its ideas are stored once."""
    store = StoredBrainstorms(opened)
    session = await start_session(store)
    call = EndedCall(3, "red", "used", ("One", "Two"), cost_usd=0.25)
    await asyncio.gather(*(store.call_ended(session, call, late=False) for _ in range(4)))
    assert len(await store.ideas(session.id)) == 2
    assert (await load_session(store, session.id)).cost_usd == 0.25
    assert await store.ended_calls(session.id) == {3: "used"}
    async with opened.connect() as connection:
        found = (await connection.execute(select(spending.c.user, spending.c.cost_usd))).all()
    assert found == [("U1", 0.25)]


async def test_an_older_attempt_cannot_store_anything(opened: Database) -> None:
    """Only the latest attempt may change the brainstorm."""
    store = StoredBrainstorms(opened)
    session = await start_session(store)
    first, second = await store.begin(session.id), await store.begin(session.id)
    assert first is not None
    assert second is not None
    assert not await store.change(first, board_ts="1.0")
    assert await store.change(second, board_ts="2.0")
    assert (await load_session(store, session.id)).board_ts == "2.0"


async def test_due_brainstorms_are_found(opened: Database) -> None:
    """These are unsettled, out of time or have an outdated board; finished ones are not due."""
    store = StoredBrainstorms(opened)
    session = await start_session(store)
    later = NOON + timedelta(minutes=10)
    assert await store.due(NOON) == [session.id]
    begun = await store.begin(session.id)
    assert begun is not None
    await store.change(begun, settled=True)
    assert await store.due(NOON) == []
    assert await store.due(later) == [session.id]
    await store.refresh(session.id, NOON + timedelta(seconds=2))
    await store.refresh(session.id, later)
    assert await store.due(NOON + timedelta(seconds=2)) == [session.id]
    await store.advance(await load_session(store, session.id), "closed", None, settled=True)
    assert await store.due(later) == []
    assert await store.begin(session.id) is None


async def test_words_are_kept_byte_for_byte(opened: Database) -> None:
    """Only characters that a database can't store are changed."""
    store = StoredBrainstorms(opened)
    session = await start_session(store, topic="  <b>Why</b>?\n")
    words = [
        "\t tab ",
        "'; DROP TABLE ideas; --",
        "e\u0301\u200d👩\u200d💻",
        "x" * 3_000,
        "\u202eabc",
    ]
    handed = {f"k{number}": word for number, word in enumerate(words)}
    await store.hand_in(session.id, "U1", handed, named=False)
    assert [idea.text for idea in await store.ideas(session.id)] == words
    assert (await load_session(store, session.id)).topic == "  <b>Why</b>?\n"
    async with opened.connect() as connection:
        assert len((await connection.execute(select(ideas_table.c.id))).all()) == len(words)
