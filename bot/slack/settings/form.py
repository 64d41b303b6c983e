"""What a person has filled into a settings modal. Nothing in it is taken on trust."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from bot.figures import dollars
from bot.limits import Limits
from bot.preferences import ChannelChoice, Choices, Preferences, Rules, WorkspaceChoice
from bot.slack.settings.views import (
    BRAINSTORM,
    BUDGETS,
    FOLLOW_UPS,
    INHERITED,
    LISTENING,
    NAMED,
    PIPELINE,
    PRIVACY,
    offered,
)
from bot.slack.ui import strings

LARGEST_USD = 1e9


class FormError(ValueError):
    """What was filled in cannot be taken.

    Attributes:
        told: for each field what is wrong with it.
    """

    def __init__(self, told: Mapping[str, str]) -> None:
        super().__init__(*told)
        self.told = told


class FormValues:
    """The values of a submitted modal, by the ids that its fields were given.

    Raises:
        Wrong: from every method that reads a value which is not offered.
    """

    def __init__(self, view: Mapping[str, Any]) -> None:
        state = view.get("state")
        values = state.get("values") if isinstance(state, Mapping) else None
        self._values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}

    def one_of(self, key: str, allowed: Collection[str]) -> str | None:
        """The option that was chosen in a menu; None for the one that chooses nothing."""
        option = self._element(key).get("selected_option")
        value = str(option.get("value")) if isinstance(option, Mapping) else INHERITED
        return picked(value, allowed, key)

    def ticked(self, key: str) -> Collection[str]:
        """The values of the boxes that were ticked."""
        options = self._element(key).get("selected_options")
        listed = options if isinstance(options, list) else []
        return {str(o.get("value")) for o in listed if isinstance(o, Mapping)}

    def amount(self, key: str, most: float | None) -> float | None:
        """An amount above 0; None where the field was left empty."""
        written = self._element(key).get("value")
        if written is None or not str(written).strip():
            return None
        try:
            value = float(str(written))
        except ValueError:
            value = math.nan
        if not 0 < value < LARGEST_USD:
            raise FormError({key: strings.SETTINGS_BUDGET_WRONG})
        if most is not None and value > most:
            raise FormError({key: strings.SETTINGS_BUDGET_TOO_HIGH.format(most=dollars(most))})
        return value

    def _element(self, key: str) -> Mapping[str, Any]:
        block = self._values.get(key)
        element = block.get(key) if isinstance(block, Mapping) else None
        return element if isinstance(element, Mapping) else {}


def picked(value: str, allowed: Collection[str], key: str) -> str | None:
    """What an option of a menu stands for; None for the one that chooses nothing.

    Raises:
        Wrong: when it is not among those that are allowed.
    """
    if value == INHERITED:
        return None
    name = value.removeprefix(NAMED)
    if not value.startswith(NAMED) or name not in allowed:
        raise FormError({key: strings.SETTINGS_NOT_OFFERED})
    return name


def channel_choice(
    view: Mapping[str, Any], choices: Choices, preferences: Preferences
) -> ChannelChoice:
    """What was chosen for a channel.

    Raises:
        Wrong: when it is not offered.
    """
    inherited = preferences.settled(Choices(workspace=choices.workspace))
    filled = FormValues(view)
    ticked = filled.ticked(LISTENING)
    return ChannelChoice.model_validate(
        _shared(filled, inherited, preferences)
        | {
            "follow_ups": _changed(FOLLOW_UPS in ticked, inherited.follow_ups),
            "brainstorm": _changed(BRAINSTORM in ticked, inherited.brainstorm),
        }
    )


def workspace_choice(
    view: Mapping[str, Any], preferences: Preferences, limits: Limits
) -> WorkspaceChoice:
    """What was chosen for the workspace.

    Raises:
        Wrong: when it is not offered, or looser than what the operator allows.
    """
    inherited, filled = preferences.settled(Choices()), FormValues(view)
    follow_ups = FOLLOW_UPS in filled.ticked(LISTENING)
    return WorkspaceChoice.model_validate(
        _shared(filled, inherited, preferences)
        | {"follow_ups": _changed(follow_ups, inherited.follow_ups)}
        | {key: filled.amount(key, getattr(limits, key)) for key in BUDGETS}
    )


def _shared(filled: FormValues, inherited: Rules, preferences: Preferences) -> dict[str, Any]:
    privacy = {key: filled.one_of(key, offered(key, inherited)) for key in PRIVACY}
    return {PIPELINE: filled.one_of(PIPELINE, preferences.pipelines), **privacy}


def _changed(value: bool, inherited: bool) -> bool | None:  # noqa: FBT001 - two flags that are compared
    """A flag as a choice: none where it is what holds anyhow."""
    return None if value == inherited else value
