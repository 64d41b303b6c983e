"""Classifies provider errors: by code, or by phrases in the message where codes don't help.

Codes win. Phrases decide if a server sends no code, or one code for everything
(`invalid_request_error`). Sources: OpenAI "Error codes"
(https://platform.openai.com/docs/guides/error-codes), Anthropic "Errors"
(https://docs.anthropic.com/en/api/errors) and the codes in its SDK, OpenRouter "Errors"
(https://openrouter.ai/docs/api-reference/errors), llama.cpp's and vLLM's servers, and public bug
reports about Azure, Gemini, Groq, Mistral, DeepSeek, Together, Ollama, LM Studio and LiteLLM.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Final, Literal

from moa.providers.error_details import Details

Kind = Literal[
    "window",
    "request_cost",
    "moderation",
    "wrong_api",
    "input",
    "parameter",
    "model",
    "key",
    "credit",
    "loading",
    "overloaded",
    "rate",
    "path",
]
"""The kind of an error. `request_cost`: the credit doesn't cover this question. `input`: the model
doesn't support something in the question, such as an image."""

UNSUPPORTED_CODES: Final = frozenset(
    {
        "unsupported_parameter",
        "unknown_parameter",
        "unrecognized_parameter",
        "unrecognized_keys",
        "unexpected_parameter",
        "extra_forbidden",
        "value_error.extra",
    }
)

CODES: Final[Mapping[Kind, Collection[str]]] = {
    "window": (
        "context_length_exceeded",
        "string_above_max_length",
        "exceed_context_size_error",
        "request_too_large",
        "model_max_prompt_tokens_exceeded",
    ),
    "moderation": (
        "content_filter",
        "content_policy_violation",
        "contentpolicyviolationerror",
        "responsibleaipolicyviolation",
        "invalid_prompt",
        "moderation_blocked",
        "flagged_input",
        "data_inspection_failed",
        "sensitive_words_detected",
    ),
    "credit": (
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_error",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
        "linked_organization_billing_unavailable",
        "organization_on_hold",
        "budget_exceeded",
        "exceeded_current_quota_error",
    ),
    "parameter": UNSUPPORTED_CODES,
    "model": (
        "model_not_found",
        "deploymentnotfound",
        "model_decommissioned",
        "invalid_model",
        "model_not_exist",
    ),
    "key": (
        "invalid_api_key",
        "api_key_invalid",
        "authentication_error",
        "invalid_authentication_error",
        "permission_error",
        "unsupported_country_region_territory",
        "account_deactivated",
        "insufficient_permissions",
        "key_model_access_denied",
        "auth_error",
    ),
    "wrong_api": ("operationnotsupported", "unsupported_api_for_model"),
    "path": ("unknown_url",),
    "overloaded": ("overloaded_error", "engine_overloaded_error"),
}

_CLIENT: Final = frozenset(range(400, 500)) - {429}
_ANY: Final = frozenset(range(400, 600)) | {0}
_REQUEST: Final = _CLIENT | {0, 500}
_KEY: Final = frozenset({0, 400, 401, 403})
_FORBIDDEN: Final = frozenset({0, 403})
_LOADING: Final = frozenset({0, 503})
_PAGE: Final = frozenset({0, 404, 405, 501})
_NO_PAGE: Final = frozenset({404, 405})

