"""How many calls a model is given at the same time and in a minute, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from moa.ports import Model, Profile, asked_for, in_queue
from moa.types import Chunk, Prompt, Sampling

MINUTE_S: Final = 60.0


class WorkerShare:
    """The number of processes that a model's limits are divided between, the same for all models.

    Each is given its equal part, rounded down, and never less than one: so all together stay within
    a limit as long as there are no more of them than it allows.
    """

    def __init__(self) -> None:
        self.count = 1
        self._gates: list[RateLimiter] = []

    def become(self, count: int) -> None:
        """There are so many of them from now on."""
        self.count = max(count, 1)
        for gate in self._gates:
            gate.let_through()

    def join(self, gate: RateLimiter) -> None:
        """Tell a gate whenever their number changes."""
        self._gates.append(gate)

    def part_of(self, limit: int) -> int:
        """What one process may use of a limit."""
        return max(limit // self.count, 1)


class RateLimiter:
    """Lets calls through within a model's limits; one gate is shared by all questions.

    Questions take turns: each one's calls wait in their own order, and the next call is that of the
    question that has waited longest for its turn. So a question of twenty calls does not keep one
    of a single call waiting for all of them.

    Args:
        max_concurrency: calls under way at the same time; None for any number.
        requests_per_minute: calls begun within any sixty seconds; None for any number.
        sharers: between whom both limits are divided; nobody else by default.
    """

    def __init__(
        self,
        *,
        max_concurrency: int | None = None,
        requests_per_minute: int | None = None,
        sharers: WorkerShare | None = None,
    ) -> None:
        self._sharers = sharers or WorkerShare()
        self._sharers.join(self)
        self._max_concurrency = max_concurrency
        self._begun: deque[float] = deque(maxlen=requests_per_minute or 0)
        self._under_way = 0
        self._queues: OrderedDict[object, deque[asyncio.Future[None]]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return sum(len(queue) for queue in self._queues.values())

    @property
    def under_way(self) -> int:
        """Calls that were let through and have not left."""
        return self._under_way

    async def enter(self, question: object) -> None:
        """Wait for a call's turn. Whoever has entered must `leave`.

        Args:
            question: the same object for all calls of one question.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(question, deque()).append(turn)
        self.let_through()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn came in the same moment
                self.leave()
            else:
                self._forget(question, turn)
            raise

    def leave(self) -> None:
        """A call that had entered has ended."""
        self._under_way -= 1
        self.let_through()

    def let_through(self) -> None:
        """Give everybody a turn for whom there is room now."""
        while self._queues and self._has_room():
            question, queue = self._queues.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._queues[question] = queue  # to the end of the round
            if not turn.done():
                self._under_way += 1
                self._begun.append(asyncio.get_running_loop().time())
                turn.set_result(None)

    def _has_room(self) -> bool:
        most = self._max_concurrency
        if most is not None and self._under_way >= self._sharers.part_of(most):
            return False
        a_minute = self._begun.maxlen and self._sharers.part_of(self._begun.maxlen)
        if not a_minute or len(self._begun) < a_minute:
            return True
        loop = asyncio.get_running_loop()
        free_at = self._begun[-a_minute] + MINUTE_S
        if loop.time() >= free_at:
            return True
        # With fewer to share with, a call may be free before the time that was waited for.
        if self._timer and self._timer.when() > free_at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = loop.call_at(free_at, self._minute_is_over)
        return False

    def _minute_is_over(self) -> None:
        self._timer = None
        self.let_through()

    def _forget(self, question: object, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(question)
        if queue and turn in queue:  # it may have been passed over already
            queue.remove(turn)
            if not queue:
                del self._queues[question]


class RateLimitedModel:
    """A Model whose calls pass a gate."""

    def __init__(self, model: Model, gate: RateLimiter) -> None:
        self._model = model
        self._gate = gate

    @property
    def profile(self) -> Profile:
        """That of the model."""
        return self._model.profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Wait for the call's turn, then ask; see `moa.Model`."""
        in_queue.set(True)
        await self._gate.enter(asked_for.get())
        in_queue.set(False)
        try:
            async with aclosing(self._model.stream(prompt, sampling)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._gate.leave()
