"""The rules for rich text: known element types and no empty text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.checks.payload_errors import is_object, type_of

if TYPE_CHECKING:
    from bot.playground.checks.payload_errors import PayloadErrors
    from bot.playground.state.models import Json

_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "broadcast": ("range",),
    "channel": ("channel_id",),
    "color": ("value",),
    "date": ("timestamp", "format"),
    "emoji": ("name",),
    "link": ("url",),
    "team": ("team_id",),
    "text": ("text",),
    "user": ("user_id",),
    "usergroup": ("usergroup_id",),
}
"""The inline elements and their required fields."""

_CODE_INLINE: Final = frozenset({"text", "link"})
_STYLES: Final = frozenset({
    "bold", "italic", "strike", "code", "underline",
    "highlight", "client_highlight", "unlink",
})  # fmt: skip
_MAX_ELEMENTS: Final = 10_000
_MAX_INDENT: Final = 8


def check_rich_text(block: Json, path: str, errors: PayloadErrors) -> None:
    """Check a `rich_text` block, alone or inside another block."""
    if block.get("type") != "rich_text":
        errors.add(f"{path}/type", f"unsupported type: {block.get('type')}")
        return
    for index, part in enumerate(
        errors.check_array(block.get("elements"), f"{path}/elements", _MAX_ELEMENTS)
    ):
        _check_part(part, f"{path}/elements/{index}", errors)


def _check_part(part: object, path: str, errors: PayloadErrors) -> None:
    kind = type_of(part)
    if not is_object(part) or kind not in {
        "rich_text_section",
        "rich_text_list",
        "rich_text_preformatted",
        "rich_text_quote",
    }:
        errors.add(f"{path}/type", f"unsupported type: {kind}")
    elif kind == "rich_text_list":
        _check_list(part, path, errors)
    else:
        _check_inline(part, path, errors)


def _check_list(part: Json, path: str, errors: PayloadErrors) -> None:
    if errors.check_required(part, ("style",), path):
        errors.check_one_of(part, "style", path, ("bullet", "ordered"))
    indent = part.get("indent", 0)
    if not isinstance(indent, int) or not 0 <= indent <= _MAX_INDENT:
        errors.add(f"{path}/indent", f"must be between 0 and {_MAX_INDENT}")
    for index, item in enumerate(
        errors.check_array(part.get("elements"), f"{path}/elements", _MAX_ELEMENTS)
    ):
        item_path = f"{path}/elements/{index}"
        if not is_object(item) or item.get("type") != "rich_text_section":
            errors.add(item_path, "must be a rich_text_section")
        else:
            _check_inline(item, item_path, errors)


def _check_inline(part: Json, path: str, errors: PayloadErrors) -> None:
    elements = errors.check_array(
        part.get("elements"), f"{path}/elements", _MAX_ELEMENTS, min_items=0
    )
    code_only = part["type"] == "rich_text_preformatted"
    for index, element in enumerate(elements):
        item_path = f"{path}/elements/{index}"
        kind = type_of(element)
        if (
            not is_object(element)
            or kind not in _REQUIRED
            or (code_only and kind not in _CODE_INLINE)
        ):
            errors.add(f"{item_path}/type", f"unsupported type: {kind}")
            continue
        if errors.check_required(element, _REQUIRED[kind], item_path) and element.get("text") == "":
            errors.add(f"{item_path}/text", "must be more than 0 characters")
        _check_style(element.get("style"), item_path, errors)


def _check_style(style: object, path: str, errors: PayloadErrors) -> None:
    if style is None:
        return
    if not is_object(style) or not style.keys() <= _STYLES:
        errors.add(f"{path}/style", "invalid additional property")
