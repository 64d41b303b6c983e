"""A pipeline as defined in TOML, by model names, and `bind`, which makes a plan from it.

Every error in a pipeline raises PipelineError here, before any model is called.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from moa.arguments import require, require_model, require_text
from moa.errors import PipelineError
from moa.pipeline.plan import (
    AGGREGATOR_DEADLINE_S,
    LAYER_DEADLINE_S,
    Layer,
    Plan,
    Seat,
    expand_layers,
)
from moa.pipeline.strategies import STRATEGIES, Strategy, StrategySpec
from moa.pipeline.strict_model import StrictModel, nearest
from moa.ports import Model

Seconds = Annotated[float, Field(gt=0, le=3600)]

MAX_SEATS = 32
"""Most proposers in one layer; with more, their answers would crowd out the thread."""


class LayerDefinition(StrictModel):
    """`[[pipelines.NAME.layers]]`: proposers that are called at the same time.

    Attributes:
        proposers: model names; a name may occur several times.
        quorum, grace_s, deadline_s: override the pipeline's.
        required: proposers to wait for until the deadline.
    """

    proposers: list[str] = Field(min_length=1, max_length=MAX_SEATS)
    quorum: int | None = Field(default=None, ge=1)
    grace_s: float | None = Field(default=None, ge=0, le=3600)
    deadline_s: Seconds | None = None
    required: list[str] = Field(default=[])


class Pipeline(StrictModel):
    """`[pipelines.NAME]`: proposers and aggregators by name, and when layers close.

    Attributes:
        aggregator: one model name, or several to try in order.
        description: one line for people who choose a pipeline.
        strategy: a name in `STRATEGIES`.
        layers: the proposers; none to ask the aggregator alone.
        quorum, grace_s, deadline_s: for layers that don't set them; see `moa.Layer`.
        aggregator_deadline_s: seconds for the reply, all aggregators included.
        datamark: interleave answers with a marker character when other models read them.
        disagreements: have a model compare the answers while the reply is written.
        disagreements_by: that model; by default the first aggregator.
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

    @property
    def aggregators(self) -> tuple[str, ...]:
        """The aggregators, in the order in which they are tried."""
        return (self.aggregator,) if isinstance(self.aggregator, str) else tuple(self.aggregator)

    @property
    def analyst(self) -> str | None:
        """The model that compares the answers, or None."""
        first = next(iter(self.aggregators), None)
        return (self.disagreements_by or first) if self.disagreements else None

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a run may call, each once."""
        proposers = [name for layer in self.layers for name in layer.proposers]
        analysts = [self.analyst] if self.analyst else []
        return tuple(dict.fromkeys([*proposers, *self.aggregators, *analysts]))


def bind(
    name: str,
    pipeline: Pipeline,
    models: Mapping[str, Model],
    strategies: Mapping[str, Strategy | StrategySpec] = STRATEGIES,
) -> Plan:
    """Build a plan from a pipeline and live models.

    Args:
        name: the pipeline's name, for messages and the outcome.
        pipeline: the definition.
        models: by the names the pipeline uses.
        strategies: by name; pass your own to add some.

    Raises:
        PipelineError: a model or strategy does not exist, a quorum is larger than its layer, or a
            required name is not a proposer. The message lists all errors.
    """
    require_text("name", name)
    require("pipeline", pipeline, Pipeline, "a moa.Pipeline")
    require("models", models, Mapping, "a mapping of names to models")
    for key, model in models.items():
        require_model(f"models[{key!r}]", model)
    require("strategies", strategies, Mapping, "a mapping of names to strategies")
    problems = find_errors(name, pipeline, models, strategies)
    if problems:
        raise PipelineError("\n".join(problems))
    spec = StrategySpec.of(strategies[pipeline.strategy])
    listed = tuple(_layer(pipeline, table, models) for table in pipeline.layers)
    return Plan(
        layers=expand_layers(listed, spec, models[pipeline.aggregators[0]]),
        aggregators=tuple(models[model] for model in pipeline.aggregators),
        name=name,
        strategy=spec.final,
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


def find_errors(
    name: str,
    pipeline: Pipeline,
    models: Collection[str],
    strategies: Collection[str] = STRATEGIES,
) -> Sequence[str]:
    """Return the errors in a pipeline, one line each, given the known models and strategies."""
    where = f"pipelines.{name}"
    errors: list[str] = []

    def check_models(key: str, names: Sequence[str]) -> None:
        errors.extend(
            f'{where}.{key}: there is no model "{n}". {nearest(n, models)}'
            for n in dict.fromkeys(names)
            if n not in models
        )

    if not pipeline.aggregators:
        errors.append(f"{where}.aggregator: name at least one model. {nearest('', models)}")
    check_models("aggregator", pipeline.aggregators)
    if pipeline.disagreements_by is not None:
        check_models("disagreements_by", [pipeline.disagreements_by])
        if not pipeline.disagreements:
            errors.append(
                f"{where}.disagreements_by: has no effect unless disagreements = true is set."
            )
    if pipeline.strategy not in strategies:
        errors.append(
            f'{where}.strategy: there is no strategy "{pipeline.strategy}". '
            f"{nearest(pipeline.strategy, strategies)}"
        )
    for index, layer in enumerate(pipeline.layers, 1):
        check_models(f"layers[{index}].proposers", layer.proposers)
        quorum = layer.quorum or pipeline.quorum or 1
        if quorum > len(layer.proposers):
            key = f"layers[{index}].quorum" if layer.quorum else "quorum"
            errors.append(
                f"{where}.{key}: {quorum} is more than the {len(layer.proposers)} proposers of "
                f"layers[{index}]."
            )
        errors.extend(
            f'{where}.layers[{index}].required: "{n}" is not among the proposers. '
            f"{nearest(n, layer.proposers)}"
            for n in layer.required
            if n not in layer.proposers
        )
    return errors
