"""The mark that our messages carry: which run they belong to, and what they are to it.

Reading a thread with it tells a reply, which is a turn of the conversation, from a notice, which
is not. It needs the scope `metadata.message:read`; without it every message of ours is a turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REPLY = "moa_reply"
NOTICE = "moa_notice"
LEFT = "moa_left"
"""A message of an attempt that was broken off. The next attempt removes it."""

QUESTION = "moa_question"
"""A question that we posted in the name of the person who asked it by a shortcut."""

RUN, PART, END = "run_id", "part", "end"


def mark(kind: str, run_id: str, *, ends: bool = False) -> dict[str, Any]:
    """Metadata for a message that belongs to a run.

    Args:
        kind: what the message is.
        run_id: the run.
        ends: whether nothing comes after it: the reply is whole, or it was told that there is none.
    """
    return {"event_type": kind, "event_payload": {RUN: run_id} | ({PART: END} if ends else {})}


def mark_question(user: str) -> dict[str, Any]:
    """Metadata for a question that we post in somebody's name."""
    return {"event_type": QUESTION, "event_payload": {"user": user}}


def asked_by(message: Mapping[str, Any]) -> str | None:
    """The person in whose name a message of ours was posted; None for every other message."""
    return _payload(message).get("user") if _kind(message) == QUESTION else None


def run_of(message: Mapping[str, Any]) -> str | None:
    """The run that a message belongs to; None where it carries no mark, or it cannot be read."""
    return _payload(message).get(RUN)


def is_end(message: Mapping[str, Any]) -> bool:
    """Whether a message is the last one of its run."""
    return _payload(message).get(PART) == END


def is_notice(message: Mapping[str, Any]) -> bool:
    """Whether a message is a notice of ours, or was broken off, rather than a reply."""
    return _kind(message) in {NOTICE, LEFT}


def _kind(message: Mapping[str, Any]) -> object:
    return (message.get("metadata") or {}).get("event_type")


def _payload(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return (message.get("metadata") or {}).get("event_payload") or {}
