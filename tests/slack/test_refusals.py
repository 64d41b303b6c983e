"""Notices when no model accepted a question: a remedy, never a provider's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.slack.ui.strings.footer import RETRY
from bot.slack.ui.strings.troubles import TROUBLES
from bot.storage.call_log import StoredCallLog
from tests.models.replies import Reply, Status
from tests.slack.user_actions import run_of_reply
from tests.stage import everywhere, on_stage

WORDS = "prompt is too long: 233153 tokens > 200000 maximum, for the secret plan"


def rejection(status: int, message: str) -> Reply:
    return Reply(fault=Status(status, {"error": {"message": message}}))


async def test_a_thread_that_is_too_long_offers_no_retry(tmp_path: Path) -> None:
    """The asker should ask for less; the provider's reason is in the call log, not in Slack."""
    down = everywhere(rejection(400, WORDS))
    async with on_stage(tmp_path, models=down) as stage:
        ts = await stage.ask("What is the risk?")
        sorry = await stage.replied(ts)
        shown = stage.slack.render(sorry)
        assert TROUBLES["too_long"].split("`")[0] in shown
        assert f"[{RETRY}]" not in shown
        assert "233153" not in shown
        calls = await StoredCallLog(stage.bot.database).of((await run_of_reply(stage, sorry)).id)
        assert {call.reason for call in calls} == {f"400: {WORDS}"}


@pytest.mark.parametrize("other", [500, 401])
async def test_a_retry_is_offered_only_if_it_can_work(tmp_path: Path, other: int) -> None:
    """A failed server may answer later; retrying does not fix a rejected key."""
    down = everywhere(rejection(400, WORDS)) | {"writer-1": rejection(other, "no")}
    async with on_stage(tmp_path, models=down) as stage:
        shown = stage.slack.render(await stage.replied(await stage.ask("What is the risk?")))
        assert (f"[{RETRY}]" in shown) == (other == 500)


async def test_a_reasoning_limit_is_explained_with_its_remedy(tmp_path: Path) -> None:
    """If reasoning used up the output limit, the reply names the settings to change."""
    thinking = everywhere(Reply("", stop="length"))
    async with on_stage(tmp_path, models=thinking) as stage:
        shown = stage.slack.render(await stage.replied(await stage.ask("What is the risk?")))
        assert TROUBLES["output_limit"].split("`")[0] in shown
        assert "reasoning_tokens" in shown


MODERATED = {
    "content_filter": Status(
        400, {"error": {"code": "content_filter", "message": "The response was filtered: secret."}}
    ),
    "moderation": Status(
        403,
        {
            "error": {
                "code": 403,
                "message": "Input was flagged",
                "metadata": {"flagged_input": "x"},
            }
        },
    ),
    "policy": Status(
        400,
        {"error": {"code": "content_policy_violation", "message": "Your request was rejected."}},
    ),
}


@pytest.mark.parametrize("fault", MODERATED.values(), ids=MODERATED)
async def test_a_moderated_question_is_explained(tmp_path: Path, fault: Status) -> None:
    """The asker learns that the content is the reason, and gets no button that cannot help."""
    async with on_stage(tmp_path, models=everywhere(Reply(fault=fault))) as stage:
        shown = stage.slack.render(await stage.replied(await stage.ask("What is the risk?")))
        assert "because of its content" in shown
        assert f"[{RETRY}]" not in shown
        assert "secret" not in shown


async def test_declined_questions_are_explained(tmp_path: Path) -> None:
    """A refusal without text counts as well."""
    async with on_stage(tmp_path, models=everywhere(Reply("", stop="refusal"))) as stage:
        shown = stage.slack.render(await stage.replied(await stage.ask("What is the risk?")))
        assert "because of its content" in shown
        assert f"[{RETRY}]" not in shown


async def test_a_retry_is_offered_if_one_model_was_only_down(tmp_path: Path) -> None:
    """It may accept the question that the others refused."""
    down = everywhere(Reply(fault=MODERATED["policy"])) | {"writer-1": rejection(500, "no")}
    async with on_stage(tmp_path, models=down) as stage:
        shown = stage.slack.render(await stage.replied(await stage.ask("What is the risk?")))
        assert f"[{RETRY}]" in shown
