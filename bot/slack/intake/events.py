"""Parses events and commands into questions. Anything else, even malformed, gives None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.ports import Question, Surface
from bot.slack.api.origin import team_of_author, workspace_of
from bot.slack.intake.apps import AnsweredBots

NEW_MESSAGE_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
"""Subtypes of new messages by people. Edits, joins and the like have other subtypes."""

BOT_MESSAGE = "bot_message"
"""The subtype of messages from an app without a user, such as a workflow."""

SLACK_USERS = frozenset({"USLACK", "USLACKBOT"})
"""The authors of Slack's own notices, which have no subtype and no bot_id."""

NO_BOTS = AnsweredBots()

STARTS_WITH_MENTION = re.compile(r"\s*<@[UW][A-Z0-9]+(?:\|[^<>]*)?>")
"""A message addressed to one person."""


@dataclass(frozen=True, slots=True)
class IncomingQuestion:
    """A question and the keys that identify it when Slack delivers it again.

    Attributes:
        question: the question.
        keys: all of its keys. One that was stored before makes it a duplicate.
        addressed: whether it mentions us or is a direct message. Other messages are questions only
            if the channel's rules say so.
        own_team: the asker's workspace, if the event names it.
    """

    question: Question
    keys: tuple[str, ...]
    addressed: bool = True
    own_team: str | None = None


@dataclass(frozen=True, slots=True)
class DeletedMessage:
    """A deleted message. `thread_ts` is its own ts if it was not in a thread."""

    team: str
    channel: str
    ts: str
    thread_ts: str


def question_in_event(
    body: Mapping[str, Any], our_user: str, our_bot: str = "", bots: AnsweredBots = NO_BOTS
) -> IncomingQuestion | None:
    """Return the possible question in an Events API body: a mention or a message.

    The keys are the event id, and the workspace, channel and ts. A mention arrives twice, as
    `app_mention` and as `message`, with two event ids. An unacknowledged event arrives again with
    the same event id. An app's question counts only if the app is among `bots` and mentions us; its
    bot id then takes the place of the user id. An edit isn't a new question: Slack sends the
    mention again, with the field `edited` (PostHog/posthog 59517, chenhg5/cc-connect 1579).
    """
    event = body.get("event")
    if not isinstance(event, Mapping) or event.get("edited"):
        return None
    address = _address(event, our_user)
    user = _asker(event, address, bots)
    if address is None or user in {None, our_user, our_bot, *SLACK_USERS}:
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
        surface=address.surface,
        attached=_has_more(event),
    )
    keys = [f"message:{team}:{channel}:{ts}"]
    if isinstance(body.get("event_id"), str):
        keys.append(f"event:{body['event_id']}")
    return IncomingQuestion(question, tuple(keys), address.to_us, team_of_author(event))


def deleted_in_event(body: Mapping[str, Any]) -> DeletedMessage | None:
    """Return the message that an event reports as deleted.

    If a thread's first message has replies, deleting it leaves a tombstone. Slack then sends the
    event of an edit (42wim/matterbridge 600, openclaw/openclaw 22035).
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
    return DeletedMessage(team, channel, ts, str(before.get("thread_ts") or ts))


def question_in_command(body: Mapping[str, Any], team: str) -> IncomingQuestion | None:
    """Return the question in a slash command's body. Only the asker sees the reply.

    `team` is our workspace. The body contains the asker's.
    """
    names = ("team_id", "channel_id", "user_id", "trigger_id", "text", "response_url")
    values = {name: body.get(name) for name in names}
    if not all(isinstance(value, str) and value for value in values.values()):
        return None
    placeholder_ts = f"command-{values['trigger_id']}"[:64]
    question = Question(
        team=team,
        channel=str(values["channel_id"]),
        user=str(values["user_id"]),
        ts=placeholder_ts,
        thread_ts=placeholder_ts,
        text=str(values["text"]),
        surface="command",
        response_url=str(values["response_url"]),
        attached=False,
    )
    return IncomingQuestion(question, (f"command:{team}:{values['trigger_id']}",))


@dataclass(frozen=True, slots=True)
class _Address:
    """Where a message was posted, and whether it is addressed to us."""

    surface: Surface
    to_us: bool = True


def _asker(event: Mapping[str, Any], address: _Address | None, bots: AnsweredBots) -> object:
    """Return the user id, or the bot id of an app that may ask; None for anyone else."""
    subtype, bot = event.get("subtype"), event.get("bot_id")
    if not bot and subtype != BOT_MESSAGE:
        return event.get("user") if subtype in NEW_MESSAGE_SUBTYPES else None
    mentions_us = address is not None and address.to_us and address.surface == "mention"
    is_new = subtype in {*NEW_MESSAGE_SUBTYPES, BOT_MESSAGE}
    may_ask = mentions_us and is_new and bots.includes_author(event)
    return bot if may_ask and event.get("user") not in SLACK_USERS else None


def _address(event: Mapping[str, Any], our_user: str) -> _Address | None:
    """Return how a message is addressed, or None if it can't be a question for us."""
    match event.get("type"), event.get("channel_type"):
        case "app_mention", _:
            return _Address("mention")
        case "message", "im":
            return _Address("direct")
        case "message", "channel" | "group" | "mpim" as kind:
            return _channel_address(event, our_user, kind)
        case _:
            return None


def _has_more(event: Mapping[str, Any]) -> bool:
    """Return whether a message may contain more than text: files, attachments, other blocks.

    Slack adds link previews only after the event.
    """
    blocks = event.get("blocks")
    blocks = blocks if isinstance(blocks, list) else []
    kinds = {block.get("type") for block in blocks if isinstance(block, Mapping)}
    has_link = "<http" in str(event.get("text") or "")
    return bool(event.get("files") or event.get("attachments") or kinds - {"rich_text"} or has_link)


def _channel_address(event: Mapping[str, Any], our_user: str, kind: str) -> _Address | None:
    text = str(event.get("text") or "")
    if f"<@{our_user}" in text:
        # A mention also arrives as app_mention, except in group direct messages.
        return _Address("mention") if kind == "mpim" else None
    if STARTS_WITH_MENTION.match(text) or not (text.strip() or _has_more(event)):
        return None
    return _Address("mention", to_us=False)
