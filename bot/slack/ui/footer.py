"""What stands under a reply: one quiet line, and what can be done with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot import slack_limits
from bot.slack.markdown.sanitize import escape_mrkdwn, plain, shorten
from bot.slack.permissions.access import RevealPolicy
from bot.slack.ui import strings
from bot.slack.ui.blocks import (
    AGAIN,
    ANOTHER,
    HELPFUL,
    NOT_HELPFUL,
    REPLY_ACTIONS,
    RETRY_ACTIONS,
    SHARE,
    SHOW_ANSWERS,
    STOP,
    STOP_ACTIONS,
    VERDICT,
    Block,
    button,
    context,
    cost,
    seconds,
)
from bot.slack.ui.clicks import joined
from bot.slack.ui.model_names import notes_of
from moa import Outcome


@dataclass(frozen=True, slots=True)
class Setting:
    """What decides how replies look in a channel.

    Attributes:
        policy: of the channel.
        pipelines: those that a question can be asked again with.
    """

    policy: RevealPolicy
    pipelines: Collection[str] = ()


def footer(
    run_id: str,
    outcome: Outcome,
    setting: Setting,
    *,
    share: bool = False,
    again_of: str | None = None,
) -> list[Block]:
    """The blocks under a whole reply. Each value holds the run's id, which alone opens nothing.

    Args:
        run_id: of the run.
        outcome: of the run.
        setting: of the channel.
        share: whether it can be shared, since only its asker sees it.
        again_of: mrkdwn that tells whose reply was made anew, with a link to it.
    """
    # One block for all: a message takes 50, and each of many models may have a note.
    notes = escape_mrkdwn("\n".join(notes_of(outcome, setting.policy.names)))
    line = escape_mrkdwn(summary(outcome, costs=setting.policy.cost))
    return [
        *([context(notes)] if notes else []),
        context(f"{line} · {again_of}" if again_of else line),
        {
            "type": "actions",
            "block_id": REPLY_ACTIONS,
            "elements": _actions(run_id, setting, share=share),
        },
        _verdicts(run_id),
    ]


def retry(run_id: str) -> list[Block]:
    """The button under what tells that there is no reply."""
    again = button(strings.RETRY, AGAIN, run_id, says=strings.RETRY_LABEL)
    return [{"type": "actions", "block_id": RETRY_ACTIONS, "elements": [again]}]


def stop(run_id: str) -> Block:
    """The button that ends a run, for where Slack has none of its own."""
    element = button(strings.STOP, STOP, run_id, says=strings.STOP_LABEL)
    return {"type": "actions", "block_id": STOP_ACTIONS, "elements": [element]}


def summary(outcome: Outcome, *, costs: bool = True) -> str:
    """The pipeline, how many models' answers were read, seconds and cost, as one line."""
    parts = [outcome.pipeline]
    if outcome.answers:
        read = sum(answer.readable for answer in outcome.answers)
        layers = {answer.layer for answer in outcome.answers}
        # In several layers a model answers more than once.
        counted = strings.MODELS_READ if len(layers) == 1 else strings.OVERVIEW_READ
        parts.append(counted.format(read=read, count=len(outcome.answers)))
    parts.append(seconds(outcome.seconds))
    paid = cost(outcome.cost_usd, estimated=outcome.cost_is_estimate)
    return " · ".join([*parts, paid] if costs else parts)


def _actions(run_id: str, setting: Setting, *, share: bool) -> list[Block]:
    show = button(strings.SHOW_ANSWERS, SHOW_ANSWERS, run_id, says=strings.SHOW_ANSWERS_LABEL)
    again = button(strings.REGENERATE, AGAIN, run_id, says=strings.REGENERATE_LABEL)
    options = _options(run_id, setting.pipelines)
    return [
        *([show] if setting.policy.who != "nobody" else []),
        again,
        *([_select(options)] if len(options) > 1 else []),
        *([button(strings.SHARE, SHARE, run_id)] if share else []),
    ]


def _options(run_id: str, pipelines: Collection[str]) -> list[Block]:
    fitting = [name for name in pipelines if len(joined(run_id, name)) <= slack_limits.OPTION_VALUE]
    return [
        {
            "text": {"type": "plain_text", "text": shorten(plain(name), slack_limits.OPTION_TEXT)},
            "value": joined(run_id, name),
        }
        for name in fitting[: slack_limits.SELECT_OPTIONS]
    ]


def _select(options: list[Block]) -> Block:
    return {
        "type": "static_select",
        "action_id": ANOTHER,
        "placeholder": {"type": "plain_text", "text": strings.ANOTHER_PIPELINE},
        "options": options,
    }


def _verdicts(run_id: str) -> Block:
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": VERDICT,
                "positive_button": _verdict(
                    strings.HELPFUL, strings.HELPFUL_LABEL, joined(run_id, HELPFUL)
                ),
                "negative_button": _verdict(
                    strings.NOT_HELPFUL, strings.NOT_HELPFUL_LABEL, joined(run_id, NOT_HELPFUL)
                ),
            }
        ],
    }


def _verdict(label: str, says: str, value: str) -> Block:
    text = {"type": "plain_text", "text": label}
    return {"text": text, "accessibility_label": says, "value": value}
