"""`moa-bot purge`: deletes stored data of a workspace, of a person, or before a date."""

from __future__ import annotations

from collections.abc import Callable

from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.storage.retention import DeletionScope, Retention, ago
from bot.terminal.run_store import existing_run_store

Print = Callable[[str], None]


async def purge(
    settings: Settings, print_line: Print, *, team: str | None, user: str | None, days: float | None
) -> None:
    """Delete ended runs and everything that belongs to them.

    Raises:
        ConfigurationError: no option says what to delete.
    """
    if team is None and user is None and days is None:
        raise ConfigurationError(
            "Specify what to delete: --team T…, --user U…, --older-than DAYS, or a combination."
        )
    scope = DeletionScope(team, user, None if days is None else ago(days))
    async with existing_run_store(settings) as database:
        retention = Retention(database)
        count = 0
        async for deleted_runs in retention.purge(scope):
            count += len(deleted_runs)
        await retention.forget(scope)
        unfinished = await retention.live(scope)
    print_line(f"{count} {'run' if count == 1 else 'runs'} deleted.")
    if unfinished:
        print_line(f"{unfinished} still in progress and kept. Run this again when they have ended.")
