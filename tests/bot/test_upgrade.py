"""Upgrading a database of commit 6ac0937 resumes its unfinished runs.

That release kept its queue in DBOS: in a file next to SQLite's, or in the schema `dbos`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import open_database
from bot.storage.runs import StoredRunStore
from tests.bot.job_stage import Stage
from tests.bot.test_migrations import plain, upgraded

REVISION = "0002"
"""That release's last migration."""

RUN = """
INSERT INTO runs (id, team, channel, "user", ts, thread_ts, text, surface, asked_pipeline,
  response_url, pipeline, seed, state, created_at, finished_at, reply, status, trouble, notes,
  seconds, cost_usd, attempt, turn, again_of, stop_by, disagreement, attached)
VALUES (:id, 'T1', 'C1', 'U1', :id, :id, 'Why?', 'mention', NULL,
  NULL, 'balanced', 7, :state, :now, :ended, '', NULL, NULL, '[]',
  NULL, NULL, :attempt, :turn, NULL, NULL, NULL, :attached)
"""

KEY = "INSERT INTO claims (key, run_id) VALUES (:key, :id)"

ANSWER = """
INSERT INTO answers (run_id, layer, position, role, model, label, status, text, error, error_kind,
  seconds, first_token_seconds, input_tokens, output_tokens, cached_tokens, cost_usd)
VALUES (:id, 1, :position, 'proposer', 'gpt', '', :status, 'Because.', NULL, NULL,
  1.5, 0.5, 10, 20, 5, 0.01)
"""

DBOS = (
    "CREATE SCHEMA dbos",
    "CREATE TABLE dbos.workflow_status (workflow_uuid TEXT PRIMARY KEY, status TEXT)",
    "INSERT INTO dbos.workflow_status VALUES ('begun.0', 'PENDING'), ('waits.2', 'ENQUEUED')",
)


async def fill(connection: AsyncConnection) -> None:
    """Store runs as that release leaves them: answered, begun, requeued, and never begun."""
    now = "2026-11-20 09:30:00.000000"
    if connection.dialect.name == "postgresql":
        now += "+00"
    states = {"over": ("answered", 0), "begun": ("running", 0), "waits": ("waiting", 2)}
    for turn, (run_id, (state, attempt)) in enumerate((states | {"new": ("waiting", 0)}).items()):
        ended = f"'{now}'" if state == "answered" else "NULL"
        row = RUN.replace(":now", f"'{now}'").replace(":ended", ended)
        row = row.replace(":attached", "true")
        values = {"id": run_id, "state": state, "attempt": attempt, "turn": turn}
        await connection.execute(text(row), values)
        await connection.execute(text(KEY), {"key": f"message:T1:C1:{run_id}", "id": run_id})
    for position, status in enumerate(("used", "outlier"), 1):
        values = {"id": "begun", "position": position, "status": status}
        await connection.execute(text(ANSWER), values)
    if connection.dialect.name == "postgresql":
        for statement in DBOS:
            await connection.execute(text(statement))


@pytest.fixture
async def old_database(empty_database: str, tmp_path: Path) -> str:
    """Return a database that this release has used."""
    async with plain(empty_database) as engine:
        await upgraded(engine, REVISION)
        async with engine.begin() as connection:
            await fill(connection)
    (tmp_path / "bot-1.queue.db").write_bytes(b"SQLite format 3\x00")
    return empty_database


async def test_unfinished_runs_of_the_previous_release_are_resumed(old_database: str) -> None:
    """Each begins once, with a new attempt number if it had begun before."""
    database = await open_database(old_database)
    stage = Stage(database)
    stage.work.let.set()
    async with stage.jobs() as jobs:
        assert await jobs.recover() == 3
        await stage.work.until(lambda: set(stage.work.ended) == {"begun", "waits", "new"})
    assert sorted(stage.work.begun) == [("begun", 1), ("new", 0), ("waits", 2)]
    await database.dispose()


async def test_answers_of_the_previous_release_are_readable(old_database: str) -> None:
    """An answer that its outlier filter dropped counts as too late."""
    database = await open_database(old_database)
    run = await StoredRunStore(database).begin("begun")
    assert run is not None
    assert run.resumed
    assert [answer.status for answer in run.answers] == ["used", "late"]
    assert await StoredRunStore(database).is_claimed("message:T1:C1:begun")
    await database.dispose()
