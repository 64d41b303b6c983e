"""What there is to see: messages, modals and sessions, and what the local Slack has noted."""

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
    from bot.playground.file_server import FileRequest
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
    """The looking part of a person's interface."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def messages(self, channel: Channel | str, thread_ts: str | None = None) -> list[SlackMessage]:
        """The messages of a thread, its parent first; without one those of the channel itself."""
        place = self._emulator.workspace.channel(channel)
        if thread_ts is not None:
            return place.thread(thread_ts)
        return [message for message in place.messages.values() if not message.is_reply]

    def message(self, channel: Channel | str, ts: str) -> SlackMessage:
        """One message by its ts; KeyError where there is none."""
        return self._emulator.workspace.channel(channel).messages[ts]

    def ephemerals(self, user: User | str, channel: Channel | str) -> list[SlackMessage]:
        """What only this person sees in a channel, the oldest first."""
        who = self._emulator.workspace.user(user).id
        where = self._emulator.workspace.channel(channel).id
        kept = self._emulator.workspace.ephemerals
        return [m for m in kept if m.ephemeral_for == who and m.channel == where]

    def current_modal(self, user: User | str) -> SlackView | None:
        """The modal that this person sees, the topmost where several are open."""
        stack = self._emulator.workspace.modal_stacks.get(self._emulator.workspace.user(user).id)
        return stack[-1] if stack else None

    def home_tab(self, user: User | str) -> SlackView | None:
        """The app's Home tab as this person sees it."""
        return self._emulator.workspace.home_views.get(self._emulator.workspace.user(user).id)

    def session(self, channel: Channel | str, thread_ts: str) -> Session | None:
        """The agent session of a thread."""
        where = self._emulator.workspace.channel(channel).id
        return self._emulator.workspace.sessions.get((where, thread_ts))

    def status(self, channel: Channel | str, thread_ts: str) -> str:
        """The assistant's status line; empty once two minutes have passed or something came."""
        where = self._emulator.workspace.channel(channel).id
        status = self._emulator.workspace.statuses.get((where, thread_ts))
        if not status or self._emulator.clock.now() - status.since > slack_limits.STATUS_SECONDS:
            return ""
        return status.text

    def calls(self, method: str | None = None, *, after: int = 0) -> list[CallRecord]:
        """The calls of the Web API that were received after so many, of one method or of all."""
        calls = islice(self._emulator.workspace.calls, after, None)
        return [each for each in calls if method in {None, each.method}]

    @property
    def file_requests(self) -> list[FileRequest]:
        """The downloads that were tried, the oldest first."""
        return list(self._emulator.files.requests)

    @property
    def notifications(self) -> list[Notification]:
        """Whom the app's messages called. Messages of people are not counted."""
        return list(self._emulator.workspace.notifications)

    @property
    def unfurls(self) -> list[Unfurl]:
        """Which addresses in the app's messages Slack would have fetched."""
        return list(self._emulator.workspace.unfurls)

    @property
    def deliveries(self) -> list[Delivery]:
        """The events sent to the app with what became of each, the oldest first."""
        return list(self._emulator.outbox.deliveries.values())

    def render(self, shown: SlackMessage | SlackView) -> str:
        """A message or a view as plain text, as a person would see it."""
        names = {user.id: user.name for user in self._emulator.workspace.users.values()}
        names |= {each.id: each.name for each in self._emulator.workspace.channels.values()}
        if isinstance(shown, SlackView):
            return render_view(shown, names)
        return render_message(shown, names)

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 10.0) -> T:  # noqa: ASYNC109 - the deadline of a person's patience, part of the interface
        """What `predicate` gives once that is true, asked again on each change.

        `timeout` is in seconds of the wall's clock; TimeoutError tells the app's last calls.
        """
        return await self._emulator.workspace.wait_for(predicate, timeout)

    async def wait_for_deliveries(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - the deadline of a person's patience, part of the interface
        """Wait until every event was acknowledged or given up."""
        await self.wait_for(lambda: not self._emulator.outbox.pending(), timeout)
