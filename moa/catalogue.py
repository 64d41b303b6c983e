"""Live models and plans made from a configuration, each when it is first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from moa.access import (
    api_version_of,
    base_url_of,
    cloud_of,
    headers_of,
    key_of,
    key_variable,
    preset_of,
    unset_variable,
)
from moa.arguments import require
from moa.environment import Lookup
from moa.errors import ModelError, PipelineError
from moa.local_defaults import patient_config
from moa.pipeline.config import BreakerModel, Config, ModelDefinition
from moa.pipeline.definition import Pipeline, bind
from moa.pipeline.plan import Plan
from moa.pipeline.strict_model import nearest
from moa.ports import DEFAULT_CONTEXT_WINDOW, CostOf, Model, Profile
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build, cost_of
from moa.resilience import BreakerRules, WorkerShare, resilient
from moa.types import Price


class PipelineNotFound(PipelineError, KeyError):
    """There is no pipeline of this name."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show it in quotes


class ModelCatalogue:
    """The models and pipelines of a configuration, as live objects.

    All plans share a model's connections, limits and breaker.

    Args:
        config: the models and pipelines.
        endpoints: owns the connections; closing it is the caller's job.
        lookup: finds the keys' environment variables.
        key_source: where keys are set, as named in error messages.
        models: live models that replace those of the same name in `config`.

    Attributes:
        config: as given, with the longer default waits of local models.
        worker_share: the number of processes that divide the models' limits.
    """

    def __init__(
        self,
        config: Config,
        endpoints: Endpoints,
        lookup: Lookup,
        *,
        key_source: str = "in the environment",
        models: Mapping[str, ProvidedModel] = MappingProxyType({}),
    ) -> None:
        self.config = patient_config(config, lookup)
        self.worker_share = WorkerShare()
        self._endpoints = endpoints
        self._lookup = lookup
        self._key_source = key_source
        self._models = dict(models)
        self._guarded_models: dict[str, Model] = {}
        self._plans: dict[str, Plan] = {}

    @property
    def default(self) -> str:
        """The name of the pipeline to use when none is named."""
        return self.config.default_pipeline

    @property
    def pipelines(self) -> Mapping[str, Pipeline]:
        """All pipeline definitions by name."""
        return self.config.pipelines

    @property
    def tables(self) -> Mapping[str, ModelDefinition]:
        """All model definitions by name."""
        return self.config.models

    def plan(self, name: str) -> Plan:
        """Return a pipeline's plan, the same object at every call.

        Raises:
            PipelineNotFound: no pipeline has this name.
            PipelineError: a key isn't set, or a model can't be made; names all that is missing.
        """
        require("The pipeline's name", name, str, "a string")
        if name not in self._plans:
            pipeline = self.pipelines.get(name)
            if pipeline is None:
                shown = name if name.isprintable() else ascii(name)[1:-1]
                raise PipelineNotFound(
                    f'There is no pipeline "{shown}". {nearest(name, self.pipelines)}'
                )
            self._require_keys(pipeline)
            models = {model: self._hedged(model) for model in pipeline.models}
            self._plans[name] = bind(name, pipeline, models)
        return self._plans[name]

    def model(self, name: str) -> ProvidedModel:
        """Return a model without its limits, breaker and hedge.

        Raises:
            PipelineError: its key or its address can't be used.
        """
        if name not in self._models:
            try:
                self._models[name] = build_model(
                    name, self.tables[name], self._endpoints, self._lookup
                )
            except PipelineError as error:
                raise PipelineError(f"models.{name}: {error}") from None
        return self._models[name]

    async def prepare(self) -> None:
        """Do the slow work of the first question now: imports, clients, loading weights.

        A model that can't be prepared doesn't stop the others: its calls report why.
        """
        ready = [model.prepare() for model in self._models.values()]
        for error in await asyncio.gather(*ready, return_exceptions=True):
            if isinstance(error, BaseException) and not isinstance(error, ModelError):
                raise error

    def missing_key(self, name: str) -> str | None:
        """Return what to do if a model's key isn't set; None if the key is set or not needed."""
        variable = self.unset_variable(name)
        if variable is None:
            return None
        return f"models.{name}: its key is not set. Set {variable}, {self._key_source}."

    def unset_variable(self, name: str) -> str | None:
        """Return the variable of a model's key or headers that isn't set; None if all are."""
        return unset_variable(self.tables[name], self._lookup)

    def key_variable(self, name: str) -> str | None:
        """Return the variable that holds a model's key; None if it has none."""
        return key_variable(self.tables[name], self._lookup)

    def address(self, name: str) -> str | None:
        """Return a model's address in effect, unless it is its SDK's default."""
        return base_url_of(self.tables[name], self._lookup)

    def _require_keys(self, pipeline: Pipeline) -> None:
        alternates = [self.tables[model].hedge_with for model in pipeline.models]
        needed = dict.fromkeys([*pipeline.models, *(a for a in alternates if a)])
        missing = [words for words in map(self.missing_key, needed) if words]
        if missing:
            raise PipelineError("\n".join(dict.fromkeys(missing)))

    def _hedged(self, name: str) -> Model:
        """Return a model as plans use it: with its alternate, if it has one."""
        table = self.tables[name]
        if table.hedge_with is None:
            return self._guarded(name)
        # Limits and breaker are inside, so hedged and plain calls share them.
        return resilient(
            self._guarded(name),
            breaker=None,
            hedge_after_s=table.hedge_after_s,
            hedge_with=self._guarded(table.hedge_with),
        )

    def _guarded(self, name: str) -> Model:
        """Return a model with the limits and the breaker that all questions share."""
        if name not in self._guarded_models:
            table = self.tables[name]
            self._guarded_models[name] = resilient(
                self.model(name),
                max_concurrency=table.max_concurrency,
                requests_per_minute=table.requests_per_minute,
                worker_share=self.worker_share,
                breaker=_breaker(table.breaker),
            )
        return self._guarded_models[name]


