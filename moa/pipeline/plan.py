"""A plan: live models in layers, and the rules by which each layer closes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from moa.arguments import model_problem, models_mistakes
from moa.errors import PipelineError
from moa.pipeline.strategies import (
    Strategy,
    StrategySpec,
    Task,
    direct,
    strategy_named,
    synthesise,
)
from moa.ports import Model

LAYER_DEADLINE_S = 45.0
"""A layer closes after this, even if answers are missing."""

AGGREGATOR_DEADLINE_S = 180.0
"""Time for the whole reply, all aggregators included."""

MIN_GRACE_S = 2.0
GRACE_SHARE = 0.25
"""After the quorum a layer waits max(MIN_GRACE_S, GRACE_SHARE of the time elapsed) for the rest.
Closing at the quorum would favour the fast models, which are the weak ones."""

DEFAULT_TASK = Task()
"""Task of the layers a pipeline lists: do what the plan's strategy says for that layer."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One proposer in a layer.

    Attributes:
        model: the proposer.
        required: whether the layer waits for its answer until the deadline.
    """

    model: Model
    required: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """Proposers that are called at the same time, and the rules by which their layer closes.

    Attributes:
        seats: the proposers; positions count from 1.
        quorum: answers after which only the grace period is left; None for two thirds, rounded up.
        grace_s: seconds to wait after the quorum; None for max(2, a quarter of the time elapsed).
        deadline_s: seconds after which the layer closes in any case.
        task: what its models do; by default what the plan's strategy says.
    """

    seats: tuple[Seat, ...]
    quorum: int | None = None
    grace_s: float | None = None
    deadline_s: float = LAYER_DEADLINE_S
    task: Task = DEFAULT_TASK

    def quorum_of(self, alive: int) -> int:
        """Return the answers needed for a quorum when `alive` proposers have not failed."""
        quorum = self.quorum or math.ceil(len(self.seats) * 2 / 3)
        return max(1, min(quorum, alive))

    def grace(self, elapsed: float) -> float:
        """Return the seconds to wait after a quorum reached `elapsed` seconds into the layer."""
        if self.grace_s is not None:
            return self.grace_s
        return max(MIN_GRACE_S, GRACE_SHARE * elapsed)


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline bound to live models; with a thread, all that `moa.run` needs.

    Attributes:
        layers: all layers, including those a strategy adds (`bind` and `Plan.of` add them).
        aggregators: tried in this order until one replies.
        name: the pipeline's name, for the outcome.
        strategy: builds the aggregator's prompt, and those of layers without a strategy of their
            own after the first.
        aggregator_deadline_s: seconds for the reply, all aggregators included.
        datamark: whether answers are interleaved with a marker character in prompts.
        analyst: compares the answers alongside the aggregator; None to skip this.
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
        strategy: str | Strategy | StrategySpec = synthesise,
        name: str = "custom",
    ) -> Plan:
        """Build a plan from models.

        Args:
            layers: the proposers of each layer.
            aggregator: one model, or several to try in order.
            strategy: one of `STRATEGIES` or its name, or a function that builds every prompt after
                the first layer's.
            name: the pipeline's name.

        Raises:
            PipelineError: a layer or the list of aggregators is empty, an item in them is not a
                model, or there is no such strategy.
        """
        mistakes = [
            mistake
            for number, models in enumerate(layers, 1)
            for mistake in models_mistakes(f"layers[{number}]", models)
        ]
        if isinstance(aggregator, Sequence) and not isinstance(aggregator, str):
            mistakes += models_mistakes("aggregator", aggregator)
            aggregators = tuple(aggregator)
        else:
            problem = model_problem(aggregator)
            mistakes += [f"aggregator: {problem}"] if problem else []
            aggregators = (cast("Model", aggregator),)
        if mistakes:
            raise PipelineError("\n".join(mistakes))
        listed = tuple(Layer(tuple(Seat(model) for model in layer)) for layer in layers)
        spec = strategy_named(strategy) if isinstance(strategy, str) else StrategySpec.of(strategy)
        return cls(expand_layers(listed, spec, aggregators[0]), aggregators, name, spec.final)

    @property
    def ranking_layers(self) -> tuple[int, ...]:
        """The numbers, from 1, of the layers that rank answers instead of giving some."""
        return tuple(n for n, layer in enumerate(self.layers, 1) if layer.task.output == "rankings")

    @property
    def largest_window(self) -> int:
        """The largest context window of its models, in tokens."""
        proposers = (seat.model for layer in self.layers for seat in layer.seats)
        return max(each.profile.context_window for each in (*proposers, *self.aggregators))

    def strategy_for(self, layer: int) -> Strategy:
        """Return the strategy of a layer, from 1; the aggregator counts as one more layer."""
        task = self.layers[layer - 1].task if layer <= len(self.layers) else DEFAULT_TASK
        return task.strategy or (direct if layer == 1 else self.strategy)


def expand_layers(
    listed: tuple[Layer, ...], spec: StrategySpec, aggregator: Model
) -> tuple[Layer, ...]:
    """Return the listed layers with their tasks, followed by the layers the strategy adds.

    An added layer repeats the last listed layer's proposers and closing rules; a combination calls
    the aggregator instead. No answer is required in an added layer.
    """
    if not listed:
        return ()
    first, *later = listed
    *_, last = listed
    models = [seat.model for seat in last.seats]
    if spec.extra.output == "combination":
        models = [aggregator]
    quorum = last.quorum and min(last.quorum, len(models))
    seats = tuple(Seat(model) for model in models)
    added = replace(last, seats=seats, quorum=quorum, task=spec.extra)
    rounds = spec.rounds(len(listed), len(last.seats))
    refined = (replace(layer, task=Task(spec.refine)) for layer in later)
    return (first, *refined, *[added] * rounds)
