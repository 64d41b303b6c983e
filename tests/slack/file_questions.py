"""Helpers that ask questions with files and read what the model received."""

from __future__ import annotations

from bot.playground.file_server import SharedFile
from bot.playground.state.models import SlackMessage
from tests.models.replies import Request
from tests.stage import CONFIG, Stage

SEEING = CONFIG.replace('model = "red-1"', 'model = "red-1"\nimages = true').replace(
    'model = "blue-1"', 'model = "blue-1"\nimages = true'
)


def asked(stage: Stage, model: str = "red-1") -> Request:
    """What a model was sent last."""
    return [r for r in stage.models.questions if r.model == model][-1]


def text(stage: Stage, model: str = "red-1") -> str:
    """The one user turn that a model was sent last."""
    [(role, content)] = asked(stage, model).turns
    assert role == "user"
    return content


async def answered(stage: Stage, ts: str) -> SlackMessage:
    """The reply in a thread with what stands under it."""
    reply = await stage.replied(ts)
    await stage.slack.wait_for(lambda: "[Show answers]" in stage.slack.render(reply))
    return reply


async def ask(stage: Stage, words: str, *files: SharedFile, thread_ts: str | None = None) -> str:
    """Ana's question with files on it; gives the reply as it is shown."""
    question = f"{stage.mention} {words}"
    ts = await stage.slack.post(stage.ana, stage.general, question, thread_ts, files=files)
    reply = await answered(stage, thread_ts or ts)
    return stage.slack.render(reply)
