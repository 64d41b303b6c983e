"""Asking once more: a reply made anew, with the same or another pipeline, and one that failed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Jobs, Run, Runs
from bot.slack import words
from bot.slack.access import Access, Visitor
from bot.slack.actions.clicks import tell, value_of
from bot.slack.reveal import is_complete, visitor_of
from bot.slack.text import escape_mrkdwn

log = structlog.get_logger(__name__)


class Again:
    """Puts a question of a thread once more: a new run, and a new reply linked to the first."""

    def __init__(
        self, runs: Runs, jobs: Jobs, access: Access, pipelines: Collection[str], default: str
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._access = access
        self._pipelines = pipelines
        self._default = default

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Regenerate or Retry was clicked, or another pipeline was chosen."""
        run_id, pipeline = value_of(body)
        run = await self._runs.get(run_id)
        refusal = await self._refusal(run, visitor_of(body), pipeline)
        if run is None or refusal:
            await ack()
            await tell(respond, refusal or words.AGAIN_GONE)
            return
        claimed = await self._claim(run, body, pipeline or self._known(run.pipeline))
        await ack()  # only now: what was acknowledged is stored
        if claimed is None:
            return
        if run.question.surface == "command":
            await tell(respond, words.AGAIN_ASKED.format(pipeline=escape_mrkdwn(claimed[1])))
        await self._jobs.hand_over(claimed[0])

    async def _refusal(self, run: Run | None, visitor: Visitor, pipeline: str) -> str | None:
        """Why it is not asked again; None when nothing speaks against it."""
        if run is None:
            return words.AGAIN_GONE
        if not await self._access.is_present(run, visitor):
            return words.AGAIN_FORBIDDEN
        if not is_complete(run):
            return words.AGAIN_UNDER_WAY
        if pipeline and pipeline not in self._pipelines:
            return words.TROUBLES["pipeline_gone"]
        question = run.question
        live = await self._runs.live_in(question.team, question.channel, question.thread_ts)
        others = [await self._runs.get(run_id) for run_id in live]
        return words.AGAIN_UNDER_WAY if any(o and o.again_of == run.id for o in others) else None

    async def _claim(
        self, run: Run, body: Mapping[str, Any], pipeline: str
    ) -> tuple[str, str] | None:
        """Store the new question, once for each click, however often Slack sends it."""
        url = body.get("response_url")
        question = replace(
            run.question,
            user=visitor_of(body).user,
            response_url=str(url) if run.question.surface == "command" and url else None,
        )
        key = f"again:{run.id}:{body['actions'][0].get('action_ts')}"
        run_id = await self._runs.claim(question, [key], pipeline, again_of=run.id)
        log.info("claimed_again" if run_id else "claimed_before", run_id=run_id, again_of=run.id)
        return None if run_id is None else (run_id, pipeline)

    def _known(self, pipeline: str) -> str:
        """The pipeline of before, or the default one where that is gone."""
        return pipeline if pipeline in self._pipelines else self._default
