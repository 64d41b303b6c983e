"""A round of debate: each model sees the others' answers and revises its own.

After multiagent debate (Du et al. 2023, arXiv 2305.14325). There all take over a majority's view
in time, right or wrong: here the reasons are asked for, and the moderator is warned of conformity.
"""

from __future__ import annotations

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext, lay_out
from moa.pipeline.strategies.strategy_spec import StrategySpec, Task
from moa.types import Prompt


def revise(brief: PromptContext) -> Prompt:
    """The thread and the answers, the asked model's own among them and marked so."""
    remarks = {brief.own: prompts.OWN} if brief.own else {}
    return lay_out(brief, prompts.DEBATER, remarks=remarks)


def moderate(brief: PromptContext) -> Prompt:
    """The thread and the revised answers, from which the reply is written."""
    return lay_out(brief, prompts.AGGREGATOR, prompts.MODERATOR)


def _unless_listed(layers: int, _samples: int) -> int:
    return 1 if layers == 1 else 0


DEBATE = StrategySpec(
    refine=revise, final=moderate, extra=Task(revise, least=2), rounds=_unless_listed
)
"""One round by the same proposers; a pipeline that lists several layers says itself how many."""
