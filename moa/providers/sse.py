"""Parses server-sent events incrementally.

The format is defined in the HTML standard, section "Server-sent events"
(https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

from typing import Final

MAX_EVENT_BYTES: Final = 1024 * 1024
"""The maximum size of an event or a line. Real events are below 64 KiB."""

_BOM: Final = b"\xef\xbb\xbf"
_DONE: Final = b"[DONE]"


class EventTooLongError(ValueError):
    """An event exceeded `MAX_EVENT_BYTES`."""


class EventReader:
    """Turns slices of a stream, cut anywhere, into the `data` of each complete event.

    Ignores event names, ids and retry times: both APIs repeat that information in the data. Drops
    an event that the end of the stream cuts off, as the standard requires. One rule is more
    lenient: a line that holds a complete JSON object (or `[DONE]`) is an event by itself, because
    some servers send a single line break between events.

    Scans each byte once, however small the slices are.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._kept = 0
        self._start = b""
        self._begun = False
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the data of each event that this slice completes, in order.

        Raises:
            EventTooLongError: an event exceeds `MAX_EVENT_BYTES`.
        """
        if not self._begun or self._after_cr or b"\r" in data:
            data = self._normalised(data)
        head, line_end, rest = data.rpartition(b"\n")
        if not line_end:
            self._keep(self._line, rest)
            return []
        if self._line:
            head = b"".join([*self._line, head])
            self._kept -= sum(map(len, self._line))
            self._line = []
        found = self._events_of(head)
        if rest:
            self._keep(self._line, rest)
        return found

    def close(self) -> list[bytes]:
        """Return the data of a last line that lacks only its line break; see the class."""
        return self.feed(b"\n") if self._line else []

    def _events_of(self, block: bytes) -> list[bytes]:
        """Return the events that these complete lines finish."""
        found: list[bytes] = []
        for line in block.split(b"\n"):
            if line.startswith(b"data: {") and line.endswith(b"}") and not self._data:
                found.append(line[6:])  # the common case
            elif line:
                self._take_line(line, found)
            elif self._data:
                self._dispatch(found)
        return found

    def _take_line(self, line: bytes, found: list[bytes]) -> None:
        name, _, value = line.partition(b":")
        if name != b"data":
            return
        data = value.removeprefix(b" ")
        if not _is_whole(data) or self._is_within_json():
            self._keep(self._data, data)
        else:
            self._dispatch(found)  # non-JSON data doesn't continue on the next line
            found.append(data)

    def _is_within_json(self) -> bool:
        return bool(self._data) and self._data[0].lstrip().startswith(b"{")

    def _dispatch(self, found: list[bytes]) -> None:
        if data := b"\n".join(self._data):
            found.append(data)
        self._kept -= sum(map(len, self._data)) + len(self._data)
        self._data = []

    def _keep(self, kept: list[bytes], data: bytes) -> None:
        kept.append(data)
        # Even an empty line counts, so that they can't pile up.
        self._kept += len(data) + (kept is self._data)
        if self._kept > MAX_EVENT_BYTES:
            raise EventTooLongError

    def _normalised(self, data: bytes) -> bytes:
        """Normalize line breaks to line feeds and drop the stream's byte order mark."""
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data if self._begun else self._without_bom(data)

    def _without_bom(self, data: bytes) -> bytes:
        data, self._start = self._start + data, b""
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._start = data
            return b""
        self._begun = True
        return data.removeprefix(_BOM)


def _is_whole(data: bytes) -> bool:
    text = data.strip()
    return text == _DONE or (text.startswith(b"{") and text.endswith(b"}"))
