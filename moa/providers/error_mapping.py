"""Maps errors from model servers to the errors of `moa.errors`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from moa.errors import ModelError, Overflow, RateLimited, Rejected, Unavailable
from moa.providers.error_details import Details, parse_details
from moa.providers.error_table import Kind, classify
from moa.providers.retry_after import retry_after

_WORTH_WAITING: Final = (RateLimited, Unavailable)
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class _ErrorTemplate:
    """An error class with its `error_kind` (None: the default), message and `lasts` flag."""

    error: type[ModelError]
    kind: str | None
    message: str
    is_permanent: bool = False


_INVALID: Final = _ErrorTemplate(
    Rejected,
    None,
    "The model's server rejected the request ({status}). Check the model's name and its options.",
)
_FORBIDDEN: Final = _ErrorTemplate(
    Rejected,
    "auth",
    'The model\'s server refused this question (403): the key has no access to "{model}", '
    "or the question isn't allowed.",
)
_UNPAID: Final = _ErrorTemplate(
    Rejected, "quota", "The model's server requires payment ({status}). Check the account."
)
_NOT_FOUND: Final = _ErrorTemplate(
    Rejected,
    "not_found",
    'This server has no model named "{model}", or no such page (404). '
    "Check the model's name and its base_url, which often ends in /v1.",
)
_TOO_LONG: Final = _ErrorTemplate(
    Overflow, None, "The conversation is too long for the model ({status})."
)
_TOO_MANY: Final = _ErrorTemplate(
    RateLimited, None, "The model's server is rate limiting requests ({status})."
)
_FAILED: Final = _ErrorTemplate(
    Unavailable, None, "The model's server failed ({status}). Try again."
)
_OVERLOADED: Final = _ErrorTemplate(
    Unavailable, "overloaded", "The model's server is overloaded ({status}). Try again later."
)
_GAVE_UP: Final = _ErrorTemplate(
    Unavailable, "timeout", "The model's server timed out ({status}). Try again."
)

_BY_KIND: Final[Mapping[Kind, _ErrorTemplate]] = {
    "window": _TOO_LONG,
    "request_cost": _ErrorTemplate(
        Rejected,
        "quota",
        "The account's credit doesn't cover this question ({status}). Add credit, or lower "
        "max_output_tokens and reasoning_tokens.",
    ),
    "moderation": _ErrorTemplate(
        Rejected, "moderation", "The model's server refused this question's content ({status})."
    ),
    "wrong_api": _ErrorTemplate(
        Rejected,
        "wrong_api",
        'The model "{model}" isn\'t available through this API ({status}). '
        "Choose a chat model or another provider.",
        is_permanent=True,
    ),
    "input": _ErrorTemplate(
        Rejected,
        "unsupported",
        "The model doesn't support something in this question, such as an image ({status}).",
    ),
    "parameter": _ErrorTemplate(
        Rejected,
        "unsupported",
        "The model's server doesn't support a request parameter ({status}). "
        'Remove it with `omit = ["NAME"]`, or change `options`.',
    ),
    "model": _ErrorTemplate(
        Rejected,
        "not_found",
        'This server has no model named "{model}" ({status}). '
        "Check the model's name and its base_url.",
        is_permanent=True,
    ),
    "key": _ErrorTemplate(
        Rejected,
        "auth",
        'The server refused the key, or the key has no access to "{model}" ({status}). '
        "Check this model's key.",
        is_permanent=True,
    ),
    "credit": _ErrorTemplate(
        Rejected,
        "quota",
        "The account's quota is used up ({status}). Add credit or raise its limit.",
        is_permanent=True,
    ),
    "loading": _ErrorTemplate(
        Unavailable, "loading", "The model is still loading ({status}). Try again soon."
    ),
    "overloaded": _OVERLOADED,
    "rate": _TOO_MANY,
    "path": _ErrorTemplate(
        Rejected,
        "wrong_path",
        "The model's server has no such page ({status}). "
        "Check base_url: it must be the API's address, which often ends in /v1.",
    ),
}
_BY_STATUS: Final[Mapping[int, _ErrorTemplate]] = {
    401: _BY_KIND["key"],
    402: _UNPAID,
    403: _FORBIDDEN,
    404: _NOT_FOUND,
    405: _BY_KIND["path"],
    408: _GAVE_UP,
    409: _FAILED,
    413: _TOO_LONG,
    429: _TOO_MANY,
    503: _OVERLOADED,
    504: _GAVE_UP,
    529: _OVERLOADED,
}
"""The template for a status alone. 402, 403 and 404 may concern only this question: they never
last."""

_STATUS_OF: Final[Mapping[str, int]] = {
    "validationexception": 400,
    "throttlingexception": 429,
    "internalserverexception": 500,
    "modelstreamerrorexception": 500,
    "modeltimeoutexception": 504,
    "serviceunavailableexception": 503,
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "timeout_error": 504,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "tokens": 429,
    "requests": 429,
    "api_error": 500,
    "server_error": 500,
    "overloaded_error": 529,
}
"""The status an error inside a stream would have had; the response's own status was 200."""


