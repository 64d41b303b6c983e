"""A model on an HTTP API: sends the prompt and reads the answer as it streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from moa.pipeline.provider_presets import Api
from moa.ports import Profile
from moa.providers.answer_decoder import AnswerDecoder
from moa.providers.endpoints import Endpoints
from moa.providers.model_spec import ModelSpec
from moa.providers.parameters import Parameters, SentBody, post, reasoning_allowance
from moa.providers.response_reader import read_answer
from moa.providers.sdk_client import SdkCallError, SdkClient
from moa.providers.server_access import ServerAccess
from moa.thoughts.thought_filter import OpenThoughtDetector
from moa.types import Chunk, Prompt, Sampling

if TYPE_CHECKING:
    import httpx2


class HttpModel(ABC):
    """What models of all HTTP APIs share. A subclass names the API's path and its answers' decoder.

    Args:
        profile: the model's static properties.
        spec: its settings.
        endpoints: holds the client that models share.
        api: the API that its server speaks.
        thinks: whether it may reason; then its output limit is raised.
        model_pages: the page that lists models; None if the API has none.

    Raises:
        PipelineError: the address or the key is invalid.
    """

    _path: ClassVar[str]
    _decoder: ClassVar[type[AnswerDecoder]]

    def __init__(
        self,
        profile: Profile,
        spec: ModelSpec,
        endpoints: Endpoints,
        *,
        api: Api,
        thinks: bool,
        model_pages: str | None,
    ) -> None:
        allowance = reasoning_allowance(
            spec.reasoning_tokens, profile.context_window, thinks=thinks
        )
        self._profile = replace(profile, reasoning_tokens=allowance)
        self._spec = spec
        self._endpoints = endpoints
        self._access = ServerAccess.of(api, spec)
        self._parameters = Parameters(spec.omit, system_role=spec.system_role)
        self._model_pages = model_pages
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
            partial(self._decoder, self._spec.model),
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
        """Check address, key and model name: by the model's page, or else by asking for one token.

        Raises:
            ModelError: the check failed.
        """
        client, pages, spec = await self._client(), self._model_pages, self._spec
        try:
            if pages and await client.has_model_page(pages, spec.model, spec.timeout_s):
                return
        except SdkCallError as refused:
            raise refused.error from None
        one_token = Sampling(max_output_tokens=1)
        async with aclosing(self.stream(Prompt.of("Hi"), one_token)) as answer:
            async for _ in answer:
                pass

    @abstractmethod
    def _body(
        self, prompt: Prompt, sampling: Sampling, allowance: int, host: str
    ) -> dict[str, Any]:
        """Return a request body.

        Args:
            prompt: the prompt.
            sampling: its limits and temperature.
            allowance: reasoning tokens to allow besides the answer.
            host: the server's host name.
        """

    async def _client(self) -> SdkClient:
        return await self._endpoints.client(self._access)

    async def _send(self, prompt: Prompt, sampling: Sampling, sent: SentBody) -> httpx2.Response:
        client = await self._client()
        return await post(
            client,
            self._path,
            lambda allowance: self._body(prompt, sampling, allowance, client.host),
            self._parameters,
            allowance=self._profile.reasoning_tokens,
            timeout_s=self._spec.timeout_s,
            sent_body=sent,
        )
