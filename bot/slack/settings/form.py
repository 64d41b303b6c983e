"""Parses and validates submitted settings modals."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, get_args

from bot.figures import dollars
from bot.limits import Limits
from bot.preferences import (
    ChannelChoice,
    Choices,
    Participants,
    Preferences,
    Rules,
    WorkspaceChoice,
)
from bot.slack.settings.views import (
    BUDGETS,
    FOLLOW_UPS,
    INHERITED,
    LISTENING,
    OFFER,
    PIPELINE,
    PRIVACY,
    VALUE_PREFIX,
    WITH,
    allowed_values,
)
from bot.slack.ui.strings import settings as strings

MAX_USD = 1e9


class FormError(ValueError):
    """A submitted form is invalid.

    Attributes:
        errors: the problem with each field.
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(*errors)
        self.errors = errors


class FormValues:
    """The values of a submitted modal, by field id. Invalid values raise `FormError`."""

    def __init__(self, view: Mapping[str, Any]) -> None:
        state = view.get("state")
        values = state.get("values") if isinstance(state, Mapping) else None
        self._values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}

    def selected(self, key: str, allowed: Collection[str]) -> str | None:
        """Return the selected value of a menu, or None for the inherited one."""
        option = self._element(key).get("selected_option")
        value = str(option.get("value")) if isinstance(option, Mapping) else INHERITED
        return parse_option(value, allowed, key)

    def checked(self, key: str) -> Collection[str]:
        """Return the values of the checked boxes."""
        selected = self._element(key).get("selected_options")
        options = selected if isinstance(selected, list) else []
        return {str(o.get("value")) for o in options if isinstance(o, Mapping)}

    def amount(self, key: str, most: float | None) -> float | None:
        """Return an amount above 0 and up to `most`, or None if the field is empty."""
        text = self._element(key).get("value")
        if text is None or not str(text).strip():
            return None
        try:
            value = float(str(text))
        except ValueError:
            value = math.nan
        if not 0 < value < MAX_USD:
            raise FormError({key: strings.SETTINGS_BUDGET_WRONG})
        if most is not None and value > most:
            raise FormError({key: strings.SETTINGS_BUDGET_TOO_HIGH.format(most=dollars(most))})
        return value

    def _element(self, key: str) -> Mapping[str, Any]:
        block = self._values.get(key)
        element = block.get(key) if isinstance(block, Mapping) else None
        return element if isinstance(element, Mapping) else {}


def parse_option(value: str, allowed: Collection[str], key: str) -> str | None:
    """Return the choice behind an option's value, or None for the inherited one.

    Raises:
        FormError: it isn't one of the allowed choices.
    """
    if value == INHERITED:
        return None
    name = value.removeprefix(VALUE_PREFIX)
    if not value.startswith(VALUE_PREFIX) or name not in allowed:
        raise FormError({key: strings.SETTINGS_NOT_OFFERED})
    return name


def parse_channel(
    view: Mapping[str, Any], choices: Choices, preferences: Preferences
) -> ChannelChoice:
    """Parse a channel's submitted settings.

    Raises:
        FormError: a value isn't allowed.
    """
    inherited = preferences.resolve(Choices(workspace=choices.workspace))
    form = FormValues(view)
    checked = form.checked(LISTENING)
    participants = form.selected(WITH, get_args(Participants))
    return ChannelChoice.model_validate(
        _shared(form, inherited, preferences)
        | {
            "follow_ups": _if_changed(FOLLOW_UPS in checked, inherited.follow_ups),
            "offer_brainstorms": _if_changed(OFFER in checked, inherited.offer_brainstorms),
            "brainstorm_with": None if participants == inherited.brainstorm_with else participants,
        }
    )


def parse_workspace(
    view: Mapping[str, Any], preferences: Preferences, limits: Limits
) -> WorkspaceChoice:
    """Parse the workspace's submitted settings.

    Raises:
        FormError: a value isn't allowed, or is looser than the operator allows.
    """
    inherited, form = preferences.resolve(Choices()), FormValues(view)
    follow_ups = FOLLOW_UPS in form.checked(LISTENING)
    return WorkspaceChoice.model_validate(
        _shared(form, inherited, preferences)
        | {"follow_ups": _if_changed(follow_ups, inherited.follow_ups)}
        | {key: form.amount(key, getattr(limits, key)) for key in BUDGETS}
    )


def _shared(form: FormValues, inherited: Rules, preferences: Preferences) -> dict[str, Any]:
    privacy = {key: form.selected(key, allowed_values(key, inherited)) for key in PRIVACY}
    return {PIPELINE: form.selected(PIPELINE, preferences.pipelines), **privacy}


def _if_changed(value: bool, inherited: bool) -> bool | None:  # noqa: FBT001 - compares two flags
    """Return the flag as a choice, or None if it equals the inherited one."""
    return None if value == inherited else value
