"""Model servers as people run them on their own computers."""

from __future__ import annotations

from collections.abc import Mapping

from tests.models.replies import Reply
from tests.models.server import ModelServer

OLLAMA_FAMILIES = {"llama3.2:3b": "llama", "qwen2.5:7b": "qwen2", "mistral:7b": "mistral"}


def ollama(names: Mapping[str, str] | None = None, reply: Reply | None = None) -> ModelServer:
    """Start an Ollama with these models (name to family) and an embedding model.

    It has both of Ollama's APIs: the native list of models and OpenAI's.
    """
    families = {"nomic-embed-text:latest": "nomic-bert", "mxbai-large:latest": "bert"}
    families |= OLLAMA_FAMILIES if names is None else names
    tags = [
        {
            "name": name,
            "model": name,
            "size": 1_000_000 * position,
            "details": {"format": "gguf", "family": family, "families": [family]},
        }
        for position, (name, family) in enumerate(families.items(), 1)
    ]
    reply = reply or Reply(lambda request: f"Says {request.model}.")
    return ModelServer(
        dict.fromkeys(families, reply), pages={"/api/tags": {"models": tags}}, owner="library"
    )


def lm_studio() -> ModelServer:
    """Start an LM Studio with a chat model, a vision model and an embedding model."""
    kinds = {"qwen3-8b": "llm", "gemma-3-4b": "vlm", "some-vectors": "embeddings"}
    listed = [
        {"id": name, "type": kind, "state": "not-loaded", "max_context_length": 131072}
        for name, kind in kinds.items()
    ]
    listed[0] |= {"state": "loaded", "loaded_context_length": 6000}
    return ModelServer(
        dict.fromkeys(kinds, Reply("Yes.")),
        pages={"/api/v0/models": {"object": "list", "data": listed}},
        owner="organization_owner",
    )
