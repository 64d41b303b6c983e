"""Socket Mode: envelopes to the app over a websocket that the app opened, answered by their id."""

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
"""How long the app may take to answer that a connection is closed."""


@dataclass(slots=True, eq=False)
class Connection:
    """One websocket of the app, with the envelopes that it has not acknowledged."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    waiting: dict[str, asyncio.Future[Ack]] = field(default_factory=dict[str, Any])
    draining: bool = False
    """Told to go: nothing more is sent to it."""


class Sockets:
    """The app's websockets. Each envelope goes to one of them, in turn."""

    def __init__(self, clock: Clock, app_id: str, notify_changed: Callable[[], None]) -> None:
        self.connections: list[Connection] = []
        self._clock = clock
        self._app_id = app_id
        self._notify_changed = notify_changed
        self._tickets: set[str] = set()
        self._arrivals: list[asyncio.Future[None]] = []
        self._turn = 0
        self.refusals_left = 0
        """How many of the next connections are refused, whose ticket is used up all the same."""

    def new_ticket(self) -> str:
        """Leave to connect once."""
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return ticket

    async def send(self, envelope: Envelope) -> Ack:
        """Send over one connection, and wait three seconds for its acknowledgement."""
        connection = self._next_connection() or await self._wait_for_replacement()
        if not connection:
            return Ack(ok=False, reason="no_connection")
        envelope_id = str(uuid.uuid4())
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = answer
        try:
            await connection.socket.send_str(json.dumps(_envelope_json(envelope_id, envelope)))
            return await self._clock.within(slack_limits.ACK_SECONDS, answer)
        except TimeoutError:
            return Ack(ok=False, reason="timeout")
        except ConnectionError:
            return Ack(ok=False, reason="connection_failed")
        finally:
            connection.waiting.pop(envelope_id, None)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The endpoint of the websocket; the ticket in its address is good for one connection."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="the ticket was used or never given")
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
        """Tell every connection that it will be closed, as Slack does before it closes one.

        `warning` only tells; `refresh_requested` sends nothing more over the old connections,
        which the app closes once it has opened a new one.
        """
        for connection in list(self.connections):
            connection.draining = reason != "warning"
            await connection.socket.send_str(_disconnect_json(reason))

    async def drop(self) -> None:
        """Break every connection without a word."""
        for connection in list(self.connections):
            if connection.transport:
                connection.transport.abort()

    def freeze(self) -> None:
        """Stop reading from every connection, as when the network drops packets silently."""
        for connection in self.connections:
            if connection.transport:
                connection.transport.pause_reading()

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(connection.socket.close() for connection in self.connections))

    def _next_connection(self) -> Connection | None:
        open_now = [each for each in self.connections if not each.draining]
        self._turn += 1
        return open_now[self._turn % len(open_now)] if open_now else None

    async def _wait_for_replacement(self) -> Connection | None:
        """The connection that comes for one which was told to leave, or None after a while."""
        if not self.connections:
            return None
        arrival: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals.append(arrival)
        try:
            await self._clock.within(slack_limits.ACK_SECONDS, arrival)
        except TimeoutError:
            return None
        return self._next_connection()

    async def _run(self, connection: Connection) -> None:
        self.connections.append(connection)
        try:
            await connection.socket.send_str(self._hello())
            self._notify_arrivals()
            async for message in connection.socket:
                if message.type == WSMsgType.TEXT:
                    _receive(connection, message.data)
        finally:
            self.connections.remove(connection)
            for answer in connection.waiting.values():
                _resolve(answer, Ack(ok=False, reason="connection_failed"))
            self._notify_changed()

    def _notify_arrivals(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        for arrival in arrivals:
            if not arrival.done():
                arrival.set_result(None)
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
    shape: dict[str, Any] = {
        "envelope_id": envelope_id,
        "type": envelope.kind,
        "payload": envelope.payload,
        "accepts_response_payload": envelope.accepts_response,
    }
    if envelope.kind == "events_api":
        shape |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.reason}
    return shape


def _disconnect_json(reason: str) -> str:
    return json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}})


def _receive(connection: Connection, text: str) -> None:
    """Take an acknowledgement; anything else is ignored, as Slack does."""
    try:
        said = json.loads(text)
    except ValueError:
        return
    if is_object(said):
        answer = connection.waiting.get(str(said.get("envelope_id")))
        if answer:
            _resolve(answer, Ack(ok=True, payload=said.get("payload")))


def _resolve(answer: asyncio.Future[Ack], ack: Ack) -> None:
    if not answer.done():
        answer.set_result(ack)
