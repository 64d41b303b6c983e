"""The Home tab as Slack's JSON.

Limits (https://docs.slack.dev/reference/views): 100 blocks a view, 3,000 characters a section. What
people and operators wrote is shortened before it is escaped, which makes five characters of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.figures import cost, dollars, seconds
from bot.limits import BudgetStatus, ChannelUse, PipelineStats
from bot.ports import PastQuestion
from bot.preferences import Rules
from bot.slack.markdown.sanitize import escape_mrkdwn, inert_mrkdwn, plain, shorten
from bot.slack.settings.views import pipeline_menu, value_words
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, button, context, section
from bot.slack.ui.usage import local_time, question_count, usage_lines
from moa.pipeline.definition import Pipeline

CHOOSE_PIPELINE = "home_pipeline"
OPEN_SETTINGS = "home_settings"

QUESTION_LIMIT = 120
NAME_LIMIT, ABOUT_LIMIT, MODELS_LIMIT = 80, 150, 300
PIPELINES = 20
"""Pipelines that are shown; of more it is said that they exist."""

HEADER_LIMIT = 150
_TS = re.compile(r"\d+\.\d+")
_ID = re.compile(r"[A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class RecentQuestion:
    """One of a person's questions: as it was asked, and its words as people read them."""

    earlier: PastQuestion
    text: str


@dataclass(frozen=True, slots=True)
class AdminSection:
    """What admins see beside their own. `standing` and `rules` are the workspace's."""

    rules: Rules
    standing: BudgetStatus
    channels: Sequence[ChannelUse]


@dataclass(frozen=True, slots=True)
class HomePage:
    """All that the Home tab shows to one person.

    Attributes:
        me: our user.
        url: the workspace's address, with a slash at its end.
        recent: their latest questions.
        pipelines: all of them by name.
        chosen: the pipeline that they have chosen, if any.
        rules: what holds for them where no channel has chosen otherwise.
        default: the workspace's pipeline.
        measured: what the latest runs of each pipeline took.
        standing: their limits and what they have used.
        now: with its time zone.
        administration: None for whoever is no admin.
    """

    me: str
    url: str
    recent: Sequence[RecentQuestion]
    pipelines: Mapping[str, Pipeline]
    chosen: str | None
    rules: Rules
    default: str
    measured: Mapping[str, PipelineStats]
    standing: BudgetStatus
    now: datetime
    administration: AdminSection | None = None


def home_view(page: HomePage) -> Block:
    """The Home tab."""
    blocks = [
        *_introduction(page),
        *_recent(page),
        _yours(page),
        *_pipelines(page),
        *_use(page),
        *(_administration(page.administration) if page.administration else []),
    ]
    return {"type": "home", "blocks": blocks}


def told_home(text: str) -> Block:
    """A Home tab that only says something."""
    return {"type": "home", "blocks": [section(escape_mrkdwn(text))]}


def _introduction(page: HomePage) -> Iterator[Block]:
    yield _header(strings.HOME_TITLE)
    yield section(strings.HOME_ABOUT)
    yield _header(strings.HOME_HOW_TO_ASK)
    ways = (
        strings.HOME_ASK_MENTION.format(me=f"<@{page.me}>"),
        strings.HOME_ASK_DIRECT,
        strings.HOME_ASK_COMMAND,
        strings.HOME_ASK_SHORTCUT,
    )
    yield section("\n".join(f"• {way}" for way in ways))


def _recent(page: HomePage) -> Iterator[Block]:
    yield _header(strings.HOME_RECENT)
    if not page.recent:
        yield section(strings.HOME_RECENT_NONE)
    for one in page.recent:
        yield section(_question(one, page.url))


def _question(one: RecentQuestion, url: str) -> str:
    """A question that leads to its thread, and what became of it."""
    earlier = one.earlier
    link = permalink(earlier, url)
    # The label of a link of ours is not linked by itself.
    shown_as = escape_mrkdwn if link else inert_mrkdwn
    said = shown_as(shorten(plain(one.text), QUESTION_LIMIT)) or strings.HOME_NO_TEXT
    facts = [
        strings.HOME_STATES[earlier.state],
        escape_mrkdwn(shorten(earlier.pipeline, NAME_LIMIT)),
        local_time(earlier.created_at),
        *([strings.HOME_PRIVATELY] if earlier.surface == "command" else []),
    ]
    shown = f"<{link}|{said}>" if link else said
    return strings.HOME_RECENT_LINE.format(question=shown, facts=" · ".join(facts))


