"""The Home tab: built anew whenever somebody opens it or changes something there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.limits import Spending
from bot.ports import Earlier, History
from bot.preferences import Choices, PersonChoice
from bot.slack import words
from bot.slack.authority import Authority
from bot.slack.blocks import Block
from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.colleagues import Colleagues
from bot.slack.commands import Offers
from bot.slack.home_views import Administration, Asked, Page, home_view, told_home
from bot.slack.identity import Identity
from bot.slack.inbound import readable, without_mention
from bot.slack.origin import Visitor, visitor_of
from bot.slack.people import People
from bot.slack.settings_filled import Wrong, picked
from bot.slack.suggesting import suggest

log = structlog.get_logger(__name__)

RECENT = 10
CHANNELS = 10


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the Home tab has its facts from."""

    identity: Identity
    people: People
    authority: Authority
    colleagues: Colleagues
    history: History
    spending: Spending
    offers: Offers


class Home:
    """Shows each person their own Home tab."""

    def __init__(self, client: AsyncWebClient, sources: Sources) -> None:
        self._client = client
        self._sources = sources
        self._offers = sources.offers

    async def opened(self, body: Mapping[str, Any]) -> None:
        """Bolt listener: somebody looks at a tab of the app."""
        event = body.get("event") or {}
        if event.get("tab") == "home":
            # It happens in no channel, so that the workspace is the person's own.
            await self.publish(Visitor(str(event.get("user")), own_team=body.get("team_id")))
        elif event.get("tab") == "messages":
            await suggest(self._client, str(event.get("channel")))

    async def choose_pipeline(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Bolt listener: a person has chosen the pipeline that they ask with."""
        await ack()
        visitor, action = visitor_of(body), body["actions"][0]
        value = str((action.get("selected_option") or {}).get("value"))
        await self.publish(visitor, choice=value)

    async def submit_workspace(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Bolt listener: an admin has submitted the workspace's settings."""
        if await self._offers.settings.submit_workspace(ack, body):
            await self.publish(visitor_of(body))

    async def publish(self, visitor: Visitor, *, choice: str | None = None) -> None:
        """Show a person their Home tab, or an apology: what stands there may be out of date.

        `choice`: the pipeline that they have chosen just now.
        """
        try:
            view = await self._published(visitor, choice)
            if view is None:
                return
        except Exception as error:
            error_id = secrets.token_hex(4)
            log.exception("home_failed", error_id=error_id, error=type(error).__name__)
            view = told_home(f"{words.HOME_FAILED} {words.ERROR_ID.format(error_id=error_id)}")
        try:
            await self._client.views_publish(user_id=visitor.user, view=view)
        except SLACK_TROUBLE as error:
            log.warning("home_not_shown", error=code_of(error))

    async def _published(self, visitor: Visitor, choice: str | None) -> Block | None:
        """The tab for a colleague, once their choice is stored.

        Outsiders are told that it is not for them. None for an outsider's choice: they have no tab
        to choose in.
        """
        if not await self._sources.colleagues.include(visitor):
            return None if choice is not None else told_home(words.HOME_OUTSIDE)
        if choice is not None:
            await self._choose(visitor, choice)
        return await self._view(visitor)

    async def _choose(self, visitor: Visitor, value: str) -> None:
        try:
            choice = PersonChoice(pipeline=picked(value, self._offers.pipelines, "pipeline"))
        except Wrong:
            log.info("pipeline_not_offered")
            return
        preferences, team = self._offers.preferences, await self._sources.colleagues.workspace()
        await preferences.choose(team, "person", visitor.user, choice, visitor.user)

    async def _view(self, visitor: Visitor) -> Block:
        me = await self._sources.identity.get()
        offers, team, now = self._offers, me.team_id, datetime.now(UTC)
        choices = await offers.preferences.choices(team, None, visitor.user)
        recent = await self._sources.history.latest(team, visitor.user, RECENT)
        common = offers.preferences.settled(Choices(workspace=choices.workspace))
        return home_view(
            Page(
                me=me.user_id,
                url=me.url,
                recent=await self._asked(recent, me.user_id),
                pipelines=offers.pipelines,
                chosen=choices.person.pipeline,
                rules=common,
                default=common.pipeline,
                measured=await self._sources.spending.measured(team, offers.pipelines),
                standing=await offers.budgets.standing(team, visitor.user),
                now=now,
                administration=await self._administration(visitor, now),
            )
        )

    async def _asked(self, recent: Sequence[Earlier], me: str) -> Sequence[Asked]:
        """Questions with their words as people read them: mentions named, ours left out."""
        name_of = self._sources.people.name
        texts = (readable(without_mention(earlier.text, me), name_of) for earlier in recent)
        read = await asyncio.gather(*texts)
        return [Asked(earlier, text) for earlier, text in zip(recent, read, strict=True)]

    async def _administration(self, visitor: Visitor, now: datetime) -> Administration | None:
        """What only admins see; None for everybody else, and where it cannot be found out."""
        if await self._sources.authority.over_workspace(visitor) != "yes":
            return None
        offers, team = self._offers, await self._sources.colleagues.workspace()
        return Administration(
            rules=await offers.preferences.rules(team),
            standing=await offers.budgets.standing(team, visitor.user),
            channels=await self._sources.spending.by_channel(team, now, CHANNELS),
        )
