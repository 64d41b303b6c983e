"""Asks a question again: with the same or another pipeline, or after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Question, Run, RunStore
from bot.preferences import Preferences
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.origin import Actor, actor_of
from bot.slack.api.users import UserDirectory
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.permissions.access import AnswerAccess
from bot.slack.ui.clicks import RefusedError, is_complete, parse_value, respond_privately
from bot.slack.ui.footer import stop_button
from bot.slack.ui.strings import footer as strings

log = structlog.get_logger(__name__)

READ_TIMEOUT_S = 0.7
"""Together with `CHECK_TIMEOUT_S`, less than the 3 s after which Slack gives up on a click
(https://docs.slack.dev/interactivity/handling-user-interaction)."""


@dataclass(frozen=True, slots=True)
class _NewRun:
    run_id: str
    pipeline: str
    question: Question


class QuestionStore(Protocol):
    """Stores a question and queues it; `bot.slack.intake.enqueue.Enqueuer` is one."""

    async def store(
        self,
        question: Question,
        keys: Sequence[str],
        pipeline: str,
        *,
        again_of: str | None = None,
    ) -> str | None:
        """Store a question and return its run id, or None if one of its keys was stored before."""
        ...

    async def enqueue(self, run_id: str, question: Question) -> None:
        """Queue the run."""
        ...


class Regenerate:
    """Creates a new run for a question, with a new reply that links to the earlier one."""

    def __init__(
        self,
        client: AsyncWebClient,
        runs: RunStore,
        questions: QuestionStore,
        *,
        access: AnswerAccess,
        people: UserDirectory,
        preferences: Preferences,
    ) -> None:
        self._client = client
        self._runs = runs
        self._questions = questions
        self._access = access
        self._people = people
        self._preferences = preferences

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Handle a click on Regenerate or Retry, or the choice of another pipeline."""
        run_id, chosen = parse_value(body)
        try:
            new = await self._store(await self._runs.get(run_id), chosen, body)
        except RefusedError as refused:
            await ack()
            await respond_privately(respond, str(refused))
            return
        await ack()  # only once the question is stored
        if new is None:
            return
        if new.question.surface == "command":
            text = strings.AGAIN_ASKED.format(pipeline=escape_mrkdwn(new.pipeline))
            await respond_privately(respond, text, [stop_button(new.run_id)])
        await self._questions.enqueue(new.run_id, new.question)

    async def _store(self, run: Run | None, chosen: str, body: Mapping[str, Any]) -> _NewRun | None:
        """Store the new run. Return None if this click was handled before.

        Raises:
            RefusedError: with the text for the actor.
        """
        if run is None:
            raise RefusedError(strings.AGAIN_GONE)
        actor = actor_of(body)
        click_key = f"again:{run.id}:{body['actions'][0].get('action_ts')}"
        await self._check(run, actor, chosen)
        asked = await with_current_text(self._client, run.question)
        if await self._runs.is_claimed(click_key):
            return None
        self._people.store_team(actor.user, actor.own_team)
        question = _question(asked, actor.user, body)
        pipeline = chosen or await self._same_pipeline(run, actor.user)
        # The second key ensures that only one of several simultaneous clicks creates a run.
        keys = [click_key, f"again:{run.id}:after:{await self._latest_id(run)}"]
        run_id = await self._questions.store(question, keys, pipeline, again_of=run.id)
        if run_id is None:
            if await self._runs.is_claimed(click_key):
                return None
            raise RefusedError(strings.AGAIN_IN_PROGRESS)
        return _NewRun(run_id, pipeline, question)

    async def _check(self, run: Run, actor: Actor, chosen: str) -> None:
        membership = await self._access.membership(run, actor)
        if membership != "yes":
            raise RefusedError(strings.AGAIN_REFUSED[membership])
        if not is_complete(run):
            raise RefusedError(strings.AGAIN_IN_PROGRESS)
        if chosen and chosen not in self._preferences.pipelines:
            raise RefusedError(strings.AGAIN_NO_PIPELINE)

    async def _latest_id(self, run: Run) -> str:
        """Return the latest regeneration of this run, or "" if there is none.

        Raises:
            RefusedError: that run has not ended.
        """
        latest = await self._runs.regeneration_of(run)
        if latest and not is_complete(latest):
            raise RefusedError(strings.AGAIN_IN_PROGRESS)
        return latest.id if latest else ""

    async def _same_pipeline(self, run: Run, user: str) -> str:
        """Return the run's pipeline, or the user's default if it no longer exists."""
        if run.pipeline in self._preferences.pipelines:
            return run.pipeline
        question = run.question
        return (await self._preferences.rules(question.team, question.channel, user)).pipeline


async def with_current_text(client: AsyncWebClient, question: Question) -> Question:
    """Return a question with the current text of its message, since people edit their questions.

    It is unchanged if Slack doesn't return the text, or if we posted the question for a person.
    """
    if question.surface not in {"mention", "direct"}:
        return question
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            page = await client.conversations_replies(
                channel=question.channel,
                ts=question.ts,
                oldest=question.ts,
                latest=question.ts,
                inclusive=True,
                limit=1,
            )
    except SLACK_ERRORS as error:
        log.warning("question_not_read_again", error=code_of(error))
        return question
    messages = page.get("messages") or ()
    found = next((m for m in messages if m.get("ts") == question.ts), {})
    text = str(found.get("text") or "")
    # A deleted question is detected when the run starts.
    if not text or text == question.text or found.get("subtype") == "tombstone":
        return question
    return replace(question, text=text, attached=True)


def _question(asked: Question, user: str, body: Mapping[str, Any]) -> Question:
    """Return the question as asked by the actor, whose budget it counts against."""
    url = body.get("response_url")
    is_private = asked.surface == "command"
    return replace(asked, user=user, response_url=str(url) if is_private and url else None)
