"""Checks and converts what people enter in a form, as Slack's own forms do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED: Final = "Please complete this required field."


def typed_value(element: Mapping[str, Any], value: Any) -> Any:
    """Return a form's text as the type that the element sends, or None if nothing was entered."""
    kind = str(element["type"])
    several = kind.startswith("multi_") or kind == "checkboxes"
    if value in ("", None) or isinstance(value, list) != (several or kind == "file_input"):
        return [] if several else None
    if kind == "datetimepicker":
        return int(value) if str(value).isascii() and str(value).isdigit() else None
    if kind == "rich_text_input":
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": value}]}
        return {"type": "rich_text", "elements": [section]}
    return value


def element_problem(element: Mapping[str, Any], value: Any, *, optional: bool) -> str:
    """Return why Slack's own form would reject a value, or "" if it wouldn't.

    Source: https://docs.slack.dev/reference/block-kit/block-elements
    """
    if value in (None, [], ""):
        return "" if optional else REQUIRED
    if element["type"] == "number_input":
        return _number_problem(element, str(value))
    if element["type"] == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+", str(value)):
        return "Please enter an email address."
    if element["type"] == "url_text_input" and not re.match(r"https?://\S+$", str(value)):
        return "Please enter a valid URL."
    if isinstance(value, str) and len(value) < int(element.get("min_length") or 0):
        return f"Please enter at least {element['min_length']} characters."
    return ""


def _number_problem(element: Mapping[str, Any], text: str) -> str:
    decimals = r"(\.\d+)?" if element.get("is_decimal_allowed") else ""
    if not re.fullmatch(rf"-?\d+{decimals}", text):
        return "Please enter a number." if decimals else "Please enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and float(text) < float(low):
        return f"Please enter {low} or more."
    if high is not None and float(text) > float(high):
        return f"Please enter {high} or less."
    return ""
