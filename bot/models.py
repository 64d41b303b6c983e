"""Builds the live models from the bot's settings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.settings import Settings
from moa.catalogue import ModelCatalogue
from moa.providers import Endpoints, ProvidedModel

KEY_SOURCE = "in the environment or in .env"

NO_MODELS: Final[Mapping[str, ProvidedModel]] = MappingProxyType({})


def model_catalogue(
    settings: Settings, endpoints: Endpoints, models: Mapping[str, ProvidedModel] = NO_MODELS
) -> ModelCatalogue:
    """Return the models and pipelines of the settings. `endpoints` owns their connections.

    `models` replace those of the same name.
    """
    return ModelCatalogue(
        settings.config, endpoints, settings.secret, key_source=KEY_SOURCE, models=models
    )
