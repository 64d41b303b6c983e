"""Clients that open connections to the bot and never send a whole request."""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager

FORGED = (
    b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\n"
    b"X-Slack-Request-Timestamp: %d\r\nX-Slack-Signature: v0=%s\r\n"
)
"""The head of a request that differs from Slack's only in its signature."""


def forged_head(length: int) -> bytes:
    """Return the head of an unsigned request with a body of this length."""
    return FORGED % (time.time(), b"0" * 64) + b"Content-Length: %d\r\n\r\n" % length


class Clients:
    """Raw connections, kept open until `close`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[socket.socket] = []

    async def connect(self, count: int, sent: bytes = b"") -> None:
        """Open connections, and send these bytes on each until the bot stops reading."""
        for _ in range(count):
            client = socket.socket()
            client.settimeout(0)
            self._open.append(client)
            await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self._port))
            await self._send(client, sent)

    async def _send(self, client: socket.socket, sent: bytes) -> None:
        left = memoryview(sent)
        for _ in range(200):
            try:
                left = left[client.send(left) :]
            except BlockingIOError:
                await asyncio.sleep(0.005)
            except OSError:  # the bot has closed it
                return
            if not left:
                return
            await asyncio.sleep(0)

    def closed(self) -> int:
        """Return how many of them the bot has closed."""
        return sum(map(_is_closed, self._open))

    def close(self) -> None:
        """Close all of them."""
        for client in self._open:
            client.close()


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@contextmanager
def clients(port: int) -> Generator[Clients, None, None]:
    """Yield clients of a port, with the maximum number of open files for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    made = Clients(port)
    try:
        yield made
    finally:
        made.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
