"""The models' part of a brainstorm is stored with its cost."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from bot.brainstorm.idea_models import PipelineIdeaModels
from bot.brainstorm.session import BrainstormSession, EndedCall
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.database import Database
from moa import Chunk, Plan, Profile, Prompt, Sampling, Usage
from moa.errors import Unavailable
from tests.brainstorm.test_store import load_session, start_session


class FlakyModel:
    """A model whose first call breaks off but costs money."""

    def __init__(self) -> None:
        self.profile = Profile("flaky", cost=lambda _: 1.0)
        self.calls = 0

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        self.calls += 1
        usage = Usage(input_tokens=500_000, output_tokens=500_000)
        if self.calls == 1:
            yield Chunk(usage=usage)
            raise Unavailable("The connection was cut.", kind="cut")
        yield Chunk("1. Plant trees\n2. Paint the bridge", usage, "end")


async def unlimited(_session: BrainstormSession) -> None:
    """Set no limit."""


async def test_a_retried_call_is_paid_for(opened: Database) -> None:
    """A failed call costs money, too, even if its retry succeeds."""
    store = StoredBrainstorms(opened)
    session = await start_session(store)
    model = FlakyModel()
    models = PipelineIdeaModels(lambda _: Plan.of([model], aggregator=model), unlimited)
    stopped: list[EndedCall] = []
    async for call in models.calls(session, (), stopped.append):
        await store.call_ended(session, call, late=False)
    ended = await store.ended_calls(session.id)
    assert len(ended) == model.calls
    assert (await load_session(store, session.id)).cost_usd == float(model.calls)
    assert stopped == []


class NumberedModel:
    """A model that gives one idea of its own."""

    def __init__(self, name: str) -> None:
        self.profile = Profile(name)

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        yield Chunk(f"1. An idea of {self.profile.name}", stop="end")


async def test_only_the_first_layer_gives_ideas(opened: Database) -> None:
    """Later layers read answers, as in the library's own brainstorms."""
    session = await start_session(StoredBrainstorms(opened))
    first, second, last = map(NumberedModel, ("first", "second", "last"))
    models = PipelineIdeaModels(lambda _: Plan.of([first], [second], aggregator=last), unlimited)
    asked = {call.model async for call in models.calls(session, (), lambda _: None)}
    assert asked == {"first"}
