"""`moa.ask` and `moa.run`: a question and a list of models, with keys from the environment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from inspect import getdoc, isclass, isfunction
from typing import Any

import pytest

import moa
from moa import Delta, Event, Finished, Layer, NotEnoughAnswers, PipelineError, Plan, Prompt, Seat
from tests.moa.runs import says
from tests.models.replies import Reply, Status
from tests.models.server import ModelServer

QUESTION = "Why is the sky blue?"
VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL")


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[ModelServer, None]:
    """Run a server for both APIs, and point the environment to it."""
    async with ModelServer(default=Reply("Blue light is scattered most."), key="a-key") as server:
        addresses = {"OPENAI": server.openai_url, "ANTHROPIC": server.anthropic_url}
        for provider, address in addresses.items():
            monkeypatch.setenv(f"{provider}_API_KEY", "a-key")
            monkeypatch.setenv(f"{provider}_BASE_URL", address)
        yield server


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove every key from the environment."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def test_models_are_named_by_provider_and_name(server: ModelServer) -> None:
    """One call is enough; the first model aggregates, and no connection stays open."""
    outcome = await moa.ask(QUESTION, models=["openai:gpt", "anthropic:claude"])
    assert (outcome.reply, outcome.status) == ("Blue light is scattered most.", "complete")
    assert [answer.model for answer in outcome.answers] == ["openai:gpt", "anthropic:claude"]
    assert outcome.aggregator is not None
    assert outcome.aggregator.model == "openai:gpt"
    assert [(r.api, r.model) for r in server.questions[-1:]] == [("chat", "gpt")]
    await server.all_closed()


async def test_every_argument_of_ask(server: ModelServer) -> None:
    """It takes aggregators in order of preference, a strategy by name, and a seed."""
    server.models["broken"] = Reply(fault=Status(500))
    outcomes = [
        await moa.ask(
            Prompt.of(QUESTION, system="Be brief."),
            models=["openai:one", "openai:two", says("own")],
            aggregator=["openai:broken", "anthropic:writer"],
            strategy="rank_then_synthesise",
            seed=7,
        )
        for _ in range(2)
    ]
    assert {len(outcome.rankings) for outcome in outcomes} == {3}
    assert {o.aggregator and o.aggregator.model for o in outcomes} == {"anthropic:writer"}
    labels = [[answer.label for answer in outcome.answers] for outcome in outcomes]
    assert labels[0] == labels[1], "the seed decides the labels"
    assert "Be brief." in server.questions[0].system


async def events_of(stream: AsyncGenerator[Event, None]) -> list[Event]:
    """Return all events of a run."""
    return [event async for event in stream]


async def test_run_streams_the_same(server: ModelServer) -> None:
    """`run` takes the arguments of `ask`, and yields the reply piece by piece."""
    events = await events_of(moa.run(QUESTION, models=["openai:gpt", "openai:gpt"]))
    text = "".join(event.text for event in events if isinstance(event, Delta))
    assert isinstance(events[-1], Finished)
    assert text == events[-1].outcome.reply == "Blue light is scattered most."
    await server.all_closed()


async def test_closing_a_run_early_closes_its_connections(server: ModelServer) -> None:
    """No connection outlives the generator."""
    async with aclosing(moa.run(QUESTION, models=["openai:gpt"])) as stream:
        async for event in stream:
            if isinstance(event, Delta):
                break
    await server.all_closed()


async def test_a_plan_can_be_asked() -> None:
    """It is passed first or by keyword, with a string or a prompt; the seed is optional."""
    plan = Plan((Layer((Seat(says("a")),)),), (says("writer"),))
    for question in (QUESTION, Prompt.of(QUESTION)):
        events = await events_of(moa.run(plan, question))
        assert isinstance(events[-1], Finished)
        recorded = events[-1].outcome.answers
        assert isinstance((await events_of(moa.run(question=question, plan=plan)))[-1], Finished)
        assert (await moa.ask(plan, question)).reply == "The answer of writer."
        assert (await moa.ask(question, plan=plan)).reply == "The answer of writer."
        again = await events_of(moa.run(plan, question, seed=1, recorded=recorded))
        assert isinstance(again[-1], Finished)


async def test_one_model_needs_no_list() -> None:
    """A single string is one model, not a list of letters."""
    outcome = await moa.ask(QUESTION, models="scripted:echo")
    assert [answer.model for answer in outcome.answers] == ["scripted:echo"]


@pytest.mark.parametrize("name", ["scripted", "scripted:echo", " scripted : echo "])
async def test_a_provider_with_a_default_model_needs_no_name(name: str) -> None:
    """Scripted models and the embedded one have a default."""
    outcome = await moa.ask("Hello", models=[name])
    assert outcome.answers[0].text == "You said: Hello"


KEYLESS = [
    (["openai:gpt"], 'models[1]: "openai:gpt" needs a key. Set OPENAI_API_KEY'),
    (["scripted", "anthropic:claude"], "models[2]: "),
    (["anthropic:claude"], "Set ANTHROPIC_API_KEY"),
]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("models", "says"), KEYLESS)
async def test_a_missing_key_is_named(models: list[str], says: str) -> None:
    """The error says which variable to set, before any call is made."""
    with pytest.raises(PipelineError) as raised:
        await moa.ask(QUESTION, models=models)
    assert says in str(raised.value)


async def test_an_invalid_key_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A key with a curly quote was copied incorrectly."""
    monkeypatch.setenv("OPENAI_API_KEY", "“curly”")
    with pytest.raises(PipelineError, match="OPENAI_API_KEY") as raised:
        await moa.ask(QUESTION, models=["openai:gpt"])
    assert "curly" not in str(raised.value)


