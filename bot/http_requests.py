"""Reads HTTP requests that may or may not be from Slack."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request

MAX_BODY_BYTES = 1_000_000
"""The largest accepted request body, in bytes. Slack's payloads stay well below."""

MAX_BUFFERED_BYTES = 16_000_000
"""The most bytes that all unfinished bodies may hold together."""

TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
TIMESTAMP_DIGITS = 12

MAX_SSL_CHECK_BYTES = 1_000
"""The largest accepted unsigned request, in bytes: "ssl_check=1" and a token."""

UNSIGNED_STATUS = 401


class RefusedRequestError(Exception):
    """A request that can't be from Slack, or exceeds the memory limit. Refused before parsing."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def unsigned() -> RefusedRequestError:
    """Return the refusal of a request without a valid signature."""
    return RefusedRequestError(UNSIGNED_STATUS, "The request isn't signed.")


def _looks_signed(request: Request) -> bool:
    """Return whether a POST has a signature and a timestamp in the form that Slack sends."""
    timestamp, signature = (request.headers.get(name, "") for name in (TIMESTAMP, SIGNATURE))
    return (
        request.method == "POST"
        and signature.startswith("v0=")
        and signature.isascii()
        and timestamp.isascii()
        and timestamp.isdigit()
        and len(timestamp) <= TIMESTAMP_DIGITS
    )


def is_signed(request: Request, body: bytes, signatures: SignatureVerifier) -> bool:
    """Return whether Slack signed this request, whose body `BodyBuffers.read` has accepted."""
    return signatures.is_valid(body, request.headers[TIMESTAMP], request.headers.get(SIGNATURE))


async def is_ssl_check(request: Request) -> bool:
    """Return whether this is Slack's unsigned check of our TLS certificate.

    Source: https://docs.slack.dev/interactivity/implementing-slash-commands, "ssl_check".
    """
    if _looks_signed(request):
        return False
    form = request.url.query.encode()
    async for chunk in request.stream():
        form += b"&" + chunk
        if len(form) > MAX_SSL_CHECK_BYTES:
            return False
    return parse_qs(form).get(b"ssl_check") == [b"1"]


@dataclass(eq=False, slots=True)
class _Body:
    """The part of a body that has arrived. `dropped` if its memory was needed elsewhere."""

    data: bytearray = field(default_factory=bytearray)
    dropped: bool = False


class BodyBuffers:
    """Reads bodies whose signature is not checked yet, and limits their total size.

    Slack's requests are small and arrive at once, so when memory runs out the largest body is
    dropped.
    """

    def __init__(self, total: int = MAX_BUFFERED_BYTES) -> None:
        self._total = total
        self.held = 0
        """Bytes held by all unfinished bodies."""
        self._bodies: set[_Body] = set()

    async def read(self, request: Request) -> bytes:
        """Return a request's body as sent: at most `MAX_BODY_BYTES` of UTF-8 text.

        Raises:
            RefusedRequestError: the request can't be from Slack, or there was no memory for it.
            ClientDisconnect: the client closed the connection or took too long.
        """
        if not _looks_signed(request):
            raise unsigned()
        _check_length(int(request.headers.get("content-length", "0")))  # h11 has checked it
        body = _Body()
        self._bodies.add(body)
        try:
            # Count bytes instead of trusting Content-Length, which a chunked request doesn't have.
            async for chunk in request.stream():
                _check_length(len(body.data) + len(chunk))
                self._append(body, chunk)
            _check_not_dropped(body)
            body.data.decode("utf-8")
            return bytes(body.data)
        except UnicodeDecodeError:
            raise RefusedRequestError(400, "The request isn't text.") from None
        finally:
            self._bodies.discard(body)
            self.held -= len(body.data)

    def _append(self, body: _Body, chunk: bytes) -> None:
        body.data += chunk
        self.held += len(chunk)
        while self.held > self._total:
            largest = max(self._bodies, key=lambda each: len(each.data))
            self.held -= len(largest.data)
            largest.data, largest.dropped = bytearray(), True
        _check_not_dropped(body)


def _check_not_dropped(body: _Body) -> None:
    if body.dropped:
        raise RefusedRequestError(503, "Too many requests are being sent.")


def _check_length(length: int) -> None:
    if length > MAX_BODY_BYTES:
        raise RefusedRequestError(413, "The request is too large.")
