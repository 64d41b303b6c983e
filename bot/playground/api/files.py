"""files.*: what the app may know of a file, and what it uploads itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod, objects
from bot.playground.checks.payloads import Content
from bot.playground.errors import SlackError
from bot.playground.file_server import SCOPE
from bot.playground.posts import PostOptions, post

if TYPE_CHECKING:
    from bot.playground.state.models import Json


def info(call: ApiCall) -> Json:
    """One file, whole."""
    file = call.site.files.files.get(call.required("file"))
    if not file:
        raise SlackError("file_not_found")
    if file.deleted:
        raise SlackError("file_deleted")
    return {"file": file.whole, "comments": [], "response_metadata": {"next_cursor": ""}}


def upload_url(call: ApiCall) -> Json:
    """An address that takes so many bytes by POST, once."""
    length = call.number("length", 0)
    if length < 1:
        raise SlackError("invalid_arguments", messages=["must be above 0 [json-pointer:/length]"])
    file_id = call.site.files.expect(call.required("filename"), length)
    return {"file_id": file_id, "upload_url": f"{call.site.base_url}upload/v1/{file_id}"}


def complete_upload(call: ApiCall) -> Json:
    """Share what was uploaded, in a message of its own."""
    given = objects(call.structure("files"), "files")
    found = [call.site.files.take(str(each.get("id"))) for each in given]
    if not found or None in found:
        raise SlackError("file_not_found")
    if call.text("channel_id"):
        channel = call.writable(call.channel("channel_id"))
        content = Content(call.text("initial_comment") or "", [], [], None)
        message = post(call.site, channel, content, PostOptions(call.thread_ts(channel)))
        message.files = [file.shape for file in found if file]
    return {"files": [file.whole for file in found if file]}


WRITE: Final = "files:write"

METHODS: Final = (
    ApiMethod("files.info", info, (SCOPE,)),
    ApiMethod("files.getUploadURLExternal", upload_url, (WRITE,)),
    ApiMethod("files.completeUploadExternal", complete_upload, (WRITE,)),
)
