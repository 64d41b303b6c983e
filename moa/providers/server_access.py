"""A model's server and the credentials for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from moa.errors import PipelineError
from moa.pipeline.provider_presets import Api
from moa.providers.address import checked_address
from moa.providers.model_spec import ModelSpec

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
    def of(cls, api: Api, spec: ModelSpec) -> Self:
        """Return the access that a model's settings describe.

        Raises:
            PipelineError: the address or the key is invalid.
        """
        base_url, api_key = checked_address(spec.base_url), checked_key(spec.api_key)
        pairs = tuple(spec.headers.items()), tuple(spec.cloud.items())
        return cls(api, base_url, api_key, spec.is_token, *pairs)


def checked_key(api_key: str | None) -> str | None:
    """Return the key unchanged.

    Raises:
        PipelineError: it holds something a header can't, such as a line break or a curly quote.
    """
    if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise PipelineError("The key contains an invalid character. Was it copied correctly?")
    return api_key
