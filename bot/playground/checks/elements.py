"""The rules for interactive elements: buttons, menus and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot import slack_limits
from bot.playground.checks.payload_errors import is_list, is_object, type_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.checks.payload_errors import PayloadErrors
    from bot.playground.state.models import Json

PLAIN: Final = frozenset({"plain_text"})

_MENUS: Final = frozenset({
    "static_select", "multi_static_select", "external_select", "multi_external_select",
    "users_select", "multi_users_select", "conversations_select", "multi_conversations_select",
    "channels_select", "multi_channels_select",
})  # fmt: skip
_PICKERS: Final = frozenset({"datepicker", "timepicker", "datetimepicker"})
_CHOICES: Final = frozenset({"radio_buttons", "checkboxes"})
_TEXT_INPUTS: Final = frozenset({
    "plain_text_input", "email_text_input", "url_text_input", "number_input",
    "rich_text_input", "file_input",
})  # fmt: skip

IN_SECTION: Final = _MENUS | _PICKERS | _CHOICES | {
    "button", "overflow", "image", "workflow_button",
}  # fmt: skip
IN_ACTIONS: Final = _MENUS | _PICKERS | _CHOICES | {
    "button", "overflow", "workflow_button", "rich_text_input",
}  # fmt: skip
IN_CONTEXT_ACTIONS: Final = frozenset({"feedback_buttons", "icon_button"})
IN_INPUT: Final = _MENUS | _PICKERS | _CHOICES | _TEXT_INPUTS


def check_element(
    element: object, path: str, errors: PayloadErrors, allowed: frozenset[str]
) -> None:
    """Check one element, which must have one of the allowed types."""
    kind = type_of(element)
    if not is_object(element) or kind not in allowed:
        errors.add(f"{path}/type", f"unsupported type: {kind}")
        return
    errors.check_optional_string(element, "action_id", path, slack_limits.ACTION_ID)
    if element.get("placeholder") is not None:
        field_path = f"{path}/placeholder"
        errors.check_text_object(
            element["placeholder"], field_path, slack_limits.PLACEHOLDER, types=PLAIN
        )
    if element.get("confirm") is not None:
        _check_confirm(element["confirm"], f"{path}/confirm", errors)
    if rule := _RULES.get(kind):
        rule(element, path, errors)


def check_action_ids(elements: list[Any], path: str, errors: PayloadErrors) -> None:
    """Require that no two elements of a block have the same `action_id`."""
    seen: set[str] = set()
    for index, element in enumerate(elements):
        action_id = element.get("action_id") if is_object(element) else None
        if isinstance(action_id, str) and action_id in seen:
            field_path = f"{path}/{index}/action_id"
            errors.add(field_path, f'`action_id` "{action_id}" already exists in this block')
        elif isinstance(action_id, str):
            seen.add(action_id)


def _check_button(element: Json, path: str, errors: PayloadErrors) -> None:
    errors.check_text_object(
        element.get("text"), f"{path}/text", slack_limits.BUTTON_TEXT, types=PLAIN
    )
    errors.check_optional_string(element, "value", path, slack_limits.BUTTON_VALUE)
    errors.check_optional_string(element, "url", path, slack_limits.BUTTON_URL)
    errors.check_optional_string(element, "accessibility_label", path, slack_limits.BUTTON_TEXT)
    errors.check_one_of(element, "style", path, ("primary", "danger"))


def _check_icon_button(element: Json, path: str, errors: PayloadErrors) -> None:
    errors.check_required(element, ("icon",), path)
    _check_button(element, path, errors)


def _check_feedback(element: Json, path: str, errors: PayloadErrors) -> None:
    for side in ("positive_button", "negative_button"):
        field_path, button = f"{path}/{side}", element.get(side)
        if not is_object(button):
            errors.add(path, f"missing required field: {side}")
            continue
        errors.check_text_object(
            button.get("text"), f"{field_path}/text", slack_limits.BUTTON_TEXT, types=PLAIN
        )
        errors.check_string(button.get("value"), f"{field_path}/value", slack_limits.BUTTON_VALUE)


def _check_confirm(confirm: object, path: str, errors: PayloadErrors) -> None:
    if not is_object(confirm):
        errors.add(path, "must be an object")
        return
    errors.check_text_object(
        confirm.get("title"), f"{path}/title", slack_limits.CONFIRM_TITLE, types=PLAIN
    )
    errors.check_text_object(confirm.get("text"), f"{path}/text", slack_limits.CONFIRM_TEXT)
    for side in ("confirm", "deny"):
        field_path = f"{path}/{side}"
        errors.check_text_object(
            confirm.get(side), field_path, slack_limits.CONFIRM_BUTTON, types=PLAIN
        )


def _check_menu(element: Json, path: str, errors: PayloadErrors) -> None:
    if (element.get("options") is None) == (element.get("option_groups") is None):
        errors.add(path, "must provide exactly one of: options, option_groups")
        return
    if element.get("options") is not None:
        _check_options(element, path, errors, slack_limits.SELECT_OPTIONS)
        return
    field_path = f"{path}/option_groups"
    groups = errors.check_array(element["option_groups"], field_path, slack_limits.SELECT_OPTIONS)
    options: list[Any] = []
    for index, group in enumerate(groups):
        if not is_object(group):
            errors.add(f"{field_path}/{index}", "must be an object")
            continue
        label = f"{field_path}/{index}/label"
        errors.check_text_object(group.get("label"), label, slack_limits.OPTION_TEXT, types=PLAIN)
        _check_options(group, f"{field_path}/{index}", errors, slack_limits.SELECT_OPTIONS)
        options += group["options"] if is_list(group.get("options")) else []
    _check_initial(element, options, path, errors)


def _check_overflow(element: Json, path: str, errors: PayloadErrors) -> None:
    _check_options(element, path, errors, slack_limits.OVERFLOW_OPTIONS)


def _check_choices(element: Json, path: str, errors: PayloadErrors) -> None:
    _check_options(element, path, errors, slack_limits.CHOICE_OPTIONS, rich=True)


def _check_options(
    parent: Json, path: str, errors: PayloadErrors, max_items: int, *, rich: bool = False
) -> None:
    options = errors.check_array(parent.get("options"), f"{path}/options", max_items)
    types = PLAIN | {"mrkdwn"} if rich else PLAIN
    for index, option in enumerate(options):
        field_path = f"{path}/options/{index}"
        if not is_object(option):
            errors.add(field_path, "must be an object")
            continue
        errors.check_text_object(
            option.get("text"), f"{field_path}/text", slack_limits.OPTION_TEXT, types=types
        )
        errors.check_string(option.get("value"), f"{field_path}/value", slack_limits.OPTION_VALUE)
        if option.get("description") is not None:
            description_path = f"{field_path}/description"
            errors.check_text_object(
                option["description"], description_path, slack_limits.OPTION_TEXT, types=types
            )
    _check_initial(parent, options, path, errors)


def _check_initial(element: Json, options: list[Any], path: str, errors: PayloadErrors) -> None:
    known = [option.get("value") for option in options if is_object(option)]
    several = element.get("initial_options")
    chosen = several if is_list(several) else [several]
    for option in [element.get("initial_option"), *chosen]:
        if option is not None and (not is_object(option) or option.get("value") not in known):
            errors.add(f"{path}/initial_option", "must be among the options")


def _check_image(element: Json, path: str, errors: PayloadErrors) -> None:
    errors.check_string(element.get("alt_text"), f"{path}/alt_text", slack_limits.ALT_TEXT)
    if element.get("slack_file") is None:
        errors.check_string(element.get("image_url"), f"{path}/image_url", slack_limits.IMAGE_URL)


_RULES: Final[dict[str, Callable[[Json, str, PayloadErrors], None]]] = {
    "button": _check_button,
    "checkboxes": _check_choices,
    "feedback_buttons": _check_feedback,
    "icon_button": _check_icon_button,
    "image": _check_image,
    "multi_static_select": _check_menu,
    "overflow": _check_overflow,
    "radio_buttons": _check_choices,
    "static_select": _check_menu,
}
