"""A configuration file as values: `[models.NAME]` and `[pipelines.NAME]`.

Only the shape stands here. Where the file lies and where keys come from is the caller's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from moa.errors import PipelineError
from moa.pipeline import Pipeline, Seconds, mistakes
from moa.reading import Table, nearest, read

Provider = Literal["openai", "anthropic", "local", "scripted"]


class PriceTable(Table):
    """`price = { input = 1.0, output = 5.0 }`: US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)


class ModelTable(Table):
    """`[models.NAME]`: one configured model.

    Attributes:
        provider: which API it speaks; `openai` is every OpenAI-compatible server, by `base_url`.
        model: the provider's own name for it.
        base_url: where its API is; None for the provider's own address.
        api_key_env: the environment variable that holds its key; None for the provider's usual one.
        context_window: tokens of prompt and output together.
        max_output_tokens: the most it is asked to write, in either role.
        temperature: overrides the role's default; "provider" sends none.
        timeout_s: seconds without a byte after which its connection is given up.
        persona: words put at the head of its system text when it proposes.
        price: overrides the known prices.
        options: passed on in the request's body as it is.
        reply, delay_s, fail: what a `scripted` model says, how long it takes, how it fails.
    """

    provider: Provider
    model: str = Field(min_length=1)
    base_url: str | None = None
    api_key_env: str | None = Field(default=None, min_length=1)
    context_window: int | None = Field(default=None, ge=512)
    max_output_tokens: int | None = Field(default=None, ge=1)
    temperature: float | Literal["provider"] | None = None
    timeout_s: Seconds = 120.0
    persona: str = ""
    price: PriceTable | None = None
    options: dict[str, Any] = Field(default={})
    reply: str | None = None
    delay_s: float = Field(default=0.0, ge=0)
    fail: str | None = None

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError('must begin with "http://" or "https://"')
        return value

    @field_validator("temperature")
    @classmethod
    def _in_range(cls, value: float | str | None) -> float | str | None:
        if isinstance(value, float | int) and not 0 <= value <= 2:  # noqa: PLR2004 - the APIs' own range
            raise ValueError('must be from 0 to 2, or "provider"')
        return value


class Config(Table):
    """The models and pipelines of a configuration."""

    default_pipeline: str
    models: dict[str, ModelTable]
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
        models = _tables(ModelTable, table, "models", problems)
        pipelines = _tables(Pipeline, table, "pipelines", problems)
        for name, pipeline in pipelines.items():
            problems += mistakes(name, pipeline, models) if models else ()
        default = table.get("default_pipeline")
        if default is None and len(pipelines) == 1:
            default = next(iter(pipelines))
        if not isinstance(default, str):
            problems.append("default_pipeline: must be set to a pipeline's name.")
        elif default not in pipelines and "pipelines" in table:
            problems.append(
                f'default_pipeline: there is no pipeline "{default}". {nearest(default, pipelines)}'
            )
        if problems:
            raise PipelineError("\n".join(problems))
        return cls(default_pipeline=str(default), models=models, pipelines=pipelines)


T = TypeVar("T", bound=Table)


def _tables(kind: type[T], table: Mapping[str, Any], key: str, problems: list[str]) -> dict[str, T]:
    tables = table.get(key)
    if not isinstance(tables, Mapping) or not tables:
        problems.append(f"{key}: define at least one [{key}.NAME] table.")
        return {}
    found: dict[str, T] = {}
    for name, entry in tables.items():
        try:
            found[name] = read(kind, entry, f"{key}.{name}")
        except PipelineError as error:
            problems.append(str(error))
    return found
