"""A whole brainstorm from Python: events, people's ideas next to the models', and failures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from moa import Delta, NotEnoughAnswers, PipelineError, Plan, Prompt, Rejected, Sampling, Usage
from moa.brainstorm import (
    BrainstormEvent,
    BrainstormFinished,
    DrawFailed,
    Grouped,
    Idea,
    IdeasDrawn,
    brainstorm,
    idea_models,
)
from moa.providers.scripted import Fail, Hang, ScriptedModel, Step
from tests.moa.runs import follows, layer, plan, says
from tests.moa.virtual_time import virtual
from tests.models.replies import Reply, Request
from tests.models.server import ModelServer

TOPIC = "How can more people walk to work?"
NUMBER = re.compile(r"^\[(\d+)\] ", re.MULTILINE)
RESULT = "## Short list\n- **A bench**: people rest\n## Next steps\n- Buy one"


def _cost(_usage: Usage) -> float:
    return 0.01


def _proposer(name: str, ideas: Sequence[str] = ("A bench (p=0.1)", "A roof (p=0.2)")) -> Any:
    text = "\n".join(f"{n}. {idea}" for n, idea in enumerate(ideas, 1))
    return says(name, text, cost=_cost)


def _writer(prompt: Prompt, _sampling: Sampling) -> Iterable[Step]:
    """Group everything in the prompt, or write a result."""
    content = prompt.messages[-1].content
    if numbers := NUMBER.findall(content):
        return [
            json.dumps({"themes": [{"title": "All of it", "ideas": [[int(n)] for n in numbers]}]})
        ]
    return [RESULT]


def _plan(*proposers: ScriptedModel) -> Plan:
    return plan(layer(*proposers), by=follows("writer", _writer, cost=_cost))


async def _played(topic: str = TOPIC, **options: Any) -> list[BrainstormEvent]:
    async with aclosing(brainstorm(topic, **options)) as events:
        return [event async for event in events]


@virtual
async def test_a_brainstorm_yields_ideas_themes_and_the_result() -> None:
    """People's words come first, unchanged; every call has a cost, and the result has sections."""
    people = ["  Walk with a  dog!", "", Idea("own", "Bring\na friend", "person:U1")]
    events = await _played(
        plan=_plan(_proposer("a"), _proposer("b", ["A fountain"])), ideas=people, calls=2, seed=1
    )
    assert [type(event) for event in events[:3]] == [IdeasDrawn, IdeasDrawn, Grouped]
    assert any(isinstance(event, Delta) for event in events)
    last = events[-1]
    assert isinstance(last, BrainstormFinished)
    found = last.brainstorm
    assert [(idea.id, idea.text, idea.author) for idea in found.ideas] == [
        ("p1", "  Walk with a  dog!", "person:"),
        ("own", "Bring\na friend", "person:U1"),
        ("m1.1", "A bench", "model:a"),
        ("m1.2", "A roof", "model:a"),
        ("m2.1", "A fountain", "model:b"),
    ]
    assert found.grouping.by == "model"
    assert found.result is not None
    assert found.result.short_list[0].idea == "A bench"
    assert len(found.calls) == 2 + 1 + 3
    assert found.cost_usd == pytest.approx(0.06)


@virtual
async def test_without_a_result_nothing_more_is_called() -> None:
    """`result=False` ends after the themes."""
    proposer = _proposer("a")
    events = await _played(plan=_plan(proposer), calls=3, result=False)
    assert proposer.calls == 3
    last = events[-1]
    assert isinstance(last, BrainstormFinished)
    assert last.brainstorm.result is None
    assert len(last.brainstorm.calls) == 4


@virtual
async def test_personas_for_the_topic_are_chosen_on_request() -> None:
    """One more call chooses them, and is in the cost; the ideas use these personas."""

    def script(prompt: Prompt, _sampling: Sampling) -> Iterable[Step]:
        asked_for_people = "such people" in prompt.messages[-1].content
        return ["1. a postman\n2. a guard" if asked_for_people else f"1. Ideas of {prompt.system}"]

    events = await _played(
        plan=_plan(follows("a", script, cost=_cost)), calls=2, fit_personas=True, result=False
    )
    people = {event.persona for event in events if isinstance(event, IdeasDrawn)}
    assert people == {"a postman", "a guard"}
    last = events[-1]
    assert isinstance(last, BrainstormFinished)
    assert len(last.brainstorm.calls) == 1 + 2 + 1


