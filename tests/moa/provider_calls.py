"""Helpers that call a provider's model and collect everything it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from moa import Model, ModelError, Prompt, Sampling, Usage

QUESTION = Prompt.of("What is the capital of France?", system="Answer in one sentence.")
SAMPLING = Sampling(temperature=0.5, max_output_tokens=100)
TIMEOUT_S = 60.0
"""Timeout of a test. Nothing takes a second, except the embedded model on a busy machine."""


@dataclass(frozen=True)
class Collected:
    """Everything a model streamed."""

    text: str
    stop: str | None
    usage: Usage | None
    error: ModelError | None
    chunks: int

    @property
    def kind(self) -> tuple[str, str] | None:
        """Return the error's class and its `error_kind`."""
        return (type(self.error).__name__, self.error.error_kind) if self.error else None


async def collect(
    model: Model,
    prompt: Prompt = QUESTION,
    sampling: Sampling = SAMPLING,
    *,
    meanwhile: Callable[[], Awaitable[object]] | None = None,
) -> Collected:
    """Call a model and collect its stream; await `meanwhile` after the first chunk.

    A ModelError is collected; any other exception propagates.
    """
    texts: list[str] = []
    stop: str | None = None
    usage: Usage | None = None
    error: ModelError | None = None
    async with asyncio.timeout(TIMEOUT_S), aclosing(model.stream(prompt, sampling)) as answer:
        try:
            async for chunk in answer:
                if meanwhile is not None and not texts:
                    await meanwhile()
                texts.append(chunk.text)
                stop = chunk.stop or stop
                usage = chunk.usage or usage
        except ModelError as raised:
            error = raised
    return Collected("".join(texts), stop, usage, error, len(texts))
