"""Asks the example questions, which a real bot answers with scripted models."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.app import open_bot
from bot.server import serve_socket
from bot.trial.cast import EXAMPLES, Example
from moa.pipeline.config import Config

if TYPE_CHECKING:
    from bot.playground.server import LocalSlack
    from bot.playground.state.models import Channel, SlackMessage
    from bot.settings import Settings

PIPELINE: Final = "example"
_WRITER: Final = "writer"
_PAUSE_S: Final = 0.05
_END_S: Final = 10.0
"""Seconds in which a run must store its end after its reply."""


async def play_examples(slack: LocalSlack, settings: Settings) -> None:
    """Ask every example question and wait for its reply."""
    for example in EXAMPLES:
        scripted = replace(settings, config=_config(example))
        async with open_bot(scripted, mode="socket") as bot, serve_socket(bot, scripted):
            await slack.wait_for(lambda: slack.connections)
            await _ask(slack, example)
            await bot.jobs.drain(_END_S)


def is_example(message: SlackMessage) -> bool:
    """Return whether the bot wrote this message with scripted models."""
    return bool(message.metadata) and _footer_names(message, PIPELINE)


def _footer_names(message: SlackMessage, pipeline: str) -> bool:
    contexts = [block for block in message.blocks if block["type"] == "context"]
    texts = [str(each.get("text", "")) for block in contexts for each in block["elements"]]
    return any(text.startswith(f"{pipeline} · ") for text in texts)


async def _ask(slack: LocalSlack, example: Example) -> None:
    channel = next(each for each in slack.conversations if each.name == example.room)
    root = next(m for m in slack.messages(channel) if m.text.startswith(example.under))
    mention = f"<@{slack.bot_user_id}> {example.question}"
    await slack.post(example.who, channel, mention, thread_ts=root.ts)
    await slack.wait_for(lambda: _replied(slack, channel, root.ts))
    await slack.wait_for_deliveries()


def _replied(slack: LocalSlack, channel: Channel, ts: str) -> bool:
    last = slack.messages(channel, ts)[-1]
    return last.user == slack.bot_user_id and bool(last.metadata) and not last.streaming


def _config(example: Example) -> Config:
    texts = {**example.answers, _WRITER: example.reply}
    models = {
        name: {"provider": "scripted", "model": "example", "reply": text, "delay_s": _PAUSE_S}
        for name, text in texts.items()
    }
    pipeline = {
        "description": "An example, written by scripted models.",
        "aggregator": _WRITER,
        "layers": [{"proposers": list(example.answers)}],
    }
    return Config.from_table(
        {"default_pipeline": PIPELINE, "models": models, "pipelines": {PIPELINE: pipeline}}
    )
