"""Answers one question, using only the ports and the library."""

from __future__ import annotations

from collections import deque
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
"""Returns the plan of a pipeline. Raises PipelineError if it no longer exists."""

MAX_ATTEMPTS = 30
"""Give up on a question after this many attempts: it may crash its worker each time."""

MAX_ATTEMPTS_PAID = 1_000
"""With answers stored, further attempts mostly wait for Slack to come back. Covers some hours."""

log = structlog.get_logger(__name__)


STOPS_KEPT = 1_000
"""Stops to remember for runs that have not seen them yet."""


class Service:
    """Answers questions independently of each other."""

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
        self._in_progress: dict[str, CancelScope] = {}
        self._stops: deque[str] = deque(maxlen=STOPS_KEPT)

    def stop(self, run_id: str) -> None:
        """Stop a run in progress here, at a person's request.

        A scope can be interrupted only while it is entered. A stop that comes just before, or while
        an outcome is being stored, takes effect when the run next enters its scope.
        """
        self._stops.append(run_id)
        if run_id in self._in_progress:
            self._in_progress[run_id].interrupt("stopped")

    async def answer(self, run: Run) -> bool:
        """Answer a run, or tell the asker why there is no answer.

        Raises only cancellation and errors of the run store.

        Returns:
            False if a dependency stays down: a later attempt continues the run.
        """
        with (
            structlog.contextvars.bound_contextvars(run_id=run.id),
            self._observer.work(run) as watch,
        ):
            return await self._watched(run, watch)

    async def _watched(self, run: Run, watch: RunSpan) -> bool:
        work = self._in_progress[run.id] = CancelScope()
        reply = self._replies.open(run, work.interrupt)
        try:
            watch.ended(await self._answered(run, reply, work, watch))
        except Superseded:
            log.info("run_superseded")
        except Postponed:
            log.warning("run_postponed", attempt=run.attempt)
            return False
        finally:
            del self._in_progress[run.id]
            await reply.close()
        return True

    async def _answered(self, run: Run, reply: Reply, work: CancelScope, watch: RunSpan) -> Ended:
        """Deliver the reply, or the reason for not having one. Handles every error."""
        try:
            return await self._work(run, reply, work, watch)
        except (Superseded, Postponed):
            raise
        except Unanswerable as error:
            error_id = new_error_id() if error.trouble == "internal" else None
            log.warning("run_unanswerable", trouble=error.trouble, error_id=error_id)
            return await self._give_up(run, reply, error.trouble, error_id)
        except NotEnoughAnswers as error:
            trouble = trouble_of([answer.error_kind for answer in error.answers])
            causes = [(a.model, a.error_kind, a.reason) for a in error.answers]
            log.warning("no_model_answered", trouble=trouble, causes=causes)
            return await self._give_up(run, reply, trouble)
        except PipelineError as error:
            log.warning("pipeline_missing", pipeline=run.pipeline, error=str(error))
            return await self._give_up(run, reply, "pipeline_gone")
        except Exception as error:
            error_id = new_error_id()
            log.exception("run_failed", error_id=error_id, error=type(error).__name__)
            return await self._give_up(run, reply, "internal", error_id)

    async def _work(self, run: Run, reply: Reply, work: CancelScope, watch: RunSpan) -> Ended:
        recorder = RunRecorder(self._runs, run.id)
        try:
            async with work:
                if run.resumed and await reply.recover():
                    return await self._ended_before(run)
                if run.stop_by:
                    raise Unanswerable("stopped")
                self._check_stop(run)
                if run.attempt > (MAX_ATTEMPTS_PAID if run.recorded else MAX_ATTEMPTS):
                    raise Unanswerable("internal")
                await self._admission.admit(run)
                await reply.start()
                outcome = await self._outcome(run, reply, recorder, watch)
        finally:
            await recorder.charge_stopped()
        await self._runs.finish(run.id, outcome, run.attempt)
        async with work:  # delivery may take many messages
            self._check_stop(run)
            await reply.finish(outcome)
        await self._runs.delivered(run.id, run.attempt)
        log.info("run_answered", status=outcome.status, seconds=round(outcome.seconds, 2))
        return outcome.status

    def _check_stop(self, run: Run) -> None:
        if run.id in self._stops:
            raise Unanswerable("stopped")

    async def _ended_before(self, run: Run) -> Ended:
        """Finish a run whose earlier attempt died between its last message and its last write."""
        log.info("run_answered_earlier")
        if run.status is None:  # that message was the failure notice
            trouble: Trouble = "stopped" if run.stop_by else "internal"
            if run.stop_by == DELETED:
                trouble = "thread_gone"
            await self._runs.fail(run.id, trouble, run.attempt)
            return trouble
        await self._runs.delivered(run.id, run.attempt)
        return "delivered_before"

    async def _outcome(
        self, run: Run, reply: Reply, recorder: RunRecorder, watch: RunSpan
    ) -> Outcome:
        plan = self._plans(run.pipeline)
        thread = await self._threads.read(run.question, plan.largest_window)
        reply.allow_hosts_in(thread.asker_messages)
        self._admission.afford(run, plan, thread.prompt)
        source = run_moa(
            plan,
            thread.prompt,
            seed=run.seed,
            recorded=run.recorded,
            on_stopped=recorder.stopped,
        )
        async with aclosing(source) as events:
            async for event in events:
                watch.on_event(event)
                if isinstance(event, Finished):
                    outcome = event.outcome
                    return replace(outcome, notes=(*thread.notes, *outcome.notes))
                await recorder.record(event)
                await reply.show(event)
        raise AssertionError("a run ends with Finished or an error")

    async def _give_up(
        self, run: Run, reply: Reply, trouble: Trouble, error_id: str | None = None
    ) -> Ended:
        """Post why there is no reply, unless one was delivered or another attempt may do so."""
        signal = (await self._runs.signals([run.id])).get(run.id)
        if signal is None or not signal.is_live or signal.attempt != run.attempt:
            raise Superseded
        if signal.stop_by == DELETED:
            trouble, error_id = "thread_gone", None
        try:
            if not await reply.fail(trouble, error_id):
                await self._runs.delivered(run.id, run.attempt)
                return "delivered_before"
        except Postponed:
            raise
        except Unanswerable as error:
            log.warning("failure_notice_changed", trouble=trouble, instead=error.trouble)
            trouble = error.trouble if error.trouble == "thread_gone" else trouble
        except Exception as error:
            log.exception("failure_notice_failed", trouble=trouble, error=type(error).__name__)
        await self._runs.fail(run.id, trouble, run.attempt)
        return trouble
