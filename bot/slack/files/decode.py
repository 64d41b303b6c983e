"""A file's bytes as what a model can be given: words or a picture, judged by the bytes alone."""

from __future__ import annotations

import asyncio
import base64
import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.slack.files.host import Download
from bot.slack.files.pdf import pdf_text
from bot.slack.files.slack_file import FileText, NotRead, SlackFile
from moa import Image
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


def _integer(data: bytes, start: int, length: int, *, big: bool) -> int:
    if start + length > len(data):
        raise IndexError
    return int.from_bytes(data[start : start + length], "big" if big else "little")


def _png(data: bytes) -> tuple[int, int]:
    return _integer(data, 16, 4, big=True), _integer(data, 20, 4, big=True)


def _gif(data: bytes) -> tuple[int, int]:
    return _integer(data, 6, 2, big=False), _integer(data, 8, 2, big=False)


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_MOST_MARKERS):
        if data[at] != 0xFF:  # noqa: PLR2004 - begins every marker of a JPEG
            break
        marker = data[at + 1]
        if marker in _FRAMES:
            return _integer(data, at + 7, 2, big=True), _integer(data, at + 5, 2, big=True)
        if marker == 0xFF:  # noqa: PLR2004 - a marker may be preceded by any number of these
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            at += 2 + max(_integer(data, at + 2, 2, big=True), 2)
    return 0, 0


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return _integer(data, 24, 3, big=False) + 1, _integer(data, 27, 3, big=False) + 1
    if chunk == b"VP8L":
        bits = _integer(data, 21, 4, big=False)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return _integer(data, 26, 2, big=False) & 0x3FFF, _integer(data, 28, 2, big=False) & 0x3FFF
    return 0, 0


CHARACTERS = 100_000
"""Of one file, about 28,000 tokens."""

IMAGE_BYTES = 3_750_000
"""5 MB in base64, which is Anthropic's limit for one image
(https://platform.claude.com/docs/en/build-with-claude/vision)."""

IMAGE_SIDE = 8_000
"""Pixels; Anthropic's limit again, the strictest of those that are known."""

_PDF = b"%PDF-"
_PDF_WITHIN = 1_024
"""Readers look for a PDF's mark this far (ISO 32000-1, implementation note 13)."""

_PAGES = (b"<!doctype html", b"<html")
_BYTE_ORDERS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENCODINGS = ("utf-8-sig", "cp1252")
"""Whatever is not UTF-8 is most often a table that was saved on Windows."""

_CONTROLS = frozenset(map(chr, (*range(9), *range(14, 27), *range(28, 32))))
_MOST_CONTROLS = 0.01


async def contents(
    file: SlackFile, body: Download, name: str, pdfs: asyncio.Semaphore
) -> FileText | Image:
    """What a file holds.

    Args:
        file: as it was listed.
        body: as it was fetched.
        name: for an image, what the models are to call it.
        pdfs: how many PDFs may be read at the same time.

    Raises:
        NotRead: with the reason.
    """
    if not body.data:
        raise NotRead("empty")
    if _is_page(file, body):
        raise NotRead("page")
    if found := picture(body.data):
        if not (found.width and found.height):
            raise NotRead("broken")
        if len(body.data) > IMAGE_BYTES or max(found.width, found.height) > IMAGE_SIDE:
            raise NotRead("large_image")
        data = base64.b64encode(body.data).decode()
        return Image(found.media_type, data, name, found.width, found.height)
    if _PDF in body.data[:_PDF_WITHIN]:
        async with pdfs:
            return await pdf_text(body.data, CHARACTERS)
    return await asyncio.to_thread(_decoded, body.data)


def _is_page(file: SlackFile, body: Download) -> bool:
    """Whether Slack gave a web page in the file's place, as it does where we may not read it.

    A file that is a page itself is known by its size, which a page for signing in does not share.
    """
    declared = body.content_type == "text/html"
    if not declared and not body.data[:512].lstrip().lower().startswith(_PAGES):
        return False
    is_the_file = len(body.data) == file.size and (file.is_html or not declared)
    return not is_the_file


def _decoded(data: bytes) -> FileText:
    text = _in_words(data)
    if not text.strip():
        raise NotRead("empty")
    return FileText(text[:CHARACTERS], len(text))


def _in_words(data: bytes) -> str:
    encodings = ("utf-16",) if data.startswith(_BYTE_ORDERS) else _ENCODINGS
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        controls = sum(character in _CONTROLS for character in text[:CHARACTERS])
        if "\0" not in text and controls <= len(text[:CHARACTERS]) * _MOST_CONTROLS:
            return text
    raise NotRead("kind")
