"""A pipeline by names, as read from TOML, and `bind`, which makes a plan of live models of it.

Every mistake in a pipeline is a PipelineError here, before any model is called.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from moa.errors import PipelineError
from moa.pipeline.plan import (
    AGGREGATOR_DEADLINE_S,
    LAYER_DEADLINE_S,
    Layer,
    Plan,
    Seat,
    arranged,
)
from moa.pipeline.strategies import STRATEGIES, Strategy, StrategySpec
from moa.pipeline.strict_model import StrictModel, nearest, parse_table
from moa.ports import Model

Seconds = Annotated[float, Field(gt=0, le=3600)]

MAX_SEATS = 32
"""Proposers of one layer: past this the answers crowd out the thread."""


class LayerDefinition(StrictModel):
    """`[[pipelines.NAME.layers]]`: the proposers that are asked at the same time."""

    proposers: list[str] = Field(min_length=1, max_length=MAX_SEATS)
    quorum: int | None = Field(default=None, ge=1)
    grace_s: float | None = Field(default=None, ge=0, le=3600)
    deadline_s: Seconds | None = None
    required: list[str] = Field(default=[])


class Pipeline(StrictModel):
    """`[pipelines.NAME]`: who proposes, who aggregates, and when a layer closes. All by name.

    `quorum`, `grace_s` and `deadline_s` hold for every layer that does not set its own. `datamark`
    interleaves the answers with a marker when other models read them; `disagreements` has a model
    tell where the answers differ, beside the reply: the one named by `disagreements_by`, else the
    first aggregator.
    """

    aggregator: str | list[str]
    description: str = ""
    strategy: str = "synthesise"
    layers: list[LayerDefinition] = Field(default=[], max_length=10)
    quorum: int | None = Field(default=None, ge=1)
    grace_s: float | None = Field(default=None, ge=0, le=3600)
    deadline_s: Seconds = LAYER_DEADLINE_S
    aggregator_deadline_s: Seconds = AGGREGATOR_DEADLINE_S
    datamark: bool = False
    disagreements: bool = False
    disagreements_by: str | None = None

    @classmethod
    def read(cls, name: str, table: Mapping[str, Any]) -> Pipeline:
        """The pipeline that stands under `[pipelines.<name>]`.

        Raises:
            PipelineError: naming every wrong key.
        """
        return parse_table(cls, table, f"pipelines.{name}")

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


def bind(
    name: str,
    pipeline: Pipeline,
    models: Mapping[str, Model],
    strategies: Mapping[str, Strategy | StrategySpec] = STRATEGIES,
) -> Plan:
    """The plan of a pipeline.

    Raises:
        PipelineError: for a model or a strategy that does not exist, a quorum larger than its
            layer, or a required name that is not among the proposers; all mistakes in one message.
    """
    problems = mistakes(name, pipeline, models, strategies)
    if problems:
        raise PipelineError("\n".join(problems))
    recipe = StrategySpec.of(strategies[pipeline.strategy])
    listed = tuple(_layer(pipeline, table, models) for table in pipeline.layers)
    return Plan(
        layers=arranged(listed, recipe, models[pipeline.aggregators[0]]),
        aggregators=tuple(models[model] for model in pipeline.aggregators),
        name=name,
        strategy=recipe.final,
        aggregator_deadline_s=pipeline.aggregator_deadline_s,
        datamark=pipeline.datamark,
        analyst=models[pipeline.analyst] if pipeline.analyst else None,
    )


def _layer(pipeline: Pipeline, table: LayerDefinition, models: Mapping[str, Model]) -> Layer:
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
