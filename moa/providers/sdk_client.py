"""Sends requests through the OpenAI and Anthropic SDKs and maps their errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from pydantic_core import from_json

from moa.errors import ModelError
from moa.providers import error_mapping
from moa.providers.burst_pacer import BurstPacer
from moa.providers.error_details import Details, as_mapping, parse_details

if TYPE_CHECKING:
    from types import ModuleType

    import anthropic
    import httpx2
    import openai

CONNECT_S: Final = 10.0
"""Connect timeout in seconds, including TLS."""

_NO_PAGE_STATUSES: Final = frozenset({400, 404, 405, 501})
"""Statuses of servers that have no page for a single model."""


REQUEST_TELEMETRY_HEADERS: Final = ("x-stainless-retry-count", "x-stainless-read-timeout")
"""Usage statistics that the SDKs add to each request; see `sdk_clients.TELEMETRY_HEADERS`."""


class SdkCallError(Exception):
    """An SDK's error, mapped. Internal to the providers: callers see its `error`.

    Attributes:
        error: the error for the model's caller.
        details: the parsed error body, used to adapt the request.
    """

    def __init__(self, error: ModelError, details: Details) -> None:
        super().__init__(str(error))
        self.error = error
        self.details = details


class SdkClient:
    """An SDK's client for one server.

    Args:
        client: the SDK's client; it holds the keys, headers, address and retry settings.
        errors: the SDK's module, for its exception types.
        base: the base class of those exceptions.
        omit_authorization: whether another header holds the key.
        rewrites_paths: whether the client itself turns an API path into the server's.
        credential_errors: what it raises if it finds no credentials, besides `base`.
        no_credentials: the error message in that case.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI | anthropic.AsyncAnthropic,
        errors: ModuleType,
        base: type[Exception],
        *,
        omit_authorization: bool = False,
        rewrites_paths: bool = False,
        credential_errors: tuple[type[Exception], ...] = (),
        no_credentials: str = "",
    ) -> None:
        import aiohttp  # noqa: PLC0415 - loaded in the thread that calls this
        import httpx2  # noqa: PLC0415 - loaded with the SDK

        from moa.providers import connection_errors  # noqa: PLC0415 - needs httpx2

        self._client = client
        self._rewrites_paths = rewrites_paths
        self._no_credentials = no_credentials
        self._urls: dict[str, str] = {}
        self._pacer = BurstPacer()
        self._sdk = errors
        self._response_type = httpx2.Response
        self._timeout_type = httpx2.Timeout
        # The openai SDK passes some aiohttp errors through and reports others as timeouts.
        self._caught = (base, httpx2.RequestError, aiohttp.ClientError, OSError)
        self._api_errors = (errors.APIError, *self._caught[1:])
        self._caught += credential_errors
        self._explain = connection_errors.explain
        omitted = (*REQUEST_TELEMETRY_HEADERS, *(["Authorization"] if omit_authorization else ()))
        self._headers = dict.fromkeys(omitted, errors.Omit())
        self._timeout_errors = (errors.APITimeoutError, httpx2.TimeoutException, TimeoutError)
        self._timeout_cache: dict[float, httpx2.Timeout] = {}

    @property
    def host(self) -> str:
        """The server's host name, configured or the SDK's default."""
        return self._client.base_url.host

    async def post(self, path: str, body: Mapping[str, Any], timeout_s: float) -> httpx2.Response:
        """Send a request and return once the response headers arrive; the body is unread.

        The SDK's generic `post` is 0.3 ms faster than `with_streaming_response`, which validates
        every message first. Keys, headers, address and errors are the same. Requests that start in
        the same moment take turns, so a burst goes out question by question.

        Raises:
            SdkCallError: the request failed.
        """
        await self._pacer.wait_turn()
        options: Any = {"timeout": self._timeout(timeout_s), "headers": self._headers}
        address = self._urls.get(path) or self._url(path)
        try:
            return await self._client.post(
                address, cast_to=self._response_type, body=body, options=options, stream=True
            )
        except self._caught as error:
            raise self._map_error(error, str(body.get("model", "")), path) from None

    async def has_model_page(self, path: str, model: str, timeout_s: float) -> bool:
        """Return whether the server describes this model at `path`; compatible servers often don't.

        Raises:
            SdkCallError: the request failed for another reason, such as a bad key.
        """
        options: Any = {"timeout": self._timeout(timeout_s), "headers": self._headers}
        page = f"{path}/{quote(model, safe='')}"
        try:
            response = await self._client.get(page, cast_to=self._response_type, options=options)
        except self._caught as error:
            if getattr(error, "status_code", None) in _NO_PAGE_STATUSES:
                return False
            raise self._map_error(error, model, page) from None
        return _describes_a_model(response)

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self._client.close()

    def _url(self, path: str) -> str:
        """Join the path to the client's base URL once, so the SDK doesn't do it per request."""
        if self._rewrites_paths:
            return self._urls.setdefault(path, path)
        base = self._client.base_url
        address = str(base.copy_with(raw_path=base.raw_path + path.lstrip("/").encode()))
        self._urls[path] = address
        return address

    def _map_error(self, error: Exception, model: str, path: str) -> SdkCallError:
        details = Details()
        if isinstance(error, self._sdk.APIStatusError):
            status = cast("openai.APIStatusError", error)
            headers = status.response.headers
            details = parse_details(_error_body(status))
            error = error_mapping.from_status(
                status.status_code, details, model=model, headers=headers
            )
        elif explained := self._explain(error, path):
            error = explained
        elif isinstance(error, self._timeout_errors):
            error = error_mapping.timed_out()
        elif isinstance(error, self._sdk.APIResponseValidationError):
            error = error_mapping.unreadable()
        elif isinstance(error, self._api_errors):
            error = error_mapping.connection_failed()
        else:
            error = error_mapping.credentials_failed(self._no_credentials)
        return SdkCallError(error, details)

    def _timeout(self, seconds: float) -> httpx2.Timeout:
        """Return a read timeout with a shorter connect timeout."""
        if seconds not in self._timeout_cache:
            self._timeout_cache[seconds] = self._timeout_type(
                seconds, connect=min(seconds, CONNECT_S)
            )
        return self._timeout_cache[seconds]


def _error_body(refused: openai.APIStatusError) -> object:
    """Return the whole error body; the SDKs keep only `error`, and drop some forms."""
    try:
        return from_json(refused.response.content)
    except ValueError:
        return refused.response.text
    except RuntimeError:  # the body couldn't be read: use what the SDK kept
        return refused.body


def _describes_a_model(response: httpx2.Response) -> bool:
    try:
        return "id" in as_mapping(response.json())
    except ValueError:
        return False
