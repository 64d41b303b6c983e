"""The modal in which people give dots, a page of ideas at a time.

Dots on other pages are in `private_metadata`. A person has only a few dots, so they fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot import slack_limits
from bot.brainstorm.session import BrainstormSession
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.pages import page_blocks, page_of
from bot.slack.brainstorm.text import dots_count
from bot.slack.brainstorm.view_data import OpenIdeas
from bot.slack.ui.blocks import Block, context, plain_text, section
from bot.slack.ui.forms import option
from bot.slack.ui.strings import brainstorm as strings
from moa.brainstorm import IdeaGroup

PAGE_SIZE = 20
IDEA_CHARS = 1_800
PREFIX = "idea:"


def vote_view(
    session: BrainstormSession,
    opened: OpenIdeas,
    given: Mapping[str, int],
    page: int,
    *,
    warning: str = "",
) -> Block:
    """Return the form for one page of ideas.

    Args:
        session: the brainstorm.
        opened: its ideas.
        given: the person's dots so far, on all pages.
        page: the page number, from 0.
        warning: the problem with the dots, if any.
    """
    placed = [(theme.title, group) for theme in opened.grouping.themes for group in theme.groups]
    if not placed:
        return _modal(session, [section(strings.VOTE_NONE)])
    shown = page_of(placed, page, PAGE_SIZE)
    blocks: list[Block] = []
    title = ""
    for theme, group in shown.items:
        if theme != title:
            blocks.append({"type": "header", "text": plain_text(theme[: slack_limits.HEADER_TEXT])})
            title = theme
        blocks.append(_choice(session, opened, group, given.get(group.representative, 0)))
    state = json.dumps({"page": shown.number, "dots": {k: n for k, n in given.items() if n}})
    return _modal(
        session,
        [
            context(warning or _intro(session, given)),
            *blocks,
            *page_blocks(ids.TURN_VOTE, [session.id], shown),
        ],
    ) | {
        "callback_id": ids.VOTE_VIEW,
        "private_metadata": ids.join_parts(session.id, state),
        "submit": plain_text(strings.VOTE_SUBMIT),
    }


def page_state(view: Mapping[str, Any]) -> tuple[str, int, dict[str, int]]:
    """Return the brainstorm's id, the page, and the dots on all pages, as in the form now."""
    session_id, *rest = ids.split_parts(view.get("private_metadata"))
    try:
        state = json.loads("|".join(rest))
        page, dots = int(state["page"]), dict(state["dots"])
        before = {str(idea): int(count) for idea, count in dots.items()}
    except (ValueError, TypeError, KeyError):
        return session_id, 0, chosen_in(view)
    return session_id, page, {k: n for k, n in (before | chosen_in(view)).items() if n}


def chosen_in(view: Mapping[str, Any]) -> dict[str, int]:
    """Return the dots of the page's menus, including zeros."""
    values = (view.get("state") or {}).get("values") or {}
    chosen: dict[str, int] = {}
    for block_id, elements in values.items():
        if str(block_id).startswith(PREFIX):
            picked = (elements.get(block_id) or {}).get("selected_option") or {}
            text = str(picked.get("value") or "0")
            chosen[str(block_id).removeprefix(PREFIX)] = int(text) if text.isdigit() else 0
    return chosen


def _intro(session: BrainstormSession, given: Mapping[str, int]) -> str:
    intro = strings.VOTE_INTRO.format(dots=dots_count(session.dots))
    total = sum(given.values())
    so_far = strings.VOTE_GIVEN.format(given=total, dots=session.dots)
    return f"{intro} {so_far}" if total else intro


def _choice(session: BrainstormSession, opened: OpenIdeas, group: IdeaGroup, given: int) -> Block:
    options = [option(strings.NO_DOT, "0")]
    options += [option(dots_count(n), str(n)) for n in range(1, session.dots + 1)]
    words, about = opened.shown.words(group, IDEA_CHARS), opened.shown.about(group)
    block_id = f"{PREFIX}{group.representative}"
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(words or "…"),
        "element": {
            "type": "static_select",
            "action_id": block_id,
            "options": options,
            "initial_option": options[min(given, session.dots)],
        },
    }
    return block | ({"hint": plain_text(about[: slack_limits.INPUT_LABEL])} if about else {})


def _modal(session: BrainstormSession, blocks: list[Block]) -> Block:
    return {
        "type": "modal",
        "private_metadata": session.id,
        "title": plain_text(strings.VOTE_TITLE),
        "close": plain_text(strings.VOTE_CANCEL),
        "blocks": blocks,
    }
