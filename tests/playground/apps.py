"""Apps for the local Slack to talk to, made of the real SDK: one by Socket Mode, one by HTTP."""

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
"""What `answer` gives for a request that is not to be acknowledged."""


def text_of(words: str) -> Json:
    """A plain text object."""
    return {"type": "plain_text", "text": words}


def section(words: str, **more: Any) -> Json:
    """A section of mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": words}, **more}


def button(action_id: str, label: str = "Press", **more: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": text_of(label), **more}


def modal(*blocks: Json, **more: Any) -> Json:
    """A modal with these blocks, or with one section."""
    shown = list(blocks) or [section("Loading…")]
    return {"type": "modal", "title": text_of("Answers"), "blocks": shown, **more}


class SocketApp:
    """An app by Socket Mode. `answer` gives the payload of each acknowledgement, or IGNORE."""

    def __init__(self, slack: LocalSlack) -> None:
        self.slack = slack
        self.requests: list[SocketModeRequest] = []
        self._arrival = asyncio.Condition()
        self.answer: Callable[[SocketModeRequest], Any] = lambda _request: None
        self.web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        self.client = SocketModeClient(slack.app_token, web_client=self.web)
        self.client.socket_mode_request_listeners.append(self._hear)

    async def __aenter__(self) -> Self:
        before = self.slack.connections
        await self.client.connect()
        await self.slack.wait_for(lambda: self.slack.connections > before)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.client.aiohttp_client_session.close()

    def events(self, kind: str) -> list[Json]:
        """The events of one type that came, the oldest first."""
        found = [r.payload["event"] for r in self.requests if r.type == "events_api"]
        return [event for event in found if event["type"] == kind]

    async def arrived(self, count: int) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(10), self._arrival:
            await self._arrival.wait_for(lambda: len(self.requests) >= count)

    async def _hear(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        async with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()
        answer = self.answer(request)
        if answer is not IGNORE:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, answer))


class HttpApp:
    """An app by HTTP that checks each signature with the SDK. `respond` answers what it accepts."""

    def __init__(self, slack: LocalSlack) -> None:
        self.requests: list[tuple[dict[str, str], Json]] = []
        self.refused = 0
        self.hold = asyncio.Event()
        """Cleared, every request waits for it before it is answered."""
        self.hold.set()
        self._arrival = asyncio.Condition()
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
            self.refused += 1
            return web.Response(status=401)
        body = _parsed(request.content_type, raw.decode())
        async with self._arrival:
            self.requests.append((headers, body))
            self._arrival.notify_all()
        await self.hold.wait()
        return self.respond(body)

    async def arrived(self, count: int) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(10), self._arrival:
            await self._arrival.wait_for(lambda: len(self.requests) >= count)


def _parsed(content_type: str, raw: str) -> Json:
    if content_type == "application/json":
        return json.loads(raw)
    form = dict(parse_qsl(raw, keep_blank_values=True))
    return json.loads(form["payload"]) if "payload" in form else form


async def turns(count: int = 5) -> None:
    """Let the loop's other tasks run, where all there is to wait for is that they do nothing."""
    for _ in range(count):
        await asyncio.sleep(0)
