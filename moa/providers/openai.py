"""OpenAI's Chat Completions, and any compatible server chosen by `base_url`.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from typing import Any, Final

from moa.ports import Profile
from moa.providers.chat_codec import ChatDecoder, chat_turns
from moa.providers.endpoints import Endpoints
from moa.providers.http_model import HttpModel
from moa.providers.model_spec import ModelSpec
from moa.types import Prompt, Sampling

_OWN_DOMAINS: Final = (".openai.com", ".azure.com")
"""Servers that have replaced `max_tokens` by `max_completion_tokens`."""

_WITHOUT_REASONING: Final = ("gpt-3", "gpt-4", "chatgpt-4")


class OpenAIModel(HttpModel):
    """A model on Chat Completions.

    Reasoning counts against the output limit, so a model that reasons for 800 tokens could answer
    nothing. `reasoning_tokens` are therefore added to the limit on every server: 8,192 by default,
    at most a quarter of the context window. The gpt-3 and gpt-4 families don't reason and get none.
    Unused tokens cost nothing.

    A parameter that the server doesn't support is renamed or dropped, for later questions as well;
    see `moa.providers.parameters`.
    """

    _path = "/chat/completions"
    _decoder = ChatDecoder

    def __init__(self, profile: Profile, spec: ModelSpec, endpoints: Endpoints) -> None:
        name = spec.model.rpartition("/")[2].removeprefix("ft:")
        thinks = not name.startswith(_WITHOUT_REASONING)
        super().__init__(
            profile, spec, endpoints, api="openai", thinks=thinks, model_pages="/models"
        )

    def _body(
        self, prompt: Prompt, sampling: Sampling, allowance: int, host: str
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._spec.model,
            "messages": chat_turns(prompt, system_role=self._parameters.system_role),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if sampling.max_output_tokens is not None:
            own = host.endswith(_OWN_DOMAINS)
            cap = "max_completion_tokens" if own else "max_tokens"
            body[cap] = sampling.max_output_tokens + allowance
        if sampling.temperature is not None and self._profile.takes_temperature:
            body["temperature"] = sampling.temperature
        if self._spec.reasoning_effort is not None:
            body["reasoning_effort"] = self._spec.reasoning_effort
        return {**body, **self._spec.options}
