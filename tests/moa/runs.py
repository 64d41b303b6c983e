"""Runs questions through plans of scripted models, for the engine's tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from moa import (
    Answer,
    Answered,
    Call,
    Delta,
    Event,
    Failed,
    Finished,
    Layer,
    LayerClosed,
    Model,
    Outcome,
    Plan,
    Profile,
    Prompt,
    Retried,
    Seat,
    run,
)
from moa.providers.scripted import Script, ScriptedModel, Wait

QUESTION = Prompt.of("Why is the sky blue?")
SEED = 7


def says(name: str, *steps: Any, **profile: Any) -> ScriptedModel:
    """Return a model that follows these steps, or answers at once."""
    return ScriptedModel(Profile(name, **profile), steps or (f"The answer of {name}.",))


def slow(name: str, seconds: float, **profile: Any) -> ScriptedModel:
    """Return a model whose complete answer takes this many seconds."""
    return says(name, Wait(seconds), f"The answer of {name}.", **profile)


def follows(name: str, script: Script, **profile: Any) -> ScriptedModel:
    """Return a model whose script depends on its prompt."""
    return ScriptedModel(Profile(name, **profile), script)


def layer(*models: Model, required: Sequence[str] = (), **rules: Any) -> Layer:
    """Return a layer of these models; `rules` are fields of `Layer`."""
    return Layer(tuple(Seat(m, m.profile.name in required) for m in models), **rules)


def plan(*layers: Layer, by: Model | Sequence[Model], **rules: Any) -> Plan:
    """Return a plan of these layers with one aggregator or several."""
    aggregators = tuple(by) if isinstance(by, Sequence) else (by,)
    return replace(Plan(layers, aggregators), **rules)


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Played:
    """All events of a finished run."""

    events: Sequence[Event]

    @property
    def outcome(self) -> Outcome:
        last = self.events[-1]
        assert isinstance(last, Finished)
        return last.outcome

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def text(self) -> str:
        """Return the streamed reply."""
        return "".join(delta.text for delta in self.of(Delta))

    def read_models(self, number: int = 1) -> set[str]:
        """Return the models whose answers a layer passed on."""
        closed = next(e for e in self.of(LayerClosed) if e.layer == number)
        return {answer.model for answer in closed.answers}

    def answer(self, model: str) -> Answer:
        """Return a proposer's final answer."""
        return next(a for a in self.outcome.answers if a.model == model)

    @property
    def lines(self) -> list[Call]:
        """Return the calls, in the order in which events reported them."""
        return [e.call for e in self.events if isinstance(e, Answered | Failed | Retried)]

    def calls(self, model: str) -> list[Call]:
        """Return one model's calls, in the order in which they ended."""
        return [call for call in self.outcome.calls if call.model == model]


async def play(
    plan: Plan, thread: Prompt = QUESTION, *, seed: int = SEED, recorded: Sequence[Answer] = ()
) -> Played:
    """Run a question to the end."""
    async with aclosing(run(plan, thread, seed=seed, recorded=recorded)) as stream:
        return Played([event async for event in stream])


def clock() -> float:
    """Return the running loop's time in seconds."""
    return asyncio.get_running_loop().time()
