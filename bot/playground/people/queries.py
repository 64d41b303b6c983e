"""Reads what people see, and what the local Slack has recorded."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from bot import slack_limits
from bot.playground.render.blocks import render_message, render_view
from bot.playground.state.models import SlackMessage, SlackView

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.delivery.outbox import Delivery
    from bot.playground.emulator import Emulator
    from bot.playground.file_server import FileRequest, SharedFile
    from bot.playground.state.models import (
        CallRecord,
        Channel,
        Notification,
        Session,
        Unfurl,
        User,
    )

T = TypeVar("T")


class PeopleQueries:
    """The part of `LocalSlack` that reads its state."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def messages(self, channel: Channel | str, thread_ts: str | None = None) -> list[SlackMessage]:
        """Return a thread, parent first; without `thread_ts`, the channel's top-level messages."""
        conversation = self._emulator.workspace.channel(channel)
        if thread_ts is not None:
            return conversation.thread(thread_ts)
        return [message for message in conversation.messages.values() if not message.is_reply]

    def message(self, channel: Channel | str, ts: str) -> SlackMessage:
        """Return one message by its ts; raise KeyError if there is none."""
        return self._emulator.workspace.channel(channel).messages[ts]

    def ephemerals(self, user: User | str, channel: Channel | str) -> list[SlackMessage]:
        """Return the ephemeral messages of this person in a channel, oldest first."""
        user_id = self._emulator.workspace.user(user).id
        channel_id = self._emulator.workspace.channel(channel).id
        ephemerals = self._emulator.workspace.ephemerals
        return [m for m in ephemerals if m.ephemeral_for == user_id and m.channel == channel_id]

    @property
    def everybody(self) -> list[User]:
        """All people and apps."""
        return list(self._emulator.workspace.users.values())

    @property
    def conversations(self) -> list[Channel]:
        """All conversations, oldest first."""
        return list(self._emulator.workspace.channels.values())

    @property
    def names(self) -> dict[str, str]:
        """The names of users and channels by id."""
        names = {user.id: user.name for user in self._emulator.workspace.users.values()}
        return names | {each.id: each.name for each in self._emulator.workspace.channels.values()}

    @property
    def changes(self) -> int:
        """How often something has changed."""
        return self._emulator.workspace.changes

    async def wait_for_change(self, after: int) -> int:
        """Wait until `changes` exceeds `after`; return it."""
        return await self._emulator.workspace.wait_for_change(after)

    def user(self, user_id: str) -> User | None:
        """Return a person or app by id."""
        return self._emulator.workspace.users.get(user_id)

    def team_name(self, team_id: str) -> str:
        """Return the name of a workspace or an outside organisation."""
        return self._emulator.workspace.teams.get(team_id, team_id)

    def shared_file(self, file_id: str) -> SharedFile | None:
        """Return an uploaded file by its id."""
        return self._emulator.files.files.get(file_id)

    def modals(self, user: User | str) -> list[SlackView]:
        """Return the modals that this person has open, topmost last."""
        user_id = self._emulator.workspace.user(user).id
        return list(self._emulator.workspace.modal_stacks.get(user_id, ()))

    def prompts(self, channel: Channel | str, thread_ts: str = "") -> list[dict[str, str]]:
        """Return the prompts that the app suggests in a conversation or thread."""
        channel_id = self._emulator.workspace.channel(channel).id
        return self._emulator.workspace.prompts.get((channel_id, thread_ts), [])

    def current_modal(self, user: User | str) -> SlackView | None:
        """Return the topmost modal that this person has open."""
        stack = self._emulator.workspace.modal_stacks.get(self._emulator.workspace.user(user).id)
        return stack[-1] if stack else None

    def home_tab(self, user: User | str) -> SlackView | None:
        """Return the app's Home tab for this person."""
        return self._emulator.workspace.home_views.get(self._emulator.workspace.user(user).id)

    def session(self, channel: Channel | str, thread_ts: str) -> Session | None:
        """Return the agent session of a thread."""
        channel_id = self._emulator.workspace.channel(channel).id
        return self._emulator.workspace.sessions.get((channel_id, thread_ts))

    def status(self, channel: Channel | str, thread_ts: str) -> str:
        """Return the assistant's status line.

        It is empty after two minutes or once a message was posted.
        """
        channel_id = self._emulator.workspace.channel(channel).id
        status = self._emulator.workspace.statuses.get((channel_id, thread_ts))
        if not status or self._emulator.clock.now() - status.since > slack_limits.STATUS_SECONDS:
            return ""
        return status.text

    def calls(self, method: str | None = None, *, after: int = 0) -> list[CallRecord]:
        """Return the Web API calls of one method or all, skipping the first `after` calls."""
        calls = islice(self._emulator.workspace.calls, after, None)
        return [each for each in calls if method in {None, each.method}]

    @property
    def file_requests(self) -> list[FileRequest]:
        """All file download requests, oldest first."""
        return list(self._emulator.files.requests)

    @property
    def notifications(self) -> list[Notification]:
        """The notifications caused by the app's messages; people's messages are not recorded."""
        return list(self._emulator.workspace.notifications)

    @property
    def unfurls(self) -> list[Unfurl]:
        """The URLs in the app's messages that Slack would have fetched for previews."""
        return list(self._emulator.workspace.unfurls)

    @property
    def deliveries(self) -> list[Delivery]:
        """All events sent to the app and their outcomes, oldest first."""
        return list(self._emulator.outbox.deliveries.values())

    def render(self, content: SlackMessage | SlackView) -> str:
        """Return a message or view as plain text, as a person sees it."""
        names = self.names
        if isinstance(content, SlackView):
            return render_view(content, names)
        return render_message(content, names)

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 10.0) -> T:  # noqa: ASYNC109 - the timeout is part of the interface
        """Wait until `predicate` returns a true value and return it; check on every change.

        `timeout` is in wall-clock seconds. TimeoutError lists the app's last calls.
        """
        return await self._emulator.workspace.wait_for(predicate, timeout)

    async def wait_for_deliveries(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - the timeout is part of the interface
        """Wait until every event was acknowledged or given up on."""
        await self.wait_for(lambda: not self._emulator.outbox.pending(), timeout)
