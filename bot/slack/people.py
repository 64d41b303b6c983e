"""Who is who: names of users, and whether they are guests, bots or from another organisation."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

log = structlog.get_logger(__name__)

REMEMBERED = 5_000
"""Users whose names are kept; the one unused for longest goes first."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user as others see them. `note` marks whom to trust less: a guest, a bot, an outsider."""

    name: str
    note: str = ""

    @property
    def introduced(self) -> str:
        """The name, with the note where there is one."""
        return f"{self.name} ({self.note})" if self.note else self.name


UNKNOWN = Person("someone")


class People:
    """Looks users up, once each."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: OrderedDict[str, Person] = OrderedDict()

    async def name(self, user_id: str) -> str:
        """The name of a user; "someone" when it cannot be found out."""
        return (await self.person(user_id)).name

    async def person(self, user_id: str, team: str | None = None) -> Person:
        """The user, seen from the workspace `team`."""
        if known := self._known.get(user_id):
            self._known.move_to_end(user_id)
            return known
        try:
            answer = await self._client.users_info(user=user_id)
        except SlackApiError as error:
            log.info("user_unknown", error=error.response.get("error"))
            return UNKNOWN
        person = _person(answer.get("user") or {}, team)
        self._known[user_id] = person
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return person


def _person(user: dict[str, object], team: str | None) -> Person:
    profile = user.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    names = (profile.get("display_name"), user.get("real_name"), user.get("name"))
    name = next((str(n).strip() for n in names if n and str(n).strip()), UNKNOWN.name)
    note = ""
    if user.get("is_bot"):
        note = "bot"
    elif user.get("is_stranger") or (team and user.get("team_id") not in {None, team}):
        note = "other organisation"
    elif user.get("is_restricted") or user.get("is_ultra_restricted"):
        note = "guest"
    return Person(" ".join(name.split())[:80], note)
