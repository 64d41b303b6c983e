"""The run store, on SQLite and on Postgres."""

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
    """Return the id of a new run."""
    run_id = await runs.claim(QUESTION, KEYS, "balanced")
    assert run_id is not None
    return run_id


async def test_a_question_is_claimed_once_by_event_and_by_message(
    runs: StoredRunStore,
) -> None:
    """The same event id, or the same message under another event id, is not claimed again."""
    await claimed(runs)
    assert await runs.claim(QUESTION, KEYS, "balanced") is None
    assert await runs.claim(QUESTION, ("event:E2", KEYS[0]), "balanced") is None
    assert await runs.claim(QUESTION, (KEYS[1],), "balanced") is None
    assert len(await runs.unfinished()) == 1


async def test_a_rejected_claim_takes_no_keys(runs: StoredRunStore) -> None:
    """Its other keys stay free, so no later event under them is lost."""
    await claimed(runs)
    assert await runs.claim(QUESTION, ("event:E2", KEYS[0]), "balanced") is None
    assert not await runs.is_claimed("event:E2")
    assert await runs.claim(QUESTION, ("event:E2",), "balanced") is not None


async def test_each_attempt_has_its_own_number(
    runs: StoredRunStore,
) -> None:
    """The first has nothing to clean up; a later one gets what was stored before."""
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


async def test_concurrent_attempts_have_different_numbers(runs: StoredRunStore) -> None:
    """Workers that begin the same run at the same time cannot both end it."""
    run_id = await claimed(runs)
    begun = await asyncio.gather(*(runs.begin(run_id) for _ in range(5)))
    assert sorted(run.attempt for run in begun if run) == [0, 1, 2, 3, 4]


async def test_exactly_one_of_many_concurrent_claims_wins(runs: StoredRunStore) -> None:
    """Two connections that deliver the same event at the same time start one run."""
    orders = [KEYS, KEYS[::-1]] * 10
    won = await asyncio.gather(*(runs.claim(QUESTION, keys, "balanced") for keys in orders))
    assert sum(run_id is not None for run_id in won) == 1


async def test_a_run_is_read_as_it_was_stored(runs: StoredRunStore) -> None:
    """Question, answers in order, aggregator, notes and posts are stored and read back."""
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
    assert run.aggregators == (writer,)
    assert (run.reply, run.status, run.notes) == ("The reply.", "complete", ("N.",))
    assert run.posts == ("2.000100", "2.000200")
    assert run.state == "waiting"
    await runs.delivered(run_id)
    run = await runs.get(run_id)
    assert run is not None
    assert run.state == "answered"
    assert run.finished_at is not None
    assert run.finished_at >= run.created_at


async def test_a_superseded_attempt_changes_nothing(runs: StoredRunStore) -> None:
    """Its late results change neither the reply nor the answers."""
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


async def test_an_ended_run_keeps_its_answers(runs: StoredRunStore) -> None:
    """A worker that was cut off may have others, which the reply is not made of."""
    run_id = await claimed(runs)
    labelled = replace(ANSWER, label="B")
    await runs.finish(run_id, Outcome("R.", "complete", "p", (labelled,), None, (CALL,), 1.0, 1.0))
    await runs.delivered(run_id)
    await runs.record(run_id, replace(ANSWER, text="Because of something else."), CALL)
    run = await runs.get(run_id)
    assert run is not None
    assert run.answers == (labelled,)


async def test_a_superseded_attempt_ends_nothing(runs: StoredRunStore) -> None:
    """A worker that counted as dead can't end the run that another one has."""
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


async def test_every_call_has_one_row_in_the_call_log(
    runs: StoredRunStore, opened: Database
) -> None:
    """A call is paid for once: a restored answer adds no row."""
    run_id = await claimed(runs)
    await runs.record(run_id, ANSWER, CALL)
    await runs.record(run_id, ANSWER, replace(CALL, attempt=0))
    async with opened.connect() as connection:
        lines = (await connection.execute(select(tables.ledger))).all()
    assert [(line.model, line.cost_usd, line.cached_tokens) for line in lines] == [("gpt", 0.01, 5)]


async def test_a_finished_run_does_not_begin_again(runs: StoredRunStore) -> None:
    """Only queued and interrupted runs can begin."""
    run_id = await claimed(runs)
    first, second = await runs.begin(run_id), await runs.begin(run_id)
    assert first is not None
    assert not first.resumed
    assert second is not None, "an interrupted run may be begun again"
    assert second.resumed
    await runs.fail(run_id, "no_answer", second.attempt)
    assert await runs.begin(run_id) is None
    assert await runs.begin("no such run") is None
    assert await runs.unfinished() == []


async def test_the_response_url_is_deleted_at_the_end(runs: StoredRunStore) -> None:
    """A response_url is a secret: it is stored only while the question is open."""
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
    """NUL characters and lone surrogates lose no question, answer or error."""
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
    """Postgres rejects values longer than their column; SQLite stores them."""
    assert values
    assert isinstance(column.type, String)
    assert column.type.length is not None
    assert max(map(len, values)) <= column.type.length
