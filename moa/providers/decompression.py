"""Decompresses bodies slice by slice, so a decompression bomb can't fill the memory."""

from __future__ import annotations

import zlib
from typing import Final

from moa.providers import error_mapping

BYTE_STREAM: Final = "moa.byte_stream"
"""The key of the response's `ByteStream` in its `extensions`, set by `transport`."""

SLICE_BYTES: Final = 16 * 1024
"""The most bytes read at a time. Decoding them blocks the event loop for a few milliseconds. Slices
from a model are far smaller."""

_ENCODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})
_ANY_HEADER: Final = zlib.MAX_WBITS | 32


class Decompressor:
    """Decompresses gzip and deflate.

    Args:
        slice_bytes: the most bytes that `read` returns.
    """

    def __init__(self, slice_bytes: int) -> None:
        self._slice_bytes = slice_bytes
        self._zlib = zlib.decompressobj(_ANY_HEADER)
        self._compressed = b""

    @classmethod
    def for_encoding(cls, encoding: str, slice_bytes: int) -> Decompressor | None:
        """Return a decompressor for a `Content-Encoding`, or None if none is needed."""
        return cls(slice_bytes) if encoding.strip().lower() in _ENCODINGS else None

    @property
    def ended(self) -> bool:
        """Whether the compressed data is complete. What follows it is no part of the answer."""
        return self._zlib.eof

    def feed(self, compressed: bytes) -> None:
        """Add received bytes."""
        self._compressed += compressed

    def read(self) -> bytes:
        """Return the next slice; empty if more input is needed or the body has ended.

        Raises:
            Unavailable: the body can't be decompressed (`garbled`).
        """
        try:
            data = self._zlib.decompress(self._compressed, self._slice_bytes)
        except zlib.error:
            raise error_mapping.unreadable() from None
        self._compressed = self._zlib.unconsumed_tail
        return data
