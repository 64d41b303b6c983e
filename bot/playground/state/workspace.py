"""The state of the local Slack, and the wake-up of whoever waits for it to change."""

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


class Workspace:
    """Everything that a workspace holds. Whoever changes it calls `changed()`."""

    def __init__(self, clock: Clock, *, team_id: str, team_name: str) -> None:
        self.clock = clock
        self.team_id = team_id
        self.teams: dict[str, str] = {team_id: team_name}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[SlackMessage] = []
        self.views: dict[str, SlackView] = {}
        self.modal_stacks: dict[str, list[SlackView]] = {}
        """The open modals of each person, the topmost last."""
        self.home_views: dict[str, SlackView] = {}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.statuses: dict[tuple[str, str], AssistantStatus] = {}
        self.thread_titles: dict[tuple[str, str], str] = {}
        self.prompts: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.notifications: list[Notification] = []
        self.unfurls: list[Unfurl] = []
        self.calls: list[CallRecord] = []
        self._numbers = itertools.count(1)
        self._last_micro = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def new_id(self, prefix: str) -> str:
        """An id of Slack's look, such as `C00000007`, that nothing else here has."""
        return f"{prefix}{next(self._numbers):08d}"

    def next_ts(self) -> str:
        """A message's ts: epoch seconds and microseconds, later than every one before it."""
        self._last_micro = max(self._last_micro + 1, int(self.clock.now() * _MICRO))
        return f"{self._last_micro // _MICRO}.{self._last_micro % _MICRO:06d}"

    def new_hash(self) -> str:
        """A view's hash, different after each change of it."""
        return f"{int(self.clock.now())}.{secrets.token_hex(4)}"

    def add_user(self, user: User) -> User:
        """Let somebody in."""
        self.users[user.id] = user
        self.teams.setdefault(user.team_id, f"Organisation {user.team_id}")
        self.notify_changed()
        return user

    def add_channel(self, name: str, kind: ChannelKind, members: Iterable[str]) -> Channel:
        """Open a conversation of these people."""
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
        """The direct messages of two, opened where they have none yet."""
        for channel in self.channels.values():
            if channel.kind == "im" and set(channel.members) == {one, other}:
                return channel
        return self.add_channel("", "im", (one, other))

    def add_message(self, message: SlackMessage) -> SlackMessage:
        """Put a message where people see it."""
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

    def user(self, who: User | str) -> User:
        """Somebody by id or name; LookupError where there is nobody."""
        if isinstance(who, User):
            return who
        found = self.users.get(who) or next(
            (user for user in self.users.values() if user.name == who), None
        )
        if not found:
            raise UnknownInWorkspaceError(f"nobody here is called {who!r}")
        return found

    def channel(self, where: Channel | str) -> Channel:
        """A conversation by id or name; LookupError where there is none."""
        if isinstance(where, Channel):
            return where
        found = self.channels.get(where) or next(
            (each for each in self.channels.values() if each.name == where.lstrip("#")), None
        )
        if not found:
            raise UnknownInWorkspaceError(f"there is no conversation {where!r}")
        return found

    def notify_changed(self) -> None:
        """Wake everybody who waits for something here."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait_for(self, predicate: Callable[[], T], timeout: float) -> T:  # noqa: ASYNC109 - the deadline of a person's patience, part of the interface
        """What `predicate` gives once that is true; asked again on each change.

        `timeout` is in seconds of the wall's clock. TimeoutError tells what was still false.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (result := predicate()):
                    await self._next_change()
        except TimeoutError:
            last = ", ".join(f"{c.method}={c.error or 'ok'}" for c in self.calls[-5:])
            raise TimeoutError(
                f"nothing made it true within {timeout} s; the app's last calls: {last or 'none'}"
            ) from None
        return result

    async def _next_change(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
