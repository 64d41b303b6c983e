"""What a model of the loopback server says, what goes wrong with it, and what it was asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Api = Literal["chat", "messages", "models"]


@dataclass(eq=False)
class Request:
    """One request that the server got.

    Attributes:
        api: "chat" (OpenAI), "messages" (Anthropic) or "models" (either one's list of models).
        model: the name that was asked for.
        body: the JSON body; empty for "models".
        headers: with lower-case names.
        closed_early: whether the client closed the connection before the answer was whole.
        sent: bytes of body that a flood has sent.
        ended: set when the server is done with it, or the client has gone.
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
        """The system text, wherever the API puts it."""
        if self.api == "messages":
            return str(self.body.get("system", ""))
        return "".join(m["content"] for m in self.body["messages"] if m["role"] == "system")

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Role and text of each turn, without the system's; a turn in parts is their texts."""
        messages: list[dict[str, Any]] = self.body["messages"]
        return [(m["role"], _words(m["content"])) for m in messages if m["role"] != "system"]

    @property
    def images(self) -> list[tuple[str, str]]:
        """Media type and base64 of each image, in the order in which they stand."""
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
    """Refuse with this status. Without a body, the API's own error object is sent."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class HangBeforeHeaders:
    """Take the request and never answer."""


@dataclass(frozen=True)
class HangAfterHeaders:
    """Send the response's headers and nothing more."""


@dataclass(frozen=True)
class Stall:
    """Say so many pieces and nothing more, with the connection open."""

    after: int = 1


@dataclass(frozen=True)
class Cut:
    """Say so many pieces, then break the connection: by a TCP reset, or by an early end."""

    after: int = 1
    reset: bool = False


@dataclass(frozen=True)
class ErrorEvent:
    """Say so many pieces, then report an error within the stream."""

    error: Mapping[str, Any]
    after: int = 1


@dataclass(frozen=True)
class Raw:
    """Send these bytes as they are, as a whole body; `stays_open`: and never end it."""

    body: bytes
    content_type: str = "text/event-stream"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    stays_open: bool = False


@dataclass(frozen=True)
class Endless:
    """Send the opening, then the piece again and again, as fast as the client takes it.

    With `packed` the body is compressed on its way: a little on the wire is a lot to read.
    """

    piece: bytes
    opening: bytes = b""
    content_type: str = "text/event-stream"
    status: int = 200
    packed: bool = False


@dataclass(frozen=True)
class EndlessHeaders:
    """Begin a response and never come to the end of its headers."""


@dataclass(frozen=True)
class Redirect:
    """Send the client somewhere else, by an address or a path."""

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
    | EndlessHeaders
    | Redirect
)


@dataclass(frozen=True)
class Reply:
    """How a model answers.

    Attributes:
        text: what it says, or a function that makes it of the request. "" is an empty answer.
        stop: why it stops.
        input_tokens: counted as read, cached ones included; None: a word is a token.
        output_tokens: counted as written; None: a piece is a token.
        cached_tokens: of the input, those that came from the cache.
        first_token_s: seconds before the first piece.
        pace_s: seconds between pieces.
        gate: when given, the first piece waits until the test sets it.
        streams: False for a server that answers in one JSON object though asked to stream.
        fault: what goes wrong.
        thinks: tokens that it thinks before the first piece. They count against the limit that it
            was asked with: where that is no larger, it stops there and says nothing.
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
        """What is left of it when the request's output limit has been thought up."""
        caps = (request.body.get(name) for name in ("max_tokens", "max_completion_tokens"))
        cap = next((cap for cap in caps if cap is not None), None)
        if not self.thinks or cap is None or cap > self.thinks:
            return self
        return replace(self, text="", stop="length", output_tokens=cap)

    def pieces(self, request: Request) -> list[str]:
        """The text word by word, as it is streamed; joined, it is the text."""
        text = self.text if isinstance(self.text, str) else self.text(request)
        return re.findall(r"\s*\S+\s*?(?=\s|$)|\s+$", text)


@dataclass(frozen=True)
class Tokens:
    """What a reply reports as its usage."""

    input: int
    output: int
    cached: int

    @classmethod
    def of(cls, reply: Reply, request: Request) -> Tokens:
        """As the reply says, else counted."""
        asked = request.system.split() + [w for _, text in request.turns for w in text.split()]
        return cls(
            len(asked) if reply.input_tokens is None else reply.input_tokens,
            len(reply.pieces(request)) if reply.output_tokens is None else reply.output_tokens,
            reply.cached_tokens,
        )
