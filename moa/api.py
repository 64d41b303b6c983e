"""The entry points: `ask` returns a run's outcome, and `run` yields its events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import overload

from moa import engine
from moa.arguments import (
    require,
    require_function,
    require_list,
    require_question,
    require_seed,
)
from moa.environment import lookup_in
from moa.errors import PipelineError
from moa.events import Event, Finished
from moa.pipeline.plan import Plan
from moa.pipeline.strategies import Strategy, StrategySpec
from moa.ports import Model
from moa.types import Answer, Call, Outcome, Prompt

Question = str | Prompt
Models = str | Model | Sequence[str | Model]
AnyStrategy = str | Strategy | StrategySpec

NEEDS_MODELS = 'Name the models: moa.ask("…", models=["openai:MODEL"]). Or give a plan.'
EITHER = "A plan has its models, aggregator and strategy: give a plan or models, not both."
NEEDS_QUESTION = 'Give one question and one plan: moa.ask(plan, "…") or moa.ask("…", plan=plan).'


@overload
async def ask(
    question: Question,
    *,
    models: Models,
    aggregator: Models | None = None,
    strategy: AnyStrategy = "synthesise",
    seed: int | None = None,
) -> Outcome: ...
@overload
async def ask(plan: Plan, question: Question, /, *, seed: int | None = None) -> Outcome: ...
@overload
async def ask(question: Question, *, plan: Plan, seed: int | None = None) -> Outcome: ...
async def ask(
    question: Question | Plan,
    of_plan: Question | None = None,
    *,
    plan: Plan | None = None,
    models: Models | None = None,
    aggregator: Models | None = None,
    strategy: AnyStrategy = "synthesise",
    seed: int | None = None,
) -> Outcome:
    """Ask several models, or a plan, and return the outcome.

        outcome = await moa.ask("Why is the sky blue?", models=["openai:…", "anthropic:…"])
        outcome = await moa.ask(plan, "Why is the sky blue?")

    Takes the same arguments as `run`.

    Raises:
        PipelineError: a model or an argument can't be used; found before any call.
        NotEnoughAnswers: no model answered. If a Model of your own raised an exception that isn't
            a ModelError, that exception is its `__cause__`.
    """
    asked = _asked(question, of_plan, plan)
    stream = _events(*asked, models=models, aggregator=aggregator, strategy=strategy, seed=seed)
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, Finished):
                return event.outcome
    raise AssertionError("a run ends with Finished, or raises")


@overload
def run(
    question: Question,
    *,
    models: Models,
    aggregator: Models | None = None,
    strategy: AnyStrategy = "synthesise",
    seed: int | None = None,
) -> AsyncGenerator[Event, None]: ...
@overload
def run(
    plan: Plan,
    question: Question,
    /,
    *,
    seed: int | None = None,
    recorded: Sequence[Answer] = (),
    on_stopped: Callable[[Call], object] | None = None,
) -> AsyncGenerator[Event, None]: ...
@overload
def run(
    question: Question,
    *,
    plan: Plan,
    seed: int | None = None,
    recorded: Sequence[Answer] = (),
    on_stopped: Callable[[Call], object] | None = None,
) -> AsyncGenerator[Event, None]: ...
def run(
    question: Question | Plan,
    of_plan: Question | None = None,
    *,
    plan: Plan | None = None,
    models: Models | None = None,
    aggregator: Models | None = None,
    strategy: AnyStrategy = "synthesise",
    seed: int | None = None,
    recorded: Sequence[Answer] = (),
    on_stopped: Callable[[Call], object] | None = None,
) -> AsyncGenerator[Event, None]:
    """Ask several models, or a plan, and yield the run's events; the last one is `Finished`.

        async for event in moa.run("Why is the sky blue?", models=["openai:…", "anthropic:…"]):
            if isinstance(event, moa.Delta):
                print(event.text, end="")

    Close the generator (`contextlib.aclosing`) to cancel the run: it stops every call and closes
    the connections that it opened.

    Args:
        question: a string, or a Prompt whose last turn is the user's.
        of_plan: the question, if the first argument is a plan.
        plan: the plan to ask, instead of `models`, `aggregator` and `strategy`.
        models: the proposers, one or a list. Each is "provider:model" or a Model. A string's key
            and address come from the environment (`OPENAI_API_KEY`, `OPENAI_BASE_URL`,
            `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`).
        aggregator: who writes the reply; with a list, the next one is tried if one fails. By
            default the first of `models`.
        strategy: a name in `moa.STRATEGIES`, or a strategy of your own.
        seed: determines labels and order. Keep it secret from anyone who can write into the
            question. By default it is random.
        recorded: answers of an earlier run with the same plan, question and seed. Complete ones
            are reused.
        on_stopped: called with each call that no event reported, if the run is closed early.

    Raises:
        PipelineError: a model or an argument can't be used; found before any call.
        NotEnoughAnswers: no model answered.
    """
    return _events(
        *_asked(question, of_plan, plan),
        models=models,
        aggregator=aggregator,
        strategy=strategy,
        seed=seed,
        recorded=recorded,
        on_stopped=on_stopped,
    )


def _asked(
    first: Question | Plan, second: Question | None, plan: Plan | None
) -> tuple[Question, Plan | None]:
    """Return the question and the plan, in whichever order they were given.

    Raises:
        PipelineError: there is no question, or there are two plans or two questions.
    """
    if isinstance(first, Plan):
        if second is None or plan is not None:
            raise PipelineError(NEEDS_QUESTION)
        return second, first
    if second is not None:
        raise PipelineError(NEEDS_QUESTION)
    return first, plan


def _events(
    question: Question,
    plan: Plan | None,
    *,
    models: Models | None,
    aggregator: Models | None,
    strategy: AnyStrategy,
    seed: int | None,
    recorded: Sequence[Answer] = (),
    on_stopped: Callable[[Call], object] | None = None,
) -> AsyncGenerator[Event, None]:
    require_question("question", question)
    require_seed(seed)
    require_list("recorded", recorded, Answer, "a moa.Answer")
    require_function("on_stopped", on_stopped)
    if plan is not None:
        require("plan", plan, Plan, "a moa.Plan")
        if models is not None or aggregator is not None or strategy != "synthesise":
            raise PipelineError(EITHER)
        return engine.run(plan, question, seed=seed, recorded=recorded, on_stopped=on_stopped)
    if models is None:
        raise PipelineError(NEEDS_MODELS)
    if not callable(strategy):
        require("strategy", strategy, (str, StrategySpec), "a name in moa.STRATEGIES or a strategy")
    return _run_models(question, models, aggregator, strategy, seed)


async def _run_models(
    question: Question,
    models: Models,
    aggregator: Models | None,
    strategy: AnyStrategy,
    seed: int | None,
) -> AsyncGenerator[Event, None]:
    """Run one question with separate connections, which are closed at the end."""
    from moa.model_refs import ModelResolver  # noqa: PLC0415 - `import moa` stays cheap
    from moa.providers import Endpoints  # noqa: PLC0415 - as above

    async with Endpoints() as endpoints:
        resolver = ModelResolver(endpoints, lookup_in())
        plan = resolver.plan(models, aggregator, strategy)
        await resolver.prepare()
        async with aclosing(engine.run(plan, question, seed=seed)) as events:
            async for event in events:
                yield event
