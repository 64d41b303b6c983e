"""One Web API call: parses its arguments and checks what every method checks."""

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
    """The arguments of one call and the emulator it acts on."""

    emulator: Emulator
    args: Json

    @property
    def workspace(self) -> Workspace:
        """The workspace."""
        return self.emulator.workspace

    @property
    def app(self) -> Installation:
        """The calling app."""
        return self.emulator.app

    def text(self, name: str) -> str | None:
        """Return an argument as text, or None if it is missing or empty."""
        value = self.args.get(name)
        return None if value is None or value == "" else str(value)

    def required(self, name: str) -> str:
        """Return a required argument as text; raise `invalid_arguments` if it is missing."""
        value = self.text(name)
        if value is None:
            raise missing_argument(name)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean argument, from JSON or form data."""
        value = self.args.get(name)
        return default if value is None else str(value).lower() not in _FALSE

    def integer(self, name: str, default: int) -> int:
        """Return an integer argument; raise `invalid_arguments` if it is not one."""
        value = self.text(name)
        try:
            return default if value is None else int(value)
        except ValueError as error:
            raise SlackError(
                "invalid_arguments", messages=[f"must be an integer [json-pointer:/{name}]"]
            ) from error

    def parse_json(self, name: str) -> Any:
        """Return a JSON argument, whether sent as JSON or as text."""
        try:
            return parse_json(self.args.get(name))
        except ValueError as error:
            raise SlackError(
                "invalid_arguments", messages=[f"must be valid JSON [json-pointer:/{name}]"]
            ) from error

    def channel(self, name: str = "channel") -> Channel:
        """Return the named conversation; a private one without the bot is `channel_not_found`."""
        channel = self.workspace.channels.get(self.required(name))
        if not channel or (channel.private and not self.is_member(channel)):
            raise SlackError("channel_not_found")
        return channel

    def require_writable(self, channel: Channel, *, public: bool = False) -> Channel:
        """Return the channel if the app may post there.

        With `public`, `chat:write.public` allows public channels that the bot has not joined.
        """
        allowed = public and "chat:write.public" in self.app.scopes and not channel.private
        if not self.is_member(channel) and not allowed:
            raise SlackError("not_in_channel")
        if channel.archived:
            raise SlackError("is_archived")
        return channel

    def is_member(self, channel: Channel) -> bool:
        """Return whether the bot is a member."""
        return self.app.bot_user_id in channel.members

    def require_read_scope(self, channel: Channel, access: Literal["history", "read"]) -> Channel:
        """Return the channel; raise `missing_scope` if the app may not read its kind."""
        require_scope(self.app, (f"{_FAMILY[channel.kind]}:{access}",))
        return channel

    def message(self, channel: Channel, name: str = "ts") -> SlackMessage:
        """Return the message with this ts; raise `message_not_found` if there is none."""
        message = channel.messages.get(self.required(name))
        if not message or message.subtype == "tombstone":
            raise SlackError("message_not_found")
        return message

    def thread_ts(
        self, channel: Channel, name: str = "thread_ts", *, error_code: str = "thread_not_found"
    ) -> str | None:
        """Return the named thread, if any; a reply's ts resolves to its thread.

        Raises `error_code` if the thread's first message doesn't exist or was deleted.
        """
        named = self.text(name)
        if named is None:
            return None
        root = thread_root_ts(channel, named)
        if not channel.has_root(root):
            raise SlackError(error_code)
        return root

    def thread_to_post_in(self, channel: Channel) -> str | None:
        """Return the thread to post a message in, or None for the channel itself.

        If the thread's first message was deleted, Slack reports no error: it posts the message at
        the top level of the channel, where everyone sees it. Sources: langchain-ai/open-swe 2753,
        PostHog 83601, timescale/tiger-agents 303, measure-sh 3997, hackclub/nephthys 220.
        """
        named = self.text("thread_ts")
        root = thread_root_ts(channel, named) if named else None
        return root if root and channel.has_root(root) else None

    def user(self, name: str) -> User:
        """Return the named user; raise `user_not_found` if there is none."""
        user = self.workspace.users.get(self.required(name))
        if not user:
            raise SlackError("user_not_found")
        return user

    def page(self, items: Sequence[Any], default: int) -> tuple[list[Any], Json]:
        """Return one page of `items` by `limit` and `cursor`, and the response's cursor fields."""
        size = self.integer("limit", default)
        if not 1 <= size <= slack_limits.PAGE:
            raise SlackError("invalid_limit")
        start = _offset(self.text("cursor"))
        end = start + size
        cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
        return list(items[start:end]), {"response_metadata": {"next_cursor": cursor}}


@dataclass(frozen=True, slots=True)
class ApiMethod:
    """One Web API method. The app needs any one of `scopes`."""

    name: str
    handle: Callable[[ApiCall], Json]
    scopes: tuple[str, ...] = ()
    token: Literal["bot", "app", "none"] = "bot"  # noqa: S105 - the kind of a token
    feature: str | None = None
    """If the workspace lacks this feature, the method responds with `feature_error`."""
    feature_error: str = "unknown_method"


def thread_root_ts(channel: Channel, ts: str) -> str:
    """Return the ts of the first message of a message's thread."""
    message = channel.messages.get(ts)
    return str(message.thread_ts) if message and message.is_reply else ts


def missing_argument(name: str) -> SlackError:
    """Return the error for a missing argument."""
    return SlackError(
        "invalid_arguments", messages=[f"missing required field: {name} [json-pointer:/{name}]"]
    )


def require_scope(app: Installation, scopes: tuple[str, ...]) -> None:
    """Raise `missing_scope` unless the app has one of these scopes. No scopes means no check."""
    if scopes and app.scopes.isdisjoint(scopes):
        provided = ",".join(sorted(app.scopes))
        raise SlackError("missing_scope", needed=",".join(scopes), provided=provided)


def require_objects(value: Any, name: str) -> list[Json]:
    """Return a list of JSON objects; raise `invalid_arguments` if it is anything else."""
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
    except (binascii.Error, ValueError) as error:
        raise SlackError("invalid_cursor") from error
