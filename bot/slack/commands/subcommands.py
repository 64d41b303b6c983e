"""The subcommands: help, brainstorm, answers, pipelines, settings, budget and stop."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.figures import shape_of
from bot.slack.brainstorm.command import BrainstormCommandInput
from bot.slack.commands.context import CommandContext, Subcommand
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui.strings import brainstorm as brainstorm_strings
from bot.slack.ui.strings import commands as strings
from bot.slack.ui.strings.home import BUDGET_TITLE, BUDGET_UNKNOWN_PRICES
from bot.slack.ui.strings.settings import SETTINGS_TITLE
from bot.slack.ui.usage import usage_lines


async def _help(command: CommandContext) -> None:
    lines = (f"• `{command.command} {s.name}`: {s.summary}" for s in command.subcommands)
    text = strings.COMMAND_HELP.format(command=command.command, commands="\n".join(lines))
    await command.respond(text)


async def _brainstorm(command: CommandContext) -> None:
    call = BrainstormCommandInput(
        text=command.text,
        command=command.command,
        team=command.team,
        channel=command.channel,
        actor=command.actor,
        trigger_id=command.trigger_id,
    )
    await command.respond(await command.services.brainstorms.run(call))


async def _list_pipelines(command: CommandContext) -> None:
    services, user = command.services, command.actor.user
    rules = await services.preferences.rules(command.team, command.channel, user)
    lines = [strings.COMMAND_PIPELINES]
    for name, pipeline in services.pipelines.items():
        default = strings.COMMAND_DEFAULT if name == rules.pipeline else ""
        about = escape_mrkdwn(pipeline.description)
        shape = escape_mrkdwn(shape_of(pipeline))
        lines.append(f"• *{escape_mrkdwn(name)}*{default}: {about}\n      {shape}")
    await command.respond("\n".join(lines))


async def _open_settings(command: CommandContext) -> None:
    settings = command.services.settings
    view_id = await settings.open_loading(command.trigger_id, SETTINGS_TITLE)
    await command.respond("" if view_id else strings.SETTINGS_TOO_LATE)
    if view_id:
        await settings.show_channel(view_id, command.actor, command.channel)


async def _open_answers(command: CommandContext) -> None:
    answers = command.services.answers
    view = await answers.open_loading(command.trigger_id)
    await command.respond("" if view else strings.ANSWERS_COMMAND_TOO_LATE)
    if view:
        await answers.show_latest(view, command.team, command.actor)


async def _budget(command: CommandContext) -> None:
    services, team, channel = command.services, command.team, command.channel
    status = await services.budgets.status(team, command.actor.user, channel)
    rules = await services.preferences.rules(team, channel)
    usage = usage_lines(status, datetime.now(UTC), costs_shown=rules.cost == "shown", channel=True)
    lines = [f"• {line}" for line in usage]
    await command.respond("\n".join([BUDGET_TITLE, *lines, BUDGET_UNKNOWN_PRICES]))


async def _stop(command: CommandContext) -> None:
    count = await command.services.stop.stop_all(command.team, command.actor)
    few = {0: strings.COMMAND_STOPPED_NONE, 1: strings.COMMAND_STOPPED_ONE}
    await command.respond(few.get(count, strings.COMMAND_STOPPED.format(count=count)))


HELP = Subcommand("help", strings.COMMAND_HELP_SUMMARY, _help)
BRAINSTORM = Subcommand(
    "brainstorm", brainstorm_strings.COMMAND_SUMMARY, _brainstorm, takes_text=True
)
ANSWERS = Subcommand("answers", strings.COMMAND_ANSWERS_SUMMARY, _open_answers)
PIPELINES = Subcommand("pipelines", strings.COMMAND_PIPELINES_SUMMARY, _list_pipelines)
SETTINGS = Subcommand("settings", strings.COMMAND_SETTINGS_SUMMARY, _open_settings)
BUDGET = Subcommand("budget", strings.COMMAND_BUDGET_SUMMARY, _budget)
STOP = Subcommand("stop", strings.COMMAND_STOP_SUMMARY, _stop)
