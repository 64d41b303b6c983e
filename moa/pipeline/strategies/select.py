"""Pick the best answer and repair it.

After selection by a model among its peers' answers, as in Universal Self-Consistency (Chen et al.
2023, arXiv 2311.17311), with the repair that LLM-Blender's fusing step makes (Jiang et al. 2023,
arXiv 2306.02561). On some tasks selection beat synthesis: one good line of thought stays whole.
"""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext, lay_out
from moa.pipeline.strategies.strategy_spec import StrategySpec
from moa.types import Prompt


def select(brief: PromptContext) -> Prompt:
    """The thread and the answers, of which one is to become the reply."""
    return lay_out(brief, prompts.SELECTOR)


SELECT = StrategySpec(final=select)
