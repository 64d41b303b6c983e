"""files.*: file objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod
from bot.playground.errors import SlackError
from bot.playground.file_server import SCOPE

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


METHODS: Final = (ApiMethod("files.info", info, (SCOPE,)),)
