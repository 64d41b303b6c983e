"""`moa-bot purge`: deletes stored data of a workspace or a person, or from before a date."""

from __future__ import annotations

from collections.abc import Callable

from bot.errors import ConfigurationError
from bot.storage.retention import DeletionScope, Retention
from bot.terminal.run_store import existing_run_store

Print = Callable[[str], None]
Confirm = Callable[[str], bool]


async def purge(
    database_url: str,
    print_line: Print,
    *,
    scope: DeletionScope,
    confirm: Confirm,
    dry_run: bool = False,
) -> None:
    """Delete ended runs and everything that belongs to them.

    Args:
        database_url: the bot's database.
        print_line: prints one line.
        scope: what to delete.
        confirm: asks the operator; nothing is deleted unless it returns True.
        dry_run: only print what would be deleted.

    Raises:
        ConfigurationError: the scope is empty, or the operator can't be asked.
    """
    if scope == DeletionScope():
        raise ConfigurationError(
            "Specify what to delete: --team T…, --user U…, --older-than DAYS, or a combination."
        )
    async with existing_run_store(database_url) as database:
        retention = Retention(database)
        planned = await retention.ended(scope)
        if dry_run:
            print_line(
                f"{_runs(planned)} would be deleted, with {_rest(scope)}. Nothing was deleted."
            )
        elif confirm(f"Delete {_runs(planned)} with {_rest(scope)}? This can't be undone."):
            print_line(f"{_runs(await _delete(retention, scope))} deleted.")
        else:
            print_line("Nothing was deleted.")
        unfinished = await retention.live(scope)
    if unfinished:
        print_line(f"{unfinished} still in progress and kept. Run this again when they have ended.")


async def _delete(retention: Retention, scope: DeletionScope) -> int:
    count = 0
    async for deleted_runs in retention.purge(scope):
        count += len(deleted_runs)
    await retention.forget(scope)
    return count


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _rest(scope: DeletionScope) -> str:
    """Return what else is deleted; see `Retention.forget`."""
    if scope.before is not None:
        return "all answers, calls and feedback, and older brainstorms and spending"
    return "all answers, calls, feedback, brainstorms, preferences and spending"
