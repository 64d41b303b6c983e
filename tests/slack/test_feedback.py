"""Feedback: each person's latest verdict is stored, with a reason if they give one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete

from bot.playground.state.models import SlackMessage, SlackView, User
from bot.slack.actions.feedback import REASON_INPUT, REASON_LIMIT
from bot.slack.ui.blocks import FEEDBACK
from bot.slack.ui.strings import footer as strings
from bot.storage.tables import runs
from tests.slack.user_actions import run_of_reply, verdicts, wait_for_notice
from tests.stage import Stage, on_stage


async def reply(stage: Stage) -> SlackMessage:
    """Return the reply to a question by Ana."""
    return await stage.replied(await stage.ask("What is the risk?"))


async def not_helpful(stage: Stage, user: User, message: SlackMessage) -> SlackView:
    """Click Not helpful, and return the modal that asks why."""
    await stage.slack.click(user, message, FEEDBACK, strings.NOT_HELPFUL)
    return await stage.opened_view(user, strings.FEEDBACK_ASK)


async def test_people_rate_a_reply_and_give_a_reason(tmp_path: Path) -> None:
    """With or without a reason, a person's latest verdict counts."""
    async with on_stage(tmp_path, default="single") as stage:
        message = await reply(stage)
        ana = stage.ana.id
        await stage.slack.click(stage.ana, message, FEEDBACK, strings.HELPFUL)
        await wait_for_notice(stage, stage.ana, strings.FEEDBACK_THANKS)
        assert await verdicts(stage) == [(ana, "helpful", "")]
        view = await not_helpful(stage, stage.ana, message)
        assert await verdicts(stage) == [(ana, "not_helpful", "")]
        done = await stage.slack.submit(stage.ana, view, {REASON_INPUT: " It was <!channel> old. "})
        assert not done.errors
        assert stage.slack.current_modal(stage.ana) is None
        assert await verdicts(stage) == [(ana, "not_helpful", "It was <!channel> old.")]
        await stage.slack.close(stage.ana, await not_helpful(stage, stage.ana, message))
        assert await verdicts(stage) == [(ana, "not_helpful", "It was <!channel> old.")]
        await stage.slack.click(stage.ana, message, FEEDBACK, strings.HELPFUL)
        await stage.slack.wait_for(lambda: len(stage.slack.ephemerals(ana, stage.general)) == 2)
        assert await verdicts(stage) == [(ana, "helpful", "")]
        view = await not_helpful(stage, stage.ben, message)
        await stage.slack.submit(stage.ben, view, {REASON_INPUT: "x" * REASON_LIMIT})
        assert (stage.ben.id, "not_helpful", "x" * REASON_LIMIT) in await verdicts(stage)
        assert len(await verdicts(stage)) == 2


async def test_only_the_asker_rates_a_private_reply(tmp_path: Path) -> None:
    """Nobody else could read it."""
    async with on_stage(tmp_path, default="single") as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        message = await wait_for_notice(stage, stage.ana, f"[{strings.SHARE}]")
        await stage.slack.click(stage.ben, message, FEEDBACK, strings.HELPFUL)
        await wait_for_notice(stage, stage.ben, strings.FEEDBACK_REFUSED["no"])
        await stage.slack.click(stage.ana, message, FEEDBACK, strings.HELPFUL)
        await wait_for_notice(stage, stage.ana, strings.FEEDBACK_THANKS)
        assert await verdicts(stage) == [(stage.ana.id, "helpful", "")]


async def test_a_reason_is_authorised_when_submitted(tmp_path: Path) -> None:
    """Permissions and the run are checked again when the reason is submitted."""
    async with on_stage(tmp_path, default="single") as stage:
        message = await reply(stage)
        view = await not_helpful(stage, stage.ben, message)
        await stage.slack.leave(stage.ben, stage.general)
        sent = await stage.slack.submit(stage.ben, view, {REASON_INPUT: "Late."})
        assert sent.errors == {"reason": strings.FEEDBACK_REFUSED["no"]}
        genuine = dict(view.content)
        for forged in (
            "",
            "null",
            "' OR '1'='1",
            "\x00",
            "x" * 3_000,
            f"{view.private_metadata}|x",
        ):
            view.content = genuine | {"private_metadata": forged}
            sent = await stage.slack.submit(stage.ben, view, {REASON_INPUT: "Forged."})
            assert sent.errors == {"reason": strings.FEEDBACK_GONE}
        assert await verdicts(stage) == [(stage.ben.id, "not_helpful", "")]
        view = await not_helpful(stage, stage.ana, message)
        stage.slack.fail_next("conversations.members", error="internal_error", times=3)
        sent = await stage.slack.submit(stage.ana, view, {REASON_INPUT: "Now?"})
        assert sent.errors == {"reason": strings.FEEDBACK_REFUSED["unknown"]}
        run = await run_of_reply(stage, message)
        async with stage.bot.database.begin() as connection:
            await connection.execute(delete(runs).where(runs.c.id == run.id))
        sent = await stage.slack.submit(stage.ana, view, {REASON_INPUT: "After all."})
        assert sent.errors == {"reason": strings.FEEDBACK_GONE}
        assert await verdicts(stage) == []


async def test_feedback_is_stored_even_if_the_modal_does_not_open(tmp_path: Path) -> None:
    """If Slack fails, the verdict is stored and the person thanked."""
    async with on_stage(tmp_path, default="single") as stage:
        message = await reply(stage)
        stage.slack.fail_next("views.open", error="expired_trigger_id")
        await stage.slack.click(stage.ana, message, FEEDBACK, strings.NOT_HELPFUL)
        await wait_for_notice(stage, stage.ana, strings.FEEDBACK_THANKS)
        assert await verdicts(stage) == [(stage.ana.id, "not_helpful", "")]
