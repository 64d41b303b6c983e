"""The blocks of the Home tab.

Limits (https://docs.slack.dev/reference/views): 100 blocks per view, 3,000 characters per section.
Texts of users and operators are shortened before escaping, which can turn one character into five.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.figures import cost, dollars, pipeline_shape, seconds
from bot.limits import BudgetStatus, ChannelUse, PipelineStats
from bot.ports import PastQuestion
from bot.preferences import Rules
from bot.slack.api.permalinks import build_permalink, is_channel_id
from bot.slack.markdown.sanitize import escape_mrkdwn, inert_mrkdwn, plain, shorten
from bot.slack.settings.views import pipeline_menu, value_label
from bot.slack.ui.blocks import Block, button, context, header, section
from bot.slack.ui.strings import home as strings
from bot.slack.ui.usage import local_time, question_count, usage_lines
from moa.pipeline.definition import Pipeline

CHOOSE_PIPELINE = "home_pipeline"
OPEN_SETTINGS = "home_settings"

QUESTION_LIMIT = 120
NAME_LIMIT, ABOUT_LIMIT, MODELS_LIMIT = 80, 150, 300
PIPELINES = 20
"""Pipelines to describe in the tab. It only counts the rest."""


@dataclass(frozen=True, slots=True)
class RecentQuestion:
    """One of a person's questions, and its text as people read it."""

    past: PastQuestion
    text: str


@dataclass(frozen=True, slots=True)
class AdminSection:
    """What only admins see: the workspace's rules and budgets, and the busiest channels."""

    rules: Rules
    budget_status: BudgetStatus
    channels: Sequence[ChannelUse]


@dataclass(frozen=True, slots=True)
class HomePage:
    """The data on one person's Home tab.

    Attributes:
        me: our user id.
        workspace_url: the workspace's address, with a trailing slash.
        recent: their latest questions.
        pipelines: all pipelines by name.
        chosen: the pipeline that they chose, if any.
        rules: the workspace's rules, which channels may override.
        default: the workspace's pipeline.
        stats: duration and cost of each pipeline's latest runs.
        budget_status: their limits and usage.
        now: the current time, with its time zone.
        admin: the section for admins; None for everyone else.
    """

    me: str
    workspace_url: str
    recent: Sequence[RecentQuestion]
    pipelines: Mapping[str, Pipeline]
    chosen: str | None
    rules: Rules
    default: str
    stats: Mapping[str, PipelineStats]
    budget_status: BudgetStatus
    now: datetime
    admin: AdminSection | None = None


def home_view(page: HomePage) -> Block:
    """Return the Home tab."""
    blocks = [
        *_introduction(page),
        *_recent(page),
        _pipeline_choice(page),
        *_pipelines(page),
        *_usage(page),
        *(_admin(page.admin) if page.admin else []),
    ]
    return {"type": "home", "blocks": blocks}


def text_home(text: str) -> Block:
    """Return a Home tab that contains only a text."""
    return {"type": "home", "blocks": [section(escape_mrkdwn(text))]}


def _introduction(page: HomePage) -> Iterator[Block]:
    yield header(strings.HOME_TITLE)
    yield section(strings.HOME_ABOUT)
    yield header(strings.HOME_HOW_TO_ASK)
    ways = (
        strings.HOME_ASK_MENTION.format(me=f"<@{page.me}>"),
        strings.HOME_ASK_DIRECT,
        strings.HOME_ASK_COMMAND,
        strings.HOME_ASK_SHORTCUT,
        strings.HOME_ASK_BRAINSTORM,
    )
    yield section("\n".join(f"• {way}" for way in ways))


def _recent(page: HomePage) -> Iterator[Block]:
    yield header(strings.HOME_RECENT)
    if not page.recent:
        yield section(strings.HOME_RECENT_NONE)
    for recent in page.recent:
        yield section(_question(recent, page.workspace_url))


def _question(recent: RecentQuestion, workspace_url: str) -> str:
    """Return a question with a link to its thread, its state, pipeline and time."""
    past = recent.past
    link = build_permalink(workspace_url, past.channel, past.ts, past.thread_ts)
    # Slack does not link addresses inside a link's label, so escaping is enough there.
    escape = escape_mrkdwn if link else inert_mrkdwn
    text = escape(shorten(plain(recent.text), QUESTION_LIMIT)) or strings.HOME_NO_TEXT
    facts = [
        strings.HOME_STATES[past.state],
        escape_mrkdwn(shorten(past.pipeline, NAME_LIMIT)),
        local_time(past.created_at),
        *([strings.HOME_PRIVATELY] if past.surface == "command" else []),
    ]
    question = f"<{link}|{text}>" if link else text
    return strings.HOME_RECENT_LINE.format(question=question, facts=" · ".join(facts))


