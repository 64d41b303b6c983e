"""A small open model in this process, to try the product without a key.

It runs SmolLM2-135M-Instruct with llama.cpp (xllamacpp). It proves the wiring, not the quality.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from moa.pipeline.prompts import BRIEF, without_images
from moa.ports import Profile
from moa.providers import error_mapping
from moa.providers.answer_guard import AnswerGuard
from moa.providers.chat_codec import ChatDecoder, chat_turns
from moa.providers.clean_chunks import ChunkCleaner
from moa.providers.endpoints import Endpoints
from moa.providers.english import only_english_reply
from moa.providers.llama import CONTEXT_WINDOW, Generation, find_model
from moa.thoughts.thought_filter import OpenThoughtDetector
from moa.types import Chunk, Prompt, Sampling

MODEL_NAME: Final = "SmolLM2-135M-Instruct"

MAX_OUTPUT_TOKENS: Final = 512
"""The default output limit: without one, such a small model may never stop."""

TEMPERATURE: Final = 0.2
"""The default for every role, as the model's authors recommend
(https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct)."""

AGAINST_REPETITION: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "dry_multiplier": 0.8,
        "dry_base": 1.75,
        "dry_allowed_length": 8,
        "dry_penalty_last_n": 256,
        # By default a line end interrupts a repetition, so lines would be repeated without end.
        "dry_sequence_breakers": ["<|im_end|>"],
    }
)
"""Sampling that makes repetitions unlikely (DRY,
https://github.com/oobabooga/text-generation-webui/pull/5677)."""


class LocalModel:
    """The embedded model. It gets short prompts, and answers only in English.

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
        self._profile = replace(
            profile,
            context_window=min(profile.context_window, CONTEXT_WINDOW),
            temperature=TEMPERATURE if profile.temperature is None else profile.temperature,
            takes_images=False,
            brief_prompts=True,
        )
        self._endpoints = endpoints
        self._options = dict(options or {})
        self._open_thoughts = OpenThoughtDetector()

    @property
    def profile(self) -> Profile:
        """The model's static properties."""
        return self._profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Send the prompt and stream the answer; see `moa.Model`.

        A question in another language is answered by a sentence that says that it can't be.
        """
        if reply := only_english_reply(prompt.messages[-1].content):
            yield Chunk(reply, stop="end")
            return
        generation = await self._endpoints.local.start_generation(self._body(prompt, sampling))
        try:
            async for chunk in self._chunks(generation):
                yield chunk
        finally:
            generation.stop()

    async def prepare(self) -> None:
        """Load the model, which takes one to two seconds."""
        await self._endpoints.local.load()

    async def probe(self) -> None:
        """Check that the model loads."""
        await self._endpoints.local.load()

    async def _chunks(self, generation: Generation) -> AsyncGenerator[Chunk, None]:
        """Yield the answer's chunks, up to where it begins to repeat itself."""
        decoder, cleaner = ChatDecoder(MODEL_NAME), ChunkCleaner(self._open_thoughts)
        guard = AnswerGuard([BRIEF])
        while events := await generation.next_events():
            if chunk := decoder.decode(events):
                cleaned = cleaner.clean(chunk)
                yield replace(cleaned, text=guard.filter(cleaned.text))
            if decoder.error:
                raise decoder.error
            if guard.is_looping:
                yield Chunk(guard.flush(), stop="end")
                return
        if decoder.stop is None:
            raise error_mapping.cut_off()
        last = cleaner.finish(decoder.final_chunk())
        yield replace(last, text=guard.filter(last.text) + guard.flush())

    def _body(self, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        body: dict[str, Any] = {
            **AGAINST_REPETITION,
            "messages": chat_turns(without_images(prompt)),
            "max_tokens": sampling.max_output_tokens or MAX_OUTPUT_TOKENS,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # callbacks while the prompt is read let it stop
        }
        if sampling.temperature is not None:
            body["temperature"] = sampling.temperature
        return body | self._options
