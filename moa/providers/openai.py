"""OpenAI's Chat Completions, and any compatible server chosen by `base_url`.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from moa.ports import Profile
from moa.providers import sdk_client
from moa.providers.address import checked_address
from moa.providers.chat_codec import ChatDecoder, chat_turns
from moa.providers.endpoints import Endpoints, checked_key
from moa.providers.http_model import HttpModel
from moa.providers.parameters import Parameters, reasoning_allowance
from moa.providers.server_access import ServerAccess
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
        super().__init__(
            replace(profile, reasoning_tokens=allowance),
            model,
            endpoints,
            ServerAccess.of(
                "openai", checked_address(base_url), checked_key(api_key), headers=headers
            ),
            parameters=Parameters(omit, system_role=system_role),
            timeout_s=timeout_s,
            decoder=ChatDecoder,
            path="/chat/completions",
            model_pages="/models",
        )
        self._reasoning_effort = reasoning_effort
        self._options = dict(options or {})

    def _body(
        self, prompt: Prompt, sampling: Sampling, allowance: int, host: str
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
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
        if self._reasoning_effort is not None:
            body["reasoning_effort"] = self._reasoning_effort
        return body | self._options
