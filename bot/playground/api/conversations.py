"""conversations.*: channels, their members and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot import slack_limits
from bot.playground.api.api_call import HISTORY, READ, ApiCall, ApiMethod, missing_argument
from bot.playground.errors import SlackError
from bot.playground.render.read_back import read_back
from bot.playground.state.serializers import channel_json, message_json

if TYPE_CHECKING:
    from bot.playground.state.models import Channel, Json, SlackMessage

_PAGE: Final = 100


def replies(call: ApiCall) -> Json:
    """Return a thread, parent first. For a reply's ts, return only that reply."""
    channel = call.require_read_scope(call.channel(), "history")
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
    return _messages_json(call, channel, page, more)


def history(call: ApiCall) -> Json:
    """Return a conversation's messages, newest first, without thread replies."""
    channel = call.require_read_scope(call.channel(), "history")
    if not call.is_member(channel):
        raise SlackError("not_in_channel")
    top = [m for m in channel.messages.values() if not m.is_reply]
    page, more = call.page(_in_time_range(call, top)[::-1], _PAGE)
    return _messages_json(call, channel, page, more)


def info(call: ApiCall) -> Json:
    """Return one conversation."""
    channel = call.require_read_scope(call.channel(), "read")
    shape = channel_json(channel, call.app, with_count=call.flag("include_num_members"))
    return {"channel": shape}


def members(call: ApiCall) -> Json:
    """Return one page of a conversation's members."""
    channel = call.require_read_scope(call.channel(), "read")
    page, more = call.page(channel.members, _PAGE)
    return {"members": page, **more}


def open_conversation(call: ApiCall) -> Json:
    """Return a direct message channel with people, opening it if needed."""
    if call.text("channel"):
        channel = call.channel()
    else:
        channel = _with_users(call, (call.text("users") or "").split(","))
    whole = channel_json(channel, call.app) if call.flag("return_im") else {"id": channel.id}
    return {"channel": whole}


def _with_users(call: ApiCall, names: list[str]) -> Channel:
    users = [name.strip() for name in names if name.strip()]
    if not users:
        raise missing_argument("users")
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


def _messages_json(call: ApiCall, channel: Channel, page: list[SlackMessage], more: Json) -> Json:
    """Return the response with one page of messages. `more` contains the cursor fields."""
    has_scope = "metadata.message:read" in call.app.scopes
    with_metadata = has_scope and call.flag("include_all_metadata")
    found = [read_back(message_json(each, channel, with_metadata=with_metadata)) for each in page]
    return {"messages": found, "has_more": bool(more["response_metadata"]["next_cursor"]), **more}


def _between(call: ApiCall, thread: list[SlackMessage]) -> list[SlackMessage]:
    """Return the parent, and the replies between `oldest` and `latest`."""
    return thread[:1] + _in_time_range(call, thread[1:])


def _in_time_range(call: ApiCall, messages: list[SlackMessage]) -> list[SlackMessage]:
    """Return the messages between `oldest` and `latest`."""
    oldest, latest = call.text("oldest"), call.text("latest")
    inclusive = call.flag("inclusive")
    if oldest:
        messages = [m for m in messages if m.ts > oldest or (inclusive and m.ts == oldest)]
    if latest:
        messages = [m for m in messages if m.ts < latest or (inclusive and m.ts == latest)]
    return messages


METHODS: Final = (
    ApiMethod("conversations.replies", replies, HISTORY),
    ApiMethod("conversations.history", history, HISTORY),
    ApiMethod("conversations.info", info, READ),
    ApiMethod("conversations.members", members, READ),
    ApiMethod("conversations.open", open_conversation, ("im:write", "mpim:write")),
)
