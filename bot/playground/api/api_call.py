"""One call of the Web API: its arguments read, and what every method asks of its surroundings."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from bot import slack_limits
from bot.playground.checks.payload_errors import is_object
from bot.playground.checks.payloads import parse_json
from bot.playground.errors import SlackError
from bot.playground.state.models import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.playground.emulator import Emulator
    from bot.playground.state.installation import Installation
    from bot.playground.state.models import Channel, SlackMessage, User
    from bot.playground.state.workspace import Workspace

_FAMILY: Final = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
_FALSE: Final = frozenset({"", "0", "false", "none"})
HISTORY: Final = ("channels:history", "groups:history", "im:history", "mpim:history")
READ: Final = ("channels:read", "groups:read", "im:read", "mpim:read")


@dataclass(frozen=True, slots=True)
class ApiCall:
    """The arguments of one call, and the Slack on which it works."""

    emulator: Emulator
    args: Json

    @property
    def workspace(self) -> Workspace:
        """The state."""
        return self.emulator.workspace

    @property
    def app(self) -> Installation:
        """Who calls."""
        return self.emulator.app

    def text(self, name: str) -> str | None:
        """An argument as text; None where it is missing or empty."""
        value = self.args.get(name)
        return None if value is None or value == "" else str(value)

    def required(self, name: str) -> str:
        """An argument that must be there; `invalid_arguments` otherwise."""
        value = self.text(name)
        if value is None:
            raise missing(name)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A yes or no, as JSON or as a form gives it."""
        value = self.args.get(name)
        return default if value is None else str(value).lower() not in _FALSE

    def number(self, name: str, default: int) -> int:
        """A whole number; `invalid_arguments` where it is none."""
        value = self.text(name)
        try:
            return default if value is None else int(value)
        except ValueError as unreadable:
            raise SlackError(
                "invalid_arguments", messages=[f"must be an integer [json-pointer:/{name}]"]
            ) from unreadable

    def parse_json(self, name: str) -> Any:
        """An argument that is JSON, whether it came as such or as text."""
        try:
            return parse_json(self.args.get(name))
        except ValueError as unreadable:
            raise SlackError(
                "invalid_arguments", messages=[f"must be valid JSON [json-pointer:/{name}]"]
            ) from unreadable

    def channel(self, name: str = "channel") -> Channel:
        """The conversation named; a private one that the bot is not in does not exist for it."""
        channel = self.workspace.channels.get(self.required(name))
        if not channel or (channel.private and not self.is_member(channel)):
            raise SlackError("channel_not_found")
        return channel

    def writable(self, channel: Channel, *, public: bool = False) -> Channel:
        """The same where the app may write; with `public`, also where it is no member."""
        outside = public and "chat:write.public" in self.app.scopes and not channel.private
        if not self.is_member(channel) and not outside:
            raise SlackError("not_in_channel")
        if channel.archived:
            raise SlackError("is_archived")
        return channel

    def is_member(self, channel: Channel) -> bool:
        """Whether the bot is in it."""
        return self.app.bot_user_id in channel.members

    def allow(self, channel: Channel, what: Literal["history", "read"]) -> Channel:
        """The same where this kind of conversation may be read; `missing_scope` otherwise."""
        require_scope(self.app, (f"{_FAMILY[channel.kind]}:{what}",))
        return channel

    def message(self, channel: Channel, name: str = "ts") -> SlackMessage:
        """The message with this ts; `message_not_found` otherwise."""
        message = channel.messages.get(self.required(name))
        if not message or message.subtype == "tombstone":
            raise SlackError("message_not_found")
        return message

    def thread_ts(self, channel: Channel, name: str = "thread_ts") -> str | None:
        """The thread named, if one is; a reply's ts leads to its thread's."""
        named = self.text(name)
        if named is None:
            return None
        message = channel.messages.get(named)
        if not message:
            raise SlackError("thread_not_found")
        return message.thread_ts if message.is_reply else named

    def user(self, name: str) -> User:
        """The user named; `user_not_found` otherwise."""
        user = self.workspace.users.get(self.required(name))
        if not user:
            raise SlackError("user_not_found")
        return user

    def page(self, items: Sequence[Any], default: int) -> tuple[list[Any], Json]:
        """One page of `items` by `limit` and `cursor`, and the fields that lead to the next."""
        size = self.number("limit", default)
        if not 1 <= size <= slack_limits.PAGE:
            raise SlackError("invalid_limit")
        start = _offset(self.text("cursor"))
        end = start + size
        cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
        return list(items[start:end]), {"response_metadata": {"next_cursor": cursor}}


@dataclass(frozen=True, slots=True)
class ApiMethod:
    """One method of the Web API. Any one of `scopes` opens it."""

    name: str
    handle: Callable[[ApiCall], Json]
    scopes: tuple[str, ...] = ()
    token: Literal["bot", "app", "none"] = "bot"  # noqa: S105 - the kind of a token
    feature: str | None = None
    """Off in the workspace, the method answers `feature_error`."""
    feature_error: str = "unknown_method"


def missing(name: str) -> SlackError:
    """The refusal of a call that lacks an argument."""
    return SlackError(
        "invalid_arguments", messages=[f"missing required field: {name} [json-pointer:/{name}]"]
    )


def require_scope(app: Installation, scopes: tuple[str, ...]) -> None:
    """`missing_scope`, unless the app was granted one of these; none asked for opens to all."""
    if scopes and app.scopes.isdisjoint(scopes):
        provided = ",".join(sorted(app.scopes))
        raise SlackError("missing_scope", needed=",".join(scopes), provided=provided)


def objects(value: Any, name: str) -> list[Json]:
    """A list of JSON objects; `invalid_arguments` otherwise."""
    if not isinstance(value, list) or not all(is_object(each) for each in value):
        raise SlackError(
            "invalid_arguments", messages=[f"must be an array of objects [json-pointer:/{name}]"]
        )
    return value


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError) as unreadable:
        raise SlackError("invalid_cursor") from unreadable