def permalink(earlier: PastQuestion, url: str) -> str | None:
    """The address of the message that asked; None where there is none, as for a command.

    The form is that of chat.getPermalink (https://docs.slack.dev/reference/methods/chat.getPermalink).
    """
    ids = (earlier.ts, earlier.thread_ts)
    if not url or not _ID.fullmatch(earlier.channel) or not all(map(_TS.fullmatch, ids)):
        return None
    link = f"{url}archives/{earlier.channel}/p{earlier.ts.replace('.', '')}"
    if earlier.ts == earlier.thread_ts:
        return link
    return f"{link}?thread_ts={earlier.thread_ts}&amp;cid={earlier.channel}"


def _yours(page: HomePage) -> Block:
    nothing = strings.HOME_YOURS_DEFAULT.format(value=page.default)
    menu = pipeline_menu(CHOOSE_PIPELINE, page.chosen, nothing, page.pipelines)
    return section(strings.HOME_YOURS) | {"block_id": CHOOSE_PIPELINE, "accessory": menu}


def _pipelines(page: HomePage) -> Iterator[Block]:
    yield _header(strings.HOME_PIPELINES)
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
    return "\n".join([*lines, _measure(page.measured.get(name), page.rules)])


def _shape(pipeline: Pipeline) -> str:
    """The layers with their models, and who writes."""
    writer = pipeline.aggregators[0]
    if not pipeline.layers:
        return strings.HOME_PIPELINE_ALONE.format(model=writer)
    layers = [
        strings.HOME_PIPELINE_LAYER.format(layer=number, models=", ".join(layer.proposers))
        for number, layer in enumerate(pipeline.layers, 1)
    ]
    return " → ".join([*layers, strings.HOME_PIPELINE_WRITER.format(model=writer)])


def _measure(measured: PipelineStats | None, rules: Rules) -> str:
    """What a pipeline's replies have taken here."""
    if measured is None:
        return strings.HOME_NOT_MEASURED
    shown = [cost(measured.cost_usd)] if rules.cost == "shown" else []
    figures = " · ".join([seconds(measured.seconds), *shown])
    template = strings.HOME_MEASURED_ONE if measured.runs == 1 else strings.HOME_MEASURED
    return template.format(figures=figures, runs=measured.runs)


def _use(page: HomePage) -> Iterator[Block]:
    yield _header(strings.HOME_USAGE)
    lines = usage_lines(page.standing, page.now, costs_shown=page.rules.cost == "shown")
    yield section("\n".join(f"• {line}" for line in lines))
    yield context(strings.BUDGET_UNKNOWN_PRICES)


def _administration(held: AdminSection) -> Iterator[Block]:
    rules, standing = held.rules, held.standing
    yield _header(strings.HOME_ADMIN)
    ruled = strings.HOME_ADMIN_RULES.format(
        pipeline=escape_mrkdwn(shorten(rules.pipeline, NAME_LIMIT)),
        reveal=value_words("reveal", rules.reveal),
        names=value_words("names", rules.names),
        cost=value_words("cost", rules.cost),
        follow_ups=strings.HOME_ADMIN_ON if rules.follow_ups else strings.HOME_ADMIN_OFF,
    )
    budgets = strings.HOME_ADMIN_BUDGETS.format(
        person=_most(standing.limits.per_person_day_usd),
        workspace=_most(standing.limits.per_workspace_month_usd),
    )
    used = strings.HOME_ADMIN_USED.format(cost=cost(standing.use.workspace_month_usd))
    opens = button(strings.HOME_ADMIN_BUTTON, OPEN_SETTINGS, "open")
    block = section(f"{ruled}\n{budgets}\n{used}")
    yield block | {"block_id": OPEN_SETTINGS, "accessory": opens}
    if held.channels:
        lines = [strings.HOME_ADMIN_CHANNELS, *(f"• {_channel(use)}" for use in held.channels)]
        yield section("\n".join(lines))
    yield context(strings.HOME_ADMIN_CHANNEL_HINT)


def _channel(use: ChannelUse) -> str:
    # Slack shows the name of a private channel only to who is in it.
    name = strings.HOME_ADMIN_DIRECT
    if not use.channel.startswith("D") and _ID.fullmatch(use.channel):
        name = f"<#{use.channel}>"
    return strings.HOME_ADMIN_CHANNEL.format(
        channel=name, questions=question_count(use.questions), cost=cost(use.cost_usd)
    )


def _most(usd: float | None) -> str:
    return strings.HOME_ADMIN_NO_BUDGET if usd is None else dollars(usd)


def _header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text[:HEADER_LIMIT]}}
