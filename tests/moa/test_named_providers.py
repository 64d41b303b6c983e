"""Short names for servers, headers, and credentials in addresses."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import pytest

import moa
from moa.access import base_url_of, key_variable, ollama_address
from moa.environment import lookup_in
from moa.network import Network
from moa.pipeline.config import ModelDefinition
from moa.pipeline.provider_presets import PRESETS
from moa.providers import Endpoints
from moa.providers.address import shown_address
from tests.moa.configured import ask_from, model_from
from tests.moa.provider_calls import hear
from tests.models.vendors import KEY, VendorServer

HOSTED = [name for name, preset in PRESETS.items() if preset.api == "openai" and preset.needs_key]
OWN_SERVERS = [
    n for n, preset in PRESETS.items() if preset.api == "openai" and not preset.needs_key
]


@pytest.fixture
async def server() -> AsyncGenerator[VendorServer, None]:
    async with VendorServer() as running:
        yield running


def definition(provider: str, **settings: object) -> ModelDefinition:
    return ModelDefinition.model_validate({"provider": provider, "model": "m", **settings})
