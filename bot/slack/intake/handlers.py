"""Questions coming in: stored before Slack's acknowledgement leaves, then handed over."""

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
from bot.slack.api.origin import visitor_of_command
from bot.slack.api.users import UserDirectory, is_app
from bot.slack.commands import SUBCOMMANDS, CommandContext, CommandServices, find
from bot.slack.intake.apps import AnsweredBots
from bot.slack.intake.enqueue import Enqueuer
from bot.slack.intake.events import IncomingQuestion, question_in_command, question_in_event
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, sections
from bot.slack.ui.footer import stop_button

CLAIMED = "moa_claimed"


@dataclass(frozen=True, slots=True)
class _StoredQuestion:
    run_id: str
    pipeline: str
    question: Question


class QuestionIntake:
    """The way from Slack's events and commands to the journal and the jobs."""

    def __init__(
        self,
        taking: Enqueuer,
        identity: IdentityLookup,
        people: UserDirectory,
        offers: CommandServices,
        history: QuestionHistory,
        *,
        bots: AnsweredBots,
    ) -> None:
        self._taking = taking
        self._identity = identity
        self._offers = offers
        self._history = history
        self._people = people
        self._bots = bots

    async def claim(
        self,
        body: Mapping[str, Any],
        context: AsyncBoltContext,
        next: Callable[[], Awaitable[None]],  # noqa: A002 - Bolt passes it by this name
    ) -> None:
        """Bolt middleware: store the question, once, before the event is acknowledged.

        Bolt acknowledges an event before its listener runs, and Slack never sends an acknowledged
        event again; a middleware of the listener still runs before. When storing fails, the error
        becomes a refusal, and Slack sends the event again.
        """
        me = await self._identity.get()
        asked = question_in_event(body, me.user_id, me.bot_id, self._bots)
        claimed = await self._claim(asked) if asked else None
        context[CLAIMED] = claimed
        await next()

    async def work(self, context: AsyncBoltContext) -> None:
        """Bolt listener: hand over what was claimed."""
        claimed = context.get(CLAIMED)
        if isinstance(claimed, _StoredQuestion):
            await self._taking.hand_over(claimed.run_id, claimed.question)

    async def command(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Bolt listener: the slash command. Whatever is answered, only its user sees it."""
        text = str(body.get("text") or "").strip()
        subcommand = find(text or "help")
        if subcommand:
            await subcommand.run(await self._desk(ack, body))
            return
        asked = question_in_command(body, (await self._identity.get()).team_id)
        claimed = await self._claim(asked) if asked else None
        if claimed is None:
            await ack()
            return
        told = strings.COMMAND_ASKED.format(pipeline=escape_mrkdwn(claimed.pipeline))
        await _say(ack, told, stop_button(claimed.run_id))
        await self._taking.hand_over(claimed.run_id, claimed.question)

    async def _claim(self, asked: IncomingQuestion) -> _StoredQuestion | None:
        question = asked.question
        rules = await self._offers.preferences.rules(question.team, question.channel, question.user)
        if not asked.addressed and not await self._is_question(question, rules):
            return None
        pipeline = question.pipeline or rules.pipeline
        self._people.learn(question.user, asked.own_team)
        take = self._taking.claim_for_app if is_app(question.user) else self._taking.claim
        run_id = await take(question, asked.keys, pipeline)
        return None if run_id is None else _StoredQuestion(run_id, pipeline, question)

    async def _is_question(self, message: Question, rules: Rules) -> bool:
        """Whether the channel has chosen that a message which is not put to us is answered."""
        if message.thread_ts == message.ts:
            return rules.brainstorm
        return rules.follow_ups and await self._history.was_asked_in(
            message.team, message.channel, message.thread_ts
        )

    async def _desk(self, ack: AsyncAck, body: Mapping[str, Any]) -> CommandContext:
        return CommandContext(
            command=str(body.get("command") or "/moa"),
            subcommands=SUBCOMMANDS,
            team=(await self._identity.get()).team_id,
            visitor=visitor_of_command(body),
            channel=str(body.get("channel_id")),
            trigger_id=str(body.get("trigger_id")),
            say=partial(_say, ack),
            offers=self._offers,
        )


async def _say(ack: AsyncAck, mrkdwn: str, *more: Block) -> None:
    if mrkdwn:
        await ack(text=mrkdwn, blocks=[*sections(mrkdwn), *more], response_type="ephemeral")
    else:
        await ack()
