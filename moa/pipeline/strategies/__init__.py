"""The strategies by name: one idea a file, as pure functions from a brief to the next prompt.

A strategy decides what the models of every layer after the first are shown, and the aggregator.
Its name stands for a `Recipe`: synthesis is direct → synthesise, a council direct → rank →
chairman, a debate direct → revise → moderate. To add one, write a file here that ends in a
recipe and name it in `STRATEGIES`; the engine does not change.

Two shapes were sketched. In the one taken a strategy stays a function, and a recipe only names
which function writes which layer and what a layer's texts become (`Task`): the engine asks a layer
for its task and knows no strategy. In the other a strategy was an object with methods for its
layers, for their prompts and for what follows from them; it could do more, but each strategy then
carried a part of the engine, and a prompt could not be tested without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moa.pipeline.strategies.ballots import own_label, points
from moa.pipeline.strategies.debate import DEBATE
from moa.pipeline.strategies.direct import direct
from moa.pipeline.strategies.prompt_context import PromptContext, Strategy, lay_out
from moa.pipeline.strategies.rank_then_synthesise import RANK_THEN_SYNTHESISE
from moa.pipeline.strategies.select import SELECT
from moa.pipeline.strategies.sequential import SEQUENTIAL
from moa.pipeline.strategies.strategy_spec import Brings, StrategySpec, Task
from moa.pipeline.strategies.synthesise import synthesise

STRATEGIES: Mapping[str, StrategySpec] = MappingProxyType(
    {
        "synthesise": StrategySpec(),
        "rank_then_synthesise": RANK_THEN_SYNTHESISE,
        "select": SELECT,
        "debate": DEBATE,
        "sequential": SEQUENTIAL,
    }
)
"""What `strategy = "…"` in a pipeline may name."""

__all__ = [
    "STRATEGIES",
    "Brings",
    "PromptContext",
    "Strategy",
    "StrategySpec",
    "Task",
    "direct",
    "lay_out",
    "own_label",
    "points",
    "synthesise",
]
