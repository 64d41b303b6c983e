"""The configured models and pipelines as live objects, made when they are first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.errors import ConfigurationError
from bot.settings import BASE_URL_VARIABLES, KEY_VARIABLES, Settings
from moa import Model, PipelineError, Plan, Price, Profile, bind, resilient
from moa.pipeline.config import BreakerModel, ModelDefinition
from moa.pipeline.definition import Pipeline
from moa.pipeline.strict_model import nearest
from moa.ports import DEFAULT_CONTEXT_WINDOW, CostOf
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build, cost_of
from moa.providers.endpoints import checked_key
from moa.resilience import BreakerRules, WorkerShare


class ModelCatalogue:
    """The models and pipelines of the settings. Connections belong to `endpoints`.

    Attributes:
        worker_share: the processes that the models' limits are divided between.
    """

    def __init__(self, settings: Settings, endpoints: Endpoints) -> None:
        self.worker_share = WorkerShare()
        self._settings = settings
        self._endpoints = endpoints
        self._models: dict[str, ProvidedModel] = {}
        self._asked: dict[str, Model] = {}
        self._plans: dict[str, Plan] = {}

    @property
    def default(self) -> str:
        """The pipeline that is used when none is named."""
        return self._settings.config.default_pipeline

    @property
    def pipelines(self) -> Mapping[str, Pipeline]:
        """All pipelines by name, as they are set up."""
        return self._settings.config.pipelines

    @property
    def tables(self) -> Mapping[str, ModelDefinition]:
        """All models by name, as they are set up."""
        return self._settings.config.models

    def plan(self, name: str) -> Plan:
        """The plan of a pipeline.

        Raises:
            PipelineError: when there is no such pipeline, or it names what does not exist.
            ConfigurationError: when a key that one of its models needs is not set.
        """
        if name not in self._plans:
            pipeline = self.pipelines.get(name)
            if pipeline is None:
                raise PipelineError(
                    f'There is no pipeline "{name}". {nearest(name, self.pipelines)}'
                )
            alternates = [self.tables[model].hedge_with for model in pipeline.models]
            needed = dict.fromkeys([*pipeline.models, *(a for a in alternates if a)])
            missing = [m for m in map(self.missing_key, needed) if m]
            if missing:
                raise ConfigurationError("\n".join(dict.fromkeys(missing)))
            models = {model: self._hedged(model) for model in pipeline.models}
            self._plans[name] = bind(name, pipeline, models)
        return self._plans[name]

    def model(self, name: str) -> ProvidedModel:
        """A configured model as its provider has it, to be readied and tried.

        Raises:
            PipelineError: when its key or its address cannot be used, naming the model.
        """
        if name not in self._models:
            table = self.tables[name]
            try:
                spec = self._spec(table)
                self._models[name] = build(spec, _profile(name, table), self._endpoints)
            except PipelineError as error:
                raise PipelineError(f"models.{name}: {error}") from None
        return self._models[name]

    def _hedged(self, name: str) -> Model:
        """A model as a plan asks it: with its alternate, where it has one."""
        table = self.tables[name]
        if table.hedge_with is None:
            return self._guarded(name)
        # The guard is within: a call through a hedge and one without share limits and breaker.
        return resilient(
            self._guarded(name),
            breaker=None,
            hedge_after_s=table.hedge_after_s,
            hedge_with=self._guarded(table.hedge_with),
        )

    def _guarded(self, name: str) -> Model:
        """A model within its limits and its breaker. All questions and pipelines share them."""
        if name not in self._asked:
            table = self.tables[name]
            self._asked[name] = resilient(
                self.model(name),
                max_concurrency=table.max_concurrency,
                requests_per_minute=table.requests_per_minute,
                worker_share=self.worker_share,
                breaker=_breaker(table.breaker),
            )
        return self._asked[name]

    async def prepare(self) -> None:
        """Do now what would be slow at the first question: imports, clients, loading weights."""
        await asyncio.gather(*(model.prepare() for model in self._models.values()))

    def missing_key(self, name: str) -> str | None:
        """What to do about a key that a model needs and that is not set; None when all is well."""
        table = self.tables[name]
        variable = _key_variable(table)
        if variable is None or self._settings.secret(variable):
            return None
        return f"models.{name}: its key is not set. Set {variable}, in the environment or in .env."

    def _spec(self, table: ModelDefinition) -> ModelSpec:
        base_url = table.base_url
        if base_url is None and table.provider in BASE_URL_VARIABLES:
            base_url = self._settings.secret(BASE_URL_VARIABLES[table.provider])
        return ModelSpec(
            provider=table.provider,
            model=table.model,
            base_url=base_url,
            api_key=self._key(table),
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

    def _key(self, table: ModelDefinition) -> str | None:
        variable = _key_variable(table)
        if variable is None:
            return None
        try:
            return checked_key(self._settings.secret(variable))
        except PipelineError as error:
            raise PipelineError(f"{variable}: {error}") from None


def _key_variable(table: ModelDefinition) -> str | None:
    """The variable that holds a model's key; None where none is needed."""
    if table.api_key_env:
        return table.api_key_env
    # A server of one's own often takes no key, and must never be sent the one for OpenAI.
    return None if table.base_url else KEY_VARIABLES.get(table.provider)


def _profile(name: str, table: ModelDefinition) -> Profile:
    provider_decides = table.temperature == "provider"
    return Profile(
        name=name,
        context_window=table.context_window or DEFAULT_CONTEXT_WINDOW,
        max_output_tokens=table.max_output_tokens,
        proposer_max_output_tokens=table.proposer_max_output_tokens,
        aggregator_max_output_tokens=table.aggregator_max_output_tokens,
        temperature=table.temperature if isinstance(table.temperature, float | int) else None,
        takes_temperature=table.provider != "anthropic" and not provider_decides,
        takes_images=table.images,
        persona=table.persona,
        cost=cost_in(table),
        max_attempts=table.max_attempts,
    )


def _breaker(table: BreakerModel) -> BreakerRules | None:
    if not table.failures:
        return None
    return BreakerRules(table.failures, table.rest_s, table.long_rest_s, table.silent_s)


def cost_in(table: ModelDefinition) -> CostOf:
    """What a call of a model costs: by the price that is set, else by the list."""
    if table.price:
        return Price(table.price.input, table.price.output, table.price.cached).of
    return cost_of(table.provider, table.model, table.base_url)
