"""The strategies by name, each a set of pure functions from a context to a prompt.

A strategy decides what every layer after the first is shown, and the aggregator. Its name refers
to a `StrategySpec`: synthesis is direct → synthesise, a council direct → rank → chairman, a debate
direct → revise → moderate. To add a strategy, write a file here that ends in a `StrategySpec`, and
add it to `STRATEGIES`. The engine does not change.

Why functions and not objects: a `StrategySpec` only says which function builds which layer's prompt
and what becomes of the layer's texts (`Task`). The engine reads the task and never a strategy's
name.
With a method for each layer, every strategy would contain part of the engine, and its prompts
could not be tested without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moa.errors import PipelineError
from moa.pipeline.strategies.ballots import borda_scores, find_own_label
from moa.pipeline.strategies.brief import brief
from moa.pipeline.strategies.debate import DEBATE
from moa.pipeline.strategies.direct import direct
from moa.pipeline.strategies.prompt_context import PromptContext, Strategy, build_prompt
from moa.pipeline.strategies.rank_then_synthesise import RANK_THEN_SYNTHESISE
from moa.pipeline.strategies.select import SELECT
from moa.pipeline.strategies.sequential import SEQUENTIAL
from moa.pipeline.strategies.strategy_spec import StrategySpec, Task
from moa.pipeline.strategies.synthesise import synthesise
from moa.pipeline.strict_model import nearest

STRATEGIES: Mapping[str, StrategySpec] = MappingProxyType(
    {
        "synthesise": StrategySpec(),
        "rank_then_synthesise": RANK_THEN_SYNTHESISE,
        "select": SELECT,
        "debate": DEBATE,
        "sequential": SEQUENTIAL,
    }
)
"""The names allowed in a pipeline's `strategy = "…"`."""


def strategy_named(name: str) -> StrategySpec:
    """Return the strategy with this name.

    Raises:
        PipelineError: there is no such strategy; the message lists all names.
    """
    if name not in STRATEGIES:
        raise PipelineError(f'there is no strategy "{name}". {nearest(name, STRATEGIES)}')
    return STRATEGIES[name]


__all__ = [
    "STRATEGIES",
    "PromptContext",
    "Strategy",
    "StrategySpec",
    "Task",
    "borda_scores",
    "brief",
    "build_prompt",
    "direct",
    "find_own_label",
    "strategy_named",
    "synthesise",
]
