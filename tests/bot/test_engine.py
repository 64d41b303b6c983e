"""The durable engine's own records, on a real SQLite file."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import text

from bot.jobs.engine import sqlite_engine


def test_the_records_know_the_time_on_an_old_sqlite(tmp_path: Path) -> None:
    """A Python that is newer than its SQLite, as in images of Debian 12, can run the bot.

    Before SQLite 3.42 this function gave NULL for it, so that nothing could be stored.
    """
    engine = sqlite_engine(tmp_path / "queue.db")
    with engine.connect() as connection:
        told = connection.scalar(text("SELECT unixepoch('subsec')"))
    engine.dispose()
    assert told is not None
    assert abs(told - time.time()) < 60
