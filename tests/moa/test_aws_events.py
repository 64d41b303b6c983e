"""Bedrock's event stream is parsed correctly however it is split, and within limits."""

from __future__ import annotations

import struct
import zlib

import pytest

from moa.errors import Unavailable
from moa.providers.aws_events import AwsEventReader
from moa.providers.sse import MAX_EVENT_BYTES, EventTooLongError
from tests.models import aws_stream

EVENTS = [b'{"type": "ping"}', '{"type": "x", "text": "ä你"}'.encode(), b'{"type": "message_stop"}']
STREAM = b"".join(map(aws_stream.chunk, EVENTS))


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_frames_are_reassembled(size: int) -> None:
    """The network may split them anywhere."""
    reader = AwsEventReader()
    slices = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [event for each in slices for event in reader.feed(each)] == EVENTS
    assert reader.close() == []


def test_an_exception_becomes_an_error_event() -> None:
    """It keeps its kind and message, which are classified like other servers' errors."""
    (event,) = AwsEventReader().feed(aws_stream.exception("throttlingException", "Too fast."))
    assert b'"throttlingException"' in event
    assert b"Too fast." in event


@pytest.mark.parametrize(
    "payload", [b"{}", b"not json", b'{"bytes": 1}', b'{"bytes": "%%%"}', b"[]", b"null"]
)
def test_other_events_are_skipped(payload: bytes) -> None:
    """AWS may add event types."""
    headers = {":event-type": "metadata", ":message-type": "event"}
    assert AwsEventReader().feed(aws_stream.frame(headers, payload)) == []


@pytest.mark.parametrize("data", [b"data: {}\n\n" * 20, STREAM[:30] + b"\0" + STREAM[31:]])
def test_broken_frames_end_the_answer(data: bytes) -> None:
    """Another format or a wrong checksum is an error."""
    with pytest.raises(Unavailable):
        AwsEventReader().feed(data)


def test_an_endless_frame_is_cut_off() -> None:
    """A frame may claim 24 MB; memory use stays within the limit for an event."""
    prelude = struct.pack(">II", 20 * 1024 * 1024, 0)
    reader = AwsEventReader()
    reader.feed(prelude + struct.pack(">I", zlib.crc32(prelude)))
    for _ in range(MAX_EVENT_BYTES // 16_384 - 1):
        assert reader.feed(b"\0" * 16_384) == []
    with pytest.raises(EventTooLongError):
        reader.feed(b"\0" * 16_384)
