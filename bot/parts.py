"""Opens the parts that questions, brainstorms and Slack's requests share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.reader import BrainstormReader
from bot.errors import ConfigurationError
from bot.jobs.local_pool import LocalPool
from bot.jobs.postgres_queue import PostgresQueue
from bot.limits import Budgets
from bot.models import model_catalogue
from bot.ports import Dispatcher, Observer
from bot.preferences import Preferences
from bot.service import Service
from bot.settings import Settings, secret_value
from bot.slack.api.client import client_session, web_client
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.users import UserDirectory
from bot.slack.files import SlackFiles
from bot.slack.permissions.access import ChannelPolicies
from bot.slack.reply.context import ReplyContext
from bot.slack.reply.factory import SlackReplyFactory
from bot.slack.thread.reader import SlackThreadReader
from bot.slack.ui.strings.brainstorm import LATE_THEME
from bot.slack.ui.strings.footer import NAMELESS_PERSON
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.call_log import StoredCallLog
from bot.storage.database import Database, open_database
from bot.storage.feedback import StoredFeedback
from bot.storage.preferences import StoredPreferences
from bot.storage.question_history import StoredHistory
from bot.storage.runs import StoredRunStore
from bot.storage.spend_queries import StoredSpending
from bot.storage.sqlite import exclusive
from moa import PipelineError
from moa.catalogue import ModelCatalogue
from moa.providers import Endpoints, ProvidedModel

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stores:
    """What is stored, all in one database."""

    database: Database
    runs: StoredRunStore
    brainstorms: StoredBrainstorms
    call_log: StoredCallLog
    feedback: StoredFeedback
    history: StoredHistory
    preferences: StoredPreferences
    spending: StoredSpending


@dataclass(frozen=True, slots=True)
class SlackWorkspace:
    """Slack's Web API, and what was looked up with it."""

    client: AsyncWebClient
    identity: IdentityLookup
    people: UserDirectory
    colleagues: Colleagues


@dataclass(frozen=True, slots=True)
class SharedParts:
    """What questions, brainstorms and Slack's requests share.

    Attributes:
        settings: all settings.
        stores: what is stored.
        catalogue: models and pipelines.
        slack: the workspace.
        preferences: the settings chosen in Slack.
        budgets: the limits and what is left of them.
        policies: who may see what in a channel.
        threads: reads threads for the models.
        replies: what all replies share.
        observer: counts and traces.
        now: the clock of prompts and brainstorms.
    """

    settings: Settings
    stores: Stores
    catalogue: ModelCatalogue
    slack: SlackWorkspace
    preferences: Preferences
    budgets: Budgets
    policies: ChannelPolicies
    threads: SlackThreadReader
    replies: ReplyContext
    observer: Observer
    now: Callable[[], datetime]


@asynccontextmanager
async def open_stores(database_url: str) -> AsyncGenerator[Stores, None]:
    """Open the database, with its tables up to date."""
    database = await open_database(database_url)
    try:
        yield Stores(
            database,
            StoredRunStore(database),
            StoredBrainstorms(database),
            StoredCallLog(database),
            StoredFeedback(database),
            StoredHistory(database),
            StoredPreferences(database),
            StoredSpending(database),
        )
    finally:
        await database.dispose()


@asynccontextmanager
async def open_catalogue(
    settings: Settings, models: Mapping[str, ProvidedModel]
) -> AsyncGenerator[ModelCatalogue, None]:
    """Prepare the models; `models` replace those of the same name in the settings.

    Raises:
        ConfigurationError: the default pipeline can't be used. Others only get a warning.
    """
    async with Endpoints(network=settings.network) as endpoints:
        catalogue = model_catalogue(settings, endpoints, models)
        for name in catalogue.pipelines:
            try:
                catalogue.plan(name)
            except PipelineError as error:
                if name == catalogue.default:
                    raise ConfigurationError(str(error)) from None
                log.warning("pipeline_unusable", pipeline=name, error=str(error))
        await catalogue.prepare()
        yield catalogue


@asynccontextmanager
async def open_workspace(
    settings: Settings, count_call: Callable[[str, str], None]
) -> AsyncGenerator[SlackWorkspace, None]:
    """Open a client of Slack's Web API; `count_call` receives each call's method and outcome."""
    environment = settings.environment
    token = secret_value(environment.slack_bot_token)
    async with client_session() as session:
        client = web_client(token, environment.slack_api_url, count_call, session, settings.network)
        identity = IdentityLookup(client)
        people = UserDirectory(client, identity, nameless=NAMELESS_PERSON)
        yield SlackWorkspace(client, identity, people, Colleagues(client, identity))


def share_parts(
    settings: Settings,
    stores: Stores,
    catalogue: ModelCatalogue,
    slack: SlackWorkspace,
    observer: Observer,
    *,
    now: Callable[[], datetime],
) -> SharedParts:
    """Build the parts on top of storage, models and Slack."""
    client, identity, people = slack.client, slack.identity, slack.people
    pipelines, plan, default = catalogue.pipelines, catalogue.plan, catalogue.default
    preferences = Preferences(stores.preferences, settings.slack, pipelines, default)
    policies = ChannelPolicies(preferences)
    show = settings.slack.show
    return SharedParts(
        settings,
        stores,
        catalogue,
        slack,
        preferences,
        Budgets(settings.limits, stores.spending, preferences),
        policies,
        SlackThreadReader(
            client, identity, people, SlackFiles(client, identity), stores.runs, now=now
        ),
        ReplyContext(
            client, stores.runs, stores.history, people, policies, pipelines, plan, show=show
        ),
        observer,
        now,
    )


@asynccontextmanager
async def open_queue(
    parts: SharedParts, share: Callable[[int], None]
) -> AsyncGenerator[Dispatcher, None]:
    """Answer questions: in this process (SQLite), or by a worker of a shared queue (Postgres).

    `share` receives the number of workers.
    """
    stores = parts.stores
    service = Service(
        stores.runs,
        BrainstormReader(stores.brainstorms, parts.threads, LATE_THEME),
        SlackReplyFactory(parts.replies, parts.settings.slack.link_hosts),
        parts.catalogue.plan,
        parts.observer,
        admission=parts.budgets,
    )
    runs, database, at_once = stores.runs, stores.database, parts.settings.work.at_once
    if database.file is None:
        async with PostgresQueue(
            runs,
            service.answer,
            database.dsn,
            stop=service.stop,
            share=share,
            outage=database.outage,
            at_once=at_once,
        ) as queue:
            yield queue
        return
    with exclusive(database.file):
        pool = LocalPool(runs, service.answer, stop=service.stop, at_once=at_once)
        try:
            yield pool
        finally:
            await pool.drain(0)
