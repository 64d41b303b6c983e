"""OpenAI's Chat Completions, and every server that speaks them: choose it by `base_url`.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from moa.ports import Profile
from moa.providers import sdk_client
from moa.providers.chat_codec import ChatDecoder, chat_turns
from moa.providers.endpoints import Endpoints, checked_address, checked_key
from moa.providers.parameters import REASONING_TOKENS, Parameters, allowance, post
from moa.providers.response_reader import read_answer
from moa.thoughts.thought_filter import ThoughtHabit
from moa.types import Chunk, Prompt, Sampling

if TYPE_CHECKING:
    import httpx2

__all__ = ["REASONING_TOKENS", "OpenAIModel"]

_OWN_DOMAIN: Final = ".openai.com"
_WITHOUT_REASONING: Final = ("gpt-3", "gpt-4", "chatgpt-4")


class OpenAIModel:
    """A model behind Chat Completions.

    Reasoning models count what they think against the output limit, and one that thinks up 800
    tokens answers nothing. So `reasoning_tokens` are added to the limit, at every address (8,192
    unless set, at most a quarter of the context window; none for the gpt-3 and gpt-4 families,
    which do not reason). They cost only when they are used.

    A parameter that the server does not know is renamed or left out, and so it stays for the
    questions that follow; see `moa.providers.parameters`.

    Args:
        profile: what is known of the model without asking it.
        model: the provider's own name.
        endpoints: holds the client; models share it.
        base_url: a server's address up to `/v1`; None for OpenAI's, or for `OPENAI_BASE_URL`.
        api_key: None for `OPENAI_API_KEY`, which is never sent to a `base_url` given here.
        timeout_s: the longest silence that is borne, in seconds, before and within an answer.
        reasoning_tokens: added to the output limit as an allowance for thinking.
        reasoning_effort: how hard it thinks, such as "low"; None leaves it to the model.
        omit: parameters that are never sent, such as "stream_options".
        system_role: False where the system text goes into the first user turn.
        options: put into the body of each request as they are.

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
        system_role: bool = True,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        thinks = not model.rpartition("/")[2].removeprefix("ft:").startswith(_WITHOUT_REASONING)
        spare = allowance(reasoning_tokens, profile.context_window, thinks=thinks)
        self._profile = replace(profile, reasoning_tokens=spare)
        self._model = model
        self._endpoints = endpoints
        self._base_url = checked_address(base_url)
        self._api_key = checked_key(api_key)
        self._timeout_s = timeout_s
        self._reasoning_effort = reasoning_effort
        self._parameters = Parameters(omit, system_role=system_role)
        self._options = dict(options or {})
        self._habit = ThoughtHabit()

    @property
    def profile(self) -> Profile:
        """What is known of it without asking."""
        return self._profile

    def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the answer as it comes; see `moa.Model`."""
        decoder = ChatDecoder(self._model)
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
            line, self, path="/models", name=self._model, timeout_s=self._timeout_s
        )

    async def _line(self) -> sdk_client.SdkClient:
        return await self._endpoints.openai(self._base_url, self._api_key)

    async def _ask(self, prompt: Prompt, sampling: Sampling) -> httpx2.Response:
        line = await self._line()
        own = line.host.endswith(_OWN_DOMAIN)
        return await post(
            line,
            "/chat/completions",
            lambda spare: self._body(prompt, sampling, spare, own=own),
            self._parameters,
            spare=self._profile.reasoning_tokens,
            timeout_s=self._timeout_s,
        )

    def _body(self, prompt: Prompt, sampling: Sampling, spare: int, *, own: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": chat_turns(prompt, system_role=self._parameters.system_role),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if sampling.max_output_tokens is not None:
            cap = "max_completion_tokens" if own else "max_tokens"
            body[cap] = sampling.max_output_tokens + spare
        if sampling.temperature is not None and self._profile.takes_temperature:
            body["temperature"] = sampling.temperature
        if self._reasoning_effort is not None:
            body["reasoning_effort"] = self._reasoning_effort
        return body | self._options
