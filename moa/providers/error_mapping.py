"""What goes wrong at a model's server, as the errors of `moa.errors`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from moa.errors import ModelError, Overflow, RateLimited, Rejected, Unavailable
from moa.providers.error_details import Details, as_mapping, details_of
from moa.providers.error_table import Kind, kind_of
from moa.providers.retry_after import retry_after

__all__ = [
    "Details",
    "as_mapping",
    "cut",
    "details_of",
    "garbled",
    "no_credentials",
    "no_key",
    "not_loaded",
    "of_status",
    "silent",
    "unreachable",
    "within_stream",
]

_WORTH_WAITING: Final = (RateLimited, Unavailable)
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class _Sort:
    """An error, its `error_kind` (None: the error's own), its sentence, and `ModelError.lasts`."""

    error: type[ModelError]
    kind: str | None
    sentence: str
    is_permanent: bool = False


_INVALID: Final = _Sort(
    Rejected,
    None,
    "The model's server does not accept the request ({status}). "
    "Check the model's name and the options that are set for it.",
)
_FORBIDDEN: Final = _Sort(
    Rejected,
    "auth",
    'The model\'s server refused this question (403): the key may not use "{model}", '
    "or the question was not allowed.",
)
_UNPAID: Final = _Sort(
    Rejected, "quota", "The model's server wants to be paid first ({status}). Check the account."
)
_NOT_FOUND: Final = _Sort(
    Rejected,
    "not_found",
    'There is no model named "{model}" at this server, or no such page (404). '
    "Check the model's name and its base_url, which often ends in /v1.",
)
_TOO_LONG: Final = _Sort(Overflow, None, "The conversation is too long for the model ({status}).")
_TOO_MANY: Final = _Sort(
    RateLimited, None, "The model's server takes no more requests for now ({status})."
)
_FAILED: Final = _Sort(Unavailable, None, "The model's server failed ({status}). Ask again.")
_OVERLOADED: Final = _Sort(
    Unavailable, "overloaded", "The model's server is overloaded ({status}). Ask again later."
)
_GAVE_UP: Final = _Sort(
    Unavailable, "timeout", "The model's server gave up waiting ({status}). Ask again."
)

_BY_KIND: Final[Mapping[Kind, _Sort]] = {
    "window": _TOO_LONG,
    "request_cost": _Sort(
        Rejected,
        "quota",
        "The account's credit does not cover this question ({status}). Add credit, or lower "
        "max_output_tokens and reasoning_tokens.",
    ),
    "moderation": _Sort(
        Rejected, "moderation", "The model's server refused this question's content ({status})."
    ),
    "wrong_api": _Sort(
        Rejected,
        "wrong_api",
        'The model "{model}" cannot be asked through this API ({status}). '
        "Choose a chat model, or another provider for it.",
        is_permanent=True,
    ),
    "input": _Sort(
        Rejected,
        "unsupported",
        "The model cannot take something in this question, such as an image ({status}).",
    ),
    "parameter": _Sort(
        Rejected,
        "unsupported",
        "The model's server does not know a parameter of the request ({status}). "
        'Leave it out with `omit = ["NAME"]`, or change `options`.',
    ),
    "model": _Sort(
        Rejected,
        "not_found",
        'There is no model named "{model}" at this server ({status}). '
        "Check the model's name and its base_url.",
        is_permanent=True,
    ),
    "key": _Sort(
        Rejected,
        "auth",
        'The key was refused, or may not use "{model}" ({status}). '
        "Check the key that is set for this model.",
        is_permanent=True,
    ),
    "credit": _Sort(
        Rejected,
        "quota",
        "The account's quota is used up ({status}). Its owner can add credit or raise its limit.",
        is_permanent=True,
    ),
    "loading": _Sort(
        Unavailable, "loading", "The model is still being loaded ({status}). Ask again soon."
    ),
    "overloaded": _OVERLOADED,
    "rate": _TOO_MANY,
    "path": _Sort(
        Rejected,
        "wrong_path",
        "The model's server has no such page ({status}). "
        "Check base_url: it must be the address of the API, which often ends in /v1.",
    ),
}
_BY_STATUS: Final[Mapping[int, _Sort]] = {
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
"""What a status alone says. 402, 403 and 404 may be about this one question, so they never last."""

_STATUS_OF: Final[Mapping[str, int]] = {
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
"""The status that an error within a stream would have had: there, the line has said 200 already."""


def of_status(
    status: int, details: Details, *, model: str, headers: Mapping[str, str] | None = None
) -> ModelError:
    """The error for a response that is none of success.

    Args:
        status: the HTTP status.
        details: what the body says.
        model: the provider's name of the model, for the sentence.
        headers: the response's, with lower-case names; `Retry-After` is read from them.
    """
    return _raised(_sort_of(status, details), status, details, model, headers or {})


def within_stream(body: object, *, model: str) -> ModelError:
    """The error for an error object that came after the status had said that all is well."""
    details = details_of(body)
    said = next((_STATUS_OF[w] for w in sorted(details.words) if w in _STATUS_OF), 0)
    status = details.status or said
    kind = kind_of(details.status, details)
    sort = _BY_KIND[kind] if kind else _sort_of(status or _SERVER_ERROR, details)
    return _raised(sort, status or _SERVER_ERROR, details, model, {})


def _raised(
    sort: _Sort, status: int, details: Details, model: str, headers: Mapping[str, str]
) -> ModelError:
    return sort.error(
        sort.sentence.format(status=status, model=model),
        kind=sort.kind,
        status=status,
        code=details.code or details.type or None,
        retry_after=retry_after(headers) if sort.error in _WORTH_WAITING else None,
        reason=details.reason(status),
        is_permanent=sort.is_permanent,
    )


def _sort_of(status: int, details: Details) -> _Sort:
    if kind := kind_of(status, details):
        return _BY_KIND[kind]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return _FAILED if status >= _SERVER_ERROR else _INVALID


def unreachable() -> Unavailable:
    """No connection came about, or it broke before an answer."""
    return Unavailable(
        "The model's server could not be reached. Check its address and the network.",
        kind="connection",
    )


def redirected(status: int) -> Rejected:
    """The server sends requests on to another address, which would get the key and the question."""
    return Rejected(
        f"The model's server sends requests on to another address ({status}), which is not "
        "followed. Set base_url to the address that it really has.",
        kind="redirected",
        status=status,
    )


def unusable_proxy() -> Rejected:
    """The environment names a proxy that cannot be used."""
    return Rejected(
        "The proxy of the environment cannot be used. HTTPS_PROXY, HTTP_PROXY and ALL_PROXY take "
        "an http:// address.",
        kind="proxy",
    )


def silent() -> Unavailable:
    """Nothing came for longer than the model's `timeout_s`."""
    return Unavailable("The model's server was silent for too long.", kind="timeout")


def cut() -> Unavailable:
    """The answer broke off before its end."""
    return Unavailable("The model's answer broke off before its end.", kind="cut")


def garbled() -> Unavailable:
    """What came is not an answer of this API."""
    return Unavailable(
        "The model's server sent something that is no answer. Check its base_url.", kind="garbled"
    )


def no_key(variable: str) -> Rejected:
    """No key is set at all."""
    return Rejected(f"No key is set for this model. Set {variable}.", kind="auth")


def no_credentials() -> Rejected:
    """The SDK found a way to credentials, and could not go it (an expired profile, for example)."""
    return Rejected("The SDK could not obtain the credentials that it is set up for.", kind="auth")


def not_loaded() -> Unavailable:
    """The embedded model did not start."""
    return Unavailable("The embedded model could not be loaded. Is enough memory free?")
