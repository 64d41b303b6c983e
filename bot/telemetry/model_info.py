"""What traces tell of a configured model beside its calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from moa.pipeline.config import ModelDefinition

IN_PROCESS = frozenset({"local", "scripted"})
"""Providers whose models run in this process: nothing goes over a network."""

PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A configured model, as its provider knows it.

    Attributes:
        provider: which API it speaks, as in the configuration.
        model: the provider's own name for it.
        address, port: of its server, where another than the provider's own is set.
    """

    provider: str
    model: str
    address: str | None = None
    port: int | None = None

    @classmethod
    def of(cls, table: ModelDefinition) -> Self:
        """The facts in a model's table."""
        if table.base_url is None or table.provider in IN_PROCESS:
            return cls(table.provider, table.model)
        url = urlsplit(table.base_url)
        return cls(table.provider, table.model, url.hostname, url.port or PORTS.get(url.scheme))

    @property
    def is_remote(self) -> bool:
        """Whether asking it is a call to another process."""
        return self.provider not in IN_PROCESS


def model_info(tables: Mapping[str, ModelDefinition]) -> dict[str, ModelInfo]:
    """The facts of all configured models, by their configured names."""
    return {name: ModelInfo.of(table) for name, table in tables.items()}
