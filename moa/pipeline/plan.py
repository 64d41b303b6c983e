"""A plan: live models in their layers, and the rule by which each layer closes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from moa.errors import PipelineError
from moa.pipeline.strategies import Strategy, StrategySpec, Task, direct, synthesise
from moa.ports import Model

LAYER_DEADLINE_S = 45.0
"""A layer closes after this, whoever is missing."""

AGGREGATOR_DEADLINE_S = 180.0
"""The reply as a whole may take this long."""

MIN_GRACE_S = 2.0
GRACE_SHARE = 0.25
"""After the quorum a layer waits max(MIN_GRACE_S, GRACE_SHARE of the time elapsed) for the rest:
pure first-k would pick the fast models, which are the weak ones."""

LISTED = Task()
"""Of a layer that the pipeline lists: the plan's strategy says what it does at its place."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One proposer's place in a layer. `required`: its answer is waited for until the deadline."""

    model: Model
    required: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """Proposers that answer at the same time, and the rule by which their layer closes.

    Attributes:
        quorum: answers after which only the grace is waited for; None for two thirds, rounded up.
        grace_s: seconds of grace; None for max(2, a quarter of the time elapsed).
        deadline_s: seconds after which the layer closes in any case.
        task: what its models are to do, where that is not what the plan's strategy says.
    """

    seats: tuple[Seat, ...]
    quorum: int | None = None
    grace_s: float | None = None
    deadline_s: float = LAYER_DEADLINE_S
    task: Task = LISTED

    def needed(self, alive: int) -> int:
        """The answers that make the quorum when `alive` proposers have not failed."""
        quorum = self.quorum or math.ceil(len(self.seats) * 2 / 3)
        return max(1, min(quorum, alive))

    def grace(self, elapsed: float) -> float:
        """Seconds to wait on after the quorum was reached `elapsed` seconds into the layer."""
        if self.grace_s is not None:
            return self.grace_s
        return max(MIN_GRACE_S, GRACE_SHARE * elapsed)


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline bound to live models: all that `moa.run` needs beside the thread.

    `layers` are all layers, those that a strategy adds included (`bind` and `of` add them);
    `strategy` writes the aggregator's prompt, and that of layers which have no task of their own.
    `analyst` is asked where the answers differ.
    """

    layers: tuple[Layer, ...]
    aggregators: tuple[Model, ...]
    name: str = "custom"
    strategy: Strategy = synthesise
    aggregator_deadline_s: float = AGGREGATOR_DEADLINE_S
    datamark: bool = False
    analyst: Model | None = None

    @classmethod
    def of(
        cls,
        *layers: Sequence[Model],
        aggregator: Model | Sequence[Model],
        strategy: Strategy | StrategySpec = synthesise,
        name: str = "custom",
    ) -> Plan:
        """A plan from models: each layer a sequence of proposers, then the aggregator(s).

        `strategy` is one of `STRATEGIES`, or a function that writes all prompts but the first
        layer's.

        Raises:
            PipelineError: for a layer or a list of aggregators without models.
        """
        aggregators = tuple(aggregator) if isinstance(aggregator, Sequence) else (aggregator,)
        if not aggregators or not all(layers):
            raise PipelineError("A layer and the aggregators each need at least one model.")
        built = tuple(Layer(tuple(Seat(model) for model in layer)) for layer in layers)
        recipe = StrategySpec.of(strategy)
        return cls(arranged(built, recipe, aggregators[0]), aggregators, name, recipe.final)

    def strategy_of(self, layer: int) -> Strategy:
        """The strategy of a layer counted from 1; the aggregator counts as one more layer."""
        task = self.layers[layer - 1].task if layer <= len(self.layers) else LISTED
        return task.strategy or (direct if layer == 1 else self.strategy)


def arranged(
    listed: tuple[Layer, ...], recipe: StrategySpec, aggregator: Model
) -> tuple[Layer, ...]:
    """The listed layers with their tasks, and behind them the layers that the recipe adds.

    An added layer asks the last listed layer's proposers again and closes as that does, or, for a
    combination, asks the aggregator. Nobody's answer is required in it.
    """
    if not listed:
        return ()
    first, *later = listed
    *_, last = listed
    models = [seat.model for seat in last.seats]
    if recipe.extra.brings == "combination":
        models = [aggregator]
    quorum = last.quorum and min(last.quorum, len(models))
    seats = tuple(Seat(model) for model in models)
    added = replace(last, seats=seats, quorum=quorum, task=recipe.extra)
    rounds = recipe.rounds(len(listed), len(last.seats))
    refined = (replace(layer, task=Task(recipe.refine)) for layer in later)
    return (first, *refined, *[added] * rounds)
