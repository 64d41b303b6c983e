"""Downloads files, and sends the bot token only to Slack's hosts.

Uses https, except for a local Slack at the configured address. Follows redirects only among Slack's
hosts, and stops a download as soon as it is too large.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.slack.files.slack_file import NotRead, Reason

SLACK: Final = "slack.com"
"""Files are on files.slack.com; a redirect may lead through the workspace's subdomain."""

REDIRECTS: Final = 3
READ_TIMEOUT_S: Final = 10.0
"""Seconds without a byte before a download fails."""

_CHUNK_BYTES: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_REFUSALS: Final[dict[int, Reason]] = {
    401: "no_access",
    403: "no_access",
    404: "deleted",
    410: "deleted",
}


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded file. `content_type` is in lower case, without parameters."""

    data: bytes
    content_type: str
    was_redirected: bool = False


class SlackFileHost:
    """Downloads files with the client's token.

    Args:
        client: provides the token, the proxy and the certificates. Its `base_url` may be a local
            Slack, whose origin is then trusted too.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._own = URL(client.base_url).origin()

    def trusted(self, address: str, base: URL | None = None) -> URL | None:
        """Return the parsed address to request, or None if it isn't Slack's.

        The request must use this result, since a second parser might see another host.

        Args:
            address: the address from Slack.
            base: for a redirect, the address that redirected.
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
        """Open the connections for the files of one question."""
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(sock_connect=READ_TIMEOUT_S, sock_read=READ_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # so that we count the bytes that arrive
            trust_env=self._client.trust_env_in_session,
        ) as session:
            yield session

    async def fetch(self, session: aiohttp.ClientSession, address: str, limit: int) -> Download:
        """Download a file.

        Args:
            session: from `session()`.
            address: the address in the file object.
            limit: maximum size in bytes.

        Raises:
            NotRead: with the reason. A sign-in page is detected later, by `decode_file`.
        """
        url = self.trusted(address)
        try:
            for redirects in range(REDIRECTS + 1):
                if url is None:
                    raise NotRead("elsewhere")
                async with self._request(session, url) as response:
                    if response.status not in _REDIRECTS:
                        body = await _read_body(response, limit)
                        return replace(body, was_redirected=redirects > 0)
                    url = self.trusted(response.headers.get("Location", ""), url)
        except TimeoutError:  # first, since aiohttp's timeouts are ClientErrors as well
            raise NotRead("slow") from None
        except aiohttp.ClientError:
            raise NotRead("failed") from None
        raise NotRead("failed")

    @asynccontextmanager
    async def _request(
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
        ) as response:
            yield response


async def _read_body(response: aiohttp.ClientResponse, limit: int) -> Download:
    if response.status != 200:  # noqa: PLR2004 - HTTP's OK; no other status has the whole file
        raise NotRead(_REFUSALS.get(response.status, "failed"))
    if response.content_length and response.content_length > limit:
        raise NotRead("large")
    data = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        data += chunk
        if len(data) > limit:
            raise NotRead("large")
    return Download(bytes(data), response.content_type.lower())
