"""Looks up users: their names, and whether they are guests, bots or outsiders."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import is_colleague
from bot.slack.api.identity import BotIdentity, IdentityLookup
from bot.slack.api.lookup_cache import CACHE_SIZE, LookupCache
from bot.slack.markdown.names import NAME_LIMIT
from bot.slack.markdown.unicode_filter import clean, unescape

log = structlog.get_logger(__name__)

FRESH_S = 6 * 3_600.0
"""Seconds after which a user is looked up again, since people change their names and time zones."""

WORKSPACE_PREFIX = "T"
"""The first letter of workspace ids. Ids of Enterprise organisations start with E."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user's name, with a note if they are a guest, bot or outsider, whom models trust less.

    Attributes:
        name: the name that Slack shows; "" if the lookup failed.
        note: "guest", "bot", "other organisation" or "".
        real_name, username: their full name and their handle; "" if unknown.
        tz: their time zone, such as "Europe/Berlin"; "" if unknown.
        utc_offset_s: the time zone's offset from UTC in seconds when the user was looked up.
    """

    name: str
    note: str = ""
    real_name: str = ""
    username: str = ""
    tz: str = ""
    utc_offset_s: int = 0

    @property
    def is_known(self) -> bool:
        """Whether the lookup succeeded."""
        return bool(self.real_name or self.username)


class UserDirectory:
    """Looks up users and caches them.

    Args:
        client: the Web API client.
        identity: who we are.
        nameless: what people read instead of a name that we could not look up.
    """

    def __init__(
        self, client: AsyncWebClient, identity: IdentityLookup, *, nameless: str = ""
    ) -> None:
        self._client = client
        self._identity = identity
        self._nameless = nameless
        self._teams: OrderedDict[str, str] = OrderedDict()
        self._cache = LookupCache(self._fetch, FRESH_S)

    async def name(self, user_id: str) -> str:
        """Return a user's name for people to read."""
        return (await self.person(user_id)).name or self._nameless

    async def person(self, user_id: str) -> Person:
        """Return the user as our workspace sees them."""
        return _person(await self._user(user_id), await self._identity.get())

    async def people(self, user_ids: Iterable[str], seconds: float) -> Mapping[str, Person]:
        """Return users by id, looked up at the same time, after at most this many seconds."""
        me = await self._identity.get()
        found = await self._cache.get_all(user_ids, seconds)
        return {user_id: _person(user or {}, me) for user_id, user in found.items()}

    def store_team(self, user_id: str, team: str | None) -> None:
        """Store a user's workspace from one of Slack's payloads."""
        if team and team.startswith(WORKSPACE_PREFIX):
            self._teams[user_id] = team
            self._teams.move_to_end(user_id)
            if len(self._teams) > CACHE_SIZE:
                self._teams.popitem(last=False)

    async def team_of(self, user_id: str, default: str) -> str:
        """Return a user's workspace, or `default` if the lookup fails."""
        if stored := self._teams.get(user_id):
            return stored
        team = (await self._user(user_id)).get("team_id")
        return str(team) if team else default

    async def _user(self, user_id: str) -> Mapping[str, object]:
        return await self._cache.get(user_id) or {}

    async def _fetch(self, user_id: str) -> Mapping[str, object] | None:
        try:
            if is_app(user_id):
                response = await self._client.bots_info(bot=user_id)
                return {**(response.get("bot") or {}), "is_bot": True, "team_id": None}
            response = await self._client.users_info(user=user_id)
        except SLACK_ERRORS as error:
            log.info("user_not_fetched", error=code_of(error))
            return None
        user = response.get("user")
        return user if isinstance(user, Mapping) else {}


def is_app(user_id: str) -> bool:
    """Return whether an asker is an app or a workflow, which we store by its bot id."""
    return user_id.startswith("B")


def one_line(name: object, limit: int = NAME_LIMIT) -> str:
    """Return a name on one line, without hidden characters, in at most `limit` characters."""
    return " ".join(clean(str(name or "")).split())[:limit]


def _person(user: Mapping[str, object], me: BotIdentity) -> Person:
    profile = user.get("profile")
    profile = profile if isinstance(profile, Mapping) else {}
    full = _plain(user.get("real_name") or profile.get("real_name"))
    username = _plain(user.get("name"))
    name = _plain(profile.get("display_name")) or full or username
    offset = user.get("tz_offset")
    return Person(
        name,
        _note(user, me),
        real_name=full,
        username=username,
        tz=str(user.get("tz") or ""),
        utc_offset_s=offset if isinstance(offset, int) else 0,
    )


def _plain(name: object) -> str:
    """Return a name that Slack escaped as plain text on one line."""
    return one_line(unescape(str(name or "")))


def _note(user: Mapping[str, object], me: BotIdentity) -> str:
    if user.get("is_bot"):
        return "bot"
    if user.get("team_id") and not is_colleague(user, me):
        return "other organisation"
    return "guest" if user.get("is_restricted") or user.get("is_ultra_restricted") else ""
