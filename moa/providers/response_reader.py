"""Reads an answer from a response of either API in slices, one chunk per slice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Final, Literal

from moa.errors import ModelError, Unavailable
from moa.providers import aws_events, error_mapping
from moa.providers.answer_decoder import AnswerDecoder, parse
from moa.providers.burst_pacer import StreamThrottle
from moa.providers.clean_chunks import ChunkCleaner
from moa.providers.decompression import BYTE_STREAM, SLICE_BYTES
from moa.providers.parameters import MAX_FORMS
from moa.providers.sse import EventReader, EventTooLongError
from moa.providers.surrogates import SurrogateRepair
from moa.thoughts.thought_filter import OpenThoughtDetector
from moa.types import Chunk

if TYPE_CHECKING:
    import httpx2

    from moa.providers.transport import ByteStream

MAX_WHOLE_BYTES: Final = 4 * 1024 * 1024
"""The largest unstreamed answer. The longest text we keep is 2.4 MB when escaped."""

MAX_STREAM_BYTES: Final = 32 * 1024 * 1024
"""The longest stream, decompressed. 64,000 reasoning tokens, one per event, take about 20 MB."""

USAGE_S: Final = 1.0
"""Seconds to wait for usage after the model says it is done."""

DRAIN_S: Final = 0.02
"""Seconds to wait for the end of the body after a complete answer.

