"""Anthropic's Messages API, also as Amazon Bedrock and Google Vertex offer it.

References: https://docs.anthropic.com/en/api/messages, …/claude-on-amazon-bedrock and
…/claude-on-vertex-ai.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from moa.pipeline.provider_presets import Api
from moa.ports import Profile
from moa.providers import sdk_client
from moa.providers.address import checked_address
from moa.providers.endpoints import Endpoints, checked_key
from moa.providers.http_model import HttpModel
from moa.providers.messages_codec import MessagesDecoder, message_turns
from moa.providers.parameters import Parameters, reasoning_allowance
from moa.providers.server_access import ServerAccess
from moa.providers.surrogates import replace_surrogates
from moa.types import Prompt, Sampling

MAX_OUTPUT_TOKENS: Final = 4_096
"""The default output limit; this API requires one."""

_THINKS_ON_REQUEST: Final = re.compile(r"(^|\.|/)claude-(v?[23]\b|instant)")
"""Bedrock's ids have prefixes: `us.anthropic.claude-3-haiku-…`."""

_MODEL_PAGES: Final[Mapping[Api, str]] = {"anthropic": "/v1/models"}


class AnthropicModel(HttpModel):
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
        base_url: the server's address; None for Anthropic's, or for `ANTHROPIC_BASE_URL`. May hold
            credentials and a query.
        api_key: None for `ANTHROPIC_API_KEY`, which is never sent to a `base_url` given here.
        is_token: whether the key is a bearer token, as in `ANTHROPIC_AUTH_TOKEN`.
        headers: sent with every request.
        api: "anthropic", "bedrock" or "vertex".
        cloud: settings of Bedrock or Vertex; see `moa.providers.cloud_clients`.
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
        is_token: bool = False,
        headers: Mapping[str, str] | None = None,
        api: Api = "anthropic",
        cloud: Mapping[str, str] | None = None,
        timeout_s: float = sdk_client.DEFAULT_TIMEOUT_S,
        reasoning_tokens: int | None = None,
        reasoning_effort: str | None = None,
        omit: Collection[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> None:
        thinks = "thinking" in (options or {}) or not _THINKS_ON_REQUEST.search(model)
        allowance = reasoning_allowance(reasoning_tokens, profile.context_window, thinks=thinks)
        super().__init__(
            replace(profile, takes_temperature=False, reasoning_tokens=allowance),
            model,
            endpoints,
            ServerAccess.of(
                api,
                checked_address(base_url),
                checked_key(api_key),
                is_token=is_token,
                headers=headers,
                cloud=cloud,
            ),
            parameters=Parameters(omit),
            timeout_s=timeout_s,
            decoder=MessagesDecoder,
            path="/v1/messages",
            model_pages=_MODEL_PAGES.get(api),
        )
        self._reasoning_effort = reasoning_effort
        self._options = dict(options or {})

    def _body(
        self,
        prompt: Prompt,
        sampling: Sampling,
        allowance: int,
        host: str,  # noqa: ARG002 - the same body for every server
    ) -> dict[str, Any]:
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
