"""The shortcuts: ask about a message, summarise its thread, ask from anywhere.

A shortcut leaves no message in the channel, so we post the question for the asker. The thread then
reads as if they had typed it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.errors import new_error_id
from bot.preferences import Preferences
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.origin import Actor, actor_of
from bot.slack.intake.post_question import QuestionPoster, ShortcutQuestion
from bot.slack.intake.shortcut_form import (
    PIPELINE,
    PLACE,
    QUESTION,
    PostTarget,
    ShortcutInput,
    parse_form,
    shortcut_view,
)
from bot.slack.permissions.access import CHECK_TIMEOUT_S
from bot.slack.ui.clicks import RefusedError, respond_privately
from bot.slack.ui.strings import commands as strings
from bot.slack.ui.strings.footer import AGAIN_NO_PIPELINE
from bot.slack.ui.strings.troubles import trouble_text

log = structlog.get_logger(__name__)

DATABASE_TIMEOUT_S = 1.0
"""The longest wait for the database before a modal opens. A trigger id expires after 3 s."""


class Shortcuts:
    """Handles the shortcuts and their modal."""

    def __init__(self, poster: QuestionPoster, preferences: Preferences) -> None:
        self._client = poster.client
        self._poster = poster
        self._preferences = preferences

    async def ask_about_message(
        self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Open the modal (message shortcut "Ask about this message")."""
        await ack()
        if not await self._open(body, _thread_of(body, about=True)):
            await respond_privately(respond, strings.ASK_TOO_LATE)

    async def ask_anywhere(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Open the modal (global shortcut "Ask the models")."""
        await ack()
        if not await self._open(body, PostTarget()):
            await self._poster.send_direct_message(actor_of(body).user, strings.ASK_TOO_LATE)

    async def summarise_thread(
        self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Ask for a summary right away (message shortcut "Summarise this thread")."""
        await ack()
        question = ShortcutQuestion(
            actor=actor_of(body),
            target=_thread_of(body),
            text=strings.SUMMARISE_QUESTION,
            pipeline=None,
            key=f"shortcut:{body.get('trigger_id')}",
        )
        try:
            await self._post(question)
        except RefusedError as refused:
            await respond_privately(respond, str(refused))

    async def submit(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Post the question of a submitted modal, then close the modal.

        Slack expects a response within 3 s. If posting takes longer, the modal closes first, and
        errors are reported in a direct message.
        """
        view = body.get("view") or {}
        target, form = PostTarget.from_metadata(view.get("private_metadata")), parse_form(view)
        if errors := self._validate(target, form):
            await ack(response_action="errors", errors=errors)
            return
        assert target is not None
        question = ShortcutQuestion(
            actor=actor_of(body),
            target=target if target.channel else PostTarget(form.channel),
            text=form.text,
            pipeline=form.pipeline,
            key=f"view:{view.get('id')}",
        )
        posting = asyncio.create_task(self._post(question), name="shortcut")
        try:
            await asyncio.wait([posting], timeout=CHECK_TIMEOUT_S)
            if posting.done():
                await self._close_modal(ack, posting, PLACE if form.channel else QUESTION)
            else:
                await ack()
                await self._finish(posting, question)
        finally:
            posting.cancel()

    def _validate(self, target: PostTarget | None, form: ShortcutInput) -> dict[str, str]:
        """Return what is wrong with each field."""
        if target is None or not form.text:
            return {QUESTION: strings.ASK_EMPTY}
        if form.pipeline and form.pipeline not in self._preferences.pipelines:
            return {PIPELINE: AGAIN_NO_PIPELINE}
        return {}

    async def _close_modal(self, ack: AsyncAck, posted: asyncio.Task[None], field: str) -> None:
        """Close the modal, or show in it why the question wasn't posted."""
        try:
            posted.result()
        except RefusedError as refused:
            await ack(response_action="errors", errors={field: str(refused)})
        else:
            await ack()

    async def _finish(self, posting: asyncio.Task[None], question: ShortcutQuestion) -> None:
        try:
            await posting
        except RefusedError as refused:
            await self._poster.send_direct_message(question.actor.user, str(refused))

    async def _post(self, question: ShortcutQuestion) -> None:
        """Post the question and queue it.

        Raises:
            RefusedError: on any error, with the text for the actor.
        """
        try:
            await self._poster.post(question)
        except RefusedError:
            raise
        except Exception as error:
            # Log the error here; the actor only gets its id.
            error_id = new_error_id()
            log.exception("shortcut_failed", error_id=error_id, error=type(error).__name__)
            raise RefusedError(trouble_text("internal", error_id)) from None

    async def _open(self, body: Mapping[str, Any], target: PostTarget) -> bool:
        """Open the modal, and return whether Slack opened it."""
        actor = actor_of(body)
        default = await self._default_pipeline(actor, target.channel) if target.channel else None
        view = shortcut_view(target, self._preferences.pipelines, default)
        try:
            await self._client.views_open(trigger_id=str(body.get("trigger_id")), view=view)
        except SLACK_ERRORS as error:
            log.info("shortcut_modal_not_opened", error=code_of(error))
            return False
        return True

    async def _default_pipeline(self, actor: Actor, channel: str) -> str | None:
        """Return the actor's default pipeline in a channel, or None if the lookup fails."""
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT_S):
                team = await self._poster.colleagues.team_id()
                return (await self._preferences.rules(team, channel, actor.user)).pipeline
        except Exception:
            # The modal also works without a preselected pipeline.
            log.exception("default_pipeline_unknown")
            return None


def _thread_of(body: Mapping[str, Any], *, about: bool = False) -> PostTarget:
    """Return the thread of the message on which a shortcut was used.

    With `about`, the question is about that message.
    """
    message = body.get("message") or {}
    channel = (body.get("channel") or {}).get("id")
    ts = str(message.get("ts"))
    return PostTarget(str(channel), str(message.get("thread_ts") or ts), ts if about else None)
