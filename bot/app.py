"""The composition root: the only place where objects are made and wired."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import logs
from bot.errors import ConfigurationError
from bot.http import serving, web
from bot.jobs import LocalJobs
from bot.models import Catalogue
from bot.service import Service
from bot.settings import Settings
from bot.slack.access import Access
from bot.slack.client import SLACK_TROUBLE, web_client
from bot.slack.identity import Identity
from bot.slack.intake import Intake
from bot.slack.listeners import register
from bot.slack.people import People
from bot.slack.refusal import WHERE_APP, WHERE_BOT, refusal
from bot.slack.replies import SlackReplies
from bot.slack.reveal import Reveal
from bot.slack.sharing import Sharing
from bot.slack.thread import SlackThreads
from bot.storage.database import open_database
from bot.storage.runs import StoredRuns
from moa import PipelineError
from moa.providers import Endpoints

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bot:
    """The wired parts of a bot that the two ways to connect need."""

    app: AsyncApp
    client: AsyncWebClient
    jobs: LocalJobs
    engine: AsyncEngine

    async def is_ready(self) -> bool:
        """Whether the database answers."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True


async def run(settings: Settings, *, http: bool, host: str, port: int, drain: float) -> None:
    """Serve until SIGINT or SIGTERM, then let running questions end within `drain` seconds.

    A second signal stops at once, as one during the start does; what is unfinished is taken up by
    the next start.

    Raises:
        ConfigurationError: naming what is missing or not accepted, before anything is served.
    """
    logs.configure(settings.environment.log_level, settings.environment.log_format)
    stopping = _Stopping()
    try:
        async with opened(settings, http=http) as bot:
            connect = serve_http(bot, host, port) if http else serve_socket(bot, settings)
            async with connect:
                recovered = await bot.jobs.recover()
                log.info("ready", mode="http" if http else "socket", taken_up=recovered)
                await stopping.asked()
                log.info("stopping", drain_s=drain)
            await bot.jobs.drain(drain)
    except asyncio.CancelledError:
        if not stopping.at_once:
            raise
        log.info("stopped_at_once")


@asynccontextmanager
async def opened(settings: Settings, *, http: bool) -> AsyncGenerator[Bot, None]:
    """A wired bot, and everything closed again after it.

    Raises:
        ConfigurationError: naming what is missing or not accepted.
    """
    _check_tokens(settings, http=http)
    environment = settings.environment
    async with AsyncExitStack() as stack:
        engine = await open_database(environment.database_url)
        stack.push_async_callback(engine.dispose)
        catalogue = Catalogue(settings, await stack.enter_async_context(Endpoints()))
        _check_pipelines(catalogue)
        await catalogue.prepare()
        client = web_client(_secret(environment.slack_bot_token), environment.slack_api_url)
        identity = Identity(client)
        await _check_slack(identity, environment.slack_api_url)
        runs, people = StoredRuns(engine), People(client)
        link_hosts = settings.slack.link_hosts
        reveals = settings.slack.reveal != "nobody"
        service = Service(
            runs,
            SlackThreads(client, identity, people),
            SlackReplies(client, runs, link_hosts, reveals=reveals),
            catalogue.plan,
        )
        jobs = LocalJobs(runs, service.answer)
        stack.push_async_callback(jobs.drain, 0)
        app = _bolt(client, _secret(environment.slack_signing_secret))
        register(
            app,
            Intake(runs, jobs, identity, catalogue.pipelines, catalogue.default),
            Reveal(client, runs, Access(client, settings.slack.reveal)),
            Sharing(runs, people, link_hosts, reveals=reveals),
        )
        yield Bot(app, client, jobs, engine)


@asynccontextmanager
async def serve_socket(bot: Bot, settings: Settings) -> AsyncGenerator[None, None]:
    """Connected by Socket Mode."""
    token = _secret(settings.environment.slack_app_token)
    try:
        await bot.client.apps_connections_open(app_token=token)
    except SLACK_TROUBLE as error:
        words = refusal(error, bot.client.base_url, "SLACK_APP_TOKEN", WHERE_APP)
        raise ConfigurationError(words) from None
    handler = AsyncSocketModeHandler(bot.app, token)
    try:
        await handler.connect_async()
        yield
    finally:
        await handler.close_async()


@asynccontextmanager
async def serve_http(bot: Bot, host: str, port: int) -> AsyncGenerator[int, None]:
    """Serving HTTP, on the port that it gives: a free one where 0 was asked for.

    Raises:
        ConfigurationError: when the port cannot be listened on.
    """
    async with serving(web(bot.app, bot.is_ready), host, port) as opened_port:
        log.info("listening", address=f"http://{host}:{opened_port}")
        yield opened_port


def _bolt(client: AsyncWebClient, signing_secret: str) -> AsyncApp:
    # Bolt logs the whole body of a request with a bad signature at INFO.
    logger = logging.getLogger("bot.bolt")
    logger.setLevel(logging.WARNING)
    logger.addFilter(_is_news)
    return AsyncApp(client=client, signing_secret=signing_secret or "unused", logger=logger)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether it is not what Bolt says at each start.

    It reads SLACK_BOT_TOKEN by itself, and warns that our client, which holds the same, goes first.
    """
    return record.getMessage() != warning_client_prioritized_and_token_skipped()


class _Stopping:
    """SIGINT and SIGTERM, heard from here on by the task that makes this.

    Attributes:
        at_once: whether that task was cancelled, by a signal during its start or by a second one.
    """

    def __init__(self) -> None:
        self.at_once = False
        self._task = asyncio.current_task()
        self._begun = False
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._heard)

    async def asked(self) -> None:
        """The start is over: wait for the first signal."""
        self._begun = True
        await self._stop.wait()

    def _heard(self) -> None:
        if self._begun and not self._stop.is_set():
            self._stop.set()
        elif self._task:
            self.at_once = True
            self._task.cancel()


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def _check_tokens(settings: Settings, *, http: bool) -> None:
    environment = settings.environment
    needed = {"SLACK_BOT_TOKEN": environment.slack_bot_token}
    if http:
        needed["SLACK_SIGNING_SECRET"] = environment.slack_signing_secret
    else:
        needed["SLACK_APP_TOKEN"] = environment.slack_app_token
    missing = [name for name, value in needed.items() if not _secret(value)]
    if missing:
        raise ConfigurationError(
            f"Not set: {', '.join(missing)}. Run `moa-bot manifest` to create the Slack app, then "
            "put its tokens into the environment or into .env."
        )


def _check_pipelines(catalogue: Catalogue) -> None:
    """The default pipeline must work; of the others it is only said when one does not."""
    for name in catalogue.pipelines:
        try:
            catalogue.plan(name)
        except (ConfigurationError, PipelineError) as error:
            if name == catalogue.default:
                raise ConfigurationError(str(error)) from None
            log.warning("pipeline_not_usable", pipeline=name, why=str(error))


async def _check_slack(identity: Identity, url: str) -> None:
    try:
        me = await identity.get()
    except SLACK_TROUBLE as error:
        words = refusal(error, url, "SLACK_BOT_TOKEN", WHERE_BOT)
        raise ConfigurationError(words) from None
    log.info("slack_reached", team=me.team)
