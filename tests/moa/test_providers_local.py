"""The embedded model answers like any other. Needs the extra `local`."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from moa import PipelineError, Profile, Prompt, Sampling
from moa.providers import Endpoints, ModelSpec, build
from moa.providers.llama import CONTEXT_WINDOW, SLOTS
from moa.providers.local import LocalModel
from tests.moa.provider_calls import TIMEOUT_S, collect

SHORT = Sampling(temperature=0.0, max_output_tokens=12)


async def test_it_answers(endpoints: Endpoints, capfd: pytest.CaptureFixture[str]) -> None:
    """A question gets text, a stop reason and usage, and nothing reaches the terminal."""
    model = build(ModelSpec(provider="local"), Profile("l"), endpoints)
    await model.probe()
    collected = await collect(model, Prompt.of("Name a fruit."), SHORT)
    assert collected.error is None
    assert collected.text.strip()
    assert collected.stop in {"end", "length"}
    assert collected.usage is not None
    assert collected.usage.input_tokens > 0
    assert 0 < collected.usage.output_tokens <= 12
    assert capfd.readouterr() == ("", "")


async def test_more_calls_than_slots_are_all_answered(endpoints: Endpoints) -> None:
    """Concurrent calls share one server; those without a slot wait."""
    models = [LocalModel(Profile(f"l{n}"), endpoints) for n in range(SLOTS + 2)]
    answers = await asyncio.gather(*(collect(m, Prompt.of("Say hello."), SHORT) for m in models))
    assert all(collected.text and collected.error is None for collected in answers)


async def test_an_answer_at_its_limit_says_so(endpoints: Endpoints) -> None:
    """Its stop reason differs from a normal end."""
    model = LocalModel(Profile("l"), endpoints)
    collected = await collect(model, Prompt.of("Count to one hundred."), Sampling(0.0, 3))
    assert (collected.stop, collected.error) == ("length", None)


async def test_a_prompt_that_is_too_long_is_an_overflow(endpoints: Endpoints) -> None:
    """A prompt that doesn't fit is rejected as too long; the window is known in advance."""
    model = LocalModel(Profile("l"), endpoints)
    assert model.profile.context_window == CONTEXT_WINDOW
    collected = await collect(model, Prompt.of("word " * 2 * CONTEXT_WINDOW), SHORT)
    assert collected.kind == ("Overflow", "overflow")


async def test_closing_early_stops_the_generation(endpoints: Endpoints) -> None:
    """Closing an answer frees its slot; its thread ends and the server continues."""
    model = LocalModel(Profile("l"), endpoints)
    prompt = Prompt.of("Count to one thousand.")
    async with asyncio.timeout(TIMEOUT_S):
        async with aclosing(model.stream(prompt, Sampling(0.0, 2_000))) as answer:
            assert await anext(answer)
        while endpoints.local.active:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
    assert (await collect(model, Prompt.of("Say hello."), SHORT)).text


async def test_cancelling_stops_the_processing_of_the_prompt(endpoints: Endpoints) -> None:
    """A call cancelled before its first token stops processing its prompt."""
    model = LocalModel(Profile("l"), endpoints)
    await model.prepare()
    task = asyncio.create_task(collect(model, Prompt.of("word " * 2_000), SHORT))
    async with asyncio.timeout(TIMEOUT_S):
        await asyncio.sleep(0)
        assert endpoints.local.active
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while endpoints.local.active:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)


async def test_closing_the_endpoints_ends_every_answer() -> None:
    """Open answers end as cut."""
    async with Endpoints() as endpoints:
        model = LocalModel(Profile("l"), endpoints)
        await model.prepare()
        prompt = Prompt.of("Count to one thousand.")
        listening = asyncio.create_task(collect(model, prompt, Sampling(0.0, 2_000)))
        await asyncio.sleep(0)
        assert endpoints.local.active
    assert (await listening).kind == ("Unavailable", "cut")


def test_without_the_extra_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the extra, a configuration error names the command to install it."""

    def nothing(_name: str, *_more: Any) -> None:
        return None

    monkeypatch.setattr("moa.providers.llama.find_spec", nothing)
    with pytest.raises(PipelineError, match="pip install --no-deps xllamacpp"):
        LocalModel(Profile("l"), Endpoints())
