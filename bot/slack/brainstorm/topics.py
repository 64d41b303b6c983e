"""Decides, by simple rules, which messages start a brainstorm or read like a topic for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REQUEST = re.compile(r"\s*brainstorm\s*[:\uff1a]\s*(.*)", re.IGNORECASE | re.DOTALL)
"""The text after a mention that starts a brainstorm."""

MAX_CHARS = 400
"""The longest message that may be a topic. Longer ones are announcements or pasted text."""

MAX_LINES = 3
MIN_WORDS, MIN_QUESTION_WORDS = 5, 3
"""The least number of words of a statement and of a question that read like a topic."""

MIN_LETTERS = 8
"""The same in letters, for scripts without spaces between words."""

_MARKUP = re.compile(r"<[^<>]*>|:[a-z0-9_+\-]+:|`[^`]*`|https?://\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][\w'\u2019-]*")
_WIDE = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_QUESTION = re.compile(r"[?\uff1f\u061f\u037e]")
_IDEA_WORDS = re.compile(
    r"\b(?:ideas?|how to|how (?:can|could|do|might|should) we)\b", re.IGNORECASE
)
_SMALL_TALK = re.compile(
    r"\W*(?:thanks?|thank you|thx|ty|cheers|lol|lmao|rofl|haha\w*|hehe\w*|ok(?:ay)?|kk?|yes|yep|"
    r"yeah|yup|no|nope|nah|sure|agreed?|same|nice|great|cool|awesome|amazing|perfect|"
    r"love (?:it|this)|"
    r"well done|good (?:job|work|morning|afternoon|evening|night|luck|one|point)|morning|hi|hello|"
    r"hey|bye|see you|congrat\w*|happy|welcome|sorry|oops|wow|omg|done|got it|will do|on it|brb|"
    r"fyi|reminder|heads up|same here|me too|i(?:'|\u2019)?m (?:out|off|late|sick|back|in))\b",
    re.IGNORECASE,
)


def requested_topic(text: str) -> str | None:
    """Return the topic of "brainstorm: TOPIC", which may be empty, or None for any other text."""
    match = REQUEST.fullmatch(text)
    return match[1].strip() if match else None


def reads_like_topic(text: str) -> bool:
    """Return whether a message, as received from Slack, may be a topic.

    It must be a question or a sentence of several words, and neither small talk nor a long text.
    """
    if "```" in text or len(text) > MAX_CHARS or len(text.strip().splitlines()) > MAX_LINES:
        return False
    bare = _MARKUP.sub(" ", text).strip()
    asks = bool(_QUESTION.search(bare) or _IDEA_WORDS.search(bare))
    if len(_WIDE.findall(bare)) >= MIN_LETTERS:
        return True
    words = len(_WORD.findall(bare))
    if words < (MIN_QUESTION_WORDS if asks else MIN_WORDS):
        return False
    return not _SMALL_TALK.match(bare)


def is_new_topic(event: Mapping[str, Any]) -> bool:
    """Return whether an event is a new message at the top of a channel that reads like a topic."""
    is_top = event.get("thread_ts") in {None, event.get("ts")}
    return (
        is_top and event.get("subtype") is None and reads_like_topic(str(event.get("text") or ""))
    )
