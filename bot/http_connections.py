"""Limits what clients can hold on an HTTP server before they have sent a whole request.

uvicorn has no timeout for a connection's first request, slow headers or a slow body, and no limit
that admits new connections while idle ones fill it. Its `h11` parser bounds headers; `httptools`
doesn't.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

log = structlog.get_logger(__name__)

HEADER_BYTES = 16_384
"""The largest accepted request line and headers, in bytes."""

FREE_PIECES, PIECE_BYTES = 256, 512
"""A body may have that many pieces of any size; further ones must hold so many bytes on average."""

BACKLOG = 256
"""Connections that the kernel queues until we accept them, and the most we accept at once."""

LOG_EVERY_S = 60.0
"""Seconds between two warnings about too many connections."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What an HTTP server allows its clients.

    Attributes:
        connections: open connections. Above this number, connections that wait for a request are
            closed.
        request_s: seconds from a connection's start, or its last response, to a whole request.
        response_s: seconds for the client to receive a response.
    """

    connections: int = 256
    request_s: float = 10.0
    response_s: float = 30.0


@dataclass(eq=False, slots=True)
class Connections:
    """The open connections of one server, oldest first."""

    limits: ConnectionLimits
    _open: dict[LimitedProtocol, None] = field(default_factory=dict)
    _logged_at: float = float("-inf")

    def add(self, opened: LimitedProtocol) -> None:
        """Add a connection. If there are too many, close one that waits for a request.

        This is the oldest connection of the client with the most connections, or the new one if all
        are being answered.
        """
        self._open[opened] = None
        if len(self._open) <= self.limits.connections:
            return
        waiting = [each for each in self._open if each.is_waiting and each is not opened]
        per_host = Counter(each.host for each in waiting)
        busiest = max(per_host, key=per_host.__getitem__, default="")
        closed = next((each for each in waiting if each.host == busiest), opened)
        self.remove(closed)
        closed.abort()
        self._log(opened.loop.time())

    def remove(self, closed: LimitedProtocol) -> None:
        """Forget a connection."""
        self._open.pop(closed, None)

    def _log(self, now: float) -> None:
        if now - self._logged_at > LOG_EVERY_S:
            self._logged_at = now
            log.warning("too_many_http_connections", limit=self.limits.connections)


def limited_protocol(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """Return the factory of uvicorn's protocols for one server, for its option `http`."""
    return cast("type[asyncio.Protocol]", partial(LimitedProtocol, Connections(limits)))


class _CountedPieces(h11.Connection):
    """Refuses a body that comes in far more pieces than a network makes of it.

    `h11` takes some twenty microseconds for a piece, and uvicorn copies the body with each: a body
    in chunks of one byte would block the event loop for seconds.
    """

    def __init__(self) -> None:
        super().__init__(h11.SERVER, HEADER_BYTES)
        self._left_bytes = 0

    def next_event(self) -> Any:
        """Return the next event; see `h11.Connection`.

        Raises:
            h11.RemoteProtocolError: the client breaks the protocol or sends too many pieces.
        """
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._left_bytes = FREE_PIECES * PIECE_BYTES
        elif isinstance(event, h11.Data):
            self._left_bytes += len(event.data) - PIECE_BYTES
            if self._left_bytes < 0:
                raise h11.RemoteProtocolError("The body has too many pieces.")
        return event


class LimitedProtocol(H11Protocol):
    """uvicorn's `h11` protocol with a deadline for each request and each response."""

    def __init__(self, connections: Connections, **options: Any) -> None:
        super().__init__(**options)
        self.conn = _CountedPieces()
        self._open_connections = connections
        self._limits = connections.limits
        self._deadline: asyncio.TimerHandle | None = None
        self.is_waiting = True
        """Whether the client has yet to send its whole request."""

    @property
    def host(self) -> str:
        """The client's address, or "" if unknown."""
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the deadline of the first request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._expect_request()
        self._open_connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._open_connections.remove(self)
        self._set_deadline(None)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Start the response's deadline once the request is whole."""
        super().handle_events()
        if self.is_waiting and self.conn.their_state in {h11.DONE, h11.MUST_CLOSE, h11.CLOSED}:
            self.is_waiting = False
            self._set_deadline(self._limits.response_s)

    def on_response_complete(self) -> None:
        """Start the next request's deadline, unless the client is still sending the last one."""
        answered = not self.is_waiting
        if answered:
            self._expect_request()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a broken request; if its response has begun, close the connection."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def _expect_request(self) -> None:
        self.is_waiting = True
        self._set_deadline(self._limits.request_s)

    def _set_deadline(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.abort)

    def _unsupported_upgrade_warning(self) -> None:
        """Treat a request for an upgrade like any other, without logging a warning."""
