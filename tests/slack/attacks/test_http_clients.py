"""HTTP mode: clients that hold connections and half-sent requests don't block the bot."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from bot.http import serve
from bot.http_connections import ConnectionLimits
from bot.http_requests import BodyBuffers, RefusedRequestError
from tests.bot.processes import local_services, running_bot
from tests.models.replies import Reply
from tests.slack.attacks.http_clients import clients, forged_head
from tests.stage import Stage, on_stage

SHORT = ConnectionLimits(connections=5, request_s=0.4)
HELLO = b"GET / HTTP/1.1\r\nHost: bot\r\n\r\n"


def port_of(stage: Stage) -> int:
    return int(str(stage.slack.request_url).rpartition(":")[2].partition("/")[0])


async def assert_answered(stage: Stage) -> None:
    ts = await stage.ask("What is the risk?")
    assert "The answer of writer-1." in stage.slack.render(await stage.replied(ts))


async def test_idle_connections_do_not_block_the_bot(tmp_path: Path) -> None:
    """With 1,100 idle connections, and more opened all the time, questions are answered."""
    async with on_stage(tmp_path, mode="http") as stage:
        with clients(port_of(stage)) as idle:
            await idle.connect(1_100)
            more = asyncio.create_task(idle.connect(2_000))
            await assert_answered(stage)
            more.cancel()
            assert idle.closed() >= 800


@pytest.mark.parametrize("sent", [b"{" * 900, b"[" * 900_000], ids=["small", "large"])
async def test_half_sent_requests_do_not_block_the_bot(tmp_path: Path, sent: bytes) -> None:
    """With 300 requests whose body never ends, questions are answered."""
    async with on_stage(tmp_path, mode="http") as stage:
        with clients(port_of(stage)) as slow:
            flood = asyncio.create_task(slow.connect(300, forged_head(999_999) + sent))
            await assert_answered(stage)
            await flood
            await assert_answered(stage)


async def test_half_sent_requests_use_little_memory(tmp_path: Path) -> None:
    """300 half-sent bodies of almost a megabyte each grow the process by less than 100 MB."""
    writer = Reply(text="The reply.")
    async with local_services(tmp_path, writer) as services:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        services.slack.request_url = f"http://127.0.0.1:{port}/slack/events"
        options = ("--http", "--port", str(port))
        async with running_bot(tmp_path, services.slack, *options) as process:
            await services.complete(await services.ask())
            before = await resident_kb(process.pid)
            with clients(port) as slow:
                await slow.connect(300, forged_head(999_999) + b"[" * 900_000)
                assert await resident_kb(process.pid) - before < 100_000
                await services.complete(await services.ask())


async def resident_kb(pid: int) -> int:
    ps = await asyncio.create_subprocess_exec("ps", "-o", "rss=", "-p", str(pid), stdout=PIPE)
    shown, _ = await ps.communicate()
    return int(shown)


@asynccontextmanager
async def small_server(
    limits: ConnectionLimits, buffers: BodyBuffers | None = None
) -> AsyncGenerator[int, None]:
    """Run a server like the bot's; its one route returns the length of a body."""
    bodies = buffers or BodyBuffers()

    async def measure(request: Request) -> Response:
        if request.method == "GET":
            return PlainTextResponse("0")
        try:
            return PlainTextResponse(str(len(await bodies.read(request))))
        except RefusedRequestError as error:
            return Response(status_code=error.status)

    app = Starlette(routes=[Route("/{path:path}", measure, methods=["GET", "POST"])])
    async with serve(app, "127.0.0.1", 0, limits=limits) as port:
        yield port


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"", b""),
        (b"GET / HT", b""),
        (b"GET / HTTP/1.1\r\n", b"X-A: b\r\n"),
        (forged_head(900), b""),
        (forged_head(900), b"x"),
        (b"GET / HTTP/1.1\r\nX: ", b"x"),
        (HELLO + b"GET / HTTP/1.1\r\n", b"X-A: b\r\n"),
        (HELLO + forged_head(900), b"x"),
    ],
    ids=["silent", "line", "headers", "body", "slow-body", "header", "second", "second-body"],
)
async def test_a_request_that_never_ends_is_closed(first: bytes, drip: bytes) -> None:
    """A connection is closed at a request's deadline, however slowly the client sends."""
    async with small_server(SHORT) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        over = asyncio.create_task(ended(reader))
        while not over.done():
            writer.write(drip)
            await asyncio.wait([over], timeout=0.05)
        writer.close()


async def test_a_connection_can_serve_several_requests() -> None:
    """Whole requests are answered one after another on the same connection."""
    async with small_server(ConnectionLimits()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(20):
            writer.write(HELLO)
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n0")
        writer.close()


async def test_the_oldest_idle_connection_makes_room() -> None:
    """At the limit a new connection is served, and the oldest one without a request is closed."""
    async with small_server(ConnectionLimits(connections=3)) as port, asyncio.timeout(30):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HELLO)
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n0")
        assert await ended(held[0][0])
        for opened in (*held, (reader, writer)):
            opened[1].close()


