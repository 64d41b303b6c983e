"""Asks with files and reads the prompts, for the tests of files."""

from __future__ import annotations

from bot.playground.file_server import SharedFile
from bot.playground.state.models import SlackMessage
from tests.models.replies import Request
from tests.slack.prompts import without_times
from tests.stage import CONFIG, Stage

SEEING = CONFIG.replace('model = "red-1"', 'model = "red-1"\nimages = true').replace(
    'model = "blue-1"', 'model = "blue-1"\nimages = true'
)


def asked(stage: Stage, model: str = "red-1") -> Request:
    """Return the latest prompt."""
    return [r for r in stage.models.questions if r.model == model][-1]


def text(stage: Stage, model: str = "red-1") -> str:
    """Return the only user turn of the latest prompt, without times and the channel's line."""
    [(role, content)] = asked(stage, model).turns
    assert role == "user"
    return without_times(content)


async def answered(stage: Stage, ts: str) -> SlackMessage:
    """Return the reply in a thread with its footer."""
    reply = await stage.replied(ts)
    await stage.slack.wait_for(lambda: "[Show answers]" in stage.slack.render(reply))
    return reply


async def ask(stage: Stage, words: str, *files: SharedFile, thread_ts: str | None = None) -> str:
    """Ask as Ana with files attached, and return the reply as shown."""
    question = f"{stage.mention} {words}"
    ts = await stage.slack.post(stage.ana, stage.general, question, thread_ts, files=files)
    reply = await answered(stage, thread_ts or ts)
    return stage.slack.render(reply)
