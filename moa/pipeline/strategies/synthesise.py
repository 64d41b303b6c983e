"""Aggregate-and-synthesise, the strategy of Mixture of Agents (Wang et al. 2024, arXiv 2406.04692).

Models write better answers when they can see other models' answers, even weaker ones; the
aggregator combines and does not merely pick.
"""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext, lay_out
from moa.types import Prompt


def synthesise(brief: PromptContext) -> Prompt:
    """The thread with the layer's answers at the end of its last user turn."""
    return lay_out(brief, prompts.AGGREGATOR if brief.final else prompts.REFINER)
