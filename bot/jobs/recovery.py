"""Taking stock: which unfinished runs nobody works on. They are handed over anew."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from bot.jobs.engine import Engine, Held
from bot.jobs.local_queue import LocalQueue
from bot.jobs.membership import ClusterView, Membership
from bot.jobs.worker_pool import WorkerPool
from bot.ports import RunStore, UnfinishedRun

log = structlog.get_logger(__name__)

ORPHAN_S = 5.0
"""Seconds that a run may be unknown to the engine: its hand-over may be under way. So long, too, an
attempt may be this worker's by the engine's records alone."""

REST, LONGEST_REST_S = 20, 3.0
"""Taking stock of a long queue takes time: the leader rests so many times as long after it, but
never so long that a dead worker's runs would have to wait for it."""


class Recovery:
    """Compares the journal, which is right, with what the engine holds and which workers live."""

    def __init__(
        self,
        engine: Engine,
        runs: RunStore,
        presence: Membership,
        working: WorkerPool,
        line: LocalQueue,
    ) -> None:
        self._engine = engine
        self._runs = runs
        self._presence = presence
        self._working = working
        self._line = line
        self._missing: dict[str, float] = {}
        self._orphans: dict[str, float] = {}
        self._idle: dict[Held, float] = {}
        self._rest_until = 0.0

    def saw_nobody(self) -> None:
        """Workers could not be looked for: what was missing before that may be back."""
        self._missing.clear()
        self._orphans.clear()

    @property
    def is_due(self) -> bool:
        """Whether the leader has rested for long enough."""
        return time.monotonic() >= self._rest_until

    async def take_up(self, sight: ClusterView, *, at_once: bool = False) -> int:
        """Hand over anew what nobody works on; returns how many.

        Args:
            sight: who lives now.
            at_once: nothing is being handed over now, so nothing is waited for.
        """
        began = time.monotonic()
        # Where this fails, nobody could make a run known either: then all is waited for anew.
        orphans, self._orphans = self._orphans, {}
        unfinished = await self._runs.unfinished()
        held = await self._engine.held()
        gone = self._gone({one.worker for one in held if one.worker}, sight)
        dead = [one for one in held if one.worker in gone]
        left = {(one.run_id, one.attempt) for one in dead}
        cared_for = {(one.run_id, one.attempt) for one in held} - left
        cared_for |= self._working.attempts.items() | {(run_id, 0) for run_id in self._line.run_ids}
        waits = [run for run in unfinished if (run.run_id, run.attempt) not in cared_for]
        self._orphans = {run.run_id: orphans.get(run.run_id, began) for run in waits}
        taken = [
            await self._again(run)
            for run in waits
            if at_once or (run.run_id, run.attempt) in left or self._is_orphan(run.run_id)
        ]
        await self._engine.drop(dead)
        took = time.monotonic() - began
        self._rest_until = began + took + min(REST * took, LONGEST_REST_S)
        return sum(taken)

    async def drop_idle(self) -> None:
        """Forget attempts that are ours by the engine's records, and that we do not work on.

        The engine may fail to store that one has ended: its record would keep the run from ever
        being handed over anew.
        """
        working, now = self._working.attempts, time.monotonic()
        held = await self._engine.held(self._presence.worker)
        idle = [one for one in held if working.get(one.run_id) != one.attempt]
        self._idle = {one: self._idle.get(one, now) for one in idle}
        stale = [one for one, since in self._idle.items() if now - since >= ORPHAN_S]
        if stale:
            log.warning("idle_dropped", run_ids=[one.run_id for one in stale])
        await self._engine.drop(stale)

    def _gone(self, workers: set[str], sight: ClusterView) -> Sequence[str]:
        """Those of the workers that were looked for long enough to be sure that they are dead."""
        if sight.workers is None:
            return ()
        now = time.monotonic()
        missing = workers - sight.workers
        self._missing = {worker: self._missing.get(worker, now) for worker in missing}
        sure = self._presence.sure_after_s
        return [worker for worker, since in self._missing.items() if now - since >= sure]

    async def _again(self, run: UnfinishedRun) -> bool:
        if not await self._runs.renew(run.run_id, run.attempt):
            return False
        log.info("taken_up", run_id=run.run_id, attempt=run.attempt + 1)
        await self._engine.enqueue(run.run_id, run.attempt + 1, 0)
        return True

    def _is_orphan(self, run_id: str) -> bool:
        return time.monotonic() - self._orphans[run_id] >= ORPHAN_S
