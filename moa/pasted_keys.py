"""Recognises API keys that were pasted where a name belongs, so that no message repeats them."""

from __future__ import annotations

import re
from typing import Final

from moa.redaction import HIDDEN

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY: Final = (
    r"(?:sk|gsk|nvapi|gh[opsu]|github_pat|glpat|xox[a-z]|xapp)[-_][\w.-]{12,}"
    r"|(?:pk|rk|csk|fw|tgp|hf|r8|xai|pplx)[-_][A-Za-z0-9]{20,}"
    r"|(?:AIza|AKIA|ASIA|ABSK|ya29\.)[\w.=-]{12,}"
    r"|eyJ[\w-]{10,}\.[\w.-]*"
    r"|[0-9a-fA-F]{32,}"
    r"|(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{32,}"
)
"""A vendor's prefix and a long rest, or a long random word. Names of models and variables don't
look like this. Narrower than `moa.redaction`, because a name that is hidden can't be corrected."""

_WHOLE: Final = re.compile(_KEY)
_WITHIN: Final = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_KEY})(?![A-Za-z0-9_-])")


def looks_like_key(text: str) -> bool:
    """Return whether the text is an API key instead of a name."""
    return bool(_WHOLE.fullmatch(text.strip()))


def hide_keys(text: str) -> str:
    """Return the text with `[hidden]` for every word that looks like a key."""
    return _WITHIN.sub(HIDDEN, text)


def name_problem(text: str) -> str | None:
    """Return why this can't be the name of an environment variable; None if it can."""
    if looks_like_key(text):
        return (
            "must be the name of an environment variable, not a key. Put the key in the "
            'environment or in .env, such as MODEL_KEY=…, and write api_key_env = "MODEL_KEY"'
        )
    if not _VARIABLE.fullmatch(text):
        return (
            "must be the name of an environment variable: letters, digits and underscores, "
            'such as "MODEL_KEY"'
        )
    return None
