"""Explains why a connection failed: a redirect, a proxy, a certificate, or the server itself."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Final, TypeVar

import aiohttp

from moa.errors import ModelError
from moa.providers import error_mapping
from moa.providers.transport import RedirectedError
from moa.providers.wire_limits import FloodError

if TYPE_CHECKING:
    import httpx2

_PLAIN_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}(/[A-Za-z0-9._~/-]{0,100})?")
"""What may be quoted from a redirect: an address and nothing else."""


def explain(error: Exception, path: str) -> ModelError | None:
    """Return the error for a connection that failed; None if it is something else.

    The openai SDK reports refused connections as timeouts, so the cause decides.

    Args:
        error: what the SDK raised.
        path: the API path of the request.
    """
    if redirect := _cause(error, RedirectedError):
        target = None if redirect.target is None else base_address(redirect.target, path)
        return error_mapping.redirect_refused(redirect.status, target)
    connection = _cause(error, aiohttp.ClientError)
    match connection:
        case FloodError():
            known: ModelError | None = error_mapping.unreadable()
        case aiohttp.ClientConnectorCertificateError():
            why = _verify_message(connection.certificate_error)
            known = error_mapping.untrusted_certificate(why)
        case aiohttp.ClientConnectorSSLError():
            known = error_mapping.tls_failed()
        case aiohttp.ClientHttpProxyError():
            known = error_mapping.proxy_failed(connection.status)
        case aiohttp.ClientProxyConnectionError():
            known = error_mapping.proxy_failed(None)
        case aiohttp.ClientConnectionError() if not isinstance(connection, TimeoutError):
            known = error_mapping.connection_failed()
        case _:
            known = None
    return known


def base_address(target: httpx2.URL, path: str) -> str | None:
    """Return the `base_url` that a redirect suggests; None if it isn't a plain address.

    Args:
        target: the address of the redirect.
        path: the API path that was requested, which is no part of a `base_url`.
    """
    bare = target.copy_with(username=None, password=None, query=None, fragment=None)
    text = str(bare).rstrip("/").removesuffix(path.rstrip("/"))
    return text if _PLAIN_ADDRESS.fullmatch(text) else None


def _verify_message(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    return ""


_E = TypeVar("_E", bound=BaseException)


def _cause(error: BaseException | None, kind: type[_E]) -> _E | None:
    """Return the first error of a type in an error's cause chain."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error
