"""Calls of models on a server that rejects parameters."""

from __future__ import annotations

from typing import Any

from moa import Profile
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from tests.moa.provider_calls import SAMPLING
from tests.models import ModelServer, Reply, Status

CAP = SAMPLING.max_output_tokens
SENT = ("temperature", "stream_options", "max_tokens", "max_completion_tokens")


def refusing(body: Any, status: int = 400) -> Reply:
    return Reply(fault=Status(status, body))


def located(status_type: str, message: str, *loc: str) -> dict[str, Any]:
    """Return the error in FastAPI's form."""
    return {"detail": [{"type": status_type, "loc": list(loc), "msg": message, "input": {"a": 1}}]}


def model_at(
    server: ModelServer, endpoints: Endpoints, provider: str = "openai", **settings: Any
) -> ProvidedModel:
    url = server.openai_url if provider == "openai" else server.anthropic_url
    settings = {"model": "m", "base_url": url, "api_key": "k", "reasoning_tokens": 0, **settings}
    return build(ModelSpec(provider=provider, **settings), Profile("m"), endpoints)


def sent(server: ModelServer) -> list[dict[str, Any]]:
    """Return each request's parameters that a server may reject."""
    return [{k: r.body[k] for k in SENT if k in r.body} for r in server.requests]
