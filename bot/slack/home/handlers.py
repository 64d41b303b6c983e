"""Publishes the Home tab when a person opens it or changes something in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import new_error_id
from bot.limits import Spending
from bot.ports import PastQuestion, QuestionHistory
from bot.preferences import Choices, PersonChoice
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.origin import Actor, actor_of
from bot.slack.api.users import UserDirectory
from bot.slack.commands import CommandServices
from bot.slack.home.views import AdminSection, HomePage, RecentQuestion, home_view, text_home
from bot.slack.permissions.admin import AdminPermissions
from bot.slack.settings.form import FormError, parse_option
from bot.slack.thread.mrkdwn import mrkdwn_to_text, without_mention
from bot.slack.ui.blocks import Block
from bot.slack.ui.strings import home as strings
from bot.slack.ui.strings.commands import SUGGESTIONS, SUGGESTIONS_TITLE
from bot.slack.ui.strings.troubles import ERROR_ID

log = structlog.get_logger(__name__)

RECENT = 10
"""Questions to list in the tab."""

CHANNELS = 10
"""Channels to list for admins."""


@dataclass(frozen=True, slots=True)
class HomeServices:
    """The services that the Home tab reads from."""

    identity: IdentityLookup
    people: UserDirectory
    permissions: AdminPermissions
    colleagues: Colleagues
    history: QuestionHistory
    spending: Spending
    commands: CommandServices


class HomeTab:
    """Publishes each person's Home tab."""

    def __init__(self, client: AsyncWebClient, services: HomeServices) -> None:
        self._client = client
        self._services = services
        self._preferences = services.commands.preferences
        self._pipelines = services.commands.pipelines

    async def on_opened(self, body: Mapping[str, Any]) -> None:
        """Handle `app_home_opened`: publish the Home tab, or suggest prompts in Messages."""
        event = body.get("event") or {}
        if event.get("tab") == "home":
            # The event belongs to no channel, so its team is the person's own.
            await self.publish(Actor(str(event.get("user")), own_team=body.get("team_id")))
        elif event.get("tab") == "messages":
            await suggest_prompts(self._client, str(event.get("channel")))

    async def choose_pipeline(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Store the pipeline that a person chose for their own questions."""
        await ack()
        actor, action = actor_of(body), body["actions"][0]
        value = str((action.get("selected_option") or {}).get("value"))
        await self.publish(actor, choice=value)

    async def submit_workspace(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Store the workspace's settings and refresh the admin's tab."""
        if await self._services.commands.settings.submit_workspace(ack, body):
            await self.publish(actor_of(body))

    async def publish(self, actor: Actor, *, choice: str | None = None) -> None:
        """Publish a person's Home tab. On errors, publish an apology: the old tab may be outdated.

        Args:
            actor: the tab's owner.
            choice: the pipeline that they just chose, to be stored first.
        """
        try:
            view = await self._build(actor, choice)
            if view is None:
                return
        except Exception as error:
            error_id = new_error_id()
            log.exception("home_failed", error_id=error_id, error=type(error).__name__)
            view = text_home(f"{strings.HOME_FAILED} {ERROR_ID.format(error_id=error_id)}")
        try:
            await self._client.views_publish(user_id=actor.user, view=view)
        except SLACK_ERRORS as error:
            log.warning("home_not_published", error=code_of(error))

    async def _build(self, actor: Actor, choice: str | None) -> Block | None:
        """Store a colleague's choice and return their tab.

        Outsiders see that the tab isn't for them. Their tab has no menu, so a choice from them is
        ignored and the result is None.
        """
        if not await self._services.colleagues.includes(actor):
            return None if choice is not None else text_home(strings.HOME_OUTSIDE)
        if choice is not None:
            await self._store_choice(actor, choice)
        return await self._home(actor)

    async def _store_choice(self, actor: Actor, value: str) -> None:
        try:
            choice = PersonChoice(pipeline=parse_option(value, self._pipelines, "pipeline"))
        except FormError:
            log.info("pipeline_not_available")
            return
        team = await self._services.colleagues.team_id()
        await self._preferences.store_choice(team, "person", actor.user, choice, actor.user)

    async def _home(self, actor: Actor) -> Block:
        me = await self._services.identity.get()
        services, team, now = self._services, me.team_id, datetime.now(UTC)
        choices = await self._preferences.choices(team, None, actor.user)
        recent = await services.history.latest(team, actor.user, RECENT)
        rules = self._preferences.resolve(Choices(workspace=choices.workspace))
        return home_view(
            HomePage(
                me=me.user_id,
                workspace_url=me.url,
                recent=await self._recent(recent, me.user_id),
                pipelines=self._pipelines,
                chosen=choices.person.pipeline,
                rules=rules,
                default=rules.pipeline,
                stats=await services.spending.measured(team, self._pipelines),
                budget_status=await services.commands.budgets.status(team, actor.user),
                now=now,
                admin=await self._admin_section(actor, now),
            )
        )

    async def _recent(self, questions: Sequence[PastQuestion], me: str) -> Sequence[RecentQuestion]:
        """Return the questions with their text as people read it, without the mention of us."""
        name_of = self._services.people.name
        texts = await asyncio.gather(
            *(mrkdwn_to_text(without_mention(past.text, me), name_of) for past in questions)
        )
        return [RecentQuestion(past, text) for past, text in zip(questions, texts, strict=True)]

    async def _admin_section(self, actor: Actor, now: datetime) -> AdminSection | None:
        """Return the section for admins. None for others, and if the check fails."""
        services = self._services
        if await services.permissions.for_workspace(actor) != "yes":
            return None
        team = await services.colleagues.team_id()
        return AdminSection(
            rules=await self._preferences.rules(team),
            budget_status=await services.commands.budgets.status(team, actor.user),
            channels=await services.spending.by_channel(team, now, CHANNELS),
        )


async def suggest_prompts(client: AsyncWebClient, channel: str) -> None:
    """Set suggested prompts in a direct message. If that fails, Slack shows the manifest's."""
    prompts = [{"title": title, "message": message} for title, message in SUGGESTIONS]
    try:
        await client.assistant_threads_setSuggestedPrompts(
            channel_id=channel, prompts=prompts, title=SUGGESTIONS_TITLE
        )
    except SLACK_ERRORS as error:
        log.info("prompts_not_suggested", error=code_of(error))
