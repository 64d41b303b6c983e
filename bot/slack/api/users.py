"""Who is who: names of users, and whether they are guests, bots or from another organisation."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import is_colleague
from bot.slack.api.identity import BotIdentity, IdentityLookup
from bot.slack.markdown.unicode_filter import clean

log = structlog.get_logger(__name__)

REMEMBERED = 5_000
"""Users whose names are kept; the one unused for longest goes first."""

FORGOTTEN_AFTER_S = 300.0
"""Seconds after which somebody who could not be looked up is looked up again."""

NAME_LIMIT = 80
WORKSPACE = "T"
"""What ids of workspaces begin with; those of Enterprise organisations begin with E."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user as others see them. `note` marks whom to trust less: a guest, a bot, an outsider."""

    name: str
    note: str = ""

    @property
    def introduced(self) -> str:
        """The name, with the note where there is one."""
        return f"{self.name} ({self.note})" if self.note else self.name


@dataclass(frozen=True, slots=True)
class _Known:
    """What Slack told of a user, or None where it told nothing, and when."""

    user: Mapping[str, object] | None
    at: float

    @property
    def is_stale(self) -> bool:
        return self.user is None and time.monotonic() - self.at > FORGOTTEN_AFTER_S


class UserDirectory:
    """Looks users up, once each."""

    def __init__(self, client: AsyncWebClient, identity: IdentityLookup) -> None:
        self._client = client
        self._identity = identity
        self._teams: OrderedDict[str, str] = OrderedDict()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def name(self, user_id: str) -> str:
        """The name of a user; "someone" when it cannot be found out."""
        return (await self.person(user_id)).name

    async def person(self, user_id: str) -> Person:
        """The user, seen from our workspace."""
        return _person(await self._user(user_id), await self._identity.get())

    def learn(self, user_id: str, team: str | None) -> None:
        """Remember a person's own workspace, as one of Slack's payloads has told it."""
        if team and team.startswith(WORKSPACE):
            self._teams[user_id] = team
            self._teams.move_to_end(user_id)
            if len(self._teams) > REMEMBERED:
                self._teams.popitem(last=False)

    async def team_of(self, user_id: str, otherwise: str) -> str:
        """A person's own workspace; `otherwise` where it cannot be found out."""
        if known := self._teams.get(user_id):
            return known
        team = (await self._user(user_id)).get("team_id")
        return str(team) if team else otherwise

    async def _user(self, user_id: str) -> Mapping[str, object]:
        known = self._known.get(user_id)
        if known is None or known.is_stale:
            known = _Known(await self._asked(user_id), time.monotonic())
            self._known[user_id] = known
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(user_id)
        return known.user or {}

    async def _asked(self, user_id: str) -> Mapping[str, object] | None:
        try:
            if is_app(user_id):
                answer = await self._client.bots_info(bot=user_id)
                return {**(answer.get("bot") or {}), "is_bot": True, "team_id": None}
            answer = await self._client.users_info(user=user_id)
        except SLACK_ERRORS as error:
            log.info("user_unknown", error=code_of(error))
            return None
        return answer.get("user") or {}


def is_app(user_id: str) -> bool:
    """Whether it was an app or a workflow that asked: of those we keep the bot's id."""
    return user_id.startswith("B")


def one_line(name: object) -> str:
    """A name that keeps to its line and hides nothing, whatever its owner put into it."""
    return " ".join(clean(str(name or "")).split())[:NAME_LIMIT]


def _person(user: Mapping[str, object], me: BotIdentity) -> Person:
    profile = user.get("profile")
    profile = profile if isinstance(profile, Mapping) else {}
    names = (profile.get("display_name"), user.get("real_name"), user.get("name"))
    name = next((one_line(n) for n in names if one_line(n)), "someone")
    note = ""
    if user.get("is_bot"):
        note = "bot"
    elif user.get("team_id") and not is_colleague(user, me):
        note = "other organisation"
    elif user.get("is_restricted") or user.get("is_ultra_restricted"):
        note = "guest"
    return Person(name, note)
