"""Shortcuts: asking about a message, summing its thread up, asking from anywhere.

A question put by a shortcut has no message of its own, so we post one in the asker's name: the
thread then reads as if it had been asked there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Jobs, Question, Surface
from bot.preferences import Preferences
from bot.slack import words
from bot.slack.access import Visitor, is_member
from bot.slack.actions.asking_views import PLACE, QUESTION, Filled, Place, ask_view, filled
from bot.slack.actions.clicks import tell
from bot.slack.authority import PATIENCE_S
from bot.slack.blocks import section
from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.frame import Frame
from bot.slack.identity import Identity
from bot.slack.metadata import mark_question
from bot.slack.reveal import visitor_of
from bot.slack.text import escape_mrkdwn
from bot.slack.thread import TROUBLES

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Put:
    """A question to be put: by whom, where, and under which name it may reach us again."""

    visitor: Visitor
    channel: str
    thread_ts: str | None
    text: str
    pipeline: str | None
    key: str
    surface: Surface = "shortcut"


class _RefusedError(Exception):
    """Slack or the channel does not let us; the words tell the person."""


class Asking:
    """Takes questions from shortcuts."""

    def __init__(
        self, frame: Frame, jobs: Jobs, identity: Identity, preferences: Preferences
    ) -> None:
        self._client = frame.client
        self._runs = frame.runs
        self._people = frame.people
        self._pipelines = frame.pipelines
        self._jobs = jobs
        self._identity = identity
        self._preferences = preferences

    async def about(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Message shortcut "Ask the models about this": opens the modal."""
        await ack()
        await self._open(body, _thread_of(body))

    async def anywhere(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Global shortcut "Ask the models": opens the modal."""
        await ack()
        await self._open(body, Place())

    async def summarise(
        self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Message shortcut "Summarise this thread": asked at once."""
        place, visitor = _thread_of(body), visitor_of(body)
        put = _Put(
            visitor,
            str(place.channel),
            place.thread_ts,
            words.SUMMARISE_QUESTION,
            None,
            f"shortcut:{body.get('trigger_id')}",
        )
        try:
            run_id = await self._put(put)
        except _RefusedError as refused:
            await ack()
            await tell(respond, str(refused))
            return
        await ack()
        await self._hand_over(run_id)

    async def submit(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """The modal was submitted. It closes once the question is stored."""
        view = body.get("view") or {}
        place, form = Place.unpacked(view.get("private_metadata")), filled(view)
        if place is None or not form.text:
            await ack(response_action="errors", errors={QUESTION: words.ASK_EMPTY})
            return
        try:
            run_id = await self._submitted(visitor_of(body), place, form, f"view:{view.get('id')}")
        except _RefusedError as refused:
            block = QUESTION if place.channel or not form.channel else PLACE
            await ack(response_action="errors", errors={block: str(refused)})
            return
        await ack()
        await self._hand_over(run_id)

    async def _submitted(
        self, visitor: Visitor, place: Place, form: Filled, key: str
    ) -> str | None:
        pipeline = form.pipeline if form.pipeline in self._pipelines else None
        channel, surface = place.channel or form.channel, "shortcut"
        if channel is None:
            channel, surface = await self._direct(visitor.user), "direct"
        text = escape_mrkdwn(form.text)
        return await self._put(
            _Put(visitor, channel, place.thread_ts, text, pipeline, key, surface)
        )

    async def _put(self, put: _Put) -> str | None:
        """Post the question and store it; None when that was done before.

        Raises:
            _RefusedError: with words for the person.
        """
        if put.visitor.team != (await self._identity.get()).team_id:
            raise _RefusedError(words.ASK_FORBIDDEN)
        if await self._runs.is_claimed(put.key):
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                if not await is_member(self._client, put.channel, put.visitor.user):
                    raise _RefusedError(words.ASK_FORBIDDEN)
                ts = await self._post(put)
        except SLACK_TROUBLE as error:
            log.info("shortcut_refused", error=code_of(error))
            raise _RefusedError(_told(code_of(error))) from None
        question = Question(
            team=put.visitor.team,
            channel=put.channel,
            user=put.visitor.user,
            ts=ts,
            thread_ts=put.thread_ts or ts,
            text=put.text,
            surface=put.surface,
            pipeline=put.pipeline,
        )
        rules = await self._preferences.rules(question.team, question.channel, question.user)
        keys = [put.key, f"message:{question.team}:{question.channel}:{ts}"]
        return await self._runs.claim(question, keys, put.pipeline or rules.pipeline)

    async def _post(self, put: _Put) -> str:
        name = escape_mrkdwn(await self._people.name(put.visitor.user))
        quoted = "\n".join(f">{line}" for line in put.text.splitlines())
        text = words.ASKED_BY.format(user=name, question=quoted)
        posted = await self._client.chat_postMessage(
            channel=put.channel,
            thread_ts=put.thread_ts,
            text=text,
            blocks=[section(text)],
            metadata=mark_question(put.visitor.user),
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(posted["ts"])

    async def _direct(self, user: str) -> str:
        try:
            opened = await self._client.conversations_open(users=user)
        except SLACK_TROUBLE as error:
            raise _RefusedError(_told(code_of(error))) from None
        return str((opened.get("channel") or {})["id"])

    async def _open(self, body: Mapping[str, Any], place: Place) -> None:
        visitor = visitor_of(body)
        rules = await self._preferences.rules(visitor.team, place.channel, visitor.user)
        try:
            await self._client.views_open(
                trigger_id=str(body.get("trigger_id")),
                view=ask_view(place, self._pipelines, rules.pipeline),
            )
        except SLACK_TROUBLE as error:
            log.info("asking_not_opened", error=code_of(error))

    async def _hand_over(self, run_id: str | None) -> None:
        if run_id is not None:
            log.info("claimed", run_id=run_id, surface="shortcut")
            await self._jobs.hand_over(run_id)


def _thread_of(body: Mapping[str, Any]) -> Place:
    """The thread of the message that a shortcut was used on."""
    message = body.get("message") or {}
    channel = (body.get("channel") or {}).get("id")
    return Place(str(channel), str(message.get("thread_ts") or message.get("ts")))


def _told(code: str) -> str:
    """Slack's refusal in words for the person."""
    trouble = TROUBLES.get(code)
    return words.TROUBLES[trouble] if trouble else words.ASK_FAILED
