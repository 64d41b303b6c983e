"""The run store, on a real SQLite file and on a real Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import get_args

import pytest
from sqlalchemy import Column, String, select

from bot.errors import Superseded, Trouble
from bot.ports import Question, RunState, Surface
from bot.preferences import Scope
from bot.storage import tables
from bot.storage.database import Database
from bot.storage.runs import StoredRunStore
from moa import Answer, Call, Outcome, Usage
from moa.types import OutcomeStatus, Role, Status

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")
KEYS = ("message:T1:C1:1.000100", "event:E1")
ANSWER = Answer("gpt", 1, 1, "used", "Because.", seconds=1.5, usage=Usage(10, 20, 5), cost_usd=0.01)
CALL = Call(
    "gpt", "proposer", 1, 1, 1, "used", 0.0, 1.5, 0.4, usage=Usage(10, 20, 5), cost_usd=0.01
)


@pytest.fixture
def runs(opened: Database) -> StoredRunStore:
    return StoredRunStore(opened)


async def claimed(runs: StoredRunStore) -> str:
    """The id of a run that was claimed just now."""
    run_id = await runs.claim(QUESTION, KEYS, "balanced")
    assert run_id is not None
    return run_id


async def test_a_question_is_claimed_once_whatever_name_it_comes_under(
    runs: StoredRunStore,
) -> None:
    """The same event id, or the same message under another event id, is not claimed again."""
    await claimed(runs)
    assert await runs.claim(QUESTION, KEYS, "balanced") is None
    assert await runs.claim(QUESTION, ("event:E2", KEYS[0]), "balanced") is None
    assert await runs.claim(QUESTION, (KEYS[1],), "balanced") is None
    assert len(await runs.unfinished()) == 1


async def test_a_claim_that_comes_too_late_takes_nothing(runs: StoredRunStore) -> None:
    """What is free of its names stays free, so that nothing that comes under it is lost."""
    await claimed(runs)
    assert await runs.claim(QUESTION, ("event:E2", KEYS[0]), "balanced") is None
    assert not await runs.is_claimed("event:E2")
    assert await runs.claim(QUESTION, ("event:E2",), "balanced") is not None


async def test_each_attempt_that_follows_another_has_a_number_of_its_own(
    runs: StoredRunStore,
) -> None:
    """The first has nothing to clean up; a later one gets what was stored before it."""
    run_id = await claimed(runs)
    first = await runs.begin(run_id)
    await runs.record(run_id, ANSWER, CALL)
    second, third = await runs.begin(run_id), await runs.begin(run_id)
    assert first is not None
    assert second is not None
    assert third is not None
    assert [run.attempt for run in (first, second, third)] == [0, 1, 2]
    assert [run.resumed for run in (first, second, third)] == [False, True, True]
    assert (first.answers, second.answers) == ((), (ANSWER,))


async def test_of_many_attempts_at_once_each_has_a_number_of_its_own(runs: StoredRunStore) -> None:
    """Workers that begin the same run at the same moment cannot both end it."""
    run_id = await claimed(runs)
    begun = await asyncio.gather(*(runs.begin(run_id) for _ in range(5)))
    assert sorted(run.attempt for run in begun if run) == [0, 1, 2, 3, 4]


async def test_of_many_claims_at_once_exactly_one_wins(runs: StoredRunStore) -> None:
    """Two connections that bring the same event at the same time start one run."""
    orders = [KEYS, KEYS[::-1]] * 10
    won = await asyncio.gather(*(runs.claim(QUESTION, keys, "balanced") for keys in orders))
    assert sum(run_id is not None for run_id in won) == 1


async def test_a_run_comes_back_as_it_was_stored(runs: StoredRunStore) -> None:
    """Question, answers in order, aggregator, notes and posts all survive the database."""
    run_id = await claimed(runs)
    failed = replace(
        ANSWER, position=2, status="failed", text="", error="No.", error_kind="timeout"
    )
    writer = replace(ANSWER, layer=2, model="writer", text="The reply.")
    await runs.record(run_id, failed, replace(CALL, position=2, state="failed"))
    await runs.record(run_id, ANSWER, CALL)
    await runs.record(run_id, writer, replace(CALL, layer=2, role="aggregator"))
    await runs.posted(run_id, "2.000100")
    await runs.posted(run_id, "2.000200")
    labelled = replace(ANSWER, label="B")
    outcome = Outcome(
        "The reply.", "complete", "balanced", (labelled, failed), writer, (CALL,), 3.5, 1.0, ("N.",)
    )
    await runs.finish(run_id, outcome)
    run = await runs.get(run_id)
    assert run is not None
    assert run.question == QUESTION
    assert run.answers == (labelled, failed)
    assert run.aggregator == writer
    assert (run.reply, run.status, run.notes) == ("The reply.", "complete", ("N.",))
    assert run.posts == ("2.000100", "2.000200")
    assert run.state == "waiting"
    await runs.delivered(run_id)
    run = await runs.get(run_id)
    assert run is not None
    assert run.state == "answered"
    assert run.finished_at is not None
    assert run.finished_at >= run.created_at


async def test_an_attempt_that_counts_no_more_finishes_nothing(runs: StoredRunStore) -> None:
    """What it brought too late changes neither the reply nor the answers."""
    run_id = await claimed(runs)
    await runs.record(run_id, ANSWER, CALL)
    for _ in range(2):
        assert await runs.begin(run_id)
    late = Outcome("Late.", "complete", "p", (replace(ANSWER, label="Z"),), None, (CALL,), 1.0, 1.0)
    with pytest.raises(Superseded):
        await runs.finish(run_id, late, 0)
    run = await runs.get(run_id)
    assert run is not None
    assert (run.reply, run.status, run.answers) == ("", None, (ANSWER,))
    without = replace(late, reply="In time.", answers=())
    await runs.finish(run_id, without, 1)
    run = await runs.get(run_id)
    assert run is not None
    assert (run.reply, run.answers) == ("In time.", (ANSWER,))


async def test_an_attempt_that_counts_no_more_ends_nothing(runs: StoredRunStore) -> None:
    """A worker that was taken for dead can't close the run that another one is working on."""
    run_id = await claimed(runs)
    for _ in range(2):
        assert await runs.begin(run_id)
    with pytest.raises(Superseded):
        await runs.delivered(run_id, 0)
    with pytest.raises(Superseded):
        await runs.fail(run_id, "internal", 0)
    assert [run.run_id for run in await runs.unfinished()] == [run_id]
    await runs.delivered(run_id, 1)
    with pytest.raises(Superseded):
        await runs.fail(run_id, "thread_gone", 0)
    run = await runs.get(run_id)
    assert run is not None
    assert (run.state, run.trouble) == ("answered", None)


