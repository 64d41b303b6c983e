"""The settings modals of a channel and of the workspace.

Limits (https://docs.slack.dev/reference/block-kit): title 24 characters, private_metadata 3,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from bot import slack_limits
from bot.figures import dollars
from bot.limits import Limits
from bot.preferences import STRICTER, Choices, Preferences, Rules, SharedChoice
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui.blocks import Block, context, plain_text, section
from bot.slack.ui.forms import input_block, option
from bot.slack.ui.strings import settings as strings
from moa.pipeline.definition import Pipeline

CHANNEL_CALLBACK = "channel_settings"
WORKSPACE_CALLBACK = "workspace_settings"

INHERITED = "inherited"
"""The value of the option that makes no choice of our own."""

VALUE_PREFIX = "is:"
"""The prefix of every other option's value, so that none can equal `INHERITED`."""

PIPELINE, LISTENING = "pipeline", "listening"
FOLLOW_UPS, OFFER = "follow_ups", "offer_brainstorms"
WITH = "brainstorm_with"

PRIVACY: Mapping[str, str] = MappingProxyType(
    {
        "reveal": strings.SETTINGS_REVEAL,
        "names": strings.SETTINGS_NAMES,
        "cost": strings.SETTINGS_COST,
    }
)
BUDGETS: Mapping[str, str] = MappingProxyType(
    {
        "per_person_day_usd": strings.SETTINGS_PERSON_BUDGET,
        "per_workspace_month_usd": strings.SETTINGS_WORKSPACE_BUDGET,
    }
)


def text_view(text: str, title: str = strings.SETTINGS_TITLE) -> Block:
    """Return a modal that contains only a text."""
    return {
        "type": "modal",
        "title": plain_text(title),
        "close": plain_text(strings.SETTINGS_CLOSE),
        "blocks": [section(escape_mrkdwn(text))],
    }


def channel_view(
    channel: str,
    choices: Choices,
    preferences: Preferences,
    pipelines: Mapping[str, Pipeline],
    *,
    direct: bool,
) -> Block:
    """Return the form with a channel's current settings. `direct` is for a direct message."""
    inherited = preferences.resolve(Choices(workspace=choices.workspace))
    rules = preferences.resolve(Choices(choices.workspace, choices.channel))
    about = strings.SETTINGS_ABOUT_DIRECT
    if not direct:
        about = strings.SETTINGS_ABOUT.format(channel=f"<#{escape_mrkdwn(channel)}>")
    inherit_label = strings.SETTINGS_INHERITED
    return _form(
        CHANNEL_CALLBACK,
        strings.SETTINGS_TITLE,
        channel,
        [
            context(about),
            _pipeline_input(choices.channel.pipeline, inherited.pipeline, inherit_label, pipelines),
            *([] if direct else [_listening(rules), _participants(rules)]),
            *_privacy(choices.channel, inherited, inherit_label),
        ],
    )


def workspace_view(
    choices: Choices, preferences: Preferences, pipelines: Mapping[str, Pipeline], limits: Limits
) -> Block:
    """Return the form with the workspace's current settings."""
    chosen, inherited = choices.workspace, preferences.resolve(Choices())
    rules = preferences.resolve(Choices(chosen))
    inherit_label = strings.SETTINGS_FROM_OPERATOR
    return _form(
        WORKSPACE_CALLBACK,
        strings.SETTINGS_TITLE_WORKSPACE,
        "",
        [
            context(strings.SETTINGS_ABOUT_WORKSPACE),
            _pipeline_input(chosen.pipeline, inherited.pipeline, inherit_label, pipelines),
            _listening(rules, offer=False),
            *_privacy(chosen, inherited, inherit_label),
            *(
                _budget(key, getattr(chosen, key), getattr(limits, key), label)
                for key, label in BUDGETS.items()
            ),
        ],
    )


