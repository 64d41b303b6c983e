"""Longer default waits for models on this machine: they are slow, and may have to load first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from moa.access import base_url_of, preset_of
from moa.addresses import is_loopback
from moa.environment import Lookup
from moa.pipeline.config import Config, ModelDefinition
from moa.pipeline.definition import LayerDefinition, Pipeline
from moa.pipeline.plan import Plan

LOCAL_DEADLINE_S: Final = 240.0
"""Of a layer with a local proposer; also how long a local model may be silent."""

LOCAL_AGGREGATOR_DEADLINE_S: Final = 480.0
"""Of a reply that a local model may write."""


def is_local(model: ModelDefinition, lookup: Lookup) -> bool:
    """Return whether a model runs on this machine: in this process, or at a loopback address."""
    return preset_of(model).api == "local" or is_loopback(base_url_of(model, lookup) or "")


def patient_model(model: ModelDefinition, lookup: Lookup) -> ModelDefinition:
    """Return a model with longer timeouts if it is local, except those that are set."""
    if not is_local(model, lookup):
        return model
    changes: dict[str, Any] = {}
    if "timeout_s" not in model.model_fields_set:
        changes["timeout_s"] = LOCAL_DEADLINE_S
    if "silent_s" not in model.breaker.model_fields_set:
        changes["breaker"] = model.breaker.model_copy(update={"silent_s": LOCAL_DEADLINE_S})
    return model.model_copy(update=changes)


def patient_config(config: Config, lookup: Lookup) -> Config:
    """Return a configuration with longer timeouts and deadlines for local models.

    What the configuration sets stays. A deadline is that of a whole layer, so a local proposer
    makes it longer for the others; with their quorum the layer still closes early.
    """
    local = {name for name, model in config.models.items() if is_local(model, lookup)}
    if not local:
        return config
    models = {name: patient_model(model, lookup) for name, model in config.models.items()}
    pipelines = {name: _patient_pipeline(each, local) for name, each in config.pipelines.items()}
    return config.model_copy(update={"models": models, "pipelines": pipelines})


def patient_plan(plan: Plan) -> Plan:
    """Return a plan with the longer deadlines of local models."""
    layers = tuple(replace(layer, deadline_s=LOCAL_DEADLINE_S) for layer in plan.layers)
    return replace(plan, layers=layers, aggregator_deadline_s=LOCAL_AGGREGATOR_DEADLINE_S)


def _patient_pipeline(pipeline: Pipeline, local: Collection[str]) -> Pipeline:
    changes: dict[str, Any] = {}
    if "deadline_s" not in pipeline.model_fields_set:
        changes["layers"] = [_patient_layer(layer, local) for layer in pipeline.layers]
    if "aggregator_deadline_s" not in pipeline.model_fields_set and not set(
        pipeline.aggregators
    ).isdisjoint(local):
        changes["aggregator_deadline_s"] = LOCAL_AGGREGATOR_DEADLINE_S
    return pipeline.model_copy(update=changes)


def _patient_layer(layer: LayerDefinition, local: Collection[str]) -> LayerDefinition:
    if layer.deadline_s is not None or set(layer.proposers).isdisjoint(local):
        return layer
    return layer.model_copy(update={"deadline_s": LOCAL_DEADLINE_S})
