"""Computes the usual and the maximum cost of a brainstorm's models, to show before it starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from moa.arguments import require_models, require_text
from moa.brainstorm.batches import IDEA_TOKENS, MAX_BATCH_IDEAS
from moa.brainstorm.draw import (
    DEFAULT_CALLS,
    DEFAULT_IDEAS_PER_CALL,
    IDEAS_LAYER,
    PERSONA_TOKENS,
    check_counts,
    drawing_prompt,
    output_tokens,
)
from moa.brainstorm.group import (
    GROUPING_LAYER,
    MAX_MODELS,
    OUTPUT_TOKENS,
    OUTPUT_TOKENS_PER_IDEA,
)
from moa.brainstorm.material import MATERIAL_TOKENS, TOPIC_TOKENS, checked_topic
from moa.brainstorm.personas import OUTPUT_TOKENS as PERSONAS_TOKENS
from moa.brainstorm.personas import PERSONAS_LAYER
from moa.brainstorm.result import RESULT_TOKENS
from moa.engine.model_request import MAX_OUTPUT_RESERVE, output_cap
from moa.engine.separate_calls import CallTask
from moa.errors import PipelineError
from moa.pipeline.plan import Plan
from moa.pipeline.token_budget import count_tokens, prompt_tokens
from moa.ports import Model, Profile
from moa.types import Prompt, Role, Usage, total_cost

INSTRUCTION_TOKENS: Final = 600
"""More tokens than the instructions in any prompt of a brainstorm or a pipeline have."""

USUAL_THINKING: Final = 0.25
"""How much of its allowance a model usually thinks: an assumption, on the safe side."""

NONCE: Final = "0" * 16


def max_cost(
    topic: str,
    models: Sequence[Model],
    *,
    material: str = "",
    calls: int = DEFAULT_CALLS,
    ideas_per_call: int = DEFAULT_IDEAS_PER_CALL,
    people_ideas: int = 0,
    fit_personas: bool = False,
    groupers: Sequence[Model] = (),
    result_plan: Plan | None = None,
) -> float | None:
    """Return the maximum cost in US dollars; None if the price of any model is unknown.

    Assumes that every call reads its whole prompt, writes up to its limit, and is repeated as
    often as its model's `max_attempts` and hedge allow. For grouping, counts every model that may
    be tried.

    Args:
        topic: as for `draw_ideas`.
        models: as for `draw_ideas`.
        material: as for `draw_ideas`.
        calls: as for `draw_ideas`.
        ideas_per_call: as for `draw_ideas`.
        people_ideas: how many ideas people may add.
        fit_personas: whether `draw_personas` is used.
        groupers: the models for `group_ideas`; by default `models`.
        result_plan: the pipeline that writes the result; None if none is written.
    """
    parts = _Parts(topic, models, material, calls, ideas_per_call, people_ideas, fit_personas)
    return _cost(parts, groupers, result_plan, usual=False)


def usual_cost(
    topic: str,
    models: Sequence[Model],
    *,
    material: str = "",
    calls: int = DEFAULT_CALLS,
    ideas_per_call: int = DEFAULT_IDEAS_PER_CALL,
    people_ideas: int = 0,
    fit_personas: bool = False,
    groupers: Sequence[Model] = (),
    result_plan: Plan | None = None,
) -> float | None:
    """Return what a brainstorm without failures costs in US dollars; None if a price is unknown.

    Every call is made once and writes up to its limit, but thinks for only a quarter of its
    allowance (`USUAL_THINKING`). The first grouper and the first aggregator do their part.

    Args:
        topic: as for `max_cost`.
        models: as for `max_cost`.
        material: as for `max_cost`.
        calls: as for `max_cost`.
        ideas_per_call: as for `max_cost`.
        people_ideas: as for `max_cost`.
        fit_personas: as for `max_cost`.
        groupers: as for `max_cost`.
        result_plan: as for `max_cost`.
    """
    parts = _Parts(topic, models, material, calls, ideas_per_call, people_ideas, fit_personas)
    return _cost(parts, groupers, result_plan, usual=True)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the models' part consists of, besides grouping and the result."""

    topic: str
    models: Sequence[Model]
    material: str
    calls: int
    ideas_per_call: int
    people_ideas: int
    fit_personas: bool

    def check(self) -> None:
        require_models("models", self.models)
        if not self.models:
            raise PipelineError("Name at least one model to draw ideas from.")
        check_counts(self.calls, self.ideas_per_call)
        require_text("material", self.material)


