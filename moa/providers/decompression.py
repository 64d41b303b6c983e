"""Compressed bodies, unpacked a slice at a time, so that a small one cannot fill the memory."""

from __future__ import annotations

import zlib
from typing import Final

from moa.providers import error_mapping

_ENCODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})
_ANY_HEADER: Final = zlib.MAX_WBITS | 32


class Unpacker:
    """Unpacks gzip and deflate.

    Args:
        slice_bytes: the most that `more` gives at a time.
    """

    def __init__(self, slice_bytes: int) -> None:
        self._slice_bytes = slice_bytes
        self._zlib = zlib.decompressobj(_ANY_HEADER)
        self._packed = b""

    @classmethod
    def of(cls, encoding: str, slice_bytes: int) -> Unpacker | None:
        """What unpacks a `Content-Encoding`; None where there is nothing to unpack."""
        return cls(slice_bytes) if encoding.strip().lower() in _ENCODINGS else None

    def take(self, packed: bytes) -> None:
        """Take in what has arrived."""
        self._packed += packed

    def more(self) -> bytes:
        """The next slice; empty when more has to arrive, or the body has ended.

        Raises:
            Unavailable: it cannot be unpacked (`garbled`).
        """
        try:
            data = self._zlib.decompress(self._packed, self._slice_bytes)
        except zlib.error:
            raise error_mapping.garbled() from None
        self._packed = self._zlib.unconsumed_tail
        return data
