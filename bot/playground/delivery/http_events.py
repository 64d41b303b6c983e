"""HTTP mode: events, interactions and commands as requests that are signed as Slack signs them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp

from bot import slack_limits
from bot.playground.checks.payload_errors import is_object
from bot.playground.delivery.outbox import Ack, Envelope

if TYPE_CHECKING:
    from bot.playground.clock import Clock
    from bot.playground.state.installation import Installation
    from bot.playground.state.models import Json

_FORM = "application/x-www-form-urlencoded"


class HttpEvents:
    """Posts to the app's request URL.

    `signature_age` is how many seconds old the timestamp of a signature is made, and
    `bad_signature` spoils it: to try how the app refuses both. The timestamp is the wall clock's,
    since the app compares it with its own.
    """

    def __init__(self, clock: Clock, app: Installation, request_url: str) -> None:
        self.request_url = request_url
        self.signature_age = 0
        self.bad_signature = False
        self._clock = clock
        self._app = app
        self._session = aiohttp.ClientSession()

    async def send(self, envelope: Envelope) -> Ack:
        """Post once, and wait three seconds for the answer."""
        body, content_type = _body(envelope)
        headers = {"Content-Type": content_type, **self.sign(body)}
        if envelope.attempt:
            headers["X-Slack-Retry-Num"] = str(envelope.attempt)
            headers["X-Slack-Retry-Reason"] = envelope.reason
        posting = asyncio.create_task(self._post(body, headers))
        try:
            return await self._clock.within(slack_limits.ACK_SECONDS, posting)
        except TimeoutError:
            return Ack(ok=False, reason="http_timeout")
        finally:
            posting.cancel()

    async def verify(self) -> bool:
        """Slack's `url_verification`: whether the app returns the challenge."""
        asked = {"token": self._app.verification_token, "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY"}
        body = json.dumps({**asked, "type": "url_verification"}).encode()
        headers = {"Content-Type": "application/json", **self.sign(body)}
        async with self._session.post(self.request_url, data=body, headers=headers) as answer:
            return answer.status == 200 and asked["challenge"] in await answer.text()  # noqa: PLR2004 - HTTP's own figure

    async def ssl_check(self, method: str = "POST") -> int:
        """Slack's look at the certificate, which is not signed; the status of the answer.

        Source: https://docs.slack.dev/interactivity/implementing-slash-commands, "ssl_check".
        """
        form = urlencode({"token": self._app.verification_token, "ssl_check": "1"})
        url = f"{self.request_url}?{form}" if method == "GET" else self.request_url
        data = None if method == "GET" else form.encode()
        headers = {"Content-Type": _FORM}
        async with self._session.request(method, url, data=data, headers=headers) as answer:
            return answer.status

    def sign(self, body: bytes) -> dict[str, str]:
        """The two headers of Slack's request signature, version 0."""
        stamp = str(int(time.time()) - self.signature_age)
        base = b"v0:" + stamp.encode() + b":" + body
        digest = hmac.new(self._app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        if self.bad_signature:
            digest = digest[::-1]
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def close(self) -> None:
        """Close the connections to the app."""
        await self._session.close()

    async def _post(self, body: bytes, headers: dict[str, str]) -> Ack:
        try:
            async with self._session.post(
                self.request_url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                text = await answer.text()
                if answer.status == 200:  # noqa: PLR2004 - HTTP's own figure
                    return Ack(ok=True, payload=_answer(answer.content_type, text))
                wanted = answer.headers.get("X-Slack-No-Retry") != "1"
                return Ack(ok=False, reason="http_error", retriable=wanted)
        except aiohttp.ClientError:
            return Ack(ok=False, reason="connection_failed")


def _body(envelope: Envelope) -> tuple[bytes, str]:
    if envelope.kind == "events_api":
        return json.dumps(envelope.payload).encode(), "application/json"
    if envelope.kind == "interactive":
        return urlencode({"payload": json.dumps(envelope.payload)}).encode(), _FORM
    return urlencode(envelope.payload).encode(), _FORM


def _answer(content_type: str, text: str) -> Json | None:
    """What the app said beside the 200: JSON, or the plain text of an answer to a command."""
    if not text:
        return None
    if content_type != "application/json":
        return {"text": text}
    try:
        said = json.loads(text)
    except ValueError:
        return None
    return said if is_object(said) else None