def _cost(
    parts: _Parts, groupers: Sequence[Model], result_plan: Plan | None, *, usual: bool
) -> float | None:
    parts.check()
    require_models("groupers", groupers)
    material = min(count_tokens(parts.material), MATERIAL_TOKENS)
    costs = [_drawing(parts, usual=usual)]
    most = parts.calls * parts.ideas_per_call + parts.people_ideas
    grouping = (groupers or parts.models)[: 1 if usual else MAX_MODELS]
    costs += [_grouping(model, most, usual=usual) for model in grouping]
    if parts.fit_personas:
        read = INSTRUCTION_TOKENS + TOPIC_TOKENS + material
        task = _task(parts.models[0], PERSONAS_LAYER, "proposer", PERSONAS_TOKENS)
        costs.append(_call(task, read, usual=usual))
    if result_plan:
        read = RESULT_TOKENS + TOPIC_TOKENS + material + INSTRUCTION_TOKENS
        costs.append(_run(result_plan, read, usual=usual))
    return total_cost(costs)


def _drawing(parts: _Parts, *, usual: bool) -> float | None:
    count, models = parts.ideas_per_call, parts.models
    topic = checked_topic(parts.topic)
    prompt = drawing_prompt(topic, parts.material, persona="", count=count, nonce=NONCE)
    read, written = prompt_tokens(prompt) + PERSONA_TOKENS, output_tokens(count)
    return total_cost(
        _call(_task(models[n % len(models)], IDEAS_LAYER, "proposer", written), read, usual=usual)
        for n in range(parts.calls)
    )


def _grouping(model: Model, ideas: int, *, usual: bool) -> float | None:
    """Return the cost of all batches and their merge with one model."""
    batches = math.ceil(ideas / MAX_BATCH_IDEAS) + 1
    read = ideas * IDEA_TOKENS + batches * (INSTRUCTION_TOKENS + TOPIC_TOKENS)
    written = OUTPUT_TOKENS + OUTPUT_TOKENS_PER_IDEA * MAX_BATCH_IDEAS
    task = _task(model, GROUPING_LAYER, "analyst", written)
    return total_cost([_call(task, math.ceil(read / batches), usual=usual)] * batches)


def _run(plan: Plan, read: int, *, usual: bool) -> float | None:
    """Return the cost of a run that reads this many tokens besides its answers."""
    calls: list[tuple[Profile, Role, int]] = []
    answers = 0
    for layer in plan.layers:
        profiles = [seat.model.profile for seat in layer.seats]
        calls.extend((profile, "proposer", read + answers) for profile in profiles)
        answers = sum(output_cap(p, "proposer") or MAX_OUTPUT_RESERVE for p in profiles)
    writers = plan.aggregators[:1] if usual else plan.aggregators
    calls.extend((model.profile, "aggregator", read + answers) for model in writers)
    if plan.analyst:
        calls.append((plan.analyst.profile, "analyst", read + answers))
    return total_cost(_price(p, most, output_cap(p, role), usual=usual) for p, role, most in calls)


def _task(model: Model, layer: int, role: Role, written: int) -> CallTask:
    return CallTask(model, Prompt(()), layer, 1, role=role, output_tokens=written)


def _call(task: CallTask, read: int, *, usual: bool) -> float | None:
    own = task.profile(task.model)
    return _price(own, read, output_cap(own, task.role), usual=usual)


def _price(profile: Profile, read: int, written: int | None, *, usual: bool) -> float | None:
    """Return the cost of one answer. The maximum includes repeated calls and the hedge."""
    thoughts = int(profile.reasoning_tokens * (USUAL_THINKING if usual else 1))
    tokens = (MAX_OUTPUT_RESERVE if written is None else written) + thoughts
    usage = Usage(min(read, profile.context_window), tokens)
    if usual:
        return profile.cost(usage)
    alternate = profile.hedge.model.profile if profile.hedge else None
    costs = [profile.cost(usage)] * max(profile.max_attempts, 1)
    return total_cost([*costs, alternate.cost(usage)] if alternate else costs)
