"""Slack's JSON in, a Question out. What is not a question for us gives None, malformed or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.ports import Question, Surface

ASKING_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
"""Message subtypes in which a person says something new. Edits, joins and the like are not."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and every name under which Slack may bring it to us again."""

    question: Question
    keys: tuple[str, ...]


def asked_in_event(body: Mapping[str, Any], our_user: str) -> Asked | None:
    """The question in an Events API body: a mention in a channel, or any message to us directly.

    A mention arrives both as `app_mention` and as `message`, with two event ids, and an event that
    was not acknowledged arrives again with the same one: hence the keys by event id *and* by
    workspace, channel and ts.
    """
    event = body.get("event")
    if not isinstance(event, Mapping):
        return None
    surface = _surface(event)
    if surface is None or event.get("subtype") not in ASKING_SUBTYPES:
        return None
    team = body.get("team_id") or event.get("team")
    channel, user, ts, text = (event.get(name) for name in ("channel", "user", "ts", "text"))
    if not all(isinstance(value, str) and value for value in (team, channel, user, ts)):
        return None
    if event.get("bot_id") or user == our_user:
        return None
    question = Question(
        team=str(team),
        channel=str(channel),
        user=str(user),
        ts=str(ts),
        thread_ts=str(event.get("thread_ts") or ts),
        text=text if isinstance(text, str) else "",
        surface=surface,
    )
    keys = [f"message:{team}:{channel}:{ts}"]
    if isinstance(body.get("event_id"), str):
        keys.append(f"event:{body['event_id']}")
    return Asked(question, tuple(keys))


def asked_in_command(body: Mapping[str, Any], pipeline: str | None = None) -> Asked | None:
    """The question in a slash command's body. Its answer goes to the asker alone."""
    names = ("team_id", "channel_id", "user_id", "trigger_id", "text", "response_url")
    values = {name: body.get(name) for name in names}
    if not all(isinstance(value, str) and value for value in values.values()):
        return None
    stand_in = f"command-{values['trigger_id']}"[:64]
    question = Question(
        team=str(values["team_id"]),
        channel=str(values["channel_id"]),
        user=str(values["user_id"]),
        ts=stand_in,
        thread_ts=stand_in,
        text=str(values["text"]),
        surface="command",
        pipeline=pipeline,
        response_url=str(values["response_url"]),
    )
    return Asked(question, (f"command:{values['team_id']}:{values['trigger_id']}",))


def _surface(event: Mapping[str, Any]) -> Surface | None:
    if event.get("type") == "app_mention":
        return "mention"
    if event.get("type") == "message" and event.get("channel_type") == "im":
        return "direct"
    return None
