"""Recognises API keys that were pasted where a name belongs, so that no message repeats them."""

from __future__ import annotations

import re
from typing import Final

from moa.redaction import HIDDEN, redacted, remember

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY: Final = re.compile(
    r"(?:sk|pk|rk|gsk|xai|pplx|nvapi|csk|fw|tgp|hf|r8|gh[opsu]|github_pat|glpat|xox[a-z]|xapp)"
    r"[-_][\w.-]{12,}"
    r"|(?:AIza|AKIA|ASIA|ABSK|ya29\.|eyJ)[\w.=-]{12,}"
    r"|[0-9a-fA-F]{32,}"
)
"""A vendor's prefix and a long rest. Names of models and variables don't look like this."""

_MIXED: Final = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9]{20,}")


def looks_like_key(text: str) -> bool:
    """Return whether the text looks like an API key instead of a name."""
    text = text.strip()
    return bool(_KEY.fullmatch(text) or _MIXED.fullmatch(text))


def shown(text: str) -> str:
    """Return the text for a message, or `[hidden]` if it looks like a key."""
    if looks_like_key(text):
        remember(text.strip())
        return HIDDEN
    return text


def name_problem(text: str) -> str | None:
    """Return why this can't be the name of an environment variable; None if it can."""
    if looks_like_key(text) or (redacted(text) != text and not text.isupper()):
        remember(text.strip())
        return (
            "holds a name of an environment variable, not a key. Put the key in the environment "
            'or in .env, such as MODEL_KEY=…, and write api_key_env = "MODEL_KEY"'
        )
    if not _VARIABLE.fullmatch(text):
        return (
            "must be the name of an environment variable: letters, digits and underscores, "
            'such as "MODEL_KEY"'
        )
    return None
