"""Socket Mode: sends envelopes over the websockets that the app opened."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from bot import slack_limits
from bot.playground.checks.payload_errors import is_object
from bot.playground.delivery.outbox import Ack, Envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.clock import Clock
    from bot.playground.state.models import Json

_HOST = "applink-local"
_CLOSING_SECONDS = 1.0
"""Seconds to wait for the app's close frame."""


@dataclass(slots=True, eq=False)
class Connection:
    """One websocket of the app and its unacknowledged envelopes."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    pending: dict[str, asyncio.Future[Ack]] = field(default_factory=dict[str, Any])
    draining: bool = False
    """The app was asked to reconnect; nothing more is sent here."""


class Sockets:
    """The app's websockets. Envelopes are distributed round-robin."""

    def __init__(self, clock: Clock, app_id: str, notify_changed: Callable[[], None]) -> None:
        self.connections: list[Connection] = []
        self._clock = clock
        self._app_id = app_id
        self._notify_changed = notify_changed
        self._tickets: set[str] = set()
        self._waiters: list[asyncio.Future[None]] = []
        self._next_index = 0
        self.refusals_left = 0
        """How many of the next connections to refuse; each still uses up its ticket."""

    def new_ticket(self) -> str:
        """Return a ticket that is valid for one connection."""
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return ticket

    async def send(self, envelope: Envelope) -> Ack:
        """Send over one connection and wait up to three seconds for the acknowledgement."""
        connection = self._next_connection() or await self._wait_for_replacement()
        if not connection:
            return Ack(ok=False, reason="no_connection")
        envelope_id = str(uuid.uuid4())
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        connection.pending[envelope_id] = answer
        try:
            await connection.socket.send_str(json.dumps(_envelope_json(envelope_id, envelope)))
            return await self._clock.within(slack_limits.ACK_SECONDS, answer)
        except TimeoutError:
            return Ack(ok=False, reason="timeout")
        except ConnectionError:
            return Ack(ok=False, reason="connection_failed")
        finally:
            connection.pending.pop(envelope_id, None)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket; its URL must contain an unused ticket."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="unknown or used ticket")
        self._tickets.discard(ticket)
        if self.refusals_left:
            self.refusals_left -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(timeout=_CLOSING_SECONDS)
        await socket.prepare(request)
        if len(self.connections) >= slack_limits.SOCKETS:
            await socket.send_str(_disconnect_json("too_many_websockets"))
            await socket.close()
            return socket
        await self._run(Connection(socket, request.transport))
        return socket

    async def disconnect(self, reason: str) -> None:
        """Send `disconnect` on every connection, as Slack does before it closes one.

        After any reason except `warning`, nothing more is sent over the old connections. The app
        closes them after it has opened a new one.
        """
        for connection in list(self.connections):
            connection.draining = reason != "warning"
            await connection.socket.send_str(_disconnect_json(reason))

    async def drop(self) -> None:
        """Drop every connection without a close frame."""
        for connection in list(self.connections):
            if connection.transport:
                connection.transport.abort()

    def freeze(self) -> None:
        """Stop reading from every connection, as if the network silently dropped packets."""
        for connection in self.connections:
            if connection.transport:
                connection.transport.pause_reading()

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(connection.socket.close() for connection in self.connections))

    def _next_connection(self) -> Connection | None:
        usable = [each for each in self.connections if not each.draining]
        self._next_index += 1
        return usable[self._next_index % len(usable)] if usable else None

    async def _wait_for_replacement(self) -> Connection | None:
        """Wait for the connection that replaces a draining one; None after three seconds."""
        if not self.connections:
            return None
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await self._clock.within(slack_limits.ACK_SECONDS, waiter)
        except TimeoutError:
            return None
        return self._next_connection()

    async def _run(self, connection: Connection) -> None:
        self.connections.append(connection)
        try:
            await connection.socket.send_str(self._hello())
            self._notify_waiters()
            async for message in connection.socket:
                if message.type == WSMsgType.TEXT:
                    _receive(connection, message.data)
        finally:
            self.connections.remove(connection)
            for answer in connection.pending.values():
                _resolve(answer, Ack(ok=False, reason="connection_failed"))
            self._notify_changed()

    def _notify_waiters(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._notify_changed()

    def _hello(self) -> str:
        return json.dumps(
            {
                "type": "hello",
                "num_connections": len(self.connections),
                "connection_info": {"app_id": self._app_id},
                "debug_info": {"host": _HOST, "approximate_connection_time": 18_060},
            }
        )


def _envelope_json(envelope_id: str, envelope: Envelope) -> Json:
    fields: dict[str, Any] = {
        "envelope_id": envelope_id,
        "type": envelope.kind,
        "payload": envelope.payload,
        "accepts_response_payload": envelope.accepts_response,
    }
    if envelope.kind == "events_api":
        fields |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.reason}
    return fields


def _disconnect_json(reason: str) -> str:
    return json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}})


def _receive(connection: Connection, text: str) -> None:
    """Handle an acknowledgement; ignore anything else, as Slack does."""
    try:
        ack = json.loads(text)
    except ValueError:
        return
    if is_object(ack):
        answer = connection.pending.get(str(ack.get("envelope_id")))
        if answer:
            _resolve(answer, Ack(ok=True, payload=ack.get("payload")))


def _resolve(answer: asyncio.Future[Ack], ack: Ack) -> None:
    if not answer.done():
        answer.set_result(ack)
