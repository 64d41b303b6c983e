"""Ask without showing anything of other models: the first layer, and an aggregator alone."""

from __future__ import annotations

from moa import prompts
from moa.strategies.brief import Brief
from moa.types import Prompt


def direct(brief: Brief) -> Prompt:
    """The thread as it is, with the words for a proposer or for a model that answers alone."""
    return prompts.with_system(brief.thread, prompts.ALONE if brief.final else prompts.PROPOSER)
