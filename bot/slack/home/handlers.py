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
from bot.ports import PastQuestion, QuestionHistory
from bot.preferences import Choices, PersonChoice
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.origin import Actor, actor_of
from bot.slack.api.users import UserDirectory
from bot.slack.commands import CommandServices
from bot.slack.home.views import AdminSection, HomePage, RecentQuestion, home_view, told_home
from bot.slack.permissions.admin import AdminPermissions
from bot.slack.settings.form import FormError, picked
from bot.slack.thread.mrkdwn import readable, without_mention
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block

log = structlog.get_logger(__name__)


async def suggest(client: AsyncWebClient, channel: str) -> None:
    """Offer the questions in a direct message; where Slack refuses, it shows the manifest's."""
    prompts = [{"title": title, "message": message} for title, message in strings.SUGGESTIONS]
    try:
        await client.assistant_threads_setSuggestedPrompts(
            channel_id=channel, prompts=prompts, title=strings.SUGGESTIONS_TITLE
        )
    except SLACK_ERRORS as error:
        log.info("not_suggested", error=code_of(error))


RECENT = 10
CHANNELS = 10


@dataclass(frozen=True, slots=True)
class HomeServices:
    """Where the Home tab has its facts from."""

    identity: IdentityLookup
    people: UserDirectory
    authority: AdminPermissions
    colleagues: Colleagues
    history: QuestionHistory
    spending: Spending
    offers: CommandServices


class HomeTab:
    """Shows each person their own Home tab."""

    def __init__(self, client: AsyncWebClient, sources: HomeServices) -> None:
        self._client = client
        self._sources = sources
        self._offers = sources.offers

    async def opened(self, body: Mapping[str, Any]) -> None:
        """Bolt listener: somebody looks at a tab of the app."""
        event = body.get("event") or {}
        if event.get("tab") == "home":
            # It happens in no channel, so that the workspace is the person's own.
            await self.publish(Actor(str(event.get("user")), own_team=body.get("team_id")))
        elif event.get("tab") == "messages":
            await suggest(self._client, str(event.get("channel")))

    async def choose_pipeline(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Bolt listener: a person has chosen the pipeline that they ask with."""
        await ack()
        visitor, action = actor_of(body), body["actions"][0]
        value = str((action.get("selected_option") or {}).get("value"))
        await self.publish(visitor, choice=value)

    async def submit_workspace(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Bolt listener: an admin has submitted the workspace's settings."""
        if await self._offers.settings.submit_workspace(ack, body):
            await self.publish(actor_of(body))

    async def publish(self, visitor: Actor, *, choice: str | None = None) -> None:
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
            view = told_home(f"{strings.HOME_FAILED} {strings.ERROR_ID.format(error_id=error_id)}")
        try:
            await self._client.views_publish(user_id=visitor.user, view=view)
        except SLACK_ERRORS as error:
            log.warning("home_not_shown", error=code_of(error))

    async def _published(self, visitor: Actor, choice: str | None) -> Block | None:
        """The tab for a colleague, once their choice is stored.

        Outsiders are told that it is not for them. None for an outsider's choice: they have no tab
        to choose in.
        """
        if not await self._sources.colleagues.include(visitor):
            return None if choice is not None else told_home(strings.HOME_OUTSIDE)
        if choice is not None:
            await self._choose(visitor, choice)
        return await self._view(visitor)

    async def _choose(self, visitor: Actor, value: str) -> None:
        try:
            choice = PersonChoice(pipeline=picked(value, self._offers.pipelines, "pipeline"))
        except FormError:
            log.info("pipeline_not_offered")
            return
        preferences, team = self._offers.preferences, await self._sources.colleagues.workspace()
        await preferences.store_choice(team, "person", visitor.user, choice, visitor.user)

    async def _view(self, visitor: Actor) -> Block:
        me = await self._sources.identity.get()
        offers, team, now = self._offers, me.team_id, datetime.now(UTC)
        choices = await offers.preferences.choices(team, None, visitor.user)
        recent = await self._sources.history.latest(team, visitor.user, RECENT)
        common = offers.preferences.resolve(Choices(workspace=choices.workspace))
        return home_view(
            HomePage(
                me=me.user_id,
                url=me.url,
                recent=await self._asked(recent, me.user_id),
                pipelines=offers.pipelines,
                chosen=choices.person.pipeline,
                rules=common,
                default=common.pipeline,
                measured=await self._sources.spending.measured(team, offers.pipelines),
                standing=await offers.budgets.status(team, visitor.user),
                now=now,
                administration=await self._administration(visitor, now),
            )
        )

    async def _asked(self, recent: Sequence[PastQuestion], me: str) -> Sequence[RecentQuestion]:
        """Questions with their words as people read them: mentions named, ours left out."""
        name_of = self._sources.people.name
        texts = (readable(without_mention(earlier.text, me), name_of) for earlier in recent)
        read = await asyncio.gather(*texts)
        return [RecentQuestion(earlier, text) for earlier, text in zip(recent, read, strict=True)]

    async def _administration(self, visitor: Actor, now: datetime) -> AdminSection | None:
        """What only admins see; None for everybody else, and where it cannot be found out."""
        if await self._sources.authority.over_workspace(visitor) != "yes":
            return None
        offers, team = self._offers, await self._sources.colleagues.workspace()
        return AdminSection(
            rules=await offers.preferences.rules(team),
            standing=await offers.budgets.status(team, visitor.user),
            channels=await self._sources.spending.by_channel(team, now, CHANNELS),
        )
