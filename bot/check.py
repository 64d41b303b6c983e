"""`moa-bot check`: reports what is set up, what can be reached, and how to fix problems."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError
from bot.figures import shape_of
from bot.file_rights import others_can_open
from bot.models import model_catalogue
from bot.settings import (
    Environment,
    load,
    load_environment,
    load_variables,
    secret_value,
)
from bot.slack.api.client import APP_HINT, BOT_HINT, SLACK_ERRORS, token_error_text, web_client
from bot.storage.database import open_database
from bot.storage.database_url import location, read_url
from bot.storage.sqlite import database_file, files_others_can_open
from moa import Model, ModelError, PipelineError, Prompt, Usage
from moa.addresses import shown_address
from moa.catalogue import ModelCatalogue, cost_in
from moa.engine.in_flight_call import no_text_error
from moa.engine.model_request import build_request
from moa.environment import lookup_in
from moa.errors import Unavailable
from moa.network import Network
from moa.pipeline.strategies import PromptContext, brief, direct
from moa.providers import Endpoints, ProvidedModel

TIMEOUT_S = 15
"""Seconds to wait for a response."""

MODEL_TIMEOUT_S = 60
"""The same for a model, which may have to load first and may reason."""

LOADING_TIMEOUT_S = 300
"""The same for a model whose server says that it is loading."""

LOADING_RETRY_S = 1
"""Seconds between two tries while a model loads."""

Status = Literal["ok", "failed", "missing", "not set", "warning"]
Print = Callable[[str], None]

PASSING: frozenset[Status] = frozenset({"ok", "not set", "warning"})
"""An optional setting that isn't set is not a failure. Nor is something that works but should
change."""

STATUS_WIDTH = 8

SLACK_NOT_SET = (
    "To answer in Slack, create the app with `moa-bot manifest --open`, install it, then\n"
    "set SLACK_BOT_TOKEN and SLACK_APP_TOKEN. `moa-bot ask` works without Slack."
)
LOADING = "Waiting for {name}: its server is loading the model."
SAMPLE_USAGE = Usage(input_tokens=1_000, output_tokens=1_000)
NO_PRICE = (
    "price: unknown for {names}\n"
    "Unless the server reports a call's cost, their calls count as $0 in [limits].\n"
    "Set price = {{ input = …, output = … }} (US dollars per million tokens)."
)
OPEN_TO_OTHERS = "{what} can be opened by other users of this computer. Run: chmod 600 {files}"
WHERE_SIGNING = "the Signing Secret on your app's page, Basic Information"


@dataclass(frozen=True, slots=True)
class Finding:
    """One entry of the report; `text` may have several lines."""

    status: Status
    text: str


Findings = Sequence[Finding]


class Report:
    """Prints findings and remembers whether all of them passed."""

    def __init__(self, print_line: Print) -> None:
        self._print_line = print_line
        self.ok = True

    def section(self, title: str, findings: Findings) -> None:
        """Print a title and the findings under it."""
        self._print_line(title)
        for finding in findings:
            first, *others = finding.text.splitlines()
            self._print_line(f"  {finding.status:<{STATUS_WIDTH}} {first}")
            for line in others:
                self._print_line(f"  {'':<{STATUS_WIDTH}} {line}")
            self.ok = self.ok and finding.status in PASSING
        self._print_line("")


async def check(purposes: Mapping[str, str], print_line: Print) -> bool:
    """Check everything that is set and print a report. Return whether all of it works.

    Args:
        purposes: the scopes that the Slack app needs, and the purpose of each.
        print_line: prints one line.
    """
    report = Report(print_line)
    try:
        settings = load()
    except ConfigurationError as error:
        report.section("Settings", [Finding("failed", str(error))])
        return await _check_without_models(report, purposes)
    source = Finding("ok", f"models and pipelines from {settings.config_source}")
    report.section("Settings", [source, *_check_dotenv_rights()])
    async with Endpoints(network=settings.network) as endpoints:
        catalogue = model_catalogue(settings, endpoints)
        report.section("Models", await _check_models(catalogue, print_line))
        report.section(
            "Pipelines", [_check_pipeline(catalogue, name) for name in catalogue.pipelines]
        )
        url = settings.environment.database_url
        report.section("Database", [await _check_database(url), *_check_database_rights(url)])
        report.section(
            "Slack", await _check_slack(settings.environment, settings.network, purposes)
        )
    print_line("Everything that is set works." if report.ok else "Some checks failed. See above.")
    return report.ok


async def _check_without_models(report: Report, purposes: Mapping[str, str]) -> bool:
    """Check the database and Slack even if no model can be used."""
    try:
        environment = load_environment()
        network = Network(lookup_in(load_variables()))
    except ConfigurationError:
        return report.ok  # reported already
    report.section("Database", [await _check_database(environment.database_url)])
    report.section("Slack", await _check_slack(environment, network, purposes))
    return report.ok


async def _check_models(catalogue: ModelCatalogue, print_line: Print) -> Findings:
    found = await asyncio.gather(
        *(_check_model(catalogue, name, print_line) for name in catalogue.tables)
    )
    return [*found, *await asyncio.to_thread(_check_prices, catalogue)]


def _check_prices(catalogue: ModelCatalogue) -> Findings:
    """List the models without a known price, whose calls count as $0.

    Blocking: the price list takes half a second to load.
    """
    unknown = [
        name for name, table in catalogue.tables.items() if cost_in(table)(SAMPLE_USAGE) is None
    ]
    if not unknown:
        return []
    return [Finding("not set", NO_PRICE.format(names=", ".join(unknown)))]


async def _check_model(catalogue: ModelCatalogue, name: str, print_line: Print) -> Finding:
    table = catalogue.tables[name]
    summary = f"{name}: {table.provider}, {table.model}"
    if address := catalogue.address(name):
        summary += f" at {shown_address(address)}"
    if unset := catalogue.unset_variable(name):
        return Finding("missing", f"{summary}, {unset} is not set")
    if variable := catalogue.key_variable(name):
        summary += f", {variable} is set"
    try:
        async with asyncio.timeout(MODEL_TIMEOUT_S) as limit:
            model = catalogue.model(name)
            await _try_until_loaded(model, limit, print_line)
    except ModelError as error:
        said = f"\nThe server said: {error.reason}" if error.reason else ""
        return Finding("failed", f"{summary}\n{error}{said}")
    except PipelineError as error:
        return Finding("failed", f"{summary}\n{error}")
    except TimeoutError:
        return Finding(
            "failed",
            f"{summary}\nNo answer within {MODEL_TIMEOUT_S} s ({LOADING_TIMEOUT_S} s if loading). "
            "Check its address and the network.",
        )
    return Finding("ok", summary)


async def _try_until_loaded(
    model: ProvidedModel, limit: asyncio.Timeout, print_line: Print
) -> None:
    """Try a model, waiting longer while it loads.

    Raises:
        ModelError: the model doesn't work.
    """
    waiting = False
    while True:
        try:
            await model.probe()
            return await _check_answer(model)
        except Unavailable as error:
            if error.error_kind != "loading":
                raise
            if not waiting:
                waiting = True
                limit.reschedule(asyncio.get_running_loop().time() + LOADING_TIMEOUT_S)
                print_line(LOADING.format(name=model.profile.name))
            await asyncio.sleep(LOADING_RETRY_S)


async def _check_answer(model: Model) -> None:
    """Ask one real question the way a proposer is asked: its prompt, temperature and output limit.

    Raises:
        ModelError: there was no answer.
    """
    context = PromptContext(Prompt.of("Say OK."))
    strategy = brief if model.profile.brief_prompts else direct
    request = build_request(strategy, context, model.profile, "proposer")
    text, stop = "", None
    async with aclosing(model.stream(request.prompt, request.sampling)) as answer:
        async for chunk in answer:
            text, stop = text + chunk.text, chunk.stop or stop
    if not text.strip():
        raise no_text_error(stop)


def _check_pipeline(catalogue: ModelCatalogue, name: str) -> Finding:
    pipeline = catalogue.pipelines[name]
    default = " (the default)" if name == catalogue.default else ""
    summary = f"{name}{default}: {shape_of(pipeline)}"
    if keyless := [model for model in pipeline.models if catalogue.missing_key(model)]:
        return Finding("missing", f"{summary}. No key for {', '.join(keyless)}")
    try:
        catalogue.plan(name)
    except PipelineError as error:
        return Finding("failed", f"{summary}\n{error}")
    return Finding("ok", summary)


async def _check_database(url: str) -> Finding:
    try:
        parsed = read_url(url)
        async with asyncio.timeout(TIMEOUT_S):
            engine = await open_database(url)
        await engine.dispose()
    except ConfigurationError as error:
        return Finding("failed", str(error))
    except TimeoutError:
        return Finding("failed", f"No response within {TIMEOUT_S} s. Check DATABASE_URL.")
    return Finding("ok", f"{parsed.get_backend_name()}, {location(parsed)}")


def _check_dotenv_rights() -> Findings:
    dotenv = Path(".env")
    if not others_can_open(dotenv):
        return []
    return [Finding("warning", OPEN_TO_OTHERS.format(what=".env holds keys and", files=".env"))]


def _check_database_rights(url: str) -> Findings:
    try:
        file = database_file(read_url(url))
    except ConfigurationError:
        return []
    found = files_others_can_open(file) if file else []
    if not found:
        return []
    files = " ".join(map(str, found))
    return [Finding("warning", OPEN_TO_OTHERS.format(what="It holds questions and", files=files))]


async def _check_slack(
    environment: Environment, network: Network, purposes: Mapping[str, str]
) -> Findings:
    bot = secret_value(environment.slack_bot_token)
    app = secret_value(environment.slack_app_token)
    signing = secret_value(environment.slack_signing_secret)
    if not (bot or app or signing):
        return [Finding("not set", SLACK_NOT_SET)]
    try:
        client = web_client(bot, environment.slack_api_url, network=network)
    except ConfigurationError as error:
        return [Finding("failed", str(error))]
    found = (
        await _check_bot_token(client, purposes) if bot else [_missing("SLACK_BOT_TOKEN", BOT_HINT)]
    )
    if app:
        found.append(await _check_app_token(client, app))
    elif signing:
        found.append(Finding("not set", "SLACK_APP_TOKEN: only needed for Socket Mode"))
    else:
        found.append(_missing("SLACK_APP_TOKEN", APP_HINT))
    if signing:
        found.append(Finding("ok", "SLACK_SIGNING_SECRET is set, for `moa-bot run --http`"))
    else:
        found.append(
            Finding("not set", f"SLACK_SIGNING_SECRET: only needed for --http; {WHERE_SIGNING}")
        )
    return found


async def _check_bot_token(client: AsyncWebClient, purposes: Mapping[str, str]) -> list[Finding]:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer = await client.auth_test()
    except SLACK_ERRORS as error:
        return [
            Finding("failed", token_error_text(error, client.base_url, "SLACK_BOT_TOKEN", BOT_HINT))
        ]
    headers = {name.lower(): value for name, value in answer.headers.items()}
    granted = {s.strip() for s in str(headers.get("x-oauth-scopes", "")).split(",")} - {""}
    identity = f"{answer.get('user')} in the workspace {answer.get('team')}"
    return [Finding("ok", f"SLACK_BOT_TOKEN: {identity}"), _check_scopes(granted, purposes)]


def _check_scopes(granted: Collection[str], purposes: Mapping[str, str]) -> Finding:
    if not granted:
        return Finding("ok", "scopes: Slack didn't say which ones are granted")
    missing = [scope for scope in purposes if scope not in granted]
    if not missing:
        return Finding("ok", f"scopes: all {len(purposes)} in manifest.yml are granted")
    lines = [f"- {scope} (needed for: {purposes[scope]})" for scope in missing]
    add = "scopes: add these on your app's page, OAuth & Permissions, then reinstall the app"
    return Finding("missing", "\n".join([add, *lines]))


async def _check_app_token(client: AsyncWebClient, token: str) -> Finding:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await client.apps_connections_open(app_token=token)
    except SLACK_ERRORS as error:
        return Finding(
            "failed", token_error_text(error, client.base_url, "SLACK_APP_TOKEN", APP_HINT)
        )
    return Finding("ok", "SLACK_APP_TOKEN: accepted, for Socket Mode")


def _missing(variable: str, location: str) -> Finding:
    return Finding("missing", f"{variable}\nSet it to {location}.")
