"""Whether a reply helped: two buttons under it, and a modal for whoever wants to say why not."""

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
from bot.slack.ui import strings
from bot.slack.ui.blocks import HELPFUL, NOT_HELPFUL, Block
from bot.slack.ui.clicks import RefusedError, parse_run_id, parse_value, respond_privately

log = structlog.get_logger(__name__)

REASON_CALLBACK = "verdict_reason"
REASON, REASON_INPUT = "reason", "text"
REASON_LIMIT = 1_000

Verdict = Literal["helpful", "not_helpful"]

VERDICTS: Mapping[str, Verdict] = {HELPFUL: "helpful", NOT_HELPFUL: "not_helpful"}
"""What stands behind the run's id in the value of a button."""


class FeedbackButtons:
    """Takes what people of the channel say of a reply. The newest word of a person counts."""

    def __init__(
        self, client: AsyncWebClient, runs: RunStore, access: AnswerAccess, feedback: Feedback
    ) -> None:
        self._client = client
        self._runs = runs
        self._access = access
        self._feedback = feedback

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """One of the two buttons was clicked."""
        await ack()
        run_id, said = parse_value(body)
        verdict = VERDICTS.get(said)
        if verdict is None:
            return
        try:
            await self._store(run_id, body, verdict)
        except RefusedError as refused:
            await respond_privately(respond, str(refused))
            return
        if verdict == "helpful" or not await self._asked_why(run_id, body):
            await respond_privately(respond, strings.FEEDBACK_THANKS)

    async def reason(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """The modal was submitted. Where it says so, it closes."""
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
            RefusedError: for whoever has no say in that channel.
        """
        run = await self._runs.get(run_id)
        if run is None:
            raise RefusedError(strings.FEEDBACK_GONE)
        visitor = actor_of(body)
        presence = await self._access.presence(run, visitor)
        if presence != "yes":
            raise RefusedError(strings.FEEDBACK_REFUSED[presence])
        await self._feedback.judge(run.id, visitor.user, verdict, reason)

    async def _asked_why(self, run_id: str, body: Mapping[str, Any]) -> bool:
        """Open the modal. Where Slack refuses, the verdict stands without a reason."""
        try:
            await self._client.views_open(
                trigger_id=str(body.get("trigger_id")), view=reason_view(run_id)
            )
        except SLACK_ERRORS as error:
            log.info("reason_not_asked", error=code_of(error))
            return False
        return True


def reason_view(run_id: str) -> Block:
    """The modal that asks why a reply did not help."""
    return {
        "type": "modal",
        "callback_id": REASON_CALLBACK,
        "private_metadata": run_id,
        "title": _plain(strings.FEEDBACK_TITLE),
        "submit": _plain(strings.FEEDBACK_SUBMIT),
        "close": _plain(strings.FEEDBACK_CLOSE),
        "blocks": [
            {
                "type": "input",
                "block_id": REASON,
                "optional": True,
                "label": _plain(strings.FEEDBACK_ASK),
                "hint": _plain(strings.FEEDBACK_HINT),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON_INPUT,
                    "multiline": True,
                    "max_length": REASON_LIMIT,
                },
            }
        ],
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
