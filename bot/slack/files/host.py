"""Fetching a file: the bot's token goes to Slack's hosts and to nobody else.

The rules: https only (but for a Slack of one's own, at the configured address), redirects are
followed among Slack's hosts only, sizes are counted while they come, and a web page is no file.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.slack.files.slack_file import NotRead, Reason

SLACK: Final = "slack.com"
"""Files lie on files.slack.com; a workspace's own host may stand in between."""

REDIRECTS: Final = 3
SILENCE_S: Final = 10.0
"""Seconds without a byte after which a download is given up."""

_PIECE: Final = 64 * 1024
_REDIRECTING: Final = frozenset({301, 302, 303, 307, 308})
_REFUSALS: Final[dict[int, Reason]] = {
    401: "no_access",
    403: "no_access",
    404: "deleted",
    410: "deleted",
}


@dataclass(frozen=True, slots=True)
class Download:
    """What was fetched. `content_type` is in lower case, without parameters."""

    data: bytes
    content_type: str


class SlackFileHost:
    """Slack's side of files, as the client's token may see it.

    Args:
        client: whose token, proxy and certificates are used, and whose `base_url` may be a Slack
            of one's own.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._own = URL(client.base_url).origin()

    def trusted(self, address: str, base: URL | None = None) -> URL | None:
        """The address as it will be asked, so that nobody reads it in another way; None: never.

        Args:
            address: as Slack gave it.
            base: for a redirect, the address that it comes from.
        """
        try:
            url = base.join(URL(address)) if base else URL(address)
            return url if self._is_slack(url) else None
        except ValueError:
            return None

    def _is_slack(self, url: URL) -> bool:
        if url.user is not None or url.password is not None or not (url.scheme and url.host):
            return False
        if url.origin() == self._own:
            return True
        is_slack = url.host == SLACK or url.host.endswith(f".{SLACK}")
        return is_slack and url.scheme == "https" and url.is_default_port()

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[aiohttp.ClientSession, None]:
        """Connections for the files of one question."""
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_S, sock_read=SILENCE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # what is counted is what comes
            trust_env=self._client.trust_env_in_session,
        ) as session:
            yield session

    async def fetch(self, session: aiohttp.ClientSession, address: str, most: int) -> Download:
        """What lies at an address.

        Args:
            session: from `session()`.
            address: as the file object gives it.
            most: bytes that are taken; one more is too many.

        Raises:
            NotRead: with the reason, `page` excepted, which needs a look at the file.
        """
        url = self.trusted(address)
        try:
            for _ in range(REDIRECTS + 1):
                if url is None:
                    raise NotRead("elsewhere")
                async with self._asked(session, url) as answer:
                    if answer.status not in _REDIRECTING:
                        return await _taken(answer, most)
                    url = self.trusted(answer.headers.get("Location", ""), url)
        except TimeoutError:  # before ClientError: aiohttp's own timeouts are both
            raise NotRead("slow") from None
        except aiohttp.ClientError:
            raise NotRead("failed") from None
        raise NotRead("failed")

    @asynccontextmanager
    async def _asked(
        self, session: aiohttp.ClientSession, url: URL
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        async with session.get(
            url,
            headers={
                "Authorization": f"Bearer {self._client.token}",
                "Accept-Encoding": "identity",
            },
            allow_redirects=False,
            proxy=self._client.proxy,
            ssl=self._client.ssl or True,
        ) as answer:
            yield answer


async def _taken(answer: aiohttp.ClientResponse, most: int) -> Download:
    if answer.status != 200:  # noqa: PLR2004 - HTTP's OK; nothing else holds a file
        raise NotRead(_REFUSALS.get(answer.status, "failed"))
    if answer.content_length and answer.content_length > most:
        raise NotRead("large")
    data = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        data += piece
        if len(data) > most:
            raise NotRead("large")
    return Download(bytes(data), answer.content_type.lower())
