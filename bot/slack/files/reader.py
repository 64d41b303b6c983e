"""Reads the files of a question's thread, within limits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.identity import IdentityLookup
from bot.slack.files.decode import IMAGE_BYTES, decode_file, decode_transcript
from bot.slack.files.host import SlackFileHost
from bot.slack.files.slack_file import (
    FileResult,
    FileText,
    NotRead,
    Read,
    Reason,
    SlackFile,
    Unread,
    display_name,
)
from moa import Image
from moa.pipeline.token_budget import allocate
from moa.types import ImageType

log = structlog.get_logger(__name__)

SCOPE = "files:read"

DOWNLOADS = 16
"""Concurrent downloads across all questions."""

DOCUMENTS = 2
"""Documents read at the same time. Each takes a core and up to 768 MB."""

_PREVIEW_HELPS = frozenset({"large_image", "kind", "broken"})
"""Reasons for which a picture's preview is read instead."""

INFO_ERRORS: Mapping[str, Reason] = {
    "file_not_found": "deleted",
    "file_deleted": "deleted",
    "missing_scope": "scope",
    "access_denied": "no_access",
    "not_visible": "no_access",
}
"""Error codes of files.info (https://docs.slack.dev/reference/methods/files.info)."""


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Limits for the files of one question.

    Attributes:
        files: number of files; the latest ones in the thread come first.
        file_bytes: size of one file.
        all_bytes: size of all files. As base64 and together with the text, this fits into the 32 MB
            that Anthropic accepts in a request.
        all_characters: text of all files, about 57,000 tokens; see also `decode.TEXT_LIMIT`.
        seconds: from the first request to the last byte.
    """

    files: int = 10
    file_bytes: int = 5_000_000
    all_bytes: int = 15_000_000
    all_characters: int = 200_000
    seconds: float = 40.0


class _ByteAllowance:
    """The bytes left for the files of one question, counted after each download."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, count: int) -> None:
        """Subtract a file's size. Announced sizes may be wrong, so this counts the real ones.

        Raises:
            NotRead: the size exceeds what is left.
        """
        self._left -= count
        if self._left < 0:
            raise NotRead("much")


