"""files.*: file objects and the app's uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod, require_objects
from bot.playground.checks.payloads import Content
from bot.playground.errors import SlackError
from bot.playground.file_server import SCOPE
from bot.playground.posts import PostOptions, post

if TYPE_CHECKING:
    from bot.playground.state.models import Json


def info(call: ApiCall) -> Json:
    """Return the full file object."""
    file = call.emulator.files.files.get(call.required("file"))
    if not file:
        raise SlackError("file_not_found")
    if file.deleted:
        raise SlackError("file_deleted")
    return {"file": file.full_json, "comments": [], "response_metadata": {"next_cursor": ""}}


def upload_url(call: ApiCall) -> Json:
    """Return a URL that accepts one POST of `length` bytes."""
    length = call.integer("length", 0)
    if length < 1:
        raise SlackError("invalid_arguments", messages=["must be above 0 [json-pointer:/length]"])
    file_id = call.emulator.files.expect_upload(call.required("filename"), length)
    return {"file_id": file_id, "upload_url": f"{call.emulator.base_url}upload/v1/{file_id}"}


def complete_upload(call: ApiCall) -> Json:
    """Share the uploaded files in a new message."""
    given = require_objects(call.parse_json("files"), "files")
    found = [call.emulator.files.complete_upload(str(each.get("id"))) for each in given]
    if not found or None in found:
        raise SlackError("file_not_found")
    if call.text("channel_id"):
        channel = call.require_writable(call.channel("channel_id"))
        content = Content(call.text("initial_comment") or "", [], [], None)
        message = post(call.emulator, channel, content, PostOptions(call.thread_ts(channel)))
        message.files = [file.file_json for file in found if file]
    return {"files": [file.full_json for file in found if file]}


WRITE: Final = "files:write"

METHODS: Final = (
    ApiMethod("files.info", info, (SCOPE,)),
    ApiMethod("files.getUploadURLExternal", upload_url, (WRITE,)),
    ApiMethod("files.completeUploadExternal", complete_upload, (WRITE,)),
)
