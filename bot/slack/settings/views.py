"""The settings of a channel and of the workspace as modals.

Limits (https://docs.slack.dev/reference/block-kit): a modal's title 24 characters, an option's text
75 and its value 150, 100 options a menu, private_metadata 3,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from bot.figures import dollars
from bot.limits import Limits
from bot.preferences import STRICTER, Choices, Preferences, Rules, SharedChoice
from bot.slack.markdown.sanitize import escape_mrkdwn, plain, shorten
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, context, section
from moa.pipeline.definition import Pipeline

CHANNEL_CALLBACK = "channel_settings"
WORKSPACE_CALLBACK = "workspace_settings"

INHERITED = "inherited"
"""The value of the option that chooses nothing."""

NAMED = "is:"
"""How the value of every other option begins."""

OPTION_LIMIT, VALUE_LIMIT, OPTIONS = 75, 150, 100

PIPELINE, LISTENING = "pipeline", "listening"
FOLLOW_UPS, BRAINSTORM = "follow_ups", "brainstorm"

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


def told_view(text: str, title: str = strings.SETTINGS_TITLE) -> Block:
    """A modal that only says something."""
    return {
        "type": "modal",
        "title": _plain_text(title),
        "close": _plain_text(strings.SETTINGS_CLOSE),
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
    """A channel's settings as they are now, to be changed. `direct`: it is a direct message."""
    inherited = preferences.settled(Choices(workspace=choices.workspace))
    rules = preferences.settled(Choices(choices.workspace, choices.channel))
    about = strings.SETTINGS_ABOUT_DIRECT
    if not direct:
        about = strings.SETTINGS_ABOUT.format(channel=f"<#{escape_mrkdwn(channel)}>")
    as_in = strings.SETTINGS_INHERITED
    return _form(
        CHANNEL_CALLBACK,
        strings.SETTINGS_TITLE,
        channel,
        [
            context(about),
            pipeline_input(choices.channel.pipeline, inherited.pipeline, as_in, pipelines),
            *([] if direct else [_listening(rules)]),
            *_privacy(choices.channel, inherited, as_in),
        ],
    )


def workspace_view(
    choices: Choices, preferences: Preferences, pipelines: Mapping[str, Pipeline], limits: Limits
) -> Block:
    """The workspace's settings as they are now, to be changed."""
    chosen, inherited = choices.workspace, preferences.settled(Choices())
    rules = preferences.settled(Choices(chosen))
    as_in = strings.SETTINGS_FROM_OPERATOR
    return _form(
        WORKSPACE_CALLBACK,
        strings.SETTINGS_TITLE_WORKSPACE,
        "",
        [
            context(strings.SETTINGS_ABOUT_WORKSPACE),
            pipeline_input(chosen.pipeline, inherited.pipeline, as_in, pipelines),
            _listening(rules, brainstorm=False),
            *_privacy(chosen, inherited, as_in),
            *(
                _budget(key, getattr(chosen, key), getattr(limits, key), label)
                for key, label in BUDGETS.items()
            ),
        ],
    )


def pipeline_input(
    chosen: str | None, inherited: str, as_in: str, pipelines: Mapping[str, Pipeline]
) -> Block:
    """The choice of a pipeline as a field of a form."""
    menu = pipeline_menu(PIPELINE, chosen, as_in.format(value=inherited), pipelines)
    return _field(PIPELINE, strings.SETTINGS_PIPELINE, menu)


def pipeline_menu(
    action_id: str, chosen: str | None, nothing: str, pipelines: Mapping[str, Pipeline]
) -> Block:
    """A menu of the pipelines. `nothing`: what the option says that chooses none."""
    options = [_option(nothing, INHERITED)]
    for name, pipeline in pipelines.items():
        if len(NAMED + name) <= VALUE_LIMIT:
            options.append(_option(name, NAMED + name, pipeline.description))
    return _menu(action_id, options, chosen)


def offered(key: str, inherited: Rules) -> Sequence[str]:
    """What may be chosen for a key of privacy: nothing that is less strict than what is above."""
    order = STRICTER[key]
    return order[order.index(getattr(inherited, key)) :]


def value_words(key: str, value: str) -> str:
    """What a choice of privacy is called."""
    return strings.SETTINGS_VALUES.get(f"{key}.{value}") or strings.SETTINGS_VALUES[value]


def _form(callback: str, title: str, metadata: str, blocks: Iterable[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": _plain_text(title),
        "submit": _plain_text(strings.SETTINGS_SAVE),
        "close": _plain_text(strings.SETTINGS_CANCEL),
        "private_metadata": metadata,
        "blocks": [*blocks],
    }


def _privacy(chosen: SharedChoice, inherited: Rules, as_in: str) -> Iterable[Block]:
    for key, label in PRIVACY.items():
        above = value_words(key, getattr(inherited, key))
        options = [_option(as_in.format(value=above), INHERITED)]
        options += [_option(value_words(key, v), NAMED + v) for v in offered(key, inherited)]
        yield _field(key, label, _menu(key, options, getattr(chosen, key)))


def _listening(rules: Rules, *, brainstorm: bool = True) -> Block:
    options = [
        _option(strings.SETTINGS_FOLLOW_UPS, FOLLOW_UPS, strings.SETTINGS_FOLLOW_UPS_MORE),
        _option(strings.SETTINGS_BRAINSTORM, BRAINSTORM, strings.SETTINGS_BRAINSTORM_MORE),
    ]
    boxes: Block = {
        "type": "checkboxes",
        "action_id": LISTENING,
        "options": options if brainstorm else options[:1],
    }
    on = [o for o in boxes["options"] if getattr(rules, o["value"])]
    boxes |= {"initial_options": on} if on else {}
    return _field(LISTENING, strings.SETTINGS_LISTENING, boxes) | {"optional": True}


def _budget(key: str, chosen: float | None, most: float | None, label: str) -> Block:
    capped = strings.SETTINGS_BUDGET_CAPPED.format(most=dollars(most)) if most is not None else ""
    written: Block = {"type": "number_input", "action_id": key, "is_decimal_allowed": True}
    written |= {"initial_value": f"{chosen:g}"} if chosen is not None else {}
    hint = _plain_text(capped or strings.SETTINGS_BUDGET_OPEN)
    return _field(key, label, written) | {"optional": True, "hint": hint}


def _field(key: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": key, "label": _plain_text(label), "element": element}


def _menu(action_id: str, options: Sequence[Block], chosen: str | None) -> Block:
    options = options[:OPTIONS]
    wanted = INHERITED if chosen is None else NAMED + chosen
    initial = next((option for option in options if option["value"] == wanted), options[0])
    return {
        "type": "static_select",
        "action_id": action_id,
        "options": [*options],
        "initial_option": initial,
    }


def _option(text: str, value: str, more: str = "") -> Block:
    made: Block = {"text": _plain_text(shorten(plain(text), OPTION_LIMIT)), "value": value}
    description = shorten(plain(more), OPTION_LIMIT)
    return made | ({"description": _plain_text(description)} if description else {})


def _plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text}
