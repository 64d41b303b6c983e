"""A small open model within the process, so that the product can be tried with no key at all.

It is SmolLM2-135M-Instruct, run by llama.cpp (xllamacpp). It proves the wiring, not the quality.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any, Final

from moa.pipeline.prompts import without_images
from moa.ports import Profile
from moa.providers import error_mapping
from moa.providers.chat_codec import ChatDecoder, chat_turns
from moa.providers.clean_chunks import SpokenChunks
from moa.providers.endpoints import Endpoints
from moa.providers.llama import CONTEXT_WINDOW, find_model
from moa.thoughts.thought_filter import ThoughtHabit
from moa.types import Chunk, Prompt, Sampling

MODEL_NAME: Final = "SmolLM2-135M-Instruct"

MAX_OUTPUT_TOKENS: Final = 512
"""What it may write where nobody set a limit: left alone, so small a model goes on and on."""


class LocalModel:
    """The embedded model.

    Args:
        profile: what is known of it; its context window is cut down to 4,096 tokens, and it takes
            no images.
        endpoints: holds the server that all local models share.
        options: put into each request as they are, such as `top_p`.

    Raises:
        PipelineError: the extra `local` is not installed.
    """

    def __init__(
        self, profile: Profile, endpoints: Endpoints, *, options: Mapping[str, Any] | None = None
    ) -> None:
        find_model()
        window = min(profile.context_window, CONTEXT_WINDOW)
        self._profile = replace(profile, context_window=window, takes_images=False)
        self._endpoints = endpoints
        self._options = dict(options or {})
        self._habit = ThoughtHabit()

    @property
    def profile(self) -> Profile:
        """What is known of it without asking."""
        return self._profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the answer as it comes; see `moa.Model`."""
        decoder, spoken = ChatDecoder(MODEL_NAME), SpokenChunks(self._habit)
        talk = await self._endpoints.local.begin(self._body(prompt, sampling))
        try:
            while events := await talk.next():
                if chunk := decoder.take(events):
                    yield spoken.take(chunk)
                if decoder.fault:
                    raise decoder.fault
            if decoder.stop is None:
                raise error_mapping.cut()
            yield spoken.last(decoder.last())
        finally:
            talk.stop()

    async def prepare(self) -> None:
        """Load the model, which takes one to two seconds."""
        await self._endpoints.local.load()

    async def probe(self) -> None:
        """Prove that the model can be loaded."""
        await self._endpoints.local.load()

    def _body(self, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        body: dict[str, Any] = {
            "messages": chat_turns(without_images(prompt)),
            "max_tokens": sampling.max_output_tokens or MAX_OUTPUT_TOKENS,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # calls back while the prompt is read, so that it can stop
        }
        if sampling.temperature is not None:
            body["temperature"] = sampling.temperature
        return body | self._options