def build_model(
    name: str, table: ModelDefinition, endpoints: Endpoints, lookup: Lookup
) -> ProvidedModel:
    """Make a model from its definition. Nothing is imported or opened before its first call.

    Raises:
        PipelineError: its key or its address can't be used.
    """
    key, is_token = key_of(table, lookup)
    spec = ModelSpec(
        provider=table.provider,
        model=table.model,
        base_url=base_url_of(table, lookup),
        api_key=key,
        is_token=is_token,
        headers=headers_of(table, lookup),
        api_version=api_version_of(table, lookup),
        cloud=cloud_of(table, lookup),
        timeout_s=table.timeout_s,
        reasoning_tokens=table.reasoning_tokens,
        reasoning_effort=table.reasoning_effort,
        omit=tuple(table.omit),
        system_role=table.system_role,
        options=table.options,
        reply=table.reply,
        delay_s=table.delay_s,
        fail=table.fail,
    )
    return build(spec, _profile(name, table), endpoints)


def cost_in(table: ModelDefinition) -> CostOf:
    """Return the price of a model's calls: the configured one, else the price list's."""
    if table.price:
        return Price(table.price.input, table.price.output, table.price.cached).of
    preset = preset_of(table)
    return cost_of(table.provider, table.model, table.base_url or preset.base_url)


def _profile(name: str, table: ModelDefinition) -> Profile:
    return Profile(
        name=name,
        context_window=table.context_window or DEFAULT_CONTEXT_WINDOW,
        max_output_tokens=table.max_output_tokens,
        proposer_max_output_tokens=table.proposer_max_output_tokens,
        aggregator_max_output_tokens=table.aggregator_max_output_tokens,
        temperature=table.temperature if isinstance(table.temperature, float | int) else None,
        takes_temperature=table.temperature != "provider",
        takes_images=table.images,
        persona=table.persona,
        cost=cost_in(table),
        max_attempts=table.max_attempts,
    )


def _breaker(table: BreakerModel) -> BreakerRules | None:
    if not table.failures:
        return None
    return BreakerRules(table.failures, table.rest_s, table.long_rest_s, table.silent_s)
