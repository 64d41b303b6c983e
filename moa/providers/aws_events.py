"""Reads the framing of Bedrock's streams, AWS's event stream, with botocore's decoder.

The format: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html. Each
`chunk` event holds one event of the Messages API as `{"bytes": BASE64}`.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, Final

from pydantic_core import from_json

from moa.providers import error_mapping
from moa.providers.error_details import as_mapping
from moa.providers.sse import MAX_EVENT_BYTES, EventTooLongError

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"

_ERROR_FIELDS: Final = ("message", "Message", "originalMessage")


class AwsEventReader:
    """Turns slices of a stream, cut anywhere, into the `data` of each complete event.

    Has the methods of `moa.providers.sse.EventReader`, so the rest of the reader is the same.
    """

    def __init__(self) -> None:
        from botocore.eventstream import EventStreamBuffer  # noqa: PLC0415 - optional

        self._frames: Any = EventStreamBuffer()
        self._waiting_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the data of each event that this slice completes, in order.

        Raises:
            EventTooLongError: an event exceeds `MAX_EVENT_BYTES`.
            Unavailable: the frames are broken (`garbled`).
        """
        from botocore.eventstream import ParserError  # noqa: PLC0415 - optional

        self._frames.add_data(data)
        self._waiting_bytes += len(data)
        try:
            frames = list(self._frames)
        except ParserError:
            raise error_mapping.unreadable() from None
        if frames:
            self._waiting_bytes = len(data)
        if self._waiting_bytes > MAX_EVENT_BYTES:
            raise EventTooLongError
        return [event for frame in frames if (event := _event_of(frame))]

    def close(self) -> list[bytes]:
        """Return nothing: a frame that is cut off has no meaning."""
        return []


def _event_of(frame: Any) -> bytes | None:
    """Return a frame's event; an exception becomes an event of type "error"."""
    kind = frame.headers.get(":message-type")
    if kind in {"exception", "error"}:
        return _error_event(frame)
    try:
        return b64decode(from_json(frame.payload)["bytes"])
    except (ValueError, KeyError, TypeError, Base64Error):
        return None  # another kind of event


def _error_event(frame: Any) -> bytes:
    headers = frame.headers
    code = headers.get(":exception-type") or headers.get(":error-code") or "internalServerException"
    try:
        body = as_mapping(from_json(frame.payload))
    except ValueError:
        body = {}
    said = next((body[name] for name in _ERROR_FIELDS if name in body), "")
    said = said or headers.get(":error-message", "")
    error = {"type": code, "message": said}
    return json.dumps({"type": "error", "error": error}).encode()
