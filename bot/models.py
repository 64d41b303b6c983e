"""Builds the live models from the bot's settings."""

from __future__ import annotations

from bot.settings import Settings
from moa.catalogue import ModelCatalogue
from moa.providers import Endpoints

KEY_SOURCE = "in the environment or in .env"


def model_catalogue(settings: Settings, endpoints: Endpoints) -> ModelCatalogue:
    """Return the models and pipelines of the settings. `endpoints` owns their connections."""
    return ModelCatalogue(settings.config, endpoints, settings.secret, key_source=KEY_SOURCE)
