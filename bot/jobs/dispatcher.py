"""`bot.ports.Jobs` on the durable engine: hand over, take up what the dead left, stop, drain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.engine import Engine, Place, launched
from bot.jobs.local_queue import LocalQueue
from bot.jobs.membership import ClusterView, Membership
from bot.jobs.recovery import Recovery
from bot.jobs.worker_pool import Work, WorkerPool, ended
from bot.ports import Dispatcher, RunStore

log = structlog.get_logger(__name__)

KEPT_HERE = 20
"""Questions up to which a process keeps those that it takes in, when there are other workers, and
more only while that is not more than its share."""

PAUSE_S = 0.01
"""Seconds between two questions of the line that begin."""

KNOWN_AFTER_S = 3.0
"""Seconds after which the engine knows of a question that was not taken from its queue. Most are
answered later than that, but many at once all begin together, and need not wait for it. It must be
well before another worker takes up what nobody seems to work on (`bot.jobs.recovery.ORPHAN_S`)."""

SHARE_S = 5.0
"""Seconds at most, at the end, to put what waits here into the queue."""

BEAT_S = 1.0
MIND_S = 5.0
"""Seconds between two times that a worker looks for attempts that it only seems to work on."""

KEPT = timedelta(days=1)
"""How long the engine's records of what has ended are kept; they hold no words of anybody."""

TIDY_S = 600.0
"""Seconds between two times that what is old is deleted."""

Stop = Callable[[str], None]
"""Ends a run that is worked on here, since its people asked for it."""

Tidy = Callable[[], Awaitable[None]]
"""Deletes what has been kept for long enough."""

Share = Callable[[int], None]
"""Is told how many workers there are, to divide between them what all may use together."""


