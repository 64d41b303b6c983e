"""Fills the local Slack with the trial's people, channels and discussions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bot.manifest import render_manifest
from bot.slack.commands import SUBCOMMANDS
from bot.trial import cast

if TYPE_CHECKING:
    from bot.playground.server import LocalSlack
    from bot.playground.state.models import Channel

PAUSE_S = 240.0
"""Seconds between two messages from the past."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut of the app. `kind` is "message" or "global"."""

    name: str
    kind: str
    callback_id: str


@dataclass(frozen=True, slots=True)
class AppFeatures:
    """The features that the app's manifest offers to people."""

    commands: tuple[str, ...]
    subcommands: tuple[str, ...]
    shortcuts: tuple[Shortcut, ...]


def install_app(slack: LocalSlack) -> AppFeatures:
    """Give the app the scopes and events of its manifest, and return its features."""
    manifest: dict[str, Any] = yaml.safe_load(render_manifest())
    slack.app.scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    slack.app.events = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    features = manifest["features"]
    shortcuts = tuple(
        Shortcut(each["name"], each["type"], each["callback_id"]) for each in features["shortcuts"]
    )
    commands = tuple(each["command"] for each in features["slash_commands"])
    return AppFeatures(commands, tuple(each.name for each in SUBCOMMANDS), shortcuts)


def past_seconds() -> float:
    """Return how many seconds ago the first message was posted."""
    return PAUSE_S * sum(1 + len(line.replies) for room in cast.ROOMS for line in room.lines)


async def furnish(slack: LocalSlack) -> None:
    """Add people and channels, and post their earlier messages. The app receives none of them."""
    events, slack.app.events = slack.app.events, set()
    for person in cast.PEOPLE:
        team = cast.OUTSIDE_TEAM if person.outside else None
        user = slack.add_user(person.name, admin=person.admin, guest=person.guest, team_id=team)
        if not person.outside:
            slack.dm(user)
    slack.add_user(cast.ALERTS, bot=True)
    for room in cast.ROOMS:
        channel = _open_room(slack, room)
        for line in room.lines:
            await _say(slack, channel, line, None)
    slack.app.events = events


def _open_room(slack: LocalSlack, room: cast.Room) -> Channel:
    connected = [cast.OUTSIDE_TEAM] if room.shared else []
    channel = slack.add_channel(
        room.name, members=room.members, private=room.private, connected=connected
    )
    if any(line.who == cast.ALERTS for line in room.lines):
        channel.members.append(next(u.id for u in slack.everybody if u.name == cast.ALERTS))
    return channel


async def _say(slack: LocalSlack, channel: Channel, line: cast.Line, thread_ts: str | None) -> None:
    slack.clock.advance(PAUSE_S)
    ts = await slack.post(line.who, channel, line.text, thread_ts=thread_ts)
    if line.who == cast.ALERTS:
        slack.message(channel, ts).blocks = []
    for reply in line.replies:
        await _say(slack, channel, reply, ts)
