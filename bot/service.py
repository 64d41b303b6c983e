"""The use case: answer one question. Knows ports and the method only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

import structlog

from bot.cancel_scope import CancelScope
from bot.errors import (
    Postponed,
    Superseded,
    Trouble,
    Unanswerable,
    new_error_id,
    trouble_of,
)
from bot.ports import (
    DELETED,
    Admission,
    Ended,
    Observer,
    Reply,
    ReplyFactory,
    Run,
    RunSpan,
    RunStore,
    ThreadReader,
)
from bot.run_recorder import RunRecorder
from moa import (
    Finished,
    NotEnoughAnswers,
    Outcome,
    PipelineError,
    Plan,
)
from moa import (
    run as run_moa,
)

Plans = Callable[[str], Plan]
"""The plan of a pipeline's name. Raises PipelineError when there is none of that name any more."""

MOST_ATTEMPTS = 30
"""A question that brings its worker down each time is given up after so many."""

MOST_ATTEMPTS_PAID = 1_000
"""Where answers are stored already, attempts mostly wait for a Slack that is away: some hours."""

log = structlog.get_logger(__name__)


class Service:
    """Answers questions. Nothing is shared between two of them."""

    def __init__(
        self,
        runs: RunStore,
        threads: ThreadReader,
        replies: ReplyFactory,
        plans: Plans,
        observer: Observer,
        *,
        admission: Admission,
    ) -> None:
        self._runs = runs
        self._threads = threads
        self._replies = replies
        self._plans = plans
        self._observer = observer
        self._admission = admission
        self._under_way: dict[str, CancelScope] = {}

    def stop(self, run_id: str) -> None:
        """End a run that is worked on here, since its people asked for it."""
        if run_id in self._under_way:
            self._under_way[run_id].interrupt("stopped")

    async def answer(self, run: Run) -> bool:
        """Work on a run until it is answered, or until the asker was told why it is not.

        Only a cancellation and trouble with the run store come out of here.

        Returns:
            False when something that the run needs has been away too long: it is left for a later
            attempt.
        """
        with (
            structlog.contextvars.bound_contextvars(run_id=run.id),
            self._observer.work(run) as watch,
        ):
            return await self._watched(run, watch)

    async def _watched(self, run: Run, watch: RunSpan) -> bool:
        work = self._under_way[run.id] = CancelScope()
        reply = self._replies.open(run, work.interrupt)
        try:
            watch.ended(await self._answered(run, reply, work, watch))
        except Superseded:
            log.info("superseded")
        except Postponed:
            log.warning("postponed", attempt=run.attempt)
            return False
        finally:
            del self._under_way[run.id]
            await reply.close()
        return True

    async def _answered(self, run: Run, reply: Reply, work: CancelScope, watch: RunSpan) -> Ended:
        """Bring the reply, or tell why there is none: the outermost edge of a question's work."""
        try:
            return await self._work(run, reply, work, watch)
        except (Superseded, Postponed):
            raise
        except Unanswerable as error:
            error_id = new_error_id() if error.trouble == "internal" else None
            log.warning("unanswerable", trouble=error.trouble, error_id=error_id)
            return await self._give_up(run, reply, error.trouble, error_id)
        except NotEnoughAnswers as error:
            trouble = trouble_of([answer.error_kind for answer in error.answers])
            causes = [(a.model, a.error_kind, a.reason) for a in error.answers]
            log.warning("no_answer", trouble=trouble, causes=causes)
            return await self._give_up(run, reply, trouble)
        except PipelineError as error:
            log.warning("pipeline_gone", pipeline=run.pipeline, why=str(error))
            return await self._give_up(run, reply, "pipeline_gone")
        except Exception as error:
            error_id = new_error_id()
            log.exception("internal", error_id=error_id, error=type(error).__name__)
            return await self._give_up(run, reply, "internal", error_id)

    async def _work(self, run: Run, reply: Reply, work: CancelScope, watch: RunSpan) -> Ended:
        recorder = RunRecorder(self._runs, run.id)
        try:
            async with work:
                if run.resumed and await reply.stands():
                    return await self._ended_before(run)
                if run.stop_by:
                    raise Unanswerable("stopped")
                if run.attempt > (MOST_ATTEMPTS_PAID if run.recorded else MOST_ATTEMPTS):
                    raise Unanswerable("internal")
                if not run.recorded:  # else an earlier attempt was let through
                    await self._admission.admit(run)
                await reply.start()
                outcome = await self._outcome(run, reply, recorder, watch)
        finally:
            await recorder.charge_stopped()
        await self._runs.finish(run.id, outcome, run.attempt)
        async with work:  # a reply may take many messages, and Slack may be slow
            await reply.finish(outcome)
        await self._runs.delivered(run.id)
        log.info("answered", status=outcome.status, seconds=round(outcome.seconds, 2))
        return outcome.status

    async def _ended_before(self, run: Run) -> Ended:
        """An earlier attempt was broken off between its last message and its last record."""
        log.info("answered_before")
        if run.status is None:  # that message has told why there is no reply
            trouble: Trouble = "stopped" if run.stop_by else "internal"
            if run.stop_by == DELETED:
                trouble = "thread_gone"
            await self._runs.fail(run.id, trouble)
            return trouble
        await self._runs.delivered(run.id)
        return "delivered_before"

    async def _outcome(
        self, run: Run, reply: Reply, recorder: RunRecorder, watch: RunSpan
    ) -> Outcome:
        thread = await self._threads.read(run.question)
        reply.heed(thread.asker_said)
        plan = self._plans(run.pipeline)
        self._admission.afford(run, plan, thread.prompt)
        under_way = run_moa(
            plan,
            thread.prompt,
            seed=run.seed,
            recorded=run.recorded,
            on_stopped=recorder.stopped,
        )
        async with aclosing(under_way) as events:
            async for event in events:
                watch.saw(event)
                if isinstance(event, Finished):
                    outcome = event.outcome
                    return replace(outcome, notes=(*thread.notes, *outcome.notes))
                await recorder.record(event)
                await reply.show(event)
        raise AssertionError("a run ends with Finished or an error")

    async def _give_up(
        self, run: Run, reply: Reply, trouble: Trouble, error_id: str | None = None
    ) -> Ended:
        """Tell why there is no reply, unless it was posted or another attempt may bring one."""
        signal = (await self._runs.signals([run.id])).get(run.id)
        if signal is None or signal.attempt != run.attempt:
            raise Superseded
        if signal.stop_by == DELETED:
            trouble, error_id = "thread_gone", None
        try:
            if not await reply.fail(trouble, error_id):
                await self._runs.delivered(run.id)
                return "delivered_before"
        except Postponed:
            raise
        except Unanswerable as error:
            log.warning("told_otherwise", trouble=trouble, instead=error.trouble)
            trouble = error.trouble if error.trouble == "thread_gone" else trouble
        except Exception as error:
            log.exception("not_told", trouble=trouble, error=type(error).__name__)
        await self._runs.fail(run.id, trouble)
        return trouble
