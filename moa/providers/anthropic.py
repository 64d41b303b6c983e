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
from moa.providers.parameters import Parameters, allowance, post
from moa.providers.response_reader import read_answer
from moa.thoughts.thought_filter import ThoughtHabit
from moa.types import Chunk, Prompt, Sampling

if TYPE_CHECKING:
    import httpx2

MAX_OUTPUT_TOKENS: Final = 4_096
"""What is asked for where nobody set a limit: this API demands one."""

_THINKS_ON_REQUEST: Final = ("claude-2", "claude-3", "claude-instant")


class AnthropicModel:
    """A model behind the Messages API.

    The API has no `temperature` any more, so none is sent and the profile says so. Turns of the
    same role are merged, since it wants them to alternate, beginning with the user's.

    What a model thinks counts against its output limit, so `reasoning_tokens` are added to it
    (8,192 unless set, at most a quarter of the context window; none for Claude 2 and 3, which think
    only when `options` say so).

    Args:
        profile: what is known of the model without asking it.
        model: the provider's own name.
        endpoints: holds the client; models share it.
        base_url: a server's address; None for Anthropic's, or for `ANTHROPIC_BASE_URL`.
        api_key: None for `ANTHROPIC_API_KEY`, which is never sent to a `base_url` given here.
        timeout_s: the longest silence that is borne, in seconds, before and within an answer.
        reasoning_tokens: added to the output limit as an allowance for thinking.
        reasoning_effort: how hard it thinks, such as "low"; None leaves it to the model.
        omit: parameters that are never sent.
        options: put into the body of each request as they are, such as `thinking`.

    Raises:
        PipelineError: `base_url` is no address, or the key cannot be one.
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
        spare = allowance(reasoning_tokens, profile.context_window, thinks=thinks)
        self._profile = replace(profile, takes_temperature=False, reasoning_tokens=spare)
        self._model = model
        self._endpoints = endpoints
        self._base_url = checked_address(base_url)
        self._api_key = checked_key(api_key)
        self._timeout_s = timeout_s
        self._reasoning_effort = reasoning_effort
        self._parameters = Parameters(omit)
        self._options = dict(options or {})
        self._habit = ThoughtHabit()

    @property
    def profile(self) -> Profile:
        """What is known of it without asking."""
        return self._profile

    def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the answer as it comes; see `moa.Model`."""
        decoder = MessagesDecoder(self._model)
        return read_answer(partial(self._ask, prompt, sampling), decoder, self._habit)

    async def prepare(self) -> None:
        """Import the SDK and build the client, so that the first question need not wait.

        Raises:
            Rejected: no key is set.
        """
        await self._line()

    async def probe(self) -> None:
        """Prove that address, key and model name are right, at no cost where that can be had.

        Raises:
            ModelError: what is wrong.
        """
        line = await self._line()
        await sdk_client.probe(
            line, self, path="/v1/models", name=self._model, timeout_s=self._timeout_s
        )

    async def _line(self) -> sdk_client.SdkClient:
        return await self._endpoints.anthropic(self._base_url, self._api_key)

    async def _ask(self, prompt: Prompt, sampling: Sampling) -> httpx2.Response:
        line = await self._line()
        return await post(
            line,
            "/v1/messages",
            lambda spare: self._body(prompt, sampling, spare),
            self._parameters,
            spare=self._profile.reasoning_tokens,
            timeout_s=self._timeout_s,
        )

    def _body(self, prompt: Prompt, sampling: Sampling, spare: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": (sampling.max_output_tokens or MAX_OUTPUT_TOKENS) + spare,
            "messages": message_turns(prompt),
            "stream": True,
        }
        if prompt.system:
            body["system"] = sdk_client.utf8(prompt.system)
        if self._reasoning_effort is not None:
            body["output_config"] = {"effort": self._reasoning_effort}
        return body | self._options
