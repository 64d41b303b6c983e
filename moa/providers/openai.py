"""OpenAI's Chat Completions, and every server that speaks them: choose it by `base_url`.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from moa.ports import Profile
from moa.providers import sdk
from moa.providers.chat import ChatDecoder, chat_turns
from moa.providers.endpoints import Endpoints, checked_address, checked_key
from moa.providers.streaming import read_answer
from moa.thoughts import ThoughtHabit
from moa.types import Chunk, Prompt, Sampling

if TYPE_CHECKING:
    import httpx2

REASONING_TOKENS: Final = 8_192
"""Allowance for thinking at OpenAI's own address; see `OpenAIModel`."""

_BAD_REQUEST: Final = 400
_OWN_DOMAIN: Final = ".openai.com"
_WITHOUT_REASONING: Final = ("gpt-3", "gpt-4", "chatgpt-4")
_OTHER_CAP: Final = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
_ADAPTABLE: Final = frozenset({"temperature", "stream_options", *_OTHER_CAP})
_UNSUPPORTED: Final = frozenset(
    {
        "unsupported_parameter",
        "unsupported_value",
        "invalid_request_error",
    }
)


class OpenAIModel:
    """A model behind Chat Completions.

    OpenAI's reasoning models count what they think against the output limit, and one that thinks
    up 800 tokens answers nothing. So at OpenAI's own address `reasoning_tokens` are added to the
    limit (8,192 unless set; none for the gpt-3 and gpt-4 families, which do not reason). They cost
    only when they are used. At any other address nothing is added unless set.

    A parameter that the server refuses by name (`temperature`, either form of the output limit,
    `stream_options`) is renamed or left out, and so it stays for the questions that follow.

    Args:
        profile: what is known of the model without asking it.
        model: the provider's own name.
        endpoints: holds the client; models share it.
        base_url: a server's address up to `/v1`; None for OpenAI's, or for `OPENAI_BASE_URL`.
        api_key: None for `OPENAI_API_KEY`, which is never sent to a `base_url` given here.
        timeout_s: the longest silence that is borne, in seconds, before and within an answer.
        reasoning_tokens: added to the output limit as an allowance for thinking.
        options: put into the body of each request as they are, such as `reasoning_effort`.

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
        timeout_s: float = sdk.DEFAULT_TIMEOUT_S,
        reasoning_tokens: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._profile = profile
        self._model = model
        self._endpoints = endpoints
        self._base_url = checked_address(base_url)
        self._api_key = checked_key(api_key)
        self._timeout_s = timeout_s
        self._reasoning_tokens = reasoning_tokens
        self._options = dict(options or {})
        self._habit = ThoughtHabit()
        self._renamed: dict[str, str | None] = {}

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
        await sdk.probe(line, self, path="/models", name=self._model, timeout_s=self._timeout_s)

    async def _line(self) -> sdk.Line:
        return await self._endpoints.openai(self._base_url, self._api_key)

    async def _ask(self, prompt: Prompt, sampling: Sampling) -> httpx2.Response:
        line = await self._line()
        asked = self._body(prompt, sampling, own=line.host.endswith(_OWN_DOMAIN))
        while True:
            body = self._adapted(asked)
            try:
                return await line.post("/chat/completions", body, self._timeout_s)
            except sdk.SdkFaultError as refused:
                if not self._learns(refused, body):
                    raise refused.fault from None

    def _body(self, prompt: Prompt, sampling: Sampling, *, own: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": chat_turns(prompt),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if sampling.max_output_tokens is not None:
            cap = "max_completion_tokens" if own else "max_tokens"
            body[cap] = sampling.max_output_tokens + self._allowance(own=own)
        if sampling.temperature is not None and self._profile.takes_temperature:
            body["temperature"] = sampling.temperature
        return body | self._options

    def _allowance(self, *, own: bool) -> int:
        if self._reasoning_tokens is not None:
            return self._reasoning_tokens
        family = self._model.removeprefix("ft:")
        return REASONING_TOKENS if own and not family.startswith(_WITHOUT_REASONING) else 0

    def _adapted(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The body as this server takes it, by what was learnt of it so far."""
        body = dict(asked)
        for name, new_name in self._renamed.items():
            if name in body:
                value = body.pop(name)
                if new_name is not None:
                    body[new_name] = value
        return body

    def _learns(self, refused: sdk.SdkFaultError, body: Mapping[str, Any]) -> bool:
        """Whether another form of the request is worth a try, which is then the form to use."""
        name = refused.details.param
        known = name in _ADAPTABLE and name in body and refused.fault.status == _BAD_REQUEST
        if not known or not refused.details.words & _UNSUPPORTED:
            return False
        other = _OTHER_CAP.get(name)
        self._renamed[name] = None if other in self._renamed else other
        return True