async def ended(reader: asyncio.StreamReader) -> bool:
    """Wait for the end of a connection, by a reset or an orderly one."""
    try:
        while await reader.read(65_536):
            pass
    except OSError:
        pass
    return True


async def test_the_largest_unfinished_body_makes_room() -> None:
    """All unfinished bodies share a limit; small requests are still read completely."""
    buffers = BodyBuffers(total=2_000_000)
    async with small_server(ConnectionLimits(), buffers) as port:
        with clients(port) as slow:
            await slow.connect(20, forged_head(999_999) + b"x" * 900_000)
            assert 0 < buffers.held <= 2_000_000
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(forged_head(9_000) + b"x" * 9_000)
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n9000")
            writer.close()


CHUNKED = forged_head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")


async def response_to(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        async with asyncio.timeout(30):
            return await reader.readline()
    finally:
        writer.close()


async def test_a_body_in_tiny_pieces_is_refused() -> None:
    """Pieces of one byte are refused after a few hundred, since each takes time; others are read.

    A proxy may send a body in pieces of its own size, and a short body in any pieces.
    """
    async with small_server(ConnectionLimits()) as port:
        for size, count, status in (
            (1, 200, b"200"),
            (1_400, 700, b"200"),
            (64_000, 15, b"200"),
            (1, 5_000, b"400"),
            (100, 9_000, b"400"),
        ):
            piece = b"%x\r\n%s\r\n" % (size, b"x" * size)
            line = await response_to(port, CHUNKED + piece * count + b"0\r\n\r\n")
            assert line.split()[1] == status, (size, count)


UNSIGNED = {
    "get": b"GET /slack/events HTTP/1.1\r\nHost: b\r\nUser-Agent: EVIL\r\n\r\n",
    "post": b"POST /slack/events HTTP/1.1\r\nHost: b\r\nContent-Length: 4\r\n\r\nEVIL",
    "signature": forged_head(8) + b'["EVIL"]',
    "nested": forged_head(400_004) + b"EVIL" + b"[" * 400_000,
    "odd": forged_head(4).replace(b"v0=", b"v0=\xc3\xa9EVIL") + b"EVIL",
    "stamp": forged_head(4).replace(b"Timestamp: ", b"Timestamp: " + b"9" * 5_000) + b"EVIL",
    "upgrade": b"GET /slack/events HTTP/1.1\r\nHost: b\r\nConnection: upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Key: EVIL\r\n\r\n",
    "garbage": b"EVIL\x00\x01\r\n\r\n",
    "headers": b"GET /slack/events HTTP/1.1\r\nHost: b\r\nX: " + b"EVIL" * 20_000 + b"\r\n\r\n",
    "large": forged_head(10**9) + b"EVIL",
    "broken off": forged_head(400) + b"EVIL",
}


@pytest.mark.parametrize("kind", UNSIGNED)
async def test_an_unsigned_request_costs_one_short_line(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An unsigned request leaves one short log line that quotes nothing of it."""
    async with on_stage(tmp_path, mode="http") as stage:
        with capture_logs() as logged, caplog.at_level(logging.INFO):
            caplog.clear()
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(stage))
            writer.write(UNSIGNED[kind])
            if kind == "broken off":
                writer.close()
            else:
                assert b" 4" in await reader.readline()
                writer.close()
            async with asyncio.timeout(10):
                await until(lambda: bool(logged or caplog.records))
            await assert_responsive(port_of(stage))
        lines = [json.dumps(line) for line in logged] + [r.getMessage() for r in caplog.records]
        assert len(lines) == 1
        assert len(lines[0]) < 150
        assert "EVIL" not in lines[0]
        assert stage.models.questions == []


async def test_garbage_after_a_response_costs_one_short_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that breaks the protocol after its request was refused leaves no traceback."""
    async with on_stage(tmp_path, mode="http") as stage:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(stage))
        unsigned = CHUNKED.replace(b"X-Slack-Signature", b"X-Other")
        writer.write(unsigned + b"7d0\r\n%s\r\n" % (b"x" * 2_000))
        assert b" 401 " in await reader.readline()
        with capture_logs() as logged, caplog.at_level(logging.INFO):
            caplog.clear()
            writer.write(b"zz\r\n")
            assert await ended(reader)
            await assert_responsive(port_of(stage))
        writer.close()
        assert logged == []
        assert [r.getMessage() for r in caplog.records] == ["Invalid HTTP request received."]


async def until(true: Callable[[], bool]) -> None:
    """Poll a condition."""
    if not true():
        await asyncio.sleep(0.01)
        await until(true)


async def assert_responsive(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n")
    assert b"200 OK" in await reader.readline()
    writer.close()
