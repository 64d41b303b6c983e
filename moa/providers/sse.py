"""Server-sent events, read from bytes as they come in.

The format is that of the HTML standard, section "Server-sent events"
(https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

from typing import Final

MAX_EVENT_BYTES: Final = 2 * 1024 * 1024
"""The most that is kept of an event that does not end. Real events are below 64 KiB."""

_BOM: Final = b"\xef\xbb\xbf"


class EventTooLongError(ValueError):
    """An event did not end within `MAX_EVENT_BYTES`."""


class EventReader:
    """Takes slices of a stream, cut anywhere, and gives the `data` of each event that is whole.

    Event names, ids and retry times are left out: both APIs repeat in the data what they say there.
    An event that the stream's end cuts off is dropped, as the standard wants it.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """The data of every event that this slice completes, in their order.

        Raises:
            EventTooLongError: an event goes on past `MAX_EVENT_BYTES`.
        """
        if not self._begun or self._after_cr or b"\r" in data:
            data = self._normalised(data)
        whole, blank_line, rest = (self._rest + data).rpartition(b"\n\n")
        self._rest = rest
        if len(rest) > MAX_EVENT_BYTES:
            raise EventTooLongError
        return _data_of_events(whole) if blank_line else []

    def _normalised(self, data: bytes) -> bytes:
        """The slice with a line feed for every line end, without the stream's byte order mark."""
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data if self._begun else self._without_bom(data)

    def _without_bom(self, data: bytes) -> bytes:
        data = self._rest + data
        self._rest = b""
        self._begun = len(data) >= len(_BOM) or not _BOM.startswith(data)
        return data.removeprefix(_BOM)


def _data_of_events(block: bytes) -> list[bytes]:
    found: list[bytes] = []
    for event in block.split(b"\n\n"):
        if event.startswith(b"data: ") and b"\n" not in event:  # nearly all of them
            data = event[6:]
        else:
            data = _data_of_lines(event)
        if data:
            found.append(data)
    return found


def _data_of_lines(event: bytes) -> bytes:
    lines: list[bytes] = []
    for line in event.split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"data":
            lines.append(value.removeprefix(b" "))
    return b"\n".join(lines)
