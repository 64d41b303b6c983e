"""Computes the maximum cost of a brainstorm's models, to show before it starts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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
from moa.types import Prompt, Role, Usage

INSTRUCTION_TOKENS: Final = 600
"""More tokens than the instructions in any prompt of a brainstorm or a pipeline have."""

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
    require_models("models", models)
    require_models("groupers", groupers)
    if not models:
        raise PipelineError("Name at least one model to draw ideas from.")
    check_counts(calls, ideas_per_call)
    require_text("material", material)
    parts = [_drawing(checked_topic(topic), models, material, calls, ideas_per_call)]
    most = calls * ideas_per_call + people_ideas
    parts += [_grouping(model, most) for model in (groupers or models)[:MAX_MODELS]]
    if fit_personas:
        read = INSTRUCTION_TOKENS + TOPIC_TOKENS + min(count_tokens(material), MATERIAL_TOKENS)
        parts.append(_call(_task(models[0], PERSONAS_LAYER, "proposer", PERSONAS_TOKENS), read))
    if result_plan:
        read = RESULT_TOKENS + TOPIC_TOKENS + min(count_tokens(material), MATERIAL_TOKENS)
        parts.append(_run(result_plan, read + INSTRUCTION_TOKENS))
    return _total(parts)


def _drawing(
    topic: str, models: Sequence[Model], material: str, calls: int, ideas_per_call: int
) -> float | None:
    prompt = drawing_prompt(topic, material, persona="", count=ideas_per_call, nonce=NONCE)
    read, written = prompt_tokens(prompt) + PERSONA_TOKENS, output_tokens(ideas_per_call)
    return _total(
        _call(_task(models[(n - 1) % len(models)], IDEAS_LAYER, "proposer", written), read)
        for n in range(1, calls + 1)
    )


def _grouping(model: Model, ideas: int) -> float | None:
    """Return the maximum cost of all batches and their merge with one model."""
    batches = math.ceil(ideas / MAX_BATCH_IDEAS) + 1
    read = ideas * IDEA_TOKENS + batches * (INSTRUCTION_TOKENS + TOPIC_TOKENS)
    written = OUTPUT_TOKENS + OUTPUT_TOKENS_PER_IDEA * MAX_BATCH_IDEAS
    task = _task(model, GROUPING_LAYER, "analyst", written)
    return _total([_call(task, math.ceil(read / batches))] * batches)


def _run(plan: Plan, read: int) -> float | None:
    """Return the maximum cost of a run that reads this many tokens besides its answers."""
    costs: list[float | None] = []
    answers = 0
    for layer in plan.layers:
        profiles = [seat.model.profile for seat in layer.seats]
        costs += [_price(p, read + answers, output_cap(p, "proposer")) for p in profiles]
        answers = sum(output_cap(p, "proposer") or MAX_OUTPUT_RESERVE for p in profiles)
    last: list[tuple[Model | None, Role]] = [(m, "aggregator") for m in plan.aggregators]
    last.append((plan.analyst, "analyst"))
    costs += [_price(m.profile, read + answers, output_cap(m.profile, r)) for m, r in last if m]
    return _total(costs)


def _task(model: Model, layer: int, role: Role, written: int) -> CallTask:
    return CallTask(model, Prompt(()), layer, 1, role=role, output_tokens=written)


def _call(task: CallTask, read: int) -> float | None:
    own = task.profile(task.model)
    return _price(own, read, output_cap(own, task.role))


def _price(profile: Profile, read: int, written: int | None) -> float | None:
    """Return the maximum cost of one answer, including repeated calls and the hedge."""
    tokens = (MAX_OUTPUT_RESERVE if written is None else written) + profile.reasoning_tokens
    usage = Usage(min(read, profile.context_window), tokens)
    alternate = profile.hedge.model.profile if profile.hedge else None
    costs = [profile.cost(usage)] * max(profile.max_attempts, 1)
    return _total([*costs, alternate.cost(usage)] if alternate else costs)


def _total(costs: Iterable[float | None]) -> float | None:
    """Return the sum; None if any of them is unknown."""
    total = 0.0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total
