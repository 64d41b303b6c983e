"""Reads from a payload which installation it is for and who acted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who clicked, submitted or typed, from Slack's signed payload.

    Attributes:
        user: their user id.
        channel: where they acted; None in a modal.
        own_team: their workspace or Enterprise organisation; None if the payload doesn't say.
    """

    user: str
    channel: str | None = None
    own_team: str | None = None


def workspace_of(body: Mapping[str, Any]) -> str | None:
    """Return our installation's workspace that an event is for.

    In a Slack Connect channel, the outer `team_id`, `event.team` and even `context_team_id` may be
    the other organisation's. `authorizations` always names our installation. Interactions and
    commands name the actor's workspace instead: for these, use `Colleagues.team_id`.

    Source: payloads recorded in bolt-python, tests/slack_bolt/request/test_internals.py.
    """
    authorizations = body.get("authorizations")
    first = authorizations[0] if isinstance(authorizations, list) and authorizations else {}
    ours = first.get("team_id") if isinstance(first, Mapping) else None
    return _id(ours) or _id(body.get("context_team_id")) or _id(body.get("team_id"))


def team_of_author(event: Mapping[str, Any]) -> str | None:
    """Return the author's team (T…) or Enterprise organisation (E…), or None if unknown.

    `event.team` is the author's only if there is no `user_team`. Source: as above.
    """
    profile = event.get("user_profile")
    profile_team = profile.get("team") if isinstance(profile, Mapping) else None
    teams = (event.get("user_team"), event.get("source_team"), profile_team, event.get("team"))
    return next((team for each in teams if (team := _id(each))), None)


def actor_of(body: Mapping[str, Any]) -> Actor:
    """Return the person who clicked or submitted.

    `user.team_id` is their workspace, or in Enterprise the id of their organisation
    (https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload).
    """
    user = body.get("user") or {}
    channel = (body.get("channel") or {}).get("id")
    return Actor(str(user.get("id")), channel, _id(user.get("team_id")))


def actor_of_command(body: Mapping[str, Any]) -> Actor:
    """Return the person who sent a slash command."""
    return Actor(str(body.get("user_id")), str(body.get("channel_id")), _id(body.get("team_id")))


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
