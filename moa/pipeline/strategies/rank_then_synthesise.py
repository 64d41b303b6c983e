"""Anonymous peer ranking, then a chairman, as in llm-council (karpathy/llm-council, 2025).

The proposers judge one another's answers without knowing who wrote them. The chairman writes the
reply from the answers and the rankings. Unlike llm-council, a model's vote for its own answer does
not count, and the chairman sees no model names.
"""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.ballots import pooled_order
from moa.pipeline.strategies.prompt_context import PromptContext, build_prompt
from moa.pipeline.strategies.strategy_spec import StrategySpec, Task
from moa.types import Prompt


def rank(context: PromptContext) -> Prompt:
    """Ask to judge and rank the answers."""
    return build_prompt(context, prompts.RANKER)


def chairman(context: PromptContext) -> Prompt:
    """Ask for the reply, based on the answers, the rankings and their pooled order."""
    if not context.rankings:
        return build_prompt(context, prompts.AGGREGATOR)
    order = pooled_order(context.rankings, context.answers)
    pooled = prompts.POOLED.format(order=", ".join(order)) if order else ""
    return build_prompt(context, prompts.AGGREGATOR, prompts.CHAIRMAN, pooled)


def _once(_layers: int, _samples: int) -> int:
    return 1


RANK_THEN_SYNTHESISE = StrategySpec(
    final=chairman, extra=Task(rank, "rankings", min_answers=2), rounds=_once
)
"""Adds one ranking by the last layer's proposers; skipped with fewer than two answers."""
