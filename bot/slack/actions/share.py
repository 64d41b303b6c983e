"""Shares a private reply in its channel when the asker clicks Share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Run
from bot.slack.api.client import SLACK_ERRORS, code_of, raise_refusal
from bot.slack.api.origin import actor_of
from bot.slack.markdown.hosts import allowed_hosts
from bot.slack.markdown.sanitize import inert_mrkdwn, shorten
from bot.slack.markdown.split import MESSAGE_TARGET, cut
from bot.slack.reply.context import ReplyContext
from bot.slack.reply.ephemeral_reply import end_notice, safe_reply
from bot.slack.reply.ladder import Form, Ladder, Payload
from bot.slack.reply.live_message import FALLBACK_TEXT_LIMIT
from bot.slack.thread.mrkdwn import mrkdwn_to_text
from bot.slack.ui.blocks import Block, context, markdown
from bot.slack.ui.clicks import delete_clicked_message, respond_privately
from bot.slack.ui.footer import show_button
from bot.slack.ui.strings import footer as strings

log = structlog.get_logger(__name__)

QUESTION_LIMIT = 300

SHARED_CHARS = 3 * MESSAGE_TARGET
"""Characters of a reply to process for the single message in which it is shared."""


SHARED = (
    Form(),
    Form(tables=False),
    Form(tables=False, blocks=False),
    Form(tables=False, blocks=False, markdown=False),
)
"""Few forms: Slack accepts five requests per click, and the last one removes the private reply."""

IN_CHANNEL: Mapping[str, Any] = {
    "response_type": "in_channel",
    "replace_original": False,
    "delete_original": False,
    "unfurl_links": False,
    "unfurl_media": False,
}


class ReplySharer:
    """Posts a private reply for the whole channel, at most once."""

    def __init__(self, reply_context: ReplyContext, link_hosts: list[str]) -> None:
        self._reply_context = reply_context
        self._runs = reply_context.runs
        self._people = reply_context.people
        self._link_hosts = link_hosts

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Handle a click on the button under a private reply."""
        await ack()
        actor = actor_of(body)
        run = await self._runs.get(str(body["actions"][0].get("value")))
        origin = run and (run.question.user, run.question.channel)
        if run is None or not run.reply or origin != (actor.user, actor.channel):
            await respond_privately(respond, strings.NOT_SHARED)
            return
        if not await self._runs.claim_sharing(run.id):
            await respond_privately(respond, strings.SHARED_BEFORE)
            return
        posted = False
        try:
            posted = await self._post(run, respond)
        finally:
            if not posted:
                await self._runs.release_sharing(run.id)
        if posted:
            await delete_clicked_message(respond)
        else:
            await respond_privately(respond, strings.SHARE_FAILED)

    async def _post(self, run: Run, respond: AsyncRespond) -> bool:
        """Post the reply for everyone in the channel, and return whether Slack accepted it."""
        message = await self._message(run)

        async def call(payload: Payload) -> None:
            # The response_url also works in channels that we are not a member of.
            raise_refusal(await respond(**payload, **IN_CHANNEL))

        try:
            form = await Ladder().send("response_url", SHARED, message.render, call)
        except SLACK_ERRORS as error:
            log.info("not_shared", error=code_of(error))
            return False
        if message.buttons and form.markdown and not form.blocks:
            try:
                await call({"text": strings.BUTTONS_ABOVE, "blocks": message.buttons})
            except SLACK_ERRORS as error:
                log.info("shared_without_buttons", error=code_of(error))
        return True

    async def _message(self, run: Run) -> _SharedMessage:
        allowed = allowed_hosts([run.question.text], self._link_hosts)
        question = await mrkdwn_to_text(run.question.text, self._people.name)
        name = await self._people.name(run.question.user)
        title = strings.SHARED_BY.format(
            user=inert_mrkdwn(name), question=inert_mrkdwn(shorten(question, QUESTION_LIMIT))
        )
        below = end_notice(run.status, run.writer)
        head, rest = cut(safe_reply(run.reply, below, allowed, SHARED_CHARS))
        options = await self._reply_context.footer_options(run)
        show = {"type": "actions", "elements": [show_button(run.id)]}
        notes = [strings.SHARED_SHORTENED] if rest else []
        if await self._reply_context.is_first_reply(run, public=True):
            notes.append(strings.AI_NOTICE)
        return _SharedMessage(title, head, notes, [show] if options.policy.who != "nobody" else [])


@dataclass(frozen=True, slots=True)
class _SharedMessage:
    """A shared reply.

    Attributes:
        title: who asked what, as mrkdwn.
        text: the reply, or its beginning, as safe markdown.
        notes: the notes on it.
        buttons: the blocks below it.
    """

    title: str
    text: str
    notes: list[str]
    buttons: list[Block]

    def render(self, form: Form) -> Payload:
        """Return the message with the parts that this form has."""
        text = form.text(self.text)
        if not form.markdown:
            hint = [strings.BUTTONS_REFUSED] if self.buttons else []
            return {"text": "\n\n".join([self.title, text, *self.notes, *hint]), "blocks": []}
        notes = [context(note) for note in self.notes]
        blocks = [context(self.title), markdown(text), *notes, *form.below(self.buttons)]
        return {"text": shorten(f"{self.title}\n{text}", FALLBACK_TEXT_LIMIT), "blocks": blocks}
