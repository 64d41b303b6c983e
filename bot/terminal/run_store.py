"""Opens the existing run store for the commands `runs` and `purge`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import ConfigurationError
from bot.storage.database import Database, open_database
from bot.storage.database_url import read_url


@asynccontextmanager
async def existing_run_store(url: str) -> AsyncGenerator[Database, None]:
    """Open the bot's database and close it at the end.

    Raises:
        ConfigurationError: the database doesn't exist or can't be used.
    """
    _require_database(url)
    database = await open_database(url)
    try:
        yield database
    except SQLAlchemyError as error:
        raise ConfigurationError(
            f"The database is unavailable ({type(error).__name__}). Try again."
        ) from None
    finally:
        await database.dispose()


def _require_database(url: str) -> None:
    """Refuse to create a database: an empty list from the wrong folder would mislead."""
    parsed = read_url(url)
    if parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists():
        return
    raise ConfigurationError(
        f"Database not found: {parsed.database}. Run this in the bot's folder, or set DATABASE_URL "
        "to the bot's database."
    )
