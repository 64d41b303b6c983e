"""Decides who may open a run's answers and act on its reply. The default is no.

Checked on the server at every click: a button holds only a run's opaque id, and knowing the id
grants nothing. Only Slack's confirmation of a channel's members is remembered, for a few seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run
from bot.preferences import Audience, Names, Preferences
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.origin import Actor
from bot.slack.permissions.recent import RecentGrants

log = structlog.get_logger(__name__)

CHECK_TIMEOUT_S = 2.0
"""Slack expects a response within 3 s
(https://docs.slack.dev/interactivity/handling-user-interaction)."""

PAGE_SIZE = 1_000
NOT_VISIBLE = frozenset({"channel_not_found", "not_in_channel"})
"""Error codes for a channel that we can't see into."""

Verdict = Literal["yes", "no", "outside", "unseen", "unknown"]
"""Whether an actor may see the answers. Only `yes` opens them.

`outside`: the channel is shared with another organisation and the actor is not the asker.
`unseen`: the asker shared the reply in a channel that we can't see into, so only they get access.
`unknown`: the check failed.
"""

MembershipCheck = Literal["yes", "no", "outside", "unknown"]
"""Whether an actor is in the channel of a reply. Only `yes` lets them act on it.

`outside`: they are from another organisation. `unknown`: the check failed.
"""


@dataclass(frozen=True, slots=True)
class RevealPolicy:
    """A channel's rules for individual answers.

    Attributes:
        who: who may open them.
        names: whether they show model names.
        cost: whether they show costs.
    """

    who: Audience = "members"
    names: Names = "shown"
    cost: bool = True


class Policies(Protocol):
    """Looks up the policy of a run's channel."""

    async def for_run(self, run: Run) -> RevealPolicy:
        """Return the current policy for a run's answers. If this raises, they stay closed."""
        ...


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """An access decision and the policy behind it."""

    verdict: Verdict
    policy: RevealPolicy


class AnswerAccess:
    """Applies a channel's policy, and the rules that no policy can loosen."""

    def __init__(
        self,
        client: AsyncWebClient,
        policies: Policies,
        colleagues: Colleagues,
        recent: RecentGrants | None = None,
    ) -> None:
        self._client = client
        self._policies = policies
        self._colleagues = colleagues
        self._recent = recent or RecentGrants()

    async def decide(self, run: Run, actor: Actor, *, is_paging: bool = False) -> AccessDecision:
        """Decide whether the actor may see the run's answers now.

        With `is_paging`, a confirmation by Slack a few seconds ago is enough to prove membership.
        The channel's policy is always read.
        """
        policy = await self._policies.for_run(run)
        verdict = await self._verdict(run, actor, policy.who, is_paging=is_paging)
        return AccessDecision(verdict, policy)

    async def membership(self, run: Run, actor: Actor) -> MembershipCheck:
        """Check whether the actor is in the channel of a run's reply, within `CHECK_TIMEOUT_S`.

        A private reply belongs only to its asker. People from other organisations may act only on
        replies to their own questions.
        """
        question = run.question
        if question.surface == "command":
            return "yes" if actor.user == question.user else "no"
        if actor.channel not in {None, question.channel}:
            return "no"
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                if not await self._is_colleague_or_asker(run, actor):
                    return "outside"
                found = await is_member(self._client, question.channel, actor.user)
        except SLACK_ERRORS as error:
            log.warning("membership_unknown", run_id=run.id, error=code_of(error))
            return "unknown"
        return "yes" if found else "no"

    async def _verdict(self, run: Run, actor: Actor, who: Audience, *, is_paging: bool) -> Verdict:
        question = run.question
        if who not in {"members", "requester"}:
            return "no"
        is_asker = actor.user == question.user
        if is_asker and question.surface == "command":
            # A private reply may have reached them in a direct message instead of the channel.
            return "yes"
        same_channel = actor.channel in {None, question.channel}
        if not same_channel or (who == "requester" and not is_asker):
            return "no"
        # The result differs between the asker and others, and between workspaces.
        key = (question.team, question.channel, actor.user, actor.own_team, is_asker)
        if is_paging and key in self._recent:
            return "yes"
        verdict = await self._check_channel(run, actor)
        if verdict == "yes":
            self._recent.add(key)
        return verdict

    async def _is_colleague_or_asker(self, run: Run, actor: Actor) -> bool:
        return actor.user == run.question.user or await self._colleagues.includes(actor)

    async def _check_channel(self, run: Run, actor: Actor) -> Verdict:
        """Ask Slack whether the actor is in the channel, and if outsiders share it."""
        question = run.question
        try:
            if not await self._is_colleague_or_asker(run, actor):
                return "no"
            info = (await self._client.conversations_info(channel=question.channel)).get("channel")
            if not info:
                return "unknown"
            if _is_shared_outside(info) and actor.user != question.user:
                return "outside"
            client, channel = self._client, question.channel
            return "yes" if await is_member(client, channel, actor.user) else "no"
        except SLACK_ERRORS as error:
            if question.surface == "command" and code_of(error) in NOT_VISIBLE:
                return "unseen"
            log.warning("access_unknown", run_id=run.id, error=code_of(error))
            return "unknown"


async def is_member(client: AsyncWebClient, channel: str, user: str) -> bool:
    """Return whether a user is in a channel now. Raises `SLACK_ERRORS`."""
    return bool(await members_among(client, channel, {user}))


async def members_among(
    client: AsyncWebClient, channel: str, users: Collection[str]
) -> frozenset[str]:
    """Return the users among these that are in a channel now. Raises `SLACK_ERRORS`."""
    found: set[str] = set()
    async for members in _member_pages(client, channel):
        found |= {*users} & members
        if len(found) == len({*users}):
            break
    return frozenset(found)


async def channel_members(client: AsyncWebClient, channel: str) -> frozenset[str]:
    """Return the members of a channel now. Raises `SLACK_ERRORS`."""
    found: set[str] = set()
    async for members in _member_pages(client, channel):
        found |= members
    return frozenset(found)


async def _member_pages(client: AsyncWebClient, channel: str) -> AsyncGenerator[set[str], None]:
    cursor: str | None = None
    while True:
        page = await client.conversations_members(channel=channel, limit=PAGE_SIZE, cursor=cursor)
        yield {*(page.get("members") or ())}
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
        if cursor is None:
            return


def _is_shared_outside(channel: dict[str, object]) -> bool:
    return bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"))


class ChannelPolicies:
    """Reads the channel's policy at each click."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences

    async def for_run(self, run: Run) -> RevealPolicy:
        """Return the current policy of the run's channel."""
        rules = await self._preferences.rules(run.question.team, run.question.channel)
        return RevealPolicy(rules.reveal, rules.names, rules.cost == "shown")
