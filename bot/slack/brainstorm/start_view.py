"""The form that starts a brainstorm.

Limits (https://docs.slack.dev/reference/block-kit): an input's text 3,000 characters,
private_metadata 3,000.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import slack_limits
from bot.brainstorm.session import DOTS, MAX_DOTS, MAX_MINUTES, MINUTES
from bot.figures import cost, dollars
from bot.slack.brainstorm import ids
from bot.slack.ui.blocks import Block, context, plain_text
from bot.slack.ui.forms import input_block, option
from bot.slack.ui.strings import brainstorm as strings


@dataclass(frozen=True, slots=True)
class StartPlace:
    """Where a brainstorm starts: in a channel, from a thread in it, or not chosen yet."""

    channel: str | None = None
    thread_ts: str | None = None

    def to_metadata(self) -> str:
        """Return it as `private_metadata`."""
        return json.dumps([self.channel, self.thread_ts])

    @classmethod
    def from_metadata(cls, text: object) -> StartPlace:
        """Parse `private_metadata`. Nothing is chosen if it is invalid."""
        try:
            channel, thread_ts = json.loads(str(text))
        except (ValueError, TypeError):
            return cls()
        return cls(
            channel if isinstance(channel, str) else None,
            thread_ts if isinstance(thread_ts, str) else None,
        )


@dataclass(frozen=True, slots=True)
class StartForm:
    """The submitted form. Invalid fields are in `errors`."""

    topic: str
    minutes: int
    dots: int
    pipeline: str | None
    channel: str | None
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StartCost:
    """What a brainstorm costs usually and at most, in US dollars; None if a price is unknown."""

    usual_usd: float | None
    most_usd: float | None


UNKNOWN_COST = StartCost(None, None)


def start_view(
    place: StartPlace,
    topic: str,
    costs: Mapping[str, StartCost],
    chosen: str,
    *,
    shows_cost: bool,
) -> Block:
    """Return the form.

    Args:
        place: where to start; without a channel, the form asks for one.
        topic: the topic to fill in.
        costs: the cost of a brainstorm with each pipeline.
        chosen: the pipeline to fill in.
        shows_cost: whether costs are shown there.
    """
    notes = [strings.START_HOW]
    if place.thread_ts:
        notes.append(strings.START_MATERIAL)
    if shows_cost:
        known = costs.get(chosen, UNKNOWN_COST)
        notes.append(cost_text(known.most_usd, known.usual_usd))
    return {
        "type": "modal",
        "callback_id": ids.START_VIEW,
        "private_metadata": place.to_metadata(),
        "title": plain_text(strings.START_TITLE),
        "submit": plain_text(strings.START_SUBMIT),
        "close": plain_text(strings.START_CANCEL),
        "blocks": [
            _topic(topic),
            _number(ids.MINUTES, strings.START_MINUTES, MINUTES, MAX_MINUTES),
            _number(ids.DOTS, strings.START_DOTS, DOTS, MAX_DOTS),
            *_pipeline(costs, chosen, shows_cost=shows_cost),
            *([] if place.channel else [_place()]),
            context("\n".join(notes)),
        ],
    }


def cost_text(most: float | None, usual: float | None = None) -> str:
    """Return the maximum and the usual cost of a brainstorm, in sentences."""
    if most is None:
        return strings.START_COST_UNKNOWN
    if most == 0:
        return strings.START_COST_NOTHING
    text = strings.START_COST.format(cost=dollars(most))
    return f"{text} {strings.START_COST_USUAL.format(cost=dollars(usual))}" if usual else text


def parse_start(view: Mapping[str, Any], place: StartPlace) -> StartForm:
    """Parse the submitted form."""
    values = (view.get("state") or {}).get("values") or {}

    def field(name: str) -> Mapping[str, Any]:
        return (values.get(name) or {}).get(name) or {}

    topic = str(field(ids.TOPIC).get("value") or "")
    minutes = _whole(field(ids.MINUTES).get("value"), MAX_MINUTES)
    dots = _whole(field(ids.DOTS).get("value"), MAX_DOTS)
    channel = place.channel or field(ids.PLACE).get("selected_conversation")
    wrong = {
        ids.TOPIC: strings.EMPTY_TOPIC if not topic.strip() else "",
        ids.MINUTES: "" if minutes else strings.WRONG_MINUTES.format(most=f"{MAX_MINUTES:,}"),
        ids.DOTS: "" if dots else strings.WRONG_DOTS.format(most=MAX_DOTS),
        ids.PLACE: "" if channel else strings.NO_PLACE,
    }
    return StartForm(
        topic=topic,
        minutes=minutes,
        dots=dots,
        pipeline=(field(ids.PIPELINE).get("selected_option") or {}).get("value"),
        channel=channel,
        errors={name: error for name, error in wrong.items() if error},
    )


def _whole(value: object, most: int) -> int:
    """Return a whole number from 1 to `most`, or 0 for anything else."""
    text = str(value or "").strip()
    number = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
    return number if number <= most else 0


def _topic(topic: str) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": ids.TOPIC,
        "multiline": True,
        "max_length": slack_limits.PLAIN_TEXT_INPUT,
        "placeholder": plain_text(strings.START_TOPIC_PLACEHOLDER),
    }
    if topic.strip():
        element["initial_value"] = topic[: slack_limits.PLAIN_TEXT_INPUT]
    return input_block(ids.TOPIC, strings.START_TOPIC, element)


def _number(name: str, label: str, initial: int, most: int) -> Block:
    element: Block = {
        "type": "number_input",
        "action_id": name,
        "is_decimal_allowed": False,
        "initial_value": str(initial),
        "min_value": "1",
        "max_value": str(most),
    }
    return input_block(name, label, element)


def _pipeline(costs: Mapping[str, StartCost], chosen: str, *, shows_cost: bool) -> list[Block]:
    options: list[Block] = []
    for name, known in costs.items():
        about = _option_cost(known.usual_usd) if shows_cost else ""
        if len(name) <= slack_limits.OPTION_VALUE:
            options.append(option(name, name, about))
    options = options[: slack_limits.SELECT_OPTIONS]
    if len(options) < 2:  # noqa: PLR2004 - one option is no choice
        return []
    element: Block = {"type": "static_select", "action_id": ids.PIPELINE, "options": options}
    initial = [each for each in options if each["value"] == chosen]
    if initial:
        element["initial_option"] = initial[0]
    return [input_block(ids.PIPELINE, strings.START_PIPELINE, element)]


def _option_cost(usual: float | None) -> str:
    if usual is None:
        return ""
    return strings.START_COST_OPTION.format(cost=dollars(usual)) if usual else cost(usual)


def _place() -> Block:
    element: Block = {
        "type": "conversations_select",
        "action_id": ids.PLACE,
        "placeholder": plain_text(strings.START_PLACE_NONE),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return input_block(ids.PLACE, strings.START_PLACE, element)
