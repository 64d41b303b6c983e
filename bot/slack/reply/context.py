"""How a reply is framed in its channel: what the channel has chosen, and what lies ahead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import slack_limits
from bot.errors import ConfigurationError
from bot.ports import Run, RunStore
from bot.slack.api.permalinks import fetch_permalink
from bot.slack.api.users import UserDirectory
from bot.slack.markdown.sanitize import inert_mrkdwn
from bot.slack.permissions.access import Policies, RevealPolicy
from bot.slack.ui import strings
from bot.slack.ui.footer import Setting
from moa import PipelineError, Plan

log = structlog.get_logger(__name__)

APPENDS_A_MINUTE = slack_limits.CALLS_PER_MINUTE[4]
"""Calls of chat.appendStream, a tier 4 method, that Slack allows per workspace."""


FIRST_S, FIRST_OF_MORE_S = 0.1, 0.005
"""Seconds from a question to the first sign of work, and so many more for each other reply."""


LONGEST_S = 120.0
"""Seconds after which a reply is shown all the same: a stream lives 300 s."""


class UpdateThrottle:
    """The replies of this process that grow now, and when each is shown.

    Who calls more often than Slack bears is told to wait, and then the end of a reply waits too.
    """

    def __init__(self) -> None:
        self._growing = 0

    @contextmanager
    def growing(self) -> Generator[None, None, None]:
        """One more reply grows, for as long as this is entered."""
        self._growing += 1
        try:
            yield
        finally:
            self._growing -= 1

    @property
    def first_after_s(self) -> float:
        """Seconds until a reply is first shown: the models of all are asked before Slack is."""
        return FIRST_S + FIRST_OF_MORE_S * self._growing

    def pause_s(self, least: float) -> float:
        """Seconds between two showings of a reply; `least` is what one by itself takes."""
        return max(least, min(self._growing * 60 / APPENDS_A_MINUTE, LONGEST_S))


STRICT = RevealPolicy("nobody", "anonymous", cost=False)
"""What holds where a channel's choice cannot be read."""


@dataclass(frozen=True, slots=True)
class ReplyContext:
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
    runs: RunStore
    people: UserDirectory
    policies: Policies
    pipelines: Collection[str]
    plans: Callable[[str], Plan]
    beat: UpdateThrottle = field(default_factory=UpdateThrottle)

    async def setting(self, run: Run) -> Setting:
        """What the run's channel has chosen; the strictest where that cannot be read."""
        try:
            policy = await self.policies.for_run(run)
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
        told = strings.AGAIN_OF.format(user=name)
        if not earlier.posts:
            return told
        link = await fetch_permalink(self.client, earlier.question.channel, earlier.posts[0])
        return f"{told} · <{link}|{strings.AGAIN_LINK}>" if link else told
