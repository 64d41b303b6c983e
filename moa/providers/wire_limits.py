"""Ends connections whose server sends far more than an answer needs, before or between its data."""

from __future__ import annotations

from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler

MAX_INTERIM: Final = 32
"""The most responses with status 100 to 199 before the real one. Servers send one or two."""

_INTERIM: Final = range(100, 200)


class FloodError(aiohttp.ClientPayloadError):
    """A server sent too much that isn't part of an answer."""


class LimitedHandler(ResponseHandler):
    """Counts what the parser drops: interim responses, the extensions of chunks, trailers.

    Args:
        max_bytes: the most bytes of one response, with everything around its body.
    """

    def __init__(self, max_bytes: int, **options: Any) -> None:
        super().__init__(**options)
        self._max_bytes = self._left_bytes = max_bytes
        self._left_interim = MAX_INTERIM

    def set_response_params(self, **params: Any) -> None:
        """Start to count: a request is sent."""
        self._left_bytes, self._left_interim = self._max_bytes, MAX_INTERIM
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Parse bytes from the server, up to the limit."""
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self._end()
        else:
            super().data_received(data)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Pass the head of a response on; of interim responses, only the first few."""
        self._left_interim -= data[0].code in _INTERIM
        if self._left_interim < 0:
            self._end()
        else:
            super().feed_data(data, size)

    def _end(self) -> None:
        payload, transport, error = self._payload, self.transport, FloodError()
        if self._exception is None:
            self.set_exception(error)
        if payload is not None and payload.exception() is None:
            payload.set_exception(error)
        if transport is not None:
            transport.abort()
