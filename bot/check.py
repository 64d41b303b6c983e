"""`moa-bot check`: what is set up, whether it can be reached, and how to mend what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError
from bot.models import model_catalogue
from bot.settings import Environment, load
from bot.slack.api.client import APP_HINT, BOT_HINT, SLACK_ERRORS, token_error_text, web_client
from bot.storage.database import open_database
from bot.storage.database_url import read_url
from moa import Model, ModelError, PipelineError, Prompt, Sampling, Usage
from moa.catalogue import ModelCatalogue, cost_in, key_variable
from moa.engine.in_flight_call import no_text_error
from moa.engine.model_request import output_cap
from moa.errors import Unavailable
from moa.providers import Endpoints, ProvidedModel

PATIENCE_S = 15
"""How long anything may take to answer."""

MODEL_PATIENCE_S = 60
"""The same for a model, which may have to be loaded, and may think."""

LOADING_S = 1
"""Between two tries of a model that is being loaded."""

Mark = Literal["ok", "failed", "missing", "not set"]
Say = Callable[[str], None]

WORKING: frozenset[Mark] = frozenset({"ok", "not set"})
"""What can be left out is not a failure of what is set."""

MARK_WIDTH = 8

SLACK_NOT_SET = (
    "To answer in Slack: create the app with `moa-bot manifest`, install it there, then set\n"
    "SLACK_BOT_TOKEN and SLACK_APP_TOKEN. `moa-bot ask` works without."
)
TRIAL = Usage(input_tokens=1_000, output_tokens=1_000)
NO_PRICE = (
    "price: not known of {names}\n"
    "Unless their server tells what a call costs, their calls count as $0 in [limits].\n"
    "Set price = {{ input = …, output = … }} (US dollars per million tokens)."
)
WHERE_SIGNING = "the Signing Secret of your app's page, Basic Information"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    mark: Mark
    words: str


Findings = Sequence[Finding]


class Report:
    """The lines that were said, and whether all of it works."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.works = True

    def section(self, title: str, findings: Findings) -> None:
        """A title and what was found under it."""
        self._say(title)
        for finding in findings:
            first, *others = finding.words.splitlines()
            self._say(f"  {finding.mark:<{MARK_WIDTH}} {first}")
            for line in others:
                self._say(f"  {'':<{MARK_WIDTH}} {line}")
            self.works = self.works and finding.mark in WORKING
        self._say("")


async def check(purposes: Mapping[str, str], say: Say) -> bool:
    """Report on everything that is set, part by part; whether all of it works.

    Args:
        purposes: the scopes that the Slack app should have, with what each one serves.
        say: takes the lines.
    """
    report = Report(say)
    try:
        settings = load()
    except ConfigurationError as error:
        report.section("Settings", [Finding("failed", str(error))])
        return report.works
    source = Finding("ok", f"models and pipelines from {settings.config_source}")
    report.section("Settings", [source])
    async with Endpoints() as endpoints:
        catalogue = model_catalogue(settings, endpoints)
        report.section("Models", await _models(catalogue))
        report.section("Pipelines", [_pipeline(catalogue, name) for name in catalogue.pipelines])
        report.section("Database", [await _database(settings.environment.database_url)])
        report.section("Slack", await _slack(settings.environment, purposes))
    say("All that is set works." if report.works else "Something does not work: see above.")
    return report.works


async def _models(catalogue: ModelCatalogue) -> Findings:
    found = await asyncio.gather(*(_model(catalogue, name) for name in catalogue.tables))
    return [*found, *await asyncio.to_thread(_prices, catalogue)]


def _prices(catalogue: ModelCatalogue) -> Findings:
    """The models whose calls count as no dollars, since their price is not known.

    Blocking: the price list takes half a second to load.
    """
    unknown = [name for name, table in catalogue.tables.items() if cost_in(table)(TRIAL) is None]
    if not unknown:
        return []
    return [Finding("not set", NO_PRICE.format(names=", ".join(unknown)))]


async def _model(catalogue: ModelCatalogue, name: str) -> Finding:
    table = catalogue.tables[name]
    known = f"{name}: {table.provider}, {table.model}"
    if table.base_url:
        known += f" at {table.base_url}"
    variable = key_variable(table)
    if catalogue.missing_key(name):
        return Finding("missing", f"{known}, {variable} is not set")
    if variable:
        known += f", {variable} is set"
    try:
        async with asyncio.timeout(MODEL_PATIENCE_S):
            model = catalogue.model(name)
            await _works(model)
    except ModelError as error:
        said = f"\nIts server said: {error.reason}" if error.reason else ""
        return Finding("failed", f"{known}\n{error}{said}")
    except PipelineError as error:
        return Finding("failed", f"{known}\n{error}")
    except TimeoutError:
        return Finding(
            "failed",
            f"{known}\nIt did not answer within {MODEL_PATIENCE_S} s. "
            "Check its address and the network.",
        )
    return Finding("ok", known)


