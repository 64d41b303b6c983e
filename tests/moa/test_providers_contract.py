"""What every provider does alike, whatever it asks. Needs the extra `local`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from moa import Profile, Prompt, Sampling
from moa.providers import PROVIDERS, Endpoints, ModelSpec, ProvidedModel, build
from tests.moa.provider_calls import PATIENCE_S, hear
from tests.models import ModelServer, Reply

PROMPT = Prompt.of("Say hello.", system="Be brief.")
SAMPLING = Sampling(temperature=0.0, max_output_tokens=12)


@pytest.fixture(params=PROVIDERS)
async def model(request: pytest.FixtureRequest) -> AsyncGenerator[ProvidedModel, None]:
    """A model of each provider that there is; a new one needs a line here."""
    reply = "Hello to you, and to everybody else."
    async with ModelServer({"m": Reply(reply)}) as server, Endpoints() as endpoints:
        specs = [
            ModelSpec(provider="openai", model="m", base_url=server.openai_url, api_key="k"),
            ModelSpec(provider="anthropic", model="m", base_url=server.anthropic_url, api_key="k"),
            ModelSpec(provider="scripted", reply=reply),
            ModelSpec(provider="local"),
        ]
        spec = next(spec for spec in specs if spec.provider == request.param)
        yield build(spec, Profile("name"), endpoints)


async def test_the_last_chunk_says_why_and_how_much(model: ProvidedModel) -> None:
    """An answer is text, then one last chunk that carries the reason and the usage."""
    async with asyncio.timeout(PATIENCE_S):
        chunks = [chunk async for chunk in model.stream(PROMPT, SAMPLING)]
    assert "".join(chunk.text for chunk in chunks).strip()
    assert [chunk.stop is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    usage = chunks[-1].usage
    assert usage is not None
    assert min(usage.input_tokens, usage.output_tokens) > 0


async def test_it_can_be_readied_and_tried(model: ProvidedModel) -> None:
    """`prepare` and `probe` pass where an answer would be had, and may be repeated."""
    await model.prepare()
    await model.probe()
    await model.probe()


async def test_it_keeps_its_name(model: ProvidedModel) -> None:
    """A model goes by the name that its pipeline gave it."""
    assert model.profile.name == "name"


async def test_many_calls_at_once_are_answered(model: ProvidedModel) -> None:
    """One model serves many questions at the same time."""
    answers = await asyncio.gather(*(hear(model, PROMPT, SAMPLING) for _ in range(6)))
    assert all(heard.text and heard.error is None for heard in answers)


async def test_an_answer_may_be_left_in_the_middle(model: ProvidedModel) -> None:
    """Closing after the first chunk leaves no task behind, and the model usable."""
    await model.prepare()
    before = asyncio.all_tasks()
    async with asyncio.timeout(PATIENCE_S):
        async with aclosing(model.stream(PROMPT, SAMPLING)) as answer:
            await anext(answer)
        mine = {task for task in asyncio.all_tasks() - before if not _serves(task)}
        assert not mine
        assert (await hear(model, PROMPT, SAMPLING)).error is None


async def test_an_answer_that_is_not_wanted_costs_nothing(model: ProvidedModel) -> None:
    """A stream that is closed before its first step has asked nothing."""
    await model.stream(PROMPT, SAMPLING).aclose()


def _serves(task: asyncio.Task[object]) -> bool:
    """Whether a task is the loopback server's, one of which stands behind each connection."""
    return "RequestHandler" in repr(task.get_coro())
