"""The contract of all APIs. Needs the extra `local`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from moa import Profile, Prompt, Sampling
from moa.providers import APIS, Endpoints, ModelSpec, ProvidedModel, build
from tests.moa.provider_calls import TIMEOUT_S, collect
from tests.models import ModelServer, Reply
from tests.models.vendors import KEY, VendorServer

PROMPT = Prompt.of("Say hello.", system="Be brief.")
SAMPLING = Sampling(temperature=0.0, max_output_tokens=12)


@pytest.fixture(params=APIS)
async def model(request: pytest.FixtureRequest) -> AsyncGenerator[ProvidedModel, None]:
    """Return a model of each API; a new API needs a line here."""
    reply = "Hello to you, and to everybody else."
    async with (
        ModelServer({"m": Reply(reply)}) as server,
        VendorServer(Reply(reply), deployments=("m",)) as vendor,
        Endpoints() as endpoints,
    ):
        vertex = {"region": "global", "project": "p"}
        azure = f"{vendor.url}/azure"
        specs = [
            ModelSpec(provider="azure", model="m", base_url=azure, api_key=KEY),
            ModelSpec(
                provider="bedrock",
                model="m",
                base_url=vendor.url,
                api_key=KEY,
                cloud={"region": "eu-west-1"},
            ),
            ModelSpec(
                provider="vertex",
                model="m",
                base_url=f"{vendor.url}/v1",
                api_key=KEY,
                cloud=vertex,
            ),
            ModelSpec(provider="openai", model="m", base_url=server.openai_url, api_key="k"),
            ModelSpec(provider="anthropic", model="m", base_url=server.anthropic_url, api_key="k"),
            ModelSpec(provider="scripted", reply=reply),
            ModelSpec(provider="local"),
        ]
        spec = next(spec for spec in specs if spec.provider == request.param)
        yield build(spec, Profile("name"), endpoints)


async def test_the_last_chunk_has_stop_reason_and_usage(model: ProvidedModel) -> None:
    """An answer is text, then one last chunk with stop reason and usage."""
    async with asyncio.timeout(TIMEOUT_S):
        chunks = [chunk async for chunk in model.stream(PROMPT, SAMPLING)]
    assert "".join(chunk.text for chunk in chunks).strip()
    assert [chunk.stop is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    usage = chunks[-1].usage
    assert usage is not None
    assert min(usage.input_tokens, usage.output_tokens) > 0


async def test_it_can_be_prepared_and_probed(model: ProvidedModel) -> None:
    """`prepare` and `probe` succeed for a working model and can be repeated."""
    await model.prepare()
    await model.probe()
    await model.probe()


async def test_it_keeps_its_name(model: ProvidedModel) -> None:
    """A model has the name from its pipeline."""
    assert model.profile.name == "name"


async def test_many_concurrent_calls_are_answered(model: ProvidedModel) -> None:
    """One model serves many questions at the same time."""
    answers = await asyncio.gather(*(collect(model, PROMPT, SAMPLING) for _ in range(6)))
    assert all(collected.text and collected.error is None for collected in answers)


async def test_an_answer_may_be_closed_in_the_middle(model: ProvidedModel) -> None:
    """Closing after the first chunk leaves no task behind, and the model usable."""
    await model.prepare()
    before = asyncio.all_tasks()
    async with asyncio.timeout(TIMEOUT_S):
        async with aclosing(model.stream(PROMPT, SAMPLING)) as answer:
            await anext(answer)
        mine = {task for task in asyncio.all_tasks() - before if not _serves(task)}
        assert not mine
        assert (await collect(model, PROMPT, SAMPLING)).error is None


async def test_an_unused_answer_costs_nothing(model: ProvidedModel) -> None:
    """A stream closed before its first step sends nothing."""
    await model.stream(PROMPT, SAMPLING).aclose()


def _serves(task: asyncio.Task[object]) -> bool:
    """Return whether a task belongs to the loopback server, which has one per connection."""
    return "RequestHandler" in repr(task.get_coro())
