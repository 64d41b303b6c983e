"""The durable engine's own records, on a real SQLite file and on a real Postgres."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from bot.errors import ConfigurationError
from bot.jobs.engine import launched, sqlite_engine
from tests.databases import Databases


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


async def test_a_user_without_the_right_is_told_which_one_is_missing(
    databases: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator reads one sentence and what to type, and not the library's own trouble."""
    url = databases.fresh("postgres")
    role = sql.Identifier(f"moa_test_{secrets.token_hex(6)}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        as_role = {"options": f"-c role={role.as_string(connection)}"}
        given = make_url(url).update_query_dict(as_role).render_as_string(hide_password=False)

        async def work(run_id: str, attempt: int) -> None:
            raise AssertionError((run_id, attempt))

        try:
            with pytest.raises(ConfigurationError, match="GRANT CREATE ON DATABASE"):
                async with launched(given, "1", work, at_once=1):
                    raise AssertionError("it must not start")
        finally:
            connection.execute(sql.SQL("DROP ROLE {}").format(role))
    assert not caplog.records
