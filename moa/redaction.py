"""Hides keys in text that reaches logs and operators.

No pattern here nests repetitions or looks ahead without a limit, and none restarts within a run
that it has already searched. So the time is proportional to the text's length, even if the text is
hostile.
"""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "[hidden]"

SHORTEST: Final = 8
"""Characters of a key worth searching for: a shorter one also occurs in plain words."""

_NAMES: Final = (
    r"(?:(?:x-)?api[-_ ]?key|secret[-_ ]access[-_ ]key|access[-_ ]key|subscription[-_]key"
    r"|access[-_ ]?token|auth[-_ ]?token|token|client[-_ ]secret|secret|password|passwd"
    r"|authorization|credentials?)"
)

_KNOWN: Final = re.compile(
    # A vendor's prefix: OpenAI, Anthropic, OpenRouter, Stripe, Groq, Hugging Face, xAI, Perplexity,
    # Nvidia, Replicate, Cerebras, Fireworks, Together, GitHub, GitLab, Slack, npm, PyPI, …
    r"(?<![A-Za-z0-9])(?:sk|pk|rk|gsk|hf|xai|pplx|nvapi|r8|csk|fw|tgp|gh[oprsu]|github_pat|glpat"
    r"|npm|pypi|dop_v1|xox[a-z](?:\.xox[a-z])?|xapp)"
    r"[-_][\w.~+/=-]{3,}[\w~+/=-]"
    r"|(?<![A-Za-z0-9])(?:AIza|AKIA|ASIA|ya29\.|ABSK|SG\.)[\w.~+/=-]{8,}"
    r"|\beyJ[\w-]{8,}(?:\.[\w-]+)*"  # a JSON Web Token
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
    r"(?:(?!-----END)[\s\S])*(?:-----END[A-Z0-9 ]{0,50}-----)?"
    r"|(?<=://)[^\s/?#@]+(?=@)"  # a login in an address
    r"|wss?://[^\s\"']+"  # Slack's socket addresses hold a ticket
)
"""Text that is recognised as a secret by its form alone."""

_ADDRESS: Final = re.compile(r"https?://[^\s\"']+")
_SECRET_PATH: Final = re.compile(r"/(?:response|commands|actions|services)/")
"""Paths of Slack's response_urls and webhooks: anyone with the address can post."""

_QUERY_VALUE: Final = re.compile(
    r"([?&][\w.-]{0,30}?(?:key|token|secret|sig|signature|password|passwd|auth|credential|ticket)"
    r"[\w.-]{0,30}=)[^\s&#\"'<>]+",
    re.IGNORECASE,
)

_LOOKS_SECRET: Final = re.compile(
    r"(?<![\w*-])[\w-]*\*{3,}[\w*-]*"  # masked by the provider, with its ends still shown
    r"|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    # Long runs without spaces: letters and digits, then base64, then base64 for addresses.
    r"|(?<![\w+/-])(?=[A-Za-z+]*\d)(?=[\d+]*[A-Za-z])[A-Za-z0-9+]{24,}={0,2}(?![\w+/-])"
    r"|(?<![\w+/-])(?=[A-Za-z+/]*\d)(?=[A-Z0-9+/]*[a-z])(?=[a-z0-9+/]*[A-Z])"
    r"[A-Za-z0-9+/]{40,}={0,2}(?![\w+/-])"
    r"|(?<![\w+/-])(?=(?:[^\W\d]|-)*\d)(?=[\w-]*[a-z][A-Z])[\w-]{32,}={0,2}(?![\w+/-])"
)
"""Text that may be a secret. This also matches ids, so use it only for other servers' texts."""

_NAMED: Final = re.compile(
    rf"((?<![A-Za-z0-9])(?:bearer|basic|{_NAMES})(?![A-Za-z0-9_])[\"'`]?"
    r"(?:\s{0,9}=\s{0,9}[\"'`]?(?=\S)"
    r"|(?:\s{0,9}:\s{0,9}|\s{1,9}provided(?:\s{0,9}:)?\s{0,9}|\s{1,9})"
    r"(?:(?:bearer|basic)\s{1,9})?[\"'`(]?"
    r"(?=[^\s\"'`,;)]{0,64}?(?:[\d=]|(?-i:[a-z][A-Z])))))"
    r"([^\s\"'`,;)]{6,})",
    re.IGNORECASE,
)
"""The value after a word for a key: any text after "="; otherwise only text that is no plain word,
since it has a digit, a "=" or a capital inside."""

_FIELD: Final = re.compile(rf"(?:^|[_-]){_NAMES}$", re.IGNORECASE)

_known: set[str] = set()


def remember(key: str | None) -> None:
    """Hide this key, whatever it looks like, in every later text."""
    if key and len(key) >= SHORTEST:
        _known.add(key)


def hide_known_keys(text: str) -> str:
    """Return the text with `[hidden]` for every remembered key."""
    for key in _known:
        text = text.replace(key, HIDDEN)
    return text


def redacted(text: str) -> str:
    """Return the text with `[hidden]` for every remembered key and all that looks like one."""
    return hide_secret_shapes(_LOOKS_SECRET.sub(HIDDEN, hide_known_keys(text)))


def hide_secret_shapes(text: str) -> str:
    """Return the text with `[hidden]` for every key, as shown by its form or the word before it."""
    text = _KNOWN.sub(HIDDEN, _ADDRESS.sub(_hidden_if_secret, text))
    text = _QUERY_VALUE.sub(rf"\g<1>{HIDDEN}", text)
    return _NAMED.sub(rf"\g<1>{HIDDEN}", text)


def _hidden_if_secret(address: re.Match[str]) -> str:
    return HIDDEN if _SECRET_PATH.search(address[0]) else address[0]


def is_secret_field(name: str) -> bool:
    """Return whether a field of this name holds a key or password, such as `bot_token`."""
    return bool(_FIELD.search(name))


class RedactedError(Exception):
    """Replaces an exception whose message holds a key; has its type's name and its traceback."""


def loggable(error: BaseException) -> BaseException:
    """Return the exception itself, or a `RedactedError` if it or one of its causes names a key."""
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if redacted(str(link)) != str(link):
            words = f"{type(error).__name__}: {redacted(str(error))}"
            return RedactedError(words).with_traceback(error.__traceback__)
        link = link.__cause__ or link.__context__
    return error
