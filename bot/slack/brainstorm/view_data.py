"""Looks up what people may see of a brainstorm. Slack code reads ideas only through this module."""

from __future__ import annotations

from dataclasses import dataclass

from bot.brainstorm.ports import BrainstormStore
from bot.brainstorm.session import BrainstormSession, StoredIdea
from bot.brainstorm.tally import complete_grouping
from bot.preferences import Preferences
from bot.slack.api.users import UserDirectory
from bot.slack.brainstorm.text import Readable, readable
from bot.slack.ui.strings import brainstorm as strings
from moa.brainstorm import Grouping


class IdeasHidden(Exception):
    """Other people's ideas are still hidden."""


@dataclass(frozen=True, slots=True)
class OpenIdeas:
    """The ideas of a brainstorm by theme, once the silence is over."""

    grouping: Grouping
    shown: Readable


class SessionViews:
    """Reads brainstorms for people, and enforces that ideas stay hidden during the silence."""

    def __init__(
        self, store: BrainstormStore, preferences: Preferences, people: UserDirectory
    ) -> None:
        self.store = store
        self.preferences = preferences
        self.people = people

    async def open_ideas(self, session: BrainstormSession) -> OpenIdeas:
        """Return all ideas by theme.

        Raises:
            IdeasHidden: the silence isn't over, or the ideas aren't grouped yet.
        """
        if not session.shows_ideas:
            raise IdeasHidden
        ideas = await self.store.ideas(session.id)
        rules = await self.preferences.rules(session.team, session.channel)
        shown = await readable(ideas, self.people.name, sources=rules.names == "shown")
        return OpenIdeas(complete_grouping(session, ideas, strings.LATE_THEME), shown)

    async def own_ideas(self, session: BrainstormSession, user: str) -> list[StoredIdea]:
        """Return a person's own ideas, oldest first."""
        ideas = await self.store.ideas(session.id)
        return [idea for idea in ideas if idea.author == user and not idea.is_model]

    async def shows_cost(self, session: BrainstormSession) -> bool:
        """Return whether the channel shows costs."""
        return (await self.preferences.rules(session.team, session.channel)).cost == "shown"