def from_status(
    status: int, details: Details, *, model: str, headers: Mapping[str, str] | None = None
) -> ModelError:
    """Build the error for an unsuccessful response.

    Args:
        status: the HTTP status.
        details: the parsed error body.
        model: the provider's model id, for the message.
        headers: the response headers, with lower-case names; may hold `Retry-After`.
    """
    return _build_error(_select_template(status, details), status, details, model, headers or {})


def from_stream_error(body: object, *, model: str) -> ModelError:
    """Build the error for an error object inside a stream whose status was 200."""
    details = parse_details(body)
    implied = next((_STATUS_OF[c] for c in sorted(details.codes) if c in _STATUS_OF), 0)
    status = details.status or implied
    kind = classify(details.status, details)
    template = _BY_KIND[kind] if kind else _select_template(status or _SERVER_ERROR, details)
    return _build_error(template, status or _SERVER_ERROR, details, model, {})


def _build_error(
    template: _ErrorTemplate, status: int, details: Details, model: str, headers: Mapping[str, str]
) -> ModelError:
    return template.error(
        template.message.format(status=status, model=model),
        kind=template.kind,
        status=status,
        code=details.code or details.type or None,
        retry_after=retry_after(headers) if template.error in _WORTH_WAITING else None,
        reason=details.reason(status),
        is_permanent=template.is_permanent,
    )


def _select_template(status: int, details: Details) -> _ErrorTemplate:
    if kind := classify(status, details):
        return _BY_KIND[kind]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return _FAILED if status >= _SERVER_ERROR else _INVALID


def connection_failed() -> Unavailable:
    """Build the error for a connection that failed or broke before an answer."""
    return Unavailable(
        "Couldn't reach the model's server. Check its address and the network.",
        kind="connection",
    )


def proxy_failed(status: int | None) -> Unavailable:
    """Build the error for a proxy that can't be reached, or that refused with this status."""
    if status is None:
        words = "Couldn't reach the proxy. Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY."
    else:
        words = (
            f"The proxy refused the connection ({status}). Check the user name and password in "
            "HTTPS_PROXY, and whether the proxy allows this server."
        )
    return Unavailable(words, kind="proxy")


def untrusted_certificate(why: str) -> Rejected:
    """Build the error for a certificate that isn't trusted; `why` is OpenSSL's reason."""
    reason = f" ({why})" if why else ""
    return Rejected(
        f"The certificate of the model's server isn't trusted{reason}. If your company has its own "
        "certificate authority, set SSL_CERT_FILE to its certificates.",
        kind="certificate",
    )


def tls_failed() -> Unavailable:
    """Build the error for a server that doesn't speak TLS as we do."""
    return Unavailable(
        "Couldn't start an encrypted connection to the model's server. Does its address begin "
        "with http:// instead of https://?",
        kind="connection",
    )


def redirect_refused(status: int, target: str | None) -> Rejected:
    """Build the error for a redirect, which would send the key and the question elsewhere.

    Args:
        status: the redirect's status.
        target: the base URL that it leads to, if that is a plain address.
    """
    moved = f"The server moved to {target} ({status})" if target else f"The server moved ({status})"
    advice = f'base_url = "{target}"' if target else "base_url to the final address"
    return Rejected(
        f"{moved}, and redirects to other addresses aren't followed. Set {advice}.",
        kind="redirected",
        status=status,
    )


def timed_out() -> Unavailable:
    """Build the error for a server that sent nothing for the model's `timeout_s`."""
    return Unavailable("The model's server timed out.", kind="timeout")


def cut_off() -> Unavailable:
    """Build the error for a stream that ended early."""
    return Unavailable("The model's answer ended early.", kind="cut")


def unreadable() -> Unavailable:
    """Build the error for a response that isn't an answer of this API."""
    return Unavailable(
        "The model's server sent an unreadable response. Check its base_url.", kind="garbled"
    )


def missing_key(variable: str) -> Rejected:
    """Build the error for a missing key."""
    return Rejected(f"No key is set for this model. Set {variable}.", kind="auth")


def credentials_failed(words: str = "") -> Rejected:
    """Build the error for SDK credentials that failed, such as an expired profile."""
    return Rejected(words or "The SDK couldn't obtain its configured credentials.", kind="auth")


def load_failed() -> Unavailable:
    """Build the error for an embedded model that failed to load."""
    return Unavailable("Couldn't load the embedded model. Is enough memory free?")
