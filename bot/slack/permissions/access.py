"""Who may open the individual answers of a run. Everything that is not plainly allowed is refused.

Checked on the server at every click: the button's value is only a run's opaque id, and whoever
holds one proves nothing by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run
from bot.preferences import Names, Preferences, Who
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.origin import Actor

log = structlog.get_logger(__name__)

PATIENCE_S = 2.0
"""What somebody does must be answered within 3 s
(https://docs.slack.dev/interactivity/handling-user-interaction)."""

PAGE = 1_000
CANNOT_LOOK = frozenset({"channel_not_found", "not_in_channel"})

Verdict = Literal["yes", "no", "outside", "unseen", "unknown"]
"""Whether a person may see the answers. Only `yes` opens them.

`outside`: the channel is shared with another organisation, and they are not the one who asked.
`unseen`: shared by its asker in a channel that we cannot look into, so nobody else can be let in.
`unknown`: it could not be found out just now.
"""

MembershipCheck = Literal["yes", "no", "outside", "unknown"]
"""Whether somebody belongs where a reply stands. Only `yes` lets them do something with it.

`outside`: they are of another organisation. `unknown`: it could not be found out just now.
"""


@dataclass(frozen=True, slots=True)
class RevealPolicy:
    """What a channel has decided about the individual answers.

    Attributes:
        who: who may open them.
        names: whether the models' names stand beside them.
        cost: whether it is told what they cost.
    """

    who: Who = "members"
    names: Names = "shown"
    cost: bool = True


class Policies(Protocol):
    """Where the policy of each channel is found."""

    async def of(self, run: Run) -> RevealPolicy:
        """What holds for a run's answers now. An error it raises keeps them closed."""
        ...


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """The answer to somebody at the door, and the policy that it was given by."""

    verdict: Verdict
    policy: RevealPolicy


class AnswerAccess:
    """The channel's policy, and what stands above it."""

    def __init__(self, client: AsyncWebClient, policies: Policies, colleagues: Colleagues) -> None:
        self._client = client
        self._policies = policies
        self._colleagues = colleagues

    async def admit(self, run: Run, visitor: Actor) -> AccessDecision:
        """Whether this person may see the answers of this run, here and now."""
        policy = await self._policies.of(run)
        return AccessDecision(await self._verdict(run, visitor, policy.who), policy)

    async def presence(self, run: Run, visitor: Actor) -> MembershipCheck:
        """Whether somebody belongs where a run's reply stands, here and now.

        A reply that was for its asker alone is theirs alone. People of other organisations belong
        only where they asked themselves. Answered within `PATIENCE_S` seconds.
        """
        question = run.question
        if question.surface == "command":
            return "yes" if visitor.user == question.user else "no"
        if visitor.channel not in {None, question.channel}:
            return "no"
        try:
            async with asyncio.timeout(PATIENCE_S):
                if not await self._may_belong(run, visitor):
                    return "outside"
                found = await is_member(self._client, question.channel, visitor.user)
        except SLACK_ERRORS as error:
            log.warning("presence_unknown", run_id=run.id, error=code_of(error))
            return "unknown"
        return "yes" if found else "no"

    async def _verdict(self, run: Run, visitor: Actor, who: Who) -> Verdict:
        question = run.question
        if who not in {"members", "requester"}:
            return "no"
        is_requester = visitor.user == question.user
        if is_requester and question.surface == "command":
            # The reply was for them alone, and may have reached them in a direct message.
            return "yes"
        same_place = visitor.channel in {None, question.channel}
        if not same_place or (who == "requester" and not is_requester):
            return "no"
        return await self._looked(run, visitor)

    async def _may_belong(self, run: Run, visitor: Actor) -> bool:
        """Whether it is a colleague, or whoever asked."""
        if visitor.user == run.question.user:
            return True
        return await self._colleagues.include(visitor)

    async def _looked(self, run: Run, visitor: Actor) -> Verdict:
        """What the channel itself says: who is in it now, and whether outsiders are."""
        question = run.question
        try:
            if not await self._may_belong(run, visitor):
                return "no"
            info = (await self._client.conversations_info(channel=question.channel)).get("channel")
            if not info:
                return "unknown"
            if _is_shared_outside(info) and visitor.user != question.user:
                return "outside"
            client, channel = self._client, question.channel
            return "yes" if await is_member(client, channel, visitor.user) else "no"
        except SLACK_ERRORS as error:
            if question.surface == "command" and code_of(error) in CANNOT_LOOK:
                return "unseen"
            log.warning("access_unknown", run_id=run.id, error=code_of(error))
            return "unknown"


async def is_member(client: AsyncWebClient, channel: str, user: str) -> bool:
    """Whether somebody is in a channel now. Raises what a call of the Web API raises."""
    return bool(await members_among(client, channel, {user}))


async def members_among(
    client: AsyncWebClient, channel: str, users: Collection[str]
) -> frozenset[str]:
    """Those of these people who are in a channel now. Raises what a call of the Web API raises."""
    found: set[str] = set()
    cursor: str | None = None
    while True:
        page = await client.conversations_members(channel=channel, limit=PAGE, cursor=cursor)
        found |= {*users} & {*(page.get("members") or ())}
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
        if cursor is None or len(found) == len({*users}):
            return frozenset(found)


def _is_shared_outside(channel: dict[str, object]) -> bool:
    return bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"))


class ChannelPolicies:
    """What holds for a run's answers, read anew at each click."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences

    async def of(self, run: Run) -> RevealPolicy:
        """What the run's channel has chosen by now."""
        rules = await self._preferences.rules(run.question.team, run.question.channel)
        return RevealPolicy(rules.reveal, rules.names, rules.cost == "shown")
