"""The composition root: creates all objects and connects them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

import structlog
from opentelemetry.trace import TracerProvider
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.reader import BrainstormReader
from bot.brainstorm_setup import BrainstormNeeds, open_brainstorms
from bot.errors import ConfigurationError
from bot.health import Health
from bot.jobs.local_pool import local_pool
from bot.jobs.postgres_queue import postgres_queue
from bot.limits import Budgets
from bot.models import NO_MODELS, model_catalogue
from bot.ports import Dispatcher, RunStore
from bot.preferences import Preferences
from bot.service import Service
from bot.settings import Settings
from bot.slack.actions.feedback import FeedbackButtons
from bot.slack.actions.regenerate import Regenerate
from bot.slack.actions.share import ReplySharer
from bot.slack.actions.stop import StopButton
from bot.slack.answers_modal import AnswersModal
from bot.slack.api.bolt import bolt_app
from bot.slack.api.client import client_session, web_client
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.connection import Mode, SlackLink
from bot.slack.api.first_contact import BOT_TOKEN, require_slack
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.users import UserDirectory
from bot.slack.commands import CommandServices
from bot.slack.files import SlackFiles
from bot.slack.home.handlers import HomeServices, HomeTab
from bot.slack.intake.apps import AnsweredBots
from bot.slack.intake.deletions import Deletions
from bot.slack.intake.enqueue import Enqueuer
from bot.slack.intake.handlers import QuestionIntake
from bot.slack.intake.post_question import QuestionPoster
from bot.slack.intake.shortcuts import Shortcuts
from bot.slack.permissions.access import AnswerAccess, ChannelPolicies
from bot.slack.permissions.admin import AdminPermissions
from bot.slack.reply.context import ReplyContext
from bot.slack.reply.factory import SlackReplyFactory
from bot.slack.routes import Handlers, register
from bot.slack.settings.handlers import SettingsHandlers
from bot.slack.thread.reader import SlackThreadReader, utc_now
from bot.slack.ui.strings.brainstorm import LATE_THEME
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.call_log import StoredCallLog
from bot.storage.database import Database, open_database
from bot.storage.feedback import StoredFeedback
from bot.storage.preferences import StoredPreferences
from bot.storage.question_history import StoredHistory
from bot.storage.retention import Retention
from bot.storage.runs import StoredRunStore
from bot.storage.spend_queries import StoredSpending
from bot.telemetry.composite import CompositeObserver
from bot.telemetry.metrics import Metrics
from bot.telemetry.model_info import model_info
from bot.telemetry.traces import Tracing
from moa import PipelineError
from moa.catalogue import ModelCatalogue
from moa.providers import Endpoints, ProvidedModel

log = structlog.get_logger(__name__)

Contact = Callable[[IdentityLookup, Health], Awaitable[None]]
"""Makes the first call to Slack: returns once it has accepted the token, or raises a
`ConfigurationError`. The health is that of the bot to be."""


@dataclass(frozen=True, slots=True)
class Bot:
    """The parts of a running bot that its connections to Slack need."""

    app: AsyncApp
    signatures: SignatureVerifier
    client: AsyncWebClient
    jobs: Dispatcher
    database: Database
    runs: RunStore
    metrics: Metrics
    link: SlackLink
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
    environment = settings.environment
    async with AsyncExitStack() as stack:
        database = await open_database(environment.database_url)
        stack.push_async_callback(database.dispose)
        network = settings.network
        endpoints = await stack.enter_async_context(Endpoints(network=network))
        catalogue = model_catalogue(settings, endpoints, models)
        _check_pipelines(catalogue)
        await catalogue.prepare()
        metrics = Metrics(catalogue.pipelines, catalogue.tables)
        observer = CompositeObserver(
            metrics, Tracing(model_info(catalogue.tables), tracer_provider)
        )
        session = await stack.enter_async_context(client_session())
        client = web_client(
            secret_value(environment.slack_bot_token),
            environment.slack_api_url,
            metrics.count_slack_call,
            session,
            settings.network,
        )
        identity = IdentityLookup(client)
        runs, people = StoredRunStore(database), UserDirectory(client, identity)
        health = Health(database, runs, metrics, SlackLink(mode))
        await (contact or require_identity)(identity, health)
        log.info("slack_reached", team=(await identity.get()).team)
        preferences = Preferences(
            StoredPreferences(database), settings.slack, catalogue.pipelines, catalogue.default
        )
        spending, history = StoredSpending(database), StoredHistory(database)
        budgets = Budgets(settings.limits, spending, preferences)
        policies = ChannelPolicies(preferences)
        reply_context = ReplyContext(
            client,
            runs,
            history,
            people,
            policies,
            catalogue.pipelines,
            catalogue.plan,
            show=settings.slack.show,
        )
        sessions = StoredBrainstorms(database)
        threads = SlackThreadReader(
            client, identity, people, SlackFiles(client, identity), runs, now=now
        )
        service = Service(
            runs,
            BrainstormReader(sessions, threads, LATE_THEME),
            SlackReplyFactory(reply_context, settings.slack.link_hosts),
            catalogue.plan,
            observer,
            admission=budgets,
        )
        share = _broadcast(catalogue.worker_share.set_count, metrics.set_workers)
        jobs = await stack.enter_async_context(_jobs(database, runs, service, settings, share))
        colleagues = Colleagues(client, identity)
        needs = BrainstormNeeds(
            client=client,
            identity=identity,
            people=people,
            colleagues=colleagues,
            sessions=sessions,
            runs=runs,
            threads=threads,
            plans=catalogue.plan,
            jobs=jobs,
            budgets=budgets,
            preferences=preferences,
            now=now,
        )
        brainstorm = await stack.enter_async_context(open_brainstorms(needs))
        days = settings.storage.retention_days
        await stack.enter_async_context(Retention(database).enforced(days))
        # Only HTTP has signatures, and needs the secret; a random one lets no request pass.
        signing_secret = secret_value(environment.slack_signing_secret) or token_hex()
        app = bolt_app(client, identity, signing_secret)
        permissions = AdminPermissions(client, colleagues, settings.slack.settings)
        access, feedback = AnswerAccess(client, policies, colleagues), StoredFeedback(database)
        settings_handlers = SettingsHandlers(
            client, preferences, permissions, catalogue.pipelines, settings.limits
        )
        stop = StopButton(client, runs, jobs, access, permissions)
        enqueuer = Enqueuer(client, runs, jobs, observer)
        answers_modal = AnswersModal(
            client,
            runs,
            access,
            call_log=StoredCallLog(database),
            feedback=feedback,
            history=history,
        )
        commands = CommandServices(
            catalogue.pipelines,
            preferences,
            budgets,
            settings_handlers,
            stop,
            brainstorm.command,
            answers_modal,
        )
        home = HomeServices(identity, people, permissions, colleagues, history, spending, commands)
        poster = QuestionPoster(reply_context, enqueuer, identity, colleagues, preferences)
        handlers = Handlers(
            intake=QuestionIntake(
                enqueuer,
                identity,
                people,
                commands,
                history,
                starts=brainstorm.handlers.starts,
                bots=AnsweredBots(frozenset(settings.slack.answer_bots)),
            ),
            deletions=Deletions(runs, jobs, brainstorm.brainstorms),
            answers_modal=answers_modal,
            share=ReplySharer(reply_context, settings.slack.link_hosts),
            home=HomeTab(client, home),
            settings=settings_handlers,
            stop=stop,
            regenerate=Regenerate(
                client, runs, enqueuer, access=access, people=people, preferences=preferences
            ),
            feedback=FeedbackButtons(client, runs, access, feedback),
            shortcuts=Shortcuts(poster, preferences),
            brainstorms=brainstorm.handlers,
        )
        register(app, handlers, metrics.count_held_back_minute)
        signatures = SignatureVerifier(signing_secret)
        yield Bot(
            app,
            signatures,
            client,
            jobs,
            database,
            runs,
            metrics,
            health.link,
            identity,
            catalogue,
            health,
        )


def _broadcast(*receivers: Callable[[int], None]) -> Callable[[int], None]:
    """Return a function that passes a count on to every receiver."""

    def broadcast(count: int) -> None:
        for receive in receivers:
            receive(count)

    return broadcast


def _jobs(
    database: Database,
    runs: StoredRunStore,
    service: Service,
    settings: Settings,
    share: Callable[[int], None],
) -> AbstractAsyncContextManager[Dispatcher]:
    """Return a task pool in this process (SQLite) or a queue shared by all processes (Postgres)."""
    at_once, file = settings.work.at_once, database.file
    if file is not None:
        return local_pool(runs, service.answer, file, stop=service.stop, at_once=at_once)
    return postgres_queue(
        runs,
        service.answer,
        database.dsn,
        stop=service.stop,
        share=share,
        outage=database.outage,
        at_once=at_once,
    )


def secret_value(value: SecretStr | None) -> str:
    """Return the secret's value, or "" if it isn't set."""
    return value.get_secret_value() if value else ""


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


def _check_pipelines(catalogue: ModelCatalogue) -> None:
    """Require a working default pipeline; log a warning for any other that can't be used."""
    for name in catalogue.pipelines:
        try:
            catalogue.plan(name)
        except PipelineError as error:
            if name == catalogue.default:
                raise ConfigurationError(str(error)) from None
            log.warning("pipeline_unusable", pipeline=name, error=str(error))


async def require_identity(identity: IdentityLookup, _health: Health) -> None:
    """Require that Slack accepts the bot token now.

    Raises:
        ConfigurationError: it refuses the token or doesn't respond.
    """
    await require_slack(identity.get, identity.client.base_url, BOT_TOKEN)