async def test_every_call_has_one_line_in_the_ledger(
    runs: StoredRunStore, opened: Database
) -> None:
    """A call is paid for once: an answer that was only restored adds no line."""
    run_id = await claimed(runs)
    await runs.record(run_id, ANSWER, CALL)
    await runs.record(run_id, ANSWER, replace(CALL, attempt=0))
    async with opened.connect() as connection:
        lines = (await connection.execute(select(tables.ledger))).all()
    assert [(line.model, line.cost_usd, line.cached_tokens) for line in lines] == [("gpt", 0.01, 5)]


async def test_a_finished_run_is_not_begun_again(runs: StoredRunStore) -> None:
    """Only waiting and interrupted runs are worked on."""
    run_id = await claimed(runs)
    first, second = await runs.begin(run_id), await runs.begin(run_id)
    assert first is not None
    assert not first.resumed
    assert second is not None, "an interrupted run may be begun again"
    assert second.resumed
    await runs.fail(run_id, "no_answer")
    assert await runs.begin(run_id) is None
    assert await runs.begin("no such run") is None
    assert await runs.unfinished() == []


async def test_the_response_url_is_forgotten_at_the_end(runs: StoredRunStore) -> None:
    """A response_url is a secret: it is kept only while the question is open."""
    secret = replace(QUESTION, response_url="https://hooks.example/commands/secret")
    run_id = await runs.claim(secret, KEYS, "balanced")
    assert run_id is not None
    run = await runs.get(run_id)
    assert run is not None
    assert run.question.response_url == "https://hooks.example/commands/secret"
    assert "secret" not in repr(run.question)
    await runs.fail(run_id, "no_answer")
    run = await runs.get(run_id)
    assert run is not None
    assert run.question.response_url is None


async def test_odd_text_is_stored(runs: StoredRunStore) -> None:
    """NUL characters and lone surrogates do not lose a question, an answer or its error."""
    odd = "a\x00b\ud800c🎉"
    run_id = await runs.claim(replace(QUESTION, text=odd), KEYS, "balanced")
    assert run_id is not None
    run = await runs.get(run_id)
    assert run is not None
    assert run.question.text == "ab?c🎉"
    await runs.record(run_id, replace(ANSWER, status="cut", text=odd, error=odd), CALL)
    run = await runs.get(run_id)
    assert run is not None
    assert [(answer.text, answer.error) for answer in run.answers] == [("ab?c🎉", "ab?c🎉")]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (tables.runs.c.surface, get_args(Surface)),
        (tables.runs.c.state, get_args(RunState)),
        (tables.runs.c.status, get_args(OutcomeStatus)),
        (tables.runs.c.trouble, get_args(Trouble)),
        (tables.answers.c.status, get_args(Status)),
        (tables.answers.c.role, get_args(Role)),
        (tables.ledger.c.state, get_args(Status)),
        (tables.preferences.c.scope, get_args(Scope)),
    ],
    ids=str,
)
def test_every_value_fits_its_column(column: Column[str], values: tuple[str, ...]) -> None:
    """Postgres refuses what is too long for a column, where SQLite takes it."""
    assert values
    assert isinstance(column.type, String)
    assert column.type.length is not None
    assert max(map(len, values)) <= column.type.length
