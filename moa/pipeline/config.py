"""The schema of a configuration: `[models.NAME]` and `[pipelines.NAME]`.

Finding the file and the API keys is up to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import Field, field_validator

from moa.addresses import address_problem
from moa.errors import PipelineError
from moa.pasted_keys import looks_like_key, name_problem
from moa.pipeline.definition import Pipeline, Seconds, find_errors
from moa.pipeline.misplaced_keys import lift_default_pipeline
from moa.pipeline.provider_presets import PRESETS, Api
from moa.pipeline.strict_model import StrictModel, nearest, parse_table
from moa.ports import DEFAULT_MAX_ATTEMPTS
from moa.resilience import (
    DEFAULT_FAILURES,
    DEFAULT_LONG_REST_S,
    DEFAULT_REST_S,
    DEFAULT_SILENT_S,
)

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

REQUIRED_PARAMETERS = frozenset({"model", "messages", "stream"})
"""Request parameters that `omit` may not name."""

_ON_A_SERVER: tuple[Api, ...] = ("openai", "azure", "anthropic", "bedrock", "vertex")
API_KEYS: Mapping[tuple[str, ...], tuple[Api, ...]] = {
    ("reasoning_tokens", "reasoning_effort", "omit", "headers"): _ON_A_SERVER,
    ("system_role",): ("openai", "azure"),
    ("api_version",): ("azure",),
    ("region",): ("bedrock", "vertex"),
    ("project",): ("vertex",),
    ("reply", "delay_s", "fail"): ("scripted",),
}
"""Model keys that only some APIs support, with those APIs."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SDK_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding"})


class PriceModel(StrictModel):
    """`price = { input = 1.0, output = 5.0 }`: US dollars per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class BreakerModel(StrictModel):
    """`breaker = { failures = 4, rest_s = 30 }`: when to stop calling a model that keeps failing.

    Attributes:
        failures: failures in a row after which calls stop; 0 for never.
        rest_s: seconds without calls; then one call probes the model.
        long_rest_s: the same after a rejected key or a used-up quota.
        silent_s: a call stopped after this many seconds without a token counts as a failure.
    """

    failures: int = Field(default=DEFAULT_FAILURES, ge=0)
    rest_s: Seconds = DEFAULT_REST_S
    long_rest_s: Seconds = DEFAULT_LONG_REST_S
    silent_s: Seconds = DEFAULT_SILENT_S


class ModelDefinition(StrictModel):
    """`[models.NAME]`: one configured model.

    Attributes:
        provider: a name in `moa.pipeline.provider_presets`; `openai` works with any
            OpenAI-compatible server, see `base_url`.
        model: the provider's name for the model; on Azure, the deployment's.
        base_url: the API's address; None for the provider's default. May hold credentials and a
            query.
        api_key_env: the environment variable with the API key; None for the provider's usual one.
        headers: sent with every request; `env:NAME` is replaced by a variable's value.
        api_version: of Azure's API.
        region, project: of Bedrock and Vertex.
        context_window: tokens of prompt and output together.
        max_output_tokens: output cap, in every role.
        proposer_max_output_tokens, aggregator_max_output_tokens: output cap in that role.
        reasoning_tokens: thinking allowed on top of the output cap; None for the provider's usual
            allowance.
        reasoning_effort: how hard the model thinks; None leaves it to the model.
        temperature: from 0 to 2, overrides the role's default; "provider" sends none.
        images: whether the model takes images.
        timeout_s: read timeout in seconds.
        persona: text put before the system text when the model proposes.
        price: overrides the built-in prices.
        options: extra fields for the request body.
        omit: request parameters that the server rejects, so they are not sent.
        system_role: False if the model's chat template has no system role.
        max_attempts: calls for one answer, retries included, when the server is busy or broken.
        max_concurrency: calls running at once; more wait, and questions take turns.
        requests_per_minute: calls started within any minute.
        hedge_after_s, hedge_with: after this many seconds of silence, call this other model too.
        breaker: when to stop calling the model because it keeps failing.
        reply, delay_s, fail: text, delay in seconds and error of a `scripted` model.
    """

    provider: str
    model: str = Field(min_length=1)
    base_url: str | None = None
    api_key_env: str | None = None
    headers: dict[str, str] = Field(default={}, repr=False)
    api_version: str | None = Field(default=None, min_length=1)
    region: str | None = Field(default=None, min_length=1)
    project: str | None = Field(default=None, min_length=1)
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

    @field_validator("provider")
    @classmethod
    def _is_provider(cls, value: str) -> str:
        if value not in PRESETS:
            raise ValueError(
                f'there is no provider "{value}". {nearest(value, PRESETS)}'.rstrip(".")
            )
        return value

    @field_validator("model")
    @classmethod
    def _is_model(cls, value: str) -> str:
        if looks_like_key(value):
            raise ValueError(f"must be the provider's name for a model. {_PASTED}")
        return value

    @field_validator("api_key_env")
    @classmethod
    def _is_variable(cls, value: str | None) -> str | None:
        if value is not None and (problem := name_problem(value)):
            raise ValueError(problem)
        return value

    @field_validator("base_url")
    @classmethod
    def _is_http_url(cls, value: str | None) -> str | None:
        if value is not None and (problem := address_problem(value, login=True)):
            raise ValueError(problem)
        return value

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, content in value.items():
            if not _HEADER_NAME.fullmatch(name) or looks_like_key(name):
                raise ValueError("has an invalid header name")
            if name.lower() in _SDK_HEADERS:
                raise ValueError(f'must not contain "{name}": it is set for each request')
            if not (content.isascii() and content.isprintable()):
                raise ValueError(f'"{name}" has a value with an invalid character')
        return value

    @field_validator("omit")
    @classmethod
    def _has_no_required_parameter(cls, value: list[str]) -> list[str]:
        if required := sorted(REQUIRED_PARAMETERS.intersection(value)):
            raise ValueError(f'"{required[0]}" is required in every request')
        return value

    @field_validator("temperature")
    @classmethod
    def _is_temperature(cls, value: float | str | None) -> float | str | None:
        if isinstance(value, float | int) and not 0 <= value <= 2:  # noqa: PLR2004 - the APIs' range
            raise ValueError('must be from 0 to 2, or "provider"')
        return value


_PASTED = "This looks like a key. Put the key in the environment or in .env"


BOT_TABLES = frozenset({"slack", "limits", "storage", "work"})
"""Tables of moa.toml that only moa-bot reads."""

_HOMES: Mapping[str, str] = {
    **dict.fromkeys(Pipeline.model_fields, "[pipelines.NAME]"),
    **dict.fromkeys(ModelDefinition.model_fields, "[models.NAME]"),
    **dict.fromkeys(["layers", "proposers", "required"], "[[pipelines.NAME.layers]]"),
}
"""The table that each key belongs to."""


class Config(StrictModel):
    """The models and pipelines of a configuration."""

    default_pipeline: str
    models: dict[str, ModelDefinition]
    pipelines: dict[str, Pipeline]

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Config:
        """Build the configuration from a parsed TOML file, without the tables in `BOT_TABLES`.

        Raises:
            PipelineError: names every wrong key, the allowed ones and the closest match.
        """
        table, errors = lift_default_pipeline(table)
        allowed = [*cls.model_fields, *sorted(BOT_TABLES)]
        errors += [
            _unknown_top_key(key, value, allowed)
            for key, value in table.items()
            if key not in allowed
        ]
        models = _parse_tables(ModelDefinition, table, "models", errors)
        pipelines = _parse_tables(Pipeline, table, "pipelines", errors)
        # Include models whose tables have errors, so that each error is reported only once.
        known = _names(table, "models")
        for name, model in models.items():
            errors += _model_errors(name, model, known)
        for name, pipeline in pipelines.items():
            errors += find_errors(name, pipeline, known) if known else ()
        default = _default_pipeline(table, errors)
        if errors:
            raise PipelineError("\n".join(errors))
        return cls(default_pipeline=default, models=models, pipelines=pipelines)


def _default_pipeline(table: Mapping[str, Any], errors: list[str]) -> str:
    """Return the default pipeline's name; a single pipeline needs no `default_pipeline`."""
    names = _names(table, "pipelines")
    default = table.get("default_pipeline", names[0] if len(names) == 1 else None)
    if not isinstance(default, str):
        if names:
            errors.append(
                f"default_pipeline: must be set to a pipeline's name. {nearest('', names)}"
            )
    elif names and default not in names:
        errors.append(
            f'default_pipeline: there is no pipeline "{default}". {nearest(default, names)}'
        )
    return str(default)


