"""The state of a workspace, with notifications on every change."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import TYPE_CHECKING, Final, TypeVar

from bot.playground.errors import UnknownInWorkspaceError
from bot.playground.state.models import Channel, SlackMessage, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.playground.clock import Clock
    from bot.playground.state.models import (
        AssistantStatus,
        CallRecord,
        ChannelKind,
        Notification,
        Session,
        SlackView,
        Unfurl,
    )

T = TypeVar("T")

_MICRO: Final = 1_000_000

SLACKBOT_ID: Final = "USLACKBOT"
"""The author of tombstones."""


class Workspace:
    """The state of a workspace. Code that changes it must call `notify_changed()`."""

    def __init__(self, clock: Clock, *, team_id: str, team_name: str) -> None:
        self.clock = clock
        self.team_id = team_id
        self.teams: dict[str, str] = {team_id: team_name}
        self.enterprises: dict[str, str] = {}
        """The Enterprise organisation of each team id that belongs to one."""
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[SlackMessage] = []
        self.views: dict[str, SlackView] = {}
        self.modal_stacks: dict[str, list[SlackView]] = {}
        """The open modals of each person, topmost last."""
        self.home_views: dict[str, SlackView] = {}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.statuses: dict[tuple[str, str], AssistantStatus] = {}
        self.thread_titles: dict[tuple[str, str], str] = {}
        self.prompts: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.notifications: list[Notification] = []
        self.unfurls: list[Unfurl] = []
        self.calls: list[CallRecord] = []
        self.changes = 0
        """How often anything has changed."""
        self._numbers = itertools.count(1)
        self._last_micro = 0
        self._waiters: set[asyncio.Future[None]] = set()

    def new_id(self, prefix: str) -> str:
        """Return a unique id in Slack's format, such as `C00000007`."""
        return f"{prefix}{next(self._numbers):08d}"

    def continue_numbers(self, number: int) -> None:
        """Continue with ids from this number on."""
        self._numbers = itertools.count(number)

    def next_ts(self) -> str:
        """Return a new ts in epoch seconds and microseconds, later than all earlier ones."""
        self._last_micro = max(self._last_micro + 1, int(self.clock.now() * _MICRO))
        return f"{self._last_micro // _MICRO}.{self._last_micro % _MICRO:06d}"

    def new_hash(self) -> str:
        """Return a new hash for a changed view."""
        return f"{int(self.clock.now())}.{secrets.token_hex(4)}"

    def add_user(self, user: User) -> User:
        """Add a user."""
        self.users[user.id] = user
        self.teams.setdefault(user.team_id, f"Organisation {user.team_id}")
        self.notify_changed()
        return user

    def add_channel(self, name: str, kind: ChannelKind, members: Iterable[str]) -> Channel:
        """Add a conversation with these members."""
        listed = list(dict.fromkeys(members))
        channel = Channel(
            id=self.new_id("D" if kind == "im" else "G" if kind == "mpim" else "C"),
            name=name,
            kind=kind,
            creator=listed[0] if listed else "",
            created=int(self.clock.now()),
            members=listed,
            private=kind != "channel",
        )
        self.channels[channel.id] = channel
        self.notify_changed()
        return channel

    def im_between(self, one: str, other: str) -> Channel:
        """Return the direct message channel of two users, opening it if needed."""
        for channel in self.channels.values():
            if channel.kind == "im" and set(channel.members) == {one, other}:
                return channel
        return self.add_channel("", "im", (one, other))

    def add_message(self, message: SlackMessage) -> SlackMessage:
        """Add a message to its channel, or to the ephemeral messages."""
        if message.ephemeral_for:
            self.ephemerals.append(message)
        else:
            channel = self.channels[message.channel]
            channel.messages[message.ts] = message
            if message.is_reply:
                channel.threads.setdefault(str(message.thread_ts), []).append(message.ts)
            self.statuses.pop((message.channel, message.thread_ts or message.ts), None)
        self.notify_changed()
        return message

    def user(self, user: User | str) -> User:
        """Return a user by id or name; raise UnknownInWorkspaceError if there is none."""
        if isinstance(user, User):
            return user
        found = self.users.get(user) or next(
            (each for each in self.users.values() if each.name == user), None
        )
        if not found:
            raise UnknownInWorkspaceError(f"no user {user!r}")
        return found

    def channel(self, channel: Channel | str) -> Channel:
        """Return a conversation by id or name; raise UnknownInWorkspaceError if there is none."""
        if isinstance(channel, Channel):
            return channel
        found = self.channels.get(channel) or next(
            (each for each in self.channels.values() if each.name == channel.lstrip("#")), None
        )
        if not found:
            raise UnknownInWorkspaceError(f"no conversation {channel!r}")
        return found

    def notify_changed(self) -> None:
        """Wake all tasks that wait for a change."""
        self.changes += 1
        waiters, self._waiters = self._waiters, set()
        for future in waiters:
            if not future.done():
                future.set_result(None)

    async def wait_for(self, predicate: Callable[[], T], timeout: float) -> T:  # noqa: ASYNC109 - the timeout is part of the interface
        """Wait until `predicate` returns a true value and return it; check on every change.

        `timeout` is in wall-clock seconds. TimeoutError lists the app's last calls.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (result := predicate()):
                    await self._next_change()
        except TimeoutError:
            last = ", ".join(f"{c.method}={c.error or 'ok'}" for c in self.calls[-5:])
            raise TimeoutError(
                f"still false after {timeout} s; the app's last calls: {last or 'none'}"
            ) from None
        return result

    async def wait_for_change(self, after: int) -> int:
        """Wait until `changes` exceeds `after`; return it."""
        while self.changes <= after:
            await self._next_change()
        return self.changes

    async def _next_change(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(future)
        try:
            await future
        finally:
            self._waiters.discard(future)
