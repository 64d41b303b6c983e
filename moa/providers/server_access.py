"""A model's server and the credentials for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from moa.pipeline.provider_presets import Api

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """A server with the credentials for it. Models with equal access share their connections.

    Attributes:
        api: the API that it speaks.
        base_url: its address; None for the SDK's default.
        api_key: the key; None lets the SDK look for one if there is no `base_url`.
        is_token: whether the key is a bearer token, such as an Entra or OAuth token.
        headers: sent with every request.
        cloud: settings of a cloud provider; see `moa.providers.cloud_clients`.
    """

    api: Api
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    is_token: bool = False
    headers: Pairs = field(default=(), repr=False)
    cloud: Pairs = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        api: Api,
        base_url: str | None,
        api_key: str | None,
        *,
        is_token: bool = False,
        headers: Mapping[str, str] | None = None,
        cloud: Mapping[str, str] | None = None,
    ) -> Self:
        """Build it from mappings."""
        pairs = tuple((headers or {}).items()), tuple((cloud or {}).items())
        return cls(api, base_url, api_key, is_token, *pairs)
