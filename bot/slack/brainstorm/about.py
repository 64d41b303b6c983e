"""Lets the models write in a brainstorm's thread: its result, and answers about ideas."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.session import AboutSession, BrainstormSession
from bot.ports import Question, RunStore
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.thread_roots import post_in_thread
from bot.slack.brainstorm.text import one_line_topic, shorten_literal
from bot.slack.brainstorm.view_data import SessionViews
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.thread.quoted_question import quoted_message
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings

log = structlog.get_logger(__name__)

IDEA_CHARS = 500
"""Characters of an idea in the message that asks about it. The models get the whole idea."""

TOPIC_CHARS = 200

HandOver = Callable[[str], Awaitable[int]]
"""Queues a run."""


class AboutRuns:
    """`bot.brainstorm.ports.ResultWriter`, also for single ideas."""

    def __init__(
        self,
        client: AsyncWebClient,
        views: SessionViews,
        runs: RunStore,
        hand_over: HandOver,
    ) -> None:
        self._client = client
        self._store = views.store
        self._people = views.people
        self._preferences = views.preferences
        self._runs = runs
        self._hand_over = hand_over

    async def write(self, session: BrainstormSession) -> None:
        """Ask for the result, once per step of the brainstorm."""
        text = strings.QUESTIONS["result"].format(topic=one_line_topic(session, TOPIC_CHARS))
        about = AboutSession(session.id, "result")
        key = f"brainstorm:{session.id}:{session.step}:result"
        await self._ask(session, about, session.user, str(session.result_ts), text=text, key=key)

    async def ask(
        self,
        session: BrainstormSession,
        about: AboutSession,
        user: str,
        words: Sequence[str],
        key: str,
    ) -> None:
        """Post a person's question about ideas in the thread, and queue it.

        Args:
            session: the brainstorm.
            about: the question about the brainstorm.
            user: the person who asks.
            words: the text of the ideas.
            key: identifies the click when Slack delivers it again.

        Raises:
            RefusedError: it can't be posted.
        """
        if await self._runs.is_claimed(key):
            return
        idea, other, *_ = *(shorten_literal(each, IDEA_CHARS) for each in words), ""
        text = strings.QUESTIONS[about.kind].format(idea=idea, other=other)
        message = quoted_message(user, await self._people.name(user), text, quotes=True)
        try:
            ts = await post_in_thread(
                self._client, session.channel, str(session.board_ts), **message
            )
        except SLACK_ERRORS as error:
            log.info("brainstorm_question_not_posted", error=code_of(error))
            raise RefusedError(strings.FAILED) from None
        await self._ask(session, about, user, ts, text=text, key=key)

    async def _ask(
        self,
        session: BrainstormSession,
        about: AboutSession,
        user: str,
        ts: str,
        *,
        text: str,
        key: str,
    ) -> None:
        await self._store.put_question(ts, about)
        pipeline = await self._pipeline(session, user)
        question = Question(
            team=session.team,
            channel=session.channel,
            user=user,
            ts=ts,
            thread_ts=str(session.board_ts),
            text=escape_mrkdwn(text),
            surface="brainstorm",
            pipeline=pipeline,
            attached=False,
        )
        run_id = await self._runs.claim(question, [key], pipeline)
        if run_id is not None:
            await self._hand_over(run_id)

    async def _pipeline(self, session: BrainstormSession, user: str) -> str:
        """Return the brainstorm's pipeline, or the asker's default if it no longer exists."""
        if session.pipeline in self._preferences.pipelines:
            return session.pipeline
        return (await self._preferences.rules(session.team, session.channel, user)).pipeline
