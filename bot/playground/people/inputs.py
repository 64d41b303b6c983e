"""Builds the interaction payload of clicking, choosing or filling in an element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.playground.checks.blocks import walk
from bot.playground.errors import UnknownInWorkspaceError

if TYPE_CHECKING:
    from bot.playground.state.models import Json

_SINGLE: Final = frozenset({"static_select", "external_select", "overflow", "radio_buttons"})
_MULTIPLE: Final = frozenset({"multi_static_select", "multi_external_select", "checkboxes"})
_VALUE_KEYS: Final = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
}
_INITIAL_KEYS: Final = {
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "value": "initial_value",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_channel": "initial_channel",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
}
STATELESS: Final = frozenset({
    "button", "feedback_buttons", "icon_button", "overflow", "workflow_button",
})  # fmt: skip
"""Elements without a value in a view's state."""


def find_element(
    blocks: list[Json], action_id: str, wanted_block: str | None = None
) -> tuple[str, Json]:
    """Return the block id and element with this `action_id`, in this block if one is named.

    Raises:
        UnknownInWorkspaceError: no element has it.
    """
    for block in blocks:
        for part in walk([block]):
            if part.get("action_id") == action_id:
                block_id = _block_id(block, part)
                if wanted_block in {None, block_id}:
                    return block_id, part
    known = [p["action_id"] for p in walk(list(blocks)) if "action_id" in p]
    raise UnknownInWorkspaceError(f"no element has the action_id {action_id!r}; known: {known}")


def element_value(element: Json, value: Any) -> Json:
    """Return the payload fields for a clicked, chosen or entered value.

    `value` is optional for a button. For a menu it is an option's value or label, or a list of them
    in a multi-select. For feedback buttons it is one button's value or label.
    """
    kind = element["type"]
    if kind in {"button", "icon_button"}:
        fields = {key: element[key] for key in ("text", "value", "style") if key in element}
        return fields if value is None else fields | {"value": value}
    if kind == "feedback_buttons":
        sides = (element["positive_button"], element["negative_button"])
        side = next((s for s in sides if value in {s["value"], s["text"]["text"]}), None)
        if side is None:
            raise UnknownInWorkspaceError(f"no feedback button {value!r}")
        return {"text": side["text"], "value": side["value"]}
    if kind in _SINGLE:
        return {"selected_option": None if value is None else _option(element, value)}
    if kind in _MULTIPLE:
        return {"selected_options": [_option(element, each) for each in value or ()]}
    return {_VALUE_KEYS.get(kind, "value"): value}


def initial_value(element: Json) -> Json:
    """Return the payload fields for an element's initial value."""
    kind = element["type"]
    key = "selected_option" if kind in _SINGLE else "selected_options" if kind in _MULTIPLE else ""
    key = key or _VALUE_KEYS.get(kind, "value")
    empty = [] if key in {"selected_options", "selected_users"} else None
    return {key: element.get(_INITIAL_KEYS.get(key, ""), empty)}


def input_elements(blocks: list[Json]) -> list[tuple[str, Json, bool]]:
    """Return all elements that have a state, as (block id, element, optional)."""
    found: list[tuple[str, Json, bool]] = []
    for block in blocks:
        for part in walk([block]):
            if part.get("action_id") and part.get("type") not in STATELESS:
                optional = block["type"] != "input" or bool(block.get("optional"))
                found.append((_block_id(block, part), part, optional))
    return found


def _block_id(block: Json, element: Json) -> str:
    """Return the id of the innermost block that contains an element."""
    inner = block["block_id"]
    for child in block.get("child_blocks") or ():
        if any(part is element for part in walk([child])):
            inner = child.get("block_id", inner)
    return inner


def _option(element: Json, wanted: Any) -> Json:
    options = list(element.get("options") or ())
    for group in element.get("option_groups") or ():
        options += group["options"]
    for option in options:
        if wanted in {option["value"], option["text"]["text"]}:
            return option
    values = [option["value"] for option in options]
    raise UnknownInWorkspaceError(f"{wanted!r} is not an option; known: {values}")
