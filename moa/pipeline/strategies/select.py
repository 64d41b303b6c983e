"""Picks the best answer and repairs it.

Selection follows Universal Self-Consistency (Chen et al. 2023, arXiv 2311.17311), the repair
LLM-Blender's fusing step (Jiang et al. 2023, arXiv 2306.02561). On some tasks selection beat
synthesis, because one good line of thought stays whole.
"""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext, build_prompt
from moa.pipeline.strategies.strategy_spec import StrategySpec
from moa.types import Prompt


def select(context: PromptContext) -> Prompt:
    """Ask to choose one answer as the reply."""
    return build_prompt(context, prompts.SELECTOR)


SELECT = StrategySpec(final=select)
