"""The composition root: opens all parts of the bot and connects them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from opentelemetry.trace import TracerProvider
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.brainstorm_setup import open_brainstorms
from bot.errors import ConfigurationError
from bot.health import Health
from bot.models import NO_MODELS
from bot.parts import open_catalogue, open_queue, open_stores, open_workspace, share_parts
from bot.ports import Dispatcher, RunStore
from bot.settings import Settings, secret_value
from bot.slack.api.connection import Mode, SlackLink
from bot.slack.api.first_contact import BOT_TOKEN, require_slack
from bot.slack.api.identity import IdentityLookup
from bot.slack.thread.reader import utc_now
from bot.slack_setup import slack_app
from bot.storage.database import Database
from bot.storage.retention import Retention
from bot.telemetry.composite import CompositeObserver
from bot.telemetry.metrics import Metrics
from bot.telemetry.model_info import ModelInfo
from bot.telemetry.traces import Tracing
from moa.catalogue import ModelCatalogue
from moa.providers import ProvidedModel

log = structlog.get_logger(__name__)

Contact = Callable[[IdentityLookup, Health], Awaitable[None]]
"""Makes the first call to Slack: returns once it has accepted the token, or raises a
`ConfigurationError`. The health is that of the bot to be."""


@dataclass(frozen=True, slots=True)
class Bot:
    """The parts of a running bot that its connections to Slack need."""

    app: AsyncApp
    signatures: SignatureVerifier
    jobs: Dispatcher
    database: Database
    runs: RunStore
    metrics: Metrics
    identity: IdentityLookup
    catalogue: ModelCatalogue
    health: Health


@asynccontextmanager
async def open_bot(
    settings: Settings,
    *,
    mode: Mode,
    models: Mapping[str, ProvidedModel] = NO_MODELS,
    tracer_provider: TracerProvider | None = None,
    now: Callable[[], datetime] = utc_now,
    contact: Contact | None = None,
) -> AsyncGenerator[Bot, None]:
    """Build the bot, and close everything on exit.

    Args:
        settings: all settings.
        mode: how Slack's events arrive.
        models: replace those of the same name in the settings.
        tracer_provider: receives traces; by default the one OpenTelemetry is configured with.
        now: returns the time that prompts state and brainstorms keep.
        contact: makes the first call to Slack; by default it is made once.

    Raises:
        ConfigurationError: a setting is missing or invalid; the message names it.
    """
    _check_tokens(settings, mode)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings.environment.database_url))
        catalogue = await stack.enter_async_context(open_catalogue(settings, models))
        metrics = Metrics(catalogue.pipelines, catalogue.tables)
        infos = {name: ModelInfo.from_definition(d) for name, d in catalogue.tables.items()}
        tracing = Tracing(infos, tracer_provider)
        slack = await stack.enter_async_context(open_workspace(settings, metrics.count_slack_call))
        health = Health(stores.database, stores.runs, metrics, SlackLink(mode))
        await (contact or require_identity)(slack.identity, health)
        log.info("slack_reached", team=(await slack.identity.get()).team)
        observer = CompositeObserver(metrics, tracing)
        parts = share_parts(settings, stores, catalogue, slack, observer, now=now)

        def share(workers: int) -> None:
            catalogue.worker_share.set_count(workers)
            metrics.set_workers(workers)

        jobs = await stack.enter_async_context(open_queue(parts, share))
        brainstorm = await stack.enter_async_context(open_brainstorms(parts, jobs))
        days = settings.storage.retention_days
        await stack.enter_async_context(Retention(stores.database).enforced(days))
        app, signatures = slack_app(parts, jobs, brainstorm, metrics.count_held_back_minute)
        yield Bot(
            app,
            signatures,
            jobs,
            stores.database,
            stores.runs,
            metrics,
            slack.identity,
            catalogue,
            health,
        )


def _check_tokens(settings: Settings, mode: Mode) -> None:
    environment = settings.environment
    needed = {"SLACK_BOT_TOKEN": environment.slack_bot_token}
    if mode == "http":
        needed["SLACK_SIGNING_SECRET"] = environment.slack_signing_secret
    elif mode == "socket":
        needed["SLACK_APP_TOKEN"] = environment.slack_app_token
    missing = [name for name, value in needed.items() if not secret_value(value)]
    if missing:
        raise ConfigurationError(
            f"Not set: {', '.join(missing)}. Run `moa-bot manifest` to create the Slack app, then "
            "add its tokens to the environment or to .env."
        )


async def require_identity(identity: IdentityLookup, _health: Health) -> None:
    """Require that Slack accepts the bot token now.

    Raises:
        ConfigurationError: it refuses the token or doesn't respond.
    """
    await require_slack(identity.get, identity.client.base_url, BOT_TOKEN)
