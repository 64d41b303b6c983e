"""Starts brainstorms: by command, mention, shortcut, or from an offer under a message.

All of them open the same form, which shows the cost.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.brainstorm.idea_models import PipelineIdeaModels
from bot.brainstorm.session import StartRequest
from bot.errors import Unanswerable
from bot.ports import Question
from bot.preferences import Preferences
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.origin import Actor, actor_of
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.click_support import ClickSupport
from bot.slack.brainstorm.material import ThreadMaterial
from bot.slack.brainstorm.start_view import (
    StartCost,
    StartForm,
    StartPlace,
    parse_start,
    start_view,
)
from bot.slack.markdown.sanitize import shorten
from bot.slack.permissions.access import CHECK_TIMEOUT_S
from bot.slack.thread.mrkdwn import mrkdwn_to_text, without_mention
from bot.slack.ui.blocks import Block, actions, button, section
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings
from bot.slack.ui.strings.troubles import TROUBLES
from moa import PipelineError

log = structlog.get_logger(__name__)

MAX_TOPIC_CHARS = 3_000
TOPIC_IN_BUTTON = 1_500
"""Characters of a topic in a button's value. People can complete it in the form."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A message whose author may get an offer to brainstorm.

    Attributes:
        message: the message.
        topic: its topic, as received from Slack.
        is_request: whether the author asked for a brainstorm.
        own_team: the author's workspace or Enterprise organisation; None if unknown.
    """

    message: Question
    topic: str
    is_request: bool
    own_team: str | None = None

    @property
    def thread_ts(self) -> str | None:
        """The thread that the message is in. Its messages would be the material."""
        message = self.message
        return message.thread_ts if message.thread_ts != message.ts else None


class BrainstormStarts:
    """Opens the form, makes offers, and starts submitted brainstorms."""

    def __init__(
        self,
        support: ClickSupport,
        models: PipelineIdeaModels,
        preferences: Preferences,
        identity: IdentityLookup,
        material: ThreadMaterial,
    ) -> None:
        self._support = support
        self._models = models
        self._preferences = preferences
        self._identity = identity
        self._material = material

    async def invite(self, invitation: Invitation) -> None:
        """Offer a brainstorm to the author of a message. Only they see it.

        Someone who may not take part gets an offer only if they asked for one.
        """
        message = invitation.message
        me = await self._identity.get()
        author = Actor(message.user, message.channel, invitation.own_team)
        access = self._support.access
        if not invitation.is_request and not await access.may_start(
            me.team_id, message.channel, author
        ):
            return
        bare = without_mention(invitation.topic, me.user_id)
        topic = (await mrkdwn_to_text(bare, self._support.views.people.name)).strip()
        text = strings.CALLED if invitation.is_request else strings.OFFER
        if invitation.is_request and not topic:
            text = strings.EMPTY_TOPIC
        label = strings.CONFIRM_BUTTON if invitation.is_request else strings.OFFER_BUTTON
        carried = json.dumps([invitation.thread_ts, shorten(topic or " ", TOPIC_IN_BUTTON)])
        try:
            await self._support.client.chat_postEphemeral(
                channel=message.channel,
                user=message.user,
                thread_ts=invitation.thread_ts,
                text=text,
                blocks=[section(text), actions(ids.START, [button(label, ids.START, carried)])],
            )
        except SLACK_ERRORS as error:
            log.info("brainstorm_not_offered", error=code_of(error))

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Open the form from an offer."""
        await self._support.clicked(ack, body, respond, self._click(body))

    async def shortcut(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Open the form from the shortcut, which asks for the channel."""
        await ack()
        if not await self.open_form(body, actor_of(body), StartPlace(), ""):
            log.info("brainstorm_form_not_opened")

    async def submit(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Start a brainstorm, and close the form once it is stored.

        Slack expects a response within 3 s. If reading the thread takes longer, the form closes
        first, and errors are sent in a direct message.
        """
        view = body.get("view") or {}
        place = StartPlace.from_metadata(view.get("private_metadata"))
        form = parse_start(view, place)
        if form.errors:
            await ack(response_action="errors", errors=dict(form.errors))
            return
        starting = asyncio.create_task(self._start(body, form, place), name="brainstorm start")
        try:
            await asyncio.wait([starting], timeout=CHECK_TIMEOUT_S)
            if starting.done():
                field = ids.TOPIC if place.channel else ids.PLACE
                await self._support.submitted(ack, field, starting)
                return
            await ack()
            await self._finish(starting, actor_of(body))
        finally:
            starting.cancel()

    async def open_form(
        self, body: Mapping[str, Any], actor: Actor, place: StartPlace, topic: str
    ) -> bool:
        """Open the form. Return False if Slack refuses."""
        team = await self._support.colleagues.team_id()
        rules = await self._preferences.rules(team, place.channel, actor.user)
        costs = self._costs(with_material=place.thread_ts is not None)
        chosen = rules.pipeline if rules.pipeline in costs else next(iter(costs), "")
        view = start_view(place, topic, costs, chosen, shows_cost=rules.cost == "shown")
        return await self._support.show(body, view)

    def _costs(self, *, with_material: bool) -> Mapping[str, StartCost]:
        """Return the cost of a brainstorm with each usable pipeline."""
        costs: dict[str, StartCost] = {}
        for name in self._preferences.pipelines:
            try:
                costs[name] = self._cost(name, with_material=with_material)
            except PipelineError:
                log.info("pipeline_not_offered", pipeline=name)
        return costs

    def _cost(self, pipeline: str, *, with_material: bool) -> StartCost:
        material = "x" * ThreadMaterial.LIMIT if with_material else ""
        topic = "x" * MAX_TOPIC_CHARS
        return StartCost(
            self._models.usual_cost(pipeline, topic, material),
            self._models.max_cost(pipeline, topic, material),
        )

    async def _click(self, body: Mapping[str, Any]) -> None:
        actor = actor_of(body)
        try:
            thread_ts, topic = json.loads(str(body["actions"][0].get("value")))
        except (ValueError, TypeError):
            raise RefusedError(strings.FAILED) from None
        await self._admit(actor, str(actor.channel))
        place = StartPlace(actor.channel, str(thread_ts) if thread_ts else None)
        if not await self.open_form(body, actor, place, str(topic).strip()):
            raise RefusedError(strings.TOO_LATE)

    async def _admit(self, actor: Actor, channel: str) -> None:
        team = await self._support.colleagues.team_id()
        me = await self._identity.get()
        verdict = await self._support.access.check_channel(team, channel, actor, me.user_id)
        if verdict == "no":
            raise RefusedError(strings.NOT_A_MEMBER)
        if verdict != "yes":
            raise RefusedError(strings.REFUSED[verdict])

    async def _start(
        self, body: Mapping[str, Any], form: StartForm, place: StartPlace
    ) -> Block | None:
        actor, channel = actor_of(body), str(form.channel)
        await self._admit(actor, channel)
        team = await self._support.colleagues.team_id()
        rules = await self._preferences.rules(team, channel, actor.user)
        pipeline = form.pipeline or rules.pipeline
        try:
            cost = self._cost(pipeline, with_material=place.thread_ts is not None)
        except PipelineError:
            raise RefusedError(TROUBLES["pipeline_gone"]) from None
        request = StartRequest(
            key=f"view:{(body.get('view') or {}).get('id')}",
            team=team,
            channel=channel,
            user=actor.user,
            topic=form.topic.strip(),
            pipeline=pipeline,
            material=await self._material.read(team, channel, actor.user, place.thread_ts),
            minutes=form.minutes,
            dots=form.dots,
            reserved_usd=cost.usual_usd or 0.0,
        )
        try:
            await self._support.brainstorms.start(request)
        except Unanswerable as refused:
            raise RefusedError(TROUBLES[refused.trouble]) from None
        return None

    async def _finish(self, starting: asyncio.Task[Block | None], actor: Actor) -> None:
        """Wait for a start whose form is closed, and tell the starter if something went wrong."""
        try:
            await starting
        except RefusedError as refused:
            await self._tell(actor, str(refused))
        except Exception as error:
            log.exception("brainstorm_not_started", error=type(error).__name__)
            await self._tell(actor, strings.FAILED)

    async def _tell(self, actor: Actor, text: str) -> None:
        try:
            opened = await self._support.client.conversations_open(users=actor.user)
            channel = str((opened.get("channel") or {})["id"])
            await self._support.client.chat_postMessage(channel=channel, text=text)
        except SLACK_ERRORS as error:
            log.info("starter_not_told", error=code_of(error))
