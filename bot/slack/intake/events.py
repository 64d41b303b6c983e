"""Slack's JSON in, a Question out. What is not a question for us gives None, malformed or not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.ports import Question, Surface
from bot.slack.api.origin import team_of_author, workspace_of
from bot.slack.intake.apps import AnsweredBots

ASKING_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
"""Message subtypes in which a person says something new. Edits, joins and the like are not."""

BOT_MESSAGE = "bot_message"
"""The subtype of what an app posts that has no user, such as a workflow."""

SLACK_ITSELF = frozenset({"USLACK", "USLACKBOT"})
"""The authors of Slack's own notices, which come without a subtype or a bot_id."""

NO_BOTS = AnsweredBots()

FOR_ANOTHER = re.compile(r"\s*<@[UW][A-Z0-9]+(?:\|[^<>]*)?>")
"""How a message begins that is meant for one person."""


@dataclass(frozen=True, slots=True)
class IncomingQuestion:
    """A question, and every name under which Slack may bring it to us again.

    Attributes:
        addressed: whether it was put to us. Other messages of a channel are questions only where
            the channel has chosen so.
        own_team: of the person who asks, where Slack has told it.
    """

    question: Question
    keys: tuple[str, ...]
    addressed: bool = True
    own_team: str | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that was deleted. `thread_ts` is that of the thread in which it stood."""

    team: str
    channel: str
    ts: str
    thread_ts: str


def question_in_event(
    body: Mapping[str, Any], our_user: str, our_bot: str = "", bots: AnsweredBots = NO_BOTS
) -> IncomingQuestion | None:
    """What may be a question in an Events API body: a mention, a message to us or in a channel.

    A mention arrives both as `app_mention` and as `message`, with two event ids, and an event that
    was not acknowledged arrives again with the same one: hence the keys by event id *and* by
    workspace, channel and ts. Of apps only those count that are among `bots` and mention us; their
    bot's id stands in the place of the user.
    """
    event = body.get("event")
    if not isinstance(event, Mapping):
        return None
    heard = _heard(event, our_user)
    user = _asker(event, heard, bots)
    if heard is None or user in {None, our_user, our_bot, *SLACK_ITSELF}:
        return None
    team = workspace_of(body) or event.get("team")
    channel, ts, text = (event.get(name) for name in ("channel", "ts", "text"))
    if not all(isinstance(value, str) and value for value in (team, channel, user, ts)):
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
    return IncomingQuestion(question, tuple(keys), heard.addressed, team_of_author(event))


def deleted_in_event(body: Mapping[str, Any]) -> Deleted | None:
    """The message that an event tells was deleted.

    A thread's first message is not deleted while there are replies: Slack puts a tombstone in its
    place, of which we hear as of an edit (42wim/matterbridge 600, openclaw/openclaw 22035).
    """
    event = body.get("event")
    if not isinstance(event, Mapping) or event.get("type") != "message":
        return None
    before, now = (event.get(name) for name in ("previous_message", "message"))
    before = before if isinstance(before, Mapping) else {}
    ts: object = None
    if event.get("subtype") == "message_deleted":
        ts = event.get("deleted_ts") or before.get("ts")
    elif event.get("subtype") == "message_changed" and isinstance(now, Mapping):
        ts = now.get("ts") if now.get("subtype") == "tombstone" else None
    team, channel = workspace_of(body), event.get("channel")
    if not (team and isinstance(channel, str) and isinstance(ts, str)):
        return None
    return Deleted(team, channel, ts, str(before.get("thread_ts") or ts))


def question_in_command(body: Mapping[str, Any], team: str) -> IncomingQuestion | None:
    """The question in a slash command's body. Its answer goes to the asker alone.

    `team` is our workspace: the body names that of the person.
    """
    names = ("team_id", "channel_id", "user_id", "trigger_id", "text", "response_url")
    values = {name: body.get(name) for name in names}
    if not all(isinstance(value, str) and value for value in values.values()):
        return None
    stand_in = f"command-{values['trigger_id']}"[:64]
    question = Question(
        team=team,
        channel=str(values["channel_id"]),
        user=str(values["user_id"]),
        ts=stand_in,
        thread_ts=stand_in,
        text=str(values["text"]),
        surface="command",
        response_url=str(values["response_url"]),
        attached=False,
    )
    return IncomingQuestion(question, (f"command:{team}:{values['trigger_id']}",))


@dataclass(frozen=True, slots=True)
class _Heard:
    surface: Surface
    addressed: bool = True


def _asker(event: Mapping[str, Any], heard: _Heard | None, bots: AnsweredBots) -> object:
    """Who asks: a person, or an app by its bot's id; None for an app that may not."""
    subtype, bot = event.get("subtype"), event.get("bot_id")
    if not bot and subtype != BOT_MESSAGE:
        return event.get("user") if subtype in ASKING_SUBTYPES else None
    mentions_us = heard is not None and heard.addressed and heard.surface == "mention"
    may = mentions_us and subtype in {*ASKING_SUBTYPES, BOT_MESSAGE} and bots.include(event)
    return bot if may and event.get("user") not in SLACK_ITSELF else None


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
