"""Handles clicks in the answers modal: acknowledge, open, authorise, fill.

The modal opens before the permission check, because Slack's trigger expires after 3 s. Clicks are
stateless: each one reads the run store and checks permission again. So they also work after a
restart or in another process.
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
from bot.ports import CallLog, Feedback, QuestionHistory, RunStore
from bot.slack.answers_modal.model import ModalLocation, RunForViewer
from bot.slack.answers_modal.views import (
    BEST,
    CHOOSE,
    CHOSEN,
    GO,
    PAGE,
    answers_view,
    can_be_best,
    in_progress_view,
    message_view,
)
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.origin import Actor, actor_of
from bot.slack.permissions.access import AccessDecision, AnswerAccess
from bot.slack.ui.blocks import Block
from bot.slack.ui.clicks import is_complete
from bot.slack.ui.strings import answers_modal as strings
from bot.slack.ui.strings.troubles import ERROR_ID

OVERTAKEN = frozenset({"not_found", "hash_conflict"})
"""Slack's error codes for a modal that was closed or already filled by a later click."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ModalClick:
    """A click that opens or changes the modal.

    Attributes:
        view_id: the ID of Slack's view.
        hash: Slack's hash of the view's content at the time of the click.
        location: what to show.
        actor: the person who clicked.
        marks_best: whether the click marks the answer as best (True) or undoes that (False).
        is_paging: whether it only shows another page of an open modal.
    """

    view_id: str
    hash: str | None
    location: ModalLocation
    actor: Actor
    marks_best: bool | None = None
    is_paging: bool = False


@dataclass(frozen=True, slots=True)
class OpenView:
    """A modal that Slack has opened: its ID, and the hash of its content."""

    id: str
    hash: str | None


