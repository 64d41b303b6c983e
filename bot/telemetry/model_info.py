"""Describes configured models for traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from moa.pipeline.config import ModelDefinition
from moa.pipeline.provider_presets import PRESETS

IN_PROCESS = frozenset({"local", "scripted"})
"""Providers whose models run in this process, without a network."""

PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A configured model, as its provider knows it.

    Attributes:
        provider: the API, as configured.
        model: the provider's model id.
        address, port: of the server, if not the provider's own.
    """

    provider: str
    model: str
    address: str | None = None
    port: int | None = None

    @classmethod
    def from_definition(cls, definition: ModelDefinition) -> Self:
        """Create it from a model's configuration."""
        address = definition.base_url or PRESETS[definition.provider].base_url
        if address is None or definition.provider in IN_PROCESS:
            return cls(definition.provider, definition.model)
        url = urlsplit(address)
        return cls(
            definition.provider, definition.model, url.hostname, url.port or PORTS.get(url.scheme)
        )

    @property
    def is_remote(self) -> bool:
        """Whether a call leaves this process."""
        return self.provider not in IN_PROCESS