async def _works(model: ProvidedModel) -> None:
    """Try a model, and wait while it is being loaded.

    Raises:
        ModelError: what is wrong.
    """
    while True:
        try:
            await model.probe()
            return await _answers(model)
        except Unavailable as error:
            if error.error_kind != "loading":
                raise
            await asyncio.sleep(LOADING_S)


async def _answers(model: Model) -> None:
    """Ask one real question the way a proposer is asked.

    Raises:
        ModelError: it brings no answer.
    """
    profile = model.profile
    temperature = (profile.temperature or 0.0) if profile.takes_temperature else None
    sampling = Sampling(temperature, output_cap(profile, "proposer"))
    text, stop = "", None
    async with aclosing(model.stream(Prompt.of("Say OK."), sampling)) as answer:
        async for chunk in answer:
            text, stop = text + chunk.text, chunk.stop or stop
    if not text.strip():
        raise no_text_error(stop)


def _pipeline(catalogue: ModelCatalogue, name: str) -> Finding:
    pipeline = catalogue.pipelines[name]
    layers = [", ".join(layer.proposers) for layer in pipeline.layers]
    default = " (the default)" if name == catalogue.default else ""
    known = f"{name}{default}: {' → '.join([*layers, pipeline.aggregators[0]])}"
    if keyless := [model for model in pipeline.models if catalogue.missing_key(model)]:
        return Finding("missing", f"{known}. Keys are missing for {', '.join(keyless)}")
    try:
        catalogue.plan(name)
    except PipelineError as error:
        return Finding("failed", f"{known}\n{error}")
    return Finding("ok", known)


async def _database(url: str) -> Finding:
    try:
        parsed = read_url(url)
        async with asyncio.timeout(PATIENCE_S):
            engine = await open_database(url)
        await engine.dispose()
    except ConfigurationError as error:
        return Finding("failed", str(error))
    except TimeoutError:
        return Finding("failed", f"It did not answer within {PATIENCE_S} s. Check DATABASE_URL.")
    place = parsed.database if parsed.get_backend_name() == "sqlite" else parsed.host
    return Finding("ok", f"{parsed.get_backend_name()}, {place}")


async def _slack(environment: Environment, purposes: Mapping[str, str]) -> Findings:
    bot = _value(environment.slack_bot_token)
    app = _value(environment.slack_app_token)
    signing = _value(environment.slack_signing_secret)
    if not (bot or app or signing):
        return [Finding("not set", SLACK_NOT_SET)]
    client = web_client(bot, environment.slack_api_url)
    found = await _bot_token(client, purposes) if bot else [_missing("SLACK_BOT_TOKEN", BOT_HINT)]
    if app:
        found.append(await _app_token(client, app))
    elif signing:
        found.append(Finding("not set", "SLACK_APP_TOKEN: needed for Socket Mode only"))
    else:
        found.append(_missing("SLACK_APP_TOKEN", APP_HINT))
    if signing:
        found.append(Finding("ok", "SLACK_SIGNING_SECRET is set, for `moa-bot run --http`"))
    else:
        found.append(
            Finding("not set", f"SLACK_SIGNING_SECRET: needed for --http only; {WHERE_SIGNING}")
        )
    return found


async def _bot_token(client: AsyncWebClient, purposes: Mapping[str, str]) -> list[Finding]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            answer = await client.auth_test()
    except SLACK_ERRORS as error:
        return [
            Finding("failed", token_error_text(error, client.base_url, "SLACK_BOT_TOKEN", BOT_HINT))
        ]
    headers = {name.lower(): value for name, value in answer.headers.items()}
    granted = {s.strip() for s in str(headers.get("x-oauth-scopes", "")).split(",")} - {""}
    who = f"{answer.get('user')} in the workspace {answer.get('team')}"
    return [Finding("ok", f"SLACK_BOT_TOKEN: {who}"), _scopes(granted, purposes)]


def _scopes(granted: Collection[str], purposes: Mapping[str, str]) -> Finding:
    if not granted:
        return Finding("ok", "scopes: Slack does not tell which were granted")
    missing = [scope for scope in purposes if scope not in granted]
    if not missing:
        return Finding("ok", f"scopes: all {len(purposes)} of manifest.yml are granted")
    lines = [f"- {scope} (lost without it: {purposes[scope]})" for scope in missing]
    add = "scopes: add these on your app's page, OAuth & Permissions, and reinstall the app"
    return Finding("missing", "\n".join([add, *lines]))


async def _app_token(client: AsyncWebClient, token: str) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await client.apps_connections_open(app_token=token)
    except SLACK_ERRORS as error:
        return Finding(
            "failed", token_error_text(error, client.base_url, "SLACK_APP_TOKEN", APP_HINT)
        )
    return Finding("ok", "SLACK_APP_TOKEN: accepted, for Socket Mode")


def _missing(variable: str, place: str) -> Finding:
    return Finding("missing", f"{variable}\nSet it to {place}.")


def _value(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
