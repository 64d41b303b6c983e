"""chat.* without streams: posts, updates and deletes messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot import slack_limits
from bot.playground.api.api_call import ApiCall, ApiMethod
from bot.playground.checks.payloads import parse_content
from bot.playground.errors import SlackError
from bot.playground.posts import PostOptions, post, remove, revise
from bot.playground.state.serializers import message_json

if TYPE_CHECKING:
    from bot.playground.state.models import Channel, Json, SlackMessage


def post_message(call: ApiCall) -> Json:
    """Post a message to a channel, a thread, or a person given by user id."""
    channel = call.require_writable(_target_channel(call), public=True)
    content = parse_content(call.args)
    previews_off = not call.flag("unfurl_links", default=True) and not call.flag(
        "unfurl_media", default=True
    )
    options = PostOptions(
        thread_ts=call.thread_to_post_in(channel),
        username=call.text("username"),
        unfurls=not previews_off,
        link_names=call.flag("link_names") or call.text("parse") == "full",
    )
    message = post(call.emulator, channel, content, options)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_json(message, channel, with_metadata=True),
    }


def update(call: ApiCall) -> Json:
    """Update one of the app's messages. Unlike a new one, it can have at most 4,000 characters.

    Source: https://docs.slack.dev/reference/methods/chat.update, msg_too_long.
    """
    channel = call.channel()
    message = _own_message(call, channel, "cant_update_message")
    if message.streaming:
        raise SlackError("streaming_state_conflict")
    content = parse_content(call.args)
    if len(call.text("text") or "") > slack_limits.UPDATE_TEXT:
        raise SlackError("msg_too_long")
    keep_blocks = call.args.get("blocks") is None and call.args.get("markdown_text") is None
    revise(call.emulator, message, content, keep_blocks=keep_blocks)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(message, channel, with_metadata=True),
    }


def delete(call: ApiCall) -> Json:
    """Delete one of the app's messages."""
    channel = call.channel()
    message = _own_message(call, channel, "cant_delete_message")
    remove(call.emulator, message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: ApiCall) -> Json:
    """Post an ephemeral message to one member of the channel."""
    channel = call.require_writable(call.channel())
    if call.user("user").id not in channel.members:
        raise SlackError("user_not_in_channel")
    options = PostOptions(call.thread_to_post_in(channel), ephemeral_for=call.required("user"))
    message = post(call.emulator, channel, parse_content(call.args), options)
    return {"message_ts": message.ts}


def permalink(call: ApiCall) -> Json:
    """Return a message's permalink."""
    channel = call.channel()
    message = call.message(channel, "message_ts")
    url = f"{call.emulator.base_url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        url += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": url}


def _target_channel(call: ApiCall) -> Channel:
    user = call.workspace.users.get(call.required("channel"))
    return call.workspace.im_between(user.id, call.app.bot_user_id) if user else call.channel()


def _own_message(call: ApiCall, channel: Channel, error_code: str) -> SlackMessage:
    message = call.message(channel)
    if message.app_id != call.app.app_id:
        raise SlackError(error_code)
    return message


METHODS: Final = (
    ApiMethod("chat.postMessage", post_message, ("chat:write",)),
    ApiMethod("chat.update", update, ("chat:write",)),
    ApiMethod("chat.delete", delete, ("chat:write",)),
    ApiMethod("chat.postEphemeral", post_ephemeral, ("chat:write",)),
    ApiMethod("chat.getPermalink", permalink),
)
