"""The board: one message that shows a brainstorm's state, with its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import slack_limits
from bot.brainstorm.session import BrainstormSession, IdeaCounts
from bot.figures import dollars
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.text import (
    dots_count,
    ideas_summary,
    people_count,
    phase_text,
    safe_topic,
    shorten_literal,
)
from bot.slack.markdown.sanitize import escape_mrkdwn, inert_mrkdwn
from bot.slack.ui.blocks import Block, actions, button, context, header, plain_text, section
from bot.slack.ui.strings import brainstorm as strings
from moa.brainstorm import Grouping

THEMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """The data that a board shows.

    Attributes:
        session: the brainstorm.
        counts: the number of ideas.
        grouping: the ideas by theme; None while they are hidden.
        voters: the number of people who gave dots.
        starter: the name of the person who started it.
        shows_cost: whether the channel shows costs.
        now: the time to draw it for.
        leaders: the ideas with the most dots, as lines of mrkdwn; empty before the result.
        is_over_budget: whether a model was not asked because a budget is used up.
    """

    session: BrainstormSession
    counts: IdeaCounts
    grouping: Grouping | None
    voters: int
    starter: str
    shows_cost: bool
    now: datetime
    leaders: Sequence[str] = ()
    is_over_budget: bool = False


def board_blocks(facts: BoardFacts) -> list[Block]:
    """Return the board's blocks."""
    session = facts.session
    return [
        header(strings.BOARD_TITLE.format(topic=session.topic)),
        *_whole_topic(session),
        section(phase_text(session, facts.now)),
        section(_hint(session)),
        *_leaders(facts),
        *([section(strings.BUDGET_USED_UP)] if facts.is_over_budget else []),
        *_themes(facts),
        context(_counts(facts)),
        *_buttons(session),
        context(_footer(facts)),
    ]


def board_text(session: BrainstormSession) -> str:
    """Return the board as one line, for notifications and screen readers."""
    topic = safe_topic(session, 200)
    return strings.BOARD_FALLBACK.format(topic=topic, phase=strings.PHASES[session.phase])


def _whole_topic(session: BrainstormSession) -> list[Block]:
    """Return the full topic if the heading had to cut it."""
    if len(strings.BOARD_TITLE.format(topic=session.topic)) <= slack_limits.HEADER_TEXT:
        return []
    text = shorten_literal(session.topic, slack_limits.SECTION_TEXT)
    return [{"type": "section", "text": plain_text(text)}]


def _hint(session: BrainstormSession) -> str:
    if session.closing == "no_ideas":
        return strings.CLOSED_WITHOUT_IDEAS
    if session.phase == "themes" and session.themes is None:
        return strings.GROUPING
    return strings.HINTS[session.phase].format(dots=dots_count(session.dots))


def _leaders(facts: BoardFacts) -> list[Block]:
    if not facts.leaders:
        return []
    return [section("\n".join([strings.BOARD_LEADERS, *facts.leaders]))]


def _themes(facts: BoardFacts) -> list[Block]:
    """Return the titles of the themes, with the number of ideas in each."""
    if facts.grouping is None or not facts.grouping.themes:
        return []
    themes = facts.grouping.themes
    lines = [
        f"• {inert_mrkdwn(theme_label(theme.title, len(theme.groups)))}"
        for theme in themes[:THEMES_SHOWN]
    ]
    if len(themes) > THEMES_SHOWN:
        lines.append(f"• … +{len(themes) - THEMES_SHOWN}")
    title = [strings.BOARD_THEMES] if facts.leaders else []
    return [section("\n".join([*title, *lines]))]


def theme_label(title: str, count: int, limit: int = 60) -> str:
    """Return a theme's title with the number of its ideas, as plain text."""
    return strings.THEME_OPTION.format(title=shorten_literal(title, limit), count=count)


def _counts(facts: BoardFacts) -> str:
    parts = [escape_mrkdwn(ideas_summary(facts.counts))]
    session = facts.session
    if session.phase == "silence" and not session.settled:
        parts.append(strings.MODELS_AT_WORK)
    if session.phase in {"dots", "result"} or facts.voters:
        voted = strings.VOTED.format(people=people_count(facts.voters))
        parts.append(voted if facts.voters else strings.NOBODY_VOTED)
    return " · ".join(parts)


def _footer(facts: BoardFacts) -> str:
    session = facts.session
    parts = [
        strings.STARTED_BY.format(user=inert_mrkdwn(facts.starter)),
        strings.DOTS_EACH.format(dots=dots_count(session.dots)),
        escape_mrkdwn(session.pipeline),
    ]
    if facts.shows_cost and session.reserved_usd:
        parts.append(strings.COST_ABOUT.format(cost=dollars(session.reserved_usd)))
    elif facts.shows_cost and session.cost_usd:
        parts.append(strings.COST_SO_FAR.format(cost=dollars(session.cost_usd)))
    return " · ".join(parts)


def _buttons(session: BrainstormSession) -> list[Block]:
    block_id = f"{ids.BOARD_ACTIONS}:{session.id}"
    return [actions(block_id, [*_offered(session)])]


def _offered(session: BrainstormSession) -> Sequence[Block]:
    add = _button(session, strings.ADD, ids.ADD)
    see = _button(session, strings.SEE, ids.SEE)
    match session.phase:
        case "silence":
            mine = _button(session, strings.MINE, ids.MINE)
            return [_primary(add), mine, *_clock(session)]
        case "themes" if session.themes is None:
            return [add]
        case "themes":
            return [_primary(see), add, *_clock(session)]
        case "dots":
            vote = _button(session, strings.VOTE, ids.VOTE)
            return [_primary(vote), see, add, *_clock(session)]
        case "result":
            close = _button(session, strings.CLOSE, ids.CLOSE)
            return [_primary(see), *_exports(session), close]
        case "closed":
            reopen = _button(session, strings.REOPEN, ids.REOPEN)
            return [see, *_exports(session), reopen] if session.shows_ideas else [reopen]


def _clock(session: BrainstormSession) -> list[Block]:
    """Return the buttons that extend and end the phase."""
    if session.phase_ends_at is None:
        return []
    extend = _button(session, strings.EXTEND, ids.EXTEND)
    end = _button(session, strings.END, ids.END)
    end["confirm"] = {
        "title": plain_text(strings.END_CONFIRM_TITLE),
        "text": plain_text(strings.END_CONFIRM),
        "confirm": plain_text(strings.CONFIRM_YES),
        "deny": plain_text(strings.CONFIRM_NO),
    }
    return [end] if session.extended else [extend, end]


def _exports(session: BrainstormSession) -> list[Block]:
    if session.result_ts is None and session.phase != "result":
        return []
    return [
        _button(session, strings.EXPORT_MD, ids.EXPORT_MD),
        _button(session, strings.EXPORT_CSV, ids.EXPORT_CSV),
    ]


def _button(session: BrainstormSession, label: str, action_id: str) -> Block:
    return button(label, action_id, ids.join_parts(session.id, session.step))


def _primary(block: Block) -> Block:
    return {**block, "style": "primary"}
