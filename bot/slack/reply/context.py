"""The parts that replies share: clients, channel policies, plans and the throttle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import slack_limits
from bot.errors import ConfigurationError
from bot.ports import QuestionHistory, Run, RunStore
from bot.slack.api.permalinks import fetch_permalink
from bot.slack.api.users import UserDirectory
from bot.slack.markdown.sanitize import inert_mrkdwn
from bot.slack.permissions.access import Policies, RevealPolicy
from bot.slack.ui.footer import FooterOptions
from bot.slack.ui.strings import footer as strings
from moa import PipelineError, Plan

log = structlog.get_logger(__name__)

APPENDS_A_MINUTE = slack_limits.CALLS_PER_MINUTE[4]
"""Calls of chat.appendStream, a tier 4 method, that Slack allows per workspace."""

EDITS_A_MINUTE = slack_limits.CALLS_PER_MINUTE[3]
"""Calls of chat.update, a tier 3 method, that Slack allows per workspace."""

FIRST_UPDATE_S, FIRST_UPDATE_PER_REPLY_S = 0.1, 0.005
"""Seconds before a reply's first update, plus this many for each other open reply."""

LONGEST_INTERVAL_S = 120.0
"""The longest time between two updates. A stream lasts 300 s."""


class UpdateThrottle:
    """Spaces out the updates of all open replies of this process.

    If we exceed Slack's rate limit, final updates are delayed as well.
    """

    def __init__(self) -> None:
        self._open_replies = 0

    @contextmanager
    def open_reply(self) -> Generator[None, None, None]:
        """Count one more open reply within this context."""
        self._open_replies += 1
        try:
            yield
        finally:
            self._open_replies -= 1

    @property
    def first_update_s(self) -> float:
        """Seconds before a reply's first update. Gives all replies time to ask their models."""
        return FIRST_UPDATE_S + FIRST_UPDATE_PER_REPLY_S * self._open_replies

    def interval_s(self, minimum: float, calls_a_minute: int) -> float:
        """Return the seconds between two updates of a reply, at least `minimum`.

        `calls_a_minute` is how many calls all open replies may make together.
        """
        return max(minimum, min(self._open_replies * 60 / calls_a_minute, LONGEST_INTERVAL_S))


Show = Literal["stream", "edit"]
"""How a reply grows: as a stream, or as an ordinary message that is edited."""

STRICT = RevealPolicy("nobody", "anonymous", cost=False)
"""The policy if a channel's choices can't be read."""


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """What replies need to know about their channels and pipelines.

    Attributes:
        client: the workspace's client.
        runs: the run store.
        history: the earlier questions.
        people: names of people.
        policies: the policy of each channel.
        pipelines: the pipelines that people can ask again with.
        plans: returns the plan of a pipeline.
        throttle: decides how often open replies are updated.
        show: whether replies are streamed, or posted and edited.
    """

    client: AsyncWebClient
    runs: RunStore
    history: QuestionHistory
    people: UserDirectory
    policies: Policies
    pipelines: Collection[str]
    plans: Callable[[str], Plan]
    throttle: UpdateThrottle = field(default_factory=UpdateThrottle)
    show: Show = "stream"

    async def footer_options(self, run: Run) -> FooterOptions:
        """Return the options of the run's channel, or the strictest if they can't be read."""
        try:
            policy = await self.policies.for_run(run)
        except Exception:
            # A reply must not be lost because its footer is uncertain.
            log.exception("policy_unknown", run_id=run.id)
            policy = STRICT
        return FooterOptions(policy, self.pipelines, is_first=await self.is_first_reply(run))

    async def is_first_reply(self, run: Run, *, public: bool = False) -> bool:
        """Return whether people see the run's reply as the first. True if that can't be read.

        `public` is whether a private reply is shown to its channel.
        """
        try:
            return await self.history.is_first_reply(run, public=public)
        except Exception:
            log.exception("earlier_replies_unknown", run_id=run.id)
            return True

    def plan(self, run: Run) -> Plan | None:
        """Return the run's plan. None if its pipeline is unusable, which the run reports later."""
        try:
            return self.plans(run.pipeline)
        except (PipelineError, ConfigurationError):
            return None

    async def asked_again_line(self, run: Run) -> str | None:
        """Return who asked again, with a link to the earlier reply, as mrkdwn, or None."""
        earlier = await self.runs.get(run.again_of) if run.again_of else None
        if earlier is None:
            return None
        name = inert_mrkdwn(await self.people.name(run.question.user))
        line = strings.AGAIN_OF.format(user=name)
        if not earlier.posts:
            return line
        link = await fetch_permalink(self.client, earlier.question.channel, earlier.posts[0])
        return f"{line} · <{link}|{strings.AGAIN_LINK}>" if link else line
