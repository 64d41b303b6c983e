"""The journal as the commands `runs` and `purge` open it: one that is there, with plain words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.storage.database import Database, open_database
from bot.storage.database_url import read_url


@asynccontextmanager
async def existing_run_store(settings: Settings) -> AsyncGenerator[Database, None]:
    """The bot's database, closed at the end.

    Raises:
        ConfigurationError: when there is none, or when it cannot be used.
    """
    url = settings.environment.database_url
    _must_exist(url)
    database = await open_database(url)
    try:
        yield database
    except SQLAlchemyError as error:
        raise ConfigurationError(
            f"The database cannot be used now ({type(error).__name__}). Try again."
        ) from None
    finally:
        await database.dispose()


def _must_exist(url: str) -> None:
    """A file is not made: in a wrong folder, "there is nothing" would be taken for the truth."""
    parsed = read_url(url)
    if parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists():
        return
    raise ConfigurationError(
        f"There is no database {parsed.database}. Run this where the bot runs, or set DATABASE_URL "
        "to what it uses."
    )