@pytest.mark.parametrize("steps", [(Fail(Rejected()),), (Hang(),), ("I'd rather not.",)])
@virtual
async def test_if_all_models_fail_peoples_ideas_are_grouped(steps: Sequence[Any]) -> None:
    """Their ideas are grouped by words, without a result."""
    failing = plan(layer(says("a", *steps), says("b", *steps)), by=says("w", Fail(Rejected())))
    people = ["A light bench", "A heavy bench", "A dog"]
    events = await _played(plan=failing, ideas=people, calls=2)
    last = events[-1]
    assert isinstance(last, BrainstormFinished)
    assert [idea.text for idea in last.brainstorm.ideas] == people
    assert last.brainstorm.grouping.by == "words"
    if steps != ("I'd rather not.",):
        assert sum(isinstance(event, DrawFailed) for event in events) == 2
        assert last.brainstorm.result is None


@virtual
async def test_if_there_are_no_ideas_the_causes_are_listed() -> None:
    """If no model answers and nobody adds an idea, the run raises the usual error."""
    with pytest.raises(NotEnoughAnswers) as caught:
        await _played(plan=_plan(says("a", Fail(Rejected()))), calls=2)
    assert {answer.error_kind for answer in caught.value.answers} == {"rejected"}


@virtual
async def test_answers_without_ideas_are_no_error() -> None:
    """The models answered, but without ideas: there are no themes and no result."""
    events = await _played(plan=_plan(says("a", "I cannot say.")), calls=2)
    last = events[-1]
    assert isinstance(last, BrainstormFinished)
    assert (last.brainstorm.ideas, last.brainstorm.grouping.themes) == ((), ())
    assert last.brainstorm.result is None


@virtual
async def test_closing_a_brainstorm_stops_every_call() -> None:
    """No call outlives the generator, whatever phase it is in."""
    slow = says("slow", Hang())
    async with aclosing(brainstorm(TOPIC, plan=_plan(_proposer("a"), slow), calls=2)) as events:
        async for _ in events:
            break
    assert slow.running == 0
    hanging = plan(layer(_proposer("a")), by=says("w", Hang()))
    async with aclosing(brainstorm(TOPIC, plan=hanging, calls=1)) as events:
        async for event in events:
            if isinstance(event, Grouped):
                break
    assert [model for model in hanging.aggregators if getattr(model, "running", 0)] == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"models": "openai"},
        {"models": [], "calls": 1},
        {"models": "x", "plan": _plan(says("a"))},
    ],
)
async def test_impossible_arguments_are_rejected_before_any_call(options: dict[str, Any]) -> None:
    """These are missing or duplicate models, and an empty topic."""
    with pytest.raises(PipelineError):
        await _played(**options)
    with pytest.raises(PipelineError, match="topic is empty"):
        await _played(" ", plan=_plan(says("a")))


def test_the_models_of_the_first_layer_collect_ideas() -> None:
    """Each is used once; without layers, the first aggregator is used."""
    one, two = says("one"), says("two")
    assert idea_models(plan(layer(one, two, one), by=two)) == [one, two]
    assert idea_models(plan(by=[one, two])) == [one]


async def test_models_can_be_named_as_in_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP, it works with a server that speaks both APIs; all connections are closed."""

    def reply(request: Request) -> str:
        content = request.turns[-1][1]
        if numbers := NUMBER.findall(content):
            return json.dumps({"themes": [{"title": "All", "ideas": [[int(n)] for n in numbers]}]})
        return RESULT if "result of this brainstorm" in content else "1. A bench\n2. A roof"

    async with ModelServer(default=Reply(reply)) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.anthropic_url)
        events = await _played(models=["openai:gpt", "anthropic:claude"], calls=4)
        await server.all_closed()
    last = events[-1]
    assert isinstance(last, BrainstormFinished)
    assert len(last.brainstorm.ideas) == 8
    assert last.brainstorm.grouping.by == "model"
    assert last.brainstorm.result is not None
    (theme,) = last.brainstorm.grouping.themes
    assert [len(group.idea_ids) for group in theme.groups] == [4, 4]
