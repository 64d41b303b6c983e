"""chat.startStream, chat.appendStream and chat.stopStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot import slack_limits
from bot.playground.api.api_call import ApiCall, ApiMethod, missing_argument
from bot.playground.api.sessions import check_status, set_session
from bot.playground.checks.payloads import add_block_ids, parse_blocks, parse_chunks, parse_metadata
from bot.playground.errors import SlackError
from bot.playground.state.models import SlackMessage, Stream
from bot.playground.state.serializers import message_json
from bot.playground.streams import append_chunks, require_live, schedule_expiry, stream_blocks

if TYPE_CHECKING:
    from bot.playground.state.models import Channel, Json

_DISPLAYS: Final = frozenset({"timeline", "plan", "dense"})


def start(call: ApiCall) -> Json:
    """Start a stream in a thread. Outside direct messages, it needs a recipient.

    If the thread's first message was deleted, Slack responds with `invalid_thread_ts`
    (langchain-ai/open-swe 2753, caipe-io 1034).
    """
    channel = call.require_writable(call.channel())
    chunks = parse_chunks(call.text("markdown_text"), call.parse_json("chunks"))
    stream = _stream(call, channel)
    thread_ts = call.thread_ts(channel, error_code="invalid_thread_ts")
    if thread_ts is None:
        raise missing_argument("thread_ts")
    message = SlackMessage(
        ts=call.workspace.next_ts(),
        channel=channel.id,
        user=call.app.bot_user_id,
        bot_id=call.app.bot_id,
        app_id=call.app.app_id,
        team=call.app.team_id,
        text="",
        thread_ts=thread_ts,
        username=call.text("username"),
        stream=stream,
    )
    append_chunks(call.emulator, message, chunks)
    schedule_expiry(call.emulator, stream)
    call.workspace.add_message(message)
    call.emulator.events.message(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def append(call: ApiCall) -> Json:
    """Append chunks to a stream."""
    channel = call.channel()
    message = _own_message(call, channel)
    require_live(message)
    chunks = parse_chunks(call.text("markdown_text"), call.parse_json("chunks"))
    if not chunks:
        raise SlackError("no_text")
    append_chunks(call.emulator, message, chunks)
    call.workspace.notify_changed()
    return {"channel": channel.id, "ts": message.ts}


def stop(call: ApiCall) -> Json:
    """Append the last chunks, add the final blocks and finish the message.

    Also sets the status of the thread's agent session, to `active` unless the call specifies
    another (https://docs.slack.dev/reference/methods/chat.stopStream, python-slack-sdk 1945).
    """
    channel = call.channel()
    message = _own_message(call, channel)
    stream = require_live(message)
    chunks = parse_chunks(call.text("markdown_text"), call.parse_json("chunks"))
    final = add_block_ids(parse_blocks(call.args.get("blocks")), "s")
    _check_block_count(stream, final)
    metadata = parse_metadata(call.args.get("metadata"))
    named = call.text("session_status")
    status = check_status(named or "active")
    before = message_json(message, channel)
    append_chunks(call.emulator, message, chunks)
    message.blocks = stream_blocks(message, stream, final)
    message.metadata = metadata
    if named or (channel.id, str(message.thread_ts)) in call.workspace.sessions:
        set_session(call, channel, str(message.thread_ts), status)
    stream.end("finished")
    call.emulator.events.message_changed(channel, message, before)
    call.workspace.notify_changed()
    body = message_json(message, channel, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": body}


def _stream(call: ApiCall, channel: Channel) -> Stream:
    user, team = call.text("recipient_user_id"), call.text("recipient_team_id")
    display = call.text("task_display_mode") or "timeline"
    if display not in _DISPLAYS:
        raise SlackError("invalid_arguments", messages=[f"invalid task_display_mode: {display}"])
    if channel.kind != "im" and not user:
        raise SlackError("missing_recipient_user_id")
    if channel.kind != "im" and not team:
        raise SlackError("missing_recipient_team_id")
    if user and user not in call.workspace.users:
        raise SlackError("user_not_found")
    if team and team not in call.workspace.teams:
        raise SlackError("team_not_found")
    return Stream(user, team, display)


def _own_message(call: ApiCall, channel: Channel) -> SlackMessage:
    message = call.message(channel)
    if message.app_id != call.app.app_id:
        raise SlackError("message_not_owned_by_app")
    return message


def _check_block_count(stream: Stream, final: list[Json]) -> None:
    """Require that all blocks, including the one for the text, fit in a message."""
    count = len(stream.blocks) + len(final) + 1
    if count > slack_limits.MESSAGE_BLOCKS:
        message = f"no more than {slack_limits.MESSAGE_BLOCKS} items allowed [json-pointer:/blocks]"
        raise SlackError("invalid_blocks", messages=[message], errors=[message])


METHODS: Final = (
    ApiMethod("chat.startStream", start, ("chat:write",), feature="streaming"),
    ApiMethod("chat.appendStream", append, ("chat:write",), feature="streaming"),
    ApiMethod("chat.stopStream", stop, ("chat:write",), feature="streaming"),
)
