"""The model server of the benchmarks: Chat Completions at fixed times, as cheap as possible.

As a program it prints its port and serves until it is stopped: `python -m benchmarks.server`.
`GET /stats` returns how often each model was called and how many calls are waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import Counter
from functools import lru_cache
from typing import Final, cast

import uvloop

from benchmarks.cores import pin_to_core
from benchmarks.scripts import Script

_LENGTH: Final = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_HEAD_END: Final = b"\r\n\r\n"
_BACKLOG: Final = 1024

Slice = tuple[float, bytes]
"""Seconds after the request, and the bytes sent then."""


class Stats:
    """The server's statistics."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.waiting = 0

    def as_json(self) -> bytes:
        """Return the body of `GET /stats`."""
        return json.dumps({"calls": self.calls, "waiting": self.waiting}).encode()


class Connection(asyncio.Protocol):
    """One client's connection: a request, its answer, the next request."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._timers: list[asyncio.TimerHandle] = []
        self._answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(
            "asyncio.Transport", transport
        )  # uvloop's transport is not typed as one

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Send nothing more."""
        for timer in self._timers:
            timer.cancel()
        self._ended()

    def data_received(self, data: bytes) -> None:
        """Answer the request once it is complete."""
        self._buffer += data
        head, found, rest = self._buffer.partition(_HEAD_END)
        if not found:
            return
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        self._buffer = rest[size:]
        if head.startswith(b"GET"):
            self._send(_whole(200, self._stats.as_json()))
        else:
            self._answer(json.loads(rest[:size]))

    def _answer(self, request: dict[str, object]) -> None:
        model = str(request["model"])
        self._stats.calls[model] += 1
        self._stats.waiting += 1
        self._answering = True
        script = Script.read(model)
        if script.fault == "hang":
            return
        slices = _slices(model) if request.get("stream") else _unstreamed(model)
        now = self._loop.time()
        self._timers = [self._loop.call_at(now + s, self._send, data) for s, data in slices]
        last = self._drop if script.fault == "cut" else self._ended
        self._timers.append(self._loop.call_at(now + script.last_ms / 1000, last))

    def _send(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)

    def _drop(self) -> None:
        if self._transport:
            self._transport.abort()

    def _ended(self) -> None:
        self._stats.waiting -= self._answering
        self._answering = False
        self._timers = []


@lru_cache(maxsize=256)
def _slices(model: str) -> tuple[Slice, ...]:
    """Return a streamed answer, each event in its own chunk."""
    script = Script.read(model)
    if script.fault == "dead":
        return _unstreamed(model)
    events = [_chunk(_delta(model, {"content": _word(n)})) for n in range(script.tokens)]
    size = script.per_slice
    slices = [b"".join(events[at : at + size]) for at in range(0, len(events), size)]
    slices[0] = _STREAM_HEAD + slices[0]
    if not script.fault:
        slices[-1] += _end(model, script.tokens)
    return tuple(zip((ms / 1000 for ms in script.times_ms()), slices, strict=True))


@lru_cache(maxsize=256)
def _unstreamed(model: str) -> tuple[Slice, ...]:
    """Return a complete answer, or an error."""
    script = Script.read(model)
    if script.fault == "dead":
        body = {"error": {"message": "out of order", "type": "server_error", "code": None}}
        return ((script.last_ms / 1000, _whole(500, json.dumps(body).encode())),)
    text = "".join(map(_word, range(script.tokens)))
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = _envelope(model, "chat.completion") | {"choices": [choice]}
    body |= {"usage": _usage(script.tokens)}
    return ((script.last_ms / 1000, _whole(200, json.dumps(body).encode())),)


def _whole(status: int, body: bytes) -> bytes:
    reason = "OK" if status == 200 else "Internal Server Error"
    head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def _end(model: str, tokens: int) -> bytes:
    finish = _chunk(_delta(model, {}, "stop"))
    usage = _envelope(model, "chat.completion.chunk") | {"choices": [], "usage": _usage(tokens)}
    return finish + _chunk(json.dumps(usage)) + _chunk("[DONE]") + b"0\r\n\r\n"


def _delta(model: str, delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return json.dumps(_envelope(model, "chat.completion.chunk") | {"choices": [choice]})


def _envelope(model: str, kind: str) -> dict[str, object]:
    return {
        "id": "chatcmpl-benchmark0000000000000000",
        "object": kind,
        "created": 1_700_000_000,
        "model": model,
        "system_fingerprint": "fp_0000000000",
    }


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens}


def _word(number: int) -> str:
    return f" word{number % 100}"


def _chunk(event: str) -> bytes:
    data = f"data: {event}\n\n".encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def serve() -> None:
    """Print the port, and serve forever."""
    stats = Stats()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(stats), "127.0.0.1", 0, backlog=_BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, help="pin the process to this core")
    pin_to_core(parser.parse_args().core)
    uvloop.run(serve())


if __name__ == "__main__":
    main()
