"""Runs the bot as a process until it receives a signal."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from functools import partial

import structlog

from bot import logs
from bot.app import Bot, open_bot, secret_value
from bot.errors import ConfigurationError
from bot.http import admin_web_app, serve, slack_web_app
from bot.settings import Settings
from bot.slack.api.client import APP_HINT, SLACK_ERRORS, token_error_text
from bot.slack.api.connection import Mode
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

    A second signal, or one during startup, stops at once. Unfinished questions are resumed at the
    next start or by another worker.

    Raises:
        ConfigurationError: a setting is missing or invalid; raised before anything is served.
    """

    def connect(bot: Bot) -> AbstractAsyncContextManager[object]:
        if http:
            return serve_http(bot, host, port, with_metrics=metrics_port is None)
        return serve_socket(bot, settings)

    admin_port = None if metrics_port is None else (host, metrics_port)
    mode: Mode = "http" if http else "socket"
    await _serve(settings, mode, connect, drain=drain, admin_port=admin_port)


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
    admin_port = None if metrics_port is None else (host, metrics_port)
    await _serve(settings, "worker", lambda _: nullcontext(), drain=drain, admin_port=admin_port)


async def _serve(
    settings: Settings,
    mode: Mode,
    connect: Callable[[Bot], AbstractAsyncContextManager[object]],
    *,
    drain: float,
    admin_port: tuple[str, int] | None,
) -> None:
    environment = settings.environment
    logs.configure(environment.log_level, environment.log_format, add_trace_ids)
    shutdown = _ShutdownSignals()
    try:
        async with open_bot(settings, mode=mode) as bot, AsyncExitStack() as stack:
            if admin_port is not None:
                await stack.enter_async_context(serve_admin(bot, *admin_port))
            await announce(bot, settings, mode)
            _tune_runtime()
            recovered = await bot.jobs.recover()
            async with connect(bot):
                log.info("ready", mode=mode, recovered=recovered)
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
    """Connect by Socket Mode, and stay connected until exit."""
    token = secret_value(settings.environment.slack_app_token)
    try:
        await bot.client.apps_connections_open(app_token=token)
    except SLACK_ERRORS as error:
        message = token_error_text(error, bot.client.base_url, "SLACK_APP_TOKEN", APP_HINT)
        raise ConfigurationError(message) from None
    socket_mode = SocketMode(bot.app, token, partial(bot.metrics.observe_ack, "socket"))
    with bot.link.attach(socket_mode.is_up):
        async with socket_mode.connected():
            yield


@asynccontextmanager
async def serve_http(
    bot: Bot, host: str, port: int, *, with_metrics: bool = True
) -> AsyncGenerator[int, None]:
    """Serve HTTP and yield the port (a free one for port 0).

    Raises:
        ConfigurationError: the port can't be opened.
    """
    scrape = bot.scrape if with_metrics else None
    application = slack_web_app(
        bot.app, bot.signatures, bot.is_ready, scrape, partial(bot.metrics.observe_ack, "http")
    )
    async with serve(application, host, port) as opened_port:
        log.info("listening", address=f"http://{host}:{opened_port}")
        with bot.link.attach(_always):
            yield opened_port


async def _always() -> bool:
    """Always ready: over HTTP an open port is enough, as requests come from outside."""
    return True


@asynccontextmanager
async def serve_admin(bot: Bot, host: str, port: int) -> AsyncGenerator[int, None]:
    """Serve the operators' routes on a separate port and yield it (a free one for port 0).

    Raises:
        ConfigurationError: the port can't be opened.
    """
    application = admin_web_app(bot.is_ready, bot.scrape)
    async with serve(application, host, port, option="--metrics-port") as opened_port:
        log.info("metrics_served", address=f"http://{host}:{opened_port}/metrics")
        yield opened_port
