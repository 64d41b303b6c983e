"""`/moa help`: what the bot is for and how it is asked."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.figures import pipeline_shape
from bot.slack.commands.context import CommandContext, Subcommand
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui import strings
from bot.slack.ui.usage import usage_lines
from moa.pipeline.definition import Pipeline


async def _help(desk: CommandContext) -> None:
    lines = (f"• `{desk.command} {s.name}`: {s.summary}" for s in desk.subcommands)
    await desk.say(strings.COMMAND_HELP.format(command=desk.command, commands="\n".join(lines)))


HELP = Subcommand("help", strings.COMMAND_HELP_SUMMARY, _help)


async def _list_pipelines(desk: CommandContext) -> None:
    who = desk.visitor
    rules = await desk.offers.preferences.rules(desk.team, desk.channel, who.user)
    lines = [strings.COMMAND_PIPELINES]
    for name, pipeline in desk.offers.pipelines.items():
        default = strings.COMMAND_DEFAULT if name == rules.pipeline else ""
        about = escape_mrkdwn(pipeline.description)
        shape = escape_mrkdwn(_shape(pipeline))
        lines.append(f"• *{escape_mrkdwn(name)}*{default}: {about}\n      {shape}")
    await desk.say("\n".join(lines))


def _shape(pipeline: Pipeline) -> str:
    layers = [layer.proposers for layer in pipeline.layers]
    return pipeline_shape(layers, pipeline.aggregators[0])


PIPELINES = Subcommand("pipelines", strings.COMMAND_PIPELINES_SUMMARY, _list_pipelines)


async def _open(desk: CommandContext) -> None:
    settings = desk.offers.settings
    view_id = await settings.open_empty(desk.trigger_id, strings.SETTINGS_TITLE)
    await desk.say("" if view_id else strings.SETTINGS_TOO_LATE)
    if view_id:
        await settings.show_channel(view_id, desk.visitor, desk.channel)


async def _budget(desk: CommandContext) -> None:
    who, offers = desk.visitor, desk.offers
    standing = await offers.budgets.standing(desk.team, who.user, desk.channel)
    rules = await offers.preferences.rules(desk.team, desk.channel)
    lines = usage_lines(
        standing, datetime.now(UTC), costs_shown=rules.cost == "shown", channel=True
    )
    told = [f"• {line}" for line in lines]
    await desk.say("\n".join([strings.BUDGET_TITLE, *told, strings.BUDGET_UNKNOWN_PRICES]))


SETTINGS = Subcommand("settings", strings.COMMAND_SETTINGS_SUMMARY, _open)
BUDGET = Subcommand("budget", strings.COMMAND_BUDGET_SUMMARY, _budget)


async def _stop(desk: CommandContext) -> None:
    count = await desk.offers.stopping.all_in(desk.team, desk.visitor)
    told = {0: strings.COMMAND_STOPPED_NONE, 1: strings.COMMAND_STOPPED_ONE}
    await desk.say(told.get(count, strings.COMMAND_STOPPED.format(count=count)))


STOP = Subcommand("stop", strings.COMMAND_STOP_SUMMARY, _stop)