PHRASES: Final[tuple[tuple[Kind, Collection[int], tuple[str, ...]], ...]] = (
    ("request_cost", _ANY, (r"can only afford", r"fewer max_tokens")),
    (
        "moderation",
        _REQUEST,
        (
            r"content[ _-]?(management|policy|filter|exists risk|violat)",
            r"\bmoderation\b|safety (system|filter)|guardrail|敏感内容",
            r"\b(was|been|is|input|prompt|content) flagged",
            r"(usage|acceptable use|safety|content) (polic|guideline)",
            r"(inappropriate|sensitive|prohibited|harmful) content|prohibited use",
        ),
    ),
    (
        "wrong_api",
        _REQUEST,
        (
            r"not a chat model|does(n't| not) support (the )?(chat|generate)\b",
            r"only supported in v1/|not supported in the v1/chat",
            r"(use|using|in) (the )?(v1/)?(responses|completions) (api|endpoint)",
            r"chat ?completions? operation (does not|is not|is un)",
        ),
    ),
    (
        "input",
        _REQUEST,
        (
            r"support (image|vision|audio|file|multimodal|pdf|tool)|mmproj",
            r"image (input|url)s? (is|are) not|images? (is|are) too (large|big)|image exceeds",
            r"image_url.{0,60}(expected|unknown variant|not support|invalid)",
            r"not a (multimodal|vision) model|cannot (process|read) images?|at most \d+ images?",
        ),
    ),
    (
        "parameter",
        _REQUEST,
        (
            (
                r"(unsupported|unknown|unrecogni[sz]ed|unexpected) (request )?"
                r"(parameter|argument|field|keyword|propert)"
            ),
            r"extra (inputs|fields) (are )?not permitted|UnsupportedParams",
        ),
    ),
    (
        "credit",
        _ANY,
        (
            r"insufficient (account )?(balance|credit|fund|quota)|out of credits?|余额不足",
            r"credit balance is too low|no (more |remaining )?credits",
            r"billing (hard )?limit|spend(ing)? limit|ExceededBudget",
            r"budget (has been )?exceeded|\bkey limit exceeded",
        ),
    ),
    (
        "credit",
        _REQUEST,
        (r"exceeded your (current |monthly )?(quota|credits?)|payment (required|method)",),
    ),
    (
        "key",
        _KEY,
        (
            r"(incorrect|wrong|missing|no|invalid|bad|expired) (x-)?(api[ -_]?)?(key|token)\b",
            (
                r"\b(key|token) (provided )?(is|was|has been|has) "
                r"(not valid|invalid|wrong|missing|expired|revoked|disabled)"
            ),
            r"\bkey not (valid|found)|no auth credentials|subscription key|user not found",
            r"unauthori[sz]ed|AuthenticationError|authentication (error|failed|fails|required)",
            r"\bkey (is )?not allowed to|location is not supported",
            # Amazon, Azure and Google
            r"security token included|request signature|signature expired|lacks the required data",
            r"not authorized to perform|Permission '[\w.]+' denied",
        ),
    ),
    (
        "loading",
        _ANY,
        (r"loading model|model.{0,60}\b(loading|being loaded)\b|warming up",),
    ),
    ("loading", _LOADING, (r"still loading|not (yet )?ready|starting up",)),
    (
        "overloaded",
        _ANY,
        (r"overloaded|over capacity|at capacity|no healthy upstream|server (is )?busy",),
    ),
    ("rate", _CLIENT | {0}, (r"rate[ _-]?limit|too many requests|RESOURCE_EXHAUSTED",)),
    (
        "model",
        _REQUEST,
        (
            (
                r"\b(model|deployment)s?\b.{0,90}(not (be )?found|n't exist|not exist|unknown"
                r"|decommission|deprecated|no longer available|not loaded"
                r"|is not (available|a valid|supported by this))"
            ),
            (
                r"(no such|unknown|invalid|unrecogni[sz]ed|unable to access|not a valid"
                r"|could not find( the)?) (model|deployment)\b"
            ),
            r"deployment for this resource does not exist|no models? (is |are )?loaded",
            r"no endpoints found for",
            r"model identifier is invalid|foundation model from the|on-demand throughput",
        ),
    ),
    ("model", _NO_PAGE, (r"^model: ",)),
    (
        "key",
        _FORBIDDEN,
        (
            r"(key|token|account|project|organi[sz]ation|user|team)\b.{0,60}(permission|access)",
            r"(permission|access)\b.{0,60}\b(key|token|account|project|organi[sz]ation)\b",
            r"permission[ _]denied|insufficient permissions?|access to (this |the )?model",
            r"country, region|not available in your (country|region)",
        ),
    ),
    (
        "path",
        _PAGE,
        (
            r"page not found|unknown (request )?(url|endpoint|path|route)|invalid url",
            r"cannot (post|get) |unexpected endpoint|no (such )?(route|path|endpoint) ",
            r"file not found",
        ),
    ),
    (
        "path",
        _NO_PAGE,
        (
            r"^(404:? )?(the )?(requested )?(url |resource )?(was )?not found",
            r"resource not found|method not allowed",
        ),
    ),
)
"""Kind, allowed statuses (0: inside a stream, where the status was 200) and patterns. First match
wins."""

