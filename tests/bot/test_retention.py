"""Deletion by age and on demand, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, insert, select, update

from bot.ports import Question
from bot.storage import retention
from bot.storage.database import Database
from bot.storage.retention import DeletionScope, Retention, ago
from bot.storage.runs import StoredRunStore
from bot.storage.tables import answers, claims, feedback, ledger, posts, preferences, runs, spending
from moa import Answer, Call
from tests.stage import on_stage

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")
CALL = Call("gpt", "proposer", 1, 1, 1, "used", 0.0, 1.5, cost_usd=0.25)
ANSWER = Answer("gpt", 1, 1, "used", "Because.", cost_usd=0.25)

PARTS = (answers, claims, feedback, ledger, posts)
"""The tables whose rows belong to a run."""

PATIENCE_S = 60


async def asked(
    database: Database,
    *,
    team: str = "T1",
    user: str = "U1",
    days: float = 0,
    ended: bool = True,
) -> str:
    """Return the id of a run with a row in every table, claimed this many days ago."""
    run_store = StoredRunStore(database)
    question = replace(QUESTION, team=team, user=user)
    key = f"{team} {user} {days} {ended} {len(await ids(database, runs, 'id'))}"
    run_id = await run_store.claim(question, [key], "balanced")
    assert run_id is not None
    await run_store.begin(run_id)
    await run_store.record(run_id, ANSWER, CALL)
    await run_store.posted(run_id, "2.000100")
    if ended:
        await run_store.delivered(run_id)
    at = datetime.now(UTC) - timedelta(days=days)
    said = {"run_id": run_id, "user": user, "target": "reply", "verdict": "good", "created_at": at}
    async with database.begin() as connection:
        await connection.execute(insert(feedback).values(said))
        await connection.execute(update(runs).where(runs.c.id == run_id).values(created_at=at))
    return run_id


async def ids(database: Database, table: Table, column: str = "run_id") -> set[str]:
    """Return the values of a column."""
    async with database.connect() as connection:
        return set((await connection.execute(select(table.c[column]))).scalars())


async def purged(database: Database, scope: DeletionScope) -> set[str]:
    """Purge, and return the deleted runs."""
    return {run_id async for gone in Retention(database).purge(scope) for run_id in gone}


async def chosen(database: Database, team: str, scope: str, name: str) -> None:
    """Store settings of a person, a channel and a workspace."""
    row = {
        "team": team,
        "scope": scope,
        "id": name,
        "chosen": "{}",
        "changed_by": "U9",
        "changed_at": datetime.now(UTC),
    }
    async with database.begin() as connection:
        await connection.execute(insert(preferences).values(row))


async def spent(database: Database, day: str, *, team: str = "T1", user: str = "U1") -> None:
    """Store a person's spending on a day."""
    row = {"team": team, "day": day, "channel": "C1", "user": user, "questions": 1, "cost_usd": 1.0}
    async with database.begin() as connection:
        await connection.execute(insert(spending).values(row))


async def test_runs_older_than_the_limit_are_deleted_with_everything_that_belongs_to_them(
    opened: Database,
) -> None:
    """Answers, calls, messages, claims and feedback go too; recent and unfinished runs stay."""
    old = await asked(opened, days=91)
    young = await asked(opened, days=89)
    live = await asked(opened, days=200, ended=False)
    assert await ids(opened, runs, "id") == {old, young, live}
    await Retention(opened).delete_older(90)
    assert await ids(opened, runs, "id") == {young, live}
    for table in PARTS:
        assert await ids(opened, table) == {young, live}, table.name


async def test_a_repeated_deletion_does_no_harm(opened: Database) -> None:
    """Deleting nothing is fine, and so is a number of days before the first run."""
    young = await asked(opened)
    keep = Retention(opened)
    for days in (90, 90, 10**7, 10**12):
        await keep.delete_older(days)
    assert await ids(opened, runs, "id") == {young}
    assert ago(10**12) == datetime.min.replace(tzinfo=UTC)


async def test_old_spending_is_deleted_except_this_months(opened: Database) -> None:
    """A short retention does not reset the monthly budget."""
    today = datetime.now(UTC).date()
    days = [today, today.replace(day=1), today.replace(day=1) - timedelta(days=1)]
    days.append(today - timedelta(days=200))
    for day in {day.isoformat() for day in days}:
        await spent(opened, day)
    await Retention(opened).delete_older(90)
    assert await ids(opened, spending, "day") == {day.isoformat() for day in days[:3]}
    await Retention(opened).delete_older(1)
    assert days[2].isoformat() not in await ids(opened, spending, "day") or today.day == 1
    assert days[0].isoformat() in await ids(opened, spending, "day")


