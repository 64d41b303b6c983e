"""Questions coming in: stored before Slack's acknowledgement leaves, then handed over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.ports import History, Question
from bot.preferences import Rules
from bot.slack import words
from bot.slack.blocks import Block, sections
from bot.slack.bots import AnsweredBots
from bot.slack.commands import SUBCOMMANDS, Desk, Offers, find
from bot.slack.events import Asked, asked_in_command, asked_in_event
from bot.slack.footer import stop
from bot.slack.identity import Identity
from bot.slack.origin import visitor_of_command
from bot.slack.people import People, is_app
from bot.slack.taking import Taking
from bot.slack.text import escape_mrkdwn

CLAIMED = "moa_claimed"


@dataclass(frozen=True, slots=True)
class _Claimed:
    run_id: str
    pipeline: str
    question: Question


class Intake:
    """The way from Slack's events and commands to the journal and the jobs."""

    def __init__(
        self,
        taking: Taking,
        identity: Identity,
        people: People,
        offers: Offers,
        history: History,
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
        asked = asked_in_event(body, me.user_id, me.bot_id, self._bots)
        claimed = await self._claim(asked) if asked else None
        context[CLAIMED] = claimed
        await next()

    async def work(self, context: AsyncBoltContext) -> None:
        """Bolt listener: hand over what was claimed."""
        claimed = context.get(CLAIMED)
        if isinstance(claimed, _Claimed):
            await self._taking.hand_over(claimed.run_id, claimed.question)

    async def command(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Bolt listener: the slash command. Whatever is answered, only its user sees it."""
        text = str(body.get("text") or "").strip()
        subcommand = find(text or "help")
        if subcommand:
            await subcommand.run(await self._desk(ack, body))
            return
        asked = asked_in_command(body, (await self._identity.get()).team_id)
        claimed = await self._claim(asked) if asked else None
        if claimed is None:
            await ack()
            return
        told = words.COMMAND_ASKED.format(pipeline=escape_mrkdwn(claimed.pipeline))
        await _say(ack, told, stop(claimed.run_id))
        await self._taking.hand_over(claimed.run_id, claimed.question)

    async def _claim(self, asked: Asked) -> _Claimed | None:
        question = asked.question
        rules = await self._offers.preferences.rules(question.team, question.channel, question.user)
        if not asked.addressed and not await self._is_question(question, rules):
            return None
        pipeline = question.pipeline or rules.pipeline
        self._people.learn(question.user, asked.own_team)
        take = self._taking.claim_for_app if is_app(question.user) else self._taking.claim
        run_id = await take(question, asked.keys, pipeline)
        return None if run_id is None else _Claimed(run_id, pipeline, question)

    async def _is_question(self, message: Question, rules: Rules) -> bool:
        """Whether the channel has chosen that a message which is not put to us is answered."""
        if message.thread_ts == message.ts:
            return rules.brainstorm
        return rules.follow_ups and await self._history.was_asked_in(
            message.team, message.channel, message.thread_ts
        )

    async def _desk(self, ack: AsyncAck, body: Mapping[str, Any]) -> Desk:
        return Desk(
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
