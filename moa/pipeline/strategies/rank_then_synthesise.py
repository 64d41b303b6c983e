"""Anonymous peer ranking, then a chairman: the course of llm-council (karpathy/llm-council, 2025).

The proposers judge one another's answers without knowing the authors; the chairman writes the
reply from the answers and from what was said of them. Other than there, a model's place for its
own answer is not counted when the rankings are pooled, and the chairman reads no names.
"""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.ballots import pooled
from moa.pipeline.strategies.prompt_context import PromptContext, lay_out
from moa.pipeline.strategies.strategy_spec import StrategySpec, Task
from moa.types import Prompt


def rank(brief: PromptContext) -> Prompt:
    """The thread and the answers, to be judged and put in an order."""
    return lay_out(brief, prompts.RANKER)


def chairman(brief: PromptContext) -> Prompt:
    """The thread, the answers, the rankings, and the order that these make together."""
    if not brief.rankings:
        return lay_out(brief, prompts.AGGREGATOR)
    order = pooled(brief.rankings, brief.answers)
    said = prompts.POOLED.format(order=", ".join(order)) if order else ""
    return lay_out(brief, prompts.AGGREGATOR, prompts.CHAIRMAN, said)


def _once(_layers: int, _samples: int) -> int:
    return 1


RANK_THEN_SYNTHESISE = StrategySpec(
    final=chairman, extra=Task(rank, "rankings", least=2), rounds=_once
)
"""One ranking by the last layer's proposers; passed over where fewer than two answers came."""
