"""How what goes wrong at a model's server is sorted into the errors of `moa.errors`.

Sorted by status and by the machine-readable `code`, `type` and `error_code` of the body, never by
the words of a message. Sources: OpenAI "Error codes"
(https://platform.openai.com/docs/guides/error-codes), Anthropic "Errors"
(https://docs.anthropic.com/en/api/errors) with the literal codes of its SDK, and llama.cpp's
`exceed_context_size_error`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from moa.errors import ModelError, Overflow, RateLimited, Rejected, Unavailable
from moa.providers.waiting import retry_after

_OVERFLOW: Final = frozenset(
    {
        "context_length_exceeded",
        "string_above_max_length",
        "exceed_context_size_error",
        "request_too_large",
    }
)
_QUOTA: Final = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_error",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
        "linked_organization_billing_unavailable",
        "organization_on_hold",
    }
)
_OVERLOADED_WORDS: Final = frozenset({"overloaded_error"})
_WORTH_WAITING: Final = (RateLimited, Unavailable)
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class _Sort:
    """An error, its `error_kind` (None: the error's own) and its sentence."""

    error: type[ModelError]
    kind: str | None
    sentence: str


_INVALID: Final = _Sort(
    Rejected,
    None,
    "The model's server does not accept the request ({status}). "
    "Check the model's name and the options that are set for it.",
)
_KEY_REFUSED: Final = _Sort(
    Rejected, "auth", "The key was refused (401). Check the key that is set for this model."
)
_KEY_TOO_WEAK: Final = _Sort(
    Rejected, "auth", 'The key that is set may not use the model "{model}" (403).'
)
_NO_QUOTA: Final = _Sort(
    Rejected,
    "quota",
    "The account's quota is used up ({status}). Its owner can add credit or raise its limit.",
)
_NO_MODEL: Final = _Sort(
    Rejected,
    "not_found",
    'There is no model named "{model}" at this server (404). '
    "Check the model's name and its base_url.",
)
_TOO_LONG: Final = _Sort(Overflow, None, "The conversation is too long for the model ({status}).")
_TOO_MANY: Final = _Sort(
    RateLimited, None, "The model's server takes no more requests for now (429)."
)
_FAILED: Final = _Sort(Unavailable, None, "The model's server failed ({status}). Ask again.")
_OVERLOADED: Final = _Sort(
    Unavailable, "overloaded", "The model's server is overloaded ({status}). Ask again later."
)
_GAVE_UP: Final = _Sort(
    Unavailable, "timeout", "The model's server gave up waiting ({status}). Ask again."
)

_BY_WORD: Final = (
    (_OVERFLOW, _TOO_LONG),
    (_QUOTA, _NO_QUOTA),
    (_OVERLOADED_WORDS, _OVERLOADED),
)
_BY_STATUS: Final[Mapping[int, _Sort]] = {
    401: _KEY_REFUSED,
    402: _NO_QUOTA,
    403: _KEY_TOO_WEAK,
    404: _NO_MODEL,
    408: _GAVE_UP,
    409: _FAILED,
    413: _TOO_LONG,
    429: _TOO_MANY,
    503: _OVERLOADED,
    504: _GAVE_UP,
    529: _OVERLOADED,
}

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

_PLAIN_CODE: Final = re.compile(r"[\w.\-]{1,64}")
_ERRORS: Final = range(400, 600)


@dataclass(frozen=True, slots=True)
class Details:
    """What a server's error says for machines; empty where it says nothing."""

    code: str = ""
    type: str = ""
    param: str = ""

    @property
    def words(self) -> frozenset[str]:
        """Both words by which it can be sorted."""
        return frozenset({self.code, self.type})


def details_of(body: object) -> Details:
    """Read them from an error body: OpenAI's form, Anthropic's, or one without a wrapper."""
    error = as_mapping(as_mapping(body).get("error")) or as_mapping(body)
    code = error.get("code") or as_mapping(error.get("details")).get("error_code")
    return Details(_word(code), _word(error.get("type")), _word(error.get("param")))


def as_mapping(value: object) -> Mapping[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _word(value: object) -> str:
    # A hostile server may write anything here; only what looks like a code is kept.
    text = str(value) if isinstance(value, str | int) else ""
    return text if _PLAIN_CODE.fullmatch(text) else ""


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
    sort = _sort_of(status, details)
    return sort.error(
        sort.sentence.format(status=status, model=model),
        kind=sort.kind,
        status=status,
        code=details.code or details.type or None,
        retry_after=retry_after(headers or {}) if sort.error in _WORTH_WAITING else None,
    )


def within_stream(body: object, *, model: str) -> ModelError:
    """The error for an error object that came after the status had said that all is well."""
    details = details_of(body)
    status = int(details.code) if details.code.isdecimal() else 0
    if status not in _ERRORS:
        status = next((_STATUS_OF[w] for w in details.words if w in _STATUS_OF), 500)
    return of_status(status, details, model=model)


def _sort_of(status: int, details: Details) -> _Sort:
    for words, sort in _BY_WORD:
        if details.words & words:
            return sort
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
