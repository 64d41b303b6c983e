"""HTTP mode: Slack's requests on one path, and whether we live and are ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

MAX_BODY = 1_000_000
"""Bytes of one request. Slack's largest payloads stay well below."""

Ready = Callable[[], Awaitable[bool]]


def web(app: AsyncApp, ready: Ready) -> Starlette:
    """The web application: `POST /slack/events`, `GET /healthz`, `GET /readyz`."""
    handler = AsyncSlackRequestHandler(app)

    async def slack(request: Request) -> Response:
        if refused := await _refused(request):
            return refused
        return await handler.handle(request)

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


async def _refused(request: Request) -> Response | None:
    """What no request of Slack's looks like, refused before Bolt reads it."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        return PlainTextResponse("The request is too large.", status_code=413)
    stamp = request.headers.get("x-slack-request-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()):
        return PlainTextResponse("The request is not signed.", status_code=401)
    body = await request.body()
    if len(body) > MAX_BODY:
        return PlainTextResponse("The request is too large.", status_code=413)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return PlainTextResponse("The request is not text.", status_code=400)
    return None
