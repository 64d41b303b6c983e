"""Posts and updates a brainstorm's messages (`bot.brainstorm.ports.Board`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.ports import BoardDeleted, BrainstormClosed, Part
from bot.brainstorm.purse import BUDGET
from bot.brainstorm.session import BrainstormSession, Closing
from bot.brainstorm.tally import tally, voters_of
from bot.brainstorm.worker import Clock
from bot.errors import Postponed
from bot.slack.api.client import READ_ERRORS, SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.metadata import brainstorm_metadata, is_part_of
from bot.slack.api.thread_roots import post_in_thread
from bot.slack.brainstorm import ids, thread_posts
from bot.slack.brainstorm.board_view import BoardFacts, board_blocks, board_text
from bot.slack.brainstorm.text import safe_topic
from bot.slack.brainstorm.view_data import SessionViews
from bot.slack.thread.transcript import is_ours
from bot.slack.ui.strings import brainstorm as strings

log = structlog.get_logger(__name__)

SEARCHED = 200
"""Messages per page to search for one that an earlier attempt may have posted."""

PAGES = 5

SLACK_SECONDS = 1.0
"""Subtracted from the time when a brainstorm started, since Slack's clock may be behind ours."""

CLOSINGS: Mapping[str, Closing] = {
    "archived": "archived",
    "not_in_channel": "not_in_channel",
    "not_allowed": "not_allowed",
    "missing_scope": "not_allowed",
}

T = TypeVar("T")


class SlackBoard:
    """`bot.brainstorm.ports.Board` in Slack."""

    def __init__(
        self,
        client: AsyncWebClient,
        identity: IdentityLookup,
        views: SessionViews,
        now: Clock,
    ) -> None:
        self._client = client
        self._identity = identity
        self._views = views
        self._now = now

    async def post(self, session: BrainstormSession, part: Part, *, search: bool) -> str:
        """Post one of a brainstorm's messages, unless it already exists, and return its ts."""
        tag = f"{part}:{session.boards}:{session.step}"
        if search and (found := await _call_slack(lambda: self._find(session, part, tag))):
            log.info("brainstorm_message_found", part=part)
            return found
        content = await self._content(session, part)
        content["metadata"] = brainstorm_metadata(session.id, tag)
        return str(await _call_slack(lambda: self._send(session, part, content)))

    async def update(self, session: BrainstormSession) -> None:
        """Redraw the board."""
        content = await self._content(session, "board")
        await _call_slack(
            lambda: self._client.chat_update(
                channel=session.channel, ts=str(session.board_ts), **content
            ),
            ignored=True,
        )

    async def closed(self, session: BrainstormSession, closing: Closing) -> None:
        """Tell the starter privately why a brainstorm closed on its own."""
        text = strings.CLOSED_BY_ITSELF[closing].format(topic=safe_topic(session))
        try:
            opened = await self._client.conversations_open(users=session.user)
            channel = str((opened.get("channel") or {})["id"])
            await self._client.chat_postMessage(
                channel=channel, text=text, unfurl_links=False, unfurl_media=False
            )
        except SLACK_ERRORS as error:
            log.info("starter_not_told", error=code_of(error))

    async def _send(
        self, session: BrainstormSession, part: Part, content: Mapping[str, Any]
    ) -> str:
        channel = session.channel
        if part != "board":
            return await post_in_thread(self._client, channel, str(session.board_ts), **content)
        response = await self._client.chat_postMessage(
            channel=channel, unfurl_links=False, unfurl_media=False, **content
        )
        return str(response["ts"])

    async def _content(self, session: BrainstormSession, part: Part) -> dict[str, Any]:
        match part:
            case "board":
                return {
                    "text": board_text(session),
                    "blocks": board_blocks(await self._facts(session)),
                }
            case "themes":
                opened = await self._views.open_ideas(session)
                return {
                    "text": thread_posts.themes_text(opened.grouping),
                    "blocks": thread_posts.themes_blocks(session, opened.grouping, opened.shown),
                }
            case "result":
                opened = await self._views.open_ideas(session)
                ballots = await self._views.store.ballots(session.id)
                counted = tally(opened.grouping, ballots)
                return {
                    "text": thread_posts.result_text(session, counted, opened.shown),
                    "blocks": thread_posts.result_blocks(session, counted, opened.shown),
                }

    async def _facts(self, session: BrainstormSession) -> BoardFacts:
        store = self._views.store
        opened = await self._views.open_ideas(session) if session.shows_ideas else None
        ballots = await store.ballots(session.id)
        leaders: Sequence[str] = ()
        if opened and session.has_result:
            counted = tally(opened.grouping, ballots)
            leaders = thread_posts.leading_lines(counted, opened.shown)
        return BoardFacts(
            session=session,
            counts=await store.count_ideas(session.id),
            grouping=opened.grouping if opened else None,
            voters=voters_of(ballots),
            starter=await self._views.people.name(session.user),
            shows_cost=await self._views.shows_cost(session),
            now=self._now(),
            leaders=leaders,
            is_over_budget=await store.has_failed(session.id, BUDGET),
        )

    async def _find(self, session: BrainstormSession, part: Part, tag: str) -> str | None:
        """Return the ts of a message that an earlier attempt posted without storing it."""
        oldest = f"{session.created_at.timestamp() - SLACK_SECONDS:.6f}"
        cursor: str | None = None
        me = await self._identity.get()
        for _ in range(PAGES):
            page = await self._page(session, part, oldest, cursor)
            for message in page.get("messages") or ():
                if not is_ours(message, me):
                    continue
                if is_part_of(message, session.id, tag) or _has_buttons(message, session, part):
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                break
        return None

    async def _page(
        self, session: BrainstormSession, part: Part, oldest: str, cursor: str | None
    ) -> Any:
        common: dict[str, Any] = {
            "channel": session.channel,
            "limit": SEARCHED,
            "cursor": cursor,
            "include_all_metadata": True,
        }
        if part == "board":
            return await self._client.conversations_history(oldest=oldest, **common)
        return await self._client.conversations_replies(ts=str(session.board_ts), **common)


async def _call_slack(call: Callable[[], Awaitable[T]], *, ignored: bool = False) -> T | None:
    """Call Slack, and translate its errors into those that a brainstorm handles.

    With `ignored`, an error that says nothing about the channel gives None.
    """
    try:
        return await call()
    except SLACK_ERRORS as error:
        code = code_of(error)
        log.info("brainstorm_not_shown", error=code)
        if code in TRANSIENT:
            raise Postponed from None
        trouble = READ_ERRORS.get(code, "")
        if trouble == "thread_gone":
            raise BoardDeleted from None
        if ignored and trouble not in CLOSINGS:
            return None
        raise BrainstormClosed(CLOSINGS.get(trouble, "not_allowed")) from None


def _has_buttons(message: Mapping[str, Any], session: BrainstormSession, part: Part) -> bool:
    """Return whether a message has a part's buttons. Used if its metadata can't be read."""
    block_id = f"{ids.BOARD_ACTIONS}:{session.id}"
    if part != "board" or session.boards or message.get("metadata"):
        return False
    return any(block.get("block_id") == block_id for block in message.get("blocks") or ())
