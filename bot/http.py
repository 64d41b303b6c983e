"""HTTP mode: Slack's requests on one path, and whether we live and are ready."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

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

MAX_BODY = 1_000_000
"""Bytes of one request. Slack's largest payloads stay well below."""

LAST_WAIT_S = 3
"""Seconds that open requests have to end in; Slack waits as long for an answer."""

Ready = Callable[[], Awaitable[bool]]


def web(app: AsyncApp, ready: Ready) -> Starlette:
    """The web application: `POST /slack/events`, `GET /healthz`, `GET /readyz`."""

    async def slack(request: Request) -> Response:
        try:
            body = await _body(request)
        except _RefusedError as error:
            return PlainTextResponse(str(error), status_code=error.status)
        return to_starlette_response(await app.async_dispatch(to_async_bolt_request(request, body)))

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_request: Request) -> Response:
        is_ready = await ready()
        return JSONResponse({"ready": is_ready}, status_code=200 if is_ready else 503)

    return Starlette(
        routes=[
            Route("/slack/events", slack, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ]
    )


class _RefusedError(Exception):
    """What no request of Slack's looks like, refused before Bolt reads it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


async def _body(request: Request) -> bytes:
    """The body of what may be a request of Slack's, never more than `MAX_BODY` of it held."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()):
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
async def serving(application: Starlette, host: str, port: int) -> AsyncGenerator[int, None]:
    """Serve on a port, which is given back: a free one where 0 was asked for.

    Raises:
        ConfigurationError: when the port cannot be listened on.
    """
    config = uvicorn.Config(
        application, log_config=None, access_log=False, timeout_graceful_shutdown=LAST_WAIT_S
    )
    server = _Server(config)
    with _listening(host, port) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await server.up(task)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.gather(task, return_exceptions=True)


def _listening(host: str, port: int) -> socket.socket:
    """The socket, opened before uvicorn is begun: that would end the process if it failed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} on {host} cannot be listened on ({error.strerror}). Choose others with "
            "--port and --host, or stop what uses the port."
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
