"""`moa-bot runs`, `purge` and `worker` as an operator uses them, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.loop import run as run_loop
from bot.ports import Question
from bot.storage.database import Database
from bot.storage.runs import StoredRunStore
from moa import Answer, Call, Outcome
from tests.cli.command import Result, moa_bot, moa_bot_process
from tests.cli.terminal import Terminal
from tests.slack.user_actions import wait_until_idle
from tests.stage import on_stage, variables

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "A private why?", "mention")
REASON = "400: prompt is too long"
REFUSED = Call("claude", "proposer", 1, 2, 1, "failed", 0.0, 0.1, None, "overflow", reason=REASON)
CALL = Call("gpt", "proposer", 1, 1, 1, "used", 0.0, 1.5, cost_usd=0.25)
ANSWER = Answer("gpt", 1, 1, "used", "A private because.", cost_usd=0.25)
PATIENCE_S = 60


async def asked(opened: Database, user: str, become: str = "waiting") -> str:
    """Return the id of a run in this state."""
    runs = StoredRunStore(opened)
    run_id = await runs.claim(replace(QUESTION, user=user), [f"{user} {become}"], "balanced")
    assert run_id is not None
    if become == "waiting":
        return run_id
    await runs.begin(run_id)
    if become == "failed":
        await runs.fail(run_id, "no_answer")
    if become == "answered":
        await runs.record(run_id, ANSWER, CALL)
        await runs.charge(run_id, REFUSED)
        await runs.posted(run_id, "2.000100")
        outcome = Outcome("A private reply.", "complete", "balanced", (ANSWER,), None, (CALL,), 2.5)
        await runs.finish(run_id, outcome)
        await runs.delivered(run_id)
    return run_id


async def command(folder: Path, database: str, *arguments: str) -> Result:
    """Run a command on a database, and return its output."""
    return await moa_bot(folder, *arguments, variables={"DATABASE_URL": database})


async def listed(folder: Path, database: str, *arguments: str) -> Sequence[str]:
    """Return the ids in the output of `runs`, in order."""
    result = await command(folder, database, "runs", *arguments)
    assert (result.code, result.err) == (0, "")
    return [line.split()[0] for line in result.out.splitlines()[1:]]


async def test_runs_are_listed_newest_first_without_texts(
    tmp_path: Path, opened: Database, database: str
) -> None:
    """Each has its state and the reason of a failure; a filter selects a state."""
    states = ("answered", "failed", "running", "waiting")
    ids = {state: await asked(opened, f"U{n}", state) for n, state in enumerate(states)}
    result = await command(tmp_path, database, "runs")
    lines = result.out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [ids[state] for state in reversed(states)]
    assert [line.split()[3] for line in lines] == [*reversed(states)]
    assert lines[2].endswith("  no_answer")
    assert lines[3].endswith("2.5 s  $0.2500")
    assert "private" not in result.out
    for state in states:
        assert await listed(tmp_path, database, "--state", state) == [ids[state]]
    assert await listed(tmp_path, database, "--state", "live") == [ids["waiting"], ids["running"]]
    assert await listed(tmp_path, database, "--limit", "1") == [ids["waiting"]]


async def test_one_run_is_shown_with_its_calls(
    tmp_path: Path, opened: Database, database: str
) -> None:
    """It has the person, the outcome and the cost of each call; texts only on request."""
    run_id = await asked(opened, "U1", "answered")
    shown = (await command(tmp_path, database, "runs", run_id)).out
    for words in (run_id, "U1 in C1 of T1 (mention)", "answered", "2.5 s", "2.000100", "gpt"):
        assert words in shown
    assert "$0.2500" in shown
    assert f"overflow: {REASON}" in shown
    assert "private" not in shown
    shown = (await command(tmp_path, database, "runs", run_id, "--texts")).out
    assert "A private why?" in shown
    assert "A private reply." in shown


async def test_a_missing_run_is_reported(tmp_path: Path, opened: Database, database: str) -> None:
    """So is an empty list."""
    assert (await command(tmp_path, database, "runs")).out == "No runs found.\n"
    result = await command(tmp_path, database, "runs", "nosuch")
    assert (result.code, result.out) == (2, "")
    assert result.err == "moa-bot: Run not found: nosuch. List runs with `moa-bot runs`.\n"


async def test_no_run_id_looks_like_an_option(opened: Database) -> None:
    """Each listed id can be passed to `moa-bot runs`."""
    ids = [await asked(opened, f"U{n}") for n in range(200)]
    assert [run_id for run_id in ids if run_id.startswith("-")] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["purge"], "Specify what to delete: --team"),
        (["purge", "--team", ""], "argument --team: is empty"),
        (["purge", "--user", " "], "argument --user: is empty"),
        (["purge", "--user", "@ana"], '"@ana" is not a Slack ID: find it in the person\'s profile'),
        (["purge", "--team", "U1"], '"U1" is not a Slack ID: find it in the workspace\'s address'),
        (["purge", "--older-than", "soon"], '"soon" is not a number of days'),
        (["purge", "--older-than", "-1"], '"-1" is not a number of days'),
        (["runs", "--texts"], "--texts needs a RUN"),
        (["runs", "--limit", "0"], '"0" is not a number from 1'),
        (["runs", "--limit", "9" * 30], "is not a number from 1"),
        (["runs", "--state", "lost"], "invalid choice: 'lost'"),
        (["worker"], "needs Postgres: set DATABASE_URL"),
        (["runs"], "Database not found: moa-bot.db"),
        (["purge", "--user", "U1"], "Database not found: moa-bot.db"),
    ],
)
async def test_wrong_use_deletes_nothing_and_is_reported(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    """It causes one sentence; and no database is created in a folder without a bot."""
    result = await moa_bot(tmp_path, *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert "Traceback" not in result.err
    assert not (tmp_path / "moa-bot.db").exists()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("[storage]\nretention_days = 0", "storage.retention_days"),
        ("[storage]\nretention = 9", "storage.retention"),
        ("[work]\nat_once = 0", "work.at_once"),
        ("[work]\nat_onze = 1", "work.at_onze"),
    ],
)
async def test_invalid_settings_are_named(tmp_path: Path, setting: str, said: str) -> None:
    """`check` reports them before the bot deletes anything by a wrong number of days."""
    (tmp_path / "moa.toml").write_text(setting, encoding="utf-8")
    result = await moa_bot(tmp_path, "check")
    assert result.code != 0
    assert said in result.out + result.err


async def test_a_persons_questions_are_deleted_and_unfinished_ones_counted(
    tmp_path: Path, opened: Database, database: str
) -> None:
    """Other people's stay; this also works on a database that the bot has never used."""
    await asked(opened, "U1", "answered")
    live, other = await asked(opened, "U1"), await asked(opened, "U2", "answered")
    result = await command(tmp_path, database, "purge", "--user", "U1", "--yes")
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "1 run deleted.\n1 still in progress and kept. Run this again when they have ended.\n"
    )
    assert await listed(tmp_path, database) == [other, live]
    old = await command(tmp_path, database, "purge", "--older-than", "9e9", "--yes")
    assert old.out.startswith("0 ")
    team = await command(tmp_path, database, "purge", "--team", "T1", "--yes")
    assert team.out.startswith("1 run ")
    assert await listed(tmp_path, database) == [live]


