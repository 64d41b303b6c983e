"""What an image is and how large, by its own bytes: names and declared types may be anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from moa.types import ImageType

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_GIFS: Final = (b"GIF87a", b"GIF89a")

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers behind which the size stands."""

_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""JPEG markers that stand alone, with no length behind them."""


_MOST_MARKERS: Final = 2_000
"""Looked at before a JPEG's size is given up: a camera writes some dozens."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A kind of image, and its sides in pixels: 0 where its bytes do not tell."""

    media_type: ImageType
    width: int = 0
    height: int = 0


def picture(data: bytes) -> Picture | None:
    """What image the bytes are; None when they are none that the models take.

    Sources: PNG (W3C), GIF89a (CompuServe), JPEG (ITU-T T.81), WebP container (RFC 9649).
    """
    if data.startswith(_PNG):
        return Picture("image/png", *_sides(_png, data))
    if data.startswith(_GIFS):
        return Picture("image/gif", *_sides(_gif, data))
    if data.startswith(_JPEG):
        return Picture("image/jpeg", *_sides(_jpeg, data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Picture("image/webp", *_sides(_webp, data))
    return None


def _sides(read: Callable[[bytes], tuple[int, int]], data: bytes) -> tuple[int, int]:
    try:
        return read(data)
    except IndexError:  # it ends before its size is told
        return 0, 0


def _number(data: bytes, start: int, length: int, *, big: bool) -> int:
    if start + length > len(data):
        raise IndexError
    return int.from_bytes(data[start : start + length], "big" if big else "little")


def _png(data: bytes) -> tuple[int, int]:
    return _number(data, 16, 4, big=True), _number(data, 20, 4, big=True)


def _gif(data: bytes) -> tuple[int, int]:
    return _number(data, 6, 2, big=False), _number(data, 8, 2, big=False)


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_MOST_MARKERS):
        if data[at] != 0xFF:  # noqa: PLR2004 - begins every marker of a JPEG
            break
        marker = data[at + 1]
        if marker in _FRAMES:
            return _number(data, at + 7, 2, big=True), _number(data, at + 5, 2, big=True)
        if marker == 0xFF:  # noqa: PLR2004 - a marker may be preceded by any number of these
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            at += 2 + max(_number(data, at + 2, 2, big=True), 2)
    return 0, 0


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return _number(data, 24, 3, big=False) + 1, _number(data, 27, 3, big=False) + 1
    if chunk == b"VP8L":
        bits = _number(data, 21, 4, big=False)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return _number(data, 26, 2, big=False) & 0x3FFF, _number(data, 28, 2, big=False) & 0x3FFF
    return 0, 0