def _unknown_top_key(key: str, value: object, allowed: Collection[str]) -> str:
    # A table is a misspelt one: `[model.x]`.
    if (home := _HOMES.get(key)) and not isinstance(value, Mapping):
        return f"{key}: unknown key at the top of the file. It belongs to {home}: move it there."
    return f"{key}: unknown key. {nearest(key, allowed)}"


def _model_errors(name: str, model: ModelDefinition, known: Collection[str]) -> Iterator[str]:
    """Yield errors in a model's table that involve several keys or models, one line each."""
    where = f"models.{name}"
    if (model.hedge_with is None) != (model.hedge_after_s is None):
        yield f"{where}.hedge_with and {where}.hedge_after_s: set both, or neither."
    if model.hedge_with == name:
        yield f"{where}.hedge_with: must be a different model."
    elif model.hedge_with is not None and model.hedge_with not in known:
        yield (
            f'{where}.hedge_with: there is no model "{model.hedge_with}". '
            f"{nearest(model.hedge_with, known)}"
        )
    api = PRESETS[model.provider].api
    if model.images and api == "local":
        yield f"{where}.images: the embedded model takes no images."
    for keys, apis in API_KEYS.items():
        if api not in apis:
            for key in keys:
                if key in model.model_fields_set:
                    yield f"{where}.{key}: only works for {_joined(apis)} models."


def _joined(names: Sequence[str]) -> str:
    *front, last = names
    return f"{', '.join(front)} and {last}" if front else last


def _names(table: Mapping[str, Any], key: str) -> list[str]:
    tables = table.get(key)
    return list[str](tables) if isinstance(tables, Mapping) else []


T = TypeVar("T", bound=StrictModel)


def _parse_tables(
    kind: type[T], table: Mapping[str, Any], key: str, errors: list[str]
) -> dict[str, T]:
    tables = table.get(key)
    if not isinstance(tables, Mapping) or not tables:
        errors.append(f"{key}: define at least one [{key}.NAME] table.")
        return {}
    parsed: dict[str, T] = {}
    for name, entry in tables.items():
        if key == "pipelines" and name == "layers" and isinstance(entry, list):
            errors.append("pipelines.layers: write [[pipelines.NAME.layers]], with your own NAME.")
            continue
        try:
            parsed[name] = parse_table(kind, entry, f"{key}.{name}", homes=_HOMES)
        except PipelineError as error:
            errors.append(str(error))
    return parsed
