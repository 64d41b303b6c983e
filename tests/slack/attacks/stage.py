"""A running bot whose models recite the attack corpus, and checks of what Slack shows."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.playground.state.models import CallRecord, SlackMessage, SlackView, User
from bot.slack.answers_modal.views import CHOOSE
from bot.slack.ui.blocks import REPLY_ACTIONS, SHOW_ANSWERS
from tests.models.replies import Reply, Request
from tests.slack.attacks.attack import Attack
from tests.slack.attacks.corpus import CORPUS
from tests.stage import Mode, Stage, on_stage

PAIR = """
[pipelines.pair]
aggregator = "writer"

[[pipelines.pair.layers]]
proposers = ["red"]
"""

ECHO = "Repeat the thread."
"""A question that the models answer by repeating their whole prompt."""

CHUNK_SIZE = 300

SHOWING = ("chat.", "views.", "agents.", "assistant.")
"""Prefixes of the methods that show something to people."""

_NAMED = re.compile(r"Recite (\S+/\S+) now\.")


def recite(attack: Attack) -> str:
    """Return the question that the models answer with an attack."""
    return f"Recite {attack} now."


@dataclass(frozen=True)
class ChunkedReply(Reply):
    """A model that streams three hundred characters at a time, even within words."""

    def pieces(self, request: Request) -> list[str]:
        """Return the text in chunks."""
        text = _said(request)
        return [text[start : start + CHUNK_SIZE] for start in range(0, len(text), CHUNK_SIZE)]


@asynccontextmanager
async def reciting(folder: Path, mode: Mode = "socket") -> AsyncGenerator[Stage, None]:
    """Run a bot with one proposer and one aggregator that say what the question dictates."""
    models = {"red-1": ChunkedReply(), "writer-1": ChunkedReply()}
    async with on_stage(folder, mode=mode, models=models, extra=PAIR, default="pair") as stage:
        stage.slack.rate_limits.enabled = False
        yield stage


def _said(request: Request) -> str:
    text = request.turns[-1][1]
    if ECHO in text:
        return text
    named = _NAMED.search(text)
    assert named is not None
    return next(attack.text for attack in CORPUS if str(attack) == named[1])


def ended(stage: Stage, ts: str) -> list[SlackMessage] | None:
    """Return the bot's messages in a thread once the reply is complete, with its buttons."""
    ours = stage.replies(ts)
    whole = any(block.get("block_id") == REPLY_ACTIONS for m in ours for block in m.blocks)
    return ours if whole else None


async def whole_reply(stage: Stage, ts: str) -> list[SlackMessage]:
    """Wait for the complete reply and return its messages."""
    found = await stage.slack.wait_for(lambda: ended(stage, ts), timeout=30)
    assert found is not None
    return found


def markdown_of(messages: Iterable[SlackMessage]) -> str:
    """Return the text of messages, without buttons and cards."""
    blocks = (block for message in messages for block in message.blocks)
    return "\n\n".join(block["text"] for block in blocks if block["type"] == "markdown")


async def answer_in_modal(
    stage: Stage, user: User, message: SlackMessage, model: str = "red"
) -> SlackView:
    """Click Show answers, choose a model's answer, and return the modal."""
    left = stage.slack.current_modal(user)
    await stage.slack.click(user, message, SHOW_ANSWERS)
    view = await stage.slack.wait_for(lambda: _with_chooser(stage, user, left))
    assert view is not None
    before = view.hash
    await stage.slack.click(user, view, CHOOSE, option(view, model))
    await stage.slack.wait_for(lambda: view.hash != before)
    return view


def _with_chooser(stage: Stage, user: User, left: SlackView | None) -> SlackView | None:
    view = stage.slack.current_modal(user)
    if view is None or view is left:
        return None
    return view if any(e.get("action_id") == CHOOSE for e in elements(view)) else None


def option(view: SlackView, containing: str) -> str:
    """Return the value of the option whose text contains this."""
    for element in elements(view):
        for group in element.get("option_groups", ()):
            for choice in group["options"]:
                if containing in choice["text"]["text"]:
                    return str(choice["value"])
    raise LookupError(containing)


def elements(shown: SlackMessage | SlackView) -> Iterator[dict[str, Any]]:
    """Yield everything clickable in a message or a modal."""
    for block in shown.blocks:
        yield from block.get("elements", ())


def assert_harmless(stage: Stage, *, without: str = "") -> None:
    """Check that nobody was notified, nothing was fetched, and Slack has rejected nothing.

    `without` is a method that this workspace lacks.
    """
    assert stage.slack.notifications == []
    assert stage.slack.unfurls == []
    shown = [call for call in stage.slack.calls() if call.method.startswith(SHOWING)]
    shown = [call for call in shown if call.method != without]
    assert [_brief(call) for call in shown if not call.ok] == []


def _brief(call: CallRecord) -> str:
    return f"{call.method}: {call.error}: {str(call.args)[:500]}: {str(call.response)[:500]}"
