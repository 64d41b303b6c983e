"""Fixtures of the tests of providers."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from moa.providers import Endpoints
from tests.models import ModelServer


@pytest.fixture
async def server() -> AsyncGenerator[ModelServer, None]:
    """Return a running model server."""
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def endpoints() -> AsyncGenerator[Endpoints, None]:
    """Return the clients that models share."""
    async with Endpoints() as made:
        yield made
