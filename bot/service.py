"""The use case: answer one question. Knows ports and the method only."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import aclosing

import structlog

from bot.errors import ConfigurationError, Trouble, Unanswerable
from bot.ports import Replies, Reply, Run, Runs, Threads
from moa import (
    Answered,
    Compared,
    Failed,
    Finished,
    NotEnoughAnswers,
    Outcome,
    PipelineError,
    Plan,
    Retried,
)
from moa import (
    run as run_moa,
)

Plans = Callable[[str], Plan]
"""The plan of a pipeline's name. Raises PipelineError when there is none of that name any more."""

log = structlog.get_logger(__name__)


class Service:
    """Answers questions. Nothing is shared between two of them."""

    def __init__(self, runs: Runs, threads: Threads, replies: Replies, plans: Plans) -> None:
        self._runs = runs
        self._threads = threads
        self._replies = replies
        self._plans = plans

    async def answer(self, run_id: str) -> None:
        """Work on a run until it is answered, or until the asker was told why it is not.

        Only a cancellation comes out of here: this is the outermost edge of a question's work.
        """
        run = await self._runs.begin(run_id)
        if run is None:
            return
        with structlog.contextvars.bound_contextvars(run_id=run_id):
            reply = self._replies.open(run)
            try:
                await self._work(run, reply)
            except Unanswerable as error:
                error_id = secrets.token_hex(4) if error.trouble == "internal" else None
                log.warning("unanswerable", trouble=error.trouble, error_id=error_id)
                await self._give_up(run_id, reply, error.trouble, error_id)
            except NotEnoughAnswers as error:
                log.warning("no_answer", causes=[(a.model, a.error_kind) for a in error.answers])
                await self._give_up(run_id, reply, "no_answer")
            except (PipelineError, ConfigurationError) as error:
                log.warning("pipeline_gone", pipeline=run.pipeline, why=str(error))
                await self._give_up(run_id, reply, "pipeline_gone")
            except Exception as error:
                error_id = secrets.token_hex(4)
                log.exception("internal", error_id=error_id, error=type(error).__name__)
                await self._give_up(run_id, reply, "internal", error_id)
            finally:
                await reply.close()

    async def _work(self, run: Run, reply: Reply) -> None:
        if not await reply.start():
            await self._runs.delivered(run.id)
            log.info("answered_before")
            return
        thread = await self._threads.read(run.question)
        plan = self._plans(run.pipeline)
        outcome: Outcome | None = None
        under_way = run_moa(plan, thread, seed=run.seed, recorded=run.recorded)
        async with aclosing(under_way) as events:
            async for event in events:
                match event:
                    case Answered(answer, call) | Failed(answer, call):
                        await self._runs.record(run.id, answer, call)
                    case Retried(call) | Compared(call=call):
                        await self._runs.charge(run.id, call)
                    case Finished(outcome):
                        break
                    case _:
                        pass
                await reply.show(event)
        assert outcome is not None
        await self._runs.finish(run.id, outcome)
        await reply.finish(outcome)
        await self._runs.delivered(run.id)
        log.info("answered", status=outcome.status, seconds=round(outcome.seconds, 2))

    async def _give_up(
        self, run_id: str, reply: Reply, trouble: Trouble, error_id: str | None = None
    ) -> None:
        try:
            await self._runs.fail(run_id, trouble)
            await reply.fail(trouble, error_id)
        except Exception as error:
            log.exception("not_told", trouble=trouble, error=type(error).__name__)
