"""Clicks on the way to the answers: acknowledge, open a modal within Slack's 3 s, authorise, fill.

Nothing is kept between two clicks: each one reads the journal and asks who may see it, so that it
is served as well after a restart and by another process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import new_error_id
from bot.ports import CallLog, Feedback, RunStore
from bot.slack.answers_modal.model import ModalLocation, RunForViewer
from bot.slack.answers_modal.views import (
    BEST,
    CHOOSE,
    CHOSEN,
    GO,
    PAGE,
    may_be_best,
    message_view,
    reveal_view,
    under_way_view,
)
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.origin import Actor, actor_of
from bot.slack.permissions.access import AccessDecision, AnswerAccess
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block
from bot.slack.ui.clicks import is_complete

OVERTAKEN = frozenset({"not_found", "hash_conflict"})
"""Slack's codes for a modal that was closed, or has been filled by a later click, meanwhile."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ModalClick:
    """What somebody wants to look at in a view, and what they say of it: best, or not any more.

    `hash` is Slack's mark of what the view showed when they clicked.
    """

    view_id: str
    hash: str | None
    place: ModalLocation
    visitor: Actor
    finds_best: bool | None = None


class AnswersModal:
    """Opens the modal with every model's own answer, turns its pages, and takes verdicts."""

    def __init__(
        self,
        client: AsyncWebClient,
        runs: RunStore,
        access: AnswerAccess,
        *,
        ledger: CallLog,
        feedback: Feedback,
    ) -> None:
        self._client = client
        self._runs = runs
        self._access = access
        self._ledger = ledger
        self._feedback = feedback

    async def open(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """The button under a reply was clicked."""
        await ack()
        place = ModalLocation(str(body["actions"][0].get("value")))
        try:
            opened = await self._client.views_open(
                trigger_id=str(body.get("trigger_id")), view=message_view(strings.REVEAL_LOADING)
            )
        except SLACK_ERRORS as error:
            log.info("reveal_not_opened", error=code_of(error))
            await _ask_for_another_click(respond)
            return
        view = opened.get("view") or {}
        await self._show(ModalClick(str(view.get("id")), view.get("hash"), place, actor_of(body)))

    async def turn(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Something was clicked in the modal."""
        await ack()
        view = body.get("view") or {}
        place = ModalLocation.unpacked(view.get("private_metadata"))
        if place is None:
            return
        there, finds_best = _meant(body["actions"][0], place)
        visitor = actor_of(body)
        await self._show(
            ModalClick(str(view.get("id")), view.get("hash"), there, visitor, finds_best)
        )

    async def _show(self, click: ModalClick) -> None:
        """Fill the modal, with an apology when that fails: it must not say "Fetching…" for ever."""
        try:
            view = await self._view(click)
        except Exception as error:
            error_id = new_error_id()
            log.exception("reveal_failed", error_id=error_id, error=type(error).__name__)
            view = _apology(error_id)
        await self._fill(click, view)

    async def _view(self, click: ModalClick) -> Block:
        run = await self._runs.get(click.place.run_id)
        if run is None:
            return message_view(strings.REVEAL_GONE)
        admission = await self._access.decide(run, click.visitor)
        if admission.verdict != "yes":
            log.info("reveal_refused", run_id=run.id, verdict=admission.verdict)
            return message_view(_refusal_text(admission))
        if not is_complete(run):
            return under_way_view(run)
        calls = await self._ledger.of(run.id)
        if click.finds_best is not None:
            await self._judge(RunForViewer.of(run, admission.policy, calls), click)
        best = await self._feedback.best_of(run.id, click.visitor.user)
        shown = RunForViewer.of(run, admission.policy, calls, best)
        # Reading the markdown of a very long answer takes a while, in which others click too.
        return await asyncio.to_thread(reveal_view, shown, click.place)

    async def _judge(self, shown: RunForViewer, click: ModalClick) -> None:
        """Store a verdict on the answer that was looked at, if it is one that can be the best."""
        found = next((entry for entry in shown.entries if entry.key == click.place.key), None)
        if found and may_be_best(found):
            keep = self._feedback.choose_best if click.finds_best else self._feedback.take_back
            await keep(shown.run.id, click.visitor.user, found.target)

    async def _fill(self, click: ModalClick, view: Block) -> None:
        # By the hash a slow click cannot put what it brings over what a later one has brought.
        error = await self._updated(click.view_id, view, click.hash)
        if error is None or error in OVERTAKEN:
            return
        error_id = new_error_id()
        log.warning("reveal_not_filled", error=error, error_id=error_id)
        error = await self._updated(click.view_id, _apology(error_id), None)
        if error is not None:
            log.warning("reveal_left_open", error=error, error_id=error_id)

    async def _updated(self, view_id: str, view: Block, hash_: str | None) -> str | None:
        """Put a view in place; the code of Slack's trouble with it, None where it is taken."""
        try:
            await self._client.views_update(view_id=view_id, view=view, hash=hash_)
        except SLACK_ERRORS as error:
            return code_of(error)
        return None


def _meant(action: Mapping[str, Any], place: ModalLocation) -> tuple[ModalLocation, bool | None]:
    """Where a click in the modal leads from a place, and what it says of it."""
    name, _, _ = str(action.get("action_id", "")).partition(":")
    value = action.get("value")
    if name == CHOOSE:
        value = (action.get("selected_option") or {}).get("value")
    if name in {CHOOSE, GO}:
        return ModalLocation(place.run_id, str(value)), None
    if name == PAGE:
        return ModalLocation(place.run_id, place.key, _number(value)), None
    return place, value == CHOSEN if name == BEST else None


async def _ask_for_another_click(respond: AsyncRespond) -> None:
    """A trigger is good for 3 s; where Slack no longer opens a modal, the clicker is told."""
    try:
        answer = await respond(
            text=strings.REVEAL_TOO_LATE, response_type="ephemeral", replace_original=False
        )
    except SLACK_ERRORS as error:
        log.info("reveal_not_told", error=code_of(error))
    else:
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            log.info("reveal_not_told", status=answer.status_code)


def _apology(error_id: str) -> Block:
    return message_view(f"{strings.REVEAL_FAILED} {strings.ERROR_ID.format(error_id=error_id)}")


def _refusal_text(admission: AccessDecision) -> str:
    told = {
        "outside": strings.REVEAL_OUTSIDE,
        "unseen": strings.REVEAL_UNSEEN,
        "unknown": strings.REVEAL_UNKNOWN,
    }
    return told.get(admission.verdict) or strings.REVEAL_FORBIDDEN[admission.policy.who]


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0
