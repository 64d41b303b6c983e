"""What the two SDKs have in common: how a request goes out, and how their errors are sorted."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import quote

from pydantic_core import from_json

from moa.errors import ModelError
from moa.providers import error_mapping
from moa.providers.burst_pacer import BurstPacer
from moa.types import Prompt, Sampling

if TYPE_CHECKING:
    from types import ModuleType

    import anthropic
    import httpx2
    import openai

    from moa.ports import Model

CONNECT_S: Final = 10.0
"""Seconds for a connection to stand, TLS included."""

DEFAULT_TIMEOUT_S: Final = 120.0
"""The longest silence that is borne from a server."""

_NO_SUCH_PAGE: Final = frozenset({400, 404, 405, 501})
"""What servers say that have no page for a single model."""


TELEMETRY: Final = ("x-stainless-retry-count", "x-stainless-read-timeout")
"""What the SDKs add to each request for their makers' statistics; see `endpoints.TELEMETRY`."""


class SdkFaultError(Exception):
    """What an SDK raised, sorted. It does not leave the providers: its `fault` does.

    Attributes:
        fault: the error for the caller of a model.
        details: what the server said for machines, from which a request may be mended.
    """

    def __init__(self, fault: ModelError, details: error_mapping.Details) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.details = details


class SdkClient:
    """One address as its SDK reaches it.

    Args:
        client: the SDK's client; keys, headers, address and retries are its own.
        errors: the SDK's module, for its exception types.
        base: what they all derive from.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI | anthropic.AsyncAnthropic,
        errors: ModuleType,
        base: type[Exception],
    ) -> None:
        import aiohttp  # noqa: PLC0415 - loaded in the thread that calls this
        import httpx2  # noqa: PLC0415 - loaded with the SDK

        from moa.providers.transport import RedirectedError  # noqa: PLC0415 - needs httpx2

        self._client = client
        self._addresses: dict[str, str] = {}
        self._pace = BurstPacer()
        self._sdk = errors
        self._plain = httpx2.Response
        self._patience = httpx2.Timeout
        # The openai SDK lets some of aiohttp's errors through, and takes others for timeouts.
        self._raised = (base, httpx2.RequestError, aiohttp.ClientError, OSError)
        self._unreachable = (errors.APIError, *self._raised[1:])
        self._unconnected = aiohttp.ClientConnectionError
        self._redirected = RedirectedError
        self._quiet = dict.fromkeys(TELEMETRY, errors.Omit())
        self._timeouts = (errors.APITimeoutError, httpx2.TimeoutException, TimeoutError)
        self._waits: dict[float, httpx2.Timeout] = {}

    @property
    def host(self) -> str:
        """The server's name, whether it was given or is the SDK's own."""
        return self._client.base_url.host

    async def post(self, path: str, body: Mapping[str, Any], timeout_s: float) -> httpx2.Response:
        """Send, and return as soon as the response's headers are there; the body is not read yet.

        The SDK's generic `post` takes 0.3 ms less than `with_streaming_response`, which checks each
        message against its types first. Keys, headers, address and errors are the same. Calls that
        begin in the same moment take turns, so that a burst is on its way question by question.

        Raises:
            SdkFaultError: whatever went wrong.
        """
        await self._pace.turn()
        options: Any = {"timeout": self._timeout(timeout_s), "headers": self._quiet}
        address = self._addresses.get(path) or self._whole(path)
        try:
            return await self._client.post(
                address, cast_to=self._plain, body=body, options=options, stream=True
            )
        except self._raised as error:
            raise self._sorted(error, str(body.get("model", ""))) from None

    async def has_page(self, path: str, model: str, timeout_s: float) -> bool:
        """Whether the server describes this model at `path`; compatible ones often have none.

        Raises:
            SdkFaultError: the server refused for another reason, such as the key.
        """
        options: Any = {"timeout": self._timeout(timeout_s)}
        page = f"{path}/{quote(model, safe='')}"
        try:
            response = await self._client.get(page, cast_to=self._plain, options=options)
        except self._raised as error:
            if getattr(error, "status_code", None) in _NO_SUCH_PAGE:
                return False
            raise self._sorted(error, model) from None
        return _describes_a_model(response)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.close()

    def _whole(self, path: str) -> str:
        """The path under the client's address, joined once and not by the SDK in each request."""
        base = self._client.base_url
        address = str(base.copy_with(raw_path=base.raw_path + path.lstrip("/").encode()))
        self._addresses[path] = address
        return address

    def _sorted(self, error: Exception, model: str) -> SdkFaultError:
        details = error_mapping.Details()
        if isinstance(error, self._sdk.APIStatusError):
            status = cast("openai.APIStatusError", error)
            headers = status.response.headers
            details = error_mapping.details_of(_body_of(status))
            fault = error_mapping.of_status(
                status.status_code, details, model=model, headers=headers
            )
        elif redirect := _cause(error, self._redirected):
            fault = error_mapping.redirected(redirect.status)
        elif isinstance(error, self._timeouts) and self._was_silent(error):
            fault = error_mapping.silent()
        elif isinstance(error, self._sdk.APIResponseValidationError):
            fault = error_mapping.garbled()
        elif isinstance(error, self._unreachable):
            fault = error_mapping.unreachable()
        else:
            fault = error_mapping.no_credentials()
        return SdkFaultError(fault, details)

    def _was_silent(self, error: Exception) -> bool:
        unconnected = _cause(error, self._unconnected)
        return unconnected is None or isinstance(unconnected, TimeoutError)

    def _timeout(self, seconds: float) -> httpx2.Timeout:
        """The longest silence, and less for a connection to stand."""
        if seconds not in self._waits:
            self._waits[seconds] = self._patience(seconds, connect=min(seconds, CONNECT_S))
        return self._waits[seconds]


_E = TypeVar("_E", bound=BaseException)


def _cause(error: BaseException | None, kind: type[_E]) -> _E | None:
    """The first error of a kind behind an error."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error


def _body_of(refused: openai.APIStatusError) -> object:
    """The whole body. The SDKs keep only what stands under `error`, and of some forms nothing."""
    try:
        return from_json(refused.response.content)
    except ValueError:
        return refused.response.text
    except RuntimeError:  # the body could not be read; the SDKs' own word for it is the error's
        return refused.body


def _describes_a_model(response: httpx2.Response) -> bool:
    try:
        return "id" in error_mapping.as_mapping(response.json())
    except ValueError:
        return False


async def probe(line: SdkClient, model: Model, *, path: str, name: str, timeout_s: float) -> None:
    """Prove that address, key and name are right: by the model's page, else by one token.

    Raises:
        ModelError: what is wrong.
    """
    try:
        known = await line.has_page(path, name, timeout_s)
    except SdkFaultError as refused:
        raise refused.fault from None
    if not known:
        async with aclosing(model.stream(Prompt.of("Hi"), Sampling(max_output_tokens=1))) as answer:
            async for _chunk in answer:
                pass


def utf8(text: str) -> str:
    """The text without lone surrogates, which no request body can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