class AnswersModal:
    """Opens the answers modal, turns its pages and stores which answer is marked as best."""

    def __init__(
        self,
        client: AsyncWebClient,
        runs: RunStore,
        access: AnswerAccess,
        *,
        call_log: CallLog,
        feedback: Feedback,
        history: QuestionHistory,
    ) -> None:
        self._client = client
        self._runs = runs
        self._access = access
        self._call_log = call_log
        self._feedback = feedback
        self._history = history

    async def open(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Handle a click on "Show answers"."""
        await ack()
        location = ModalLocation(str(body["actions"][0].get("value")))
        view = await self.open_loading(str(body.get("trigger_id")))
        if view is None:
            await _ask_for_another_click(respond)
            return
        await self._show(ModalClick(view.id, view.hash, location, actor_of(body)))

    async def open_loading(self, trigger_id: str) -> OpenView | None:
        """Open the modal without answers yet. None if Slack refuses, for example after 3 s."""
        try:
            opened = await self._client.views_open(
                trigger_id=trigger_id, view=message_view(strings.ANSWERS_LOADING)
            )
        except SLACK_ERRORS as error:
            log.info("answers_modal_not_opened", error=code_of(error))
            return None
        view = opened.get("view") or {}
        return OpenView(str(view.get("id")), view.get("hash"))

    async def show_latest(self, view: OpenView, team: str, actor: Actor) -> None:
        """Fill the modal with the answers to the latest question in the actor's channel."""
        run_id = await self._history.latest_answered(team, str(actor.channel), actor.user)
        click = ModalClick(view.id, view.hash, ModalLocation(run_id or ""), actor)
        if run_id is None:
            await self._fill(click, message_view(strings.ANSWERS_NONE))
        else:
            await self._show(click)

    async def turn(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Handle a click in the modal."""
        await ack()
        view = body.get("view") or {}
        current = ModalLocation.unpack(view.get("private_metadata"))
        if current is None:
            return
        location, marks_best = _parse_action(body["actions"][0], current)
        click = ModalClick(
            str(view.get("id")),
            view.get("hash"),
            location,
            actor_of(body),
            marks_best,
            is_paging=marks_best is None,
        )
        await self._show(click)

    async def _show(self, click: ModalClick) -> None:
        """Fill the modal; on an error, replace "Loading…" with an apology."""
        try:
            view = await self._build_view(click)
        except Exception as error:
            error_id = new_error_id()
            log.exception("answers_modal_failed", error_id=error_id, error=type(error).__name__)
            view = _apology(error_id)
        await self._fill(click, view)

    async def _build_view(self, click: ModalClick) -> Block:
        run = await self._runs.get(click.location.run_id)
        if run is None:
            return message_view(strings.ANSWERS_GONE)
        decision = await self._access.decide(run, click.actor, is_paging=click.is_paging)
        if decision.verdict != "yes":
            log.info("answers_modal_refused", run_id=run.id, verdict=decision.verdict)
            return message_view(_refusal_text(decision))
        if not is_complete(run):
            return in_progress_view(run)
        calls = await self._call_log.of(run.id)
        if click.marks_best is not None:
            await self._store_best(RunForViewer.from_run(run, decision.policy, calls), click)
        best = await self._feedback.best_of(run.id, click.actor.user)
        viewed = RunForViewer.from_run(run, decision.policy, calls, best)
        # Parsing the markdown of a very long answer is slow, so it must not block the event loop.
        return await asyncio.to_thread(answers_view, viewed, click.location)

    async def _store_best(self, viewed: RunForViewer, click: ModalClick) -> None:
        """Store or undo the mark on the shown answer, if that answer can be the best."""
        keys = {entry.key: entry for entry in viewed.entries}
        entry = keys.get(click.location.key)
        if entry and can_be_best(entry):
            store = self._feedback.choose_best if click.marks_best else self._feedback.clear_best
            await store(viewed.run.id, click.actor.user, entry.target)

    async def _fill(self, click: ModalClick, view: Block) -> None:
        # With the hash, a slow click can't overwrite the view of a later one.
        error = await self._update(click.view_id, view, click.hash)
        if error is None or error in OVERTAKEN:
            return
        error_id = new_error_id()
        log.warning("answers_modal_not_filled", error=error, error_id=error_id)
        error = await self._update(click.view_id, _apology(error_id), None)
        if error is not None:
            log.warning("answers_modal_left_loading", error=error, error_id=error_id)

    async def _update(self, view_id: str, view: Block, hash_: str | None) -> str | None:
        """Update a view. Return Slack's error code, or None on success."""
        try:
            await self._client.views_update(view_id=view_id, view=view, hash=hash_)
        except SLACK_ERRORS as error:
            return code_of(error)
        return None


def _parse_action(
    action: Mapping[str, Any], current: ModalLocation
) -> tuple[ModalLocation, bool | None]:
    """Return where a click leads and whether it marks the answer as best (None: neither)."""
    name, _, _ = str(action.get("action_id", "")).partition(":")
    value = action.get("value")
    if name == CHOOSE:
        value = (action.get("selected_option") or {}).get("value")
    if name in {CHOOSE, GO}:
        return ModalLocation(current.run_id, str(value)), None
    if name == PAGE:
        return ModalLocation(current.run_id, current.key, _page_number(value)), None
    return current, value == CHOSEN if name == BEST else None


async def _ask_for_another_click(respond: AsyncRespond) -> None:
    """Tell the person that the modal didn't open in time."""
    try:
        response = await respond(
            text=strings.ANSWERS_TOO_LATE, response_type="ephemeral", replace_original=False
        )
    except SLACK_ERRORS as error:
        log.info("answers_modal_notice_not_sent", error=code_of(error))
    else:
        if response.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            log.info("answers_modal_notice_not_sent", status=response.status_code)


def _apology(error_id: str) -> Block:
    return message_view(f"{strings.ANSWERS_FAILED} {ERROR_ID.format(error_id=error_id)}")


def _refusal_text(decision: AccessDecision) -> str:
    texts = {
        "outside": strings.ANSWERS_OUTSIDE,
        "unseen": strings.ANSWERS_UNSEEN,
        "unknown": strings.ANSWERS_UNKNOWN,
    }
    return texts.get(decision.verdict) or strings.ANSWERS_FORBIDDEN[decision.policy.who]


def _page_number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0
