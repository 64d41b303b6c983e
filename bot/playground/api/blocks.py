"""blocks.validate: checks blocks, a message or a view without posting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod
from bot.playground.checks.payload_errors import is_object
from bot.playground.checks.payloads import parse_blocks, parse_content, parse_view
from bot.playground.errors import SlackError

if TYPE_CHECKING:
    from bot.playground.state.models import Json


def validate(call: ApiCall) -> Json:
    """Check exactly one of `blocks`, `message` and `view`; raise what posting would raise."""
    given = [name for name in ("blocks", "message", "view") if call.args.get(name) is not None]
    if len(given) != 1:
        raise SlackError(
            "invalid_arguments", messages=["provide exactly one of blocks, message, view"]
        )
    value = call.parse_json(given[0])
    if given[0] == "blocks":
        parse_blocks(value)
    elif given[0] == "view":
        parse_view(value)
    elif is_object(value):
        parse_content(value)
    else:
        raise SlackError(
            "invalid_arguments", messages=["must be an object [json-pointer:/message]"]
        )
    return {}


METHODS: Final = (ApiMethod("blocks.validate", validate),)
