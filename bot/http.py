"""The HTTP servers: Slack's requests, and health checks and metrics for operators."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import parse_qs

import uvicorn
from slack_bolt.adapter.starlette.async_handler import (
    to_async_bolt_request,
    to_starlette_response,
)
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.errors import ConfigurationError
from bot.telemetry.metrics import CONTENT_TYPE

MAX_BODY_BYTES = 1_000_000
"""The largest accepted request body, in bytes. Slack's payloads stay well below."""

MAX_SSL_CHECK_BYTES = 1_000
"""The largest accepted unsigned request, in bytes: "ssl_check=1" and a token."""

SHUTDOWN_TIMEOUT_S = 3
"""Seconds to let open requests finish at shutdown; Slack waits 3 s for a response."""

ReadyCheck = Callable[[], Awaitable[bool]]
Scrape = Callable[[], Awaitable[bytes]]
"""Returns all metrics in the Prometheus text format."""

AckObserver = Callable[[float, int], None]
"""Called for each Slack request with the seconds to its response, and the response's status."""


def slack_web_app(
    app: AsyncApp, ready: ReadyCheck, scrape: Scrape | None, acknowledged: AckObserver
) -> Starlette:
    """Build the app for Slack: `POST /slack/events`, plus the routes of `admin_web_app`.

    Args:
        app: handles Slack's requests.
        ready: checks whether the bot can accept questions.
        scrape: returns the body of `/metrics`; None if another port serves it.
        acknowledged: called for each Slack request.
    """

    async def slack(request: Request) -> Response:
        started = time.perf_counter()
        if await _is_ssl_check(request):
            return Response()
        try:
            body = await _read_body(request)
        except _RefusedError as error:
            return PlainTextResponse(str(error), status_code=error.status)
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


class _RefusedError(Exception):
    """A request that can't be from Slack, refused before Bolt reads it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def _looks_signed(request: Request) -> bool:
    """Return whether a POST has a signature timestamp; Bolt verifies the signature itself."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    return request.method == "POST" and stamp.isascii() and stamp.isdigit()


async def _is_ssl_check(request: Request) -> bool:
    """Return whether this is Slack's unsigned check of our TLS certificate.

    Source: https://docs.slack.dev/interactivity/implementing-slash-commands, "ssl_check".
    """
    if _looks_signed(request):
        return False
    form = request.url.query.encode()
    async for chunk in request.stream():
        form += b"&" + chunk
        if len(form) > MAX_SSL_CHECK_BYTES:
            return False
    return parse_qs(form).get(b"ssl_check") == [b"1"]


async def _read_body(request: Request) -> bytes:
    """Read a request's body, buffering at most `MAX_BODY_BYTES`."""
    if not _looks_signed(request):
        raise _RefusedError(401, "The request isn't signed.")
    body = bytearray()
    # Count bytes instead of trusting Content-Length: a chunked request has none.
    async for chunk in request.stream():
        if len(body) + len(chunk) > MAX_BODY_BYTES:
            raise _RefusedError(413, "The request is too large.")
        body += chunk
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise _RefusedError(400, "The request isn't text.") from None
    return bytes(body)


@asynccontextmanager
async def serve(
    application: ASGIApp, host: str, port: int, *, option: str = "--port"
) -> AsyncGenerator[int, None]:
    """Serve an application and yield the port it listens on (a free one for port 0).

    Args:
        application: the application.
        host: the address to listen on.
        port: the port to listen on.
        option: the option that sets the port, for the error message.

    Raises:
        ConfigurationError: the port can't be opened.
    """
    config = uvicorn.Config(
        application, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S
    )
    server = _Server(config)
    with _bind(host, port, option) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.wait_started(task)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.gather(task, return_exceptions=True)


def _bind(host: str, port: int, option: str) -> socket.socket:
    """Open the socket ourselves: if uvicorn failed to, it would exit the process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"Can't listen on port {port} on {host} ({error.strerror}). Choose another with "
            f"{option} or --host, or stop the program that uses it."
        ) from None


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
