"""Asking once more: a reply made anew, with the same or another pipeline, and one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Question, Run, Runs
from bot.preferences import Preferences
from bot.slack import words
from bot.slack.access import Access
from bot.slack.actions.clicks import RefusedError, tell, value_of
from bot.slack.footer import stop
from bot.slack.origin import Visitor, visitor_of
from bot.slack.people import People
from bot.slack.reveal import is_complete
from bot.slack.taking import Taking
from bot.slack.text import escape_mrkdwn


@dataclass(frozen=True, slots=True)
class _Claimed:
    run_id: str
    pipeline: str
    question: Question


class Again:
    """Puts a question of a thread once more: a new run, and a new reply linked to the first."""

    def __init__(
        self,
        runs: Runs,
        taking: Taking,
        access: Access,
        people: People,
        preferences: Preferences,
    ) -> None:
        self._runs = runs
        self._taking = taking
        self._access = access
        self._people = people
        self._preferences = preferences

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Regenerate or Retry was clicked, or another pipeline was chosen."""
        run_id, chosen = value_of(body)
        try:
            claimed = await self._claimed(await self._runs.get(run_id), chosen, body)
        except RefusedError as refused:
            await ack()
            await tell(respond, str(refused))
            return
        await ack()  # only now: what was acknowledged is stored
        if claimed is None:
            return
        if claimed.question.surface == "command":
            told = words.AGAIN_ASKED.format(pipeline=escape_mrkdwn(claimed.pipeline))
            await tell(respond, told, [stop(claimed.run_id)])
        await self._taking.hand_over(claimed.run_id, claimed.question)

    async def _claimed(
        self, run: Run | None, chosen: str, body: Mapping[str, Any]
    ) -> _Claimed | None:
        """Store the new question; None when this very click was taken before.

        Raises:
            RefusedError: with the words for whoever clicked.
        """
        if run is None:
            raise RefusedError(words.AGAIN_GONE)
        visitor = visitor_of(body)
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
            raise RefusedError(words.AGAIN_UNDER_WAY)
        return _Claimed(run_id, pipeline, question)

    async def _check(self, run: Run, visitor: Visitor, chosen: str) -> None:
        presence = await self._access.presence(run, visitor)
        if presence != "yes":
            raise RefusedError(words.AGAIN_REFUSED[presence])
        if not is_complete(run):
            raise RefusedError(words.AGAIN_UNDER_WAY)
        if chosen and chosen not in self._preferences.pipelines:
            raise RefusedError(words.AGAIN_NO_PIPELINE)

    async def _latest(self, run: Run) -> str:
        """The newest run that asks it again, which has to have ended; nothing for the first."""
        latest = await self._runs.asked_again(run)
        if latest and not is_complete(latest):
            raise RefusedError(words.AGAIN_UNDER_WAY)
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
