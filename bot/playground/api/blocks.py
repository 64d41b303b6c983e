"""blocks.validate: whether Slack would take these blocks, this message or this view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod
from bot.playground.checks.payloads import read_blocks, read_content, read_view
from bot.playground.checks.report import is_object
from bot.playground.errors import SlackError

if TYPE_CHECKING:
    from bot.playground.state.models import Json


def validate(call: ApiCall) -> Json:
    """Exactly one of `blocks`, `message` and `view`, refused as posting or opening it would be."""
    given = [name for name in ("blocks", "message", "view") if call.args.get(name) is not None]
    if len(given) != 1:
        raise SlackError(
            "invalid_arguments", messages=["provide exactly one of blocks, message, view"]
        )
    value = call.structure(given[0])
    if given[0] == "blocks":
        read_blocks(value)
    elif given[0] == "view":
        read_view(value)
    elif is_object(value):
        read_content(value)
    else:
        raise SlackError(
            "invalid_arguments", messages=["must be an object [json-pointer:/message]"]
        )
    return {}


METHODS: Final = (ApiMethod("blocks.validate", validate),)
