"""Servers that send endlessly in different ways, to a proposer, an aggregator or a probe."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Final

from tests.models.replies import Endless, EndlessWire, Fault


def _event(**delta: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_PACKED: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    + gzip.compress(b"data: {}\n\n")
)
_NESTED: Final = b'{"choices": [' + b"[" * 1_000

FLOODS: Final[Mapping[str, Fault]] = {
    "text": Endless(_event(content="word " * 200)),
    "text in the smallest events": Endless(_event(content="w")),
    "events that say nothing": Endless(b"data: {}\n\n"),
    "thoughts": Endless(_event(reasoning_content="hmm " * 10)),
    "white space as text": Endless(_event(content=" \n")),
    "an event without end": Endless(b"x" * 1_000, b"data: "),
    "a JSON event without end": Endless(b"[", b"data: " + _NESTED),
    "an event of many lines": Endless(b"data: x\n"),
    "comments": Endless(b": keep-alive\n\n"),
    "blank lines": Endless(b"\n"),
    "pings": Endless(b"event: ping\ndata: ping\n\n"),
    "text after the end": Endless(_event(content="w") + b"data: [DONE]\n\n"),
    "a JSON answer": Endless(
        b"word " * 100, b'{"choices": [{"message": {"content": "', "application/json"
    ),
    "white space before JSON": Endless(b" " * 100, content_type="application/json"),
    "zeros": Endless(bytes(1_000), content_type="application/octet-stream"),
    "an error's body": Endless(b"x" * 100, b'{"error": {"message": "', "application/json", 500),
    "packed text": Endless(_event(content="word " * 200), packed=True),
    "packed JSON": Endless(
        b" " * 1_000, b'{"choices": [{"message": {"content": "', "application/json", packed=True
    ),
    "packed nothing": Endless(bytes(1_000), packed=True),
    "a packed error": Endless(b" " * 1_000, b"{", "application/json", 429, packed=True),
    "headers": EndlessWire(b"X: %s\r\n" % (b"v" * 500)),
    "interim responses": EndlessWire(b"HTTP/1.1 103 Early Hints\r\n\r\n", b""),
    "the extension of a chunk": EndlessWire(b"x" * 1_000, _CHUNKED + b"5;"),
    "trailers": EndlessWire(b"X: %s\r\n" % (b"v" * 500), _CHUNKED + b"0\r\n"),
    "chunks of one byte": EndlessWire(b"1\r\n\n\r\n", _CHUNKED),
    "zeros after packed data": EndlessWire(bytes(1_000), _PACKED),
    "events of many objects": Endless(
        b"data: " + b'{"choices": [%s]}' % (b"{}," * 50_000 + b"{}") + b"\n\n"
    ),
}
"""Faults by a readable name. Those with a protocol use OpenAI's."""
