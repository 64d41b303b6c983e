"""A real HTTP proxy on loopback: CONNECT tunnels and plain requests, to one server behind it."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Forwards requests for every host to one server, to test public names on loopback.

    Args:
        target: the server's URL.
        credentials: "user:password"; requests without it get 407.
        refuses: the status of every response, if set.

    Attributes:
        hosts: the "host:port" of each tunnel, or the host of each plain request.
    """

    def __init__(self, target: str, *, credentials: str = "", refuses: int = 0) -> None:
        self.hosts: list[str] = []
        self.url = ""
        self._port = urlsplit(target).port
        self._authorization = f"Basic {b64encode(credentials.encode()).decode()}"
        self._open = not credentials
        self._refuses = refuses
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._forward(reader, writer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, place, _ = head.decode("latin-1").split(" ", 2)
        status = self._refuses
        if not self._open and self._authorization not in head.decode("latin-1"):
            status = 407
        if status:
            writer.write(b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n" % status)
            await writer.drain()
            return
        upstream_writer, upstream_reader = await asyncio.open_connection("127.0.0.1", self._port)
        if method == "CONNECT":
            self.hosts.append(place)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            url = urlsplit(place)
            self.hosts.append(url.hostname or "")
            upstream_reader.write(
                head.replace(
                    place.encode(), url._replace(scheme="", netloc="").geturl().encode(), 1
                )
            )
        await asyncio.gather(_copy(reader, upstream_reader), _copy(upstream_writer, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
