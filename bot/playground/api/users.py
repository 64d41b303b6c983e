"""users.*: people, and the conversations in which they are."""

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
    """One person or bot."""
    return {"user": user_json(call.user("user"), call.workspace, call.app)}


def bot_info(call: ApiCall) -> Json:
    """An app's bot by its `B…` id."""
    named = call.required("bot")
    bot = next((user for user in call.workspace.users.values() if user.bot_id == named), None)
    if not bot:
        raise SlackError("bot_not_found")
    return {"bot": bot_profile_json(bot) | {"user_id": bot.id}}


def conversations(call: ApiCall) -> Json:
    """The conversations which somebody, the bot unless named, is in and the bot can see."""
    who = call.text("user") or call.app.bot_user_id
    asked = (call.text("types") or "public_channel").split(",")
    kinds = {_TYPES.get(each.strip()) for each in asked}
    found = [
        channel
        for channel in call.workspace.channels.values()
        if channel.kind in kinds
        and who in channel.members
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
