"""Endless replies: how much a thread shows, where the rest is, and how to stop them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.playground.state.models import SlackMessage
from bot.slack.markdown.split import MAX_CHARS, MAX_MESSAGES
from bot.slack.ui.strings import reply as strings
from bot.slack.ui.strings.footer import REGENERATE
from tests.models.replies import Reply
from tests.slack.user_actions import ALL_EVENTS, run_of_reply, wait_for_notice, wait_until_idle
from tests.stage import Stage, on_stage

PARAGRAPH = "word-" * 400
LONG = "\n\n".join(f"P{number}P {PARAGRAPH}" for number in range(MAX_CHARS // 1_500))
"""A third more than a thread may contain."""

SPEAKING = {"writer-1": Reply(lambda _: LONG)}


def posts(stage: Stage, ts: str) -> list[SlackMessage]:
    """Return the bot's messages in a thread."""
    found = stage.slack.messages(stage.general, ts)
    return [m for m in found if m.user == stage.slack.bot_user_id]


def all_text(stage: Stage, ts: str) -> str:
    return "\n".join(stage.slack.render(m) for m in posts(stage, ts))


async def ended(stage: Stage, ts: str) -> SlackMessage:
    """Wait for the message that ends the reply."""

    def found() -> list[SlackMessage]:
        return [m for m in posts(stage, ts) if f"[{REGENERATE}]" in stage.slack.render(m)]

    return (await stage.slack.wait_for(found, timeout=60))[0]


async def test_an_endless_reply_is_cut_after_ten_messages(tmp_path: Path) -> None:
    """It is cut with a notice above the buttons; "Show answers" still has every answer."""
    async with on_stage(tmp_path, models=SPEAKING, default="single") as stage:
        stage.slack.app.scopes.discard("files:write")
        ts = await stage.ask("Tell me everything.")
        last = await ended(stage, ts)
        assert strings.REPLY_CUT.strip("_") in stage.slack.render(last)
        assert len(posts(stage, ts)) <= MAX_MESSAGES + 2
        assert "P0P" in all_text(stage, ts)
        await wait_until_idle(stage)
        run = await run_of_reply(stage, last)
        assert len(run.reply) > MAX_CHARS


async def test_the_full_reply_is_uploaded_if_allowed(tmp_path: Path) -> None:
    """With the scope files:write the full reply is in a file."""
    async with on_stage(tmp_path, models=SPEAKING, default="single") as stage:
        stage.slack.app.scopes.add("files:write")
        ts = await stage.ask("Tell me everything.")
        last = await ended(stage, ts)
        assert strings.REPLY_FILED.strip("_") in stage.slack.render(last)
        [shared] = [m for m in posts(stage, ts) if m.files]
        file = stage.slack._emulator.files.files[shared.files[0]["id"]]
        text = file.data.decode()
        assert text.count("word") == LONG.count("word")


async def test_a_private_reply_is_limited_too(tmp_path: Path) -> None:
    """A private reply continues in direct messages, with the same limit as a thread."""
    async with on_stage(tmp_path, models=SPEAKING, default="single") as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "Tell me everything.")
        await wait_for_notice(stage, stage.ana, strings.REST_DIRECTLY)
        await wait_until_idle(stage)
        direct = [c for c in stage.slack.calls("chat.postMessage") if c.ok]
        assert len(direct) <= MAX_MESSAGES
        assert strings.REPLY_CUT in str(direct[-1].args)


@pytest.mark.parametrize("by", ["command", "slack"])
async def test_stop_stops_a_reply_that_is_being_posted(tmp_path: Path, by: str) -> None:
    """Although the model has finished, the rest is not posted, and the reply says "Stopped."."""
    text = "\n\n".join(f"P{number}P {PARAGRAPH}" for number in range(40))
    models = {"writer-1": Reply(lambda _: text)}
    async with on_stage(tmp_path, models=models, events=ALL_EVENTS, default="single") as stage:
        stage.slack.delay("chat.stopStream", 0.5)
        ts = await stage.ask("Tell me a lot.")
        await stage.models.questions_ended(1)
        await stage.slack.wait_for(lambda: len(posts(stage, ts)) >= 2, timeout=20)
        if by == "command":
            await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
        else:
            await stage.slack.press_stop(stage.ana, stage.general, ts)
        before = len(posts(stage, ts))
        await stage.slack.wait_for(lambda: "Stopped." in all_text(stage, ts), timeout=20)
        await wait_until_idle(stage)
        assert len(posts(stage, ts)) <= before + 2
        assert "P39P" not in all_text(stage, ts)
        stored = await run_of_reply(stage, posts(stage, ts)[-1])
        assert (stored.state, stored.trouble) == ("failed", "stopped")