def _pipeline_choice(page: HomePage) -> Block:
    inherit_label = strings.HOME_YOURS_DEFAULT.format(value=page.default)
    menu = pipeline_menu(CHOOSE_PIPELINE, page.chosen, inherit_label, page.pipelines)
    return section(strings.HOME_YOURS) | {"block_id": CHOOSE_PIPELINE, "accessory": menu}


def _pipelines(page: HomePage) -> Iterator[Block]:
    yield header(strings.HOME_PIPELINES)
    for name in [*page.pipelines][:PIPELINES]:
        yield section(_pipeline(name, page))
    more = len(page.pipelines) - PIPELINES
    if more > 0:
        yield context(strings.HOME_MORE_PIPELINES.format(count=more))


def _pipeline(name: str, page: HomePage) -> str:
    pipeline = page.pipelines[name]
    title = f"*{escape_mrkdwn(shorten(plain(name), NAME_LIMIT))}*"
    title += strings.HOME_PIPELINE_DEFAULT if name == page.default else ""
    about = escape_mrkdwn(shorten(plain(pipeline.description), ABOUT_LIMIT))
    shape = escape_mrkdwn(shorten(_shape(pipeline), MODELS_LIMIT))
    lines = [f"{title}: {about}" if about else title, shape]
    return "\n".join([*lines, _stats(page.stats.get(name), page.rules)])


def _shape(pipeline: Pipeline) -> str:
    """Return the layers with their models, and the aggregator."""
    aggregator = pipeline.aggregators[0]
    if not pipeline.layers:
        return strings.HOME_PIPELINE_ALONE.format(model=aggregator)
    layers = [
        strings.HOME_PIPELINE_LAYER.format(layer=number, models=", ".join(layer.proposers))
        for number, layer in enumerate(pipeline.layers, 1)
    ]
    writer = strings.HOME_PIPELINE_WRITER.format(model=aggregator)
    return pipeline_shape([[layer] for layer in layers], writer)


def _stats(stats: PipelineStats | None, rules: Rules) -> str:
    """Return the typical duration and cost of a pipeline's replies in this workspace."""
    if stats is None:
        return strings.HOME_NOT_MEASURED
    costs = [cost(stats.cost_usd)] if rules.cost == "shown" else []
    figures = " · ".join([seconds(stats.seconds), *costs])
    template = strings.HOME_MEASURED_ONE if stats.runs == 1 else strings.HOME_MEASURED
    return template.format(figures=figures, runs=stats.runs)


def _usage(page: HomePage) -> Iterator[Block]:
    yield header(strings.HOME_USAGE)
    lines = usage_lines(page.budget_status, page.now, costs_shown=page.rules.cost == "shown")
    yield section("\n".join(f"• {line}" for line in lines))
    yield context(strings.BUDGET_UNKNOWN_PRICES)


def _admin(admin: AdminSection) -> Iterator[Block]:
    rules, status = admin.rules, admin.budget_status
    yield header(strings.HOME_ADMIN)
    defaults = strings.HOME_ADMIN_RULES.format(
        pipeline=escape_mrkdwn(shorten(rules.pipeline, NAME_LIMIT)),
        reveal=value_label("reveal", rules.reveal),
        names=value_label("names", rules.names),
        cost=value_label("cost", rules.cost),
        follow_ups=strings.HOME_ADMIN_ON if rules.follow_ups else strings.HOME_ADMIN_OFF,
    )
    budgets = strings.HOME_ADMIN_BUDGETS.format(
        person=_budget(status.limits.per_person_day_usd),
        workspace=_budget(status.limits.per_workspace_month_usd),
    )
    used = strings.HOME_ADMIN_USED.format(cost=cost(status.use.workspace_month_usd))
    settings_button = button(strings.HOME_ADMIN_BUTTON, OPEN_SETTINGS, "open")
    block = section(f"{defaults}\n{budgets}\n{used}")
    yield block | {"block_id": OPEN_SETTINGS, "accessory": settings_button}
    if admin.channels:
        lines = [strings.HOME_ADMIN_CHANNELS, *(f"• {_channel(use)}" for use in admin.channels)]
        yield section("\n".join(lines))
    yield context(strings.HOME_ADMIN_CHANNEL_HINT)


def _channel(use: ChannelUse) -> str:
    # Slack shows the name of a private channel only to its members.
    name = strings.HOME_ADMIN_DIRECT
    if not use.channel.startswith("D") and is_channel_id(use.channel):
        name = f"<#{use.channel}>"
    return strings.HOME_ADMIN_CHANNEL.format(
        channel=name, questions=question_count(use.questions), cost=cost(use.cost_usd)
    )


def _budget(usd: float | None) -> str:
    return strings.HOME_ADMIN_NO_BUDGET if usd is None else dollars(usd)
