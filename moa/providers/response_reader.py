"""How one answer is read from a response, whichever API it speaks: in slices, one Chunk a slice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast

from pydantic_core import from_json

from moa.errors import ModelError, Unavailable
from moa.providers import error_mapping
from moa.providers.burst_pacer import FloodGate
from moa.providers.clean_chunks import SpokenChunks
from moa.providers.sse import EventReader, EventTooLongError
from moa.providers.surrogates import Mender
from moa.thoughts.thought_filter import ThoughtHabit
from moa.types import Chunk, Stop

if TYPE_CHECKING:
    import httpx2

    from moa.providers.transport import ByteStream

SLICES: Final = "moa.slices"
"""The key under which our transport puts the response's `Slices` into its `extensions`."""

SLICE_BYTES: Final = 16 * 1024
"""The most that is read at a time: a few milliseconds of decoding, in which nobody else has the
event loop. A model's own slices are far smaller."""

MAX_WHOLE_BYTES: Final = 4 * 1024 * 1024
"""The largest answer in one JSON object. The longest that is kept of a text, escaped, is 2.4 MB."""

MAX_STREAM_BYTES: Final = 32 * 1024 * 1024
"""The longest stream, unpacked. 64,000 tokens of thinking, each in an event, take some 20 MB."""

USAGE_S: Final = 1.0
"""How long usage is waited for when the model has said that it is done."""

DRAIN_S: Final = 0.02
"""How long the end of the body is waited for when the answer is whole.

It is nearly always there. A connection whose body was read to its end serves the next question;
any other must be closed.
"""

_TAKEN: Final = (b"{", b"[DONE]")
_BLANKS: Final = b" \t\r\n\xef\xbb\xbf"
_FLOODS: Final = FloodGate()

Event = Mapping[str, Any]


class Decoder(Protocol):
    """The part of reading in which the APIs differ. One decoder reads one answer."""

    stop: Stop | None
    """Why the model stopped, as soon as it was said."""

    finished: bool
    """Whether the model has said that it stopped: no more text need come."""

    done: bool
    """Whether the API's end mark was read."""

    fault: ModelError | None
    """An error that the server reported within the stream."""

    @property
    def counted(self) -> bool:
        """Whether usage was read."""
        ...

    def take(self, events: list[bytes]) -> Chunk | None:
        """The text of these events in one chunk, with the usage when it is news."""
        ...

    def whole(self, answer: Event) -> Chunk:
        """The answer of a server that did not stream."""
        ...

    def last(self) -> Chunk:
        """The final chunk: usage and stop."""
        ...


async def read_answer(
    ask: Callable[[], Awaitable[httpx2.Response]], decoder: Decoder, habit: ThoughtHabit
) -> AsyncGenerator[Chunk, None]:
    """Ask, and yield the answer as it comes. Closing the generator closes the connection.

    `habit` is what was learnt of the model's thoughts: they are no part of the text.

    Raises:
        ModelError: of every kind; text that came before it has been yielded by then.
    """
    response = await ask()
    spoken = SpokenChunks(habit)
    try:
        reading = _Reading(response, decoder)
        while chunk := await reading.next():
            yield spoken.take(chunk)
        yield spoken.last(decoder.last())
    finally:
        await response.aclose()


