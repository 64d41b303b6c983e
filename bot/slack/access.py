"""Who may open the individual answers of a run. Everything that is not plainly allowed is refused.

Checked on the server at every click: the button's value is only a run's opaque id, and whoever
holds one proves nothing by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run
from bot.slack.client import SLACK_TROUBLE, code_of

log = structlog.get_logger(__name__)

Policy = Literal["members", "requester", "nobody"]
PAGE = 1_000
CANNOT_LOOK = frozenset({"channel_not_found", "not_in_channel"})

Verdict = Literal["yes", "no", "unseen", "unknown"]
"""Whether a person may see the answers. Only `yes` opens them.

`unseen`: shared by its asker in a channel that we cannot look into, so nobody else can be let in.
`unknown`: it could not be found out just now.
"""


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

    async def allows(self, run: Run, visitor: Visitor) -> Verdict:
        """Whether this person may see the answers of this run, here and now."""
        question = run.question
        if visitor.team != question.team or self.policy == "nobody":
            return "no"
        is_requester = visitor.user == question.user
        if is_requester and question.surface == "command":
            # The reply was for them alone, and may have reached them in a direct message.
            return "yes"
        same_place = visitor.channel in {None, question.channel}
        if not same_place or (self.policy == "requester" and not is_requester):
            return "no"
        return await self._looked(run, visitor)

    async def _looked(self, run: Run, visitor: Visitor) -> Verdict:
        """What the channel itself says: who is in it now, and whether outsiders are."""
        question = run.question
        try:
            info = (await self._client.conversations_info(channel=question.channel))["channel"]
            if _is_shared_outside(info or {}) and visitor.user != question.user:
                return "no"
            return "yes" if await self._is_member(question.channel, visitor.user) else "no"
        except SLACK_TROUBLE as error:
            if question.surface == "command" and code_of(error) in CANNOT_LOOK:
                return "unseen"
            log.warning("access_unknown", run_id=run.id, error=code_of(error))
            return "unknown"

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