The end is nearly always there. Only a connection whose body was read to its end can be reused.
"""

_EVENT_STARTS: Final = (b"{", b"[DONE]")
_BLANKS: Final = b" \t\r\n\xef\xbb\xbf"
_THROTTLE: Final = StreamThrottle()


async def read_answer(
    send: Callable[[], Awaitable[httpx2.Response]],
    new_decoder: Callable[[], AnswerDecoder],
    open_thoughts: OpenThoughtDetector,
    learn: Callable[[object], bool],
) -> AsyncGenerator[Chunk, None]:
    """Send the request and stream the answer. Closing the generator closes the connection.

    Args:
        send: sends the request and returns the response.
        new_decoder: returns a decoder of the API's format.
        open_thoughts: remembers whether the model's answers start inside its reasoning.
        learn: told of an error that arrived in place of an answer, with status 200; returns whether
            another request is worth sending.

    Raises:
        ModelError: any kind; text received before it has been yielded.
    """
    for left in reversed(range(MAX_FORMS)):
        decoder, has_text = new_decoder(), False
        response = await send()
        cleaner = ChunkCleaner(open_thoughts)
        try:
            reader = _ResponseReader(response, decoder)
            while chunk := await reader.next():
                has_text = has_text or bool(chunk.text)
                yield cleaner.clean(chunk)
            yield cleaner.finish(decoder.final_chunk())
        except ModelError:
            if has_text or not left or not learn(decoder.error_body):
                raise
        else:
            return
        finally:
            await response.aclose()


class _ResponseReader:
    """Reads one response through a decoder.

    Not a generator: closing an outer generator would leave an inner one to the garbage collector.
    """

    def __init__(self, response: httpx2.Response, decoder: AnswerDecoder) -> None:
        self._stream: ByteStream = response.extensions[BYTE_STREAM]
        self._decoder = decoder
        self._events = _event_reader(response)
        self._surrogates = SurrogateRepair()
        self._clock = asyncio.get_running_loop().time
        self._format: Literal["unknown", "events", "whole"] = "unknown"
        self._left_bytes = MAX_STREAM_BYTES
        self._full_slice_at: float | None = None
        self._usage_until = inf
        self._ended = False
        self._got_bytes = False
        self._got_events = False

    async def next(self) -> Chunk | None:
        """Return the next chunk that has content; None at the end."""
        while not self._ended:
            chunk = await self._read_step()
            if (
                chunk
                and chunk.text
                and (text := self._surrogates.feed(chunk.text)) is not chunk.text
            ):
                chunk = replace(chunk, text=text)
            if chunk:
                return chunk
        rest = self._surrogates.close()
        return Chunk(rest) if rest else None

    async def _read_step(self) -> Chunk | None:
        decoder = self._decoder
        if decoder.error:
            raise decoder.error
        if decoder.done or (decoder.finished and decoder.usage is not None):
            self._ended = True
            await _drain(self._stream)
            return None
        data = await self._read_slice()
        if not data:
            return self._finish()
        self._got_bytes = True
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            return self._stop_at_limit()
        if self._format == "unknown":
            self._format = _detect_format(data)
        if self._format == "whole":
            return await self._read_whole(data.lstrip(_BLANKS))
        return self._decode(self._events_in(data))

    def _decode(self, events: list[bytes]) -> Chunk | None:
        # Gateways also send comments as data ("ping", "null", ": processing").
        events = [
            event
            for event in events
            if event.startswith(b"{") or event.lstrip().startswith(_EVENT_STARTS)
        ]
        self._got_events = self._got_events or bool(events)
        chunk = self._decoder.decode(events)
        if self._decoder.finished and (self._usage_until == inf or (chunk and chunk.text)):
            self._usage_until = self._clock() + USAGE_S
        return chunk

    async def _read_slice(self) -> bytes:
        """Return the next slice; empty at the end, or if a complete answer needs no more."""
        if self._full_slice_at is not None:  # the server sends faster than we read
            await _THROTTLE.pause(self._clock() - self._full_slice_at)
        until = self._usage_until
        try:
            if until == inf:
                data = await self._stream.read()
            else:
                async with asyncio.timeout(max(0.0, until - self._clock())):
                    data = await self._stream.read()
        except (Unavailable, TimeoutError):
            if self._decoder.finished:  # at most the usage is missing
                return b""
            raise
        self._full_slice_at = self._clock() if len(data) >= SLICE_BYTES else None
        return data

    async def _read_whole(self, data: bytes) -> Chunk:
        """Read the answer of a server that doesn't stream."""
        self._ended = True
        body = bytearray()
        while data:
            body += data
            if len(body) > MAX_WHOLE_BYTES:
                raise error_mapping.unreadable()
            data = await self._read_more(body)
        return self._decoder.decode_whole(parse(bytes(body)))

    async def _read_more(self, body: bytearray) -> bytes:
        """Return more data; empty if the body is complete but the server doesn't end it."""
        if not body[-8:].rstrip().endswith((b"}", b"]")):
            return await self._read_slice()
        try:
            async with asyncio.timeout(USAGE_S):
                return await self._read_slice()
        except TimeoutError:
            return b"" if _is_json(body) else await self._read_slice()

    def _events_in(self, data: bytes) -> list[bytes]:
        try:
            return self._events.feed(data)
        except EventTooLongError:
            raise error_mapping.unreadable() from None

    def _finish(self) -> Chunk | None:
        """Handle the end of the body: yield its last line, then check the answer is complete."""
        last = self._events.close()
        if chunk := self._decode(last):
            return chunk
        self._ended = True
        decoder = self._decoder
        if decoder.error:
            raise decoder.error
        if not (decoder.finished or decoder.done):
            garbage = self._got_bytes and not self._got_events
            raise error_mapping.unreadable() if garbage else error_mapping.cut_off()
        return None

    def _stop_at_limit(self) -> None:
        """Truncate an endless body: the text received so far is the answer."""
        self._ended = True
        if not self._got_events:
            raise error_mapping.unreadable()
        self._decoder.stop = "length"


def _event_reader(response: httpx2.Response) -> EventReader | aws_events.AwsEventReader:
    is_aws = response.headers.get("content-type", "").startswith(aws_events.CONTENT_TYPE)
    return aws_events.AwsEventReader() if is_aws else EventReader()


def _detect_format(data: bytes) -> Literal["unknown", "events", "whole"]:
    """Detect the body's format from its first byte, as content types are unreliable.

    Raises:
        Unavailable: it is HTML or XML (`garbled`).
    """
    begun = data.lstrip(_BLANKS)
    if begun.startswith(b"<"):
        raise error_mapping.unreadable()
    if begun.startswith((b"{", b"[")):
        return "whole"
    return "events" if begun else "unknown"


async def _drain(stream: ByteStream) -> None:
    if stream.ended:
        return
    with suppress(TimeoutError, Unavailable):
        async with asyncio.timeout(DRAIN_S):
            while await stream.read():
                pass


def _is_json(data: bytearray) -> bool:
    try:
        parse(bytes(data))
    except Unavailable:
        return False
    return True