class SlackFiles:
    """Reads the files of threads. All questions share one instance and its concurrency limits.

    Args:
        client: downloads files with its token.
        identity: knows which scopes are granted.
        limits: the limits for one question.
    """

    def __init__(
        self, client: AsyncWebClient, identity: IdentityLookup, limits: FileLimits | None = None
    ) -> None:
        self.limits = limits or FileLimits()
        self._client = client
        self._identity = identity
        self._host = SlackFileHost(client)
        self._downloads = asyncio.Semaphore(DOWNLOADS)
        self._documents = asyncio.Semaphore(DOCUMENTS)

    async def read(self, payloads: Sequence[Mapping[str, Any]]) -> Mapping[str, FileResult]:
        """Return the result for each file, by its id.

        Args:
            payloads: file objects of the thread's messages, the most important first. A file that
                occurs twice is read once.
        """
        files = {file.id: file for file in map(SlackFile.from_payload, payloads)}
        if not files:
            return {}
        files, results = await self._fetch_withheld(files)
        selected, skipped = _select(
            [file for file in files.values() if file.id not in results], self.limits
        )
        results |= skipped
        results |= await self._read_all(selected)
        for result in results.values():
            if isinstance(result, Unread):
                log.info("file_not_read", reason=result.reason)
        results = _fit_characters(results, self.limits.all_characters)
        return {file.id: FileResult(file, results[file.id]) for file in files.values()}

    async def _read_all(self, files: Sequence[SlackFile]) -> dict[str, Read]:
        async with self._host.session() as session, asyncio.TaskGroup() as group:
            deadline = asyncio.get_running_loop().time() + self.limits.seconds
            left = _ByteAllowance(self.limits.all_bytes)
            tasks = {
                file.id: group.create_task(self._read_one(session, file, left, deadline))
                for file in files
            }
        return {file_id: task.result() for file_id, task in tasks.items()}

    async def _fetch_withheld(
        self, listed: Mapping[str, SlackFile]
    ) -> tuple[dict[str, SlackFile], dict[str, Read]]:
        """Complete the files that Slack Connect lists only by id. Return them and the failures."""
        files, failed = dict(listed), dict[str, Read]()
        withheld = [file.id for file in files.values() if file.is_withheld]
        for file_id in withheld[: self.limits.files]:
            try:
                files[file_id] = await self._fetch_info(file_id)
            except NotRead as error:
                failed[file_id] = Unread(error.reason)
        return files, failed | dict.fromkeys(withheld[self.limits.files :], Unread("many"))

    async def _fetch_info(self, file_id: str) -> SlackFile:
        try:
            response = await self._client.files_info(file=file_id)
        except SLACK_ERRORS as error:
            raise NotRead(INFO_ERRORS.get(code_of(error), "failed")) from None
        payload = response.get("file")
        file = SlackFile.from_payload(payload if isinstance(payload, Mapping) else {})
        return replace(file, id=file_id)

    async def _read_one(
        self, session: aiohttp.ClientSession, file: SlackFile, left: _ByteAllowance, deadline: float
    ) -> Read:
        try:
            async with asyncio.timeout_at(deadline):
                address, limit = _source(file, self.limits)
                try:
                    return await self._download(session, file, address, limit, left)
                except NotRead as error:
                    if error.reason not in _PREVIEW_HELPS or address == file.preview:
                        raise
                    if not file.preview:
                        raise
                    return await self._download(session, file, file.preview, IMAGE_BYTES, left)
        except TimeoutError:
            return Unread("slow")
        except NotRead as error:
            return Unread(await self._refine(error.reason))

    async def _download(
        self,
        session: aiohttp.ClientSession,
        file: SlackFile,
        address: str,
        limit: int,
        left: _ByteAllowance,
    ) -> FileText | Image:
        async with self._downloads:
            body = await self._host.fetch(session, address, limit)
        left.spend(len(body.data))
        if file.transcript and address == file.transcript:
            return decode_transcript(body)
        return await decode_file(file, body, display_name(file.name), self._documents)

    async def _refine(self, reason: Reason) -> Reason:
        """Return "scope" in place of "page" if we know that the scope is missing."""
        if reason != "page":
            return reason
        scopes = (await self._identity.get()).scopes
        return "scope" if scopes and SCOPE not in scopes else reason


def _source(file: SlackFile, limits: FileLimits) -> tuple[str, int]:
    """Return the address to download and the maximum size.

    For a clip, this is the transcript. For an image that is large or of a type that models don't
    accept (HEIC, TIFF, BMP), it is Slack's preview: models shrink images above about 1,500 pixels
    anyway.
    """
    if file.transcript:
        return file.transcript, limits.file_bytes
    needs_preview = file.size > IMAGE_BYTES or file.mimetype not in get_args(ImageType)
    if file.is_picture and needs_preview and file.preview:
        return file.preview, IMAGE_BYTES
    return file.url, limits.file_bytes


def _select(
    files: Sequence[SlackFile], limits: FileLimits
) -> tuple[Sequence[SlackFile], dict[str, Read]]:
    """Return the files to download, and why the others are skipped."""
    selected: list[SlackFile] = []
    skipped: dict[str, Read] = {}
    left = limits.all_bytes
    for file in files:
        address, limit = _source(file, limits)
        size = limit if address != file.url else file.size or limit
        reason = file.obstacle
        if reason is None and len(selected) == limits.files:
            reason = "many"
        elif reason is None and size > limits.file_bytes:
            reason = "large"
        elif reason is None and size > left:
            reason = "much"
        if reason:
            skipped[file.id] = Unread(reason)
        else:
            selected.append(file)
            left -= size
    return selected, skipped


def _fit_characters(results: Mapping[str, Read], characters: int) -> dict[str, Read]:
    """Cut the texts to this many characters in total. Small ones stay whole, others share."""
    texts = {key: each for key, each in results.items() if isinstance(each, FileText)}
    granted = allocate([len(each.text) for each in texts.values()], characters)
    cut = {key: texts[key].cut(limit) for key, limit in zip(texts, granted, strict=True)}
    return {**results, **cut}
