"""The composition root: creates all objects and connects them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

import structlog
from opentelemetry.trace import TracerProvider
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.brainstorm.reader import BrainstormReader
from bot.brainstorm_setup import BrainstormNeeds, open_brainstorms
from bot.errors import ConfigurationError
from bot.jobs.local_pool import LocalPool
from bot.jobs.postgres_queue import PostgresQueue
from bot.limits import Budgets
from bot.models import model_catalogue
from bot.ports import Dispatcher, QueueStats, RunStore
from bot.preferences import Preferences
from bot.service import Service
from bot.settings import Settings
from bot.slack.actions.feedback import FeedbackButtons
from bot.slack.actions.regenerate import Regenerate
from bot.slack.actions.share import ReplySharer
from bot.slack.actions.stop import StopButton
from bot.slack.answers_modal import AnswersModal
from bot.slack.api.client import (
    BOT_HINT,
    SLACK_ERRORS,
    client_session,
    token_error_text,
    web_client,
)
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.connection import Mode, SlackLink
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
from bot.slack.ui.strings.footer import NAMELESS_PERSON
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.call_log import StoredCallLog
from bot.storage.database import Database, open_database
from bot.storage.feedback import StoredFeedback
from bot.storage.preferences import StoredPreferences
from bot.storage.question_history import StoredHistory
from bot.storage.retention import Retention
from bot.storage.runs import StoredRunStore
from bot.storage.spend_queries import StoredSpending
from bot.storage.sqlite import exclusive
from bot.telemetry.composite import CompositeObserver
from bot.telemetry.metrics import Metrics
from bot.telemetry.model_info import model_info
from bot.telemetry.traces import Tracing
from moa import PipelineError
from moa.catalogue import ModelCatalogue
from moa.providers import Endpoints

log = structlog.get_logger(__name__)

QUEUE_TIMEOUT_S = 5.0
"""Seconds to wait for the queue's figures; Prometheus waits 10 by default."""


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

    async def is_ready(self) -> bool:
        """Return whether Slack is connected and the database answers."""
        return await self.link.is_up() and await self._has_database()

    async def _has_database(self) -> bool:
        try:
            async with self.database.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def scrape(self) -> bytes:
        """Return all metrics, with the queue's figures read from the run store now."""
        mode = self.link.mode
        return self.metrics.render(
            await self._queue(),
            connected=await self.link.is_up() if mode == "socket" else None,
            takes_events=mode != "worker",
        )

    async def _queue(self) -> QueueStats | None:
        try:
            async with asyncio.timeout(QUEUE_TIMEOUT_S):
                return await self.runs.queue()
        except (SQLAlchemyError, OSError):  # OSError includes TimeoutError
            return None


@asynccontextmanager
async def open_bot(
    settings: Settings,
    *,
    mode: Mode,
    tracer_provider: TracerProvider | None = None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncGenerator[Bot, None]:
    """Build the bot, and close everything on exit.

    Args:
        settings: all settings.
        mode: how Slack's events arrive.
        tracer_provider: receives traces; by default the one OpenTelemetry is configured with.
        now: returns the time that prompts state and brainstorms keep.

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
        catalogue = model_catalogue(settings, endpoints)
        _check_pipelines(catalogue)
        await catalogue.prepare()
        metrics = Metrics(catalogue.pipelines, catalogue.tables)
        observer = CompositeObserver(
            metrics, Tracing(model_info(catalogue.tables), tracer_provider)
        )
        token = secret_value(environment.slack_bot_token)
        session = await stack.enter_async_context(client_session())
        url = environment.slack_api_url
        client = web_client(token, url, metrics.count_slack_call, session, network)
        identity = IdentityLookup(client)
        await _check_slack(identity, url)
        runs, people = (
            StoredRunStore(database),
            UserDirectory(client, identity, nameless=NAMELESS_PERSON),
        )
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
        app = _bolt(client, signing_secret)
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
            SlackLink(mode),
            identity,
            catalogue,
        )


def _broadcast(*receivers: Callable[[int], None]) -> Callable[[int], None]:
    """Return a function that passes a count on to every receiver."""

    def broadcast(count: int) -> None:
        for receive in receivers:
            receive(count)

    return broadcast


@asynccontextmanager
async def _jobs(
    database: Database,
    runs: StoredRunStore,
    service: Service,
    settings: Settings,
    share: Callable[[int], None],
) -> AsyncGenerator[Dispatcher, None]:
    """Open a task pool in this process (SQLite) or a queue of all processes (Postgres)."""
    stop, at_once, file = service.stop, settings.work.at_once, database.file
    if file is not None:
        with exclusive(file):
            pool = LocalPool(runs, service.answer, stop=stop, at_once=at_once)
            try:
                yield pool
            finally:
                await pool.drain(0)
        return
    async with PostgresQueue(
        runs,
        service.answer,
        database.dsn,
        stop=stop,
        share=share,
        outage=database.outage,
        at_once=at_once,
    ) as queue:
        yield queue


def _bolt(client: AsyncWebClient, signing_secret: str) -> AsyncApp:
    # Bolt logs the whole body of a request with a bad signature at INFO.
    logger = logging.getLogger("bot.bolt")
    logger.setLevel(logging.WARNING)
    logger.addFilter(_is_relevant)
    return AsyncApp(
        client=client,
        signing_secret=signing_secret,
        logger=logger,
        raise_error_for_unhandled_request=True,
    )


def _is_relevant(record: logging.LogRecord) -> bool:
    """Return whether a log record is worth keeping.

    Bolt reads SLACK_BOT_TOKEN itself and warns at every start that our client, which has the same
    token, takes precedence. It also logs a refused token on every request; `TokenWatch` logs it
    once.
    """
    message = record.getMessage()
    return message != warning_client_prioritized_and_token_skipped() and not message.startswith(
        "Failed to authorize with the given token"
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


async def _check_slack(identity: IdentityLookup, url: str) -> None:
    try:
        me = await identity.get()
    except SLACK_ERRORS as error:
        message = token_error_text(error, url, "SLACK_BOT_TOKEN", BOT_HINT)
        raise ConfigurationError(message) from None
    log.info("slack_reached", team=me.team)
