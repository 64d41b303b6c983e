"""Who may open the individual answers of a run. Everything that is not plainly allowed is refused.

Checked on the server at every click: the button's value is only a run's opaque id, and whoever
holds one proves nothing by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run
from bot.slack.client import SLACK_TROUBLE, code_of

log = structlog.get_logger(__name__)

Policy = Literal["members", "requester", "nobody"]
PAGE = 1_000
CANNOT_LOOK = frozenset({"channel_not_found", "not_in_channel"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who clicks, as Slack's signed payload says. `channel` is None for a click in a modal."""

    team: str
    user: str
    channel: str | None = None


class Access:
    """The policy of `[slack] reveal`, and what stands above it."""

    def __init__(self, client: AsyncWebClient, policy: Policy) -> None:
        self._client = client
        self.policy: Policy = policy

    async def allows(self, run: Run, visitor: Visitor) -> bool:
        """Whether this person may see the answers of this run, here and now."""
        question = run.question
        same_place = visitor.channel in {None, question.channel}
        if visitor.team != question.team or not same_place or self.policy == "nobody":
            return False
        is_requester = visitor.user == question.user
        if self.policy == "requester" and not is_requester:
            return False
        try:
            info = (await self._client.conversations_info(channel=question.channel))["channel"]
            if _is_shared_outside(info or {}) and not is_requester:
                return False
            return await self._is_member(question.channel, visitor.user)
        except SlackApiError as error:
            # Asked by slash command where we are not a member: nobody else has seen the reply.
            alone = question.surface == "command" and is_requester
            return alone and code_of(error) in CANNOT_LOOK
        except SLACK_TROUBLE as error:
            log.warning("access_unknown", error=code_of(error))
            return False

    async def _is_member(self, channel: str, user: str) -> bool:
        cursor: str | None = None
        while True:
            page = await self._client.conversations_members(
                channel=channel, limit=PAGE, cursor=cursor
            )
            if user in (page.get("members") or ()):
                return True
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return False


def _is_shared_outside(channel: dict[str, object]) -> bool:
    return bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"))
