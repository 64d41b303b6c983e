"""Reading the files of a question: which of them, at what cost at most, and what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.identity import IdentityLookup
from bot.slack.files.decode import IMAGE_BYTES, contents
from bot.slack.files.host import SlackFileHost
from bot.slack.files.slack_file import (
    FileResult,
    FileText,
    NotRead,
    Read,
    Reason,
    SlackFile,
    Unread,
    shown_name,
)
from moa.pipeline.token_budget import allocate

log = structlog.get_logger(__name__)

SCOPE = "files:read"

DOWNLOADS = 16
"""At the same time, of all questions."""

PDFS = 2
"""At the same time; each has a core to itself, and up to 768 MB."""

INFO_TROUBLES: Mapping[str, Reason] = {
    "file_not_found": "deleted",
    "file_deleted": "deleted",
    "missing_scope": "scope",
    "access_denied": "no_access",
    "not_visible": "no_access",
}
"""Error codes of files.info (https://docs.slack.dev/reference/methods/files.info)."""


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What the files of one question may take.

    Attributes:
        files: how many are read; the latest in the thread go first.
        file_bytes: of one.
        all_bytes: of all together. In base64, and beside the text, that stays below the 32 MB that
            Anthropic takes in a request.
        all_characters: of the text of all together, about 57,000 tokens; see also
            `contents.CHARACTERS`.
        seconds: from the first request to the last byte read.
    """

    files: int = 10
    file_bytes: int = 5_000_000
    all_bytes: int = 15_000_000
    all_characters: int = 200_000
    seconds: float = 40.0


class _ByteAllowance:
    """Bytes that are left for the files of one question, counted as they came."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, count: int) -> None:
        """Raise NotRead when it is too much; announced sizes need not be true."""
        self._left -= count
        if self._left < 0:
            raise NotRead("much")


class SlackFiles:
    """Reads files that stand in threads. One for all questions, whose downloads take turns.

    Args:
        client: whose token opens the files.
        identity: tells which scopes were granted.
        limits: for one question.
    """

    def __init__(
        self, client: AsyncWebClient, identity: IdentityLookup, limits: FileLimits | None = None
    ) -> None:
        self.limits = limits or FileLimits()
        self._client = client
        self._identity = identity
        self._host = SlackFileHost(client)
        self._downloads = asyncio.Semaphore(DOWNLOADS)
        self._pdfs = asyncio.Semaphore(PDFS)

    async def read(self, listed: Sequence[Mapping[str, Any]]) -> Mapping[str, FileResult]:
        """What came of each file, by its id.

        Args:
            listed: as the messages hold them, those that matter most first. A file may stand there
                more than once, and is read once.
        """
        files = {file.id: file for file in map(SlackFile.of, listed)}
        if not files:
            return {}
        files, outcomes = await self._known(files)
        chosen, refused = _chosen([f for f in files.values() if f.id not in outcomes], self.limits)
        outcomes |= refused
        async with self._host.session() as session, asyncio.TaskGroup() as group:
            ends = asyncio.get_running_loop().time() + self.limits.seconds
            left = _ByteAllowance(self.limits.all_bytes)
            tasks = {f.id: group.create_task(self._one(session, f, left, ends)) for f in chosen}
        outcomes |= {file_id: task.result() for file_id, task in tasks.items()}
        for outcome in outcomes.values():
            if isinstance(outcome, Unread):
                log.info("file_not_read", reason=outcome.reason)
        outcomes = _within(outcomes, self.limits.all_characters)
        return {file.id: FileResult(file, outcomes[file.id]) for file in files.values()}

    async def _known(
        self, listed: Mapping[str, SlackFile]
    ) -> tuple[dict[str, SlackFile], dict[str, Read]]:
        """The files with what Slack Connect withheld of them, and those that it did not give."""
        files, lost = dict(listed), dict[str, Read]()
        withheld = [file.id for file in files.values() if file.is_withheld]
        for file_id in withheld[: self.limits.files]:
            try:
                files[file_id] = await self._info(file_id)
            except NotRead as why:
                lost[file_id] = Unread(why.reason)
        return files, lost | dict.fromkeys(withheld[self.limits.files :], Unread("many"))

    async def _info(self, file_id: str) -> SlackFile:
        try:
            answer = await self._client.files_info(file=file_id)
        except SLACK_ERRORS as error:
            raise NotRead(INFO_TROUBLES.get(code_of(error), "failed")) from None
        listed = answer.get("file")
        file = SlackFile.of(listed if isinstance(listed, Mapping) else {})
        return replace(file, id=file_id)

    async def _one(
        self, session: aiohttp.ClientSession, file: SlackFile, left: _ByteAllowance, ends: float
    ) -> Read:
        try:
            async with asyncio.timeout_at(ends):
                async with self._downloads:
                    address, most = _source(file, self.limits)
                    body = await self._host.fetch(session, address, most)
                left.take(len(body.data))
                return await contents(file, body, shown_name(file.name), self._pdfs)
        except TimeoutError:
            return Unread("slow")
        except NotRead as why:
            return Unread(await self._meant(why.reason))

    async def _meant(self, reason: Reason) -> Reason:
        """A page for signing in means that the scope is missing, where that is known."""
        if reason != "page":
            return reason
        scopes = (await self._identity.get()).scopes
        return "scope" if scopes and SCOPE not in scopes else reason


def _source(file: SlackFile, limits: FileLimits) -> tuple[str, int]:
    """Where to fetch a file, and how many bytes at most: of a large picture, Slack's smaller one.

    Models shrink what is larger than about 1,500 pixels anyhow.
    """
    if file.is_picture and file.size > IMAGE_BYTES and file.preview:
        return file.preview, IMAGE_BYTES
    return file.url, limits.file_bytes


def _chosen(
    files: Sequence[SlackFile], limits: FileLimits
) -> tuple[Sequence[SlackFile], dict[str, Read]]:
    """The files to be fetched, and why the others are not."""
    chosen: list[SlackFile] = []
    refused: dict[str, Read] = {}
    left = limits.all_bytes
    for file in files:
        address, most = _source(file, limits)
        size = most if address != file.url else file.size or most
        reason = file.obstacle
        if reason is None and len(chosen) == limits.files:
            reason = "many"
        elif reason is None and size > limits.file_bytes:
            reason = "large"
        elif reason is None and size > left:
            reason = "much"
        if reason:
            refused[file.id] = Unread(reason)
        else:
            chosen.append(file)
            left -= size
    return chosen, refused


def _within(outcomes: Mapping[str, Read], characters: int) -> dict[str, Read]:
    """The texts in so many characters altogether: small ones whole, the rest evenly."""
    texts = {key: each for key, each in outcomes.items() if isinstance(each, FileText)}
    granted = allocate([len(each.text) for each in texts.values()], characters)
    cut = {key: texts[key].cut(most) for key, most in zip(texts, granted, strict=True)}
    return {**outcomes, **cut}
