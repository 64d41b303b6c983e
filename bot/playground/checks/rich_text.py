"""The shape of rich text: only element types that Slack knows, and no empty text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.checks.report import is_object, kind_of

if TYPE_CHECKING:
    from bot.playground.checks.report import PayloadErrors
    from bot.playground.state.models import Json

_NEEDED: Final[dict[str, tuple[str, ...]]] = {
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
"""The inline elements and what each of them must carry."""

_CODE_INLINE: Final = frozenset({"text", "link"})
_STYLES: Final = frozenset({
    "bold", "italic", "strike", "code", "underline",
    "highlight", "client_highlight", "unlink",
})  # fmt: skip
_MOST: Final = 10_000
_DEEPEST: Final = 8


def check_rich_text(block: Json, at: str, faults: PayloadErrors) -> None:
    """A `rich_text` block, standing alone or inside another block."""
    if block.get("type") != "rich_text":
        faults.add(f"{at}/type", f"unsupported type: {block.get('type')}")
        return
    for index, part in enumerate(faults.listed(block.get("elements"), f"{at}/elements", _MOST)):
        _check_part(part, f"{at}/elements/{index}", faults)


def _check_part(part: object, at: str, faults: PayloadErrors) -> None:
    kind = kind_of(part)
    if not is_object(part) or kind not in {
        "rich_text_section",
        "rich_text_list",
        "rich_text_preformatted",
        "rich_text_quote",
    }:
        faults.add(f"{at}/type", f"unsupported type: {kind}")
    elif kind == "rich_text_list":
        _check_list(part, at, faults)
    else:
        _check_inline(part, at, faults)


def _check_list(part: Json, at: str, faults: PayloadErrors) -> None:
    if faults.required(part, ("style",), at):
        faults.one_of(part, "style", at, ("bullet", "ordered"))
    indent = part.get("indent", 0)
    if not isinstance(indent, int) or not 0 <= indent <= _DEEPEST:
        faults.add(f"{at}/indent", f"must be between 0 and {_DEEPEST}")
    for index, item in enumerate(faults.listed(part.get("elements"), f"{at}/elements", _MOST)):
        here = f"{at}/elements/{index}"
        if not is_object(item) or item.get("type") != "rich_text_section":
            faults.add(here, "must be a rich_text_section")
        else:
            _check_inline(item, here, faults)


def _check_inline(part: Json, at: str, faults: PayloadErrors) -> None:
    elements = faults.listed(part.get("elements"), f"{at}/elements", _MOST, least=0)
    code_only = part["type"] == "rich_text_preformatted"
    for index, element in enumerate(elements):
        here = f"{at}/elements/{index}"
        kind = kind_of(element)
        if (
            not is_object(element)
            or kind not in _NEEDED
            or (code_only and kind not in _CODE_INLINE)
        ):
            faults.add(f"{here}/type", f"unsupported type: {kind}")
            continue
        if faults.required(element, _NEEDED[kind], here) and element.get("text") == "":
            faults.add(f"{here}/text", "must be more than 0 characters")
        _check_style(element.get("style"), here, faults)


def _check_style(style: object, at: str, faults: PayloadErrors) -> None:
    if style is None:
        return
    if not is_object(style) or not style.keys() <= _STYLES:
        faults.add(f"{at}/style", "invalid additional property")
