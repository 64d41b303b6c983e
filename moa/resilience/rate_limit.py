"""Limits a model's concurrent calls and calls per minute, fairly between questions."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from moa.ports import Model, Profile, current_question, in_queue
from moa.types import Chunk, Prompt, Sampling

MINUTE_S: Final = 60.0


class WorkerShare:
    """This process's share of the models' limits: one of `count` equal parts.

    A part is rounded down but never below one. So all workers together stay within a limit, unless
    there are more workers than the limit allows calls.
    """

    def __init__(self) -> None:
        self.count = 1
        self._limiters: list[RateLimiter] = []

    def set_count(self, count: int) -> None:
        """Set the number of worker processes."""
        self.count = max(count, 1)
        for limiter in self._limiters:
            limiter.admit_waiting()

    def register(self, limiter: RateLimiter) -> None:
        """Let a limiter admit more calls whenever the number of workers changes."""
        self._limiters.append(limiter)

    def share_of(self, limit: int) -> int:
        """Return how much of a limit this process may use."""
        return max(limit // self.count, 1)


class RateLimiter:
    """Admits calls within a model's limits; all questions share it.

    Questions take turns. Each question's calls wait in order, and the next call admitted belongs to
    the question that has waited longest for its turn. So a question with twenty calls does not
    block one with a single call.

    Args:
        max_concurrency: calls running at once; None for no limit.
        requests_per_minute: calls started within any sixty seconds; None for no limit.
        worker_share: divides both limits between processes; by default there is only this one.
    """

    def __init__(
        self,
        *,
        max_concurrency: int | None = None,
        requests_per_minute: int | None = None,
        worker_share: WorkerShare | None = None,
    ) -> None:
        self._worker_share = worker_share or WorkerShare()
        self._worker_share.register(self)
        self._max_concurrency = max_concurrency
        self._start_times: deque[float] = deque(maxlen=requests_per_minute or 0)
        self._running = 0
        self._queues: OrderedDict[object, deque[asyncio.Future[None]]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """The number of calls waiting for their turn."""
        return sum(len(queue) for queue in self._queues.values())

    @property
    def running(self) -> int:
        """The number of admitted calls that have not been released."""
        return self._running

    async def acquire(self, question: object) -> None:
        """Wait for a call's turn. Call `release` when the call has ended.

        Args:
            question: the same object for all calls of one question.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(question, deque()).append(waiter)
        self.admit_waiting()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # admitted and cancelled at the same time
                self.release()
            else:
                self._remove(question, waiter)
            raise

    def release(self) -> None:
        """End an admitted call, and admit the next ones."""
        self._running -= 1
        self.admit_waiting()

    def admit_waiting(self) -> None:
        """Admit as many waiting calls as the limits allow now."""
        while self._queues and self._can_admit():
            question, queue = self._queues.popitem(last=False)
            waiter = queue.popleft()
            if queue:
                self._queues[question] = queue  # to the end of the round
            if not waiter.done():
                self._running += 1
                self._start_times.append(asyncio.get_running_loop().time())
                waiter.set_result(None)

    def _can_admit(self) -> bool:
        concurrency = self._max_concurrency
        if concurrency is not None and self._running >= self._worker_share.share_of(concurrency):
            return False
        per_minute = self._start_times.maxlen and self._worker_share.share_of(
            self._start_times.maxlen
        )
        if not per_minute or len(self._start_times) < per_minute:
            return True
        loop = asyncio.get_running_loop()
        free_at = self._start_times[-per_minute] + MINUTE_S
        if loop.time() >= free_at:
            return True
        # With fewer workers, a call may be allowed earlier than the timer was set for.
        if self._timer and self._timer.when() > free_at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = loop.call_at(free_at, self._on_timer)
        return False

    def _on_timer(self) -> None:
        self._timer = None
        self.admit_waiting()

    def _remove(self, question: object, waiter: asyncio.Future[None]) -> None:
        queue = self._queues.get(question)
        if queue and waiter in queue:  # `admit_waiting` may have removed it already
            queue.remove(waiter)
            if not queue:
                del self._queues[question]


class RateLimitedModel:
    """A Model whose calls wait for a rate limiter."""

    def __init__(self, model: Model, limiter: RateLimiter) -> None:
        self._model = model
        self._limiter = limiter

    @property
    def profile(self) -> Profile:
        """The wrapped model's profile."""
        return self._model.profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Wait for the call's turn, then call the model; see `moa.Model`."""
        in_queue.set(True)
        await self._limiter.acquire(current_question.get())
        in_queue.set(False)
        try:
            async with aclosing(self._model.stream(prompt, sampling)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._limiter.release()
