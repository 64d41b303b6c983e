"""Running the bot as a process: connected to Slack or working only, until it is told to stop."""

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
from bot.app import Bot, opened, secret
from bot.errors import ConfigurationError
from bot.http import admin, serving, web
from bot.settings import Settings
from bot.slack.api.client import APP_HINT, SLACK_ERRORS, token_error_text
from bot.slack.api.connection import Mode
from bot.slack.api.socket_mode import SocketMode
from bot.telemetry.traces import add_trace

log = structlog.get_logger(__name__)

COLLECT_AFTER = 100_000
"""New objects between two collections of the youngest: a question makes thousands at once."""


async def run(
    settings: Settings,
    *,
    http: bool,
    host: str,
    port: int,
    drain: float,
    metrics_port: int | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then let running questions end within `drain` seconds.

    A second signal stops at once, as one during the start does; what is unfinished is taken up by
    the next start, or by another worker.

    Raises:
        ConfigurationError: naming what is missing or not accepted, before anything is served.
    """

    def connect(bot: Bot) -> AbstractAsyncContextManager[object]:
        if http:
            return serve_http(bot, host, port, with_metrics=metrics_port is None)
        return serve_socket(bot, settings)

    admin_port = None if metrics_port is None else (host, metrics_port)
    mode: Mode = "http" if http else "socket"
    await _serve(settings, mode, connect, drain=drain, admin_port=admin_port)


async def work(
    settings: Settings, *, host: str, drain: float, metrics_port: int | None = None
) -> None:
    """Answer what others take in, until SIGINT or SIGTERM; see `run`.

    Raises:
        ConfigurationError: naming what is missing or not accepted; also on SQLite, where there is
            only one process.
    """
    if settings.environment.database_url.startswith("sqlite"):
        raise ConfigurationError(
            "A worker shares its work with others, for which DATABASE_URL has to name a Postgres "
            "database. On SQLite, `moa-bot run` does all the work."
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
    logs.configure(environment.log_level, environment.log_format, add_trace)
    stopping = _Stopping()
    try:
        async with opened(settings, mode=mode) as bot, AsyncExitStack() as stack:
            if admin_port is not None:
                await stack.enter_async_context(serve_admin(bot, *admin_port))
            _prefer_the_loop()
            recovered = await bot.jobs.recover()
            async with connect(bot):
                log.info("ready", mode=mode, taken_up=recovered)
                await stopping.asked()
                log.info("stopping", drain_s=drain)
            left = await bot.jobs.drain(drain)
            if left:
                log.info("handed_back", run_ids=list(left))
        log.info("stopped")
    except asyncio.CancelledError:
        if not stopping.at_once:
            raise
        log.info("stopped_at_once")


def _prefer_the_loop() -> None:
    """Keep the garbage collector from objects that live as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


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


@asynccontextmanager
async def serve_socket(bot: Bot, settings: Settings) -> AsyncGenerator[None, None]:
    """Connected by Socket Mode, for the first time once this is entered."""
    token = secret(settings.environment.slack_app_token)
    try:
        await bot.client.apps_connections_open(app_token=token)
    except SLACK_ERRORS as error:
        words = token_error_text(error, bot.client.base_url, "SLACK_APP_TOKEN", APP_HINT)
        raise ConfigurationError(words) from None
    socket_mode = SocketMode(bot.app, token, partial(bot.metrics.acknowledged, "socket"))
    with bot.link.attach(socket_mode.is_up):
        async with socket_mode.connected():
            yield


@asynccontextmanager
async def serve_http(
    bot: Bot, host: str, port: int, *, with_metrics: bool = True
) -> AsyncGenerator[int, None]:
    """Serving HTTP, on the port that it gives: a free one where 0 was asked for.

    Raises:
        ConfigurationError: when the port cannot be listened on.
    """
    scrape = bot.scrape if with_metrics else None
    application = web(bot.app, bot.is_ready, scrape, partial(bot.metrics.acknowledged, "http"))
    async with serving(application, host, port) as opened_port:
        log.info("listening", address=f"http://{host}:{opened_port}")
        with bot.link.attach(_always):
            yield opened_port


async def _always() -> bool:
    """An open port is all that HTTP needs: the requests come from outside."""
    return True


@asynccontextmanager
async def serve_admin(bot: Bot, host: str, port: int) -> AsyncGenerator[int, None]:
    """Serving operators on a port of their own, which it gives: a free one where 0 was asked for.

    Raises:
        ConfigurationError: when the port cannot be listened on.
    """
    application = admin(bot.is_ready, bot.scrape)
    async with serving(application, host, port, option="--metrics-port") as opened_port:
        log.info("metrics_served", address=f"http://{host}:{opened_port}/metrics")
        yield opened_port
