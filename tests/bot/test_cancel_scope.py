"""Cancelling work from outside: with a reason, once, and only that work."""

from __future__ import annotations

import asyncio

import pytest

from bot import cancel_scope
from bot.cancel_scope import CancelScope, finish_call
from bot.errors import Trouble, Unanswerable


class EndlessWork:
    """Run work that never ends within a scope, in a separate task."""

    def __init__(self) -> None:
        self.scope = CancelScope()
        self.is_in = asyncio.Event()
        self.after = ""
        self.task = asyncio.create_task(self._work())

    async def _work(self) -> Trouble:
        try:
            async with self.scope:
                self.is_in.set()
                await asyncio.Event().wait()
        except Unanswerable as error:
            await asyncio.sleep(0)  # this would raise if the cancellation were still pending
            self.after = "tidied up"
            return error.trouble
        raise AssertionError("nobody lets the work end")


async def test_an_interruption_becomes_its_reason() -> None:
    """The work ends with the reason, and the code after it is not cancelled."""
    work = EndlessWork()
    await work.is_in.wait()
    work.scope.interrupt("stopped")
    assert await work.task == "stopped"
    assert work.after == "tidied up"


async def test_the_first_reason_counts() -> None:
    """A second interruption does not change the reason."""
    work = EndlessWork()
    await work.is_in.wait()
    work.scope.interrupt("archived")
    work.scope.interrupt("stopped")
    assert await work.task == "archived"


async def test_an_outside_cancellation_is_not_swallowed() -> None:
    """A stopping process does not look like a stopped question."""
    work = EndlessWork()
    await work.is_in.wait()
    work.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work.task


@pytest.mark.parametrize("ours_first", [True, False])
async def test_an_outside_cancellation_takes_precedence(*, ours_first: bool) -> None:
    """If a stop and the end of the process coincide, the process ends, in either order."""
    work = EndlessWork()
    await work.is_in.wait()
    if ours_first:
        work.scope.interrupt("stopped")
    work.task.cancel()
    if not ours_first:
        work.scope.interrupt("stopped")
    with pytest.raises(asyncio.CancelledError):
        await work.task


async def test_nothing_is_interrupted_before_or_after_the_scope() -> None:
    """Work that has not started, or has finished, is not cancelled."""
    scope = CancelScope()
    scope.interrupt("stopped")
    async with scope:
        await asyncio.sleep(0)
    scope.interrupt("stopped")
    await asyncio.sleep(0)


async def test_an_interruption_at_the_last_step_still_counts() -> None:
    """An interruption at the last step is neither lost nor delivered later."""

    async def work() -> None:
        scope = CancelScope()
        async with scope:
            asyncio.get_running_loop().call_soon(scope.interrupt, "stopped")
            await asyncio.sleep(0)

    with pytest.raises(Unanswerable):
        await asyncio.create_task(work())


async def test_a_task_that_swallowed_a_cancellation_can_still_be_interrupted() -> None:
    """Only cancellations within the scope are counted, as `asyncio.timeout` does."""
    swallowed = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        async with scope:
            await asyncio.Event().wait()

    scope = CancelScope()
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await swallowed.wait()
    await asyncio.sleep(0)
    scope.interrupt("stopped")
    with pytest.raises(Unanswerable):
        await task


async def test_a_deadline_within_the_scope_stays_a_deadline() -> None:
    """The work's own timeout is not mistaken for an interruption."""
    async with CancelScope():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()


async def test_a_shielded_call_is_completed() -> None:
    """After a cancellation the call in progress completes, and no further call starts."""
    done: list[str] = []
    under_way = asyncio.Event()

    async def call(name: str) -> None:
        under_way.set()
        await asyncio.sleep(0.01)
        done.append(name)

    async def work() -> None:
        for name in ("first", "second"):
            await finish_call(call(name))

    task = asyncio.create_task(work())
    await under_way.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert done == ["first"]


async def test_a_shielded_call_that_hangs_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait has a limit, and a late exception of the call is dropped."""
    monkeypatch.setattr(cancel_scope, "CLOSE_S", 0.01)
    under_way = asyncio.Event()

    async def call() -> None:
        under_way.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(finish_call(call()))
    await under_way.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_shielded_call_raises_its_own_error() -> None:
    """Without a cancellation, a call returns or raises as usual."""

    async def call() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await finish_call(call())
