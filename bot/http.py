"""The HTTP servers: Slack's requests, and health checks and metrics for operators."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus

import structlog
import uvicorn
from slack_bolt.adapter.starlette.async_handler import (
    to_async_bolt_request,
    to_starlette_response,
)
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.errors import ConfigurationError
from bot.http_connections import BACKLOG, HEADER_BYTES, ConnectionLimits, limited_protocol
from bot.http_requests import (
    UNSIGNED_STATUS,
    BodyBuffers,
    RefusedRequestError,
    is_signed,
    is_ssl_check,
    unsigned,
)
from bot.telemetry.metrics import CONTENT_TYPE

log = structlog.get_logger(__name__)

DEFAULT_LIMITS = ConnectionLimits()

SHUTDOWN_TIMEOUT_S = 3
"""Seconds to let open requests finish at shutdown; Slack waits 3 s for a response."""

ReadyCheck = Callable[[], Awaitable[bool]]
Scrape = Callable[[], Awaitable[bytes]]
"""Returns all metrics in the Prometheus text format."""

AckObserver = Callable[[float, int], None]
"""Called for each Slack request with the seconds to its response, and the response's status."""


def slack_web_app(
    app: AsyncApp,
    signatures: SignatureVerifier,
    ready: ReadyCheck,
    scrape: Scrape | None,
    acknowledged: AckObserver,
) -> Starlette:
    """Build the app for Slack: `POST /slack/events`, plus the routes of `admin_web_app`.

    Args:
        app: handles Slack's requests.
        signatures: checks that a request is from Slack, before anything parses it.
        ready: checks whether the bot can accept questions.
        scrape: returns the body of `/metrics`; None if another port serves it.
        acknowledged: called for each Slack request.
    """
    bodies = BodyBuffers()

    async def slack(request: Request) -> Response:
        started = time.perf_counter()
        try:
            if await is_ssl_check(request):
                return Response()
            body = await bodies.read(request)
            if not is_signed(request, body, signatures):
                acknowledged(time.perf_counter() - started, UNSIGNED_STATUS)
                raise unsigned()
        except RefusedRequestError as error:
            log.info("request_refused", status=error.status)
            return PlainTextResponse(str(error), status_code=error.status)
        except ClientDisconnect:
            log.info("request_broken_off")
            return Response(status_code=400)
        answer = await app.async_dispatch(to_async_bolt_request(request, body))
        acknowledged(time.perf_counter() - started, answer.status)
        return to_starlette_response(answer)

    return Starlette(
        routes=[
            Route("/slack/events", slack, methods=["GET", "POST"]),
            *_admin_routes(ready, scrape),
        ]
    )


def admin_web_app(ready: ReadyCheck, scrape: Scrape) -> Starlette:
    """Build the app for operators: `GET /healthz`, `/readyz` and `/metrics`."""
    return Starlette(routes=_admin_routes(ready, scrape))


def starting_web_app(ready: ReadyCheck, scrape: Scrape | None) -> Starlette:
    """Build the app for Slack's port before the bot can take questions.

    It refuses Slack's requests, which Slack then sends again.
    """

    async def slack(_request: Request) -> Response:
        return PlainTextResponse("starting", status_code=HTTPStatus.SERVICE_UNAVAILABLE)

    route = Route("/slack/events", slack, methods=["GET", "POST"])
    return Starlette(routes=[route, *_admin_routes(ready, scrape)])


def _admin_routes(ready: ReadyCheck, scrape: Scrape | None) -> list[Route]:
    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_request: Request) -> Response:
        is_ready = await ready()
        return JSONResponse({"ready": is_ready}, status_code=200 if is_ready else 503)

    routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
    if scrape is None:
        return routes

    async def metrics(_request: Request) -> Response:
        return Response(await scrape(), media_type=CONTENT_TYPE)

    return [*routes, Route("/metrics", metrics)]


@asynccontextmanager
async def serve(
    application: ASGIApp,
    host: str,
    port: int,
    *,
    limits: ConnectionLimits = DEFAULT_LIMITS,
) -> AsyncGenerator[int, None]:
    """Serve an application and yield the port it listens on (a free one for port 0).

    Args:
        application: the application.
        host: the address to listen on.
        port: the port to listen on.
        limits: what clients may hold before they have sent a whole request.

    Raises:
        ConfigurationError: the port can't be opened.
    """
    with open_port(host, port, "--port") as listener:
        async with serve_on(listener, application, limits):
            yield port_of(listener)


@asynccontextmanager
async def serve_on(
    listener: socket.socket, application: ASGIApp, limits: ConnectionLimits = DEFAULT_LIMITS
) -> AsyncGenerator[None, None]:
    """Serve an application on an open port until the context exits. The port stays open.

    Connections that arrive before the next application is served on it wait.
    """
    config = uvicorn.Config(
        application,
        http=limited_protocol(limits),
        ws="none",
        h11_max_incomplete_event_size=HEADER_BYTES,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
    )
    server = _Server(config)
    with listener.dup() as own:  # uvicorn closes it
        task = asyncio.create_task(server.serve(sockets=[own]))
        try:
            await server.wait_started(task)
            yield
        finally:
            server.should_exit = True
            await asyncio.gather(task, return_exceptions=True)


def port_of(listener: socket.socket) -> int:
    """Return the port that a socket listens on."""
    return int(listener.getsockname()[1])


def address_of(listener: socket.socket) -> str:
    """Return the address of a server on this port."""
    host = str(listener.getsockname()[0])
    return f"http://{f'[{host}]' if ':' in host else host}:{port_of(listener)}"


def open_port(host: str, port: int, option: str) -> socket.socket:
    """Open a port ourselves: if uvicorn failed to, it would exit the process.

    Raises:
        ConfigurationError: the port can't be opened; the message names `option`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        # `create_server` adds "(while attempting to bind on address …)".
        reason = str(error.strerror).partition(" (while ")[0]
        raise ConfigurationError(
            f"Can't listen on port {port} on {host} ({reason}). Choose another with "
            f"{option} or --host, or stop the program that uses it."
        ) from None
    # Connections inherit it. asyncio sets it only on sockets that it opened: without it, responses
    # on a kept connection wait 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers; `bot.server` handles shutdown."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def wait_started(self, task: asyncio.Task[None]) -> None:
        """Wait until the server accepts requests; re-raise its error if it failed."""
        while not self.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.02)
