"""What a strategy's name stands for: who writes which prompt, and which layers it adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from moa.pipeline.strategies.prompt_context import Strategy
from moa.pipeline.strategies.synthesise import synthesise

Brings = Literal["answers", "rankings", "combination"]
"""What a layer brings: answers that take the place of those before, rankings of those, or one
answer that takes the place of the first `window` of them."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the models of a layer are to do.

    Attributes:
        strategy: writes their prompt; None for what the plan does at this place.
        brings: what becomes of their texts. A combination is made by the first aggregator, all
            else by proposers.
        least: answers that must stand; with fewer the layer is passed over.
        window: how many of the standing answers it is shown, the first; 0 for all.
    """

    strategy: Strategy | None = None
    brings: Brings = "answers"
    least: int = 0
    window: int = 0


def _never(_layers: int, _samples: int) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy as a pipeline names it. The first layer is always asked directly.

    Attributes:
        refine: for the listed layers after the first.
        final: for the aggregator.
        extra: the task of the layers that are added behind the listed ones.
        rounds: how many of these, for the number of listed layers and of proposers in the last.
    """

    refine: Strategy = synthesise
    final: Strategy = synthesise
    extra: Task = field(default=Task())
    rounds: Callable[[int, int], int] = _never

    @classmethod
    def of(cls, strategy: Strategy | StrategySpec) -> StrategySpec:
        """A recipe as it is; a bare strategy writes every prompt after the first layer's."""
        return strategy if isinstance(strategy, StrategySpec) else cls(strategy, strategy)
