"""What a run's events leave in the journal: answers as they come, and what each call cost."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from bot.ports import Paid, RunStore
from moa import Answered, Call, Compared, Event, Failed, Retried


class RunRecorder:
    """Keeps a run's events, each as it comes.

    Only an aggregator's answer may wait for the event after it, since that is mostly the run's end,
    of the same moment: then both are stored at once. Whatever else happens, it is stored by itself.
    """

    def __init__(self, runs: RunStore, run_id: str) -> None:
        self._runs = runs
        self._run_id = run_id
        self._waiting: Paid | None = None
        self._stopped: list[Call] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._store()
        while self._stopped:
            await self._runs.charge(self._run_id, self._stopped.pop(0))

    def stopped(self, call: Call) -> None:
        """A call was stopped with the run, and no event will tell of it: it is charged at the end.

        Its provider bills it all the same.
        """
        self._stopped.append(call)

    async def keep(self, event: Event, *, reply_is_last: bool) -> None:
        """Store what an event brought.

        Args:
            event: of the run.
            reply_is_last: whether nothing is waited for once the reply is written.
        """
        await self._store()
        match event:
            case Answered(answer, call) | Failed(answer, call):
                self._waiting = answer, call
                is_reply = isinstance(event, Answered) and call.role == "aggregator"
                if not (reply_is_last and is_reply and call.attempt):
                    await self._store()
            case Retried(call) | Compared(call=call):
                await self._runs.charge(self._run_id, call)
            case _:
                pass

    def last(self) -> Paid | None:
        """The answer that is still to be stored, which is the caller's to do from now on."""
        last, self._waiting = self._waiting, None
        return last

    async def _store(self) -> None:
        if last := self.last():
            await self._runs.record(self._run_id, *last)
