"""A configuration file as values: `[models.NAME]` and `[pipelines.NAME]`.

Only the shape stands here. Where the file lies and where keys come from is the caller's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from moa.errors import PipelineError
from moa.pipeline.definition import Pipeline, Seconds, mistakes
from moa.pipeline.strict_model import StrictModel, nearest, parse_table
from moa.ports import DEFAULT_MAX_ATTEMPTS
from moa.resilience import FAILURES, LONG_REST_S, REST_S, SILENT_S

Provider = Literal["openai", "anthropic", "local", "scripted"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

NEVER_OMITTED = frozenset({"model", "messages", "stream"})
"""Without these there is no request, or no reply that streams."""

KEYS_OF: Mapping[tuple[str, ...], tuple[Provider, ...]] = {
    ("reasoning_tokens", "reasoning_effort", "omit"): ("openai", "anthropic"),
    ("system_role",): ("openai",),
    ("reply", "delay_s", "fail"): ("scripted",),
}
"""Keys of a model that mean something to some providers only."""


class PriceModel(StrictModel):
    """`price = { input = 1.0, output = 5.0 }`: US dollars per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class BreakerModel(StrictModel):
    """`breaker = { failures = 4, rest_s = 30 }`: when a model that keeps failing is not asked.

    Attributes:
        failures: failures in a row after which it rests; 0 for never.
        rest_s: seconds of rest, after which one call tries whether it is well again.
        long_rest_s: the same after a refused key or a used-up quota.
        silent_s: seconds without a word after which a call that is stopped counts as a failure.
    """

    failures: int = Field(default=FAILURES, ge=0)
    rest_s: Seconds = REST_S
    long_rest_s: Seconds = LONG_REST_S
    silent_s: Seconds = SILENT_S


class ModelDefinition(StrictModel):
    """`[models.NAME]`: one configured model.

    Attributes:
        provider: which API it speaks; `openai` is every OpenAI-compatible server, by `base_url`.
        model: the provider's own name for it.
        base_url: where its API is; None for the provider's own address.
        api_key_env: the environment variable that holds its key; None for the provider's usual one.
        context_window: tokens of prompt and output together.
        max_output_tokens: the most it is asked to write, in either role.
        proposer_max_output_tokens, aggregator_max_output_tokens: the same in one role alone.
        reasoning_tokens: what it may think beside that; None for the provider's usual allowance.
        reasoning_effort: how hard it thinks; None leaves it to the model.
        temperature: overrides the role's default; "provider" sends none.
        images: whether it can be shown images.
        timeout_s: seconds without a byte after which its connection is given up.
        persona: words put at the head of its system text when it proposes.
        price: overrides the known prices.
        options: passed on in the request's body as it is.
        omit: parameters of the request that its server does not take.
        system_role: False where its chat template knows no system role.
        max_attempts: calls for one answer in all, when its server is busy or broken for a moment.
        max_concurrency: calls under way at the same time; more wait, and questions take turns.
        requests_per_minute: calls begun within any minute.
        hedge_after_s, hedge_with: seconds of silence after which another model is asked the same.
        breaker: when a model that keeps failing is given a rest.
        reply, delay_s, fail: what a `scripted` model says, how long it takes, how it fails.
    """

    provider: Provider
    model: str = Field(min_length=1)
    base_url: str | None = None
    api_key_env: str | None = Field(default=None, min_length=1)
    context_window: int | None = Field(default=None, ge=512)
    max_output_tokens: int | None = Field(default=None, ge=1)
    proposer_max_output_tokens: int | None = Field(default=None, ge=1)
    aggregator_max_output_tokens: int | None = Field(default=None, ge=1)
    reasoning_tokens: int | None = Field(default=None, ge=0)
    reasoning_effort: Effort | None = None
    temperature: float | Literal["provider"] | None = None
    images: bool = False
    timeout_s: Seconds = 120.0
    persona: str = ""
    price: PriceModel | None = None
    options: dict[str, Any] = Field(default={})
    omit: list[str] = Field(default=[])
    system_role: bool = True
    max_attempts: int = Field(default=DEFAULT_MAX_ATTEMPTS, ge=1, le=5)
    max_concurrency: int | None = Field(default=None, ge=1)
    requests_per_minute: int | None = Field(default=None, ge=1)
    hedge_after_s: Seconds | None = None
    hedge_with: str | None = None
    breaker: BreakerModel = BreakerModel()
    reply: str | None = None
    delay_s: float = Field(default=0.0, ge=0)
    fail: str | None = None

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            url = urlsplit(value)
            if url.scheme not in {"http", "https"} or not url.hostname:
                raise ValueError('must begin with "http://" or "https://" and name a host')
        return value

    @field_validator("omit")
    @classmethod
    def _can_be_left_out(cls, value: list[str]) -> list[str]:
        if needed := sorted(NEVER_OMITTED.intersection(value)):
            raise ValueError(f'"{needed[0]}" cannot be left out of a request')
        return value

    @field_validator("temperature")
    @classmethod
    def _in_range(cls, value: float | str | None) -> float | str | None:
        if isinstance(value, float | int) and not 0 <= value <= 2:  # noqa: PLR2004 - the APIs' own range
            raise ValueError('must be from 0 to 2, or "provider"')
        return value


