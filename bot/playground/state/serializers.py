"""Serializes users, conversations, messages and views to Slack's JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from bot.playground.state.installation import Installation
    from bot.playground.state.models import Channel, Json, SlackMessage, SlackView, User
    from bot.playground.state.workspace import Workspace


def user_json(user: User, workspace: Workspace, app: Installation) -> Json:
    """Return a user as in `users.info`.

    `is_stranger` marks only people of other workspaces who share no channel with the app
    (https://docs.slack.dev/reference/objects/user-object). In an Enterprise organisation a user has
    an `enterprise_user`.
    """
    shares_channel = any(
        user.id in channel.members and app.bot_user_id in channel.members
        for channel in workspace.channels.values()
        if channel.kind != "im"
    )
    enterprise = workspace.enterprises.get(user.team_id)
    return {
        "id": user.id,
        "team_id": user.team_id,
        "name": (user.real_name or user.name).lower().replace(" ", "."),
        "real_name": user.real_name or user.name,
        "deleted": user.deleted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_stranger": user.team_id != app.team_id and not shares_channel,
        "tz": user.tz,
        "tz_label": user.tz.rpartition("/")[2].replace("_", " "),
        "tz_offset": _utc_offset(user.tz, workspace.clock.now()),
        "updated": 0,
        "profile": {
            "real_name": user.real_name or user.name,
            "display_name": user.name,
            "team": user.team_id,
            **({"bot_id": user.bot_id} if user.bot_id else {}),
        },
        **({"enterprise_user": enterprise_user_json(user, enterprise)} if enterprise else {}),
    }


def enterprise_user_json(user: User, enterprise: str) -> Json:
    """Return the `enterprise_user` of a user in an Enterprise organisation."""
    return {
        "id": user.id,
        "enterprise_id": enterprise,
        "enterprise_name": f"Organisation {enterprise}",
        "is_admin": False,
        "is_owner": False,
        "teams": [user.team_id],
    }


def bot_profile_json(user: User) -> Json:
    """Return the `bot_profile` of an app; a workflow's has `is_workflow_bot`."""
    return {
        "id": user.bot_id,
        "name": user.name,
        "deleted": False,
        "updated": 0,
        "app_id": f"A{user.id[1:]}",
        "team_id": user.team_id,
        **({"is_workflow_bot": True} if user.is_workflow else {}),
    }


def channel_json(channel: Channel, app: Installation, *, with_count: bool = False) -> Json:
    """Return a conversation as in `conversations.info`."""
    member = app.bot_user_id in channel.members
    fields: Json = {
        "id": channel.id,
        "created": channel.created,
        "creator": channel.creator,
        "context_team_id": app.team_id,
        "is_archived": channel.archived,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.private,
        "is_shared": channel.shared or channel.ext_shared,
        "is_ext_shared": channel.ext_shared,
        "is_org_shared": channel.shared and not channel.ext_shared,
        "is_pending_ext_shared": False,
        "is_member": member,
        "shared_team_ids": [app.team_id, *channel.connected],
    }
    if channel.kind == "im":
        others = [each for each in channel.members if each != app.bot_user_id]
        fields["user"] = others[0] if others else app.bot_user_id
    else:
        fields |= {"name": channel.name, "name_normalized": channel.name}
        fields |= {
            "topic": {"value": channel.topic, "creator": channel.creator, "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
    if with_count:
        fields["num_members"] = len(channel.members)
    return fields


def message_json(message: SlackMessage, channel: Channel, *, with_metadata: bool = False) -> Json:
    """Return a message as in API responses and events."""
    fields: Json = {"type": "message", "ts": message.ts, "text": message.text, "team": message.team}
    optional: dict[str, Any] = {
        "user": message.user,
        "subtype": message.subtype,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "username": message.username,
        "thread_ts": message.thread_ts,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "files": message.files,
        "metadata": message.metadata if with_metadata else None,
    }
    fields |= {key: value for key, value in optional.items() if value}
    if message.streaming:
        fields["streaming_state"] = "in_progress"
    elif message.stream:
        fields["streaming_state"] = "completed"
    if message.edited_ts:
        fields["edited"] = {"user": message.edited_by, "ts": message.edited_ts}
    if message.reactions:
        fields["reactions"] = reactions_json(message)
    return fields | _thread_json(message, channel)


def _utc_offset(tz: str, now: float) -> int:
    """Return a time zone's offset in seconds."""
    offset = datetime.fromtimestamp(now, ZoneInfo(tz)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def reactions_json(message: SlackMessage) -> list[Json]:
    """Return a message's reactions."""
    return [
        {"name": name, "users": list(users), "count": len(users)}
        for name, users in message.reactions.items()
        if users
    ]


def _thread_json(message: SlackMessage, channel: Channel) -> Json:
    if message.is_reply:
        parent = channel.messages.get(str(message.thread_ts))
        return {"parent_user_id": parent.user} if parent and parent.user else {}
    replies = channel.thread(message.ts)[1:]
    if not replies:
        return {}
    author_ids = list(dict.fromkeys(reply.user for reply in replies if reply.user))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": author_ids,
        "reply_users_count": len(author_ids),
        "latest_reply": replies[-1].ts,
    }


def view_json(view: SlackView, app: Installation) -> Json:
    """Return a view as in `views.*` responses and interactions."""
    content = view.content
    return {
        "id": view.id,
        "team_id": view.team,
        "type": view.kind,
        "blocks": view.blocks,
        "private_metadata": view.private_metadata,
        "callback_id": view.callback_id,
        "state": {"values": view.state},
        "hash": view.hash,
        "title": content.get("title"),
        "clear_on_close": content.get("clear_on_close", False),
        "notify_on_close": content.get("notify_on_close", False),
        "close": content.get("close"),
        "submit": content.get("submit"),
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": app.app_id,
        "external_id": content.get("external_id", ""),
        "app_installed_team_id": app.team_id,
        "bot_id": app.bot_id,
    }
