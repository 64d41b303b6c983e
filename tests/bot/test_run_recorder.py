"""The rows that a run's events leave in the run store, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.errors import Superseded
from bot.run_recorder import RunRecorder
from bot.storage.call_log import StoredCallLog
from bot.storage.database import Database
from bot.storage.runs import StoredRunStore
from bot.storage.spend_queries import StoredSpending
from moa import Answered, Call, Event, Failed, LayerStarted, Outcome, Retried, Usage
from tests.bot.test_storage import ANSWER, CALL, claimed

REPLY = replace(ANSWER, layer=2, model="writer", text="The reply.")
WRITING = replace(CALL, layer=2, model="writer", role="aggregator")
OUTCOME = Outcome("The reply.", "complete", "p", (ANSWER,), REPLY, (CALL, WRITING), 1.0, 0.02)


@pytest.fixture
def runs(opened: Database) -> StoredRunStore:
    return StoredRunStore(opened)


async def paid(opened: Database, run_id: str) -> list[Call]:
    """Return the stored calls."""
    return [*await StoredCallLog(opened).of(run_id)]


async def test_each_answer_is_stored_when_it_arrives(
    runs: StoredRunStore, opened: Database
) -> None:
    """Its call and cost are stored with it, so a crash loses nothing that was paid for."""
    run_id = await claimed(runs)
    recorder = RunRecorder(runs, run_id)
    await recorder.record(Answered(ANSWER, CALL))
    assert await paid(opened, run_id) == [CALL]
    await recorder.record(Answered(REPLY, WRITING))
    run = await runs.get(run_id)
    assert run is not None
    assert (run.answers, run.aggregators, run.reply) == ((ANSWER,), (REPLY,), "")
    assert await paid(opened, run_id) == [CALL, WRITING]
    [spent] = await StoredSpending(opened).by_channel("T1", datetime.now(UTC), 1)
    assert (spent.questions, spent.cost_usd) == (1, pytest.approx(0.02))


async def test_calls_without_an_answer_are_charged(runs: StoredRunStore, opened: Database) -> None:
    """A failed try and a failed model cost money too; progress events cost nothing."""
    run_id = await claimed(runs)
    recorder = RunRecorder(runs, run_id)
    tried, failed = replace(CALL, state="failed"), replace(CALL, attempt=2, state="failed")
    await recorder.record(Retried(tried))
    await recorder.record(Failed(replace(ANSWER, status="failed", text=""), failed))
    await recorder.record(LayerStarted(2, ()))
    assert await paid(opened, run_id) == [tried, failed]


async def test_a_superseded_attempt_leaves_its_reply_to_the_next_one(
    runs: StoredRunStore, opened: Database
) -> None:
    """It cannot end the run, but its answers are not paid for again."""
    run_id = await claimed(runs)
    for _ in range(2):
        assert await runs.begin(run_id)
    await RunRecorder(runs, run_id).record(Answered(REPLY, WRITING))
    with pytest.raises(Superseded):
        await runs.finish(run_id, OUTCOME, 0)
    run = await runs.get(run_id)
    assert run is not None
    assert (run.reply, run.aggregators, run.answers) == ("", (REPLY,), ())
    assert await paid(opened, run_id) == [WRITING]


async def test_calls_stopped_with_their_run_are_charged(
    runs: StoredRunStore, opened: Database
) -> None:
    """Estimates are in the call log and in the budget, however the run was interrupted."""
    run_id = await claimed(runs)
    usage = Usage(1_000, 50, estimated=True)
    stopped = replace(CALL, state="cut", error_kind="cancelled", usage=usage, cost_usd=0.5)
    recorder = RunRecorder(runs, run_id)

    async def break_off() -> None:
        try:
            recorder.stopped(stopped)
            recorder.stopped(replace(stopped, position=2))
            raise asyncio.CancelledError
        finally:
            await recorder.charge_stopped()

    with pytest.raises(asyncio.CancelledError):
        await break_off()
    assert await paid(opened, run_id) == [stopped, replace(stopped, position=2)]
    [spent] = await StoredSpending(opened).by_channel("T1", datetime.now(UTC), 1)
    assert (spent.questions, spent.cost_usd) == (1, pytest.approx(1.0))


@pytest.mark.parametrize("event", [Answered(ANSWER, CALL), Retried(CALL)])
async def test_a_call_is_charged_if_its_run_is_stopped_while_it_is_stored(
    runs: StoredRunStore, opened: Database, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may be slow just then. The call cost something all the same, and only once."""
    run_id = await claimed(runs)
    begun, answers = asyncio.Event(), asyncio.Event()
    patiently = opened.patiently

    async def slowly(work: Any, **options: Any) -> Any:
        begun.set()
        await answers.wait()
        return await patiently(work, **options)

    async def answer(recorder: RunRecorder) -> None:
        try:
            await recorder.record(event)
        finally:
            await recorder.charge_stopped()

    monkeypatch.setattr(opened, "patiently", slowly)
    answering = asyncio.create_task(answer(RunRecorder(runs, run_id)))
    await begun.wait()
    answering.cancel()
    await asyncio.sleep(0)
    answers.set()
    await asyncio.wait([answering])
    assert answering.cancelled()
    assert await paid(opened, run_id) == [CALL]


async def test_an_answer_records_that_its_tokens_are_estimates(
    runs: StoredRunStore, opened: Database
) -> None:
    """Its cost is later shown as an estimate, too."""
    run_id = await claimed(runs)
    answer = replace(ANSWER, usage=Usage(1_000, 50, estimated=True))
    call = replace(CALL, usage=answer.usage)
    await RunRecorder(runs, run_id).record(Answered(answer, call))
    run = await runs.get(run_id)
    assert run is not None
    assert run.answers == (answer,)
