"""The faults of *Make it hard*: models that don't answer, and a Slack with limits or gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from moa.pipeline.config import Config, ModelDefinition
from moa.pipeline.definition import LayerDefinition, Pipeline

if TYPE_CHECKING:
    from bot.playground.server import LocalSlack

ModelFault = Literal["none", "slow", "dead", "all_dead"]
MODEL_FAULTS: Final[tuple[str, ...]] = get_args(ModelFault)

_SLOW: Final = "slow-model"
_DEAD: Final = "dead-model"
_TIGHT_PER_MINUTE: Final = 12
_LIMITED: Final = ("chat.appendStream", "chat.update", "chat.startStream", "views.update")
_STAND_IN: Final[dict[str, ModelDefinition]] = {
    _SLOW: ModelDefinition(provider="scripted", model="echo", fail="hang"),
    _DEAD: ModelDefinition(provider="scripted", model="echo", fail="unavailable"),
}
"""Models that return nothing: no text of a trial's reply is scripted."""


@dataclass(slots=True)
class Faults:
    """The active faults."""

    models: ModelFault = "none"
    rate_limits: bool = False
    no_streaming: bool = False


def apply_to_slack(faults: Faults, slack: LocalSlack) -> None:
    """Make the local Slack fail as chosen."""
    for method in _LIMITED:
        if faults.rate_limits:
            slack.rate_limits.set_rate(method, per_minute=_TIGHT_PER_MINUTE, burst=2)
        else:
            slack.rate_limits.reset_rate(method)
    if faults.no_streaming:
        slack.app.features.discard("streaming")
    else:
        slack.app.features.add("streaming")


def with_model_fault(config: Config, fault: ModelFault) -> Config:
    """Return a configuration in which one proposer of each layer, or every model, fails."""
    if fault == "none":
        return config
    if fault == "all_dead":
        dead = _STAND_IN[_DEAD]
        return config.model_copy(update={"models": dict.fromkeys(config.models, dead)})
    name = _SLOW if fault == "slow" else _DEAD
    models = config.models | {name: _STAND_IN[name]}
    pipelines = {key: _with_stand_in(each, name) for key, each in config.pipelines.items()}
    return config.model_copy(update={"models": models, "pipelines": pipelines})


def _with_stand_in(pipeline: Pipeline, name: str) -> Pipeline:
    """Replace the last proposer of each layer. A pipeline without layers stays as it is."""
    layers = [_replaced(layer, name) for layer in pipeline.layers]
    return pipeline.model_copy(update={"layers": layers})


def _replaced(layer: LayerDefinition, name: str) -> LayerDefinition:
    proposers = [*layer.proposers[:-1], name]
    required = [each for each in layer.required if each in proposers]
    return layer.model_copy(update={"proposers": proposers, "required": required})
