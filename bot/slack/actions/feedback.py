"""The feedback buttons under a reply, and the modal that asks what was missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Feedback, RunStore
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.origin import actor_of
from bot.slack.permissions.access import AnswerAccess
from bot.slack.ui.blocks import HELPFUL, NOT_HELPFUL, Block, plain_text
from bot.slack.ui.clicks import RefusedError, parse_run_id, parse_value, respond_privately
from bot.slack.ui.forms import input_block
from bot.slack.ui.strings import footer as strings

log = structlog.get_logger(__name__)

REASON_CALLBACK = "verdict_reason"
REASON, REASON_INPUT = "reason", "text"
REASON_LIMIT = 1_000

Verdict = Literal["helpful", "not_helpful"]

VERDICTS: Mapping[str, Verdict] = {HELPFUL: "helpful", NOT_HELPFUL: "not_helpful"}
"""The part of a button's value that follows the run's id."""


class FeedbackButtons:
    """Stores feedback from members of the channel. Only a person's latest verdict counts."""

    def __init__(
        self, client: AsyncWebClient, runs: RunStore, access: AnswerAccess, feedback: Feedback
    ) -> None:
        self._client = client
        self._runs = runs
        self._access = access
        self._feedback = feedback

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Handle a click on one of the two buttons."""
        await ack()
        run_id, value = parse_value(body)
        verdict = VERDICTS.get(value)
        if verdict is None:
            return
        try:
            await self._store(run_id, body, verdict)
        except RefusedError as refused:
            await respond_privately(respond, str(refused))
            return
        if verdict == "helpful" or not await self._open_reason_modal(run_id, body):
            await respond_privately(respond, strings.FEEDBACK_THANKS)

    async def submit_reason(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Store the reason from the modal."""
        view = body.get("view") or {}
        values = (view.get("state") or {}).get("values") or {}
        reason = ((values.get(REASON) or {}).get(REASON_INPUT) or {}).get("value") or ""
        run_id = parse_run_id(view.get("private_metadata"))
        try:
            await self._store(run_id, body, "not_helpful", str(reason).strip()[:REASON_LIMIT])
        except RefusedError as refused:
            await ack(response_action="errors", errors={REASON: str(refused)})
            return
        await ack()

    async def _store(
        self, run_id: str, body: Mapping[str, Any], verdict: Verdict, reason: str = ""
    ) -> None:
        """Store a verdict.

        Raises:
            RefusedError: the actor may not give feedback on this reply.
        """
        run = await self._runs.get(run_id)
        if run is None:
            raise RefusedError(strings.FEEDBACK_GONE)
        actor = actor_of(body)
        membership = await self._access.membership(run, actor)
        if membership != "yes":
            raise RefusedError(strings.FEEDBACK_REFUSED[membership])
        await self._feedback.judge(run.id, actor.user, verdict, reason)

    async def _open_reason_modal(self, run_id: str, body: Mapping[str, Any]) -> bool:
        """Open the modal and return whether it opened. The verdict is stored either way."""
        try:
            await self._client.views_open(
                trigger_id=str(body.get("trigger_id")), view=reason_view(run_id)
            )
        except SLACK_ERRORS as error:
            log.info("reason_modal_not_opened", error=code_of(error))
            return False
        return True


def reason_view(run_id: str) -> Block:
    """Return the modal that asks why a reply didn't help."""
    element = {
        "type": "plain_text_input",
        "action_id": REASON_INPUT,
        "multiline": True,
        "max_length": REASON_LIMIT,
    }
    field = input_block(REASON, strings.FEEDBACK_ASK, element, optional=True)
    return {
        "type": "modal",
        "callback_id": REASON_CALLBACK,
        "private_metadata": run_id,
        "title": plain_text(strings.FEEDBACK_TITLE),
        "submit": plain_text(strings.FEEDBACK_SUBMIT),
        "close": plain_text(strings.FEEDBACK_CLOSE),
        "blocks": [field | {"hint": plain_text(strings.FEEDBACK_HINT)}],
    }
