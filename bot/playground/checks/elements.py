"""The rules for what people press, choose and fill in: buttons, menus and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.playground import limits
from bot.playground.checks.report import is_list, is_object, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.checks.report import PayloadErrors
    from bot.playground.state.models import Json

PLAIN: Final = frozenset({"plain_text"})

_CHOOSERS: Final = frozenset({
    "static_select", "multi_static_select", "external_select", "multi_external_select",
    "users_select", "multi_users_select", "conversations_select", "multi_conversations_select",
    "channels_select", "multi_channels_select",
})  # fmt: skip
_PICKERS: Final = frozenset({"datepicker", "timepicker", "datetimepicker"})
_CHOICES: Final = frozenset({"radio_buttons", "checkboxes"})
_WRITTEN: Final = frozenset({
    "plain_text_input", "email_text_input", "url_text_input", "number_input",
    "rich_text_input", "file_input",
})  # fmt: skip

IN_SECTION: Final = _CHOOSERS | _PICKERS | _CHOICES | {
    "button", "overflow", "image", "workflow_button",
}  # fmt: skip
IN_ACTIONS: Final = _CHOOSERS | _PICKERS | _CHOICES | {
    "button", "overflow", "workflow_button", "rich_text_input",
}  # fmt: skip
IN_CONTEXT_ACTIONS: Final = frozenset({"feedback_buttons", "icon_button"})
IN_INPUT: Final = _CHOOSERS | _PICKERS | _CHOICES | _WRITTEN


def check_element(element: object, at: str, faults: PayloadErrors, allowed: frozenset[str]) -> None:
    """One element, where only those of the types `allowed` may stand."""
    kind = kind_of(element)
    if not is_object(element) or kind not in allowed:
        faults.add(f"{at}/type", f"unsupported type: {kind}")
        return
    faults.optional_string(element, "action_id", at, limits.ACTION_ID)
    if element.get("placeholder") is not None:
        there = f"{at}/placeholder"
        faults.text_object(element["placeholder"], there, limits.PLACEHOLDER, types=PLAIN)
    if element.get("confirm") is not None:
        _check_confirm(element["confirm"], f"{at}/confirm", faults)
    if rule := _RULES.get(kind):
        rule(element, at, faults)


def check_action_ids(elements: list[Any], at: str, faults: PayloadErrors) -> None:
    """Within one block no two elements have the same `action_id`."""
    seen: set[str] = set()
    for index, element in enumerate(elements):
        action_id = element.get("action_id") if is_object(element) else None
        if isinstance(action_id, str) and action_id in seen:
            there = f"{at}/{index}/action_id"
            faults.add(there, f'`action_id` "{action_id}" already exists in this block')
        elif isinstance(action_id, str):
            seen.add(action_id)


def _check_button(element: Json, at: str, faults: PayloadErrors) -> None:
    faults.text_object(element.get("text"), f"{at}/text", limits.BUTTON_TEXT, types=PLAIN)
    faults.optional_string(element, "value", at, limits.BUTTON_VALUE)
    faults.optional_string(element, "url", at, limits.BUTTON_URL)
    faults.optional_string(element, "accessibility_label", at, limits.BUTTON_TEXT)
    faults.one_of(element, "style", at, ("primary", "danger"))


def _check_icon_button(element: Json, at: str, faults: PayloadErrors) -> None:
    faults.required(element, ("icon",), at)
    _check_button(element, at, faults)


def _check_feedback(element: Json, at: str, faults: PayloadErrors) -> None:
    for side in ("positive_button", "negative_button"):
        there, button = f"{at}/{side}", element.get(side)
        if not is_object(button):
            faults.add(at, f"missing required field: {side}")
            continue
        faults.text_object(button.get("text"), f"{there}/text", limits.BUTTON_TEXT, types=PLAIN)
        faults.string(button.get("value"), f"{there}/value", limits.BUTTON_VALUE)


def _check_confirm(confirm: object, at: str, faults: PayloadErrors) -> None:
    if not is_object(confirm):
        faults.add(at, "must be an object")
        return
    faults.text_object(confirm.get("title"), f"{at}/title", limits.CONFIRM_TITLE, types=PLAIN)
    faults.text_object(confirm.get("text"), f"{at}/text", limits.CONFIRM_TEXT)
    for side in ("confirm", "deny"):
        there = f"{at}/{side}"
        faults.text_object(confirm.get(side), there, limits.CONFIRM_BUTTON, types=PLAIN)


def _check_menu(element: Json, at: str, faults: PayloadErrors) -> None:
    if (element.get("options") is None) == (element.get("option_groups") is None):
        faults.add(at, "must provide exactly one of: options, option_groups")
        return
    if element.get("options") is not None:
        _check_options(element, at, faults, limits.SELECT_OPTIONS)
        return
    there = f"{at}/option_groups"
    groups = faults.listed(element["option_groups"], there, limits.SELECT_OPTIONS)
    offered: list[Any] = []
    for index, group in enumerate(groups):
        if not is_object(group):
            faults.add(f"{there}/{index}", "must be an object")
            continue
        label = f"{there}/{index}/label"
        faults.text_object(group.get("label"), label, limits.OPTION_TEXT, types=PLAIN)
        _check_options(group, f"{there}/{index}", faults, limits.SELECT_OPTIONS)
        offered += group["options"] if is_list(group.get("options")) else []
    _check_initial(element, offered, at, faults)


def _check_overflow(element: Json, at: str, faults: PayloadErrors) -> None:
    _check_options(element, at, faults, limits.OVERFLOW_OPTIONS)


def _check_choice(element: Json, at: str, faults: PayloadErrors) -> None:
    _check_options(element, at, faults, limits.CHOICE_OPTIONS, rich=True)


def _check_options(
    holder: Json, at: str, faults: PayloadErrors, most: int, *, rich: bool = False
) -> None:
    options = faults.listed(holder.get("options"), f"{at}/options", most)
    types = PLAIN | {"mrkdwn"} if rich else PLAIN
    for index, option in enumerate(options):
        there = f"{at}/options/{index}"
        if not is_object(option):
            faults.add(there, "must be an object")
            continue
        faults.text_object(option.get("text"), f"{there}/text", limits.OPTION_TEXT, types=types)
        faults.string(option.get("value"), f"{there}/value", limits.OPTION_VALUE)
        if option.get("description") is not None:
            described = f"{there}/description"
            faults.text_object(option["description"], described, limits.OPTION_TEXT, types=types)
    _check_initial(holder, options, at, faults)


def _check_initial(element: Json, options: list[Any], at: str, faults: PayloadErrors) -> None:
    known = [option.get("value") for option in options if is_object(option)]
    several = element.get("initial_options")
    chosen = several if is_list(several) else [several]
    for option in [element.get("initial_option"), *chosen]:
        if option is not None and (not is_object(option) or option.get("value") not in known):
            faults.add(f"{at}/initial_option", "must be among the options")


def _check_image(element: Json, at: str, faults: PayloadErrors) -> None:
    faults.string(element.get("alt_text"), f"{at}/alt_text", limits.ALT_TEXT)
    if element.get("slack_file") is None:
        faults.string(element.get("image_url"), f"{at}/image_url", limits.IMAGE_URL)


_RULES: Final[dict[str, Callable[[Json, str, PayloadErrors], None]]] = {
    "button": _check_button,
    "checkboxes": _check_choice,
    "feedback_buttons": _check_feedback,
    "icon_button": _check_icon_button,
    "image": _check_image,
    "multi_static_select": _check_menu,
    "overflow": _check_overflow,
    "radio_buttons": _check_choice,
    "static_select": _check_menu,
}
