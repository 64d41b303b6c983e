"""How a reply is framed in its channel: what the channel has chosen, and what lies ahead."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError
from bot.ports import Run, Runs
from bot.slack import words
from bot.slack.access import Policies, RevealPolicy
from bot.slack.beat import Beat
from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.footer import Setting
from bot.slack.people import People
from bot.slack.text import inert_mrkdwn
from moa import PipelineError, Plan

log = structlog.get_logger(__name__)

STRICT = RevealPolicy("nobody", "anonymous", cost=False)
"""What holds where a channel's choice cannot be read."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What replies need to know of their channels and pipelines.

    Attributes:
        client: of the workspace.
        runs: the journal.
        people: who is called how.
        policies: what each channel has chosen.
        pipelines: those that a question can be asked again with.
        plans: the plan of a pipeline's name.
        beat: how often they are shown while they grow.
    """

    client: AsyncWebClient
    runs: Runs
    people: People
    policies: Policies
    pipelines: Collection[str]
    plans: Callable[[str], Plan]
    beat: Beat = field(default_factory=Beat)

    async def setting(self, run: Run) -> Setting:
        """What the run's channel has chosen; the strictest where that cannot be read."""
        try:
            policy = await self.policies.of(run)
        except Exception:
            # A reply is not lost because the look of its last line cannot be decided.
            log.exception("policy_unknown", run_id=run.id)
            policy = STRICT
        return Setting(policy, self.pipelines)

    def plan(self, run: Run) -> Plan | None:
        """What lies ahead of a run; None where its pipeline cannot be used, which is told later."""
        try:
            return self.plans(run.pipeline)
        except (PipelineError, ConfigurationError):
            return None

    async def again_of(self, run: Run) -> str | None:
        """For a question that was put again: by whom, with a link to the earlier reply; mrkdwn."""
        earlier = await self.runs.get(run.again_of) if run.again_of else None
        if earlier is None:
            return None
        name = inert_mrkdwn(await self.people.name(run.question.user))
        told = words.AGAIN_OF.format(user=name)
        link = await self._link(earlier)
        return f"{told} · <{link}|{words.AGAIN_LINK}>" if link else told

    async def _link(self, run: Run) -> str | None:
        if not run.posts:
            return None
        try:
            found = await self.client.chat_getPermalink(
                channel=run.question.channel, message_ts=run.posts[0]
            )
        except SLACK_TROUBLE as error:
            log.info("no_permalink", error=code_of(error))
            return None
        return str(found.get("permalink") or "") or None
