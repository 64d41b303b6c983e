"""Slack's JSON in, a Question out. What is not a question for us gives None, malformed or not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.ports import Question, Surface

ASKING_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
"""Message subtypes in which a person says something new. Edits, joins and the like are not."""


FOR_ANOTHER = re.compile(r"\s*<@[UW][A-Z0-9]+(?:\|[^<>]*)?>")
"""How a message begins that is meant for one person."""


@dataclass(frozen=True, slots=True)
class IncomingQuestion:
    """A question, and every name under which Slack may bring it to us again.

    `addressed`: whether it was put to us. Other messages of a channel are questions only where the
    channel has chosen so.
    """

    question: Question
    keys: tuple[str, ...]
    addressed: bool = True


def question_in_event(body: Mapping[str, Any], our_user: str) -> IncomingQuestion | None:
    """What may be a question in an Events API body: a mention, a message to us or in a channel.

    A mention arrives both as `app_mention` and as `message`, with two event ids, and an event that
    was not acknowledged arrives again with the same one: hence the keys by event id *and* by
    workspace, channel and ts.
    """
    event = body.get("event")
    if not isinstance(event, Mapping):
        return None
    heard = _heard(event, our_user)
    if heard is None or event.get("subtype") not in ASKING_SUBTYPES:
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
        surface=heard.surface,
        attached=bool(event.get("files")),
    )
    keys = [f"message:{team}:{channel}:{ts}"]
    if isinstance(body.get("event_id"), str):
        keys.append(f"event:{body['event_id']}")
    return IncomingQuestion(question, tuple(keys), heard.addressed)


def question_in_command(
    body: Mapping[str, Any], pipeline: str | None = None
) -> IncomingQuestion | None:
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
        attached=False,
    )
    return IncomingQuestion(question, (f"command:{values['team_id']}:{values['trigger_id']}",))


@dataclass(frozen=True, slots=True)
class _Heard:
    surface: Surface
    addressed: bool = True


def _heard(event: Mapping[str, Any], our_user: str) -> _Heard | None:
    """How an event reaches us; None when it does not concern us."""
    match event.get("type"), event.get("channel_type"):
        case "app_mention", _:
            return _Heard("mention")
        case "message", "im":
            return _Heard("direct")
        case "message", "channel" | "group" | "mpim" as kind:
            return _heard_in_channel(event, our_user, kind)
        case _:
            return None


def _heard_in_channel(event: Mapping[str, Any], our_user: str, kind: str) -> _Heard | None:
    text = str(event.get("text") or "")
    if f"<@{our_user}" in text:
        # In group messages a mention is no app_mention; elsewhere it comes as one as well.
        return _Heard("mention") if kind == "mpim" else None
    if FOR_ANOTHER.match(text) or not (text.strip() or event.get("files")):
        return None
    return _Heard("mention", addressed=False)
