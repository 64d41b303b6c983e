"""Ending a piece of work from outside: for a reason, once, and never more than was meant."""

from __future__ import annotations

import asyncio

import pytest

from bot import cancel_scope
from bot.cancel_scope import CancelScope, let_end
from bot.errors import Trouble, Unanswerable


class Piece:
    """Work that waits for ever within a scope, in a task of its own."""

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
            await asyncio.sleep(0)  # would be cut short if the cancellation were still about
            self.after = "tidied up"
            return error.trouble
        raise AssertionError("nobody lets the work end")


async def test_an_interruption_becomes_its_reason() -> None:
    """The work ends with what its asker is told, and what follows is not cut short."""
    piece = Piece()
    await piece.is_in.wait()
    piece.scope.interrupt("stopped")
    assert await piece.task == "stopped"
    assert piece.after == "tidied up"


async def test_the_first_reason_counts() -> None:
    """Stopping a piece of work that is being ended already changes nothing."""
    piece = Piece()
    await piece.is_in.wait()
    piece.scope.interrupt("archived")
    piece.scope.interrupt("stopped")
    assert await piece.task == "archived"


async def test_a_cancellation_of_anybody_else_goes_on() -> None:
    """A process that stops does not look like a question that was stopped."""
    piece = Piece()
    await piece.is_in.wait()
    piece.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await piece.task


@pytest.mark.parametrize("ours_first", [True, False])
async def test_a_cancellation_at_the_same_time_goes_on(*, ours_first: bool) -> None:
    """Of a stop and the end of the process the latter wins, in whichever order they come."""
    piece = Piece()
    await piece.is_in.wait()
    if ours_first:
        piece.scope.interrupt("stopped")
    piece.task.cancel()
    if not ours_first:
        piece.scope.interrupt("stopped")
    with pytest.raises(asyncio.CancelledError):
        await piece.task


async def test_before_and_after_the_scope_nothing_is_interrupted() -> None:
    """Work that has not begun, or is over, is left alone."""
    scope = CancelScope()
    scope.interrupt("stopped")
    async with scope:
        await asyncio.sleep(0)
    scope.interrupt("stopped")
    await asyncio.sleep(0)


async def test_work_that_ended_as_it_was_interrupted_ends_with_the_reason() -> None:
    """An interruption that comes with the very last step is not lost, nor does it strike later."""

    async def work() -> None:
        scope = CancelScope()
        async with scope:
            asyncio.get_running_loop().call_soon(scope.interrupt, "stopped")
            await asyncio.sleep(0)

    with pytest.raises(Unanswerable):
        await asyncio.create_task(work())


async def test_a_task_that_has_swallowed_a_cancellation_can_still_be_interrupted() -> None:
    """Only what comes within the scope is counted, as `asyncio.timeout` does."""
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
    """A timeout of the work's own is not taken for an interruption."""
    async with CancelScope():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()


async def test_a_call_that_is_under_way_comes_to_its_end() -> None:
    """After a cancellation the call's effect is known, and no further call starts."""
    done: list[str] = []
    under_way = asyncio.Event()

    async def call(name: str) -> None:
        under_way.set()
        await asyncio.sleep(0.01)
        done.append(name)

    async def work() -> None:
        for name in ("first", "second"):
            await let_end(call(name))

    task = asyncio.create_task(work())
    await under_way.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert done == ["first"]


async def test_a_call_that_does_not_end_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for, but not for ever; what it raises then is nobody's."""
    monkeypatch.setattr(cancel_scope, "CLOSE_S", 0.01)
    under_way = asyncio.Event()

    async def call() -> None:
        under_way.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(let_end(call()))
    await under_way.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_calls_own_error_is_its_callers() -> None:
    """Left alone, a call ends as it would by itself."""

    async def call() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await let_end(call())
