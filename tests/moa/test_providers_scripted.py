"""The scripted model answers and fails as configured."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing

import pytest

from moa import ModelError, PipelineError, Profile, Prompt, RateLimited, Sampling, Usage
from moa.providers.scripted import (
    FAULTS,
    MAX_REMEMBERED,
    Fail,
    Finish,
    Hang,
    ScriptedModel,
    Step,
    Wait,
    from_settings,
)
from tests.moa.provider_calls import QUESTION, SAMPLING, collect

PROFILE = Profile("m")


async def test_it_follows_its_script() -> None:
    """Chunks arrive in order, with the script's stop reason and usage."""
    model = ScriptedModel(PROFILE, ["Pa", Wait(0), "ris", Finish("length", Usage(3, 2))])
    collected = await collect(model)
    assert (collected.text, collected.stop, collected.usage) == ("Paris", "length", Usage(3, 2))
    assert (await collect(model)).text == "Paris"


async def test_usage_is_estimated_if_the_script_has_none() -> None:
    """Without a Finish it ends normally, at four characters per token."""
    collected = await collect(ScriptedModel(PROFILE, ["12345678"]), Prompt.of("1234"))
    assert (collected.stop, collected.usage) == ("end", Usage(1, 2))


async def test_a_script_may_depend_on_the_question() -> None:
    """A function chooses the steps from the prompt and the sampling."""

    def script(prompt: Prompt, sampling: Sampling) -> Iterable[Step]:
        return [f"{prompt.messages[-1].content} at {sampling.temperature}"]

    model = ScriptedModel(PROFILE, script)
    assert (await collect(model)).text == f"{QUESTION.messages[-1].content} at 0.5"


async def test_calls_are_counted_and_remembered() -> None:
    """A test can inspect the number of calls and their prompts; the memory is bounded."""
    model = ScriptedModel(PROFILE, ["x"])
    await asyncio.gather(*(collect(model) for _ in range(3)))
    assert (model.calls, model.running) == (3, 0)
    assert list(model.prompts) == [(QUESTION, SAMPLING)] * 3
    assert model.prompts.maxlen == MAX_REMEMBERED


async def test_a_failure_keeps_the_text_and_is_a_new_object_each_time() -> None:
    """An error is raised where the script says, as a new object per call."""
    fault = RateLimited("Wait.", retry_after=3.0, code="x", status=429)
    model = ScriptedModel(PROFILE, ["half", Fail(fault)])
    first, second = await asyncio.gather(collect(model), collect(model))
    assert first.text == second.text == "half"
    assert first.error is not None
    assert vars(first.error) == vars(fault)
    assert first.error is not second.error


async def test_a_hanging_model_can_be_closed_and_cancelled() -> None:
    """It hangs until its caller gives up, and leaves nothing behind."""
    model = ScriptedModel(PROFILE, ["half", Hang()])
    async with aclosing(model.stream(QUESTION, SAMPLING)) as answer:
        assert (await anext(answer)).text == "half"
        assert model.running == 1
    assert model.running == 0
    task = asyncio.create_task(collect(model))
    await asyncio.sleep(0)
    assert model.running == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.running == 0


async def test_a_configured_model_echoes_or_replies() -> None:
    """From moa.toml, it repeats the question, shortened, or sends its `reply` word by word."""
    collected = await collect(from_settings(PROFILE), Prompt.of("a " * 500))
    assert collected.text.startswith("You said: a a a")
    assert len(collected.text) < 250
    collected = await collect(from_settings(PROFILE, reply=" Two  words.\n"))
    assert (collected.text, collected.chunks > 2) == (" Two  words.\n", True)
    assert (await collect(from_settings(PROFILE, reply=""))).text == ""


@pytest.mark.parametrize("name", FAULTS)
async def test_a_configured_model_fails_as_configured(name: str) -> None:
    """Each fault that moa.toml can name is raised instead of an answer."""
    collected = await collect(from_settings(PROFILE, reply="Never said.", fail=name))
    assert isinstance(collected.error, ModelError)
    assert (collected.error.error_kind, collected.text) == (name, "")


async def test_a_configured_model_can_be_cut() -> None:
    """`fail = "cut"` sends half of the answer first."""
    collected = await collect(from_settings(PROFILE, reply="one two three four", fail="cut"))
    assert (collected.text, collected.kind) == ("one two", ("Unavailable", "cut"))


def test_an_unknown_fault_is_a_configuration_error() -> None:
    """The error for a wrong name lists the valid ones."""
    with pytest.raises(PipelineError, match="rate_limited"):
        from_settings(PROFILE, fail="explode")


async def test_it_is_always_ready() -> None:
    """Preparing and probing do nothing and always succeed."""
    model = from_settings(PROFILE)
    await model.prepare()
    await model.probe()
    assert model.calls == 0
