"""HTTP: Slack's requests on one path; for operators whether we live, are ready, and our metrics."""

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

from bot.errors import ConfigurationError
from bot.telemetry.metrics import CONTENT_TYPE

MAX_BODY = 1_000_000
"""Bytes of one request. Slack's largest payloads stay well below."""

MAX_SSL_CHECK = 1_000
"""Bytes of a request that may be unsigned: "ssl_check=1" and a token."""

LAST_WAIT_S = 3
"""Seconds that open requests have to end in; Slack waits as long for an answer."""

Ready = Callable[[], Awaitable[bool]]
Scrape = Callable[[], Awaitable[bytes]]
"""All metrics in Prometheus' text format."""

Acknowledged = Callable[[float, int], None]
"""Told of each request of Slack's: the seconds until it was answered, and the answer's status."""


def web(
    app: AsyncApp, ready: Ready, scrape: Scrape | None, acknowledged: Acknowledged
) -> Starlette:
    """The web application: `POST /slack/events`, and what `admin` has.

    Args:
        app: takes Slack's requests.
        ready: whether questions can be taken.
        scrape: for `/metrics`; None where these are served on a port of their own.
        acknowledged: told of each of Slack's requests.
    """

    async def slack(request: Request) -> Response:
        began = time.perf_counter()
        if await _is_ssl_check(request):
            return Response()
        try:
            body = await _body(request)
        except _RefusedError as error:
            return PlainTextResponse(str(error), status_code=error.status)
        answer = await app.async_dispatch(to_async_bolt_request(request, body))
        acknowledged(time.perf_counter() - began, answer.status)
        return to_starlette_response(answer)

    return Starlette(
        routes=[
            Route("/slack/events", slack, methods=["GET", "POST"]),
            *_for_operators(ready, scrape),
        ]
    )


def admin(ready: Ready, scrape: Scrape) -> Starlette:
    """What operators ask on a port of its own: `GET /healthz`, `/readyz` and `/metrics`."""
    return Starlette(routes=_for_operators(ready, scrape))


def _for_operators(ready: Ready, scrape: Scrape | None) -> list[Route]:
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
    """What no request of Slack's looks like, refused before Bolt reads it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def _is_signed(request: Request) -> bool:
    """Whether there is a time beside the signature, which Bolt then checks."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    return request.method == "POST" and stamp.isascii() and stamp.isdigit()


async def _is_ssl_check(request: Request) -> bool:
    """Whether Slack only looks at the certificate of our address, for which it signs nothing.

    Source: https://docs.slack.dev/interactivity/implementing-slash-commands, "ssl_check".
    """
    if _is_signed(request):
        return False
    form = request.url.query.encode()
    async for piece in request.stream():
        form += b"&" + piece
        if len(form) > MAX_SSL_CHECK:
            return False
    return parse_qs(form).get(b"ssl_check") == [b"1"]


async def _body(request: Request) -> bytes:
    """The body of what may be a request of Slack's, never more than `MAX_BODY` of it held."""
    if not _is_signed(request):
        raise _RefusedError(401, "The request is not signed.")
    body = bytearray()
    # The announced length is not asked: a request that comes in chunks has none.
    async for piece in request.stream():
        if len(body) + len(piece) > MAX_BODY:
            raise _RefusedError(413, "The request is too large.")
        body += piece
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise _RefusedError(400, "The request is not text.") from None
    return bytes(body)


@asynccontextmanager
async def serving(
    application: Starlette, host: str, port: int, *, option: str = "--port"
) -> AsyncGenerator[int, None]:
    """Serve on a port, which is given back: a free one where 0 was asked for.

    Args:
        application: what is served.
        host: the address to listen on.
        port: the port to listen on.
        option: what sets the port, for the error's words.

    Raises:
        ConfigurationError: when the port cannot be listened on.
    """
    config = uvicorn.Config(
        application, log_config=None, access_log=False, timeout_graceful_shutdown=LAST_WAIT_S
    )
    server = _Server(config)
    with _listening(host, port, option) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await server.up(task)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.gather(task, return_exceptions=True)


def _listening(host: str, port: int, option: str) -> socket.socket:
    """The socket, opened before uvicorn is begun: that would end the process if it failed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} on {host} cannot be listened on ({error.strerror}). Choose others with "
            f"{option} and --host, or stop what uses the port."
        ) from None


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: stopping is decided in `bot.app.run`."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def up(self, task: asyncio.Task[None]) -> None:
        """Wait until requests are taken; raises what the server's task ended with, if it did."""
        while not self.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.02)
