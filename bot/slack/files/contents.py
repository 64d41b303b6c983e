"""A file's bytes as what a model can be given: words or a picture, judged by the bytes alone."""

from __future__ import annotations

import asyncio
import base64
import codecs

from bot.slack.files.host import Body
from bot.slack.files.listed import NotRead, SlackFile, Text
from bot.slack.files.pdf import pdf_text
from bot.slack.files.pictures import picture
from moa import Image

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


async def contents(file: SlackFile, body: Body, name: str, pdfs: asyncio.Semaphore) -> Text | Image:
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


def _is_page(file: SlackFile, body: Body) -> bool:
    """Whether Slack gave a web page in the file's place, as it does where we may not read it.

    A file that is a page itself is known by its size, which a page for signing in does not share.
    """
    declared = body.content_type == "text/html"
    if not declared and not body.data[:512].lstrip().lower().startswith(_PAGES):
        return False
    is_the_file = len(body.data) == file.size and (file.is_html or not declared)
    return not is_the_file


def _decoded(data: bytes) -> Text:
    text = _in_words(data)
    if not text.strip():
        raise NotRead("empty")
    return Text(text[:CHARACTERS], len(text))


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
