"""Defines a strategy: which function builds which prompt, and which layers it adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from moa.pipeline.strategies.prompt_context import Strategy
from moa.pipeline.strategies.synthesise import synthesise

LayerOutput = Literal["answers", "rankings", "combination"]
"""What a layer produces: answers that replace the previous ones, rankings of the previous ones, or
one answer that replaces the first `window` of them."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the models of a layer do.

    Attributes:
        strategy: builds their prompt; None for the plan's strategy.
        output: what their texts are. The first aggregator makes combinations, proposers the rest.
        min_answers: the layer is skipped if fewer answers than this precede it.
        window: how many of the preceding answers to show, from the first; 0 for all.
    """

    strategy: Strategy | None = None
    output: LayerOutput = "answers"
    min_answers: int = 0
    window: int = 0


def _never(_layers: int, _samples: int) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """The functions and added layers of a strategy. The first layer always uses `direct`.

    Attributes:
        refine: builds the prompts of listed layers after the first.
        final: builds the aggregator's prompt.
        extra: the task of each added layer, which follow the listed ones.
        rounds: returns how many layers to add, given the number of listed layers and the number of
            proposers in the last of them.
    """

    refine: Strategy = synthesise
    final: Strategy = synthesise
    extra: Task = field(default=Task())
    rounds: Callable[[int, int], int] = _never

    @classmethod
    def of(cls, strategy: Strategy | StrategySpec) -> StrategySpec:
        """Return a spec unchanged; let a single function build every prompt after layer 1."""
        return strategy if isinstance(strategy, StrategySpec) else cls(strategy, strategy)
