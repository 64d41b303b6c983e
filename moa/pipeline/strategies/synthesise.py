"""Aggregate-and-synthesise, the strategy of Mixture of Agents (Wang et al. 2024, arXiv 2406.04692).

Models write better answers when they see other models' answers, even weaker ones. The aggregator
combines the answers instead of picking one.
"""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext, build_prompt
from moa.types import Prompt


def synthesise(context: PromptContext) -> Prompt:
    """Show the previous layer's answers; ask for a better answer, or for the reply."""
    return build_prompt(context, prompts.AGGREGATOR if context.final else prompts.REFINER)
