"""Hides keys in text that reaches logs and operators."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "[hidden]"

SHORTEST: Final = 8
"""Characters of a key worth searching for: a shorter one also occurs in plain words."""

_LOOKS_SECRET: Final = re.compile(
    # A vendor's prefix: OpenAI, Anthropic, Stripe, Groq, Hugging Face, xAI, Perplexity, GitHub, …
    r"\b(?:sk|pk|rk|gsk|hf|xai|pplx|nvapi|r8|csk|fw|tgp|gh[opsu]|github_pat|glpat|xox[a-z]|xapp)"
    r"[-_][\w.~+/=-]{3,}[\w~+/=-]"
    r"|\b(?:AIza|AKIA|ASIA|ya29\.|ABSK)[\w.~+/=-]{8,}"
    r"|\beyJ[\w-]{8,}(?:\.[\w-]+)*"  # a JSON Web Token
    r"|(?<![\w*])[\w-]*\*{3,}[\w*-]*"  # masked by the provider, with its ends still shown
    r"|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    r"|(?<=://)[^\s/@]+(?=@)"
    # Long runs without spaces: letters and digits, then base64, then base64 for addresses.
    r"|(?<![\w+/-])(?=[A-Za-z+=]*\d)(?=[\d+=]*[A-Za-z])[A-Za-z0-9+=]{24,}(?![\w+/-])"
    r"|(?<![\w+/-])(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[A-Za-z0-9+/=]{40,}(?![\w+/-])"
    r"|(?<![\w+/-])(?=\S*\d)(?=[\w=-]*[a-z][A-Z])[\w=-]{32,}(?![\w+/-])"
)
_NAMED: Final = re.compile(
    r"(\b(?:bearer|basic|(?:x-)?api[-_ ]?key|access[-_ ]?token|auth[-_ ]?token|token|secret"
    r"|password|passwd|authorization|credentials?)\b[\"'`]?"
    r"(?:\s*=\s*[\"'`]?(?=\S)|(?:\s*:\s*|\s+provided\s*:?\s*|\s+)(?:bearer\s+)?[\"'`(]?(?=\S*\d)))"
    r"([^\s\"'`,;)]{6,})",
    re.IGNORECASE,
)
"""What follows a word for a key: anything after "=", else what has a digit, as few words do."""

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
    text = _LOOKS_SECRET.sub(HIDDEN, hide_known_keys(text))
    return _NAMED.sub(rf"\g<1>{HIDDEN}", text)


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
