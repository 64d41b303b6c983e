"""What was found wrong with a payload, each fault with the place where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.playground.state.models import Json

TEXT_TYPES = frozenset({"plain_text", "mrkdwn"})


def is_object(value: object) -> TypeGuard[Json]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def kind_of(value: object) -> str:
    """The `type` of an object; empty where it is no object or its type no text."""
    kind = value.get("type") if is_object(value) else None
    return kind if isinstance(kind, str) else ""


class PayloadErrors:
    """Collects faults in Slack's own words, such as `must be less than 151 characters`."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, at: str, words: str) -> None:
        """Note one fault at a JSON pointer."""
        self.found.append(f"{words} [json-pointer:{at}]")

    def text_object(
        self,
        value: object,
        at: str,
        longest: int,
        *,
        types: Collection[str] = TEXT_TYPES,
    ) -> None:
        """A text object of 1 to `longest` characters, of one of these types."""
        if not is_object(value):
            self.add(at, "must be an object with a type and a text")
            return
        if kind_of(value) not in types:
            self.add(f"{at}/type", f"unsupported type: {value.get('type')}")
        self.string(value.get("text"), f"{at}/text", longest)
        for key in value.keys() - {"type", "text", "emoji", "verbatim"}:
            self.add(at, f"invalid additional property: {key}")

    def string(self, value: object, at: str, longest: int, *, shortest: int = 1) -> None:
        """A string of `shortest` to `longest` characters."""
        if not isinstance(value, str):
            self.add(at, "must be a string")
        elif len(value) < shortest:
            self.add(at, f"must be more than {shortest - 1} characters")
        elif len(value) > longest:
            self.add(at, f"must be less than {longest + 1} characters")

    def optional_string(self, holder: Json, key: str, at: str, longest: int) -> None:
        """The same, where the key is there at all."""
        if holder.get(key) is not None:
            self.string(holder[key], f"{at}/{key}", longest, shortest=0)

    def listed(self, value: object, at: str, most: int, *, least: int = 1) -> list[Any]:
        """The items of an array of `least` to `most`; none where it is no array."""
        if not is_list(value):
            self.add(at, "must be an array")
            return []
        if len(value) < least:
            self.add(at, f"no fewer than {least} items allowed")
        elif len(value) > most:
            self.add(at, f"no more than {most} items allowed")
        return value

    def one_of(self, holder: Json, key: str, at: str, allowed: Collection[str]) -> None:
        """One of these words, where the key is there at all."""
        value = holder.get(key)
        if value is not None and not (isinstance(value, str) and value in allowed):
            self.add(f"{at}/{key}", f"must be one of: {', '.join(sorted(allowed))}")

    def required(self, holder: Json, keys: Collection[str], at: str) -> bool:
        """Whether all of these keys are there; each missing one is a fault."""
        missing = [key for key in keys if holder.get(key) is None]
        for key in missing:
            self.add(at, f"missing required field: {key}")
        return not missing
