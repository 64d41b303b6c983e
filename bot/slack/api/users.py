"""Looks up users: their names, and whether they are guests, bots or outsiders."""

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
from bot.slack.markdown.names import NAME_LIMIT, NAMELESS, prompt_name
from bot.slack.markdown.unicode_filter import clean, unescape

log = structlog.get_logger(__name__)

CACHE_SIZE = 5_000
"""Users in the cache; the least recently used goes first."""

RETRY_AFTER_S = 300.0
"""Seconds before a failed lookup is repeated."""

WORKSPACE_PREFIX = "T"
"""The first letter of workspace ids. Ids of Enterprise organisations start with E."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user's name, and a note on a guest, bot or outsider, whom to trust less."""

    name: str
    note: str = ""

    @property
    def name_with_note(self) -> str:
        """The name as prompts show it, followed by the note if there is one."""
        name = prompt_name(self.name)
        return f"{name} ({self.note})" if self.note else name


@dataclass(frozen=True, slots=True)
class _CachedUser:
    """A user object, or None after a failed lookup, and when it was fetched."""

    user: Mapping[str, object] | None
    fetched_at: float

    @property
    def is_stale(self) -> bool:
        return self.user is None and time.monotonic() - self.fetched_at > RETRY_AFTER_S


class UserDirectory:
    """Looks up users and caches them."""

    def __init__(self, client: AsyncWebClient, identity: IdentityLookup) -> None:
        self._client = client
        self._identity = identity
        self._teams: OrderedDict[str, str] = OrderedDict()
        self._cache: OrderedDict[str, _CachedUser] = OrderedDict()

    async def name(self, user_id: str) -> str:
        """Return a user's name; `NAMELESS` if the lookup fails."""
        return (await self.person(user_id)).name

    async def person(self, user_id: str) -> Person:
        """Return the user as our workspace sees them."""
        return _person(await self._user(user_id), await self._identity.get())

    def store_team(self, user_id: str, team: str | None) -> None:
        """Store a user's workspace from one of Slack's payloads."""
        if team and team.startswith(WORKSPACE_PREFIX):
            self._teams[user_id] = team
            self._teams.move_to_end(user_id)
            if len(self._teams) > CACHE_SIZE:
                self._teams.popitem(last=False)

    async def team_of(self, user_id: str, default: str) -> str:
        """Return a user's workspace; `default` if the lookup fails."""
        if stored := self._teams.get(user_id):
            return stored
        team = (await self._user(user_id)).get("team_id")
        return str(team) if team else default

    async def _user(self, user_id: str) -> Mapping[str, object]:
        cached = self._cache.get(user_id)
        if cached is None or cached.is_stale:
            cached = _CachedUser(await self._fetch(user_id), time.monotonic())
            self._cache[user_id] = cached
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        self._cache.move_to_end(user_id)
        return cached.user or {}

    async def _fetch(self, user_id: str) -> Mapping[str, object] | None:
        try:
            if is_app(user_id):
                response = await self._client.bots_info(bot=user_id)
                return {**(response.get("bot") or {}), "is_bot": True, "team_id": None}
            response = await self._client.users_info(user=user_id)
        except SLACK_ERRORS as error:
            log.info("user_not_fetched", error=code_of(error))
            return None
        return response.get("user") or {}


def is_app(user_id: str) -> bool:
    """Return whether an asker is an app or a workflow, which we store by its bot id."""
    return user_id.startswith("B")


def one_line(name: object) -> str:
    """Return a name on one line, without hidden characters, at most `NAME_LIMIT` long."""
    return " ".join(clean(str(name or "")).split())[:NAME_LIMIT]


def _person(user: Mapping[str, object], me: BotIdentity) -> Person:
    profile = user.get("profile")
    profile = profile if isinstance(profile, Mapping) else {}
    names = (profile.get("display_name"), user.get("real_name"), user.get("name"))
    lines = (one_line(unescape(str(name or ""))) for name in names)
    name = next(filter(None, lines), NAMELESS)
    note = ""
    if user.get("is_bot"):
        note = "bot"
    elif user.get("team_id") and not is_colleague(user, me):
        note = "other organisation"
    elif user.get("is_restricted") or user.get("is_ultra_restricted"):
        note = "guest"
    return Person(name, note)
