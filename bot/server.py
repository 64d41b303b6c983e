"""Runs the bot as a process until it receives a signal."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from bot import logs
from bot.app import Bot, open_bot
from bot.errors import ConfigurationError
from bot.health import Health, ProcessHealth
from bot.http import (
    address_of,
    admin_web_app,
    open_port,
    serve_on,
    slack_web_app,
    starting_web_app,
)
from bot.settings import Settings, secret_value
from bot.slack.api.connection import Mode, always_up
from bot.slack.api.first_contact import APP_TOKEN, BOT_TOKEN, wait_for_slack
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.socket_mode import SocketMode
from bot.startup import announce
from bot.telemetry.traces import add_trace_ids

log = structlog.get_logger(__name__)

GC_THRESHOLD = 100_000
"""New objects between two collections of the youngest generation. One question creates
thousands."""


async def run(
    settings: Settings,
    *,
    http: bool,
    host: str,
    port: int,
    drain: float,
    metrics_port: int | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then let running questions finish within `drain` seconds.

    While Slack can't be reached at the start, the ports are open, nothing is ready, and the bot
    tries again. A second signal, or one during startup, stops at once. The next start or another
    worker picks up unfinished questions.

    Raises:
        ConfigurationError: a setting is missing or invalid, or Slack refused a token.
    """
    with ExitStack() as stack:
        main = stack.enter_context(open_port(host, port, "--port")) if http else None
        admin = _open_admin_port(stack, host, metrics_port)

        def connect(bot: Bot) -> AbstractAsyncContextManager[object]:
            if main is None:
                return serve_socket(bot, settings)
            return serve_slack(bot, main, with_metrics=admin is None)

        await _serve(settings, _Ports("http" if http else "socket", main, admin), connect, drain)


async def run_worker(
    settings: Settings, *, host: str, drain: float, metrics_port: int | None = None
) -> None:
    """Answer questions that other processes receive, until SIGINT or SIGTERM; see `run`.

    Raises:
        ConfigurationError: a setting is missing or invalid, or the database is SQLite, which only
            one process can use.
    """
    if settings.environment.database_url.startswith("sqlite"):
        raise ConfigurationError(
            "`moa-bot worker` needs Postgres: set DATABASE_URL to a Postgres database. "
            "On SQLite, `moa-bot run` does all the work."
        )
    with ExitStack() as stack:
        admin = _open_admin_port(stack, host, metrics_port)
        await _serve(settings, _Ports("worker", None, admin), _work, drain)


def _open_admin_port(stack: ExitStack, host: str, port: int | None) -> socket.socket | None:
    return None if port is None else stack.enter_context(open_port(host, port, "--metrics-port"))


@dataclass(frozen=True, slots=True)
class _Ports:
    """How Slack's requests arrive, and the open ports: Slack's (HTTP only) and the operators'."""

    mode: Mode
    main: socket.socket | None
    admin: socket.socket | None


async def _serve(
    settings: Settings,
    ports: _Ports,
    connect: Callable[[Bot], AbstractAsyncContextManager[object]],
    drain: float,
) -> None:
    environment = settings.environment
    logs.configure(environment.log_level, environment.log_format, add_trace_ids)
    shutdown, health = _ShutdownSignals(), ProcessHealth(ports.mode)
    try:
        async with AsyncExitStack() as stack:
            if ports.admin is not None:
                await stack.enter_async_context(_serve_admin(health, ports.admin))
            starting = await stack.enter_async_context(AsyncExitStack())
            if ports.main is not None:
                scrape = health.scrape if ports.admin is None else None
                early = starting_web_app(health.is_ready, scrape)
                await starting.enter_async_context(serve_on(ports.main, early))
                log.info("listening", address=address_of(ports.main))
            bot = await stack.enter_async_context(_open_when_reached(settings, ports.mode, health))
            await announce(bot, settings, ports.mode)
            _tune_runtime()
            recovered = await bot.jobs.recover()
            await starting.aclose()
            async with connect(bot):
                log.info("ready", mode=ports.mode, recovered=recovered)
                await shutdown.wait()
                log.info("stopping", drain_s=drain)
            unfinished = await bot.jobs.drain(drain)
            if unfinished:
                log.info("runs_handed_back", run_ids=list(unfinished))
        log.info("stopped")
    except asyncio.CancelledError:
        if not shutdown.immediate:
            raise
        log.info("stopped_immediately")


@asynccontextmanager
async def _open_when_reached(
    settings: Settings, mode: Mode, health: ProcessHealth
) -> AsyncGenerator[Bot, None]:
    """Open the bot as soon as Slack answers. Its health is shown from before that to the end."""

    async def contact(identity: IdentityLookup, of_bot: Health) -> None:
        health.bot = of_bot
        await wait_for_slack(identity.get, identity.client.base_url, BOT_TOKEN)

    async with open_bot(settings, mode=mode, contact=contact) as bot:
        try:
            yield bot
        finally:
            health.bot = None


def _tune_runtime() -> None:
    """Exclude objects that live as long as the process from garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)


class _ShutdownSignals:
    """Handles SIGINT and SIGTERM for the task that creates it.

    Attributes:
        immediate: whether a signal cancelled the task: one during startup, or a second one.
    """

    def __init__(self) -> None:
        self.immediate = False
        self._task = asyncio.current_task()
        self._started = False
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._on_signal)

    async def wait(self) -> None:
        """Wait for the first signal after startup."""
        self._started = True
        await self._stop.wait()

    def _on_signal(self) -> None:
        if self._started and not self._stop.is_set():
            self._stop.set()
        elif self._task:
            self.immediate = True
            self._task.cancel()


@asynccontextmanager
async def serve_socket(bot: Bot, settings: Settings) -> AsyncGenerator[None, None]:
    """Connect by Socket Mode, as soon as Slack answers, and stay connected until exit.

    Raises:
        ConfigurationError: Slack refused the app-level token.
    """
    token = secret_value(settings.environment.slack_app_token)
    client = bot.identity.client
    await wait_for_slack(
        lambda: client.apps_connections_open(app_token=token), client.base_url, APP_TOKEN
    )
    socket_mode = SocketMode(bot.app, token, partial(bot.metrics.observe_ack, "socket"))
    with bot.health.link.attach(socket_mode.is_up):
        async with socket_mode.connected():
            yield


@asynccontextmanager
async def serve_slack(
    bot: Bot, listener: socket.socket, *, with_metrics: bool
) -> AsyncGenerator[None, None]:
    """Serve Slack's requests on an open port, and close it at the end."""
    scrape = bot.health.scrape if with_metrics else None
    acknowledged = partial(bot.metrics.observe_ack, "http")
    application = slack_web_app(bot.app, bot.signatures, bot.health.is_ready, scrape, acknowledged)
    with listener:
        async with serve_on(listener, application):
            with bot.health.link.attach(always_up):
                yield


@asynccontextmanager
async def _work(bot: Bot) -> AsyncGenerator[None, None]:
    with bot.health.link.attach(always_up):
        yield


@asynccontextmanager
async def _serve_admin(
    health: ProcessHealth, listener: socket.socket
) -> AsyncGenerator[None, None]:
    async with serve_on(listener, admin_web_app(health.is_ready, health.scrape)):
        log.info("metrics_served", address=f"{address_of(listener)}/metrics")
        yield
