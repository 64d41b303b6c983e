"""Asking once more: a reply made anew, with the same or another pipeline, and one that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Question, Run, RunStore
from bot.preferences import Preferences
from bot.slack.api.origin import Actor, actor_of
from bot.slack.api.users import UserDirectory
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.permissions.access import AnswerAccess
from bot.slack.ui import strings
from bot.slack.ui.clicks import RefusedError, is_complete, parse_value, respond_privately
from bot.slack.ui.footer import stop_button


@dataclass(frozen=True, slots=True)
class _NewRun:
    run_id: str
    pipeline: str
    question: Question


class QuestionStore(Protocol):
    """Stores a question and queues it; `bot.slack.intake.enqueue.Enqueuer` is one."""

    async def claim(
        self,
        question: Question,
        keys: Sequence[str],
        pipeline: str,
        *,
        again_of: str | None = None,
    ) -> str | None:
        """Store a question and return its run id; None when one of its keys was stored before."""
        ...

    async def hand_over(self, run_id: str, question: Question) -> None:
        """Queue the run."""
        ...


class Regenerate:
    """Puts a question of a thread once more: a new run, and a new reply linked to the first."""

    def __init__(
        self,
        runs: RunStore,
        taking: QuestionStore,
        access: AnswerAccess,
        people: UserDirectory,
        preferences: Preferences,
    ) -> None:
        self._runs = runs
        self._taking = taking
        self._access = access
        self._people = people
        self._preferences = preferences

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Regenerate or Retry was clicked, or another pipeline was chosen."""
        run_id, chosen = parse_value(body)
        try:
            claimed = await self._claimed(await self._runs.get(run_id), chosen, body)
        except RefusedError as refused:
            await ack()
            await respond_privately(respond, str(refused))
            return
        await ack()  # only now: what was acknowledged is stored
        if claimed is None:
            return
        if claimed.question.surface == "command":
            told = strings.AGAIN_ASKED.format(pipeline=escape_mrkdwn(claimed.pipeline))
            await respond_privately(respond, told, [stop_button(claimed.run_id)])
        await self._taking.hand_over(claimed.run_id, claimed.question)

    async def _claimed(
        self, run: Run | None, chosen: str, body: Mapping[str, Any]
    ) -> _NewRun | None:
        """Store the new question; None when this very click was taken before.

        Raises:
            RefusedError: with the words for whoever clicked.
        """
        if run is None:
            raise RefusedError(strings.AGAIN_GONE)
        visitor = actor_of(body)
        click = f"again:{run.id}:{body['actions'][0].get('action_ts')}"
        await self._check(run, visitor, chosen)
        if await self._runs.is_claimed(click):
            return None
        self._people.learn(visitor.user, visitor.own_team)
        question = _question(run, visitor.user, body)
        pipeline = chosen or await self._same(run, visitor.user)
        # By the second key only one of several clicks that come together asks again.
        keys = [click, f"again:{run.id}:after:{await self._latest(run)}"]
        run_id = await self._taking.claim(question, keys, pipeline, again_of=run.id)
        if run_id is None:
            if await self._runs.is_claimed(click):
                return None
            raise RefusedError(strings.AGAIN_IN_PROGRESS)
        return _NewRun(run_id, pipeline, question)

    async def _check(self, run: Run, visitor: Actor, chosen: str) -> None:
        presence = await self._access.presence(run, visitor)
        if presence != "yes":
            raise RefusedError(strings.AGAIN_REFUSED[presence])
        if not is_complete(run):
            raise RefusedError(strings.AGAIN_IN_PROGRESS)
        if chosen and chosen not in self._preferences.pipelines:
            raise RefusedError(strings.AGAIN_NO_PIPELINE)

    async def _latest(self, run: Run) -> str:
        """The newest run that asks it again, which has to have ended; nothing for the first."""
        latest = await self._runs.asked_again(run)
        if latest and not is_complete(latest):
            raise RefusedError(strings.AGAIN_IN_PROGRESS)
        return latest.id if latest else ""

    async def _same(self, run: Run, user: str) -> str:
        """The pipeline of before; where that is gone, the one that this person asks with there."""
        if run.pipeline in self._preferences.pipelines:
            return run.pipeline
        question = run.question
        return (await self._preferences.rules(question.team, question.channel, user)).pipeline


def _question(run: Run, user: str, body: Mapping[str, Any]) -> Question:
    """The question of before, put by whoever clicked: it counts as theirs."""
    url = body.get("response_url")
    is_private = run.question.surface == "command"
    return replace(run.question, user=user, response_url=str(url) if is_private and url else None)
