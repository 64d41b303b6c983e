"""The highest possible cost of the models' part, to say before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from moa.brainstorm.draw import DEFAULT_CALLS, DEFAULT_IDEAS_PER_CALL
from moa.pipeline.plan import Plan
from moa.ports import Model


def max_cost(
    topic: str,
    models: Sequence[Model],
    *,
    material: str = "",
    calls: int = DEFAULT_CALLS,
    ideas_per_call: int = DEFAULT_IDEAS_PER_CALL,
    people_ideas: int = 0,
    groupers: Sequence[Model] = (),
    result_plan: Plan | None = None,
) -> float | None:
    """Return the highest cost in US dollars; None if the price of any model is unknown.

    Every call is taken to read its whole prompt, to write up to its limit, and to be repeated as
    often as allowed.

    Args:
        topic, models, material, calls, ideas_per_call: as for `draw_ideas`.
        people_ideas: how many ideas people may add, of usual length.
        groupers: the models for `group_ideas`; by default `models`.
        result_plan: the pipeline that writes the result; None if none is written.
    """
    raise NotImplementedError