class Returns:
    """Returns its answer where it should yield it."""

    profile = moa.Profile("returns", context_window=8_192)

    async def stream(self, prompt: moa.Prompt, sampling: moa.Sampling) -> str:
        return prompt.messages[0].content


MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"models": []}, ["models: name at least one model."]),
    ({"models": ["gpt-6"]}, ['"gpt-6" names no provider', '"provider:model"', "anthropic"]),
    ({"models": ["opnai:gpt"]}, ['no provider "opnai"', 'Did you mean "openai"?']),
    ({"models": ["openai"]}, ['"openai" names no model', '"openai:"']),
    ({"models": ["openai: "]}, ["names no model"]),
    ({"models": ["scripted:parrot"]}, ["models[1]: ", "echo"]),
    ({"models": [3]}, ["models[1]: ", "of type int", "profile", "stream"]),
    ({"models": [type(says("x"))]}, ["of type type"]),
    ({"models": [Returns()]}, ["models[1]: ", "`stream`", "yield"]),
    ({"models": ["scripted"], "aggregator": "x:y"}, ['aggregator[1]: there is no provider "x"']),
    ({"models": ["scripted"], "aggregator": []}, ["aggregator: name at least one model."]),
    ({"models": ["scripted"], "strategy": "debat"}, ["strategy: ", 'Did you mean "debate"?']),
    (
        {"models": ["a", "b:c"], "aggregator": "d:e", "strategy": "f"},
        ["models[1]", "models[2]", "aggregator[1]", "strategy"],
    ),
    ({}, ["models="]),
]


@pytest.mark.parametrize(("arguments", "says"), MISTAKES)
async def test_every_mistake_is_named(arguments: dict[str, Any], says: list[str]) -> None:
    """One error lists all of them, each with its location and the allowed values."""
    with pytest.raises(PipelineError) as raised:
        await moa.ask(QUESTION, **arguments)
    assert [words for words in says if words not in str(raised.value)] == []
    with pytest.raises(PipelineError) as raised:
        await events_of(moa.run(QUESTION, **arguments))
    assert [words for words in says if words not in str(raised.value)] == []


@pytest.mark.parametrize("arguments", [{"models": ["scripted"]}, {"strategy": "debate"}])
async def test_a_plan_accepts_no_further_models(arguments: dict[str, Any]) -> None:
    """Arguments that would have no effect are rejected."""
    ask: Any = moa.ask
    plan = Plan.of([says("a")], aggregator=says("a"))
    with pytest.raises(PipelineError, match="not both"):
        await ask(plan, QUESTION, **arguments)
    for wrong in ((plan,), (QUESTION, QUESTION)):
        with pytest.raises(PipelineError, match="one question and one plan"):
            await ask(*wrong)
    with pytest.raises(PipelineError, match="one question and one plan"):
        await ask(plan, QUESTION, plan=plan)


@pytest.mark.parametrize("question", ["", " \n"])
async def test_an_empty_question_is_refused(question: str) -> None:
    """No model is called, so it costs nothing."""
    with pytest.raises(PipelineError, match="question is empty"):
        await moa.ask(question, models=["scripted"])


async def test_when_nobody_answers_each_cause_is_listed(server: ModelServer) -> None:
    """A rejected key is named as the cause."""
    server.models |= {"a": Reply(fault=Status(401)), "b": Reply(fault=Status(404))}
    with pytest.raises(NotEnoughAnswers) as raised:
        await moa.ask(QUESTION, models=["openai:a", "openai:b"])
    assert [answer.error_kind for answer in raised.value.answers] == ["auth", "not_found", "auth"]
    await server.all_closed()


def test_importing_moa_loads_no_provider() -> None:
    """`import moa` is cheap: the first question imports providers and SDKs."""
    code = (
        "import sys, moa\n"
        "heavy = {'openai', 'anthropic', 'httpx2', 'aiohttp', 'genai_prices', 'moa.providers'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_has_a_docstring() -> None:
    """This covers each class and function of `moa.__all__`."""
    public = [getattr(moa, name) for name in moa.__all__]
    bare = [one for one in public if isclass(one) or isfunction(one) if not getdoc(one)]
    assert bare == []
