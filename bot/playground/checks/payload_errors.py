"""Collects the errors that Slack would report for a payload, each with its JSON pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.playground.state.models import Json

TEXT_TYPES = frozenset({"plain_text", "mrkdwn"})


def is_object(value: object) -> TypeGuard[Json]:
    """Return whether the value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether the value is a JSON array."""
    return isinstance(value, list)


def type_of(value: object) -> str:
    """Return an object's `type`, or an empty string if it has no textual type."""
    kind = value.get("type") if is_object(value) else None
    return kind if isinstance(kind, str) else ""


class PayloadErrors:
    """Checks values and collects errors in Slack's wording.

    Example: `must be less than 151 characters [json-pointer:/blocks/0/text/text]`. Every `path` is
    a JSON pointer into the payload.
    """

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, path: str, message: str) -> None:
        """Add one error."""
        self.messages.append(f"{message} [json-pointer:{path}]")

    def check_text_object(
        self,
        value: object,
        path: str,
        max_length: int,
        *,
        types: Collection[str] = TEXT_TYPES,
    ) -> None:
        """Require a text object of one of the types, with 1 to `max_length` characters."""
        if not is_object(value):
            self.add(path, "must be an object with a type and a text")
            return
        if type_of(value) not in types:
            self.add(f"{path}/type", f"unsupported type: {value.get('type')}")
        self.check_string(value.get("text"), f"{path}/text", max_length)
        for key in value.keys() - {"type", "text", "emoji", "verbatim"}:
            self.add(path, f"invalid additional property: {key}")

    def check_string(
        self, value: object, path: str, max_length: int, *, min_length: int = 1
    ) -> None:
        """Require a string of `min_length` to `max_length` characters."""
        if not isinstance(value, str):
            self.add(path, "must be a string")
        elif len(value) < min_length:
            self.add(path, f"must be more than {min_length - 1} characters")
        elif len(value) > max_length:
            self.add(path, f"must be less than {max_length + 1} characters")

    def check_optional_string(self, parent: Json, key: str, path: str, max_length: int) -> None:
        """Require a string of up to `max_length` characters if the key is present."""
        if parent.get(key) is not None:
            self.check_string(parent[key], f"{path}/{key}", max_length, min_length=0)

    def check_array(
        self, value: object, path: str, max_items: int, *, min_items: int = 1
    ) -> list[Any]:
        """Require an array of `min_items` to `max_items`. Return its items; [] if it isn't one."""
        if not is_list(value):
            self.add(path, "must be an array")
            return []
        if len(value) < min_items:
            self.add(path, f"no fewer than {min_items} items allowed")
        elif len(value) > max_items:
            self.add(path, f"no more than {max_items} items allowed")
        return value

    def check_one_of(self, parent: Json, key: str, path: str, allowed: Collection[str]) -> None:
        """Require one of the allowed strings if the key is present."""
        value = parent.get(key)
        if value is not None and not (isinstance(value, str) and value in allowed):
            self.add(f"{path}/{key}", f"must be one of: {', '.join(sorted(allowed))}")

    def check_required(self, parent: Json, keys: Collection[str], path: str) -> bool:
        """Return whether all keys are present; add an error for each missing key."""
        missing = [key for key in keys if parent.get(key) is None]
        for key in missing:
            self.add(path, f"missing required field: {key}")
        return not missing
