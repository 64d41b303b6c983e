"""What the models' part of a brainstorm leaves in the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from bot.brainstorm.idea_models import PipelineIdeaModels
from bot.brainstorm.session import EndedCall
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.database import Database
from moa import Chunk, Plan, Profile, Prompt, Sampling, Usage
from moa.errors import Unavailable
from tests.brainstorm.test_store import read, started


class FlakyModel:
    """A model that is paid for but breaks off in the first call."""

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


async def test_a_retried_call_is_paid_for(opened: Database) -> None:
    """A call that failed before its retry succeeded costs money, too."""
    store = StoredBrainstorms(opened)
    session = await started(store)
    model = FlakyModel()
    models = PipelineIdeaModels(lambda _: Plan.of([model], aggregator=model))
    stopped: list[EndedCall] = []
    async for call in models.calls(session, (), stopped.append):
        await store.call_ended(session, call, late=False)
    ended = await store.ended_calls(session.id)
    assert len(ended) == model.calls
    assert (await read(store, session.id)).cost_usd == float(model.calls)
    assert stopped == []