async def test_warnings_do_not_mix_with_the_output(tmp_path: Path) -> None:
    """Scripts read standard output: a database that others can open is reported on the other."""
    (tmp_path / "moa-bot.db").touch(0o644)
    for arguments in (["runs"], ["purge", "--user", "U1", "--dry-run"]):
        result = await moa_bot_process(tmp_path, *arguments)
        assert "database_open_to_other_users" not in result.out
        assert "database_open_to_other_users" in result.err
    assert "database_open_to_other_users" not in (await moa_bot_process(tmp_path, "check")).out


async def test_nothing_is_deleted_without_confirmation(
    tmp_path: Path, opened: Database, database: str
) -> None:
    """A dry run only counts. A script must pass --yes; a person is asked."""
    run_id = await asked(opened, "U1", "answered")
    dry = await command(tmp_path, database, "purge", "--user", "U1", "--dry-run")
    assert dry.out.startswith("1 run would be deleted, with all answers, calls, feedback, brainsto")
    assert dry.out.endswith(" Nothing was deleted.\n")
    unasked = await command(tmp_path, database, "purge", "--user", "U1")
    assert (unasked.code, unasked.out) == (2, "")
    assert "Delete 1 run with all answers" in unasked.err
    assert "--yes" in unasked.err
    assert await listed(tmp_path, database) == [run_id]


@pytest.mark.parametrize(("answer", "said"), [("n", "Nothing was deleted"), ("y", "1 run deleted")])
async def test_a_person_is_asked_before_data_is_deleted(
    tmp_path: Path, opened: Database, database: str, answer: str, said: str
) -> None:
    """Only a clear yes deletes."""
    await asked(opened, "U1", "answered")
    terminal = Terminal(tmp_path, "purge", "--user", "U1", DATABASE_URL=database)
    await asyncio.to_thread(terminal.until, "[y/N]")
    terminal.type(f"{answer}\n")
    assert await asyncio.to_thread(terminal.end) == 0
    assert said in terminal.shown


async def test_stored_runs_are_shown_without_any_model(
    tmp_path: Path, opened: Database, database: str
) -> None:
    """The command needs the database, not the models: even a broken moa.toml is fine."""
    run_id = await asked(opened, "U1", "answered")
    (tmp_path / "moa.toml").write_text("[models.x]", encoding="utf-8")
    assert await listed(tmp_path, database) == [run_id]


async def test_runs_are_deleted_while_the_bot_runs(tmp_path: Path, database: str) -> None:
    """The running bot continues, and other people's runs stay."""
    async with on_stage(tmp_path, default="single", database=database) as stage:
        gone, kept = await stage.ask("Why?"), await stage.ask("And?", user=stage.ben)
        for ts in (gone, kept):
            await stage.replied(ts)
        await wait_until_idle(stage)
        result = await moa_bot_process(
            tmp_path,
            *("purge", "--user", stage.ana.id, "--team", stage.slack.team_id, "--yes"),
            variables=variables(stage.slack, tmp_path, database),
        )
        assert (result.code, result.err) == (0, "")
        assert result.out == "1 run deleted.\n"
        assert len(await listed(tmp_path, database)) == 1
        await stage.replied(await stage.ask("Still there?"))


async def test_a_command_returns_its_coroutines_result() -> None:
    """It also raises the same exceptions, on every platform's event loop."""

    async def seven() -> int:
        await asyncio.sleep(0)
        return 7

    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError

    assert await asyncio.to_thread(run_loop, seven()) == 7
    with pytest.raises(LookupError):
        await asyncio.to_thread(run_loop, fails())
