"""Runs a whole brainstorm and yields its events: ideas, themes and, if requested, the result."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from moa import engine
from moa.arguments import require, require_list, require_seed, require_text
from moa.brainstorm.draw import (
    DEFAULT_CALLS,
    DEFAULT_IDEAS_PER_CALL,
    DrawEvent,
    DrawFailed,
    IdeasDrawn,
    check_counts,
    draw_ideas,
)
from moa.brainstorm.group import group_ideas
from moa.brainstorm.material import checked_topic
from moa.brainstorm.personas import draw_personas
from moa.brainstorm.result import result_prompt
from moa.brainstorm.result_reply import parse_result
from moa.brainstorm.values import Brainstorm, Grouping, Idea
from moa.environment import lookup_in
from moa.errors import NotEnoughAnswers, PipelineError
from moa.events import Event, Finished
from moa.pipeline.plan import Plan
from moa.ports import Model
from moa.types import Answer, Call

MAX_PEOPLE: Final = 30
"""The most personas to ask a model for; with more calls, personas are used again."""

PERSON: Final = "person:"
NEEDS_MODELS: Final = 'Name the models: brainstorm("…", models=["openai:MODEL"]). Or give a plan.'
EITHER: Final = "Give a plan or models, not both."


@dataclass(frozen=True, slots=True)
class Grouped:
    """All ideas are grouped."""

    ideas: tuple[Idea, ...]
    grouping: Grouping


@dataclass(frozen=True, slots=True)
class BrainstormFinished:
    """The brainstorm is over; always the last event, unless it raises."""

    brainstorm: Brainstorm


BrainstormEvent = DrawEvent | Grouped | Event | BrainstormFinished
"""After `Grouped` come the events of the run that writes the result, if one is wanted."""


async def brainstorm(
    topic: str,
    *,
    models: str | Model | Sequence[str | Model] | None = None,
    plan: Plan | None = None,
    ideas: Sequence[str | Idea] = (),
    material: str = "",
    calls: int = DEFAULT_CALLS,
    ideas_per_call: int = DEFAULT_IDEAS_PER_CALL,
    fit_personas: bool = False,
    result: bool = True,
    seed: int | None = None,
) -> AsyncGenerator[BrainstormEvent, None]:
    """Brainstorm on a topic and yield events; the last one is `BrainstormFinished`.

    Close the generator (`contextlib.aclosing`) to stop every call.

    Args:
        topic: what the ideas are for.
        models: give the ideas, one or a list, as for `moa.ask`; the first one groups them.
        plan: instead of `models`: its first layer gives ideas, its aggregators group them, and all
            of it writes the result.
        ideas: people's own, in their words; they are grouped together with the models'.
        material: text to draw on, such as notes.
        calls: how many calls for ideas to make.
        ideas_per_call: how many ideas each of them is asked for.
        fit_personas: whether one more call first chooses ordinary people who fit the topic; by
            default they come from the built-in list.
        result: whether to have the result written, by all models.
        seed: decides personas and boundaries; None for a random one. Keep it secret from everyone
            who can add ideas.

    Raises:
        PipelineError: the topic is empty, or a model or an argument can't be used; found before
            any call.
        NotEnoughAnswers: no model answered, and there are no ideas of people either.
    """
    if (models is None) == (plan is None):
        raise PipelineError(NEEDS_MODELS if models is None else EITHER)
    checked_topic(topic)
    require_text("material", material)
    require_list("ideas", ideas, (str, Idea), "a string or an Idea")
    require_seed(seed)
    check_counts(calls, ideas_per_call)
    if plan is not None:
        require("plan", plan, Plan, "a moa.Plan")
    chosen = secrets.randbits(63) if seed is None else seed
    session = _Session(topic, material, _numbered(ideas), chosen, calls, ideas_per_call)
    async with _opened(models, plan) as asked:
        made = session.events(asked, fit_personas=fit_personas, result=result)
        async with aclosing(made) as events:
            async for event in events:
                yield event


@asynccontextmanager
async def _opened(
    models: str | Model | Sequence[str | Model] | None, plan: Plan | None
) -> AsyncGenerator[Plan, None]:
    """Open the plan, or one made of the models."""
    if plan is not None:
        yield plan
        return
    from moa.model_refs import ModelResolver  # noqa: PLC0415 - heavy, and a plan needs none
    from moa.providers import Endpoints  # noqa: PLC0415 - as above

    assert models is not None
    async with Endpoints() as endpoints:
        resolver = ModelResolver(endpoints, lookup_in())
        made = resolver.plan(models, None, "synthesise")
        await resolver.prepare()
        yield made


@dataclass(slots=True)
class _Session:
    """The state of one brainstorm."""

    topic: str
    material: str
    ideas: list[Idea]
    seed: int
    count: int
    ideas_per_call: int
    calls: list[Call] = field(default_factory=list[Call])
    failures: list[DrawFailed] = field(default_factory=list[DrawFailed])

    async def events(
        self, plan: Plan, *, fit_personas: bool, result: bool
    ) -> AsyncGenerator[BrainstormEvent, None]:
        drawn: dict[int, IdeasDrawn] = {}
        models = idea_models(plan)
        drawing = draw_ideas(
            self.topic,
            models,
            material=self.material,
            calls=self.count,
            ideas_per_call=self.ideas_per_call,
            personas=await self._people(models) if fit_personas else (),
            seed=self.seed,
        )
        async with aclosing(drawing) as drawings:
            async for event in drawings:
                self._note(event, drawn)
                yield event
        for position in sorted(drawn):
            self.ideas += ideas_of(drawn[position])
        if not self.ideas and self.failures and not drawn:
            raise NotEnoughAnswers([_failed_answer(failure) for failure in self.failures])
        grouping = await group_ideas(
            self.topic,
            self.ideas,
            models=plan.aggregators,
            seed=self.seed,
            on_call=self.calls.append,
        )
        yield Grouped(tuple(self.ideas), grouping)
        finished = Brainstorm(self.topic, tuple(self.ideas), grouping)
        if result and self.ideas:
            async with aclosing(self._written(plan, finished)) as written:
                async for event in written:
                    if isinstance(event, Brainstorm):
                        finished = event
                    else:
                        yield event
        yield BrainstormFinished(replace(finished, calls=tuple(self.calls)))

    async def _people(self, models: Sequence[Model]) -> tuple[str, ...]:
        return await draw_personas(
            self.topic,
            models,
            count=min(self.count, MAX_PEOPLE),
            seed=self.seed,
            material=self.material,
            on_call=self.calls.append,
        )

    def _note(self, event: DrawEvent, drawn: dict[int, IdeasDrawn]) -> None:
        self.calls.append(event.call)
        if isinstance(event, IdeasDrawn):
            drawn[event.position] = event
        elif isinstance(event, DrawFailed):
            self.failures.append(event)

    async def _written(
        self, plan: Plan, finished: Brainstorm
    ) -> AsyncGenerator[Event | Brainstorm, None]:
        """Yield the events of the run that writes the result, then the brainstorm with it."""
        prompt = result_prompt(
            self.topic,
            finished.grouping.themes,
            self.ideas,
            seed=self.seed,
            material=self.material,
        )
        try:
            async with aclosing(engine.run(plan, prompt, seed=self.seed)) as events:
                async for event in events:
                    yield event
                    if isinstance(event, Finished):
                        self.calls += event.outcome.calls
                        text = event.outcome.reply
                        found = parse_result(text, self.ideas, self.material)
                        yield replace(finished, result=found)
        except NotEnoughAnswers:
            return  # the ideas and their themes are still useful


def idea_models(plan: Plan) -> list[Model]:
    """Return the models of a plan that give ideas: the first layer's, each once."""
    seats = [seat.model for seat in plan.layers[0].seats] if plan.layers else []
    by_name = {model.profile.name: model for model in seats or plan.aggregators[:1]}
    return list(by_name.values())


def ideas_of(drawn: IdeasDrawn) -> list[Idea]:
    """Return a call's ideas with ids that are unique in a brainstorm."""
    return [
        Idea(f"m{drawn.position}.{n}", idea.text, f"model:{drawn.model}")
        for n, idea in enumerate(drawn.ideas, 1)
    ]


def _numbered(ideas: Sequence[str | Idea]) -> list[Idea]:
    """Return people's ideas with ids; blank ones are left out."""
    return [
        Idea(f"p{n}", idea, PERSON) if isinstance(idea, str) else idea
        for n, idea in enumerate(ideas, 1)
        if (idea if isinstance(idea, str) else idea.text).strip()
    ]


def _failed_answer(failure: DrawFailed) -> Answer:
    call = failure.call
    return Answer(
        failure.model,
        call.layer,
        failure.position,
        "failed",
        error=failure.error,
        error_kind=call.error_kind,
        usage=call.usage,
        cost_usd=call.cost_usd,
        reason=call.reason,
    )
