"""The modal in which a question is put by a shortcut."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot import slack_limits
from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.markdown.unicode_filter import clean
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, context

ASK_CALLBACK = "ask_models"
QUESTION, PIPELINE, PLACE, INPUT = "question", "pipeline", "place", "input"


@dataclass(frozen=True, slots=True)
class PostTarget:
    """Where a question is to be put: in a thread, or where the person chooses (both None)."""

    channel: str | None = None
    thread_ts: str | None = None

    def packed(self) -> str:
        """For `private_metadata`."""
        return json.dumps([self.channel, self.thread_ts])

    @classmethod
    def unpacked(cls, text: object) -> PostTarget | None:
        """From `private_metadata`; None for what is none of ours."""
        try:
            channel, thread_ts = json.loads(str(text))
        except (ValueError, TypeError):
            return None
        if not all(value is None or isinstance(value, str) for value in (channel, thread_ts)):
            return None
        return cls(channel, thread_ts)


@dataclass(frozen=True, slots=True)
class ShortcutInput:
    """What somebody has filled in. `channel` is where to ask; None for a direct message."""

    text: str
    pipeline: str | None
    channel: str | None


def shortcut_view(place: PostTarget, pipelines: Collection[str], chosen: str | None) -> Block:
    """The modal: the question, the pipeline and, outside a thread, where the reply goes.

    Args:
        place: where it is asked.
        pipelines: which there are.
        chosen: the one that is asked there unless another is picked; None where that is not known.
    """
    where = [context(strings.ASK_IN_THREAD)] if place.channel else [_where()]
    return {
        "type": "modal",
        "callback_id": ASK_CALLBACK,
        "private_metadata": place.packed(),
        "title": _plain(strings.ASK_TITLE),
        "submit": _plain(strings.ASK_SUBMIT),
        "close": _plain(strings.ASK_CLOSE),
        "blocks": [_question(), *_pipeline(pipelines, chosen), *where],
    }


def read_form(view: Mapping[str, Any]) -> ShortcutInput:
    """What was submitted."""
    values = (view.get("state") or {}).get("values") or {}

    def value(block: str) -> Mapping[str, Any]:
        return (values.get(block) or {}).get(INPUT) or {}

    chosen = (value(PIPELINE).get("selected_option") or {}).get("value")
    return ShortcutInput(
        text=clean(str(value(QUESTION).get("value") or "")).strip(),
        pipeline=str(chosen) if chosen else None,
        channel=value(PLACE).get("selected_conversation"),
    )


def _question() -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": INPUT,
        "multiline": True,
        "max_length": slack_limits.PLAIN_TEXT_INPUT,
        "placeholder": _plain(strings.ASK_PLACEHOLDER),
    }
    return _input(QUESTION, strings.ASK_QUESTION, element)


def _pipeline(pipelines: Collection[str], chosen: str | None) -> list[Block]:
    options = [_option(name) for name in pipelines if len(name) <= slack_limits.OPTION_VALUE]
    options = options[: slack_limits.SELECT_OPTIONS]
    if len(options) < 2:  # noqa: PLR2004 - one is no choice
        return []
    element: Block = {
        "type": "static_select",
        "action_id": INPUT,
        "placeholder": _plain(strings.ASK_PIPELINE_USUAL),
        "options": options,
    }
    if chosen and any(option["value"] == chosen for option in options):
        element["initial_option"] = _option(chosen)
    return [_input(PIPELINE, strings.ASK_PIPELINE, element, optional=True)]


def _where() -> Block:
    element: Block = {
        "type": "conversations_select",
        "action_id": INPUT,
        "placeholder": _plain(strings.ASK_PLACE_NONE),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return _input(PLACE, strings.ASK_PLACE, element, optional=True)


def _option(name: str) -> Block:
    return {"text": _plain(shorten(plain(name), slack_limits.OPTION_TEXT)), "value": name}


def _input(block_id: str, label: str, element: Block, *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": _plain(label),
        "element": element,
        "optional": optional,
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
