"""Asks without showing other models' answers: the first layer, or an aggregator without any."""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext
from moa.types import Prompt


def direct(context: PromptContext) -> Prompt:
    """Return the thread with the instructions for a proposer or for a model that answers alone."""
    return prompts.with_system(context.thread, prompts.ALONE if context.final else prompts.PROPOSER)
