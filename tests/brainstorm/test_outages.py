"""Slack or the database is away, or the process ends, while models work on a brainstorm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence

import pytest

from bot.brainstorm import worker
from bot.brainstorm.idea_models import PipelineIdeaModels
from bot.brainstorm.ports import IdeaModels, Part
from bot.brainstorm.session import BrainstormSession, Closing, EndedCall, StoredIdea
from bot.brainstorm.worker import BrainstormWorker
from bot.errors import Postponed
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.database import Database, DatabaseAway
from moa import Chunk, Plan, Profile, Prompt, Sampling
from moa.brainstorm import Grouping
from tests.brainstorm.test_idea_models import unlimited
from tests.brainstorm.test_store import NOON, load_session, start_session

PATIENCE_S = 30


class SlowModels:
    """Two calls that cost half a dollar each: one that ends at once, and one that must wait."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.begun, self.gate = asyncio.Event(), asyncio.Event()

    async def calls(
        self,
        session: BrainstormSession,
        done: Collection[int],
        on_stopped: Callable[[EndedCall], object],
    ) -> AsyncGenerator[EndedCall, None]:
        for position in {1, 2} - {*done}:
            self.asked.append(position)
            if position == 2:
                self.begun.set()
                try:
                    await self.gate.wait()
                except asyncio.CancelledError:
                    on_stopped(EndedCall(2, "red", "cut", cost_usd=0.5))
                    raise
            yield EndedCall(position, "red", "used", (f"Idea {position}",), cost_usd=0.5)

    async def group(
        self,
        session: BrainstormSession,
        ideas: Sequence[StoredIdea],
        first: int,
        on_ended: Callable[[EndedCall], object],
    ) -> Grouping:
        raise AssertionError


class Hanging:
    """A model that costs a dollar and never finishes."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.profile = Profile("hanging", cost=lambda _: 1.0)

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        yield Chunk("1. ")
        self.begun.set()
        await asyncio.Event().wait()


class FlakyBoard:
    """A board in a Slack that may be away."""

    def __init__(self) -> None:
        self.is_away = False
        self.refused = asyncio.Event()

    async def post(self, session: BrainstormSession, part: Part, *, search: bool) -> str:
        return "1.000100"

    async def update(self, session: BrainstormSession) -> None:
        if self.is_away:
            self.refused.set()
            raise Postponed

    async def closed(self, session: BrainstormSession, closing: Closing) -> None:
        raise AssertionError


class NoResults:
    """Nothing is written up during the silence."""

    async def write(self, session: BrainstormSession) -> None:
        raise AssertionError


class Scene:
    """A brainstorm in its silence, and a worker on it."""

    def __init__(self, database: Database, session: BrainstormSession) -> None:
        self.store, self.session = StoredBrainstorms(database), session
        self.models, self.board = SlowModels(), FlakyBoard()

    async def work(self, models: IdeaModels | None = None) -> None:
        """Do what is due."""
        asked = models or self.models
        does = BrainstormWorker(self.store, self.board, asked, NoResults(), lambda: NOON)
        async with asyncio.timeout(PATIENCE_S):
            await does.work(self.session.id)

    async def cost(self) -> float:
        """Return what the brainstorm has cost."""
        return (await load_session(self.store, self.session.id)).cost_usd


@pytest.fixture
async def scene(opened: Database, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(worker, "WATCH_S", 0.01)
    return Scene(opened, await start_session(StoredBrainstorms(opened)))


async def test_models_go_on_while_slack_is_away(scene: Scene) -> None:
    """Each is asked once; the board is redrawn later."""
    scene.board.is_away = True
    working = asyncio.create_task(scene.work())
    await scene.board.refused.wait()
    scene.board.is_away = False
    scene.models.gate.set()
    await working
    assert scene.models.asked == [1, 2]
    assert await scene.cost() == 1.0


async def test_models_go_on_while_the_database_restarts(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is asked once; what it writes is stored afterwards."""
    get, refused = scene.store.get, asyncio.Event()

    async def refuse(session_id: str) -> BrainstormSession | None:
        refused.set()
        raise DatabaseAway("OperationalError")

    working = asyncio.create_task(scene.work())
    await scene.models.begun.wait()
    monkeypatch.setattr(scene.store, "get", refuse)
    await refused.wait()
    monkeypatch.setattr(scene.store, "get", get)
    scene.models.gate.set()
    await working
    assert scene.models.asked == [1, 2]
    assert await scene.cost() == 1.0


async def test_calls_stopped_with_the_process_are_paid_for(scene: Scene) -> None:
    """They are made again after the next start, which costs money a second time."""
    working = asyncio.create_task(scene.work())
    await scene.models.begun.wait()
    working.cancel()
    await asyncio.wait([working])
    assert working.cancelled()
    assert await scene.cost() == 1.0
    scene.models.gate.set()
    await scene.work()
    assert scene.models.asked == [1, 2, 2]
    assert await scene.cost() == 1.5
    assert [idea.text for idea in await scene.store.ideas(scene.session.id)] == ["Idea 1", "Idea 2"]


async def test_a_grouping_stopped_with_the_process_is_paid_for(scene: Scene) -> None:
    """It begins again after the next start."""
    ideas = {"k1": "A wide path", "k2": "A tram", "k3": "Fewer cars"}
    assert await scene.store.hand_in(scene.session.id, "U1", ideas, named=False) == "stored"
    assert await scene.store.advance(scene.session, "themes", None)
    model = Hanging()
    models = PipelineIdeaModels(lambda _: Plan.of([model], aggregator=model), unlimited)
    working = asyncio.create_task(scene.work(models))
    await model.begun.wait()
    working.cancel()
    await asyncio.wait([working])
    assert working.cancelled()
    assert await scene.cost() == 1.0
