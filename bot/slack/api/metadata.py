"""The metadata tag on our messages: their run, and whether they are a reply or a notice.

A reply is part of the conversation that models read; a notice isn't. Reading the tag needs the
scope `metadata.message:read`. Without it, all our messages count as replies.

Any app can put such a tag on its own messages, so check first that the message is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

REPLY = "moa_reply"
NOTICE = "moa_notice"
ABANDONED = "moa_left"
"""A message of an interrupted attempt. The next attempt removes it."""

QUESTION = "moa_question"
"""A question that we posted for the person who used a shortcut."""

BRAINSTORM = "moa_brainstorm"
"""One of a brainstorm's messages."""

RUN, PART, END, ABOUT, QUOTES = "run_id", "part", "end", "about", "quotes"
SESSION = "brainstorm"


def run_metadata(kind: str, run_id: str, *, ends: bool = False) -> dict[str, Any]:
    """Return the metadata tag for a message of a run.

    Args:
        kind: `REPLY`, `NOTICE` or `ABANDONED`.
        run_id: the run.
        ends: whether this is the run's last message.
    """
    return {"event_type": kind, "event_payload": {RUN: run_id} | ({PART: END} if ends else {})}


def question_metadata(
    user: str, about: str | None = None, *, quotes: bool = False
) -> dict[str, Any]:
    """Return the metadata tag for a question that we post for a user.

    Args:
        user: the asker.
        about: the ts of the message that the question is about.
        quotes: whether the question contains text that other people wrote.
    """
    payload: dict[str, Any] = {"user": user} | ({ABOUT: about} if about else {})
    return {"event_type": QUESTION, "event_payload": payload | ({QUOTES: True} if quotes else {})}


def asked_about(message: Mapping[str, Any]) -> str | None:
    """Return the ts of the message that a question we posted is about, if any."""
    return _text(message, ABOUT) if _kind(message) == QUESTION else None


def brainstorm_metadata(session_id: str, part: str) -> dict[str, Any]:
    """Return the metadata tag for one of a brainstorm's messages."""
    return {"event_type": BRAINSTORM, "event_payload": {SESSION: session_id, PART: part}}


def is_part_of(message: Mapping[str, Any], session_id: str, part: str) -> bool:
    """Return whether a message is this part of a brainstorm."""
    payload = _payload(message)
    return payload.get(SESSION) == session_id and payload.get(PART) == part


def asked_by(message: Mapping[str, Any]) -> str | None:
    """Return the user for whom we posted this question, or None for every other message."""
    return _text(message, "user") if _kind(message) == QUESTION else None


def typed_by(message: Mapping[str, Any]) -> str | None:
    """Return the user who typed all of this question; None if it quotes others."""
    return None if _payload(message).get(QUOTES) else asked_by(message)


def run_id_of(message: Mapping[str, Any]) -> str | None:
    """Return the run of a message, or None if it has no readable tag."""
    return _text(message, RUN)


def is_last_message(message: Mapping[str, Any]) -> bool:
    """Return whether a message is the last one of its run."""
    return _payload(message).get(PART) == END


def is_notice(message: Mapping[str, Any]) -> bool:
    """Return whether a message is a notice, or left over from an interrupted attempt."""
    return _kind(message) in {NOTICE, ABANDONED}


def _kind(message: Mapping[str, Any]) -> str:
    return str(_mapping(message.get("metadata")).get("event_type"))


def _text(message: Mapping[str, Any], name: str) -> str | None:
    """Return a field of the tag; None if it is missing or another app put something else there."""
    value = _payload(message).get(name)
    return value if isinstance(value, str) else None


def _payload(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(message.get("metadata")).get("event_payload"))


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
