"""The only reader of the environment, of `.env` and of `moa.toml`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError

from bot.defaults import default_config
from bot.errors import ConfigurationError
from bot.limits import Limits
from bot.preferences import Defaults
from moa.errors import PipelineError
from moa.pipeline.config import Config
from moa.pipeline.strict_model import StrictModel, parse_table
from moa.pipeline.toml_file import read_toml

DEFAULT_CONFIG = "moa.toml"


class SlackTable(Defaults):
    """`[slack]` in `moa.toml`.

    Attributes:
        link_hosts: hosts whose addresses are links although a model wrote them. Each allows
            itself and its `www.`, no subdomain.
        answer_bots: apps whose mentions are answered, by their bots' ids (B…); "workflows" for all
            of Workflow Builder's.
    """

    link_hosts: list[str] = Field(default=[])
    answer_bots: list[Annotated[str, Field(pattern=r"^(workflows|B[A-Z0-9]+)$")]] = Field(
        default=[]
    )


class StorageTable(StrictModel):
    """`[storage]` in `moa.toml`.

    Attributes:
        retention_days: questions, answers and costs older than this are deleted.
    """

    retention_days: int = Field(default=90, ge=1)


class WorkTable(StrictModel):
    """`[work]` in `moa.toml`.

    Attributes:
        at_once: questions that one process works on together; the others wait in the queue.
    """

    at_once: int = Field(default=100, ge=1)


class Environment(StrictModel):
    """The variables that are read, by their names in lower case."""

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    database_url: str = "sqlite:///moa-bot.db"
    moa_config: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was set, read once.

    `config_source` says in words where the models come from. `variables` is the environment with
    the `.env` file under it; keys are looked up in it by `secret`.
    """

    environment: Environment
    config: Config
    slack: SlackTable
    config_source: str
    variables: Mapping[str, str]
    limits: Limits
    storage: StorageTable
    work: WorkTable

    def secret(self, name: str) -> str | None:
        """The value of a variable without the space around it; None when nothing is left."""
        return self.variables.get(name, "").strip() or None


def load(folder: Path | None = None, variables: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        folder: where `.env` and `moa.toml` lie; the working folder by default.
        variables: the environment; the process's own by default.

    Raises:
        ConfigurationError: naming the file, each wrong key, what is allowed and the nearest name.
    """
    folder = folder or Path.cwd()
    known = _dotenv(folder / ".env")
    known.update(os.environ if variables is None else variables)
    environment = _environment(known)
    return _configured(folder, environment, known)


def _dotenv(path: Path) -> dict[str, str]:
    try:
        return {k: v for k, v in dotenv_values(path).items() if v is not None}
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name}: is not a UTF-8 text file.") from None
    except OSError as error:
        raise ConfigurationError(f"{path.name}: cannot be read ({error.strerror}).") from None


def _environment(variables: Mapping[str, str]) -> Environment:
    names = {name.upper(): name for name in Environment.model_fields}
    values = {names[k]: v.strip() for k, v in variables.items() if k in names and v.strip()}
    values |= {k: v.upper() for k, v in values.items() if k == "log_level"}
    try:
        return Environment.model_validate(values, strict=False)
    except ValidationError as error:
        lines = [
            f"{str(detail['loc'][0]).upper()}: {detail['msg'].replace('Input should', 'must')}."
            for detail in error.errors(include_input=False)
        ]
        raise ConfigurationError("The environment:\n" + "\n".join(lines)) from None


def _configured(folder: Path, environment: Environment, variables: Mapping[str, str]) -> Settings:
    path = folder / (environment.moa_config or DEFAULT_CONFIG)
    source, config, table = path.name, None, dict[str, Any]()
    if path.exists() or environment.moa_config is not None:
        table = _parsed(path)
    else:
        config, source = default_config(variables)
    problems: list[str] = []
    slack = _part(SlackTable, table, "slack", problems)
    limits = _part(Limits, table, "limits", problems)
    storage = _part(StorageTable, table, "storage", problems)
    work = _part(WorkTable, table, "work", problems)
    try:
        config = config or Config.from_table(table)
    except PipelineError as error:
        problems.append(str(error))
    if problems or config is None:
        raise ConfigurationError(f"{path.name}:\n" + "\n".join(problems))
    return Settings(environment, config, slack, source, variables, limits, storage, work)


T = TypeVar("T", bound=StrictModel)


def _part(kind: type[T], table: dict[str, Any], key: str, problems: list[str]) -> T:
    """A table that is the bot's own, taken out of the file; the defaults where it is wrong."""
    try:
        return parse_table(kind, table.pop(key, {}), key)
    except PipelineError as error:
        problems.append(str(error))
        return kind()


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path, set_by="MOA_CONFIG")
    except PipelineError as error:
        raise ConfigurationError(str(error)) from None
