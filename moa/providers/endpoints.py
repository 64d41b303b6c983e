"""Shares SDK clients and their connection pools between questions, one per server and key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Self

from moa.environment import lookup_in
from moa.network import Network
from moa.pipeline.provider_presets import Api
from moa.providers import cloud_clients, prices, sdk_clients
from moa.providers.sdk_client import SdkClient
from moa.providers.server_access import ServerAccess

if TYPE_CHECKING:
    from moa.providers.llama import LocalServer

_Build = Callable[[ServerAccess, Network], SdkClient]

_BUILDERS: Final[Mapping[Api, _Build]] = {
    "openai": sdk_clients.openai_client,
    "anthropic": sdk_clients.anthropic_client,
    "bedrock": cloud_clients.bedrock_client,
    "vertex": cloud_clients.vertex_client,
}


class Endpoints:
    """Clients, their connections and the embedded server, shared by all questions.

    Built on first use, in a thread: importing an SDK takes up to three seconds and a TLS context 70
    ms. Use it as a context manager or call `aclose`. It belongs to the event loop that first uses
    it.

    Args:
        network: the proxies and certificates to use; by default the process's environment's.
    """

    def __init__(self, *, network: Network | None = None) -> None:
        self._network = network or Network(lookup_in())
        self._clients: dict[ServerAccess, SdkClient] = {}
        self._building = asyncio.Lock()
        self._local: LocalServer | None = None

    async def client(self, access: ServerAccess) -> SdkClient:
        """Return the client for a server and key.

        Raises:
            Rejected: no key is set (`auth`), or a setting of the network can't be used.
        """
        client = self._clients.get(access)
        if client is None:
            async with self._building:
                client = self._clients.get(access)
                if client is None:
                    build = _BUILDERS[access.api]
                    client = await asyncio.to_thread(build, access, self._network)
                    await asyncio.to_thread(prices.load)
                    self._clients[access] = client
        return client

    @property
    def local(self) -> LocalServer:
        """The embedded model's server; it loads on its first call."""
        if self._local is None:
            from moa.providers.llama import LocalServer  # noqa: PLC0415 - imported on first use

            self._local = LocalServer()
        return self._local

    async def aclose(self) -> None:
        """Close every connection and unload the embedded model."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()
        local, self._local = self._local, None
        if local is not None:
            await local.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
