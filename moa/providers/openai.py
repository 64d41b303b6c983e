"""OpenAI's Chat Completions, and any compatible server chosen by `base_url`.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from moa.ports import Profile
from moa.providers import sdk_client
from moa.providers.address import checked_address
from moa.providers.chat_codec import ChatDecoder, chat_turns
from moa.providers.endpoints import Endpoints, checked_key
from moa.providers.parameters import (
    REASONING_TOKENS,
    Parameters,
    SentBody,
    post,
    reasoning_allowance,
)
from moa.providers.response_reader import read_answer
from moa.providers.server_access import ServerAccess
from moa.thoughts.thought_filter import OpenThoughtDetector
from moa.types import Chunk, Prompt, Sampling

if TYPE_CHECKING:
    import httpx2

__all__ = ["REASONING_TOKENS", "OpenAIModel"]

_OWN_DOMAINS: Final = (".openai.com", ".azure.com")
"""Servers that have replaced `max_tokens` by `max_completion_tokens`."""

_WITHOUT_REASONING: Final = ("gpt-3", "gpt-4", "chatgpt-4")


class OpenAIModel:
    """A model on Chat Completions.

    Reasoning counts against the output limit, so a model that reasons for 800 tokens could answer
    nothing. `reasoning_tokens` are therefore added to the limit on every server: 8,192 by default,
    at most a quarter of the context window. The gpt-3 and gpt-4 families don't reason and get none.
    Unused tokens cost nothing.

    A parameter that the server doesn't support is renamed or dropped, for later questions as well;
    see `moa.providers.parameters`.

    Args:
        profile: the model's static properties.
        model: the provider's model id.
        endpoints: holds the client that models share.
        base_url: the server's address up to `/v1`; None for OpenAI's, or for `OPENAI_BASE_URL`. May
            hold credentials and a query.
        api_key: None for `OPENAI_API_KEY`, which is never sent to a `base_url` given here.
        headers: sent with every request.
        timeout_s: read timeout in seconds, before and during an answer.
        reasoning_tokens: added to the output limit for reasoning.
        reasoning_effort: how hard the model should think, such as "low"; None for its default.
        omit: parameters never to send, such as "stream_options".
        system_role: False to put the system text into the first user turn.
        options: added to every request body unchanged.

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
        headers: Mapping[str, str] | None = None,
        timeout_s: float = sdk_client.DEFAULT_TIMEOUT_S,
        reasoning_tokens: int | None = None,
        reasoning_effort: str | None = None,
        omit: Collection[str] = (),
        system_role: bool = True,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        thinks = not model.rpartition("/")[2].removeprefix("ft:").startswith(_WITHOUT_REASONING)
        allowance = reasoning_allowance(reasoning_tokens, profile.context_window, thinks=thinks)
        self._profile = replace(profile, reasoning_tokens=allowance)
        self._model = model
        self._endpoints = endpoints
        self._access = ServerAccess.of(
            "openai", checked_address(base_url), checked_key(api_key), headers=headers
        )
        self._timeout_s = timeout_s
        self._reasoning_effort = reasoning_effort
        self._parameters = Parameters(omit, system_role=system_role)
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
            partial(ChatDecoder, self._model),
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
            client, self, path="/models", name=self._model, timeout_s=self._timeout_s
        )

    async def _client(self) -> sdk_client.SdkClient:
        return await self._endpoints.client(self._access)

    async def _send(self, prompt: Prompt, sampling: Sampling, sent: SentBody) -> httpx2.Response:
        client = await self._client()
        own = client.host.endswith(_OWN_DOMAINS)
        return await post(
            client,
            "/chat/completions",
            lambda allowance: self._body(prompt, sampling, allowance, own=own),
            self._parameters,
            allowance=self._profile.reasoning_tokens,
            timeout_s=self._timeout_s,
            sent_body=sent,
        )

    def _body(
        self, prompt: Prompt, sampling: Sampling, allowance: int, *, own: bool
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": chat_turns(prompt, system_role=self._parameters.system_role),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if sampling.max_output_tokens is not None:
            cap = "max_completion_tokens" if own else "max_tokens"
            body[cap] = sampling.max_output_tokens + allowance
        if sampling.temperature is not None and self._profile.takes_temperature:
            body["temperature"] = sampling.temperature
        if self._reasoning_effort is not None:
            body["reasoning_effort"] = self._reasoning_effort
        return body | self._options
