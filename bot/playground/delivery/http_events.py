"""HTTP mode: sends events, interactions and commands as signed requests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from http import HTTPStatus
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
    """Posts signed requests to the app's request URL.

    Tests set `signature_age` (seconds) and `bad_signature` to check that the app rejects stale and
    forged requests. Timestamps use the wall clock, because the app compares them with its own.
    """

    def __init__(self, clock: Clock, app: Installation, request_url: str) -> None:
        self.request_url = request_url
        self.signature_age = 0
        self.bad_signature = False
        self._clock = clock
        self._app = app
        self._session = aiohttp.ClientSession()

    async def send(self, envelope: Envelope) -> Ack:
        """Post once and wait up to three seconds for the response."""
        body, content_type = _body(envelope)
        headers = {"Content-Type": content_type, **self.sign(body)}
        if envelope.attempt:
            headers["X-Slack-Retry-Num"] = str(envelope.attempt)
            headers["X-Slack-Retry-Reason"] = envelope.reason
        request = asyncio.create_task(self._post(body, headers))
        try:
            return await self._clock.within(slack_limits.ACK_SECONDS, request)
        except TimeoutError:
            return Ack(ok=False, reason="http_timeout")
        finally:
            request.cancel()

    async def verify(self) -> bool:
        """Send `url_verification` and return whether the app answered the challenge."""
        fields = {
            "token": self._app.verification_token,
            "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY",
        }
        body = json.dumps({**fields, "type": "url_verification"}).encode()
        headers = {"Content-Type": "application/json", **self.sign(body)}
        async with self._session.post(self.request_url, data=body, headers=headers) as response:
            return response.status == HTTPStatus.OK and fields["challenge"] in await response.text()

    async def ssl_check(self, method: str = "POST") -> int:
        """Send Slack's unsigned certificate check and return the response's status.

        Source: https://docs.slack.dev/interactivity/implementing-slash-commands, "ssl_check".
        """
        form = urlencode({"token": self._app.verification_token, "ssl_check": "1"})
        url = f"{self.request_url}?{form}" if method == "GET" else self.request_url
        data = None if method == "GET" else form.encode()
        headers = {"Content-Type": _FORM}
        async with self._session.request(method, url, data=data, headers=headers) as response:
            return response.status

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the two headers of Slack's request signature, version 0."""
        timestamp = str(int(time.time()) - self.signature_age)
        base = b"v0:" + timestamp.encode() + b":" + body
        digest = hmac.new(self._app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        if self.bad_signature:
            digest = digest[::-1]
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    async def close(self) -> None:
        """Close the HTTP session."""
        await self._session.close()

    async def _post(self, body: bytes, headers: dict[str, str]) -> Ack:
        try:
            async with self._session.post(
                self.request_url, data=body, headers=headers, allow_redirects=False
            ) as response:
                text = await response.text()
                if response.status == HTTPStatus.OK:
                    return Ack(ok=True, payload=_response_payload(response.content_type, text))
                retriable = response.headers.get("X-Slack-No-Retry") != "1"
                return Ack(ok=False, reason="http_error", retriable=retriable)
        except aiohttp.ClientError:
            return Ack(ok=False, reason="connection_failed")


def _body(envelope: Envelope) -> tuple[bytes, str]:
    if envelope.kind == "events_api":
        return json.dumps(envelope.payload).encode(), "application/json"
    if envelope.kind == "interactive":
        return urlencode({"payload": json.dumps(envelope.payload)}).encode(), _FORM
    return urlencode(envelope.payload).encode(), _FORM


def _response_payload(content_type: str, text: str) -> Json | None:
    """Return the response body: JSON, or a command's plain text as a message."""
    if not text:
        return None
    if content_type != "application/json":
        return {"text": text}
    try:
        payload = json.loads(text)
    except ValueError:
        return None
    return payload if is_object(payload) else None
