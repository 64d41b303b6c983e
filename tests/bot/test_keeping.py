"""What a run's events leave in the journal; on a real SQLite file and on a real Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.errors import Superseded
from bot.run_recorder import RunRecorder
from bot.storage.call_log import StoredCallLog
from bot.storage.database import Database
from bot.storage.runs import StoredRunStore
from bot.storage.spend_queries import StoredSpending
from moa import Answered, Call, Failed, Outcome, Usage
from tests.bot.test_storage import ANSWER, CALL, claimed

REPLY = replace(ANSWER, layer=2, model="writer", text="The reply.")
WRITING = replace(CALL, layer=2, model="writer", role="aggregator")
OUTCOME = Outcome("The reply.", "complete", "p", (ANSWER,), REPLY, (CALL, WRITING), 1.0, 0.02)


@pytest.fixture
def runs(opened: Database) -> StoredRunStore:
    return StoredRunStore(opened)


async def paid(opened: Database, run_id: str) -> list[Call]:
    """The calls that the journal knows of."""
    return [*await StoredCallLog(opened).of(run_id)]


async def test_the_reply_is_stored_with_the_end(runs: StoredRunStore, opened: Database) -> None:
    """Its answer, its line of the ledger and its cost are there as those of any other call are."""
    run_id = await claimed(runs)
    async with RunRecorder(runs, run_id) as keeping:
        await keeping.keep(Answered(ANSWER, CALL), reply_is_last=True)
        await keeping.keep(Answered(REPLY, WRITING), reply_is_last=True)
        assert await paid(opened, run_id) == [CALL]
        await runs.finish(run_id, OUTCOME, last=keeping.last())
    run = await runs.get(run_id)
    assert run is not None
    assert (run.answers, run.aggregator, run.reply) == ((ANSWER,), REPLY, "The reply.")
    assert await paid(opened, run_id) == [CALL, WRITING]
    [spent] = await StoredSpending(opened).by_channel("T1", datetime.now(UTC), 1)
    assert (spent.questions, spent.cost_usd) == (1, pytest.approx(0.02))


async def test_what_was_paid_for_is_kept_whatever_happens(
    runs: StoredRunStore, opened: Database
) -> None:
    """A run that is broken off between its reply and its end still has the reply."""
    run_id = await claimed(runs)
    async with RunRecorder(runs, run_id) as keeping:
        await keeping.keep(Answered(REPLY, WRITING), reply_is_last=True)
    assert await paid(opened, run_id) == [WRITING]


async def test_calls_that_were_stopped_with_their_run_are_charged(
    runs: StoredRunStore, opened: Database
) -> None:
    """However the run was broken off, its estimates are in the call log and in the budget."""
    run_id = await claimed(runs)
    usage = Usage(1_000, 50, estimated=True)
    stopped = replace(CALL, state="cut", error_kind="cancelled", usage=usage, cost_usd=0.5)

    async def broken_off() -> None:
        async with RunRecorder(runs, run_id) as keeping:
            keeping.stopped(stopped)
            keeping.stopped(replace(stopped, position=2))
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await broken_off()
    assert await paid(opened, run_id) == [stopped, replace(stopped, position=2)]
    [spent] = await StoredSpending(opened).by_channel("T1", datetime.now(UTC), 1)
    assert (spent.questions, spent.cost_usd) == (1, pytest.approx(1.0))


async def test_an_answer_keeps_that_its_tokens_are_estimates(
    runs: StoredRunStore, opened: Database
) -> None:
    """So that its cost is shown as an estimate later, too."""
    run_id = await claimed(runs)
    answer = replace(ANSWER, usage=Usage(1_000, 50, estimated=True))
    async with RunRecorder(runs, run_id) as keeping:
        call = replace(CALL, usage=answer.usage)
        await keeping.keep(Answered(answer, call), reply_is_last=False)
    run = await runs.get(run_id)
    assert run is not None
    assert run.answers == (answer,)


async def test_a_reply_waits_for_nothing_but_the_end(
    runs: StoredRunStore, opened: Database
) -> None:
    """Where the run goes on, whether planned or not, it is stored before anything else is done."""
    run_id = await claimed(runs)
    late = replace(CALL, state="cancelled")
    async with RunRecorder(runs, run_id) as keeping:
        await keeping.keep(Answered(REPLY, WRITING), reply_is_last=False)
        assert await paid(opened, run_id) == [WRITING]
        await keeping.keep(Answered(REPLY, WRITING), reply_is_last=True)
        await keeping.keep(Failed(ANSWER, late), reply_is_last=True)
        assert await paid(opened, run_id) == [WRITING, WRITING, late]


async def test_an_attempt_that_counts_no_more_leaves_its_reply_to_the_next(
    runs: StoredRunStore, opened: Database
) -> None:
    """It ends nothing, but nobody asks for what it has brought once more."""
    run_id = await claimed(runs)
    assert await runs.renew(run_id, 0)
    with pytest.raises(Superseded):
        await runs.finish(run_id, OUTCOME, 0, last=(REPLY, WRITING))
    run = await runs.get(run_id)
    assert run is not None
    assert (run.reply, run.aggregator, run.answers) == ("", REPLY, ())
    assert await paid(opened, run_id) == [WRITING]
