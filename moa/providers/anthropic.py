"""Anthropic's Messages API.

Reference: https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from moa.ports import Profile
from moa.providers import sdk_client
from moa.providers.endpoints import Endpoints, checked_address, checked_key
from moa.providers.messages_codec import MessagesDecoder, message_turns
from moa.providers.parameters import Parameters, SentBody, post, reasoning_allowance
from moa.providers.response_reader import read_answer
from moa.providers.surrogates import replace_surrogates
from moa.thoughts.thought_filter import OpenThoughtDetector
from moa.types import Chunk, Prompt, Sampling

if TYPE_CHECKING:
    import httpx2

MAX_OUTPUT_TOKENS: Final = 4_096
"""The default output limit; this API requires one."""

_THINKS_ON_REQUEST: Final = ("claude-2", "claude-3", "claude-instant")


class AnthropicModel:
    """A model on the Messages API.

    The API no longer accepts `temperature`, so none is sent and the profile says so. Consecutive
    turns of one role are merged: the API wants alternating turns that start with the user's.

    Reasoning counts against the output limit, so `reasoning_tokens` are added to it: 8,192 by
    default, at most a quarter of the context window. Claude 2 and 3 get none, since they reason
    only if `options` say so.

    Args:
        profile: the model's static properties.
        model: the provider's model id.
        endpoints: holds the client that models share.
        base_url: the server's address; None for Anthropic's, or for `ANTHROPIC_BASE_URL`.
        api_key: None for `ANTHROPIC_API_KEY`, which is never sent to a `base_url` given here.
        timeout_s: read timeout in seconds, before and during an answer.
        reasoning_tokens: added to the output limit for reasoning.
        reasoning_effort: how hard the model should think, such as "low"; None for its default.
        omit: parameters never to send.
        options: added to every request body unchanged, such as `thinking`.

    Raises:
        PipelineError: `base_url` or the key is invalid.
    """

    def __init__(
        self,
        profile: Profile,
        model: str,
        endpoints: Endpoints,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = sdk_client.DEFAULT_TIMEOUT_S,
        reasoning_tokens: int | None = None,
        reasoning_effort: str | None = None,
        omit: Collection[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> None:
        thinks = "thinking" in (options or {}) or not model.startswith(_THINKS_ON_REQUEST)
        allowance = reasoning_allowance(reasoning_tokens, profile.context_window, thinks=thinks)
        self._profile = replace(profile, takes_temperature=False, reasoning_tokens=allowance)
        self._model = model
        self._endpoints = endpoints
        self._base_url = checked_address(base_url)
        self._api_key = checked_key(api_key)
        self._timeout_s = timeout_s
        self._reasoning_effort = reasoning_effort
        self._parameters = Parameters(omit)
        self._options = dict(options or {})
        self._open_thoughts = OpenThoughtDetector()

    @property
    def profile(self) -> Profile:
        """The model's static properties."""
        return self._profile

    def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Send the prompt and stream the answer; see `moa.Model`."""
        sent = SentBody()
        return read_answer(
            partial(self._send, prompt, sampling, sent),
            partial(MessagesDecoder, self._model),
            self._open_thoughts,
            partial(self._parameters.learn_from_body, sent),
        )

    async def prepare(self) -> None:
        """Import the SDK and build the client before the first question.

        Raises:
            Rejected: no key is set.
        """
        await self._client()

    async def probe(self) -> None:
        """Check address, key and model name, for free if the server allows it.

        Raises:
            ModelError: the check failed.
        """
        client = await self._client()
        await sdk_client.probe(
            client, self, path="/v1/models", name=self._model, timeout_s=self._timeout_s
        )

    async def _client(self) -> sdk_client.SdkClient:
        return await self._endpoints.anthropic(self._base_url, self._api_key)

    async def _send(self, prompt: Prompt, sampling: Sampling, sent: SentBody) -> httpx2.Response:
        client = await self._client()
        return await post(
            client,
            "/v1/messages",
            lambda allowance: self._body(prompt, sampling, allowance),
            self._parameters,
            allowance=self._profile.reasoning_tokens,
            timeout_s=self._timeout_s,
            sent_body=sent,
        )

    def _body(self, prompt: Prompt, sampling: Sampling, allowance: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": (sampling.max_output_tokens or MAX_OUTPUT_TOKENS) + allowance,
            "messages": message_turns(prompt),
            "stream": True,
        }
        if prompt.system:
            body["system"] = replace_surrogates(prompt.system)
        if self._reasoning_effort is not None:
            body["output_config"] = {"effort": self._reasoning_effort}
        return body | self._options
