"""Saves a local Slack as JSON and restores it, so that a later start shows the same messages."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from bot.playground.file_server import SharedFile
from bot.playground.state.models import Channel, SlackMessage, Stream, User

if TYPE_CHECKING:
    from bot.playground.emulator import Emulator
    from bot.playground.state.models import Json

_VERSION = 1


def dump(emulator: Emulator) -> str:
    """Return people, conversations, messages and files as JSON.

    Open modals, Home tabs, ephemeral messages and statuses are left out, as if everyone had closed
    Slack. A growing stream is saved as ended.
    """
    workspace = emulator.workspace
    state: Json = {
        "version": _VERSION,
        "base_url": emulator.base_url,
        "next_number": int(workspace.new_id("").lstrip("0")),
        "teams": workspace.teams,
        "users": [asdict(user) for user in workspace.users.values()],
        "channels": [_channel_fields(channel) for channel in workspace.channels.values()],
        "files": [_file_fields(file) for file in emulator.files.files.values()],
    }
    return json.dumps(state)


def restore(emulator: Emulator, text: str) -> None:
    """Replace the state with one that `dump` returned.

    Raises:
        ValueError: the text isn't such a state.
    """
    workspace = emulator.workspace
    try:
        saved_url = str(_parse(text)["base_url"])
        state = _parse(text.replace(saved_url, emulator.base_url))
        users = [User(**fields) for fields in state["users"]]
        channels = [_channel(fields) for fields in state["channels"]]
        files = [_file(fields) for fields in state["files"]]
        number, teams = int(state["next_number"]), dict(state["teams"])
    except (KeyError, TypeError) as error:
        raise ValueError("not a saved local Slack") from error
    workspace.continue_numbers(number)
    workspace.teams = teams
    workspace.users = {user.id: user for user in users}
    workspace.channels = {channel.id: channel for channel in channels}
    emulator.files.files = {file.id: file for file in files}
    workspace.notify_changed()


def _parse(text: str) -> Json:
    state = json.loads(text)
    if not isinstance(state, dict) or state.get("version") != _VERSION:
        raise ValueError("not a saved local Slack")
    return state


def _channel_fields(channel: Channel) -> Json:
    plain = asdict(replace(channel, messages={}))
    return plain | {"messages": [_message_fields(m) for m in channel.messages.values()]}


def _message_fields(message: SlackMessage) -> Json:
    stream = message.stream
    fields = asdict(replace(message, stream=None))
    if stream:
        state = "expired" if stream.state == "live" else stream.state
        fields["stream"] = asdict(replace(stream, state=state, expiry=None))
    return fields


def _channel(fields: Json) -> Channel:
    messages = [_message(each) for each in fields["messages"]]
    known: Json = fields | {"messages": {message.ts: message for message in messages}}
    return Channel(**known)


def _message(fields: Json) -> SlackMessage:
    stream = fields["stream"]
    known: Json = fields | {"stream": Stream(**stream) if stream else None}
    return SlackMessage(**known)


def _file_fields(file: SharedFile) -> Json:
    return {
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "file_json": file.file_json,
        "full_json": file.full_json,
        "deleted": file.deleted,
        "data": base64.b64encode(file.data).decode(),
        "preview": base64.b64encode(file.preview).decode(),
    }


def _file(fields: Json) -> SharedFile:
    known: Json = fields | {key: base64.b64decode(fields[key]) for key in ("data", "preview")}
    return SharedFile(**known)
