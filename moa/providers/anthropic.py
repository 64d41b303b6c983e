"""Anthropic's Messages API, also as Amazon Bedrock and Google Vertex offer it.

References: https://docs.anthropic.com/en/api/messages, …/claude-on-amazon-bedrock and
…/claude-on-vertex-ai.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from moa.pipeline.provider_presets import PRESETS
from moa.ports import Profile
from moa.providers.endpoints import Endpoints
from moa.providers.http_model import HttpModel
from moa.providers.messages_codec import MessagesDecoder, message_turns
from moa.providers.model_spec import ModelSpec
from moa.providers.surrogates import replace_surrogates
from moa.types import Prompt, Sampling

MAX_OUTPUT_TOKENS: Final = 4_096
"""The default output limit; this API requires one."""

_THINKS_ON_REQUEST: Final = re.compile(r"(^|\.|/)claude-(v?[23]\b|instant)")
"""Bedrock's ids have prefixes: `us.anthropic.claude-3-haiku-…`."""


class AnthropicModel(HttpModel):
    """A model on the Messages API.

    The API no longer accepts `temperature`, so none is sent and the profile says so. Consecutive
    turns of one role are merged: the API wants alternating turns that start with the user's.

    Reasoning counts against the output limit, so `reasoning_tokens` are added to it: 8,192 by
    default, at most a quarter of the context window. Claude 2 and 3 get none, since they reason
    only if `options` say so.
    """

    _path = "/v1/messages"
    _decoder = MessagesDecoder

    def __init__(self, profile: Profile, spec: ModelSpec, endpoints: Endpoints) -> None:
        api = PRESETS[spec.provider].api
        super().__init__(
            replace(profile, takes_temperature=False),
            spec,
            endpoints,
            api=api,
            thinks="thinking" in spec.options or not _THINKS_ON_REQUEST.search(spec.model),
            model_pages="/v1/models" if api == "anthropic" else None,
        )

    def _body(
        self,
        prompt: Prompt,
        sampling: Sampling,
        allowance: int,
        host: str,  # noqa: ARG002 - the same body for every server
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._spec.model,
            "max_tokens": (sampling.max_output_tokens or MAX_OUTPUT_TOKENS) + allowance,
            "messages": message_turns(prompt),
            "stream": True,
        }
        if prompt.system:
            body["system"] = replace_surrogates(prompt.system)
        if self._spec.reasoning_effort is not None:
            body["output_config"] = {"effort": self._spec.reasoning_effort}
        return {**body, **self._spec.options}
