"""Posts a shortcut's question for the asker, stores it and queues it."""

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
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import commands as strings
from bot.slack.ui.strings.troubles import TROUBLES

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShortcutQuestion:
    """A question to post.

    Attributes:
        actor: the asker.
        target: where to post it; without a channel, in the asker's direct messages with us.
        text: the question as they typed it.
        pipeline: the pipeline that they chose, if any.
        key: identifies the question when Slack delivers it again.
    """

    actor: Actor
    target: PostTarget
    text: str
    pipeline: str | None
    key: str


class QuestionPoster:
    """Posts questions for their askers."""

    def __init__(
        self,
        reply_context: ReplyContext,
        enqueuer: Enqueuer,
        identity: IdentityLookup,
        colleagues: Colleagues,
        preferences: Preferences,
    ) -> None:
        self.client = reply_context.client
        self.colleagues = colleagues
        self._runs = reply_context.runs
        self._people = reply_context.people
        self._enqueuer = enqueuer
        self._identity = identity
        self._preferences = preferences

    async def post(self, asked: ShortcutQuestion) -> None:
        """Post, store and queue a question, once per key. If storing fails, delete the message.

        Raises:
            RefusedError: with the text for the actor.
        """
        me = await self._identity.get()
        if await self._runs.is_claimed(asked.key):
            return
        try:
            if not await self.colleagues.includes(asked.actor):
                raise RefusedError(strings.ASK_OUTSIDE)
            channel = asked.target.channel or await self._open_direct(asked.actor.user)
            await self._check_members(channel, asked.actor.user, me.user_id)
            ts = await self._post_message(asked, channel)
        except SLACK_ERRORS as error:
            log.info("shortcut_question_not_posted", error=code_of(error))
            raise RefusedError(_refusal_text(code_of(error))) from None
        self._people.store_team(asked.actor.user, asked.actor.own_team)
        question, run_id = _question(asked, me.team_id, channel, ts), None
        try:
            run_id = await self._store(asked, question)
        finally:
            if run_id is None:
                await self._delete_message(channel, ts)
        if run_id is not None:
            await self._enqueuer.enqueue(run_id, question)

    async def send_direct_message(self, user: str, text: str) -> None:
        """Tell a person something when there is no other place to show it."""
        try:
            await self.client.chat_postMessage(
                channel=await self._open_direct(user),
                text=text,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SLACK_ERRORS as error:
            log.warning("direct_message_not_sent", error=code_of(error))

    async def _check_members(self, channel: str, user: str, me: str) -> None:
        """Require that the asker and the bot are members: in a channel without us, replies fail.

        Raises:
            RefusedError: one of them isn't.
        """
        members = await members_among(self.client, channel, {user, me})
        if user not in members:
            raise RefusedError(strings.ASK_FORBIDDEN)
        if me not in members:
            raise RefusedError(TROUBLES["not_in_channel"])

    async def _store(self, asked: ShortcutQuestion, question: Question) -> str | None:
        team, channel = question.team, question.channel
        rules = await self._preferences.rules(team, channel, question.user)
        keys = [asked.key, f"message:{team}:{channel}:{question.ts}"]
        return await self._enqueuer.store(question, keys, asked.pipeline or rules.pipeline)

    async def _post_message(self, asked: ShortcutQuestion, channel: str) -> str:
        user = asked.actor.user
        message = quoted_message(
            user, await self._people.name(user), asked.text, asked.target.about
        )
        if asked.target.thread_ts:
            return await post_in_thread(self.client, channel, asked.target.thread_ts, **message)
        response = await self.client.chat_postMessage(
            channel=channel, unfurl_links=False, unfurl_media=False, **message
        )
        return str(response["ts"])

    async def _delete_message(self, channel: str, ts: str) -> None:
        try:
            await self.client.chat_delete(channel=channel, ts=ts)
        except SLACK_ERRORS as error:
            log.warning("shortcut_question_not_deleted", error=code_of(error))

    async def _open_direct(self, user: str) -> str:
        opened = await self.client.conversations_open(users=user)
        return str((opened.get("channel") or {})["id"])


def _question(asked: ShortcutQuestion, team: str, channel: str, ts: str) -> Question:
    surface: Surface = "shortcut" if asked.target.channel else "direct"
    return Question(
        team=team,
        channel=channel,
        user=asked.actor.user,
        ts=ts,
        thread_ts=asked.target.thread_ts or ts,
        text=escape_mrkdwn(asked.text),
        surface=surface,
        pipeline=asked.pipeline,
        attached=False,
    )


def _refusal_text(code: str) -> str:
    """Return the text for the actor after an error from Slack."""
    if code in UNSURE:
        return strings.ASK_UNSURE
    trouble = READ_ERRORS.get(code)
    return TROUBLES[trouble] if trouble else strings.ASK_FAILED
