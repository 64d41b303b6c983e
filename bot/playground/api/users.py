"""users.* and bots.info: people, bots and their conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import READ, ApiCall, ApiMethod
from bot.playground.errors import SlackError
from bot.playground.state.serializers import bot_profile_json, channel_json, user_json

if TYPE_CHECKING:
    from bot.playground.state.models import Json

_TYPES: Final = {
    "public_channel": "channel",
    "private_channel": "group",
    "im": "im",
    "mpim": "mpim",
}
_PAGE: Final = 100


def info(call: ApiCall) -> Json:
    """Return one person or bot."""
    return {"user": user_json(call.user("user"), call.workspace, call.app)}


def bot_info(call: ApiCall) -> Json:
    """Return an app's bot by its `B…` id."""
    bot_id = call.required("bot")
    bot = next((user for user in call.workspace.users.values() if user.bot_id == bot_id), None)
    if not bot:
        raise SlackError("bot_not_found")
    return {"bot": bot_profile_json(bot) | {"user_id": bot.id}}


def conversations(call: ApiCall) -> Json:
    """Return the conversations of a user (default: the bot) that the bot can see."""
    user_id = call.text("user") or call.app.bot_user_id
    types = (call.text("types") or "public_channel").split(",")
    kinds = {_TYPES.get(each.strip()) for each in types}
    found = [
        channel
        for channel in call.workspace.channels.values()
        if channel.kind in kinds
        and user_id in channel.members
        and (not channel.private or call.is_member(channel))
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    page, more = call.page(found, _PAGE)
    return {"channels": [channel_json(channel, call.app) for channel in page], **more}


METHODS: Final = (
    ApiMethod("bots.info", bot_info, ("users:read",)),
    ApiMethod("users.info", info, ("users:read",)),
    ApiMethod("users.conversations", conversations, READ),
)
