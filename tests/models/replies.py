"""Replies of the loopback model server, their faults, and the requests it received."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Api = Literal["chat", "messages", "models"]


@dataclass(eq=False)
class Request:
    """One request that the server received.

    Attributes:
        api: "chat" (OpenAI), "messages" (Anthropic) or "models" (the model list of either).
        model: the requested model.
        body: the JSON body; empty for "models".
        headers: the names are in lower case.
        closed_early: whether the client closed the connection before the end of the answer.
        sent: body bytes sent by a flood.
        ended: set when the server has finished, or the client has gone.
    """

    api: Api
    model: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    closed_early: bool = False
    sent: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def system(self) -> str:
        """Return the system text, wherever the API puts it."""
        if self.api == "messages":
            return str(self.body.get("system", ""))
        return "".join(m["content"] for m in self.body["messages"] if m["role"] == "system")

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Return role and text of each turn except the system's. A turn's parts are joined."""
        messages: list[dict[str, Any]] = self.body["messages"]
        return [(m["role"], _words(m["content"])) for m in messages if m["role"] != "system"]

    @property
    def images(self) -> list[tuple[str, str]]:
        """Return media type and base64 of each image, in order."""
        contents = [m["content"] for m in self.body["messages"] if isinstance(m["content"], list)]
        parts = [part for content in contents for part in content if part["type"] != "text"]
        return [_picture(part) for part in parts]


def _words(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _picture(part: Mapping[str, Any]) -> tuple[str, str]:
    if part["type"] == "image_url":
        kind, _, data = part["image_url"]["url"].removeprefix("data:").partition(";base64,")
        return kind, data
    assert part["type"] == "image"
    assert part["source"]["type"] == "base64"
    return part["source"]["media_type"], part["source"]["data"]


@dataclass(frozen=True)
class Status:
    """Respond with this status. Without a body, the API's own error object is sent."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class HangBeforeHeaders:
    """Accept the request and never answer."""


@dataclass(frozen=True)
class HangAfterHeaders:
    """Send only the response's headers."""


@dataclass(frozen=True)
class Stall:
    """Send this many pieces, then nothing, and keep the connection open."""

    after: int = 1


@dataclass(frozen=True)
class Cut:
    """Send this many pieces, then break the connection: by a TCP reset, or by an early end."""

    after: int = 1
    reset: bool = False


@dataclass(frozen=True)
class ErrorEvent:
    """Send this many pieces, then report an error within the stream."""

    error: Mapping[str, Any]
    after: int = 1


@dataclass(frozen=True)
class Raw:
    """Send these bytes unchanged as the whole body; with `stays_open`, never end it."""

    body: bytes
    content_type: str = "text/event-stream"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    stays_open: bool = False


@dataclass(frozen=True)
class Endless:
    """Send the opening, then repeat the piece as fast as the client reads.

    With `packed` the body is compressed: few bytes on the wire expand to many.
    """

    piece: bytes
    opening: bytes = b""
    content_type: str = "text/event-stream"
    status: int = 200
    packed: bool = False


@dataclass(frozen=True)
class EndlessWire:
    """Send the opening, then repeat the piece as fast as the client reads, outside of HTTP's rules.

    Both are bytes on the wire, status line and headers included.
    """

    piece: bytes
    opening: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


@dataclass(frozen=True)
class Redirect:
    """Redirect the client to an address or a path."""

    location: str
    status: int = 307


Fault = (
    Status
    | HangBeforeHeaders
    | HangAfterHeaders
    | Stall
    | Cut
    | ErrorEvent
    | Raw
    | Endless
    | EndlessWire
    | Redirect
)


@dataclass(frozen=True)
class Reply:
    """A model's answer.

    Attributes:
        text: the text, or a function that returns it for a request. "" is an empty answer.
        stop: the stop reason.
        input_tokens: reported input, including cached tokens; None counts a word as a token.
        output_tokens: reported output; None counts a piece as a token.
        cached_tokens: the part of the input that came from the cache.
        first_token_s: seconds before the first piece.
        pace_s: seconds between pieces.
        gate: if given, the first piece waits until the test sets it.
        streams: False for a server that sends one JSON object even if asked to stream.
        fault: the fault, if any.
        thinks: reasoning tokens before the first piece. They count against the output limit of the
            request. If that is no larger, the model stops there without text.
    """

    text: str | Callable[[Request], str] = "Paris is the capital of France."
    stop: Literal["end", "length", "refusal"] = "end"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    first_token_s: float = 0.0
    pace_s: float = 0.0
    gate: asyncio.Event | None = None
    streams: bool = True
    fault: Fault | None = None
    thinks: int = 0

    def limited(self, request: Request) -> Reply:
        """Return the reply that remains after reasoning has used part of the output limit."""
        caps = (request.body.get(name) for name in ("max_tokens", "max_completion_tokens"))
        cap = next((cap for cap in caps if cap is not None), None)
        if not self.thinks or cap is None or cap > self.thinks:
            return self
        return replace(self, text="", stop="length", output_tokens=cap)

    def pieces(self, request: Request) -> list[str]:
        """Return the text word by word, as it is streamed; joined, the pieces are the text."""
        text = self.text if isinstance(self.text, str) else self.text(request)
        return re.findall(r"\s*\S+\s*?(?=\s|$)|\s+$", text)


@dataclass(frozen=True)
class Tokens:
    """The usage that a reply reports."""

    input: int
    output: int
    cached: int

    @classmethod
    def of(cls, reply: Reply, request: Request) -> Tokens:
        """Return the reply's numbers, or count them."""
        asked = request.system.split() + [w for _, text in request.turns for w in text.split()]
        return cls(
            len(asked) if reply.input_tokens is None else reply.input_tokens,
            len(reply.pieces(request)) if reply.output_tokens is None else reply.output_tokens,
            reply.cached_tokens,
        )
