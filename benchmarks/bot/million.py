"""The cost of many stored runs: `python -m benchmarks.bot.million [--runs N] [--database URL]`.

The same work runs alternately on an empty database and on one with a million ended runs, and the
ratio is printed, followed by the query plans.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bot.ports import Question
from bot.storage.database import Database, open_database
from bot.storage.question_history import StoredHistory
from bot.storage.run_listing import latest_runs
from bot.storage.runs import StoredRunStore
from bot.storage.spend_queries import StoredSpending

ROUNDS = 200
BATCH = 50_000

SERIES = {
    "sqlite": (
        "WITH RECURSIVE s(n) AS (SELECT :low UNION ALL SELECT n + 1 FROM s WHERE n < :high) {into} "
    ),
    "postgresql": "{into} ",
}
FROM = {"sqlite": "FROM s", "postgresql": "FROM generate_series(:low, :high) AS s(n)"}

RUNS = """INSERT INTO runs (id, team, channel, "user", ts, thread_ts, text, surface, pipeline, seed,
  state, created_at, finished_at, reply, notes, attempt, turn, attached)
SELECT 'run' || n, 'T1', 'C' || (n % 500), 'U' || (n % 900), CAST(n AS VARCHAR), CAST(n AS VARCHAR),
  'A question of a few words, as people ask.', 'mention', 'balanced', n, 'answered',
  {moment}, {moment}, 'A reply of a few words, as models write it.', '[]', 0, n, {yes} {source}"""
CLAIMS = "INSERT INTO claims (key, run_id) SELECT 'old:' || n, 'run' || n {source}"
ANSWERS = """INSERT INTO answers
  (run_id, layer, position, role, model, label, status, text, seconds)
SELECT 'run' || n, 1, 1, 'proposer', 'red', 'A', 'used', 'An answer of some words.', 1.0 {source}"""
MOMENT = {
    "sqlite": "datetime('2026-01-01', '+' || (n * 20) || ' seconds')",
    "postgresql": "timestamptz '2026-01-01' + n * interval '20 seconds'",
}


async def fill(database: Database, count: int) -> None:
    """Store this many ended runs."""
    kind = database.engine.dialect.name
    for low in range(1, count + 1, BATCH):
        for statement in (RUNS, CLAIMS, ANSWERS):
            sql = statement.format(source=FROM[kind], moment=MOMENT[kind], yes="true")
            if kind == "sqlite":
                sql = SERIES[kind].format(into="") + sql
            high = min(low + BATCH - 1, count)
            async with database.begin() as connection:
                await connection.execute(text(sql), {"low": low, "high": high})
    async with database.begin() as connection:
        await connection.execute(text("ANALYZE"))


def _question(number: int) -> Question:
    ts = f"{number}.{time.perf_counter_ns()}"
    return Question("T1", f"C{number % 500}", f"U{number % 900}", ts, ts, "A question?", "mention")


def operations(database: Database, known: str) -> Mapping[str, Callable[[int], Awaitable[object]]]:
    """Return the measured operations by name."""
    runs, history = StoredRunStore(database), StoredHistory(database)
    spending = StoredSpending(database)

    async def claim(number: int) -> None:
        question = _question(number)
        run_id = await runs.claim(question, [f"k{question.ts}", f"e{question.ts}"], "balanced")
        assert run_id
        await runs.delivered(run_id)

    return {
        "claim and end": claim,
        "read a whole run": lambda _: runs.get(known),
        "unfinished": lambda _: runs.unfinished(),
        "list the latest 20": lambda _: latest_runs(database),
        "a person's latest 10": lambda number: history.latest("T1", f"U{number % 900}", 10),
        "spending for a budget": lambda number: spending.use(
            "T1", f"U{number % 900}", "C7", datetime.now(UTC)
        ),
        "was asked in a thread": lambda number: history.was_asked_in("T1", "C7", str(number)),
    }


async def timed(work: Callable[[int], Awaitable[object]], number: int) -> float:
    """Return the seconds of one operation."""
    began = time.perf_counter()
    await work(number)
    return time.perf_counter() - began


async def plans(database: Database) -> None:
    """Print the query plans."""
    explain = "EXPLAIN QUERY PLAN " if database.engine.dialect.name == "sqlite" else "EXPLAIN "
    queries = {
        "unfinished": "SELECT id FROM runs WHERE finished_at IS NULL ORDER BY created_at",
        "list": "SELECT id FROM runs ORDER BY created_at DESC LIMIT 20",
        "a person's": "SELECT id FROM runs WHERE team = 'T1' AND \"user\" = 'U7' "
        "ORDER BY created_at DESC LIMIT 10",
        "a thread's": "SELECT id FROM runs WHERE team = 'T1' AND channel = 'C7' "
        "AND thread_ts = '7'",
        "claims": "SELECT run_id FROM claims WHERE key = 'old:7'",
        "answers": "SELECT text FROM answers WHERE run_id = 'run7'",
    }
    async with database.connect() as connection:
        for name, query in queries.items():
            lines = (await connection.execute(text(explain + query))).all()
            print(f"{name}: {' / '.join(str(line[-1]).strip() for line in lines)}")


async def main(options: argparse.Namespace) -> None:
    """Fill the databases, measure them alternately, and print the results."""
    with tempfile.TemporaryDirectory() as folder:
        empty = await open_database(options.empty or f"sqlite:///{Path(folder) / 'empty.db'}")
        full = await open_database(options.database or f"sqlite:///{Path(folder) / 'full.db'}")
        await fill(empty, 1)
        began = time.perf_counter()
        await fill(full, options.runs)
        print(f"{options.runs} runs stored in {time.perf_counter() - began:.0f} s")
        few, many = operations(empty, "run1"), operations(full, f"run{options.runs // 2}")
        for name in few:
            taken: tuple[list[float], list[float]] = ([], [])
            for number in range(ROUNDS):
                for into, work in zip(taken, (few[name], many[name]), strict=True):
                    into.append(await timed(work, number))
            low, high = map(statistics.median, taken)
            line = f"empty {low * 1e3:6.2f} ms  full {high * 1e3:6.2f} ms  x {high / low:.2f}"
            print(f"{name:<24} {line}")
        await plans(full)
        await empty.dispose()
        await full.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--database", help="a Postgres URL to fill; SQLite by default")
    parser.add_argument("--empty", help="another Postgres URL, for comparison")
    asyncio.run(main(parser.parse_args()))
