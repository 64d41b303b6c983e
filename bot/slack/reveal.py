"""Show answers: acknowledge, open a loading modal within Slack's 3 s, authorise, then fill it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run, Runs
from bot.slack import words
from bot.slack.access import Access, Policy, Verdict, Visitor
from bot.slack.blocks import Block
from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.views import PAGE, Place, answers_view, message_view

CLOSED = "not_found"
"""Slack's code for an update of a modal that the person has closed in the meantime."""

log = structlog.get_logger(__name__)


class Reveal:
    """Opens the modal with every model's own answer, and turns its pages."""

    def __init__(self, client: AsyncWebClient, runs: Runs, access: Access) -> None:
        self._client = client
        self._runs = runs
        self._access = access

    async def open(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """The button under a reply was clicked."""
        await ack()
        place = Place(str(body["actions"][0].get("value")))
        try:
            opened = await self._client.views_open(
                trigger_id=str(body.get("trigger_id")), view=message_view(words.REVEAL_LOADING)
            )
        except SLACK_TROUBLE as error:
            log.info("reveal_not_opened", error=code_of(error))
            await _ask_for_another_click(respond)
            return
        await self._show(str((opened.get("view") or {})["id"]), place, visitor_of(body))

    async def turn(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Another answer was chosen in the modal, or another page of it."""
        await ack()
        view = body.get("view") or {}
        place = Place.unpacked(view.get("private_metadata"))
        if place is None:
            return
        action = body["actions"][0]
        if str(action.get("action_id", "")).startswith(PAGE):
            there = Place(place.run_id, place.key, _number(action.get("value")))
        else:
            there = Place(place.run_id, str((action.get("selected_option") or {}).get("value")))
        await self._show(str(view.get("id")), there, visitor_of(body))

    async def _show(self, view_id: str, place: Place, visitor: Visitor) -> None:
        """Fill the modal, with an apology when that fails: it must not say "Fetching…" for ever."""
        try:
            view = await self._view(place, visitor)
        except Exception as error:
            error_id = secrets.token_hex(4)
            log.exception("reveal_failed", error_id=error_id, error=type(error).__name__)
            view = _apology(error_id)
        await self._fill(view_id, view)

    async def _view(self, place: Place, visitor: Visitor) -> Block:
        run = await self._runs.get(place.run_id)
        if run is None:
            return message_view(words.REVEAL_GONE)
        verdict = await self._access.allows(run, visitor)
        if verdict != "yes":
            log.info("reveal_refused", run_id=run.id, policy=self._access.policy, verdict=verdict)
            return message_view(_refusal(verdict, self._access.policy))
        if not is_complete(run):
            return message_view(words.REVEAL_NOT_READY)
        return answers_view(run, place)

    async def _fill(self, view_id: str, view: Block) -> None:
        error = await self._updated(view_id, view)
        if error in {None, CLOSED}:
            return
        error_id = secrets.token_hex(4)
        log.warning("reveal_not_filled", error=error, error_id=error_id)
        error = await self._updated(view_id, _apology(error_id))
        if error is not None:
            log.warning("reveal_left_open", error=error, error_id=error_id)

    async def _updated(self, view_id: str, view: Block) -> str | None:
        """Put a view in place; the code of Slack's trouble with it, None where it is taken."""
        try:
            await self._client.views_update(view_id=view_id, view=view)
        except SLACK_TROUBLE as error:
            return code_of(error)
        return None


async def _ask_for_another_click(respond: AsyncRespond) -> None:
    """A trigger is good for 3 s; where Slack no longer opens a modal, the clicker is told."""
    try:
        answer = await respond(
            text=words.REVEAL_TOO_LATE, response_type="ephemeral", replace_original=False
        )
    except SLACK_TROUBLE as error:
        log.info("reveal_not_told", error=code_of(error))
    else:
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            log.info("reveal_not_told", status=answer.status_code)


def _apology(error_id: str) -> Block:
    return message_view(f"{words.REVEAL_FAILED} {words.ERROR_ID.format(error_id=error_id)}")


def _refusal(verdict: Verdict, policy: Policy) -> str:
    if verdict == "unseen":
        return words.REVEAL_UNSEEN
    return words.REVEAL_UNKNOWN if verdict == "unknown" else words.REVEAL_FORBIDDEN[policy]


def is_complete(run: Run) -> bool:
    """Whether a run has its reply, or will never have one."""
    return bool(run.reply) or run.state in {"answered", "failed"}


def visitor_of(body: Mapping[str, Any]) -> Visitor:
    """Who clicked, as the signed payload says.

    The workspace is the user's own, so a stranger's in a shared channel is not ours.
    """
    user = body.get("user") or {}
    team = user.get("team_id") or (body.get("team") or {}).get("id")
    container = body.get("channel") or {}
    return Visitor(str(team), str(user.get("id")), container.get("id"))


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0
