"""Work in this process: each run once, bounded in number, taken up again after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from structlog.testing import capture_logs

from bot.jobs import LocalJobs


class Work:
    """Counts what is begun, and ends when it is let."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.let = asyncio.Event()
        self.news = asyncio.Condition()

    async def __call__(self, run_id: str) -> None:
        self.begun.append(run_id)
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.cancelled.append(run_id)
            raise
        self.ended.append(run_id)


class Left:
    """A journal that knows only what was left unfinished."""

    def __init__(self, *run_ids: str) -> None:
        self._run_ids = run_ids

    async def unfinished(self) -> Sequence[str]:
        return self._run_ids


async def turn() -> None:
    """Let every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_run_handed_over_twice_is_worked_on_once() -> None:
    """Handing over what is under way does nothing."""
    work = Work()
    jobs = LocalJobs(Left(), work)  # type: ignore[arg-type]
    await jobs.hand_over("a")
    await jobs.hand_over("a")
    await turn()
    assert work.begun == ["a"]
    work.let.set()
    await jobs.drain(1)
    assert work.ended == ["a"]


async def test_no_more_than_so_many_run_at_once() -> None:
    """A hundred questions at once do not all run at once; the rest wait their turn."""
    work = Work()
    jobs = LocalJobs(Left(), work, at_once=2)  # type: ignore[arg-type]
    for run_id in "abc":
        await jobs.hand_over(run_id)
    await turn()
    assert work.begun == ["a", "b"]
    work.let.set()
    await jobs.drain(1)
    assert work.ended == ["a", "b", "c"]


async def test_what_an_earlier_process_left_is_taken_up() -> None:
    """At the start every unfinished run is handed over, the oldest first."""
    work = Work()
    work.let.set()
    jobs = LocalJobs(Left("a", "b"), work)  # type: ignore[arg-type]
    assert await jobs.recover() == 2
    await jobs.drain(1)
    assert work.ended == ["a", "b"]


async def test_a_drain_that_is_cut_short_stops_what_runs() -> None:
    """A second signal cancels the drain; what ran is stopped and stays unfinished."""
    work = Work()
    jobs = LocalJobs(Left(), work)  # type: ignore[arg-type]
    await jobs.hand_over("a")
    await turn()
    draining = asyncio.create_task(jobs.drain(3_600))
    await turn()
    draining.cancel()
    await asyncio.wait((draining,))
    assert draining.cancelled()
    assert work.cancelled == ["a"]
    assert work.ended == []


async def test_work_whose_end_hangs_does_not_hold_the_drain() -> None:
    """What is stopped and then waits for a Slack that does not answer is stopped once more."""
    seen: list[str] = []

    async def work(run_id: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(f"tidying up {run_id}")
            try:
                await asyncio.Event().wait()
            finally:
                seen.append("stopped again")

    jobs = LocalJobs(Left(), work, last_wait_s=0.01)  # type: ignore[arg-type]
    await jobs.hand_over("a")
    await turn()
    async with asyncio.timeout(30):
        await jobs.drain(0)
    assert seen == ["tidying up a", "stopped again"]


async def test_work_that_fails_is_logged_and_harms_no_other() -> None:
    """An error that comes out of a run's work, such as of the database, stands in the log."""
    done: list[str] = []

    async def work(run_id: str) -> None:
        if run_id == "a":
            raise OSError("The database is gone.")
        done.append(run_id)

    jobs = LocalJobs(Left("a", "b"), work, at_once=1)  # type: ignore[arg-type]
    with capture_logs() as lines:
        await jobs.recover()
        await jobs.drain(1)
    assert done == ["b"]
    assert [(line["event"], line["run_id"], line["error"]) for line in lines] == [
        ("job_failed", "a", "OSError")
    ]
