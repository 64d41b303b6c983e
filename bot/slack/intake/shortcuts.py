"""Shortcuts: asking about a message, summing its thread up, asking from anywhere.

A question put by a shortcut has no message of its own, so we post one in the asker's name: the
thread then reads as if it had been asked there.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

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
    read_form,
    shortcut_view,
)
from bot.slack.permissions.access import PATIENCE_S
from bot.slack.ui import strings
from bot.slack.ui.clicks import RefusedError, respond_privately

log = structlog.get_logger(__name__)

READ_S = 1.0
"""Of the 3 s for which a trigger is good, what the database may take before a modal opens."""


class Shortcuts:
    """Takes questions from shortcuts."""

    def __init__(self, posting: QuestionPoster, preferences: Preferences) -> None:
        self._client = posting.client
        self._posting = posting
        self._preferences = preferences

    async def about(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Message shortcut "Ask about this message": opens the modal."""
        await ack()
        if not await self._open(body, _thread_of(body)):
            await respond_privately(respond, strings.ASK_TOO_LATE)

    async def anywhere(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Global shortcut "Ask the models": opens the modal."""
        await ack()
        if not await self._open(body, PostTarget()):
            await self._posting.tell_directly(actor_of(body).user, strings.ASK_TOO_LATE)

    async def summarise(
        self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Message shortcut "Summarise this thread": asked at once."""
        await ack()
        place, key = _thread_of(body), f"shortcut:{body.get('trigger_id')}"
        try:
            await self._put(
                ShortcutQuestion(actor_of(body), place, strings.SUMMARISE_QUESTION, None, key)
            )
        except RefusedError as refused:
            await respond_privately(respond, str(refused))

    async def submit(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """The modal was submitted. It closes once the question stands where it was to go.

        A modal has to be answered within 3 s. Where Slack is slower than that it closes before, and
        what goes wrong then is told in a direct message.
        """
        view = body.get("view") or {}
        place, form = PostTarget.unpacked(view.get("private_metadata")), read_form(view)
        if wrong := self._wrong(place, form):
            await ack(response_action="errors", errors=wrong)
            return
        assert place is not None
        there = place if place.channel else PostTarget(form.channel)
        put = ShortcutQuestion(
            actor_of(body), there, form.text, form.pipeline, f"view:{view.get('id')}"
        )
        putting = asyncio.create_task(self._put(put), name="shortcut")
        try:
            await asyncio.wait([putting], timeout=PATIENCE_S)
            if putting.done():
                await self._answer(ack, putting, PLACE if form.channel else QUESTION)
            else:
                await ack()
                await self._finish(putting, put)
        finally:
            putting.cancel()

    def _wrong(self, place: PostTarget | None, form: ShortcutInput) -> dict[str, str]:
        """What has to be filled in otherwise, by block."""
        if place is None or not form.text:
            return {QUESTION: strings.ASK_EMPTY}
        if form.pipeline and form.pipeline not in self._preferences.pipelines:
            return {PIPELINE: strings.AGAIN_NO_PIPELINE}
        return {}

    async def _answer(self, ack: AsyncAck, put: asyncio.Task[None], block: str) -> None:
        """Close the modal, or mark in it why nothing was asked."""
        try:
            put.result()
        except RefusedError as refused:
            await ack(response_action="errors", errors={block: str(refused)})
        else:
            await ack()

    async def _finish(self, putting: asyncio.Task[None], put: ShortcutQuestion) -> None:
        try:
            await putting
        except RefusedError as refused:
            await self._posting.tell_directly(put.visitor.user, str(refused))

    async def _put(self, put: ShortcutQuestion) -> None:
        """Ask it.

        Raises:
            RefusedError: whatever went wrong, with the words for the person.
        """
        try:
            await self._posting.put(put)
        except RefusedError:
            raise
        except Exception as error:
            # The outermost edge of a shortcut: the person is told that it came to nothing.
            error_id = secrets.token_hex(4)
            log.exception("shortcut_failed", error_id=error_id, error=type(error).__name__)
            raise RefusedError(strings.trouble_text("internal", error_id)) from None

    async def _open(self, body: Mapping[str, Any], place: PostTarget) -> bool:
        """Open the modal; False where Slack does not."""
        usual = await self._usual(actor_of(body), place.channel) if place.channel else None
        view = shortcut_view(place, self._preferences.pipelines, usual)
        try:
            await self._client.views_open(trigger_id=str(body.get("trigger_id")), view=view)
        except SLACK_ERRORS as error:
            log.info("asking_not_opened", error=code_of(error))
            return False
        return True

    async def _usual(self, visitor: Actor, channel: str) -> str | None:
        """The pipeline that is asked there unless another is picked; None where it is not known."""
        try:
            async with asyncio.timeout(READ_S):
                team = await self._posting.colleagues.workspace()
                return (await self._preferences.rules(team, channel, visitor.user)).pipeline
        except Exception:
            # The form is worth more than what it suggests.
            log.exception("usual_pipeline_unknown")
            return None


def _thread_of(body: Mapping[str, Any]) -> PostTarget:
    """The thread of the message that a shortcut was used on."""
    message = body.get("message") or {}
    channel = (body.get("channel") or {}).get("id")
    return PostTarget(str(channel), str(message.get("thread_ts") or message.get("ts")))
