"""Decodes a file's bytes into text or an image. Only the bytes decide which."""

from __future__ import annotations

import asyncio
import base64
import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

from bot.slack.files.documents import extract_text, identify_document
from bot.slack.files.host import Download
from bot.slack.files.slack_file import FileText, NotRead, SlackFile
from moa import Image
from moa.types import ImageType

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_GIFS: Final = (b"GIF87a", b"GIF89a")

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers that are followed by the image's size."""

_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""JPEG markers without a length field."""


_MAX_MARKERS: Final = 2_000
"""Markers to search for a JPEG's size. A camera writes a few dozen."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image's type and its size in pixels; 0 if the bytes don't contain the size."""

    media_type: ImageType
    width: int = 0
    height: int = 0


def identify_image(data: bytes) -> Picture | None:
    """Return the image's type and size, or None if models don't accept such an image.

    Formats: PNG (W3C), GIF89a (CompuServe), JPEG (ITU-T T.81), WebP container (RFC 9649).
    """
    if data.startswith(_PNG):
        return Picture("image/png", *_size(_png, data))
    if data.startswith(_GIFS):
        return Picture("image/gif", *_size(_gif, data))
    if data.startswith(_JPEG):
        return Picture("image/jpeg", *_size(_jpeg, data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Picture("image/webp", *_size(_webp, data))
    return None


def _size(parse: Callable[[bytes], tuple[int, int]], data: bytes) -> tuple[int, int]:
    try:
        return parse(data)
    except IndexError:  # the file ends before its size
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
    for _ in range(_MAX_MARKERS):
        if data[at] != 0xFF:  # noqa: PLR2004 - the first byte of every JPEG marker
            break
        marker = data[at + 1]
        if marker in _FRAMES:
            return _integer(data, at + 7, 2, big=True), _integer(data, at + 5, 2, big=True)
        if marker == 0xFF:  # noqa: PLR2004 - padding before a marker
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


TEXT_LIMIT = 100_000
"""Characters of one file, about 28,000 tokens."""

IMAGE_BYTES = 3_750_000
"""5 MB in base64, Anthropic's limit for one image
(https://platform.claude.com/docs/en/build-with-claude/vision)."""

IMAGE_SIDE = 8_000
"""Pixels per side. Anthropic's limit is the strictest of all providers."""

_HTML_STARTS = (b"<!doctype html", b"<html")
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SAMPLE_BYTES = 64 * 1024
"""The part of a file, from its start, in which its encoding is detected."""

_NUL_SHARE = 0.3
"""In UTF-16, at least this share of every other byte is zero if half of the text is Latin."""

_OLDER_ENCODINGS: Final = [
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r"),
]
_CLOSE: Final = 0.1
"""Differences in the detector's noise score that mean nothing for a short text."""

_KANA: Final = re.compile("[\u3041-\u30fa]")
_KANA_SHARE: Final = 0.1

_NOT_SPOKEN = re.compile(r"WEBVTT|NOTE\b|STYLE\b|REGION\b|\d+$|.*-->")
"""Lines of a transcript that aren't speech: headers, cue numbers and times."""

_CONTROLS = frozenset(map(chr, (*range(9), *range(14, 27), *range(28, 32))))
_MAX_CONTROL_SHARE = 0.01
"""Text with more control characters than this is binary data."""


async def decode_file(
    file: SlackFile, body: Download, name: str, documents: asyncio.Semaphore
) -> FileText | Image:
    """Decode a downloaded file.

    Args:
        file: the file as Slack lists it.
        body: the downloaded bytes.
        name: the name for an image in the prompt.
        documents: limits how many documents are read at the same time.

    Raises:
        NotRead: with the reason.
    """
    if not body.data:
        raise NotRead("empty")
    if _is_sign_in_page(file, body):
        raise NotRead("page")
    if image := identify_image(body.data):
        if not (image.width and image.height):
            raise NotRead("broken")
        if len(body.data) > IMAGE_BYTES or max(image.width, image.height) > IMAGE_SIDE:
            raise NotRead("large_image")
        data = base64.b64encode(body.data).decode()
        return Image(image.media_type, data, name, image.width, image.height)
    kind = "html" if file.is_canvas else await asyncio.to_thread(identify_document, body.data, name)
    if kind:
        async with documents:
            return await extract_text(kind, body.data, TEXT_LIMIT)
    return await asyncio.to_thread(_decode_text, body.data)


def decode_transcript(body: Download) -> FileText:
    """Decode a clip's transcript (WebVTT, https://www.w3.org/TR/webvtt1/)to its words."""
    lines = body.data.decode("utf-8", "replace").splitlines()
    words = [line.strip() for line in lines if line.strip() and not _NOT_SPOKEN.match(line)]
    text = "\n".join(words)
    if not text:
        raise NotRead("no_transcript")
    return FileText(text[:TEXT_LIMIT], len(text))


def _is_sign_in_page(file: SlackFile, body: Download) -> bool:
    """Return whether Slack sent a web page instead of a file that we may not read.

    An attached web page has the size that Slack announced. A sign-in page does not.
    """
    if file.is_canvas:
        return body.was_redirected or body.content_type != "text/html"
    declared = body.content_type == "text/html"
    if not declared and not body.data[:512].lstrip().lower().startswith(_HTML_STARTS):
        return False
    is_the_file = len(body.data) == file.size and (file.is_html or not declared)
    return not is_the_file


def _decode_text(data: bytes) -> FileText:
    text = _decode(data)
    if not text.strip():
        raise NotRead("empty")
    return FileText(text[:TEXT_LIMIT], len(text))


def _decode(data: bytes) -> str:
    """Return the text: UTF-8, UTF-16 or UTF-32, otherwise in the most likely older encoding."""
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        controls = sum(character in _CONTROLS for character in text[:TEXT_LIMIT])
        if "\0" not in text and controls <= len(text[:TEXT_LIMIT]) * _MAX_CONTROL_SHARE:
            return text
    raise NotRead("kind")


def _encodings(data: bytes) -> Iterator[str]:
    """Yield the encodings to try, the most certain first."""
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            yield encoding
            return
    yield "utf-8-sig"
    sample = data[:_SAMPLE_BYTES]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros and zeros.count(0) >= len(zeros) * _NUL_SHARE:
            yield encoding
    if b"\0" not in sample:  # older encodings have no zero bytes
        if encoding := _older_encoding(sample):
            yield encoding
        yield "cp1252"


def _older_encoding(sample: bytes) -> str | None:
    """Return the most likely encoding from before Unicode.

    Corrects the detector's order in two ways: text with kana is Japanese, although its bytes may
    look like Korean, and text that may be Western or Central European is Western.
    """
    matches = list(from_bytes(sample, cp_isolation=_OLDER_ENCODINGS))
    if not matches:
        return None
    best = matches[0]
    for match in matches:
        text = str(match)
        if (
            match.chaos <= best.chaos + _CLOSE
            and len(_KANA.findall(text)) > len(text) * _KANA_SHARE
        ):
            return match.encoding
        ties = (match.chaos, match.coherence) == (best.chaos, best.coherence)
        if ties and match.encoding == "cp1252":
            best = match
    return best.encoding
