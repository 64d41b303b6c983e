"""Many samples through a small context: a window slides over them and folds them into one answer.

After Self-MoA-Seq (Li et al. 2025, arXiv 2502.00674), where the window always holds the synthesis
so far and the next samples. No prompt holds more than `WINDOW` answers, however many were given.
"""

from __future__ import annotations

import math
from types import MappingProxyType

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext, lay_out
from moa.pipeline.strategies.strategy_spec import StrategySpec, Task
from moa.types import Prompt

WINDOW = 4
"""Answers of one prompt: the combination so far and three more. Four answers of 800 tokens leave
half of an 8,000-token window to the thread and the reply."""

COMBINED = MappingProxyType({f"{prompts.COMBINATION}1": prompts.COMBINED})


def folds(_layers: int, samples: int) -> int:
    """How many windows of so many samples are folded before the one that the aggregator reads."""
    return max(math.ceil((samples - 1) / (WINDOW - 1)) - 1, 0)


def fold(brief: PromptContext) -> Prompt:
    """The thread and the first window of answers, to be combined into one."""
    return lay_out(brief, prompts.FOLDER, remarks=COMBINED)


def conclude(brief: PromptContext) -> Prompt:
    """The thread and the last window of answers, from which the reply is written."""
    return lay_out(brief, prompts.AGGREGATOR, remarks=COMBINED)


SEQUENTIAL = StrategySpec(
    final=conclude,
    extra=Task(fold, "combination", least=WINDOW + 1, window=WINDOW),
    rounds=folds,
)
"""Folds by the first aggregator, as many as the samples need; those not needed are passed over."""