_WINDOW: Final = re.compile(
    r"context[ _-]?(length|window|size|limit)|ContextWindowExceeded|when context the overflows"
    r"|\b(prompt|inputs?|messages?|conversation|request)\b(?:(?!max_)[^.]){0,40}"
    r"\btoo (long|large|big)"
    r"|too many (input |prompt )?tokens|(token count|input tokens?).{0,60}exceed"
    r"|exceed\w*.{0,60}(token limit|max\w* (number of )?((input|prompt|context) )?tokens)"
    r"|max\w* (prompt|input|sequence|model|context)[ _-]?(len|length|tokens)"
    r"|prompt exceeds|reduce the (length|size) of|tokens to keep from the initial prompt"
    r"|tokens.{0,40}must (be|have) (<=?|less|at most|fewer)"
    r"|must have (less|fewer) than \d+ tokens|prompt contains \d+ tokens"
    r"|longer than the (maximum )?(model|context)|exceeded model token limit"
    r"|input (text )?length|sequence length|tokens\b.{0,40}exceeds? the (limit|max)"
    r"|(shorten|reduce) (your|the) (prompt|input|message|conversation|request)"
    r"|string should have at most \d+ char",
    re.IGNORECASE | re.DOTALL,
)
_TOO_LARGE: Final = re.compile(r"request too large|tokens must be reduced", re.IGNORECASE)
_PER_MINUTE: Final = re.compile(r"rate[ _-]?limit|per[ -](minute|min)\b", re.IGNORECASE)
"""If this matches, the message is about tokens per minute, not the context window."""

_CAP: Final = re.compile(r"max_(completion_|output_|new_)?tokens", re.IGNORECASE)
_ABOUT_INPUT: Final = re.compile(r"context|prompt|input|messages", re.IGNORECASE)
_PATTERNS: Final[tuple[tuple[Kind, Collection[int], re.Pattern[str]], ...]] = tuple(
    (kind, statuses, re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL))
    for kind, statuses, patterns in PHRASES
)
_UNSUPPORTED: Final = re.compile(
    r"(unsupported|unknown|unrecogni[sz]ed|unexpected|additional) "
    r"(request )?(parameter|argument|field|keyword|propert|key|name)"
    r"|extra (inputs|fields)|not permitted|does(n't| not) (currently )?(support|accept|allow)"
    r"|(is|are) (not|no longer|currently not) (supported|accepted|allowed|available)|unsupported"
    r"|UnsupportedParams|is deprecated",
    re.IGNORECASE,
)
_NOT_PARAMETERS: Final = frozenset({"model", "prompt", "input"})


def classify(status: int, details: Details) -> Kind | None:
    """Return the kind of an error, or None if neither codes nor phrases match.

    Args:
        status: the HTTP status; 0 inside a stream.
        details: the parsed error body.
    """
    kinds = _match_phrases(status, details.text)
    for kind in _PHRASES_FIRST:
        if kind in kinds:
            return kind
    for kind, codes in CODES.items():
        if not details.codes.isdisjoint(codes):
            return kind
    if is_context_overflow(status, details.text):
        return "window"
    names = [name for name in details.params if name not in _NOT_PARAMETERS]
    if names and is_unsupported_parameter(details) and status in _REQUEST:
        return "parameter"
    return next(iter(kinds), None)


_PHRASES_FIRST: Final[tuple[Kind, ...]] = ("request_cost", "moderation")
"""Phrases beat codes for these: gateways send them with the code of a bad key."""


def is_context_overflow(status: int, text: str) -> bool:
    """Return whether the text says that the question exceeds the context window."""
    if status == HTTPStatus.TOO_MANY_REQUESTS or _PER_MINUTE.search(text):
        return bool(_TOO_LARGE.search(text))
    if status in {401, 402, 403} or not _WINDOW.search(text):
        return False
    return not _CAP.search(text) or bool(_ABOUT_INPUT.search(text))


def is_unsupported_parameter(details: Details) -> bool:
    """Return whether the parameter itself is rejected, not just its value."""
    return bool(details.codes & UNSUPPORTED_CODES or _UNSUPPORTED.search(details.text))


def _match_phrases(status: int, text: str) -> list[Kind]:
    return [
        kind for kind, statuses, pattern in _PATTERNS if status in statuses and pattern.search(text)
    ]