def pipeline_menu(
    action_id: str, chosen: str | None, inherit_label: str, pipelines: Mapping[str, Pipeline]
) -> Block:
    """Return a menu of the pipelines. `inherit_label` labels the option that chooses none."""
    options = [option(inherit_label, INHERITED)]
    for name, pipeline in pipelines.items():
        if len(VALUE_PREFIX + name) <= slack_limits.OPTION_VALUE:
            options.append(option(name, VALUE_PREFIX + name, pipeline.description))
    return _menu(action_id, options, chosen)


def allowed_values(key: str, inherited: Rules) -> Sequence[str]:
    """Return the values of a privacy setting that are at least as strict as the inherited one."""
    order = STRICTER[key]
    return order[order.index(getattr(inherited, key)) :]


def value_label(key: str, value: str) -> str:
    """Return the label for a value of a privacy setting."""
    return strings.SETTINGS_VALUES.get(f"{key}.{value}") or strings.SETTINGS_VALUES[value]


def _form(callback: str, title: str, metadata: str, blocks: Iterable[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain_text(title),
        "submit": plain_text(strings.SETTINGS_SAVE),
        "close": plain_text(strings.SETTINGS_CANCEL),
        "private_metadata": metadata,
        "blocks": [*blocks],
    }


def _pipeline_input(
    chosen: str | None, inherited: str, inherit_label: str, pipelines: Mapping[str, Pipeline]
) -> Block:
    menu = pipeline_menu(PIPELINE, chosen, inherit_label.format(value=inherited), pipelines)
    return input_block(PIPELINE, strings.SETTINGS_PIPELINE, menu)


def _privacy(chosen: SharedChoice, inherited: Rules, inherit_label: str) -> Iterable[Block]:
    for key, label in PRIVACY.items():
        inherited_label = value_label(key, getattr(inherited, key))
        options = [option(inherit_label.format(value=inherited_label), INHERITED)]
        values = allowed_values(key, inherited)
        options += [option(value_label(key, value), VALUE_PREFIX + value) for value in values]
        yield input_block(key, label, _menu(key, options, getattr(chosen, key)))


def _listening(rules: Rules, *, offer: bool = True) -> Block:
    options = [
        option(strings.SETTINGS_FOLLOW_UPS, FOLLOW_UPS, strings.SETTINGS_FOLLOW_UPS_MORE),
        option(strings.SETTINGS_OFFER, OFFER, strings.SETTINGS_OFFER_MORE),
    ]
    boxes: Block = {
        "type": "checkboxes",
        "action_id": LISTENING,
        "options": options if offer else options[:1],
    }
    checked = [box for box in boxes["options"] if getattr(rules, box["value"])]
    boxes |= {"initial_options": checked} if checked else {}
    return input_block(LISTENING, strings.SETTINGS_LISTENING, boxes, optional=True)


def _participants(rules: Rules) -> Block:
    options = [
        option(value_label(WITH, value), VALUE_PREFIX + value)
        for value in ("full_members", "workspace", "everyone")
    ]
    menu = _menu(WITH, options, rules.brainstorm_with)
    return input_block(WITH, strings.SETTINGS_WITH, menu)


def _budget(key: str, chosen: float | None, most: float | None, label: str) -> Block:
    capped = strings.SETTINGS_BUDGET_CAPPED.format(most=dollars(most)) if most is not None else ""
    amount_input: Block = {"type": "number_input", "action_id": key, "is_decimal_allowed": True}
    amount_input |= {"initial_value": f"{chosen:g}"} if chosen is not None else {}
    hint = plain_text(capped or strings.SETTINGS_BUDGET_OPEN)
    return input_block(key, label, amount_input, optional=True) | {"hint": hint}


def _menu(action_id: str, options: Sequence[Block], chosen: str | None) -> Block:
    options = options[: slack_limits.SELECT_OPTIONS]
    value = INHERITED if chosen is None else VALUE_PREFIX + chosen
    initial = next((each for each in options if each["value"] == value), options[0])
    return {
        "type": "static_select",
        "action_id": action_id,
        "options": [*options],
        "initial_option": initial,
    }
