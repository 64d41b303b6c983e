"""Models named by strings such as "openai:gpt-6.1-sol", and plans made from them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from moa.access import unset_variable
from moa.arguments import model_problem
from moa.catalogue import build_model
from moa.environment import Lookup
from moa.errors import PipelineError
from moa.local_defaults import is_local, patient_model, patient_plan
from moa.pipeline.config import ModelDefinition
from moa.pipeline.plan import Plan
from moa.pipeline.provider_presets import PRESETS
from moa.pipeline.strategies import Strategy, StrategySpec, strategy_named
from moa.pipeline.strict_model import nearest, parse_table
from moa.ports import Model
from moa.providers import PROVIDERS, Endpoints, ProvidedModel

ModelRef = str | Model
"""A `moa.Model`, or "provider:model" with a provider of `moa.providers.PROVIDERS`."""

DEFAULT_MODELS: Final = {"local": "smollm2-135m-instruct", "scripted": "echo"}
"""The default model of providers that don't need a model's name."""


class ModelResolver:
    """Makes live models from references. It collects mistakes, to report all of them together.

    Args:
        endpoints: owns the connections; closing it is the caller's job.
        lookup: finds the keys' environment variables.

    Attributes:
        mistakes: one line for each reference that names no usable model.
    """

    def __init__(self, endpoints: Endpoints, lookup: Lookup) -> None:
        self.mistakes: list[str] = []
        self._endpoints = endpoints
        self._lookup = lookup
        self._built: dict[str, ProvidedModel] = {}
        self._has_local = False

    def plan(
        self,
        models: ModelRef | Sequence[ModelRef],
        aggregator: ModelRef | Sequence[ModelRef] | None,
        strategy: str | Strategy | StrategySpec,
    ) -> Plan:
        """Return a plan with one layer of `models`; the first one aggregates by default.

        Raises:
            PipelineError: names every reference and strategy that can't be used, one a line.
        """
        proposers = self._resolve("models", models)
        aggregators = (
            proposers[:1] if aggregator is None else self._resolve("aggregator", aggregator)
        )
        spec = self._strategy(strategy)
        if self.mistakes:
            raise PipelineError("\n".join(self.mistakes))
        plan = Plan.of(proposers, aggregator=aggregators, strategy=spec)
        return patient_plan(plan) if self._has_local else plan

    async def prepare(self) -> None:
        """Do the slow work of the first calls now. Errors are left for the calls to report."""
        ready = (model.prepare() for model in self._built.values())
        await asyncio.gather(*ready, return_exceptions=True)

    def _strategy(self, strategy: str | Strategy | StrategySpec) -> Strategy | StrategySpec:
        if not isinstance(strategy, str):
            return strategy
        try:
            return strategy_named(strategy)
        except PipelineError as error:
            self.mistakes.append(f"strategy: {error}")
            return StrategySpec()

    def _resolve(self, where: str, refs: ModelRef | Sequence[ModelRef]) -> list[Model]:
        if isinstance(refs, bytes | Mapping):
            self.mistakes.append(
                f'{where}: must be "provider:model", a moa.Model or a list of them.'
            )
            return []
        listed = [*refs] if isinstance(refs, Iterable) and not isinstance(refs, str) else [refs]
        if not listed:
            self.mistakes.append(f"{where}: name at least one model.")
        found: list[Model] = []
        for number, ref in enumerate(listed, 1):
            try:
                found.append(self._model(ref))
            except PipelineError as error:
                self.mistakes.append(f"{where}[{number}]: {error}")
        return found

    def _model(self, ref: ModelRef) -> Model:
        if isinstance(ref, str):
            return self._named(ref)
        if problem := model_problem(ref, instead='"provider:model" or '):
            raise PipelineError(problem)
        return ref

    def _named(self, ref: str) -> Model:
        table = patient_model(_definition(ref), self._lookup)
        if variable := unset_variable(table, self._lookup):
            raise PipelineError(f'"{ref}" needs a key. Set {variable} in the environment.')
        if ref not in self._built:
            self._built[ref] = build_model(ref, table, self._endpoints, self._lookup)
            self._has_local = self._has_local or is_local(table, self._lookup)
        return self._built[ref]


def _definition(ref: str) -> ModelDefinition:
    """Return the definition of "provider:model".

    Raises:
        PipelineError: there is no such provider, or it needs a model's name.
    """
    provider, colon, model = (part.strip() for part in ref.partition(":"))
    if provider not in PROVIDERS:
        if not colon:
            providers = ", ".join(PROVIDERS)
            raise PipelineError(
                f'"{ref}" names no provider. Write "provider:model"; providers are {providers}.'
            )
        near = nearest(provider, PROVIDERS)
        raise PipelineError(f'there is no provider "{provider}". {near}')
    model = model or DEFAULT_MODELS.get(provider, "")
    if not model:
        raise PipelineError(f'"{ref}" names no model. Write "{provider}:" and the model\'s name.')
    table = {"provider": provider, "model": model, "images": PRESETS[provider].takes_images}
    return parse_table(ModelDefinition, table, f'"{provider}:"')
