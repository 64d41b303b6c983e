"""The footer of a reply: notes, one line of figures, and the buttons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot import slack_limits
from bot.figures import cost, seconds
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.permissions.access import RevealPolicy
from bot.slack.ui.blocks import (
    AGAIN,
    ANOTHER,
    FEEDBACK,
    HELPFUL,
    NOT_HELPFUL,
    REPLY_ACTIONS,
    RETRY_ACTIONS,
    SHARE,
    SHOW_ANSWERS,
    STOP,
    STOP_ACTIONS,
    Block,
    actions,
    button,
    context,
    plain_text,
)
from bot.slack.ui.clicks import join_value
from bot.slack.ui.forms import option
from bot.slack.ui.model_names import visible_notes
from bot.slack.ui.strings import footer as strings
from moa import Answer, Outcome


@dataclass(frozen=True, slots=True)
class FooterOptions:
    """How footers look in a channel.

    Attributes:
        policy: the channel's policy.
        pipelines: the pipelines that people can ask again with.
        is_first: whether this is the first reply that people see there, which says that an AI wrote
            it (article 50 of Regulation (EU) 2024/1689; Slack's guidelines for AI apps).
    """

    policy: RevealPolicy
    pipelines: Collection[str] = ()
    is_first: bool = False


def footer(
    run_id: str,
    outcome: Outcome,
    options: FooterOptions,
    *,
    share: bool = False,
    again_of: str | None = None,
) -> list[Block]:
    """Return the blocks under a complete reply.

    Button values hold the run id. It isn't a secret: every click is authorised again.

    Args:
        run_id: the run's id.
        outcome: the run's outcome.
        options: the channel's options.
        share: whether only the asker sees the reply and can share it.
        again_of: for a regenerated reply, mrkdwn that says who asked again and links to the earlier
            reply.
    """
    # One block for all notes: a message can have 50 blocks, and every model may add a note.
    notes = escape_mrkdwn("\n".join(visible_notes(outcome, options.policy.names)))
    line = escape_mrkdwn(summary(outcome, costs=options.policy.cost))
    parts = [line, *([strings.AI_NOTICE] if options.is_first else []), *filter(None, [again_of])]
    return [
        *([context(notes)] if notes else []),
        context(" · ".join(parts)),
        *reply_buttons(run_id, options, share=share),
    ]


def reply_buttons(run_id: str, options: FooterOptions, *, share: bool = False) -> list[Block]:
    """Return the buttons under a complete reply."""
    return [
        actions(REPLY_ACTIONS, _reply_actions(run_id, options, share=share)),
        _feedback_buttons(run_id),
    ]


def retry_button(run_id: str, *, show_answers: bool = False) -> list[Block]:
    """Return the "Try again" button for a notice, and "Show answers" if there are any to show."""
    retry = button(strings.RETRY, AGAIN, run_id, accessibility_label=strings.RETRY_LABEL)
    return [actions(RETRY_ACTIONS, [*([show_button(run_id)] if show_answers else []), retry])]


def show_button(run_id: str) -> Block:
    """Return the "Show answers" button."""
    label = strings.SHOW_ANSWERS_LABEL
    return button(strings.SHOW_ANSWERS, SHOW_ANSWERS, run_id, accessibility_label=label)


def stop_button(run_id: str) -> Block:
    """Return a button that stops the run, for workspaces without Slack's Stop button."""
    stop = button(strings.STOP, STOP, run_id, accessibility_label=strings.STOP_LABEL)
    return actions(STOP_ACTIONS, [stop])


def summary(outcome: Outcome, *, costs: bool = True) -> str:
    """Return the pipeline, the number of models used, the seconds and the cost as one line."""
    layers = {answer.layer for answer in outcome.answers}
    # A model can answer once per layer, so with several layers this counts answers.
    counted = strings.FOOTER_MODELS if len(layers) == 1 else strings.FOOTER_ANSWERS
    paid = cost(outcome.cost_usd, estimated=outcome.cost_is_estimate) if costs else None
    return figures_line(outcome.pipeline, outcome.answers, counted, outcome.seconds, paid)


def figures_line(
    pipeline: str, answers: Sequence[Answer], counted: str, took: float | None, paid: str | None
) -> str:
    """Return the figures of a run as one line, in the footer and in the answers modal.

    Args:
        pipeline: the pipeline's name.
        answers: the proposers' answers.
        counted: a text that says how many of them were used.
        took: the run's duration in seconds, if known.
        paid: its cost as text, if shown.
    """
    used = sum(answer.readable for answer in answers)
    parts = [
        pipeline,
        counted.format(used=used, count=len(answers)) if answers else None,
        None if took is None else seconds(took),
        paid,
    ]
    return " · ".join(part for part in parts if part is not None)


def _reply_actions(run_id: str, options: FooterOptions, *, share: bool) -> list[Block]:
    again = button(strings.REGENERATE, AGAIN, run_id, accessibility_label=strings.REGENERATE_LABEL)
    choices = _pipeline_options(run_id, options.pipelines)
    return [
        *([show_button(run_id)] if options.policy.who != "nobody" else []),
        again,
        *([_pipeline_menu(choices)] if len(choices) > 1 else []),
        *([button(strings.SHARE, SHARE, run_id)] if share else []),
    ]


def _pipeline_options(run_id: str, pipelines: Collection[str]) -> list[Block]:
    values = ((name, join_value(run_id, name)) for name in pipelines)
    fitting = [option(name, value) for name, value in values if _fits(value)]
    return fitting[: slack_limits.SELECT_OPTIONS]


def _fits(value: str) -> bool:
    return len(value) <= slack_limits.OPTION_VALUE


def _pipeline_menu(options: list[Block]) -> Block:
    return {
        "type": "static_select",
        "action_id": ANOTHER,
        "placeholder": plain_text(strings.ANOTHER_PIPELINE),
        "options": options,
    }


def _feedback_buttons(run_id: str) -> Block:
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": FEEDBACK,
                "positive_button": _feedback_button(
                    strings.HELPFUL, strings.HELPFUL_LABEL, join_value(run_id, HELPFUL)
                ),
                "negative_button": _feedback_button(
                    strings.NOT_HELPFUL, strings.NOT_HELPFUL_LABEL, join_value(run_id, NOT_HELPFUL)
                ),
            }
        ],
    }


def _feedback_button(label: str, accessibility_label: str, value: str) -> Block:
    text = plain_text(label)
    return {"text": text, "accessibility_label": accessibility_label, "value": value}
