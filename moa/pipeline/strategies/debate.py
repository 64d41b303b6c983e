"""A round of debate: each model sees the others' answers and revises its own.

Based on multiagent debate (Du et al. 2023, arXiv 2305.14325). In plain debate, models drift to the
majority's view, right or wrong. So these prompts ask for reasons and warn the moderator about it.
"""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext, build_prompt
from moa.pipeline.strategies.strategy_spec import StrategySpec, Task
from moa.types import Prompt


def revise(context: PromptContext) -> Prompt:
    """Show the answers, with the model's own marked as such."""
    remarks = {context.own_label: prompts.OWN_REMARK} if context.own_label else {}
    return build_prompt(context, prompts.DEBATER, remarks=remarks)


def moderate(context: PromptContext) -> Prompt:
    """Ask for the reply, based on the revised answers."""
    return build_prompt(context, prompts.AGGREGATOR, prompts.MODERATOR)


def _once_for_one_layer(layers: int, _samples: int) -> int:
    return 1 if layers == 1 else 0


DEBATE = StrategySpec(
    refine=revise, final=moderate, extra=Task(revise, min_answers=2), rounds=_once_for_one_layer
)
"""Adds one round with the same proposers, unless the pipeline lists several layers itself."""
