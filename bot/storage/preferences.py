"""Stores the choices made in Slack (`bot.preferences.StoredChoices`), one JSON object per scope."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any

from sqlalchemy import Select, and_, or_, select

from bot.preferences import (
    ChannelChoice,
    Choice,
    Choices,
    PersonChoice,
    Scope,
    WorkspaceChoice,
    read_choice,
    written_choice,
)
from bot.storage.database import Database
from bot.storage.rows import upsert
from bot.storage.tables import preferences

CACHE_S = 1.0
"""Seconds for which choices are cached. One question reads them several times in that time."""

MAX_CACHED = 1000
NEVER = (-inf, None)

Place = tuple[str, str, str]
"""A workspace's id, a scope, and the id of what has the choice."""


class StoredPreferences:
    """`bot.preferences.StoredChoices` on a database. Each method is at most one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[Place, tuple[float, str | None]] = {}
        self._changes = 0

    async def read(self, team: str, channel: str | None, user: str | None) -> Choices:
        """Return the choices that apply, from up to three rows looked up by key."""
        places = {"workspace": team, "channel": channel, "person": user}
        found = self._cached_choices(team, places) or await self._query(team, places)
        return Choices(
            read_choice(WorkspaceChoice, found.get("workspace")),
            read_choice(ChannelChoice, found.get("channel")),
            read_choice(PersonChoice, found.get("person")),
        )

    async def write(self, team: str, scope: Scope, id: str, choice: Choice, by: str) -> None:  # noqa: A002 - the column's name
        """Replace a choice, but keep keys that only a newer release knows."""
        key = {"team": team, "scope": scope, "id": id}
        here = [preferences.c[name] == value for name, value in key.items()]
        query = select(preferences.c.chosen).where(*here).with_for_update()
        try:
            async with self._database.begin() as connection:
                values = {
                    "chosen": written_choice(choice, await connection.scalar(query)),
                    "changed_by": by,
                    "changed_at": datetime.now(UTC),
                }
                new = upsert(connection.dialect.name)(preferences).values(key | values)
                replace = new.on_conflict_do_update(index_elements=list(key), set_=values)
                await connection.execute(replace)
        finally:
            self._changes += 1
            self._cache.pop((team, scope, id), None)

    def _cached_choices(
        self, team: str, places: Mapping[str, str | None]
    ) -> Mapping[str, str | None] | None:
        """Return cached choices by scope, or None if any of them isn't cached."""
        held = {
            scope: self._cache.get((team, scope, place), NEVER)
            for scope, place in places.items()
            if place is not None
        }
        if min(since for since, _ in held.values()) < time.monotonic() - CACHE_S:
            return None
        return {scope: chosen for scope, (_, chosen) in held.items()}

    async def _query(self, team: str, places: Mapping[str, str | None]) -> Mapping[str, str | None]:
        since, changes = time.monotonic(), self._changes
        async with self._database.connect() as connection:
            found = {row.scope: row.chosen for row in await connection.execute(_by_place(places))}
        if self._changes != changes:  # the rows may be older than that change
            return found
        if len(self._cache) > MAX_CACHED:
            self._cache.clear()
        for scope, place in places.items():
            if place is not None:
                self._cache[team, scope, place] = since, found.get(scope)
        return found


def _by_place(places: Mapping[str, str | None]) -> Select[Any, Any]:
    """Select the choices of a workspace, a channel and a person."""
    of = [
        and_(preferences.c.scope == scope, preferences.c.id == place)
        for scope, place in places.items()
        if place is not None
    ]
    here = preferences.c.team == places["workspace"]
    return select(preferences.c.scope, preferences.c.chosen).where(here, or_(*of))
