"""files.*: what the app may know of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.call import Call, Method
from bot.playground.errors import SlackError
from bot.playground.filehost import SCOPE

if TYPE_CHECKING:
    from bot.playground.records import Json


def info(call: Call) -> Json:
    """One file, whole."""
    file = call.site.files.files.get(call.required("file"))
    if not file:
        raise SlackError("file_not_found")
    if file.deleted:
        raise SlackError("file_deleted")
    return {"file": file.whole, "comments": [], "response_metadata": {"next_cursor": ""}}


METHODS: Final = (Method("files.info", info, (SCOPE,)),)
