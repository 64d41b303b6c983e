"""Apps and workflows that mention the bot: ignored, or answered within a cap."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.playground.state.models import User
from bot.settings import load
from bot.slack.intake.apps import MAX_PER_HOUR, MAX_PER_THREAD
from tests.slack.user_actions import ALL_EVENTS, count_runs, wait_until_idle
from tests.stage import Stage, on_stage

ANSWERED = '[slack]\nanswer_bots = ["B00000007", "workflows"]\n'


async def app(stage: Stage, name: str = "Alerts", *, workflow: bool = False) -> User:
    """Add another app to the channel."""
    found = stage.slack.add_user(name, bot=not workflow, workflow=workflow)
    await stage.slack.invite(found, stage.general)
    return found


async def test_apps_are_ignored_by_default(tmp_path: Path) -> None:
    """A mention by an app or a workflow costs nothing."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        for other in (await app(stage), await app(stage, workflow=True)):
            for subtype in (None, "bot_message"):
                words = f"{stage.mention} What is the risk?"
                await stage.slack.post(other, stage.general, words, subtype=subtype)
        await stage.slack.wait_for_deliveries()
        assert await count_runs(stage) == 0


@pytest.mark.parametrize("subtype", [None, "bot_message"])
async def test_a_listed_app_is_answered_in_its_thread(tmp_path: Path, subtype: str | None) -> None:
    """The reply is posted without a stream, and nobody gets a private message."""
    async with on_stage(tmp_path, events=ALL_EVENTS, extra=ANSWERED) as stage:
        flow = await app(stage, "Triage", workflow=True)
        text = f"{stage.mention} What is the risk?"
        ts = await stage.slack.post(flow, stage.general, text, subtype=subtype)
        await stage.replied(ts)
        await wait_until_idle(stage)  # edits show the text so far
        assert "The answer of writer-1." in stage.slack.render(await stage.replied(ts))
        assert stage.slack.calls("chat.startStream") == []
        assert stage.slack.calls("chat.postEphemeral") == []
        assert await count_runs(stage) == 1


async def test_two_bots_do_not_answer_each_other_forever(tmp_path: Path) -> None:
    """An app that answers each reply in the thread soon gets no more replies."""
    async with on_stage(tmp_path, events=ALL_EVENTS, extra=ANSWERED, default="single") as stage:
        flow = await app(stage, workflow=True)
        thanks = f"{stage.mention} Thanks! And then?"
        ts = await stage.slack.post(flow, stage.general, thanks)
        for count in range(1, MAX_PER_THREAD + 1):
            await stage.replied(ts, count)
            await wait_until_idle(stage)
            await stage.slack.post(flow, stage.general, thanks, thread_ts=ts)
        await stage.slack.wait_for_deliveries()
        assert await count_runs(stage) == MAX_PER_THREAD
        await stage.ask("And for people?", thread_ts=ts)
        await stage.replied(ts, MAX_PER_THREAD + 1)


async def test_a_flood_from_an_app_is_capped(tmp_path: Path) -> None:
    """A channel's hourly cap also applies to simultaneous questions."""
    async with on_stage(tmp_path, events=ALL_EVENTS, extra=ANSWERED, default="single") as stage:
        flow = await app(stage, workflow=True)
        posting = (
            stage.slack.post(flow, stage.general, f"{stage.mention} Alert {number}?")
            for number in range(2 * MAX_PER_HOUR)
        )
        await asyncio.gather(*posting)
        await stage.slack.wait_for_deliveries()
        await wait_until_idle(stage)
        # when the hour changes, there may be twice as many
        assert await count_runs(stage) in {MAX_PER_HOUR, 2 * MAX_PER_HOUR}


async def test_slacks_own_notices_are_not_questions(tmp_path: Path) -> None:
    """This holds even in direct messages, where any message by a person is a question."""
    async with on_stage(tmp_path, events=ALL_EVENTS, extra=ANSWERED) as stage:
        direct = stage.slack.dm(stage.ana)
        for author in ("USLACK", "USLACKBOT"):
            stage.slack.post_notice(direct, "archived the channel", author)
            stage.slack.post_notice(stage.general, f"{stage.mention} was added", author)
        await stage.slack.wait_for_deliveries()
        assert await count_runs(stage) == 0


@pytest.mark.parametrize("name", ["U00000001", "everything", "b0001", ""])
def test_an_invalid_bot_id_is_rejected(tmp_path: Path, name: str) -> None:
    """A setting without effect is an error at startup."""
    (tmp_path / "moa.toml").write_text(f'[slack]\nanswer_bots = ["{name}"]\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="answer_bots"):
        load(tmp_path, {})
