"""Chooses what the page suggests to try: something where the bot has not answered yet."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.trial import cast
from bot.trial.examples import is_example

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.playground.state.models import Channel
    from bot.trial.window import Window


def suggestions(
    window: Window, channel: Channel, thread_ts: str | None
) -> Sequence[Mapping[str, str]]:
    """Return what to try in a channel or in an example's thread, as title and message.

    Nothing once the bot has answered there: the visitor knows how.
    """
    if _has_answered(window, channel, thread_ts):
        return []
    found = _in_channel(channel) if thread_ts is None else _in_thread(channel, thread_ts)
    return [asdict(each) for each in found]


def _in_channel(channel: Channel) -> Sequence[cast.Suggestion]:
    return next((room.suggestions for room in cast.ROOMS if room.name == channel.name), ())


def _in_thread(channel: Channel, thread_ts: str) -> Sequence[cast.Suggestion]:
    root = channel.messages.get(thread_ts)
    text = root.text if root else ""
    return [
        example.follow_up
        for example in cast.EXAMPLES
        if example.room == channel.name and text.startswith(example.under)
    ]


def _has_answered(window: Window, channel: Channel, thread_ts: str | None) -> bool:
    """Return whether the bot wrote anything here but examples."""
    shown = window.messages(channel) if thread_ts is None else ()
    written = [*channel.messages.values(), *shown]
    return any(
        message.user == window.bot_id
        and thread_ts in {None, message.thread_ts}
        and not is_example(message, channel.messages.get(str(message.thread_ts)))
        for message in written
    )
