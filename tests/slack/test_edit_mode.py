"""`[slack] show = "edit"`: replies grow by edits, and end like streamed ones."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigurationError
from bot.playground.state.models import SlackMessage
from bot.settings import load
from bot.slack.ui.strings.footer import RETRY
from tests.databases import fresh_sqlite
from tests.models.replies import Reply, Stall
from tests.slack.user_actions import ALL_EVENTS, wait_until_idle
from tests.stage import Stage, on_stage

EDITED = '\n[slack]\nshow = "edit"\n'


def ours(stage: Stage, ts: str) -> list[SlackMessage]:
    """Return the bot's messages in a thread."""
    found = stage.slack.messages(stage.general, ts)
    return [m for m in found if m.user == stage.slack.bot_user_id]


def without_ids(blocks: list[dict[str, Any]]) -> str:
    """Return blocks without ids, values and figures, which differ between runs."""
    return str([(b["type"], [e["type"] for e in b.get("elements", ())]) for b in blocks])


async def test_a_reply_grows_by_edits(tmp_path: Path) -> None:
    """Progress is a line, then the text appears as it is written; nothing is streamed."""
    gate = asyncio.Event()
    models = {"red-1": Reply("Late.", gate=gate), "writer-1": Reply("The whole reply.")}
    async with on_stage(tmp_path, models=models, extra=EDITED) as stage:
        ts = await stage.ask("What is the risk?")
        await stage.slack.wait_for(
            lambda: any("answered so far" in stage.slack.render(m) for m in ours(stage, ts))
        )
        gate.set()
        await stage.slack.wait_for(
            lambda: "[Show answers]" in "".join(stage.slack.render(m) for m in ours(stage, ts))
        )
        [reply] = ours(stage, ts)
        assert "The whole reply." in stage.slack.render(reply)
        assert stage.slack.calls("chat.startStream") == []
        assert stage.slack.calls("chat.update") != []


async def final_blocks(stage: Stage) -> str:
    """Ask, and return the blocks of the reply, but for the task cards."""
    ts = await stage.ask("What is the risk?")
    await stage.slack.wait_for(lambda: ours(stage, ts))
    await wait_until_idle(stage)
    return without_ids([b for b in ours(stage, ts)[0].blocks if b["type"] != "plan"])


@pytest.mark.parametrize("text", ["Short.", "| a | b |\n|---|---|\n| 1 | 2 |"])
async def test_edited_and_streamed_replies_end_alike(tmp_path: Path, text: str) -> None:
    """The blocks below the text are identical."""
    ends: list[str] = []
    for number, extra in enumerate(("", EDITED)):
        folder = tmp_path / str(number)
        folder.mkdir()
        database = fresh_sqlite(folder / "bot.db")  # a new store each time: the ids are the same
        models = {"writer-1": Reply(text)}
        async with on_stage(folder, models=models, extra=extra, database=database) as stage:
            ends.append(await final_blocks(stage))
    assert ends[0] == ends[1]


async def test_an_edited_reply_is_stopped(tmp_path: Path) -> None:
    """Slack's Stop ends the run; the text so far stays, with a note."""
    stalled = {"writer-1": Reply("One two three four five.", fault=Stall(after=3))}
    async with on_stage(tmp_path, models=stalled, extra=EDITED, events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is the risk?")
        await stage.slack.wait_for(
            lambda: any("One two" in stage.slack.render(m) for m in ours(stage, ts))
        )
        await stage.slack.press_stop(stage.ana, stage.general, ts)
        await wait_until_idle(stage)
        shown = "".join(stage.slack.render(m) for m in ours(stage, ts))
        assert "One two three" in shown
        assert "Stopped." in shown
        assert f"[{RETRY}]" in shown


def test_an_invalid_show_setting_is_rejected(tmp_path: Path) -> None:
    """The error names a typo and the allowed values."""
    (tmp_path / "moa.toml").write_text('[slack]\nshow = "streem"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="show") as caught:
        load(tmp_path, {"OPENAI_API_KEY": "x"})
    assert "edit" in str(caught.value)