class JobDispatcher:
    """Hands runs to workers, here or elsewhere. The journal says what there is to do.

    The engine may lose what it knows: whatever the journal holds unfinished and nobody works on is
    handed over anew, under the next attempt's number, which shuts out whoever had the one before.
    """

    def __init__(
        self,
        runs: RunStore,
        presence: Membership,
        working: WorkerPool,
        relay: Dispatcher | None,
        *,
        stop: Stop,
        share: Share,
        at_once: int,
    ) -> None:
        self.engine: Engine
        self.stock: Recovery
        self._runs = runs
        self._presence = presence
        self._working = working
        self._relay = relay
        self._stop = stop
        self._share = share
        self._at_once = at_once
        self._workers = 1
        self._sight = ClusterView(None, leads=False)
        self._kept: set[asyncio.Task[Any]] = set()
        self._turns = count()
        self._begun: dict[str, asyncio.Task[bool]] = {}
        self._line = LocalQueue()
        self._pausing: asyncio.TimerHandle | None = None
        working.on_room = self._begin_next

    async def hand_over(self, run_id: str) -> int:
        """Work on a new run here when there is room, else let it wait; its place when all are busy.

        Who takes a question in is the quickest to answer it, and keeps a few in any case. Of more,
        the others are passed their share by turns. What all are too busy for is in the queue; where
        there is no other, it waits here. Where a run stands is only asked for then.
        """
        if run_id in self._line or run_id in self._working.attempts:
            return 0
        most = self._at_once if self._is_one else min(KEPT_HERE, self._at_once)
        if not self._line and self._working.has_room(most):
            self._begin(run_id)
            return 0
        place = await self._runs.place(run_id)
        if place is None or run_id in self._working.attempts:
            return 0
        busy = place.running + place.ahead >= self._at_once * self._workers
        if self._is_one and not place.attempt and not self._working.is_closed:
            self._line.add(run_id, place.turn)
            self._begin_next()  # room may have come meanwhile
        elif busy or place.attempt or not await self._share_out(run_id, place.running):
            await self.engine.enqueue(run_id, place.attempt, place.turn)
        return place.ahead + 1 if busy else 0

    async def _share_out(self, run_id: str, running: int) -> bool:
        """Have a new run begun, here or by another worker; False where that cannot be.

        Args:
            run_id: the run.
            running: how many all workers together work on.
        """
        mine = len(self._working.attempts)
        if mine * self._workers <= running and self._working.has_room(self._at_once):
            self._begin(run_id)
            return True
        others = self._others
        if self._relay is None or not others:
            return False
        await self._relay.pass_on(run_id, others[next(self._turns) % len(others)])
        return True

    async def take(self, run_id: str) -> None:
        """Work on a new run that another worker passes on, or let it wait for whoever has room."""
        if run_id in self._working.attempts:
            return
        if self._working.has_room(self._at_once):
            self._begin(run_id)
        elif place := await self._runs.place(run_id):
            await self.engine.enqueue(run_id, place.attempt, place.turn)

    async def heed_others(self) -> None:
        """Take what other workers pass on, for as long as this one can hear of it."""
        if self._relay:
            await self._relay.heed(self._take_soon)

    def _take_soon(self, run_id: str) -> None:
        self._begin_task(self.take(run_id))

    @property
    def _others(self) -> Sequence[str]:
        """The other workers that live, as they were last seen."""
        return sorted((self._sight.workers or frozenset()) - {self._presence.worker})

    @property
    def worker(self) -> str:
        """This worker's name, by which others pass runs on to it."""
        return self._presence.worker

    @property
    def _is_one(self) -> bool:
        """Whether there is no other worker now."""
        return self._workers == 1

    def _begin(self, run_id: str) -> None:
        work = self._working.begin(run_id, 0)
        self._begin_task(self._make_known(run_id, work))

    def _begin_next(self) -> None:
        """Begin with the next in line, and a moment later with the one after it.

        Many may end together; if as many began together, what comes in then would wait for them.
        """
        if self._pausing is None and self._line and self._working.has_room(self._at_once):
            if (run_id := self._line.take()) not in self._working.attempts:
                self._begin(run_id)
            self._pausing = asyncio.get_running_loop().call_later(PAUSE_S, self._go_on)

    def _go_on(self) -> None:
        self._pausing = None
        self._begin_next()

    def use(self, engine: Engine) -> None:
        """The engine runs: before this nothing can be handed over."""
        self.engine = engine
        self.stock = Recovery(engine, self._runs, self._presence, self._working, self._line)

    async def stop(self, run_id: str, user: str) -> bool:
        """Stop a run: at once where it is worked on here, else within a beat."""
        is_live = await self._runs.ask_to_stop(run_id, user)
        if is_live and run_id in self._working.attempts:
            self._stop(run_id)
        return is_live

    async def recover(self) -> int:
        """Take up, before anything new comes in, what earlier processes left; returns how many."""
        await self.look_around()  # also to know from the start how many share the models' limits
        if not self._sight.leads:
            return 0
        return await self.stock.take_up(self._sight, at_once=self._presence.is_alone)

    async def drain(self, seconds: float) -> Sequence[str]:
        """Take nothing new, and let running work end within `seconds`; others take what waits.

        Returns:
            The ids of the runs that did not end. They are this worker's until it is gone, and then
            taken up by another, or by the next start.
        """
        self.engine.pause()
        sharing = self._begin_task(self._share_line())
        try:
            return await self._working.drain(seconds)
        finally:
            await asyncio.wait([sharing], timeout=SHARE_S)

    async def answer(self, run_id: str, attempt: int) -> None:
        """The workflow: returns when the run is done with, and not at all while stopping."""
        begun = self._begun.pop(run_id, None) if not attempt else None
        done = await (ended(begun) if begun else self._working.on(run_id, attempt))
        if not done and self._working.is_closed:
            await self._keep()

    async def _make_known(self, run_id: str, work: asyncio.Task[bool]) -> None:
        """Have the engine know whose a run is, once it takes a while.

        Until then only the journal has it, and a run that is there alone is taken up as well when
        its worker dies, but some seconds later.
        """
        await asyncio.wait([work], timeout=KNOWN_AFTER_S)
        if work.done():
            return
        self._begun[run_id] = work
        try:
            await self.engine.start(run_id, 0)  # its workflow waits for this very work
        except BaseException:
            self._begun.pop(run_id, None)
            raise

    async def _keep(self) -> None:
        """Leave an attempt in this worker's name until it is gone: then it is taken up."""
        task = asyncio.current_task()
        assert task is not None
        self._own(task)
        await asyncio.Event().wait()

    def _begin_task(self, act: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(act)
        self._own(task)
        task.add_done_callback(_tell_failure)
        return task

    def _own(self, task: asyncio.Task[Any]) -> None:
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    async def close(self) -> None:
        """Let go of everything, when the engine has gone."""
        kept = [*self._kept]
        for task in kept:
            task.cancel()
        await asyncio.gather(*kept, return_exceptions=True)
        await self._presence.leave()

    async def look_around(self) -> None:
        """Be seen, see who else is there, and heed what is asked of this worker."""
        self._sight = await self._presence.look()
        if self._sight.workers is None:
            self.stock.saw_nobody()
        else:
            self._count(len(self._sight.workers | {self._presence.worker}))
        await self._heed_notices()

    async def take_stock(self) -> None:
        """Take up what nobody works on, if this worker leads.

        This waits for the engine, which waits for a database that is away, and longer than that:
        so it is apart from being seen.
        """
        if self._sight.leads and self.stock.is_due:
            await self.stock.take_up(self._sight)

    async def mind(self) -> None:
        """Give up what this worker only seems to work on."""
        if not self._working.is_closed:
            await self.stock.drop_idle()

    async def sweep(self, tidy: Tidy) -> None:
        """Have what is old deleted, by one worker for all."""
        if self._sight.leads:
            await self.engine.sweep(datetime.now(UTC) - KEPT)
            await tidy()

    async def _heed_notices(self) -> None:
        mine = self._working.attempts
        notices = await self._runs.notices(mine) if mine else {}
        for run_id, notice in notices.items():
            if notice.attempt != mine[run_id]:
                log.info("superseded", run_id=run_id)
                self._working.cancel(run_id)
            elif notice.stop_by:
                self._stop(run_id)

    def _count(self, workers: int) -> None:
        if workers != self._workers:
            log.info("workers", count=workers)
            self._workers = workers
            self._share(workers)
            if self._line:
                self._begin_task(self._share_line())

    async def _share_line(self) -> None:
        """Give what waits here to whoever comes for it: others, or the next start."""
        for waiting in self._line.leave():
            await self.engine.enqueue(waiting.run_id, 0, waiting.turn)


def _tell_failure(task: asyncio.Task[None]) -> None:
    """The outermost edge of a task: what the engine was not told is found when stock is taken."""
    if not task.cancelled() and (error := task.exception()):
        log.error("not_made_known", error=type(error).__name__, exc_info=error)


async def _keep_on(
    act: Callable[[], Awaitable[None]], every_s: float, *, first_s: float | None = None
) -> None:
    """Do something again and again, for as long as this process works."""
    await asyncio.sleep(every_s if first_s is None else first_s)
    while True:
        try:
            await act()
        except (SQLAlchemyError, OSError) as error:
            log.warning("upkeep_failed", error=type(error).__name__)
        except Exception:
            # The outermost edge of a task that must not end.
            log.exception("upkeep_failed")
        await asyncio.sleep(every_s)


@asynccontextmanager
async def durable_jobs(
    runs: RunStore,
    presence: Membership,
    relay: Dispatcher | None,
    work: Work,
    place: Place,
    *,
    stop: Stop,
    share: Share,
    tidy: Tidy,
    at_once: int,
) -> AsyncGenerator[JobDispatcher, None]:
    """Running jobs. At the end work is stopped where it stands, and taken up by the next worker.

    Args:
        runs: the journal.
        presence: this worker's place among the others; left at the end.
        relay: passes runs on to others; None where there can be none.
        work: works on an attempt.
        place: of the engine's records.
        stop: ends a run that is worked on here.
        share: is told how many workers there are whenever that changes.
        tidy: deletes what has been kept for long enough; called by one worker now and then.
        at_once: how many runs each worker works on together.

    Raises:
        ConfigurationError: when the engine's tables cannot be made or used.
    """
    working = WorkerPool(work, at_once=at_once)
    jobs = JobDispatcher(runs, presence, working, relay, stop=stop, share=share, at_once=at_once)

    async def answer(run_id: str, attempt: int) -> None:
        await jobs.answer(run_id, attempt)

    try:
        await presence.look()  # nothing is taken by a worker that others cannot see
        async with launched(place, presence.worker, answer, at_once=at_once) as engine:
            jobs.use(engine)
            tasks = [
                asyncio.create_task(_keep_on(jobs.look_around, BEAT_S), name="beat"),
                asyncio.create_task(_keep_on(jobs.take_stock, BEAT_S), name="stock"),
                asyncio.create_task(_keep_on(jobs.mind, MIND_S), name="mind"),
                asyncio.create_task(_keep_on(jobs.heed_others, BEAT_S, first_s=0), name="relay"),
                asyncio.create_task(_keep_on(lambda: jobs.sweep(tidy), TIDY_S), name="tidy"),
            ]
            try:
                yield jobs
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await jobs.drain(0)
    finally:
        await jobs.close()
