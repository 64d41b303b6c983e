"""The definition of a subcommand and the context it runs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.limits import Budgets
from bot.preferences import Preferences
from bot.slack.actions.stop import StopButton
from bot.slack.answers_modal import AnswersModal
from bot.slack.api.origin import Actor
from bot.slack.brainstorm.command import BrainstormCommand
from bot.slack.settings.handlers import SettingsHandlers
from moa.pipeline.definition import Pipeline


@dataclass(frozen=True, slots=True)
class CommandServices:
    """The services that subcommands use.

    Attributes:
        pipelines: all pipelines by name.
        preferences: the settings chosen in Slack.
        budgets: the budgets and what is left of them.
        settings: opens the settings modal.
        stop: stops runs.
        brainstorms: starts and manages brainstorms.
        answers: opens the answers modal.
    """

    pipelines: Mapping[str, Pipeline]
    preferences: Preferences
    budgets: Budgets
    settings: SettingsHandlers
    stop: StopButton
    brainstorms: BrainstormCommand
    answers: AnswersModal


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One use of a subcommand.

    Attributes:
        command: the slash command as typed, such as `/moa`.
        subcommands: all subcommands, for the help text.
        team: our workspace.
        actor: the person who typed it, and the channel.
        channel: the channel.
        trigger_id: opens a modal within 3 s.
        respond: acknowledges the command, once and within 3 s. Only the actor sees the mrkdwn; an
            empty text only acknowledges.
        services: what subcommands use.
        text: the text after the subcommand's name.
    """

    command: str
    subcommands: Sequence[Subcommand]
    team: str
    actor: Actor
    channel: str
    trigger_id: str
    respond: Callable[[str], Awaitable[None]]
    services: CommandServices
    text: str = ""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A word after the slash command that is not a question.

    Attributes:
        name: the word.
        summary: what it does, for the help text.
        run: does it and calls `CommandContext.respond`.
        takes_text: whether more text may follow the word.
    """

    name: str
    summary: str
    run: Callable[[CommandContext], Awaitable[None]]
    takes_text: bool = False
