"""Test apps on the real SDK: one for Socket Mode, one for HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

    from bot.playground.server import LocalSlack

Json = dict[str, Any]

IGNORE = object()
"""Returned by `answer` to leave a request unacknowledged."""


def plain_text(text: str) -> Json:
    """Return a plain text object."""
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> Json:
    """Return a section with mrkdwn text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str, label: str = "Press", **more: Any) -> Json:
    """Return a button."""
    return {"type": "button", "action_id": action_id, "text": plain_text(label), **more}


def modal(*blocks: Json, **more: Any) -> Json:
    """Return a modal with these blocks, or with one section."""
    blocks_or_default = list(blocks) or [section("Loading…")]
    return {"type": "modal", "title": plain_text("Answers"), "blocks": blocks_or_default, **more}


class SocketApp:
    """A Socket Mode app. `answer` returns the payload of each acknowledgement, or IGNORE."""

    def __init__(self, slack: LocalSlack) -> None:
        self.slack = slack
        self.requests: list[SocketModeRequest] = []
        self._received = asyncio.Condition()
        self.answer: Callable[[SocketModeRequest], Any] = lambda _request: None
        self.web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        self.client = SocketModeClient(slack.app_token, web_client=self.web)
        self.client.socket_mode_request_listeners.append(self._receive)

    async def __aenter__(self) -> Self:
        before = self.slack.connections
        await self.client.connect()
        await self.slack.wait_for(lambda: self.slack.connections > before)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.client.aiohttp_client_session.close()

    def events(self, kind: str) -> list[Json]:
        """Return the received events of one type, oldest first."""
        found = [r.payload["event"] for r in self.requests if r.type == "events_api"]
        return [event for event in found if event["type"] == kind]

    async def wait_for_requests(self, count: int) -> None:
        """Wait until this many requests were received."""
        async with asyncio.timeout(10), self._received:
            await self._received.wait_for(lambda: len(self.requests) >= count)

    async def _receive(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        async with self._received:
            self.requests.append(request)
            self._received.notify_all()
        answer = self.answer(request)
        if answer is not IGNORE:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, answer))


class HttpApp:
    """An HTTP app that verifies signatures with the SDK and answers with `respond`."""

    def __init__(self, slack: LocalSlack) -> None:
        self.requests: list[tuple[dict[str, str], Json]] = []
        self.rejected = 0
        self.hold = asyncio.Event()
        """Clear it to hold back all responses."""
        self.hold.set()
        self._received = asyncio.Condition()
        self.respond: Callable[[Json], web.Response] = lambda _body: web.Response()
        self._verifier = SignatureVerifier(slack.signing_secret)
        application = web.Application()
        application.router.add_post("/slack/events", self._serve)
        self._runner = web.AppRunner(application, access_log=None)
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/slack/events"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        raw = await request.read()
        headers = dict(request.headers)
        if not self._verifier.is_valid_request(raw, headers):
            self.rejected += 1
            return web.Response(status=401)
        body = _parsed(request.content_type, raw.decode())
        async with self._received:
            self.requests.append((headers, body))
            self._received.notify_all()
        await self.hold.wait()
        return self.respond(body)

    async def wait_for_requests(self, count: int) -> None:
        """Wait until this many requests were received."""
        async with asyncio.timeout(10), self._received:
            await self._received.wait_for(lambda: len(self.requests) >= count)


def _parsed(content_type: str, raw: str) -> Json:
    if content_type == "application/json":
        return json.loads(raw)
    form = dict(parse_qsl(raw, keep_blank_values=True))
    return json.loads(form["payload"]) if "payload" in form else form


async def run_pending_tasks(count: int = 5) -> None:
    """Let other tasks run a few times, to check that nothing more happens."""
    for _ in range(count):
        await asyncio.sleep(0)
