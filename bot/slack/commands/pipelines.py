"""`/moa pipelines`: which pipelines there are, and which models each one asks."""

from __future__ import annotations

from bot.slack import words
from bot.slack.commands.subcommand import Desk, Subcommand
from bot.slack.text import escape_mrkdwn
from moa.pipeline import Pipeline


async def _run(desk: Desk) -> None:
    who = desk.visitor
    rules = await desk.offers.preferences.rules(desk.team, desk.channel, who.user)
    lines = [words.COMMAND_PIPELINES]
    for name, pipeline in desk.offers.pipelines.items():
        default = words.COMMAND_DEFAULT if name == rules.pipeline else ""
        about = escape_mrkdwn(pipeline.description)
        lines.append(f"• *{escape_mrkdwn(name)}*{default}: {about}\n      {_shape(pipeline)}")
    await desk.say("\n".join(lines))


def _shape(pipeline: Pipeline) -> str:
    """The layers and the aggregator as one line."""
    layers = [", ".join(layer.proposers) for layer in pipeline.layers]
    return escape_mrkdwn(" → ".join([*layers, pipeline.aggregators[0]]))


PIPELINES = Subcommand("pipelines", words.COMMAND_PIPELINES_SUMMARY, _run)