class Config(StrictModel):
    """The models and pipelines of a configuration."""

    default_pipeline: str
    models: dict[str, ModelDefinition]
    pipelines: dict[str, Pipeline]

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Config:
        """The configuration in a parsed file, each part read under its own key.

        Raises:
            PipelineError: naming every wrong key of the file, what is allowed, the nearest name.
        """
        problems: list[str] = []
        allowed = cls.model_fields
        problems += [f"{k}: unknown key. {nearest(k, allowed)}" for k in table if k not in allowed]
        models = _tables(ModelDefinition, table, "models", problems)
        pipelines = _tables(Pipeline, table, "pipelines", problems)
        # Names count although what stands under them is wrong: that has been said by then.
        known = _names(table, "models")
        for name, model in models.items():
            problems += _model_mistakes(name, model, known)
        for name, pipeline in pipelines.items():
            problems += mistakes(name, pipeline, known) if known else ()
        default = _default(table, problems)
        if problems:
            raise PipelineError("\n".join(problems))
        return cls(default_pipeline=default, models=models, pipelines=pipelines)


def _default(table: Mapping[str, Any], problems: list[str]) -> str:
    """The pipeline that is used when none is named; the only one, where there is just one."""
    names = _names(table, "pipelines")
    default = table.get("default_pipeline", names[0] if len(names) == 1 else None)
    if not isinstance(default, str):
        if names:
            problems.append(
                f"default_pipeline: must be set to a pipeline's name. {nearest('', names)}"
            )
    elif names and default not in names:
        problems.append(
            f'default_pipeline: there is no pipeline "{default}". {nearest(default, names)}'
        )
    return str(default)


def _model_mistakes(name: str, model: ModelDefinition, known: Collection[str]) -> Iterator[str]:
    """What is wrong with a model's table beyond its single values, a line each."""
    where = f"models.{name}"
    if (model.hedge_with is None) != (model.hedge_after_s is None):
        yield f"{where}.hedge_with and {where}.hedge_after_s: set both, or neither."
    if model.hedge_with == name:
        yield f"{where}.hedge_with: must be another model than this one."
    elif model.hedge_with is not None and model.hedge_with not in known:
        yield (
            f'{where}.hedge_with: there is no model "{model.hedge_with}". '
            f"{nearest(model.hedge_with, known)}"
        )
    if model.images and model.provider == "local":
        yield f"{where}.images: the embedded model takes no images."
    for keys, providers in KEYS_OF.items():
        if model.provider not in providers:
            for key in keys:
                if key in model.model_fields_set:
                    yield f"{where}.{key}: is for {' and '.join(providers)} models only."


def _names(table: Mapping[str, Any], key: str) -> list[str]:
    tables = table.get(key)
    return list[str](tables) if isinstance(tables, Mapping) else []


T = TypeVar("T", bound=StrictModel)


def _tables(kind: type[T], table: Mapping[str, Any], key: str, problems: list[str]) -> dict[str, T]:
    tables = table.get(key)
    if not isinstance(tables, Mapping) or not tables:
        problems.append(f"{key}: define at least one [{key}.NAME] table.")
        return {}
    found: dict[str, T] = {}
    for name, entry in tables.items():
        try:
            found[name] = parse_table(kind, entry, f"{key}.{name}")
        except PipelineError as error:
            problems.append(str(error))
    return found
