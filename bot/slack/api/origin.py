"""Where a payload comes from: the workspace that Slack sent it to, and the person's own team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """Who clicks, submits or commands, as Slack's signed payload says.

    Attributes:
        user: their id.
        channel: where they act; None for a click in a modal.
        own_team: their workspace or Enterprise organisation; None where the payload does not say.
    """

    user: str
    channel: str | None = None
    own_team: str | None = None


def workspace_of(body: Mapping[str, Any]) -> str | None:
    """The workspace in which we are installed and for which Slack sent an event.

    In a channel of Slack Connect the outer `team_id`, `event.team` and even `context_team_id` may
    be the other organisation's; `authorizations` always name our installation. Interactions and
    commands name the person's own workspace; for them it is `Colleagues.workspace`.

    Source: the recorded payloads of bolt-python, tests/slack_bolt/request/test_internals.py.
    """
    authorizations = body.get("authorizations")
    first = authorizations[0] if isinstance(authorizations, list) and authorizations else {}
    ours = first.get("team_id") if isinstance(first, Mapping) else None
    return _id(ours) or _id(body.get("context_team_id")) or _id(body.get("team_id"))


def team_of_author(event: Mapping[str, Any]) -> str | None:
    """The author's own team (T…), or their Enterprise organisation (E…); None where not told.

    `event.team` is theirs only where no `user_team` stands beside it. Source: as above.
    """
    profile = event.get("user_profile")
    named = profile.get("team") if isinstance(profile, Mapping) else None
    told = (event.get("user_team"), event.get("source_team"), named, event.get("team"))
    return next((team for each in told if (team := _id(each))), None)


def actor_of(body: Mapping[str, Any]) -> Actor:
    """Who clicked or submitted, as the signed payload says.

    `user.team_id` is their own workspace, or within Enterprise their organisation's id
    (https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload).
    """
    user = body.get("user") or {}
    channel = (body.get("channel") or {}).get("id")
    return Actor(str(user.get("id")), channel, _id(user.get("team_id")))


def visitor_of_command(body: Mapping[str, Any]) -> Actor:
    """Who sent a slash command. Slack offers ours only to people of the workspaces that have it."""
    return Actor(str(body.get("user_id")), str(body.get("channel_id")), _id(body.get("team_id")))


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
