"""The modals for reading all ideas: by theme, by wording, and for combining two."""

from __future__ import annotations

from collections.abc import Sequence

from bot import slack_limits
from bot.brainstorm.session import BrainstormSession
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.board_view import theme_label
from bot.slack.brainstorm.pages import page_blocks, page_of
from bot.slack.brainstorm.text import shorten_literal
from bot.slack.brainstorm.thread_posts import idea_blocks, idea_menu, idea_section
from bot.slack.brainstorm.view_data import OpenIdeas
from bot.slack.ui.blocks import Block, actions, plain_text, section
from bot.slack.ui.forms import input_block, option
from bot.slack.ui.strings import brainstorm as strings
from moa.brainstorm import IdeaGroup

PAGE_SIZE = 15
IDEA_CHARS = 2_800
WORDINGS_SHOWN = 80


def seen_view(session: BrainstormSession, opened: OpenIdeas, theme: int, page: int) -> Block:
    """Return one theme's ideas, a page at a time, with a menu of the themes."""
    themes = opened.grouping.themes
    if not themes:
        return _modal(strings.SEE_TITLE, [section(strings.SEE_NONE)])
    theme = min(max(theme, 0), len(themes) - 1)
    shown = page_of(themes[theme].groups, page, PAGE_SIZE)
    blocks = [
        _theme_menu(session, opened, theme),
        *(block for group in shown.items for block in _idea(session, opened, group)),
        *page_blocks(ids.TURN_SEEN, [session.id, theme], shown),
    ]
    return _modal(strings.SEE_TITLE, blocks)


def _theme_menu(session: BrainstormSession, opened: OpenIdeas, theme: int) -> Block:
    options = [
        option(theme_label(each.title, len(each.groups)), ids.join_parts(session.id, index, 0))
        for index, each in enumerate(opened.grouping.themes[: slack_limits.SELECT_OPTIONS])
    ]
    menu: Block = {"type": "static_select", "action_id": ids.THEME, "options": options}
    if theme < len(options):
        menu["initial_option"] = options[theme]
    # Each theme gets a different block id: Slack keeps the old choice of a block that stays.
    return actions(f"{ids.THEME}:{theme}", [menu])


def _idea(session: BrainstormSession, opened: OpenIdeas, group: IdeaGroup) -> list[Block]:
    joined = len(group.idea_ids) > 1
    menu = idea_menu(session, group.representative, wordings=joined)
    return idea_blocks(opened.shown.words(group, IDEA_CHARS), opened.shown.about(group), menu)


def wordings_view(opened: OpenIdeas, group: IdeaGroup) -> Block:
    """Return every wording of a merged idea."""
    blocks: list[Block] = []
    for number in group.idea_ids[:WORDINGS_SHOWN]:
        words = shorten_literal(opened.shown.ideas[number].text, IDEA_CHARS)
        named = opened.shown.sources.get(number, "")
        source = strings.WORDING_FROM.format(source=named) if named else ""
        blocks.append(idea_section("\n".join(line for line in (words, source) if line), None))
    return _modal(strings.WORDINGS_TITLE, blocks)


def combine_view(session: BrainstormSession, opened: OpenIdeas, idea_id: str) -> Block:
    """Return the form that asks which other idea to combine an idea with."""
    own = group_of(opened, idea_id)
    groups: list[Block] = []
    for theme in opened.grouping.themes[: slack_limits.OPTION_GROUPS]:
        options = _options(opened, [group for group in theme.groups if group != own])
        if options:
            groups.append(
                {"label": plain_text(shorten_literal(theme.title, 75)), "options": options}
            )
    if own is None or not groups:
        return _modal(strings.COMBINE_TITLE, [section(strings.COMBINE_ONE)])
    element: Block = {
        "type": "static_select",
        "action_id": ids.OTHER,
        "placeholder": plain_text(strings.COMBINE_LABEL),
        "option_groups": groups,
    }
    this = idea_section(opened.shown.words(own, IDEA_CHARS) or "…", None)
    return _modal(
        strings.COMBINE_TITLE, [this, input_block(ids.OTHER, strings.COMBINE_LABEL, element)]
    ) | {
        "callback_id": ids.COMBINE_VIEW,
        "private_metadata": ids.join_parts(session.id, idea_id),
        "submit": plain_text(strings.COMBINE_SUBMIT),
    }


def _options(opened: OpenIdeas, groups: Sequence[IdeaGroup]) -> list[Block]:
    return [
        option(opened.shown.words(group, slack_limits.OPTION_TEXT) or "…", group.representative)
        for group in groups[: slack_limits.SELECT_OPTIONS]
    ]


def group_of(opened: OpenIdeas, idea_id: str) -> IdeaGroup | None:
    """Return the group that an idea is in, or None if there is no such idea."""
    return next((each for each in opened.grouping.groups if idea_id in each.idea_ids), None)


def _modal(title: str, blocks: Sequence[Block]) -> Block:
    return {
        "type": "modal",
        "title": plain_text(title),
        "close": plain_text(strings.CLOSE_MODAL),
        "blocks": [*blocks],
    }
