"""Ask without showing anything of other models: the first layer, and an aggregator alone."""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext
from moa.types import Prompt


def direct(brief: PromptContext) -> Prompt:
    """The thread as it is, with the words for a proposer or for a model that answers alone."""
    return prompts.with_system(brief.thread, prompts.ALONE if brief.final else prompts.PROPOSER)
