"""Reads all settings: the environment, `.env` and `moa.toml`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator

from bot.defaults import default_config
from bot.errors import ConfigurationError
from bot.limits import Limits
from bot.preferences import Defaults
from moa.addresses import address_problem
from moa.errors import PipelineError
from moa.network import Network
from moa.pipeline.config import Config
from moa.pipeline.misplaced_keys import lift_default_pipeline
from moa.pipeline.strict_model import StrictModel, parse_table
from moa.pipeline.toml_file import read_toml
from moa.pipeline.toml_lines import with_lines

DEFAULT_CONFIG = "moa.toml"


class SlackTable(Defaults):
    """`[slack]` in `moa.toml`.

    Attributes:
        link_hosts: hosts that models may link to. Each allows itself and its `www.` form, no
            subdomains.
        answer_bots: bot ids (B…) of apps whose mentions are answered; "workflows" allows all of
            Workflow Builder.
        show: whether replies are streamed, or posted and then edited as they grow.
    """

    link_hosts: list[str] = Field(default=[])
    answer_bots: list[Annotated[str, Field(pattern=r"^(workflows|B[A-Z0-9]+)$")]] = Field(
        default=[]
    )
    show: Literal["stream", "edit"] = "stream"


class StorageTable(StrictModel):
    """`[storage]` in `moa.toml`.

    Attributes:
        retention_days: how long questions, answers and costs are kept, in days.
    """

    retention_days: int = Field(default=90, ge=1)


class WorkTable(StrictModel):
    """`[work]` in `moa.toml`.

    Attributes:
        at_once: questions that one process answers at the same time. More wait in the queue.
    """

    at_once: int = Field(default=100, ge=1)


class Environment(StrictModel):
    """The environment variables, with lower-case names."""

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    database_url: str = "sqlite:///moa-bot.db"
    moa_config: str | None = None
    ollama_host: str | None = None
    moa_local_servers: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"

    @field_validator("slack_bot_token", "slack_app_token", "slack_signing_secret")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        token = secret_value(value)
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise ValueError("holds a character that no token has. Was it copied correctly?")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if problem := address_problem(value):
            raise ValueError(problem)
        return value

    @field_validator("moa_config", "database_url")
    @classmethod
    def _is_printable(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("must be one line without control characters")
        return value


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, read once.

    `config_source` says where the models come from. `variables` is the environment merged over
    `.env`; `secret` looks keys up in it.
    """

    environment: Environment
    config: Config
    slack: SlackTable
    config_source: str
    variables: Mapping[str, str]
    limits: Limits
    storage: StorageTable
    work: WorkTable

    @property
    def network(self) -> Network:
        """The proxies and certificate authorities, from the environment and `.env`."""
        return Network(self.secret)

    def secret(self, name: str) -> str | None:
        """Return a variable's trimmed value, or None if it is unset or empty."""
        return self.variables.get(name, "").strip() or None


def load(folder: Path | None = None, variables: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        folder: contains `.env` and `moa.toml`; the working directory by default.
        variables: the environment; the process's own by default.

    Raises:
        ConfigurationError: names the file, each wrong key, the allowed values and the closest
            match.
    """
    merged = load_variables(folder, variables)
    return _read_config(folder or Path.cwd(), _environment(merged), merged)


def load_environment() -> Environment:
    """Read only the environment variables and `.env`, for commands that call no model.

    Raises:
        ConfigurationError: names each invalid variable.
    """
    return _environment(load_variables())


def load_variables(
    folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> Mapping[str, str]:
    """Read the environment merged over `.env`, unchecked. For the arguments see `load`.

    Raises:
        ConfigurationError: `.env` can't be read.
    """
    environment = os.environ if variables is None else variables
    return {**_dotenv((folder or Path.cwd()) / ".env"), **environment}


def _dotenv(path: Path) -> dict[str, str]:
    try:
        return {k: v for k, v in dotenv_values(path, encoding="utf-8-sig").items() if v is not None}
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name}: not a UTF-8 text file.") from None
    except OSError as error:
        raise ConfigurationError(f"{path.name}: can't be read ({error.strerror}).") from None


def _environment(variables: Mapping[str, str]) -> Environment:
    names = {name.upper(): name for name in Environment.model_fields}
    values = {names[k]: v.strip() for k, v in variables.items() if k in names and v.strip()}
    values |= {k: v.upper() for k, v in values.items() if k == "log_level"}
    try:
        return Environment.model_validate(values, strict=False)
    except ValidationError as error:
        lines = [
            f"{str(detail['loc'][0]).upper()}: {_problem(detail['msg'])}."
            for detail in error.errors(include_input=False)
        ]
        raise ConfigurationError("The environment:\n" + "\n".join(lines)) from None


def _problem(message: str) -> str:
    """Return pydantic's message in our words, without a full stop."""
    own = message.removeprefix("Value error, ").removesuffix(".")
    return own.replace("Input should", "must")


def _read_config(folder: Path, environment: Environment, variables: Mapping[str, str]) -> Settings:
    path = folder / (environment.moa_config or DEFAULT_CONFIG)
    source, config, table = path.name, None, dict[str, Any]()
    if _exists(path) or environment.moa_config is not None:
        table = _parse_toml(path)
    else:
        config, source = default_config(variables)
    table, problems = lift_default_pipeline(table)
    slack = _pop_table(SlackTable, table, "slack", problems)
    limits = _pop_table(Limits, table, "limits", problems)
    storage = _pop_table(StorageTable, table, "storage", problems)
    work = _pop_table(WorkTable, table, "work", problems)
    try:
        config = config or Config.from_table(table)
    except PipelineError as error:
        problems.append(str(error))
    if problems or config is None:
        located = with_lines("\n".join(problems), path)
        raise ConfigurationError(f"{path.name}:\n{located}")
    return Settings(environment, config, slack, source, variables, limits, storage, work)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the name is too long
        raise ConfigurationError(f"MOA_CONFIG: not a file's name: {path.name[:60]}…") from None


def secret_value(value: SecretStr | None) -> str:
    """Return the secret's value, or "" if it isn't set."""
    return value.get_secret_value() if value else ""


T = TypeVar("T", bound=StrictModel)


def _pop_table(table_type: type[T], table: dict[str, Any], key: str, problems: list[str]) -> T:
    """Pop a bot-only table from the file and parse it; return the defaults if it is invalid."""
    try:
        return parse_table(table_type, table.pop(key, {}), key)
    except PipelineError as error:
        problems.append(str(error))
        return table_type()


def _parse_toml(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path, set_by="MOA_CONFIG")
    except PipelineError as error:
        raise ConfigurationError(str(error)) from None
