"""The SQL of release 0.1.0, to check that it can share a database with a newer release.

During a rolling upgrade both run side by side. These are the statements that release 0.1.0 sends,
with the columns that it names: a new column without a default would break it.
Replace them after the next release.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

REVISION = "0001"
"""Its last migration."""

SEED = 2**53 + 1
"""A number that a float cannot represent."""

ASKED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

CLAIM = """
INSERT INTO runs (id, team, channel, "user", ts, thread_ts, text, surface, asked_pipeline,
  response_url, pipeline, seed, state, created_at, reply, notes)
VALUES (:id, 'T1', 'C1', 'U1', :ts, :ts, 'Why?', 'mention', NULL,
  NULL, 'balanced', :seed, 'waiting', :now, '', '[]')
"""

CLAIM_KEY = """
INSERT INTO claims (key, run_id) VALUES (:key, :id) ON CONFLICT DO NOTHING RETURNING claims.key
"""

BEGIN = "UPDATE runs SET state='running' WHERE id = :id AND state IN ('waiting', 'running')"

ANSWER = """
INSERT INTO answers (run_id, layer, position, role, model, label, status, text, error, error_kind,
  seconds, first_token_seconds, input_tokens, output_tokens, cached_tokens, cost_usd)
VALUES (:id, 1, :position, 'proposer', 'gpt', '', 'used', 'Because.', NULL, NULL,
  1.5, 0.5, 10, 20, 5, 0.01)
ON CONFLICT (run_id, layer, position) DO UPDATE SET label = excluded.label, text = excluded.text
"""

CALL = """
INSERT INTO ledger (run_id, model, role, layer, position, attempt, state, error_kind, started,
  first_token, ended, input_tokens, output_tokens, cached_tokens, cost_usd)
VALUES (:id, 'gpt', 'proposer', 1, :position, 1, 'used', NULL, 0.0, 0.4, 1.5, 10, 20, 5, 0.01)
"""

POSTS = "SELECT count(*) AS found FROM posts WHERE run_id = :id"

POST = "INSERT INTO posts (run_id, ts, position) VALUES (:id, :ts, :position)"

FINISH = """
UPDATE runs SET reply='The reply.', status='complete', notes='["N."]', seconds=3.5, cost_usd=1.0
WHERE id = :id
"""

DELIVERED = """
UPDATE runs SET state='answered', finished_at=:now, response_url=NULL WHERE id = :id
"""

RUN = """
SELECT id, team, channel, "user", ts, thread_ts, text, surface, asked_pipeline, response_url,
  pipeline, seed, state, created_at, finished_at, reply, status, trouble, notes, seconds, cost_usd
FROM runs WHERE id = :id
"""

ANSWERS = """
SELECT layer, position, role, model, label, status, text, error, error_kind, seconds,
  first_token_seconds, input_tokens, output_tokens, cached_tokens, cost_usd
FROM answers WHERE run_id = :id ORDER BY layer, position
"""

POSTS_OF_OTHERS = """
SELECT posts.ts FROM posts JOIN runs ON runs.id = posts.run_id
WHERE runs.team = 'T1' AND runs.channel = 'C1' AND runs.thread_ts = :ts AND runs.id != :id
"""

UNFINISHED = "SELECT id FROM runs WHERE state IN ('waiting', 'running') ORDER BY created_at"


async def ask(connection: AsyncConnection, run_id: str) -> None:
    """Claim a question and store its first answer; its reply is still open."""
    await _say(connection, CLAIM, id=run_id, ts=f"1.{run_id}", now=ASKED_AT, seed=SEED)
    await _say(connection, CLAIM_KEY, id=run_id, key=f"message:T1:C1:1.{run_id}")
    await _say(connection, BEGIN, id=run_id)
    await _answer(connection, run_id, 1)
    (posts,) = await _say(connection, POSTS, id=run_id)
    await _say(connection, POST, id=run_id, ts=f"2.{run_id}", position=posts.found + 1)


async def end(connection: AsyncConnection, run_id: str) -> None:
    """Finish a run and read it as the answers modal does."""
    await _answer(connection, run_id, 2)
    await _say(connection, FINISH, id=run_id)
    await _say(connection, DELIVERED, id=run_id, now=ASKED_AT)
    (run,) = await _say(connection, RUN, id=run_id)
    assert (run.state, run.reply, run.seed) == ("answered", "The reply.", SEED)
    assert len(await _say(connection, ANSWERS, id=run_id)) == 2
    assert await _say(connection, POSTS_OF_OTHERS, id=run_id, ts=f"1.{run_id}") == []


async def unfinished(connection: AsyncConnection) -> list[str]:
    """Return the runs that it would resume after a restart."""
    return [row.id for row in await _say(connection, UNFINISHED)]


async def _answer(connection: AsyncConnection, run_id: str, position: int) -> None:
    for statement in (ANSWER, CALL):
        await _say(connection, statement, id=run_id, position=position)


async def _say(connection: AsyncConnection, statement: str, **values: Any) -> list[Any]:
    times = [bindparam("now", type_=DateTime(timezone=True))] if "now" in values else []
    done = await connection.execute(text(statement).bindparams(*times), values)
    return list(done) if done.returns_rows else []
