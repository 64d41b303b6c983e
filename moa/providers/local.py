"""A small open model in this process, to try the product without a key.

It runs SmolLM2-135M-Instruct with llama.cpp (xllamacpp). It proves the wiring, not the quality.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any, Final

from moa.pipeline.prompts import without_images
from moa.ports import Profile
from moa.providers import error_mapping
from moa.providers.chat_codec import ChatDecoder, chat_turns
from moa.providers.clean_chunks import ChunkCleaner
from moa.providers.endpoints import Endpoints
from moa.providers.llama import CONTEXT_WINDOW, find_model
from moa.thoughts.thought_filter import OpenThoughtDetector
from moa.types import Chunk, Prompt, Sampling

MODEL_NAME: Final = "SmolLM2-135M-Instruct"

MAX_OUTPUT_TOKENS: Final = 512
"""The default output limit: without one, such a small model may never stop."""


class LocalModel:
    """The embedded model.

    Args:
        profile: the model's static properties; the context window is capped at 4,096 tokens, and
            images aren't supported.
        endpoints: holds the server that all local models share.
        options: added to every request unchanged, such as `top_p`.

    Raises:
        PipelineError: the extra `local` isn't installed.
    """

    def __init__(
        self, profile: Profile, endpoints: Endpoints, *, options: Mapping[str, Any] | None = None
    ) -> None:
        find_model()
        window = min(profile.context_window, CONTEXT_WINDOW)
        self._profile = replace(profile, context_window=window, takes_images=False)
        self._endpoints = endpoints
        self._options = dict(options or {})
        self._open_thoughts = OpenThoughtDetector()

    @property
    def profile(self) -> Profile:
        """The model's static properties."""
        return self._profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Send the prompt and stream the answer; see `moa.Model`."""
        decoder, cleaner = ChatDecoder(MODEL_NAME), ChunkCleaner(self._open_thoughts)
        generation = await self._endpoints.local.start_generation(self._body(prompt, sampling))
        try:
            while events := await generation.next_events():
                if chunk := decoder.decode(events):
                    yield cleaner.clean(chunk)
                if decoder.error:
                    raise decoder.error
            if decoder.stop is None:
                raise error_mapping.cut_off()
            yield cleaner.finish(decoder.final_chunk())
        finally:
            generation.stop()

    async def prepare(self) -> None:
        """Load the model, which takes one to two seconds."""
        await self._endpoints.local.load()

    async def probe(self) -> None:
        """Check that the model loads."""
        await self._endpoints.local.load()

    def _body(self, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        body: dict[str, Any] = {
            "messages": chat_turns(without_images(prompt)),
            "max_tokens": sampling.max_output_tokens or MAX_OUTPUT_TOKENS,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # callbacks while the prompt is read let it stop
        }
        if sampling.temperature is not None:
            body["temperature"] = sampling.temperature
        return body | self._options
