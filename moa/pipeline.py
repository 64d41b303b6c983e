"""A pipeline as names (`Pipeline`, as read from TOML) and as live objects (`Plan`).

`bind` turns the first into the second. Every mistake in a pipeline is a PipelineError here, before
any model is called.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from moa.errors import PipelineError
from moa.ports import Model
from moa.reading import Table, nearest, read
from moa.strategies import STRATEGIES, Recipe, Strategy, Task, direct, synthesise

Seconds = Annotated[float, Field(gt=0, le=3600)]

Outliers = Literal["keep", "mark", "drop"]
"""What is done with an answer that is far from the others of a layer of four or more."""

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

MAX_SEATS = 32
"""Proposers of one layer: past this the answers crowd out the thread."""


class LayerTable(Table):
    """`[[pipelines.NAME.layers]]`: the proposers that are asked at the same time."""

    proposers: list[str] = Field(min_length=1, max_length=MAX_SEATS)
    quorum: int | None = Field(default=None, ge=1)
    grace_s: float | None = Field(default=None, ge=0, le=3600)
    deadline_s: Seconds | None = None
    required: list[str] = Field(default=[])


class Pipeline(Table):
    """`[pipelines.NAME]`: who proposes, who aggregates, and when a layer closes. All by name.

    `quorum`, `grace_s` and `deadline_s` hold for every layer that does not set its own. `datamark`
    interleaves the answers with a marker when other models read them; `outliers` marks or drops
    what is far from the rest; `disagreements` has a model tell where the answers differ, beside the
    reply: the one named by `disagreements_by`, else the first aggregator.
    """

    aggregator: str | list[str]
    description: str = ""
    strategy: str = "synthesise"
    layers: list[LayerTable] = Field(default=[], max_length=10)
    quorum: int | None = Field(default=None, ge=1)
    grace_s: float | None = Field(default=None, ge=0, le=3600)
    deadline_s: Seconds = LAYER_DEADLINE_S
    aggregator_deadline_s: Seconds = AGGREGATOR_DEADLINE_S
    datamark: bool = False
    outliers: Outliers = "keep"
    disagreements: bool = False
    disagreements_by: str | None = None

    @classmethod
    def read(cls, name: str, table: Mapping[str, Any]) -> Pipeline:
        """The pipeline that stands under `[pipelines.<name>]`.

        Raises:
            PipelineError: naming every wrong key.
        """
        return read(cls, table, f"pipelines.{name}")

    @property
    def aggregators(self) -> tuple[str, ...]:
        """The aggregators in the order in which they are tried."""
        return (self.aggregator,) if isinstance(self.aggregator, str) else tuple(self.aggregator)

    @property
    def analyst(self) -> str | None:
        """The model that tells where the answers differ; None where none is asked for."""
        first = next(iter(self.aggregators), None)
        return (self.disagreements_by or first) if self.disagreements else None

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a run may ask, each once."""
        proposers = [name for layer in self.layers for name in layer.proposers]
        analysts = [self.analyst] if self.analyst else []
        return tuple(dict.fromkeys([*proposers, *self.aggregators, *analysts]))


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
    outliers: Outliers = "keep"
    analyst: Model | None = None

    @classmethod
    def of(
        cls,
        *layers: Sequence[Model],
        aggregator: Model | Sequence[Model],
        strategy: Strategy | Recipe = synthesise,
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
        recipe = Recipe.of(strategy)
        return cls(_arranged(built, recipe, aggregators[0]), aggregators, name, recipe.final)

    def strategy_of(self, layer: int) -> Strategy:
        """The strategy of a layer counted from 1; the aggregator counts as one more layer."""
        task = self.layers[layer - 1].task if layer <= len(self.layers) else LISTED
        return task.strategy or (direct if layer == 1 else self.strategy)


def bind(
    name: str,
    pipeline: Pipeline,
    models: Mapping[str, Model],
    strategies: Mapping[str, Strategy | Recipe] = STRATEGIES,
) -> Plan:
    """The plan of a pipeline.

    Raises:
        PipelineError: for a model or a strategy that does not exist, a quorum larger than its
            layer, or a required name that is not among the proposers; all mistakes in one message.
    """
    problems = mistakes(name, pipeline, models, strategies)
    if problems:
        raise PipelineError("\n".join(problems))
    recipe = Recipe.of(strategies[pipeline.strategy])
    listed = tuple(_layer(pipeline, table, models) for table in pipeline.layers)
    return Plan(
        layers=_arranged(listed, recipe, models[pipeline.aggregators[0]]),
        aggregators=tuple(models[model] for model in pipeline.aggregators),
        name=name,
        strategy=recipe.final,
        aggregator_deadline_s=pipeline.aggregator_deadline_s,
        datamark=pipeline.datamark,
        outliers=pipeline.outliers,
        analyst=models[pipeline.analyst] if pipeline.analyst else None,
    )


def _arranged(listed: tuple[Layer, ...], recipe: Recipe, aggregator: Model) -> tuple[Layer, ...]:
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


def _layer(pipeline: Pipeline, table: LayerTable, models: Mapping[str, Model]) -> Layer:
    return Layer(
        seats=tuple(Seat(models[p], p in table.required) for p in table.proposers),
        quorum=table.quorum or pipeline.quorum,
        grace_s=pipeline.grace_s if table.grace_s is None else table.grace_s,
        deadline_s=table.deadline_s or pipeline.deadline_s,
    )


def mistakes(
    name: str,
    pipeline: Pipeline,
    models: Collection[str],
    strategies: Collection[str] = STRATEGIES,
) -> Sequence[str]:
    """What is wrong with a pipeline, a line each, when these models and strategies exist."""
    where = f"pipelines.{name}"
    found: list[str] = []

    def known(key: str, names: Sequence[str]) -> None:
        found.extend(
            f'{where}.{key}: there is no model "{n}". {nearest(n, models)}'
            for n in dict.fromkeys(names)
            if n not in models
        )

    if not pipeline.aggregators:
        found.append(f"{where}.aggregator: name at least one model. {nearest('', models)}")
    known("aggregator", pipeline.aggregators)
    if pipeline.disagreements_by is not None:
        known("disagreements_by", [pipeline.disagreements_by])
        if not pipeline.disagreements:
            found.append(
                f"{where}.disagreements_by: has no effect unless disagreements = true is set."
            )
    if pipeline.strategy not in strategies:
        found.append(
            f'{where}.strategy: there is no strategy "{pipeline.strategy}". '
            f"{nearest(pipeline.strategy, strategies)}"
        )
    for index, layer in enumerate(pipeline.layers, 1):
        known(f"layers[{index}].proposers", layer.proposers)
        quorum = layer.quorum or pipeline.quorum or 1
        if quorum > len(layer.proposers):
            key = f"layers[{index}].quorum" if layer.quorum else "quorum"
            found.append(
                f"{where}.{key}: {quorum} is more than the {len(layer.proposers)} proposers of "
                f"layers[{index}]."
            )
        found.extend(
            f'{where}.layers[{index}].required: "{n}" is not among the proposers. '
            f"{nearest(n, layer.proposers)}"
            for n in layer.required
            if n not in layer.proposers
        )
    return found
