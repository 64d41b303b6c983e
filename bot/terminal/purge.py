"""`moa-bot purge`: delete what is stored of a workspace, of a person, or from before a time."""

from __future__ import annotations

from collections.abc import Callable

from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.storage.retention import DeletionScope, Retention, ago
from bot.terminal.run_store import existing_run_store

Print = Callable[[str], None]


async def purge(
    settings: Settings, say: Print, *, team: str | None, user: str | None, days: float | None
) -> None:
    """Delete ended runs with everything that belongs to them.

    Raises:
        ConfigurationError: when nothing says what to delete.
    """
    if team is None and user is None and days is None:
        raise ConfigurationError(
            "Say what to delete: --team T…, --user U…, --older-than DAYS, or several of them."
        )
    whose = DeletionScope(team, user, None if days is None else ago(days))
    async with existing_run_store(settings) as database:
        retention = Retention(database)
        count = 0
        async for gone in retention.purge(whose):
            count += len(gone)
        await retention.forget(whose)
        left = await retention.live(whose)
    say(f"{count} {'run' if count == 1 else 'runs'} deleted.")
    if left:
        say(f"{left} not ended yet, and left. Run this again when they have ended.")
