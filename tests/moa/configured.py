"""Builds a model from its lines in moa.toml and its variables, and calls it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from moa.access import unset_variable
from moa.catalogue import build_model
from moa.environment import lookup_in
from moa.network import Network
from moa.pipeline.config import ModelDefinition
from moa.pipeline.strict_model import parse_table
from moa.providers import Endpoints, ProvidedModel
from tests.moa.provider_calls import Collected, collect


def model_from(
    lines: str, variables: Mapping[str, str], endpoints: Endpoints | None = None
) -> ProvidedModel:
    """Return the model of a `[models.m]` table with these lines."""
    table = parse_table(ModelDefinition, tomllib.loads(lines), "models.m")
    lookup = lookup_in(variables)
    assert unset_variable(table, lookup) is None
    return build_model("m", table, endpoints or Endpoints(), lookup)


async def ask_from(lines: str, variables: Mapping[str, str] | None = None) -> Collected:
    """Return the answer of such a model, with these variables as the whole environment."""
    given = dict(variables or {})
    async with Endpoints(network=Network(lookup_in(given))) as endpoints:
        return await collect(model_from(lines, given, endpoints))
