"""The modal in which a shortcut asks for the question.

Limits (https://docs.slack.dev/reference/block-kit): an input's text 3,000 characters,
private_metadata 3,000.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot import slack_limits
from bot.slack.markdown.unicode_filter import clean
from bot.slack.ui.blocks import Block, context, plain_text
from bot.slack.ui.forms import input_block, option
from bot.slack.ui.strings import commands as strings

ASK_CALLBACK = "ask_models"
QUESTION, PIPELINE, PLACE, INPUT = "question", "pipeline", "place", "input"


@dataclass(frozen=True, slots=True)
class PostTarget:
    """Where to post a question: in a thread, in a channel, or (both None) in a direct message.

    `about` is the ts of the message in that thread that the question is about.
    """

    channel: str | None = None
    thread_ts: str | None = None
    about: str | None = None

    def to_metadata(self) -> str:
        """Return it as `private_metadata`."""
        return json.dumps([self.channel, self.thread_ts, self.about])

    @classmethod
    def from_metadata(cls, text: object) -> PostTarget | None:
        """Parse `private_metadata`. None if it is invalid."""
        try:
            channel, thread_ts, *about = json.loads(str(text))
            values = (channel, thread_ts, *about)
            if not all(value is None or isinstance(value, str) for value in values):
                return None
            return cls(*values)
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class ShortcutInput:
    """The submitted values. `channel` is where to ask, or None for a direct message."""

    text: str
    pipeline: str | None
    channel: str | None


def shortcut_view(target: PostTarget, pipelines: Collection[str], chosen: str | None) -> Block:
    """Return the modal: the question, the pipeline and, outside a thread, where to post.

    Args:
        target: where the shortcut was used.
        pipelines: the pipelines to choose from.
        chosen: the default pipeline there; None if unknown.
    """
    destination = context(strings.ASK_IN_THREAD) if target.channel else _channel_input()
    return {
        "type": "modal",
        "callback_id": ASK_CALLBACK,
        "private_metadata": target.to_metadata(),
        "title": plain_text(strings.ASK_TITLE),
        "submit": plain_text(strings.ASK_SUBMIT),
        "close": plain_text(strings.ASK_CLOSE),
        "blocks": [_question_input(), *_pipeline_input(pipelines, chosen), destination],
    }


def parse_form(view: Mapping[str, Any]) -> ShortcutInput:
    """Parse the submitted modal."""
    values = (view.get("state") or {}).get("values") or {}

    def value(block: str) -> Mapping[str, Any]:
        return (values.get(block) or {}).get(INPUT) or {}

    chosen = (value(PIPELINE).get("selected_option") or {}).get("value")
    return ShortcutInput(
        text=clean(str(value(QUESTION).get("value") or "")).strip(),
        pipeline=str(chosen) if chosen else None,
        channel=value(PLACE).get("selected_conversation"),
    )


def _question_input() -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": INPUT,
        "multiline": True,
        "max_length": slack_limits.PLAIN_TEXT_INPUT,
        "placeholder": plain_text(strings.ASK_PLACEHOLDER),
    }
    return input_block(QUESTION, strings.ASK_QUESTION, element)


def _pipeline_input(pipelines: Collection[str], chosen: str | None) -> list[Block]:
    options = [option(name, name) for name in pipelines if len(name) <= slack_limits.OPTION_VALUE]
    options = options[: slack_limits.SELECT_OPTIONS]
    if len(options) < 2:  # noqa: PLR2004 - one option is no choice
        return []
    element: Block = {
        "type": "static_select",
        "action_id": INPUT,
        "placeholder": plain_text(strings.ASK_PIPELINE_USUAL),
        "options": options,
    }
    if chosen and any(each["value"] == chosen for each in options):
        element["initial_option"] = option(chosen, chosen)
    return [input_block(PIPELINE, strings.ASK_PIPELINE, element, optional=True)]


def _channel_input() -> Block:
    element: Block = {
        "type": "conversations_select",
        "action_id": INPUT,
        "placeholder": plain_text(strings.ASK_PLACE_NONE),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return input_block(PLACE, strings.ASK_PLACE, element, optional=True)
