"""conversations.*: channels, their members, and the messages of a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot import slack_limits
from bot.playground.api.api_call import HISTORY, READ, ApiCall, ApiMethod, missing
from bot.playground.errors import SlackError
from bot.playground.state.serializers import channel_json, message_json

if TYPE_CHECKING:
    from bot.playground.state.models import Channel, Json, SlackMessage

_PAGE: Final = 100


def replies(call: ApiCall) -> Json:
    """A thread, the parent first; a ts inside a thread brings that one message."""
    channel = call.allow(call.channel(), "history")
    if not call.is_member(channel):
        raise SlackError("not_in_channel")
    ts = call.required("ts")
    message = channel.messages.get(ts)
    if not message:
        raise SlackError("thread_not_found")
    thread = [message] if message.is_reply else _between(call, channel.thread(ts))
    page, more = call.page(thread, slack_limits.PAGE)
    if call.app.restricted_history and len(page) > slack_limits.RESTRICTED_PAGE:
        restricted = ApiCall(call.emulator, {**call.args, "limit": slack_limits.RESTRICTED_PAGE})
        page, more = restricted.page(thread, slack_limits.RESTRICTED_PAGE)
    granted = "metadata.message:read" in call.app.scopes
    shown = granted and call.flag("include_all_metadata")
    found = [message_json(each, channel, with_metadata=shown) for each in page]
    return {"messages": found, "has_more": bool(more["response_metadata"]["next_cursor"]), **more}


def info(call: ApiCall) -> Json:
    """One conversation."""
    channel = call.allow(call.channel(), "read")
    shape = channel_json(channel, call.app, with_count=call.flag("include_num_members"))
    return {"channel": shape}


def members(call: ApiCall) -> Json:
    """Who is in a conversation, page by page."""
    channel = call.allow(call.channel(), "read")
    page, more = call.page(channel.members, _PAGE)
    return {"members": page, **more}


def open_conversation(call: ApiCall) -> Json:
    """The direct messages with somebody, opened where there are none."""
    if call.text("channel"):
        channel = call.channel()
    else:
        channel = _with_users(call, (call.text("users") or "").split(","))
    whole = channel_json(channel, call.app) if call.flag("return_im") else {"id": channel.id}
    return {"channel": whole}


def _with_users(call: ApiCall, names: list[str]) -> Channel:
    users = [name.strip() for name in names if name.strip()]
    if not users:
        raise missing("users")
    if any(user not in call.workspace.users for user in users):
        raise SlackError("user_not_found")
    bot = call.app.bot_user_id
    if len(users) == 1:
        return call.workspace.im_between(users[0], bot)
    wanted = {bot, *users}
    for channel in call.workspace.channels.values():
        if channel.kind == "mpim" and set(channel.members) == wanted:
            return channel
    return call.workspace.add_channel("mpdm-" + "--".join(users), "mpim", (*users, bot))


def _between(call: ApiCall, thread: list[SlackMessage]) -> list[SlackMessage]:
    """The parent always, and of the replies those between `oldest` and `latest`."""
    oldest, latest = call.text("oldest"), call.text("latest")
    inclusive = call.flag("inclusive")
    kept = thread[1:]
    if oldest:
        kept = [m for m in kept if m.ts > oldest or (inclusive and m.ts == oldest)]
    if latest:
        kept = [m for m in kept if m.ts < latest or (inclusive and m.ts == latest)]
    return thread[:1] + kept


METHODS: Final = (
    ApiMethod("conversations.replies", replies, HISTORY),
    ApiMethod("conversations.info", info, READ),
    ApiMethod("conversations.members", members, READ),
    ApiMethod("conversations.open", open_conversation, ("im:write", "mpim:write")),
)
