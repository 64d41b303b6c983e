"""reactions.*: the app's emoji on messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod
from bot.playground.errors import SlackError
from bot.playground.state.serializers import message_json, reactions_json

if TYPE_CHECKING:
    from bot.playground.state.models import Json, SlackMessage

_NAME: Final = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def add(call: ApiCall) -> Json:
    """Add a reaction to a message."""
    message, name = _item(call), _name(call)
    users = message.reactions.setdefault(name, [])
    if call.app.bot_user_id in users:
        raise SlackError("already_reacted")
    users.append(call.app.bot_user_id)
    call.workspace.notify_changed()
    return {}


def remove(call: ApiCall) -> Json:
    """Remove the app's reaction."""
    message, name = _item(call), _name(call)
    users = message.reactions.get(name, [])
    if call.app.bot_user_id not in users:
        raise SlackError("no_reaction")
    users.remove(call.app.bot_user_id)
    call.workspace.notify_changed()
    return {}


def get(call: ApiCall) -> Json:
    """Return a message with its reactions."""
    message = _item(call)
    channel = call.workspace.channels[message.channel]
    shape = message_json(message, channel) | {"reactions": reactions_json(message)}
    return {"type": "message", "channel": channel.id, "message": shape}


def _item(call: ApiCall) -> SlackMessage:
    channel = call.channel()
    if not call.is_member(channel):
        raise SlackError("not_in_channel")
    return call.message(channel, "timestamp")


def _name(call: ApiCall) -> str:
    name = call.required("name").strip(":")
    if not _NAME.fullmatch(name):
        raise SlackError("invalid_name")
    return name


METHODS: Final = (
    ApiMethod("reactions.add", add, ("reactions:write",)),
    ApiMethod("reactions.remove", remove, ("reactions:write",)),
    ApiMethod("reactions.get", get, ("reactions:read",)),
)
