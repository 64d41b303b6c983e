"""How one answer is read from a response, whichever API it speaks: in slices, one Chunk a slice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from pydantic_core import from_json

from moa.errors import ModelError, Unavailable
from moa.providers import error_mapping
from moa.providers.clean_chunks import SpokenChunks
from moa.providers.sse import EventReader, EventTooLongError
from moa.thoughts.stream_filter import ThoughtHabit
from moa.types import Chunk, Stop

if TYPE_CHECKING:
    import httpx2

    from moa.providers.transport import ByteStream

SLICES: Final = "moa.slices"
"""The key under which our transport puts the response's `Slices` into its `extensions`."""

MAX_WHOLE_BYTES: Final = 32 * 1024 * 1024
"""The largest answer taken in one piece from a server that does not stream."""

DRAIN_S: Final = 0.02
"""How long the end of the body is waited for when the answer is whole.

It is nearly always there. A connection whose body was read to its end serves the next question;
any other must be closed.
"""

Event = Mapping[str, Any]


class Decoder(Protocol):
    """The part of reading in which the APIs differ. One decoder reads one answer."""

    stop: Stop | None
    """Why the model stopped, as soon as it was said."""

    done: bool
    """Whether the API's end mark was read."""

    fault: ModelError | None
    """An error that the server reported within the stream."""

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
        kind: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._slices: ByteStream = response.extensions[SLICES]
        self._decoder = decoder
        self._events = EventReader()
        self._is_page = kind == "text/html"
        self._is_whole = kind.endswith("json")
        self._ended = False
        self._got_bytes = False
        self._got_events = False

    async def next(self) -> Chunk | None:
        """The next piece that says something; None at the end."""
        if self._is_page:
            raise error_mapping.garbled()
        while not self._ended:
            chunk = await (self._all() if self._is_whole else self._slice())
            if chunk:
                return chunk
        return None

    async def _all(self) -> Chunk:
        self._ended = True
        body = bytearray()
        while data := await self._slices.read():
            body += data
            if len(body) > MAX_WHOLE_BYTES:
                raise error_mapping.garbled()
        return self._decoder.whole(parse(bytes(body)))

    async def _slice(self) -> Chunk | None:
        decoder = self._decoder
        if decoder.fault:
            raise decoder.fault
        if decoder.done:
            self._ended = True
            await _drain(self._slices)
            return None
        data = await self._read()
        if not data:
            self._check_end()
            return None
        self._got_bytes = True
        events = _fed(self._events, data)
        self._got_events = self._got_events or bool(events)
        return decoder.take(events)

    async def _read(self) -> bytes:
        try:
            return await self._slices.read()
        except Unavailable:
            if self._decoder.stop:  # the answer is whole: only the usage may be missing
                return b""
            raise

    def _check_end(self) -> None:
        self._ended = True
        if not self._decoder.stop:
            garbage = self._got_bytes and not self._got_events
            raise error_mapping.garbled() if garbage else error_mapping.cut()


def _fed(reader: EventReader, data: bytes) -> list[bytes]:
    try:
        return reader.feed(data)
    except EventTooLongError:
        raise error_mapping.garbled() from None


async def _drain(slices: ByteStream) -> None:
    if slices.ended:
        return
    with suppress(TimeoutError, Unavailable):
        async with asyncio.timeout(DRAIN_S):
            while await slices.read():
                pass


def parse(data: bytes) -> Event:
    """A JSON object.

    Raises:
        Unavailable: it is none (`garbled`).
    """
    try:
        value = from_json(data)
    except ValueError:
        raise error_mapping.garbled() from None
    if not isinstance(value, dict):
        raise error_mapping.garbled()
    return value