async def test_a_purge_continues_until_nothing_is_left(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It deletes in batches, so questions are not blocked, and reports each run once."""
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    all_of_them = {await asked(opened) for _ in range(5)}
    parts = [list(gone) async for gone in Retention(opened).purge(DeletionScope(team="T1"))]
    assert [len(part) for part in parts] == [2, 2, 1]
    assert {run_id for part in parts for run_id in part} == all_of_them


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (DeletionScope(team="T1"), {"T1 U1 0", "T1 U1 9", "T1 U2 0"}),
        (DeletionScope(user="U1"), {"T1 U1 0", "T1 U1 9", "T2 U1 0"}),
        (DeletionScope(team="T1", user="U1"), {"T1 U1 0", "T1 U1 9"}),
        (DeletionScope(user="U1", before=ago(7)), {"T1 U1 9"}),
        (DeletionScope(before=ago(7)), {"T1 U1 9"}),
        (DeletionScope(team="T3"), set[str]()),
        (DeletionScope(team=""), set[str]()),
        (DeletionScope(user=""), set[str]()),
    ],
)
async def test_a_purge_matches_all_given_criteria(
    opened: Database, scope: DeletionScope, expected: Collection[str]
) -> None:
    """It deletes nothing else; an empty name matches nobody."""
    names = {
        await asked(opened, team=team, user=user, days=days): f"{team} {user} {days}"
        for team, user, days in (("T1", "U1", 0), ("T1", "U1", 9), ("T1", "U2", 0), ("T2", "U1", 0))
    }
    assert {names[run_id] for run_id in await purged(opened, scope)} == expected
    left = {names[run_id] for run_id in await ids(opened, runs, "id")}
    assert left == set(names.values()) - set(expected)


async def test_unfinished_runs_are_left_and_counted(opened: Database) -> None:
    """A worker may have them; the operator sees how many are left."""
    live = await asked(opened, ended=False)
    await asked(opened)
    await asked(opened, team="T2", ended=False)
    assert len(await purged(opened, DeletionScope(team="T1"))) == 1
    assert await Retention(opened).live(DeletionScope(team="T1")) == 1
    assert live in await ids(opened, runs, "id")


async def test_a_person_is_deleted_in_one_workspace_or_in_all(opened: Database) -> None:
    """Their settings, texts and spending are gone; other people's stay."""
    theirs = await asked(opened, user="U1", ended=False)
    others = await asked(opened, user="U2")
    elsewhere = await asked(opened, team="T2", user="U1", ended=False)
    for team, scope, name in (
        ("T1", "person", "U1"),
        ("T2", "person", "U1"),
        ("T1", "workspace", "T1"),
    ):
        await chosen(opened, team, scope, name)
    await Retention(opened).forget(DeletionScope(team="T1", user="U1"))
    assert await ids(opened, preferences, "team") == {"T1", "T2"}
    assert await ids(opened, feedback) == {others, elsewhere}
    await Retention(opened).forget(DeletionScope(user="U1"))
    assert await ids(opened, preferences, "id") == {"T1"}
    assert await ids(opened, feedback) == {others}
    assert await ids(opened, spending, "user") == {"U2"}
    assert theirs in await ids(opened, runs, "id")


async def test_a_workspace_is_deleted(opened: Database) -> None:
    """Its settings and spending are gone; another workspace's stay."""
    await asked(opened)
    await asked(opened, team="T2")
    await chosen(opened, "T1", "channel", "C1")
    await chosen(opened, "T2", "channel", "C2")
    await Retention(opened).forget(DeletionScope(team="T1"))
    assert await ids(opened, preferences, "team") == {"T2"}
    assert await ids(opened, spending, "team") == {"T2"}


@pytest.mark.parametrize(
    "scope",
    [DeletionScope(), DeletionScope(team=""), DeletionScope(user=""), DeletionScope(before=ago(0))],
)
async def test_a_purge_without_a_person_or_workspace_keeps_settings(
    opened: Database, scope: DeletionScope
) -> None:
    """Settings, and this month's spending, stay when no person and no workspace is given."""
    run_id = await asked(opened)
    await chosen(opened, "T1", "person", "U1")
    await Retention(opened).forget(scope)
    assert await ids(opened, preferences, "id") == {"U1"}
    assert await ids(opened, spending, "user") == {"U1"}
    assert await ids(opened, feedback) == {run_id}


async def test_the_running_bot_deletes_old_data(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It follows the days in moa.toml, without a command."""
    monkeypatch.setattr(retention, "ENFORCE_EVERY_S", 0.05)
    extra = "\n[storage]\nretention_days = 2\n"
    async with on_stage(tmp_path, database=database, extra=extra) as stage:
        young = await asked(stage.bot.database, days=1)
        old = await asked(stage.bot.database, days=3)
        async with asyncio.timeout(PATIENCE_S):
            while old in (left := await ids(stage.bot.database, runs, "id")):  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.05)
        assert left == {young}
