"""What a subcommand is, and what it may look at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.limits import Budgets
from bot.preferences import Preferences
from bot.slack.actions.stop import StopButton
from bot.slack.api.origin import Actor
from bot.slack.settings.handlers import SettingsHandlers
from moa.pipeline.definition import Pipeline


@dataclass(frozen=True, slots=True)
class CommandServices:
    """What there is to be told of and changed.

    Attributes:
        pipelines: all pipelines by name.
        preferences: what was chosen in Slack.
        budgets: what may be spent.
        settings: opens the settings.
        stopping: ends what is under way.
    """

    pipelines: Mapping[str, Pipeline]
    preferences: Preferences
    budgets: Budgets
    settings: SettingsHandlers
    stopping: StopButton


@dataclass(frozen=True, slots=True)
class CommandContext:
    """Where somebody has typed a subcommand.

    Attributes:
        command: the slash command as it was typed, such as `/moa`.
        subcommands: all of them, for the help text.
        team: our workspace.
        visitor: who has typed it, with the channel.
        channel: where.
        trigger_id: opens a modal, within 3 s.
        say: acknowledges the command, once and within 3 s, with mrkdwn that its user alone sees;
            with an empty text it only acknowledges.
        offers: what there is.
    """

    command: str
    subcommands: Sequence[Subcommand]
    team: str
    visitor: Actor
    channel: str
    trigger_id: str
    say: Callable[[str], Awaitable[None]]
    offers: CommandServices


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A word after the slash command that asks nothing of the models.

    Attributes:
        name: the word.
        summary: what it does, as the help text says it.
        run: does it, and calls `Desk.say`.
    """

    name: str
    summary: str
    run: Callable[[CommandContext], Awaitable[None]]