class _Reading:
    """One response on its way through a decoder.

    Not a generator: one within another would be left to the garbage collector on closing.
    """

    def __init__(self, response: httpx2.Response, decoder: Decoder) -> None:
        self._slices: ByteStream = response.extensions[SLICES]
        self._decoder = decoder
        self._events = EventReader()
        self._mender = Mender()
        self._clock = asyncio.get_running_loop().time
        self._form: Literal["unknown", "events", "whole"] = "unknown"
        self._left_bytes = MAX_STREAM_BYTES
        self._got_at: float | None = None
        self._usage_until = inf
        self._ended = False
        self._got_bytes = False
        self._got_events = False

    async def next(self) -> Chunk | None:
        """The next piece that says something; None at the end."""
        while not self._ended:
            chunk = await self._step()
            if chunk and chunk.text and (text := self._mender.feed(chunk.text)) is not chunk.text:
                chunk = replace(chunk, text=text)
            if chunk:
                return chunk
        rest = self._mender.close()
        return Chunk(rest) if rest else None

    async def _step(self) -> Chunk | None:
        decoder = self._decoder
        if decoder.fault:
            raise decoder.fault
        if decoder.done or (decoder.finished and decoder.counted):
            self._ended = True
            await _drain(self._slices)
            return None
        data = await self._read()
        if not data:
            return self._end()
        self._got_bytes = True
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            return self._cut_short()
        if self._form == "unknown":
            self._form = _form_of(data)
        if self._form == "whole":
            return await self._all(data.lstrip(_BLANKS))
        return self._take(self._events_in(data))

    def _take(self, events: list[bytes]) -> Chunk | None:
        # Gateways also write comments where data stands ("ping", "null", ": processing").
        events = [
            event for event in events if event.startswith(b"{") or event.lstrip().startswith(_TAKEN)
        ]
        self._got_events = self._got_events or bool(events)
        chunk = self._decoder.take(events)
        if self._decoder.finished and (self._usage_until == inf or (chunk and chunk.text)):
            self._usage_until = self._clock() + USAGE_S
        return chunk

    async def _read(self) -> bytes:
        """The next slice; empty at the end, and when an answer that is whole waits for no more."""
        if self._got_at is not None:  # the server sends faster than this is read
            await _FLOODS.rest(self._clock() - self._got_at)
        until = self._usage_until
        try:
            if until == inf:
                data = await self._slices.read()
            else:
                async with asyncio.timeout(max(0.0, until - self._clock())):
                    data = await self._slices.read()
        except (Unavailable, TimeoutError):
            if self._decoder.finished:  # only the usage may be missing
                return b""
            raise
        self._got_at = self._clock() if len(data) >= SLICE_BYTES else None
        return data

    async def _all(self, data: bytes) -> Chunk:
        """The answer of a server that does not stream."""
        self._ended = True
        body = bytearray()
        while data:
            body += data
            if len(body) > MAX_WHOLE_BYTES:
                raise error_mapping.garbled()
            data = await self._more_of(body)
        return self._decoder.whole(parse(bytes(body)))

    async def _more_of(self, body: bytearray) -> bytes:
        """What follows; empty where a body is whole although its server does not end it."""
        if not body[-8:].rstrip().endswith((b"}", b"]")):
            return await self._read()
        try:
            async with asyncio.timeout(USAGE_S):
                return await self._read()
        except TimeoutError:
            return b"" if _is_json(body) else await self._read()

    def _events_in(self, data: bytes) -> list[bytes]:
        try:
            return self._events.feed(data)
        except EventTooLongError:
            raise error_mapping.garbled() from None

    def _end(self) -> Chunk | None:
        """The body is over: give what its last line holds, then say whether the answer is whole."""
        last = self._events.close()
        if chunk := self._take(last):
            return chunk
        self._ended = True
        decoder = self._decoder
        if decoder.fault:
            raise decoder.fault
        if not (decoder.finished or decoder.done):
            garbage = self._got_bytes and not self._got_events
            raise error_mapping.garbled() if garbage else error_mapping.cut()
        return None

    def _cut_short(self) -> None:
        """The body goes on past every bound: what has come of it is the answer."""
        self._ended = True
        if not self._got_events:
            raise error_mapping.garbled()
        self._decoder.stop = "length"


def _form_of(data: bytes) -> Literal["unknown", "events", "whole"]:
    """What a body is, by its first byte: servers name their content type as they please.

    Raises:
        Unavailable: it is a page of HTML or XML (`garbled`).
    """
    begun = data.lstrip(_BLANKS)
    if begun.startswith(b"<"):
        raise error_mapping.garbled()
    if begun.startswith((b"{", b"[")):
        return "whole"
    return "events" if begun else "unknown"


async def _drain(slices: ByteStream) -> None:
    if slices.ended:
        return
    with suppress(TimeoutError, Unavailable):
        async with asyncio.timeout(DRAIN_S):
            while await slices.read():
                pass


def parse(data: bytes) -> Event:
    """A JSON object; a list that holds one, as some gateways send it, is that object.

    Half an emoji and bytes that are no UTF-8 become lone surrogates, for `Mender` to see to.

    Raises:
        Unavailable: it is none (`garbled`).
    """
    try:
        value = from_json(data)
    except ValueError:
        value = _leniently(data)
    if isinstance(value, list):
        value = next(iter(cast("list[Any]", value)), None)
    if not isinstance(value, dict):
        raise error_mapping.garbled()
    return cast("Event", value)


def _leniently(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        raise error_mapping.garbled() from None


def _is_json(data: bytearray) -> bool:
    try:
        parse(bytes(data))
    except Unavailable:
        return False
    return True
