"""Bolt listeners for questions: store each before acknowledging it, then queue it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.ports import Question, QuestionHistory
from bot.preferences import Rules
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.origin import actor_of_command
from bot.slack.api.users import UserDirectory, is_app
from bot.slack.brainstorm.starts import BrainstormStarts, Invitation
from bot.slack.brainstorm.topics import is_new_topic, requested_topic
from bot.slack.commands import (
    SUBCOMMANDS,
    CommandContext,
    CommandServices,
    closest_subcommand,
    find_subcommand,
)
from bot.slack.intake.apps import AnsweredBots
from bot.slack.intake.enqueue import Enqueuer
from bot.slack.intake.events import IncomingQuestion, question_in_command, question_in_event
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.thread.mrkdwn import without_mention
from bot.slack.ui.blocks import Block, sections
from bot.slack.ui.footer import stop_button
from bot.slack.ui.strings import commands as strings

STORED_QUESTION, INVITATION = "moa_stored_question", "moa_invitation"
"""The keys in Bolt's context that pass the middleware's results to the listener."""


@dataclass(frozen=True, slots=True)
class _StoredQuestion:
    run_id: str
    pipeline: str
    question: Question


class QuestionIntake:
    """Handles events and slash commands that may contain a question."""

    def __init__(
        self,
        enqueuer: Enqueuer,
        identity: IdentityLookup,
        people: UserDirectory,
        services: CommandServices,
        history: QuestionHistory,
        *,
        starts: BrainstormStarts,
        bots: AnsweredBots,
    ) -> None:
        self._enqueuer = enqueuer
        self._identity = identity
        self._people = people
        self._services = services
        self._history = history
        self._starts = starts
        self._bots = bots

    async def store_question(
        self,
        body: Mapping[str, Any],
        context: AsyncBoltContext,
        next: Callable[[], Awaitable[None]],  # noqa: A002 - Bolt passes it by this name
    ) -> None:
        """Bolt middleware: store the event's question before the acknowledgement.

        Bolt acknowledges an event before its listener runs, and Slack never repeats an acknowledged
        event. A listener's middleware runs earlier: if storing fails, the error becomes a 500, and
        Slack sends the event again.
        """
        me = await self._identity.get()
        incoming = question_in_event(body, me.user_id, me.bot_id, self._bots)
        invitation = await self._invitation(incoming, body) if incoming else None
        context[INVITATION] = invitation
        store = incoming is not None and not (invitation and invitation.is_request)
        context[STORED_QUESTION] = await self._store(incoming) if incoming and store else None
        await next()

    async def enqueue_question(self, context: AsyncBoltContext) -> None:
        """Bolt listener: queue the question that the middleware stored, or offer a brainstorm."""
        invitation = context.get(INVITATION)
        if isinstance(invitation, Invitation):
            await self._starts.invite(invitation)
        stored = context.get(STORED_QUESTION)
        if isinstance(stored, _StoredQuestion):
            await self._enqueuer.enqueue(stored.run_id, stored.question)

    async def handle_command(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Bolt listener: run a subcommand, or store and queue the question in a slash command."""
        text = str(body.get("text") or "").strip()
        if subcommand := find_subcommand(text or "help"):
            _, _, more = text.partition(" ")
            await subcommand.run(await self._command_context(ack, body, more.strip()))
            return
        if name := closest_subcommand(text):
            command = str(body.get("command") or "/moa")
            await _respond(ack, strings.COMMAND_DID_YOU_MEAN.format(command=command, name=name))
            return
        incoming = question_in_command(body, (await self._identity.get()).team_id)
        stored = await self._store(incoming) if incoming else None
        if stored is None:
            await ack()
            return
        confirmation = strings.COMMAND_ASKED.format(pipeline=escape_mrkdwn(stored.pipeline))
        await _respond(ack, confirmation, stop_button(stored.run_id))
        await self._enqueuer.enqueue(stored.run_id, stored.question)

    async def _store(self, incoming: IncomingQuestion) -> _StoredQuestion | None:
        """Store a question. None if it isn't for us or was stored before."""
        question = incoming.question
        preferences = self._services.preferences
        rules = await preferences.rules(question.team, question.channel, question.user)
        if not incoming.addressed and not await self._is_question(question, rules):
            return None
        pipeline = question.pipeline or rules.pipeline
        self._people.store_team(question.user, incoming.own_team)
        if is_app(question.user):
            run_id = await self._enqueuer.store_from_app(question, incoming.keys, pipeline)
        else:
            run_id = await self._enqueuer.store(question, incoming.keys, pipeline)
        return None if run_id is None else _StoredQuestion(run_id, pipeline, question)

    async def _invitation(
        self, incoming: IncomingQuestion, body: Mapping[str, Any]
    ) -> Invitation | None:
        """Return the brainstorm to offer to a message's author, who asks for one or has a topic.

        Topics count only in channels that turned offers on.
        """
        message = incoming.question
        if is_app(message.user):
            return None
        me = await self._identity.get()
        if incoming.addressed:
            topic = requested_topic(without_mention(message.text, me.user_id))
            return None if topic is None else Invitation(message, topic, is_request=True)
        if not is_new_topic(body.get("event") or {}):
            return None
        rules = await self._services.preferences.rules(message.team, message.channel, message.user)
        if not rules.offer_brainstorms:
            return None
        return Invitation(message, message.text, is_request=False, own_team=incoming.own_team)

    async def _is_question(self, message: Question, rules: Rules) -> bool:
        """Return whether the channel's rules make a message without a mention a question."""
        if message.thread_ts == message.ts:
            return False
        return rules.follow_ups and await self._history.was_asked_in(
            message.team, message.channel, message.thread_ts
        )

    async def _command_context(
        self, ack: AsyncAck, body: Mapping[str, Any], text: str
    ) -> CommandContext:
        return CommandContext(
            command=str(body.get("command") or "/moa"),
            subcommands=SUBCOMMANDS,
            team=(await self._identity.get()).team_id,
            actor=actor_of_command(body),
            channel=str(body.get("channel_id")),
            trigger_id=str(body.get("trigger_id")),
            respond=partial(_respond, ack),
            services=self._services,
            text=text,
        )


async def _respond(ack: AsyncAck, mrkdwn: str, *more: Block) -> None:
    """Acknowledge a command, optionally with a text that only its user sees."""
    if mrkdwn:
        await ack(text=mrkdwn, blocks=[*sections(mrkdwn), *more], response_type="ephemeral")
    else:
        await ack()
