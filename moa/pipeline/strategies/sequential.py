"""Folds many samples into one answer with a sliding window, so that small contexts suffice.

Based on Self-MoA-Seq (Li et al. 2025, arXiv 2502.00674): the window holds the synthesis so far and
the next samples. No prompt holds more than `WINDOW` answers.
"""

from __future__ import annotations

import math
from types import MappingProxyType

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext, build_prompt
from moa.pipeline.strategies.strategy_spec import StrategySpec, Task
from moa.types import Prompt

WINDOW = 4
"""Answers in one prompt: the combination so far and three more. Four answers of 800 tokens leave
half of an 8,000-token window for the thread and the reply."""

REMARKS = MappingProxyType({f"{prompts.COMBINATION_PREFIX}1": prompts.COMBINED_REMARK})


def folds(_layers: int, samples: int) -> int:
    """Return how many windows to fold before the one the aggregator reads."""
    return max(math.ceil((samples - 1) / (WINDOW - 1)) - 1, 0)


def fold(context: PromptContext) -> Prompt:
    """Ask to combine the first window of answers into one."""
    return build_prompt(context, prompts.FOLDER, remarks=REMARKS)


def conclude(context: PromptContext) -> Prompt:
    """Ask for the reply, based on the last window of answers."""
    return build_prompt(context, prompts.AGGREGATOR, remarks=REMARKS)


SEQUENTIAL = StrategySpec(
    final=conclude,
    extra=Task(fold, "combination", min_answers=WINDOW + 1, window=WINDOW),
    rounds=folds,
)
"""The first aggregator folds as often as the samples need; surplus folds are skipped."""
