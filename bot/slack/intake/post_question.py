"""Putting a question where a shortcut wants it: posted in the asker's name, stored, handed over."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.ports import Question, Surface
from bot.preferences import Preferences
from bot.slack.api.client import READ_ERRORS, SLACK_ERRORS, UNSURE, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.origin import Actor
from bot.slack.api.thread_roots import post_in_thread
from bot.slack.intake.enqueue import Enqueuer
from bot.slack.intake.shortcut_form import PostTarget
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.permissions.access import members_among
from bot.slack.reply.context import ReplyContext
from bot.slack.thread.quoted_question import quoted_message
from bot.slack.ui import strings
from bot.slack.ui.clicks import RefusedError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShortcutQuestion:
    """A question to be put.

    Attributes:
        visitor: who asks.
        place: where; without a channel in their direct messages with us.
        text: the question in their words.
        pipeline: what they have chosen, if anything.
        key: the name under which the same may reach us again.
    """

    visitor: Actor
    place: PostTarget
    text: str
    pipeline: str | None
    key: str


class QuestionPoster:
    """Puts questions in people's names."""

    def __init__(
        self,
        reply_context: ReplyContext,
        taking: Enqueuer,
        identity: IdentityLookup,
        colleagues: Colleagues,
        preferences: Preferences,
    ) -> None:
        self.client = reply_context.client
        self.colleagues = colleagues
        self._runs = reply_context.runs
        self._people = reply_context.people
        self._taking = taking
        self._identity = identity
        self._preferences = preferences

    async def put(self, put: ShortcutQuestion) -> None:
        """Ask it, once for each key. What was posted for a question that is not asked is removed.

        Raises:
            RefusedError: with the words for the person.
        """
        me = await self._identity.get()
        if await self._runs.is_claimed(put.key):
            return
        try:
            if not await self.colleagues.include(put.visitor):
                raise RefusedError(strings.ASK_OUTSIDE)
            channel = put.place.channel or await self._direct(put.visitor.user)
            await self._check(channel, put.visitor.user, me.user_id)
            ts = await self._post(put, channel)
        except SLACK_ERRORS as error:
            log.info("shortcut_refused", error=code_of(error))
            raise RefusedError(_told(code_of(error))) from None
        self._people.learn(put.visitor.user, put.visitor.own_team)
        question, run_id = _question(put, me.team_id, channel, ts), None
        try:
            run_id = await self._store(put, question)
        finally:
            if run_id is None:
                await self._remove(channel, ts)
        if run_id is not None:
            await self._taking.hand_over(run_id, question)

    async def tell_directly(self, user: str, notice: str) -> None:
        """Say something to a person for which there is no other place left."""
        try:
            await self.client.chat_postMessage(
                channel=await self._direct(user),
                text=notice,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SLACK_ERRORS as error:
            log.warning("not_told", error=code_of(error))

    async def _check(self, channel: str, user: str, me: str) -> None:
        """Both have to be there: where we may only post, the reply could not follow."""
        there = await members_among(self.client, channel, {user, me})
        if user not in there:
            raise RefusedError(strings.ASK_FORBIDDEN)
        if me not in there:
            raise RefusedError(strings.TROUBLES["not_in_channel"])

    async def _store(self, put: ShortcutQuestion, question: Question) -> str | None:
        team, channel = question.team, question.channel
        rules = await self._preferences.rules(team, channel, question.user)
        keys = [put.key, f"message:{team}:{channel}:{question.ts}"]
        return await self._taking.claim(question, keys, put.pipeline or rules.pipeline)

    async def _post(self, put: ShortcutQuestion, channel: str) -> str:
        user = put.visitor.user
        message = quoted_message(user, await self._people.name(user), put.text)
        if put.place.thread_ts:
            return await post_in_thread(self.client, channel, put.place.thread_ts, **message)
        posted = await self.client.chat_postMessage(
            channel=channel, unfurl_links=False, unfurl_media=False, **message
        )
        return str(posted["ts"])

    async def _remove(self, channel: str, ts: str) -> None:
        try:
            await self.client.chat_delete(channel=channel, ts=ts)
        except SLACK_ERRORS as error:
            log.warning("question_not_removed", error=code_of(error))

    async def _direct(self, user: str) -> str:
        opened = await self.client.conversations_open(users=user)
        return str((opened.get("channel") or {})["id"])


def _question(put: ShortcutQuestion, team: str, channel: str, ts: str) -> Question:
    surface: Surface = "shortcut" if put.place.channel else "direct"
    return Question(
        team=team,
        channel=channel,
        user=put.visitor.user,
        ts=ts,
        thread_ts=put.place.thread_ts or ts,
        text=escape_mrkdwn(put.text),
        surface=surface,
        pipeline=put.pipeline,
        attached=False,
    )


def _told(code: str) -> str:
    """Slack's refusal in words for the person."""
    if code in UNSURE:
        return strings.ASK_UNSURE
    trouble = READ_ERRORS.get(code)
    return strings.TROUBLES[trouble] if trouble else strings.ASK_FAILED
